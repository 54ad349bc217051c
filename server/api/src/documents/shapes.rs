//! The shapes of `/lockgate/objects/`.

use super::text::Text;
use chrono::{DateTime, Utc};
use lockgate_flows::plan::AccessReport;
use lockgate_identity::config::TrialProblem;
use lockgate_model::{Object, Origin};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// Who an object belongs to.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ObjectOriginEnum {
    /// It ships with the server, and nobody has edited it.
    Builtin,
    /// The configuration folder: it is changed there alone.
    Folder,
    /// It was made or edited through API or pages.
    Api,
}

impl From<Origin> for ObjectOriginEnum {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Builtin => Self::Builtin,
            Origin::Folder => Self::Folder,
            Origin::Api => Self::Api,
        }
    }
}

/// A configuration object of any kind, and the document that holds it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ObjectDocument {
    /// Name of its kind.
    kind: String,
    /// Its UUID.
    pk: Uuid,
    /// Its number, of kinds that have one.
    number: Option<i32>,
    /// What tells it apart from others of its kind: slug or name.
    identifier: String,
    /// Its name.
    name: String,
    /// Who it belongs to.
    origin: ObjectOriginEnum,
    /// File of the configuration folder that declares it.
    file: Option<String>,
    /// Line in that file.
    line: Option<u32>,
    /// Rises with every change.
    version: i64,
    /// When it was made.
    created: DateTime<Utc>,
    /// When it was last changed.
    updated: DateTime<Utc>,
    /// The document that holds it, secrets as names of variables; of a file of policies, the file.
    yaml: Option<String>,
    /// Why there is none.
    left_out: Option<String>,
}

/// What an object is called.
pub(super) fn name_of(object: &Object) -> String {
    let name = object.document.body["name"].as_str().filter(|name| !name.is_empty());
    name.unwrap_or(&object.document.name).to_owned()
}

impl ObjectDocument {
    pub(super) fn of(object: &Object, text: Text) -> Self {
        let document = &object.document;
        let (yaml, left_out) = match text {
            Ok(yaml) => (Some(yaml), None),
            Err(why) => (None, Some(why)),
        };
        Self {
            kind: document.kind.clone(),
            pk: document.id,
            number: document.number,
            identifier: document.name.clone(),
            name: name_of(object),
            origin: document.origin.into(),
            file: document.source.as_ref().map(|source| source.file.clone()),
            line: document.source.as_ref().map(|source| source.line),
            version: document.version,
            created: document.created,
            updated: document.updated,
            yaml,
            left_out,
        }
    }
}

/// Something that is wrong with an object.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ObjectProblem {
    /// Its field, with `/` before what is inside of it; empty: the object as a whole, or another one that it would break.
    field: String,
    /// What.
    message: String,
    /// Line within the text of an expression or a policy, from 1.
    line: Option<u32>,
    /// Column in that line, from 1.
    column: Option<u32>,
}

impl From<&TrialProblem> for ObjectProblem {
    fn from(problem: &TrialProblem) -> Self {
        let TrialProblem { field, message, line, column } = problem.clone();
        Self { field, message, line, column }
    }
}

/// What an object would be.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct ObjectPreview {
    /// Whether it could come into force.
    pub(super) valid: bool,
    /// What is wrong.
    pub(super) problems: Vec<ObjectProblem>,
    /// The document that would hold it; null where it is not sound by itself.
    pub(super) yaml: Option<String>,
    /// Why there is no document of a sound one.
    pub(super) left_out: Option<String>,
    /// How that document differs from the present one, as `diff -u` writes it; empty where it does not.
    pub(super) diff: Option<String>,
    /// Who would gain or lose what; null for what cannot come into force, and for who may not read and test revisions.
    pub(super) access: Option<AccessReport>,
}

/// An object that was looked for.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FoundObject {
    /// Name of its kind.
    kind: String,
    /// Its UUID.
    pk: Uuid,
    /// What tells it apart from others of its kind: slug or name.
    identifier: String,
    /// Its name.
    name: String,
    /// Who it belongs to.
    origin: ObjectOriginEnum,
}

impl FoundObject {
    pub(super) fn of(object: &Object) -> Self {
        let document = &object.document;
        Self {
            kind: document.kind.clone(),
            pk: document.id,
            identifier: document.name.clone(),
            name: name_of(object),
            origin: document.origin.into(),
        }
    }
}

/// Objects that were looked for, those that fit best first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FoundObjects {
    /// Fifty at most.
    pub(super) results: Vec<FoundObject>,
    /// Whether there are more.
    pub(super) truncated: bool,
}
