//! Keys of programs: shown once when they are made, looked up by who may, and replaced.

use super::{
    super::{
        ROOT,
        desk::{Desk, Paged, Trouble},
        form, list, object,
        resource::{part, text},
    },
    common::{home_of, refused, status},
    user::is_oneself,
};
use crate::{
    pages::admin::{Action, Code, Control, Crumb, Field, Form, Heading, Note, Panel, Tone},
    rest::Refusal,
};
use axum::{
    extract::{Path, Request},
    http::Method,
    response::Response,
};
use lockgate_identity::system::random_uuid;
use lockgate_policies::Action as Act;
use serde_json::{Map, Value, json};

fn api(token: &Value, tail: &str) -> String {
    format!("/core/tokens/{}/{tail}", part(text(token, "identifier")))
}

async fn load(desk: &Desk, key: &str) -> Result<Value, Trouble> {
    Ok(desk.rest.get(&format!("/core/tokens/{}/", part(key))).await?)
}

/// See [`super::dress`].
pub(super) fn dress(desk: &Desk, token: &Value, head: &mut Heading) {
    let home = home_of("tokens", token);
    let is_own = is_oneself(desk, &token["user_obj"]);
    let mut own = Vec::new();
    if is_own || desk.may(Act::ViewKey, "user") {
        // By POST, since it is noted who looked.
        own.push(Action::post("Show the key", format!("{home}key/"), []));
    }
    if is_own || desk.may(Act::IssueToken, "user") {
        own.push(Action::link("Replace the key", format!("{home}rotate/")));
    }
    let at = head.actions.iter().position(|action| action.tone == Tone::Bad).unwrap_or(head.actions.len());
    head.actions.splice(at..at, own);
}

/// `GET /if/admin/tokens/new/`: the query can fill fields in.
pub(super) async fn blank(desk: Desk) -> Response {
    let given = url::form_urlencoded::parse(desk.visit.query.as_bytes());
    let given: Map<String, Value> =
        given.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect();
    let paged = asked(&desk, &Value::Object(given), Vec::new()).await;
    desk.answer(paged)
}

async fn asked(desk: &Desk, values: &Value, problems: Vec<(String, String)>) -> Paged {
    let tokens = list::find("tokens")?;
    let status = status(&problems);
    let mut form = Form::new(format!("{}new/", tokens.home()), &desk.csrf, "Create").cancel(tokens.home());
    form.sets = form::sets(desk, &tokens.specs(), values).await?;
    let head = Heading {
        crumbs: vec![Crumb { label: tokens.plural.clone(), href: tokens.home() }],
        title: "New token".into(),
        api: Some("POST /api/v3/core/tokens/".into()),
        ..Heading::default()
    };
    Ok(desk.page_with(status, head, vec![Panel::bare(form.wrong(problems))]))
}

/// `POST /if/admin/tokens/new/`: its key is shown at once, to who may see it.
pub(super) async fn make(desk: Desk, request: Request) -> Response {
    let paged = made(&desk, request).await;
    desk.answer(paged)
}

async fn made(desk: &Desk, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let specs = list::find("tokens")?.specs();
    let problems = match form::body(desk, &specs, &sent).await? {
        Ok(mut body) => {
            if body["expires"].is_null()
                && let Some(body) = body.as_object_mut()
            {
                // Not given is not the same as never: it ends as settings say.
                body.remove("expires");
            }
            let reply = desk.send(Method::POST, "/core/tokens/", &body).await?;
            if reply.status.is_success() {
                return key_page(desk, &reply.json(), "Created.").await;
            }
            reply.problems()
        }
        Err(problems) => problems,
    };
    asked(desk, &form::as_values(&specs, &sent, &Value::Null), problems).await
}

/// The key, if it may be seen.
async fn key_page(desk: &Desk, token: &Value, said: &str) -> Paged {
    let part = match desk.rest.get(&api(token, "view_key/")).await {
        Ok(told) => Panel {
            parts: vec![
                Note::new(Tone::Good, format!("{said} Take the key now, and keep it as you would a password.")).into(),
                Code { caption: "Key".into(), text: text(&told, "key").to_owned(), copy: true, ..Code::default() }
                    .into(),
            ],
            ..Panel::default()
        },
        Err(Refusal::Said(..)) => {
            Panel::bare(Note::new(Tone::Good, format!("{said} You may not see its key; its owner may.")))
        }
        Err(refusal) => return Err(refusal.into()),
    };
    let mut head = object::head(desk, list::find("tokens")?, token, "");
    head.crumbs.push(Crumb { label: std::mem::take(&mut head.title), href: home_of("tokens", token) });
    head.title = "Key".into();
    (head.tabs, head.actions) = (Vec::new(), Vec::new());
    head.api = Some(format!("GET /api/v3{}", api(token, "view_key/")));
    Ok(desk.page(head, vec![part]))
}

/// `POST /if/admin/tokens/{key}/key/`.
pub(super) async fn show(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = shown(&desk, &key, request).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str, request: Request) -> Paged {
    desk.form(request).await?;
    let token = load(desk, key).await?;
    key_page(desk, &token, "It is noted that you looked.").await
}

/// `GET /if/admin/tokens/{key}/rotate/`.
pub(super) async fn ask(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = match load(&desk, &key).await {
        Ok(token) => Ok(question(&desk, &token, Vec::new())),
        Err(trouble) => Err(trouble),
    };
    desk.answer(paged)
}

fn question(desk: &Desk, token: &Value, problems: Vec<(String, String)>) -> Response {
    let home = home_of("tokens", token);
    let status = status(&problems);
    let own = Field::new("key", "New key", Control::line("password", ""))
        .hint("Of at least 16 characters. Empty: a random one, which you are shown.");
    let mut form = Form::new(format!("{home}rotate/"), &desk.csrf, "Replace the key")
        .fields(vec![own])
        .cancel(&home)
        .wrong(problems);
    form.tone = Tone::Bad;
    form.note =
        Some(Note::new(Tone::Warn, "Programs that have the old key are locked out until they are given the new one."));
    let head = Heading {
        crumbs: vec![
            Crumb { label: "Tokens and app passwords".into(), href: format!("{ROOT}tokens/") },
            Crumb { label: text(token, "identifier").to_owned(), href: home },
        ],
        title: "Replace the key?".into(),
        api: Some(format!("POST /api/v3{}", api(token, "set_key/"))),
        ..Heading::default()
    };
    desk.page_with(status, head, vec![Panel::bare(form)])
}

/// `POST /if/admin/tokens/{key}/rotate/`.
pub(super) async fn rotate(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = rotated(&desk, &key, request).await;
    desk.answer(paged)
}

async fn rotated(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let token = load(desk, key).await?;
    let given = sent.get("key").unwrap_or_default();
    let random = || {
        let one = || random_uuid(&*desk.visit.identity.random).simple().to_string();
        // Twice 122 random bits.
        format!("{}{}", one(), one())
    };
    let new = if given.is_empty() { random() } else { given.to_owned() };
    let reply = desk.send(Method::POST, &api(&token, "set_key/"), &json!({"key": new})).await?;
    match reply.status.is_success() {
        true => key_page(desk, &token, "The key is replaced.").await,
        false if reply.status.is_client_error() => Ok(question(desk, &token, reply.problems())),
        false => Err(refused(&reply)),
    }
}
