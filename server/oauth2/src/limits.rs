//! Limits on what strangers may try: guessing secrets, asking for device codes, typing user codes.

use crate::endpoint::Refusal;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};
use std::{net::IpAddr, num::NonZeroU32, time::Duration};

/// Failed attempts of one address in a minute.
const FAILURES: NonZeroU32 = NonZeroU32::new(60).expect("not zero");

/// Device codes for one address: so many at once, and one in three minutes after that (20 an hour).
const DEVICES: NonZeroU32 = NonZeroU32::new(20).expect("not zero");

/// User codes that one address may type: RFC 8628, section 5.1, against guessing.
const USER_CODES: NonZeroU32 = NonZeroU32::new(10).expect("not zero");

/// Requests that clients without a secret may push from one address in a minute.
const PUSHED: NonZeroU32 = NonZeroU32::new(60).expect("not zero");

/// Addresses that are remembered before those whose time has passed are dropped.
const REMEMBERED: usize = 50_000;

type ByAddress = DefaultKeyedRateLimiter<IpAddr>;

/// The limits.
pub(crate) struct Limits {
    failures: ByAddress,
    devices: ByAddress,
    pushed: ByAddress,
    user_codes: ByAddress,
}

impl Default for Limits {
    fn default() -> Self {
        let every = |period: Duration, burst| Quota::with_period(period).map(|quota| quota.allow_burst(burst));
        let hourly = every(Duration::from_secs(180), DEVICES).unwrap_or(Quota::per_hour(DEVICES));
        Self {
            failures: RateLimiter::keyed(Quota::per_minute(FAILURES)),
            devices: RateLimiter::keyed(hourly),
            pushed: RateLimiter::keyed(Quota::per_minute(PUSHED)),
            user_codes: RateLimiter::keyed(Quota::per_minute(USER_CODES)),
        }
    }
}

impl Limits {
    /// Counts a failed attempt; an error once there were too many.
    pub(crate) fn failed(&self, from: IpAddr) -> Result<(), Refusal> {
        count(&self.failures, from)
    }

    /// Counts a device code.
    pub(crate) fn device(&self, from: IpAddr) -> Result<(), Refusal> {
        count(&self.devices, from)
    }

    /// Counts a request that was pushed by somebody who has proven nothing.
    pub(crate) fn pushed(&self, from: IpAddr) -> Result<(), Refusal> {
        count(&self.pushed, from)
    }

    /// Counts a user code that was typed.
    pub(crate) fn user_code(&self, from: IpAddr) -> Result<(), Refusal> {
        count(&self.user_codes, from)
    }
}

fn count(limiter: &ByAddress, from: IpAddr) -> Result<(), Refusal> {
    if limiter.len() > REMEMBERED {
        limiter.retain_recent();
    }
    limiter.check_key(&network(from)).map_err(|until| {
        let wait = until.wait_time_from(governor::clock::DefaultClock::default().now());
        Refusal::TooMany { retry_after: wait.as_secs() + 1 }
    })
}

/// One subscriber owns a /64 of IPv6 and can use any address of it.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_network_has_its_own_budget() {
        let limits = Limits::default();
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        for _ in 0..10 {
            assert!(limits.user_code(ip("2001:db8::1")).is_ok());
        }
        assert!(matches!(limits.user_code(ip("2001:db8::2")), Err(Refusal::TooMany { retry_after: 1.. })));
        assert!(limits.user_code(ip("2001:db8:0:1::1")).is_ok());
        assert!(limits.user_code(ip("192.0.2.1")).is_ok());
    }
}
