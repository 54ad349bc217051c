//! Certificates: how long each lasts, what uses it, new ones, and the way to take them away.

use super::ending;
use crate::{
    admin::{
        desk::{Desk, Paged, Trouble, done},
        list, object,
        resource::{key_text, part, text},
        spec::label,
    },
    flow::form::Form as Sent,
    pages::admin::{
        Action, Cell, Choice, Code, Column, Control, Crumb, Facts, Field, Form, Heading, Panel, Tab, Time, Tone, Width,
    },
};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use chrono::{DateTime, Utc};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};

const HOME: &str = "/if/admin/certificates/";

/// `GET /if/admin/certificates/`.
pub(super) async fn page(desk: Desk) -> Response {
    let paged = listed(&desk).await;
    desk.answer(paged)
}

async fn listed(desk: &Desk) -> Paged {
    let resource = list::find("certificates")?;
    let mut table = list::table(desk, resource, &[]).await?;
    let now = desk.visit.identity.clock.now();
    table.columns.push(Column::new("State"));
    for row in &mut table.rows {
        let ends = row.cells.iter().find_map(|cell| match cell {
            Cell::Time(Time(ends)) => Some(*ends),
            _ => None,
        });
        row.cells.push(ends.map_or(Cell::Nothing, |ends| ending(ends, now)));
    }
    let mut head = Heading {
        title: resource.plural.clone(),
        lead: resource.lead.to_owned(),
        api: Some(format!("GET /api/v3{}", resource.api)),
        ..Heading::default()
    };
    if desk.may(Act::Create, resource.kind) {
        head.actions.push(Action::link("Import", format!("{HOME}new/")));
        head.actions.push(Action::link("Generate", format!("{HOME}generate/")).toned(Tone::Main));
    }
    Ok(desk.page(head, vec![Panel::bare(table)]))
}

/// What is asked for a new pair.
#[derive(Default)]
struct Wanted {
    common_name: String,
    subject_alt_name: String,
    validity_days: String,
    alg: String,
}

impl Wanted {
    fn of(sent: &Sent) -> Self {
        let field = |name: &str| sent.get(name).unwrap_or_default().trim().to_owned();
        Self {
            common_name: field("common_name"),
            subject_alt_name: field("subject_alt_name"),
            validity_days: field("validity_days"),
            alg: field("alg"),
        }
    }

    fn form(&self, desk: &Desk) -> Form {
        let algorithms = [
            ("rsa", "RSA", "2048 bits; every client can read it."),
            ("ecdsa", "Elliptic curve P-256", "Short and fast."),
            ("ed25519", "Ed25519", "Short and fast; some clients cannot read it."),
        ];
        let choice = |(value, label, hint): (&str, &str, &str)| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            hint: hint.to_owned(),
            chosen: value == self.alg,
        };
        let names = "Host names and IP addresses that it is for, separated by commas.";
        let fields = vec![
            Field::new("common_name", "Name", Control::text(&self.common_name)).required(),
            Field::new("subject_alt_name", "Other names", Control::text(&self.subject_alt_name)).hint(names),
            Field::new("validity_days", "Days that it lasts", Control::line("number", &self.validity_days)).required(),
            Field::new("alg", "Algorithm", Control::Radio(algorithms.map(choice).into())).required(),
        ];
        Form::new(format!("{HOME}generate/"), &desk.csrf, "Generate").fields(fields).cancel(HOME)
    }
}

fn new_head() -> Heading {
    Heading {
        crumbs: vec![Crumb { label: "Certificates".to_owned(), href: HOME.to_owned() }],
        title: "Generate a certificate".to_owned(),
        lead: "A key of its own, with a certificate that it signs itself.".to_owned(),
        api: Some("POST /api/v3/crypto/certificatekeypairs/generate/".to_owned()),
        ..Heading::default()
    }
}

/// `GET /if/admin/certificates/generate/`.
pub(super) async fn blank(desk: Desk) -> Response {
    let wanted = Wanted { validity_days: "365".to_owned(), alg: "ecdsa".to_owned(), ..Wanted::default() };
    desk.page(new_head(), vec![Panel::bare(wanted.form(&desk))])
}

/// `POST /if/admin/certificates/generate/`.
pub(super) async fn generate(desk: Desk, request: Request) -> Response {
    let paged = generated(&desk, request).await;
    desk.answer(paged)
}

async fn generated(desk: &Desk, request: Request) -> Paged {
    let wanted = Wanted::of(&desk.form(request).await?);
    // What is no number is told of by the API.
    let days = wanted.validity_days.parse::<i64>().map_or_else(|_| json!(wanted.validity_days), |days| json!(days));
    let body = json!({
        "common_name": wanted.common_name,
        "subject_alt_name": wanted.subject_alt_name,
        "validity_days": days,
        "alg": wanted.alg,
    });
    let reply = desk.send(Method::POST, "/crypto/certificatekeypairs/generate/", &body).await?;
    if reply.status.is_success() {
        return Ok(done(&format!("{HOME}{}/", part(&key_text(&reply.json()["pk"]))), "created"));
    }
    let form = wanted.form(desk).wrong(reply.problems());
    Ok(desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, new_head(), vec![Panel::bare(form)]))
}

/// The heading of a pair's pages.
fn head(desk: &Desk, pair: &Value, tab: &str) -> Result<Heading, Trouble> {
    let resource = list::find("certificates")?;
    let key = part(&key_text(&pair["pk"]));
    let mut head = object::head(desk, resource, pair, tab);
    let view =
        Tab { label: "Certificate".to_owned(), href: format!("{HOME}{key}/certificate/"), here: tab == "certificate/" };
    head.tabs.insert(1, view);
    let file = |what: &str| format!("/api/v3/crypto/certificatekeypairs/{key}/view_{what}/?download");
    head.actions.insert(0, Action::link("Download certificate", file("certificate")));
    if pair["private_key_available"] == json!(true) && desk.may(Act::ViewKey, resource.kind) {
        head.actions.insert(1, Action::link("Download private key", file("private_key")));
    }
    Ok(head)
}

/// `GET /if/admin/certificates/{key}/`.
pub(super) async fn one(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let resource = list::find("certificates")?;
    let pair = desk.rest.get(&resource.shown(key)).await?;
    let until = pair["cert_expiry"].as_str().and_then(|time| time.parse::<DateTime<Utc>>().ok());
    let now = desk.visit.identity.clock.now();
    let print = |name: &str| match text(&pair, name) {
        "" => Cell::Nothing,
        print => Cell::Code(print.to_owned()),
    };
    let facts = Facts::default()
        .with("State", until.map_or(Cell::Nothing, |until| ending(until, now)))
        .with("Ends", Cell::time(pair["cert_expiry"].as_str()))
        .with("Subject", text(&pair, "cert_subject"))
        .with("Key", label(text(&pair, "key_type")))
        .with("Private key", pair["private_key_available"] == json!(true))
        .with("SHA-256 fingerprint", print("fingerprint_sha256"))
        .with("SHA-1 fingerprint", print("fingerprint_sha1"))
        .with("Managed as", text(&pair, "managed"));
    let users = object::dependants(desk, resource, key).await?;
    let panels = vec![Panel::bare(facts).wide(Width::Half), Panel::new("What uses it", users).wide(Width::Half)];
    Ok(desk.page(head(desk, &pair, "")?, panels))
}

async fn text_page(desk: &Desk, key: &str) -> Paged {
    let resource = list::find("certificates")?;
    let pair = desk.rest.get(&resource.shown(key)).await?;
    let seen = desk.rest.get(&format!("{}view_certificate/", resource.api_of(key))).await?;
    let code = Code { caption: "PEM".to_owned(), text: text(&seen, "data").trim().to_owned(), copy: true, diff: false };
    Ok(desk.page(head(desk, &pair, "certificate/")?, vec![Panel::bare(code)]))
}

/// `GET /if/admin/certificates/{key}/certificate/`.
pub(super) async fn certificate(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = text_page(&desk, &key).await;
    desk.answer(paged)
}
