//! How often somebody may do something: counts by whoever it is, in this process, and on all nodes together where there is a
//! Redis.

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};
use lockgate_store::Redis;
use std::{
    fmt::Display,
    hash::Hash,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Keys that are remembered before those whose time has passed are dropped.
const REMEMBERED: usize = 50_000;

/// Keys beyond which new ones are turned away: so many at once are nobody's use.
const MOST: usize = 4 * REMEMBERED;

/// Counts by key.
#[derive(Debug)]
pub struct Counter<K: Clone + Eq + Hash> {
    /// What is counted, as the metric of refusals calls it.
    name: &'static str,
    counts: DefaultKeyedRateLimiter<K>,
    started: Instant,
    /// When those whose time has passed were dropped last, in seconds since the start.
    swept: AtomicU64,
    shared: Option<Shared>,
}

/// Where all nodes count.
#[derive(Debug)]
struct Shared {
    redis: Redis,
    sort: &'static str,
    quota: lockgate_store::Quota,
}

impl<K: Clone + Eq + Hash> Counter<K> {
    /// Counts that permit this much to each key. `name` tells them apart in the metric of refusals.
    #[must_use]
    pub fn new(name: &'static str, quota: Quota) -> Self {
        let counts = RateLimiter::keyed(quota);
        Self { name, counts, started: Instant::now(), swept: AtomicU64::new(0), shared: None }
    }

    /// As [`Self::new`], on all nodes together where Redis answers; `sort` is what it shows.
    #[must_use]
    pub fn with_all(name: &'static str, quota: Quota, redis: Option<Redis>, sort: &'static str) -> Self {
        let each = quota.replenish_interval();
        let shared = lockgate_store::Quota { each, free: each.saturating_mul(quota.burst_size().get()) };
        let shared = redis.map(|redis| Shared { redis, sort, quota: shared });
        Self { shared, ..Self::new(name, quota) }
    }

    /// Counts, on all nodes together.
    ///
    /// # Errors
    /// With the time to wait, when there were too many.
    pub async fn count_with_all(&self, key: &K) -> Result<(), Duration>
    where
        K: Display,
    {
        self.count(key)?;
        let Some(Shared { redis, sort, quota }) = &self.shared else { return Ok(()) };
        match redis.count(sort, &key.to_string(), *quota).await {
            Some((false, owed)) => Err((owed + quota.each).saturating_sub(quota.free)),
            _ => Ok(()),
        }
    }

    /// Counts, in this process.
    ///
    /// # Errors
    /// With the time to wait, when there were too many.
    pub fn count(&self, key: &K) -> Result<(), Duration> {
        let counted = self.counted(key);
        if counted.is_err() {
            refused(self.name);
        }
        counted
    }

    fn counted(&self, key: &K) -> Result<(), Duration> {
        if self.counts.len() > REMEMBERED {
            let second = self.started.elapsed().as_secs();
            if self.swept.swap(second, Ordering::Relaxed) != second {
                self.counts.retain_recent();
            }
            if self.counts.len() > MOST {
                return Err(Duration::from_secs(1));
            }
        }
        let now = governor::clock::DefaultClock::default().now();
        self.counts.check_key(key).map_err(|until| until.wait_time_from(now))
    }
}

/// Counts a request that was too much for one of the limits.
pub(crate) fn refused(limit: &'static str) {
    metrics::counter!("lockgate_rate_limited_total", "limit" => limit).increment(1);
}
