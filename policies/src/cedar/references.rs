//! Warns about names in Cedar files that name nothing: groups, applications and tags may come
//! later, but more often they are misspelt.

use super::{
    principal::{APP, GROUP, ROLE, TAG},
    source::Known,
};
use crate::{
    input::PolicyInput,
    problem::{PolicyProblem, nearest},
};
use cedar_policy::EntityUid;

/// Complaints about the names in one policy.
pub(crate) fn check(known: &Known, input: &PolicyInput) -> Vec<PolicyProblem> {
    known.policy.entity_literals().iter().filter_map(|uid| check_one(known, input, uid)).collect()
}

fn check_one(known: &Known, input: &PolicyInput, uid: &EntityUid) -> Option<PolicyProblem> {
    let name: &str = uid.id().as_ref();
    let (what, names): (&str, Vec<&str>) = match uid.type_name() {
        t if *t == *GROUP => ("group", input.groups.iter().map(|g| g.name.as_str()).collect()),
        t if *t == *APP => ("application", input.apps.iter().map(|a| a.slug.as_str()).collect()),
        t if *t == *TAG => ("tag", input.apps.iter().flat_map(|a| a.tags.iter().map(String::as_str)).collect()),
        _ => return None,
    };
    if names.contains(&name) {
        return None;
    }
    Some(PolicyProblem {
        file: known.about.file.clone().unwrap_or_default(),
        line: known.about.line.unwrap_or(0),
        column: 1,
        message: format!("policy \"{}\" names the {what} \"{name}\", which does not exist", known.about.id),
        hint: nearest(name, names),
        snippet: String::new(),
    })
}

/// A role is held directly or through groups, of which the files cannot know: they name the groups.
pub(crate) fn refuse_roles(files: &[Known], problems: &mut Vec<PolicyProblem>) {
    for known in files {
        let literals = known.policy.entity_literals();
        for uid in literals.iter().filter(|uid| uid.type_name() == &*ROLE) {
            let name: &str = uid.id().as_ref();
            let message = format!("policy \"{}\" names the role \"{name}\", and policies cannot", known.about.id);
            problems.push(
                PolicyProblem {
                    line: known.about.line.unwrap_or(0),
                    column: 1,
                    ..PolicyProblem::whole(known.about.file.clone().unwrap_or_default(), message)
                }
                .with_hint(Some("name a group that has the role".to_owned())),
            );
        }
    }
}
