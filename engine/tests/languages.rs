//! What a challenge says is in the language of whoever reads it; what events keep is not.

mod world;

use lockgate_engine::{Outcome, ports::Event};
use lockgate_texts::Language;
use serde_json::json;
use world::{World, build, page, stage};

fn reading(language: Language) -> World {
    let mut world = World::default();
    world.request.language = language;
    world
}

#[test]
fn titles_buttons_and_complaints_are_in_the_language_of_the_person() {
    let stages =
        [stage("identification_stage", json!({"user_fields": ["username"]})), stage("password_stage", json!({}))];
    let more = json!({"title": "Welcome to {{ brand }}"});
    let flow = build("authentication", more, &stages, &[]);
    for (language, title, button, complaint) in [
        (Language::English, "Welcome to Acme", "Continue", "Invalid password"),
        (Language::German, "Willkommen bei Acme", "Weiter", "Das Passwort ist falsch"),
        (Language::Chinese, "欢迎使用 Acme", "继续", "密码不正确"),
    ] {
        let world = reading(language);
        let mut plan = world.plan(&flow);
        let asked = world.page(&flow, &mut plan);
        assert_eq!((&asked["flow_info"]["title"], &asked["primary_action"]), (&json!(title), &json!(button)));
        assert_eq!(world.post(&flow, &mut plan, json!({"uid_field": "ada"})).outcome, Outcome::Next);
        let wrong = page(world.post(&flow, &mut plan, json!({"password": "no"})));
        assert_eq!(wrong["response_errors"]["password"][0], json!({"string": complaint, "code": "invalid"}));
    }
}

#[test]
fn a_refusal_is_told_in_their_language_and_kept_in_english() {
    let flow = build("authentication", json!({}), &[stage("user_login_stage", json!({}))], &[]);
    let world = reading(Language::French);
    let mut plan = world.plan(&flow);
    let told = page(world.get(&flow, &mut plan));
    assert_eq!(told["error_message"], "Il n’y a personne à connecter.");
    let events = &world.lock().events;
    assert!(
        matches!(&events[..], [Event::FlowDenied { reason, .. }] if reason == "No pending user to login."),
        "{events:?}"
    );
}

#[test]
fn fields_are_told_as_far_as_nobody_has_written_them() {
    let field = |key: &str, more: serde_json::Value| {
        let mut body = json!({"name": key, "field_key": key, "label": "Username", "type": "text", "required": true});
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        body
    };
    let prompts = [
        (50, "prompt", field("a", json!({"placeholder": "Name", "initial_value": "Password"}))),
        (51, "prompt", field("b", json!({"label": "Name of the ship", "order": 1}))),
    ];
    let ids = [world::id(50), world::id(51)];
    let flow = build("stage_configuration", json!({}), &[stage("prompt_stage", json!({"fields": ids}))], &prompts);
    let world = reading(Language::Spanish);
    let asked = world.page(&flow, &mut world.plan(&flow));
    let first = &asked["fields"][0];
    assert_eq!((&first["label"], &first["placeholder"]), (&json!("Nombre de usuario"), &json!("Nombre")));
    assert_eq!(first["initial_value"], "Password", "what is sent back is no text");
    assert_eq!(asked["fields"][1]["label"], "Name of the ship");
}
