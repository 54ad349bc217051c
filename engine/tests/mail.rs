//! Mails with links that lead back into a flow.

mod world;

use lockgate_engine::{
    CompiledFlow, Effect, Outcome, Plan, Standing,
    ports::{Factor, Posted},
};
use lockgate_model::kinds::DeviceClass;
use serde_json::{Value, json};
use world::{Place, World, build, id, page, stage};

const PROMPT: u128 = 30_000;

fn flow(designation: &str, stages: &[Place]) -> CompiledFlow {
    let prompt = |key: &str, kind: &str| json!({"field_key": key, "label": key, "type": kind});
    let extra =
        [(PROMPT, "prompt", prompt("username", "text")), (PROMPT + 1, "prompt", prompt("password", "password"))];
    build(designation, json!({}), stages, &extra)
}

fn identify() -> Place {
    stage("identification_stage", json!({"user_fields": ["username", "email"]}))
}

fn mail(more: Value) -> Place {
    stage("email_stage", more)
}

fn login() -> Place {
    stage("user_login_stage", json!({}))
}

fn new_password() -> [Place; 3] {
    let write = json!({"user_creation_mode": "never_create"});
    [stage("prompt_stage", json!({"fields": [id(PROMPT + 1)]})), stage("user_write_stage", write), login()]
}

fn recovery() -> CompiledFlow {
    let mut stages = vec![identify(), mail(json!({}))];
    stages.extend(new_password());
    flow("recovery", &stages)
}

/// Somebody says who it is, and comes to the mail.
fn at_mail(world: &World, flow: &CompiledFlow, who: &str) -> (Plan, Value) {
    let mut plan = world.plan(flow);
    world.get(flow, &mut plan);
    world.post(flow, &mut plan, json!({"uid_field": who}));
    let shown = world.page(flow, &mut plan);
    (plan, shown)
}

fn denial(step: lockgate_engine::Step) -> String {
    let shown = page(step);
    assert_eq!(shown["component"], "ak-stage-access-denied", "{shown}");
    shown["error_message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_link_goes_on_with_the_plan_in_another_browser() {
    let (world, flow) = (World::default(), recovery());
    let (mut plan, shown) = at_mail(&world, &flow, "ada@example.com");
    assert_eq!(shown["component"], "ak-stage-email", "{shown}");
    // Looking again sends nothing again, and waiting leads nowhere.
    for _ in 0..3 {
        assert_eq!(world.page(&flow, &mut plan)["component"], "ak-stage-email");
    }
    let (to, kept) = world.lock().mails.clone().pop().expect("a mail");
    assert_eq!((to, world.lock().mails.len()), (Some(1), 1));

    // A day later, in a browser that knows of nothing.
    let mut other = world.clone();
    other.request.now += chrono::TimeDelta::hours(30);
    let mut plan: Plan =
        serde_json::from_value(serde_json::to_value(&kept).expect("serialises")).expect("deserialises");
    assert_eq!(other.open(&flow, &mut plan).outcome, Outcome::Next);
    assert!(plan.context.is_restored && plan.context.is_authenticated());
    assert_eq!(other.page(&flow, &mut plan)["component"], "ak-stage-prompt");
    other.post(&flow, &mut plan, json!({"password": "another secret"}));
    let done = other.get(&flow, &mut plan);
    let login = done.effects.iter().find_map(|effect| match effect {
        Effect::Login(login) => Some(login.clone()),
        _ => None,
    });
    let login = login.expect("a login");
    assert_eq!((login.user, login.auth_method.as_deref(), login.mfa), (1, Some("email"), false));
    assert_eq!(other.lock().users[&1].1, "another secret");
}

#[test]
fn the_answer_is_the_same_for_who_does_not_exist() {
    let (world, flow) = (World::default(), recovery());
    let (_, known) = at_mail(&world, &flow, "ada");
    let (mut plan, unknown) = at_mail(&world, &flow, "nobody");
    let (_, shut) = at_mail(&world, &flow, "eve");
    assert_eq!((&known, &known), (&unknown, &shut));
    let to: Vec<Option<i64>> = world.lock().mails.iter().map(|(to, _)| *to).collect();
    assert_eq!(to, [Some(1), None, None], "only who may sign in has mail");
    // Even if such a plan were opened, it is about nobody.
    assert!(denial(world.open(&flow, &mut plan)).contains("leads nowhere"));
}

#[test]
fn an_answer_sends_the_mail_again_within_limits() {
    let (world, flow) = (World::default(), recovery());
    let (mut plan, _) = at_mail(&world, &flow, "ada");
    let told = page(world.post(&flow, &mut plan, json!({"component": "ak-stage-email"})));
    assert_eq!(told["component"], "ak-stage-email");
    assert_eq!(told["response_errors"]["non_field_errors"][0]["code"], "email-sent");
    assert_eq!(world.lock().mails.len(), 2);
    world.lock().mail_refused = Some(Posted::TooMany { minutes: 5 });
    let told = page(world.post(&flow, &mut plan, json!({"component": "ak-stage-email"})));
    assert_eq!(told["response_errors"]["non_field_errors"][0]["code"], "email-limit", "{told}");
    // Who comes anew hears it at once, and who has waited is still where they were.
    let mut late = world.plan(&flow);
    world.get(&flow, &mut late);
    world.post(&flow, &mut late, json!({"uid_field": "ada"}));
    assert!(denial(world.get(&flow, &mut late)).contains("after 5 minutes"));
    assert_eq!(world.page(&flow, &mut plan)["component"], "ak-stage-email");
    world.lock().mail_refused = Some(Posted::Unable("No mail today.".to_owned()));
    assert_eq!(denial(world.post(&flow, &mut plan, json!({"component": "ak-stage-email"}))), "No mail today.");
}

#[test]
fn a_mail_is_about_somebody() {
    let flow = flow("recovery", &[mail(json!({})), login()]);
    let world = World::default();
    assert_eq!(denial(world.get(&flow, &mut world.plan(&flow))), "No pending user.");
    assert!(world.lock().mails.is_empty());
    // Whoever is signed in is somebody.
    let world = World::signed_in(1);
    assert_eq!(world.page(&flow, &mut world.plan(&flow))["component"], "ak-stage-email");
    assert_eq!(world.lock().mails[0].0, Some(1));
}

#[test]
fn nobody_signs_in_by_asking_for_a_mail() {
    let flow = flow("authentication", &[identify(), mail(json!({})), login()]);
    let world = World::default();
    let (mut plan, _) = at_mail(&world, &flow, "ada");
    for _ in 0..4 {
        let step = world.post(&flow, &mut plan, json!({"component": "ak-stage-email"}));
        assert!(step.effects.is_empty(), "{step:?}");
        assert!(world.get(&flow, &mut plan).effects.is_empty());
    }
    // By its link, one does.
    let (_, mut kept) = world.lock().mails[0].clone();
    assert_eq!(world.open(&flow, &mut kept).outcome, Outcome::Next);
    assert!(world.get(&flow, &mut kept).effects.iter().any(|effect| matches!(effect, Effect::Login(_))));
    // And who has said another name meanwhile gets another mail.
    assert_eq!(kept.context.pending.as_ref().map(|pending| pending.standing), Some(Standing::Vouched));
}

#[test]
fn what_was_typed_before_is_not_written_by_a_recovery() {
    let mut stages = vec![identify(), stage("prompt_stage", json!({"fields": [id(PROMPT + 1)]})), mail(json!({}))];
    stages.push(stage("user_write_stage", json!({"user_creation_mode": "never_create"})));
    stages.push(login());
    let (world, flow) = (World::default(), flow("recovery", &stages));
    let mut plan = world.plan(&flow);
    world.get(&flow, &mut plan);
    world.post(&flow, &mut plan, json!({"uid_field": "ada"}));
    world.get(&flow, &mut plan);
    world.post(&flow, &mut plan, json!({"password": "chosen by a stranger"}));
    world.get(&flow, &mut plan);
    let (_, mut kept) = world.lock().mails[0].clone();
    world.open(&flow, &mut kept);
    assert_eq!(denial(world.get(&flow, &mut kept)), "No Pending data.");
    assert_eq!(world.lock().users[&1].1, "ada-secret");
}

#[test]
fn an_account_is_opened_only_by_the_flow_that_made_it() {
    let activate = json!({"activate_user_on_success": true, "template": "email/account_confirmation.html"});
    let write = stage("user_write_stage", json!({"user_creation_mode": "always_create"}));
    let prompt = stage("prompt_stage", json!({"fields": [id(PROMPT)]}));
    let flow_of = |first: Vec<Place>| {
        let mut stages = first;
        stages.extend([mail(activate.clone()), login()]);
        flow("enrollment", &stages)
    };
    let (world, joining) = (World::default(), flow_of(vec![prompt, write]));
    let mut plan = world.plan(&joining);
    world.get(&joining, &mut plan);
    world.post(&joining, &mut plan, json!({"username": "carol"}));
    assert_eq!(world.page(&joining, &mut plan)["component"], "ak-stage-email");
    let (to, mut kept) = world.lock().mails[0].clone();
    let carol = to.expect("she has mail");
    assert!(!world.lock().users[&carol].0.is_active);
    assert_eq!(world.open(&joining, &mut kept).outcome, Outcome::Next);
    assert!(world.lock().users[&carol].0.is_active);
    assert!(world.get(&joining, &mut kept).effects.iter().any(|effect| matches!(effect, Effect::Login(_))));

    // Eve's account was shut by somebody.
    let returning = flow_of(vec![identify()]);
    let (mut plan, _) = at_mail(&world, &returning, "eve");
    assert_eq!(world.lock().mails.last().and_then(|(to, _)| *to), None);
    world.open(&returning, &mut plan);
    assert!(!world.lock().users[&3].0.is_active);
}

#[test]
fn a_link_fits_the_flow_as_it_is_now_and_the_session_that_it_is_opened_in() {
    let (world, flow) = (World::default(), recovery());
    at_mail(&world, &flow, "ada");
    let (_, kept) = world.lock().mails[0].clone();
    let changed = build("recovery", json!({}), &[identify(), mail(json!({}))], &[]);
    let mut plan = kept.clone();
    assert!(denial(world.open(&changed, &mut plan)).contains("leads nowhere"));
    // Bob is signed in where the link is opened: it is about Ada all the same.
    let mut bobs = World::signed_in(2);
    bobs.lock().mails.clear();
    let mut plan = kept.clone();
    assert_eq!(bobs.open(&flow, &mut plan).outcome, Outcome::Next);
    assert_eq!(bobs.page(&flow, &mut plan)["component"], "ak-stage-prompt");
    bobs.session = None;
    assert_eq!(bobs.page(&flow, &mut plan)["component"], "ak-stage-identification", "another session begins anew");
    // A flow that is not for who is signed in is not by a link either.
    let more = json!({"authentication": "require_unauthenticated"});
    let strict = build("recovery", more, &[identify(), mail(json!({})), login()], &[]);
    let visitor = World::default();
    at_mail(&visitor, &strict, "ada");
    let (_, mut kept) = visitor.lock().mails[0].clone();
    assert!(denial(World::signed_in(2).open(&strict, &mut kept)).contains("already signed in"));
}

#[test]
fn an_address_is_set_up_by_the_code_that_it_got() {
    let flow = flow("stage_configuration", &[stage("authenticator_email_stage", json!({"friendly_name": "Mail"}))]);
    let world = World::signed_in(1);
    let mut plan = world.plan(&flow);
    let shown = world.page(&flow, &mut plan);
    let expected = ("ak-stage-authenticator-email", "ada@example.com", false);
    let told = (shown["component"].as_str(), shown["email"].as_str(), shown["email_required"].as_bool());
    assert_eq!(told, (Some(expected.0), Some(expected.1), Some(expected.2)), "{shown}");
    world.page(&flow, &mut plan);
    assert_eq!(world.lock().codes, ["ada@example.com"], "looking again sends nothing");
    world.post(&flow, &mut plan, json!({"email": "ada@work.example"}));
    assert_eq!(world.lock().codes.last().map(String::as_str), Some("ada@work.example"));
    let wrong = page(world.post(&flow, &mut plan, json!({"email": "nowhere"})));
    assert!(wrong["response_errors"]["email"].is_array(), "{wrong}");
    // Too late, and then too often wrong.
    let mut late = world.clone();
    late.request.now += chrono::TimeDelta::minutes(16);
    let told = page(late.post(&flow, &mut plan.clone(), json!({"code": "123456"})));
    assert!(told["response_errors"]["code"].is_array(), "{told}");
    let mut tried = plan.clone();
    for _ in 0..5 {
        world.post(&flow, &mut tried, json!({"code": "000000"}));
    }
    let told = page(world.post(&flow, &mut tried, json!({"code": "123456"})));
    assert!(told["response_errors"]["email"].is_array() && told["email_required"] == true, "{told}");
    let done = world.post(&flow, &mut plan, json!({"code": "123 456"}));
    assert!(matches!(done.outcome, Outcome::Done { .. }), "{done:?}");
    assert_eq!(world.lock().factors[&1][0].0.name, "Mail");
    // A name that was only typed sets nothing up.
    let typed = build("authentication", json!({}), &[identify(), stage("authenticator_email_stage", json!({}))], &[]);
    let visitor = World::default();
    let mut plan = visitor.plan(&typed);
    visitor.get(&typed, &mut plan);
    visitor.post(&typed, &mut plan, json!({"uid_field": "ada"}));
    assert_eq!(denial(visitor.get(&typed, &mut plan)), "Sign in first.");
    assert!(visitor.lock().codes.is_empty());
}

#[test]
fn a_code_by_mail_after_a_link_by_mail_is_no_second_factor() {
    let factor = |pk, class| Factor { pk, class, name: format!("{class:?}"), last_used: None };
    let mfa = stage("authenticator_validate_stage", json!({}));
    let flow = flow("authentication", &[identify(), mail(json!({})), mfa, login()]);
    for (class, second) in [(DeviceClass::Email, false), (DeviceClass::Totp, true)] {
        let world = World::default();
        world.lock().factors.insert(1, vec![(factor(1, class), "654321".to_owned())]);
        at_mail(&world, &flow, "ada");
        let (_, mut kept) = world.lock().mails[0].clone();
        world.open(&flow, &mut kept);
        assert_eq!(world.page(&flow, &mut kept)["component"], "ak-stage-authenticator-validate");
        assert_eq!(world.lock().codes.len(), usize::from(class == DeviceClass::Email), "a code is sent once");
        world.page(&flow, &mut kept);
        assert!(world.lock().codes.len() <= 1);
        world.post(&flow, &mut kept, json!({"code": "654321"}));
        let done = world.get(&flow, &mut kept);
        let login = done.effects.iter().find_map(|effect| match effect {
            Effect::Login(login) => Some(login.mfa),
            _ => None,
        });
        assert_eq!(login, Some(second), "{class:?}");
    }
}
