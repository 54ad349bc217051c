//! What every sort of document is written with: settings, names, conditions.

use crate::{
    language::{Loaded, plain, short_choice, words},
    yaml,
};
use lockgate_model::{
    Object, ObjectSet, Validity,
    kind::joint_field,
    kinds::{ExpressionPolicy, PolicyBinding, PolicyEngineMode},
    schema::Field,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// Order of the binding that `when` makes.
const WHEN_ORDER: i32 = 1_000;

/// Names of groups and users. Whoever is missing is written by primary key, so that reading the
/// document fails instead of leaving a condition out.
#[derive(Debug, Clone, Default)]
pub struct PeopleNames {
    /// Names of groups.
    pub groups: HashMap<Uuid, String>,
    /// Names of users.
    pub users: HashMap<i64, String>,
}

/// What is known where everything is written, not one flow alone.
pub(super) struct Whole<'o> {
    /// The objects that get a place in the text.
    pub(super) declared: HashSet<Uuid>,
    /// The layer below.
    pub(super) builtin: &'o Loaded,
    /// What is written in place of a field's value.
    pub(super) stand_ins: &'o HashMap<(Uuid, String), Value>,
    /// Comments, which need a document of their own.
    pub(super) comments: &'o BTreeMap<Uuid, String>,
}

pub(super) struct Writer<'o> {
    pub(super) objects: &'o ObjectSet,
    pub(super) people: &'o PeopleNames,
    /// `None`: one flow is written for itself.
    pub(super) whole: Option<Whole<'o>>,
    /// Objects that stand inside a document of another.
    pub(super) absorbed: HashSet<Uuid>,
    /// Secrets that were written: document, field and variable.
    pub(super) secrets: Vec<(Uuid, String, String)>,
}

impl<'o> Writer<'o> {
    pub(super) fn new(objects: &'o ObjectSet, people: &'o PeopleNames, whole: Option<Whole<'o>>) -> Self {
        Self { objects, people, whole, absorbed: HashSet::new(), secrets: Vec::new() }
    }

    /// Whether an object may stand inside another's document instead of one of its own.
    pub(super) fn may_absorb(&self, object: &Object, users: impl Fn(&Object) -> bool) -> bool {
        let Some(whole) = &self.whole else { return true };
        let id = object.document.id;
        let mut referrers = self.objects.referrers(id).iter().filter_map(|r| self.objects.get(r.from));
        whole.declared.contains(&id) && !whole.comments.contains_key(&id) && referrers.all(users)
    }

    /// The fields of an object that are not as they are by default, under their names in YAML.
    pub(super) fn settings(&mut self, map: &mut Map<String, Value>, object: &Object, hidden: &[&str]) {
        let body = object.value.to_value();
        let id = object.document.id;
        for field in words::fields(object.kind).filter(|f| !hidden.contains(&f.name.as_str())) {
            let stand_in = self.whole.as_ref().and_then(|w| w.stand_ins.get(&(id, field.name.clone())));
            if let Some(stand_in) = stand_in {
                map.insert(field.yaml.clone(), stand_in.clone());
                continue;
            }
            let value = &body[&field.name];
            if field.secret {
                if let Some(place) = self.secret(object, field, value) {
                    map.insert(field.yaml.clone(), place);
                }
            } else if value != self.usual(object, field) {
                map.insert(field.yaml.clone(), self.shown(field, value, object));
            }
        }
    }

    /// What a field holds when nothing is written.
    fn usual<'s>(&'s self, object: &Object, field: &'s Field) -> &'s Value {
        // Brands and outposts of the layer below shine through.
        let shines = matches!(object.kind.meta.kind, "brand" | "outpost");
        let mut below = self.whole.as_ref().filter(|_| shines).into_iter().flat_map(|w| &w.builtin.documents);
        let below = below.find(|d| d.kind == object.document.kind && d.name == object.document.name);
        match below.and_then(|d| d.body.get(&field.name)) {
            Some(value) => value,
            None => field.schema.get("default").unwrap_or(&Value::Null),
        }
    }

    /// Secrets are never in YAML: the place where one is to be found. A flow that is written for itself
    /// says nothing of them.
    fn secret(&mut self, object: &Object, field: &Field, value: &Value) -> Option<Value> {
        self.whole.as_ref()?;
        value.as_str().filter(|v| !v.is_empty())?;
        let base = variable(&format!("{} {}", object.document.name, field.name));
        let taken = |name: &str| self.secrets.iter().any(|(.., taken)| taken == name);
        let name = std::iter::once(base.clone())
            .chain((2..).map(|n| format!("{base}_{n}")))
            .find(|name| !taken(name))
            .unwrap_or(base);
        self.secrets.push((object.document.id, field.name.clone(), name.clone()));
        Some(json!({ "env": name }))
    }

    /// A value as people write it: names in place of primary keys, short words, short durations.
    fn shown(&self, field: &Field, value: &Value, object: &Object) -> Value {
        if field.target.is_some() {
            return self.named(field, value);
        }
        let root = &object.kind.schema().root;
        let schema = plain(&field.schema, root);
        match value {
            Value::String(text) if schema["format"] == "duration-text" => json!(short_duration(text)),
            Value::String(text) if field.schema["format"] == "regex-lines" => {
                text.lines().map(str::trim).filter(|l| !l.is_empty()).collect()
            }
            Value::Array(items) if plain(&schema["items"], root)["enum"].is_array() => {
                let short =
                    |item: &Value| item.as_str().and_then(short_choice).map_or_else(|| item.clone(), Value::from);
                items.iter().map(short).collect()
            }
            _ => value.clone(),
        }
    }

    /// A value with names in place of primary keys.
    pub(super) fn named(&self, field: &Field, value: &Value) -> Value {
        let Some(target) = field.target.as_deref() else { return value.clone() };
        if let Value::Array(list) = value {
            return list.iter().map(|item| self.named(field, item)).collect();
        }
        let name = match target {
            "user" => value.as_i64().and_then(|pk| self.people.users.get(&pk)),
            "group" => uuid(value).and_then(|id| self.people.groups.get(&id)),
            _ => uuid(value).and_then(|id| self.objects.get(id)).map(|o| &o.document.name),
        };
        match name {
            Some(name) => json!(name),
            None if value.is_number() => json!(value.to_string()),
            None => value.clone(),
        }
    }

    /// `when` and `policies` of a stage's entry.
    pub(super) fn conditions(&mut self, entry: &mut Map<String, Value>, binding: &Object, when: &str) {
        let mut bindings = bound(self.objects, binding.document.id, "policy_binding");
        let condition = bindings.last().and_then(|last| self.condition(last, when));
        // Beside policies a condition is one more that must hold.
        if let Some((policy, expression)) =
            condition.filter(|_| bindings.len() == 1 || mode(binding) == PolicyEngineMode::All)
        {
            entry.insert("when".to_owned(), json!(expression));
            self.absorbed.insert(policy);
            bindings.pop();
        }
        let policies = self.policies(&bindings);
        if !policies.is_empty() {
            entry.insert("policies".to_owned(), listed(policies, mode(binding)));
        }
    }

    /// The policy and the text of a condition, when the binding is just as `when` makes it.
    fn condition(&self, binding: &Object, name: &str) -> Option<(Uuid, String)> {
        let joint = binding.typed::<PolicyBinding>()?;
        let policy = self.objects.get(joint.policy.as_ref()?.0)?;
        let script = policy.typed::<ExpressionPolicy>()?;
        let usual = joint.order == WHEN_ORDER
            && joint.enabled
            && !joint.negate
            && !joint.failure_result
            && joint.timeout == 30
            && joint.period().is_always()
            && !script.execution_logging
            && self.may_absorb(policy, |user| user.document.id == binding.document.id);
        (usual && policy.document.name == name).then(|| (policy.document.id, script.expression.clone()))
    }

    /// The entries of `policies` and `access`.
    pub(super) fn policies(&mut self, bindings: &[&Object]) -> Vec<Value> {
        let mut list = Vec::new();
        for (place, binding) in (0_i64..).zip(bindings) {
            let mut entry = Map::new();
            let mut hidden = vec!["target", "negate"];
            if binding.document.body["order"] == place * 10 {
                hidden.push("order");
            }
            self.settings(&mut entry, binding, &hidden);
            if binding.document.body["negate"] == true {
                entry.insert("not".to_owned(), json!(true));
            }
            list.push(Value::Object(entry));
        }
        list
    }
}

/// What points at an object as its target, in order.
pub(crate) fn bound<'o>(objects: &'o ObjectSet, target: Uuid, kind: &str) -> Vec<&'o Object> {
    let field = joint_field(kind);
    let referrers = objects.referrers(target).iter().filter(|r| Some(r.field.as_str()) == field);
    let mut found: Vec<&Object> =
        referrers.filter_map(|r| objects.get(r.from)).filter(|o| o.kind.meta.kind == kind).collect();
    found.sort_by_cached_key(|o| {
        (o.document.body["order"].as_i64(), o.document.body["name"].to_string(), o.document.id)
    });
    found
}

pub(super) fn uuid(value: &Value) -> Option<Uuid> {
    Uuid::parse_str(value.as_str()?).ok()
}

/// How the policies on an object add up.
pub(super) fn mode(object: &Object) -> PolicyEngineMode {
    let all = object.document.body["policy_engine_mode"] == "all";
    if all { PolicyEngineMode::All } else { PolicyEngineMode::Any }
}

/// The entries of `policies`: a plain list means "any" of one and "all" of several, and a policy alone
/// stands by its name.
pub(super) fn listed(policies: Vec<Value>, mode: PolicyEngineMode) -> Value {
    let bare = |entry: Value| match entry.as_object() {
        Some(map) if map.len() == 1 => map.get("policy").cloned().unwrap_or(entry),
        _ => entry,
    };
    let policies: Vec<Value> = policies.into_iter().map(bare).collect();
    match (mode, policies.len()) {
        (PolicyEngineMode::Any, 1) | (PolicyEngineMode::All, 2..) => Value::Array(policies),
        (PolicyEngineMode::Any, _) => json!({"any": policies}),
        (PolicyEngineMode::All, _) => json!({"all": policies}),
    }
}

/// `8h` for `hours=8`, where that is all.
fn short_duration(text: &str) -> String {
    let short = text.split_once('=').and_then(|(unit, number)| Some(format!("{number}{}", unit.chars().next()?)));
    let same = |short: &String| short.parse::<Validity>().is_ok_and(|read| read.to_string() == text);
    short.filter(same).unwrap_or_else(|| text.to_owned())
}

/// The name of an environment variable.
pub(crate) fn variable(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => name.push(c.to_ascii_uppercase()),
            _ if !name.is_empty() && !name.ends_with('_') => name.push('_'),
            _ => {}
        }
    }
    let name = name.trim_end_matches('_');
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name.to_owned() } else { format!("SECRET_{name}") }
}

/// A document with its comment above.
pub(super) fn document(comment: Option<&String>, value: Map<String, Value>) -> String {
    let mut text = String::new();
    for line in comment.into_iter().flat_map(|c| c.lines()) {
        text.push_str(format!("# {line}").trim_end());
        text.push('\n');
    }
    text.push_str(&yaml::print_document(&Value::Object(value)));
    text
}

#[cfg(test)]
mod tests {
    use super::{short_duration, variable};

    #[test]
    fn durations_are_short_where_nothing_is_lost() {
        for (text, short) in [
            ("hours=8", "8h"),
            ("days=30", "30d"),
            ("minutes=60", "60m"),
            ("milliseconds=5", "milliseconds=5"),
            ("hours=1;minutes=2", "hours=1;minutes=2"),
            ("microseconds=1", "microseconds=1"),
        ] {
            assert_eq!(short_duration(text), short);
        }
    }

    #[test]
    fn variables_have_names_that_shells_take() {
        assert_eq!(variable("Grafana: OIDC client_secret"), "GRAFANA_OIDC_CLIENT_SECRET");
        assert_eq!(variable("9–wiki"), "SECRET_9_WIKI");
    }
}
