//! Limits on what strangers may try: guessing secrets, asking for device codes, typing user codes.

use crate::endpoint::Refusal;
use governor::Quota;
use lockgate_identity::{
    counter::{Counter, Failures},
    net::household,
};
use std::{net::IpAddr, num::NonZeroU32, time::Duration};

/// Failed attempts of one address in a minute.
const FAILURES: NonZeroU32 = NonZeroU32::new(60).expect("not zero");

/// Device codes for one address: so many at once, and one in three minutes after that (20 an hour).
const DEVICES: NonZeroU32 = NonZeroU32::new(20).expect("not zero");

/// User codes that one address may type: RFC 8628, section 5.1, against guessing.
const USER_CODES: NonZeroU32 = NonZeroU32::new(10).expect("not zero");

/// Requests that clients without a secret may push from one address in a minute.
const PUSHED: NonZeroU32 = NonZeroU32::new(60).expect("not zero");

/// The limits.
pub(crate) struct Limits {
    failures: Failures,
    devices: Counter<IpAddr>,
    pushed: Counter<IpAddr>,
    user_codes: Counter<IpAddr>,
}

impl Default for Limits {
    fn default() -> Self {
        let every = |period: Duration, burst| Quota::with_period(period).map(|quota| quota.allow_burst(burst));
        let hourly = every(Duration::from_secs(180), DEVICES).unwrap_or(Quota::per_hour(DEVICES));
        Self {
            failures: Failures::new("client_secrets", Quota::per_minute(FAILURES)),
            devices: Counter::new("device_codes", hourly),
            pushed: Counter::new("pushed_requests", Quota::per_minute(PUSHED)),
            user_codes: Counter::new("user_codes", Quota::per_minute(USER_CODES)),
        }
    }
}

impl Limits {
    /// Whether secrets from this address may be compared at all: the right one must not be told from the
    /// wrong ones of somebody who guesses.
    pub(crate) fn may_try(&self, from: IpAddr) -> Result<(), Refusal> {
        self.failures.pause(from).map_or(Ok(()), |wait| Err(too_many(wait)))
    }

    /// Counts a failed attempt; an error once there were too many.
    pub(crate) fn failed(&self, from: IpAddr) -> Result<(), Refusal> {
        self.failures.count(from).map_err(too_many)
    }

    /// Counts a device code.
    pub(crate) fn device(&self, from: IpAddr) -> Result<(), Refusal> {
        self.counted(&self.devices, from)
    }

    /// Counts a request that was pushed by somebody who has proven nothing.
    pub(crate) fn pushed(&self, from: IpAddr) -> Result<(), Refusal> {
        self.counted(&self.pushed, from)
    }

    /// Counts a user code that was typed.
    pub(crate) fn user_code(&self, from: IpAddr) -> Result<(), Refusal> {
        self.counted(&self.user_codes, from)
    }

    fn counted(&self, counter: &Counter<IpAddr>, from: IpAddr) -> Result<(), Refusal> {
        counter.count(&household(from)).map_err(too_many)
    }
}

fn too_many(wait: Duration) -> Refusal {
    Refusal::TooMany { retry_after: wait.as_secs() + 1 }
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

    #[test]
    fn who_guesses_does_not_learn_which_guess_was_right() {
        let limits = Limits::default();
        let (guesser, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        assert!(limits.may_try(guesser).is_ok());
        let failures = (0..100).filter(|_| limits.failed(guesser).is_ok()).count();
        assert!((60..=61).contains(&failures), "{failures}");
        assert!(matches!(limits.may_try(guesser), Err(Refusal::TooMany { retry_after: 1.. })));
        assert!(limits.may_try(other).is_ok());
    }
}
