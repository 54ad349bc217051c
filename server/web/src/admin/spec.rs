//! What a form asks for, read off a kind's declaration: one value a field, its help from the doc comment.

use lockgate_model::{
    kind::KindDef,
    schema::{Field, KindSchema},
};
use serde_json::{Value, json};

/// What a field holds.
#[derive(Debug, Clone)]
pub(crate) enum Holds {
    Text,
    /// Several lines; `true`: a program reads them.
    Long(bool),
    /// Not shown; empty: it stays what it is.
    Secret,
    Number,
    Bool,
    Time,
    /// One of these values.
    One(Vec<String>),
    /// Any of these values.
    Any(Vec<String>),
    /// Texts, a line each.
    Lines,
    /// Anything that JSON can say.
    Json,
    /// References: to what, and whether several.
    Ref(String, bool),
    /// Things with fields of their own.
    Rows(Vec<Spec>),
}

/// A field of a form.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    /// Name in the API.
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) hint: String,
    pub(crate) required: bool,
    pub(crate) nullable: bool,
    pub(crate) holds: Holds,
    pub(crate) default: Value,
    /// What values to choose from mean: each with its sentence.
    pub(crate) meanings: Vec<(String, String)>,
}

impl Spec {
    /// One that may stay empty.
    pub(crate) fn new(name: &str, holds: Holds) -> Self {
        let (hint, required, nullable, default, meanings) = Default::default();
        Self { name: name.to_owned(), label: label(name), hint, required, nullable, holds, default, meanings }
    }

    pub(crate) fn hint(mut self, hint: &str) -> Self {
        self.hint = hint.to_owned();
        self
    }

    pub(crate) fn label(mut self, label: &str) -> Self {
        self.label = label.to_owned();
        self
    }

    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) fn or_null(mut self) -> Self {
        self.nullable = true;
        self
    }

    pub(crate) fn by_default(mut self, default: Value) -> Self {
        self.default = default;
        self
    }
}

/// Words that are not written like others.
const WORDS: [(&str, &str); 22] = [
    ("id", "ID"),
    ("uri", "URI"),
    ("uris", "URIs"),
    ("url", "URL"),
    ("ip", "IP"),
    ("jwt", "JWT"),
    ("jwks", "JWKS"),
    ("oauth2", "OAuth2"),
    ("totp", "TOTP"),
    ("sms", "SMS"),
    ("webauthn", "WebAuthn"),
    ("css", "CSS"),
    ("html", "HTML"),
    ("http", "HTTP"),
    ("api", "API"),
    ("ssl", "TLS"),
    ("pk", "Key"),
    ("geoip", "GeoIP"),
    ("asn", "ASN"),
    ("hibp", "HIBP"),
    ("zxcvbn", "zxcvbn"),
    ("mfa", "MFA"),
];

/// A field's name in words.
pub(crate) fn label(name: &str) -> String {
    let words = name.trim_start_matches("meta_").split('_').enumerate().map(|(index, word)| {
        match WORDS.iter().find(|(known, _)| *known == word) {
            Some((_, written)) => (*written).to_owned(),
            None if index == 0 => {
                let mut letters = word.chars();
                letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
            }
            None => word.to_owned(),
        }
    });
    words.collect::<Vec<String>>().join(" ")
}

/// Fields that people know by another name than the API's: kind, field and what it is called.
const NAMES: [(&str, &str, &str); 6] = [
    ("oauth2_provider", "property_mappings", "Scopes"),
    ("password_policy", "length_min", "Min length"),
    ("password_policy", "amount_digits", "Min digits"),
    ("password_policy", "amount_uppercase", "Min capital letters"),
    ("password_policy", "amount_lowercase", "Min small letters"),
    ("password_policy", "amount_symbols", "Min symbols"),
];

/// The fields of a kind, as clients may write them.
pub(crate) fn of_kind(kind: &KindDef) -> Vec<Spec> {
    let schema = kind.schema();
    let fields = schema.fields.iter().filter(|field| !field.internal && !field.read_only);
    fields.map(|field| named(kind, of_field(field, schema))).collect()
}

fn named(kind: &KindDef, spec: Spec) -> Spec {
    let known = NAMES.iter().find(|(of, field, _)| *of == kind.meta.kind && *field == spec.name);
    match known {
        Some((.., label)) => spec.label(label),
        None => spec,
    }
}

fn of_field(field: &Field, schema: &KindSchema) -> Spec {
    let root = &schema.root;
    let mut spec = Spec::new(&field.name, holds(&field.schema, root, field.target.as_deref(), field.secret));
    spec.hint = help(&field.schema);
    spec.required = field.required && !matches!(spec.holds, Holds::Bool);
    spec.nullable = field.nullable;
    spec.default = field.schema["default"].clone();
    let shape = resolved(&field.schema, root);
    let choices = if shape["enum"].is_array() { shape } else { resolved(&shape["items"], root) };
    if let Some(values) = values(choices) {
        let told = values.into_iter().zip(schema.meanings(&choices["enum"]).iter().cloned());
        spec.meanings = told.filter(|(_, meaning)| !meaning.is_empty()).collect();
    }
    spec
}

/// A doc comment as one paragraph.
fn help(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What `$ref`, or the half of `anyOf` that is not null, leads to.
fn resolved<'v>(schema: &'v Value, root: &'v Value) -> &'v Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
        return resolved(&root["$defs"][name], root);
    }
    match schema["anyOf"].as_array().and_then(|any| any.iter().find(|one| one["type"] != "null")) {
        Some(one) => resolved(one, root),
        None => schema,
    }
}

fn holds(schema: &Value, root: &Value, target: Option<&str>, secret: bool) -> Holds {
    let shape = resolved(schema, root);
    let is =
        |word: &str| shape["type"] == word || shape["type"].as_array().is_some_and(|all| all.contains(&json!(word)));
    if let Some(target) = target {
        return Holds::Ref(target.to_owned(), is("array"));
    }
    if let Some(values) = values(shape) {
        return Holds::One(values);
    }
    match () {
        () if is("boolean") => Holds::Bool,
        () if is("integer") || is("number") => Holds::Number,
        () if is("array") => of_items(resolved(&shape["items"], root), root),
        () if is("string") => of_text(schema, shape, secret),
        () => Holds::Json,
    }
}

fn of_text(schema: &Value, shape: &Value, secret: bool) -> Holds {
    let long = shape["maxLength"].as_u64().or(schema["maxLength"].as_u64()).is_some_and(|most| most > 4_000);
    match schema["x-widget"].as_str() {
        Some("code") => Holds::Long(true),
        Some(_) => Holds::Long(false),
        None if secret && long => Holds::Long(true),
        None if secret => Holds::Secret,
        None if shape["format"] == "date-time" => Holds::Time,
        None if long => Holds::Long(false),
        None => Holds::Text,
    }
}

fn of_items(items: &Value, root: &Value) -> Holds {
    if let Some(values) = values(items) {
        return Holds::Any(values);
    }
    if items["type"] == "string" {
        return Holds::Lines;
    }
    match items["properties"].as_object() {
        Some(properties) => {
            let required = |name: &str| items["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
            let columns = properties.iter().map(|(name, schema)| {
                let mut spec = Spec::new(name, holds(schema, root, schema["x-ref"].as_str(), false));
                spec.hint = help(schema);
                spec.required = required(name);
                spec.default = schema["default"].clone();
                spec
            });
            Holds::Rows(columns.collect())
        }
        None => Holds::Json,
    }
}

fn values(shape: &Value) -> Option<Vec<String>> {
    Some(shape["enum"].as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_model::kind::by_name;

    fn spec(kind: &str, field: &str) -> Spec {
        let found = of_kind(by_name(kind).expect("a kind")).into_iter().find(|spec| spec.name == field);
        found.unwrap_or_else(|| panic!("{kind} has {field}"))
    }

    #[test]
    fn fields_are_read_off_the_declaration() {
        assert!(matches!(spec("application", "provider").holds, Holds::Ref(to, false) if to == "provider"));
        assert!(matches!(spec("oauth2_provider", "property_mappings").holds, Holds::Ref(_, true)));
        assert!(matches!(spec("oauth2_provider", "client_type").holds, Holds::One(values) if values.len() == 2));
        assert!(matches!(spec("oauth2_provider", "grant_types").holds, Holds::Any(_)));
        assert!(matches!(spec("oauth2_provider", "redirect_uris").holds, Holds::Rows(columns) if columns.len() == 3));
        assert!(matches!(spec("oauth2_provider", "client_secret").holds, Holds::Secret));
        assert!(matches!(spec("expression_policy", "expression").holds, Holds::Long(true)));
        assert!(matches!(spec("brand", "attributes").holds, Holds::Json));
        assert_eq!(spec("oauth2_provider", "property_mappings").label, "Scopes");
        assert!(matches!(spec("password_policy", "length_min").holds, Holds::Number));
        assert!(spec("oauth2_provider", "name").required && !spec("oauth2_provider", "client_id").required);
    }

    #[test]
    fn values_are_told_with_what_they_mean() {
        let of = |kind: &str, field: &str| spec(kind, field).meanings;
        let types = of("oauth2_provider", "client_type");
        let named: Vec<&str> = types.iter().map(|(value, _)| value.as_str()).collect();
        assert_eq!(named, ["confidential", "public"]);
        assert!(types.iter().all(|(_, meaning)| meaning.ends_with('.')), "{types:?}");
        assert!(of("oauth2_provider", "name").is_empty());
    }

    #[test]
    fn names_become_words() {
        assert_eq!(label("redirect_uris"), "Redirect URIs");
        assert_eq!(label("meta_launch_url"), "Launch URL");
        assert_eq!(label("client_id"), "Client ID");
    }
}
