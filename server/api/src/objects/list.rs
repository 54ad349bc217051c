//! Lists of configuration objects, straight from the snapshot: filters, search, order.

use super::reading::by_number;
use crate::{
    error::ApiError,
    query::{Query, flag},
};
use lockgate_model::{Filter, FilterOp, KindDef, Lookup, Object, ObjectSet, kind::Meta, schema::Field};
use serde_json::Value;
use std::cmp::Ordering;
use uuid::Uuid;

/// A filter with the value that a query gives it, ready to be asked.
enum Test<'q> {
    Equal(Wanted<'q>),
    Folded(String),
    Part(String),
    Null(bool),
    OneOf(Vec<Wanted<'q>>),
}

/// A value as bodies hold it.
enum Wanted<'q> {
    Text(&'q str),
    Uuid(String),
    Integer(i64),
    Flag(bool),
    /// Nothing is like it.
    Nothing,
}

/// The objects of a kind that a query asks for, in the order that it asks for.
///
/// # Errors
/// 400 for a filter whose value cannot be one.
pub(crate) fn select<'a>(objects: &'a ObjectSet, kind: &KindDef, query: &Query) -> Result<Vec<&'a Object>, ApiError> {
    let mut tests = Vec::new();
    for filter in kind.meta.filters {
        if let Some(test) = test(objects, kind, filter, query)? {
            tests.push((filter.field, test));
        }
    }
    let of_kind = objects.iter().filter(|o| o.kind.meta.kind == kind.meta.kind);
    let matching = of_kind.filter(|o| tests.iter().all(|(field, test)| test.holds(&value_of(o, field))));
    let found = matching.filter(|o| mentions(o, kind.meta.search, query.get("search"))).collect();
    Ok(ordered(found, query, kind.meta.ordering))
}

/// Whether every word of a search is in one of the fields.
pub(crate) fn mentions(object: &Object, fields: &[&str], search: Option<&str>) -> bool {
    let Some(search) = search else { return true };
    let texts: Vec<String> = fields.iter().filter_map(|f| Some(value_of(object, f).as_str()?.to_lowercase())).collect();
    search.to_lowercase().split_whitespace().take(16).all(|word| texts.iter().any(|text| text.contains(word)))
}

/// Sorts by what the query asks for, as far as objects have it, else by `fallback`; then by name.
pub(crate) fn ordered<'a>(mut found: Vec<&'a Object>, query: &Query, fallback: &str) -> Vec<&'a Object> {
    let mut by = query.ordering();
    by.retain(|(field, _)| is_sortable(found.first().copied(), field));
    if by.is_empty() {
        by.push((fallback.to_owned(), false));
    }
    found.sort_by(|a, b| {
        for (field, descending) in &by {
            let order = compare(&value_of(a, field), &value_of(b, field));
            if order != Ordering::Equal {
                return if *descending { order.reverse() } else { order };
            }
        }
        (&a.document.name, a.document.id).cmp(&(&b.document.name, b.document.id))
    });
    found
}

fn is_sortable(example: Option<&Object>, field: &str) -> bool {
    let Some(object) = example else { return false };
    matches!(field, "pk" | "created" | "managed")
        || object.kind.schema().field(field).is_some_and(super::face::is_shown)
}

/// A field of the body, or one of the document's own.
fn value_of(object: &Object, field: &str) -> Value {
    let document = &object.document;
    match field {
        "pk" => super::reading::pk(object),
        "managed" => document.managed.clone().map_or(Value::Null, Value::from),
        "created" => Value::from(document.created.to_rfc3339()),
        "updated" => Value::from(document.updated.to_rfc3339()),
        _ => document.body[field].clone(),
    }
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (a, b) => a.to_string().cmp(&b.to_string()),
    }
}

fn test<'q>(
    objects: &ObjectSet,
    kind: &KindDef,
    filter: &Filter,
    query: &'q Query,
) -> Result<Option<Test<'q>>, ApiError> {
    let Some(given) = query.get(filter.param) else { return Ok(None) };
    let wanted = |text| wanted(objects, kind, filter, text);
    Ok(Some(match filter.op {
        FilterOp::Exact => match wanted(given)? {
            Some(wanted) => Test::Equal(wanted),
            None => return Ok(None),
        },
        FilterOp::IExact => Test::Folded(given.to_lowercase()),
        FilterOp::IContains => Test::Part(given.to_lowercase()),
        FilterOp::IsNull => match flag(given) {
            Some(null) => Test::Null(null),
            None => return Ok(None),
        },
        FilterOp::In => {
            let all: Result<Vec<_>, ApiError> = query.all(filter.param).into_iter().map(wanted).collect();
            Test::OneOf(all?.into_iter().flatten().collect())
        }
    }))
}

/// Reads a parameter in the sense of the field it filters; `None` when it is to be ignored.
fn wanted<'q>(
    objects: &ObjectSet,
    kind: &KindDef,
    filter: &Filter,
    text: &'q str,
) -> Result<Option<Wanted<'q>>, ApiError> {
    let invalid = |message: String| ApiError::field(filter.param, "invalid", message);
    let uuid = |text: &str| {
        let parsed = Uuid::parse_str(text).map_err(|_| invalid("Enter a valid UUID.".to_owned()))?;
        Ok::<_, ApiError>(Some(Wanted::Uuid(parsed.to_string())))
    };
    match sense(kind.meta, filter.field, kind.schema().field(filter.field)) {
        Sense::Uuid => uuid(text),
        Sense::Provider => {
            let Ok(number) = text.parse::<i32>() else { return Err(invalid("Enter a number.".to_owned())) };
            let id = objects.by_number(number).map(|o| o.document.id.to_string());
            Ok(Some(id.map_or(Wanted::Nothing, Wanted::Uuid)))
        }
        Sense::Integer => {
            let number = text.parse().map_err(|_| invalid("Enter a number.".to_owned()))?;
            Ok(Some(Wanted::Integer(number)))
        }
        Sense::Flag => Ok(flag(text).map(Wanted::Flag)),
        Sense::Choice(choices) if !choices.iter().any(|c| c == text) => {
            let shown: String = text.chars().take(80).collect();
            Err(invalid(format!("Select a valid choice. {shown} is not one of the available choices.")))
        }
        Sense::Choice(_) | Sense::Text => Ok(Some(Wanted::Text(text))),
    }
}

/// How a parameter is to be read.
pub(crate) enum Sense {
    /// A UUID.
    Uuid,
    /// The number of a provider.
    Provider,
    /// An integer.
    Integer,
    /// Yes or no.
    Flag,
    /// One of these words.
    Choice(Vec<Value>),
    /// Anything.
    Text,
}

/// How parameters on this field are to be read.
pub(crate) fn sense(meta: &Meta, name: &str, field: Option<&Field>) -> Sense {
    let Some(field) = field else {
        let uuid = name == "pk" && !matches!(meta.lookup, Lookup::Number(_));
        return if uuid { Sense::Uuid } else { Sense::Text };
    };
    if field.target.as_deref().is_some_and(by_number) {
        return Sense::Provider;
    }
    let schema = if field.many { &field.schema["items"] } else { &field.schema };
    let is = |t: &str| schema["type"] == t || schema["type"].as_array().is_some_and(|a| a.iter().any(|v| v == t));
    if schema["format"] == "uuid" {
        Sense::Uuid
    } else if is("integer") {
        Sense::Integer
    } else if is("boolean") {
        Sense::Flag
    } else if let Some(choices) = choices(meta, schema) {
        Sense::Choice(choices)
    } else {
        Sense::Text
    }
}

fn choices(meta: &Meta, schema: &Value) -> Option<Vec<Value>> {
    let direct = schema["enum"].as_array().cloned();
    direct.or_else(|| {
        let name = schema["$ref"].as_str()?.strip_prefix("#/$defs/")?;
        let kind = lockgate_model::kind::by_name(meta.kind)?;
        kind.schema().root["$defs"][name]["enum"].as_array().cloned()
    })
}

impl Test<'_> {
    fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null(null), value) => {
                let empty = match value {
                    Value::Null => true,
                    Value::Array(list) => list.is_empty(),
                    Value::String(text) => text.is_empty(),
                    _ => false,
                };
                empty == *null
            }
            (test, Value::Array(list)) => list.iter().any(|v| test.holds(v)),
            (Self::Equal(wanted), value) => wanted.is(value),
            (Self::OneOf(several), value) => several.iter().any(|w| w.is(value)),
            (Self::Folded(text), value) => plain(value).is_some_and(|v| v == *text),
            (Self::Part(text), value) => plain(value).is_some_and(|v| v.contains(text)),
        }
    }
}

impl Wanted<'_> {
    fn is(&self, value: &Value) -> bool {
        match self {
            Self::Text(text) => value.as_str() == Some(text),
            Self::Uuid(text) => value.as_str() == Some(text),
            Self::Integer(number) => value.as_i64() == Some(*number),
            Self::Flag(flag) => value.as_bool() == Some(*flag),
            Self::Nothing => false,
        }
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_lowercase()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
