//! Policies that sweep everything away: a `forbid` without any condition locks everybody out of all that it
//! speaks of, superusers too.

use super::source::Known;
use crate::problem::PolicyProblem;
use cedar_policy::{Effect, PrincipalConstraint, ResourceConstraint};

/// The sweeping policies among those of files.
pub(super) fn sweeping(files: &[Known]) -> Vec<PolicyProblem> {
    files.iter().filter(|known| is_sweeping(known)).map(complaint).collect()
}

fn is_sweeping(known: &Known) -> bool {
    let policy = &known.policy;
    policy.effect() == Effect::Forbid
        && matches!(policy.principal_constraint(), PrincipalConstraint::Any | PrincipalConstraint::Is(_))
        && matches!(policy.resource_constraint(), ResourceConstraint::Any | ResourceConstraint::Is(_))
        && policy.to_json().is_ok_and(|tree| tree["conditions"].as_array().is_none_or(Vec::is_empty))
}

fn complaint(known: &Known) -> PolicyProblem {
    let about = &known.about;
    PolicyProblem {
        line: about.line.unwrap_or_default(),
        column: 1,
        ..PolicyProblem::whole(
            about.file.clone().unwrap_or_default(),
            "this forbids it to everybody, always, superusers too",
        )
    }
    .with_hint(Some("add a condition (`when`, `unless`), or say whom or what it is about".to_owned()))
}
