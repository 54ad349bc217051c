//! What of a folder its tests touch, and what they leave in the dark.

use crate::config::Snapshot;
use lockgate_flows::PeopleNames;
use lockgate_model::{
    Document, Object, ObjectSet, Origin, Source,
    kinds::{Application, CedarFile, ExpressionPolicy, Flow, FlowStageBinding, PolicyBinding, ScopeMapping},
};
use lockgate_policies::{BindingTrace, Decision};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What sort of thing is touched or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// An application: somebody's access or claims were asked for.
    App,
    /// A binding: it was seen to pass and to fail.
    Binding,
    /// A Cedar policy that decided something, or an expression policy that was evaluated.
    Policy,
    /// A scope mapping that made claims.
    Mapping,
    /// A flow that was gone through.
    Flow,
    /// A stage in a flow that was reached.
    Stage,
}

impl ItemKind {
    /// What it is called.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Binding => "binding",
            Self::Policy => "policy",
            Self::Mapping => "mapping",
            Self::Flow => "flow",
            Self::Stage => "stage",
        }
    }
}

/// One thing of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its sort.
    pub kind: ItemKind,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub file: Option<String>,
    /// Line from 1.
    pub line: Option<u32>,
    /// What no test has shown of it; `None` when it is covered.
    pub lacks: Option<&'static str>,
}

/// Everything of the folder, and what its tests touch of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Everything, by place.
    pub items: Vec<Item>,
}

impl Coverage {
    /// How many things are covered, and how many there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.items.iter().filter(|item| item.lacks.is_none()).count(), self.items.len())
    }

    /// Whole percents, rounded down; 100 when there is nothing to cover.
    #[must_use]
    pub fn percent(&self) -> usize {
        match self.counts() {
            (_, 0) => 100,
            (covered, all) => covered * 100 / all,
        }
    }
}

/// What tests have touched so far.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Applications, flows, stages at their places, expression policies and mappings.
    objects: BTreeSet<Uuid>,
    /// Cedar policies.
    cedar: BTreeSet<String>,
    /// Whether a binding was seen to pass, and to fail.
    bindings: BTreeMap<Uuid, (bool, bool)>,
}

impl Touched {
    /// A decision about an object.
    pub(super) fn decision(
        &mut self,
        snapshot: &Snapshot,
        target: Uuid,
        decision: &Decision,
        results: &[BindingTrace],
    ) {
        // Whether a stage runs is another question than whether it may.
        if snapshot.objects.typed::<FlowStageBinding>(target).is_none() {
            self.objects.insert(target);
        }
        self.cedar.extend(decision.determining.iter().filter(|p| p.file.is_some()).map(|p| p.id.clone()));
        for result in results {
            let Some(passes) = result.passes else { continue };
            let seen = self.bindings.entry(result.id).or_default();
            *seen = (seen.0 || passes, seen.1 || !passes);
            self.objects.extend(result.policy);
        }
        let named = decision.facts_used.get("checks").and_then(|checks| checks.as_object());
        let policies = named.into_iter().flat_map(|checks| checks.keys());
        let policies = policies.filter_map(|name| snapshot.objects.by_name("expression_policy", name));
        self.objects.extend(policies.map(|policy| policy.document.id));
    }

    /// An expression that was evaluated by itself.
    pub(super) fn policy(&mut self, policy: Uuid) {
        self.objects.insert(policy);
    }

    /// A stage that was reached, by its binding.
    pub(super) fn stage(&mut self, binding: Uuid) {
        self.objects.insert(binding);
    }

    /// A mapping that made claims.
    pub(super) fn mapping(&mut self, mapping: Uuid) {
        self.objects.insert(mapping);
    }
}

/// Holds everything of the folder against what was touched. What is built in is tested elsewhere.
pub(super) fn measure(snapshot: &Snapshot, names: &PeopleNames, touched: &Touched) -> Coverage {
    let objects = &snapshot.objects;
    let mut items = Vec::new();
    let mut add = |kind: ItemKind, name: String, source: Option<&Source>, lacks: Option<&'static str>| {
        let (file, line) = source.map(|s| (s.file.clone(), s.line)).unzip();
        items.push(Item { kind, name, file, line, lacks });
    };
    for object in objects.iter().filter(|object| object.document.origin == Origin::Folder) {
        let Document { id, source, .. } = &object.document;
        let Some((kind, name, lacks)) = described(objects, object, names) else { continue };
        let lacks = match (kind, touched.bindings.get(id)) {
            (ItemKind::Binding, Some((true, true))) => None,
            (ItemKind::Binding, Some((true, false))) => Some("nobody is stopped by it"),
            (ItemKind::Binding, Some((false, _))) => Some("nobody passes it"),
            _ => Some(lacks).filter(|_| !touched.objects.contains(id)),
        };
        add(kind, name, source.as_ref(), lacks);
    }
    let files: BTreeSet<&str> = objects
        .all::<CedarFile>()
        .into_iter()
        .filter(|(object, _)| object.document.origin == Origin::Folder)
        .map(|(_, file)| file.path.as_str())
        .collect();
    for policy in snapshot.policies.of_files() {
        let Some(file) = policy.file.as_deref().filter(|file| files.contains(file)) else { continue };
        let source = Source { file: file.to_owned(), line: policy.line.unwrap_or(1) };
        let lacks = Some("it decides nothing").filter(|_| !touched.cedar.contains(&policy.id));
        add(ItemKind::Policy, policy.id.clone(), Some(&source), lacks);
    }
    items.sort_by(|a, b| (&a.file, a.line, a.kind, &a.name).cmp(&(&b.file, b.line, b.kind, &b.name)));
    Coverage { items }
}

/// Sort and name of an object, and what is lacking when nothing touched it; `None` for what is not counted.
fn described(objects: &ObjectSet, object: &Object, names: &PeopleNames) -> Option<(ItemKind, String, &'static str)> {
    let id = object.document.id;
    if let Some(app) = object.typed::<Application>() {
        return Some((ItemKind::App, app.slug.clone(), "nobody asks for it"));
    }
    if let Some(flow) = object.typed::<Flow>() {
        return Some((ItemKind::Flow, flow.slug.clone(), "nobody goes through it"));
    }
    if object.typed::<FlowStageBinding>().is_some() {
        return Some((ItemKind::Stage, place(objects, id)?, "nobody reaches it"));
    }
    if let Some(mapping) = object.typed::<ScopeMapping>() {
        return Some((ItemKind::Mapping, mapping.name.clone(), "it makes no claims"));
    }
    if let Some(policy) = object.typed::<ExpressionPolicy>() {
        return (!is_part_of_a_binding(objects, object))
            .then(|| (ItemKind::Policy, policy.name.clone(), "it is not evaluated"));
    }
    let binding = object.typed::<PolicyBinding>().filter(|binding| binding.enabled)?;
    let what = if let Some(group) = binding.group {
        format!("group {}", names.groups.get(&group.0)?)
    } else if let Some(user) = binding.user {
        format!("user {}", names.users.get(&user.0)?)
    } else {
        format!("policy {}", objects.get(binding.policy?.0)?.document.name)
    };
    let what = if binding.negate { format!("not {what}") } else { what };
    Some((ItemKind::Binding, format!("{what} at {}", place(objects, binding.target.0)?), "it is not looked at"))
}

/// What something is bound to, in words.
fn place(objects: &ObjectSet, id: Uuid) -> Option<String> {
    if let Some(app) = objects.typed::<Application>(id) {
        return Some(format!("app {}", app.slug));
    }
    if let Some(flow) = objects.typed::<Flow>(id) {
        return Some(format!("flow {}", flow.slug));
    }
    let at = objects.typed::<FlowStageBinding>(id)?;
    let stage = &objects.get(at.stage.0)?.document.name;
    Some(format!("{stage} in {}", objects.typed::<Flow>(at.target.0)?.slug))
}

/// A condition that is written where it is used is counted there.
fn is_part_of_a_binding(objects: &ObjectSet, policy: &Object) -> bool {
    let referrers = objects.referrers(policy.document.id);
    let single = referrers.first().filter(|_| referrers.len() == 1).and_then(|r| objects.get(r.from));
    single.is_some_and(|object| {
        object.typed::<PolicyBinding>().is_some() && object.document.source == policy.document.source
    })
}
