//! Between stored bodies and the API's objects, in both directions.
//!
//! Outwards: the primary key, the fields that are neither secret nor internal, the computed ones;
//! providers are named by number. Inwards: only what a client may write; everything else of an existing
//! object stays as it is.

use super::{
    extras,
    reading::{Reading, by_number, outward, pk, pk_field},
};
use lockgate_model::{KindDef, Object, ObjectSet, Problems, schema::Field};
use serde_json::{Map, Value};

/// Kinds whose clients may set the stable identifier.
const MANAGED_BY_CLIENTS: &[&str] = &["scope_mapping", "outpost", "object_attribute"];

/// Whether clients may set `managed`.
pub(crate) fn may_set_managed(kind: &KindDef) -> bool {
    MANAGED_BY_CLIENTS.contains(&kind.meta.kind)
}

/// Whether a field is part of answers.
pub(crate) fn is_shown(field: &Field) -> bool {
    !field.internal && field.schema["writeOnly"].as_bool() != Some(true)
}

/// Whether a field is part of bodies.
pub(crate) fn is_written(field: &Field) -> bool {
    !field.internal && !field.read_only
}

/// An object as the API shows it.
pub(crate) fn show(object: &Object, reading: &Reading<'_>) -> Value {
    let body = object.value.to_value();
    let mut shown = Map::new();
    shown.insert(pk_field(object.kind.meta.kind).to_owned(), pk(object));
    for field in object.kind.schema().fields.iter().filter(|f| is_shown(f)) {
        let value = match &field.target {
            Some(target) => outward(reading.objects, target, &body[&field.name]),
            None => body[&field.name].clone(),
        };
        shown.insert(field.name.clone(), value);
    }
    for extra in extras::of(object.kind) {
        shown.insert(extra.name.to_owned(), (extra.value)(object, reading));
    }
    Value::Object(shown)
}

/// The body that results when a client writes `given` over `existing`. With `whole`, all required
/// fields must be given; fields that are left out keep their values either way.
///
/// # Errors
/// Required fields that are missing, and numbers that no provider has.
pub(crate) fn accept(
    kind: &KindDef,
    objects: &ObjectSet,
    given: &Map<String, Value>,
    existing: Option<&Value>,
    whole: bool,
) -> Result<Value, Problems> {
    let mut problems = Problems::default();
    let mut body = existing.and_then(Value::as_object).cloned().unwrap_or_default();
    for field in kind.schema().fields.iter().filter(|f| is_written(f)) {
        match given.get(&field.name) {
            Some(value) => {
                let value = match &field.target {
                    // As the reference has it: an empty text names nothing.
                    Some(_) if field.nullable && value.as_str() == Some("") => Value::Null,
                    Some(target) if by_number(target) => inward(objects, &field.name, value, &mut problems),
                    _ => value.clone(),
                };
                body.insert(field.name.clone(), value);
            }
            None if whole && field.required => {
                problems.add(&format!("/{}", field.name), "required", "This field is required.");
            }
            None => {}
        }
    }
    problems.into_result()?;
    Ok(Value::Object(body))
}

/// Numbers become UUIDs; whatever else stays, for the schema to complain about.
fn inward(objects: &ObjectSet, at: &str, value: &Value, problems: &mut Problems) -> Value {
    match value {
        Value::Array(list) => {
            list.iter().enumerate().map(|(i, v)| inward(objects, &format!("{at}/{i}"), v, problems)).collect()
        }
        Value::Null => Value::Null,
        value => {
            let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
            let found = number.and_then(|n| objects.by_number(i32::try_from(n).ok()?));
            match (number, found) {
                (_, Some(object)) => Value::from(object.document.id.to_string()),
                (Some(number), None) => {
                    let text = format!("Invalid pk \"{number}\" - object does not exist.");
                    problems.add(&format!("/{at}"), "does_not_exist", text);
                    Value::Null
                }
                (None, None) => {
                    problems.add(&format!("/{at}"), "incorrect_type", "Incorrect type. Expected pk value.");
                    Value::Null
                }
            }
        }
    }
}
