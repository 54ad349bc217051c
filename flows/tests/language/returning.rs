//! Any configuration comes back the same from its export, whatever stands in its texts.

use crate::{exported_folder::comes_back, load, shipped};
use lockgate_flows::{Folder, Nobody, render};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Texts that YAML reads as something else, or ends early, unless they are quoted.
const TRAPS: [&str; 30] = [
    "yes",
    "No",
    "null",
    "~",
    "true",
    "1e3",
    "0x10",
    "017",
    "1_000",
    "12:30:45",
    "2026-11-29",
    ".inf",
    "=",
    "<<",
    "- a",
    "a: b",
    "a #b",
    "#",
    "'",
    "\"",
    "\\",
    "{ a",
    "[a]",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    "| a",
    "? a",
];

/// A text that says something, without blanks around it.
fn word() -> impl Strategy<Value = String> {
    let any = "[ -~äß漢🦀\u{85}\u{a0}\u{2028}\u{feff}]{1,12}";
    prop_oneof![prop::sample::select(&TRAPS).prop_map(str::to_owned), any]
        // Braces are for values in titles.
        .prop_filter("it says something", |text| text.trim() == text && !text.trim().is_empty() && !text.contains("{{"))
}

/// A text of lines, with blanks at both ends of each.
fn lines() -> impl Strategy<Value = String> {
    prop::collection::vec("[ \t]{0,3}[ -~é]{0,8}[ \t]{0,2}", 1..4).prop_map(|lines| lines.join("\n"))
}

/// Anything that attributes may hold.
fn data() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1_000_000_i64..1_000_000).prop_map(Value::from),
        word().prop_map(Value::from),
        lines().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map(word(), inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A map of anything.
fn attributes() -> impl Strategy<Value = Value> {
    prop::collection::hash_map(word(), data(), 0..3).prop_map(|map| Value::Object(Map::from_iter(map)))
}

/// Who may: one entry of a list.
fn entry() -> impl Strategy<Value = Value> {
    let who = prop::sample::select(vec![("group", "Staff"), ("group", "Own"), ("user", "ada"), ("policy", "rule")]);
    (who, any::<bool>(), any::<bool>(), any::<bool>(), prop::option::of(0..90_i32), 1..400_i32).prop_map(
        |((key, name), not, enabled, failure_result, order, timeout)| {
            let mut entry = json!({key: name, "not": not, "enabled": enabled});
            if key == "policy" {
                (entry["failure_result"], entry["timeout"]) = (json!(failure_result), json!(timeout));
            }
            if let Some(order) = order {
                entry["order"] = json!(order);
            }
            entry
        },
    )
}

/// A list of who may.
fn access() -> impl Strategy<Value = Value> {
    (prop::sample::select(vec!["any", "all"]), prop::collection::vec(entry(), 1..4))
        .prop_map(|(mode, entries)| json!({mode: entries}))
}

/// One stage of a flow, with what may stand beside its word.
fn stage() -> impl Strategy<Value = Value> {
    let field = (word(), lines(), any::<bool>(), 0..500_i32).prop_map(|(label, placeholder, required, order)| {
        json!({"key": "attributes.a", "label": label, "type": "text", "placeholder": placeholder, "required": required, "order": order})
    });
    let stage = prop_oneof![
        word().prop_map(|message| json!({"deny": {"message": message}})),
        field.prop_map(|field| json!({"prompt": {"fields": [field]}})),
        (1..90_u32, any::<bool>())
            .prop_map(|(days, unknown)| { json!({"login": {"session": format!("{days}d"), "end_others": unknown}}) }),
        (1..20_u32).prop_map(|count| json!({"enroll_static": {"count": count}})),
        Just(json!({"dummy": {}})),
    ];
    let on_invalid = prop::sample::select(vec!["retry", "restart", "restart_with_context"]);
    (stage, on_invalid, prop::option::of(lines())).prop_map(|(mut stage, on_invalid, note)| {
        stage["on_invalid"] = json!(on_invalid);
        if let Some(note) = note {
            // Lines of a comment, so that any text is a script.
            let comment: Vec<String> = note.lines().map(|line| format!("// {line}")).collect();
            stage["when"] = json!(format!("{}\npending.authenticated", comment.join("\n")));
        }
        stage
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_configuration_comes_back_the_same(
        (name, description, title, own) in (word(), lines(), word(), attributes()),
        (may, guards) in (access(), prop::option::of(access())),
        stages in prop::collection::vec(stage(), 0..4),
    ) {
        let mut flow = json!({"flow": "way", "name": name, "title": title, "designation": "stage_configuration", "stages": stages});
        if let Some(guards) = guards {
            flow["policies"] = guards;
        }
        let documents = [
            json!({"group": "Own", "attributes": own}),
            json!({"policy": "rule", "expression": "now.hour > 7"}),
            json!({"app": "wiki", "name": name, "description": description, "url": "https://wiki.example.com", "access": may}),
            flow,
        ];
        // JSON is YAML.
        let text: Vec<String> = documents.iter().map(Value::to_string).collect();
        let checked = load(&Folder::of([("all.yaml", text.join("\n---\n").as_str())]), &Nobody);
        prop_assert!(checked.is_sound(), "{}", render(&checked.diagnostics));
        comes_back(&shipped(&Nobody), &checked.loaded);
    }
}
