//! What became of an object, as events tell it: the reference's `diff`.

use super::Change;
use lockgate_flows::plan::{Names, changes};
use lockgate_model::{Document, ObjectSet};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// In the place of a secret, as the reference has it.
const HIDDEN: &str = "********************";

/// The most that is told of a text, in characters: an event is no archive.
const MOST: usize = 4_000;

/// What objects are called; of nothing where no object was changed.
pub(super) fn names(change: &Change, after: &ObjectSet) -> Names {
    let documents = after.iter().map(|object| &object.document).filter(|_| !change.upserts.is_empty());
    Names::new(documents, [], HashMap::new())
}

/// Each field with what it was and became; null where nothing of it changed.
pub(super) fn of(before: &Document, after: &Document, names: &Names) -> Value {
    let (before, after) = (std::slice::from_ref(before), std::slice::from_ref(after));
    let (objects, _) = changes((before, &[]), (after, &[]), names);
    let fields = objects.into_iter().flat_map(|object| object.fields).map(|field| {
        let name = field.pointer.trim_start_matches('/').replace('/', ".");
        let (before, after) = match field.secret {
            true => (json!(HIDDEN), json!(HIDDEN)),
            false => (shortened(field.before), shortened(field.after)),
        };
        (name, json!({"previous_value": before, "new_value": after}))
    });
    let fields: Map<String, Value> = fields.collect();
    if fields.is_empty() { Value::Null } else { Value::Object(fields) }
}

fn shortened(value: Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > MOST => {
            json!(text.chars().take(MOST).chain(['…']).collect::<String>())
        }
        other => other,
    }
}
