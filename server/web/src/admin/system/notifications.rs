//! What the one who is signed in was told.

use super::{pressed, settled};
use crate::{
    admin::{
        desk::{Desk, Paged},
        events::{self, listing},
        list,
        resource::{ColumnDef, FilterDef, Resource, column, key_text, ordered, part, text},
        spec::label,
    },
    pages::admin::{Action, Cell, Empty, Heading, Panel, Tone},
    visit::redirect,
};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use serde_json::json;
use std::sync::LazyLock;

/// Where they are.
const HOME: &str = "/if/admin/notifications/";

static COLUMNS: &[ColumnDef] = &[
    column("Notification", |one| Cell::Text(text(one, "body").to_owned())),
    ordered("Severity", "severity", |one| {
        let tone = match text(one, "severity") {
            "alert" => Tone::Bad,
            "warning" => Tone::Warn,
            _ => Tone::Info,
        };
        Cell::badge(label(text(one, "severity")), tone)
    }),
    column("Seen", |one| match one["seen"] == json!(true) {
        true => Cell::from("Seen"),
        false => Cell::badge("New", Tone::Info),
    }),
    ordered("When", "created", |one| Cell::time(one["created"].as_str())),
];

static NOTIFICATIONS: LazyLock<Resource> = LazyLock::new(|| Resource {
    columns: COLUMNS,
    filters: &[
        FilterDef { param: "seen", label: "State", options: &[("", "All"), ("false", "New"), ("true", "Seen")] },
        FilterDef {
            param: "severity",
            label: "Severity",
            options: &[("", "All"), ("notice", "Notice"), ("warning", "Warning"), ("alert", "Alert")],
        },
    ],
    ordering: "-created",
    lead: "What notification rules told you.",
    ..listing("notifications", "events/notifications", "notification", "pk", "Notifications")
});

/// `GET /if/admin/notifications/`.
pub(super) async fn page(desk: Desk) -> Response {
    let paged = listed(&desk).await;
    desk.answer(paged)
}

async fn listed(desk: &Desk) -> Paged {
    let own = desk.signed_in.principal().user.pk.to_string();
    let mut table = list::table(desk, &NOTIFICATIONS, &[("user", &own)]).await?;
    if table.rows.is_empty() && table.reset.is_none() {
        table.empty = Empty {
            title: "You were told nothing yet".to_owned(),
            hint: "Notification rules say who is told of which events.".to_owned(),
            action: Some(Action::link("Notification rules", "/if/admin/notification-rules/")),
        };
    }
    let head = Heading {
        title: NOTIFICATIONS.plural.clone(),
        lead: NOTIFICATIONS.lead.to_owned(),
        actions: vec![Action::post("Mark all as seen", format!("{HOME}seen/"), [])],
        api: Some("GET /api/v3/events/notifications/".to_owned()),
        ..Heading::default()
    };
    Ok(desk.page(head, vec![Panel::bare(table)]))
}

/// `GET /if/admin/notifications/{key}/`: whoever follows it has seen it, and comes to what it is about.
pub(super) async fn one(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = followed(&desk, &key).await;
    desk.answer(paged)
}

async fn followed(desk: &Desk, key: &str) -> Paged {
    let api = format!("/events/notifications/{}/", part(key));
    let told = desk.rest.get(&api).await?;
    if told["seen"] != json!(true) {
        desk.send(Method::PATCH, &api, &json!({"seen": true})).await?;
    }
    let to = match key_text(&told["event"]["pk"]) {
        pk if pk.is_empty() => HOME.to_owned(),
        pk => events::address(&pk),
    };
    Ok(redirect(StatusCode::SEE_OTHER, &to))
}

/// `POST /if/admin/notifications/seen/`.
pub(super) async fn seen(desk: Desk, request: Request) -> Response {
    let paged = match pressed(&desk, request, "/events/notifications/mark_all_seen/").await {
        Ok(reply) => settled(&reply, HOME),
        Err(trouble) => Err(trouble),
    };
    desk.answer(paged)
}
