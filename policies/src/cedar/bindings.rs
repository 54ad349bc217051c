//! Bindings as Cedar policies.
//!
//! Mode `any` makes one `permit` a binding, so that the decision tells which one opened the door;
//! mode `all` makes one `permit` with a condition a binding. Neither forbids: a file may add
//! permits beside the bindings, and a file's forbid wins over them.
//!
//! A binding outside its time gives nothing: among others that are counted by "any" it opens nothing, among those
//! counted by "all" nobody passes it, for what was guarded must not become open because time passes. One that is
//! turned around keeps nobody out then. Bindings of which none is in its time open nothing at all. Whether one is
//! in its time is settled when the policy is asked (`context.in_time`), so that a decision knows until when it
//! holds.

use super::{condition::Condition, principal, source::Known};
use crate::{
    input::{BindingInput, EngineMode, Subject, Target},
    problem::PolicyProblem,
};
use cedar_policy::{EntityUid, Policy};
use std::collections::HashMap;
use uuid::Uuid;

/// The enabled bindings of one target, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guard {
    pub(crate) mode: EngineMode,
    pub(crate) bindings: Vec<BindingInput>,
}

/// The policies of a target. `open` says whether a target without bindings is open.
pub(crate) fn policies(
    target: &Target,
    guard: &Guard,
    open: bool,
    conditions: &HashMap<Uuid, Condition>,
    problems: &mut Vec<PolicyProblem>,
) -> Vec<Known> {
    let condition = |binding: &BindingInput| condition(binding, conditions);
    let head = head(target);
    let name = describe(target);
    let texts: Vec<(String, String, Vec<uuid::Uuid>)> = match (guard.bindings.as_slice(), guard.mode) {
        ([], _) if open => vec![(format!("default:{name}"), format!("{head};"), Vec::new())],
        ([], _) => Vec::new(),
        (bindings, EngineMode::Any) => bindings
            .iter()
            .map(|b| {
                let asked = condition(b);
                let when = if b.period.is_always() { asked } else { format!("{} && ({asked})", in_time(b)) };
                (id_of(b), format!("{head} when {{ {when} }};"), vec![b.id])
            })
            .collect(),
        (bindings, EngineMode::All) => {
            let each = |b: &BindingInput| {
                let asked = condition(b);
                let when = match (b.period.is_always(), b.negate) {
                    (true, _) => asked,
                    (false, false) => format!("{} && ({asked})", in_time(b)),
                    (false, true) => format!("!{} || ({asked})", in_time(b)),
                };
                format!(" when {{ {when} }}")
            };
            let conditions: String = some_in_time(bindings).into_iter().chain(bindings.iter().map(each)).collect();
            vec![(format!("bindings:{name}"), format!("{head}{conditions};"), bindings.iter().map(|b| b.id).collect())]
        }
    };
    let mut known = Vec::with_capacity(texts.len());
    for (id, text, bindings) in texts {
        match Policy::parse(None, &text) {
            Ok(policy) => known.push(Known::new(&policy, &id, None, bindings)),
            Err(e) => problems.push(PolicyProblem::whole(&id, format!("the binding cannot be expressed: {e}"))),
        }
    }
    known
}

/// The id of the policy of a binding that lets in by itself.
pub(crate) fn id_of(binding: &BindingInput) -> String {
    format!("binding:{}", binding.id)
}

/// A target in words, as in the ids of policies.
pub(crate) fn describe(target: &Target) -> String {
    match target {
        Target::App(slug) => format!("app {slug}"),
        Target::Flow(slug) => format!("flow {slug}"),
        Target::Stage(id) => format!("stage {id}"),
        Target::Entitlement(app, name) => format!("entitlement {app}/{name}"),
        Target::Rule(id) => format!("rule {id}"),
    }
}

/// The entity of a target.
pub(crate) fn entity(target: &Target) -> EntityUid {
    match target {
        Target::App(slug) => principal::uid(&principal::APP, slug),
        Target::Flow(slug) => principal::uid(&principal::FLOW, slug),
        Target::Stage(id) => principal::uid(&principal::STAGE, &id.to_string()),
        Target::Entitlement(app, name) => principal::entitlement(app, name),
        Target::Rule(id) => principal::uid(&principal::RULE, &id.to_string()),
    }
}

fn head(target: &Target) -> String {
    let resource = entity(target);
    match target {
        Target::App(_) => format!(r#"permit (principal is User, action == Action::"access", resource == {resource})"#),
        Target::Entitlement(..) => {
            format!(r#"permit (principal is User, action == Action::"hold", resource == {resource})"#)
        }
        Target::Flow(_) | Target::Stage(_) => {
            format!(r#"permit (principal, action == Action::"run", resource == {resource})"#)
        }
        Target::Rule(_) => format!(r#"permit (principal, action == Action::"notify", resource == {resource})"#),
    }
}

/// That one of them counts, where all of them have their times.
fn some_in_time(bindings: &[BindingInput]) -> Option<String> {
    let timed = bindings.iter().all(|b| !b.period.is_always());
    timed.then(|| format!(" when {{ {} }}", bindings.iter().map(in_time).collect::<Vec<_>>().join(" || ")))
}

fn in_time(binding: &BindingInput) -> String {
    format!(r#"context.in_time["{}"]"#, binding.id)
}

fn condition(binding: &BindingInput, conditions: &HashMap<Uuid, Condition>) -> String {
    let asked = match &binding.subject {
        Subject::Group(id, _) => format!("principal in {}", principal::group_by_id(*id)),
        Subject::User(pk, _) => format!("principal is User && principal.pk == {pk}"),
        Subject::Policy(id, _) if conditions.contains_key(id) => conditions[id].inline(),
        // Negation and failure are settled when the policy is asked.
        Subject::Policy(..) => return format!(r#"context.bindings["{}"]"#, binding.id),
    };
    if binding.negate { format!("!({asked})") } else { asked }
}
