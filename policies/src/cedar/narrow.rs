//! A target that many groups may reach: of the permits that each ask for one group, those for groups that somebody is not
//! in cannot apply, and need not be asked.

use super::bindings::{Guard, id_of};
use crate::input::{EngineMode, Subject};
use cedar_policy::{Policy, PolicyId, PolicySet};
use lockgate_model::people::Principal;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// With fewer, asking all of them costs less than choosing.
const MANY: usize = 5;

/// The policies of a target, by whom they can apply to.
#[derive(Debug, Clone)]
pub(crate) struct Narrowed {
    by_group: HashMap<Uuid, Vec<Policy>>,
    /// Those that can apply to anybody.
    others: PolicySet,
}

impl Narrowed {
    /// Nothing where there are too few to choose from.
    pub(crate) fn of(policies: &PolicySet, guard: &Guard) -> Option<Self> {
        if guard.mode != EngineMode::Any || guard.bindings.len() < MANY {
            return None;
        }
        let mut by_group: HashMap<Uuid, Vec<Policy>> = HashMap::new();
        let mut moved = HashSet::new();
        for binding in guard.bindings.iter().filter(|binding| !binding.negate) {
            let Subject::Group(group, _) = &binding.subject else { continue };
            let Some(policy) = policies.policy(&PolicyId::new(id_of(binding))) else { continue };
            moved.insert(policy.id().clone());
            by_group.entry(*group).or_default().push(policy.clone());
        }
        let others = policies.policies().filter(|policy| !moved.contains(policy.id())).cloned();
        Some(Self { by_group, others: PolicySet::from_policies(others).ok()? })
    }

    /// Those that can apply to somebody; nothing where that cannot be told.
    pub(crate) fn of_principal(&self, principal: &Principal) -> Option<PolicySet> {
        let mut chosen = self.others.clone();
        let own: HashSet<Uuid> = principal.groups.iter().map(|group| group.pk).collect();
        for policy in own.iter().filter_map(|group| self.by_group.get(group)).flatten() {
            chosen.add(policy.clone()).ok()?;
        }
        Some(chosen)
    }
}
