//! Policies that are conditions in Cedar, and what native ones do to decisions.

use super::{access, app, bind, compile, group, in_group, noon, person, prepared};
use crate::{
    Action, Cacheability, ConditionInput, EngineMode, Evidence, Facts, Native, NativeInput, PolicyInput, PolicySet,
    Question, Resource, Scores, Subject, Target, TextOrigin,
};
use serde_json::json;
use uuid::Uuid;

const LAN: &str = "context has ip && context.ip.isInRange(ip(\"10.0.0.0/8\")) // home";

fn condition(name: &str, text: &str) -> ConditionInput {
    ConditionInput {
        id: Uuid::new_v5(&Uuid::NAMESPACE_DNS, name.as_bytes()),
        name: name.to_owned(),
        text: text.to_owned(),
        origin: TextOrigin { file: "policies.yaml".to_owned(), line: 7, column: 8 },
        checks_prompts: false,
    }
}

fn subject(condition: &ConditionInput) -> Subject {
    Subject::Policy(condition.id, condition.name.clone())
}

fn wiki(text: &str, negate: bool) -> PolicyInput {
    let declared = condition("lan", text);
    let mut binding = bind("wiki", 0, subject(&declared));
    binding.negate = negate;
    PolicyInput {
        apps: vec![app("wiki", &[])],
        bindings: vec![binding],
        conditions: vec![declared],
        groups: vec![group("Staff")],
        ..PolicyInput::default()
    }
}

fn from<'a>(ip: &str) -> Facts<'a> {
    Facts { ip: ip.parse().ok(), ..Facts::at(noon()) }
}

#[test]
fn a_condition_decides_where_it_is_bound() {
    let ada = prepared(person("ada", &[]));
    for negate in [false, true] {
        let set = compile(&wiki(LAN, negate));
        for (ip, inside) in [("10.1.2.3", true), ("192.0.2.1", false), ("nothing", false)] {
            let decision = access(&set, Some(&ada), "wiki", &from(ip));
            assert_eq!(decision.allow, inside != negate, "{ip} {negate}: {:?}", decision.errors);
            let needed = json!(decision.needed).to_string();
            assert!(decision.allow || needed.contains("lan"), "{needed}");
            assert_eq!(decision.cacheable, Cacheability::Unbounded, "under the address");
        }
        assert!(!set.reads(Resource::App("wiki")).expect("an app").only_principal());
    }
}

#[test]
fn a_condition_adds_up_with_others() {
    let mut input = wiki(LAN, false);
    input.bindings.push(bind("wiki", 1, in_group("Staff")));
    let (staff, other) = (prepared(person("bob", &["Staff"])), prepared(person("ada", &[])));
    for (mode, table) in
        [(EngineMode::Any, [(true, true), (true, true)]), (EngineMode::All, [(true, false), (false, false)])]
    {
        input.engine_modes.insert(Target::App("wiki".to_owned()), mode);
        let set = compile(&input);
        for (who, (inside, outside)) in [&staff, &other].into_iter().zip(table) {
            assert_eq!(access(&set, Some(who), "wiki", &from("10.0.0.1")).allow, inside, "{mode:?}");
            let expected = outside && (mode == EngineMode::All || who.principal().user.username == "bob");
            assert_eq!(access(&set, Some(who), "wiki", &from("192.0.2.1")).allow, expected, "{mode:?}");
        }
    }
}

fn complaint(text: &str) -> String {
    let problems = PolicySet::compile(&wiki(text, false)).expect_err(text);
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_condition_that_is_wrong_is_pointed_at() {
    assert!(complaint("context.ipp == 1").starts_with("policies.yaml:7:8:"), "{}", complaint("context.ipp == 1"));
    let second = complaint("context has ip &&\n  context.hour == \"ten\"");
    assert!(second.starts_with("policies.yaml:8:3:"), "{second}");
    assert!(complaint("true } unless { false").starts_with("policies.yaml:7:13:"));
    assert!(complaint("true };\npermit (principal, action, resource) when { true").contains("policies.yaml:7:"));
    assert!(complaint("\"a text\"").starts_with("policies.yaml:7:8:"));
    assert!(complaint("").starts_with("policies.yaml:7:8:"));
}

#[test]
fn a_condition_that_can_never_hold_is_doubted() {
    let set = compile(&wiki("context has ipp && context.mfa", false));
    let [warning] = set.warnings() else { panic!("{:?}", set.warnings()) };
    assert_eq!((warning.file.as_str(), warning.line), ("policies.yaml", 7), "{warning}");
    assert!(compile(&wiki(LAN, false)).warnings().is_empty());
}

#[test]
fn a_condition_has_to_fit_what_it_is_bound_to() {
    let text = "resource.slug == \"wiki\" && principal.username == \"ada\"";
    let set = compile(&wiki(text, false));
    assert!(access(&set, Some(&prepared(person("ada", &[]))), "wiki", &from("10.0.0.1")).allow);
    let mut input = wiki(text, false);
    input.bindings[0].target = Target::Flow("login".to_owned());
    let problems = PolicySet::compile(&input).expect_err("a flow has no slug, a visitor no name");
    assert!(problems.iter().all(|p| p.file == "policies.yaml"), "{problems:?}");
    input.bindings.clear();
    compile(&input);
    input.conditions[0].checks_prompts = true;
    assert!(PolicySet::compile(&input).is_err(), "prompts belong to flows");
}

#[test]
fn a_condition_can_be_asked_by_itself() {
    let mut input = wiki(LAN, true);
    let slug = condition("slug", "resource.slug == \"wiki\"");
    input.conditions.push(slug.clone());
    let set = compile(&input);
    let ada = prepared(person("ada", &[]));
    let ask = |id: Uuid, action: Action, resource: Resource<'_>, ip: &str| {
        let facts = from(ip);
        let question = Question { id: Uuid::nil(), principal: Some(&ada), action, resource, facts: &facts };
        set.condition(id, &question).expect("a condition")
    };
    let lan = input.conditions[0].id;
    assert_eq!(ask(lan, Action::Run, Resource::Flow(""), "10.0.0.1"), Ok(true));
    assert_eq!(ask(lan, Action::Run, Resource::Flow(""), "192.0.2.1"), Ok(false));
    assert_eq!(ask(slug.id, Action::Access, Resource::App("wiki"), "10.0.0.1"), Ok(true));
    assert_eq!(ask(slug.id, Action::Run, Resource::Flow(""), "10.0.0.1"), Err("it cannot be asked of a flow".into()));
    let facts = from("10.0.0.1");
    let question =
        Question { id: Uuid::nil(), principal: None, action: Action::Run, resource: Resource::Flow(""), facts: &facts };
    assert_eq!(set.condition(Uuid::nil(), &question), None);
}

#[test]
fn a_group_that_a_condition_speaks_of_holds() {
    let set = compile(&wiki("!(principal in Group::\"Staff\")", false));
    assert_eq!(set.held_by_group("Staff").len(), 1);
    assert!(set.held_by_group("Others").is_empty());
}

fn scored(failure_result: bool, negate: bool) -> PolicySet {
    let rule = serde_json::from_value(json!({"name": "bad", "threshold": -2})).expect("a policy");
    let declared = NativeInput { id: Uuid::from_u128(9), name: "bad".to_owned(), rule: Native::Reputation(rule) };
    let mut binding = bind("wiki", 0, Subject::Policy(declared.id, declared.name.clone()));
    (binding.negate, binding.failure_result) = (negate, failure_result);
    compile(&PolicyInput {
        apps: vec![app("wiki", &[])],
        bindings: vec![binding],
        natives: vec![declared],
        ..PolicyInput::default()
    })
}

#[test]
fn what_was_fetched_decides_and_is_never_remembered() {
    let ada = prepared(person("ada", &[]));
    let set = scored(false, true);
    let facts = from("10.0.0.1");
    assert!(set.wants(Resource::App("wiki"), &facts).reputation);
    for (score, allow) in [(-3, false), (0, true)] {
        let scores = Scores { ip: score, username: score, both: score };
        let evidence = Evidence { reputation: Some(scores), ..Evidence::default() };
        let decision = access(&set, Some(&ada), "wiki", &Facts { evidence: &evidence, ..facts });
        assert_eq!((decision.allow, decision.cacheable), (allow, Cacheability::Never));
    }
}

#[test]
fn what_nobody_fetched_fails_as_the_binding_says() {
    let ada = prepared(person("ada", &[]));
    for failure_result in [false, true] {
        let decision = access(&scored(failure_result, true), Some(&ada), "wiki", &from("10.0.0.1"));
        assert_eq!(decision.allow, failure_result);
        assert_eq!(decision.errors, ["policy \"bad\": the scores are not known"]);
        assert_eq!(decision.cacheable, Cacheability::Never);
    }
}

#[test]
fn a_cedar_file_reads_the_result_of_a_rule() {
    let rule = |result: bool| {
        let rule = serde_json::from_value(json!({"name": "gate", "result": result})).expect("a policy");
        NativeInput { id: Uuid::from_u128(9), name: "gate".to_owned(), rule: Native::Dummy(rule) }
    };
    for result in [true, false] {
        let file = "forbid (principal, action == Action::\"access\", resource) unless { context.checks[\"gate\"] };";
        let set = compile(&PolicyInput {
            apps: vec![app("wiki", &[])],
            natives: vec![rule(result)],
            cedar_files: vec![("gate.cedar".to_owned(), file.to_owned())],
            ..PolicyInput::default()
        });
        assert_eq!(access(&set, Some(&prepared(person("ada", &[]))), "wiki", &from("10.0.0.1")).allow, result);
    }
}
