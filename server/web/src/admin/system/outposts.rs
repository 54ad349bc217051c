//! The page of an outpost: what it serves, and where.

use crate::{
    admin::{
        ROOT,
        desk::{Desk, Paged, Trouble},
        list, object,
        resource::{key_text, part, text},
        spec::label,
    },
    pages::admin::{Badge, Cell, Column, Empty, Note, Panel, Row, Table, Tone},
};
use axum::{extract::Path, response::Response};
use serde_json::Value;

/// What marks the outpost that is a part of the server.
const EMBEDDED: &str = "goauthentik.io/outposts/embedded";

/// `GET /if/admin/outposts/{key}/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let resource = list::find("outposts")?;
    let outpost = desk.rest.get(&resource.shown(key)).await?;
    let mut head = object::head(desk, resource, &outpost, "");
    let embedded = text(&outpost, "managed") == EMBEDDED;
    let line = if embedded {
        head.badges.push(Badge::new("Part of this server", Tone::Good));
        "It answers wherever this server does, serves every proxy provider, and needs no deployment: its health is the \
         server's own."
    } else {
        head.badges.push(Badge::new("Not deployed by the server", Tone::Warn));
        "A declaration that other programs read: the server starts no outpost and hears from none. What is behind it is \
         served by the outpost in the server all the same."
    };
    let mut panels = vec![Panel::bare(Note::new(Tone::Info, line))];
    panels.extend(object::panels(desk, resource, &outpost).await?);
    panels.push(Panel::new("What it serves", vec![served(desk, &outpost, embedded).await?.into()]));
    Ok(desk.page(head, panels))
}

/// Its providers, as far as the viewer sees them.
async fn served(desk: &Desk, outpost: &Value, embedded: bool) -> Result<Table, Trouble> {
    let list = match desk.all("/providers/proxy/?ordering=name").await {
        Err(Trouble::Refused(..)) => Vec::new(),
        list => list?,
    };
    let named = outpost["providers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let providers = list.iter().filter(|provider| embedded || named.contains(&provider["pk"]));
    Ok(Table {
        caption: "Providers".into(),
        columns: ["Provider", "Application", "Address", "Mode"].map(Column::new).into(),
        rows: providers.map(row).collect(),
        empty: Empty {
            title: "It serves nothing".into(),
            hint: "Applications behind forward auth appear here.".into(),
            action: None,
        },
        ..Table::default()
    })
}

fn row(provider: &Value) -> Row {
    let application = match text(provider, "assigned_application_slug") {
        "" => Cell::badge("No application", Tone::Warn),
        slug => Cell::link(text(provider, "assigned_application_name"), format!("{ROOT}applications/{}/", part(slug))),
    };
    let address = match (text(provider, "mode"), text(provider, "cookie_domain")) {
        ("forward_domain", domain) if !domain.is_empty() => {
            format!("{} and every host of {domain}", text(provider, "external_host"))
        }
        _ => text(provider, "external_host").to_owned(),
    };
    let to = format!("{ROOT}proxy-providers/{}/", key_text(&provider["pk"]));
    let cells = vec![
        Cell::link(text(provider, "name"), to),
        application,
        Cell::from(address),
        Cell::badge(label(text(provider, "mode")), Tone::Plain),
    ];
    Row { key: None, cells }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_domain_is_told_with_its_sign_in_host() {
        let provider = json!({"pk": 3, "name": "all", "mode": "forward_domain", "external_host": "https://id.example.com",
            "cookie_domain": "example.com", "assigned_application_slug": null});
        let told = format!("{:?}", row(&provider).cells);
        assert!(told.contains("https://id.example.com and every host of example.com"), "{told}");
        assert!(told.contains("No application"), "{told}");
    }
}
