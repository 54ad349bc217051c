//! JSON that is kept more often than it is read.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::StoreError;
use crate::text::fits_json;

/// A JSON value as the text that is stored. As a tree it would take ten times the memory, and what keeps it mostly keeps
/// tens of thousands: sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JsonText(Box<str>);

impl JsonText {
    /// The text of a value. What cannot be JSON is `null`.
    #[must_use]
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        Self(serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()).into())
    }

    /// What is stored, if it is JSON at all.
    pub(crate) fn stored(what: &str, text: String) -> Result<Self, StoreError> {
        Self::try_from(text).map_err(|_| StoreError::Corrupt { what: what.to_owned() })
    }

    /// The text for a column that holds at most `max` bytes.
    pub(crate) fn bounded(&self, field: &'static str, max: usize) -> Result<String, StoreError> {
        fits_json(field, self.0.to_string(), max)
    }

    /// The value; `None` where it has another shape.
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.0).ok()
    }

    /// The value, whatever its shape.
    #[must_use]
    pub fn value(&self) -> Value {
        self.read().unwrap_or_default()
    }
}

/// Read once as a whole: of what is kept, every later reading succeeds, so that none takes a broken text for nothing.
impl TryFrom<String> for JsonText {
    type Error = serde_json::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        serde_json::from_str::<Value>(&text)?;
        Ok(Self(text.into()))
    }
}

impl From<JsonText> for String {
    fn from(text: JsonText) -> Self {
        text.0.into()
    }
}

impl From<Value> for JsonText {
    fn from(value: Value) -> Self {
        Self::of(&value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_later_is_not_kept() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for text in ["{half", "", "1e999", r#"{"ip": "\ud800"}"#, &deep] {
            assert!(JsonText::stored("sessions.auth", text.to_owned()).is_err(), "{text}");
            assert!(serde_json::from_value::<JsonText>(Value::from(text)).is_err(), "{text}");
        }
        let kept = JsonText::of(&serde_json::json!({"mfa": true}));
        let copied: JsonText = serde_json::from_str(&serde_json::to_string(&kept).expect("a text")).expect("the same");
        assert_eq!((copied.value()["mfa"].as_bool(), &copied), (Some(true), &kept));
    }
}
