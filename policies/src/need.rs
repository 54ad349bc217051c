//! What would have been needed, and how to say it to the person who was denied.

use crate::{
    cedar::partition::{About, Partition},
    decide::{Asked, forbids},
    decision::{Decision, Need},
    input::{BindingInput, EngineMode, Subject},
};
use cedar_policy::{Decision as Verdict, Effect, Response};
use lockgate_model::{Timing, people::TimedMembership, period::moment_in_words};
use uuid::Uuid;

/// What a denied question lacks.
pub(crate) fn of(asked: &Asked<'_>, response: &Response) -> Vec<Need> {
    let principal = asked.question.principal.map(|p| p.principal().as_ref());
    if principal.is_some_and(|p| !p.user.is_active) {
        return vec![Need::Active];
    }
    let mut needs = Vec::new();
    let permitted =
        asked.ask(&asked.partition.permits, asked.question.facts.mfa).is_ok_and(|r| r.decision() == Verdict::Allow);
    if !permitted {
        if principal.is_none() {
            needs.push(Need::Login);
        }
        needs.extend(permission(asked));
    }
    // Whether the factor alone would lift a forbid is not guessed but tried.
    let with_mfa = (!asked.question.facts.mfa).then(|| asked.ask_all(true).ok()).flatten();
    for about in forbids(asked.partition, response) {
        let lifted = about.reads_mfa
            && with_mfa
                .as_ref()
                .is_some_and(|r| !forbids(asked.partition, r).any(|a| a.reference.id == about.reference.id));
        let need = if lifted { Need::Mfa } else { Need::NotForbidden(about.reference.id.clone()) };
        if !needs.contains(&need) {
            needs.push(need);
        }
    }
    needs
}

fn permission(asked: &Asked<'_>) -> Vec<Need> {
    let partition = asked.partition;
    let now = asked.question.facts.now;
    let mut failing: Vec<Need> =
        partition.current(now).filter(|b| !passes(asked, b)).map(|b| need_of(asked, b)).collect();
    if partition.mode == EngineMode::All {
        failing.extend(partition.bindings.iter().filter(|b| !b.negate).filter_map(|b| out_of_time(asked, b)));
        if !failing.is_empty() {
            return failing;
        }
    }
    let mut choices = failing;
    choices.extend(partition.bindings.iter().filter_map(|b| out_of_time(asked, b)));
    if asked.question.action.is_administrative() {
        choices.push(Need::Superuser);
    }
    choices.extend(permits(partition).filter_map(|a| a.group.clone()).map(Need::Group));
    let mut distinct: Vec<Need> = Vec::new();
    for choice in choices {
        if !distinct.contains(&choice) {
            distinct.push(choice);
        }
    }
    match distinct.len() {
        0 => vec![Need::Permission],
        1 => distinct,
        _ => vec![Need::AnyOf(distinct)],
    }
}

/// The permits that stand in files, in a stable order.
fn permits(partition: &Partition) -> impl Iterator<Item = &About> {
    let mut list: Vec<&About> =
        partition.about.values().filter(|a| a.effect == Effect::Permit && a.reference.file.is_some()).collect();
    list.sort_by(|a, b| a.reference.id.cmp(&b.reference.id));
    list.into_iter()
}

fn passes(asked: &Asked<'_>, binding: &BindingInput) -> bool {
    let principal = asked.question.principal.map(|p| p.principal());
    match &binding.subject {
        Subject::Group(id, _) => principal.is_some_and(|p| p.in_group(*id)) != binding.negate,
        Subject::User(pk, _) => principal.is_some_and(|p| p.user.pk == *pk) != binding.negate,
        Subject::Policy(id, _) => match asked.set.condition(*id, asked.question) {
            Some(holds) => holds.is_ok_and(|holds| holds != binding.negate),
            None => asked.results.bindings.get(&binding.id).copied().unwrap_or(false),
        },
    }
}

/// What a binding outside its time lacks, for somebody whom it would let through.
fn out_of_time(asked: &Asked<'_>, binding: &BindingInput) -> Option<Need> {
    let timing = binding.period.timing(asked.question.facts.now);
    // Whether a policy would pass then, nobody knows; it is not asked.
    let passes = matches!(binding.subject, Subject::Policy(..)) || passes(asked, binding);
    let whom = match (&binding.subject, binding.negate) {
        (Subject::Group(_, name), false) => format!("members of the group {name}"),
        (Subject::Group(_, name), true) => format!("everybody outside the group {name}"),
        (Subject::User(..), false) => "your account by name".to_owned(),
        (Subject::User(..), true) => "accounts that are not named".to_owned(),
        (Subject::Policy(_, name), false) => format!("those who meet the condition {name}"),
        (Subject::Policy(_, name), true) => format!("those who do not meet the condition {name}"),
    };
    match timing {
        Timing::Current => None,
        Timing::Ahead(from) => passes.then_some(Need::Ahead(whom, from)),
        Timing::Over(until) => passes.then_some(Need::Ended(whom, until)),
    }
}

fn need_of(asked: &Asked<'_>, binding: &BindingInput) -> Need {
    match (&binding.subject, binding.negate) {
        (Subject::Group(id, name), false) => membership(asked, *id).unwrap_or_else(|| Need::Group(name.clone())),
        (Subject::Group(_, name), true) => Need::NotGroup(name.clone()),
        // Who else may is nobody's business.
        (Subject::User(..), false) => Need::User,
        (Subject::User(..), true) => Need::NotUser,
        (Subject::Policy(_, name), false) => Need::Check(name.clone()),
        (Subject::Policy(_, name), true) => Need::NotCheck(name.clone()),
    }
}

/// What is to be said of a membership that does not count now, in that group, or in one below.
fn membership(asked: &Asked<'_>, group: Uuid) -> Option<Need> {
    let (who, now) = (asked.question.principal?.principal(), asked.question.facts.now);
    let brings = |timed: &&TimedMembership| timed.groups().any(|one| one.pk == group) && !timed.period.contains(now);
    let timed = who.timed.iter().filter(brings).min_by_key(|timed| timed.group.pk != group)?;
    let name = timed.group.name.clone();
    match timed.period.timing(now) {
        Timing::Current => None,
        Timing::Ahead(from) => Some(Need::MembershipAhead(name, from)),
        Timing::Over(until) => Some(Need::MembershipEnded(name, until)),
    }
}

/// A denial in sentences for the person denied: first what policies say themselves, then what is
/// missing. Empty for a permission.
#[must_use]
pub fn describe_denial(decision: &Decision) -> Vec<String> {
    if decision.allow {
        return Vec::new();
    }
    let mut sentences = decision.messages.clone();
    // A forbid that brings its own message has said it.
    let told = |need: &Need| {
        matches!(need, Need::NotForbidden(_) | Need::Mfa | Need::Active)
            && decision.determining.iter().any(|p| p.message.is_some())
    };
    // A choice comes last: what stands after its first words belongs to it.
    let (choices, single): (Vec<&Need>, Vec<&Need>) =
        decision.needed.iter().filter(|need| !told(need)).partition(|need| matches!(need, Need::AnyOf(_)));
    sentences.extend(single.into_iter().chain(choices).flat_map(Need::sentences));
    if sentences.is_empty() || !decision.errors.is_empty() {
        sentences.push("A policy could not be evaluated, and what cannot be evaluated is denied.".to_owned());
    }
    sentences
}

impl Need {
    /// What is to be said of it to whoever lacks it, in whole sentences, which translations find: one, or for a choice of
    /// several sorts one that says so and one for each.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let sentence = match self {
            Self::AnyOf(list) => match groups_only(list) {
                Some(names) => format!("You need to be a member of one of these groups: {}.", names.join(", ")),
                None => {
                    let each = list.iter().flat_map(Self::sentences);
                    return ["Changing one of these would be enough:".to_owned()].into_iter().chain(each).collect();
                }
            },
            Self::Login => "You need to sign in.".to_owned(),
            Self::Active => "Your account is not active.".to_owned(),
            Self::Group(name) => format!("You need to be a member of the group {name}."),
            Self::NotGroup(name) => format!("Members of the group {name} are kept out."),
            Self::User => "This is open only to accounts that it was given to by name.".to_owned(),
            Self::NotUser => "Your account is kept out by name.".to_owned(),
            Self::Check(name) => format!("The condition {name} is not met."),
            Self::NotCheck(name) => format!("The condition {name} is met, and must not be."),
            Self::Mfa => "You need to sign in with a second factor.".to_owned(),
            Self::Superuser => "You need to be an administrator.".to_owned(),
            Self::MembershipEnded(name, at) => {
                format!("Your membership in the group {name} ended on {}.", moment_in_words(*at))
            }
            Self::MembershipAhead(name, at) => {
                format!("Your membership in the group {name} begins on {}.", moment_in_words(*at))
            }
            Self::Ended(whom, at) => format!("Access for {whom} ended on {}.", moment_in_words(*at)),
            Self::Ahead(whom, at) => format!("Access for {whom} begins on {}.", moment_in_words(*at)),
            Self::Permission => "Nothing gives you access.".to_owned(),
            Self::NotForbidden(policy) => format!("The policy {policy} forbids it."),
        };
        vec![sentence]
    }
}

fn groups_only(list: &[Need]) -> Option<Vec<&str>> {
    list.iter().map(|need| if let Need::Group(name) = need { Some(name.as_str()) } else { None }).collect()
}
