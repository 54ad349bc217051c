//! Everything that was looked at for a decision, and the smallest change that would have allowed it.
//!
//! Nothing here decides: each policy is asked by itself, and each change is tried by asking again, so that
//! what is told is what the policies do and not what somebody thinks they do.

use crate::{
    PolicySet, PreparedPrincipal,
    cedar::{
        partition::{Partition, Use},
        principal::GROUP,
    },
    decide::{Asked, Results, run_checks},
    decision::{Decision, PolicyRef, Question, Resource},
    input::{BindingInput, EngineMode, Subject, TextOrigin},
};
use cedar_policy::{Decision as Verdict, Effect, Policy};
use chrono::{DateTime, Utc};
use lockgate_model::{
    Period, Timing,
    people::{GroupFact, Principal, TimedMembership},
    period::moment_in_words,
};
use serde::Serialize;
use serde_json::Value;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use uuid::Uuid;

/// Most changes that are tried together.
const MOST_TOGETHER: usize = 3;
/// Most changes that are considered at all.
const MOST_CONSIDERED: usize = 24;
/// Most combinations that are told.
const MOST_TOLD: usize = 8;

/// What was looked at for a decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// How the bindings combine.
    pub mode: EngineMode,
    /// The memberships of who asks that begin or end by themselves.
    pub memberships: Vec<MembershipTrace>,
    /// The enabled bindings of the resource, in order.
    pub bindings: Vec<BindingTrace>,
    /// Every policy that can apply to the resource, those of files first.
    pub policies: Vec<PolicyTrace>,
    /// For a denial, every smallest set of changes after which the same question is answered with yes; empty
    /// where no few changes help.
    pub changes: Vec<Vec<Change>>,
}

/// A membership that begins or ends by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MembershipTrace {
    /// The membership.
    #[serde(flatten)]
    pub membership: TimedMembership,
    /// Where the moment of the question lies, seen from its time.
    pub timing: Timing,
}

impl std::fmt::Display for MembershipTrace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the group {}{}", self.membership.group.name, in_words(self.timing, &self.membership.period))
    }
}

/// What a time is at a moment: `, ended 2026-11-01 00:00 UTC`.
fn in_words(timing: Timing, period: &Period) -> String {
    match (timing, period.until) {
        (Timing::Over(at), _) => format!(", ended {}", moment_in_words(at)),
        (Timing::Ahead(at), _) => format!(", begins {}", moment_in_words(at)),
        (Timing::Current, Some(until)) => format!(", until {}", moment_in_words(until)),
        (Timing::Current, None) => String::new(),
    }
}

/// A binding and what it came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BindingTrace {
    /// Its id.
    pub id: Uuid,
    /// Id of the policy that is bound, if it is one.
    pub policy: Option<Uuid>,
    /// What it asks for, in words: `the group Editors`.
    pub what: String,
    /// Whether its result is turned around.
    pub negate: bool,
    /// Its result, turned around where it is to be; `None` when it was not come to, because its expression
    /// failed, or because it does not count now.
    pub passes: Option<bool>,
    /// When it counts.
    #[serde(flatten)]
    pub period: Period,
    /// Where the moment of the question lies, seen from that.
    pub timing: Timing,
    /// Where it is declared, when in a folder.
    pub origin: Option<TextOrigin>,
}

impl std::fmt::Display for BindingTrace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let result = match (self.timing, self.passes) {
            (Timing::Over(_), _) => "is over",
            (Timing::Ahead(_), _) => "is ahead",
            (_, Some(true)) => "passes",
            (_, Some(false)) => "fails",
            (_, None) => "not asked",
        };
        let not = if self.negate { "not " } else { "" };
        write!(f, "{result:9}  {not}{}", self.what)?;
        f.write_str(&in_words(self.timing, &self.period))?;
        self.origin.as_ref().map_or(Ok(()), |origin| write!(f, " ({}:{})", origin.file, origin.line))
    }
}

/// What a policy says by its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyEffect {
    /// It lets through.
    Permit,
    /// It keeps out, whatever the others say.
    Forbid,
}

/// A policy and whether it applied.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PolicyTrace {
    /// The policy.
    #[serde(flatten)]
    pub policy: PolicyRef,
    /// What it says where it applies.
    pub effect: PolicyEffect,
    /// Whether its head and its conditions hold; `None` where that cannot be told, because it failed.
    pub applies: Option<bool>,
    /// Whether the decision rests on it.
    pub determining: bool,
    /// Why it failed.
    pub error: Option<String>,
}

/// Something that could be different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// To be signed in.
    SignIn,
    /// To have an active account.
    Activate,
    /// To be in the group of this name.
    Join(String),
    /// To be outside the group of this name.
    Leave(String),
    /// To have signed in with a second factor.
    SecondFactor,
    /// To be an administrator.
    Superuser,
    /// That this membership had not ended.
    Renew(Member),
    /// That this membership has begun.
    Await(Member),
    /// That this binding had not ended.
    Extend(Dated),
    /// That this binding has begun.
    Begin(Dated),
    /// That the expression policy of this name passes.
    Pass(String),
    /// That the expression policy of this name does not pass.
    Fail(String),
}

/// A group, and the moment at which the membership in it begins or ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Its name.
    pub group: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A binding, and the moment at which it begins or ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dated {
    /// Its id.
    pub binding: Uuid,
    /// What it asks for, in words.
    pub what: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SignIn => f.write_str("sign in"),
            Self::Activate => f.write_str("activate the account"),
            Self::Join(group) => write!(f, "join the group {group}"),
            Self::Leave(group) => write!(f, "leave the group {group}"),
            Self::SecondFactor => f.write_str("sign in with a second factor"),
            Self::Superuser => f.write_str("become an administrator"),
            Self::Renew(member) => {
                write!(f, "renew the membership in {}, which ended {}", member.group, moment_in_words(member.at))
            }
            Self::Await(member) => {
                write!(f, "wait for the membership in {}, which begins {}", member.group, moment_in_words(member.at))
            }
            Self::Extend(binding) => {
                write!(f, "extend the binding of {}, which ended {}", binding.what, moment_in_words(binding.at))
            }
            Self::Begin(binding) => {
                write!(f, "wait for the binding of {}, which begins {}", binding.what, moment_in_words(binding.at))
            }
            Self::Pass(policy) => write!(f, "meet the condition {policy}"),
            Self::Fail(policy) => write!(f, "no longer meet the condition {policy}"),
        }
    }
}

impl PolicySet {
    /// What the enabled bindings of a resource came to in a decision about it, in the order in which they are
    /// looked at.
    #[must_use]
    pub fn bindings(&self, resource: Resource<'_>, who: Option<&Principal>, decision: &Decision) -> Vec<BindingTrace> {
        let checks = decision.facts_used.get("checks").unwrap_or(&Value::Null);
        let bound = self.partition(resource).map(|partition| partition.bindings.as_slice()).unwrap_or_default();
        bound.iter().map(|one| binding(one, who, (checks, decision.time))).collect()
    }

    /// Answers a question as [`PolicySet::decide`] does, and says what it looked at. Takes some hundred times
    /// as long.
    #[must_use]
    pub fn explain(&self, question: &Question<'_>) -> (Decision, Trace) {
        let decision = self.decide(question);
        let Some(partition) = self.partition(question.resource) else {
            let trace = Trace {
                mode: EngineMode::Any,
                memberships: Vec::new(),
                bindings: Vec::new(),
                policies: Vec::new(),
                changes: Vec::new(),
            };
            return (decision, trace);
        };
        let results = run_checks(self, partition, question);
        let trace = Trace {
            mode: partition.mode,
            memberships: memberships(question),
            bindings: self.bindings(question.resource, question.principal.map(|p| p.principal().as_ref()), &decision),
            policies: policies(self, partition, question, &results, &decision),
            changes: if decision.allow { Vec::new() } else { changes(self, partition, question) },
        };
        (decision, trace)
    }
}

fn memberships(question: &Question<'_>) -> Vec<MembershipTrace> {
    let timed = question.principal.into_iter().flat_map(|who| &who.principal().timed);
    let traced = |membership: &TimedMembership| MembershipTrace {
        timing: membership.period.timing(question.facts.now),
        membership: membership.clone(),
    };
    timed.map(traced).collect()
}

fn binding(binding: &BindingInput, who: Option<&Principal>, (checks, now): (&Value, DateTime<Utc>)) -> BindingTrace {
    let (policy, passes) = match &binding.subject {
        Subject::Group(id, _) => (None, Some(who.is_some_and(|p| p.in_group(*id)) != binding.negate)),
        Subject::User(pk, _) => (None, Some(who.is_some_and(|p| p.user.pk == *pk) != binding.negate)),
        Subject::Policy(id, _) => (Some(*id), checks[format!("binding:{}", binding.id)].as_bool()),
    };
    let timing = binding.period.timing(now);
    BindingTrace {
        id: binding.id,
        policy,
        what: what(&binding.subject),
        negate: binding.negate,
        passes: passes.filter(|_| timing == Timing::Current),
        period: binding.period,
        timing,
        origin: binding.origin.clone(),
    }
}

fn what(subject: &Subject) -> String {
    match subject {
        Subject::Group(_, name) => format!("the group {name}"),
        Subject::User(_, name) => format!("the user {name}"),
        Subject::Policy(_, name) => format!("the policy {name}"),
    }
}

fn policies(
    set: &PolicySet,
    partition: &Partition,
    question: &Question<'_>,
    results: &Results,
    decision: &Decision,
) -> Vec<PolicyTrace> {
    let asked = Asked::new(set, partition, question, results);
    let mut list: Vec<PolicyTrace> = partition
        .policies
        .policies()
        .filter_map(|policy| {
            let about = partition.about.get(policy.id())?;
            let (applies, error) = match &asked {
                Ok(asked) => alone(asked, policy),
                Err(error) => (None, Some(error.clone())),
            };
            let effect = match about.effect {
                Effect::Permit => PolicyEffect::Permit,
                Effect::Forbid => PolicyEffect::Forbid,
            };
            let determining = decision.determining.iter().any(|d| d.id == about.reference.id);
            Some(PolicyTrace { policy: about.reference.clone(), effect, applies, determining, error })
        })
        .collect();
    list.sort_by(|a, b| {
        let place =
            |p: &PolicyTrace| (p.policy.file.is_none(), p.policy.file.clone(), p.policy.line, p.policy.id.clone());
        place(a).cmp(&place(b))
    });
    list
}

/// Whether a policy applies when it is asked alone.
fn alone(asked: &Asked<'_>, policy: &Policy) -> (Option<bool>, Option<String>) {
    let response = cedar_policy::PolicySet::from_policies([policy.clone()])
        .map_err(|e| e.to_string())
        .and_then(|single| asked.ask(&single, asked.question.facts.mfa));
    match response {
        Ok(response) => match response.diagnostics().errors().next() {
            Some(error) => (None, Some(error.to_string())),
            None => (Some(response.diagnostics().reason().next().is_some()), None),
        },
        Err(error) => (None, Some(error)),
    }
}

/// The question as it would be after some changes.
struct Supposed<'a> {
    set: &'a PolicySet,
    partition: &'a Partition,
    question: &'a Question<'a>,
}

fn changes(set: &PolicySet, partition: &Partition, question: &Question<'_>) -> Vec<Vec<Change>> {
    let Some(who) = question.principal else { return vec![vec![Change::SignIn]] };
    let results = run_checks(set, partition, question);
    let mut candidates = candidates(partition, question, who.principal(), &results);
    candidates.truncate(MOST_CONSIDERED);
    let supposed = Supposed { set, partition, question };
    for together in 1..=MOST_TOGETHER.min(candidates.len()) {
        let mut found = Vec::new();
        combinations(&candidates, together, &mut Vec::new(), &mut |some| {
            if supposed.allows(some) {
                found.push(some.to_vec());
            }
            found.len() < MOST_TOLD
        });
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Walks through all choices of `left` further items; `look` says whether to go on.
fn combinations<T: Clone>(items: &[T], left: usize, chosen: &mut Vec<T>, look: &mut dyn FnMut(&[T]) -> bool) -> bool {
    if left == 0 {
        return look(chosen);
    }
    for (index, item) in items.iter().enumerate() {
        chosen.push(item.clone());
        let on = combinations(&items[index + 1..], left - 1, chosen, look);
        chosen.pop();
        if !on {
            return false;
        }
    }
    true
}

fn candidates(partition: &Partition, question: &Question<'_>, who: &Principal, results: &Results) -> Vec<Change> {
    let mut list = Vec::new();
    if !who.user.is_active {
        list.push(Change::Activate);
    }
    if !question.facts.mfa && partition.about.values().any(|about| about.reads_mfa) {
        list.push(Change::SecondFactor);
    }
    for name in groups_named(partition) {
        let inside = who.groups.iter().any(|group| group.name == name);
        let change = if inside { Change::Leave(name) } else { joining(name, question, who) };
        // One membership may bring into several of them.
        if !list.contains(&change) {
            list.push(change);
        }
    }
    for (name, passes) in outcomes(partition, results) {
        list.push(if passes { Change::Fail(name) } else { Change::Pass(name) });
    }
    list.extend(partition.bindings.iter().filter_map(|binding| {
        let dated = |at| Dated { binding: binding.id, what: what(&binding.subject), at };
        match binding.period.timing(question.facts.now) {
            Timing::Current => None,
            Timing::Ahead(from) => Some(Change::Begin(dated(from))),
            Timing::Over(until) => Some(Change::Extend(dated(until))),
        }
    }));
    if question.action.is_administrative() && !who.is_superuser {
        list.push(Change::Superuser);
    }
    list
}

/// To be in a group, by a membership that there was or will be where there is one: in that group, or in one below.
fn joining(name: String, question: &Question<'_>, who: &Principal) -> Change {
    let now = question.facts.now;
    let brings = |timed: &&TimedMembership| timed.groups().any(|one| one.name == name) && !timed.period.contains(now);
    let timed = who.timed.iter().filter(brings).min_by_key(|timed| timed.group.name != name);
    match timed.map(|timed| (timed.group.name.clone(), timed.period.timing(now))) {
        Some((group, Timing::Over(at))) => Change::Renew(Member { group, at }),
        Some((group, Timing::Ahead(at))) => Change::Await(Member { group, at }),
        _ => Change::Join(name),
    }
}

/// Names of all groups that the bindings and the policies of files speak of.
fn groups_named(partition: &Partition) -> BTreeSet<String> {
    let bound = partition.bindings.iter().filter_map(|binding| match &binding.subject {
        Subject::Group(_, name) => Some(name.clone()),
        _ => None,
    });
    let from_files = partition
        .policies
        .policies()
        .filter(|policy| partition.about.get(policy.id()).is_some_and(|about| about.reference.file.is_some()));
    let literals = from_files.flat_map(|policy| policy.entity_literals()).filter(|uid| uid.type_name() == &*GROUP);
    bound.chain(literals.map(|uid| AsRef::<str>::as_ref(uid.id()).to_owned())).collect()
}

/// The expression policies with their results before negation. What failed counts as not passed.
fn outcomes(partition: &Partition, results: &Results) -> BTreeMap<String, bool> {
    let mut outcomes = BTreeMap::new();
    for check in &partition.checks {
        for used in &check.uses {
            let passes = match used {
                Use::Binding { id, negate, .. } => results.bindings.get(id).is_some_and(|passes| passes != negate),
                Use::Named(name) => results.named.get(name).copied().unwrap_or(false),
            };
            outcomes.insert(check.check.name().to_owned(), passes);
        }
    }
    outcomes
}

impl Supposed<'_> {
    /// Whether the question is answered with yes after these changes.
    fn allows(&self, changes: &[Change]) -> bool {
        let Some(who) = self.question.principal else { return false };
        let Ok(who) = PreparedPrincipal::new(Arc::new(self.changed(who.principal(), changes))) else { return false };
        let mut facts = *self.question.facts;
        facts.mfa |= changes.contains(&Change::SecondFactor);
        let question = Question { principal: Some(&who), facts: &facts, ..*self.question };
        let partition = self.in_other_times(changes);
        let mut results = run_checks(self.set, &partition, &question);
        self.replace(&mut results, changes);
        let Ok(asked) = Asked::new(self.set, &partition, &question, &results) else { return false };
        asked
            .ask(&partition.policies, facts.mfa)
            .is_ok_and(|r| r.decision() == Verdict::Allow && r.diagnostics().errors().next().is_none())
    }

    /// The policies as if some bindings had no times.
    fn in_other_times(&self, changes: &[Change]) -> Cow<'_, Partition> {
        let mut partition = Cow::Borrowed(self.partition);
        for change in changes {
            if let Change::Extend(dated) | Change::Begin(dated) = change {
                let bindings = partition.to_mut().bindings.iter_mut();
                bindings.filter(|b| b.id == dated.binding).for_each(|b| b.period = Period::ALWAYS);
            }
        }
        partition
    }

    fn changed(&self, who: &Principal, changes: &[Change]) -> Principal {
        let mut who = who.clone();
        for change in changes {
            match change {
                Change::Activate => who.user.is_active = true,
                Change::Superuser => who.is_superuser = true,
                Change::Leave(name) => who.groups.retain(|group| group.name != *name),
                Change::Renew(Member { group: name, .. }) | Change::Await(Member { group: name, .. }) => {
                    let timed = who.timed.iter().find(|timed| timed.group.name == *name);
                    let brought: Vec<GroupFact> =
                        timed.into_iter().flat_map(TimedMembership::groups).cloned().collect();
                    who.groups.extend(brought);
                }
                Change::Join(name) => who.groups.push(GroupFact { pk: self.group(name), name: name.clone() }),
                Change::SignIn
                | Change::SecondFactor
                | Change::Extend(_)
                | Change::Begin(_)
                | Change::Pass(_)
                | Change::Fail(_) => {}
            }
        }
        who
    }

    /// The id under which bindings name the group; policies of files go by its name alone.
    fn group(&self, name: &str) -> Uuid {
        let bound = self.partition.bindings.iter().find_map(|binding| match &binding.subject {
            Subject::Group(id, known) if known == name => Some(*id),
            _ => None,
        });
        bound.unwrap_or_default()
    }

    fn replace(&self, results: &mut Results, changes: &[Change]) {
        for check in &self.partition.checks {
            let name = check.check.name();
            let passes = changes.iter().find_map(|change| match change {
                Change::Pass(policy) if policy == name => Some(true),
                Change::Fail(policy) if policy == name => Some(false),
                _ => None,
            });
            let Some(passes) = passes else { continue };
            for used in &check.uses {
                match used {
                    Use::Binding { id, negate, .. } => {
                        results.bindings.insert(*id, passes != *negate);
                    }
                    Use::Named(name) => {
                        results.named.insert(name.clone(), passes);
                    }
                }
            }
        }
    }
}
