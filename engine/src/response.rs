//! What a person answered: a JSON object whose keys the current stage reads itself.

use crate::challenge::{Data, ResponseErrors};
use serde_json::Value;

/// The most keys that a response may have.
pub const MAX_KEYS: usize = 256;

/// One response.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Response {
    /// Which challenge it answers; `None`: the current one.
    pub component: Option<String>,
    /// The rest.
    pub fields: Data,
}

impl Response {
    /// Reads a request body; `None` when it is not an object, has too many keys, or `component` is
    /// not a text.
    #[must_use]
    pub fn from_json(body: Value) -> Option<Self> {
        let Value::Object(mut fields) = body else { return None };
        if fields.len() > MAX_KEYS {
            return None;
        }
        let component = match fields.remove("component") {
            None => None,
            Some(Value::String(word)) => Some(word),
            Some(_) => return None,
        };
        Some(Self { component, fields })
    }

    /// Reads the pairs of a posted form; of equal names the last counts.
    pub fn from_form<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Option<Self> {
        let fields = pairs.into_iter().map(|(k, v)| (k.into(), Value::String(v.into()))).collect();
        Self::from_json(Value::Object(fields))
    }

    /// A text of at most `max` characters; `None` and a complaint for anything else. A missing or
    /// empty one is a complaint when `required`, else empty.
    pub(crate) fn text(&self, key: &str, max: usize, required: bool, errors: &mut ResponseErrors) -> Option<String> {
        match self.fields.get(key) {
            None if !required => Some(String::new()),
            None => complain(errors, key, "required", "This field is required."),
            Some(Value::Null) if !required => Some(String::new()),
            Some(Value::Null) => complain(errors, key, "null", "This field may not be null."),
            Some(Value::String(text)) if text.is_empty() && required => {
                complain(errors, key, "blank", "This field may not be blank.")
            }
            Some(Value::String(text)) if text.chars().count() > max => {
                let text = format!("Ensure this field has no more than {max} characters.");
                complain(errors, key, "max_length", &text)
            }
            Some(Value::String(text)) if text.contains('\0') => {
                complain(errors, key, "null_characters_not_allowed", "Null characters are not allowed.")
            }
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => complain(errors, key, "invalid", "Not a valid string."),
        }
    }

    /// A yes or no, as JSON or as forms send it; `None` when it is missing or neither.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.fields.get(key)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(word) => match word.to_ascii_lowercase().as_str() {
                "on" | "true" | "1" | "yes" => Some(true),
                "off" | "false" | "0" | "no" | "" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
}

fn complain(errors: &mut ResponseErrors, key: &str, code: &str, text: &str) -> Option<String> {
    errors.add(key, code, text);
    None
}
