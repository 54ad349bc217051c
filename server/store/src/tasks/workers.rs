//! Which processes work in the background.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::entity::worker;
use crate::text::{cut, micros};
use crate::{Store, StoreError};

/// A process that works in the background.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Its name, unique.
    pub id: String,
    /// The program's version.
    pub version: String,
    /// When it last said that it is there.
    pub seen: DateTime<Utc>,
}

/// Workers; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Workers<'a> {
    pub(crate) store: &'a Store,
}

impl Workers<'_> {
    /// Notes that a worker is there, and forgets those that were not since a moment.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn seen(&self, worker: &Worker, since: DateTime<Utc>) -> Result<(), StoreError> {
        use worker::Column;
        let row = worker::ActiveModel {
            id: Set(cut(&worker.id, 100)),
            version: Set(cut(&worker.version, 50)),
            seen: Set(micros(worker.seen)),
        };
        let again = OnConflict::column(Column::Id).update_columns([Column::Version, Column::Seen]).to_owned();
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                worker::Entity::insert(row).on_conflict(again).exec_without_returning(&tx).await?;
                worker::Entity::delete_many().filter(Column::Seen.lt(micros(since))).exec(&tx).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// Forgets a worker that has ended.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn gone(&self, id: &str) -> Result<(), StoreError> {
        let work = worker::Entity::delete_by_id(cut(id, 100)).exec(self.store.writer());
        self.store.bounded(async { Ok(work.await.map(drop)?) }).await
    }

    /// The workers that were there since a moment, by name.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn since(&self, since: DateTime<Utc>) -> Result<Vec<Worker>, StoreError> {
        use worker::Column;
        self.store
            .bounded(async {
                let alive = worker::Entity::find().filter(Column::Seen.gte(micros(since))).order_by_asc(Column::Id);
                let rows = alive.all(self.store.reader()).await?;
                let shown = |row: worker::Model| Worker { id: row.id, version: row.version, seen: row.seen };
                Ok(rows.into_iter().map(shown).collect())
            })
            .await
    }
}
