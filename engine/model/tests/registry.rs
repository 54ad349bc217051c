//! Walks the registry: whatever holds for one kind must hold for all.
#![allow(clippy::expect_used)]

use lockgate_model::{
    Lookup,
    kind::{KINDS, by_target},
};
use serde_json::{Value, json};
use std::collections::HashSet;

/// A body that the schema accepts, made from the schema.
fn sample(schema: &Value, root: &Value) -> Value {
    if let Some(path) = schema["$ref"].as_str() {
        return sample(root.pointer(path.trim_start_matches('#')).expect("a definition"), root);
    }
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    if let Some(any) = schema["anyOf"].as_array() {
        return sample(&any[0], root);
    }
    let is = |t: &str| schema["type"] == t || schema["type"].as_array().is_some_and(|a| a.contains(&json!(t)));
    match schema["format"].as_str() {
        Some("uuid") => return json!("7f0ea6a3-5bc6-4b7e-9c9b-54f3bb8f8f01"),
        Some("duration-text") => return json!("hours=1"),
        Some("uri") => return json!("https://app.example.com"),
        _ => {}
    }
    if is("boolean") {
        json!(false)
    } else if is("integer") {
        json!(1)
    } else if is("array") {
        json!([])
    } else if is("object") {
        json!({})
    } else {
        json!("x")
    }
}

fn minimal(kind: &lockgate_model::KindDef) -> Value {
    let schema = kind.schema();
    Value::Object(
        schema
            .fields
            .iter()
            .filter(|f| f.required)
            .map(|f| (f.name.clone(), sample(&f.schema, &schema.root)))
            .collect(),
    )
}

#[test]
fn names_paths_and_lookups_are_unique() {
    for (what, names) in [
        ("kind", KINDS.iter().map(|k| k.meta.kind).collect::<Vec<_>>()),
        ("schema", KINDS.iter().map(|k| k.meta.schema).collect()),
        ("path", KINDS.iter().map(|k| k.meta.path).filter(|p| !p.is_empty()).collect()),
    ] {
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "{what}: {names:?}");
    }
    // Stages and policies are words inside of others; elsewhere a word begins a document.
    let words = KINDS.iter().filter(|k| !k.meta.word.is_empty());
    let words: Vec<_> = words.map(|k| (Some(k.meta.family).filter(|f| f.is_within()), k.meta.word)).collect();
    assert_eq!(words.iter().collect::<HashSet<_>>().len(), words.len(), "word: {words:?}");
    for kind in KINDS {
        if let Lookup::Slug(field) = kind.meta.lookup {
            assert!(kind.schema().field(field).is_some(), "{kind:?} is addressed by a field that it lacks");
        }
    }
}

#[test]
fn unknown_keys_are_refused() {
    for kind in KINDS {
        let mut body = minimal(kind);
        body["no_such_field"] = json!(1);
        let problems = kind.parse(&body).expect_err(kind.meta.kind);
        assert!(
            problems.0.iter().any(|p| p.pointer == "/no_such_field" && p.code == "unknown"),
            "{kind:?}: {problems}"
        );
    }
}

#[test]
fn missing_fields_are_all_named_at_once() {
    for kind in KINDS {
        let required: Vec<_> = kind.schema().fields.iter().filter(|f| f.required).collect();
        let problems = kind.schema().validate(&json!({}));
        for field in &required {
            assert!(
                problems.0.iter().any(|p| p.pointer == format!("/{}", field.name) && p.code == "required"),
                "{kind:?}: {} in {problems}",
                field.name
            );
        }
    }
}

#[test]
fn every_text_and_list_has_a_limit() {
    for kind in KINDS {
        for field in &kind.schema().fields {
            let mut body = minimal(kind);
            let huge = if field.many { Value::Array(vec![json!("a"); 20_000]) } else { json!("a".repeat(70_000)) };
            body[&field.name] = huge;
            assert!(
                !kind.schema().validate(&body).is_empty(),
                "{kind:?}: {} takes 70,000 characters or 20,000 items",
                field.name
            );
        }
    }
}

#[test]
fn references_are_typed_and_found() {
    for kind in KINDS {
        for field in kind.schema().fields.iter().filter(|f| f.target.is_some()) {
            let target = field.target.as_deref().expect("filtered");
            assert!(
                ["group", "user"].contains(&target) || by_target(target).next().is_some(),
                "{kind:?}: {} points at {target}, which nothing is",
                field.name
            );
            if target == "user" {
                continue;
            }
            let id = "7f0ea6a3-5bc6-4b7e-9c9b-54f3bb8f8f01";
            let mut body = minimal(kind);
            body[&field.name] = if field.many { json!([id]) } else { json!(id) };
            let found = kind.schema().references(&body);
            assert!(found.iter().any(|r| r.field == field.name && r.to.to_string() == id), "{kind:?}: {}", field.name);
            body[&field.name] = if field.many { json!(["nonsense"]) } else { json!("nonsense") };
            assert!(
                kind.schema().validate(&body).0.iter().any(|p| p.message.contains("UUID")),
                "{kind:?}: {}",
                field.name
            );
        }
        let nested = kind.schema().root["$defs"].to_string().contains("x-ref");
        assert!(!nested, "{kind:?}: references below the top level are not followed");
    }
}

#[test]
fn a_minimal_body_survives_parsing_and_writing() {
    for kind in KINDS {
        let mut body = minimal(kind);
        if kind.meta.kind == "policy_binding" {
            body["user"] = json!(1);
        }
        for (field, value) in [
            ("internal_host", json!("http://upstream")),
            ("target_static", json!("/")),
            ("user_fields", json!(["username"])),
            ("certificate_data", json!("-----BEGIN CERTIFICATE-----")),
            ("action", json!("login")),
        ] {
            if kind.schema().field(field).is_some() {
                body[field] = value;
            }
        }
        let object = kind.parse(&body).unwrap_or_else(|e| panic!("{kind:?}: {e}\n{body}"));
        let written = object.to_value();
        assert_eq!(kind.parse(&written).expect("its own output").to_value(), written);
        let again = kind.complete(&body, &mut |n| "r".repeat(n)).expect("complete");
        assert!(kind.parse(&again).is_ok());
    }
}
