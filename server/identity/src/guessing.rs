//! What wrong passwords cost whoever sends them: pauses by address and by name, and a place behind everybody else's
//! in the queue of those who wait for a hash.
//!
//! Nobody locks anybody out by that. A browser in which somebody has signed in before is known for that account and
//! pays for its own wrong passwords alone, whatever others try under the same name or behind the same address. Names
//! that belong to nobody are counted like all others. The counts live in this process, and shrink by themselves; where
//! there is a Redis, all nodes count together, and each by itself while it does not answer.

use crate::{net::household, turns::Trust};
use chrono::{DateTime, Utc};
use lockgate_store::{Quota, Redis};
use quick_cache::sync::Cache;
use std::{
    fmt::Display,
    hash::Hash,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// Addresses, names and browsers that are remembered; of more, those that were seen least go.
const REMEMBERED: usize = 100_000;

/// So long after a wrong password of an address one more is free.
const PER_ADDRESS: i64 = 10_000;

/// So long after a wrong password for a name one more is free.
const PER_NAME: i64 = 60_000;

/// So many wrong passwords a known browser may send, and so long after one there is one more.
const OF_BROWSER: (u32, i64) = (10, 60_000);

/// How many wrong passwords are free before there are pauses. 0: there are none.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// From one address (of IPv6: one network of 64 bits).
    pub address: u32,
    /// For one name, from browsers that are not known for it (NIST SP 800-63B, section 3.2.2: at most 100).
    pub name: u32,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { address: 20, name: 100 }
    }
}

/// Where a password comes from, and for whom.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) ip: IpAddr,
    /// As typed, in small letters: were an account's names counted as one, a pause of one would tell that another is of
    /// the same account.
    pub(crate) name: String,
    /// The browser, where somebody has signed in to that account in it.
    pub(crate) browser: Option<u64>,
}

/// Wrong passwords, as the moment (in milliseconds) until which they are not forgotten (GCRA).
struct Debts<K> {
    /// What is counted, as Redis shows it.
    sort: &'static str,
    until: Cache<K, Arc<AtomicI64>>,
    each: i64,
    free: i64,
}

impl<K: Clone + Eq + Hash + Display> Debts<K> {
    fn new(sort: &'static str, free: u32, each: i64) -> Self {
        Self { sort, until: Cache::new(REMEMBERED), each, free: i64::from(free) * each }
    }

    fn quota(&self) -> Quota {
        Quota { each: waits(self.each), free: waits(self.free) }
    }

    /// As [`Self::charge`], on all nodes together; what others have counted is known here afterwards.
    async fn charge_with_all(&self, shared: Option<&Redis>, key: &K, now: i64) -> Result<(), i64> {
        self.charge(key, now)?;
        let Some(shared) = shared.filter(|_| self.free > 0) else { return Ok(()) };
        let Some((counted, owed)) = shared.count(self.sort, &key.to_string(), self.quota()).await else {
            return Ok(());
        };
        let owed = i64::try_from(owed.as_millis()).unwrap_or(self.free);
        if let Some(until) = self.until.get(key) {
            until.store(now + owed, Ordering::Release);
        }
        if counted { Ok(()) } else { Err((owed + self.each - self.free).max(1)) }
    }

    /// As [`Self::refund`], on all nodes together. Nobody waits for it.
    fn refund_with_all(&self, shared: Option<&Redis>, key: &K) {
        self.refund(key);
        if let Some(shared) = shared.filter(|_| self.free > 0).cloned() {
            let (sort, name, quota) = (self.sort, key.to_string(), self.quota());
            tokio::spawn(async move { shared.give_back(sort, &name, quota).await });
        }
    }

    fn owed(&self, key: &K, now: i64) -> i64 {
        self.until.get(key).map_or(0, |until| (self.sensible(&until, now) - now).max(0))
    }

    /// More than is free is never owed, except by a clock that was ahead and has been put back: that would keep people out
    /// for as long as it was ahead, so that it is counted anew.
    fn sensible(&self, until: &AtomicI64, now: i64) -> i64 {
        let seen = until.load(Ordering::Acquire);
        if seen <= now + self.free {
            return seen;
        }
        // Whoever was faster has counted anew.
        let _ = until.compare_exchange(seen, now, Ordering::AcqRel, Ordering::Acquire);
        now
    }

    /// Counts one more, unless there were too many: how long until there may be.
    fn charge(&self, key: &K, now: i64) -> Result<(), i64> {
        if self.free == 0 {
            return Ok(());
        }
        let made = self.until.get_or_insert_with(key, || Ok::<_, std::convert::Infallible>(Arc::default()));
        let Ok(until) = made;
        self.sensible(&until, now);
        let more = |old: i64| {
            let new = old.max(now) + self.each;
            (new - now <= self.free).then_some(new)
        };
        let charged = until.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        charged.map(drop).map_err(|old| old.max(now) + self.each - now - self.free)
    }

    fn refund(&self, key: &K) {
        if let Some(until) = self.until.get(key).filter(|_| self.free > 0) {
            until.fetch_sub(self.each, Ordering::AcqRel);
        }
    }

    /// How long until one more may be counted, if that is not now.
    fn pause(&self, key: &K, now: i64) -> Option<i64> {
        let wait = self.owed(key, now) + self.each - self.free;
        (self.free > 0 && wait > 0).then_some(wait)
    }

    /// Whether a good part of what is free is used.
    fn is_suspect(&self, key: &K, now: i64) -> bool {
        self.free > 0 && self.owed(key, now) > self.free / 4
    }
}

/// The counts.
pub(crate) struct Guessing {
    addresses: Debts<IpAddr>,
    names: Debts<String>,
    browsers: Debts<u64>,
    shared: Option<Redis>,
}

/// A password that was counted as wrong before it is looked at, so that many at once count as many.
#[must_use]
pub(crate) struct Charge<'a> {
    counts: &'a Guessing,
    source: Source,
    pub(crate) trust: Trust,
}

impl Charge<'_> {
    /// It was right, or not looked at.
    pub(crate) fn refund(self) {
        let Self { counts, source, trust } = self;
        let shared = counts.shared.as_ref();
        match source.browser {
            Some(browser) if trust == Trust::Known => counts.browsers.refund_with_all(shared, &browser),
            _ => {
                counts.addresses.refund_with_all(shared, &source.ip);
                counts.names.refund_with_all(shared, &source.name);
            }
        }
    }
}

impl Guessing {
    pub(crate) fn new(allowance: Allowance, shared: Option<Redis>) -> Self {
        Self {
            addresses: Debts::new("wrong-passwords:address", allowance.address, PER_ADDRESS),
            names: Debts::new("wrong-passwords:name", allowance.name, PER_NAME),
            browsers: Debts::new("wrong-passwords:browser", OF_BROWSER.0, OF_BROWSER.1),
            shared,
        }
    }

    /// How long an address has to pause, if it has to: it can be told so before anything is looked at.
    pub(crate) fn pause(&self, ip: IpAddr, now: DateTime<Utc>) -> Option<Duration> {
        self.addresses.pause(&household(ip), now.timestamp_millis()).map(waits)
    }

    /// How much an address is trusted where nothing is known of the browser.
    pub(crate) fn trust(&self, ip: IpAddr, now: DateTime<Utc>) -> Trust {
        self.trust_of(&household(ip), now.timestamp_millis())
    }

    fn trust_of(&self, household: &IpAddr, now: i64) -> Trust {
        if self.addresses.is_suspect(household, now) { Trust::Suspect } else { Trust::Unknown }
    }

    /// Counts a password that is about to be looked at.
    ///
    /// # Errors
    /// With the time to wait, when there were too many wrong ones.
    pub(crate) async fn charge(&self, source: Source, now: DateTime<Utc>) -> Result<Charge<'_>, Duration> {
        let shared = self.shared.as_ref();
        let (now, source) = (now.timestamp_millis(), Source { ip: household(source.ip), ..source });
        if let Some(browser) = source.browser
            && self.browsers.charge_with_all(shared, &browser, now).await.is_ok()
        {
            return Ok(Charge { counts: self, source, trust: Trust::Known });
        }
        let trust = self.trust_of(&source.ip, now);
        self.addresses.charge_with_all(shared, &source.ip, now).await.map_err(waits)?;
        if let Err(wait) = self.names.charge_with_all(shared, &source.name, now).await {
            self.addresses.refund_with_all(shared, &source.ip);
            return Err(waits(wait));
        }
        Ok(Charge { counts: self, source, trust })
    }
}

fn waits(milliseconds: i64) -> Duration {
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default()
    }

    fn source(ip: &str, name: &str, browser: Option<u64>) -> Source {
        Source { ip: ip.parse().expect("an address"), name: name.to_owned(), browser }
    }

    fn counts() -> Guessing {
        Guessing::new(Allowance { address: 4, name: 6 }, None)
    }

    async fn charged(counts: &Guessing, source: Source) -> Charge<'_> {
        counts.charge(source, noon()).await.unwrap_or_else(|wait| panic!("a pause of {wait:?}"))
    }

    /// How many of so many wrong passwords are looked at.
    async fn taken(counts: &Guessing, tries: usize, from: impl Fn(usize) -> Source, now: DateTime<Utc>) -> usize {
        let mut taken = 0;
        for at in 0..tries {
            taken += usize::from(counts.charge(from(at), now).await.is_ok());
        }
        taken
    }

    #[tokio::test]
    async fn a_clock_that_was_ahead_keeps_nobody_out_when_it_is_put_back() {
        let counts = counts();
        let from = |at: usize| source("192.0.2.1", &format!("name-{at}"), None);
        assert_eq!(taken(&counts, 50, from, noon() + chrono::TimeDelta::days(1)).await, 4);
        assert_eq!(counts.pause(from(0).ip, noon()), None);
        assert_eq!(taken(&counts, 50, from, noon()).await, 4);
    }

    #[tokio::test]
    async fn an_address_has_so_many_and_one_more_every_ten_seconds() {
        let counts = counts();
        let from = |at: usize| source("192.0.2.1", &format!("name-{at}"), None);
        assert_eq!(taken(&counts, 50, from, noon()).await, 4);
        let wait = counts.charge(from(99), noon()).await.err().expect("a pause");
        assert_eq!(wait, Duration::from_secs(10));
        assert_eq!(counts.pause(from(99).ip, noon()), Some(wait), "which can be known without asking");
        assert_eq!(counts.pause(from(99).ip, noon() + TimeDelta::seconds(10)), None);
        assert_eq!(taken(&counts, 50, from, noon() + TimeDelta::seconds(10)).await, 1);
        assert_eq!(taken(&counts, 1, |_| source("192.0.2.2", "name-1", None), noon()).await, 1, "others do not wait");
        assert_eq!(taken(&counts, 50, from, noon() + TimeDelta::hours(1)).await, 4, "all is forgotten");
    }

    #[tokio::test]
    async fn a_network_of_ipv6_is_one_address() {
        let from = |at: usize| source(&format!("2001:db8::{at:x}"), &format!("name-{at}"), None);
        assert_eq!(taken(&counts(), 50, from, noon()).await, 4);
        let mapped = |_| source("::ffff:192.0.2.1", "x", None);
        let counts = counts();
        assert_eq!(
            taken(&counts, 2, mapped, noon()).await
                + taken(&counts, 9, |_| source("192.0.2.1", "y", None), noon()).await,
            4
        );
    }

    #[tokio::test]
    async fn a_name_has_so_many_from_all_the_world_and_its_owner_goes_on() {
        let counts = counts();
        let from = |at: usize| source(&format!("192.0.2.{at}"), "ada", None);
        assert_eq!(taken(&counts, 50, from, noon()).await, 6);
        let own = |_| source("192.0.2.200", "ada", Some(7));
        let charge = charged(&counts, own(0)).await;
        assert_eq!(charge.trust, Trust::Known);
        charge.refund();
        // A stolen reminder is worth ten wrong passwords.
        assert_eq!(taken(&counts, 50, own, noon()).await, 10);
    }

    #[tokio::test]
    async fn what_was_right_costs_nothing_and_what_went_wrong_stands_behind() {
        let counts = counts();
        for _ in 0..100 {
            let charge = charged(&counts, source("192.0.2.1", "ada", None)).await;
            assert_eq!(charge.trust, Trust::Unknown);
            charge.refund();
        }
        let mut trusts = Vec::new();
        for at in 0..4 {
            trusts.push(charged(&counts, source("192.0.2.1", &format!("{at}"), None)).await.trust);
        }
        assert_eq!(trusts, [Trust::Unknown, Trust::Unknown, Trust::Suspect, Trust::Suspect]);
    }

    #[tokio::test]
    async fn nothing_is_counted_where_nothing_is_said() {
        let counts = Guessing::new(Allowance { address: 0, name: 0 }, None);
        assert_eq!(taken(&counts, 500, |_| source("192.0.2.1", "ada", None), noon()).await, 500);
    }
}
