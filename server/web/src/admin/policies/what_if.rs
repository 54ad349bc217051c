//! What a change of a policy would do, before it is made: mistakes by line and column, who would gain or lose which
//! application, and the difference of the document.

use super::super::{
    desk::{Desk, Paged, Trouble, done},
    form, object,
    resource::{Resource, key_text, part, text},
};
use crate::pages::admin::{Cell, Checked, Code, Column, Empty, Form, Note, Panel, Part, Row, Table, Tone};
use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};

/// The form.
pub(super) async fn page(desk: Desk, resource: &'static Resource, key: &str) -> Response {
    let paged = asked(&desk, resource, key).await;
    desk.answer(paged)
}

async fn asked(desk: &Desk, resource: &'static Resource, key: &str) -> Paged {
    let value = desk.rest.get(&resource.shown(key)).await?;
    let form = editor(desk, resource, key, &value).await?;
    shown(desk, resource, key, &value, form, Vec::new(), StatusCode::OK)
}

/// The form with what a change would do; or the change itself.
pub(super) async fn told(desk: Desk, resource: &'static Resource, key: &str, request: Request) -> Response {
    let paged = answered(&desk, resource, key, request).await;
    desk.answer(paged)
}

async fn answered(desk: &Desk, resource: &'static Resource, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let specs = resource.specs();
    let value = desk.rest.get(&resource.shown(key)).await?;
    let values = form::as_values(&specs, &sent, &value);
    let editor = editor(desk, resource, key, &values).await?;
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    let body = match form::body(desk, &specs, &sent).await? {
        Ok(body) => body,
        Err(problems) => return shown(desk, resource, key, &value, editor.wrong(problems), Vec::new(), refused),
    };
    if sent.get("do") == Some("save") {
        let reply = desk.send(Method::PATCH, &resource.shown(key), &body).await?;
        if reply.status.is_success() {
            let key = key_text(&reply.json()[resource.key]);
            return Ok(done(&format!("{}{}/", resource.home(), part(&key)), "saved"));
        }
        return shown(desk, resource, key, &value, editor.wrong(reply.problems()), Vec::new(), refused);
    }
    let reply = desk.send(Method::POST, &preview(resource, Some(key)), &body).await?;
    if !reply.status.is_success() {
        return shown(desk, resource, key, &value, editor.wrong(reply.problems()), Vec::new(), refused);
    }
    let found = reply.json();
    let problems: Vec<(String, String)> = problems(&found)
        .map(|(field, place, sentence)| (field.to_owned(), format!("{place} {sentence}").trim().to_owned()))
        .collect();
    let status = if problems.is_empty() { StatusCode::OK } else { refused };
    shown(desk, resource, key, &value, editor.wrong(problems), effects(&found), status)
}

async fn editor(desk: &Desk, resource: &'static Resource, key: &str, values: &Value) -> Result<Form, Trouble> {
    let home = format!("{}{}/", resource.home(), part(key));
    let mut form = Form::new(format!("{home}what-if/"), &desk.csrf, "Show what would change");
    form.sets = form::sets(desk, &resource.specs(), values).await?;
    super::watch(resource, &home, &mut form);
    if desk.may(Act::Update, resource.kind) {
        form.others.push(("do".into(), "save".into(), "Save".into()));
    }
    Ok(form)
}

fn shown(
    desk: &Desk,
    resource: &'static Resource,
    key: &str,
    value: &Value,
    form: Form,
    effects: Vec<Panel>,
    status: StatusCode,
) -> Paged {
    let mut head = object::head(desk, resource, value, "what-if/");
    head.api = Some(format!("POST /api/v3{}", preview(resource, Some(key))));
    let mut panels = effects;
    let lead = "Change it here and see who would gain or lose what. Nothing is changed before it is saved.";
    panels.push(Panel::new("If it said this", vec![form.into()]).lead(lead));
    Ok(desk.page_with(status, head, panels))
}

/// Where a change is judged.
fn preview(resource: &Resource, key: Option<&str>) -> String {
    match key {
        Some(key) => format!("/lockgate/objects/{}/{}/preview/", resource.kind, part(key)),
        None => format!("/lockgate/objects/{}/preview/", resource.kind),
    }
}

/// Field, place and sentence of what is wrong.
pub(in super::super) fn problems(found: &Value) -> impl Iterator<Item = (&str, String, &str)> {
    found["problems"].as_array().into_iter().flatten().map(|problem| {
        let place = match (problem["line"].as_u64(), problem["column"].as_u64()) {
            (Some(line), Some(column)) => format!("Line {line}, column {column}:"),
            (Some(line), None) => format!("Line {line}:"),
            _ => String::new(),
        };
        let field = text(problem, "field").trim_start_matches('/').split('/').next().unwrap_or_default();
        (field, place, text(problem, "message"))
    })
}

/// What the change would do.
pub(in super::super) fn effects(found: &Value) -> Vec<Panel> {
    let mut panels = Vec::new();
    if found["valid"] != json!(true) {
        return panels;
    }
    match &found["access"] {
        Value::Null => {
            let line = "Who would gain or lose what is told to those who may read and test revisions.";
            panels.push(Panel::bare(Note::new(Tone::Info, line)));
        }
        access => panels.push(Panel::new("Who gains and who loses", access_parts(access))),
    }
    let document: Part = match (text(found, "diff"), text(found, "left_out")) {
        ("", "") => Note::new(Tone::Info, "The document stays as it is.").into(),
        ("", why) => Note::new(Tone::Info, format!("There is no document: {why}.")).into(),
        (diff, _) => Code { caption: "Difference".into(), text: diff.to_owned(), diff: true, copy: true }.into(),
    };
    panels.push(Panel::new("As YAML", vec![document]));
    panels
}

fn access_parts(access: &Value) -> Vec<Part> {
    let mut parts = vec![Part::from(gains(access))];
    if let Some(claims) = claims(access) {
        parts.push(claims.into());
    }
    let failed: Vec<String> = access["problems"].as_array().into_iter().flatten().map(key_text).collect();
    if !failed.is_empty() {
        parts.push(Note { tone: Tone::Warn, title: "Went wrong".into(), lines: failed, actions: Vec::new() }.into());
    }
    parts
}

fn gains(access: &Value) -> Table {
    let mut rows = Vec::new();
    for app in access["apps"].as_array().into_iter().flatten() {
        for part in app["parts"].as_array().into_iter().flatten() {
            let (tone, shift) = match text(part, "shift") {
                "gains" => (Tone::Good, "Gain access"),
                "gains_with_mfa" => (Tone::Good, "Gain access with a second factor"),
                "no_longer_needs_mfa" => (Tone::Good, "No longer need a second factor"),
                "loses" => (Tone::Bad, "Lose access"),
                _ => (Tone::Warn, "Need a second factor"),
            };
            let when = match part["at"].as_str() {
                Some(time) => Cell::time(Some(time)),
                None => Cell::from("At once"),
            };
            let slug = text(app, "app");
            let link = Cell::link(slug, format!("{}applications/{slug}/access/", super::super::ROOT));
            rows.push(Row { key: None, cells: vec![link, Cell::badge(shift, tone), who(part).into(), when] });
        }
    }
    let people = access["people"].as_u64().unwrap_or_default();
    Table {
        caption: "Who gains and who loses".into(),
        columns: ["Application", "What happens", "Who", "When"].map(Column::new).into(),
        rows,
        empty: Empty {
            title: "Nobody gains or loses an application".into(),
            hint: if people == 0 { String::new() } else { format!("{people} active accounts were looked at.") },
            action: None,
        },
        ..Table::default()
    }
}

/// Who they are: `all 12 members of Editors (ada, bob, …)`.
fn who(part: &Value) -> String {
    let count = part["count"].as_u64().unwrap_or_default();
    let names: Vec<String> = part["examples"].as_array().into_iter().flatten().map(key_text).collect();
    let more = if (names.len() as u64) < count { ", …" } else { "" };
    let names = format!("{}{more}", names.join(", "));
    match (text(part, "group"), part["all"] == json!(true)) {
        ("", _) => format!("{count}: {names}"),
        (group, true) => format!("all {count} members of {group} ({names})"),
        (group, false) => format!("{count} more members of {group} ({names})"),
    }
}

fn claims(access: &Value) -> Option<Table> {
    let mut rows = Vec::new();
    for app in access["claims"].as_array().into_iter().flatten() {
        for claim in app["claims"].as_array().into_iter().flatten() {
            let example = &claim["examples"][0];
            let shown = match example.is_null() {
                true => Cell::Nothing,
                false => Cell::Code(format!("{}: {} → {}", text(example, "user"), example["before"], example["after"])),
            };
            let count = Cell::Number(claim["count"].as_i64().unwrap_or_default());
            rows.push(Row {
                key: None,
                cells: vec![text(app, "app").into(), text(claim, "claim").into(), count, shown],
            });
        }
    }
    (!rows.is_empty()).then(|| Table {
        caption: "Claims that change".into(),
        columns: ["Application", "Claim", "People", "For example"].map(Column::new).into(),
        rows,
        ..Table::default()
    })
}

/// `POST …/check/`: what is wrong with one text while it is typed, as a piece of a page.
pub(super) async fn check(desk: Desk, resource: &'static Resource, key: Option<&str>, request: Request) -> Response {
    match checked(&desk, resource, key, request).await {
        Ok(checked) => {
            let head = [(header::CACHE_CONTROL, "no-store"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
            (head, Html(Part::from(checked).to_string())).into_response()
        }
        Err(trouble) => desk.answer(Err(trouble)),
    }
}

async fn checked(
    desk: &Desk,
    resource: &'static Resource,
    key: Option<&str>,
    request: Request,
) -> Result<Checked, Trouble> {
    let sent = desk.form(request).await?;
    let name = sent.get("name").unwrap_or_default();
    if !resource.specs().iter().any(|spec| spec.name == name) {
        return Err(Trouble::Refused(StatusCode::UNPROCESSABLE_ENTITY, "There is no such field.".into()));
    }
    let mut body = json!({ name: sent.get("value").unwrap_or_default() });
    if key.is_none() && name != "name" {
        // What is not made yet has no name, and would be judged by that alone.
        body["name"] = json!("new");
    }
    let reply = desk.send(Method::POST, &preview(resource, key), &body).await?;
    if !reply.status.is_success() {
        return Err(Trouble::from(&reply));
    }
    let found = reply.json();
    let own = problems(&found).filter(|(field, ..)| *field == name);
    Ok(Checked(own.map(|(_, place, sentence)| (place, sentence.to_owned())).collect()))
}
