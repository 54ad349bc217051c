use super::{app, bind, compile, in_group, noon, person, prepared};
use crate::{
    Action, Change, Decision, EngineMode, ExpressionInput, Facts, PolicyInput, PolicySet, PreparedPrincipal, Question,
    Resource, Subject, Target, TextOrigin, Trace,
};
use std::collections::HashMap;
use uuid::Uuid;

fn condition(name: &str, source: &str) -> ExpressionInput {
    ExpressionInput {
        id: Uuid::new_v5(&Uuid::NAMESPACE_DNS, name.as_bytes()),
        name: name.to_owned(),
        source: source.to_owned(),
        origin: TextOrigin::start(format!("{name}.rhai")),
    }
}

fn must(expression: &ExpressionInput) -> Subject {
    Subject::Policy(expression.id, expression.name.clone())
}

fn explain(set: &PolicySet, who: Option<&PreparedPrincipal>, slug: &str) -> (Decision, Trace) {
    let facts = Facts::at(noon());
    let resource = Resource::App(slug);
    set.explain(&Question { id: Uuid::nil(), principal: who, action: Action::Access, resource, facts: &facts })
}

fn told(trace: &Trace) -> Vec<String> {
    trace.changes.iter().map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ")).collect()
}

#[test]
fn every_smallest_change_is_found_and_none_that_is_larger() {
    let evening = condition("evening", "now.hour >= 18");
    let cedar = r#"
@id("no-guests") forbid (principal in Group::"Guests", action == Action::"access", resource == App::"wiki");
@id("needs-mfa") forbid (principal, action == Action::"access", resource in Tag::"management") unless { context.mfa };
@id("closed") forbid (principal, action == Action::"access", resource == App::"closed");
@id("named") permit (principal, action == Action::"access", resource == App::"named")
when { principal in Group::"Named" && context.checks["evening"] };
"#;
    let set = compile(&PolicyInput {
        bindings: vec![
            bind("wiki", 0, in_group("Editors")),
            bind("wiki", 1, in_group("Viewers")),
            bind("all", 0, in_group("Editors")),
            bind("all", 1, must(&evening)),
            bind("managed", 0, in_group("Editors")),
            bind("closed", 0, in_group("Editors")),
            bind("named", 0, in_group("Nobody")),
        ],
        engine_modes: HashMap::from([(Target::App("all".to_owned()), EngineMode::All)]),
        expressions: vec![evening],
        cedar_files: vec![("more.cedar".to_owned(), cedar.to_owned())],
        apps: vec![
            app("wiki", &[]),
            app("all", &[]),
            app("managed", &["management"]),
            app("closed", &[]),
            app("named", &[]),
        ],
        ..PolicyInput::default()
    });
    let bob = prepared(person("bob", &[]));
    for (slug, expected) in [
        ("wiki", vec!["join the group Editors", "join the group Viewers"]),
        ("all", vec!["join the group Editors + meet the condition evening"]),
        ("managed", vec!["sign in with a second factor + join the group Editors"]),
        ("closed", vec![]),
        ("named", vec!["join the group Nobody"]),
    ] {
        let (decision, trace) = explain(&set, Some(&bob), slug);
        assert!(!decision.allow);
        assert_eq!(told(&trace), expected, "{slug}");
    }
    let guest = prepared(person("gus", &["Guests", "Editors"]));
    assert_eq!(told(&explain(&set, Some(&guest), "wiki").1), ["leave the group Guests"]);
    let mut gone = person("eve", &["Editors"]);
    gone.user.is_active = false;
    assert_eq!(told(&explain(&set, Some(&prepared(gone)), "wiki").1), ["activate the account"]);
    assert_eq!(explain(&set, None, "wiki").1.changes, [[Change::SignIn]]);
    assert!(explain(&set, Some(&bob), "unknown").1.changes.is_empty());
}

#[test]
fn a_trace_tells_each_binding_and_each_policy() {
    let broken = condition("broken", "1 / (now.hour - now.hour) == 1");
    let cedar = r#"@id("from-elsewhere") @message("Not from here.")
forbid (principal, action == Action::"access", resource == App::"wiki") unless { context has ip };"#;
    let mut negated = bind("wiki", 1, in_group("Guests"));
    negated.negate = true;
    let set = compile(&PolicyInput {
        bindings: vec![bind("wiki", 0, in_group("Editors")), negated, bind("wiki", 2, must(&broken))],
        expressions: vec![broken],
        cedar_files: vec![("more.cedar".to_owned(), cedar.to_owned())],
        apps: vec![app("wiki", &[])],
        ..PolicyInput::default()
    });
    let (decision, trace) = explain(&set, Some(&prepared(person("ada", &["Editors", "Guests"]))), "wiki");
    assert!(!decision.allow);
    let bindings: Vec<_> = trace.bindings.iter().map(|b| (b.what.as_str(), b.negate, b.passes)).collect();
    assert_eq!(
        bindings,
        [
            ("the group Editors", false, Some(true)),
            ("the group Guests", true, Some(false)),
            ("the policy broken", false, Some(false)),
        ]
    );
    let first = &trace.policies[..2];
    assert!(first.iter().all(|p| p.policy.file.is_some()), "those of files come first: {first:?}");
    let decides = trace.policies.iter().find(|p| p.policy.id == "from-elsewhere").expect("is there");
    assert_eq!((decides.applies, decides.determining), (Some(true), true));
    let accounts = trace.policies.iter().find(|p| p.policy.id == "inactive-accounts-may-nothing").expect("is there");
    assert_eq!((accounts.applies, accounts.determining), (Some(false), false));
}
