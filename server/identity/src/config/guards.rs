//! Nothing opens by a deletion: what keeps people out cannot go along with something else.
//!
//! A binding does not outlive its policy, so the deletion of a policy would take away what guards an
//! application, a flow or a stage. Where that could let more people pass it is refused. To delete the
//! binding itself is an act of its own, and says what it does.

use super::compile::{closed_by_default, mode};
use lockgate_model::{
    Document, Group, Kind, Object, ObjectSet,
    kinds::{
        Application, ApplicationEntitlement, Flow, FlowStageBinding, NotificationRule, PolicyBinding, PromptStage,
    },
};
use lockgate_policies::{EngineMode, PolicySet};
use std::collections::{BTreeSet, HashMap};
use thiserror::Error;
use uuid::Uuid;

/// The most sentences that a refusal holds.
const TOLD: usize = 5;

/// What cannot be deleted because it guards something, a sentence each.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}; more people could pass without it: first bind something else there, or delete the binding, or change the policy", told(.0))]
pub struct StillGuards(pub BTreeSet<String>);

fn told(sentences: &BTreeSet<String>) -> String {
    let mut text = sentences.iter().take(TOLD).cloned().collect::<Vec<_>>().join("; ");
    if sentences.len() > TOLD {
        text.push_str(&format!("; and {} more", sentences.len() - TOLD));
    }
    text
}

impl StillGuards {
    fn unless_none(sentences: BTreeSet<String>) -> Result<(), Self> {
        if sentences.is_empty() { Ok(()) } else { Err(Self(sentences)) }
    }
}

/// Whether the way from `before` to `after` opens nothing because a policy goes. `meant` tells the
/// documents that the change speaks of itself.
pub(super) fn check(
    before: &[&Document],
    after: &ObjectSet,
    meant: &dyn Fn(&Document) -> bool,
) -> Result<(), StillGuards> {
    let names: HashMap<Uuid, &str> = before.iter().map(|d| (d.id, d.name.as_str())).collect();
    let mut sentences = BTreeSet::new();
    for document in before.iter().filter(|d| !meant(d)) {
        for (policy, guarded) in lost(document, after) {
            let name = names.get(&policy).copied().unwrap_or("?");
            sentences.insert(format!("the policy \"{name}\" guards the {guarded}"));
        }
    }
    StillGuards::unless_none(sentences)
}

/// The policies that are gone and that a document asked, with what that guarded.
fn lost(document: &Document, after: &ObjectSet) -> Vec<(Uuid, String)> {
    let gone = |policy: Uuid| after.get(policy).is_none();
    if let Some(binding) = parsed::<PolicyBinding>(document) {
        let policy = binding.policy.map(|p| p.0).filter(|policy| binding.enabled && gone(*policy));
        let target =
            after.get(binding.target.0).filter(|target| after.get(document.id).is_none() && opens(after, target));
        return policy.zip(target.map(|t| described(after, t))).into_iter().collect();
    }
    let Some(stage) = parsed::<PromptStage>(document).filter(|_| after.get(document.id).is_some()) else {
        return Vec::new();
    };
    // All of them have to pass, so each that goes lets more answers through.
    let policies = stage.validation_policies.iter().map(|p| p.0).filter(|policy| gone(*policy));
    policies.map(|policy| (policy, format!("answers of the prompt stage \"{}\"", stage.name))).collect()
}

fn parsed<K: Kind + serde::de::DeserializeOwned>(document: &Document) -> Option<K> {
    (document.kind == K::META.kind).then(|| serde_json::from_value(document.body.clone()).ok()).flatten()
}

/// Whether the loss of a binding can let more people through: where one is enough and another is left, it
/// cannot, nor where an application without bindings is closed. Of a stage nobody can tell whether it is
/// safer to run it more often or less.
fn opens(after: &ObjectSet, target: &Object) -> bool {
    let mut bindings = after.referrers(target.document.id).iter().filter_map(|r| after.typed::<PolicyBinding>(r.from));
    if bindings.any(|b| b.enabled) {
        let one_is_enough = mode(target) == Some(EngineMode::Any) && target.typed::<FlowStageBinding>().is_none();
        return !one_is_enough;
    }
    // Nobody holds an entitlement that nothing is bound to, and such a rule tells nobody.
    let closed = target.typed::<ApplicationEntitlement>().is_some() || target.typed::<NotificationRule>().is_some();
    !(closed || target.typed::<Application>().is_some() && closed_by_default(after))
}

/// Whether a group can go without opening anything. A binding outlives its group and nobody passes it,
/// but one that keeps the group's members out, or runs a stage for them, would no longer do so, and the
/// same is true of a Cedar policy. Who leaves a group leaves the groups around it, too.
///
/// What the text of an expression says of groups cannot be told.
///
/// # Errors
/// What it guards.
pub fn group_may_go(
    objects: &ObjectSet,
    policies: &PolicySet,
    group: &Group,
    all: &[Group],
) -> Result<(), StillGuards> {
    let around = with_ancestors(group, all);
    let bound = around.iter().flat_map(|one| {
        let bindings = objects.referrers(one.pk).iter().filter_map(|r| objects.typed::<PolicyBinding>(r.from));
        let needed = bindings.filter(|binding| binding.enabled).filter_map(|binding| {
            let target = objects.get(binding.target.0)?;
            (binding.negate || target.typed::<FlowStageBinding>().is_some()).then_some(target)
        });
        needed.map(|target| format!("{} guards the {}", called(group, one), described(objects, target)))
    });
    let named = around.iter().flat_map(|one| naming(policies, &one.name, called(group, one)));
    StillGuards::unless_none(bound.chain(named).collect())
}

/// Whether a group can have another name without opening anything: Cedar knows groups by their names.
///
/// # Errors
/// The policies that name it.
pub fn group_may_be_renamed(policies: &PolicySet, group: &Group) -> Result<(), StillGuards> {
    StillGuards::unless_none(naming(policies, &group.name, called(group, group)).collect())
}

fn naming(policies: &PolicySet, name: &str, called: String) -> impl Iterator<Item = String> {
    let held = policies.held_by_group(name).iter();
    held.map(move |policy| format!("{called} is named by the Cedar policy \"{}\"", policy.id))
}

/// A group and every group that its members are in because of it.
fn with_ancestors<'g>(group: &'g Group, all: &'g [Group]) -> Vec<&'g Group> {
    let mut found = vec![group];
    let mut next = 0;
    while let Some(parents) = found.get(next).map(|one| &one.parents) {
        let new: Vec<&Group> =
            all.iter().filter(|g| parents.contains(&g.pk) && !found.iter().any(|f| f.pk == g.pk)).collect();
        found.extend(new);
        next += 1;
    }
    found
}

fn called(group: &Group, one: &Group) -> String {
    if group.pk == one.pk {
        return format!("the group \"{}\"", group.name);
    }
    format!("the group \"{}\", which members of \"{}\" are in,", one.name, group.name)
}

fn described(objects: &ObjectSet, target: &Object) -> String {
    if let Some(app) = target.typed::<Application>() {
        return format!("application \"{}\"", app.slug);
    }
    if let Some(flow) = target.typed::<Flow>() {
        return format!("flow \"{}\"", flow.slug);
    }
    if let Some(entitlement) = target.typed::<ApplicationEntitlement>() {
        return format!("entitlement \"{}\"", entitlement.name);
    }
    if target.typed::<NotificationRule>().is_some() {
        return format!("notification rule \"{}\"", target.document.name);
    }
    let Some(place) = target.typed::<FlowStageBinding>() else { return target.document.name.clone() };
    let name = |id| objects.get(id).map_or("?", |o: &Object| o.document.name.as_str());
    format!("stage \"{}\" of the flow \"{}\"", name(place.stage.0), name(place.target.0))
}

#[cfg(test)]
#[path = "guards_tests.rs"]
mod tests;
