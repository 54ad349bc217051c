//! Policies of every kind.

use crate::text;
use lockgate_flows::render;
use serde_json::{Value, json};

const KINDS: [(&str, &str, &str, Value); 9] = [
    ("expression_policy", "expression: now.hour < 20", "/expression", Value::Null),
    ("cedar_policy", "cedar: context has ip && context.mfa", "/cedar", Value::Null),
    ("dummy_policy", "dummy: { result: true }", "/result", Value::Bool(true)),
    ("event_matcher_policy", "event_matcher: { action: login }", "/action", Value::Null),
    ("geoip_policy", "geoip: { countries: [DE] }", "/countries/0", Value::Null),
    ("password_policy", "password: { length_min: 12 }", "/length_min", Value::Null),
    ("password_expiry_policy", "password_expiry: { days: 90 }", "/days", Value::Null),
    ("reputation_policy", "reputation: { threshold: -3 }", "/threshold", Value::Null),
    ("unique_password_policy", "unique_password:", "/num_historical_passwords", Value::Null),
];

#[test]
fn a_policy_is_its_name_and_the_word_of_its_kind() {
    let schema = jsonschema::draft202012::new(&lockgate_flows::json_schema()).expect("a schema");
    for (kind, body, pointer, value) in KINDS {
        let yaml = format!("policy: it\n{body}\nexecution_logging: true\n");
        let checked = text(&yaml);
        assert!(checked.diagnostics.is_empty(), "{}", render(&checked.diagnostics));
        let document = checked.loaded.documents.iter().find(|d| d.name == "it").expect("a policy");
        assert_eq!(document.kind, kind);
        assert_eq!(document.body["execution_logging"], true);
        let found = document.body.pointer(pointer).unwrap_or(&Value::Null);
        assert!(!found.is_null() && (value.is_null() || *found == value), "{kind}: {}", document.body);
        let tree: Value = serde_saphyr::from_str(&yaml).expect("YAML");
        assert!(schema.is_valid(&tree), "{kind}: the schema for editors refuses it");
        let mut strange = tree;
        strange["no_such_key"] = json!(1);
        assert!(!schema.is_valid(&strange), "{kind}: the schema for editors takes anything");
    }
}

#[test]
fn any_kind_can_be_bound_by_name() {
    for (kind, body, ..) in KINDS {
        let checked =
            text(&format!("app: wiki\naccess:\n  all: [{{ policy: it, not: true }}]\n---\npolicy: it\n{body}\n"));
        assert!(checked.diagnostics.is_empty(), "{}", render(&checked.diagnostics));
        let policy = checked.loaded.documents.iter().find(|d| d.kind == kind).expect("a policy");
        let binding = checked.loaded.documents.iter().find(|d| d.kind == "policy_binding").expect("a binding");
        assert_eq!(binding.body["policy"], policy.id.to_string());
    }
}

#[test]
fn the_text_of_a_condition_has_a_place() {
    let loaded = text("policy: lan\ncedar: |\n  context has ip &&\n  context.mfa\n").loaded;
    let script = loaded.scripts.iter().find(|s| s.name == "lan").expect("a text");
    assert_eq!((script.pointer.as_str(), script.start.line, script.start.column), ("/cedar", 3, 3));
}
