//! Names of what is referred to by UUID, where the API does not tell them beside the keys: asked for at once, however many
//! there are on a page.

use super::{
    desk::{Desk, Trouble},
    resource::Resource,
    spec::Holds,
};
use crate::rest::Refusal;
use lockgate_model::kind::by_name;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Most keys of one question.
const MOST: usize = 200;

/// Puts what the fields of a thing refer to beside them, as `flow_obj` beside `flow`.
pub(super) async fn beside(desk: &Desk, resource: &Resource, value: &Value) -> Result<Value, Trouble> {
    let specs = resource.specs();
    let fields: Vec<&str> =
        specs.iter().filter(|spec| matches!(spec.holds, Holds::Ref(..))).map(|spec| spec.name.as_str()).collect();
    let mut values = [value.clone()];
    fill(desk, &fields, &mut values).await?;
    let [value] = values;
    Ok(value)
}

/// The same for these fields of every row of a list. Who may not see a thing sees its key.
pub(super) async fn fill(desk: &Desk, fields: &[&str], values: &mut [Value]) -> Result<(), Trouble> {
    let open = |value: &Value, field: &str| value[told(field)].is_null() && value[shortened(field)].is_null();
    let wanted: BTreeSet<String> = values
        .iter()
        .flat_map(|value| fields.iter().filter(|field| open(value, field)).flat_map(|field| uuids(&value[*field])))
        .map(str::to_owned)
        .take(MOST)
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(wanted.iter().map(|pk| ("pk", pk.as_str())))
        .finish();
    let found = match desk.rest.get(&format!("/lockgate/objects/?{query}")).await {
        Ok(found) => found,
        Err(Refusal::Said(..)) => return Ok(()),
        Err(refusal) => return Err(refusal.into()),
    };
    let found: BTreeMap<&str, Value> = found["results"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| Some((one["pk"].as_str()?, as_referred(one))))
        .collect();
    for value in values {
        for field in fields {
            if open(value, field)
                && let Some(things) = things(&value[*field], &found)
            {
                value[told(field)] = things;
            }
        }
    }
    Ok(())
}

/// Where what a field refers to stands.
fn told(field: &str) -> String {
    format!("{field}_obj")
}

/// Where the API itself puts that of some lists.
fn shortened(field: &str) -> String {
    format!("{}_obj", field.trim_end_matches('s'))
}

fn uuids(value: &Value) -> Vec<&str> {
    let all = match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    all.iter().filter_map(Value::as_str).filter(|text| text.len() == 36).collect()
}

/// What was found of a field's keys; of a list only if all of it was.
fn things(value: &Value, found: &BTreeMap<&str, Value>) -> Option<Value> {
    match value {
        Value::Array(list) if !list.is_empty() => {
            list.iter().map(|key| found.get(key.as_str()?).cloned()).collect::<Option<Vec<Value>>>().map(Value::Array)
        }
        Value::String(key) => found.get(key.as_str()).cloned(),
        _ => None,
    }
}

/// An object that was found, with the members that pages know things by.
fn as_referred(found: &Value) -> Value {
    let model = found["kind"].as_str().and_then(by_name).map_or("", |kind| kind.meta.model);
    json!({
        "pk": found["pk"],
        "brand_uuid": found["pk"],
        "name": found["name"],
        "slug": found["identifier"],
        "domain": found["identifier"],
        "meta_model_name": model,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_told_by_name_only_as_a_whole() {
        let found = BTreeMap::from([("a", json!({"name": "A"})), ("b", json!({"name": "B"}))]);
        assert_eq!(things(&json!("a"), &found), Some(json!({"name": "A"})));
        assert_eq!(things(&json!(["b", "a"]), &found), Some(json!([{"name": "B"}, {"name": "A"}])));
        assert_eq!(things(&json!(["b", "unseen"]), &found), None, "a name that is left out would be a thing less");
        assert_eq!((things(&json!([]), &found), things(&json!(7), &found)), (None, None));
    }

    #[test]
    fn only_keys_are_asked_for() {
        let key = "9f6de77f-4bb3-50c4-830a-8953a675fea8";
        assert_eq!(uuids(&json!([key, "short", 7])), [key]);
        assert_eq!(uuids(&json!(key)), [key]);
        assert!(uuids(&Value::Null).is_empty());
    }
}
