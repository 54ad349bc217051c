//! Blueprints that are laid over what there is, and belong to whoever sent them: as if each of their objects had been
//! made through the API, all in one revision.

use super::{
    Config, Texts,
    change::{Change, ChangeError},
    reading::Shelf,
};
use chrono::{DateTime, Utc};
use lockgate_flows::{
    Diagnostic, Folder, GroupDeclaration, Imported, ProcessEnvironment, Remark, TextFile, import_with_context,
};
use lockgate_model::{Document, Group, Origin, User, kind};
use lockgate_store::NewGroup;
use serde_json::{Map, Value};
use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
};
use thiserror::Error;
use uuid::Uuid;

/// A blueprint, ready to be laid over what there is.
#[derive(Debug)]
pub struct Prepared {
    /// What it makes and changes.
    pub change: Change,
    /// Groups that it makes.
    pub groups: Vec<NewGroup>,
    /// Models of everything that it speaks of, each once.
    pub models: Vec<String>,
    /// What was not carried over.
    pub leftovers: Vec<Remark>,
    /// What was, but differently from what one might think.
    pub notes: Vec<Remark>,
}

/// Why a blueprint is not laid over what there is.
#[derive(Debug, Error)]
pub enum ImportError {
    /// It cannot be read.
    #[error("{}", told(.0))]
    Broken(Vec<Remark>),
    /// What it says is not sound here.
    #[error("{}", .0.iter().map(|d| d.message.clone()).collect::<Vec<_>>().join("; "))]
    Unsound(Vec<Diagnostic>),
    /// What it makes is refused.
    #[error(transparent)]
    Refused(#[from] ChangeError),
    /// Anything inside.
    #[error(transparent)]
    Config(#[from] super::ConfigError),
}

fn told(remarks: &[Remark]) -> String {
    remarks.iter().map(|remark| format!("{}: {}", remark.place, remark.why)).collect::<Vec<_>>().join("; ")
}

impl Config {
    /// What a blueprint would make and change; nothing is changed.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn prepare_blueprint(
        &self,
        path: &str,
        text: &str,
        context: &Map<String, Value>,
    ) -> Result<Prepared, ImportError> {
        let now = self.clock.now();
        let files = [TextFile { path: path.to_owned(), text: text.to_owned() }];
        let imported = import_with_context(&files, context, now).map_err(ImportError::Broken)?;
        let base = self.snapshot();
        let present: Vec<Document> = base.objects.iter().map(|object| object.document.clone()).collect();
        let groups = self.store.groups().all().await.map_err(super::ConfigError::Store)?;
        let mut shelf = shelf(&present, &groups, now)?;
        let environment = secrets(&imported, &self.environment);
        let folder = Folder::received(imported.files.iter().map(|file| (file.path.clone(), file.text.clone())));
        let texts = Texts { folder, root: PathBuf::new(), received: true };
        let checked = shelf.check(&texts, &environment, &self.store).await?;
        if !checked.is_sound() {
            return Err(ImportError::Unsound(checked.diagnostics));
        }
        let known: HashMap<Uuid, &Document> = present.iter().map(|document| (document.id, document)).collect();
        let models =
            checked.loaded.documents.iter().filter_map(|d| Some(kind::by_name(&d.kind)?.meta.model.to_owned()));
        let models: BTreeSet<String> = models.collect();
        let upserts = checked.loaded.documents.into_iter().filter_map(|document| changed(document, &known)).collect();
        Ok(Prepared {
            change: Change { upserts, deletes: Vec::new() },
            groups: new_groups(checked.loaded.groups, &groups),
            models: models.into_iter().collect(),
            leftovers: imported.leftovers,
            notes: imported.notes,
        })
    }

    /// Lays a blueprint over what there is, all of it or nothing. Answers the revision.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn lay_over(&self, prepared: Prepared, by: &User) -> Result<i64, ChangeError> {
        if prepared.change.upserts.is_empty() && prepared.groups.is_empty() {
            return Ok(self.peek().revision);
        }
        let revision = self.change_with_groups(prepared.change, prepared.groups, Some(by)).await?;
        // Groups may have been made, which count from the next request on.
        self.feed.settle().await;
        Ok(revision)
    }
}

/// What the blueprint may refer to: everything, whoever it belongs to.
fn shelf(present: &[Document], groups: &[Group], now: DateTime<Utc>) -> Result<Shelf, super::ConfigError> {
    let unbound = |document: &Document| match document.origin {
        Origin::Folder => Document { origin: Origin::Api, ..document.clone() },
        _ => document.clone(),
    };
    let all: Vec<Document> = present.iter().map(unbound).collect();
    let mut shelf = Shelf::new(&all, groups, now)?;
    // Brands and outposts are as they are now where the blueprint says nothing.
    for shipped in shelf.builtin.documents.iter_mut().filter(|d| matches!(d.kind.as_str(), "brand" | "outpost")) {
        if let Some(now) = present.iter().find(|document| document.id == shipped.id) {
            shipped.body = now.body.clone();
        }
    }
    Ok(shelf)
}

/// What the texts may name: the secrets that stood in the blueprint, and those of the process.
fn secrets(imported: &Imported, process: &ProcessEnvironment) -> ProcessEnvironment {
    let own = imported.variables.iter().filter(|variable| !variable.value.is_empty());
    let own = own.map(|variable| (variable.name.clone(), variable.value.clone()));
    process.clone().with(own)
}

/// A document as the next version of the present one; nothing where it says the same.
fn changed(mut document: Document, present: &HashMap<Uuid, &Document>) -> Option<Document> {
    document.source = None;
    document.origin = Origin::Api;
    let Some(now) = present.get(&document.id) else {
        document.version = 0;
        return Some(document);
    };
    lockgate_flows::keep_what_the_server_made(&mut document, now);
    document.version = now.version;
    // Of the folder's own objects the change itself says where they are to be changed.
    (lockgate_flows::normal(&document) != lockgate_flows::normal(now)).then_some(document)
}

/// Groups that are not there yet. Those that are stay as they are: people may have changed them.
fn new_groups(declared: Vec<GroupDeclaration>, present: &[Group]) -> Vec<NewGroup> {
    let named: HashMap<String, Uuid> = present
        .iter()
        .map(|group| (group.name.clone(), group.pk))
        .chain(declared.iter().map(|group| (group.name.clone(), group.id)))
        .collect();
    let missing = declared.into_iter().filter(|group| present.iter().all(|known| known.name != group.name));
    let made = missing.map(|group| NewGroup {
        pk: group.id,
        parents: group.parents.iter().filter_map(|name| named.get(name).copied()).collect(),
        name: group.name,
        is_superuser: group.superuser,
        attributes: group.attributes,
        origin: Origin::Api,
        source: None,
    });
    made.collect()
}
