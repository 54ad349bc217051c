//! Templates, the links that make policies of them, and annotations.

use super::{access, app, compile, group, noon, person, prepared};
use crate::{Facts, LinkInput, Linked, Need, PolicyInput, PolicyProblem, PolicySet, Severity, TextOrigin};

const READERS: &str = r#"// People of a group open applications.
@id("readers")
@message("Not for you.")
permit (principal in ?principal, action == Action::"access", resource in ?resource)
when { principal.user_type == "internal" };

@id("closed")
@severity("critical")
forbid (principal, action == Action::"access", resource == ?resource);
"#;

fn link(name: &str, template: &str, principal: Option<Linked>, resource: Option<Linked>) -> LinkInput {
    let at = |line| TextOrigin { file: "links.yaml".to_owned(), line, column: 12 };
    LinkInput {
        name: name.to_owned(),
        template: template.to_owned(),
        principal,
        resource,
        origin: at(1),
        keys: vec![("template".to_owned(), at(2)), ("principal".to_owned(), at(3)), ("resource".to_owned(), at(4))],
    }
}

fn house(links: Vec<LinkInput>) -> PolicyInput {
    PolicyInput {
        apps: vec![app("wiki", &["internal"]), app("chat", &["internal"]), app("bank", &[])],
        groups: vec![group("Editors")],
        cedar_files: vec![("t.cedar".into(), READERS.into())],
        default_access_deny: true,
        links,
        ..PolicyInput::default()
    }
}

fn group_of(name: &str) -> Option<Linked> {
    Some(Linked::Group(name.to_owned()))
}

fn problems(input: &PolicyInput) -> Vec<PolicyProblem> {
    PolicySet::compile(input).expect_err("wrong")
}

#[test]
fn a_link_makes_a_policy_of_a_template() {
    let tag = Some(Linked::Tag("internal".to_owned()));
    let bank = Some(Linked::App("bank".to_owned()));
    let set = compile(&house(vec![
        link("editors-internal", "readers", group_of("Editors"), tag),
        link("ada-bank", "readers", Some(Linked::User("ada".to_owned())), bank.clone()),
    ]));
    let facts = Facts::at(noon());
    let (ada, editor) = (prepared(person("ada", &[])), prepared(person("eve", &["Editors"])));
    let opens = |who, app| access(&set, Some(who), app, &facts).allow;
    assert_eq!(["wiki", "chat", "bank"].map(|app| opens(&editor, app)), [true, true, false]);
    assert_eq!(["wiki", "chat", "bank"].map(|app| opens(&ada, app)), [false, false, true]);
    let granted = access(&set, Some(&editor), "wiki", &facts);
    let policy = &granted.determining[0];
    assert_eq!(
        (policy.id.as_str(), policy.file.as_deref(), policy.line),
        ("editors-internal", Some("links.yaml"), Some(1))
    );
    assert_eq!(access(&set, Some(&ada), "wiki", &facts).needed, [Need::Group("Editors".to_owned())]);
    let told: Vec<String> = set.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "t.cedar:7:1: nothing links the template \"closed\", so that it does nothing (link: a-name, template: closed, principal: …, resource: …)"
        ]
    );

    let set = compile(&house(vec![
        link("ada-bank", "readers", Some(Linked::User("ada".to_owned())), bank.clone()),
        link("bank-closed", "closed", None, bank),
    ]));
    let refused = access(&set, Some(&ada), "bank", &facts);
    assert_eq!((refused.allow, refused.severity), (false, Some(Severity::Critical)));
}

#[test]
fn a_wrong_link_is_told_where_it_stands() {
    let wiki = || Some(Linked::App("wiki".to_owned()));
    let cases = [
        (
            link("l", "reader", group_of("Editors"), wiki()),
            2,
            "there is no template \"reader\" (did you mean \"readers\"?)",
        ),
        (
            link("l", "readers", None, wiki()),
            2,
            "the template \"readers\" has ?principal, and the link says no principal",
        ),
        (link("l", "closed", group_of("Editors"), wiki()), 3, "the template \"closed\" has no ?principal"),
    ];
    for (link, line, message) in cases {
        let found = problems(&house(vec![link]));
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(told, [format!("links.yaml:{line}:12: {message}")]);
    }
    let twice = link("l", "readers", group_of("Editors"), wiki());
    let found = problems(&house(vec![twice.clone(), twice]));
    assert!(found[0].message.contains("a second policy with the id \"l\""), "{}", found[0]);
    let unknown = compile(&house(vec![link("l", "readers", group_of("Edtors"), wiki())]));
    assert!(unknown.warnings().iter().any(|w| w.message.contains("the group \"Edtors\", which does not exist")));
}

#[test]
fn a_template_is_validated_whether_it_is_linked_or_not() {
    let mut input = house(Vec::new());
    input.cedar_files = vec![(
        "t.cedar".into(),
        "@id(\"t\")\npermit (principal in ?principal, action == Action::\"access\", resource)\nwhen { context.mfaa };"
            .into(),
    )];
    let found = problems(&input);
    assert_eq!((found.len(), found[0].line, found[0].column), (1, 3, 8), "{found:?}");
    input.cedar_files = vec![("t.cedar".into(), "permit (principal in ?principal, action, resource);".into())];
    assert_eq!(
        problems(&input)[0].to_string(),
        "t.cedar:1:1: a template needs a name, so that links can say which they mean (write @id(\"name\") in front of it)"
    );
}

#[test]
fn annotations_that_mean_nothing_are_told() {
    let with =
        |text: &str| PolicyInput { cedar_files: vec![("a.cedar".into(), text.into())], ..PolicyInput::default() };
    let rest = r#"permit (principal is User, action == Action::"run", resource is Flow);"#;
    let set = compile(&with(&format!("// first\n@id(\"x\")\n  @mesage(\"Hi\")\n@owner(\"me\")\n{rest}")));
    assert_eq!(
        set.warnings().iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "a.cedar:3:3: the annotation @mesage means nothing here (did you mean \"message\"?)",
            "a.cedar:4:1: the annotation @owner means nothing here (there are @id, @message and @severity)"
        ]
    );
    let found = problems(&with(&format!("@severity(\"high\")\n{rest}")));
    assert_eq!(found[0].to_string(), "a.cedar:1:1: \"high\" is no severity (info, warning or critical)");
}
