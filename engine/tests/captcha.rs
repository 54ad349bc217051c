//! The captcha, by itself and beside the name.

mod world;

use lockgate_engine::{CompiledFlow, Outcome, Plan, Step};
use serde_json::{Value, json};
use world::{World, build, id, page, stage};

fn captcha(settings: Value) -> Value {
    let mut body = json!({"public_key": "site", "private_key": "secret", "js_url": "https://captcha.example/api.js"});
    body.as_object_mut().expect("an object").extend(settings.as_object().cloned().unwrap_or_default());
    body
}

/// A flow that asks whether it is a person, and nothing else.
fn asking(settings: Value) -> CompiledFlow {
    build(
        "authentication",
        json!({}),
        &[stage("captcha_stage", captcha(settings)), stage("dummy_stage", json!({}))],
        &[],
    )
}

fn answers(token: &str, answer: Value) -> World {
    let world = World::default();
    world.lock().captchas.insert(token.to_owned(), answer);
    world
}

fn tried(world: &World, flow: &CompiledFlow, token: &str) -> (Plan, Step) {
    let mut plan = world.plan(flow);
    world.get(flow, &mut plan);
    let step = world.post(flow, &mut plan, json!({"component": "ak-stage-captcha", "token": token}));
    (plan, step)
}

#[test]
fn it_shows_what_the_widget_needs_and_never_its_secret() {
    let (flow, world) = (asking(json!({"interactive": true})), World::default());
    let shown = world.page(&flow, &mut world.plan(&flow));
    assert_eq!(shown["component"], "ak-stage-captcha", "{shown}");
    assert_eq!((&shown["site_key"], &shown["interactive"]), (&json!("site"), &json!(true)), "{shown}");
    assert_eq!(shown["js_url"], "https://captcha.example/api.js", "{shown}");
    assert!(!shown.to_string().contains("secret"), "{shown}");
}

#[test]
fn a_token_that_the_service_knows_passes_and_its_answer_is_kept_for_policies() {
    let world = answers("good", json!({"success": true, "hostname": "auth.example.com"}));
    let (plan, step) = tried(&world, &asking(json!({})), "good");
    assert_eq!(step.outcome, Outcome::Next);
    let context = Value::Object(plan.context.to_map());
    assert_eq!(context["captcha"]["response"]["hostname"], "auth.example.com", "{context}");
    assert!(context["captcha"]["stage"].is_string(), "{context}");
}

#[test]
fn any_other_token_is_refused_and_says_whether_another_one_may_do() {
    let flow = asking(json!({}));
    for (token, answer, told) in [
        ("", json!({"success": true}), "This field may not be blank."),
        ("stale", json!({"success": false, "error-codes": ["timeout-or-duplicate"]}), "Retrying may solve this issue."),
        ("secret", json!({"success": false, "error-codes": ["invalid-input-secret"]}), "Invalid captcha response"),
        ("silent", json!({"success": false}), "Invalid captcha response"),
        ("odd", json!({"success": "true"}), "Invalid captcha response"),
        ("none", json!([]), "Invalid captcha response"),
    ] {
        let world = answers(token, answer);
        let (plan, step) = tried(&world, &flow, token);
        let shown = page(step);
        assert_eq!(shown["component"], "ak-stage-captcha", "{token}: {shown}");
        let said = shown["response_errors"]["token"][0]["string"].as_str().unwrap_or_default();
        assert!(said.ends_with(told), "{token}: {shown}");
        assert!(plan.context.captcha.is_none(), "{token}");
    }
}

#[test]
fn a_service_that_does_not_answer_lets_nobody_pass_and_everybody_try_again() {
    // Whatever the binding makes of a wrong answer: this was none.
    let place = world::Place("captcha_stage", captcha(json!({})), json!({"invalid_response_action": "restart"}));
    let flow = build("authentication", json!({}), &[stage("dummy_stage", json!({})), place], &[]);
    let world = answers("good", Value::Null);
    let mut plan = world.plan(&flow);
    world.get(&flow, &mut plan);
    world.post(&flow, &mut plan, json!({}));
    world.get(&flow, &mut plan);
    let shown = page(world.post(&flow, &mut plan, json!({"token": "good"})));
    assert_eq!(shown["response_errors"]["token"][0]["code"], "unavailable", "{shown}");
    world.lock().captchas.insert("good".to_owned(), json!({"success": true}));
    assert!(matches!(
        world.post(&flow, &mut plan, json!({"token": "good"})).outcome,
        Outcome::Done { .. } | Outcome::Next
    ));
}

#[test]
fn a_score_has_to_lie_between_the_thresholds_unless_policies_decide() {
    let passes = |settings: Value, score: Value| {
        let world = answers("t", json!({"success": true, "score": score}));
        tried(&world, &asking(settings), "t").1.outcome == Outcome::Next
    };
    for (score, fits) in [(0.2, false), (0.5, true), (0.8, true), (0.9, false)] {
        let strict = json!({"score_min_threshold": 0.5, "score_max_threshold": 0.8});
        assert_eq!(passes(strict.clone(), json!(score)), fits, "{score}");
        let mut lax = strict;
        lax["error_on_invalid_score"] = json!(false);
        assert!(passes(lax, json!(score)), "{score}");
    }
    let open = json!({"score_min_threshold": -1, "score_max_threshold": -1});
    assert!(passes(open.clone(), json!(0.0)) && passes(open.clone(), json!(7)));
    assert!(!passes(open, json!("high")), "a score that is no number");

    // What the service does not know has no score either.
    let world = answers("t", json!({"success": false, "score": 0.9}));
    let (_, step) = tried(&world, &asking(json!({"error_on_invalid_score": false})), "t");
    assert!(page(step)["response_errors"]["token"].is_array());
}

#[test]
fn beside_the_name_it_comes_before_everything_else() {
    let beside = (80, "captcha_stage", captcha(json!({})));
    let password = (81, "password_stage", json!({}));
    let identify = json!({"user_fields": ["username"], "captcha_stage": id(80), "password_stage": id(81)});
    let flow = build("authentication", json!({}), &[stage("identification_stage", identify)], &[beside, password]);
    let world = answers("good", json!({"success": true, "score": 0.9}));
    let mut plan = world.plan(&flow);
    let shown = world.page(&flow, &mut plan);
    assert_eq!(shown["captcha_stage"]["component"], "ak-stage-captcha", "{shown}");
    assert_eq!(shown["captcha_stage"]["site_key"], "site", "{shown}");

    let given = |token: &str| json!({"uid_field": "ada", "password": "ada-secret", "captcha_token": token});
    let missing = page(world.post(&flow, &mut plan, json!({"uid_field": "ada", "password": "ada-secret"})));
    assert_eq!(missing["response_errors"]["captcha_token"][0]["code"], "required", "{missing}");
    let wrong = page(world.post(&flow, &mut plan, given("bad")));
    assert_eq!(wrong["response_errors"]["non_field_errors"][0]["code"], "invalid", "{wrong}");
    assert!(world.lock().accepted.is_empty() && world.lock().events.is_empty(), "no password was tried");
    let step = world.post(&flow, &mut plan, given("good"));
    assert!(matches!(step.outcome, Outcome::Next | Outcome::Done { .. }), "{step:?}");
    assert_eq!(plan.context.captcha.expect("it is kept").response["score"], 0.9);
}
