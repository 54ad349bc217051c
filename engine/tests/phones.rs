//! Second factors on phones: codes by SMS, and Duo.

mod world;

use chrono::TimeDelta;
use lockgate_engine::{
    CompiledFlow, Effect, Outcome, Plan, Step,
    ports::{DuoProgress, Event, Factor, Posted, PushAnswer, Pushed},
};
use lockgate_model::kinds::DeviceClass;
use lockgate_texts::Language;
use serde_json::{Value, json};
use world::{Place, World, build, id, page, phones::TAKEN, stage};

const SMS: u128 = 40_000;

fn sms(more: Value) -> Value {
    let mut all = json!({"provider": "twilio", "from_number": "+1", "account_sid": "AC1", "auth": "s"});
    all.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    all
}

fn duo() -> Value {
    json!({"client_id": "DI1", "client_secret": "s", "api_hostname": "api.duo.example"})
}

fn alone(kind: &'static str, more: Value) -> CompiledFlow {
    build("stage_configuration", json!({}), &[stage(kind, more)], &[])
}

fn sign_in(mfa: Value) -> CompiledFlow {
    let stages: [Place; 4] = [
        stage("identification_stage", json!({"user_fields": ["username"]})),
        stage("password_stage", json!({"backends": ["authentik.core.auth.InbuiltBackend"]})),
        stage("authenticator_validate_stage", mfa),
        stage("user_login_stage", json!({})),
    ];
    build("authentication", json!({}), &stages, &[(SMS, "authenticator_sms_stage", sms(json!({})))])
}

/// Ada has said her name and her password.
fn at_factor(world: &World, flow: &CompiledFlow) -> (Plan, Value) {
    let mut plan = world.plan(flow);
    world.get(flow, &mut plan);
    world.post(flow, &mut plan, json!({"uid_field": "ada"}));
    world.get(flow, &mut plan);
    world.post(flow, &mut plan, json!({"password": "ada-secret"}));
    let shown = world.page(flow, &mut plan);
    (plan, shown)
}

fn factor(pk: i64, class: DeviceClass) -> Factor {
    Factor { pk, class, name: format!("{class:?}"), last_used: None }
}

fn mfa_of(step: Step) -> Option<bool> {
    step.effects.iter().find_map(|effect| match effect {
        Effect::Login(login) => Some(login.mfa),
        _ => None,
    })
}

fn code_of(shown: &Value, field: &str) -> String {
    shown["response_errors"][field][0]["code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_number_is_set_up_by_the_code_that_it_got() {
    let flow = alone("authenticator_sms_stage", sms(json!({"friendly_name": "Phone"})));
    let world = World::signed_in(1);
    let mut plan = world.plan(&flow);
    let shown = world.page(&flow, &mut plan);
    assert_eq!(
        (&shown["component"], &shown["phone_number_required"]),
        (&json!("ak-stage-authenticator-sms"), &json!(true))
    );
    assert!(world.lock().codes.is_empty());
    for wrong in ["", "0151 1234567", "+49"] {
        let told = page(world.post(&flow, &mut plan, json!({"phone_number": wrong})));
        assert!(!code_of(&told, "phone_number").is_empty(), "{told}");
    }
    let told = page(world.post(&flow, &mut plan, json!({"phone_number": "+49 151 23456789"})));
    assert_eq!(code_of(&told, "non_field_errors"), "sms-sent", "{told}");
    assert_eq!(told["phone_number_required"], false);
    assert!(told.get("phone_number").is_none(), "the number is for pages: {told}");
    world.page(&flow, &mut plan);
    assert_eq!(world.lock().codes, ["+4915123456789"], "looking again sends nothing");
    // To the same number again, without naming it.
    world.post(&flow, &mut plan, json!({}));
    assert_eq!(world.lock().codes.len(), 2);
    // Too late, and then too often wrong.
    let mut late = world.clone();
    late.request.now += TimeDelta::minutes(11);
    assert_eq!(code_of(&page(late.post(&flow, &mut plan.clone(), json!({"code": "123456"}))), "code"), "invalid");
    let mut tried = plan.clone();
    for _ in 0..5 {
        world.post(&flow, &mut tried, json!({"code": "000000"}));
    }
    let told = page(world.post(&flow, &mut tried, json!({"code": "123456"})));
    assert_eq!((code_of(&told, "phone_number").as_str(), &told["phone_number_required"]), ("required", &json!(true)));
    let done = world.post(&flow, &mut plan, json!({"code": "123 456"}));
    assert!(matches!(done.outcome, Outcome::Done { .. }), "{done:?}");
    let (made, number) = world.lock().factors[&1][0].clone();
    assert_eq!((made.name.as_str(), made.class, number.as_str()), ("Phone", DeviceClass::Sms, "+4915123456789"));
    // Who is not known sets nothing up.
    let typed = [
        stage("identification_stage", json!({"user_fields": ["username"]})),
        stage("authenticator_sms_stage", sms(json!({}))),
    ];
    let typed = build("authentication", json!({}), &typed, &[]);
    let visitor = World::default();
    let mut plan = visitor.plan(&typed);
    visitor.get(&typed, &mut plan);
    visitor.post(&typed, &mut plan, json!({"uid_field": "ada"}));
    assert_eq!(visitor.page(&typed, &mut plan)["error_message"], "Sign in first.");
}

#[test]
fn the_number_of_an_account_is_asked_at_once_and_one_that_is_taken_is_refused_afterwards() {
    let flow = alone("authenticator_sms_stage", sms(json!({})));
    let mut world = World::signed_in(1);
    for (pk, number) in [(1, json!("+49 151 00000000")), (2, json!("call me"))] {
        let mut state = world.lock();
        let ada = &mut state.users.get_mut(&pk).expect("an account").0;
        ada.attributes.insert("phone".to_owned(), number);
    }
    let ada = world.lock().users[&1].0.clone();
    world.session = Some(world::principal(ada));
    let mut plan = world.plan(&flow);
    assert_eq!(world.page(&flow, &mut plan)["phone_number_required"], false);
    assert_eq!(world.lock().codes, [TAKEN]);
    let told = page(world.post(&flow, &mut plan, json!({"code": "123456"})));
    assert_eq!(
        (code_of(&told, "phone_number").as_str(), &told["phone_number_required"]),
        ("taken", &json!(true)),
        "{told}"
    );
    assert!(world.lock().factors.is_empty());
    // Limits are told, also to whom has been sent something before.
    world.post(&flow, &mut plan, json!({"phone_number": "+4915123456789"}));
    world.lock().mail_refused = Some(Posted::TooMany { minutes: 10 });
    let told = page(world.post(&flow, &mut plan, json!({"phone_number": "+4915123456780"})));
    assert_eq!(code_of(&told, "non_field_errors"), "sms-limit", "{told}");
    assert!(matches!(world.post(&flow, &mut plan, json!({"code": "123456"})).outcome, Outcome::Done { .. }));
    assert_eq!(world.lock().factors[&1][0].1, "+4915123456789", "the code is that of the number before");
}

#[test]
fn a_code_is_sent_when_its_factor_is_chosen() {
    let flow = sign_in(json!({}));
    let world = World::default();
    let totp = (factor(1, DeviceClass::Totp), "111111".to_owned());
    world.lock().factors.insert(1, vec![totp, (factor(2, DeviceClass::Sms), "222222".to_owned())]);
    let (mut plan, shown) = at_factor(&world, &flow);
    assert_eq!(shown["device_challenges"][1]["device_class"], "sms");
    assert!(world.lock().codes.is_empty(), "the app is asked first");
    let choice = json!({"selected_challenge": {"device_uid": "2"}});
    world.post(&flow, &mut plan, choice.clone());
    world.page(&flow, &mut plan);
    assert_eq!(world.lock().codes, ["SMS of Sms"]);
    world.post(&flow, &mut plan, choice);
    assert_eq!(world.lock().codes.len(), 2, "chosen again, sent again");
    assert_eq!(code_of(&page(world.post(&flow, &mut plan, json!({"code": "000000"}))), "code"), "invalid");
    world.post(&flow, &mut plan, json!({"code": "222222"}));
    assert_eq!(mfa_of(world.get(&flow, &mut plan)), Some(true));
}

#[test]
fn that_no_more_codes_are_sent_is_told_until_they_are() {
    let flow = sign_in(json!({}));
    for (class, limit) in [(DeviceClass::Sms, "sms-limit"), (DeviceClass::Email, "email-limit")] {
        for language in Language::ALL {
            let mut world = World::default();
            world.request.language = language;
            world.lock().factors.insert(1, vec![(factor(2, class), "222222".to_owned())]);
            world.lock().mail_refused = Some(Posted::TooMany { minutes: 10 });
            let (mut plan, shown) = at_factor(&world, &flow);
            let said = |page: &Value| page["response_errors"]["non_field_errors"][0].clone();
            assert_eq!(
                (code_of(&shown, "non_field_errors").as_str(), said(&shown)["code"].as_str()),
                (limit, Some(limit))
            );
            let text = said(&shown)["string"].as_str().expect("a sentence").to_owned();
            assert!(text.contains("10") && text.contains("Too many") == (language == Language::English), "{text}");
            // Sent again or not: the page goes on to say so, beside what is wrong, as long as none is sent.
            world.lock().mail_refused = None;
            world.request.now += TimeDelta::minutes(4);
            let told = page(world.post(&flow, &mut plan, json!({"code": "000000"})));
            assert!(
                code_of(&told, "code") == "invalid" && said(&told)["string"].as_str().is_some_and(|t| t.contains('6'))
            );
            let choice = json!({"selected_challenge": {"device_uid": "2"}});
            assert_eq!(code_of(&page(world.post(&flow, &mut plan, choice)), "non_field_errors"), limit);
            assert!(world.lock().codes.is_empty());
            // Then one is sent, and what was sent before would have been good all the time.
            world.request.now += TimeDelta::minutes(6);
            assert_eq!(world.page(&flow, &mut plan)["response_errors"], Value::Null);
            assert_eq!(world.lock().codes.len(), 1);
            world.page(&flow, &mut plan);
            assert_eq!(world.lock().codes.len(), 1, "once");
            world.post(&flow, &mut plan, json!({"code": "222222"}));
            assert_eq!(mfa_of(world.get(&flow, &mut plan)), Some(true));
        }
    }
}

#[test]
fn whoever_sets_one_up_while_signing_in_has_shown_it() {
    let flow = sign_in(json!({"not_configured_action": "configure", "configuration_stages": [id(SMS)]}));
    let world = World::default();
    let (mut plan, shown) = at_factor(&world, &flow);
    assert_eq!(shown["component"], "ak-stage-authenticator-sms", "{shown}");
    world.post(&flow, &mut plan, json!({"phone_number": "+4915123456789"}));
    world.post(&flow, &mut plan, json!({"code": "123456"}));
    assert_eq!(mfa_of(world.get(&flow, &mut plan)), Some(true));
}

#[test]
fn a_phone_is_set_up_when_duo_says_so() {
    let flow = alone("authenticator_duo_stage", duo());
    let world = World::signed_in(1);
    let mut plan = world.plan(&flow);
    let shown = world.page(&flow, &mut plan);
    assert_eq!(
        (&shown["component"], &shown["activation_code"]),
        (&json!("ak-stage-authenticator-duo"), &json!("duo://code-1"))
    );
    assert!(shown["activation_barcode"].as_str().is_some_and(|url| url.contains("duo%3A")), "{shown}");
    world.page(&flow, &mut plan);
    assert_eq!(world.lock().duo.enrolling, ["ada"], "looking again begins nothing");
    let mut say = |progress, expected: &str| {
        world.lock().duo.progress = progress;
        let told = page(world.post(&flow, &mut plan, json!({})));
        assert_eq!(code_of(&told, "non_field_errors"), expected, "{told}");
        told["activation_code"].clone()
    };
    assert_eq!(say(None, "duo-unable"), "duo://code-1");
    assert_eq!(say(Some(DuoProgress::Waiting), "duo-waiting"), "duo://code-1");
    assert_eq!(say(Some(DuoProgress::Invalid), "duo-invalid"), "duo://code-2", "a new one is shown");
    world.lock().duo.progress = Some(DuoProgress::Success);
    assert!(matches!(world.post(&flow, &mut plan, json!({})).outcome, Outcome::Done { .. }));
    assert_eq!(world.lock().factors[&1][0].1, "DU-ada");
}

#[test]
fn a_phone_that_duo_knows_already_has_to_say_yes() {
    let flow = alone("authenticator_duo_stage", duo());
    let world = World::signed_in(1);
    world.lock().duo.known = vec!["ada".to_owned()];
    let mut plan = world.plan(&flow);
    let shown = world.page(&flow, &mut plan);
    assert_eq!((&shown["activation_code"], &shown["activation_barcode"]), (&json!(""), &json!("")), "{shown}");
    let mut say = |progress, expected: (&str, &str)| {
        world.lock().duo.progress = Some(progress);
        let told = page(world.post(&flow, &mut plan, json!({})));
        let text = told["response_errors"]["non_field_errors"][0]["string"].as_str().unwrap_or_default().to_owned();
        assert_eq!(code_of(&told, "non_field_errors"), expected.0, "{told}");
        assert!(text.contains(expected.1), "{text}");
    };
    say(DuoProgress::Waiting, ("duo-waiting", "Approve the request on your phone"));
    say(DuoProgress::Denied, ("duo-denied", "denied"));
    say(DuoProgress::TimedOut, ("duo-timeout", "in time"));
    say(DuoProgress::TooMany { minutes: 10 }, ("duo-limit", "after 10 minutes"));
    assert_eq!(world.lock().duo.pushed, "????", "what was asked is kept from one request to the next");
    assert!(world.lock().factors.is_empty());
    world.lock().duo.progress = Some(DuoProgress::Success);
    assert!(matches!(world.post(&flow, &mut plan, json!({})).outcome, Outcome::Done { .. }));
    assert_eq!(world.lock().factors[&1][0].1, "name:ada");
}

#[test]
fn a_phone_says_yes() {
    let (world, flow) = (World::default(), sign_in(json!({})));
    world.lock().factors.insert(1, vec![(factor(7, DeviceClass::Duo), "123456".to_owned())]);
    let (mut plan, shown) = at_factor(&world, &flow);
    assert_eq!(shown["device_challenges"][0]["device_class"], "duo");
    assert!(world.lock().duo.asked.is_empty(), "nobody is asked before it is wanted");
    // A page is told first what is to be done.
    world.lock().duo.answer = Some(PushAnswer::Allowed);
    let told = page(world.post(&flow, &mut plan, json!({"duo": "7", "duo_wait": "no"})));
    assert_eq!(code_of(&told, "duo"), "duo-waiting");
    world.post(&flow, &mut plan, json!({"duo": 7}));
    assert_eq!(world.lock().duo.asked, [7], "the same question is waited for");
    assert_eq!(mfa_of(world.get(&flow, &mut plan)), Some(true));
    // A passcode does as well.
    let (mut plan, _) = at_factor(&world, &flow);
    world.post(&flow, &mut plan, json!({"code": "123456"}));
    assert_eq!(mfa_of(world.get(&flow, &mut plan)), Some(true));
}

#[test]
fn a_phone_that_says_no_or_nothing_lets_nobody_in() {
    let (mut world, flow) = (World::default(), sign_in(json!({})));
    let totp = (factor(1, DeviceClass::Totp), "111111".to_owned());
    world.lock().factors.insert(1, vec![totp, (factor(7, DeviceClass::Duo), "123456".to_owned())]);
    let (mut plan, _) = at_factor(&world, &flow);
    let said = |world: &World, plan: &mut Plan, answer| {
        world.lock().duo.answer = answer;
        let step = world.post(&flow, plan, json!({"duo": 7}));
        assert!(step.effects.is_empty(), "{step:?}");
        code_of(&page(step), "duo")
    };
    assert_eq!(said(&world, &mut plan, Some(PushAnswer::Denied)), "denied");
    assert_eq!(said(&world, &mut plan, Some(PushAnswer::TimedOut)), "timeout");
    assert_eq!(world.lock().duo.asked.len(), 2, "each is a new question");
    let events = world.lock().events.clone();
    let refused = |event: &&Event| matches!(event, Event::LoginFailed { reason: "push_refused", .. });
    assert_eq!(events.iter().filter(refused).count(), 2);
    // Nothing for a while, and then never.
    assert_eq!(said(&world, &mut plan, None), "duo-waiting");
    assert_eq!(said(&world, &mut plan, None), "duo-waiting");
    assert_eq!(world.lock().duo.asked.len(), 3);
    world.request.now += TimeDelta::seconds(61);
    assert_eq!(said(&world, &mut plan, None), "timeout");
    world.lock().duo.refused = Some(Pushed::TooMany { minutes: 10 });
    assert_eq!(said(&world, &mut plan, Some(PushAnswer::Allowed)), "limit");
    world.lock().duo.refused = Some(Pushed::Unable("Duo is away.".to_owned()));
    assert_eq!(said(&world, &mut plan, Some(PushAnswer::Allowed)), "unable");
    // Neither is another factor one of Duo's, nor somebody else's.
    for other in [json!(1), json!(9), json!("x"), json!(null)] {
        let step = world.post(&flow, &mut plan, json!({"duo": other}));
        assert!(step.effects.is_empty() && !matches!(step.outcome, Outcome::Next), "{step:?}");
    }
    // A code of an app is not shown to Duo, and lets in.
    world.post(&flow, &mut plan, json!({"code": "111111"}));
    assert_eq!(mfa_of(world.get(&flow, &mut plan)), Some(true));
}
