//! What the view of an object is made from beside the object itself.

use lockgate_identity::config::Snapshot;
use lockgate_model::{Object, ObjectSet, Principal, kind, kind::Lookup};
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

/// Everything that views look at; one per request.
pub(crate) struct Reading<'a> {
    /// The configuration.
    pub(crate) snapshot: &'a Snapshot,
    /// Its objects.
    pub(crate) objects: &'a ObjectSet,
    /// Who looks.
    pub(crate) caller: &'a Principal,
    /// Views of groups that are named by the objects shown.
    pub(crate) groups: HashMap<Uuid, Value>,
    /// Views of groups with their members, of those that are named so.
    pub(crate) whole_groups: HashMap<Uuid, Value>,
    /// Views of users that are named by the objects shown.
    pub(crate) users: HashMap<i64, Value>,
}

impl<'a> Reading<'a> {
    /// A reading without people.
    pub(crate) fn new(snapshot: &'a Snapshot, caller: &'a Principal) -> Self {
        let (groups, whole_groups, users) = Default::default();
        Self { snapshot, objects: &snapshot.objects, caller, groups, whole_groups, users }
    }

    /// The objects that refer to `id` through this field of this kind, by their `order`, then name.
    pub(crate) fn referring(&self, id: Uuid, from_kind: &str, field: &str) -> Vec<&'a Object> {
        let found = self.objects.referrers(id).iter().filter(|r| r.field == field);
        let found = found.filter_map(|r| self.objects.get(r.from));
        let mut found: Vec<&Object> = found.filter(|o| o.kind.meta.kind == from_kind).collect();
        found.sort_by(|a, b| {
            let order = |o: &Object| o.document.body["order"].as_i64().unwrap_or_default();
            (order(a), &a.document.name, a.document.id).cmp(&(order(b), &b.document.name, b.document.id))
        });
        found.dedup_by_key(|o| o.document.id);
        found
    }

    /// The object that a field of a body points at.
    pub(crate) fn pointed(&self, value: &Value) -> Option<&'a Object> {
        self.objects.get(Uuid::parse_str(value.as_str()?).ok()?)
    }
}

/// Whether the API names objects of this target by number.
pub(crate) fn by_number(target: &str) -> bool {
    kind::by_target(target).next().is_some_and(|k| matches!(k.meta.lookup, Lookup::Number(_)))
}

/// A reference as the API shows it: a number for providers, else the UUID.
pub(crate) fn outward(objects: &ObjectSet, target: &str, value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(|v| outward(objects, target, v)).collect(),
        Value::String(text) if by_number(target) => {
            let object = Uuid::parse_str(text).ok().and_then(|id| objects.get(id));
            object.and_then(|o| o.document.number).map_or(Value::Null, Value::from)
        }
        other => other.clone(),
    }
}

/// The primary key as the API shows it.
pub(crate) fn pk(object: &Object) -> Value {
    match (object.kind.meta.lookup, object.document.number) {
        (Lookup::Number(_), Some(number)) => Value::from(number),
        _ => Value::from(object.document.id.to_string()),
    }
}

/// Name of the field with the primary key.
pub(crate) fn pk_field(kind: &str) -> &'static str {
    match kind {
        "brand" => "brand_uuid",
        "application_entitlement" => "pbm_uuid",
        _ => "pk",
    }
}
