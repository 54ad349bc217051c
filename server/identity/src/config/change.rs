//! A change asked for through API or UI: who owns what, and what else it touches.

use super::{Config, difference, guards::StillGuards, pairs};
use crate::journal::{Action, Entry};
use chrono::{DateTime, Utc};
use lockgate_model::{
    Document, Lookup, ObjectSet, Origin, Problems, Source, User,
    kind::{self, KindDef},
    permission,
    schema::OnDelete,
};
use lockgate_store::{NewGroup, StoreError};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use thiserror::Error;
use uuid::Uuid;

/// What somebody wants to change.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Documents to make or to replace by primary key, each with the version that it was made from. Origin and
    /// times are set here.
    pub upserts: Vec<Document>,
    /// Documents to delete, with what cannot be without them.
    pub deletes: Vec<Uuid>,
}

/// Why a change was refused.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// A document is not sound, or would make another one unsound.
    #[error("{problems}")]
    Invalid {
        /// The document.
        id: Uuid,
        /// By field.
        problems: Problems,
    },
    /// The configuration folder declares it.
    #[error("\"{name}\" is declared in {file}:{line}; change it there", file = place.file, line = place.line)]
    OwnedByFolder {
        /// The object.
        name: String,
        /// Where it is declared.
        place: Source,
    },
    /// Something would open.
    #[error(transparent)]
    StillGuards(#[from] StillGuards),
    /// There is no such object.
    #[error("no such object")]
    NotFound,
    /// A document is another one than the new one was made from.
    #[error("somebody else changed it meanwhile")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A document to be made through the API, before it has an id.
#[must_use]
pub fn draft(kind: &'static KindDef, id: Uuid, body: Value) -> Document {
    blank(kind.meta.kind, id, body)
}

/// As [`draft`], by the name of the kind.
pub(super) fn blank(kind: &str, id: Uuid, body: Value) -> Document {
    Document {
        id,
        number: None,
        kind: kind.to_owned(),
        name: String::new(),
        origin: Origin::Api,
        source: None,
        managed: None,
        body,
        version: 0,
        created: DateTime::UNIX_EPOCH,
        updated: DateTime::UNIX_EPOCH,
    }
}

/// The document as the next version of the one before it, or as the first.
pub(super) fn next_version(document: Document, before: Option<&Document>, now: DateTime<Utc>) -> Document {
    Document {
        number: before.and_then(|b| b.number),
        version: before.map_or(1, |b| b.version + 1),
        created: before.map_or(now, |b| b.created),
        updated: now,
        ..document
    }
}

/// The documents that a change makes out of the present ones.
pub(super) struct Planned {
    pub(super) upserts: Vec<Document>,
    pub(super) deletes: Vec<Uuid>,
}

impl Config {
    /// Validates, compiles, stores and puts into force, or changes nothing. Answers the revision.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn change(&self, change: Change, by: Option<&User>) -> Result<i64, ChangeError> {
        self.change_with_groups(change, Vec::new(), by).await
    }

    /// As [`Self::change`], with groups that are made along with it.
    pub(super) async fn change_with_groups(
        &self,
        change: Change,
        groups: Vec<NewGroup>,
        by: Option<&User>,
    ) -> Result<i64, ChangeError> {
        let _writing = self.writing.lock().await;
        let mut last = None;
        // Another node may have changed the configuration since we read it: look again, once.
        for _ in 0..2 {
            let base = self.snapshot();
            let planned = self.plan(&base.objects, &change).await?;
            match self.put_into_force(&base, planned, author(by), &change, groups.clone()).await {
                Err(ChangeError::Store(StoreError::Conflict { expected, current })) => {
                    last = Some(StoreError::Conflict { expected, current });
                    self.reload_locked().await.map_err(|error| {
                        tracing::error!(%error, "the configuration of another node cannot be read");
                        StoreError::Conflict { expected, current }
                    })?;
                }
                Err(error) => return Err(error),
                Ok(revision) => {
                    self.note(&base.objects, &change, by);
                    return Ok(revision);
                }
            }
        }
        Err(last.map_or(ChangeError::NotFound, ChangeError::Store))
    }

    async fn plan(&self, base: &ObjectSet, change: &Change) -> Result<Planned, ChangeError> {
        let now = self.clock.now();
        let mut upserts = Vec::new();
        for document in &change.upserts {
            upserts.push(self.finish(base, document, now).await?);
        }
        let (deletes, touched) = cascade(base, &change.deletes, now)?;
        upserts.retain(|d| !deletes.contains(&d.id));
        for document in touched {
            // An explicit change of the same object knows better.
            if !upserts.iter().any(|d| d.id == document.id) {
                upserts.push(document);
            }
        }
        Ok(Planned { upserts, deletes: deletes.into_iter().collect() })
    }

    async fn finish(&self, base: &ObjectSet, document: &Document, now: DateTime<Utc>) -> Result<Document, ChangeError> {
        let invalid = |problems| ChangeError::Invalid { id: document.id, problems };
        let kind = kind::by_name(&document.kind).ok_or(ChangeError::NotFound)?;
        let existing = base.get(document.id).map(|o| &o.document);
        if let Some(existing) = existing {
            not_of_folder(existing)?;
        }
        if existing.map_or(0, |existing| existing.version) != document.version {
            return Err(ChangeError::Stale);
        }
        let (body, name) = self.formed(base, document, kind).map_err(invalid)?;
        let made = Document {
            name,
            // A builtin that somebody edits is theirs from now on; an upgrade leaves it alone.
            origin: Origin::Api,
            source: None,
            managed: existing.and_then(|e| e.managed.clone()).or_else(|| document.managed.clone()),
            body,
            ..document.clone()
        };
        let mut made = next_version(made, existing, now);
        if made.number.is_none() && matches!(kind.meta.lookup, Lookup::Number(_)) {
            made.number = Some(self.store.documents().next_number().await?);
        }
        Ok(made)
    }

    /// The body of a document with what the server makes itself, and its name, where it is sound by itself.
    pub(super) fn formed(
        &self,
        base: &ObjectSet,
        document: &Document,
        kind: &'static KindDef,
    ) -> Result<(Value, String), Problems> {
        let body = kind.complete(&document.body, &mut |n| crate::system::alphanumeric(&*self.random, n))?;
        let name = kind.parse(&body)?.identifier();
        if base.by_name(kind.meta.kind, &name).is_some_and(|o| o.document.id != document.id) {
            let text = format!("{} with this {} already exists.", kind.meta.verbose_name, identifier_field(kind));
            return Err(Problems::one(&format!("/{}", identifier_field(kind)), "unique", text));
        }
        // One that is only renamed stays as it was, even if it came in before halves were compared.
        let halves = |body: &Value| (body["certificate_data"].clone(), body["key_data"].clone());
        if base.get(document.id).is_none_or(|e| halves(&e.document.body) != halves(&body)) {
            pairs::problems(&Document { body: body.clone(), ..document.clone() }).into_result()?;
        }
        Ok((body, name))
    }

    fn note(&self, before: &ObjectSet, change: &Change, by: Option<&User>) {
        let after = self.snapshot();
        let names = difference::names(change, &after.objects);
        let mut acts: Vec<(Action, &Document, Value)> = Vec::new();
        for document in &change.upserts {
            let Some(now) = after.objects.get(document.id).map(|object| &object.document) else { continue };
            match before.get(document.id) {
                Some(was) => acts.push((Action::ModelUpdated, now, difference::of(&was.document, now, &names))),
                None => acts.push((Action::ModelCreated, now, Value::Null)),
            }
        }
        for id in &change.deletes {
            acts.extend(before.get(*id).map(|object| (Action::ModelDeleted, &object.document, Value::Null)));
        }
        for (action, document, diff) in acts {
            let entry = Entry::new(action, "lockgate.configuration");
            let entry = entry.about(permission::model_of(&document.kind), document.id.to_string(), called(document));
            let entry = if diff.is_null() { entry } else { entry.with("diff", diff) };
            self.journal.record(match by {
                Some(user) => entry.by(user),
                None => entry,
            });
        }
    }
}

/// What people call it: an application by its name, as the reference's events do.
fn called(document: &Document) -> &str {
    let own = document.body["name"].as_str().filter(|_| document.kind == "application");
    own.unwrap_or(&document.name)
}

fn author(by: Option<&User>) -> String {
    by.map_or_else(|| "lockgate".to_owned(), |user| user.username.clone())
}

/// The field that holds the identifier, for messages.
fn identifier_field(kind: &KindDef) -> &'static str {
    match kind.meta.lookup {
        Lookup::Slug(field) => field,
        _ if kind.meta.kind == "brand" => "domain",
        _ if kind.schema().field("name").is_some() => "name",
        _ => "non_field_errors",
    }
}

fn not_of_folder(document: &Document) -> Result<(), ChangeError> {
    match (&document.source, document.origin) {
        (Some(place), Origin::Folder) => {
            Err(ChangeError::OwnedByFolder { name: document.name.clone(), place: place.clone() })
        }
        _ => Ok(()),
    }
}

type Cascade = (HashSet<Uuid>, Vec<Document>);

/// What goes with the deleted objects, and what loses a reference to them.
fn cascade(base: &ObjectSet, deletes: &[Uuid], now: DateTime<Utc>) -> Result<Cascade, ChangeError> {
    let mut gone = HashSet::new();
    let mut touched: HashMap<Uuid, Document> = HashMap::new();
    let mut todo = deletes.to_vec();
    while let Some(id) = todo.pop() {
        if !gone.insert(id) {
            continue;
        }
        let object = base.get(id).ok_or(ChangeError::NotFound)?;
        not_of_folder(&object.document)?;
        for referrer in base.referrers(id) {
            let Some(from) = base.get(referrer.from) else { continue };
            if referrer.on_delete == OnDelete::Cascade {
                todo.push(referrer.from);
                continue;
            }
            not_of_folder(&from.document)?;
            let document = touched.entry(referrer.from).or_insert_with(|| {
                let edited = Document { origin: Origin::Api, ..from.document.clone() };
                next_version(edited, Some(&from.document), now)
            });
            drop_reference(&mut document.body[&referrer.field], id);
        }
    }
    touched.retain(|id, _| !gone.contains(id));
    Ok((gone, touched.into_values().collect()))
}

/// Takes a reference out of a field: out of a list, or the only one.
pub fn drop_reference(value: &mut Value, id: Uuid) {
    let id = id.to_string();
    match value {
        Value::Array(list) => list.retain(|v| v.as_str() != Some(&id)),
        other => *other = Value::Null,
    }
}
