//! The store itself: its connections, its migrations, its patience, and the doors to the repositories.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use sqlx::postgres::PgConnectOptions;
use tracing::{Instrument as _, Span};

use crate::connect::{self, Connections};
use crate::user_places::Places;
use crate::{
    Authenticators, Changes, Codes, Consents, DatabaseSettings, Decisions, DeviceCodes, Documents, Events, Figures,
    FlowTokens, Groups, Installation, Invitations, Logins, Notifications, OAuthTokens, Once, ProxySessions,
    PublishedKeys, Reputations, Roles, Schedules, SealKey, Sessions, StoreError, Tasks, Tokens, Users, Workers,
};

/// Which database is behind the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// One file, one process.
    Sqlite,
    /// A server that several processes share.
    Postgres,
}

/// What a process-wide lock of the database protects; only PostgreSQL needs it, since SQLite's
/// immediate transactions run one at a time anyway.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lock {
    Migration = 0x4c4f_0001,
    Configuration = 0x4c4f_0002,
}

/// The database of an installation. Cloning shares the connections.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    seal: SealKey,
    patience: Duration,
    places: Places,
    postgres: Option<PgConnectOptions>,
    away: AtomicBool,
    calls: AtomicU32,
    watch: OnceLock<Watch>,
}

/// Whoever is told how long each call to the database took, and whether it failed.
pub type Watch = fn(Duration, bool);

/// How busy the way to the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Calls that run or wait for a connection.
    pub calls: u32,
    /// Connections that are open.
    pub open: u32,
    /// Those of them that nobody uses.
    pub idle: u32,
}

/// A call; it is over when it is dropped.
struct Call<'s>(&'s AtomicU32);

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Store {
    /// Opens the database; on SQLite makes folder and file if they are missing. The schema is not
    /// touched, see [`Self::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Address`] for a useless address, [`StoreError::Unavailable`] or
    /// [`StoreError::Timeout`] if nobody answers there.
    pub async fn connect(settings: &DatabaseSettings, seal: SealKey) -> Result<Self, StoreError> {
        let Connections { writer, reader, postgres } = connect::open(settings).await?;
        let patience = settings.acquire_timeout + settings.statement_timeout;
        let (places, away, calls, watch) = Default::default();
        Ok(Self { inner: Arc::new(Inner { writer, reader, seal, patience, places, postgres, away, calls, watch }) })
    }

    /// An empty database in memory with its schema, which ends with the store: for a try, and for tests.
    ///
    /// # Errors
    /// As [`Self::connect`] and [`Self::migrate`].
    pub async fn in_memory(seal: SealKey) -> Result<Self, StoreError> {
        let store = Self::connect(&DatabaseSettings::new("sqlite::memory:"), seal).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Asks the database for a sign of life, for readiness.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Timeout`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.bounded(Box::pin(async { Ok(self.reader().ping().await?) })).await
    }

    /// Closes all connections, after what is running.
    ///
    /// # Errors
    /// Whatever the driver answers.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.reader.close_by_ref().await?;
        Ok(self.inner.writer.close_by_ref().await?)
    }

    /// Tells somebody of each call from now on; the first one who asks.
    pub fn watched_by(&self, watch: Watch) {
        let _ = self.inner.watch.set(watch);
    }

    /// How busy the way to the database is.
    #[must_use]
    pub fn load(&self) -> Load {
        let of = |db: &DatabaseConnection| match self.backend() {
            Backend::Postgres => pool(db.get_postgres_connection_pool()),
            Backend::Sqlite => pool(db.get_sqlite_connection_pool()),
        };
        let (open, idle) = match (of(&self.inner.reader), self.backend()) {
            (readers, Backend::Postgres) => readers,
            (readers, Backend::Sqlite) => {
                let writer = of(&self.inner.writer);
                (readers.0 + writer.0, readers.1 + writer.1)
            }
        };
        Load { calls: self.inner.calls.load(Ordering::Relaxed), open, idle }
    }

    /// Which database this is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match self.inner.writer.get_database_backend() {
            DbBackend::Postgres => Backend::Postgres,
            _ => Backend::Sqlite,
        }
    }

    /// The key under which secrets are sealed.
    #[must_use]
    pub fn seal_key(&self) -> &SealKey {
        &self.inner.seal
    }

    /// Configuration documents, their references and revisions.
    #[must_use]
    pub fn documents(&self) -> Documents<'_> {
        Documents { store: self }
    }

    /// Accounts and their passwords.
    #[must_use]
    pub fn users(&self) -> Users<'_> {
        Users { store: self }
    }

    /// Groups and memberships.
    #[must_use]
    pub fn groups(&self) -> Groups<'_> {
        Groups { store: self }
    }

    /// Who holds which role directly.
    #[must_use]
    pub fn roles(&self) -> Roles<'_> {
        Roles { store: self }
    }

    /// Tokens of the API, app passwords, recovery links.
    #[must_use]
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens { store: self }
    }

    /// Links in mails that lead back into a flow.
    #[must_use]
    pub fn flow_tokens(&self) -> FlowTokens<'_> {
        FlowTokens { store: self }
    }

    /// Browser sessions.
    #[must_use]
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions { store: self }
    }

    /// Sessions of protected services.
    #[must_use]
    pub fn proxy_sessions(&self) -> ProxySessions<'_> {
        ProxySessions { store: self }
    }

    /// Authorization codes.
    #[must_use]
    pub fn codes(&self) -> Codes<'_> {
        Codes { store: self }
    }

    /// Access and refresh tokens.
    #[must_use]
    pub fn oauth_tokens(&self) -> OAuthTokens<'_> {
        OAuthTokens { store: self }
    }

    /// Device codes.
    #[must_use]
    pub fn device_codes(&self) -> DeviceCodes<'_> {
        DeviceCodes { store: self }
    }

    /// Pushed requests, and identifiers that count once.
    #[must_use]
    pub fn once(&self) -> Once<'_> {
        Once { store: self }
    }

    /// Public keys of providers.
    #[must_use]
    pub fn published_keys(&self) -> PublishedKeys<'_> {
        PublishedKeys { store: self }
    }

    /// Sign-ins of sessions at providers.
    #[must_use]
    pub fn logins(&self) -> Logins<'_> {
        Logins { store: self }
    }

    /// Consents of users.
    #[must_use]
    pub fn consents(&self) -> Consents<'_> {
        Consents { store: self }
    }

    /// Invitations.
    #[must_use]
    pub fn invitations(&self) -> Invitations<'_> {
        Invitations { store: self }
    }

    /// Authenticators.
    #[must_use]
    pub fn authenticators(&self) -> Authenticators<'_> {
        Authenticators { store: self }
    }

    /// Scores of names and addresses.
    #[must_use]
    pub fn reputation(&self) -> Reputations<'_> {
        Reputations { store: self }
    }

    /// The audit log.
    #[must_use]
    pub fn events(&self) -> Events<'_> {
        Events { store: self }
    }

    /// The installation in figures.
    #[must_use]
    pub fn figures(&self) -> Figures<'_> {
        Figures { store: self }
    }

    /// What people are told of events.
    #[must_use]
    pub fn notifications(&self) -> Notifications<'_> {
        Notifications { store: self }
    }

    /// Work in the background.
    #[must_use]
    pub fn tasks(&self) -> Tasks<'_> {
        Tasks { store: self }
    }

    /// What is done again and again.
    #[must_use]
    pub fn schedules(&self) -> Schedules<'_> {
        Schedules { store: self }
    }

    /// Which processes work in the background.
    #[must_use]
    pub fn workers(&self) -> Workers<'_> {
        Workers { store: self }
    }

    /// The log of decisions.
    #[must_use]
    pub fn decisions(&self) -> Decisions<'_> {
        Decisions { store: self }
    }

    /// The log by which nodes learn what to forget.
    #[must_use]
    pub fn changes(&self) -> Changes<'_> {
        Changes { store: self }
    }

    /// Facts about the installation.
    #[must_use]
    pub fn installation(&self) -> Installation<'_> {
        Installation { store: self }
    }

    /// What is remembered of long lists.
    pub(crate) fn places(&self) -> &Places {
        &self.inner.places
    }

    /// How to connect once more, where that is to PostgreSQL.
    pub(crate) fn postgres(&self) -> Option<&PgConnectOptions> {
        self.inner.postgres.as_ref()
    }

    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.inner.reader
    }

    /// For a write of a single statement that nobody has to hear of, which is a transaction by itself.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.inner.writer
    }

    /// A transaction for writing. On SQLite it takes the write lock at once: a transaction that reads
    /// first and writes later could not be repeated when somebody else wrote in between.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: match self.backend() {
                Backend::Sqlite => Some(SqliteTransactionMode::Immediate),
                Backend::Postgres => None,
            },
            ..TransactionOptions::default()
        };
        Ok(self.inner.writer.begin_with_options(options).await?)
    }

    /// Waits until no other transaction of any process holds this lock; it is held until the end of
    /// the transaction.
    pub(crate) async fn lock(&self, tx: &DatabaseTransaction, lock: Lock) -> Result<(), StoreError> {
        if self.backend() == Backend::Postgres {
            let values = [(lock as i64).into()];
            tx.execute_raw(self.statement("SELECT pg_advisory_xact_lock($1)", values)).await?;
        }
        Ok(())
    }

    /// A statement in SQL that both databases understand; parameters are written `$1`, `$2`, ….
    pub(crate) fn statement(&self, sql: &str, values: impl IntoIterator<Item = sea_orm::Value>) -> Statement {
        Statement::from_sql_and_values(self.inner.writer.get_database_backend(), sql, values)
    }

    /// Notes whether the database is away, as whoever looks for it again and again knows. While it is, everything else
    /// fails at once: a crowd that waits for it would only be in its way when it is back.
    pub fn note_away(&self, is_away: bool) {
        self.inner.away.store(is_away, Ordering::Release);
    }

    /// Whether the database is away, as far as [`Self::note_away`] was told.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.inner.away.load(Ordering::Acquire)
    }

    /// Gives up on work that hangs, even where the database's own timeouts do not reach (a connection
    /// that silently died). An unfinished transaction is rolled back.
    pub(crate) fn bounded<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> impl Future<Output = Result<T, StoreError>> {
        // On the heap: what asks the database is large, and would be moved from one future into the next.
        let work = Box::pin(work);
        async move {
            if self.is_away() {
                return Err(StoreError::Unavailable { reason: "it has not answered for a while".to_owned() });
            }
            self.bounded_even_away(work).await
        }
    }

    /// As [`Self::bounded`], for whoever looks whether the database is there again.
    pub(crate) async fn bounded_even_away<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let patience = self.inner.patience;
        let began = Instant::now();
        self.inner.calls.fetch_add(1, Ordering::Relaxed);
        let call = Call(&self.inner.calls);
        let done =
            tokio::time::timeout(patience, work.instrument(span())).await.unwrap_or(Err(StoreError::Timeout(patience)));
        drop(call);
        if let Some(watch) = self.inner.watch.get() {
            let failed = matches!(
                &done,
                Err(StoreError::Timeout(_)
                    | StoreError::Unavailable { .. }
                    | StoreError::Damaged { .. }
                    | StoreError::Database(_))
            );
            watch(began.elapsed(), failed);
        }
        done
    }
}

/// Connections of a pool that are open, and those of them that nobody uses.
fn pool<D: sqlx::Database>(pool: &sqlx::Pool<D>) -> (u32, u32) {
    (pool.size(), u32::try_from(pool.num_idle()).unwrap_or(u32::MAX))
}

/// A call in the trace of a request; nothing where none is traced.
fn span() -> Span {
    tracing::trace_span!(target: "lockgate::trace", "database", otel.kind = "client")
}
