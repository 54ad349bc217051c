//! What became of an object, as events tell it: the reference's `diff`.

use super::Change;
use lockgate_flows::plan::{Names, changes};
use lockgate_model::{Document, ObjectSet};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// In the place of a secret, as the reference has it.
const HIDDEN: &str = "********************";

/// The most that is told of a value, in characters: an event is no archive.
const MOST: usize = 4_000;

/// The most that is told of all of them, in bytes of JSON.
const MOST_OF_ALL: usize = 64 * 1024;

/// The name under which the number of those stands that are not told.
const UNTOLD: &str = "…";

/// What objects are called; of nothing where no object was changed.
pub(super) fn names(change: &Change, after: &ObjectSet) -> Names {
    let documents = after.iter().map(|object| &object.document).filter(|_| !change.upserts.is_empty());
    Names::new(documents, [], HashMap::new())
}

/// Each field with what it was and became, as far as an event has room; null where nothing of it changed.
pub(super) fn of(before: &Document, after: &Document, names: &Names) -> Value {
    let (before, after) = (std::slice::from_ref(before), std::slice::from_ref(after));
    let (objects, _) = changes((before, &[]), (after, &[]), names);
    let (mut told, mut room, mut untold) = (Map::new(), MOST_OF_ALL, 0_usize);
    for field in objects.into_iter().flat_map(|object| object.fields) {
        let name = field.pointer.trim_start_matches('/').replace('/', ".");
        let (before, after) = match field.secret {
            true => (json!(HIDDEN), json!(HIDDEN)),
            false => (shortened(field.before), shortened(field.after)),
        };
        let change = json!({"previous_value": before, "new_value": after});
        match room.checked_sub(name.len() + change.to_string().len()) {
            Some(left) => {
                room = left;
                told.insert(name, change);
            }
            None => untold += 1,
        }
    }
    if untold > 0 {
        told.insert(UNTOLD.to_owned(), json!({"previous_value": null, "new_value": untold}));
    }
    if told.is_empty() { Value::Null } else { Value::Object(told) }
}

fn shortened(value: Value) -> Value {
    let text = match &value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => value.to_string(),
        _ => return value,
    };
    if text.chars().count() <= MOST {
        return value;
    }
    json!(text.chars().take(MOST).chain(['…']).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::change::blank;
    use uuid::Uuid;

    fn told(before: Value, after: Value) -> Value {
        let brand =
            |attributes| blank("brand", Uuid::nil(), json!({"domain": "example.com", "attributes": attributes}));
        of(&brand(before), &brand(after), &Names::new([], [], HashMap::new()))
    }

    #[test]
    fn a_large_change_is_told_as_far_as_there_is_room() {
        let list = told(json!({"list": []}), json!({"list": vec!["x"; 100_000]}));
        assert!(list.to_string().len() < 2 * MOST_OF_ALL && list.to_string().contains("\"x\\\""), "{list}");
        let long = "y".repeat(3_000);
        let many: Map<String, Value> = (0..200).map(|key| (format!("key-{key}"), json!(long))).collect();
        let many = told(json!({}), json!(many));
        assert!(many.to_string().len() < 2 * MOST_OF_ALL, "{} bytes", many.to_string().len());
        assert_eq!(
            told(json!({"a": 1}), json!({"a": 2}))["attributes.a"],
            json!({"previous_value": 1, "new_value": 2})
        );
    }
}
