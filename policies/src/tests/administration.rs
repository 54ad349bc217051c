//! Who may administer what.

use super::{compile, group, noon, person, prepared};
use crate::{
    Action, Administered, Decision, Extent, Facts, GroupFacts, Need, ObjectFacts, PolicyInput, PolicySet,
    PreparedPrincipal, Question, Resource,
};
use uuid::Uuid;

const HELP_DESK: &str = r#"
@id("help-desk-resets-passwords")
permit (principal in Group::"Help desk", action in [Action::"read", Action::"set_password"], resource is User)
unless { resource.superuser };
"#;

fn folder(text: &str) -> PolicySet {
    compile(&PolicyInput {
        cedar_files: vec![("admin.cedar".into(), text.into())],
        groups: vec![group("Help desk"), group("Leads")],
        ..PolicyInput::default()
    })
}

fn root() -> PreparedPrincipal {
    let mut root = person("root", &["authentik Admins"]);
    root.is_superuser = true;
    prepared(root)
}

fn user(of: &PreparedPrincipal) -> Administered {
    Administered::user(of).expect("an entity")
}

fn a_group(name: &str, superuser: bool, parents: &[&str]) -> Administered {
    let parents = parents.iter().map(|name| (group(name).id, (*name).to_owned())).collect();
    Administered::group(&GroupFacts { pk: None, name: name.to_owned(), superuser, parents }).expect("an entity")
}

fn object(kind: &str, name: &str, owner: Option<&PreparedPrincipal>) -> Administered {
    let tags = vec!["media".to_owned()];
    let facts = ObjectFacts { kind, name, slug: "", origin: "api", tags: &tags, ..ObjectFacts::default() };
    Administered::object(&facts, owner).expect("an entity")
}

fn ask(set: &PolicySet, who: &PreparedPrincipal, action: Action, what: &Administered) -> Decision {
    let facts = Facts::at(noon());
    let resource = Resource::Administered(what);
    let question = Question { id: Uuid::nil(), principal: Some(who), action, resource, facts: &facts };
    let decision = set.decide(&question);
    assert_eq!(set.allows(&question), decision.allow, "both answers are one");
    assert_eq!(decision.errors, [""; 0]);
    decision
}

#[test]
fn a_help_desk_is_five_lines() {
    let set = folder(HELP_DESK);
    let (helper, ada, root) = (prepared(person("helper", &["Help desk"])), prepared(person("ada", &[])), root());
    let may = |action, what: &Administered| ask(&set, &helper, action, what).allow;
    for action in [Action::Read, Action::SetPassword] {
        assert!(may(action, &user(&ada)), "{action:?}");
        assert!(!may(action, &user(&root)), "{action:?}");
        assert!(ask(&set, &root, action, &user(&root)).allow, "{action:?}");
        assert!(!ask(&set, &ada, action, &user(&ada)).allow, "{action:?}");
    }
    let others = Action::ADMINISTRATIVE.into_iter().filter(|a| !matches!(a, Action::Read | Action::SetPassword));
    for action in others {
        for what in [user(&ada), a_group("Leads", false, &[]), object("flow", "x", None)] {
            assert!(!may(action, &what), "{action:?} {what}");
        }
    }
    let refused = ask(&set, &ada, Action::SetPassword, &user(&helper));
    assert_eq!(refused.needed, [Need::AnyOf(vec![Need::Superuser, Need::Group("Help desk".into())])]);
    assert_eq!(refused.resource, "user helper");
}

#[test]
fn an_extent_tells_whether_each_has_to_be_asked_about() {
    let (helper, ada, root) = (prepared(person("helper", &["Help desk"])), prepared(person("ada", &[])), root());
    let facts = Facts::at(noon());
    let extent = |set: &PolicySet, who: &PreparedPrincipal, action, kind| set.extent(Some(who), action, kind, &facts);
    let set = folder(HELP_DESK);
    assert_eq!(extent(&set, &root, Action::Read, "user"), Extent::All);
    assert_eq!(extent(&set, &helper, Action::Read, "user"), Extent::Some);
    assert_eq!(extent(&set, &helper, Action::Delete, "user"), Extent::None);
    assert_eq!(extent(&set, &helper, Action::Read, "group"), Extent::None);
    assert_eq!(extent(&set, &helper, Action::Read, "flow"), Extent::None);
    assert_eq!(extent(&set, &ada, Action::Read, "user"), Extent::None);
    assert_eq!(set.extent(None, Action::Read, "user", &facts), Extent::None);

    let set = folder(
        r#"permit (principal in Group::"Leads", action == Action::"read", resource in Kind::"flow");
        forbid (principal, action in Action::"administer", resource == Object::"flow/secret");
        forbid (principal, action in Action::"take_over", resource) when { !context.mfa };"#,
    );
    let lead = prepared(person("lead", &["Leads"]));
    assert_eq!(extent(&set, &lead, Action::Read, "flow"), Extent::Some, "one flow is kept from everybody");
    assert_eq!(extent(&set, &root, Action::Read, "flow"), Extent::Some);
    assert_eq!(extent(&set, &root, Action::Read, "user"), Extent::All);
    assert_eq!(extent(&set, &lead, Action::Read, "stage"), Extent::None);
    assert!(ask(&set, &lead, Action::Read, &object("flow", "open", None)).allow);
    assert!(!ask(&set, &root, Action::Read, &object("flow", "secret", None)).allow);
    assert_eq!(extent(&set, &root, Action::SetPassword, "user"), Extent::None, "without a second factor");
}

#[test]
fn policies_see_groups_owners_and_tags() {
    let set = folder(
        r#"permit (principal, action == Action::"manage_members", resource is Group)
            when { principal in resource && !resource.superuser };
        permit (principal, action == Action::"delete", resource in Kind::"token")
            when { resource has owner && resource.owner in Group::"Leads" };
        permit (principal, action == Action::"update", resource in Tag::"media")
            when { resource is Object && resource.kind == "application" };
        permit (principal, action == Action::"update", resource is User) when { principal == resource };"#,
    );
    let lead = prepared(person("lead", &["Leads"]));
    let ada = prepared(person("ada", &[]));
    let may = |who: &PreparedPrincipal, action, what: &Administered| ask(&set, who, action, what).allow;
    assert!(may(&lead, Action::ManageMembers, &a_group("Leads", false, &["Staff"])));
    assert!(!may(&ada, Action::ManageMembers, &a_group("Leads", false, &["Staff"])));
    assert!(!may(&lead, Action::ManageMembers, &a_group("Leads", true, &["authentik Admins"])));
    assert!(may(&ada, Action::Delete, &object("token", "t", Some(&lead))));
    assert!(!may(&ada, Action::Delete, &object("token", "t", Some(&ada))));
    assert!(may(&ada, Action::Update, &object("application", "movies", None)));
    assert!(!may(&ada, Action::Update, &object("flow", "movies", None)));
    assert!(may(&ada, Action::Update, &user(&ada)));
    assert!(!may(&ada, Action::Update, &user(&lead)));
}

#[test]
fn a_wish_does_not_come_true_by_asking() {
    let set = folder(
        r#"permit (principal in Group::"Leads", action in Action::"administer", resource);
        permit (principal, action == Action::"update", resource is User) when { resource.path == "users" };"#,
    );
    let ada = prepared(person("ada", &[]));
    let mut wish = person("ada", &["Leads"]);
    wish.is_superuser = true;
    let wish = prepared(wish);
    assert!(!ask(&set, &ada, Action::Delete, &user(&wish)).allow, "who asks is who she is, not who she would be");
    let impostor = a_group(&group("Leads").id.to_string(), false, &["Leads"]);
    assert!(!ask(&set, &ada, Action::Delete, &impostor).allow);
}
