//! Between JSON and Rhai's values.

use rhai::{Array, Dynamic, ImmutableString, Map};
use serde_json::{Number, Value};

/// Deepest nesting of a result.
const MAX_DEPTH: usize = 32;

pub(super) fn from_json(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(b) => (*b).into(),
        Value::Number(n) => n.as_i64().map_or_else(|| n.as_f64().map_or(Dynamic::UNIT, Into::into), Into::into),
        Value::String(s) => text(s),
        Value::Array(list) => Dynamic::from_array(list.iter().map(from_json).collect::<Array>()),
        Value::Object(map) => from_object(map),
    }
}

pub(super) fn from_object(map: &serde_json::Map<String, Value>) -> Dynamic {
    Dynamic::from_map(map.iter().map(|(k, v)| (k.as_str().into(), from_json(v))).collect::<Map>())
}

pub(super) fn text(s: &str) -> Dynamic {
    ImmutableString::from(s).into()
}

/// `None` for what has no JSON form, such as a function.
pub(super) fn to_json(value: &Dynamic) -> Option<Value> {
    convert(value, 0)
}

fn convert(value: &Dynamic, depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    if value.is_unit() {
        return Some(Value::Null);
    }
    if let Ok(b) = value.as_bool() {
        return Some(b.into());
    }
    if let Ok(n) = value.as_int() {
        return Some(n.into());
    }
    if let Ok(n) = value.as_float() {
        return Number::from_f64(n).map(Value::Number);
    }
    if let Ok(c) = value.as_char() {
        return Some(c.to_string().into());
    }
    if let Some(s) = value.read_lock::<ImmutableString>() {
        return Some(s.as_str().into());
    }
    if let Some(list) = value.read_lock::<Array>() {
        return list.iter().map(|v| convert(v, depth + 1)).collect::<Option<Vec<_>>>().map(Value::Array);
    }
    if let Some(map) = value.read_lock::<Map>() {
        return map
            .iter()
            .map(|(k, v)| Some((k.to_string(), convert(v, depth + 1)?)))
            .collect::<Option<serde_json::Map<_, _>>>()
            .map(Value::Object);
    }
    value.read_lock::<std::net::IpAddr>().map(|ip| ip.to_string().into())
}

/// Python's truth; `None` for what has none, such as a function.
pub(super) fn truthy(value: &Dynamic) -> Option<bool> {
    Some(match to_json(value)? {
        Value::Null => false,
        Value::Bool(b) => b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !s.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    })
}
