//! A flow back into text: one document with its stages.

use super::writer::{PeopleNames, Writer, bound, document, listed, mode, uuid};
use lockgate_model::{
    Family, Object, ObjectSet,
    kinds::{FlowStageBinding, Prompt, PromptStage},
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Groups and users that a flow names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedPeople {
    /// Primary keys of groups.
    pub groups: BTreeSet<Uuid>,
    /// Primary keys of users.
    pub users: BTreeSet<i64>,
}

impl NamedPeople {
    /// Adds the groups and users that an object names.
    pub fn add(&mut self, object: &Object) {
        for field in &object.kind.schema().fields {
            let value = &object.document.body[&field.name];
            let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            match field.target.as_deref() {
                Some("group") => self.groups.extend(values.iter().filter_map(uuid)),
                Some("user") => self.users.extend(values.iter().filter_map(Value::as_i64)),
                _ => {}
            }
        }
    }
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
    parts.into_iter().for_each(|part| named.add(part));
    named
}

/// The flow with its stages as one YAML document; `None` when there is no such flow. Only what differs
/// from the defaults is written. A stage stands where it is used, also when other flows use it.
#[must_use]
pub fn export_flow(objects: &ObjectSet, people: &PeopleNames, flow: Uuid) -> Option<String> {
    let flow = objects.get(flow).filter(|o| o.kind.meta.kind == "flow")?;
    let mut writer = Writer::new(objects, people, None);
    let value = writer.flow(flow);
    Some(document(None, value))
}

/// How far the entries of a flow have been written.
#[derive(Default)]
struct Progress {
    /// How often each stage word was written.
    used: HashMap<&'static str, u32>,
    /// Stages that stand in the document already.
    written: BTreeSet<Uuid>,
    /// Order of the last entry.
    order: i32,
}

impl Progress {
    /// The name that a stage of this word gets here when none is given.
    fn made_name(&mut self, flow: &str, word: &'static str) -> String {
        let count = self.used.entry(word).or_insert(0);
        *count += 1;
        if *count == 1 { format!("{flow}-{word}") } else { format!("{flow}-{word}-{count}") }
    }
}

impl Writer<'_> {
    pub(super) fn flow(&mut self, flow: &Object) -> Map<String, Value> {
        let mut document = Map::new();
        document.insert(flow.kind.meta.word.to_owned(), json!(flow.document.name));
        let policies = self.policies(&bound(self.objects, flow.document.id, "policy_binding"));
        let hidden: &[&str] = if policies.is_empty() { &[] } else { &["policy_engine_mode"] };
        self.settings(&mut document, flow, hidden);
        if !policies.is_empty() {
            document.insert("policies".to_owned(), listed(policies, mode(flow)));
        }
        let bindings = bound(self.objects, flow.document.id, "flow_stage_binding");
        let mut progress = Progress::default();
        let entries = bindings.into_iter().filter_map(|binding| self.stage_entry(flow, binding, &mut progress));
        let stages: Vec<Value> = entries.collect();
        document.insert("stages".to_owned(), Value::Array(stages));
        document
    }

    /// One entry of `stages`.
    fn stage_entry(&mut self, flow: &Object, binding: &Object, progress: &mut Progress) -> Option<Value> {
        let joint = binding.typed::<FlowStageBinding>()?;
        let stage = self.objects.get(joint.stage.0)?;
        let (word, name, mut entry) = (stage.kind.meta.word, &stage.document.name, Map::new());
        let inline = stage.kind.meta.family == Family::Stage
            && self.stands_in(flow, stage)
            && progress.written.insert(stage.document.id);
        if inline {
            entry.insert(word.to_owned(), Value::Object(self.stage_settings(stage)));
            if *name != progress.made_name(&flow.document.name, word) {
                entry.insert("name".to_owned(), json!(name));
            }
            self.absorbed.insert(stage.document.id);
        } else {
            entry.insert("stage".to_owned(), json!(name));
        }
        let slug = &flow.document.name;
        let when = if inline { format!("{name}-when") } else { format!("{slug}-{name}-when") };
        self.conditions(&mut entry, binding, &when);
        let mut hidden = vec!["target", "stage"];
        if joint.order == progress.order.saturating_add(10) {
            hidden.push("order");
        }
        if entry.contains_key("policies") {
            hidden.push("policy_engine_mode");
        }
        self.settings(&mut entry, binding, &hidden);
        progress.order = joint.order;
        let bare = entry.len() == 1 && entry.get(word).is_some_and(|s| s.as_object().is_some_and(Map::is_empty));
        Some(if bare { json!(word) } else { Value::Object(entry) })
    }

    /// Whether a stage is written inside this flow: only where no other flow has it.
    fn stands_in(&self, flow: &Object, stage: &Object) -> bool {
        let flow = json!(flow.document.id);
        self.may_absorb(stage, |user| {
            user.kind.meta.kind != "flow_stage_binding" || user.document.body["target"] == flow
        })
    }

    /// What stands at a stage's word.
    pub(super) fn stage_settings(&mut self, stage: &Object) -> Map<String, Value> {
        let mut settings = Map::new();
        self.settings(&mut settings, stage, &[]);
        if let (Some(prompts), true) = (stage.typed::<PromptStage>(), self.whole.is_some()) {
            let ids: Vec<Uuid> = prompts.fields.iter().map(|f| f.0).collect();
            let fields = (0_i64..).zip(ids).map(|(place, id)| self.prompt(stage, id, place)).collect();
            settings.insert("fields".to_owned(), fields);
        }
        settings
    }

    /// A field where it is used, or its name where others use it too.
    fn prompt(&mut self, stage: &Object, id: Uuid, place: i64) -> Value {
        let Some(prompt) = self.objects.get(id) else { return json!(id) };
        let first = !self.absorbed.contains(&id);
        if !first || !self.may_absorb(prompt, |user| user.document.id == stage.document.id) {
            return json!(prompt.document.name);
        }
        self.absorbed.insert(id);
        let mut entry = Map::new();
        let key = prompt.typed::<Prompt>().map(|p| p.field_key.clone()).unwrap_or_default();
        if prompt.document.name != format!("{}-{key}", stage.document.name) {
            entry.insert("name".to_owned(), json!(prompt.document.name));
        }
        let hidden: &[&str] = if prompt.document.body["order"] == place * 10 { &["order"] } else { &[] };
        self.settings(&mut entry, prompt, hidden);
        // Without it the place in the list would count.
        if hidden.is_empty() {
            entry.insert("order".to_owned(), prompt.document.body["order"].clone());
        }
        Value::Object(entry)
    }
}
