//! Whether a value is as a test wants it.

use serde_json::Value;

/// Lists contain what is wanted, maps its entries; anything else is equal.
pub(super) fn holds(actual: &Value, wanted: &Value) -> bool {
    match (actual, wanted) {
        (Value::Array(list), Value::Array(wanted)) => wanted.iter().all(|one| list.contains(one)),
        (Value::Array(list), one) => list.contains(one),
        (Value::Object(map), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| map.get(key).is_some_and(|actual| holds(actual, value)))
        }
        (actual, wanted) => actual == wanted,
    }
}

/// Whether a value contains any of what it must not.
pub(super) fn holds_any(actual: &Value, unwanted: &Value) -> bool {
    match unwanted {
        Value::Array(several) => several.iter().any(|one| holds(actual, one)),
        one => holds(actual, one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_contain_and_other_values_are_equal() {
        let actual = json!({"groups": ["a", "b"], "role": "Admin", "deep": {"x": 1, "y": 2}});
        let wanted = json!({"groups": ["b"], "role": "Admin", "deep": {"y": 2}});
        assert!(holds(&actual, &wanted) && holds(&actual, &json!({"groups": "a"})));
        for other in [json!({"groups": ["c"]}), json!({"role": "Adm"}), json!({"deep": {"z": 1}}), json!({"no": null})]
        {
            assert!(!holds(&actual, &other), "{other}");
        }
        assert!(holds_any(&actual["groups"], &json!(["c", "b"])) && !holds_any(&actual["groups"], &json!("c")));
    }
}
