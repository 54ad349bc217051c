//! What a person can read on a page, and what an account has, as tests look at it.

use lockgate_engine::{Challenge, ResponseErrors};
use lockgate_model::Principal;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where pages hold texts for people.
const READABLE: [&str; 13] = [
    "title",
    "string",
    "label",
    "sub_text",
    "error_message",
    "header_text",
    "placeholder",
    "initial_value",
    "name",
    "primary_action",
    "pending_user",
    "application_name",
    "brand_name",
];

/// Every text on a page that a person can read, each once.
pub(super) fn texts(challenge: &Challenge) -> Vec<String> {
    let mut found = Vec::new();
    collect(&serde_json::to_value(challenge).unwrap_or_default(), &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if READABLE.contains(&key.as_str()) => {
                        if !text.is_empty() && !found.contains(text) {
                            found.push(text.clone());
                        }
                    }
                    other => collect(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

/// What a page shows, for "what happened".
pub(super) fn quoted(texts: &[String]) -> String {
    match texts {
        [] => "the page shows no text".to_owned(),
        texts => {
            let quoted: Vec<String> = texts.iter().map(|text| format!("\"{text}\"")).collect();
            format!("the page shows {}", quoted.join(", "))
        }
    }
}

/// The complaints on a page, behind where it is.
pub(super) fn complaints(errors: &ResponseErrors) -> String {
    let told = complained(errors).into_iter();
    let told: Vec<String> =
        told.flat_map(|(field, texts)| texts.into_iter().map(move |text| format!("{field}: {text}"))).collect();
    if told.is_empty() { String::new() } else { format!(", and complains: {}", told.join("; ")) }
}

/// The complaints on a page by field; `form` is the page as a whole.
pub(crate) fn complained(errors: &ResponseErrors) -> BTreeMap<String, Vec<String>> {
    let told = errors.0.iter().map(|(field, list)| {
        let field = if field == ResponseErrors::GENERAL { "form" } else { field };
        (field.to_owned(), list.iter().map(|detail| detail.string.clone()).collect())
    });
    told.collect()
}

/// An account under the names that the API has.
pub(super) fn account(who: &Principal) -> Map<String, Value> {
    let user = &who.user;
    let groups: Vec<&str> =
        who.groups.iter().filter(|group| who.direct_groups.contains(&group.pk)).map(|g| g.name.as_str()).collect();
    let fields = [
        ("username", json!(user.username)),
        ("name", json!(user.name)),
        ("email", json!(user.email)),
        ("active", json!(user.is_active)),
        ("type", json!(user.user_type)),
        ("path", json!(user.path)),
        ("attributes", json!(user.attributes)),
        ("groups", json!(groups)),
    ];
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
