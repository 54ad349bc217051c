//! `/lockgate/drift/`: where what is in force differs from what texts say.

use super::shapes::{FoundObject, name_of};
use crate::{
    caller::Caller,
    decisions::TAG,
    error::ApiError,
    objects::sight::Sight,
    openapi::{
        components::Components,
        operation::{Operation, Paths},
    },
    revisions::KIND,
};
use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use http::Method;
use lockgate_flows::plan::FieldChange;
use lockgate_identity::{
    Identity,
    config::{ConfigError, DriftErrors, FolderState},
};
use lockgate_model::{Object, Origin, kind::joint_field};
use lockgate_policies::Action;
use lockgate_store::Page;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// Objects beside the folder that are told of at most.
const MOST: usize = 200;

/// How the folder stands to what is in force.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum DriftFolderEnum {
    /// What it says is in force.
    InForce,
    /// It was changed since, and the server has not looked yet.
    Pending,
    /// It does not compile; what was in force before still is.
    Broken,
    /// Somebody went back to an earlier revision: it counts again once something in it changes.
    Held,
}

/// A builtin object that was edited.
#[derive(Debug, Serialize, JsonSchema)]
struct DriftEdited {
    /// Name of its kind.
    kind: String,
    /// Its UUID.
    pk: Uuid,
    /// What tells it apart from others of its kind: slug or name.
    identifier: String,
    /// Its name.
    name: String,
    /// When it was changed last.
    updated: DateTime<Utc>,
    /// Fields that differ: before, as they ship; after, as they are.
    fields: Vec<FieldChange>,
}

/// The last commit that came into force.
#[derive(Debug, Serialize, JsonSchema)]
struct DriftCommit {
    /// The commit.
    commit: String,
    /// Whether there were changes beside it that were not committed.
    dirty: bool,
    /// The revision that it became.
    revision: i64,
    /// When.
    created: DateTime<Utc>,
}

/// Where what is in force differs from what texts say.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Drift {
    /// The revision in force.
    revision: i64,
    /// How the folder stands to it; null where none is read.
    folder: Option<DriftFolderEnum>,
    /// Why the folder, or what was pulled, does not come into force.
    folder_error: Option<String>,
    /// Why nothing can be pulled from git.
    pull_error: Option<String>,
    /// Why a revision that another node has stored cannot be loaded.
    revision_error: Option<String>,
    /// Whether the folder is held back because somebody rolled back from it.
    held: bool,
    /// The last commit that came into force, of the last hundred revisions.
    commit: Option<DriftCommit>,
    /// When a pull came to a good end last; null where nothing is pulled.
    pulled: Option<DateTime<Utc>>,
    /// Builtin objects that were edited, as far as the caller sees them: an update of the server does not renew them.
    edited: Vec<DriftEdited>,
    /// Objects that neither ship nor stand in the folder, as far as the caller sees them: two hundred at most, without those
    /// that stand inside of others.
    beside: Vec<FoundObject>,
    /// How many of them there are.
    beside_count: u64,
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    paths.add(
        Operation::new(Method::GET, "/lockgate/drift/", "lockgate_drift_retrieve", TAG)
            .says("Tells where what is in force differs from what the folder, git and the server as it ships say.")
            .answers(200, "The differences.", components.reply::<Drift>()),
    );
}

/// `GET /lockgate/drift/`.
pub(super) async fn retrieve(State(identity): State<Identity>, caller: Caller) -> Result<Json<Drift>, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require(&identity, &snapshot, Action::Read, KIND)?;
    let shipped = identity.config.shipped().await.map_err(failed)?;
    let folder = identity.config.folder_state().await.map_err(failed)?.map(DriftFolderEnum::from);
    let commit = last_commit(&identity).await?;
    let sight = Sight::of(&identity, &snapshot, &caller);
    let edited = shipped.edited.iter().filter_map(|edited| {
        let object = snapshot.objects.get(edited.id).filter(|object| sight.has(object))?;
        Some(DriftEdited {
            kind: object.document.kind.clone(),
            pk: edited.id,
            identifier: object.document.name.clone(),
            name: name_of(object),
            updated: object.document.updated,
            fields: edited.change.fields.clone(),
        })
    });
    let is_beside = |object: &&Object| {
        let document = &object.document;
        document.origin == Origin::Api
            && !shipped.ids.contains(&document.id)
            && joint_field(object.kind.meta.kind).is_none()
            && sight.has(object)
    };
    let mut beside: Vec<&Object> = snapshot.objects.iter().filter(is_beside).collect();
    beside.sort_by(|a, b| (&a.document.kind, &a.document.name).cmp(&(&b.document.kind, &b.document.name)));
    let (health, errors) = (identity.config.health(), identity.config.drift_errors());
    let DriftErrors { folder: folder_error, upstream: pull_error, revision: revision_error } = errors;
    Ok(Json(Drift {
        revision: health.revision,
        folder,
        folder_error,
        pull_error,
        revision_error,
        held: health.held,
        commit,
        pulled: health.pull.and_then(|pull| pull.pulled),
        edited: edited.collect(),
        beside_count: beside.len() as u64,
        beside: beside.into_iter().take(MOST).map(FoundObject::of).collect(),
    }))
}

fn failed(error: ConfigError) -> ApiError {
    match error {
        ConfigError::Store(error) => error.into(),
        error => {
            tracing::error!(%error, "what is in force cannot be compared");
            ApiError::Internal
        }
    }
}

impl From<FolderState> for DriftFolderEnum {
    fn from(state: FolderState) -> Self {
        match state {
            FolderState::InForce => Self::InForce,
            FolderState::Pending => Self::Pending,
            FolderState::Broken => Self::Broken,
            FolderState::Held => Self::Held,
        }
    }
}

/// The newest commit among the last revisions.
async fn last_commit(identity: &Identity) -> Result<Option<DriftCommit>, ApiError> {
    let (revisions, _) = identity.store.documents().revision_page(Page { number: 1, size: 100 }).await?;
    let mut of_git = revisions.into_iter().filter_map(|revision| {
        let meta = revision.meta;
        let commit = meta.git_commit.filter(|commit| !commit.is_empty())?;
        Some(DriftCommit { commit, dirty: meta.git_dirty, revision: revision.number, created: meta.at })
    });
    Ok(of_git.next())
}
