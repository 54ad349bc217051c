//! The page of a brand, with the way to see it.

use crate::{
    admin::{
        desk::{Desk, Paged},
        list, object,
        resource::text,
    },
    pages::admin::{Action, Note, Panel, Tone},
};
use axum::{extract::Path, response::Response};
use serde_json::json;

/// Where people sign in, by the flow that the brand of the host says.
const SIGN_IN: &str = "/flows/-/default/authentication/";

/// `GET /if/admin/brands/{key}/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let resource = list::find("brands")?;
    let brand = desk.rest.get(&resource.shown(key)).await?;
    let mut head = object::head(desk, resource, &brand, "");
    let domain = text(&brand, "domain");
    let mut panels = object::panels(desk, resource, &brand).await?;
    // The domain of the default brand is no host's name.
    let host = if brand["default"] == json!(true) && !domain.contains('.') { "" } else { domain };
    let scheme = if desk.visit.client.is_https() { "https" } else { "http" };
    let address = if host.is_empty() { SIGN_IN.to_owned() } else { format!("{scheme}://{host}{SIGN_IN}") };
    head.actions.insert(0, Action::link("See its sign-in page", address));
    let line = "Logo, icon, colours and style sheet of a brand are shown on its own pages, below the hosts that its \
                domain names. Pictures of other hosts are allowed there by name, and nothing else of them; styles cannot \
                load anything.";
    panels.push(Panel::bare(Note::new(Tone::Info, line)));
    Ok(desk.page(head, panels))
}
