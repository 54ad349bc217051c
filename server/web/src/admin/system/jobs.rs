//! Jobs: what was and is to be done in the background, how it went, and who does it.

use super::{pressed, settled};
use crate::{
    admin::{
        desk::{Desk, Paged},
        events::listing,
        list,
        resource::{ColumnDef, FilterDef, Resource, column, key_text, ordered, part, text},
        spec::label,
    },
    pages::admin::{
        Action, Badge, Cell, Column, Crumb, Empty, Facts, Figure, Figures, Heading, Panel, Row, Tab, Table, Tone,
    },
};
use axum::{
    extract::{Path, Request},
    response::Response,
};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Where they are.
pub(super) const HOME: &str = "/if/admin/jobs/";

static COLUMNS: &[ColumnDef] = &[
    ordered("Job", "actor_name", |job| Cell::Link {
        text: label(text(job, "actor_name")),
        href: String::new(),
        below: text(job, "description").to_owned(),
    }),
    column("State", |job| {
        let (word, tone) = state(text(job, "aggregated_status"));
        Cell::badge(word, tone)
    }),
    ordered("Begun again", "retries", |job| match job["retries"].as_i64() {
        Some(0) | None => Cell::Nothing,
        Some(times) => Cell::Number(times),
    }),
    column("Due", |job| Cell::time(job["eta"].as_str())),
    ordered("Last change", "mtime", |job| Cell::time(job["mtime"].as_str())),
];

static JOBS: LazyLock<Resource> = LazyLock::new(|| Resource {
    columns: COLUMNS,
    filters: &[FilterDef {
        param: "aggregated_status",
        label: "State",
        options: &[
            ("", "All"),
            ("queued", "Waiting"),
            ("running", "Running"),
            ("info", "Done"),
            ("warning", "Done with warnings"),
            ("error,rejected", "Failed or given up"),
            ("error", "Failed"),
            ("rejected", "Given up"),
        ],
    }],
    ordering: "-mtime",
    lead: "Work in the background: mails, notifications, tidying up.",
    ..listing("jobs", "tasks/tasks", "task", "message_id", "Jobs")
});

/// A state in words.
pub(super) fn state(status: &str) -> (String, Tone) {
    let (word, tone) = match status {
        "queued" => ("Waiting", Tone::Plain),
        "running" => ("Running", Tone::Info),
        "info" => ("Done", Tone::Good),
        "done" => ("Over", Tone::Plain),
        "warning" => ("Done with warnings", Tone::Warn),
        "error" => ("Failed", Tone::Bad),
        "rejected" => ("Given up", Tone::Bad),
        other => return (label(other), Tone::Plain),
    };
    (word.to_owned(), tone)
}

/// The views of background work.
pub(super) fn tabs(desk: &Desk, here: &str) -> Vec<Tab> {
    let tab = |label: &str, href: &str| Tab { label: label.to_owned(), href: href.to_owned(), here: href == here };
    let mut tabs = vec![tab("Jobs", HOME)];
    if desk.may(Act::Read, "schedule") {
        tabs.push(tab("Schedules", super::schedules::HOME));
    }
    if desk.may(Act::Read, "worker") {
        tabs.push(tab("Workers", WORKERS));
    }
    tabs
}

/// `GET /if/admin/jobs/`.
pub(super) async fn page(desk: Desk) -> Response {
    let paged = listed(&desk).await;
    desk.answer(paged)
}

async fn listed(desk: &Desk) -> Paged {
    let mut table = list::table(desk, &JOBS, &[]).await?;
    table.live = 5;
    let census = desk.rest.get("/tasks/tasks/status/").await?;
    let count = |name: &str| census[name].as_u64().unwrap_or_default();
    let figure = |name: &str, label: &str, count: u64, tone: Tone| Figure {
        figure: count.to_string(),
        label: label.to_owned(),
        href: format!("{HOME}?aggregated_status={name}"),
        tone: if count == 0 { Tone::Plain } else { tone },
        ..Figure::default()
    };
    let figures = Figures(vec![
        figure("queued", "Waiting", count("queued"), Tone::Plain),
        figure("running", "Running", count("running"), Tone::Plain),
        figure("info", "Done", count("info"), Tone::Plain),
        figure("warning", "With warnings", count("warning"), Tone::Warn),
        figure("error", "Failed", count("error"), Tone::Bad),
        figure("rejected", "Given up", count("rejected"), Tone::Bad),
    ]);
    let head = Heading {
        title: JOBS.plural.clone(),
        lead: JOBS.lead.to_owned(),
        tabs: tabs(desk, HOME),
        api: Some("GET /api/v3/tasks/tasks/".to_owned()),
        ..Heading::default()
    };
    Ok(desk.page(head, vec![Panel::bare(figures), Panel::bare(table)]))
}

/// `GET /if/admin/jobs/{key}/`.
pub(super) async fn one(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let api = JOBS.api_of(key);
    let job = desk.rest.get(&api).await?;
    let (word, tone) = state(text(&job, "aggregated_status"));
    let mut head = Heading {
        crumbs: vec![Crumb { label: JOBS.plural.clone(), href: HOME.to_owned() }],
        title: label(text(&job, "actor_name")),
        lead: text(&job, "description").to_owned(),
        badges: vec![Badge::new(word, tone)],
        api: Some(format!("GET /api/v3{api}")),
        ..Heading::default()
    };
    let is_over = matches!(text(&job, "state"), "done" | "rejected");
    if is_over && desk.may(Act::Execute, "task") {
        let again = Action::post("Do it again", format!("{HOME}{}/retry/", part(key)), []);
        head.actions.push(again.toned(Tone::Main));
    }
    let facts = Facts::default()
        .with("What it is about", text(&job, "uid"))
        .with("Queue", Cell::Code(text(&job, "queue_name").to_owned()))
        .with("Begun again", job["retries"].as_i64().unwrap_or_default())
        .with("Due", Cell::time(job["eta"].as_str()))
        .with("Last change", Cell::time(job["mtime"].as_str()))
        .with("Key", Cell::Code(text(&job, "message_id").to_owned()));
    let mut panels = vec![Panel::bare(facts), Panel::new("What it said", vec![lines(&job["logs"]).into()])];
    if job["previous_logs"].as_array().is_some_and(|logs| !logs.is_empty()) {
        panels.push(Panel::new("What it said the times before", vec![lines(&job["previous_logs"]).into()]));
    }
    Ok(desk.page(head, panels))
}

fn lines(logs: &Value) -> Table {
    let row = |line: &Value| {
        let tone = match text(line, "log_level") {
            "error" | "critical" | "exception" => Tone::Bad,
            "warning" | "warn" => Tone::Warn,
            _ => Tone::Plain,
        };
        let attributes = match &line["attributes"] {
            Value::Object(map) if !map.is_empty() => Cell::Code(line["attributes"].to_string()),
            _ => Cell::Nothing,
        };
        Row {
            key: None,
            cells: vec![
                Cell::from(text(line, "event")),
                Cell::badge(label(text(line, "log_level")), tone),
                attributes,
                Cell::time(line["timestamp"].as_str()),
            ],
        }
    };
    Table {
        caption: "Log".to_owned(),
        columns: ["Line", "Level", "Particulars", "When"].map(Column::new).into(),
        rows: logs.as_array().into_iter().flatten().map(row).collect(),
        empty: Empty { title: "It said nothing".to_owned(), ..Empty::default() },
        ..Table::default()
    }
}

/// `POST /if/admin/jobs/{key}/retry/`.
pub(super) async fn retry(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = match pressed(&desk, request, &format!("{}retry/", JOBS.api_of(&key))).await {
        Ok(reply) => settled(&reply, &format!("{HOME}{}/", part(&key))),
        Err(trouble) => Err(trouble),
    };
    desk.answer(paged)
}

/// Where the workers are.
const WORKERS: &str = "/if/admin/jobs/workers/";

/// `GET /if/admin/jobs/workers/`.
pub(super) async fn workers(desk: Desk) -> Response {
    let paged = at_work(&desk).await;
    desk.answer(paged)
}

async fn at_work(desk: &Desk) -> Paged {
    let workers = desk.rest.get("/tasks/workers/").await?;
    let row = |worker: &Value| {
        let own = match worker["version_matching"] == json!(true) {
            true => Cell::badge("Same as here", Tone::Good),
            false => Cell::badge("Another version", Tone::Warn),
        };
        let id = Cell::Code(key_text(&worker["worker_id"]));
        Row { key: None, cells: vec![id, Cell::from(text(worker, "version")), own] }
    };
    let table = Table {
        caption: "Workers".to_owned(),
        columns: ["Process", "Version", "State"].map(Column::new).into(),
        rows: workers.as_array().into_iter().flatten().map(row).collect(),
        empty: Empty {
            title: "Nobody works".to_owned(),
            hint: "No process has been heard of lately: jobs wait.".to_owned(),
            action: None,
        },
        ..Table::default()
    };
    let head = Heading {
        title: "Workers".to_owned(),
        lead: "The processes that do the jobs.".to_owned(),
        tabs: tabs(desk, WORKERS),
        api: Some("GET /api/v3/tasks/workers/".to_owned()),
        ..Heading::default()
    };
    Ok(desk.page(head, vec![Panel::bare(table)]))
}
