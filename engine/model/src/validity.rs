//! Lengths of time as people write them: `30d`, `8h`, or the reference's `hours=1;minutes=2`.

use chrono::TimeDelta;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{borrow::Cow, fmt, str::FromStr};
use thiserror::Error;

/// The longest span accepted anywhere: ten years.
pub const MAX_SECONDS: i64 = 10 * 365 * 86_400;

/// A length of time, kept as written so that clients read back what they sent; answered in the
/// reference's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validity {
    text: String,
    micros: i64,
}

/// Why a text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ValidityError {
    /// Neither form.
    #[error("\"{0}\" is not a duration; write 30d, 8h, 10m or 45s, or hours=1;minutes=2")]
    Form(String),
    /// More than [`MAX_SECONDS`].
    #[error("\"{0}\" is longer than ten years")]
    TooLong(String),
}

impl Validity {
    /// So many seconds.
    #[must_use]
    pub fn seconds(seconds: u32) -> Self {
        Self::of("seconds", seconds, 1)
    }
    /// So many minutes.
    #[must_use]
    pub fn minutes(minutes: u32) -> Self {
        Self::of("minutes", minutes, 60)
    }
    /// So many hours.
    #[must_use]
    pub fn hours(hours: u32) -> Self {
        Self::of("hours", hours, 3_600)
    }
    /// So many days.
    #[must_use]
    pub fn days(days: u32) -> Self {
        Self::of("days", days, 86_400)
    }
    /// So many weeks.
    #[must_use]
    pub fn weeks(weeks: u32) -> Self {
        Self::of("weeks", weeks, 604_800)
    }

    fn of(unit: &str, number: u32, seconds: i64) -> Self {
        Self { text: format!("{unit}={number}"), micros: i64::from(number) * seconds * 1_000_000 }
    }

    /// The span itself.
    #[must_use]
    pub fn delta(&self) -> TimeDelta {
        TimeDelta::microseconds(self.micros)
    }

    /// Whole seconds, rounded down.
    #[must_use]
    pub fn as_secs(&self) -> i64 {
        self.micros / 1_000_000
    }

    /// Whether it is no time at all, which several stages read as "until the browser closes".
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.micros == 0
    }
}

impl FromStr for Validity {
    type Err = ValidityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || ValidityError::Form(text.chars().take(64).collect());
        let trimmed = text.trim();
        let (micros, canonical) = if trimmed.contains('=') {
            (long_form(trimmed).ok_or_else(bad)?, trimmed.to_owned())
        } else {
            short_form(trimmed).ok_or_else(bad)?
        };
        if micros > MAX_SECONDS * 1_000_000 {
            return Err(ValidityError::TooLong(text.chars().take(64).collect()));
        }
        Ok(Self { text: canonical, micros })
    }
}

fn long_form(text: &str) -> Option<i64> {
    let mut micros = 0_i64;
    for pair in text.split([';', ',']) {
        let (unit, number) = pair.split_once('=')?;
        let number: i64 = number.trim().parse().ok().filter(|n| *n >= 0)?;
        let scale = match unit.trim() {
            "weeks" => 604_800_000_000,
            "days" => 86_400_000_000,
            "hours" => 3_600_000_000,
            "minutes" => 60_000_000,
            "seconds" => 1_000_000,
            "milliseconds" => 1_000,
            "microseconds" => 1,
            _ => return None,
        };
        micros = micros.checked_add(number.checked_mul(scale)?)?;
    }
    Some(micros)
}

fn short_form(text: &str) -> Option<(i64, String)> {
    let split = text.len().checked_sub(1).filter(|s| text.is_char_boundary(*s))?;
    let (number, unit) = text.split_at(split);
    let number: i64 = number.parse().ok().filter(|n| *n >= 0)?;
    let (scale, long) = match unit {
        "w" => (604_800, "weeks"),
        "d" => (86_400, "days"),
        "h" => (3_600, "hours"),
        "m" => (60, "minutes"),
        "s" => (1, "seconds"),
        _ => return None,
    };
    Some((number.checked_mul(scale * 1_000_000)?, format!("{long}={number}")))
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Validity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Validity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Validity {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Validity".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "duration-text", "maxLength": 200, "minLength": 1})
    }
}

#[cfg(test)]
mod tests {
    use super::Validity;

    #[test]
    fn both_forms_mean_the_same_and_the_long_one_is_answered() {
        for (text, seconds, answer) in [
            ("30d", 2_592_000, "days=30"),
            ("8h", 28_800, "hours=8"),
            ("hours=1;minutes=2", 3_720, "hours=1;minutes=2"),
            ("minutes=60", 3_600, "minutes=60"),
        ] {
            let parsed: Validity = text.parse().expect(text);
            assert_eq!((parsed.as_secs(), parsed.to_string().as_str()), (seconds, answer));
        }
        for text in ["", "d", "-1d", "1 fortnight", "hours=", "hours=-1", "99999999d", "1é", "hours=1;;"] {
            assert!(text.parse::<Validity>().is_err(), "{text} must be refused");
        }
    }
}
