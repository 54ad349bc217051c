//! What generic code reads off a kind's JSON Schema: the validator with messages in the contract's
//! words, references, secrets, YAML names and fields that clients may not write.
//!
//! Hints are schema extensions: `x-ref` (target), `x-secret` (sealed at rest), `x-internal` (never in
//! the API), `x-yaml` (name in YAML where it differs), `x-on-delete` (cascade | set_null), `readOnly`.

use crate::{kind::Meta, problem::Problems, validity::Validity};
use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What happens to an object when one that it refers to is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// It goes too.
    Cascade,
    /// The reference is emptied, or taken out of the list.
    SetNull,
}

/// One top-level field of a kind.
#[derive(Debug, Clone)]
pub struct Field {
    /// Name in the body and in the API.
    pub name: String,
    /// Name in YAML.
    pub yaml: String,
    /// `x-ref`: what it points at.
    pub target: Option<String>,
    /// A list (of references or values).
    pub many: bool,
    /// May be null.
    pub nullable: bool,
    /// Must be given on create.
    pub required: bool,
    /// The server makes it; clients read it.
    pub read_only: bool,
    /// Never in the API.
    pub internal: bool,
    /// Sealed at rest.
    pub secret: bool,
    /// See [`OnDelete`]; meaningful where `target` is set.
    pub on_delete: OnDelete,
    /// The field's schema.
    pub schema: Value,
}

/// A reference found in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRef {
    /// Name of the field.
    pub field: String,
    /// JSON pointer of the value.
    pub pointer: String,
    /// `x-ref` of the field.
    pub target: String,
    /// The UUID pointed at.
    pub to: Uuid,
    /// What its deletion does.
    pub on_delete: OnDelete,
}

/// A kind's schema, ready for use.
pub struct KindSchema {
    /// Self-contained JSON Schema (draft 2020-12, `$defs` inside).
    pub root: Value,
    /// The top-level fields in declaration order.
    pub fields: Vec<Field>,
    /// What the values of each list of choices mean, in their order, by the list as JSON. Apart from the schema: what
    /// clients are made from stays as it is.
    meanings: BTreeMap<String, Vec<String>>,
    validator: Option<Validator>,
}

impl std::fmt::Debug for KindSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KindSchema").field("fields", &self.fields).finish_non_exhaustive()
    }
}

impl KindSchema {
    /// Reads a schema made by schemars.
    #[must_use]
    pub fn new(meta: &Meta, mut root: Value) -> Self {
        let mut meanings = BTreeMap::new();
        plain_enums(&mut root, &mut meanings);
        root["title"] = Value::from(meta.schema);
        let required: Vec<&str> =
            root["required"].as_array().map(|r| r.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
        let fields = root["properties"]
            .as_object()
            .map(|p| p.iter().map(|(n, s)| field(n, s, required.contains(&n.as_str()))).collect())
            .unwrap_or_default();
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .with_format("duration-text", |text: &str| text.parse::<Validity>().is_ok())
            .with_format("regex-lines", |text: &str| text.lines().all(|l| regex::Regex::new(l.trim()).is_ok()))
            .build(&root)
            .ok();
        Self { root, fields, meanings, validator }
    }

    /// What the values of an `enum` of this schema mean, in their order; empty for those that nobody has described.
    #[must_use]
    pub fn meanings(&self, choices: &Value) -> &[String] {
        self.meanings.get(&choices.to_string()).map(Vec::as_slice).unwrap_or_default()
    }

    /// Everything in `body` that the schema forbids. A schema that could not be compiled forbids all.
    #[must_use]
    pub fn validate(&self, body: &Value) -> Problems {
        let mut problems = Problems::default();
        match &self.validator {
            Some(validator) => validator.iter_errors(body).for_each(|e| complain(&e, &mut problems)),
            None => problems.add("", "invalid", "this kind has no usable schema"),
        }
        problems
    }

    /// The field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// Every reference to a document or group in `body`.
    #[must_use]
    pub fn references(&self, body: &Value) -> Vec<FoundRef> {
        let mut found = Vec::new();
        for field in &self.fields {
            let Some(target) = field.target.as_deref().filter(|t| *t != "user") else { continue };
            let mut push = |value: &Value, pointer: String| {
                if let Some(to) = value.as_str().and_then(|s| Uuid::parse_str(s).ok()) {
                    found.push(FoundRef {
                        field: field.name.clone(),
                        pointer,
                        target: target.to_owned(),
                        to,
                        on_delete: field.on_delete,
                    });
                }
            };
            match &body[&field.name] {
                Value::Array(list) => {
                    list.iter().enumerate().for_each(|(i, v)| push(v, format!("/{}/{i}", field.name)))
                }
                value => push(value, format!("/{}", field.name)),
            }
        }
        found
    }

    /// JSON pointers of the secret fields.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.fields.iter().filter(|f| f.secret).map(|f| format!("/{}", f.name)).collect()
    }
}

fn field(name: &str, schema: &Value, required: bool) -> Field {
    let target = schema["x-ref"].as_str().or_else(|| schema["items"]["x-ref"].as_str()).map(str::to_owned);
    let types = |t: &str| schema["type"] == t || schema["type"].as_array().is_some_and(|a| a.iter().any(|v| v == t));
    let nullable = types("null") || schema["anyOf"].as_array().is_some_and(|a| a.iter().any(|s| s["type"] == "null"));
    let many = types("array");
    let flag = |word: &str| schema[word].as_bool() == Some(true);
    let on_delete = match schema["x-on-delete"].as_str() {
        Some("cascade") => OnDelete::Cascade,
        Some(_) => OnDelete::SetNull,
        None if nullable || many => OnDelete::SetNull,
        None => OnDelete::Cascade,
    };
    Field {
        name: name.to_owned(),
        yaml: schema["x-yaml"].as_str().unwrap_or(name).to_owned(),
        target,
        many,
        nullable,
        required,
        read_only: flag("readOnly"),
        internal: flag("x-internal"),
        secret: flag("x-secret"),
        on_delete,
        schema: schema.clone(),
    }
}

/// Turns `oneOf` of documented constants into a plain `enum`, which validators complain about in one
/// sentence and client generators understand.
fn plain_enums(schema: &mut Value, meanings: &mut BTreeMap<String, Vec<String>>) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(|value| plain_enums(value, meanings));
            flatten_one_of(map, meanings);
        }
        Value::Array(list) => list.iter_mut().for_each(|value| plain_enums(value, meanings)),
        _ => {}
    }
}

fn flatten_one_of(map: &mut Map<String, Value>, meanings: &mut BTreeMap<String, Vec<String>>) {
    let Some(variants) = map.get("oneOf").and_then(Value::as_array) else { return };
    let (mut values, mut meant) = (Vec::new(), Vec::new());
    for variant in variants {
        let meaning = variant.get("description").and_then(Value::as_str).unwrap_or_default();
        // A doc comment as one paragraph.
        let meaning = meaning.split_whitespace().collect::<Vec<_>>().join(" ");
        match (variant.get("const"), variant.get("enum").and_then(Value::as_array)) {
            (Some(value), _) => values.push(value.clone()),
            (None, Some(several)) => values.extend(several.iter().cloned()),
            _ => return,
        }
        meant.resize(values.len(), meaning);
    }
    map.remove("oneOf");
    map.insert("type".to_owned(), Value::from("string"));
    let values = Value::Array(values);
    meanings.insert(values.to_string(), meant);
    map.insert("enum".to_owned(), values);
}

fn complain(error: &ValidationError<'_>, problems: &mut Problems) {
    let at = error.instance_path().to_string();
    let value = error.instance().as_ref();
    match error.kind() {
        ValidationErrorKind::Required { property } => problems.add(
            &format!("{at}/{}", property.as_str().unwrap_or_default()),
            "required",
            "This field is required.",
        ),
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .for_each(|name| problems.add(&format!("{at}/{name}"), "unknown", format!("Unknown field \"{name}\"."))),
        ValidationErrorKind::Type { .. } if value.is_null() => problems.add(&at, "null", "This field may not be null."),
        ValidationErrorKind::Type { kind } => problems.add(&at, "invalid", wrong_type(&format!("{kind:?}"), value)),
        ValidationErrorKind::MaxLength { limit } => {
            problems.add(&at, "max_length", format!("Ensure this field has no more than {limit} characters."))
        }
        ValidationErrorKind::MinLength { limit: 1 } => problems.add(&at, "blank", "This field may not be blank."),
        ValidationErrorKind::MinLength { limit } => {
            problems.add(&at, "min_length", format!("Ensure this field has at least {limit} characters."))
        }
        ValidationErrorKind::Enum { options } => {
            problems.add(&at, "invalid_choice", format!("{} is not a valid choice{}.", shown(value), choices(options)))
        }
        ValidationErrorKind::Maximum { limit } => {
            problems.add(&at, "max_value", format!("Ensure this value is less than or equal to {limit}."))
        }
        ValidationErrorKind::Minimum { limit } => {
            problems.add(&at, "min_value", format!("Ensure this value is greater than or equal to {limit}."))
        }
        ValidationErrorKind::MaxItems { limit } => {
            problems.add(&at, "max_length", format!("Ensure this field has no more than {limit} elements."))
        }
        ValidationErrorKind::MinItems { limit } => {
            problems.add(&at, "min_length", format!("Ensure this field has at least {limit} elements."))
        }
        // `Option<Enum>` is "one of these or null": the first branch tells what was wanted.
        ValidationErrorKind::AnyOf { context } if context.first().is_some_and(|c| !c.is_empty()) => {
            context.iter().take(1).flatten().for_each(|e| complain(e, problems))
        }
        ValidationErrorKind::Pattern { pattern } if pattern == SLUG => {
            problems.add(&at, "invalid", "Enter a valid slug: letters, digits, underscores and hyphens.")
        }
        // Without the value: secrets have patterns.
        ValidationErrorKind::Pattern { pattern } => problems.add(&at, "invalid", wrong_pattern(pattern)),
        ValidationErrorKind::Format { format } => problems.add(&at, "invalid", wrong_format(format, value)),
        _ => problems.add(&at, "invalid", format!("{} is not accepted here.", shown(value))),
    }
}

/// The pattern of slugs, as the reference has it.
pub const SLUG: &str = "^[-a-zA-Z0-9_]+$";

fn wrong_pattern(pattern: &str) -> String {
    match pattern {
        "^[ -~]*$" => "Only printable characters of ASCII are accepted.".to_owned(),
        "^[!-~]*$" => "Only printable characters of ASCII, and no spaces, are accepted.".to_owned(),
        r"^[!#-\[\]-~]+$" => "It must be one word of printable ASCII, without quotes and backslashes.".to_owned(),
        other => format!("It must match {other}."),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 80 { format!("{}…", text.chars().take(80).collect::<String>()) } else { text }
}

/// More choices than these are not told one by one.
pub const MANY_CHOICES: usize = 40;

/// What the choice is among, unless nobody would read it.
fn choices(options: &Value) -> String {
    let known: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if known.len() > MANY_CHOICES { String::new() } else { format!("; it must be one of {}", known.join(", ")) }
}

fn wrong_type(kind: &str, value: &Value) -> String {
    let kind = kind.to_lowercase();
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    };
    if kind.contains("array") {
        format!("Expected a list of items but got type \"{got}\".")
    } else if kind.contains("object") {
        format!("Expected a dictionary of items but got type \"{got}\".")
    } else if kind.contains("boolean") {
        "Must be a valid boolean.".to_owned()
    } else if kind.contains("integer") {
        "A valid integer is required.".to_owned()
    } else if kind.contains("number") {
        "A valid number is required.".to_owned()
    } else {
        "Not a valid string.".to_owned()
    }
}

fn wrong_format(format: &str, value: &Value) -> String {
    match format {
        "uuid" => "Must be a valid UUID.".to_owned(),
        "uri" => "Enter a valid URL.".to_owned(),
        "email" => "Enter a valid email address.".to_owned(),
        "duration-text" => {
            format!("{} is not a duration; write 30d, 8h, 10m or 45s, or hours=1;minutes=2.", shown(value))
        }
        "regex-lines" => "A line is not a valid regular expression.".to_owned(),
        other => format!("{} is not a valid {other}.", shown(value)),
    }
}
