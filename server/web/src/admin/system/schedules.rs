//! Schedules: what is done again and again, and when.

use super::{jobs, pressed, settled};
use crate::{
    admin::{
        desk::{Desk, Paged, done},
        events::listing,
        list,
        resource::{ColumnDef, FilterDef, Resource, column, ordered, part, text},
        spec::label,
    },
    pages::admin::{Action, Badge, Cell, Control, Crumb, Facts, Field, Form, Heading, Panel, Tone, Width},
};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Where they are.
pub(super) const HOME: &str = "/if/admin/schedules/";

static COLUMNS: &[ColumnDef] = &[
    ordered("Schedule", "actor_name", |one| Cell::Link {
        text: label(text(one, "actor_name")),
        href: String::new(),
        below: text(one, "description").to_owned(),
    }),
    ordered("When", "crontab", |one| Cell::Code(text(one, "crontab").to_owned())),
    ordered("State", "paused", |one| match one["paused"] == json!(true) {
        true => Cell::badge("Paused", Tone::Warn),
        false => Cell::badge("Active", Tone::Good),
    }),
    column("Last run", |one| match one["last_task_status"].as_str() {
        Some(status) => {
            let (word, tone) = jobs::state(status);
            Cell::badge(word, tone)
        }
        None => Cell::Nothing,
    }),
    ordered("Next run", "next_run", |one| Cell::time(one["next_run"].as_str())),
];

static SCHEDULES: LazyLock<Resource> = LazyLock::new(|| Resource {
    columns: COLUMNS,
    filters: &[FilterDef {
        param: "paused",
        label: "State",
        options: &[("", "All"), ("false", "Active"), ("true", "Paused")],
    }],
    ordering: "next_run",
    lead: "What is done again and again.",
    ..listing("schedules", "tasks/schedules", "schedule", "id", "Schedules")
});

/// `GET /if/admin/schedules/`.
pub(super) async fn page(desk: Desk) -> Response {
    let paged = listed(&desk).await;
    desk.answer(paged)
}

async fn listed(desk: &Desk) -> Paged {
    let table = list::table(desk, &SCHEDULES, &[]).await?;
    let head = Heading {
        title: SCHEDULES.plural.clone(),
        lead: SCHEDULES.lead.to_owned(),
        tabs: jobs::tabs(desk, HOME),
        api: Some("GET /api/v3/tasks/schedules/".to_owned()),
        ..Heading::default()
    };
    Ok(desk.page(head, vec![Panel::bare(table)]))
}

/// `GET /if/admin/schedules/{key}/`.
pub(super) async fn one(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key, None).await;
    desk.answer(paged)
}

/// What somebody sent, and what is wrong with it.
type Faulty = (String, bool, Vec<(String, String)>);

async fn shown(desk: &Desk, key: &str, faulty: Option<Faulty>) -> Paged {
    let api = SCHEDULES.api_of(key);
    let one = desk.rest.get(&api).await?;
    let paused = one["paused"] == json!(true);
    let mut head = Heading {
        crumbs: vec![Crumb { label: SCHEDULES.plural.clone(), href: HOME.to_owned() }],
        title: label(text(&one, "actor_name")),
        lead: text(&one, "description").to_owned(),
        badges: vec![if paused { Badge::new("Paused", Tone::Warn) } else { Badge::new("Active", Tone::Good) }],
        api: Some(format!("PATCH /api/v3{api}")),
        ..Heading::default()
    };
    if desk.may(Act::Execute, "schedule") {
        let run = Action::post("Run now", format!("{HOME}{}/run/", part(key)), []);
        head.actions.push(run.toned(Tone::Main));
    }
    let query =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("search", text(&one, "actor_name")).finish();
    head.actions.push(Action::link("Its jobs", format!("{}?{query}", jobs::HOME)));
    let last = one["last_task_status"].as_str().map_or(Cell::Nothing, |status| {
        let (word, tone) = jobs::state(status);
        Cell::badge(word, tone)
    });
    let facts = Facts::default()
        .with("When", Cell::Code(text(&one, "crontab").to_owned()))
        .with("Next run", Cell::time(one["next_run"].as_str()))
        .with("Last run", last);
    let mut panels = vec![Panel::bare(facts).wide(Width::Half)];
    let status = if faulty.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    if desk.may(Act::Update, "schedule") {
        let (crontab, paused, problems) =
            faulty.unwrap_or_else(|| (text(&one, "crontab").to_owned(), paused, Vec::new()));
        let hint = "Minute, hour, day, month and weekday, in UTC: 30 3 * * * is every night at half past three.";
        let fields = vec![
            Field::new("crontab", "When", Control::text(crontab)).required().hint(hint),
            Field::new("paused", "Paused", Control::Tick(paused))
                .hint("It is left out until somebody goes on with it."),
        ];
        let form = Form::new(format!("{HOME}{}/", part(key)), &desk.csrf, "Save").fields(fields).wrong(problems);
        panels.push(Panel::new("Change it", vec![form.into()]).wide(Width::Half));
    }
    Ok(desk.page_with(status, head, panels))
}

/// `POST /if/admin/schedules/{key}/`.
pub(super) async fn change(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = changed(&desk, &key, request).await;
    desk.answer(paged)
}

async fn changed(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let crontab = sent.get("crontab").unwrap_or_default().trim().to_owned();
    let paused = sent.get("paused").is_some();
    let body: Value = json!({"crontab": crontab, "paused": paused});
    let reply = desk.send(Method::PATCH, &SCHEDULES.api_of(key), &body).await?;
    if reply.status.is_success() {
        return Ok(done(&format!("{HOME}{}/", part(key)), "saved"));
    }
    shown(desk, key, Some((crontab, paused, reply.problems()))).await
}

/// `POST /if/admin/schedules/{key}/run/`.
pub(super) async fn run(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = match pressed(&desk, request, &format!("{}send/", SCHEDULES.api_of(&key))).await {
        Ok(reply) => settled(&reply, &format!("{HOME}{}/", part(&key))),
        Err(trouble) => Err(trouble),
    };
    desk.answer(paged)
}
