//! JSON that is kept more often than it is read.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::StoreError;
use crate::text::fits_json;

/// A JSON value as the text that is stored. As a tree it would take ten times the memory, and what keeps it mostly keeps
/// tens of thousands: sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JsonText(Box<str>);

impl JsonText {
    /// The text of a value. What cannot be JSON is `null`.
    #[must_use]
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        Self(serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()).into())
    }

    /// What is stored, if it is JSON at all.
    pub(crate) fn stored(what: &str, text: String) -> Result<Self, StoreError> {
        let corrupt = |_| StoreError::Corrupt { what: what.to_owned() };
        serde_json::from_str::<IgnoredAny>(&text).map_err(corrupt)?;
        Ok(Self(text.into()))
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

impl From<Value> for JsonText {
    fn from(value: Value) -> Self {
        Self::of(&value)
    }
}
