//! History: every revision keeps what it changed, before and after, so that it can be shown and undone.
//! Of the newest revisions only: a history has to end somewhere.

use std::collections::{HashMap, HashSet};

use lockgate_model::{Document, Group};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use crate::document_row::from_row;
use crate::entity::{document, revision, revision_change};
use crate::groups;
use crate::text::{BODY, from_json, to_json};
use crate::{ConfigChange, Documents, Page, Revision, Store, StoreError};

/// Revisions whose contents are kept.
pub const KEPT_REVISIONS: i64 = 1_000;

/// Keys of one statement.
const CHUNK: usize = 500;

const DOCUMENT: &str = "document";
const GROUP: &str = "group";

/// What a revision, or several in a row, changed: each object before and after; `None` where there was,
/// or is, none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changed {
    /// Documents, secrets opened.
    pub documents: Vec<(Option<Document>, Option<Document>)>,
    /// Declarations of groups.
    pub groups: Vec<(Option<Group>, Option<Group>)>,
}

impl Documents<'_> {
    /// The revision with this number.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn revision(&self, number: i64) -> Result<Option<Revision>, StoreError> {
        self.store
            .bounded(async {
                let row = revision::Entity::find_by_id(number).one(self.store.reader()).await?;
                row.map(Revision::try_from).transpose()
            })
            .await
    }

    /// One page of the revisions, newest first, and how many there are.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn revision_page(&self, page: Page) -> Result<(Vec<Revision>, u64), StoreError> {
        self.store
            .bounded(async {
                let db = self.store.reader();
                let total = revision::Entity::find().count(db).await?;
                let rows = revision::Entity::find()
                    .order_by_desc(revision::Column::Number)
                    .offset(page.number.saturating_sub(1).saturating_mul(page.size))
                    .limit(page.size)
                    .all(db)
                    .await?;
                let revisions = rows.into_iter().map(Revision::try_from).collect::<Result<_, _>>()?;
                Ok((revisions, total))
            })
            .await
    }

    /// What a revision changed; `None` when there is no such revision, or its contents are not known any
    /// more.
    ///
    /// # Errors
    /// As [`Self::load_all`].
    pub async fn changed(&self, number: i64) -> Result<Option<Changed>, StoreError> {
        if !self.revision(number).await?.is_some_and(|revision| revision.kept) {
            return Ok(None);
        }
        self.store
            .bounded(async {
                let rows = revision_change::Entity::find()
                    .filter(revision_change::Column::Revision.eq(number))
                    .order_by_asc(revision_change::Column::Object)
                    .all(self.store.reader())
                    .await?;
                opened(self.store, rows).map(Some)
            })
            .await
    }

    /// What all revisions after this one changed together: each object as it was at that revision, and as
    /// it is now. `None` when there is no such revision, or some of what came after it is not known any more.
    ///
    /// # Errors
    /// As [`Self::load_all`].
    pub async fn changed_since(&self, number: i64) -> Result<Option<Changed>, StoreError> {
        if self.revision(number).await?.is_none() {
            return Ok(None);
        }
        self.store
            .bounded(async {
                let db = self.store.reader();
                let after = revision::Entity::find().filter(revision::Column::Number.gt(number));
                if after.filter(revision::Column::Kept.eq(false)).count(db).await? > 0 {
                    return Ok(None);
                }
                let rows = revision_change::Entity::find()
                    .filter(revision_change::Column::Revision.gt(number))
                    .order_by_asc(revision_change::Column::Revision)
                    .all(db)
                    .await?;
                let mut joined: HashMap<Uuid, revision_change::Model> = HashMap::new();
                for row in rows {
                    match joined.get_mut(&row.object) {
                        Some(earlier) => earlier.after = row.after,
                        None => _ = joined.insert(row.object, row),
                    }
                }
                opened(self.store, joined.into_values().collect()).map(Some)
            })
            .await
    }
}

fn opened(store: &Store, rows: Vec<revision_change::Model>) -> Result<Changed, StoreError> {
    let mut changed = Changed::default();
    for row in rows {
        if row.sort == GROUP {
            changed.groups.push((group(row.before)?, group(row.after)?));
        } else {
            changed.documents.push((document(store, row.before)?, document(store, row.after)?));
        }
    }
    Ok(changed)
}

fn document(store: &Store, text: Option<String>) -> Result<Option<Document>, StoreError> {
    let Some(text) = text else { return Ok(None) };
    let row: document::Model = from_json("revision_changes", &text)?;
    from_row(row, store.seal_key()).map(Some)
}

fn group(text: Option<String>) -> Result<Option<Group>, StoreError> {
    text.map(|text| from_json("revision_changes", &text)).transpose()
}

/// What a change touches, as it was before.
pub(crate) struct Touched {
    documents: HashMap<Uuid, document::Model>,
    groups: HashMap<Uuid, Group>,
    document_ids: HashSet<Uuid>,
    group_ids: HashSet<Uuid>,
}

impl Touched {
    /// Looks before the change is made.
    pub(crate) async fn before(tx: &DatabaseTransaction, change: &ConfigChange) -> Result<Self, StoreError> {
        let document_ids: HashSet<Uuid> =
            change.upserts.iter().map(|d| d.id).chain(change.deletes.iter().copied()).collect();
        let made = change.new_groups.iter().map(|group| group.pk);
        let group_ids: HashSet<Uuid> = made.chain(change.group_changes.iter().map(|(pk, _)| *pk)).collect();
        let (documents, groups) = (documents(tx, &document_ids).await?, groups_of(tx, &group_ids).await?);
        Ok(Self { documents, groups, document_ids, group_ids })
    }

    /// Keeps what the change made of it, under the number of its revision, and forgets what is too old.
    pub(crate) async fn keep(self, tx: &DatabaseTransaction, number: i64) -> Result<(), StoreError> {
        let documents = pairs(self.documents, documents(tx, &self.document_ids).await?)?;
        let groups = pairs(self.groups, groups_of(tx, &self.group_ids).await?)?;
        let documents = documents.into_iter().map(|kept| (DOCUMENT, kept));
        let rows = documents.chain(groups.into_iter().map(|kept| (GROUP, kept)));
        let rows: Vec<_> = rows
            .map(|(sort, (object, before, after))| revision_change::ActiveModel {
                revision: Set(number),
                object: Set(object),
                sort: Set(sort.to_owned()),
                before: Set(before),
                after: Set(after),
            })
            .collect();
        for chunk in rows.chunks(CHUNK) {
            revision_change::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx).await?;
        }
        forget(tx, number - KEPT_REVISIONS).await
    }
}

/// Forgets the contents of this revision and of all before it.
async fn forget(tx: &DatabaseTransaction, last: i64) -> Result<(), StoreError> {
    use revision::Column;
    let forgotten = revision::Entity::update_many().col_expr(Column::Kept, Expr::value(false));
    let forgotten = forgotten.filter(Column::Number.lte(last)).filter(Column::Kept.eq(true));
    if forgotten.exec(tx).await?.rows_affected > 0 {
        let old = revision_change::Column::Revision.lte(last);
        revision_change::Entity::delete_many().filter(old).exec(tx).await?;
    }
    Ok(())
}

async fn documents(
    tx: &DatabaseTransaction,
    ids: &HashSet<Uuid>,
) -> Result<HashMap<Uuid, document::Model>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().copied().collect();
    let mut found = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let these = document::Column::Id.is_in(chunk.iter().copied());
        let rows = document::Entity::find().filter(these).all(tx).await?;
        found.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    Ok(found)
}

async fn groups_of(tx: &DatabaseTransaction, ids: &HashSet<Uuid>) -> Result<HashMap<Uuid, Group>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().copied().collect();
    Ok(groups::found(tx, &ids).await?.into_iter().map(|group| (group.pk, group)).collect())
}

type Pair = (Uuid, Option<String>, Option<String>);

fn pairs<T: serde::Serialize>(before: HashMap<Uuid, T>, mut after: HashMap<Uuid, T>) -> Result<Vec<Pair>, StoreError> {
    // Sealed bodies stand in a text of their own here, whose quotes are escaped once more.
    let text = |row: &T| to_json("body", row, BODY * 3);
    let mut all = Vec::with_capacity(before.len().max(after.len()));
    for (id, was) in before {
        all.push((id, Some(text(&was)?), after.remove(&id).map(|is| text(&is)).transpose()?));
    }
    for (id, is) in after {
        all.push((id, None, Some(text(&is)?)));
    }
    Ok(all)
}
