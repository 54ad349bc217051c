//! Decisions that are kept: which ones, with what, and how they are asked again.

use crate::{
    config::Snapshot,
    evidence::Fetcher,
    principals::{PrincipalEntry, Principals},
};
use chrono::TimeDelta;
use lockgate_model::{Principal, people::GroupFact};
use lockgate_policies::{
    Action, Decision, Evidence, Facts, KeptFacts, PreparedPrincipal, Question, Resource, Trace, describe_denial,
};
use lockgate_store::{DecisionRecord, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Which decisions are kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecisionLog {
    /// Share of the permissions that are kept, from 0 to 1. Denials are all kept.
    pub allows: f64,
    /// How long they are kept.
    pub keep: TimeDelta,
    /// Most of them that are kept; the oldest go first.
    pub most: u64,
}

impl Default for DecisionLog {
    fn default() -> Self {
        Self { allows: 0.1, keep: TimeDelta::days(30), most: 1_000_000 }
    }
}

impl DecisionLog {
    /// Whether this one is kept. The random part of its id decides, so that nothing else has to be asked.
    pub(crate) fn keeps(&self, decision: &Decision) -> bool {
        let random = u32::try_from(decision.id.as_u128() & u128::from(u32::MAX)).unwrap_or(u32::MAX);
        !decision.allow || f64::from(random) < self.allows * f64::from(u32::MAX)
    }
}

/// Most groups of a person that are kept. Who is in more is told of, but not decided about again.
const MOST_GROUPS: usize = 500;

/// What is kept of who asked, beside the account's key: what may have changed since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct KeptPerson {
    groups: Vec<String>,
    superuser: bool,
    active: bool,
}

/// A decision as it is kept.
pub(crate) fn record(
    decision: &Decision,
    who: Option<&PrincipalEntry>,
    app: &str,
    facts: &Facts<'_>,
) -> DecisionRecord {
    let principal = who.map(|entry| entry.principal());
    let person = principal.filter(|p| p.groups.len() <= MOST_GROUPS).map(|p| KeptPerson {
        groups: p.groups.iter().map(|g| g.name.clone()).collect(),
        superuser: p.is_superuser,
        active: p.user.is_active,
    });
    DecisionRecord {
        id: decision.id,
        created: decision.time,
        user_pk: principal.map(|p| p.user.pk),
        username: decision.principal.clone().unwrap_or_default(),
        action: decision.action.as_str().to_owned(),
        resource: decision.resource.clone(),
        app: app.to_owned(),
        allow: decision.allow,
        client_ip: facts.ip.map(|ip| ip.to_string()),
        record: json!({"decision": decision, "facts": KeptFacts::of(facts), "person": person}),
    }
}

/// A kept decision, ready to be asked again.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The decision as it was.
    pub record: DecisionRecord,
    who: PreparedPrincipal,
    facts: KeptFacts,
}

impl Kept {
    /// Makes ready what was kept: the account as it is now, in the groups that it was in then. `None` where
    /// the account is gone, nobody asked, or the record is not of access to an application.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn of(
        store: &Store,
        principals: &Principals,
        record: DecisionRecord,
    ) -> Result<Option<Self>, StoreError> {
        let (Some(pk), true) = (record.user_pk, record.action == Action::Access.as_str()) else { return Ok(None) };
        let facts = serde_json::from_value::<KeptFacts>(record.record["facts"].clone());
        let person = serde_json::from_value::<KeptPerson>(record.record["person"].clone());
        let (Ok(facts), Ok(person)) = (facts, person) else { return Ok(None) };
        let Some(now) = principals.load(pk).await? else { return Ok(None) };
        let then = as_it_was(store, now, person).await?;
        Ok(PreparedPrincipal::new(Arc::new(then)).ok().map(|who| Self { record, who, facts }))
    }

    /// Asks the same under a configuration. What its policies want to know beside the facts that are kept is
    /// fetched as it is now.
    pub async fn decide(&self, snapshot: &Snapshot, fetcher: &Fetcher) -> Decision {
        let evidence = self.evidence(snapshot, fetcher).await;
        snapshot.policies.decide(&self.question(&Facts { evidence: &evidence, ..self.facts.facts() }))
    }

    /// As [`Self::decide`], with everything that was looked at.
    pub async fn explain(&self, snapshot: &Snapshot, fetcher: &Fetcher) -> (Decision, Trace) {
        let evidence = self.evidence(snapshot, fetcher).await;
        snapshot.policies.explain(&self.question(&Facts { evidence: &evidence, ..self.facts.facts() }))
    }

    async fn evidence(&self, snapshot: &Snapshot, fetcher: &Fetcher) -> Evidence {
        let facts = self.facts.facts();
        let wants = snapshot.policies.wants(Resource::App(&self.record.app), &facts);
        match wants.is_empty() {
            true => Evidence::default(),
            false => fetcher.fetch(&wants, Some(&**self.who.principal()), &facts).await,
        }
    }

    fn question<'q>(&'q self, facts: &'q Facts<'q>) -> Question<'q> {
        let resource = Resource::App(&self.record.app);
        Question { id: self.record.id, principal: Some(&self.who), action: Action::Access, resource, facts }
    }

    /// Why it is decided so now, in lines: what keeps the person out, or what lets them in.
    pub(crate) fn why(&self, snapshot: &Snapshot, now: &Decision) -> Vec<String> {
        if now.allow {
            return grounds(snapshot, Resource::App(&self.record.app), Some(self.who.principal()), now);
        }
        let mut why = describe_denial(now);
        why.extend(now.errors.iter().map(|error| format!("failed: {error}")));
        why
    }

    /// What the decision was, as it is kept.
    #[must_use]
    pub fn decision(&self) -> &Value {
        &self.record.record["decision"]
    }
}

/// What a decision rests on, in lines: what each binding came to, the policies of files that determined it, and
/// what failed.
pub(crate) fn grounds(
    snapshot: &Snapshot,
    resource: Resource<'_>,
    who: Option<&Principal>,
    decision: &Decision,
) -> Vec<String> {
    let results = snapshot.policies.bindings(resource, who, decision);
    let mut grounds: Vec<String> = results.iter().map(ToString::to_string).collect();
    if let (Resource::App(slug), []) = (resource, results.as_slice()) {
        grounds.push(format!("{slug} has no bindings"));
    }
    let verb = if decision.allow { "permitted by" } else { "forbidden by" };
    grounds.extend(decision.determining.iter().filter_map(|policy| {
        Some(format!("{verb} the policy {} ({}:{})", policy.id, policy.file.as_ref()?, policy.line?))
    }));
    grounds.extend(decision.errors.iter().map(|error| format!("failed: {error}")));
    grounds
}

/// The account in the groups that it was in. A group that is gone is still one that policies name.
async fn as_it_was(store: &Store, mut who: Principal, person: KeptPerson) -> Result<Principal, StoreError> {
    let known: Vec<GroupFact> = std::mem::take(&mut who.groups);
    for name in person.groups {
        let pk = match known.iter().find(|group| group.name == name) {
            Some(group) => group.pk,
            None => store.groups().by_name(&name).await?.map_or(Uuid::nil(), |group| group.pk),
        };
        who.groups.push(GroupFact { pk, name });
    }
    who.is_superuser = person.superuser;
    who.user.is_active = person.active;
    Ok(who)
}
