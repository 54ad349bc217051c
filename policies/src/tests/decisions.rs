use super::{access, app, bind, compile, group, in_group, noon, person, prepared};
use crate::{
    Action, AppInput, BindingInput, Cacheability, EngineMode, ExpressionInput, Extent, Facts, Need, PolicyInput,
    PolicySet, Question, Resource, Subject, Target, TextOrigin, describe_denial,
};
use chrono::TimeDelta;
use uuid::Uuid;

const MANAGEMENT: &str = r#"
// over all apps of a tag
@id("management-needs-mfa")
@message("Sign in with a second factor to open management apps.")
forbid (principal, action == Action::"access", resource in Tag::"management")
unless { context.mfa };
"#;

fn homelab() -> PolicyInput {
    PolicyInput {
        apps: vec![app("grafana", &["management"]), app("movies", &[]), app("open", &[])],
        bindings: vec![bind("grafana", 0, in_group("Grafana Admins")), bind("grafana", 1, in_group("Grafana Editors"))],
        groups: vec![group("Grafana Admins"), group("Grafana Editors")],
        ..PolicyInput::default()
    }
}

fn check(name: &str, source: &str) -> ExpressionInput {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_DNS, name.as_bytes());
    ExpressionInput {
        id,
        name: name.to_owned(),
        source: source.to_owned(),
        origin: TextOrigin::start(format!("policies/{name}.rhai")),
    }
}

fn bound(expression: &ExpressionInput) -> Subject {
    Subject::Policy(expression.id, expression.name.clone())
}

#[test]
fn groups_open_apps_and_the_denial_names_them() {
    let set = compile(&homelab());
    let facts = Facts::at(noon());
    let ada = prepared(person("ada", &["Grafana Editors"]));
    let bob = prepared(person("bob", &["staff"]));
    let granted = access(&set, Some(&ada), "grafana", &facts);
    assert!(granted.allow, "{granted:?}");
    assert_eq!(granted.determining[0].bindings, [homelab().bindings[1].id]);
    assert_eq!(granted.cacheable, Cacheability::Unbounded);
    assert!(granted.reads.only_principal());

    let refused = access(&set, Some(&bob), "grafana", &facts);
    assert!(!refused.allow);
    assert_eq!(
        refused.needed,
        [Need::AnyOf(vec![Need::Group("Grafana Admins".into()), Need::Group("Grafana Editors".into())])]
    );
    assert_eq!(
        describe_denial(&refused),
        ["You need to be a member of one of these groups: Grafana Admins, Grafana Editors."]
    );
    assert!(access(&set, Some(&bob), "open", &facts).allow);
    assert!(!access(&set, Some(&bob), "no-such-app", &facts).allow);
    assert_eq!(access(&set, None, "open", &facts).needed, [Need::Login]);
}

#[test]
fn all_needs_every_binding_and_names_those_that_fail() {
    let mut input = homelab();
    input.engine_modes.insert(Target::App("grafana".into()), EngineMode::All);
    let set = compile(&input);
    let facts = Facts::at(noon());
    let editor = prepared(person("ada", &["Grafana Editors"]));
    let refused = access(&set, Some(&editor), "grafana", &facts);
    assert_eq!((refused.allow, refused.needed), (false, vec![Need::Group("Grafana Admins".into())]));
    let both = prepared(person("eve", &["Grafana Admins", "Grafana Editors"]));
    assert!(access(&set, Some(&both), "grafana", &facts).allow);
}

#[test]
fn inactive_users_may_nothing_and_default_access_can_be_closed() {
    let facts = Facts::at(noon());
    let mut gone = person("gone", &[]);
    gone.user.is_active = false;
    gone.is_superuser = true;
    let gone = prepared(gone);
    let set = compile(&homelab());
    let refused = access(&set, Some(&gone), "open", &facts);
    assert_eq!((refused.allow, describe_denial(&refused)), (false, vec!["This account is not active.".to_owned()]));
    assert_eq!(set.extent(Some(&gone), Action::Read, "user", &facts), Extent::None);

    let closed = compile(&PolicyInput { default_access_deny: true, ..homelab() });
    let ada = prepared(person("ada", &[]));
    assert_eq!(access(&closed, Some(&ada), "open", &facts).needed, [Need::Permission]);
}

#[test]
fn a_folder_forbid_wins_and_says_what_would_lift_it() {
    let set = compile(&PolicyInput {
        cedar_files: vec![("policies/management.cedar".into(), MANAGEMENT.into())],
        ..homelab()
    });
    let ada = prepared(person("ada", &["Grafana Admins"]));
    let facts = Facts::at(noon());
    let refused = access(&set, Some(&ada), "grafana", &facts);
    assert_eq!((refused.allow, &refused.needed), (false, &vec![Need::Mfa]));
    assert_eq!(describe_denial(&refused), ["Sign in with a second factor to open management apps."]);
    let policy = &refused.determining[0];
    assert_eq!(
        (policy.id.as_str(), policy.file.as_deref(), policy.line),
        ("management-needs-mfa", Some("policies/management.cedar"), Some(3))
    );
    assert_eq!(refused.facts_used["mfa"], false);
    assert!(access(&set, Some(&ada), "grafana", &Facts { mfa: true, ..facts }).allow);
    assert!(access(&set, Some(&ada), "movies", &facts).allow, "not a management app");
    assert!(set.reads(Resource::App("movies")).expect("known").only_principal());
}

#[test]
fn a_forbid_that_fails_denies() {
    let broken =
        r#"forbid (principal, action == Action::"access", resource) when { principal.pk + 9223372036854775807 > 0 };"#;
    let set = compile(&PolicyInput { cedar_files: vec![("f.cedar".into(), broken.into())], ..homelab() });
    let decision = access(&set, Some(&prepared(person("ada", &[]))), "open", &Facts::at(noon()));
    assert!(!decision.allow);
    assert!(decision.errors[0].contains("overflow"), "{:?}", decision.errors);
    assert_eq!(decision.cacheable, Cacheability::Never);
}

#[test]
fn a_check_that_fails_denies_where_a_policy_reads_it() {
    let hours = check("office-hours", "now.hour >= 7 && now.hour < 20 && now.weekday <= 5");
    let broken = check("broken", "user.attributes.missing.deeper");
    let text = r#"forbid (principal, action == Action::"access", resource == App::"movies") unless { context.checks["office-hours"] };
        forbid (principal, action == Action::"access", resource == App::"open") when { context.checks.broken };"#;
    let set = compile(&PolicyInput {
        cedar_files: vec![("f.cedar".into(), text.into())],
        expressions: vec![hours, broken],
        ..homelab()
    });
    let ada = prepared(person("ada", &[]));
    let facts = Facts::at(noon());
    let decision = access(&set, Some(&ada), "movies", &facts);
    assert!(decision.allow, "{decision:?}");
    assert_eq!(
        decision.cacheable,
        Cacheability::Until(noon() - TimeDelta::seconds(5 * 60 + 30) + TimeDelta::minutes(15))
    );
    assert!(!access(&set, Some(&ada), "movies", &Facts { now: noon() + TimeDelta::hours(12), ..facts }).allow);
    let failed = access(&set, Some(&ada), "open", &facts);
    assert!(!failed.allow && failed.errors.len() == 2, "{failed:?}");
}

#[test]
fn expression_bindings_speak_to_the_user() {
    let hours = check("office-hours", "if now.hour > 20 { ak_message(\"The office is closed.\"); return false; } true");
    let mut input = homelab();
    input.bindings.push(bind("movies", 0, bound(&hours)));
    input.expressions = vec![hours];
    let set = compile(&input);
    let ada = prepared(person("ada", &[]));
    let late = Facts { now: noon() + TimeDelta::hours(12), ..Facts::at(noon()) };
    let refused = access(&set, Some(&ada), "movies", &late);
    assert_eq!(refused.needed, [Need::Check("office-hours".into())]);
    assert_eq!(describe_denial(&refused), ["The office is closed.", "The condition office-hours is not met."]);
    assert!(access(&set, Some(&ada), "movies", &Facts::at(noon())).allow);
}

#[test]
fn flows_are_open_to_visitors_unless_bound() {
    let never = check("never", "false");
    let stage = Uuid::from_u128(7);
    let mut input = homelab();
    input
        .bindings
        .push(BindingInput { target: Target::Flow("members".into()), ..bind("f", 0, in_group("Grafana Admins")) });
    input.bindings.push(BindingInput { target: Target::Stage(stage), ..bind("s", 0, bound(&never)) });
    input.expressions = vec![never];
    let set = compile(&input);
    let facts = Facts::at(noon());
    let ada = prepared(person("ada", &["Grafana Admins"]));
    let run = |principal, resource| {
        set.decide(&Question { id: Uuid::nil(), principal, action: Action::Run, resource, facts: &facts }).allow
    };
    assert!(run(None, Resource::Flow("default-authentication-flow")));
    assert!(run(Some(&ada), Resource::Flow("default-authentication-flow")));
    assert!(!run(None, Resource::Flow("members")));
    assert!(run(Some(&ada), Resource::Flow("members")));
    assert!(run(None, Resource::Stage(Uuid::from_u128(8))));
    assert!(!run(None, Resource::Stage(stage)));
    assert!(!run(Some(&ada), Resource::App("open")), "an action that does not fit is refused");
}

#[test]
fn policies_may_look_into_the_resource() {
    let text = r#"forbid (principal, action == Action::"access", resource) when { resource.group == "secret" };
        forbid (principal, action, resource) when { resource in Tag::"closed" };
        forbid (principal is Anonymous, action == Action::"run", resource == Flow::"members");"#;
    let mut input = homelab();
    input.apps.extend([app("vault", &["closed"]), AppInput { group: "secret".into(), ..app("safe", &[]) }]);
    input.cedar_files.push(("r.cedar".into(), text.into()));
    let set = compile(&input);
    let (ada, facts) = (prepared(person("ada", &[])), Facts::at(noon()));
    let open: Vec<&str> =
        ["open", "movies", "vault", "safe"].into_iter().filter(|a| access(&set, Some(&ada), a, &facts).allow).collect();
    assert_eq!(open, ["open", "movies"]);
    let run = |principal, slug| {
        set.decide(&Question {
            id: Uuid::nil(),
            principal,
            action: Action::Run,
            resource: Resource::Flow(slug),
            facts: &facts,
        })
    };
    assert!(run(Some(&ada), "members").allow && run(None, "other").allow);
    assert!(!run(None, "members").allow);
}

#[test]
fn a_group_cannot_pass_for_another_by_its_name() {
    let set = compile(&homelab());
    let impostor = group("Grafana Admins").id.to_string();
    let eve = prepared(person("eve", &[&impostor]));
    assert!(!access(&set, Some(&eve), "grafana", &Facts::at(noon())).allow);
}

#[test]
fn every_mistake_of_a_folder_is_told_at_once() {
    let bad = "permit (principal, action == Action::\"access\", resource)\nwhen { context.mfaa };\npermit (principal == ?principal, action, resource);\n";
    let input = PolicyInput {
        cedar_files: vec![
            ("a.cedar".into(), bad.into()),
            ("b.cedar".into(), "permit (principal,\n action resource);".into()),
        ],
        expressions: vec![check("e", "usr.name")],
        ..homelab()
    };
    let problems = PolicySet::compile(&input).expect_err("all wrong");
    let places: Vec<_> = problems.iter().map(|p| (p.file.as_str(), p.line, p.column)).collect();
    assert_eq!(
        places,
        [("a.cedar", 2, 8), ("a.cedar", 3, 1), ("b.cedar", 2, 9), ("policies/e.rhai", 1, 1)],
        "{problems:#?}"
    );
    assert!(problems[0].message.contains("mfaa"), "{}", problems[0]);

    let typo =
        r#"permit (principal in Group::"Grafna Admins", action == Action::"access", resource == App::"grafana");"#;
    let set = compile(&PolicyInput { cedar_files: vec![("t.cedar".into(), typo.into())], ..homelab() });
    assert_eq!(
        set.warnings().iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "t.cedar:1:1: policy \"t.cedar:1\" names the group \"Grafna Admins\", which does not exist (did you mean \"Grafana Admins\"?)"
        ]
    );
}

#[test]
fn names_with_quotes_stay_names() {
    let mut input = homelab();
    input.apps.push(app(r#"x"); permit(principal, action, resource); //"#, &[r#"ta"g"#]));
    input.expressions = vec![check(r#"a "quoted" \ check"#, "true")];
    let set = compile(&input);
    assert!(!access(&set, Some(&prepared(person("bob", &[]))), "grafana", &Facts::at(noon())).allow);
}

#[test]
fn a_group_holds_what_might_open_without_it() {
    let text = r#"
        @id("head") permit (principal in Group::"Staff", action == Action::"access", resource) when { context.mfa };
        @id("both") permit (principal in Group::"Media", action == Action::"access", resource)
            unless { principal in Group::"Media" && principal in Group::"Guests" };
        @id("no-banned") forbid (principal in Group::"Banned", action, resource);
        @id("staff-only") forbid (principal is User, action == Action::"access", resource in Tag::"inner")
            unless { principal in Group::"Butlers" };
    "#;
    let input = PolicyInput { cedar_files: vec![("a.cedar".to_owned(), text.to_owned())], ..PolicyInput::default() };
    let set = PolicySet::compile(&input).unwrap_or_else(|problems| panic!("{problems:?}"));
    let holds = |group: &str| set.held_by_group(group).iter().map(|policy| policy.id.clone()).collect::<Vec<_>>();
    assert!(holds("Staff").is_empty(), "nobody passes it without the group");
    for (group, policy) in [("Media", "both"), ("Guests", "both"), ("Banned", "no-banned"), ("Butlers", "staff-only")] {
        assert_eq!(holds(group), [policy], "{group}");
    }
    assert_eq!(set.held_by_group("Banned")[0].file.as_deref(), Some("a.cedar"));
}
