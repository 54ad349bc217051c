//! Settings: defaults, then a TOML file, then the environment (`LOCKGATE_*`, and under `AUTHENTIK_*`
//! with the reference's names). Read once at start; a bad value is an error that names it.

mod email;
mod environment;
mod git;
mod own;
mod redis;
mod tls;
mod traces;

use chrono::TimeDelta;
use email::EmailSettings;
use environment::{Environment, from_environment};
use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
};
use git::GitSettings;
use ipnet::IpNet;
use lockgate_flows::ProcessEnvironment;
use lockgate_identity::{git::Upstream, guessing::Allowance, places::GeoFiles};
use lockgate_model::Validity;
use lockgate_store::ScoreRules;
use own::Own;
use redis::RedisSettings;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use thiserror::Error;
pub(crate) use tls::TlsFiles;
use tls::{Https, TlsSettings};
use url::Url;

pub(crate) use traces::Tracing;

/// Everything that is set outside the configuration folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// What all of this was read from.
    #[serde(skip)]
    pub(crate) own: Own,
    /// Where we listen and whom we believe.
    pub(crate) listen: Listen,
    /// Folder of the embedded database and of the secret key when none is set.
    pub(crate) data_dir: PathBuf,
    /// The configuration folder; `./config` if it exists.
    pub(crate) config_dir: Option<PathBuf>,
    /// A repository that the configuration is pulled from, instead of a folder.
    pub(crate) git: GitSettings,
    /// `sqlite://…` or `postgres://…`; SQLite in the data folder when unset.
    pub(crate) database_url: Option<String>,
    /// The reference's way to name the database.
    pub(crate) postgresql: Postgresql,
    /// What nodes share beside the database: `redis://…`, `rediss://…`, `redis-cluster://…` or `redis-sentinel://…`.
    pub(crate) redis_url: Option<String>,
    /// The reference's way to name Redis.
    pub(crate) redis: RedisSettings,
    /// Public address of the sign-in host, such as `https://auth.example.com`.
    pub(crate) public_url: Option<String>,
    /// Key that seals secrets in the database; made and kept in the data folder when unset.
    pub(crate) secret_key: Option<String>,
    /// Another key that opens what is sealed under it, while the one is replaced by the other; see `docs/backup.md`.
    pub(crate) secret_key_other: Option<String>,
    /// Password of `akadmin` at first start.
    pub(crate) bootstrap_password: Option<String>,
    /// API token of `akadmin` at first start.
    pub(crate) bootstrap_token: Option<String>,
    /// E-mail address of `akadmin` at first start.
    pub(crate) bootstrap_email: Option<String>,
    /// How long a session lasts, in seconds, where the login stage says nothing of its own; 0: until the browser closes.
    pub(crate) session_lifetime: i64,
    /// trace, debug, info, warning or error; or a filter such as `info,lockgate_store=debug`.
    pub(crate) log_level: String,
    /// `text` or `json`.
    pub(crate) log_format: LogFormat,
    /// How sign-ins are counted.
    pub(crate) reputation: ReputationSettings,
    /// The server that takes mails.
    pub(crate) email: EmailSettings,
    /// What new passwords are compared with.
    pub(crate) passwords: PasswordSettings,
    /// Where the service of leaked passwords is; the first five digits of a SHA-1 are appended.
    pub(crate) hibp_url: String,
    /// Where Twilio is, for stages that send SMS by it.
    pub(crate) twilio_url: String,
    /// Databases that know where addresses are.
    pub(crate) geoip: Geoip,
    /// The certificate of the HTTPS port.
    pub(crate) tls: TlsSettings,
    /// Limits.
    pub(crate) limits: Limits,
    /// Which decisions are kept.
    pub(crate) decisions: Decisions,
    /// Where traces go.
    pub(crate) tracing: Tracing,
}

/// Databases in MaxMind's format.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Geoip {
    /// Cities or countries.
    pub(crate) city: Option<PathBuf>,
    /// Autonomous systems.
    pub(crate) asn: Option<PathBuf>,
}

impl Geoip {
    /// Their paths.
    pub(crate) fn files(&self) -> GeoFiles {
        GeoFiles { city: self.city.clone(), asn: self.asn.clone() }
    }
}

/// Where we listen and whom we believe.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listen {
    /// Address and port of plain HTTP.
    pub(crate) http: SocketAddr,
    /// Address and port of HTTP by TLS, or `off`.
    pub(crate) https: Https,
    /// How long a server that is told to stop goes on before it closes connections, such as `5s`.
    pub(crate) drain: Validity,
    /// Networks whose `X-Forwarded-*` is believed.
    pub(crate) trusted_proxy_cidrs: Cidrs,
}

/// Networks, as a list or as text with commas.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Cidrs {
    /// A list.
    List(Vec<IpNet>),
    /// Text with commas.
    Text(String),
}

impl Cidrs {
    /// The networks.
    ///
    /// # Errors
    /// The first part that is none.
    pub(crate) fn networks(&self) -> Result<Vec<IpNet>, String> {
        match self {
            Self::List(list) => Ok(list.clone()),
            Self::Text(text) => text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| part.parse().map_err(|_| part.to_owned()))
                .collect(),
        }
    }
}

/// What new passwords are compared with.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordSettings {
    /// A file of leaked passwords, asked instead of the service at `hibp_url`.
    pub(crate) breached_file: Option<PathBuf>,
}

/// The reference's way to name the database.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Postgresql {
    /// Set: PostgreSQL is used.
    pub(crate) host: Option<String>,
    /// Port; 5432.
    pub(crate) port: Option<u16>,
    /// Database; `authentik`.
    pub(crate) name: Option<String>,
    /// Role; `authentik`.
    pub(crate) user: Option<String>,
    /// Password of the role.
    pub(crate) password: Option<String>,
    /// `disable`, `prefer`, `require`, `verify-ca`, `verify-full`.
    pub(crate) sslmode: Option<String>,
}

/// How sign-ins are counted, for policies that look at the score of an address or a name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReputationSettings {
    /// Seconds that a score stays after its last change.
    pub(crate) expiry: u32,
    /// No score falls below.
    pub(crate) lower_limit: i32,
    /// No score rises above.
    pub(crate) upper_limit: i32,
}

impl ReputationSettings {
    pub(crate) fn rules(&self) -> ScoreRules {
        let life = TimeDelta::seconds(self.expiry.into());
        ScoreRules { lowest: self.lower_limit, highest: self.upper_limit, life }
    }
}

/// Bounds on work and memory.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// Passwords checked at once, 19 MiB each; 0: one a core.
    pub(crate) password_threads: usize,
    /// Password checks that may wait before callers get 429.
    pub(crate) password_queue: usize,
    /// Wrong passwords that one address may send before it has to pause, on all nodes where there is a
    /// Redis, else on each; 0: any number.
    pub(crate) wrong_passwords_by_address: u32,
    /// Wrong passwords that all the world may send for one name before it has to pause, but for browsers in which its
    /// owner has signed in; 0: any number.
    pub(crate) wrong_passwords_by_name: u32,
    /// Requests of one token to the API in a second, on all nodes where there is a Redis, else on each; 0: any number.
    pub(crate) api_requests: u32,
    /// Sessions that one address may begin in a minute by opening pages, on each node; 0: any number.
    pub(crate) new_sessions: u32,
    /// Largest request body, in bytes.
    pub(crate) body_bytes: usize,
    /// Connections of clients at once; more wait.
    pub(crate) connections: usize,
    /// Connections to the database.
    pub(crate) database_connections: u32,
    /// People of whom everything is kept in memory; what they own in proportion.
    pub(crate) remembered_people: usize,
    /// Seconds that what is in memory goes on while the database is away and Redis tells of no change.
    pub(crate) outage_seconds: u32,
}

/// Which decisions are kept, to be explained and replayed; see `lockgate replay`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decisions {
    /// Share of the permissions that are kept, from 0 to 1; denials are all kept.
    pub(crate) allows: f64,
    /// Days that they are kept.
    pub(crate) days: u32,
    /// Most of them that are kept; the oldest go first.
    pub(crate) most: u64,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            own: Own::default(),
            listen: Listen {
                http: SocketAddr::from(([0, 0, 0, 0], 9000)),
                https: Https::default(),
                drain: Validity::seconds(1),
                trusted_proxy_cidrs: Cidrs::Text(
                    "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fe80::/10,::1/128".to_owned(),
                ),
            },
            data_dir: PathBuf::from("./data"),
            config_dir: None,
            git: GitSettings::default(),
            database_url: None,
            postgresql: Postgresql::default(),
            redis_url: None,
            redis: RedisSettings::default(),
            public_url: None,
            secret_key: None,
            secret_key_other: None,
            bootstrap_password: None,
            bootstrap_token: None,
            bootstrap_email: None,
            session_lifetime: 30 * 86_400,
            log_level: "info".to_owned(),
            log_format: LogFormat::Text,
            reputation: ReputationSettings { expiry: 86_400, lower_limit: -5, upper_limit: 5 },
            email: EmailSettings::default(),
            passwords: PasswordSettings::default(),
            hibp_url: lockgate_identity::pwned::DEFAULT_URL.to_owned(),
            twilio_url: lockgate_identity::sms::TWILIO_URL.to_owned(),
            geoip: Geoip::default(),
            tls: TlsSettings::default(),
            limits: Limits {
                password_threads: 0,
                password_queue: 128,
                wrong_passwords_by_address: Allowance::default().address,
                wrong_passwords_by_name: Allowance::default().name,
                api_requests: 500,
                new_sessions: 300,
                body_bytes: 2 * 1024 * 1024,
                connections: 10_000,
                database_connections: 10,
                remembered_people: 10_000,
                outage_seconds: 60,
            },
            decisions: Decisions { allows: 0.1, days: 30, most: 1_000_000 },
            tracing: Tracing::default(),
        }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub(crate) enum SettingsError {
    /// A value does not fit; the text names the setting.
    #[error("{0}")]
    Value(String),
    /// `file://` or `env://` leads nowhere.
    #[error("{variable}: {target} cannot be read: {reason}")]
    Reference {
        /// The variable.
        variable: String,
        /// What it refers to.
        target: String,
        /// Why it cannot be read.
        reason: String,
    },
}

/// Settings, and what is worth a line in the log.
#[derive(Debug)]
pub(crate) struct Read {
    /// The settings.
    pub(crate) settings: Settings,
    /// Warnings: variables that mean nothing here.
    pub(crate) warnings: Vec<String>,
}

/// Reads the settings. `environment` is the process's environment.
///
/// # Errors
/// On the first value that does not fit.
pub(crate) fn read(file: Option<&PathBuf>, environment: &BTreeMap<String, String>) -> Result<Read, SettingsError> {
    let (values, mut warnings) = from_environment(environment)?;
    let mut figment = Figment::from(Serialized::defaults(Settings::default()));
    figment = match file {
        Some(path) if !path.exists() => {
            return Err(SettingsError::Value(format!("--settings {}: there is no such file", path.display())));
        }
        Some(path) => figment.merge(Toml::file_exact(path)),
        None => figment.merge(Toml::file("lockgate.toml")),
    };
    let mut settings: Settings =
        figment.merge(Environment(values)).extract().map_err(|e| SettingsError::Value(named(&e)))?;
    settings.listen.trusted_proxy_cidrs.networks().map_err(|part| {
        SettingsError::Value(format!("listen.trusted_proxy_cidrs: \"{part}\" is not a network; write 10.0.0.0/8"))
    })?;
    settings.upstream(environment).map_err(SettingsError::Value)?;
    settings.listen.https.address().map_err(SettingsError::Value)?;
    settings.tls.files().map_err(SettingsError::Value)?;
    settings.tracing.or_standard(environment);
    settings.tracing.address().map_err(SettingsError::Value)?;
    settings.email.server().map_err(SettingsError::Value)?;
    warnings.extend(settings.email.warning());
    if !(0.0..=1.0).contains(&settings.decisions.allows) {
        let text = "decisions.allows (LOCKGATE_DECISIONS__ALLOWS): a share is a number from 0 to 1";
        return Err(SettingsError::Value(text.to_owned()));
    }
    let scores = &settings.reputation;
    if scores.lower_limit > 0 || scores.upper_limit < 0 {
        let text = "reputation: lower_limit must be zero or less, and upper_limit zero or more";
        return Err(SettingsError::Value(text.to_owned()));
    }
    let http = ["http://", "https://"];
    for (name, url) in [("hibp_url", &settings.hibp_url), ("twilio_url", &settings.twilio_url)] {
        if !http.iter().any(|scheme| url.starts_with(scheme)) || Url::parse(url).is_err() {
            return Err(SettingsError::Value(format!("{name}: \"{url}\" is no web address")));
        }
    }
    if let Some(url) = settings.public_url.as_deref()
        && !(url.starts_with("http://") || url.starts_with("https://"))
    {
        return Err(SettingsError::Value(format!("public_url: \"{url}\" must start with http:// or https://")));
    }
    settings.own = Own::of(&settings, file.map_or(Path::new("lockgate.toml"), |file| file), environment);
    Ok(Read { settings, warnings })
}

fn named(error: &figment::Error) -> String {
    let path = error.path.join(".");
    let variable = format!("LOCKGATE_{}", error.path.join("__").to_uppercase());
    if path.is_empty() { error.to_string() } else { format!("{path} ({variable}): {}", error.kind) }
}

impl Settings {
    /// The database's address: `database_url`, else the reference's parts, else SQLite in the data folder.
    #[must_use]
    pub(crate) fn database(&self) -> String {
        if let Some(url) = &self.database_url {
            return url.clone();
        }
        let Some(host) = &self.postgresql.host else {
            return format!("sqlite://{}", self.data_dir.join("lockgate.db").display());
        };
        let pg = &self.postgresql;
        let part = |value: &Option<String>, default: &str| encode(value.as_deref().unwrap_or(default));
        let mut url = format!("postgres://{}", part(&pg.user, "authentik"));
        if let Some(password) = &pg.password {
            url = format!("{url}:{}", encode(password));
        }
        url = format!("{url}@{host}:{}/{}", pg.port.unwrap_or(5432), part(&pg.name, "authentik"));
        if let Some(mode) = &pg.sslmode {
            url = format!("{url}?sslmode={}", encode(mode));
        }
        url
    }

    /// Redis's address: `redis_url`, else the reference's parts.
    #[must_use]
    pub(crate) fn redis(&self) -> Option<String> {
        self.redis_url.clone().or_else(|| self.redis.url())
    }

    /// Where the database is named, for messages about it.
    #[must_use]
    pub(crate) fn database_setting(&self) -> &'static str {
        match (&self.database_url, &self.postgresql.host) {
            (None, Some(_)) => "postgresql (LOCKGATE_POSTGRESQL__… or AUTHENTIK_POSTGRESQL__…)",
            _ => "database_url (LOCKGATE_DATABASE_URL)",
        }
    }

    /// What secrets of a configuration may name, of these variables of the process.
    pub(crate) fn environment(&self, environment: BTreeMap<String, String>) -> ProcessEnvironment {
        ProcessEnvironment::from(environment).keeping(self.own.files.clone(), self.own.variables.clone())
    }

    /// The repository that the configuration is pulled from, if there is one.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub(crate) fn upstream(&self, environment: &BTreeMap<String, String>) -> Result<Option<Upstream>, String> {
        let upstream = self.git.upstream(&self.data_dir, environment)?;
        if upstream.is_some() && self.config_dir.is_some() {
            let text = "the configuration is pulled from a repository (LOCKGATE_GIT__URL) or read from a folder                         (LOCKGATE_CONFIG_DIR): set one of them, and the other one to nothing";
            return Err(text.to_owned());
        }
        Ok(upstream)
    }

    /// The configuration folder, when there is one.
    #[must_use]
    pub(crate) fn config_dir(&self) -> Option<PathBuf> {
        if self.git.url.is_some() {
            return None;
        }
        self.config_dir.clone().or_else(|| Some(PathBuf::from("./config")).filter(|p| p.is_dir()))
    }
}

/// Percent-encoding of everything but unreserved characters (RFC 3986, 2.3).
fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn our_name_wins_over_the_references() {
        let read =
            read(None, &env(&[("AUTHENTIK_LOG_LEVEL", "debug"), ("LOCKGATE_LOG_LEVEL", "trace")])).expect("read");
        assert_eq!(read.settings.log_level, "trace");
    }

    #[test]
    fn the_references_database_settings_make_an_address() {
        let pairs = [("AUTHENTIK_POSTGRESQL__HOST", "db"), ("AUTHENTIK_POSTGRESQL__PASSWORD", "p@ss/1")];
        let read = read(None, &env(&pairs)).expect("read");
        assert_eq!(read.settings.database(), "postgres://authentik:p%40ss%2F1@db:5432/authentik");
    }

    #[test]
    fn references_are_followed_and_missing_ones_named() {
        let read1 = read(None, &env(&[("LOCKGATE_SECRET_KEY", "env://KEY"), ("KEY", "k")])).expect("read");
        assert_eq!(read1.settings.secret_key.as_deref(), Some("k"));
        let error = read(None, &env(&[("LOCKGATE_SECRET_KEY", "file:///no/such/file")])).expect_err("must fail");
        assert!(error.to_string().starts_with("LOCKGATE_SECRET_KEY: /no/such/file cannot be read"), "{error}");
    }

    #[test]
    fn bad_values_and_unknown_names_are_told() {
        let error = read(None, &env(&[("LOCKGATE_LISTEN__HTTP", "nonsense")])).expect_err("must fail");
        assert!(error.to_string().contains("LOCKGATE_LISTEN__HTTP"), "{error}");
        let error = read(None, &env(&[("LOCKGATE_LISTEN__TRUSTED_PROXY_CIDRS", "10.0.0.0/8,x")])).expect_err("fail");
        assert!(error.to_string().contains("\"x\" is not a network"), "{error}");
        let read = read(None, &env(&[("LOCKGATE_LISTEN__HTPP", "0.0.0.0:1")])).expect("read");
        assert!(read.warnings[0].contains("did you mean LOCKGATE_LISTEN__HTTP?"), "{:?}", read.warnings);
    }
}
