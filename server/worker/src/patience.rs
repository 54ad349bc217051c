//! How long it is tried to reach somebody who does not answer.

use chrono::TimeDelta;

/// The first pause after a failure; each one is twice as long as the one before, up to [`LONGEST`].
pub(crate) const PAUSE: TimeDelta = TimeDelta::seconds(10);

/// The longest pause.
pub(crate) const LONGEST: TimeDelta = TimeDelta::hours(1);

/// How long it is tried again.
pub(crate) const GIVE_UP: TimeDelta = TimeDelta::days(1);

/// The pause after so many attempts.
pub(crate) fn pause(attempts: u32) -> TimeDelta {
    let doublings = attempts.saturating_sub(1).min(16);
    (PAUSE * (1 << doublings)).min(LONGEST)
}
