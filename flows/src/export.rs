//! A flow back into text: one document that [`crate::check`] reads again as the same flow, stages and
//! bindings. What they refer to beside that (policies, other flows, fields, groups) stands by name.

use crate::{language::words, yaml};
use lockgate_model::{
    Family, Object, ObjectSet,
    kinds::{ExpressionPolicy, FlowStageBinding, PolicyBinding, PolicyEngineMode},
    schema::Field,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Order of the binding that `when` makes.
const WHEN_ORDER: i32 = 1_000;

/// Groups and users that a flow names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedPeople {
    /// Primary keys of groups.
    pub groups: BTreeSet<Uuid>,
    /// Primary keys of users.
    pub users: BTreeSet<i64>,
}

/// Names of groups and users. Whoever is missing is written by primary key, so that reading the
/// document fails instead of leaving a condition out.
#[derive(Debug, Clone, Default)]
pub struct PeopleNames {
    /// Names of groups.
    pub groups: HashMap<Uuid, String>,
    /// Names of users.
    pub users: HashMap<i64, String>,
}

/// The groups and users whose names [`export_flow`] wants.
#[must_use]
pub fn people_of_flow(objects: &ObjectSet, flow: Uuid) -> NamedPeople {
    let bindings = bound(objects, flow, "flow_stage_binding");
    let stages = bindings.iter().filter_map(|b| objects.get(b.typed::<FlowStageBinding>()?.stage.0));
    let mut parts: Vec<&Object> = bound(objects, flow, "policy_binding");
    parts.extend(stages);
    parts.extend(bindings.iter().flat_map(|b| bound(objects, b.document.id, "policy_binding")));
    let mut named = NamedPeople::default();
    for part in parts {
        for field in &part.kind.schema().fields {
            let value = &part.document.body[&field.name];
            let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            match field.target.as_deref() {
                Some("group") => named.groups.extend(values.iter().filter_map(uuid)),
                Some("user") => named.users.extend(values.iter().filter_map(Value::as_i64)),
                _ => {}
            }
        }
    }
    named
}

/// The flow with its stages as one YAML document; `None` when there is no such flow. Only what differs
/// from the defaults is written. A stage stands where it is used, also when other flows use it.
#[must_use]
pub fn export_flow(objects: &ObjectSet, people: &PeopleNames, flow: Uuid) -> Option<String> {
    let flow = objects.get(flow).filter(|o| o.kind.meta.kind == "flow")?;
    let mut export = Export { objects, people, flow, used: HashMap::new(), written: BTreeSet::new(), order: 0 };
    Some(yaml::print(&export.document()))
}

fn uuid(value: &Value) -> Option<Uuid> {
    Uuid::parse_str(value.as_str()?).ok()
}

/// The joints of a kind that hang on an object, in the order in which they count.
/// What points at an object as its target, in order.
pub(crate) fn bound<'o>(objects: &'o ObjectSet, target: Uuid, kind: &str) -> Vec<&'o Object> {
    let referrers = objects.referrers(target).iter().filter(|r| r.field == "target");
    let mut found: Vec<&Object> =
        referrers.filter_map(|r| objects.get(r.from)).filter(|o| o.kind.meta.kind == kind).collect();
    found.sort_by_key(|o| (o.document.body["order"].as_i64(), o.document.id));
    found
}

struct Export<'o> {
    objects: &'o ObjectSet,
    people: &'o PeopleNames,
    flow: &'o Object,
    /// How often each stage word was written.
    used: HashMap<&'static str, u32>,
    /// Stages that stand in the document already.
    written: BTreeSet<Uuid>,
    /// Order of the last entry.
    order: i32,
}

impl Export<'_> {
    fn document(&mut self) -> Value {
        let flow = self.flow;
        let mut document = Map::new();
        document.insert(flow.kind.meta.word.to_owned(), json!(flow.document.name));
        let policies = self.policies(&bound(self.objects, flow.document.id, "policy_binding"));
        let hidden: &[&str] = if policies.is_empty() { &[] } else { &["policy_engine_mode"] };
        self.settings(&mut document, flow, hidden);
        if !policies.is_empty() {
            document.insert("policies".to_owned(), listed(policies, mode(flow)));
        }
        let bindings = bound(self.objects, flow.document.id, "flow_stage_binding");
        let stages: Vec<Value> = bindings.into_iter().filter_map(|binding| self.entry(binding)).collect();
        document.insert("stages".to_owned(), Value::Array(stages));
        Value::Object(document)
    }

    /// One entry of `stages`.
    fn entry(&mut self, binding: &Object) -> Option<Value> {
        let joint = binding.typed::<FlowStageBinding>()?;
        let stage = self.objects.get(joint.stage.0)?;
        let (word, name, mut entry) = (stage.kind.meta.word, &stage.document.name, Map::new());
        let apart = stage.kind.meta.family != Family::Stage || !self.written.insert(stage.document.id);
        if apart {
            entry.insert("stage".to_owned(), json!(name));
        } else {
            let mut settings = Map::new();
            self.settings(&mut settings, stage, &[]);
            entry.insert(word.to_owned(), Value::Object(settings));
            if *name != self.made_name(word) {
                entry.insert("name".to_owned(), json!(name));
            }
        }
        let slug = &self.flow.document.name;
        self.conditions(
            &mut entry,
            binding,
            &if apart { format!("{slug}-{name}-when") } else { format!("{name}-when") },
        );
        let mut hidden = vec!["target", "stage"];
        if joint.order == self.order.saturating_add(10) {
            hidden.push("order");
        }
        if entry.contains_key("policies") {
            hidden.push("policy_engine_mode");
        }
        self.settings(&mut entry, binding, &hidden);
        self.order = joint.order;
        let bare = entry.len() == 1 && entry.get(word).is_some_and(|s| s.as_object().is_some_and(Map::is_empty));
        Some(if bare { json!(word) } else { Value::Object(entry) })
    }

    /// The name that a stage of this word gets here when none is given.
    fn made_name(&mut self, word: &'static str) -> String {
        let count = self.used.entry(word).or_insert(0);
        *count += 1;
        let flow = &self.flow.document.name;
        if *count == 1 { format!("{flow}-{word}") } else { format!("{flow}-{word}-{count}") }
    }

    /// `when` and `policies` of an entry.
    fn conditions(&self, entry: &mut Map<String, Value>, binding: &Object, when: &str) {
        let mut bindings = bound(self.objects, binding.document.id, "policy_binding");
        let expression = bindings.last().and_then(|last| self.condition(last, when));
        // Beside policies a condition is one more that must hold.
        if let Some(expression) = expression.filter(|_| bindings.len() == 1 || mode(binding) == PolicyEngineMode::All) {
            entry.insert("when".to_owned(), json!(expression));
            bindings.pop();
        }
        let policies = self.policies(&bindings);
        if !policies.is_empty() {
            entry.insert("policies".to_owned(), listed(policies, mode(binding)));
        }
    }

    /// The text of a condition, when the binding is just as `when` makes it.
    fn condition(&self, binding: &Object, name: &str) -> Option<&str> {
        let joint = binding.typed::<PolicyBinding>()?;
        let policy = self.objects.get(joint.policy.as_ref()?.0)?;
        let script = policy.typed::<ExpressionPolicy>()?;
        let usual = joint.order == WHEN_ORDER
            && joint.enabled
            && !joint.negate
            && !joint.failure_result
            && joint.timeout == 30
            && !script.execution_logging;
        (usual && policy.document.name == name).then_some(script.expression.as_str())
    }

    /// The entries of `policies`.
    fn policies(&self, bindings: &[&Object]) -> Vec<Value> {
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
            let bare = entry.get("policy").filter(|_| entry.len() == 1).cloned();
            list.push(bare.unwrap_or(Value::Object(entry)));
        }
        list
    }

    /// The fields of an object that are not as they are by default, under their names in YAML.
    fn settings(&self, map: &mut Map<String, Value>, object: &Object, hidden: &[&str]) {
        let body = object.value.to_value();
        for field in words::fields(object.kind).filter(|f| !hidden.contains(&f.name.as_str())) {
            let value = &body[&field.name];
            let usual = field.schema.get("default").unwrap_or(&Value::Null);
            // Secrets are never in YAML.
            if !field.secret && value != usual {
                map.insert(field.yaml.clone(), self.named(field, value));
            }
        }
    }

    /// A value with names in place of primary keys.
    fn named(&self, field: &Field, value: &Value) -> Value {
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
}

/// How the policies on an object add up.
fn mode(object: &Object) -> PolicyEngineMode {
    let all = object.document.body["policy_engine_mode"] == "all";
    if all { PolicyEngineMode::All } else { PolicyEngineMode::Any }
}

/// A plain list means "any" of one and "all" of several.
fn listed(policies: Vec<Value>, mode: PolicyEngineMode) -> Value {
    match (mode, policies.len()) {
        (PolicyEngineMode::Any, 1) | (PolicyEngineMode::All, 2..) => Value::Array(policies),
        (PolicyEngineMode::Any, _) => json!({"any": policies}),
        (PolicyEngineMode::All, _) => json!({"all": policies}),
    }
}
