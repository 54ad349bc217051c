//! `lockgate server`: opens the database, starts the services, puts the faces together and serves them.

use crate::{
    front::Front,
    listen::{Server, Sockets, raise_limit},
    logging,
    manager::Manager,
    memory,
    pages::BrandedPages,
    secret_key::SecretKeys,
    settings::Settings,
    telemetry,
    tls::Certificates,
    traces,
};
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, TimeDelta, Utc};
use http::{StatusCode, header};
use lockgate_forward_auth::{ForwardAuth, PlainPages};
use lockgate_identity::{
    Bootstrap, Identity, Setup,
    decisions::DecisionLog,
    guessing::Allowance,
    look::{Look, LookError},
    memory::MemorySize,
    net::TrustedProxies,
    system::SystemClock,
};
use lockgate_store::{DatabaseSettings, Redis, Store, StoreError};
use metrics_exporter_prometheus::PrometheusHandle;
use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};

/// Runs the server until it is told to stop.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn server(settings: Settings, environment: BTreeMap<String, String>) -> Result<(), String> {
    let began = Instant::now();
    let manager = Manager::of(&environment);
    let (mut stop, hangup) = (Stop::listen()?, listen_for(SignalKind::hangup())?);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "starting");
    let figures = telemetry::start().map_err(|e| format!("metrics: {e}"))?;
    let identity = tokio::select! {
        started = start(&settings, environment, true) => started?,
        _ = stop.told() => return Ok(()),
    };
    identity.store.watched_by(telemetry::database_call);
    raise_limit();
    let sockets = Sockets::open(&settings.listen).await?;
    // Nothing of TLS is in memory where nobody can use it.
    let tls = match &sockets.https {
        None => None,
        Some(_) => {
            let certificates = Certificates::open(identity.clone(), settings.tls.files()?)?;
            tokio::spawn(Arc::clone(&certificates).follow());
            Some(certificates.acceptor()?)
        }
    };
    let process = lockgate_worker::process_name(&identity);
    let worker = tokio::spawn(lockgate_worker::run(identity.clone(), process.clone()));
    tokio::spawn(memory::give_back());
    tokio::spawn(look_through(identity.store.clone()));
    tokio::spawn(reload_on_signal(hangup, identity.clone()));
    let address = |listener: &Option<TcpListener>| listener.as_ref().and_then(|l| l.local_addr().ok());
    let (http, https) = (address(&sockets.http), address(&sockets.https));
    tracing::info!(?http, ?https, ready_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX), "serving");
    announce(&settings, &identity).await;
    manager.ready();
    let stopping = Stopping::default();
    let routes = router(&identity, figures, &settings, stopping.clone());
    let drain = settings.listen.drain.delta().to_std().unwrap_or_default();
    let told = async {
        let by = stop.told().await;
        manager.stopping();
        stopping.0.store(true, Ordering::Relaxed);
        // Whoever sits at the terminal waits for nobody.
        if by == By::Terminal { Duration::ZERO } else { drain }
    };
    let server = Server::new(routes, settings.limits.connections, tls);
    server.serve(sockets, told).await;
    worker.abort();
    lockgate_worker::leave(&identity, &process).await;
    identity
        .sessions
        .write_touched()
        .await
        .unwrap_or_else(|error| tracing::warn!(%error, "when sessions were used last could not be written"));
    identity.journal.flush().await;
    tracing::info!("stopped");
    if let Some(redis) = &identity.redis {
        redis.close().await;
    }
    identity.store.close().await.map_err(|e| e.to_string())
}

/// Runs the background jobs alone until told to stop.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn worker(settings: Settings, environment: BTreeMap<String, String>) -> Result<(), String> {
    let manager = Manager::of(&environment);
    let mut stop = Stop::listen()?;
    let identity = tokio::select! {
        started = services(&settings, environment) => started?,
        _ = stop.told() => return Ok(()),
    };
    tracing::info!("processing background jobs");
    let process = lockgate_worker::process_name(&identity);
    manager.ready();
    tokio::select! {
        () = lockgate_worker::run(identity.clone(), process.clone()) => {}
        _ = stop.told() => {}
    }
    manager.stopping();
    lockgate_worker::leave(&identity, &process).await;
    identity.journal.flush().await;
    identity.store.close().await.map_err(|e| e.to_string())
}

/// Opens the database. The schema is not touched.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn open(settings: &Settings) -> Result<Store, String> {
    connect(settings, &SecretKeys::known_or_new(settings)?, false).await
}

/// Opens what is stored to look at it: nothing is made, migrated, started or changed.
///
/// # Errors
/// A sentence for the operator.
async fn look(settings: &Settings) -> Result<Look, String> {
    let keys = SecretKeys::known(settings)?;
    let keys = keys.ok_or_else(|| format!("{}: {}", settings.data_dir.display(), LookError::Empty))?;
    let store = connect(settings, &keys, true).await?;
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

/// Opens the database with these keys.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn connect(settings: &Settings, keys: &SecretKeys, read_only: bool) -> Result<Store, String> {
    let seal = keys.seal()?;
    let mut database = DatabaseSettings::new(settings.database());
    database.max_connections = settings.limits.database_connections.clamp(1, 1_000);
    database.read_only = read_only;
    Store::connect(&database, seal).await.map_err(|e| format!("{}: {e}", settings.database_setting()))
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
    for migration in store.migrate().await.map_err(|e| format!("database: {e}"))? {
        tracing::info!(migration, "the schema was brought up to date");
    }
    let redis = settings.redis().map(|url| Redis::connect(&url)).transpose();
    let redis = redis.map_err(|e| format!("redis_url (LOCKGATE_REDIS_URL): {e}"))?;
    let trusted = settings.listen.trusted_proxy_cidrs.networks().map_err(|part| format!("\"{part}\" is no network"))?;
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let setup = Setup {
        redis,
        outage: TimeDelta::seconds(settings.limits.outage_seconds.into()),
        memory: MemorySize::of_people(settings.limits.remembered_people),
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

async fn announce(settings: &Settings, identity: &Identity) {
    let port = settings.listen.http.port();
    let base = settings.public_url.clone().unwrap_or_else(|| format!("http://localhost:{port}"));
    match identity.setup_open().await {
        Ok(true) => println!("Lockgate is ready. Create the administrator at {base}/if/flow/initial-setup/"),
        _ => println!("Lockgate is ready at {base}/"),
    }
}

/// Has SQLite look through its file. It would cost the start too much of its time, and nobody would hear of a page that is
/// broken before somebody needs it.
async fn look_through(store: Store) {
    match store.damage().await {
        Ok(found) if found.is_empty() => {}
        Ok(found) => tracing::error!(
            found = found.join("; "),
            "the database is damaged: stop the server, put its files aside, and run `lockgate restore` with a backup"
        ),
        Err(StoreError::Timeout(_)) => tracing::info!("the database is too large to be looked through in passing"),
        Err(error) => tracing::warn!(%error, "the database could not be looked through"),
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

    async fn told(&mut self) -> By {
        let by = tokio::select! {
            _ = self.term.recv() => By::Supervisor,
            _ = self.int.recv() => By::Terminal,
        };
        tracing::info!("stopping; running requests finish first");
        by
    }
}

/// Who tells the process to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// Whoever runs it, by SIGTERM.
    Supervisor,
    /// Whoever sits before it, by SIGINT.
    Terminal,
}

/// Whether the process is about to stop: not ready any more, so that proxies send people elsewhere.
#[derive(Debug, Clone, Default)]
struct Stopping(Arc<AtomicBool>);

/// What the server's own addresses need.
#[derive(Clone)]
struct Own {
    identity: Identity,
    figures: PrometheusHandle,
    stopping: Stopping,
    /// Whether the database was missing when somebody asked last.
    failing: Arc<AtomicBool>,
    started: DateTime<Utc>,
}

/// The request's way, outermost layer first: what [`Front`] does for all of them, then hand errands of
/// proxied hosts to forward auth, route it.
fn router(identity: &Identity, figures: PrometheusHandle, settings: &Settings, stopping: Stopping) -> Router {
    let gate = ForwardAuth::new(identity.clone(), Arc::new(PlainPages));
    let own = Router::new()
        .route("/-/health/live/", get(live).head(live))
        .route("/-/health/ready/", get(ready).head(ready))
        .route("/metrics", get(metrics))
        .with_state(Own {
            identity: identity.clone(),
            figures,
            stopping,
            failing: Arc::default(),
            started: identity.clock.now(),
        });
    let api = lockgate_api::router(identity.clone());
    let pages = Router::new()
        .merge(own)
        .merge(lockgate_web::router(identity.clone(), api.clone()))
        .merge(lockgate_oauth2::router(identity.clone(), Arc::new(BrandedPages::new(identity.clone()))))
        .nest("/api/v3", api)
        .fallback_service(lockgate_web::not_found(identity.clone()));
    let watch: &Identity = Box::leak(Box::new(identity.clone()));
    gate.guard(pages).merge(gate.router()).layer(Front { body_bytes: settings.limits.body_bytes, watch: Some(watch) })
}

/// What anybody is told of a configuration that is not in force.
const NOT_IN_FORCE: &str = "The newest configuration is not in force. The log and the admin interface say why.";

async fn live() -> StatusCode {
    StatusCode::OK
}

/// Ready to serve: the database answers, and has the schema that this program needs. A folder that does not compile is told,
/// and no reason to send people elsewhere, since the last good revision serves them. Anybody may ask: what is the matter stands
/// elsewhere.
async fn ready(State(own): State<Own>) -> Response {
    let health = own.identity.config.health();
    let database = match own.identity.store.missing_migration().await {
        Ok(None) => Ok(()),
        Ok(Some(migration)) => {
            Err(format!("the schema lacks {migration}; run `lockgate migrate`, or start a server anew"))
        }
        Err(error) => Err(error.to_string()),
    };
    // Told when it begins: anybody may ask, and as often as they like.
    if own.failing.swap(database.is_err(), Ordering::Relaxed) != database.is_err() {
        match &database {
            Ok(()) => tracing::info!("the database is there again"),
            Err(error) => tracing::warn!(error, "not ready: the database"),
        }
    }
    let word = |good: bool| if good { "ok" } else { "failing" };
    let stopping = own.stopping.0.load(Ordering::Relaxed);
    let status = if database.is_ok() && !stopping { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut body = serde_json::json!({
        "database": word(database.is_ok()),
        "configuration": {
            "status": word(health.error.is_none()),
            "revision": health.revision,
            "error": health.error.map(|_| NOT_IN_FORCE),
            "held": health.held,
        },
    });
    if stopping {
        body["stopping"] = true.into();
    }
    if let Some(redis) = &own.identity.redis {
        // Without it a node goes on by the database alone, so that is no reason to send people elsewhere.
        body["redis"] = word(redis.is_alive().await).into();
    }
    if let Some(pull) = health.pull {
        body["configuration"]["commit"] = serde_json::json!(pull.commit);
        body["configuration"]["pulled"] = serde_json::json!(pull.pulled);
    }
    (status, [(header::CACHE_CONTROL, "no-store")], axum::Json(body)).into_response()
}

async fn metrics(State(own): State<Own>) -> Response {
    telemetry::now::take(&own.identity, own.started);
    let text = own.figures.render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// Starts the log; see [`logging`].
///
/// # Errors
/// When the level is not one, or traces cannot be sent.
pub(crate) fn start_log(settings: &Settings) -> Result<(), String> {
    logging::start(settings, traces::start(&settings.tracing)?)
}
