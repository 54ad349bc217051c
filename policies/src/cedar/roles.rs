//! From roles to Cedar: permits for what their holders may do, and a forbid for each that keeps who has less
//! from becoming one of its holders.

use super::{
    principal::{GROUP, OBJECT, USER, group_by_id, role_by_id, uid},
    resource::{GROUP_KIND, USER_KIND},
    source::Known,
};
use crate::{
    action::Action,
    input::{GrantInput, GrantedOn, RoleInput},
    problem::PolicyProblem,
};
use cedar_policy::Policy;
use std::collections::{BTreeMap, BTreeSet};

/// What makes somebody a holder: to become a user who is one, to join a group of them.
const GUARDED: [(&str, &str); 2] =
    [("User", r#"Action::"take_over", Action::"update""#), ("Group", r#"Action::"take_over""#)];

/// The permission with which a role reaches the groups of superusers.
const OVER_SUPERUSERS: &str = "enable_group_superuser";

/// The policies of all roles.
pub(super) fn policies(roles: &[RoleInput], problems: &mut Vec<PolicyProblem>) -> Vec<Known> {
    roles.iter().flat_map(|role| of_role(role, roles, problems)).collect()
}

fn of_role(role: &RoleInput, all: &[RoleInput], problems: &mut Vec<PolicyProblem>) -> Vec<Known> {
    let mut texts: Vec<(String, String)> = Vec::new();
    for (number, text) in permits(role).into_iter().enumerate() {
        texts.push((format!("role:{}:{}", role.name, number + 1), text));
    }
    texts.extend(giving(role).map(|text| (format!("role:{}:gives", role.name), text)));
    if !role.grants.is_empty() {
        for (what, acts) in GUARDED {
            texts.push((format!("role:{}:guards:{}", role.name, what.to_lowercase()), guard(role, all, what, acts)));
        }
    }
    let place = role.origin.as_ref().map(|at| (at.file.as_str(), at.line));
    let known = texts.into_iter().filter_map(|(id, text)| match Policy::parse(None, text) {
        Ok(policy) => Some(Known::new(&policy, &id, place, Vec::new())),
        Err(error) => {
            problems.push(PolicyProblem::whole(&id, error.to_string()));
            None
        }
    });
    known.collect()
}

/// What is done to superusers, but for looking at them, could be the way to become one; so is what makes a
/// group theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Everything,
    NoSuperusers,
}

/// The permits of a role, by kind, object and reach, so that it takes few.
fn permits(role: &RoleInput) -> Vec<String> {
    let over = role.grants.iter().any(|g| g.permission == OVER_SUPERUSERS && g.on == GrantedOn::All);
    let mut sorted: BTreeMap<(&str, &GrantedOn, Reach), BTreeSet<&'static str>> = BTreeMap::new();
    for grant in &role.grants {
        for act in &grant.acts {
            let reach = match act {
                // Giving roles away has a policy of its own.
                Action::GrantRole | Action::DefineRole => continue,
                Action::Read | Action::GrantSuperuser => Reach::Everything,
                _ if over && grant.kind == GROUP_KIND => Reach::Everything,
                _ => Reach::NoSuperusers,
            };
            sorted.entry((&grant.kind, &grant.on, reach)).or_default().insert(act.as_str());
        }
    }
    sorted.iter().map(|((kind, on, reach), acts)| permit(role, kind, on, *reach, acts)).collect()
}

fn permit(role: &RoleInput, kind: &str, on: &GrantedOn, reach: Reach, acts: &BTreeSet<&'static str>) -> String {
    let acts: Vec<String> = acts.iter().map(|act| format!("Action::{}", quoted(act))).collect();
    let mut text = format!(
        "permit (principal is User, action in [{}], {}) when {{ {} }}",
        acts.join(", "),
        head(kind, on),
        held_by("principal", [role])
    );
    if let GrantedOn::Key(key) = on {
        let key = match kind {
            // Users are numbered.
            USER_KIND => key.parse::<i64>().unwrap_or_default().to_string(),
            _ => quoted(key),
        };
        text.push_str(&format!(" when {{ resource.pk == {key} }}"));
    }
    if reach == Reach::NoSuperusers {
        let theirs = match kind {
            USER_KIND | GROUP_KIND => "resource.superuser",
            _ => "resource has owner && resource.owner.superuser",
        };
        text.push_str(&format!(" unless {{ {theirs} }}"));
    }
    text + ";"
}

/// What a permit is about, in its head.
fn head(kind: &str, on: &GrantedOn) -> String {
    match (kind, on) {
        (USER_KIND, GrantedOn::Name(name)) => format!("resource == {}", uid(&USER, name)),
        (GROUP_KIND, GrantedOn::Name(name)) => format!("resource == {}", uid(&GROUP, name)),
        (kind, GrantedOn::Name(name)) => format!("resource == {}", uid(&OBJECT, &format!("{kind}/{name}"))),
        (USER_KIND, _) => "resource is User".to_owned(),
        (GROUP_KIND, _) => "resource is Group".to_owned(),
        (kind, _) => format!("resource in Kind::{}", quoted(kind)),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.escape_debug())
}

/// A role that may give roles may give those that permit no more than itself.
fn giving(role: &RoleInput) -> Option<String> {
    let gives: Vec<&GrantInput> = role.grants.iter().filter(|g| g.acts.contains(&Action::GrantRole)).collect();
    let on: Vec<String> = gives.iter().map(|grant| named(grant)).collect();
    let own = role.grants.iter().filter(|grant| grant.on == GrantedOn::All);
    let own: BTreeSet<String> = own.map(|grant| quoted(&grant.permission)).collect();
    (!on.is_empty() && !own.is_empty()).then(|| {
        format!(
            "permit (principal is User, action in [Action::\"grant_role\", Action::\"define_role\"], resource in Kind::\"role\") \
             when {{ {} }} when {{ {} }} when {{ resource has permissions && [{}].containsAll(resource.permissions) }};",
            held_by("principal", [role]),
            on.join(" || "),
            own.into_iter().collect::<Vec<_>>().join(", "),
        )
    })
}

fn named(grant: &GrantInput) -> String {
    match &grant.on {
        GrantedOn::All => "true".to_owned(),
        GrantedOn::Key(key) => format!("resource.pk == {}", quoted(key)),
        GrantedOn::Name(name) => format!("resource.name == {}", quoted(name)),
    }
}

/// Whoever becomes a holder of a role, by whichever way, has what it permits: only who has as much may do
/// what makes one.
fn guard(role: &RoleInput, all: &[RoleInput], what: &str, acts: &str) -> String {
    let enough = all.iter().filter(|other| other.id == role.id || covers(other, role));
    let message = format!("There the role {} is held, which permits more than you may.", role.name);
    format!(
        "@message(\"{}\") forbid (principal is User, action in [{acts}], resource is {what}) when {{ {} }} \
         unless {{ principal.superuser || {} }};",
        message.escape_debug(),
        held_by("resource", [role]),
        held_by("principal", enough),
    )
}

/// Whether one role permits all that another one does.
fn covers(one: &RoleInput, other: &RoleInput) -> bool {
    let has = |wanted: &GrantInput| {
        one.grants.iter().any(|g| g.permission == wanted.permission && (g.on == GrantedOn::All || g.on == wanted.on))
    };
    other.grants.iter().all(has)
}

/// Whether somebody holds one of these roles: directly, or as a member of a group. A group holds what its
/// members hold.
fn held_by<'r>(who: &str, roles: impl IntoIterator<Item = &'r RoleInput>) -> String {
    let (mut direct, mut groups) = (BTreeSet::new(), BTreeSet::new());
    for role in roles {
        direct.insert(role_by_id(role.id).to_string());
        groups.extend(role.groups.iter().map(|group| group_by_id(*group).to_string()));
    }
    let within = |uids: BTreeSet<String>| format!("{who} in [{}]", uids.into_iter().collect::<Vec<_>>().join(", "));
    match groups.is_empty() {
        true => within(direct),
        false => format!("({} || {})", within(direct), within(groups)),
    }
}
