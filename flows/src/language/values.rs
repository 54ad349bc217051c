//! From YAML values to JSON bodies, guided by the kinds' schemas: names become primary keys, secrets
//! are fetched, and what is of the wrong sort is reported where it stands.

use super::{Loader, words};
use crate::{
    diagnostics::Diagnostic,
    node::{Node, Value as Yaml, quoted},
    span::Span,
};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use lockgate_model::{
    Validity,
    period::{end_of_day, first_moment},
    schema::{Field, MANY_CHOICES},
};
use regex::Regex;
use serde_json::{Map, Value, json};
use url::Url;
use uuid::Uuid;

/// A field being translated.
pub(crate) struct Slot<'s> {
    pub(crate) field: &'s Field,
    /// The schema that `$ref`s point into.
    pub(crate) root: &'s Value,
}

/// Short words for long values of the reference and of the protocols.
pub(crate) fn short_choice(choice: &str) -> Option<String> {
    if let Some(grant) = choice.strip_prefix("urn:ietf:params:oauth:grant-type:") {
        return Some(grant.replace('-', "_"));
    }
    let (_, last) = choice.rsplit_once('.')?;
    Some(last.strip_suffix("Backend").unwrap_or(last).to_lowercase())
}

/// The constraints of a schema with references followed and "or null" taken off.
pub(crate) fn plain<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    if let Some(path) = schema["$ref"].as_str() {
        return root.pointer(path.trim_start_matches('#')).map_or(schema, |s| plain(s, root));
    }
    let variants = schema["anyOf"].as_array();
    match variants.and_then(|v| v.iter().find(|s| s["type"] != "null")) {
        Some(variant) => plain(variant, root),
        None => schema,
    }
}

/// Whether a schema accepts this JSON type.
pub(crate) fn accepts(schema: &Value, kind: &str) -> bool {
    schema["type"] == kind || schema["type"].as_array().is_some_and(|t| t.iter().any(|v| v == kind))
}

impl Loader<'_> {
    /// The value of a field; `None` when it was complained about.
    pub(crate) fn value(&mut self, slot: &Slot<'_>, node: &Node) -> Option<Value> {
        let field = slot.field;
        if matches!(node.value, Yaml::Null) {
            if field.nullable {
                return Some(Value::Null);
            }
            self.error("null", &node.span, format!("\"{}\" has no value", field.yaml));
            return None;
        }
        if field.secret {
            return self.secret_only(node, &field.yaml);
        }
        if let Some(target) = &field.target {
            return match (field.many, node.list()) {
                (true, Some(items)) => self.all(items, |loader, item| loader.reference(target, item)),
                (true, None) => {
                    self.wrong(node, &field.yaml, &format!("a list of {} names", words::noun(target)));
                    None
                }
                (false, _) => self.reference(target, node),
            };
        }
        if field.schema["format"] == "regex-lines" {
            return self.patterns(node, &field.yaml);
        }
        self.by_schema(slot, plain(&field.schema, slot.root), node)
    }

    /// Translates every item, so that all errors are found; `None` when one failed.
    fn all(&mut self, items: &[Node], mut each: impl FnMut(&mut Self, &Node) -> Option<Value>) -> Option<Value> {
        let values: Vec<Option<Value>> = items.iter().map(|i| each(self, i)).collect();
        values.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
    }

    fn by_schema(&mut self, slot: &Slot<'_>, schema: &Value, node: &Node) -> Option<Value> {
        let yaml = &slot.field.yaml;
        if let Some(options) = schema["enum"].as_array() {
            return self.choice(yaml, options, node);
        }
        if let Some(variants) = schema["oneOf"].as_array() {
            return self.variant(slot, variants, node);
        }
        match &node.value {
            Yaml::Bool(b) if accepts(schema, "boolean") => Some(json!(b)),
            Yaml::Number(n) if accepts(schema, "number") || (accepts(schema, "integer") && !n.is_f64()) => {
                Some(json!(n))
            }
            Yaml::Text(text) if accepts(schema, "string") => self.text(schema, yaml, text, node),
            Yaml::List(items) if accepts(schema, "array") => {
                let item_schema = plain(&schema["items"], slot.root);
                self.all(items, |loader, item| loader.by_schema(slot, item_schema, item))
            }
            Yaml::Map(_) if accepts(schema, "string") && is_secret(node) => {
                let text = self.secret(node, yaml)?;
                Some(Value::String(text))
            }
            Yaml::Map(_) if accepts(schema, "object") => Some(json_of(node)),
            _ => {
                self.wrong(node, yaml, sort_of(schema));
                None
            }
        }
    }

    /// A map with one key, which says what its value is.
    fn variant(&mut self, slot: &Slot<'_>, variants: &[Value], node: &Node) -> Option<Value> {
        let yaml = &slot.field.yaml;
        let of = |variant: &Value| Some(variant["properties"].as_object()?.iter().next()?.0.clone());
        let known: Vec<String> = variants.iter().filter_map(of).collect();
        let forms: Vec<String> = known.iter().map(|key| format!("{{ {key}: … }}")).collect();
        let Some([(key, value)]) = node.map() else {
            self.wrong(node, yaml, &forms.join(" or "));
            return None;
        };
        let Some(variant) = variants.iter().find(|variant| of(variant).as_ref() == Some(&key.text)) else {
            let message = format!("unknown key \"{}\" in {yaml}", key.text);
            let complaint = Diagnostic::error("unknown_key", &key.span, message).expected(forms.join(" or "));
            self.diagnostics.push(complaint.near(&key.text, known.iter().map(String::as_str)));
            return None;
        };
        let inner = plain(&variant["properties"][key.text.as_str()], slot.root);
        let value = self.by_schema(slot, inner, value)?;
        Some(json!({key.text.as_str(): value}))
    }

    fn choice(&mut self, yaml: &str, options: &[Value], node: &Node) -> Option<Value> {
        let options: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
        let known: Vec<String> = options.iter().map(|o| short_choice(o).unwrap_or_else(|| (*o).to_owned())).collect();
        let expected = match known.len() {
            0..=MANY_CHOICES => format!("one of {}", known.join(", ")),
            many => format!("one of {many} words, such as {}", known[..3].join(", ")),
        };
        // Where the choice is among numbers, nobody writes them in quotes.
        let number = if let Yaml::Number(number) = &node.value { Some(number.to_string()) } else { None };
        let number = number.filter(|number| options.contains(&number.as_str()));
        let Some(word) = number.as_deref().or_else(|| node.text()) else {
            self.wrong(node, yaml, &expected);
            return None;
        };
        let chosen = options.iter().zip(&known).find(|(option, short)| **option == word || *short == word);
        if chosen.is_none() {
            let message = format!("wrong value for \"{yaml}\": {}", node.found());
            let complaint = Diagnostic::error("invalid_choice", &node.span, message).expected(expected);
            self.diagnostics.push(complaint.near(word, known.iter().map(String::as_str)));
        }
        chosen.map(|(option, _)| json!(option))
    }

    fn text(&mut self, schema: &Value, yaml: &str, text: &str, node: &Node) -> Option<Value> {
        let wrong = match schema["format"].as_str() {
            Some("duration-text") => text.parse::<Validity>().err().map(|_| "a duration: 30d, 8h, 10m or 45s"),
            Some("uri") => (!is_web_address(text)).then_some(WEB_ADDRESS),
            Some("timezone") => text.parse::<Tz>().err().map(|_| "a time zone, such as Europe/Berlin or UTC"),
            Some("date-time") => return self.moment_of(yaml, text, node),
            Some("uuid") => Uuid::parse_str(text).err().map(|_| "a UUID"),
            _ => None,
        };
        if let Some(expected) = wrong {
            self.wrong(node, yaml, expected);
            return None;
        }
        Some(json!(text))
    }

    fn moment_of(&mut self, yaml: &str, text: &str, node: &Node) -> Option<Value> {
        self.instant(yaml, text, node).map(|at| json!(at))
    }

    /// A moment. A day alone is its first moment, and its end where that is what the key asks for.
    pub(crate) fn instant(&mut self, yaml: &str, text: &str, node: &Node) -> Option<DateTime<Utc>> {
        let day = || {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            if yaml == "until" { end_of_day(day, &self.zone) } else { first_moment(day, &self.zone) }
        };
        let moment = DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()).or_else(day);
        if moment.is_none() {
            self.wrong(node, yaml, MOMENT);
        }
        moment
    }

    /// One pattern a line in the body; a list, or lines, in YAML.
    fn patterns(&mut self, node: &Node, yaml: &str) -> Option<Value> {
        let single = std::slice::from_ref(node);
        let items = node.list().unwrap_or(single);
        let mut lines = Vec::new();
        let mut sound = true;
        for item in items {
            let Some(text) = item.text() else {
                self.wrong(item, yaml, "a list of regular expressions, in quotes");
                sound = false;
                continue;
            };
            for line in text.lines() {
                sound &= self.is_pattern(line.trim(), &item.span);
                lines.push(line.trim().to_owned());
            }
        }
        sound.then(|| json!(lines.join("\n")))
    }

    /// Whether a text is a regular expression; one that is not is reported.
    pub(crate) fn is_pattern(&mut self, text: &str, at: &Span) -> bool {
        let Err(error) = Regex::new(text) else { return true };
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
        self.error("regex", at, format!("{} is not a regular expression: {reason}", quoted(text)));
        false
    }

    pub(crate) fn reference(&mut self, target: &str, node: &Node) -> Option<Value> {
        let noun = words::noun(target);
        let Some(name) = node.text() else {
            self.wrong(node, &noun, &format!("a text: the name of a {noun}"));
            return None;
        };
        let found = match target {
            "group" => {
                self.names.group(name).map(|id| json!(id)).ok_or_else(|| self.names.dangling_group(name, &node.span))
            }
            "user" => self.names.user(name).map(|pk| json!(pk)).ok_or_else(|| {
                let message = format!("there is no user \"{name}\"");
                Diagnostic::error("dangling", &node.span, message).hint("a group does not depend on who is there yet")
            }),
            _ => self.names.resolve(target, name, &node.span).map(|id| json!(id)).map_err(|d| *d),
        };
        found.map_err(|complaint| self.diagnostics.push(complaint)).ok()
    }

    fn secret_only(&mut self, node: &Node, yaml: &str) -> Option<Value> {
        if is_secret(node) {
            return self.secret(node, yaml).map(Value::String);
        }
        let complaint =
            Diagnostic::error("secret", &node.span, format!("\"{yaml}\" is a secret, which may not stand here"));
        self.diagnostics.push(complaint.expected("{ env: NAME } or { file: /path }").secret());
        None
    }

    /// Fetches `{ env: NAME }` or `{ file: PATH }`.
    fn secret(&mut self, node: &Node, yaml: &str) -> Option<String> {
        let Some([(key, value)]) = node.map() else { return None };
        let Some(name) = value.text() else {
            self.wrong(value, &key.text, "a text");
            return None;
        };
        let found = match key.text.as_str() {
            "env" => self
                .lookups
                .secrets
                .env(name)
                .map_err(|why| format!("\"{yaml}\" needs the environment variable \"{name}\", which {why}")),
            _ => self
                .lookups
                .secrets
                .file(name)
                .map_err(|why| format!("\"{yaml}\" needs the file \"{name}\", which cannot be used: {why}")),
        };
        let found = found.or_else(|why| self.lookups.secrets.stand_in(name, yaml).ok_or(why));
        // Told once, though an app and its provider may both need it; the app, whose word it is, comes last.
        let told = |d: &&mut Diagnostic| d.code == "secret" && d.span == value.span;
        match (found, self.diagnostics.iter_mut().find(told)) {
            (Ok(found), _) => return Some(found),
            (Err(message), Some(told)) => told.message = message,
            (Err(message), None) => self.error("secret", &value.span, message),
        }
        None
    }
}

const MOMENT: &str = "a moment such as 2026-12-31T18:00:00Z, or a day such as 2026-12-31";

fn is_secret(node: &Node) -> bool {
    matches!(node.map(), Some([(key, _)]) if key.text == "env" || key.text == "file")
}

/// What [`is_web_address`] expects.
pub(crate) const WEB_ADDRESS: &str = "an address that begins with http:// or https://";

pub(crate) fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host())
}

/// What a schema accepts, in words.
fn sort_of(schema: &Value) -> &'static str {
    match (schema["format"].as_str(), schema["type"].as_str()) {
        (Some("date-time"), _) => MOMENT,
        (Some("duration-text"), _) => "a duration: 30d, 8h, 10m or 45s",
        _ if accepts(schema, "boolean") => "true or false",
        _ if accepts(schema, "integer") => "a whole number",
        _ if accepts(schema, "number") => "a number",
        _ if accepts(schema, "array") => "a list",
        _ if accepts(schema, "object") => "a map",
        _ => "a text",
    }
}

/// Free-form data as it stands.
pub(crate) fn json_of(node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::Null,
        Yaml::Bool(b) => json!(b),
        Yaml::Number(n) => json!(n),
        Yaml::Text(t) => json!(t),
        Yaml::List(items) => Value::Array(items.iter().map(json_of).collect()),
        Yaml::Map(entries) => {
            Value::Object(entries.iter().map(|(k, v)| (k.text.clone(), json_of(v))).collect::<Map<_, _>>())
        }
    }
}
