//! The schema of the database: brought up to date once, however many processes start together, and never used when it is
//! one of a later release.

use std::collections::HashSet;
use std::time::Duration;

use lockgate_migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement};

use crate::{Backend, Lock, Store, StoreError, TransferError, installation};

/// Longest time of all migrations together.
const MIGRATION_PATIENCE: Duration = Duration::from_secs(600);

/// Where the key lies by which codes are recognised.
pub(crate) const RECOGNISE_KEY: &str = "recognise_key";

/// One migration and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// File name of the migration.
    pub name: String,
    /// Whether it was applied.
    pub applied: bool,
}

impl Store {
    /// Brings the schema up to date: all pending migrations or none. Processes that start together
    /// take turns. Answers which migrations it has applied.
    ///
    /// # Errors
    /// [`StoreError::Newer`] for a schema of a later release, [`StoreError::Seal`] if the secret key is not that of the
    /// installation, or whatever the database answers.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        let work = async {
            let tx = self.begin().await?;
            self.be_patient(&tx).await?;
            self.lock(&tx, Lock::Migration).await?;
            let before = known(applied(&tx).await?)?;
            Migrator::up(&tx, None).await?;
            self.settle(&tx).await?;
            tx.commit().await?;
            Ok(names().filter(|name| !before.contains(name)).collect())
        };
        let late = Err(StoreError::Timeout(MIGRATION_PATIENCE));
        tokio::time::timeout(MIGRATION_PATIENCE, work).await.unwrap_or(late)
    }

    /// Every migration in order, and whether it was applied. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Newer`] for a schema of a later release, or whatever the database answers.
    pub async fn migration_status(&self) -> Result<Vec<MigrationState>, StoreError> {
        let applied = known(self.bounded(applied(self.reader())).await?)?;
        Ok(names().map(|name| MigrationState { applied: applied.contains(&name), name }).collect())
    }

    /// The first migration that the database lacks. One of a later release has them all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn missing_migration(&self) -> Result<Option<String>, StoreError> {
        let applied = self.bounded(Box::pin(applied(self.reader()))).await?;
        Ok(names().find(|name| !applied.contains(name)))
    }

    /// Refuses a database whose schema is not exactly that of this program.
    pub(crate) async fn require_current(&self) -> Result<(), TransferError> {
        match self.migration_status().await?.into_iter().find(|migration| !migration.applied) {
            Some(missing) => Err(TransferError::Outdated { missing: missing.name }),
            None => Ok(()),
        }
    }

    pub(crate) async fn be_patient(&self, tx: &DatabaseTransaction) -> Result<(), StoreError> {
        if self.backend() == Backend::Postgres {
            let patience = MIGRATION_PATIENCE.as_millis();
            let patient = format!("SET LOCAL statement_timeout = {patience}; SET LOCAL lock_timeout = {patience}");
            tx.execute_unprepared(&patient).await?;
        }
        Ok(())
    }

    /// The key by which codes are recognised outlives the secret key, since what it made cannot be made again: it is kept,
    /// sealed. An installation of a release that derived it goes on with what was derived.
    async fn settle(&self, tx: &DatabaseTransaction) -> Result<(), StoreError> {
        let asked = self.statement("SELECT value FROM installation WHERE \"key\" = $1", [RECOGNISE_KEY.into()]);
        let key = self.seal_key();
        if let Some(row) = tx.query_one_raw(asked).await? {
            let sealed: String = row.try_get_by_index(0)?;
            key.recognise_by(&key.open(RECOGNISE_KEY, &sealed)?);
            return Ok(());
        }
        let people = tx.query_one_raw(self.statement("SELECT 1 FROM users LIMIT 1", [])).await?;
        if people.is_some() && key.has_others() {
            return Err(StoreError::TooManyKeys);
        }
        let made = key.new_recognition(people.is_some())?;
        installation::overwrite(tx, RECOGNISE_KEY, key.seal(RECOGNISE_KEY, &made)?).await?;
        key.recognise_by(&made);
        Ok(())
    }
}

fn names() -> impl Iterator<Item = String> {
    Migrator::migrations().into_iter().map(|migration| migration.name().to_owned())
}

/// The migrations that the database has; none where there is nothing yet.
async fn applied(db: &impl ConnectionTrait) -> Result<HashSet<String>, StoreError> {
    let backend = db.get_database_backend();
    let there = match backend {
        DbBackend::Postgres => "SELECT 1 WHERE to_regclass('seaql_migrations') IS NOT NULL",
        _ => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
    };
    if db.query_one_raw(Statement::from_string(backend, there)).await?.is_none() {
        return Ok(HashSet::new());
    }
    let all = Statement::from_string(backend, "SELECT version FROM seaql_migrations");
    let rows = db.query_all_raw(all).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

/// Refuses what only a later release can have made.
fn known(applied: HashSet<String>) -> Result<HashSet<String>, StoreError> {
    let known: HashSet<String> = names().collect();
    match applied.difference(&known).min() {
        Some(unknown) => Err(StoreError::Newer { migration: unknown.clone() }),
        None => Ok(applied),
    }
}
