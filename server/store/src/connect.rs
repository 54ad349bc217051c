//! Opening the database: one writer and several readers on SQLite, one pool on PostgreSQL.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sea_orm::{DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::StoreError;
use crate::error::Trouble;

/// Each has a thread and a page cache of its own.
const SQLITE_READERS: u32 = 4;

/// A connection to PostgreSQL that was used so recently is not asked whether it is still there before it is used again: that
/// would be a second question for each. A server that restarts is away for longer.
const TRUSTED: Duration = Duration::from_secs(1);

/// Between two attempts to reach a server that is not there yet.
const CONNECT_PAUSE: Duration = Duration::from_millis(250);

/// Where the database is and how patient to be with it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// `sqlite:path/to/file.db`, `sqlite::memory:`, `postgres://user:password@host/name` or the same with
    /// `postgresql:`.
    pub url: String,
    /// Connections of the PostgreSQL pool; of SQLite's readers, where more than 4 only cost memory.
    pub max_connections: u32,
    /// Longest wait at start for a server that is still starting itself.
    pub connect_timeout: Duration,
    /// Longest wait for a free connection of the pool.
    pub acquire_timeout: Duration,
    /// Longest time of one statement.
    pub statement_timeout: Duration,
    /// Only look: no file is made, and the database itself refuses every change.
    pub read_only: bool,
}

impl DatabaseSettings {
    /// The usual patience: 10 connections, 10 s to connect, 5 s for a free connection, 10 s a statement.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 10,
            connect_timeout: Duration::from_secs(10),
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            read_only: false,
        }
    }
}

impl std::fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("DatabaseSettings")
            .field("url", &format_args!("{scheme}:.."))
            .field("max_connections", &self.max_connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("read_only", &self.read_only)
            .finish()
    }
}

/// Connections for writing and for reading; the same pool twice where the database does not mind.
pub(crate) struct Connections {
    pub(crate) writer: DatabaseConnection,
    pub(crate) reader: DatabaseConnection,
    /// How to connect once more, where that is to PostgreSQL.
    pub(crate) postgres: Option<PgConnectOptions>,
}

pub(crate) async fn open(settings: &DatabaseSettings) -> Result<Connections, StoreError> {
    let scheme = settings.url.split(':').next().unwrap_or_default();
    match scheme {
        "sqlite" => {
            let patience = settings.connect_timeout;
            timeout(patience, open_sqlite(settings)).await.unwrap_or(Err(StoreError::Timeout(patience)))
        }
        "postgres" | "postgresql" => open_postgres(settings).await,
        _ => Err(StoreError::Address { reason: "it has to begin with sqlite: or postgres:".to_owned() }),
    }
}

async fn open_sqlite(settings: &DatabaseSettings) -> Result<Connections, StoreError> {
    let options = SqliteConnectOptions::from_str(&settings.url)
        .map_err(bad_address)?
        .create_if_missing(!settings.read_only)
        .foreign_keys(true)
        .busy_timeout(settings.acquire_timeout)
        .synchronous(SqliteSynchronous::Normal)
        .disable_statement_logging();
    // An in-memory database lives in its one connection, which therefore must never be closed.
    let pool = SqlitePoolOptions::new().acquire_timeout(settings.acquire_timeout).idle_timeout(None).max_lifetime(None);
    // A file cannot hang up.
    let pool = pool.test_before_acquire(false);
    if settings.url.contains(":memory:") || settings.url.contains("mode=memory") {
        let pool = pool.max_connections(1).connect_with(options).await.map_err(refused)?;
        let only = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
        return Ok(Connections { writer: only.clone(), reader: only, postgres: None });
    }
    let pool = pool.before_acquire(|connection, _| Box::pin(is_at_rest(connection)));
    let reading = options.clone().pragma("query_only", "ON");
    let readers = pool.clone().max_connections(settings.max_connections.clamp(1, SQLITE_READERS));
    if settings.read_only {
        must_exist(options.get_filename())?;
        let readers = readers.connect_with(reading).await.map_err(refused)?;
        let only = SqlxSqliteConnector::from_sqlx_sqlite_pool(readers);
        return Ok(Connections { writer: only.clone(), reader: only, postgres: None });
    }
    prepare_file(options.get_filename())?;
    let writing = options.journal_mode(SqliteJournalMode::Wal);
    let writer = pool.max_connections(1).connect_with(writing).await.map_err(refused)?;
    let readers = readers.connect_with(reading).await.map_err(refused)?;
    Ok(Connections {
        writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
        reader: SqlxSqliteConnector::from_sqlx_sqlite_pool(readers),
        postgres: None,
    })
}

/// Whether a connection that is to be used again is in no transaction; one that is in one is closed.
///
/// Where a full disk fails a COMMIT, SQLite has rolled back by itself, and the driver goes on to count a transaction: of the
/// next ones it makes marks in a transaction that nobody commits, which are lost although each said that it was done.
async fn is_at_rest(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // What was dropped is rolled back in the background: after everything that was asked before.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

fn must_exist(file: &Path) -> Result<(), StoreError> {
    let missing = || StoreError::Address { reason: format!("{}: there is no such file", file.display()) };
    if file.is_file() { Ok(()) } else { Err(missing()) }
}

/// Makes folder and file readable by their owner only: password hashes are in there.
fn prepare_file(file: &Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| StoreError::Address { reason: format!("{}: {error}", file.display()) };
    let mut folder = std::fs::DirBuilder::new();
    let mut opening = std::fs::OpenOptions::new();
    opening.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        folder.mode(0o700);
        opening.mode(0o600);
    }
    if let Some(parent) = file.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folder.recursive(true).create(parent).map_err(failed)?;
    }
    opening.open(file).map(drop).map_err(failed)
}

async fn open_postgres(settings: &DatabaseSettings) -> Result<Connections, StoreError> {
    let patience = settings.statement_timeout.as_millis().to_string();
    let read_only = settings.read_only.then_some(("default_transaction_read_only", "on"));
    let options = PgConnectOptions::from_str(&settings.url)
        .map_err(bad_address)?
        .application_name("lockgate")
        .options(read_only)
        .options([
            ("statement_timeout", patience.as_str()),
            ("lock_timeout", patience.as_str()),
            ("idle_in_transaction_session_timeout", "60000"),
        ])
        .disable_statement_logging();
    reach(&options, settings.connect_timeout).await?;
    let pool = PgPoolOptions::new()
        .max_connections(settings.max_connections.max(1))
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, known| {
            Box::pin(async move {
                if known.idle_for >= TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options.clone());
    let pool = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Connections { writer: pool.clone(), reader: pool, postgres: Some(options) })
}

/// Waits for a server that is still starting. Asked without the pool, whose only answer to every trouble
/// is that it timed out.
async fn reach(options: &PgConnectOptions, patience: Duration) -> Result<(), StoreError> {
    let deadline = Instant::now() + patience;
    loop {
        let attempt = timeout_at(deadline, options.connect()).await;
        let answer = attempt.map_err(|_| StoreError::Timeout(patience))?;
        match answer {
            Ok(connection) => return connection.close().await.map_err(refused),
            Err(sqlx::Error::Io(_)) if Instant::now() + CONNECT_PAUSE < deadline => sleep(CONNECT_PAUSE).await,
            Err(error) => return Err(refused(error)),
        }
    }
}

fn bad_address(error: sqlx::Error) -> StoreError {
    StoreError::Address { reason: error.to_string() }
}

fn refused(error: sqlx::Error) -> StoreError {
    let reason = error.to_string();
    match Trouble::of(&error) {
        Trouble::Damage => StoreError::Damaged { reason },
        _ => StoreError::Unavailable { reason },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::DatabaseSettings;
    use crate::{SealKey, Store, StoreError};

    #[test]
    fn debug_output_keeps_the_password() {
        let settings = DatabaseSettings::new("postgres://ada:hush@db/lockgate");
        assert!(!format!("{settings:?}").contains("hush"));
    }

    #[tokio::test]
    async fn an_in_memory_database_lasts_as_long_as_its_store() -> Result<(), StoreError> {
        let store = Store::in_memory(SealKey::derive(b"test")?).await?;
        store.installation().set("id", "x").await?;
        assert_eq!(store.installation().get("id").await?.as_deref(), Some("x"));
        Ok(())
    }

    #[tokio::test]
    async fn a_useless_address_is_refused_in_words() -> Result<(), StoreError> {
        for url in ["", "mysql://db/x", "data/lockgate.db"] {
            let refused = Store::connect(&DatabaseSettings::new(url), SealKey::derive(b"test")?).await;
            assert!(matches!(refused, Err(StoreError::Address { .. })), "{url}: {refused:?}");
        }
        let mut nobody = DatabaseSettings::new("postgres://ada:hush@127.0.0.1:1/x");
        nobody.connect_timeout = Duration::from_millis(300);
        let refused = Store::connect(&nobody, SealKey::derive(b"test")?).await;
        assert!(matches!(&refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
        assert!(!format!("{refused:?}").contains("hush"));
        Ok(())
    }
}
