//! How nodes tell each other at once that the log of changes has grown: by Redis, by PostgreSQL's NOTIFY, or not at all
//! where one process has a file for itself. Whoever hears it reads the log; whoever does not reads it a little later.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::ConnectionTrait as _;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::redis::{Channel, Heard};
use crate::{Redis, Store};

/// PostgreSQL's channel.
const CHANNEL: &str = "lockgate_changes";

/// Tellings of one node that are further apart than this are not made one.
const BREATH: Duration = Duration::from_millis(5);

/// Between two attempts to tell.
const AGAIN: Duration = Duration::from_millis(100);

/// Between two attempts to listen.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest way of a node's message to itself.
const ECHO: Duration = Duration::from_millis(500);

/// Who carries messages.
enum Carrier {
    Nobody,
    Postgres(Store),
    Redis(Redis),
}

/// Messages between nodes; see the module.
pub struct Messages {
    carrier: Carrier,
    /// Tells this node's own messages from those of others.
    node: String,
    untold: Notify,
    woken: Notify,
    echoed: Notify,
    heard: AtomicU64,
}

impl std::fmt::Debug for Messages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Messages")
    }
}

impl Messages {
    /// Begins to listen, on Redis if there is one. `node` names this process among all. Must run inside the runtime.
    #[must_use]
    pub fn start(store: &Store, redis: Option<Redis>, node: String) -> Arc<Self> {
        let postgres = store.postgres().cloned();
        let carrier = match (redis, &postgres) {
            (Some(redis), _) => Carrier::Redis(redis),
            (None, Some(_)) => Carrier::Postgres(store.clone()),
            (None, None) => Carrier::Nobody,
        };
        let (untold, woken, echoed, heard) = Default::default();
        let messages = Arc::new(Self { carrier, node, untold, woken, echoed, heard });
        match (&messages.carrier, postgres) {
            (Carrier::Redis(redis), _) => {
                tokio::spawn(hear_redis(Arc::clone(&messages), redis.clone()));
                tokio::spawn(Arc::clone(&messages).tell_all());
            }
            (Carrier::Postgres(_), Some(options)) => {
                tokio::spawn(hear_postgres(Arc::clone(&messages), options));
                tokio::spawn(Arc::clone(&messages).tell_all());
            }
            _ => {}
        }
        messages
    }

    /// Tells all other nodes, soon, that the log has grown.
    pub fn tell(&self) {
        self.untold.notify_one();
    }

    /// Resolves when another node has told so, or may have.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    /// How often another node has told so, or may have.
    #[must_use]
    pub fn heard(&self) -> u64 {
        self.heard.load(Ordering::Acquire)
    }

    /// Whether messages arrive that do not go through the database: one is sent, and comes back.
    pub async fn arrive_without_database(&self) -> bool {
        let Carrier::Redis(redis) = &self.carrier else { return false };
        let echo = self.echoed.notified();
        redis.publish(&self.echo()).await && timeout(ECHO, echo).await.is_ok()
    }

    fn echo(&self) -> String {
        format!("{} is here", self.node)
    }

    async fn tell_all(self: Arc<Self>) {
        loop {
            self.untold.notified().await;
            match &self.carrier {
                Carrier::Nobody => return,
                // A node that has lost the database has nothing else to go by: it is told until it is.
                Carrier::Redis(redis) => {
                    if !redis.publish(&self.node).await {
                        self.untold.notify_one();
                        sleep(AGAIN).await;
                    }
                }
                // Whoever does not hear it reads the log a little later.
                Carrier::Postgres(store) => {
                    let notify =
                        store.statement("SELECT pg_notify($1, $2)", [CHANNEL.into(), self.node.clone().into()]);
                    let told = store.bounded(async { Ok(store.writer().execute_raw(notify).await?) }).await;
                    told.map_or_else(|error| tracing::debug!(%error, "other nodes were not told"), drop);
                }
            }
            sleep(BREATH).await;
        }
    }

    fn heard_of(&self, message: &str) {
        if message == self.echo() {
            self.echoed.notify_waiters();
        } else if message != self.node && !message.ends_with(" is here") {
            self.wake();
        }
    }

    fn wake(&self) {
        self.heard.fetch_add(1, Ordering::AcqRel);
        self.woken.notify_one();
    }
}

async fn hear_redis(messages: Arc<Messages>, redis: Redis) {
    let mut channel: Channel = redis.listen().await;
    loop {
        match channel.next().await {
            Heard::Message(text) => messages.heard_of(&text),
            Heard::Gap => {
                messages.wake();
                sleep(BREATH).await;
            }
        }
    }
}

async fn hear_postgres(messages: Arc<Messages>, options: PgConnectOptions) {
    loop {
        if let Err(error) = listen(&messages, &options).await {
            tracing::debug!(%error, "PostgreSQL tells this node nothing for now; it looks by itself");
        }
        sleep(PAUSE).await;
    }
}

/// Listens until the connection is lost.
async fn listen(messages: &Messages, options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    let mut listener = PgListener::connect_with(&pool.connect_lazy_with(options.clone())).await?;
    listener.listen(CHANNEL).await?;
    messages.wake();
    while let Some(notification) = listener.try_recv().await? {
        messages.heard_of(notification.payload());
    }
    messages.wake();
    Ok(())
}
