//! What somebody has changed in a form. Nothing else is sent, so that what others have changed since it was loaded stays as
//! they left it.

use super::{
    resource::key_text,
    spec::{Holds, Spec},
};
use crate::flow::form::Form as Sent;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The field of a form that tells what it was loaded with.
pub(super) const LOADED: &str = "loaded";

/// A mark of what each field holds: an object of JSON.
pub(super) fn marks(specs: &[Spec], value: &Value) -> String {
    let marks: Map<String, Value> =
        specs.iter().map(|spec| (spec.name.clone(), json!(mark(spec, &value[&spec.name])))).collect();
    Value::Object(marks).to_string()
}

/// Those fields of a body that are not as the form was loaded; all of them, where that was not told.
pub(super) fn only(specs: &[Spec], body: Value, sent: &Sent) -> Value {
    let loaded: Map<String, Value> =
        sent.get(LOADED).and_then(|marks| serde_json::from_str(marks).ok()).unwrap_or_default();
    let Value::Object(body) = body else { return body };
    let is_touched = |name: &String, value: &Value| {
        let spec = specs.iter().find(|spec| spec.name == *name);
        spec.is_none_or(|spec| loaded.get(name) != Some(&json!(mark(spec, value))))
    };
    Value::Object(body.into_iter().filter(|(name, value)| is_touched(name, value)).collect())
}

fn mark(spec: &Spec, value: &Value) -> String {
    let digest = Sha256::digest(plain(&spec.holds, value).to_string());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// A value as a form can tell it: what is the same to it, is the same here.
fn plain(holds: &Holds, value: &Value) -> Value {
    let is_empty = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(yes) => !yes,
        Value::Number(_) => false,
    };
    if is_empty {
        return Value::Null;
    }
    match (holds, value) {
        // Forms know minutes.
        (Holds::Time, Value::String(time)) => json!(time.get(..16)),
        (Holds::Ref(..) | Holds::Any(_), Value::Array(list)) => {
            let mut keys: Vec<String> = list.iter().map(key_text).collect();
            keys.sort_unstable();
            json!(keys)
        }
        (Holds::Ref(..) | Holds::Number, one) => json!(key_text(one)),
        (Holds::Rows(columns), Value::Array(rows)) => {
            let row = |row: &Value| columns.iter().map(|column| plain(&column.holds, &row[&column.name])).collect();
            rows.iter().map(row).collect::<Vec<Value>>().into()
        }
        (Holds::Long(_), Value::String(text)) => json!(text.replace("\r\n", "\n")),
        (_, other) => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_cannot_tell_apart_is_untouched() {
        let specs = [
            Spec::new("groups", Holds::Ref("group".into(), true)),
            Spec::new("until", Holds::Time),
            Spec::new("links", Holds::Rows(vec![Spec::new("href", Holds::Text)])),
            Spec::new("note", Holds::Text),
            Spec::new("active", Holds::Bool),
        ];
        let loaded = json!({
            "groups": ["b", "a"], "until": "2026-11-30T12:34:56.789Z", "links": [{"href": "/x", "more": 1}], "note": null,
            "active": true,
        });
        let sent = Sent::of([(LOADED, marks(&specs, &loaded))]);
        let same = json!({
            "groups": ["a", "b"], "until": "2026-11-30T12:34:00Z", "links": [{"href": "/x"}], "note": "", "active": true,
        });
        assert_eq!(only(&specs, same, &sent), json!({}));
        let other = json!({"groups": ["a"], "note": "x", "active": false, "until": null});
        assert_eq!(only(&specs, other.clone(), &sent), other);
        assert_eq!(only(&specs, json!({"note": ""}), &Sent::of([])), json!({"note": ""}));
    }
}
