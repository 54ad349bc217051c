//! What changed, here or on another node: read from the database's log of changes every 0.4 s, when another node says
//! so, and right after every write of our own, so that nothing in memory outlives the truth by more than that.
//!
//! While the database is away nobody can change anything through it, but another node may still reach it. So what is in
//! memory goes on to count only where messages take another way, and as long as no node tells of a change.

use crate::{
    copies::Copies, oauth::OAuth, principals::Principals, proxy::ProxyLogins, sessions::Sessions, tokens::Tokens,
};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_engine::ports::Clock;
use lockgate_store::{ChangeCursor, Messages, Polled, Store, StoreError, Topic};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, Notify};

/// How often the log is read.
const INTERVAL: Duration = Duration::from_millis(400);

/// Between two readings that other nodes have asked for: where many nodes write, one would follow the other without a
/// pause, on every node.
const BREATH: Duration = Duration::from_millis(10);

/// What is in memory counts only while the log was read within this time.
const MAX_AGE: TimeDelta = TimeDelta::milliseconds(1_000);

/// How often it is looked whether messages arrive, while the log cannot be read.
const ASSURANCE: Duration = Duration::from_millis(150);

/// The log is late after this, a little more than [`INTERVAL`].
const LATE: TimeDelta = TimeDelta::milliseconds(600);

/// The longest wait for the log itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// So soon after a failure nobody tries again but [`Feed::run`].
const GIVEN_UP: TimeDelta = TimeDelta::milliseconds(900);

/// The memories that changes reach.
#[derive(Clone)]
pub(crate) struct Caches {
    pub(crate) principals: Arc<Principals>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) proxy: Arc<ProxyLogins>,
    pub(crate) oauth: Arc<OAuth>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) copies: Option<Arc<Copies>>,
}

/// Whether that was within this time. Clocks jump: what seems to come from later than this time ahead was told by a clock
/// that has been put back since, and nobody knows how long ago it was.
fn is_within(now: DateTime<Utc>, at: &AtomicI64, time: TimeDelta) -> bool {
    TimeDelta::milliseconds(now.timestamp_millis() - at.load(Ordering::Acquire)).abs() <= time
}

/// The reader of the log.
pub struct Feed {
    store: Store,
    clock: Arc<dyn Clock>,
    caches: Caches,
    messages: Arc<Messages>,
    /// How long what is in memory goes on without the database, where messages take another way.
    outage: TimeDelta,
    cursor: Mutex<ChangeCursor>,
    /// When the log was read last, when that failed last, and when messages were last seen to arrive without the
    /// database, in milliseconds.
    read_at: AtomicI64,
    failed_at: AtomicI64,
    assured_at: AtomicI64,
    /// How many readings have failed, and whether the last one has.
    failures: AtomicU64,
    failed: AtomicBool,
    /// What [`Messages::heard`] said before the log was read last.
    heard: AtomicU64,
    /// The number of the last reading that has begun, and of the last one that was done.
    begun: AtomicU64,
    done: AtomicU64,
    config: Notify,
    logins: Notify,
    tasks: Notify,
    restored: Notify,
}

impl Feed {
    pub(crate) async fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        caches: Caches,
        messages: Arc<Messages>,
        outage: TimeDelta,
    ) -> Result<Arc<Self>, StoreError> {
        let now = clock.now();
        let cursor = store.changes().cursor(now).await?;
        if let Some(copies) = &caches.copies {
            copies.begin(&cursor);
        }
        let (cursor, read_at) = (Mutex::new(cursor), AtomicI64::new(now.timestamp_millis()));
        let heard = AtomicU64::new(messages.heard());
        let (failed_at, assured_at, failures, failed, begun, done) = Default::default();
        let (config, logins, tasks, restored) = Default::default();
        Ok(Arc::new(Self {
            store,
            clock,
            caches,
            messages,
            outage,
            cursor,
            read_at,
            failed_at,
            assured_at,
            failures,
            failed,
            heard,
            begun,
            done,
            config,
            logins,
            tasks,
            restored,
        }))
    }

    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        is_within(now, &self.read_at, MAX_AGE)
    }

    /// How long ago the log was read last.
    #[must_use]
    pub fn age(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.clock.now().timestamp_millis() - self.read_at.load(Ordering::Acquire))
    }

    /// Whether nobody has told of a change since the log was read, while messages arrive without the database.
    fn is_quiet(&self, now: DateTime<Utc>) -> bool {
        is_within(now, &self.assured_at, MAX_AGE)
            && is_within(now, &self.read_at, self.outage)
            && self.messages.heard() == self.heard.load(Ordering::Acquire)
    }

    /// What is in memory counts only while changes are being read: where they are not, they are read now, once
    /// for everybody who waits. Without the database it counts as long as the module says.
    ///
    /// # Errors
    /// When they cannot be read: nothing remembered may be used then.
    pub async fn trust(&self) -> Result<(), StoreError> {
        let asked = self.clock.now();
        if self.is_fresh(asked) || self.is_quiet(asked) {
            return Ok(());
        }
        Box::pin(self.read_for_all(asked)).await
    }

    async fn read_for_all(&self, asked: DateTime<Utc>) -> Result<(), StoreError> {
        let away = || StoreError::Unavailable { reason: "the log of changes cannot be read".to_owned() };
        if is_within(asked, &self.failed_at, GIVEN_UP) {
            return Err(away());
        }
        let (begun, failed) = (self.begun.load(Ordering::Acquire), self.failures.load(Ordering::Acquire));
        let mut cursor = self.cursor.lock().await;
        // A read that began after the question answers it, however long it took.
        if self.done.load(Ordering::Acquire) > begun {
            return Ok(());
        }
        if self.failures.load(Ordering::Acquire) > failed {
            return Err(away());
        }
        self.read(&mut cursor).await
    }

    /// Reads what changed and forgets it. Called after every write, so that it counts from the next
    /// request on this node. A failure leaves the feed to grow stale, which makes everybody ask again.
    pub async fn settle(&self) {
        self.messages.tell();
        self.catch_up().await;
    }

    async fn catch_up(&self) {
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
    /// request on, and what others have changed comes with the next reading. `change` is the number of the last of them.
    pub(crate) fn heed(&self, change: i64, changed: impl IntoIterator<Item = (Topic, String)>) {
        self.messages.tell();
        for (topic, key) in changed {
            if let (Topic::Session, Some(copies)) = (topic, &self.caches.copies) {
                copies.changed(change, &key);
            }
            self.apply(topic, &key);
        }
    }

    async fn read(&self, cursor: &mut ChangeCursor) -> Result<(), StoreError> {
        let this = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let heard = self.messages.heard();
        loop {
            let now = self.clock.now();
            let log = self.store.changes();
            let polled = tokio::time::timeout(PATIENCE, log.poll(cursor, now)).await;
            let polled = polled.unwrap_or(Err(StoreError::Timeout(PATIENCE)));
            let polled = polled.inspect_err(|_| {
                self.failed_at.store(self.clock.now().timestamp_millis(), Ordering::Release);
                self.failures.fetch_add(1, Ordering::AcqRel);
                self.failed.store(true, Ordering::Release);
            })?;
            self.follow(&polled);
            if let Some(copies) = self.caches.copies.as_ref().filter(|_| polled.lost) {
                copies.begin(cursor);
            }
            if !polled.more {
                if let Some(copies) = &self.caches.copies {
                    copies.read_to(cursor);
                }
                self.done.store(this, Ordering::Release);
                self.heard.store(heard, Ordering::Release);
                self.read_at.store(now.timestamp_millis(), Ordering::Release);
                self.failed.store(false, Ordering::Release);
                return Ok(());
            }
        }
    }

    fn follow(&self, polled: &Polled) {
        if polled.lost {
            self.forget_all();
        }
        for change in &polled.changes {
            // Before the memory: what is loaded in between must not come from a copy.
            match (change.topic, &self.caches.copies) {
                (Topic::Session, Some(copies)) => copies.changed(change.id, &change.key),
                (Topic::Everything, Some(copies)) => copies.forget_before(change.id),
                _ => {}
            }
            self.apply(change.topic, &change.key);
        }
    }

    fn forget_all(&self) {
        self.caches.principals.forget_all();
        self.caches.sessions.forget_all();
        self.caches.proxy.forget_all();
        self.caches.oauth.forget_all();
        self.caches.tokens.forget_all();
        self.config.notify_one();
        self.logins.notify_one();
        self.tasks.notify_one();
    }

    fn apply(&self, topic: Topic, key: &str) {
        match topic {
            Topic::Config => self.config.notify_one(),
            Topic::User => match key.parse() {
                Ok(pk) => self.caches.principals.forget(pk),
                Err(_) => self.caches.principals.forget_all(),
            },
            Topic::Groups => match key.parse() {
                Ok(group) => self.caches.principals.forget_group(group),
                Err(_) => self.caches.principals.forget_all(),
            },
            Topic::Session => {
                self.caches.sessions.forget(key);
                self.logins.notify_one();
            }
            Topic::ProxySession => self.caches.proxy.forget(key),
            Topic::Token => self.caches.tokens.changed(key),
            Topic::OAuthToken => self.caches.oauth.forget(key),
            Topic::Task => self.tasks.notify_one(),
            Topic::Everything => {
                tracing::warn!("the database was restored from a backup: nothing remembered holds any more");
                self.forget_all();
                self.restored.notify_one();
            }
        }
    }

    /// Reads the log until the process ends.
    pub async fn run(&self) {
        let mut tick = tokio::time::interval(INTERVAL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.messages.woken() => {}
            }
            self.catch_up().await;
            // A reading that was only slow is no sign of it.
            let failed = self.failed.load(Ordering::Acquire);
            self.store.note_away(failed && !self.is_fresh(self.clock.now()));
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Looks whether messages arrive whenever the log cannot be read, until the process ends.
    pub(crate) async fn stay_assured(&self) {
        loop {
            tokio::time::sleep(ASSURANCE).await;
            let is_late = !is_within(self.clock.now(), &self.read_at, LATE);
            if is_late && self.messages.arrive_without_database().await {
                self.assured_at.store(self.clock.now().timestamp_millis(), Ordering::Release);
            }
        }
    }

    /// Resolves when somebody changed the configuration.
    pub async fn config_changed(&self) {
        self.config.notified().await;
    }

    /// Resolves when the database has become what it was at an earlier time.
    pub async fn restored(&self) {
        self.restored.notified().await;
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
