//! How often everything happened, hour by hour: what lies behind is counted once in a while, and only what is new each time
//! that somebody looks. A log of many people takes too long to be counted whole for every page that draws it.

use crate::Identity;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use lockgate_store::{DateFilter, EventFilter, HourFigures, StoreError};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// How long the count of what lies behind is told. As long, entries that were deleted since still count.
const KEPT: TimeDelta = TimeDelta::minutes(10);

/// Entries are written some time after what they tell of: hours that ended before this are counted for good.
const LATE: TimeDelta = TimeDelta::minutes(10);

/// The hours that are over.
#[derive(Debug)]
struct Past {
    /// When they were counted.
    at: DateTime<Utc>,
    /// Where the first hour that may still change begins.
    until: DateTime<Utc>,
    hours: Vec<HourFigures>,
}

/// What was counted last, by days.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<HashMap<u16, Arc<Past>>>);

impl Counts {
    fn of(&self, days: u16, now: DateTime<Utc>) -> Option<Arc<Past>> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(&days).filter(|past| past.at <= now && now - past.at < KEPT).cloned()
    }

    fn put(&self, days: u16, past: Past) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.retain(|_, old| past.at - old.at < KEPT);
        counts.insert(days, Arc::new(past));
    }
}

impl Identity {
    /// How often each action happened in each hour of the last days, oldest first, whoever did it.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn volume(&self, days: u16) -> Result<Vec<HourFigures>, StoreError> {
        let now = self.clock.now();
        let events = self.store.events();
        let after = |moment| EventFilter {
            created: DateFilter { after: Some(moment), ..DateFilter::default() },
            ..EventFilter::default()
        };
        if let Some(past) = self.volumes.of(days, now) {
            let new = events.volume(&after(past.until - TimeDelta::microseconds(1))).await?;
            return Ok(past.hours.iter().cloned().chain(new).collect());
        }
        let hours = events.volume(&after(now - TimeDelta::days(days.into()))).await?;
        self.volumes.put(days, over(&hours, now));
        Ok(hours)
    }
}

/// Of these hours those that are over.
fn over(hours: &[HourFigures], now: DateTime<Utc>) -> Past {
    let late = now - LATE;
    let until = late.duration_trunc(TimeDelta::hours(1)).unwrap_or(late);
    Past { at: now, until, hours: hours.iter().filter(|hour| hour.hour < until).cloned().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn hours(times: &[&str]) -> Vec<HourFigures> {
        times.iter().map(|time| HourFigures { action: "login".to_owned(), hour: at(time), count: 1 }).collect()
    }

    #[test]
    fn an_hour_is_over_once_nothing_is_written_of_it_any_more() {
        let all = hours(&["2026-11-29T20:00:00Z", "2026-11-29T21:00:00Z", "2026-11-29T22:00:00Z"]);
        let shortly_after = over(&all, at("2026-11-29T22:09:00Z"));
        assert_eq!((shortly_after.hours.len(), shortly_after.until), (1, at("2026-11-29T21:00:00Z")));
        let later = over(&all, at("2026-11-29T22:11:00Z"));
        assert_eq!((later.hours.len(), later.until), (2, at("2026-11-29T22:00:00Z")));
    }

    #[test]
    fn what_was_counted_is_told_for_ten_minutes() {
        let counts = Counts::default();
        let now = at("2026-11-29T22:30:00Z");
        counts.put(30, over(&hours(&["2026-11-29T20:00:00Z"]), now));
        assert!(counts.of(30, now + TimeDelta::minutes(9)).is_some());
        assert!(counts.of(7, now).is_none(), "another span");
        assert!(counts.of(30, now + KEPT).is_none() && counts.of(30, now - TimeDelta::seconds(1)).is_none());
    }
}
