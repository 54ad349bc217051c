//! `lockgate server`: opens the database, starts the services, puts the faces together and serves them.

use crate::{front::Front, logging, memory, pages::BrandedPages, settings::Settings, telemetry};
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::TimeDelta;
use http::{StatusCode, header};
use lockgate_forward_auth::{ForwardAuth, PlainPages};
use lockgate_identity::{
    Bootstrap, Identity, Setup,
    decisions::DecisionLog,
    guessing::Allowance,
    look::{Look, LookError},
    net::TrustedProxies,
    system::{SystemClock, SystemRandom, alphanumeric},
};
use lockgate_store::{DatabaseSettings, SealKey, Store};
use metrics_exporter_prometheus::PrometheusHandle;
use std::{collections::BTreeMap, io::Write, num::NonZeroU32, path::Path, sync::Arc, time::Instant};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};

/// File of the data folder that keeps the key that seals secrets, where none is set.
const SECRET_KEY: &str = "secret_key";

/// Runs the server until it is told to stop.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn server(settings: Settings, environment: BTreeMap<String, String>) -> Result<(), String> {
    let began = Instant::now();
    let (mut stop, hangup) = (Stop::listen()?, listen_for(SignalKind::hangup())?);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "starting");
    let figures = telemetry::start().map_err(|e| format!("metrics: {e}"))?;
    let identity = tokio::select! {
        started = start(&settings, environment, true) => started?,
        () = stop.told() => return Ok(()),
    };
    let address = settings.listen.http;
    let listener =
        TcpListener::bind(address).await.map_err(|e| format!("listen.http: {address} cannot be listened on: {e}"))?;
    let worker = tokio::spawn(lockgate_worker::run(identity.clone()));
    tokio::spawn(memory::give_back());
    tokio::spawn(reload_on_signal(hangup, identity.clone()));
    tracing::info!(%address, ready_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX), "serving");
    announce(&settings, &identity).await;
    crate::listen::serve(listener, router(&identity, figures, &settings), stop.told()).await;
    worker.abort();
    identity.sessions.write_touched().await.unwrap_or_else(|error| tracing::warn!(%error, "last uses are lost"));
    identity.journal.flush().await;
    tracing::info!("stopped");
    identity.store.close().await.map_err(|e| e.to_string())
}

/// Runs the background jobs alone until told to stop.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn worker(settings: Settings, environment: BTreeMap<String, String>) -> Result<(), String> {
    let mut stop = Stop::listen()?;
    let identity = tokio::select! {
        started = services(&settings, environment) => started?,
        () = stop.told() => return Ok(()),
    };
    tracing::info!("processing background jobs");
    tokio::select! {
        () = lockgate_worker::run(identity.clone()) => {}
        () = stop.told() => {}
    }
    identity.journal.flush().await;
    identity.store.close().await.map_err(|e| e.to_string())
}

/// Opens the database. The schema is not touched.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn open(settings: &Settings) -> Result<Store, String> {
    let secret = match known_secret_key(settings)? {
        Some(key) => key,
        None => new_secret_key(settings)?,
    };
    connect(settings, &secret, false).await
}

/// Opens what is stored to look at it: nothing is made, migrated, started or changed.
///
/// # Errors
/// A sentence for the operator.
async fn look(settings: &Settings) -> Result<Look, String> {
    let secret = known_secret_key(settings)?;
    let secret = secret.ok_or_else(|| format!("{}: {}", settings.data_dir.display(), LookError::Empty))?;
    let store = connect(settings, &secret, true).await?;
    Look::open(store, Arc::new(SystemClock), settings.public_url.as_deref(), &settings.geoip.files())
        .await
        .map_err(|e| e.to_string())
}

/// Asks the installation a question that changes nothing.
///
/// # Errors
/// When there is nothing to look at, or the question's own.
pub(crate) async fn ask<T>(
    settings: &Settings,
    question: impl AsyncFnOnce(&Look) -> Result<T, String>,
) -> Result<T, String> {
    let look = look(settings).await?;
    let answer = question(&look).await;
    look.store.close().await.map_err(|e| e.to_string())?;
    answer
}

async fn connect(settings: &Settings, secret: &str, read_only: bool) -> Result<Store, String> {
    let seal = SealKey::derive(secret.as_bytes()).map_err(|e| format!("secret_key: {e}"))?;
    let mut database = DatabaseSettings::new(settings.database());
    database.max_connections = settings.limits.database_connections.clamp(1, 1_000);
    database.read_only = read_only;
    Store::connect(&database, seal).await.map_err(|e| format!("database_url (LOCKGATE_DATABASE_URL): {e}"))
}

/// Opens the database and starts the services on it. What is configured to be pulled is not: that is for the server.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn services(settings: &Settings, environment: BTreeMap<String, String>) -> Result<Identity, String> {
    start(settings, environment, false).await
}

async fn start(settings: &Settings, environment: BTreeMap<String, String>, pulls: bool) -> Result<Identity, String> {
    let upstream = settings.upstream(&environment)?.filter(|_| pulls);
    let store = open(settings).await?;
    store.migrate().await.map_err(|e| format!("database: the schema could not be brought up to date: {e}"))?;
    let trusted = settings.listen.trusted_proxy_cidrs.networks().map_err(|part| format!("\"{part}\" is no network"))?;
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let setup = Setup {
        folder: settings.config_dir(),
        upstream,
        environment: settings.environment(environment),
        trusted: TrustedProxies::new(trusted),
        public_url: settings.public_url.clone(),
        session_lifetime: (settings.session_lifetime > 0).then(|| TimeDelta::seconds(settings.session_lifetime)),
        password_threads: if settings.limits.password_threads == 0 { cores } else { settings.limits.password_threads },
        password_queue: settings.limits.password_queue,
        wrong_passwords: Allowance {
            address: settings.limits.wrong_passwords_by_address,
            name: settings.limits.wrong_passwords_by_name,
        },
        api_requests: NonZeroU32::new(settings.limits.api_requests),
        new_sessions: NonZeroU32::new(settings.limits.new_sessions),
        decisions: DecisionLog {
            allows: settings.decisions.allows,
            keep: TimeDelta::days(settings.decisions.days.into()),
            most: settings.decisions.most,
        },
        pwned_url: settings.hibp_url.clone(),
        twilio_url: settings.twilio_url.clone(),
        breached_file: settings.passwords.breached_file.clone(),
        scores: settings.reputation.rules(),
        geo: settings.geoip.files(),
        mail: settings.email.server()?,
        bootstrap: Bootstrap {
            password: settings.bootstrap_password.clone(),
            token: settings.bootstrap_token.clone(),
            email: settings.bootstrap_email.clone(),
        },
        ..Setup::new(store)
    };
    Identity::start(setup).await.map_err(|e| e.to_string())
}

/// The key that seals secrets: the setting, else the one that is kept in the data folder, if it has been
/// made.
fn known_secret_key(settings: &Settings) -> Result<Option<String>, String> {
    if let Some(key) = &settings.secret_key {
        if key.len() < 16 {
            return Err("secret_key (LOCKGATE_SECRET_KEY): it must have at least 16 characters".to_owned());
        }
        return Ok(Some(key.clone()));
    }
    let path = settings.data_dir.join(SECRET_KEY);
    match std::fs::read_to_string(&path) {
        Ok(key) if key.trim().len() >= 16 => Ok(Some(key.trim().to_owned())),
        Ok(_) => Err(format!("{}: the key is too short; restore the file from a backup", path.display())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("{}: {e}", path.display())),
    }
}

/// Makes the key that seals secrets, once, and keeps it in the data folder.
fn new_secret_key(settings: &Settings) -> Result<String, String> {
    let path = settings.data_dir.join(SECRET_KEY);
    let told = |e: std::io::Error| format!("{}: {e}", path.display());
    make_private_folder(&settings.data_dir).map_err(told)?;
    let key = alphanumeric(&SystemRandom, 64);
    use std::os::unix::fs::OpenOptionsExt;
    // `create_new`: of two processes that start together one makes the key, the other reads it.
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => file.write_all(key.as_bytes()).and_then(|()| file.sync_all()).map(|()| key).map_err(told),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            std::fs::read_to_string(&path).map(|k| k.trim().to_owned()).map_err(told)
        }
        Err(e) => Err(told(e)),
    }
}

fn make_private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

async fn announce(settings: &Settings, identity: &Identity) {
    let port = settings.listen.http.port();
    let base = settings.public_url.clone().unwrap_or_else(|| format!("http://localhost:{port}"));
    match identity.setup_open().await {
        Ok(true) => println!("Lockgate is ready. Create the administrator at {base}/if/flow/initial-setup/"),
        _ => println!("Lockgate is ready at {base}/"),
    }
}

/// Reads the configuration folder again, or pulls, on SIGHUP.
async fn reload_on_signal(mut hangup: Signal, identity: Identity) {
    while hangup.recv().await.is_some() {
        tracing::info!("SIGHUP: reading the configuration again");
        identity.config.reload_folder().await;
        identity.feed.settle().await;
    }
}

/// A signal ends the process by force until somebody listens for it: before anything is begun.
fn listen_for(kind: SignalKind) -> Result<Signal, String> {
    signal(kind).map_err(|e| format!("signals cannot be received: {e}"))
}

/// The signals to stop.
struct Stop {
    term: Signal,
    int: Signal,
}

impl Stop {
    fn listen() -> Result<Self, String> {
        Ok(Self { term: listen_for(SignalKind::terminate())?, int: listen_for(SignalKind::interrupt())? })
    }

    async fn told(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
        tracing::info!("stopping; running requests finish first");
    }
}

/// What the server's own addresses need.
#[derive(Clone)]
struct Own {
    identity: Identity,
    figures: PrometheusHandle,
}

/// The request's way, outermost layer first: what [`Front`] does for all of them, then hand errands of
/// proxied hosts to forward auth, route it.
fn router(identity: &Identity, figures: PrometheusHandle, settings: &Settings) -> Router {
    let gate = ForwardAuth::new(identity.clone(), Arc::new(PlainPages));
    let own = Router::new()
        .route("/-/health/live/", get(live).head(live))
        .route("/-/health/ready/", get(ready).head(ready))
        .route("/metrics", get(metrics))
        .with_state(Own { identity: identity.clone(), figures });
    let api = lockgate_api::router(identity.clone());
    let pages = Router::new()
        .merge(own)
        .merge(lockgate_web::router(identity.clone(), api.clone()))
        .merge(lockgate_oauth2::router(identity.clone(), Arc::new(BrandedPages::new(identity.clone()))))
        .nest("/api/v3", api)
        .fallback_service(lockgate_web::not_found(identity.clone()));
    gate.guard(pages).merge(gate.router()).layer(Front { body_bytes: settings.limits.body_bytes })
}

/// What anybody is told of a configuration that is not in force.
const NOT_IN_FORCE: &str = "The newest configuration is not in force. The log and the admin interface say why.";

async fn live() -> StatusCode {
    StatusCode::OK
}

/// Ready to serve: the database answers. A folder that does not compile is told, and no reason to send
/// people elsewhere, since the last good revision serves them. Anybody may ask: what is the matter stands elsewhere.
async fn ready(State(own): State<Own>) -> Response {
    let health = own.identity.config.health();
    let database = own.identity.store.ping().await;
    if let Err(error) = &database {
        tracing::warn!(%error, "not ready: the database does not answer");
    }
    let word = |good: bool| if good { "ok" } else { "failing" };
    let status = if database.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut body = serde_json::json!({
        "database": word(database.is_ok()),
        "configuration": {
            "status": word(health.error.is_none()),
            "revision": health.revision,
            "error": health.error.map(|_| NOT_IN_FORCE),
            "held": health.held,
        },
    });
    if let Some(pull) = health.pull {
        body["configuration"]["commit"] = serde_json::json!(pull.commit);
        body["configuration"]["pulled"] = serde_json::json!(pull.pulled);
    }
    (status, [(header::CACHE_CONTROL, "no-store")], axum::Json(body)).into_response()
}

async fn metrics(State(own): State<Own>) -> Response {
    // It grows by itself, so nobody else can tell it.
    if let Some(pull) = own.identity.config.health().pull {
        metrics::gauge!("lockgate_git_pull_age_seconds").set(pull.age.as_seconds_f64());
    }
    let text = own.figures.render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// Starts the log; see [`logging`].
///
/// # Errors
/// When the level is not one.
pub(crate) fn start_log(settings: &Settings) -> Result<(), String> {
    logging::start(settings)
}
