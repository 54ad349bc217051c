//! Trying a policy or a mapping on somebody.

use super::super::{
    desk::{Desk, Paged},
    object,
    resource::{Resource, key_text, part, text},
};
use super::whom::{NOBODY, user_field, user_key};
use crate::pages::admin::{Code, Control, Facts, Field, Form, Note, Panel, Part, Text, Tone};
use axum::{
    extract::Request,
    http::{Method, StatusCode},
    response::Response,
};
use lockgate_model::Family;
use serde_json::{Map, Value, json};

/// What was asked.
#[derive(Default)]
struct Asked {
    user: String,
    context: String,
}

/// The form.
pub(super) async fn page(desk: Desk, resource: &'static Resource, key: &str) -> Response {
    let asked = Asked { user: desk.asked("user").unwrap_or_default(), ..Asked::default() };
    let paged = shown(&desk, resource, key, &asked, Vec::new(), Vec::new()).await;
    desk.answer(paged)
}

/// The form with what came of it.
pub(super) async fn run(desk: Desk, resource: &'static Resource, key: &str, request: Request) -> Response {
    let paged = ran(&desk, resource, key, request).await;
    desk.answer(paged)
}

fn is_policy(resource: &Resource) -> bool {
    resource.registered().is_some_and(|kind| kind.meta.family == Family::Policy)
}

/// Where it is tried.
fn api(resource: &Resource, key: &str) -> String {
    let family = if is_policy(resource) { "policies" } else { "propertymappings" };
    format!("/{family}/all/{}/test/", part(key))
}

async fn ran(desk: &Desk, resource: &'static Resource, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let word = |name: &str| sent.get(name).unwrap_or_default().trim().to_owned();
    let asked = Asked { user: word("user"), context: word("context") };
    let context = match asked.context.as_str() {
        "" => Ok(Map::new()),
        text => serde_json::from_str::<Map<String, Value>>(text)
            .map_err(|error| format!("This is no JSON object: {error}.")),
    };
    let user = if asked.user.is_empty() { None } else { user_key(desk, &asked.user).await? };
    let mut wrong = Vec::new();
    if user.is_none() && (is_policy(resource) || !asked.user.is_empty()) {
        wrong.push(("user".to_owned(), NOBODY.to_owned()));
    }
    let context = context.unwrap_or_else(|sentence| {
        wrong.push(("context".to_owned(), sentence));
        Map::new()
    });
    if !wrong.is_empty() {
        return shown(desk, resource, key, &asked, wrong, Vec::new()).await;
    }
    let mut body = json!({ "context": context });
    if let Some(user) = user {
        body["user"] = json!(user);
    }
    let tail = if is_policy(resource) { "" } else { "?format_result=true" };
    let reply = desk.send(Method::POST, &format!("{}{tail}", api(resource, key)), &body).await?;
    if !reply.status.is_success() {
        return shown(desk, resource, key, &asked, reply.problems(), Vec::new()).await;
    }
    let who = if asked.user.is_empty() { "a visitor" } else { asked.user.as_str() };
    let told = if is_policy(resource) { verdict(&reply.json(), who) } else { made(&reply.json(), who) };
    shown(desk, resource, key, &asked, Vec::new(), told).await
}

/// What a policy said.
fn verdict(result: &Value, who: &str) -> Vec<Panel> {
    let passes = result["passing"] == json!(true);
    let messages: Vec<String> = lines(&result["messages"]);
    let (tone, title) = match passes {
        true => (Tone::Good, format!("It passes for {who}")),
        false => (Tone::Bad, format!("It does not pass for {who}")),
    };
    let note = Note { tone, title, lines: messages, actions: Vec::new() };
    let mut parts: Vec<Part> = vec![note.into()];
    for log in result["log_messages"].as_array().into_iter().flatten() {
        let attributes = log["attributes"].as_object().into_iter().flatten();
        let facts = attributes.fold(Facts::default(), |facts, (name, value)| facts.with(name, key_text(value)));
        parts.push(Text(format!("{} {}", text(log, "log_level"), text(log, "event"))).into());
        parts.push(facts.into());
    }
    vec![Panel::new("Result", parts)]
}

/// What a mapping made.
fn made(result: &Value, who: &str) -> Vec<Panel> {
    let value = text(result, "result").to_owned();
    let part: Part = match result["successful"] == json!(true) {
        true => Code { caption: format!("For {who}"), text: value, copy: true, ..Code::default() }.into(),
        false => Note::new(Tone::Bad, value).titled("It fails").into(),
    };
    vec![Panel::new("Result", vec![part])]
}

/// The texts of a list.
pub(super) fn lines(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(key_text).collect()
}

async fn shown(
    desk: &Desk,
    resource: &'static Resource,
    key: &str,
    asked: &Asked,
    wrong: Vec<(String, String)>,
    told: Vec<Panel>,
) -> Paged {
    let value = desk.rest.get(&resource.shown(key)).await?;
    let mut user = user_field(&asked.user);
    let hint = if is_policy(resource) {
        user.required = true;
        "What it finds in its context, as JSON: {\"app\": \"grafana\"} asks about an application, \
         {\"prompt_data\": {\"password\": \"…\"}} gives what somebody typed."
    } else {
        user.hint = "Nobody, when left empty.".to_owned();
        "What it finds in its context, as JSON: {\"app\": \"grafana\"} names the application."
    };
    let context = Field::new("context", "Context", Control::code(&asked.context, 4)).hint(hint);
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let action = format!("{}{}/test/", resource.home(), part(key));
    let form = Form::new(action, &desk.csrf, "Try it").fields(vec![user, context]).wrong(wrong);
    let mut head = object::head(desk, resource, &value, "test/");
    head.api = Some(format!("POST /api/v3{}", api(resource, key)));
    let mut panels = told;
    panels.push(Panel::new("Try it on somebody", vec![form.into()]).lead("Nothing is changed, and nobody notices."));
    Ok(desk.page_with(status, head, panels))
}
