//! What every binding of something came to in a decision, for those who ask why.

use lockgate_flows::{NamedPeople, PeopleNames};
use lockgate_model::{Object, ObjectSet, Principal, Source, kinds::PolicyBinding};
use lockgate_policies::Decision;
use serde_json::Value;
use std::fmt;
use uuid::Uuid;

/// One binding, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingResult {
    /// Primary key of the binding.
    pub binding: Uuid,
    /// Primary key of the policy that is bound, if it is one.
    pub policy: Option<Uuid>,
    /// What it asks for, in words.
    pub what: String,
    /// Where it is declared.
    pub source: Option<Source>,
    /// `None`: it was not looked at.
    pub passes: Option<bool>,
}

impl fmt::Display for BindingResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let result = match self.passes {
            Some(true) => "passes",
            Some(false) => "fails",
            None => "not asked",
        };
        write!(f, "{result:9}  {}", self.what)?;
        self.source.as_ref().map_or(Ok(()), |source| write!(f, " ({}:{})", source.file, source.line))
    }
}

/// The enabled bindings of an object, in the order in which they are looked at.
fn bound(objects: &ObjectSet, target: Uuid) -> Vec<(&Object, &PolicyBinding)> {
    let bound = objects.referrers(target).iter().filter_map(|r| {
        Some((objects.get(r.from)?, objects.typed::<PolicyBinding>(r.from)?)).filter(|(_, binding)| binding.enabled)
    });
    let mut bound: Vec<_> = bound.filter(|(_, binding)| binding.target.0 == target).collect();
    bound.sort_by_key(|(object, binding)| (binding.order, object.document.id));
    bound
}

/// The groups and users that the bindings of an object name.
#[must_use]
pub fn people_of_bindings(objects: &ObjectSet, target: Uuid) -> NamedPeople {
    let bound = bound(objects, target);
    NamedPeople {
        groups: bound.iter().filter_map(|(_, binding)| Some(binding.group?.0)).collect(),
        users: bound.iter().filter_map(|(_, binding)| Some(binding.user?.0)).collect(),
    }
}

/// What the bindings of an object came to in a decision about it.
#[must_use]
pub fn binding_results(
    objects: &ObjectSet,
    target: Uuid,
    who: Option<&Principal>,
    decision: &Decision,
    names: &PeopleNames,
) -> Vec<BindingResult> {
    let gone = || "one that is gone".to_owned();
    let result = |(object, binding): (&Object, &PolicyBinding)| {
        let (what, passes) = if let Some(group) = binding.group {
            let name = names.groups.get(&group.0);
            let is_in = who.is_some_and(|who| who.in_group(group.0));
            let what = format!("the group {}", name.cloned().unwrap_or_else(gone));
            (what, Some(name.is_some() && is_in != binding.negate))
        } else if let Some(user) = binding.user {
            let name = names.users.get(&user.0);
            let is_they = who.is_some_and(|who| who.user.pk == user.0);
            let what = format!("the user {}", name.cloned().unwrap_or_else(gone));
            (what, Some(name.is_some() && is_they != binding.negate))
        } else {
            let policy = binding.policy.and_then(|policy| objects.get(policy.0));
            let name = policy.map_or_else(gone, |policy| policy.document.name.clone());
            let checked = decision.facts_used.get("checks").unwrap_or(&Value::Null);
            (format!("the policy {name}"), checked[format!("binding:{}", object.document.id)].as_bool())
        };
        let what = if binding.negate { format!("not {what}") } else { what };
        BindingResult {
            binding: object.document.id,
            policy: binding.policy.map(|policy| policy.0),
            what,
            source: object.document.source.clone(),
            passes,
        }
    };
    bound(objects, target).into_iter().map(result).collect()
}
