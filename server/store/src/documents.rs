//! Configuration: documents, the references between them, and revisions.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use lockgate_model::Document;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::document_row::{from_row, to_row};
use crate::entity::{document, document_ref, revision};
use crate::installation::{self, Counter};
use crate::store::Lock;
use crate::text::{cut, fits, micros};
use crate::{
    DeclaredAccount, GroupPatch, NewGroup, Pull, Store, StoreError, Topic, accounts, changes, groups, held, history,
    leavings, pulled,
};

/// Rows of one statement; databases limit its parameters.
const CHUNK: usize = 500;

/// For each document, the JSON pointers (RFC 6901) of those fields that are secrets.
pub type SealedFields = HashMap<Uuid, Vec<String>>;

/// A reference from a field of one document to another object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DocumentRef {
    /// The document that refers.
    pub from: Uuid,
    /// What it refers to: another document or a group.
    pub to: Uuid,
    /// The field's path, without positions in lists.
    pub field: String,
    /// Position among the references of that field, from 0.
    pub index: u32,
}

/// One change of the configuration, stored as a whole or not at all.
#[derive(Debug, Clone, Default)]
pub struct ConfigChange {
    /// Documents to insert, or to replace by primary key.
    pub upserts: Vec<Document>,
    /// Documents to delete, with the references they hold. What people were given by a provider, or agreed to
    /// at an application, goes along.
    pub deletes: Vec<Uuid>,
    /// All references of the documents in `upserts`; what they referred to before is forgotten.
    pub refs: Vec<DocumentRef>,
    /// Which values of `upserts` are kept sealed.
    pub sealed: SealedFields,
    /// Declarations of groups to make, before their parents are set by `group_changes`.
    pub new_groups: Vec<NewGroup>,
    /// Declarations of groups to change.
    pub group_changes: Vec<(Uuid, GroupPatch)>,
    /// Accounts to be as they are declared. Those that `deletes` declared are dismissed: see [`crate::DeclaredAccount`].
    pub accounts: Vec<DeclaredAccount>,
    /// Fingerprints of folders that may not come into force any more; `None` leaves them as they are.
    pub held: Option<Vec<String>>,
    /// The commit that this comes from, if it was pulled.
    pub pull: Option<Pull>,
    /// The revision that the change was computed from; `None` skips the check.
    pub expected_revision: Option<i64>,
}

impl ConfigChange {
    /// Whether it would leave documents and groups as they are.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.upserts.is_empty()
            && self.deletes.is_empty()
            && self.new_groups.is_empty()
            && self.group_changes.is_empty()
    }
}

/// Where a revision came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevisionOrigin {
    /// The start of a process: builtin objects and migrations of documents.
    Start,
    /// The configuration folder.
    Folder,
    /// API or user interface.
    Api,
    /// A folder that somebody applied.
    Apply,
    /// The return to an earlier revision.
    Rollback,
}

impl RevisionOrigin {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Folder => "folder",
            Self::Api => "api",
            Self::Apply => "apply",
            Self::Rollback => "rollback",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        [Self::Start, Self::Folder, Self::Api, Self::Apply, Self::Rollback]
            .into_iter()
            .find(|origin| origin.as_str() == word)
            .ok_or_else(|| StoreError::Corrupt { what: "revisions.origin".to_owned() })
    }
}

/// Who made a change, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionMeta {
    /// Username, or the name of the process's own part.
    pub author: String,
    /// Where it came from.
    pub origin: RevisionOrigin,
    /// One line for people.
    pub summary: String,
    /// The commit that the folder was at.
    pub git_commit: Option<String>,
    /// Whether the folder held more than that commit.
    pub git_dirty: bool,
    /// When.
    pub at: DateTime<Utc>,
}

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its number; later ones are larger.
    pub number: i64,
    /// Who made it, and why.
    pub meta: RevisionMeta,
    /// Whether what it changed is still known, see [`Documents::changed`].
    pub kept: bool,
}

/// Configuration; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Documents<'a> {
    pub(crate) store: &'a Store,
}

impl Documents<'_> {
    /// Every document, sorted by kind and name, secrets opened.
    ///
    /// # Errors
    /// [`StoreError::Seal`] if a secret does not open, or whatever the database answers.
    pub async fn load_all(&self) -> Result<Vec<Document>, StoreError> {
        self.store
            .bounded(async {
                let rows = document::Entity::find()
                    .order_by_asc(document::Column::Kind)
                    .order_by_asc(document::Column::Name)
                    .all(self.store.reader())
                    .await?;
                rows.into_iter().map(|row| from_row(row, self.store.seal_key())).collect()
            })
            .await
    }

    /// One document, secrets opened.
    ///
    /// # Errors
    /// As [`Self::load_all`].
    pub async fn get(&self, id: Uuid) -> Result<Option<Document>, StoreError> {
        self.store
            .bounded(async {
                let row = document::Entity::find_by_id(id).one(self.store.reader()).await?;
                row.map(|row| from_row(row, self.store.seal_key())).transpose()
            })
            .await
    }

    /// Every reference, sorted by document, field and position.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn references(&self) -> Result<Vec<DocumentRef>, StoreError> {
        self.store
            .bounded(async {
                let rows = document_ref::Entity::find()
                    .order_by_asc(document_ref::Column::FromId)
                    .order_by_asc(document_ref::Column::Field)
                    .order_by_asc(document_ref::Column::Position)
                    .all(self.store.reader())
                    .await?;
                Ok(rows.into_iter().map(DocumentRef::from).collect())
            })
            .await
    }

    /// The references that point at this object.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn used_by(&self, to: Uuid) -> Result<Vec<DocumentRef>, StoreError> {
        self.store
            .bounded(async {
                let pointing = document_ref::Column::ToId.eq(to);
                let rows = document_ref::Entity::find().filter(pointing);
                let rows = rows.order_by_asc(document_ref::Column::FromId);
                let rows = rows.all(self.store.reader()).await?;
                Ok(rows.into_iter().map(DocumentRef::from).collect())
            })
            .await
    }

    /// Stores a change and answers the number of the revision it became. A change of nothing makes no
    /// revision and answers the current one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if somebody else was faster, [`StoreError::Outpaced`] if another node was with
    /// another commit, [`StoreError::Unique`] if a name or number
    /// is taken, or whatever the database answers; nothing is stored then.
    pub async fn apply(&self, change: ConfigChange, meta: RevisionMeta) -> Result<i64, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                // Revisions are given out in the order in which they become visible.
                self.store.lock(&tx, Lock::Configuration).await?;
                let current = newest(&tx).await?;
                if let Some(expected) = change.expected_revision
                    && expected != current
                {
                    return Err(StoreError::Conflict { expected, current });
                }
                if let Some(held) = &change.held {
                    held::set(&tx, held).await?;
                }
                if let Some(pull) = &change.pull {
                    pulled::note(&tx, pull).await?;
                }
                if change.is_empty() {
                    tx.commit().await?;
                    return Ok(current);
                }
                let at = meta.at;
                let touched = history::Touched::before(&tx, &change).await?;
                leavings::sweep(&tx, &change, at).await?;
                self.write_groups(&tx, &change, at).await?;
                Box::pin(accounts::dismiss(&tx, &change.deletes, at)).await?;
                Box::pin(accounts::declare(self.store, &tx, &change.accounts, at)).await?;
                delete(&tx, &change.deletes).await?;
                self.upsert(&tx, change).await?;
                let number = insert_revision(&tx, current + 1, meta).await?;
                touched.keep(&tx, number).await?;
                changes::append(&tx, at, [(Topic::Config, number.to_string())]).await?;
                tx.commit().await?;
                Ok(number)
            })
            .await
    }

    /// The next number for a kind whose objects are addressed by number; never given out again.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn next_number(&self) -> Result<i32, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let number = installation::next(self.store, &tx, Counter::Document).await?;
                tx.commit().await?;
                Ok(number)
            })
            .await
    }

    /// The number of the newest revision; 0 before the first.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn current_revision(&self) -> Result<i64, StoreError> {
        self.store.bounded(newest(self.store.reader())).await
    }

    /// The newest revisions, newest first.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn revisions(&self, limit: u64) -> Result<Vec<Revision>, StoreError> {
        self.store
            .bounded(async {
                let rows = revision::Entity::find()
                    .order_by_desc(revision::Column::Number)
                    .limit(limit.min(1000))
                    .all(self.store.reader())
                    .await?;
                rows.into_iter().map(Revision::try_from).collect()
            })
            .await
    }

    async fn write_groups(
        &self,
        tx: &DatabaseTransaction,
        change: &ConfigChange,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        for new in &change.new_groups {
            groups::insert(self.store, tx, new.clone(), at).await?;
        }
        for (pk, patch) in &change.group_changes {
            groups::change(tx, *pk, patch.clone(), at).await?;
        }
        Ok(())
    }

    async fn upsert(&self, tx: &DatabaseTransaction, change: ConfigChange) -> Result<(), StoreError> {
        let ids: Vec<Uuid> = change.upserts.iter().map(|document| document.id).collect();
        make_way_for_renames(tx, &change.upserts).await?;
        let mut rows = Vec::with_capacity(change.upserts.len());
        for document in change.upserts {
            let secrets = change.sealed.get(&document.id).map(Vec::as_slice).unwrap_or_default();
            rows.push(to_row(document, secrets, self.store.seal_key())?);
        }
        for chunk in rows.chunks(CHUNK) {
            document::Entity::insert_many(chunk.to_vec())
                .on_conflict(replace_document())
                .exec_without_returning(tx)
                .await?;
        }
        for chunk in ids.chunks(CHUNK) {
            let theirs = document_ref::Column::FromId.is_in(chunk.iter().copied());
            document_ref::Entity::delete_many().filter(theirs).exec(tx).await?;
        }
        insert_refs(tx, change.refs).await
    }
}

async fn newest(db: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let select = revision::Entity::find().select_only().column(revision::Column::Number);
    let newest = select.order_by_desc(revision::Column::Number).limit(1);
    Ok(newest.into_tuple::<i64>().one(db).await?.unwrap_or_default())
}

async fn delete(tx: &DatabaseTransaction, ids: &[Uuid]) -> Result<(), StoreError> {
    for chunk in ids.chunks(CHUNK) {
        let these = document::Column::Id.is_in(chunk.iter().copied());
        document::Entity::delete_many().filter(these).exec(tx).await?;
    }
    Ok(())
}

/// Two documents may swap their names or numbers in one change, but uniqueness is checked row by row:
/// whoever changes either first steps aside.
async fn make_way_for_renames(tx: &DatabaseTransaction, upserts: &[Document]) -> Result<(), StoreError> {
    use document::Column;
    let wanted: HashMap<Uuid, &Document> = upserts.iter().map(|d| (d.id, d)).collect();
    let ids: Vec<Uuid> = wanted.keys().copied().collect();
    for chunk in ids.chunks(CHUNK) {
        let stored: Vec<(Uuid, String, Option<i32>)> = document::Entity::find()
            .select_only()
            .columns([Column::Id, Column::Name, Column::Number])
            .filter(Column::Id.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(tx)
            .await?;
        let moves = |(id, name, number): &(Uuid, String, Option<i32>)| {
            wanted.get(id).is_some_and(|new| new.name != *name || new.number != *number)
        };
        for (id, ..) in stored.into_iter().filter(moves) {
            document::Entity::update_many()
                .col_expr(Column::Name, Expr::value(id.to_string()))
                .col_expr(Column::Number, Expr::value(Option::<i32>::None))
                .filter(Column::Id.eq(id))
                .exec(tx)
                .await?;
        }
    }
    Ok(())
}

fn replace_document() -> OnConflict {
    use document::Column;
    OnConflict::column(Column::Id)
        .update_columns([
            Column::Number,
            Column::Kind,
            Column::Name,
            Column::Origin,
            Column::SourceFile,
            Column::SourceLine,
            Column::Managed,
            Column::Body,
            Column::Sealed,
            Column::Version,
            Column::Created,
            Column::Updated,
        ])
        .to_owned()
}

async fn insert_refs(tx: &DatabaseTransaction, refs: Vec<DocumentRef>) -> Result<(), StoreError> {
    let mut seen = HashSet::new();
    let mut rows = Vec::with_capacity(refs.len());
    for reference in refs {
        fits("field", &reference.field, 200)?;
        let position = i32::try_from(reference.index).unwrap_or(i32::MAX);
        if seen.insert((reference.from, reference.field.clone(), position)) {
            rows.push(document_ref::ActiveModel {
                from_id: Set(reference.from),
                field: Set(reference.field),
                position: Set(position),
                to_id: Set(reference.to),
            });
        }
    }
    for chunk in rows.chunks(CHUNK) {
        let insert = document_ref::Entity::insert_many(chunk.to_vec());
        insert.exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Numbers are without gaps: what the database gives out is used up even where the change comes to nothing. Who
/// writes holds the lock on the configuration.
async fn insert_revision(tx: &DatabaseTransaction, number: i64, meta: RevisionMeta) -> Result<i64, StoreError> {
    let row = revision::ActiveModel {
        number: Set(number),
        created: Set(micros(meta.at)),
        author: Set(cut(&meta.author, 255)),
        origin: Set(meta.origin.as_str().to_owned()),
        summary: Set(cut(&meta.summary, 1000)),
        git_commit: Set(meta.git_commit.map(|commit| cut(&commit, 64))),
        git_dirty: Set(meta.git_dirty),
        kept: Set(true),
    };
    Ok(row.insert(tx).await?.number)
}

impl From<document_ref::Model> for DocumentRef {
    fn from(row: document_ref::Model) -> Self {
        Self {
            from: row.from_id,
            to: row.to_id,
            field: row.field,
            index: u32::try_from(row.position).unwrap_or_default(),
        }
    }
}

impl TryFrom<revision::Model> for Revision {
    type Error = StoreError;

    fn try_from(row: revision::Model) -> Result<Self, StoreError> {
        let meta = RevisionMeta {
            author: row.author,
            origin: RevisionOrigin::parse(&row.origin)?,
            summary: row.summary,
            git_commit: row.git_commit,
            git_dirty: row.git_dirty,
            at: row.created,
        };
        Ok(Self { number: row.number, meta, kept: row.kept })
    }
}
