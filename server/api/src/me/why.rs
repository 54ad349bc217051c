//! Why somebody may open an application, in terms that this person knows: groups, oneself, everybody.

use crate::error::ApiError;
use chrono::{DateTime, Utc};
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::{Group, Principal, kinds::PolicyBinding};
use lockgate_policies::{Decision, PolicyRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use uuid::Uuid;

/// What opens an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum By {
    /// Nothing restricts it.
    Everybody,
    /// A group that the caller is in.
    Group,
    /// A group that the caller is not in.
    NotGroup,
    /// It was given to the caller in person.
    Person,
    /// It is closed to somebody else only.
    NotPerson,
    /// A condition that holds.
    Condition,
    /// A policy over many applications.
    Policy,
}

/// One reason why an application is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Reason {
    /// What it is.
    by: By,
    /// Name of the group, the condition or the policy; may be empty.
    name: String,
    /// The groups of the caller that are within the named one, where the caller is not in it directly.
    through: Vec<String>,
    /// When it ends, if that is known.
    until: Option<DateTime<Utc>>,
}

impl Reason {
    fn new(by: By, name: &str) -> Self {
        Self { by, name: name.to_owned(), through: Vec::new(), until: None }
    }
}

/// Finds reasons; the groups around the caller's own are read once, and only if something asks for them.
pub(super) struct Ways<'a> {
    identity: &'a Identity,
    snapshot: &'a Snapshot,
    who: &'a Principal,
    groups: Option<Vec<Group>>,
}

impl<'a> Ways<'a> {
    /// For this person.
    pub(super) fn new(identity: &'a Identity, snapshot: &'a Snapshot, who: &'a Principal) -> Self {
        Self { identity, snapshot, who, groups: None }
    }

    /// The reasons of a decision that allows, and whether all of them are needed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub(super) async fn reasons(&mut self, decision: &Decision) -> Result<(Vec<Reason>, bool), ApiError> {
        // Where all bindings have to hold they are one policy, which lets in by itself whatever else does.
        if let Some(policy) = decision.determining.iter().find(|policy| policy.bindings.len() > 1) {
            return Ok((self.of(policy).await?, true));
        }
        let mut reasons = Vec::new();
        for policy in &decision.determining {
            for reason in self.of(policy).await? {
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
        }
        Ok((reasons, false))
    }

    async fn of(&mut self, policy: &PolicyRef) -> Result<Vec<Reason>, ApiError> {
        if policy.bindings.is_empty() {
            let open = policy.id.starts_with("default:");
            let reason = if open { Reason::new(By::Everybody, "") } else { Reason::new(By::Policy, &policy.id) };
            return Ok(vec![reason]);
        }
        let mut reasons = Vec::new();
        for id in &policy.bindings {
            reasons.extend(self.bound(*id).await?);
        }
        Ok(reasons)
    }

    async fn bound(&mut self, id: Uuid) -> Result<Option<Reason>, ApiError> {
        let snapshot = self.snapshot;
        let Some(binding) = snapshot.objects.typed::<PolicyBinding>(id) else { return Ok(None) };
        let mut reason = if let Some(group) = binding.group.as_ref().map(|group| group.0) {
            self.member(group, binding.negate).await?
        } else if binding.user.is_some() {
            Reason::new(if binding.negate { By::NotPerson } else { By::Person }, "")
        } else {
            let policy = binding.policy.as_ref().and_then(|policy| snapshot.objects.get(policy.0));
            Reason::new(By::Condition, policy.map_or("", |policy| &policy.document.name))
        };
        reason.until = [reason.until, binding.until].into_iter().flatten().min();
        Ok(Some(reason))
    }

    async fn member(&mut self, group: Uuid, negate: bool) -> Result<Reason, ApiError> {
        let known = self.who.groups.iter().find(|fact| fact.pk == group);
        if negate {
            // Which one it is may be nobody's business: that others are under investigation, say.
            return Ok(Reason::new(By::NotGroup, ""));
        }
        let mut reason = Reason::new(By::Group, known.map_or("", |fact| &fact.name));
        if self.who.direct_groups.contains(&group) {
            let timed = self.who.timed.iter().find(|membership| membership.group.pk == group);
            reason.until = timed.and_then(|membership| membership.period.until);
        } else {
            reason.through = self.below(group).await?;
        }
        Ok(reason)
    }

    /// Names of the caller's own groups that lie within this one.
    async fn below(&mut self, top: Uuid) -> Result<Vec<String>, ApiError> {
        let groups = match self.groups.take() {
            Some(groups) => groups,
            None => {
                let all: Vec<Uuid> = self.who.groups.iter().map(|fact| fact.pk).collect();
                self.identity.store.groups().get_many(&all).await?
            }
        };
        let direct = groups.iter().filter(|group| self.who.direct_groups.contains(&group.pk));
        let below = direct.filter(|group| leads_to(&groups, group, top));
        let names = below.map(|group| group.name.clone()).collect();
        self.groups = Some(groups);
        Ok(names)
    }
}

/// Whether a way up from a group passes `top`. Groups may have several parents, and be within each other.
fn leads_to(groups: &[Group], from: &Group, top: Uuid) -> bool {
    let (mut seen, mut waiting) = (HashSet::new(), vec![from]);
    while let Some(group) = waiting.pop() {
        if group.parents.contains(&top) {
            return true;
        }
        let fresh = group.parents.iter().filter(|pk| seen.insert(**pk));
        waiting.extend(fresh.filter_map(|pk| groups.iter().find(|group| group.pk == *pk)));
    }
    false
}
