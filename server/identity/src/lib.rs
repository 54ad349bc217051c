//! The services that every face shares: people, credentials, sessions, tokens, sign-ins, events, the
//! configuration in force and decisions about access.
//!
//! [`Identity`] is a cheap handle to [`Core`], where each service is a field with its own few
//! dependencies. Services speak in values and typed errors; what may not enter this room: HTTP types,
//! HTML other than that of mails, SQL, and the protocols that the faces speak.

pub mod access;
pub mod binding;
mod captcha;
pub mod config;
mod copies;
pub mod counter;
pub mod decisions;
mod devices;
pub mod duo;
pub mod evidence;
mod factors;
pub mod feed;
pub mod figures;
pub mod folder_tests;
pub mod fresh;
pub mod git;
pub mod guessing;
mod impersonation;
pub mod journal;
pub mod keys;
pub mod look;
pub mod mail;
pub mod memory;
pub mod names;
pub mod net;
pub mod notify;
pub mod oauth;
mod passkeys;
pub mod passwords;
pub mod people;
pub mod places;
pub mod preview;
pub mod principals;
pub mod probes;
pub mod proxy;
pub mod pwned;
pub mod remembered;
pub mod replay;
pub mod reputation;
pub mod roster;
pub mod runner;
pub mod schedule;
mod sealed_task;
pub mod sent;
pub mod sessions;
pub mod simulation;
pub mod sms;
pub mod system;
pub mod tokens;
pub mod tuning;
pub mod turns;
mod volume;

use access::Access;
use chrono::TimeDelta;
use config::{Config, ConfigError};
use copies::Copies;
use counter::{Counter, Failures};
use decisions::DecisionLog;
use evidence::Fetcher;
use feed::{Caches, Feed};
use git::{GitError, Mirror, Upstream};
use governor::Quota;
use guessing::{Allowance, Guessing};
use journal::Journal;
use lockgate_engine::ports::{Clock, Random};
use lockgate_flows::ProcessEnvironment;
use lockgate_policies::Places;
use lockgate_store::{LOG, Messages, Redis, ScoreRules, Store, StoreError};
use mail::MailServer;
use memory::MemorySize;
use net::TrustedProxies;
use oauth::OAuth;
use passwords::Passwords;
use people::{People, PeopleError};
use places::{GeoDatabases, GeoFiles};
use principals::Principals;
use proxy::ProxyLogins;
use pwned::Pwned;
use remembered::Remembered;
use reputation::Reputation;
use runner::FlowRunner;
use sessions::Sessions;
use std::{
    net::IpAddr,
    num::NonZeroU32,
    ops::Deref,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use thiserror::Error;
use tokens::{NewToken, Tokens};
use tuning::Tuning;
use turns::{Trust, Turns};
use uuid::Uuid;

/// Requests that a token may make at once, in seconds' worth of requests.
const BURST: NonZeroU32 = NonZeroU32::new(2).expect("not zero");

/// Passwords that a session may have judged in a second while they are typed.
const WEIGHED: NonZeroU32 = NonZeroU32::new(4).expect("not zero");

/// Wrong keys and app passwords that one address may send in a minute.
const WRONG_KEYS: NonZeroU32 = NonZeroU32::new(300).expect("not zero");

/// Below this, the database notes when each version first ran on it.
pub const VERSIONS: &str = "version:";

/// What the services need to know beside the configuration folder.
pub struct Setup {
    /// The database, with its schema up to date.
    pub store: Store,
    /// What nodes share beside the database.
    pub redis: Option<Redis>,
    /// How long what is in memory goes on while the database is away and Redis tells of no change.
    pub outage: TimeDelta,
    /// How much is kept in memory.
    pub memory: MemorySize,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The configuration folder.
    pub folder: Option<PathBuf>,
    /// The repository that the configuration is pulled from, instead of a folder.
    pub upstream: Option<Upstream>,
    /// What secrets of the configuration may name.
    pub environment: ProcessEnvironment,
    /// Whose `X-Forwarded-*` is believed.
    pub trusted: TrustedProxies,
    /// Public address of the sign-in host, without a slash at the end.
    pub public_url: Option<String>,
    /// How long a session lasts where the login stage says nothing.
    pub session_lifetime: Option<TimeDelta>,
    /// Password checks at once.
    pub password_threads: usize,
    /// Password checks that may wait.
    pub password_queue: usize,
    /// How many steps of flows are begun; `None`: as it befits `password_queue`.
    pub flow_steps: Option<runner::StepLimits>,
    /// How many wrong passwords are free.
    pub wrong_passwords: Allowance,
    /// Requests of one token, or of one account's sessions, in a second; `None`: any number.
    pub api_requests: Option<NonZeroU32>,
    /// Sessions that one address may begin in a minute by opening pages; `None`: any number.
    pub new_sessions: Option<NonZeroU32>,
    /// Which decisions are kept.
    pub decisions: DecisionLog,
    /// Where the service of leaked passwords is; the digits of a hash are appended.
    pub pwned_url: String,
    /// Where Twilio is.
    pub twilio_url: String,
    /// A file of leaked passwords, which is asked instead of the service.
    pub breached_file: Option<PathBuf>,
    /// How sign-ins are counted.
    pub scores: ScoreRules,
    /// Databases that know where addresses are.
    pub geo: GeoFiles,
    /// The mail server; none: no mail is sent.
    pub mail: Option<MailServer>,
    /// Secrets of the first administrator.
    pub bootstrap: Bootstrap,
}

impl Setup {
    /// The services on a database, with the machine's time and randomness, and nothing set beside.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            redis: None,
            outage: TimeDelta::minutes(1),
            memory: MemorySize::default(),
            clock: Arc::new(system::SystemClock),
            random: Arc::new(system::SystemRandom),
            folder: None,
            upstream: None,
            environment: ProcessEnvironment::default(),
            trusted: TrustedProxies::new(Vec::new()),
            public_url: None,
            session_lifetime: None,
            password_threads: 1,
            password_queue: 8,
            flow_steps: None,
            wrong_passwords: Allowance::default(),
            api_requests: None,
            new_sessions: None,
            decisions: DecisionLog::default(),
            pwned_url: pwned::DEFAULT_URL.to_owned(),
            twilio_url: sms::TWILIO_URL.to_owned(),
            breached_file: None,
            scores: ScoreRules { lowest: -5, highest: 5, life: TimeDelta::days(1) },
            geo: GeoFiles::default(),
            mail: None,
            bootstrap: Bootstrap::default(),
        }
    }
}

/// What makes the first administrator at first start; without any of it the first visitor does.
#[derive(Clone, Default)]
pub struct Bootstrap {
    /// Password of `akadmin`.
    pub password: Option<String>,
    /// API token of `akadmin`.
    pub token: Option<String>,
    /// E-mail address of `akadmin`.
    pub email: Option<String>,
}

/// Why the services cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The repository of the configuration.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The first administrator.
    #[error("the first administrator could not be made: {0}")]
    People(#[from] PeopleError),
}

/// The services.
pub struct Core {
    /// The database.
    pub store: Store,
    /// What nodes share beside it.
    pub redis: Option<Redis>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The configuration in force.
    pub config: Config,
    /// Who people are to decisions.
    pub principals: Arc<Principals>,
    /// Browser sessions.
    pub sessions: Arc<Sessions>,
    /// Sign-ins at proxied applications.
    pub proxy: Arc<ProxyLogins>,
    /// OAuth2 grants and tokens.
    pub oauth: Arc<OAuth>,
    /// Users and groups.
    pub people: People,
    /// API tokens and app passwords.
    pub tokens: Arc<Tokens>,
    /// Password hashing.
    pub passwords: Passwords,
    pub(crate) guessing: Guessing,
    pub(crate) steps: Turns,
    /// Events.
    pub journal: Journal,
    /// Decisions.
    pub access: Access,
    /// Counts sign-ins.
    pub reputation: Reputation,
    /// Counts requests by token, or else by account; nothing where any number is permitted.
    pub api_requests: Option<Counter<Uuid>>,
    /// Counts, by address, sessions that are begun by opening pages; nothing where any number is permitted.
    beginnings: Option<Counter<IpAddr>>,
    /// Counts keys, app passwords and tokens that are nobody's, at the API and at proxied applications.
    pub wrong_keys: Failures,
    /// Counts, by session, passwords that are judged while they are typed.
    weighings: Counter<Uuid>,
    /// The settings of the installation.
    pub tuning: Tuning,
    /// What changed.
    pub feed: Arc<Feed>,
    /// Where addresses are.
    pub places: Arc<GeoDatabases>,
    figures: figures::Kept,
    volumes: volume::Counts,
    /// How much is kept in memory.
    pub memory: MemorySize,
    /// Whose `X-Forwarded-*` is believed.
    pub trusted: TrustedProxies,
    /// What was seen of the requests of `lockgate doctor`.
    pub probes: probes::Probes,
    /// The mail server of the settings.
    mail: Option<MailServer>,
    twilio_url: String,
    public_url: Option<String>,
    session_lifetime: Option<TimeDelta>,
    setup_done: AtomicBool,
}

/// A handle to the services.
#[derive(Clone)]
pub struct Identity(Arc<Core>);

impl Deref for Identity {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.0
    }
}

impl Identity {
    /// Starts the services: loads and compiles the configuration, makes the first administrator if the
    /// settings name one, and begins to follow changes. Must run inside the runtime.
    ///
    /// # Errors
    /// [`StartError`]. A broken configuration folder is none: the last good revision stays in force.
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        let Setup { store, clock, random, .. } = &setup;
        let install_id = system::random_uuid(&**random).simple().to_string();
        let version = format!("{VERSIONS}{}", env!("CARGO_PKG_VERSION"));
        store.installation().get_or_insert(&version, &clock.now().to_rfc3339()).await?;
        let install_id: Arc<str> = store.installation().get_or_insert("install_id", &install_id).await?.into();
        let principals = Arc::new(Principals::new(store.clone(), install_id, Arc::clone(clock), setup.memory));
        let log = store.installation().get_or_insert(LOG, &system::random_uuid(&**random).simple().to_string()).await?;
        let copies = setup.redis.clone().map(|redis| Arc::new(Copies::new(redis, log, setup.memory)));
        let sessions =
            Sessions::new(store.clone(), Arc::clone(clock), Arc::clone(random), copies.clone(), setup.memory);
        let sessions = Arc::new(sessions);
        let proxy = Arc::new(ProxyLogins::new(store.clone(), Arc::clone(clock), Arc::clone(random), setup.memory));
        let oauth = Arc::new(OAuth::start(store.clone(), Arc::clone(clock), Arc::clone(random), setup.memory));
        let tuning = Tuning::default();
        let tokens = Arc::new(Tokens::new(
            store.clone(),
            Arc::clone(clock),
            Arc::clone(random),
            Arc::clone(&principals),
            tuning.clone(),
        ));
        let caches = Caches {
            principals: Arc::clone(&principals),
            sessions: Arc::clone(&sessions),
            proxy: Arc::clone(&proxy),
            oauth: Arc::clone(&oauth),
            tokens: Arc::clone(&tokens),
            copies,
        };
        let node = system::random_uuid(&**random).simple().to_string();
        let messages = Messages::start(store, setup.redis.clone(), node);
        let feed = Feed::start(store.clone(), Arc::clone(clock), caches, messages, setup.outage).await?;
        let (journal, writer) = Journal::new(Arc::clone(clock), Arc::clone(random), tuning.clone());
        let passwords = Passwords::new(setup.password_threads, setup.password_queue);
        let people = People {
            store: store.clone(),
            clock: Arc::clone(clock),
            random: Arc::clone(random),
            passwords: passwords.clone(),
            journal: journal.clone(),
            feed: Arc::clone(&feed),
            sessions: Arc::clone(&sessions),
        };
        // Before everything else that takes memory, so that the 19 MiB of a hash are used again.
        let hash = match &setup.bootstrap.password {
            Some(password) if people.admin().await?.is_none() => {
                Some(Box::pin(passwords.hash(password, Trust::Known)).await.map_err(PeopleError::from)?)
            }
            _ => None,
        };
        let databases = Arc::new(GeoDatabases::open(&setup.geo));
        let places: Arc<dyn Places> = databases.clone();
        let mirror = match setup.upstream.clone() {
            Some(upstream) => Some(Mirror::open(upstream).await?),
            None => None,
        };
        let config = Config::start(config::Sources {
            store: store.clone(),
            clock: Arc::clone(clock),
            random: Arc::clone(random),
            journal: journal.clone(),
            feed: Arc::clone(&feed),
            folder: setup.folder.clone(),
            mirror,
            environment: setup.environment.clone(),
            places: Arc::clone(&places),
            tuning: tuning.clone(),
        })
        .await?;
        let access = Access {
            clock: Arc::clone(clock),
            random: Arc::clone(random),
            journal: journal.clone(),
            log: setup.decisions,
            people: people.clone(),
            fetcher: Fetcher {
                store: store.clone(),
                passwords: passwords.clone(),
                pwned: Pwned::new(&setup.pwned_url, setup.breached_file.clone()),
                places: Some(places),
            },
            remembered: Remembered::default(),
        };
        // A look into a file of gigabytes, which nothing waits for: without it, the first who asks fails.
        let pwned = access.fetcher.pwned.clone();
        tokio::spawn(async move { pwned.check().await });
        let reputation =
            Reputation::new(store.clone(), Arc::clone(clock), Arc::clone(random), setup.scores, tuning.clone());
        let identity = Self(Arc::new(Core {
            store: setup.store,
            redis: setup.redis.clone(),
            clock: setup.clock,
            random: setup.random,
            places: databases,
            config,
            principals,
            sessions,
            proxy,
            oauth,
            people,
            tokens,
            passwords,
            guessing: Guessing::new(setup.wrong_passwords, setup.redis.clone()),
            steps: runner::turns_for_steps(
                setup.flow_steps.unwrap_or_else(|| runner::StepLimits::beside(setup.password_queue)),
            ),
            journal,
            access,
            reputation,
            api_requests: setup.api_requests.map(|most| {
                let quota = Quota::per_second(most).allow_burst(most.saturating_mul(BURST));
                Counter::with_all("api", quota, setup.redis, "api-requests")
            }),
            beginnings: setup.new_sessions.map(|most| Counter::new("new_sessions", Quota::per_minute(most))),
            wrong_keys: Failures::new("wrong_keys", Quota::per_minute(WRONG_KEYS)),
            weighings: Counter::new(
                "password_strength",
                Quota::per_second(WEIGHED).allow_burst(WEIGHED.saturating_mul(BURST)),
            ),
            tuning,
            feed,
            figures: figures::Kept::default(),
            volumes: volume::Counts::default(),
            memory: setup.memory,
            trusted: setup.trusted,
            probes: probes::Probes::default(),
            mail: setup.mail,
            twilio_url: setup.twilio_url,
            public_url: setup.public_url.map(|url| url.trim_end_matches('/').to_owned()),
            session_lifetime: setup.session_lifetime,
            setup_done: AtomicBool::new(false),
        }));
        tokio::spawn(writer.run(identity.store.clone(), notify::Rules::new(identity.clone())));
        Box::pin(identity.bootstrap(&setup.bootstrap, hash.as_deref())).await?;
        identity.follow();
        identity.config.first_pull().await;
        Ok(identity)
    }

    async fn bootstrap(&self, bootstrap: &Bootstrap, hash: Option<&str>) -> Result<(), StartError> {
        self.people.ensure_admin_group().await?;
        self.store.installation().settle_setup(self.clock.now()).await?;
        if bootstrap.password.is_none() && bootstrap.token.is_none() {
            return Ok(());
        }
        let admin = self.people.ensure_admin(hash, bootstrap.email.as_deref()).await?;
        let identifier = "authentik-bootstrap-token";
        if let Some(key) = &bootstrap.token
            && self.tokens.by_identifier(identifier).await?.is_none()
        {
            let new = NewToken {
                identifier: identifier.to_owned(),
                intent: lockgate_store::TokenIntent::Api,
                user_pk: admin.pk,
                description: "Made at first start from the settings".to_owned(),
                expires: None,
                expiring: false,
                managed: Some("goauthentik.io/bootstrap-token".to_owned()),
            };
            match self.tokens.create(new, Some(key)).await {
                // Another process was faster.
                Err(StoreError::Unique { .. }) => {}
                other => _ = other?,
            }
        }
        Ok(())
    }

    /// Follows changes of other nodes and of the folder until the process ends.
    fn follow(&self) {
        let feed = Arc::clone(&self.feed);
        tokio::spawn(async move { feed.run().await });
        let feed = Arc::clone(&self.feed);
        tokio::spawn(async move { feed.stay_assured().await });
        let identity = self.clone();
        tokio::spawn(async move {
            loop {
                identity.feed.config_changed().await;
                identity.config.catch_up().await;
            }
        });
        let identity = self.clone();
        tokio::spawn(async move {
            loop {
                identity.feed.restored().await;
                // What the folder says, or the repository, counts more than what it said when the backup was made.
                identity.config.catch_up().await;
                identity.config.reload_folder().await;
            }
        });
        let identity = self.clone();
        tokio::spawn(async move { identity.config.ensure_default_key().await });
        let identity = self.clone();
        tokio::spawn(async move { config::watch::follow(identity).await });
        let identity = self.clone();
        tokio::spawn(async move { config::pull::follow(identity).await });
    }
}

impl Core {
    /// Runs flows on browser sessions.
    #[must_use]
    pub fn flows(&self) -> FlowRunner<'_> {
        FlowRunner { core: self }
    }

    /// Public address of the sign-in host, without a slash at the end: the setting, else what the
    /// embedded outpost says; `None` when neither is set and only the request itself can tell.
    #[must_use]
    pub fn public_base(&self, snapshot: &config::Snapshot) -> Option<String> {
        snapshot.public_base(self.public_url.as_deref())
    }

    /// Whether nobody has ever administered this installation, so that the first visitor may. Once false it
    /// stays false, on every node and after every restart.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn setup_open(&self) -> Result<bool, StoreError> {
        if self.setup_done.load(Ordering::Acquire) {
            return Ok(false);
        }
        let open = self.store.installation().setup_is_open().await?;
        if !open {
            self.setup_done.store(true, Ordering::Release);
        }
        Ok(open)
    }
}
