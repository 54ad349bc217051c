//! What nodes share beside the database, where there is a Redis or a Valkey: messages that something has changed, counts
//! of what is limited, and copies of sessions.
//!
//! Nothing of it is the truth. The database is; whatever is lost or late here costs time, and what somebody else writes
//! here lets nobody in: messages only say "look", counts only slow down, and copies are sealed.

mod limits;
mod messages;
mod sessions;

use std::time::Duration;

use fred::clients::{Client, SubscriberClient};
use fred::interfaces::{ClientLike as _, EventInterface as _};
use fred::types::Builder;
use fred::types::config::{Config, Options, ReconnectPolicy};

use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

pub use limits::Quota;
pub(crate) use messages::{Channel, Heard};
pub use sessions::SessionCopy;

/// What every key begins with.
const PREFIX: &str = "lockgate:";

/// The longest wait for an answer: beyond, the database is as quick.
const PATIENCE: Duration = Duration::from_millis(250);

/// The longest wait for a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// The first and the longest pause between two attempts to connect, in milliseconds.
const RECONNECT: (u32, u32) = (100, 2_000);

/// Commands that may wait for an answer at once; more fail at once.
const MOST_WAITING: usize = 10_000;

/// Why an address of a Redis is of no use. The address itself is not told: it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error(
    "the address of Redis is of no use: {reason}; write redis://:PASSWORD@HOST:6379/0, or rediss:// for TLS, \
         redis-cluster://HOST:6379?node=HOST:6379, redis-sentinel://HOST:26379/0?sentinelServiceName=NAME"
)]
pub struct RedisAddressError {
    reason: String,
}

/// A connection to Redis or Valkey: one server, one that sentinels name, or a cluster. It is made again by itself when it is
/// lost; meanwhile everything fails at once. Cloning shares it.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    subscriber: SubscriberClient,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redis")
    }
}

impl Redis {
    /// Begins to connect, and waits for nothing. Must run inside the runtime.
    ///
    /// # Errors
    /// For a useless address; one that does not answer is none.
    pub fn connect(url: &str) -> Result<Self, RedisAddressError> {
        let useless = |error: fred::error::Error| RedisAddressError { reason: error.details().to_owned() };
        let mut config = Config::from_url(url).map_err(useless)?;
        config.fail_fast = false;
        let mut builder = Builder::from_config(config);
        builder.set_policy(ReconnectPolicy::new_exponential(0, RECONNECT.0, RECONNECT.1, 2));
        builder.with_connection_config(|connection| {
            connection.connection_timeout = CONNECT_PATIENCE;
            connection.internal_command_timeout = CONNECT_PATIENCE;
            connection.max_command_buffer_len = MOST_WAITING;
            connection.unresponsive.max_timeout = Some(CONNECT_PATIENCE);
        });
        let client = builder.build().map_err(useless)?;
        let subscriber = builder.build_subscriber_client().map_err(useless)?;
        client.connect();
        subscriber.connect();
        subscriber.manage_subscriptions();
        tokio::spawn(tell_of_outages(client.clone()));
        Ok(Self { client, subscriber })
    }

    /// Asks for a sign of life, and answers whether there is one.
    pub async fn is_alive(&self) -> bool {
        let client = self.client.with_options(&options());
        answered::<String>("ping", client.ping(None)).await.is_some()
    }

    /// Closes the connections.
    pub async fn close(&self) {
        // Whatever is wrong with them ends with them.
        let _ = timeout(PATIENCE, self.subscriber.quit()).await;
        let _ = timeout(PATIENCE, self.client.quit()).await;
    }
}

/// Logs when the connection is lost and when it is there again, once each.
async fn tell_of_outages(client: Client) {
    let (mut errors, mut connections) = (client.error_rx(), client.reconnect_rx());
    let mut is_lost = false;
    loop {
        tokio::select! {
            lost = errors.recv() => match lost {
                Ok((error, _)) if !is_lost => {
                    is_lost = true;
                    tracing::warn!(error = error.details(), "Redis is lost; this node goes on by the database alone");
                }
                Err(RecvError::Closed) => return,
                _ => {}
            },
            connected = connections.recv() => match connected {
                Err(RecvError::Closed) => return,
                _ => {
                    is_lost = false;
                    tracing::info!("Redis is connected");
                }
            },
        }
    }
}

fn options() -> Options {
    Options { timeout: Some(PATIENCE), fail_fast: true, max_attempts: Some(1), ..Options::default() }
}

/// What Redis answers within [`PATIENCE`]; the driver's own limits do not hold for what waits for a connection. What failed
/// is counted, and told in the log at the level of details: an outage would fill it.
async fn answered<T>(what: &'static str, asked: impl Future<Output = Result<T, fred::error::Error>>) -> Option<T> {
    let error = match timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => return Some(answer),
        Ok(Err(error)) => error.details().to_owned(),
        Err(_) => "no answer in time".to_owned(),
    };
    metrics::counter!("lockgate_redis_errors_total", "operation" => what).increment(1);
    tracing::debug!(what, error, "Redis did not answer");
    None
}
