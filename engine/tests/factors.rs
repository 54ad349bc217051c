//! Second factors: asked for, chosen, remembered, set up.

mod world;

use lockgate_engine::{
    Effect, Outcome, Plan, Step,
    ports::{Event, Factor},
};
use lockgate_model::kinds::DeviceClass;
use serde_json::{Value, json};
use world::{STAGE, World, build, id, page, stage};

const SETUP: u128 = 50;

fn factor(pk: i64, class: DeviceClass, name: &str) -> Factor {
    Factor { pk, class, name: name.to_owned(), last_used: None }
}

/// Ada has an app and codes on paper.
fn world() -> World {
    let world = World::default();
    let app = (factor(7, DeviceClass::Totp, "phone"), "123456".to_owned());
    let paper = (factor(8, DeviceClass::Static, "paper"), "abcdefgh".to_owned());
    world.lock().factors.insert(1, vec![app, paper]);
    world
}

fn flow(mfa: Value) -> lockgate_engine::CompiledFlow {
    let stages = [
        stage("identification_stage", json!({"user_fields": ["username"]})),
        stage("password_stage", json!({})),
        stage("authenticator_validate_stage", mfa),
        stage("user_login_stage", json!({})),
    ];
    let extra = [
        (SETUP, "authenticator_totp_stage", json!({"friendly_name": "An app"})),
        (SETUP + 1, "authenticator_static_stage", json!({"token_count": 3, "token_length": 10})),
    ];
    build("authentication", json!({}), &stages, &extra)
}

/// Up to where the second factor is asked for.
fn known(world: &World, flow: &lockgate_engine::CompiledFlow, name: &str) -> Plan {
    let mut plan = world.plan(flow);
    world.post(flow, &mut plan, json!({"uid_field": name}));
    world.post(flow, &mut plan, json!({"password": format!("{name}-secret")}));
    plan
}

fn login(step: &Step) -> Option<bool> {
    step.effects.iter().find_map(|effect| match effect {
        Effect::Login(login) => Some(login.mfa),
        _ => None,
    })
}

fn complaint(step: Step, field: &str) -> String {
    page(step)["response_errors"][field][0]["code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_code_of_any_factor_is_taken() {
    for (code, class) in [("123 456", "totp"), ("abcd efgh", "static")] {
        let (world, flow) = (world(), flow(json!({})));
        let mut plan = known(&world, &flow, "ada");
        let shown = world.page(&flow, &mut plan);
        assert_eq!(shown["component"], "ak-stage-authenticator-validate");
        let first = json!({"device_class": "totp", "device_uid": "7", "challenge": {}, "last_used": null});
        assert_eq!(shown["device_challenges"][0], first);
        assert_eq!(shown["configuration_stages"], json!([]));
        assert_eq!(complaint(world.post(&flow, &mut plan, json!({"code": "654321"})), "code"), "invalid");
        assert_eq!(complaint(world.post(&flow, &mut plan, json!({})), "code"), "required");
        world.post(&flow, &mut plan, json!({"code": code}));
        let step = world.get(&flow, &mut plan);
        assert_eq!(login(&step), Some(true), "{step:?}");
        assert_eq!(plan.context.auth_method.as_deref(), Some("password"));
        assert_eq!(plan.context.auth_method_args["mfa_devices"][0]["class"], class);
        let events = world.lock().events.clone();
        let wrong = |event: &Event| matches!(event, Event::LoginFailed { reason: "wrong_code", user: Some(1), .. });
        assert_eq!(events.iter().filter(|event| wrong(event)).count(), 1, "{events:?}");
    }
}

#[test]
fn a_chosen_factor_is_the_only_one_that_counts() {
    let (world, flow) = (world(), flow(json!({})));
    let mut plan = known(&world, &flow, "ada");
    world.get(&flow, &mut plan);
    // A program sends the challenge, a form the key.
    for chosen in [json!({"device_class": "static", "device_uid": "8"}), json!("8")] {
        let shown = page(world.post(&flow, &mut plan, json!({"selected_challenge": chosen})));
        assert_eq!(shown["device_challenges"][0]["device_uid"], "8");
        assert_eq!(shown["response_errors"], Value::Null);
    }
    assert_eq!(complaint(world.post(&flow, &mut plan, json!({"code": "123456"})), "code"), "invalid");
    let strange = world.post(&flow, &mut plan, json!({"selected_challenge": "9"}));
    assert_eq!(complaint(strange, "selected_challenge"), "invalid");
    // Beside a code it says whose that is.
    world.post(&flow, &mut plan, json!({"code": "123456", "selected_challenge": "7"}));
    assert_eq!(login(&world.get(&flow, &mut plan)), Some(true));
}

#[test]
fn too_many_wrong_codes_make_a_pause() {
    let (world, flow) = (world(), flow(json!({"device_classes": ["static"]})));
    let mut plan = known(&world, &flow, "ada");
    world.get(&flow, &mut plan);
    let step = world.post(&flow, &mut plan, json!({"code": "wait"}));
    assert_eq!(step.retry_after, Some(7));
    assert_eq!(complaint(step, "code"), "throttled");
}

#[test]
fn who_has_none_goes_on_is_refused_or_sets_one_up() {
    let skip = flow(json!({}));
    let world = world();
    let mut plan = known(&world, &skip, "bob");
    assert_eq!(login(&world.get(&skip, &mut plan)), Some(false), "without a second factor");

    let deny = flow(json!({"not_configured_action": "deny"}));
    let mut plan = known(&world, &deny, "bob");
    let step = world.get(&deny, &mut plan);
    assert_eq!(
        (page(step)["component"].as_str(), login(&world.get(&deny, &mut plan))),
        (Some("ak-stage-access-denied"), None)
    );
    // Another sort than is accepted is none.
    let only = flow(json!({"not_configured_action": "deny", "device_classes": ["webauthn"]}));
    let mut plan = known(&world, &only, "ada");
    assert_eq!(page(world.get(&only, &mut plan))["component"], "ak-stage-access-denied");
}

#[test]
fn an_app_is_set_up_where_there_is_none() {
    let setups = json!({"not_configured_action": "configure", "configuration_stages": [id(SETUP), id(SETUP + 1)]});
    let (world, flow) = (world(), flow(setups));
    let mut plan = known(&world, &flow, "bob");
    let shown = world.page(&flow, &mut plan);
    let choice = json!({
        "pk": id(SETUP), "name": "An app", "verbose_name": "TOTP Authenticator Setup Stage",
        "meta_model_name": "authentik_stages_authenticator_totp.authenticatortotpstage",
    });
    assert_eq!(shown["configuration_stages"][0], choice);
    let strange = world.post(&flow, &mut plan, json!({"selected_stage": id(STAGE)}));
    assert_eq!(complaint(strange, "selected_stage"), "invalid");
    let shown = page(world.post(&flow, &mut plan, json!({"selected_stage": id(SETUP)})));
    assert_eq!(shown["component"], "ak-stage-authenticator-totp");
    assert_eq!(shown["config_url"], "otpauth://totp/Acme:bob?secret=secret of 123456");
    // What the session keeps of it is sealed for Bob.
    assert!(plan.context.setting_up.values().all(|sealed| sealed.starts_with("2|")));
    let wrong = json!({"component": "ak-stage-authenticator-totp", "code": "000000"});
    assert_eq!(complaint(world.post(&flow, &mut plan, wrong), "code"), "invalid");
    world.post(&flow, &mut plan, json!({"component": "ak-stage-authenticator-totp", "code": "123 456"}));
    assert_eq!(login(&world.get(&flow, &mut plan)), Some(true), "the code that proved it counts");
    let enrolled = |event: &Event| matches!(event, Event::FactorEnrolled { user: 2, .. });
    assert!(world.lock().events.iter().any(enrolled));
    assert!(plan.context.setting_up.is_empty());
}

#[test]
fn codes_on_paper_are_shown_until_they_are_kept() {
    let stages = [stage("authenticator_static_stage", json!({"token_count": 3, "token_length": 10}))];
    let flow = build("stage_configuration", json!({}), &stages, &[]);
    let world = World::signed_in(2);
    let mut plan = world.plan(&flow);
    let shown = world.page(&flow, &mut plan);
    let codes: Vec<String> = serde_json::from_value(shown["codes"].clone()).expect("codes");
    assert!(codes.len() == 3 && codes.iter().all(|code| code.len() == 10) && codes[0] != codes[1], "{codes:?}");
    assert_eq!(world.page(&flow, &mut plan)["codes"], shown["codes"], "the same as long as they are not kept");
    assert!(world.lock().factors.is_empty());
    world.post(&flow, &mut plan, json!({}));
    assert_eq!(world.lock().factors[&2][0].1, codes.concat());
}

#[test]
fn nobody_sets_up_a_factor_for_a_name_that_was_only_typed() {
    for kind in ["authenticator_totp_stage", "authenticator_static_stage"] {
        let stages = [stage("identification_stage", json!({"user_fields": ["username"]})), stage(kind, json!({}))];
        let flow = build("authentication", json!({}), &stages, &[]);
        let world = World::default();
        let mut plan = world.plan(&flow);
        world.post(&flow, &mut plan, json!({"uid_field": "ada"}));
        assert_eq!(page(world.get(&flow, &mut plan))["component"], "ak-stage-access-denied", "{kind}");
    }
}

#[test]
fn a_browser_that_remembers_is_not_asked_again() {
    let (world, flow) = (world(), flow(json!({"last_auth_threshold": "hours=1"})));
    let mut plan = known(&world, &flow, "ada");
    world.get(&flow, &mut plan);
    let step = world.post(&flow, &mut plan, json!({"code": "123456"}));
    assert!(matches!(&step.outcome, Outcome::Next), "{step:?}");
    let remember =
        |effect: &Effect| matches!(effect, Effect::Remember { user: 1, stage, .. } if *stage == id(STAGE + 2));
    assert!(step.effects.iter().any(remember), "{step:?}");
    world.lock().remembered.push((1, id(STAGE + 2)));
    let mut plan = known(&world, &flow, "ada");
    assert_eq!(login(&world.get(&flow, &mut plan)), Some(true));
    // Without a factor there is nothing to be remembered.
    world.lock().factors.clear();
    let mut plan = known(&world, &flow, "ada");
    assert_eq!(login(&world.get(&flow, &mut plan)), Some(false));
}

#[test]
fn a_code_alone_is_one_factor() {
    let stages = [
        stage("identification_stage", json!({"user_fields": ["username"]})),
        stage("authenticator_validate_stage", json!({"not_configured_action": "deny"})),
        stage("user_login_stage", json!({})),
    ];
    let flow = build("authentication", json!({}), &stages, &[]);
    let world = world();
    let mut plan = world.plan(&flow);
    world.post(&flow, &mut plan, json!({"uid_field": "ada"}));
    world.get(&flow, &mut plan);
    world.post(&flow, &mut plan, json!({"code": "123456"}));
    assert_eq!(login(&world.get(&flow, &mut plan)), Some(false));
    assert_eq!(plan.context.auth_method.as_deref(), Some("auth_mfa"));
}
