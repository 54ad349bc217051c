//! Reads Cedar files: policies with their places, and complaints with theirs.

use super::{
    annotations::{self, Statement},
    reads::ContextReads,
};
use crate::{
    decision::{PolicyRef, Severity},
    problem::{PolicyProblem, line_column, line_text},
};
use cedar_policy::{Effect, Policy, PolicyId, PolicySet, PrincipalConstraint, Schema, Template, ValidationError};
use miette::Diagnostic;
use serde_json::Value;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The files that come with the binary.
pub(crate) const BUILTIN: [(&str, &str); 2] = [
    ("builtin/accounts.cedar", include_str!("../../builtin/accounts.cedar")),
    ("builtin/administration.cedar", include_str!("../../builtin/administration.cedar")),
];

/// A policy from a file, or made from bindings.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) policy: Policy,
    pub(crate) about: PolicyRef,
    pub(crate) reads: ContextReads,
}

impl Known {
    /// Names the policy and remembers what a decision may want to tell of it.
    pub(crate) fn new(policy: &Policy, id: &str, place: Option<(&str, u32)>, bindings: Vec<Uuid>) -> Self {
        let policy = policy.new_id(PolicyId::new(id));
        let about = PolicyRef {
            id: id.to_owned(),
            file: place.map(|(file, _)| file.to_owned()),
            line: place.map(|(_, line)| line),
            bindings,
            message: policy.annotation("message").filter(|m| !m.is_empty()).map(str::to_owned),
            severity: policy.annotation("severity").and_then(Severity::parse),
        };
        Self { reads: ContextReads::of(&policy), policy, about }
    }

    /// The group that the policy's head asks the principal to be in.
    pub(crate) fn group(&self) -> Option<String> {
        match self.policy.principal_constraint() {
            PrincipalConstraint::In(group) | PrincipalConstraint::IsIn(_, group)
                if group.type_name() == &*super::principal::GROUP =>
            {
                Some(AsRef::<str>::as_ref(group.id()).to_owned())
            }
            _ => None,
        }
    }

    /// Names of the groups without which the policy might let more people through. A permit that asks for a
    /// group in its head alone lets nobody through without it; what a condition or a `forbid` says of a group
    /// can turn out either way, so that it counts.
    pub(crate) fn groups_that_hold(&self) -> BTreeSet<String> {
        let named = self.policy.entity_literals();
        let named = named.iter().filter(|uid| uid.type_name() == &*super::principal::GROUP);
        let mut named: BTreeSet<String> = named.map(|uid| AsRef::<str>::as_ref(uid.id()).to_owned()).collect();
        if let Some(head) = self.group().filter(|_| self.policy.effect() == Effect::Permit) {
            let conditions = self.policy.to_json().map(|mut tree| tree["conditions"].take());
            if conditions.is_ok_and(|conditions| !mentions(&conditions, &head)) {
                named.remove(&head);
            }
        }
        named
    }
}

/// Whether a syntax tree holds this group.
fn mentions(node: &Value, group: &str) -> bool {
    match node {
        Value::Array(list) => list.iter().any(|value| mentions(value, group)),
        Value::Object(map) => {
            let named = map.get("__entity").is_some_and(|entity| entity["type"] == "Group" && entity["id"] == group);
            named || map.values().any(|value| mentions(value, group))
        }
        _ => false,
    }
}

/// A template from a file, with the place where it stands.
#[derive(Debug, Clone)]
pub(crate) struct KnownTemplate {
    pub(crate) template: Template,
    pub(crate) id: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

/// What the files say.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) policies: Vec<Known>,
    pub(crate) templates: Vec<KnownTemplate>,
    /// What is probably not meant.
    pub(crate) warnings: Vec<PolicyProblem>,
}

/// Reads one file; what is wrong with it is added to `problems`.
pub(crate) fn read(file: &str, text: &str, files: &mut Files, problems: &mut Vec<PolicyProblem>) {
    let set: PolicySet = match text.parse() {
        Ok(set) => set,
        Err(errors) => {
            problems.extend(cedar_policy::ParseErrors::iter(&errors).map(|e| problem(file, text, e)));
            return;
        }
    };
    let starts = statement_starts(text);
    let offset = |id: &PolicyId| {
        let index = AsRef::<str>::as_ref(id).strip_prefix("policy").and_then(|n| n.parse::<usize>().ok());
        index.and_then(|i| starts.get(i)).copied().unwrap_or(0)
    };
    let named = |id: Option<&str>, line: u32| match id {
        Some(id) if !id.is_empty() => id.to_owned(),
        _ => format!("{file}:{line}"),
    };
    for template in set.templates() {
        let start = offset(template.id());
        let (line, column) = line_column(text, start);
        let spot = |message: String| PolicyProblem {
            line,
            column,
            snippet: line_text(text, line),
            ..PolicyProblem::whole(file, message)
        };
        if template.annotation("id").is_none_or(str::is_empty) {
            let hint = Some("write @id(\"name\") in front of it".to_owned());
            problems.push(
                spot("a template needs a name, so that links can say which they mean".to_owned()).with_hint(hint),
            );
            continue;
        }
        let id = named(template.annotation("id"), line);
        let place = Statement { file, text, start };
        annotations::check(&place, template.annotations(), &mut files.warnings, problems);
        files.templates.push(KnownTemplate { template: template.clone(), id, file: file.to_owned(), line });
    }
    let mut known: Vec<Known> = set
        .policies()
        .map(|policy| {
            let start = offset(policy.id());
            let (line, _) = line_column(text, start);
            let place = Statement { file, text, start };
            annotations::check(&place, policy.annotations(), &mut files.warnings, problems);
            Known::new(policy, &named(policy.annotation("id"), line), Some((file, line)), Vec::new())
        })
        .collect();
    known.sort_by_key(|k| k.about.line);
    files.policies.extend(known);
}

/// A complaint of Cedar's, with the place that it points at.
pub(crate) fn problem(file: &str, text: &str, error: &dyn Diagnostic) -> PolicyProblem {
    let label = error.labels().and_then(|mut labels| labels.next());
    let (line, column) = label.as_ref().map_or((0, 0), |l| line_column(text, l.offset()));
    let detail = label.and_then(|l| l.label().map(str::to_owned));
    let text_of = error.to_string();
    // Which policy it is, the place tells.
    let said = match text_of.strip_prefix("for policy `").and_then(|rest| rest.split_once("`, ")) {
        Some((_, said)) => said,
        None => &text_of,
    };
    let message = detail.map_or_else(|| said.to_owned(), |detail| format!("{said}: {detail}"));
    PolicyProblem {
        file: file.to_owned(),
        line,
        column,
        message,
        hint: error.help().map(|h| h.to_string()),
        snippet: line_text(text, line),
    }
}

/// The name of the schema that an unknown one is nearest to. Cedar's own guess compares actions without their type
/// to actions with it, and takes any of several that are equally near.
pub(crate) fn nearest_known(error: &ValidationError, schema: &Schema) -> Option<String> {
    let known: Vec<String> = match error {
        ValidationError::UnrecognizedActionId(_) => schema.actions().map(ToString::to_string).collect(),
        ValidationError::UnrecognizedEntityType(_) => schema.entity_types().map(ToString::to_string).collect(),
        _ => return None,
    };
    let said = error.to_string();
    let unknown = said.strip_suffix('`')?.rsplit('`').next()?;
    let nearest = known.iter().min_by_key(|name| (strsim::damerau_levenshtein(unknown, name), name.as_str()))?;
    Some(format!("did you mean `{nearest}`?"))
}

/// Offsets at which statements begin: after the start of the file or a semicolon, leaving out
/// space, comments and what is inside of strings.
fn statement_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut between = true;
    let mut chars = text.char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        match c {
            '/' if chars.peek().is_some_and(|(_, next)| *next == '/') => {
                while chars.next_if(|(_, c)| *c != '\n').is_some() {}
            }
            ';' => between = true,
            c if c.is_whitespace() => {}
            c => {
                if std::mem::take(&mut between) {
                    starts.push(offset);
                }
                if c == '"' {
                    skip_string(&mut chars);
                }
            }
        }
    }
    starts
}

fn skip_string(chars: &mut impl Iterator<Item = (usize, char)>) {
    while let Some((_, c)) = chars.next() {
        match c {
            '"' => return,
            '\\' => drop(chars.next()),
            _ => {}
        }
    }
}
