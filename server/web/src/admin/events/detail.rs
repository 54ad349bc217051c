//! The page of one event.

use super::{HOME, words};
use crate::{
    admin::{
        ROOT,
        desk::{Desk, Paged},
        resource::{self, key_text, part, text},
        spec::label,
    },
    pages::admin::{Action, Badge, Cell, Code, Column, Crumb, Empty, Facts, Heading, Panel, Row, Table, Width},
};
use axum::{extract::Path, response::Response};
use lockgate_policies::Action as Act;
use serde_json::{Map, Value};

/// Members of the context that stand in panels of their own, or that nobody reads.
const ELSEWHERE: [&str; 6] = ["model", "diff", "record", "http_request", "geo", "asn"];

/// `GET /if/admin/events/{key}/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let api = format!("/events/events/{}/", part(key));
    let event = desk.rest.get(&api).await?;
    let action = text(&event, "action");
    let head = Heading {
        crumbs: vec![Crumb { label: "Event log".to_owned(), href: HOME.to_owned() }],
        title: words::sentence(&event),
        badges: vec![Badge::new(words::name(action), words::of(action).tone)],
        actions: actions(desk, &event).await,
        api: Some(format!("GET /api/v3{api}")),
        ..Heading::default()
    };
    let mut panels = vec![Panel::new("Who and when", vec![who(&event).into()]).wide(Width::Half)];
    let context = event["context"].as_object().cloned().unwrap_or_default();
    panels.push(Panel::new("What about", vec![particulars(desk, &event, &context).await.into()]).wide(Width::Half));
    if let Some(diff) = context.get("diff").and_then(Value::as_object).filter(|diff| !diff.is_empty()) {
        panels.push(Panel::new("Before and after", vec![changes(diff).into()]));
    }
    let raw = Code { caption: "JSON".to_owned(), text: format!("{event:#}"), copy: true, diff: false };
    panels.push(Panel::new("As it is kept", vec![raw.into()]));
    Ok(desk.page(head, panels))
}

/// Lists of what belongs together with it.
async fn actions(desk: &Desk, event: &Value) -> Vec<Action> {
    let mut actions = Vec::new();
    let context = &event["context"];
    if let (Some(decision), true) = (context["decision"].as_str(), desk.may(Act::Read, "decision")) {
        // Not all of them are kept.
        if desk.rest.get(&format!("/lockgate/decisions/{}/", part(decision))).await.is_ok() {
            actions.push(Action::link("Why", format!("{ROOT}decisions/{}/", part(decision))));
        }
    }
    let more = |label: &str, name: &str, value: &str| {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
        Action::link(label.to_owned(), format!("{HOME}?{query}"))
    };
    if !text(&event["user"], "username").is_empty() {
        actions.push(more("More of this user", "user", text(&event["user"], "username")));
    }
    if !text(event, "client_ip").is_empty() {
        actions.push(more("More from this address", "client_ip", text(event, "client_ip")));
    }
    actions
}

fn who(event: &Value) -> Facts {
    let user = &event["user"];
    let person = |user: &Value| match (text(user, "username"), &user["pk"]) {
        ("", _) => Cell::Nothing,
        (name, pk) => Cell::Link {
            text: name.to_owned(),
            href: format!("{ROOT}users/{}/", part(&key_text(pk))),
            below: text(user, "email").to_owned(),
        },
    };
    let context = &event["context"];
    let facts = Facts::default().with("Actor", person(user));
    let facts = match &user["on_behalf_of"] {
        Value::Null => facts,
        other => facts.with("Acting as", person(other)),
    };
    let facts = facts.with("Time", Cell::time(event["created"].as_str()));
    let facts = match text(event, "client_ip") {
        "" => facts.with("Address", Cell::Nothing),
        address => facts.with("Address", Cell::Code(address.to_owned())),
    };
    let place = ["city", "country", "continent"].iter().map(|member| text(&context["geo"], member));
    let place = place.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ");
    let network = ["as_org", "network"].iter().map(|member| text(&context["asn"], member));
    let network = network.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ");
    let request = match (text(context, "request_id"), text(&context["http_request"], "request_id")) {
        ("", id) | (id, _) => id.to_owned(),
    };
    facts
        .with("Place", place)
        .with("Network", network)
        .with("Request", if request.is_empty() { Cell::Nothing } else { Cell::Code(request) })
        .with("Kept until", Cell::time(event["expires"].as_str()))
}

/// The thing with its link, and everything that the context says beside.
async fn particulars(desk: &Desk, event: &Value, context: &Map<String, Value>) -> Facts {
    let mut facts = Facts::default();
    if let Some(name) = words::object(&event["context"]) {
        let cell = match address(desk, &event["context"]["model"]).await {
            Some(href) => Cell::link(name, href),
            None => Cell::from(name),
        };
        facts = facts.with("Object", cell);
    }
    facts = facts.with("Reported by", Cell::Code(text(event, "app").to_owned()));
    for (name, value) in context.iter().filter(|(name, _)| !ELSEWHERE.contains(&name.as_str())) {
        let cell = match value {
            Value::Null => Cell::Nothing,
            Value::Bool(yes) => Cell::Yes(*yes),
            Value::Object(one) if one.contains_key("pk") && one.contains_key("model_name") => {
                match address(desk, value).await {
                    Some(href) => Cell::link(text(value, "name"), href),
                    None => Cell::from(text(value, "name")),
                }
            }
            Value::Object(_) | Value::Array(_) => Cell::Code(value.to_string()),
            other => Cell::from(key_text(other)),
        };
        facts = facts.with(label(name), cell);
    }
    match context.get("http_request") {
        Some(request) => facts.with("Asked", format!("{} {}", text(request, "method"), text(request, "path"))),
        None => facts,
    }
}

/// Where the page of a thing is that an event names; nowhere when it is gone.
async fn address(desk: &Desk, model: &Value) -> Option<String> {
    let (pk, name) = (key_text(&model["pk"]), key_text(&model["name"]));
    let model_name = text(model, "model_name");
    if model_name == "revision" {
        return Some(format!("{ROOT}revisions/{}/", part(&pk)));
    }
    let of =
        resource::of_model(&format!("{}.{model_name}", text(model, "app"))).or_else(|| resource::of(model_name))?;
    if of.key == "pk" || of.kind == "brand" {
        desk.rest.get(&of.shown(&pk)).await.ok()?;
        return Some(format!("{}{}/", of.home(), part(&pk)));
    }
    // Those are addressed by another name than events give, and may have been renamed since.
    let search = url::form_urlencoded::Serializer::new(String::new()).append_pair("search", &name).finish();
    for query in [search.as_str(), ""] {
        let list = format!("{}?superuser_full_list=true&page_size=100&{query}", of.api);
        let found = desk.rest.get(&list).await.ok()?;
        if let Some(one) = found["results"].as_array()?.iter().find(|one| key_text(&one["pk"]) == pk) {
            return Some(of.href(one));
        }
    }
    None
}

/// Fields with what they were and became.
pub(super) fn changes(diff: &Map<String, Value>) -> Table {
    let row = |(name, change): (&String, &Value)| {
        let value = |member: &str| match &change[member] {
            Value::Null => Cell::Nothing,
            other => Cell::Code(key_text(other)),
        };
        Row { key: None, cells: vec![Cell::from(label(name)), value("previous_value"), value("new_value")] }
    };
    Table {
        caption: "Before and after".to_owned(),
        columns: ["Field", "Before", "After"].map(Column::new).into(),
        rows: diff.iter().map(row).collect(),
        empty: Empty { title: "Nothing changed".to_owned(), ..Empty::default() },
        ..Table::default()
    }
}
