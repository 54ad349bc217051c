//! A proposal: what would have to be stored so that the configuration becomes what a text says, or what it
//! was at an earlier revision. Start, reload, plan, apply and rollback make one and differ only in what
//! they do with it.

use super::{
    CompileError, ConfigError, GroupWrites, Snapshot,
    change::next_version,
    pairs,
    reading::{Shelf, Texts},
};
use crate::system::alphanumeric;
use chrono::{DateTime, Utc};
use lockgate_engine::ports::Random;
use lockgate_flows::{Adopted, Diagnostic, Loaded, Script, Span, merge};
use lockgate_model::{
    Document, Group, Lookup, ObjectSet, Origin,
    kind::{self, KindDef},
    kinds::key_pair::INTERNAL_JWT_KEY,
};
use lockgate_policies::TextOrigin;
use lockgate_store::{Changed, Store, StoreError};
use std::collections::HashMap;
use uuid::Uuid;

/// What is stored: the ground that a proposal stands on.
#[derive(Debug, Clone)]
pub struct Base {
    /// Number of the revision.
    pub revision: i64,
    /// Every document.
    pub documents: Vec<Document>,
    /// Every group.
    pub groups: Vec<Group>,
}

impl Base {
    /// Reads it.
    pub(super) async fn read(store: &Store) -> Result<Self, StoreError> {
        // The revision first: what is read later can only be newer, and is refused when it is stored.
        let revision = store.documents().current_revision().await?;
        let documents = store.documents().load_all().await?;
        Ok(Self { revision, documents, groups: store.groups().all().await? })
    }
}

/// What would be stored.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// What it stands on.
    pub base: Base,
    /// Documents to make or to replace.
    pub upserts: Vec<Document>,
    /// Documents to delete.
    pub deletes: Vec<Uuid>,
    /// Groups to make and to change.
    pub groups: GroupWrites,
    /// What the folder takes over from others.
    pub adopted: Vec<Adopted>,
    /// Builtin objects that were edited and stay so, by kind and name.
    pub kept: Vec<(String, String)>,
    loaded: Option<Loaded>,
}

/// A proposal that compiles.
#[derive(Debug)]
pub struct Weighed {
    /// What would be stored.
    pub proposal: Proposal,
    /// The configuration that would be in force.
    pub after: Snapshot,
    /// What is probably not meant.
    pub warnings: Vec<Diagnostic>,
}

impl Proposal {
    /// What lays a folder over what is stored. Without one, what an earlier folder declared stays as it is:
    /// only a text prunes.
    pub(super) async fn of_folder(
        base: Base,
        shelf: Shelf,
        folder: Option<Loaded>,
        random: &dyn Random,
        now: DateTime<Utc>,
    ) -> Result<Self, ConfigError> {
        let kept = folder.is_none().then(|| declared_before(&base.documents));
        let merged = merge(base.documents.clone(), &shelf.builtin, folder.as_ref().or(kept.as_ref()));
        let old: HashMap<Uuid, &Document> = base.documents.iter().map(|d| (d.id, d)).collect();
        let mut upserts = Vec::new();
        for document in merged.upserts {
            let before = old.get(&document.id).copied();
            let Some(kind) = kind::by_name(&document.kind) else { continue };
            let document = settle(document, before, kind, random, now);
            if before.is_none_or(|b| differs(b, &document)) {
                upserts.push(document);
            }
        }
        if !base.documents.iter().any(|d| d.managed.as_deref() == Some(INTERNAL_JWT_KEY)) {
            upserts.push(pairs::signing_key(now)?);
        }
        let declared: Vec<_> = shelf.builtin.groups.iter().chain(folder.iter().flat_map(|l| &l.groups)).collect();
        let groups = GroupWrites::plan(&base.groups, &declared, folder.is_some());
        let deletes = merged.deletes.iter().map(|d| d.id).collect();
        Ok(Self { upserts, deletes, groups, adopted: merged.adopted, kept: merged.kept, loaded: folder, base })
    }

    /// What makes everything be as it was before these changes, but for key pairs that were made since.
    pub(super) fn back(base: Base, changed: &Changed, now: DateTime<Utc>) -> Self {
        let old: HashMap<Uuid, &Document> = base.documents.iter().map(|d| (d.id, d)).collect();
        let (mut upserts, mut deletes) = (Vec::new(), Vec::new());
        for (was, is) in &changed.documents {
            match (was, is) {
                (Some(was), _) => {
                    let before = old.get(&was.id).copied();
                    if before.is_none_or(|b| differs(b, was)) {
                        let number = was.number;
                        upserts.push(Document { number, ..next_version(was.clone(), before, now) });
                    }
                }
                // A key may have signed what still has to be verified.
                (None, Some(is)) if old.contains_key(&is.id) && is.kind != "key_pair" => deletes.push(is.id),
                (None, _) => {}
            }
        }
        let groups = GroupWrites::back(&base.groups, &changed.groups);
        Self { base, upserts, deletes, groups, adopted: Vec::new(), kept: Vec::new(), loaded: None }
    }

    /// Adds the key pair that providers name and that is not there; for a look any key does.
    pub(super) async fn with_default_key(mut self, to_store: bool, now: DateTime<Utc>) -> Result<Self, ConfigError> {
        let all = self.documents();
        let key = if to_store { pairs::named_default(&all, now).await? } else { pairs::stand_in(&all, now)? };
        self.upserts.extend(key);
        Ok(self)
    }

    /// Gives numbers to new objects of kinds that are addressed by number.
    pub(super) async fn number(&mut self, store: &Store) -> Result<(), StoreError> {
        for document in self.upserts.iter_mut().filter(|d| d.number.is_none()) {
            let kind = kind::by_name(&document.kind);
            if kind.is_some_and(|k| matches!(k.meta.lookup, Lookup::Number(_))) {
                document.number = Some(store.documents().next_number().await?);
            }
        }
        Ok(())
    }

    /// Every document as it would be stored.
    #[must_use]
    pub fn documents(&self) -> Vec<Document> {
        let mut all: HashMap<Uuid, Document> = self.base.documents.iter().map(|d| (d.id, d.clone())).collect();
        for id in &self.deletes {
            all.remove(id);
        }
        all.extend(self.upserts.iter().map(|d| (d.id, d.clone())));
        all.into_values().collect()
    }

    /// Every group as it would be.
    #[must_use]
    pub fn groups_after(&self) -> Vec<Group> {
        self.groups.applied(&self.base.groups)
    }

    /// Whether everything is as it would be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.upserts.is_empty() && self.deletes.is_empty() && self.groups.is_empty()
    }

    /// One line for the list of revisions.
    pub(super) fn summary(&self) -> String {
        let groups = self.groups.applied(&self.base.groups);
        let groups = groups.iter().filter(|g| !self.base.groups.contains(g)).count();
        let told = format!("{} changed, {} deleted", self.upserts.len(), self.deletes.len());
        if groups == 0 { told } else { format!("{told}, {groups} groups") }
    }

    /// Where the text of a document's field stands.
    pub(super) fn place(&self, document: Uuid, pointer: &str) -> Option<TextOrigin> {
        let scripts = &self.loaded.as_ref()?.scripts;
        scripts.iter().find(|s| s.document == document && s.pointer == pointer).map(Script::origin)
    }

    /// A complaint of the compiler in the words of a check.
    pub(super) fn told(&self, error: CompileError) -> Vec<Diagnostic> {
        let spans = self.loaded.as_ref().map(|l| &l.spans);
        error.diagnostics(&|document: &Document, pointer: &str| {
            let span = spans.and_then(|s| s.get(document.id, pointer)).cloned();
            span.unwrap_or_else(|| Span::whole(&document.name))
        })
    }
}

/// What the folder declared when it was last read, as if it declared the same again.
fn declared_before(stored: &[Document]) -> Loaded {
    let documents = stored.iter().filter(|d| d.origin == Origin::Folder).cloned().collect();
    Loaded { documents, ..Loaded::default() }
}

/// Whether a document, or what it is bound to, comes from a text, which then says alone what guards it.
pub(super) fn is_of_text(document: &Document, objects: &ObjectSet) -> bool {
    let target = document.body["target"].as_str().and_then(|id| objects.get(Uuid::parse_str(id).ok()?));
    document.origin != Origin::Api || target.is_some_and(|t| t.document.origin == Origin::Folder)
}

/// Keeps what the server made itself when the object was made, and makes it for a new one.
pub(super) fn settle(
    mut document: Document,
    before: Option<&Document>,
    kind: &'static KindDef,
    random: &dyn Random,
    now: DateTime<Utc>,
) -> Document {
    for field in kind.schema().fields.iter().filter(|f| f.read_only || (f.internal && f.secret)) {
        let empty = document.body[&field.name].as_str().is_none_or(str::is_empty);
        if let Some(kept) = before.map(|b| &b.body[&field.name]).filter(|v| empty && !v.is_null()) {
            document.body[&field.name] = kept.clone();
        }
    }
    // A body that is not sound is reported when everything is compiled.
    if let Ok(body) = kind.complete(&document.body, &mut |n| alphanumeric(random, n)) {
        document.body = body;
    }
    next_version(document, before, now)
}

fn differs(before: &Document, after: &Document) -> bool {
    before.body != after.body
        || before.origin != after.origin
        || before.source != after.source
        || before.managed != after.managed
        || before.name != after.name
}

/// The texts that a proposal may be made from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'t> {
    /// A folder.
    Texts(&'t Texts),
    /// None: what is stored, renewed by what ships with the binary.
    Stored,
}
