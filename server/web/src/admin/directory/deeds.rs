//! What is done to a user: passwords and ways back in, switching on and off, acting as somebody.

use super::{
    super::{
        desk::{Desk, Paged, Trouble, done},
        resource::{key_text, part, text},
    },
    common::{home_of, refused, status},
    confirm::Confirm,
    user::{head, load},
};
use crate::{
    pages::admin::{Choice, Code, Control, Crumb, Field, Form, Heading, Note, Panel, Text, Tone, Width},
    visit::redirect,
};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode, header},
    response::Response,
};
use serde_json::{Map, Value, json};

type Problems = Vec<(String, String)>;

/// Pages above one that is about a user.
pub(super) fn crumbs(user: &Value) -> Vec<Crumb> {
    vec![
        Crumb { label: "Users".into(), href: format!("{}users/", super::super::ROOT) },
        Crumb { label: text(user, "username").to_owned(), href: home_of("users", user) },
    ]
}

/// Address of an operation on a user.
pub(super) fn api(user: &Value, tail: &str) -> String {
    format!("/core/users/{}/{tail}", part(&key_text(&user["pk"])))
}

/// `GET /if/admin/users/{key}/password/`.
pub(super) async fn password(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = ways_in(&desk, &key, Wrong::default()).await;
    desk.answer(paged)
}

/// What was wrong with one of the forms.
#[derive(Default)]
pub(super) struct Wrong {
    pub(super) password: Problems,
    pub(super) link: Problems,
    pub(super) mail: Problems,
}

/// The page of passwords and ways back in: one right lets do all of it.
pub(super) async fn ways_in(desk: &Desk, key: &str, wrong: Wrong) -> Paged {
    let user = load(desk, key).await?;
    let home = home_of("users", &user);
    let status = status(&[wrong.password.as_slice(), &wrong.link, &wrong.mail].concat());
    let mut form = Form::new(format!("{home}password/"), &desk.csrf, "Set password")
        .fields(vec![
            Field::new("password", "New password", Control::line("password", "")).required(),
            Field::new("again", "Once more", Control::line("password", "")).required(),
        ])
        .cancel(&home)
        .wrong(wrong.password);
    form.note = Some(Note::new(Tone::Info, "Their sessions end: they sign in anew everywhere."));
    let mut panels = vec![Panel::new("Set a password", vec![form.into()]).wide(Width::Half)];
    panels.push(link_panel(desk, &home, wrong.link).wide(Width::Half));
    let stages = mail_stages(desk).await?;
    if !text(&user, "email").is_empty() && !stages.is_empty() {
        let lead = format!("To {}.", text(&user, "email"));
        let form = Form::new(format!("{home}recovery-mail/"), &desk.csrf, "Send")
            .fields(vec![lasting().within("mail-"), stage_field(&stages)])
            .wrong(wrong.mail);
        panels.push(Panel::new("Send a recovery mail", vec![form.into()]).lead(lead).wide(Width::Half));
    }
    let head = Heading {
        crumbs: crumbs(&user),
        title: "Set password".into(),
        api: Some(format!("POST /api/v3{}", api(&user, "set_password/"))),
        ..Heading::default()
    };
    Ok(desk.page_with(status, head, panels))
}

fn link_panel(desk: &Desk, home: &str, wrong: Problems) -> Panel {
    let form = Form::new(format!("{home}recovery/"), &desk.csrf, "Make a link").fields(vec![lasting()]).wrong(wrong);
    Panel::new("Make a recovery link", vec![form.into()])
        .lead("Whoever has it chooses a new password for the account, once. Hand it over yourself.")
}

fn lasting() -> Field {
    let choices =
        [("", "As long as set in Settings"), ("hours=1", "An hour"), ("days=1", "A day"), ("days=7", "A week")];
    let choice =
        |(value, label): (&str, &str)| Choice { value: value.into(), label: label.into(), ..Choice::default() };
    Field::new("token_duration", "It works for", Control::Select(choices.map(choice).into())).required()
}

/// Stages that say what a recovery mail looks like, as far as they may be seen.
pub(super) async fn mail_stages(desk: &Desk) -> Result<Vec<Value>, Trouble> {
    match desk.all("/stages/email/").await {
        Ok(stages) => Ok(stages),
        Err(Trouble::Refused(..)) => Ok(Vec::new()),
        Err(trouble) => Err(trouble),
    }
}

/// Which of them; those of recovery first.
pub(super) fn stage_field(stages: &[Value]) -> Field {
    let is_other = |stage: &&Value| !text(stage, "name").contains("recovery");
    let mut stages: Vec<&Value> = stages.iter().collect();
    stages.sort_by_key(is_other);
    let choice = |stage: &&Value| Choice {
        value: key_text(&stage["pk"]),
        label: text(stage, "name").to_owned(),
        ..Choice::default()
    };
    let choices = stages.iter().map(choice).collect();
    Field::new("email_stage", "By the stage", Control::Select(choices))
        .required()
        .hint("It says what the mail looks like and which mail server takes it.")
}

/// `POST /if/admin/users/{key}/password/`.
pub(super) async fn set_password(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = password_set(&desk, &key, request).await;
    desk.answer(paged)
}

async fn password_set(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let password = sent.get("password").unwrap_or_default();
    if sent.get("again") != Some(password) {
        let password = vec![("again".into(), "This is not what stands above.".into())];
        return ways_in(desk, key, Wrong { password, ..Wrong::default() }).await;
    }
    let user = load(desk, key).await?;
    let reply = desk.send(Method::POST, &api(&user, "set_password/"), &json!({"password": password})).await?;
    if reply.status.is_success() {
        return Ok(done(&home_of("users", &user), "saved"));
    }
    ways_in(desk, key, Wrong { password: reply.problems(), ..Wrong::default() }).await
}

/// `POST /if/admin/users/{key}/recovery/`: the link is shown this once.
pub(super) async fn recovery(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = linked(&desk, &key, request).await;
    desk.answer(paged)
}

async fn linked(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let user = load(desk, key).await?;
    match recovery_link(desk, &user, sent.get("token_duration").unwrap_or_default()).await? {
        Ok(page) => Ok(page),
        Err(link) => ways_in(desk, key, Wrong { link, ..Wrong::default() }).await,
    }
}

/// The page that shows a new recovery link, or why there is none.
pub(super) async fn recovery_link(
    desk: &Desk,
    user: &Value,
    lasts: &str,
) -> Result<Result<Response, Problems>, Trouble> {
    let body = if lasts.is_empty() { json!({}) } else { json!({"token_duration": lasts}) };
    let reply = desk.send(Method::POST, &api(user, "recovery/"), &body).await?;
    if !reply.status.is_success() {
        return Ok(Err(reply.problems()));
    }
    let code = Code {
        caption: "Recovery link".into(),
        text: text(&reply.json(), "link").to_owned(),
        copy: true,
        ..Code::default()
    };
    let note = Note::new(Tone::Warn, "It is shown this once. Whoever has it can become the account's owner.");
    let mut head = head(desk, user, "")?;
    head.crumbs.push(Crumb { label: std::mem::take(&mut head.title), href: home_of("users", user) });
    head.title = "Recovery link".into();
    (head.tabs, head.actions) = (Vec::new(), Vec::new());
    head.api = Some(format!("POST /api/v3{}", api(user, "recovery/")));
    Ok(Ok(desk.page(head, vec![Panel { parts: vec![note.into(), code.into()], ..Panel::default() }])))
}

/// `POST /if/admin/users/{key}/recovery-mail/`.
pub(super) async fn recovery_mail(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = mailed(&desk, &key, request).await;
    desk.answer(paged)
}

async fn mailed(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let user = load(desk, key).await?;
    let (stage, lasts) = (sent.get("email_stage").unwrap_or_default(), sent.get("token_duration").unwrap_or_default());
    match send_recovery(desk, &user, stage, lasts).await? {
        None => Ok(done(&home_of("users", &user), "sent")),
        Some(mail) => ways_in(desk, key, Wrong { mail, ..Wrong::default() }).await,
    }
}

/// Sends a recovery mail; what is wrong if it cannot be.
pub(super) async fn send_recovery(
    desk: &Desk,
    user: &Value,
    stage: &str,
    lasts: &str,
) -> Result<Option<Problems>, Trouble> {
    let mut body = json!({"email_stage": stage});
    if !lasts.is_empty() {
        body["token_duration"] = json!(lasts);
    }
    let reply = desk.send(Method::POST, &api(user, "recovery_email/"), &body).await?;
    Ok((!reply.status.is_success()).then(|| reply.problems()))
}

/// `GET /if/admin/users/{key}/active/`: whether the account is to be switched off.
pub(super) async fn ask_active(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = match load(&desk, &key).await {
        Ok(user) => deactivation(&user).page(&desk, Vec::new()),
        Err(trouble) => Err(trouble),
    };
    desk.answer(paged)
}

fn deactivation(user: &Value) -> Confirm {
    let home = home_of("users", user);
    Confirm {
        crumbs: crumbs(user),
        title: format!("Deactivate {}?", text(user, "username")),
        lines: vec![
            "It can do nothing until it is activated again: sessions end, and tokens and app passwords open nothing."
                .into(),
            "Groups, factors and everything else stay.".into(),
        ],
        fields: vec![Field::new("active", "", Control::Hidden("false".into()))],
        submit: "Deactivate",
        action: format!("{home}active/"),
        back: home,
        api: format!("PATCH /api/v3{}", api(user, "")),
    }
}

/// `POST /if/admin/users/{key}/active/`.
pub(super) async fn active(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = switched(&desk, &key, request).await;
    desk.answer(paged)
}

async fn switched(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let user = load(desk, key).await?;
    let is_active = sent.get("active") == Some("true");
    let reply = desk.send(Method::PATCH, &api(&user, ""), &json!({"is_active": is_active})).await?;
    match reply.status.is_success() {
        true => Ok(done(&home_of("users", &user), "saved")),
        false if is_active => Err(refused(&reply)),
        false => deactivation(&user).page(desk, reply.problems()),
    }
}

/// `GET /if/admin/users/{key}/impersonate/`.
pub(super) async fn ask_reason(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = match load(&desk, &key).await {
        Ok(user) => Ok(reason(&desk, &user, Vec::new())),
        Err(trouble) => Err(trouble),
    };
    desk.answer(paged)
}

fn reason(desk: &Desk, user: &Value, problems: Problems) -> Response {
    let home = home_of("users", user);
    let mut why = Field::new("reason", "Why", Control::text("")).hint("It stands in the event log, with your name.");
    why.required = desk.visit.snapshot.settings.impersonation_require_reason;
    let status = status(&problems);
    let form = Form::new(format!("{home}impersonate/"), &desk.csrf, "Act as this user")
        .fields(vec![why])
        .cancel(home)
        .wrong(problems);
    let head = Heading {
        crumbs: crumbs(user),
        title: format!("Act as {}", text(user, "username")),
        lead: "This browser becomes theirs until you stop: what you do then, you do in their name.".into(),
        api: Some(format!("POST /api/v3{}", api(user, "impersonate/"))),
        ..Heading::default()
    };
    desk.page_with(status, head, vec![Panel::bare(form)])
}

/// `POST /if/admin/users/{key}/impersonate/`: the browser gets the session that the API has made.
pub(super) async fn impersonate(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = acting(&desk, &key, request).await;
    desk.answer(paged)
}

async fn acting(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let user = load(desk, key).await?;
    let mut body = Map::new();
    if let Some(why) = sent.get("reason").map(str::trim).filter(|why| !why.is_empty()) {
        body.insert("reason".into(), json!(why));
    }
    let reply = desk.send(Method::POST, &api(&user, "impersonate/"), &Value::Object(body)).await?;
    if !reply.status.is_success() {
        return Ok(reason(desk, &user, reply.problems()));
    }
    let mut response = redirect(StatusCode::SEE_OTHER, "/if/user/");
    for cookie in reply.headers.get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    Ok(response)
}

/// A sentence in the place of a list.
pub(super) fn said(sentence: &str) -> Panel {
    Panel::bare(Text(sentence.to_owned()))
}
