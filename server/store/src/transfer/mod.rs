//! A copy of everything: from one database into another, whichever of the two sorts each is.
//!
//! What there is to copy is asked of the schema itself ([`catalogue`]), so that a table that is added to it is copied
//! without anybody thinking of it. All is read from one snapshot and written in one transaction: who interrupts a copy
//! leaves the target as it was. Each table is read back before the transaction ends, and both sides are compared by
//! the number of rows and a checksum. Sealed values are copied as they are: both sides have the same secret key.
//!
//! What the target keeps for itself is told by [`LEFT`]; what triggers derive from other tables is made by the same
//! triggers there, and checked.

mod catalogue;
mod file;
mod numbers;
mod rows;
mod turn_back;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, IsolationLevel, TransactionOptions, TransactionTrait, Value,
};

use crate::{Backend, Lock, Store, StoreError, installation};
use catalogue::{Sort, Table};
pub use file::{BackupFile, FileError};
use rows::Digest;
pub use turn_back::{Restored, TurnBack, turn_back};

/// Longest time of one batch of rows, and of the end of the transaction.
const PATIENCE: Duration = Duration::from_secs(600);

/// A process that said that it is there within this time counts as running.
const ALIVE: TimeDelta = TimeDelta::seconds(100);

/// How often the lock on all tables is asked for.
const LOCK_TRIES: u32 = 10;

/// Where a copy says when it was made.
const MADE: &str = "copied_at";

/// Tables that are not copied, and why not.
pub const LEFT: [(&str, &str); 5] = [
    ("seaql_migrations", "the schema has its own"),
    ("changes", "what nodes tell each other concerns those of one database"),
    ("workers", "processes belong to one database"),
    ("user_search", "triggers make it of users"),
    ("user_counts", "triggers count users"),
];

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// One of the databases.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is something in the target already.
    #[error("the target is not empty ({found}); a copy needs a database in which nothing was ever made")]
    NotEmpty {
        /// Tables with their numbers of rows.
        found: String,
    },
    /// Both sides were compared, and differ.
    #[error("what was written is not what was read, in {tables}; nothing was changed")]
    Differs {
        /// The tables.
        tables: String,
    },
    /// The schema of one side is not the one of this program.
    #[error("the schema lacks migrations of this release ({missing}): run `lockgate migrate` first")]
    Outdated {
        /// The first of them.
        missing: String,
    },
    /// Servers run on a database that would become another installation under them.
    #[error(
        "the backup is of another installation than the one that is here, and a process of this one runs, or ran until \
         a moment ago ({process}); stop all servers and workers, and wait for {seconds} s if one was killed"
    )]
    Running {
        /// Its name.
        process: String,
        /// Until it counts as gone.
        seconds: i64,
    },
}

impl From<sea_orm::DbErr> for TransferError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// What became of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReport {
    /// Its name.
    pub name: String,
    /// Rows that were read.
    pub read: u64,
    /// Rows that are in the target now.
    pub written: u64,
    /// Checksum of what was read, in hex.
    pub checksum: String,
    /// Whether the target had rows of its own, which stay.
    pub joined: bool,
    /// Whether both sides are the same; of joined tables, whether nothing that was read is missing.
    pub equal: bool,
}

/// A whole installation, as it was at one moment, is in another database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transferred {
    /// Every table, in the order in which they were copied.
    pub tables: Vec<TableReport>,
    /// Processes that were running on the source: what they write from now on is not in the copy.
    pub running: Vec<String>,
}

impl Transferred {
    /// Rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.read).sum()
    }
}

/// Copies everything into a database that has the schema and nothing else.
///
/// # Errors
/// [`TransferError::NotEmpty`], [`TransferError::Outdated`], [`TransferError::Differs`], or whatever either database
/// answers; the target is as it was then.
pub async fn copy(from: &Store, into: &Store, now: DateTime<Utc>) -> Result<Transferred, TransferError> {
    from.require_current().await?;
    into.require_current().await?;
    let tables = catalogue::tables().await?;
    let alive = from.workers().since(now - ALIVE).await?;
    let source = snapshot(from).await?;
    let target = writing(into, &tables).await?;
    must_be_empty(&target, &tables).await?;
    empty(&target, &tables, &[]).await?;
    let reports = pour(&source, &target, &tables, &[]).await?;
    for table in tables.iter().filter(|table| table.numbered) {
        numbers::advance(&source, &target, table).await?;
    }
    installation::overwrite(&target.tx, MADE, now.to_rfc3339()).await?;
    installation::rename_log(&target.tx).await?;
    must_be_derived(&target).await?;
    source.end().await?;
    target.commit().await?;
    Ok(Transferred { tables: reports, running: alive.into_iter().map(|worker| worker.id).collect() })
}

/// Every column of every table in which a text holds these words, and in how many rows.
pub(crate) async fn texts_with(
    store: &Store,
    tx: &DatabaseTransaction,
    words: &str,
) -> Result<Vec<(String, u64)>, StoreError> {
    let mut found = Vec::new();
    for table in catalogue::tables().await? {
        for column in table.columns.iter().filter(|column| column.sort == Sort::Text) {
            let sql = format!("SELECT count(*) FROM {} WHERE {} LIKE $1", table.quoted(), column.quoted());
            let row = tx.query_one_raw(store.statement(&sql, [format!("%{words}%").into()])).await?;
            let rows: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
            if rows > 0 {
                found.push((format!("{}.{}", table.name, column.name), rows.unsigned_abs()));
            }
        }
    }
    Ok(found)
}

/// One side of a copy.
struct Side<'a> {
    store: &'a Store,
    tx: DatabaseTransaction,
}

impl Side<'_> {
    /// The number that a query answers in its first column; 0 for none.
    async fn number(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<i64, TransferError> {
        let row = patiently(self.tx.query_one_raw(self.store.statement(sql, values))).await?;
        Ok(row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten().unwrap_or_default())
    }

    async fn run(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<(), TransferError> {
        patiently(self.tx.execute_raw(self.store.statement(sql, values))).await.map(drop)
    }

    async fn commit(self) -> Result<(), TransferError> {
        patiently(self.tx.commit()).await
    }

    /// Lets go of what was only read.
    async fn end(self) -> Result<(), TransferError> {
        patiently(self.tx.rollback()).await
    }
}

/// Gives up on a statement that hangs.
async fn patiently<T>(work: impl Future<Output = Result<T, sea_orm::DbErr>>) -> Result<T, TransferError> {
    let late = || TransferError::Store(StoreError::Timeout(PATIENCE));
    Ok(tokio::time::timeout(PATIENCE, work).await.map_err(|_| late())??)
}

/// All that is read through it is as it was at one moment.
async fn snapshot(store: &Store) -> Result<Side<'_>, TransferError> {
    let options = match store.backend() {
        // What begins by reading sees nothing that is written later.
        Backend::Sqlite => TransactionOptions::default(),
        Backend::Postgres => TransactionOptions {
            isolation_level: Some(IsolationLevel::RepeatableRead),
            access_mode: Some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        },
    };
    let tx = store.reader().begin_with_options(options).await?;
    let side = Side { store, tx };
    be_patient(&side).await?;
    Ok(side)
}

/// A transaction that keeps everybody else from writing until it ends. Reading goes on.
async fn writing<'a>(store: &'a Store, tables: &[Table]) -> Result<Side<'a>, TransferError> {
    let mut tries = 1;
    loop {
        match locked(store, tables).await {
            // Somebody waited for us who had what we waited for, and the database chose us to give way.
            Err(TransferError::Store(StoreError::Unavailable { .. })) if tries < LOCK_TRIES => tries += 1,
            other => return other,
        }
    }
}

async fn locked<'a>(store: &'a Store, tables: &[Table]) -> Result<Side<'a>, TransferError> {
    let side = Side { store, tx: store.begin().await? };
    be_patient(&side).await?;
    // First, as whoever changes the configuration takes it first.
    store.lock(&side.tx, Lock::Configuration).await?;
    if store.backend() == Backend::Postgres {
        let names: Vec<String> = tables.iter().map(Table::quoted).collect();
        side.run(&format!("LOCK TABLE {} IN EXCLUSIVE MODE", names.join(", ")), []).await?;
    }
    Ok(side)
}

/// A copy takes longer than anything that a server does.
async fn be_patient(side: &Side<'_>) -> Result<(), TransferError> {
    if side.store.backend() == Backend::Postgres {
        let most = PATIENCE.as_millis();
        for limit in ["statement_timeout", "idle_in_transaction_session_timeout"] {
            side.run(&format!("SET LOCAL {limit} = {most}"), []).await?;
        }
        // Servers wait for locks as long at most, and must not all be refused because of ours.
        side.run("SET LOCAL lock_timeout = 60000", []).await?;
    }
    Ok(())
}

async fn must_be_empty(target: &Side<'_>, tables: &[Table]) -> Result<(), TransferError> {
    let mut found = Vec::new();
    for table in tables {
        // The key by which codes are recognised comes with the schema.
        let condition = if table.name == "installation" { " WHERE \"key\" <> 'recognise_key'" } else { "" };
        let rows = target.number(&format!("SELECT count(*) FROM {}{condition}", table.quoted()), []).await?;
        if rows > 0 {
            found.push(format!("{}: {rows}", table.name));
        }
    }
    if found.is_empty() { Ok(()) } else { Err(TransferError::NotEmpty { found: found.join(", ") }) }
}

/// Deletes all rows, but for those of `kept`; those that refer to others first.
async fn empty(target: &Side<'_>, tables: &[Table], kept: &[&str]) -> Result<(), TransferError> {
    for table in tables.iter().rev().filter(|table| !kept.contains(&table.name.as_str())) {
        target.run(&format!("DELETE FROM {}", table.quoted()), []).await?;
    }
    Ok(())
}

/// Copies all rows and compares. Of the tables in `joined`, rows of the target stay, and win over those of the source.
async fn pour(
    source: &Side<'_>,
    target: &Side<'_>,
    tables: &[Table],
    joined: &[&str],
) -> Result<Vec<TableReport>, TransferError> {
    let mut reports = Vec::new();
    for table in tables {
        let joins = joined.contains(&table.name.as_str());
        let read = rows::copy(source, target, table, joins).await?;
        let written = rows::digest(target, table).await?;
        let equal = if joins { written.rows >= read.rows } else { written == read };
        reports.push(report(table, &read, &written, joins, equal));
    }
    let wrong: Vec<&str> = reports.iter().filter(|table| !table.equal).map(|table| table.name.as_str()).collect();
    if wrong.is_empty() { Ok(reports) } else { Err(TransferError::Differs { tables: wrong.join(", ") }) }
}

fn report(table: &Table, read: &Digest, written: &Digest, joined: bool, equal: bool) -> TableReport {
    TableReport {
        name: table.name.clone(),
        read: read.rows,
        written: written.rows,
        checksum: read.hex(),
        joined,
        equal,
    }
}

/// What triggers have made of the accounts that came in is right.
async fn must_be_derived(target: &Side<'_>) -> Result<(), TransferError> {
    let wrong = |tables: &str| TransferError::Differs { tables: tables.to_owned() };
    let users = target.number("SELECT count(*) FROM users", []).await?;
    let active = target.number("SELECT count(*) FROM users WHERE is_active", []).await?;
    let counted = "SELECT CAST(coalesce(sum(users), 0) AS bigint) FROM user_counts";
    let counted_active = "SELECT CAST(coalesce(sum(active), 0) AS bigint) FROM user_counts";
    if target.number(counted, []).await? != users || target.number(counted_active, []).await? != active {
        return Err(wrong("user_counts"));
    }
    let found = "SELECT count(*) FROM user_search s JOIN users u ON u.pk = s.user_pk WHERE u.username = s.username \
                 AND u.name = s.name AND u.email = s.email AND u.search = s.search AND u.is_active = s.is_active \
                 AND u.date_joined = s.date_joined";
    let all = target.number("SELECT count(*) FROM user_search", []).await?;
    if target.number(found, []).await? != users || all != users {
        return Err(wrong("user_search"));
    }
    Ok(())
}
