//! The page of one invitation: its link, and sending it.

use super::{
    super::{
        desk::{Desk, Paged, Trouble, done},
        list, object,
        resource::{part, text},
    },
    common::{home_of, status},
};
use crate::pages::admin::{Badge, Cell, Code, Control, Facts, Field, Form, Heading, Note, Panel, Part, Tone, Width};
use axum::{
    extract::{Path, Request},
    http::Method,
    response::Response,
};
use lockgate_model::kinds::FlowDesignation;
use lockgate_policies::Action as Act;
use serde_json::{Value, json};

const API: &str = "/stages/invitation/invitations/";

/// What was typed for a mail.
#[derive(Default)]
struct Typed {
    to: String,
    cc: String,
    bcc: String,
}

/// `GET /if/admin/invitations/{key}/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key, Typed::default(), Vec::new()).await;
    desk.answer(paged)
}

async fn load(desk: &Desk, key: &str) -> Result<Value, Trouble> {
    Ok(desk.rest.get(&format!("{API}{}/", part(key))).await?)
}

/// Where whoever is invited makes an account; nowhere when no flow takes invitations.
fn link(desk: &Desk, invitation: &Value) -> Option<String> {
    let (snapshot, client) = (&desk.visit.snapshot, &desk.visit.client);
    let own = text(&invitation["flow_obj"], "slug");
    let slug = match own.is_empty() {
        false => own.to_owned(),
        true => snapshot.default_flow(&client.host, FlowDesignation::Enrollment)?,
    };
    let base = desk.visit.identity.public_base(snapshot).unwrap_or_else(|| client.base());
    Some(format!("{base}/if/flow/{slug}/?itoken={}", text(invitation, "pk")))
}

async fn shown(desk: &Desk, key: &str, typed: Typed, problems: Vec<(String, String)>) -> Paged {
    let invitation = load(desk, key).await?;
    let flow = &invitation["flow_obj"];
    let facts = Facts::default()
        .with(
            "Ends",
            match invitation["expires"].as_str() {
                Some(time) => Cell::time(Some(time)),
                None => Cell::badge("Never", Tone::Warn),
            },
        )
        .with("For one account", invitation["single_use"] == json!(true))
        .with(
            "Flow",
            match text(flow, "slug") {
                "" => Cell::from("Any that takes invitations"),
                slug => Cell::link(slug, home_of("flows", flow)),
            },
        )
        .with(
            "Made by",
            match &invitation["created_by"] {
                Value::Null => Cell::Nothing,
                user => Cell::link(text(user, "username"), home_of("users", user)),
            },
        );
    let address: Part = match link(desk, &invitation) {
        Some(link) => Code { caption: "Link".into(), text: link, copy: true, ..Code::default() }.into(),
        None => Note::new(Tone::Warn, "No flow is there for enrollment, so the link would lead nowhere.").into(),
    };
    let mut panels = vec![Panel::new("Link", vec![address]).lead("Whoever has it can make an account.")];
    panels.push(Panel::new("Invitation", vec![facts.into()]).wide(Width::Half));
    let status = status(&problems);
    if desk.may(Act::Update, "invitation") {
        panels.push(send_panel(desk, &invitation, typed, problems));
    }
    if invitation["fixed_data"].as_object().is_some_and(|data| !data.is_empty()) {
        let code = Code { text: format!("{:#}", invitation["fixed_data"]), copy: true, ..Code::default() };
        panels.push(Panel::new("Answers given already", vec![code.into()]).lead("By the keys of prompts."));
    }
    Ok(desk.page_with(status, head(desk, &invitation)?, panels))
}

fn head(desk: &Desk, invitation: &Value) -> Result<Heading, Trouble> {
    let mut head = object::head(desk, list::find("invitations")?, invitation, "");
    let ended = invitation["expires"].as_str().and_then(|time| chrono::DateTime::parse_from_rfc3339(time).ok());
    if ended.is_some_and(|end| end <= desk.visit.identity.clock.now()) {
        head.badges.push(Badge::new("Ended", Tone::Bad));
    }
    head.tabs.clear();
    Ok(head)
}

fn send_panel(desk: &Desk, invitation: &Value, typed: Typed, problems: Vec<(String, String)>) -> Panel {
    let copies =
        |name: &str, label: &str, value: String| Field::new(name, label, Control::area(value, 2)).hint("One a line.");
    let mut form = Form::new(format!("{}send/", home_of("invitations", invitation)), &desk.csrf, "Send").fields(vec![
        Field::new("email_addresses", "To", Control::area(typed.to, 3))
            .required()
            .hint("One a line: each gets a mail of its own."),
    ]);
    form.sets.push(crate::pages::admin::FieldSet {
        legend: "Copies".into(),
        folded: typed.cc.is_empty() && typed.bcc.is_empty(),
        fields: vec![
            copies("cc_addresses", "Copy to", typed.cc),
            copies("bcc_addresses", "Copy that nobody sees to", typed.bcc),
        ],
    });
    Panel::new("Send by e-mail", vec![form.wrong(problems).into()]).wide(Width::Half)
}

/// `POST /if/admin/invitations/{key}/send/`.
pub(super) async fn send(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = sent(&desk, &key, request).await;
    desk.answer(paged)
}

async fn sent(desk: &Desk, key: &str, request: Request) -> Paged {
    let form = desk.form(request).await?;
    let lines = |name: &str| -> Vec<String> {
        let text = form.get(name).unwrap_or_default();
        text.split(['\n', ',', ';']).map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let body = json!({
        "email_addresses": lines("email_addresses"),
        "cc_addresses": lines("cc_addresses"),
        "bcc_addresses": lines("bcc_addresses"),
    });
    let reply = desk.send(Method::POST, &format!("{API}{}/send_email/", part(key)), &body).await?;
    if reply.status.is_success() {
        return Ok(done(&format!("{}invitations/{}/", super::super::ROOT, part(key)), "sent"));
    }
    let given = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let typed = Typed { to: given("email_addresses"), cc: given("cc_addresses"), bcc: given("bcc_addresses") };
    shown(desk, key, typed, reply.problems()).await
}
