//! What decisions read of people, and which configurations cannot decide differently.

use super::{app, bind, compile, group, in_group};
use crate::{AppInput, ExpressionInput, PersonReads, PolicyInput, Resource, Subject, TextOrigin};
use uuid::Uuid;

fn expression(name: &str, source: &str) -> ExpressionInput {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_DNS, name.as_bytes());
    ExpressionInput { id, name: name.to_owned(), source: source.to_owned(), origin: TextOrigin::start(name) }
}

fn reads(subject: Subject, expressions: Vec<ExpressionInput>, cedar: &str) -> PersonReads {
    let input = PolicyInput {
        apps: vec![app("wiki", &["docs"])],
        groups: vec![group("Editors"), group("Staff")],
        bindings: vec![bind("wiki", 0, subject)],
        cedar_files: vec![("a.cedar".to_owned(), cedar.to_owned())],
        expressions,
        ..PolicyInput::default()
    };
    compile(&input).reads_of_person(Resource::App("wiki")).expect("the app is there")
}

#[test]
fn bindings_tell_members_and_accounts_apart_and_nothing_else() {
    let editors = reads(in_group("Editors"), Vec::new(), "");
    let id = group("Editors").id.to_string();
    assert_eq!(editors, PersonReads { groups: [id].into(), ..PersonReads::default() });
    let seven = reads(Subject::User(7, "ada".to_owned()), Vec::new(), "");
    assert_eq!(seven, PersonReads { users: [7].into(), ..PersonReads::default() });
}

#[test]
fn cedar_files_are_read_for_what_they_tell_apart() {
    let of = |text: &str| reads(in_group("Editors"), Vec::new(), text);
    let named = of(r#"forbid (principal in Group::"Staff", action == Action::"access", resource in Tag::"docs");"#);
    assert!(named.groups.contains("Staff") && !named.person && !named.mfa);
    let several = of(r#"forbid (principal is User, action == Action::"access", resource)
        when { principal in [Group::"Staff", Group::"Editors"] && principal.superuser } unless { context.mfa };"#);
    assert!(several.groups.contains("Staff") && several.groups.contains("Editors"));
    assert!(!several.person && several.mfa);
    let email = of(r#"forbid (principal is User, action == Action::"access", resource)
        when { principal.email like "*@example.org" };"#);
    assert!(email.person);
    assert!(of(r#"permit (principal == User::"ada", action == Action::"access", resource);"#).person);
}

#[test]
fn expressions_are_read_for_what_they_tell_apart() {
    let of = |text: &str| {
        let expression = expression("check", text);
        reads(Subject::Policy(expression.id, "check".to_owned()), vec![expression], "")
    };
    let hours = of("now.hour > 7");
    assert!(!hours.every_group && !hours.person);
    for named in [
        "user.is_superuser || user.groups.contains(\"Staff\")",
        "\"Staff\" in user.groups || \"Editors\" !in user.groups",
        "ak_is_group_member(user, \"Staff\")",
    ] {
        let groups = of(named);
        assert!(groups.groups.contains("Staff") && !groups.every_group && !groups.person, "{named}: {groups:?}");
    }
    for all in [
        "user.groups.len() > 2",
        "\"Staff\" in user.groups || user.groups[0] == \"Editors\"",
        "user.groups.contains(app.slug)",
        "let mine = user.groups; mine.contains(\"Staff\")",
        "ak_is_group_member(user, #{ name: \"Staff\" })",
        "user.groups.some(|g| g == \"Staff\")",
    ] {
        let groups = of(all);
        assert!(groups.every_group || groups.person, "{all}: {groups:?}");
    }
    assert!(of("user.email == \"a\"").person);
    assert!(of("let u = user; u.name == \"a\"").person);
}

#[test]
fn only_what_decides_makes_a_difference() {
    let input = |apps: Vec<AppInput>, mine: &str, text: &str| {
        let mine = expression("mine", mine);
        PolicyInput {
            apps,
            groups: vec![group("Editors"), group("Staff")],
            bindings: vec![
                bind("wiki", 0, in_group("Editors")),
                bind("blog", 0, Subject::Policy(mine.id, "mine".to_owned())),
            ],
            cedar_files: vec![("a.cedar".to_owned(), text.to_owned())],
            expressions: vec![mine],
            ..PolicyInput::default()
        }
    };
    let forbid =
        r#"@id("staff") forbid (principal in Group::"Staff", action == Action::"access", resource in Tag::"docs");"#;
    let apps = || vec![app("wiki", &["docs"]), app("blog", &[])];
    let before = compile(&input(apps(), "true", forbid));
    let same = |after: &PolicyInput, slug: &str, edited: &[&str]| {
        !before.may_differ(&compile(after), Resource::App(slug), &|name| edited.contains(&name))
    };
    assert!(same(&input(apps(), "true", &format!("// moved\n\n{forbid}")), "wiki", &[]));
    assert!(!same(&input(apps(), "true", ""), "wiki", &[]));
    assert!(same(&input(apps(), "true", ""), "blog", &[]));
    assert!(!same(&input(apps(), "false", forbid), "blog", &["mine"]));
    assert!(same(&input(apps(), "false", forbid), "wiki", &["mine"]));
    assert!(!same(&input(vec![app("wiki", &[]), app("blog", &[])], "true", forbid), "wiki", &[]));
    let mut unbound = input(apps(), "true", forbid);
    unbound.bindings[0].negate = true;
    assert!(!same(&unbound, "wiki", &[]));
}
