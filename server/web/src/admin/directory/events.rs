//! What a user did.

use super::{
    super::{
        desk::{Desk, Paged},
        list,
        resource::{self, ColumnDef, column, key_text, ordered, part, text},
        spec::label,
    },
    common::listing,
    user::{head, load},
};
use crate::pages::admin::{Cell, Panel, Tone};
use axum::{extract::Path, response::Response};

static COLUMNS: &[ColumnDef] = &[
    column("What", |value| {
        let to = format!("{}events/{}/", super::super::ROOT, part(&key_text(&value["pk"])));
        Cell::Links(vec![(label(text(value, "action")), to)])
    }),
    column("About", |value| {
        let model = &value["context"]["model"];
        match (text(model, "name"), text(&value["context"]["authorized_application"], "name")) {
            ("", application) => Cell::from(application),
            (name, _) => Cell::from(name),
        }
    }),
    column("By", |value| Cell::badge(text(value, "app"), Tone::Plain)),
    column("From", |value| match text(value, "client_ip") {
        "" => Cell::Nothing,
        address => Cell::Code(address.to_owned()),
    }),
    ordered("When", "created", |value| Cell::time(value["created"].as_str())),
];

/// `GET /if/admin/users/{key}/events/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let user = load(desk, key).await?;
    let mut own = listing("/events/events/".into(), "Events", "What somebody does stands here.", COLUMNS, &[]);
    (own.searched, own.ordering) = (true, "-created");
    let events = resource::by_slug("events").unwrap_or(&own);
    let pk = key_text(&user["pk"]);
    let table = list::table(desk, events, &[("user", pk.as_str())]).await?;
    let mut head = head(desk, &user, "events/")?;
    head.api = Some(format!("GET /api/v3/events/events/?user={pk}"));
    Ok(desk.page(head, vec![Panel::bare(table)]))
}
