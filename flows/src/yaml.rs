//! JSON as YAML in block style: what little of YAML (1.2) a document of our own needs.

use serde_json::Value;
use std::fmt::Write as _;

/// Words that YAML reads as something else than a text, in one version or another.
const WORDS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"];

/// A value as YAML; ends with a line break.
#[must_use]
pub fn print(value: &Value) -> String {
    let mut text = String::new();
    block(&mut text, value, 0, false);
    text
}

/// Writes a value that begins on a line of its own, or after the `- ` of a list (`inline`).
fn block(text: &mut String, value: &Value, depth: usize, inline: bool) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (i, (key, value)) in map.iter().enumerate() {
                if i > 0 || !inline {
                    indent(text, depth);
                }
                text.push_str(&scalar(key));
                text.push(':');
                member(text, value, depth);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (i, value) in list.iter().enumerate() {
                if i > 0 || !inline {
                    indent(text, depth);
                }
                text.push_str("- ");
                block(text, value, depth + 1, true);
            }
        }
        value => {
            text.push_str(&leaf(value));
            text.push('\n');
        }
    }
}

/// Writes what follows `key:`; lists and maps on lines of their own.
fn member(text: &mut String, value: &Value, depth: usize) {
    let nested = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => false,
    };
    if nested {
        text.push('\n');
        // Items of a list stand as far left as their key: the usual form, and two columns less.
        block(text, value, if value.is_array() { depth } else { depth + 1 }, false);
    } else {
        // Writing to a String cannot fail.
        let _ = writeln!(text, " {}", leaf(value));
    }
}

fn leaf(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        // Numbers, yes and no, null, and what is empty look the same in both.
        other => other.to_string(),
    }
}

/// A text, in quotes unless nobody could read it as anything else. JSON's quotes are YAML's.
fn scalar(text: &str) -> String {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ' | '(' | ')' | ',' | ';');
    let word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if starts && !word && !text.ends_with(' ') && text.chars().all(plain) {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

fn indent(text: &mut String, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
}
