//! What a user may open, and why.

use super::{
    super::{
        apps::in_one,
        desk::{Desk, Paged},
        list,
        resource::column,
        resource::{ColumnDef, FilterDef, key_text, part, text},
    },
    common::{is_missing, listing},
    deeds::said,
    user::{head, load},
};
use crate::pages::admin::{Cell, Panel, Tone};
use axum::{extract::Path, response::Response};
use serde_json::Value;

static COLUMNS: &[ColumnDef] = &[
    column("Application", |value| {
        let application = &value["application"];
        let to = format!("{}applications/{}/", super::super::ROOT, part(text(application, "slug")));
        Cell::Links(vec![(text(application, "name").to_owned(), to)])
    }),
    column("May open it", |value| match value["allowed"].as_bool() {
        Some(true) => Cell::badge("Yes", Tone::Good),
        _ => Cell::badge("No", Tone::Bad),
    }),
    column("Why", |value| {
        let said = if value["allowed"] == Value::Bool(true) { &value["reasons"] } else { &value["missing"] };
        let said: Vec<&str> = said.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        Cell::from(in_one(&said))
    }),
];

static FILTERS: &[FilterDef] = &[
    FilterDef { param: "allowed", label: "May open it", options: &[("", "All"), ("true", "Yes"), ("false", "No")] },
    FilterDef {
        param: "mfa",
        label: "Signed in",
        options: &[("", "With a password"), ("true", "With a second factor")],
    },
];

/// `GET /if/admin/users/{key}/access/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let user = load(desk, key).await?;
    let path = format!("/lockgate/users/{}/access/", part(&key_text(&user["pk"])));
    let mut head = head(desk, &user, "access/")?;
    head.api = Some(format!("GET /api/v3{path}"));
    let mut applications = listing(path, "Applications", "Applications and what is bound to them.", COLUMNS, FILTERS);
    applications.searched = true;
    match list::table(desk, &applications, &[]).await {
        Ok(table) => Ok(desk.page(head, vec![Panel::bare(table)])),
        // An older server beside this one.
        Err(trouble) if is_missing(&trouble) => Ok(desk.page(head, vec![said("This server cannot tell.")])),
        Err(trouble) => Err(trouble),
    }
}
