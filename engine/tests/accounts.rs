//! How accounts come and go, and steps that are for a later version.

mod world;

use lockgate_engine::{CompiledFlow, Context, Effect, Outcome, Plan, ports::Event, ports::Invitation};
use lockgate_model::{Family, kind::KINDS, kinds::is_later_stage};
use serde_json::{Value, json};
use uuid::Uuid;
use world::{FLOW, OTHER_FLOW, World, build, id, now, stage};

const KEY: u128 = 70;

fn prompt(key: &str, kind: &str) -> Value {
    json!({"field_key": key, "label": key, "type": kind, "required": false})
}

/// Asks for name and e-mail address, which cannot be changed, behind an invitation.
fn enrollment(invitation: Value) -> CompiledFlow {
    let extra = [(50, "prompt", prompt("username", "text")), (51, "prompt", prompt("email", "text_read_only"))];
    let stages = [
        stage("invitation_stage", invitation),
        stage("prompt_stage", json!({"fields": [id(50), id(51)]})),
        stage("user_write_stage", json!({"create_users_as_inactive": false})),
    ];
    build("enrollment", json!({}), &stages, &extra)
}

fn invite(world: &World, change: impl FnOnce(&mut Invitation)) {
    let data = json!({"email": "carol@example.com", "attributes": {"team": "a"}, "password": "readable"});
    let mut invitation = Invitation {
        pk: id(KEY),
        name: "for-carol".to_owned(),
        flow: Some(id(FLOW)),
        single_use: true,
        fixed_data: data.as_object().cloned().unwrap_or_default(),
    };
    change(&mut invitation);
    world.lock().invitations.insert(id(KEY), (invitation, Some(now() + chrono::TimeDelta::hours(1))));
}

fn begin(world: &World, flow: &CompiledFlow, query: &str) -> Plan {
    world.start(flow, query, Context::default()).expect("the flow is for everybody")
}

fn denial(outcome: Outcome) -> String {
    let shown = outcome.into_challenge().map(|c| serde_json::to_value(c).expect("serialises")).unwrap_or_default();
    assert_eq!(shown["component"], "ak-stage-access-denied", "{shown}");
    shown["error_message"].as_str().unwrap_or_default().to_owned()
}

fn invited() -> String {
    format!("itoken={}", id(KEY))
}

#[test]
fn who_is_invited_gets_an_account_with_what_the_invitation_says() {
    let (world, flow) = (World::default(), enrollment(json!({})));
    invite(&world, |_| {});
    let mut plan = begin(&world, &flow, &invited());
    let page = world.page(&flow, &mut plan);
    assert_eq!(page["fields"][0]["initial_value"], "");
    assert_eq!(page["fields"][1]["initial_value"], "carol@example.com", "also where it cannot be changed");
    let used = Event::InvitationUsed { name: "for-carol".to_owned(), flow: "test".to_owned() };
    assert_eq!(world.lock().events, [used]);
    let stored = serde_json::to_string(&plan).expect("serialises");
    assert!(!stored.contains("readable"), "a password would lie in the session: {stored}");

    world.post(&flow, &mut plan, json!({"username": "carol", "email": "root@example.com"}));
    let step = world.get(&flow, &mut plan);
    let written = Effect::UserWritten { user: 4, created: true, password_changed: false, keep_other_sessions: false };
    assert_eq!(step.effects[0], written);
    let carol = world.lock().users[&4].0.clone();
    assert_eq!((carol.username.as_str(), carol.email.as_str()), ("carol", "carol@example.com"));
    assert_eq!(carol.attributes["team"], "a");
    assert!(world.lock().invitations.is_empty(), "it was for one account");
}

#[test]
fn an_invitation_for_one_makes_one_account_however_many_come_at_once() {
    let (world, flow) = (World::default(), enrollment(json!({})));
    invite(&world, |_| {});
    let (mut first, mut second) = (begin(&world, &flow, &invited()), begin(&world, &flow, &invited()));
    for (plan, name) in [(&mut first, "carol"), (&mut second, "dave")] {
        world.get(&flow, plan);
        world.post(&flow, plan, json!({"username": name}));
    }
    assert!(matches!(world.get(&flow, &mut first).outcome, Outcome::Done { .. }));
    assert_eq!(denial(world.get(&flow, &mut second).outcome), "used up");
    assert_eq!(world.lock().users.len(), 4);

    invite(&world, |invitation| invitation.single_use = false);
    for name in ["erin", "frank"] {
        let mut plan = begin(&world, &flow, &invited());
        world.get(&flow, &mut plan);
        world.post(&flow, &mut plan, json!({"username": name}));
        assert!(matches!(world.get(&flow, &mut plan).outcome, Outcome::Done { .. }));
    }
    assert_eq!(world.lock().users.len(), 6);
}

#[test]
fn who_is_not_invited_is_turned_away_unless_the_stage_says_otherwise() {
    let (strict, open) = (enrollment(json!({})), enrollment(json!({"continue_flow_without_invitation": true})));
    let elsewhere = |world: &World| invite(world, |invitation| invitation.flow = Some(id(OTHER_FLOW)));
    type Case = (&'static str, String, fn(&mut World));
    let cases: [Case; 5] = [
        ("without a key", String::new(), |_| {}),
        ("with nonsense", "itoken=%00%27--".to_owned(), |_| {}),
        ("with the key of nothing", format!("itoken={}", Uuid::nil()), |_| {}),
        ("too late", invited(), |world| world.request.now += chrono::TimeDelta::hours(2)),
        ("for another flow", invited(), |_| {}),
    ];
    for (case, query, change) in cases {
        let mut world = World::default();
        if case == "for another flow" {
            elsewhere(&world)
        } else {
            invite(&world, |_| {})
        }
        change(&mut world);
        let mut plan = begin(&world, &strict, &query);
        assert_eq!(denial(world.get(&strict, &mut plan).outcome), "Invalid invite/invite not found", "{case}");
        let mut plan = begin(&world, &open, &query);
        let page = world.page(&open, &mut plan);
        assert_eq!(page["component"], "ak-stage-prompt", "{case}");
        assert_eq!(page["fields"][1]["initial_value"], "", "{case}");
        assert!(world.lock().invitations.contains_key(&id(KEY)), "{case}");
    }
}

#[test]
fn a_deleted_account_is_gone_with_its_login() {
    let flow = build("unenrollment", json!({}), &[stage("user_delete_stage", json!({}))], &[]);
    let world = World::signed_in(1);
    let mut plan = world.plan(&flow);
    let step = world.get(&flow, &mut plan);
    assert_eq!(step.effects[0], Effect::Logout);
    assert_eq!(step.outcome, Outcome::Done { to: "/".to_owned() });
    assert!(!world.lock().users.contains_key(&1) && world.lock().users.contains_key(&2));

    let nobody = World::default();
    let mut plan = nobody.plan(&flow);
    assert_eq!(denial(nobody.get(&flow, &mut plan).outcome), "Nobody has proven who they are yet.");
}

#[test]
fn nobody_deletes_whose_name_they_only_type() {
    let stages =
        [stage("identification_stage", json!({"user_fields": ["username"]})), stage("user_delete_stage", json!({}))];
    let flow = build("unenrollment", json!({}), &stages, &[]);
    let world = World::signed_in(2);
    let mut plan = world.plan(&flow);
    world.get(&flow, &mut plan);
    world.post(&flow, &mut plan, json!({"uid_field": "ada"}));
    assert_eq!(denial(world.get(&flow, &mut plan).outcome), "Nobody has proven who they are yet.");
    assert_eq!(world.lock().users.len(), 3);
}

#[test]
fn who_proves_to_be_somebody_else_deletes_that_account_and_stays_signed_in() {
    let stages = [
        stage("identification_stage", json!({"user_fields": ["username"]})),
        stage("password_stage", json!({})),
        stage("user_delete_stage", json!({})),
    ];
    let flow = build("unenrollment", json!({}), &stages, &[]);
    let world = World::signed_in(2);
    let mut plan = world.plan(&flow);
    world.get(&flow, &mut plan);
    world.post(&flow, &mut plan, json!({"uid_field": "ada"}));
    world.get(&flow, &mut plan);
    world.post(&flow, &mut plan, json!({"password": "ada-secret"}));
    let step = world.get(&flow, &mut plan);
    assert!(!step.effects.contains(&Effect::Logout), "{step:?}");
    assert!(!world.lock().users.contains_key(&1) && world.lock().users.contains_key(&2));
}

#[test]
fn who_is_deleted_the_moment_they_sign_in_is_not_signed_in() {
    let stages = [
        stage("identification_stage", json!({"user_fields": ["username"]})),
        stage("password_stage", json!({})),
        stage("user_login_stage", json!({})),
        stage("user_delete_stage", json!({})),
    ];
    let flow = build("authentication", json!({}), &stages, &[]);
    let world = World::default();
    let mut plan = world.plan(&flow);
    world.get(&flow, &mut plan);
    world.post(&flow, &mut plan, json!({"uid_field": "ada"}));
    world.get(&flow, &mut plan);
    world.post(&flow, &mut plan, json!({"password": "ada-secret"}));
    let step = world.get(&flow, &mut plan);
    assert!(!step.effects.iter().any(|effect| matches!(effect, Effect::Login(_) | Effect::Logout)), "{step:?}");
    assert!(!world.lock().users.contains_key(&1));
}

/// A body for each stage that is for later.
fn minimal(kind: &str) -> Value {
    match kind {
        "source_stage" => json!({"source": id(9)}),
        _ => json!({}),
    }
}

#[test]
fn what_cannot_be_run_yet_denies() {
    let mut tried = 0;
    for kind in KINDS.iter().filter(|kind| kind.meta.family == Family::Stage && is_later_stage(kind.meta.kind)) {
        let stages = [stage(kind.meta.kind, minimal(kind.meta.kind)), stage("dummy_stage", json!({}))];
        let flow = build("authentication", json!({}), &stages, &[]);
        let world = World::signed_in(1);
        let mut plan = world.plan(&flow);
        let told = denial(world.get(&flow, &mut plan).outcome);
        assert!(told.contains(&format!("({})", kind.meta.word)) && told.contains("this version"), "{told}");
        let events = world.lock().events.clone();
        assert!(matches!(&events[..], [Event::FlowDenied { reason, .. }] if *reason == told), "{events:?}");
        tried += 1;
    }
    assert_eq!(tried, 1);
}
