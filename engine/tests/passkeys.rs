//! Passkeys: asked for, answered once, beside another proof and alone.

mod world;

use lockgate_engine::{
    CompiledFlow, Effect, Plan, Step,
    ports::{Event, Factor},
};
use lockgate_model::kinds::DeviceClass;
use serde_json::{Value, json};
use world::{World, build, id, page, stage};

const KEYS: u128 = 60;

fn passkey(pk: i64, name: &str) -> (Factor, String) {
    (Factor { pk, class: DeviceClass::Webauthn, name: name.to_owned(), last_used: None }, String::new())
}

/// Ada has two passkeys and an app between them, Eve a passkey, and may not sign in.
fn world() -> World {
    let world = World::default();
    let app = Factor { pk: 8, class: DeviceClass::Totp, name: "phone".to_owned(), last_used: None };
    let mut state = world.lock();
    state.factors.insert(1, vec![passkey(7, "laptop"), (app, "123456".to_owned()), passkey(9, "stick")]);
    state.factors.insert(3, vec![passkey(17, "eves")]);
    drop(state);
    world
}

fn login(step: &Step) -> Option<bool> {
    step.effects.iter().find_map(|effect| match effect {
        Effect::Login(login) => Some(login.mfa),
        _ => None,
    })
}

/// Name, password, any factor, session.
fn usual(mfa: Value) -> CompiledFlow {
    let keys = (KEYS, "authenticator_validate_stage", json!({"device_classes": ["webauthn"]}));
    let stages = [
        stage("identification_stage", json!({"user_fields": ["username"], "webauthn_stage": id(KEYS)})),
        stage("password_stage", json!({})),
        stage("authenticator_validate_stage", mfa),
        stage("user_login_stage", json!({})),
    ];
    build("authentication", json!({}), &stages, &[keys])
}

/// Nothing but a passkey.
fn alone(mfa: Value) -> CompiledFlow {
    let stages = [stage("authenticator_validate_stage", mfa), stage("user_login_stage", json!({}))];
    build("authentication", json!({}), &stages, &[])
}

fn known(world: &World, flow: &CompiledFlow) -> Plan {
    let mut plan = world.plan(flow);
    world.post(flow, &mut plan, json!({"uid_field": "ada"}));
    world.post(flow, &mut plan, json!({"password": "ada-secret"}));
    plan
}

fn answer(shown: &Value, key: &str, owner: i64, verified: bool) -> Value {
    let challenge = &shown["device_challenges"][0]["challenge"]["challenge"];
    json!({"webauthn": {"challenge": challenge, "key": key, "owner": owner, "verified": verified}})
}

fn complaint(step: Step, field: &str) -> String {
    page(step)["response_errors"][field][0]["code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn all_passkeys_of_somebody_are_asked_for_as_one() {
    let (world, flow) = (world(), usual(json!({})));
    let mut plan = known(&world, &flow);
    let shown = world.page(&flow, &mut plan);
    let classes: Vec<_> =
        shown["device_challenges"].as_array().expect("a list").iter().map(|d| &d["device_class"]).collect();
    assert_eq!(classes, ["webauthn", "totp"]);
    assert_eq!(shown["device_challenges"][0]["device_uid"], "-1");
    assert_eq!(shown["device_challenges"][0]["challenge"]["for"], 1);
    // Another way may be chosen, and then this one again.
    for (uid, class) in [("8", "totp"), ("-1", "webauthn")] {
        let shown = page(world.post(&flow, &mut plan, json!({"selected_challenge": uid})));
        assert_eq!(shown["device_challenges"][0]["device_class"], class);
    }
    let shown = world.page(&flow, &mut plan);
    world.post(&flow, &mut plan, answer(&shown, "stick", 1, false));
    assert_eq!(login(&world.get(&flow, &mut plan)), Some(true), "beside a password it is the second factor");
    assert_eq!(plan.context.auth_method.as_deref(), Some("password"));
    assert_eq!(plan.context.auth_method_args["mfa_devices"][0]["pk"], 9);
}

#[test]
fn a_challenge_is_answered_once() {
    let (world, flow) = (world(), usual(json!({})));
    let mut plan = known(&world, &flow);
    let shown = world.page(&flow, &mut plan);
    assert_eq!(world.page(&flow, &mut plan), shown, "a page that is loaded again goes on with it");
    let wrong = answer(&shown, "nobodys", 1, true);
    assert_eq!(complaint(world.post(&flow, &mut plan, wrong), "webauthn"), "invalid");
    let late = answer(&shown, "stick", 1, true);
    assert_eq!(complaint(world.post(&flow, &mut plan, late), "webauthn"), "invalid");
    let events = world.lock().events.clone();
    let wrong = |event: &&Event| matches!(event, Event::LoginFailed { reason: "wrong_passkey", user: Some(1), .. });
    assert_eq!(events.iter().filter(wrong).count(), 2, "{events:?}");
    // A code does not pass for a passkey, nor the other way round.
    assert_eq!(complaint(world.post(&flow, &mut plan, json!({"code": ""})), "code"), "blank");
    world.post(&flow, &mut plan, json!({"code": "123456"}));
    assert_eq!(login(&world.get(&flow, &mut plan)), Some(true));
}

#[test]
fn a_challenge_grows_old() {
    let flow = usual(json!({}));
    let mut world = world();
    let mut plan = known(&world, &flow);
    let shown = world.page(&flow, &mut plan);
    world.request.now += chrono::TimeDelta::minutes(11);
    assert_eq!(complaint(world.post(&flow, &mut plan, answer(&shown, "stick", 1, true)), "webauthn"), "invalid");
    let fresh = world.page(&flow, &mut plan);
    assert_ne!(fresh["device_challenges"], shown["device_challenges"]);
}

#[test]
fn a_passkey_that_verifies_says_whose_it_is() {
    let (world, flow) = (world(), alone(json!({"device_classes": ["webauthn"]})));
    let mut plan = world.plan(&flow);
    let shown = world.page(&flow, &mut plan);
    assert_eq!(
        (&shown["pending_user"], &shown["device_challenges"][0]["challenge"]["for"]),
        (&json!(""), &Value::Null)
    );
    assert_eq!(complaint(world.post(&flow, &mut plan, json!({})), "webauthn"), "required");
    for (key, owner, verified) in [("stick", 1, false), ("stick", 2, true), ("eves", 3, true), ("none", 1, true)] {
        let shown = world.page(&flow, &mut plan);
        let step = world.post(&flow, &mut plan, answer(&shown, key, owner, verified));
        assert_eq!(complaint(step, "webauthn"), "invalid", "{key} of {owner}");
        assert_eq!(plan.context.pending, None);
    }
    let shown = world.page(&flow, &mut plan);
    world.post(&flow, &mut plan, answer(&shown, "stick", 1, true));
    assert_eq!(login(&world.get(&flow, &mut plan)), Some(true), "it is two factors in one");
    assert_eq!(plan.context.auth_method.as_deref(), Some("auth_webauthn_pwl"));

    // Where no passkeys are taken nobody comes in without a name.
    let flow = alone(json!({"device_classes": ["totp"]}));
    let mut plan = world.plan(&flow);
    assert_eq!(world.page(&flow, &mut plan)["component"], "ak-stage-access-denied");
}

#[test]
fn a_passkey_beside_the_name_leaves_nothing_to_ask() {
    let world = world();
    let flow = usual(json!({}));
    let binding = id(world::BINDING + 1);
    world.lock().policies.insert(binding, world::Policy::UnlessAuthenticated);
    let offered = |plan: &mut Plan| world.page(&flow, plan)["passkey_challenge"]["challenge"].clone();
    let mut plan = world.plan(&flow);
    let challenge = offered(&mut plan);
    let wrong = json!({"passkey": {"challenge": challenge, "key": "stick", "owner": 1, "verified": false}});
    assert_eq!(complaint(world.post(&flow, &mut plan, wrong), "non_field_errors"), "invalid");
    let right = json!({"passkey": {"challenge": offered(&mut plan), "key": "stick", "owner": 1, "verified": true}});
    world.post(&flow, &mut plan, right);
    assert_eq!(login(&world.get(&flow, &mut plan)), Some(true));

    // Which models may come is for each stage to say.
    let flow = usual(json!({"webauthn_allowed_device_types": ["cb69481e-8ff7-4039-93ec-0a2729a154a8"]}));
    let mut plan = world.plan(&flow);
    let challenge = world.page(&flow, &mut plan)["passkey_challenge"]["challenge"].clone();
    let right = json!({"passkey": {"challenge": challenge, "key": "stick", "owner": 1, "verified": true}});
    world.post(&flow, &mut plan, right);
    assert_eq!(world.page(&flow, &mut plan)["component"], "ak-stage-authenticator-validate");
}

#[test]
fn one_is_set_up_where_there_is_none() {
    let setup = (KEYS + 1, "authenticator_webauthn_stage", json!({"friendly_name": "A key", "max_attempts": 2}));
    let mfa = json!({"not_configured_action": "configure", "configuration_stages": [id(KEYS + 1)]});
    let stages = [
        stage("identification_stage", json!({"user_fields": ["username"]})),
        stage("password_stage", json!({})),
        stage("authenticator_validate_stage", mfa),
        stage("user_login_stage", json!({})),
    ];
    let flow = build("authentication", json!({}), &stages, &[setup]);
    let world = world();
    let begin = || {
        let mut plan = world.plan(&flow);
        world.post(&flow, &mut plan, json!({"uid_field": "bob"}));
        world.post(&flow, &mut plan, json!({"password": "bob-secret"}));
        plan
    };
    let mut plan = begin();
    let shown = world.page(&flow, &mut plan);
    assert_eq!(
        (&shown["component"], &shown["registration"]["user"]),
        (&json!("ak-stage-authenticator-webauthn"), &json!("bob"))
    );
    let response = |shown: &Value| json!({"response": {"challenge": shown["registration"]["challenge"], "key": "new"}});
    let wrong = json!({"response": {"challenge": "another", "key": "new"}});
    assert_eq!(complaint(world.post(&flow, &mut plan, wrong.clone()), "response"), "invalid");
    assert_eq!(complaint(world.post(&flow, &mut plan, json!({})), "response"), "required");
    let shown = world.page(&flow, &mut plan);
    world.post(&flow, &mut plan, response(&shown));
    assert_eq!(login(&world.get(&flow, &mut plan)), Some(true));
    assert!(plan.context.ceremonies.is_empty());

    world.lock().factors.remove(&2);
    let mut plan = begin();
    for last in [false, true] {
        world.page(&flow, &mut plan);
        let shown = page(world.post(&flow, &mut plan, wrong.clone()));
        assert_eq!(shown["component"] == "ak-stage-access-denied", last, "{shown}");
    }
}

#[test]
fn nobody_makes_one_for_a_name_that_was_only_typed() {
    let stages = [
        stage("identification_stage", json!({"user_fields": ["username"]})),
        stage("authenticator_webauthn_stage", json!({})),
    ];
    let flow = build("authentication", json!({}), &stages, &[]);
    let world = world();
    let mut plan = world.plan(&flow);
    world.post(&flow, &mut plan, json!({"uid_field": "ada"}));
    assert_eq!(page(world.get(&flow, &mut plan))["component"], "ak-stage-access-denied");
}

#[test]
fn whoever_is_signed_in_may_sign_in_anew() {
    let mut world = world();
    let ada = world.lock().users[&1].0.clone();
    world.session = Some(world::principal(ada));
    let flow = alone(json!({"device_classes": ["webauthn", "totp"]}));
    for (verified, signs_in) in [(false, None), (true, Some(true))] {
        let mut plan = world.plan(&flow);
        let shown = world.page(&flow, &mut plan);
        assert_eq!(shown["device_challenges"][0]["challenge"]["for"], 1);
        world.post(&flow, &mut plan, answer(&shown, "stick", 1, verified));
        assert_eq!(login(&world.get(&flow, &mut plan)), signs_in, "{verified}");
    }
}

#[test]
fn an_address_without_a_name_takes_no_passkey_and_lets_nobody_by() {
    let mut world = world();
    world.request.host = "192.0.2.1".to_owned();
    let flow = usual(json!({}));
    let mut plan = world.plan(&flow);
    assert_eq!(world.page(&flow, &mut plan)["passkey_challenge"], Value::Null);
    let mut plan = known(&world, &flow);
    let shown = world.page(&flow, &mut plan);
    assert_eq!(shown["device_challenges"].as_array().map(Vec::len), Some(1), "the app is left: {shown}");
    world.lock().factors.insert(1, vec![passkey(7, "laptop")]);
    let mut plan = known(&world, &flow);
    assert_eq!(world.page(&flow, &mut plan)["component"], "ak-stage-access-denied");
    let mut plan = world.plan(&alone(json!({})));
    assert_eq!(world.page(&alone(json!({})), &mut plan)["component"], "ak-stage-access-denied");
}
