//! What the script asks for while somebody types: names for a field, and places for the palette.

use super::{
    desk::{Desk, Paged},
    resource::{self, Resource, text},
};
use axum::{
    Json,
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};

/// Most answers of a kind.
const MOST: usize = 8;

/// What the palette looks through.
const LOOKED_THROUGH: [&str; 7] = ["applications", "users", "groups", "flows", "providers", "policies", "roles"];

/// `GET /if/admin/pick/{target}/?q=`: names of what a field can refer to.
pub(super) async fn suggest(desk: Desk, Path(target): Path<String>) -> Response {
    let paged = suggested(&desk, &target).await;
    desk.answer(paged)
}

async fn suggested(desk: &Desk, target: &str) -> Paged {
    let found = match (resource::of_target(target), desk.asked("q")) {
        (Some(resource), Some(words)) => named(desk, resource, &words).await,
        _ => Vec::new(),
    };
    let names: Vec<String> = found.iter().map(|(name, ..)| name.clone()).collect();
    Ok(answer(&json!(names)))
}

/// Name, line below and address of what the words find.
async fn named(desk: &Desk, resource: &Resource, words: &str) -> Vec<(String, String, String)> {
    // Who may not read it is suggested nothing.
    let asked = resource.list(&[("page_size", &MOST.to_string()), ("search", words)]);
    let list = desk.rest.get(&asked).await.unwrap_or_default();
    let below = |one: &Value| {
        ["email", "title", "meta_description", "verbose_name"]
            .iter()
            .map(|m| text(one, m))
            .find(|t| !t.is_empty())
            .unwrap_or_default()
            .to_owned()
    };
    let found = list["results"].as_array().into_iter().flatten();
    found.map(|one| (resource.name(one), below(one), resource.href(one))).collect()
}

/// `GET /if/admin/find/?q=`: what the palette shows beside places.
pub(super) async fn find(desk: Desk) -> Response {
    let words = desk.asked("q").unwrap_or_default();
    let mut found = Vec::new();
    if words.chars().count() >= 2 {
        for resource in LOOKED_THROUGH.iter().filter_map(|slug| resource::by_slug(slug)) {
            if desk.may(Act::Read, resource.kind) {
                let kind = &resource.noun;
                found.extend(
                    named(&desk, resource, &words)
                        .await
                        .into_iter()
                        .map(|(name, below, href)| json!({"name": name, "below": below, "href": href, "kind": kind})),
                );
            }
        }
    }
    answer(&json!(found))
}

fn answer(value: &Value) -> Response {
    ([(header::CACHE_CONTROL, "no-store"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")], Json(value)).into_response()
}
