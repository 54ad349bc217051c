//! What changed, here or on another node: read from the database's log of changes twice a second, and
//! right after every write of our own, so that nothing in memory outlives the truth by more than that.

use crate::{oauth::OAuth, principals::Principals, proxy::ProxyLogins, sessions::Sessions, tokens::Tokens};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_engine::ports::Clock;
use lockgate_store::{ChangeCursor, Polled, Store, StoreError, Topic};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, Notify};

/// How often the log is read.
const INTERVAL: Duration = Duration::from_millis(400);

/// What is in memory counts only while the log was read within this time.
const MAX_AGE: TimeDelta = TimeDelta::milliseconds(1_000);

/// The memories that changes reach.
#[derive(Clone)]
pub(crate) struct Caches {
    pub(crate) principals: Arc<Principals>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) proxy: Arc<ProxyLogins>,
    pub(crate) oauth: Arc<OAuth>,
    pub(crate) tokens: Arc<Tokens>,
}

/// The reader of the log.
pub struct Feed {
    store: Store,
    clock: Arc<dyn Clock>,
    caches: Caches,
    cursor: Mutex<ChangeCursor>,
    read_at: AtomicI64,
    /// The number of the last reading that has begun, and of the last one that was done.
    begun: AtomicU64,
    done: AtomicU64,
    config: Notify,
    logins: Notify,
    tasks: Notify,
}

impl Feed {
    pub(crate) async fn start(store: Store, clock: Arc<dyn Clock>, caches: Caches) -> Result<Arc<Self>, StoreError> {
        let now = clock.now();
        let cursor = Mutex::new(store.changes().cursor(now).await?);
        let read_at = AtomicI64::new(now.timestamp_millis());
        let (begun, done, config, logins, tasks) = Default::default();
        Ok(Arc::new(Self { store, clock, caches, cursor, read_at, begun, done, config, logins, tasks }))
    }

    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        now.timestamp_millis() - self.read_at.load(Ordering::Acquire) <= MAX_AGE.num_milliseconds()
    }

    /// How long ago the log was read last.
    #[must_use]
    pub fn age(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.clock.now().timestamp_millis() - self.read_at.load(Ordering::Acquire))
    }

    /// What is in memory counts only while changes are being read: where they are not, they are read now, once
    /// for everybody who waits.
    ///
    /// # Errors
    /// When they cannot be read: nothing remembered may be used then.
    pub async fn trust(&self) -> Result<(), StoreError> {
        let asked = self.clock.now();
        if self.is_fresh(asked) {
            return Ok(());
        }
        Box::pin(async {
            let mut cursor = self.cursor.lock().await;
            // A read that began after the question answers it, however long it took.
            if self.read_at.load(Ordering::Acquire) >= asked.timestamp_millis() {
                return Ok(());
            }
            self.read(&mut cursor).await
        })
        .await
    }

    /// Reads what changed and forgets it. Called after every write, so that it counts from the next
    /// request on this node. A failure leaves the feed to grow stale, which makes everybody ask again.
    pub async fn settle(&self) {
        let before = self.begun.load(Ordering::Acquire);
        let mut cursor = self.cursor.lock().await;
        // Somebody else has read since we came: all that we have written was there.
        if self.done.load(Ordering::Acquire) > before {
            return;
        }
        if let Err(error) = self.read(&mut cursor).await {
            metrics::counter!("lockgate_change_feed_failures_total").increment(1);
            tracing::warn!(%error, "the log of changes cannot be read; nothing cached is trusted until it can");
        }
    }

    /// Forgets what a write of our own has changed, as far as it is known without reading the log: it counts from the next
    /// request on, and what others have changed comes with the next reading.
    pub(crate) fn heed(&self, changed: impl IntoIterator<Item = (Topic, String)>) {
        changed.into_iter().for_each(|(topic, key)| self.apply(topic, &key));
    }

    async fn read(&self, cursor: &mut ChangeCursor) -> Result<(), StoreError> {
        let this = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
        loop {
            let now = self.clock.now();
            let polled = self.store.changes().poll(cursor, now).await?;
            self.follow(&polled);
            if !polled.more {
                self.done.store(this, Ordering::Release);
                self.read_at.store(now.timestamp_millis(), Ordering::Release);
                return Ok(());
            }
        }
    }

    fn follow(&self, polled: &Polled) {
        if polled.lost {
            self.caches.principals.forget_all();
            self.caches.sessions.forget_all();
            self.caches.proxy.forget_all();
            self.caches.oauth.forget_all();
            self.caches.tokens.forget_all();
            self.config.notify_one();
            self.logins.notify_one();
            self.tasks.notify_one();
        }
        polled.changes.iter().for_each(|change| self.apply(change.topic, &change.key));
    }

    fn apply(&self, topic: Topic, key: &str) {
        match topic {
            Topic::Config => self.config.notify_one(),
            Topic::User => match key.parse() {
                Ok(pk) => self.caches.principals.forget(pk),
                Err(_) => self.caches.principals.forget_all(),
            },
            Topic::Groups => self.caches.principals.forget_all(),
            Topic::Session => {
                self.caches.sessions.forget(key);
                self.logins.notify_one();
            }
            Topic::ProxySession => self.caches.proxy.forget(key),
            Topic::Token => self.caches.tokens.forget_all(),
            Topic::OAuthToken => self.caches.oauth.forget(key),
            Topic::Task => self.tasks.notify_one(),
        }
    }

    /// Reads the log until the process ends.
    pub async fn run(&self) {
        let mut tick = tokio::time::interval(INTERVAL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.settle().await;
        }
    }

    /// Resolves when somebody changed the configuration.
    pub async fn config_changed(&self) {
        self.config.notified().await;
    }

    /// A login at a client has ended although its session goes on.
    pub(crate) fn login_ended(&self) {
        self.logins.notify_one();
    }

    /// Resolves when logins may have ended, here or on another node.
    pub async fn logins_changed(&self) {
        self.logins.notified().await;
    }

    /// Resolves when work was asked for, here or on another node.
    pub async fn work_asked_for(&self) {
        self.tasks.notified().await;
    }
}
