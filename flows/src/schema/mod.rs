//! The JSON Schema of the language, for editors: what may be written, with the docs of the kinds.

mod tests;

use crate::{
    builtin::outpost_config_defaults,
    language::{
        APP_KEYS, ENTITLEMENT_KEYS, ENTRY_KEYS, FLOW_KEYS, FORWARD_KEYS, LOGGED, NO_KEY, OAUTH2_KEYS, USUAL_GRANTS,
        USUAL_SCOPES, accepts, plain, short_choice, words,
    },
};
use lockgate_model::{Family, KindDef, kind::KINDS, kinds::key_pair::DEFAULT_SIGNING_KEY, schema::Field};
use serde_json::{Map, Value, json};

/// The schema of one document of a configuration folder.
#[must_use]
pub fn json_schema() -> Value {
    let mut defs = Map::new();
    let mut documents = vec![stage_document(&mut defs), group(), settings(&mut defs), tests::test()];
    for kind in KINDS {
        let (meta, word) = (kind.meta, kind.meta.word);
        if !meta.family.is_within() && !word.is_empty() && word != "settings" {
            documents.push(document(kind, &mut defs));
        }
    }
    documents.extend(words::policy_kinds().map(|kind| policy(kind, &mut defs)));
    shared(&mut defs);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Lockgate configuration",
        "anyOf": documents,
        "$defs": defs,
    })
}

fn object(properties: Map<String, Value>, required: &[&str]) -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": properties, "required": required})
}

fn name(what: &str) -> Value {
    json!({"type": "string", "minLength": 1, "description": format!("Name of the {what}.")})
}

/// The fields of a kind, as written in YAML; only what the language cannot imply is required.
fn properties(kind: &'static KindDef, defs: &mut Map<String, Value>) -> Map<String, Value> {
    if let Some(more) = kind.schema().root["$defs"].as_object() {
        defs.extend(more.iter().map(|(n, s)| (n.clone(), cleaned(s))));
    }
    words::fields(kind).map(|f| (f.yaml.clone(), property(f, kind))).collect()
}

fn required(kind: &'static KindDef, implied: &[&str]) -> Vec<&'static str> {
    words::fields(kind).filter(|f| f.required && !implied.contains(&f.yaml.as_str())).map(|f| f.yaml.as_str()).collect()
}

fn property(field: &Field, kind: &KindDef) -> Value {
    let description = field.schema["description"].clone();
    let schema = plain(&field.schema, &kind.schema().root);
    let mut value = match &field.target {
        Some(_) if field.many => json!({"type": "array", "items": {"type": "string"}}),
        Some(target) => name(&words::noun(target)),
        None if field.secret => json!({"$ref": "#/$defs/secret"}),
        None if field.schema["format"] == "regex-lines" => {
            json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
        }
        None if accepts(schema, "string") && schema["enum"].is_null() && schema["format"].is_null() => {
            json!({"anyOf": [cleaned(schema), {"$ref": "#/$defs/secret"}]})
        }
        None => with_short_choices(&field.schema, kind),
    };
    if field.nullable && field.target.is_some() {
        value = json!({"anyOf": [value, {"type": "null"}]});
    }
    let default = &field.schema["default"];
    if let Value::Object(map) = &mut value {
        map.insert("description".to_owned(), description);
        if !default.is_null() && !field.secret && field.target.is_none() {
            map.insert("default".to_owned(), default.clone());
        }
        if field.schema["format"] == "duration-text" {
            map.insert("pattern".to_owned(), json!(DURATION));
            map.insert("examples".to_owned(), json!(["45s", "10m", "8h", "30d"]));
        }
    }
    value
}

/// Durations, in the short form and in the reference's.
const DURATION: &str = "^ *([0-9]+[smhdw]|[a-z]+=[0-9]+([;,] *[a-z]+=[0-9]+)*) *$";

/// Lists of the reference's long words also take the short ones.
fn with_short_choices(schema: &Value, kind: &KindDef) -> Value {
    if let Some(numbers) = numbers(plain(schema, &kind.schema().root)) {
        return numbers;
    }
    let items = plain(&schema["items"], &kind.schema().root);
    let options = items["enum"].as_array();
    let short: Vec<String> = options.into_iter().flatten().filter_map(|o| short_choice(o.as_str()?)).collect();
    let mut schema = cleaned(schema);
    if let (false, Some(long)) = (short.is_empty(), options) {
        let all: Vec<Value> = long.iter().cloned().chain(short.into_iter().map(Value::String)).collect();
        schema["items"] = json!({"enum": all});
    }
    schema
}

/// A choice among numbers, which may be written with or without quotes.
fn numbers(schema: &Value) -> Option<Value> {
    let texts = schema["enum"].as_array()?;
    let numbers: Option<Vec<Value>> = texts.iter().map(|o| o.as_str()?.parse::<i64>().ok().map(Value::from)).collect();
    Some(json!({"enum": texts.iter().cloned().chain(numbers?).collect::<Vec<_>>()}))
}

/// A schema without our own extensions, which editors would warn about.
fn cleaned(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => Value::Object(
            map.iter()
                .filter(|(k, v)| (v.is_object() || !k.starts_with("x-")) && *k != "writeOnly")
                .map(|(k, v)| (k.clone(), cleaned(v)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(cleaned).collect()),
        other => other.clone(),
    }
}

fn document(kind: &'static KindDef, defs: &mut Map<String, Value>) -> Value {
    let word = kind.meta.word;
    let mut map = properties(kind, defs);
    let mut implied: Vec<&str> = vec!["name", "title"];
    map.insert(word.to_owned(), name(&words::noun(kind.meta.kind)));
    match word {
        "flow" => {
            let entries = json!({"type": "array", "items": {"$ref": "#/$defs/stageEntry"}});
            map.insert("stages".to_owned(), told(entries, "What people are led through, in this order."));
            map.insert(
                "policies".to_owned(),
                told(link("policies"), "Who may run the flow; everybody when left away."),
            );
            let entries = stage_entries(defs);
            defs.insert("stageEntry".to_owned(), entries);
            debug_assert!(FLOW_KEYS.iter().all(|k| map.contains_key(*k)));
        }
        "app" => {
            let forward = forward_auth(defs);
            map.insert("forward_auth".to_owned(), told(forward, "A reverse proxy asks Lockgate about every request."));
            map.insert("access".to_owned(), told(link("access"), "Who may open the app."));
            map.insert("entitlements".to_owned(), entitlements(defs));
            let oauth2 = oauth2(defs);
            map.insert("oauth2".to_owned(), told(oauth2, "The app signs people in by OAuth2 and OpenID Connect."));
            debug_assert!(APP_KEYS.iter().all(|k| map.contains_key(*k)));
        }
        "notification_rule" => {
            let policies = told(link("policies"), "Which events it is about; none when left away.");
            map.insert("policies".to_owned(), policies);
        }
        "outpost" => {
            let settings = outpost_config_defaults();
            map.extend(settings.into_iter().map(|(key, default)| (key.clone(), outpost_setting(&key, default))));
            implied.push("type");
        }
        _ => {}
    }
    let mut needed = required(kind, &implied);
    needed.push(word);
    let mut schema = object(map, &needed);
    if word == "app" {
        schema["not"] = json!({"required": ["forward_auth", "oauth2"]});
        // Browsers are sent to the address of a protected app.
        let address = json!({"anyOf": [{"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://."}, {"not": {"type": "string"}}]});
        schema["if"] = json!({"required": ["forward_auth"]});
        schema["then"] = json!({"properties": {"url": told(address, "The public address of the app.")}});
    }
    schema
}

/// A schema with a sentence on what it is for.
fn told(mut schema: Value, description: &str) -> Value {
    schema["description"] = json!(description);
    schema
}

/// A reference to a shared definition.
fn link(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// A setting is of the sort that its default is of, where that can be told.
fn outpost_setting(key: &str, default: Value) -> Value {
    let description = match key {
        "authentik_host" => "Public address of the sign-in host.",
        "authentik_host_browser" => "Public address of the sign-in host for browsers, where it is another one.",
        "authentik_host_insecure" => "Kept for clients: accept any certificate of the sign-in host.",
        _ => "Kept for clients: how outposts are deployed elsewhere. Lockgate deploys none.",
    };
    let sort = match &default {
        Value::Null => None,
        Value::Bool(_) => Some("boolean"),
        Value::Number(_) => Some("number"),
        Value::String(_) => Some("string"),
        Value::Array(_) => Some("array"),
        Value::Object(_) => Some("object"),
    };
    let mut schema = json!({"description": description, "default": default});
    if let Some(sort) = sort {
        schema["type"] = json!(sort);
    }
    schema
}

/// A policy: its name, and the word of its kind with a text or with settings.
fn policy(kind: &'static KindDef, defs: &mut Map<String, Value>) -> Value {
    let word = kind.meta.word;
    let mut map = properties(kind, defs);
    if !words::is_text(kind) {
        let logged = map.remove(LOGGED);
        let needed = required(kind, &["name"]);
        let settings = object(map, &needed);
        let settings = if needed.is_empty() { json!({"anyOf": [settings, {"type": "null"}]}) } else { settings };
        let description = kind.schema().root["description"].as_str().unwrap_or_default();
        map = Map::from_iter([(word.to_owned(), told(settings, description))]);
        map.extend(logged.map(|logged| (LOGGED.to_owned(), logged)));
    }
    map.insert("policy".to_owned(), name("policy"));
    object(map, &["policy", word])
}

fn entitlements(defs: &mut Map<String, Value>) -> Value {
    let Some(kind) = KINDS.iter().find(|k| k.meta.kind == "application_entitlement") else { return json!({}) };
    let mut map = properties(kind, defs);
    map.insert("name".to_owned(), name("entitlement"));
    map.insert("access".to_owned(), told(link("access"), "Who holds it; nobody when left away."));
    debug_assert!(ENTITLEMENT_KEYS.iter().all(|k| map.contains_key(*k)));
    let list = json!({"type": "array", "items": object(map, &["name"])});
    told(list, "What people may be inside of the app; its tokens name what they hold.")
}

fn forward_auth(defs: &mut Map<String, Value>) -> Value {
    let Some(kind) = KINDS.iter().find(|k| k.meta.kind == "proxy_provider") else { return json!({}) };
    let mut map = properties(kind, defs);
    let mode = json!({"enum": ["single", "domain"], "default": "single"});
    map.insert("mode".to_owned(), told(mode, "One host, or every host below `domain`."));
    map.insert(
        "domain".to_owned(),
        json!({"type": "string", "description": "Domain of all its hosts, in mode domain."}),
    );
    map.insert("consent".to_owned(), consent());
    map.insert("name".to_owned(), name("provider"));
    debug_assert!(FORWARD_KEYS.iter().all(|k| map.contains_key(*k)));
    json!({"anyOf": [object(map, &[]), {"type": "null"}]})
}

fn consent() -> Value {
    let schema = json!({"anyOf": [{"enum": ["implicit", "explicit"]}, {"type": "string"}], "default": "implicit"});
    told(schema, "Whether people are asked first: implicit (no), explicit (yes), or the slug of a flow.")
}

fn oauth2(defs: &mut Map<String, Value>) -> Value {
    let Some(kind) = KINDS.iter().find(|k| k.meta.kind == "oauth2_provider") else { return json!({}) };
    let mut map = properties(kind, defs);
    let addresses =
        |what: &str| json!({"type": "array", "description": what, "items": {"$ref": "#/$defs/redirectUri"}});
    let names = |what: &str| json!({"type": "array", "description": what, "items": {"type": "string", "minLength": 1}});
    map.insert("redirect_uris".to_owned(), addresses("Where browsers may be sent with an answer."));
    map.insert("post_logout_redirect_uris".to_owned(), addresses("Where browsers may be sent after signing out."));
    map.insert("scopes".to_owned(), names("Scopes that the app may ask for; every mapping of one counts."));
    map["scopes"]["default"] = json!(USUAL_SCOPES);
    map.insert("mappings".to_owned(), names("Further mappings, by name."));
    map.insert("consent".to_owned(), consent());
    map.insert("name".to_owned(), name("provider"));
    map["grants"]["default"] = json!(USUAL_GRANTS);
    map["signing_key"]["description"] = json!(format!(
        "Name of the key pair that signs the tokens; \"{DEFAULT_SIGNING_KEY}\" where there is one. \"{NO_KEY}\": HMAC with the client secret."
    ));
    debug_assert!(OAUTH2_KEYS.iter().all(|k| map.contains_key(*k)));
    let entry = object(
        Map::from_iter([
            (
                "url".to_owned(),
                json!({"type": "string", "minLength": 1, "description": "The address, or the expression."}),
            ),
            (
                "regex".to_owned(),
                told(json!({"type": "boolean", "default": false}), "The address is a regular expression."),
            ),
        ]),
        &["url"],
    );
    defs.insert("redirectUri".to_owned(), json!({"anyOf": [{"type": "string", "minLength": 1}, entry]}));
    object(map, &[])
}

fn stage_kinds() -> impl Iterator<Item = &'static KindDef> {
    KINDS.iter().filter(|k| k.meta.family == Family::Stage)
}

/// The settings of a stage, which stand in flows and in documents of their own.
fn settings_of(kind: &'static KindDef, defs: &mut Map<String, Value>) -> Value {
    let word = kind.meta.word;
    let name = format!("stage_{word}");
    if !defs.contains_key(&name) {
        let settings = stage_settings(kind, defs);
        defs.insert(name.clone(), settings);
    }
    told(link(&name), &format!("The stage `{word}` and its settings."))
}

fn stage_settings(kind: &'static KindDef, defs: &mut Map<String, Value>) -> Value {
    let mut map = properties(kind, defs);
    if kind.meta.word == "prompt" {
        let fields = json!({"type": "array", "items": {"$ref": "#/$defs/promptField"}});
        map.insert("fields".to_owned(), told(fields, "What is asked for: fields, or names of fields."));
        let fields = prompt_field(defs);
        defs.insert("promptField".to_owned(), fields);
    }
    let needed = required(kind, &["mode"]);
    let settings = object(map, &needed);
    if needed.is_empty() { json!({"anyOf": [settings, {"type": "null"}]}) } else { settings }
}

fn prompt_field(defs: &mut Map<String, Value>) -> Value {
    let Some(kind) = KINDS.iter().find(|k| k.meta.kind == "prompt") else { return json!({}) };
    let mut map = properties(kind, defs);
    map.insert("name".to_owned(), name("field"));
    json!({"anyOf": [name("field"), object(map, &required(kind, &[]))]})
}

fn stage_entries(defs: &mut Map<String, Value>) -> Value {
    let mut beside = Map::new();
    if let Some(kind) = KINDS.iter().find(|k| k.meta.kind == "flow_stage_binding") {
        beside = properties(kind, defs);
    }
    beside.insert("when".to_owned(), json!({"type": "string", "description": "Rhai: whether the stage runs."}));
    beside.insert("policies".to_owned(), told(link("policies"), "What must pass for the stage to run."));
    let with = |word: &str, schema: Value, named: bool| {
        let mut map = beside.clone();
        map.insert(word.to_owned(), schema);
        if named {
            map.insert("name".to_owned(), name("stage"));
        }
        debug_assert!(ENTRY_KEYS.iter().all(|k| ["stage", "name"].contains(k) || map.contains_key(*k)));
        object(map, &[word])
    };
    let mut entries = vec![name("stage, or a stage word"), with("stage", name("stage"), false)];
    entries.extend(stage_kinds().map(|k| with(k.meta.word, settings_of(k, defs), true)));
    json!({"anyOf": entries})
}

fn stage_document(defs: &mut Map<String, Value>) -> Value {
    let documents: Vec<Value> = stage_kinds()
        .map(|kind| {
            let mut map = Map::new();
            map.insert("stage".to_owned(), name("stage"));
            map.insert(kind.meta.word.to_owned(), settings_of(kind, defs));
            object(map, &["stage", kind.meta.word])
        })
        .collect();
    json!({"anyOf": documents})
}

fn group() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["group"],
        "properties": {
            "group": name("group"),
            "superuser": {"type": "boolean", "default": false, "description": "Members may do everything."},
            "parents": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Groups around this one: its members are members of those too.",
            },
            "roles": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Roles of this folder that its members hold.",
            },
            "attributes": {"type": ["object", "null"], "description": "Merged under the attributes of members."},
        },
    })
}

fn settings(defs: &mut Map<String, Value>) -> Value {
    let mut map = Map::new();
    if let Some(kind) = words::document_kind("settings") {
        let settings = object(properties(kind, defs), &[]);
        map.insert("settings".to_owned(), told(settings, "Settings of the whole folder; given once."));
    }
    object(map, &["settings"])
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

/// A moment, or a day in the zone of the settings.
fn moment(description: &str) -> Value {
    let forms = json!([{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]);
    json!({"anyOf": forms, "description": description, "examples": ["2026-12-31", "2026-12-31T18:00:00Z"]})
}

/// Definitions that several documents share.
fn shared(defs: &mut Map<String, Value>) {
    let secret = json!({"anyOf": [
        object(Map::from_iter([("env".to_owned(), text("Name of an environment variable."))]), &["env"]),
        object(Map::from_iter([("file".to_owned(), text("Path of a file, from the folder."))]), &["file"]),
    ]});
    let entry = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "group": text("Passes for members of this group, direct and inherited."),
            "user": text("Passes for this user."),
            "policy": text("Passes when this policy passes."),
            "not": told(
                json!({"anyOf": [{"type": "boolean"}, {"$ref": "#/$defs/accessEntry"}]}),
                "Turns the result round: `true` beside the subject, or around an entry.",
            ),
            "any": told(link("accessList"), "One of these is enough."),
            "all": told(link("accessList"), "All of these must pass."),
            "from": moment("Counts from this moment on; a day is meant from its first moment."),
            "until": moment("Counts until this moment; a day is meant until its end."),
            "enabled": {"type": "boolean", "default": true, "description": "A disabled entry is as if absent."},
            "timeout": {
                "type": "integer",
                "minimum": 0,
                "default": 30,
                "description": "Seconds after which the policy counts as failed.",
            },
            "failure_result": {
                "type": "boolean",
                "default": false,
                "description": "The result when the policy fails or takes too long.",
            },
            "order": {"type": "integer", "description": "Place in lists and explanations, ascending."},
        },
    });
    let list = json!({"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/accessEntry"}});
    let names = json!({"type": "array", "minItems": 1, "items": {
        "anyOf": [{"type": "string"}, {"$ref": "#/$defs/accessEntry"}],
    }});
    let one_of = |list: &str| {
        json!({"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1, "properties": {
            "any": {"$ref": list, "description": "One of these is enough."},
            "all": {"$ref": list, "description": "All of these must pass."},
        }})
    };
    let policies = json!({"anyOf": [{"$ref": "#/$defs/policyList"}, one_of("#/$defs/policyList")]});
    for (name, schema) in [
        ("secret", secret),
        ("accessEntry", entry),
        ("accessList", list),
        ("policyList", names),
        ("access", one_of("#/$defs/accessList")),
        ("policies", policies),
    ] {
        defs.insert(name.to_owned(), schema);
    }
}
