//! The time in which something counts: a binding, a membership.

use crate::Problems;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};

/// The minutes by which clocks are set forward at most: every gap in a zone is passed within a day.
const GAP_STEP: TimeDelta = TimeDelta::minutes(15);

/// From its first moment on, until its end, which is no part of it; open where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    /// The first moment.
    pub from: Option<DateTime<Utc>>,
    /// The end.
    pub until: Option<DateTime<Utc>>,
}

/// Where a moment lies, seen from a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// Before it: it begins then.
    Ahead(DateTime<Utc>),
    /// Within it.
    Current,
    /// After it: it ended then.
    Over(DateTime<Utc>),
}

impl Period {
    /// Without beginning and end.
    pub const ALWAYS: Self = Self { from: None, until: None };

    /// Where a moment lies.
    #[must_use]
    pub fn timing(&self, now: DateTime<Utc>) -> Timing {
        match (self.from, self.until) {
            (_, Some(until)) if until <= now => Timing::Over(until),
            (Some(from), _) if now < from => Timing::Ahead(from),
            _ => Timing::Current,
        }
    }

    /// Whether a moment lies within.
    #[must_use]
    pub fn contains(&self, now: DateTime<Utc>) -> bool {
        self.timing(now) == Timing::Current
    }

    /// Whether it has neither beginning nor end.
    #[must_use]
    pub fn is_always(&self) -> bool {
        *self == Self::ALWAYS
    }

    /// The next moment after this one at which it begins or ends.
    #[must_use]
    pub fn next_change(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        [self.from, self.until].into_iter().flatten().filter(|at| *at > now).min()
    }

    /// Complains of an end that does not lie after the beginning.
    pub fn check(&self, problems: &mut Problems) {
        if let (Some(from), Some(until)) = (self.from, self.until)
            && until <= from
        {
            problems.add("/until", "invalid", "'until' must lie after 'from'.");
        }
    }
}

/// A moment in the words of messages: `2026-11-01 00:00:00 UTC`, without what is zero.
#[must_use]
pub fn moment_in_words(at: DateTime<Utc>) -> String {
    let text = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    let time = time.trim_end_matches('Z');
    format!("{date} {} UTC", time.strip_suffix(":00").unwrap_or(time))
}

/// The first moment of a day in a zone; `None` past the end of the calendar.
pub fn first_moment<Z: TimeZone>(day: NaiveDate, zone: &Z) -> Option<DateTime<Utc>> {
    let mut local = day.and_time(NaiveTime::MIN);
    // Where clocks are set forward at midnight the day begins later.
    for _ in 0..=TimeDelta::days(1).num_minutes() / GAP_STEP.num_minutes() {
        if let Some(found) = zone.from_local_datetime(&local).earliest() {
            return Some(found.to_utc());
        }
        local = local.checked_add_signed(GAP_STEP)?;
    }
    None
}

/// The end of a day in a zone: the first moment of the next.
pub fn end_of_day<Z: TimeZone>(day: NaiveDate, zone: &Z) -> Option<DateTime<Utc>> {
    first_moment(day.checked_add_days(Days::new(1))?, zone)
}

#[cfg(test)]
mod tests {
    use super::{Period, Timing, end_of_day, first_moment, moment_in_words};
    use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
    use chrono_tz::Tz;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    #[test]
    fn a_period_has_its_first_moment_and_not_its_last() {
        let (from, until) = (at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z"));
        let period = Period { from: Some(from), until: Some(until) };
        let instant = TimeDelta::microseconds(1);
        assert_eq!(period.timing(from - instant), Timing::Ahead(from));
        assert_eq!(period.timing(from), Timing::Current);
        assert_eq!(period.timing(until - instant), Timing::Current);
        assert_eq!(period.timing(until), Timing::Over(until));
        assert_eq!(period.next_change(from - instant), Some(from));
        assert_eq!(period.next_change(from), Some(until));
        assert_eq!(period.next_change(until), None);
        assert!(Period::ALWAYS.contains(from) && Period::ALWAYS.next_change(from).is_none());
    }

    #[test]
    fn a_day_has_its_bounds_in_its_zone() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let zone = |name: &str| name.parse::<Tz>().expect("a zone");
        for (name, date, first, end) in [
            ("UTC", "2026-12-31", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            // The day begins at one o'clock.
            ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"),
        ] {
            assert_eq!(first_moment(day(date), &zone(name)), Some(at(first)), "{name}");
            assert_eq!(end_of_day(day(date), &zone(name)), Some(at(end)), "{name}");
        }
        assert_eq!(end_of_day(NaiveDate::MAX, &Utc), None);
    }

    #[test]
    fn moments_are_short_in_words() {
        assert_eq!(moment_in_words(at("2026-11-01T00:00:00Z")), "2026-11-01 00:00 UTC");
        assert_eq!(moment_in_words(at("2026-11-01T00:00:07.5Z")), "2026-11-01 00:00:07 UTC");
    }
}
