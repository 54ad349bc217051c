//! How often somebody may do something: counts by whoever it is, in this process, and on all nodes together where there is a
//! Redis.

use crate::net::household;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};
use lockgate_store::Redis;
use quick_cache::sync::Cache;
use std::{
    fmt::Display,
    hash::Hash,
    net::IpAddr,
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
            Some((false, owed)) => {
                refused(self.name);
                Err((owed + quota.each).saturating_sub(quota.free))
            }
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

/// Failures by address (of IPv6: by network of 64 bits). After too many nothing of that address is looked at for a
/// while: who guesses must not learn which guess was right.
#[derive(Debug)]
pub struct Failures {
    started: Instant,
    counts: Counter<IpAddr>,
    /// Addresses that have failed too often, and until when nothing is looked at for them.
    shut: Cache<IpAddr, Duration>,
}

impl Failures {
    /// Permits this many. `name` tells them apart in the metric of refusals.
    #[must_use]
    pub fn new(name: &'static str, quota: Quota) -> Self {
        Self { started: Instant::now(), counts: Counter::new(name, quota), shut: Cache::new(REMEMBERED) }
    }

    /// How long an address has to wait, if it has to.
    pub fn pause(&self, from: IpAddr) -> Option<Duration> {
        self.shut.get(&household(from))?.checked_sub(self.started.elapsed())
    }

    /// Counts one.
    ///
    /// # Errors
    /// With the time to wait, when there were too many.
    pub fn count(&self, from: IpAddr) -> Result<(), Duration> {
        let (from, now) = (household(from), self.started.elapsed());
        self.counts.count(&from).inspect_err(|wait| self.shut.insert(from, now + *wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    #[test]
    fn who_fails_too_often_waits_and_nobody_else_does() {
        let failures = Failures::new("test", Quota::per_minute(NonZeroU32::MIN.saturating_add(9)));
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert_eq!(failures.pause(ip("2001:db8::1")), None);
        let counted = (0..100).filter(|_| failures.count(ip("2001:db8::1")).is_ok()).count();
        assert!((10..=11).contains(&counted), "{counted}");
        assert!(failures.pause(ip("2001:db8::2")).is_some(), "another address of the same network");
        assert_eq!(failures.pause(ip("2001:db8:0:1::1")), None);
        assert_eq!(failures.pause(ip("192.0.2.1")), None);
    }
}
