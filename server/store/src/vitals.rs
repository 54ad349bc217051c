//! What a database says of itself, for whoever looks after it.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult};

use crate::{Backend, Store, StoreError};

/// What a database says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Vitals {
    /// Its version, as it writes it.
    pub version: String,
    /// The version as one number, such as 140005 for 14.5; of PostgreSQL alone.
    pub number: Option<i32>,
    /// How SQLite keeps its journal; `wal` is right.
    pub journal: Option<String>,
    /// Its clock, where it has one of its own.
    pub time: Option<DateTime<Utc>>,
}

impl Store {
    /// Asks the database about itself. Changes nothing.
    ///
    /// # Errors
    /// Whatever it answers.
    pub async fn vitals(&self) -> Result<Vitals, StoreError> {
        match self.backend() {
            Backend::Postgres => {
                let sql = "SELECT current_setting('server_version') AS version, \
                           current_setting('server_version_num')::int4 AS number, clock_timestamp() AS time";
                let row = self.row(sql).await?;
                Ok(Vitals {
                    version: row.try_get("", "version")?,
                    number: row.try_get("", "number")?,
                    journal: None,
                    time: row.try_get("", "time")?,
                })
            }
            Backend::Sqlite => {
                let version = self.row("SELECT sqlite_version() AS version").await?.try_get("", "version")?;
                let journal = self.row("PRAGMA journal_mode").await?.try_get("", "journal_mode")?;
                Ok(Vitals { version, number: None, journal, time: None })
            }
        }
    }

    /// What SQLite finds broken in its file, which it reads through for that; PostgreSQL looks after its own. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Timeout`] where that takes too long, or whatever the database answers.
    pub async fn damage(&self) -> Result<Vec<String>, StoreError> {
        if self.backend() == Backend::Postgres {
            return Ok(Vec::new());
        }
        let looked = self.bounded(async {
            let rows = self.reader().query_all_raw(self.statement("PRAGMA quick_check(3)", [])).await?;
            rows.iter().map(|row| Ok(row.try_get_by_index::<String>(0)?)).collect::<Result<Vec<_>, StoreError>>()
        });
        match looked.await {
            Ok(said) => Ok(said.into_iter().filter(|line| line != "ok").collect()),
            Err(StoreError::Damaged { reason }) => Ok(vec![reason]),
            Err(error) => Err(error),
        }
    }

    async fn row(&self, sql: &str) -> Result<QueryResult, StoreError> {
        let asked = self.bounded(async { Ok(self.reader().query_one_raw(self.statement(sql, [])).await?) });
        asked.await?.ok_or_else(|| StoreError::Corrupt { what: "its own facts".to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use crate::{SealKey, Store, StoreError};

    #[tokio::test]
    async fn a_database_tells_its_version() -> Result<(), StoreError> {
        let vitals = Store::in_memory(SealKey::derive(b"test")?).await?.vitals().await?;
        assert!(vitals.version.starts_with("3."), "{vitals:?}");
        assert_eq!(vitals.journal.as_deref(), Some("memory"));
        Ok(())
    }

    #[tokio::test]
    async fn a_sound_database_has_no_damage() -> Result<(), StoreError> {
        assert_eq!(Store::in_memory(SealKey::derive(b"test")?).await?.damage().await?, Vec::<String>::new());
        Ok(())
    }
}
