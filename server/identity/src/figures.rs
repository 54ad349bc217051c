//! The installation in figures, as a first page shows them: counted at most every few seconds, however many look.

use crate::Identity;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use lockgate_store::{
    AppFigures, AuthenticatorKind, DateFilter, EventFilter, HourFigures, Page, PeopleFigures, StoreError, Task,
    TaskFilter, TaskOutcome, TaskState,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Mutex as AsyncMutex;

/// How old figures are told without counting again.
const FRESH: TimeDelta = TimeDelta::seconds(10);

/// How old figures are told while they are counted again, so that nobody waits for that.
const STALE: TimeDelta = TimeDelta::minutes(10);

/// Applications that are told of at most.
const APPLICATIONS: u64 = 10;

/// Failed jobs that are told of at most.
const JOBS: u64 = 5;

/// Days that are looked back at most.
pub const FURTHEST: u16 = 90;

/// What was counted.
#[derive(Debug)]
pub struct Counted {
    /// When.
    pub at: DateTime<Utc>,
    /// The beginning of what is counted of each hour.
    pub since: DateTime<Utc>,
    /// Accounts.
    pub people: PeopleFigures,
    /// Confirmed second factors by sort.
    pub factors: Vec<(AuthenticatorKind, u64)>,
    /// Sign-ins, and those that failed.
    pub sign_ins: Vec<HourFigures>,
    /// Denials that are kept.
    pub denials: Vec<(DateTime<Utc>, u64)>,
    /// Applications that were opened most often.
    pub applications: Vec<AppFigures>,
    /// Jobs that have failed: the last ones, and how many.
    pub jobs: (Vec<Task>, u64),
}

/// What was counted last, by days.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    counted: Mutex<HashMap<u16, Arc<Counted>>>,
    /// Held by who counts.
    counting: AsyncMutex<()>,
}

impl Kept {
    fn of(&self, days: u16, oldest: DateTime<Utc>) -> Option<Arc<Counted>> {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.get(&days).filter(|counted| counted.at >= oldest).cloned()
    }

    fn put(&self, days: u16, new: Counted) -> Arc<Counted> {
        let new = Arc::new(new);
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.retain(|_, old| new.at - old.at <= STALE);
        counted.insert(days, Arc::clone(&new));
        new
    }
}

impl Identity {
    /// The figures of so many days, at most [`FURTHEST`]. They may be some seconds old, and some minutes where nobody has
    /// asked for them meanwhile.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn figures(&self, days: u16) -> Result<Arc<Counted>, StoreError> {
        let days = days.clamp(1, FURTHEST);
        let now = self.clock.now();
        if let Some(fresh) = self.figures.of(days, now - FRESH) {
            return Ok(fresh);
        }
        if let Some(stale) = self.figures.of(days, now - STALE) {
            let identity = self.clone();
            tokio::spawn(async move {
                // Whoever counts already does it for everybody.
                let Ok(_counting) = identity.figures.counting.try_lock() else { return };
                if let Err(error) = identity.count(days).await {
                    tracing::warn!(%error, "the figures cannot be counted");
                }
            });
            return Ok(stale);
        }
        let _counting = self.figures.counting.lock().await;
        match self.figures.of(days, now - FRESH) {
            Some(fresh) => Ok(fresh),
            None => self.count(days).await,
        }
    }

    async fn count(&self, days: u16) -> Result<Arc<Counted>, StoreError> {
        let at = self.clock.now();
        let since = beginning(at, days);
        let filter = |actions: &[&str]| EventFilter {
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            created: DateFilter { after: Some(since - TimeDelta::microseconds(1)), ..DateFilter::default() },
            ..EventFilter::default()
        };
        let (figures, events) = (self.store.figures(), self.store.events());
        let failed = TaskFilter {
            sorts: Some((vec![TaskState::Rejected], vec![TaskOutcome::Error])),
            page: Page { number: 1, size: JOBS },
            ..TaskFilter::default()
        };
        let counted = Counted {
            at,
            since,
            people: figures.people().await?,
            factors: figures.factors().await?,
            sign_ins: events.volume(&filter(&["login", "login_failed"])).await?,
            denials: figures.denials(since).await?,
            applications: events.top_applications(&filter(&["authorize_application"]), APPLICATIONS).await?,
            jobs: self.store.tasks().list(&failed).await?,
        };
        Ok(self.figures.put(days, counted))
    }
}

/// Where the span begins: that of one day with an hour, others with a day.
fn beginning(now: DateTime<Utc>, days: u16) -> DateTime<Utc> {
    let (step, before) = match days {
        1 => (TimeDelta::hours(1), TimeDelta::hours(23)),
        days => (TimeDelta::days(1), TimeDelta::days(i64::from(days) - 1)),
    };
    now.duration_trunc(step).unwrap_or(now) - before
}

#[cfg(test)]
mod tests {
    use super::beginning;
    use chrono::{DateTime, Utc};

    #[test]
    fn a_span_begins_with_an_hour_or_a_day() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
        let now = at("2026-11-29T22:23:09Z");
        assert_eq!(beginning(now, 1), at("2026-11-28T23:00:00Z"));
        assert_eq!(beginning(now, 7), at("2026-11-23T00:00:00Z"));
    }
}
