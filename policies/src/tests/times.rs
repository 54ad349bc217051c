//! What time does to bindings, case by case: each sentence of the documentation.

use super::{access, app, bind, compile, in_group, noon, person, prepared};
use crate::{
    Action, BindingInput, ConditionInput, Decision, EngineMode, ExpressionInput, Facts, PolicyInput, PolicySet,
    Question, Resource, Subject, Target, TextOrigin, describe_denial,
};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_model::{
    Period,
    people::{GroupFact, TimedMembership},
};
use std::collections::HashMap;
use uuid::Uuid;

fn until(binding: BindingInput, at: DateTime<Utc>) -> BindingInput {
    BindingInput { period: Period { until: Some(at), ..binding.period }, ..binding }
}

fn from(binding: BindingInput, at: DateTime<Utc>) -> BindingInput {
    BindingInput { period: Period { from: Some(at), ..binding.period }, ..binding }
}

fn not(binding: BindingInput) -> BindingInput {
    BindingInput { negate: true, ..binding }
}

fn set(mode: EngineMode, bindings: Vec<BindingInput>) -> PolicySet {
    compile(&PolicyInput {
        bindings,
        engine_modes: HashMap::from([(Target::App("wiki".to_owned()), mode)]),
        apps: vec![app("wiki", &[])],
        ..PolicyInput::default()
    })
}

fn ask(set: &PolicySet, groups: &[&str], at: DateTime<Utc>) -> Decision {
    access(set, Some(&prepared(person("ada", groups))), "wiki", &Facts::at(at))
}

fn seconds(count: i64) -> TimeDelta {
    TimeDelta::seconds(count)
}

#[test]
fn an_app_whose_bindings_are_all_over_lets_nobody_in() {
    for mode in [EngineMode::Any, EngineMode::All] {
        let set = set(mode, vec![until(bind("wiki", 0, in_group("Editors")), noon())]);
        assert!(ask(&set, &["Editors"], noon() - seconds(1)).allow);
        assert!(!ask(&set, &["Editors"], noon()).allow, "the end is no part of the time");
        assert!(!ask(&set, &[], noon() + seconds(1)).allow);
    }
}

#[test]
fn among_any_what_is_over_opens_nothing_not_even_turned_around() {
    let guests = until(not(bind("wiki", 1, in_group("Guests"))), noon());
    let set = set(EngineMode::Any, vec![bind("wiki", 0, in_group("Editors")), guests]);
    assert!(ask(&set, &["Temps"], noon() - seconds(1)).allow);
    assert!(!ask(&set, &["Temps"], noon()).allow);
    assert!(ask(&set, &["Editors"], noon()).allow);
}

#[test]
fn among_all_what_is_over_keeps_nobody_out() {
    let guests = until(not(bind("wiki", 1, in_group("Guests"))), noon());
    let set = set(EngineMode::All, vec![bind("wiki", 0, in_group("Editors")), guests]);
    assert!(!ask(&set, &["Editors", "Guests"], noon() - seconds(1)).allow);
    assert!(ask(&set, &["Editors", "Guests"], noon()).allow, "guests were kept out until then");
    assert!(!ask(&set, &["Guests"], noon()).allow);
}

#[test]
fn among_all_nobody_passes_what_is_over() {
    let temps = until(bind("wiki", 1, in_group("Temps")), noon());
    let set = set(EngineMode::All, vec![bind("wiki", 0, in_group("Staff")), temps]);
    assert!(ask(&set, &["Staff", "Temps"], noon() - seconds(1)).allow);
    let over = ask(&set, &["Staff", "Temps"], noon());
    assert_eq!(describe_denial(&over), ["Access for members of the group Temps ended on 2026-11-25 10:20:30 UTC."]);
    assert!(!ask(&set, &["Staff"], noon()).allow, "the others alone open nothing");
}

#[test]
fn a_policy_outside_its_time_is_not_even_run() {
    let (script, broken) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let bound = |order, id, name: &str| bind("wiki", order, Subject::Policy(id, name.to_owned()));
    let set = compile(&PolicyInput {
        bindings: vec![
            bind("wiki", 0, in_group("Editors")),
            BindingInput { failure_result: true, ..until(bound(1, script, "says"), noon()) },
            until(bound(2, broken, "breaks"), noon()),
        ],
        expressions: vec![ExpressionInput {
            id: script,
            name: "says".to_owned(),
            source: "ak_message(\"From the script.\"); throw 1".to_owned(),
            origin: TextOrigin::start("says.rhai"),
        }],
        conditions: vec![ConditionInput {
            id: broken,
            name: "breaks".to_owned(),
            text: "9223372036854775807 + context.hour > 0".to_owned(),
            origin: TextOrigin::start("breaks.cedar"),
            checks_prompts: false,
        }],
        apps: vec![app("wiki", &[])],
        ..PolicyInput::default()
    });
    let before = ask(&set, &["Editors"], noon() - seconds(1));
    assert!(!before.allow && before.errors.len() == 2, "{before:?}");
    let after = ask(&set, &["Editors"], noon());
    assert!(after.allow && after.errors.is_empty() && after.messages.is_empty(), "{after:?}");
    assert!(!ask(&set, &[], noon()).allow, "a result for failures counts for nothing then");
}

#[test]
fn who_is_too_late_or_too_early_is_told_so() {
    let set = set(
        EngineMode::Any,
        vec![
            until(bind("wiki", 0, in_group("Editors")), noon() - seconds(30)),
            from(bind("wiki", 1, in_group("Temps")), noon() + seconds(30)),
        ],
    );
    let told = |groups: &[&str]| describe_denial(&ask(&set, groups, noon()));
    assert_eq!(told(&["Editors"]), ["Access for members of the group Editors ended on 2026-11-25 10:20 UTC."]);
    assert_eq!(told(&["Temps"]), ["Access for members of the group Temps begins on 2026-11-25 10:21 UTC."]);
    assert_eq!(told(&["Others"]), ["Nothing gives you access."]);
    let ada = prepared(person("ada", &["Editors"]));
    let facts = Facts::at(noon());
    let (action, resource) = (Action::Access, Resource::App("wiki"));
    let (_, trace) = set.explain(&Question { id: Uuid::nil(), principal: Some(&ada), action, resource, facts: &facts });
    let bindings: Vec<_> = trace.bindings.iter().map(ToString::to_string).collect();
    assert_eq!(
        bindings,
        [
            "is over    the group Editors, ended 2026-11-25 10:20 UTC",
            "is ahead   the group Temps, begins 2026-11-25 10:21 UTC",
        ]
    );
    let changes: Vec<_> = trace.changes.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(changes, ["extend the binding of the group Editors, which ended 2026-11-25 10:20 UTC"]);
    let resource = Resource::App("wiki");
    assert_eq!(set.turning_points(resource, noon()), [noon() + seconds(30)]);
}

#[test]
fn a_membership_that_is_over_is_told_of() {
    let set = set(EngineMode::Any, vec![bind("wiki", 0, in_group("Editors")), bind("wiki", 1, in_group("Temps"))]);
    let fact = |name: &str| GroupFact { pk: super::group(name).id, name: name.to_owned() };
    let timed =
        |name, from, until| TimedMembership { group: fact(name), period: Period { from, until }, around: Vec::new() };
    let over = timed("Editors", None, Some(noon() - seconds(30)));
    let ahead = timed("Temps", Some(noon() + seconds(30)), None);
    let ada = person("ada", &[]).with_times(vec![over, ahead], noon());
    assert_eq!(ada.holds_until, Some(noon() + seconds(30)));
    let ada = prepared(ada);
    let facts = Facts::at(noon());
    let (action, resource) = (Action::Access, Resource::App("wiki"));
    let question = Question { id: Uuid::nil(), principal: Some(&ada), action, resource, facts: &facts };
    let (decision, trace) = set.explain(&question);
    assert_eq!(
        describe_denial(&decision),
        [
            "Changing one of these would be enough:",
            "Your membership in the group Editors ended on 2026-11-25 10:20 UTC.",
            "Your membership in the group Temps begins on 2026-11-25 10:21 UTC.",
        ]
    );
    let changes: Vec<_> = trace.changes.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(
        changes,
        [
            "renew the membership in Editors, which ended 2026-11-25 10:20 UTC",
            "wait for the membership in Temps, which begins 2026-11-25 10:21 UTC",
        ]
    );
    let memberships: Vec<_> = trace.memberships.iter().map(ToString::to_string).collect();
    assert_eq!(
        memberships,
        ["the group Editors, ended 2026-11-25 10:20 UTC", "the group Temps, begins 2026-11-25 10:21 UTC"]
    );
}

#[test]
fn a_membership_below_is_told_of_where_the_group_around_it_is_wanted() {
    let set = set(EngineMode::All, vec![bind("wiki", 0, in_group("Staff")), bind("wiki", 1, in_group("Authors"))]);
    let fact = |name: &str| GroupFact { pk: super::group(name).id, name: name.to_owned() };
    let period = Period { from: None, until: Some(noon() - seconds(30)) };
    let over = TimedMembership { group: fact("Temps"), period, around: vec![fact("Authors"), fact("Staff")] };
    let ada = prepared(person("ada", &[]).with_times(vec![over], noon()));
    let facts = Facts::at(noon());
    let (action, resource) = (Action::Access, Resource::App("wiki"));
    let question = Question { id: Uuid::nil(), principal: Some(&ada), action, resource, facts: &facts };
    let (decision, trace) = set.explain(&question);
    let told = "Your membership in the group Temps ended on 2026-11-25 10:20 UTC.";
    assert!(describe_denial(&decision).iter().all(|sentence| sentence == told), "{:?}", describe_denial(&decision));
    let changes: Vec<_> = trace.changes.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(changes, ["renew the membership in Temps, which ended 2026-11-25 10:20 UTC"], "it alone, for both");
}
