//! What every check starts from: an empty, migrated database of its own, and makers of test data.

use std::error::Error;

use chrono::{DateTime, TimeDelta, Utc};
use lockgate_model::{Document, Origin, Source, User, UserType};
use lockgate_store::{
    DatabaseSettings, LoginScore, NewGroup, NewUser, RevisionMeta, RevisionOrigin, ScoreRules, SealKey, Session, Store,
    hash_secret,
};
use serde_json::{Map, Value, json};
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};
use uuid::Uuid;

pub(crate) type Outcome = Result<(), Box<dyn Error>>;

pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) settings: DatabaseSettings,
    place: Place,
}

enum Place {
    Folder(#[expect(dead_code, reason = "removed when dropped")] tempfile::TempDir),
    Schema { url: String, name: String },
}

impl Bench {
    pub(crate) async fn sqlite() -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("new folder").join("lockgate.db");
        let url = format!("sqlite:{}", file.display());
        Self::open(DatabaseSettings::new(url), Place::Folder(folder)).await
    }

    /// A schema of its own for each check.
    pub(crate) async fn postgres(check: &str) -> Result<Option<Self>, Box<dyn Error>> {
        #[expect(clippy::disallowed_methods, reason = "the test's own setting")]
        let Ok(url) = std::env::var("LOCKGATE_TEST_POSTGRES_URL") else {
            return Ok(None);
        };
        let short: String = check.chars().take(30).collect();
        let name = format!("store_{}_{short}", std::process::id());
        let mut connection = PgConnection::connect(&url).await?;
        let make = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
        connection.execute(sqlx::AssertSqlSafe(make)).await?;
        let joint = if url.contains('?') { '&' } else { '?' };
        let mut settings = DatabaseSettings::new(format!("{url}{joint}options[search_path]={name}"));
        settings.max_connections = 4;
        Self::open(settings, Place::Schema { url, name }).await.map(Some)
    }

    async fn open(settings: DatabaseSettings, place: Place) -> Result<Self, Box<dyn Error>> {
        let store = Store::connect(&settings, key()?).await?;
        store.migrate().await?;
        Ok(Self { store, settings, place })
    }

    /// Closes the database and removes it.
    pub(crate) async fn clear(self) -> Outcome {
        self.store.close().await?;
        if let Place::Schema { url, name } = &self.place {
            let mut connection = PgConnection::connect(url).await?;
            let drop = format!("DROP SCHEMA {name} CASCADE");
            connection.execute(sqlx::AssertSqlSafe(drop)).await?;
        }
        Ok(())
    }

    /// The first column of every row that a query answers, as text, past the store.
    pub(crate) async fn raw(&self, sql: &str) -> Result<Vec<String>, Box<dyn Error>> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let url = &self.settings.url;
        if url.starts_with("sqlite") {
            let pool = sqlx::SqlitePool::connect(url).await?;
            return Ok(sqlx::query_scalar(sql).fetch_all(&pool).await?);
        }
        let mut connection = PgConnection::connect(url).await?;
        Ok(sqlx::query_scalar(sql).fetch_all(&mut connection).await?)
    }

    pub(crate) async fn user(&self, name: &str) -> Result<User, Box<dyn Error>> {
        Ok(self.store.users().create(new_user(name), now()).await?)
    }

    /// A group below these parents.
    pub(crate) async fn group(&self, name: &str, parents: &[Uuid]) -> Result<Uuid, Box<dyn Error>> {
        let new = NewGroup { parents: parents.to_vec(), ..new_group(name) };
        Ok(self.store.groups().create(new, now()).await?.pk)
    }

    /// A session of a user under this secret.
    pub(crate) async fn session(&self, secret: &str, user: i64) -> Result<Session, Box<dyn Error>> {
        let session = Session { user_pk: Some(user), ..new_session(secret) };
        self.store.sessions().create(&session).await?;
        Ok(session)
    }
}

pub(crate) fn key() -> Result<SealKey, Box<dyn Error>> {
    Ok(SealKey::derive(b"a secret key for tests")?)
}

/// The moment at which tests happen.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 123_456_000).unwrap_or_default()
}

pub(crate) fn later(seconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(seconds)
}

/// An identifier made from a name, so that failures can be read.
pub(crate) fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

pub(crate) fn new_user(name: &str) -> NewUser {
    NewUser {
        uuid: id(name),
        username: name.to_owned(),
        name: format!("{name} of the Test"),
        email: format!("{name}@Example.com"),
        is_active: true,
        user_type: UserType::Internal,
        path: "users".to_owned(),
        attributes: Map::new(),
        groups: Vec::new(),
        password_hash: None,
    }
}

pub(crate) fn new_group(name: &str) -> NewGroup {
    NewGroup {
        pk: id(name),
        name: name.to_owned(),
        is_superuser: false,
        parents: Vec::new(),
        attributes: Map::new(),
        origin: Origin::Api,
        source: None,
    }
}

pub(crate) fn new_session(secret: &str) -> Session {
    Session {
        id_hash: hash_secret(secret),
        uuid: id(secret),
        user_pk: None,
        data: json!({"plans": {}}).into(),
        rev: 0,
        created: now(),
        last_used: now(),
        expires: later(3600),
        last_ip: "192.0.2.7".to_owned(),
        user_agent: "Browser/1.0 (100% test)".to_owned(),
        login_event: None,
        auth: Some(json!({"method": "password"}).into()),
        original_pk: None,
    }
}

pub(crate) fn document(kind: &str, name: &str, body: Value) -> Document {
    Document {
        id: id(&format!("{kind} {name}")),
        number: None,
        kind: kind.to_owned(),
        name: name.to_owned(),
        origin: Origin::Folder,
        source: Some(Source { file: "apps/a.yaml".to_owned(), line: 7 }),
        managed: None,
        body,
        version: 1,
        created: now(),
        updated: now(),
    }
}

pub(crate) fn meta(summary: &str) -> RevisionMeta {
    RevisionMeta {
        author: "ada".to_owned(),
        origin: RevisionOrigin::Folder,
        summary: summary.to_owned(),
        git_commit: Some("0123abc".to_owned()),
        git_dirty: true,
        at: now(),
    }
}

/// What counts a login from this address.
pub(crate) fn score(ip: &str) -> LoginScore<'_> {
    const RULES: ScoreRules = ScoreRules { lowest: -5, highest: 5, life: TimeDelta::days(1) };
    LoginScore { key: id("score"), ip, rules: &RULES }
}
