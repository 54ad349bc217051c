//! The first page.

use super::desk::{Desk, Paged};
use crate::pages::admin::{Heading, Panel, Text};
use axum::response::Response;

/// `GET /if/admin/`.
pub(super) async fn page(desk: Desk) -> Response {
    let paged = overview(&desk).await;
    desk.answer(paged)
}

async fn overview(desk: &Desk) -> Paged {
    let head = Heading { title: "Overview".into(), ..Heading::default() };
    Ok(desk.page(head, vec![Panel::bare(Text("Figures".into()))]))
}
