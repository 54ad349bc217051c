//! The page of a brand, with the way to see it.

use crate::{
    admin::{
        desk::{Desk, Paged},
        list, object,
        resource::{key_text, part, text},
    },
    pages::admin::{Action, Note, Panel, Tone},
};
use axum::{extract::Path, response::Response};
use serde_json::json;

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
    let flow = part(&key_text(&brand["flow_authentication"]));
    let bound = desk.rest.get(&format!("/flows/instances/?flow_uuid={flow}")).await.unwrap_or_default();
    let slug = text(&bound["results"][0], "slug");
    if !slug.is_empty() {
        // The domain of the default brand is no host's name.
        let host = if brand["default"] == json!(true) && !domain.contains('.') { "" } else { domain };
        let path = format!("/if/flow/{}/", part(slug));
        let address = if host.is_empty() { path } else { format!("//{host}{path}") };
        head.actions.insert(0, Action::link("See its sign-in page", address));
    }
    let line = "Logo, icon, colours and style sheet of a brand are shown on its own pages, below the hosts that its \
                domain names. Pictures of other hosts are allowed there by name, and nothing else of them; styles cannot \
                load anything.";
    panels.push(Panel::bare(Note::new(Tone::Info, line)));
    Ok(desk.page(head, panels))
}
