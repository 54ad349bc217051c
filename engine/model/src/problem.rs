//! What is wrong with a body, in the words of the API contract: a list of messages per field.

use serde_json::{Map, Value, json};
use std::fmt;

/// One complaint about one place in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// JSON pointer into the body (`/redirect_uris/0/url`); empty for the whole object.
    pub pointer: String,
    /// A sentence that says what is wrong and what is expected.
    pub message: String,
    /// Stable word for programs: `required`, `invalid`, `unknown`, `does_not_exist`, `unique`, `max_length` …
    pub code: &'static str,
}

/// All complaints about one body; empty means it is sound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// A list with a single complaint.
    #[must_use]
    pub fn one(pointer: &str, code: &'static str, message: impl Into<String>) -> Self {
        let mut problems = Self::default();
        problems.add(pointer, code, message);
        problems
    }

    /// Adds a complaint.
    pub fn add(&mut self, pointer: &str, code: &'static str, message: impl Into<String>) {
        self.0.push(Problem { pointer: pointer.to_owned(), message: message.into(), code });
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Err(self)` when something is wrong.
    ///
    /// # Errors
    /// The problems themselves.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }

    /// The contract's shape: `{field: [text…], non_field_errors: [text…]}`; nested places nest.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut root = Map::new();
        for problem in &self.0 {
            let mut parts: Vec<&str> = problem.pointer.split('/').filter(|p| !p.is_empty()).collect();
            if parts.is_empty() {
                parts.push("non_field_errors");
            }
            insert(&mut root, &parts, &problem.message);
        }
        Value::Object(root)
    }
}

fn insert(map: &mut Map<String, Value>, parts: &[&str], message: &str) {
    let Some((first, rest)) = parts.split_first() else { return };
    let slot = map.entry((*first).to_owned()).or_insert(Value::Null);
    if rest.is_empty() {
        match slot {
            Value::Array(list) => list.push(json!(message)),
            Value::Object(nested) => insert(nested, &["non_field_errors"], message),
            other => *other = json!([message]),
        }
        return;
    }
    if !slot.is_object() {
        // A message about the whole field came first: keep it beside the nested ones.
        let earlier = slot.take();
        let mut nested = Map::new();
        if earlier.is_array() {
            nested.insert("non_field_errors".to_owned(), earlier);
        }
        *slot = Value::Object(nested);
    }
    if let Value::Object(nested) = slot {
        insert(nested, rest, message);
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, p) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            let at = p.pointer.trim_start_matches('/').replace('/', ".");
            if at.is_empty() { write!(f, "{}", p.message)? } else { write!(f, "{at}: {}", p.message)? }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
