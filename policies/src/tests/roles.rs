//! Roles, in words and against a reference written down naively.

use super::{compile, group, noon, person, prepared};
use crate::{
    Action, Administered, Decision, Extent, Facts, GrantInput, GrantedOn, GroupFacts, ObjectFacts, PolicyInput,
    PolicySet, PreparedPrincipal, Question, Resource, RoleInput,
};
use lockgate_model::permission;
use proptest::prelude::*;
use std::collections::BTreeSet;
use uuid::Uuid;

fn grant(codename: &str, on: GrantedOn) -> GrantInput {
    let found = permission::by_codename(codename).expect(codename);
    let acts = found.acts.iter().map(|act| Action::parse(act).expect(act)).collect();
    GrantInput { permission: codename.to_owned(), kind: found.on.to_owned(), acts, on }
}

fn role(name: &str, permissions: &[&str], groups: &[&str]) -> RoleInput {
    RoleInput {
        id: group(&format!("role {name}")).id,
        name: name.to_owned(),
        grants: permissions.iter().map(|codename| grant(codename, GrantedOn::All)).collect(),
        groups: groups.iter().map(|name| group(name).id).collect(),
        origin: None,
    }
}

fn with(roles: Vec<RoleInput>, cedar: &str) -> PolicySet {
    let groups = ["Help desk", "Ops", "Staff"].map(group).to_vec();
    let cedar_files = vec![("a.cedar".to_owned(), cedar.to_owned())];
    compile(&PolicyInput { roles, groups, cedar_files, ..PolicyInput::default() })
}

fn holder(name: &str, groups: &[&str], roles: &[&str], superuser: bool) -> PreparedPrincipal {
    let mut person = person(name, groups);
    person.roles = roles.iter().map(|name| group(&format!("role {name}")).id).collect();
    person.is_superuser = superuser;
    prepared(person)
}

fn user(of: &PreparedPrincipal) -> Administered {
    Administered::user(of).expect("an entity")
}

fn a_group(name: &str, superuser: bool) -> Administered {
    let pk = Some(group(name).id);
    Administered::group(&GroupFacts { pk, name: name.to_owned(), superuser, parents: Vec::new() }).expect("an entity")
}

fn a_role(name: &str, permissions: &[&str]) -> Administered {
    let permissions: Vec<String> = permissions.iter().map(|p| (*p).to_owned()).collect();
    let facts = ObjectFacts { kind: "role", name, permissions: Some(&permissions), ..ObjectFacts::default() };
    Administered::object(&facts, None).expect("an entity")
}

fn ask(set: &PolicySet, who: &PreparedPrincipal, action: Action, what: &Administered) -> Decision {
    let facts = Facts::at(noon());
    let resource = Resource::Administered(what);
    let decision = set.decide(&Question { id: Uuid::nil(), principal: Some(who), action, resource, facts: &facts });
    assert_eq!(decision.errors, [""; 0], "{action:?} {what}");
    decision
}

fn may(set: &PolicySet, who: &PreparedPrincipal, action: Action, what: &Administered) -> bool {
    ask(set, who, action, what).allow
}

#[test]
fn every_permission_means_acts_that_there_are() {
    for permission in permission::all() {
        for act in permission.acts {
            assert!(Action::parse(act).is_some_and(Action::is_administrative), "{permission:?}");
        }
    }
    let all: Vec<&str> = permission::all().iter().map(|p| p.codename.as_str()).collect();
    let set = with(vec![role("everything", &all, &["Ops"])], "");
    assert!(set.warnings().iter().all(|w| w.file == "a.cedar"), "{:?}", set.warnings());
}

#[test]
fn a_help_desk_resets_passwords_directly_or_by_its_group() {
    let set = with(vec![role("help-desk", &["view_user", "reset_user_password"], &["Help desk"])], "");
    let (ada, root) = (holder("ada", &[], &[], false), holder("root", &[], &[], true));
    for helper in [holder("h", &["Help desk"], &[], false), holder("h", &[], &["help-desk"], false)] {
        assert!(may(&set, &helper, Action::Read, &user(&root)));
        assert!(may(&set, &helper, Action::SetPassword, &user(&ada)));
        assert!(!may(&set, &helper, Action::SetPassword, &user(&root)), "superusers are out of reach");
        assert!(!may(&set, &helper, Action::Update, &user(&ada)));
        let facts = Facts::at(noon());
        assert_eq!(set.extent(Some(&helper), Action::Read, "user", &facts), Extent::All);
        assert_eq!(set.extent(Some(&helper), Action::SetPassword, "user", &facts), Extent::Some);
        assert_eq!(set.extent(Some(&helper), Action::Read, "group", &facts), Extent::None);
        let decision = ask(&set, &helper, Action::Read, &user(&ada));
        assert!(decision.determining.iter().any(|p| p.id.starts_with("role:help-desk:")), "{decision:?}");
    }
    assert!(!may(&set, &ada, Action::Read, &user(&ada)));
}

#[test]
fn a_forbid_of_a_file_wins_and_files_cannot_name_roles() {
    let forbid = r#"forbid (principal, action == Action::"set_password", resource is User) unless { context.mfa };"#;
    let set = with(vec![role("help-desk", &["reset_user_password"], &["Help desk"])], forbid);
    let (helper, ada) = (holder("h", &["Help desk"], &[], false), holder("ada", &[], &[], false));
    assert!(!may(&set, &helper, Action::SetPassword, &user(&ada)));
    let text = r#"permit (principal in Role::"help-desk", action == Action::"read", resource is User);"#;
    let input = PolicyInput { cedar_files: vec![("a.cedar".into(), text.into())], ..PolicyInput::default() };
    let problems = PolicySet::compile(&input).expect_err("files name groups");
    assert!(problems.iter().any(|p| p.line == 1 && p.message.contains("names the role")), "{problems:?}");
}

#[test]
fn names_cannot_break_out_of_their_policies() {
    let mut odd = role("a\") ; permit(principal,action,resource); //\n", &["view_user"], &["Help desk"]);
    odd.grants.push(grant("view_flow", GrantedOn::Name("x\"; permit(principal, action, resource);".into())));
    odd.grants.push(grant("view_group", GrantedOn::Key("\" || true || \"".into())));
    let set = with(vec![odd], "");
    let ada = holder("ada", &[], &[], false);
    let helper = holder("h", &["Help desk"], &[], false);
    assert!(!may(&set, &ada, Action::Read, &user(&ada)));
    assert!(!may(&set, &helper, Action::Read, &a_group("Ops", false)));
}

#[derive(Debug, Clone)]
struct Thing {
    kind: &'static str,
    key: &'static str,
    name: &'static str,
    superuser: bool,
    /// Roles that are held there, by number.
    roles: Vec<usize>,
    permissions: Vec<&'static str>,
}

const POOL: [&str; 14] = [
    "view_user",
    "change_user",
    "delete_user",
    "reset_user_password",
    "set_token_key",
    "view_group",
    "change_group",
    "add_user_to_group",
    "enable_group_superuser",
    "view_flow",
    "delete_token",
    "assign_role_permissions",
    "view_role",
    "change_role",
];

/// The reference: what the documentation says, one sentence after the other.
fn allowed(roles: &[RoleInput], held: &BTreeSet<usize>, superuser: bool, act: Action, thing: &Thing) -> bool {
    if superuser {
        return true;
    }
    let same = |g: &GrantInput| match &g.on {
        GrantedOn::All => true,
        GrantedOn::Key(key) => key == thing.key,
        GrantedOn::Name(name) => name == thing.name,
    };
    let takes_over = Action::ADMINISTRATIVE.into_iter().filter(|a| {
        matches!(a, Action::SetPassword | Action::IssueToken | Action::ViewKey | Action::ManageMembers)
            || *a == Action::GrantSuperuser
    });
    let makes_holder = takes_over.into_iter().any(|a| a == act) || (thing.kind == "user" && act == Action::Update);
    let as_much = |one: usize, other: usize| {
        one == other
            || roles[other].grants.iter().all(|wanted| {
                let has =
                    |g: &GrantInput| g.permission == wanted.permission && (g.on == GrantedOn::All || g.on == wanted.on);
                roles[one].grants.iter().any(has)
            })
    };
    let guarded = matches!(thing.kind, "user" | "group") && makes_holder;
    let mut there = thing.roles.iter().filter(|role| !roles[**role].grants.is_empty());
    if guarded && there.any(|other| !held.iter().any(|one| as_much(*one, *other))) {
        return false;
    }
    held.iter().any(|number| {
        let role = &roles[*number];
        let over = role.grants.iter().any(|g| g.permission == "enable_group_superuser" && g.on == GrantedOn::All);
        let own: Vec<&str> =
            role.grants.iter().filter(|g| g.on == GrantedOn::All).map(|g| g.permission.as_str()).collect();
        role.grants.iter().filter(|g| g.kind == thing.kind && g.acts.contains(&act) && same(g)).any(|_| match act {
            Action::GrantRole | Action::DefineRole => {
                !own.is_empty() && thing.permissions.iter().all(|wanted| own.contains(wanted))
            }
            Action::Read | Action::GrantSuperuser => true,
            _ => !thing.superuser || (thing.kind == "group" && over),
        })
    })
}

fn things(roles: &[RoleInput], grouped: &[usize]) -> Vec<(Thing, Administered)> {
    let names: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
    let mut all = Vec::new();
    let thing = |kind, key, name, superuser, roles: Vec<usize>| Thing {
        kind,
        key,
        name,
        superuser,
        roles,
        permissions: Vec::new(),
    };
    for (number, name) in names.iter().enumerate() {
        let who = holder("bea", &[], &[name], false);
        all.push((thing("user", "", "bea", false, vec![number]), user(&who)));
    }
    all.push((thing("user", "", "ada", false, vec![]), user(&holder("ada", &[], &[], false))));
    all.push((thing("user", "", "root", true, vec![]), user(&holder("root", &[], &[], true))));
    all.push((thing("user", "", "olga", false, grouped.to_vec()), user(&holder("olga", &["Ops"], &[], false))));
    let ops: &'static str = Box::leak(group("Ops").id.to_string().into_boxed_str());
    all.push((thing("group", ops, "Ops", false, grouped.to_vec()), a_group("Ops", false)));
    all.push((thing("group", "", "Staff", false, vec![]), a_group("Staff", false)));
    all.push((thing("group", "", "Admins", true, vec![]), a_group("Admins", true)));
    let object = |kind: &'static str, name: &'static str, owner: Option<&PreparedPrincipal>| {
        Administered::object(&ObjectFacts { kind, name, ..ObjectFacts::default() }, owner).expect("an entity")
    };
    let (ada, root) = (holder("ada", &[], &[], false), holder("root", &[], &[], true));
    all.push((thing("flow", "", "one", false, vec![]), object("flow", "one", None)));
    all.push((thing("token", "", "hers", false, vec![]), object("token", "hers", Some(&ada))));
    all.push((thing("token", "", "root's", true, vec![]), object("token", "root's", Some(&root))));
    for permissions in [vec![], vec!["view_user"], vec!["view_user", "assign_role_permissions"]] {
        let facts = a_role("some", &permissions);
        all.push((Thing { permissions, ..thing("role", "", "some", false, vec![]) }, facts));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_roles_decide_as_the_reference_says(
        drawn in prop::collection::vec(prop::collection::vec((0..POOL.len(), 0..6_usize), 0..5), 1..4),
        grouped in prop::collection::vec(any::<bool>(), 3),
        direct in prop::collection::vec(any::<bool>(), 3),
        in_ops in any::<bool>(),
        superuser in prop::bool::weighted(0.1),
    ) {
        let names = ["zero", "one", "two"];
        let on = |kind: &str, number: usize| match (number, kind) {
            (0, _) => GrantedOn::Name("ada".into()),
            (1, "group") => GrantedOn::Key(group("Ops").id.to_string()),
            (1, "flow") => GrantedOn::Name("one".into()),
            _ => GrantedOn::All,
        };
        let roles: Vec<RoleInput> = drawn.iter().enumerate().map(|(number, permissions)| {
            let grants = permissions.iter().map(|(at, to)| {
                let kind = permission::by_codename(POOL[*at]).expect("known").on;
                grant(POOL[*at], on(kind, *to))
            });
            let groups: &[&str] = if grouped[number] { &["Ops"] } else { &[] };
            RoleInput { grants: grants.collect(), ..role(names[number], &[], groups) }
        }).collect();
        let by_group: Vec<usize> = (0..roles.len()).filter(|n| grouped[*n]).collect();
        let held_directly: Vec<usize> = (0..roles.len()).filter(|n| direct[*n]).collect();
        let own: Vec<&str> = held_directly.iter().map(|n| names[*n]).collect();
        let who = holder("who", if in_ops { &["Ops"] } else { &[] }, &own, superuser);
        let held: BTreeSet<usize> =
            held_directly.iter().chain(by_group.iter().filter(|_| in_ops)).copied().collect();
        let set = with(roles.clone(), "");
        for (thing, what) in things(&roles, &by_group) {
            for act in Action::ADMINISTRATIVE {
                let expected = allowed(&roles, &held, superuser, act, &thing);
                prop_assert_eq!(may(&set, &who, act, &what), expected, "{:?} on {:?} with {:?}", act, thing, roles);
            }
        }
    }
}
