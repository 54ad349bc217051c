//! Facts about the installation as keys and values, such as its identifier, and numbers that are never
//! given out twice.

use aws_lc_rs::rand;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::entity::installation::{ActiveModel, Column, Entity};
use crate::text::{TEXT, fits};
use crate::{Store, StoreError};

/// Keys and values of the installation.
#[derive(Debug, Clone, Copy)]
pub struct Installation<'a> {
    pub(crate) store: &'a Store,
}

impl Installation<'_> {
    /// The value under this key.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        fits("key", key, 100)?;
        self.store
            .bounded(async {
                let row = Entity::find_by_id(key).one(self.store.reader()).await?;
                Ok(row.map(|row| row.value))
            })
            .await
    }

    /// Everything under keys that begin like this, by key.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn below(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.store
            .bounded(async {
                let found = Entity::find().filter(Column::Key.starts_with(prefix)).order_by_asc(Column::Key);
                let rows = found.all(self.store.reader()).await?;
                Ok(rows.into_iter().map(|row| (row.key, row.value)).collect())
            })
            .await
    }

    /// The value under this key, which is `value` if there was none. However many processes ask at
    /// once, all get the same answer.
    ///
    /// # Errors
    /// [`StoreError::TooLong`], or whatever the database answers.
    pub async fn get_or_insert(&self, key: &str, value: &str) -> Result<String, StoreError> {
        if let Some(known) = self.get(key).await? {
            return Ok(known);
        }
        let unless_known = OnConflict::column(Column::Key).do_nothing().to_owned();
        self.put(key, value, unless_known).await?;
        let stored = self.get(key).await?;
        stored.ok_or(StoreError::NotFound { what: "installation key" })
    }

    /// Sets a value, whatever was there.
    ///
    /// # Errors
    /// [`StoreError::TooLong`], or whatever the database answers.
    pub async fn set(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let overwrite = OnConflict::column(Column::Key).update_column(Column::Value).to_owned();
        self.put(key, value, overwrite).await
    }

    async fn put(&self, key: &str, value: &str, known: OnConflict) -> Result<(), StoreError> {
        fits("key", key, 100)?;
        fits("value", value, TEXT)?;
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let row = ActiveModel { key: Set(key.to_owned()), value: Set(value.to_owned()) };
                Entity::insert(row).on_conflict(known).exec_without_returning(&tx).await?;
                Ok(tx.commit().await?)
            })
            .await
    }
}

/// Key of the fact that names the log of changes: another database, and one that has become what it was, has another one.
pub const LOG: &str = "log";

/// Names the log anew within a transaction.
pub(crate) async fn rename_log(tx: &impl ConnectionTrait) -> Result<(), StoreError> {
    let mut name = [0_u8; 16];
    rand::fill(&mut name).map_err(|_| StoreError::Seal { what: "the installation".to_owned() })?;
    overwrite(tx, LOG, hex::encode(name)).await
}

/// Sets a value within a transaction.
pub(crate) async fn overwrite(tx: &impl ConnectionTrait, key: &str, value: String) -> Result<(), StoreError> {
    let row = ActiveModel { key: Set(key.to_owned()), value: Set(value) };
    let overwrite = OnConflict::column(Column::Key).update_column(Column::Value).to_owned();
    Entity::insert(row).on_conflict(overwrite).exec_without_returning(tx).await?;
    Ok(())
}

/// Counters, each with its own sequence of numbers from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Counter {
    Document,
    Group,
}

/// The next number of a counter. Other transactions that want one wait for the end of this one.
pub(crate) async fn next(store: &Store, tx: &impl ConnectionTrait, counter: Counter) -> Result<i32, StoreError> {
    let name = match counter {
        Counter::Document => "document",
        Counter::Group => "group",
    };
    let sql = "INSERT INTO counters (name, value) VALUES ($1, 1)
        ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
    let row = tx.query_one_raw(store.statement(sql, [name.into()])).await?;
    let corrupt = || StoreError::Corrupt { what: "counters.value".to_owned() };
    let value: i64 = row.ok_or_else(corrupt)?.try_get_by_index(0)?;
    i32::try_from(value).map_err(|_| corrupt())
}
