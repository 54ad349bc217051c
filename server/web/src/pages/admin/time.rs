//! A point of time as a page shows it.

use chrono::{DateTime, Utc};

/// A point of time: exact in UTC, which the script puts into the viewer's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub DateTime<Utc>);

impl Time {
    /// Reads what the API writes (RFC 3339).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|time| Self(time.to_utc()))
    }

    /// For the attribute `datetime`.
    #[must_use]
    pub fn machine(&self) -> String {
        self.0.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// For people without the script.
    #[must_use]
    pub fn words(&self) -> String {
        self.0.format("%-d %b %Y, %H:%M UTC").to_string()
    }

    /// To the second, for whoever points at it.
    #[must_use]
    pub fn exact(&self) -> String {
        self.0.format("%Y-%m-%d %H:%M:%S UTC").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_told_in_utc() {
        let time = Time::parse("2026-03-01T10:00:00.123456+02:00").expect("a time");
        assert_eq!(time.machine(), "2026-03-01T08:00:00Z");
        assert_eq!(time.words(), "1 Mar 2026, 08:00 UTC");
        assert_eq!(time.exact(), "2026-03-01 08:00:00 UTC");
        assert_eq!(Time::parse("soon"), None);
    }
}
