//! JSON as YAML in block style: what little of YAML (1.2) a document of our own needs.

use serde_json::Value;

/// Words that YAML reads as something else than a text, in one version or another.
const WORDS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"];

/// A value as YAML; ends with a line break.
#[must_use]
pub fn print(value: &Value) -> String {
    printed(value, false)
}

/// As [`print`], with texts of several lines as blocks, for people who go on writing.
#[must_use]
pub fn print_document(value: &Value) -> String {
    printed(value, true)
}

fn printed(value: &Value, blocks: bool) -> String {
    let mut printer = Printer { text: String::new(), blocks };
    printer.block(value, 0, false);
    printer.text
}

struct Printer {
    text: String,
    /// Texts of several lines stand as they are.
    blocks: bool,
}

impl Printer {
    /// Writes a value that begins on a line of its own, or after the `- ` of a list (`inline`).
    fn block(&mut self, value: &Value, depth: usize, inline: bool) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (i, (key, value)) in map.iter().enumerate() {
                    if i > 0 || !inline {
                        self.indent(depth);
                    }
                    self.text.push_str(&scalar(key));
                    self.text.push(':');
                    self.member(value, depth);
                }
            }
            Value::Array(list) if !list.is_empty() => {
                for (i, value) in list.iter().enumerate() {
                    if i > 0 || !inline {
                        self.indent(depth);
                    }
                    self.text.push_str("- ");
                    self.block(value, depth + 1, true);
                }
            }
            value => self.leaf(value, depth),
        }
    }

    /// Writes what follows `key:`; lists and maps on lines of their own.
    fn member(&mut self, value: &Value, depth: usize) {
        let nested = match value {
            Value::Object(map) => !map.is_empty(),
            Value::Array(list) => !list.is_empty(),
            _ => false,
        };
        if nested {
            self.text.push('\n');
            // Items of a list stand as far left as their key: the usual form, and two columns less.
            self.block(value, if value.is_array() { depth } else { depth + 1 }, false);
        } else {
            self.text.push(' ');
            self.leaf(value, depth + 1);
        }
    }

    /// Writes a value and the end of its line; `depth` is that of further lines.
    fn leaf(&mut self, value: &Value, depth: usize) {
        match value {
            Value::String(text) if self.blocks && is_block(text) => {
                self.text.push_str(if text.ends_with('\n') { "|\n" } else { "|-\n" });
                for line in text.lines() {
                    if !line.is_empty() {
                        self.indent(depth);
                        self.text.push_str(line);
                    }
                    self.text.push('\n');
                }
                return;
            }
            Value::String(text) => self.text.push_str(&scalar(text)),
            // Numbers, yes and no, null, and what is empty look the same in both.
            other => self.text.push_str(&other.to_string()),
        }
        self.text.push('\n');
    }

    fn indent(&mut self, depth: usize) {
        self.text.extend(std::iter::repeat_n("  ", depth));
    }
}

/// Whether a text can stand as a block and be read back as it is.
fn is_block(text: &str) -> bool {
    let strange = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n')
        && !body.starts_with([' ', '\n'])
        && !body.ends_with('\n')
        // A line of spaces alone would not say where the indentation ends.
        && !body.lines().any(|line| !line.is_empty() && line.trim().is_empty())
        && !text.contains(strange)
}

/// A text, in quotes unless nobody could read it as anything else. JSON's quotes are YAML's.
fn scalar(text: &str) -> String {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ' | '(' | ')' | ',' | ';');
    let word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if (starts && !word && !text.ends_with(' ') && text.chars().all(plain)) || is_duration(text) {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

/// `8h`: neither a number nor anything else.
fn is_duration(text: &str) -> bool {
    let number = text.strip_suffix(['w', 'd', 'h', 'm', 's']).unwrap_or_default();
    !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{is_block, print, print_document};
    use serde_json::{Value, json};

    #[test]
    fn what_is_printed_is_read_back() {
        let value =
            json!({"a": {"b": ["x\ny", {"c": "one\n\n  two \n"}, []], "yes": "no"}, "d": ["- x", "1", 1, null]});
        assert_eq!(
            print_document(&value),
            "a:\n  b:\n  - |-\n    x\n    y\n  - c: |\n      one\n\n        two \n  - []\n  \"yes\": \"no\"\nd:\n- \"- x\"\n- \"1\"\n- 1\n- null\n"
        );
        for text in [print(&value), print_document(&value)] {
            assert_eq!(serde_saphyr::from_str::<Value>(&text).expect("valid YAML"), value, "{text}");
        }
    }

    #[test]
    fn what_a_block_would_change_stands_in_quotes() {
        for text in ["x", "x\n", " x\ny", "\nx\ny", "x\ny\n\n", "x\n \ny", "x\r\ny", "x\u{2028}\ny", "x\ty\nz"] {
            assert!(!is_block(text), "{text:?}");
            let value = json!({"a": [text]});
            assert_eq!(serde_saphyr::from_str::<Value>(&print_document(&value)).expect("valid YAML"), value);
        }
    }
}
