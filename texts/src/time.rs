//! Moments and spans of time in words.

use crate::Language;
use chrono::{DateTime, Datelike, TimeDelta, Utc};

impl Language {
    /// A span in the largest unit that it is a whole number of.
    #[must_use]
    pub fn span(self, span: TimeDelta) -> String {
        let seconds = span.num_seconds().max(1);
        let units = [(86_400, Self::days as fn(Self, i64) -> String), (3_600, Self::hours), (60, Self::minutes)];
        match units.into_iter().find(|(of, _)| seconds % of == 0) {
            Some((of, told)) => told(self, seconds / of),
            None => self.seconds(seconds),
        }
    }

    /// A moment, to the minute.
    #[must_use]
    pub fn moment(self, at: DateTime<Utc>) -> String {
        self.date_and_time(at.day(), at.month(), at.format("%H:%M").to_string(), at.year().to_string())
    }
}
