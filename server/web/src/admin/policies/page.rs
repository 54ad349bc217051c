//! The page of a policy or a mapping: where it comes from, its text, and where it is bound.

use super::super::{
    ROOT,
    desk::{Desk, Paged, Trouble},
    object,
    resource::{self, Resource, key_text, part, text},
};
use super::bindings;
use crate::pages::admin::{Action, Cell, Column, Empty, Note, Panel, Row, Table, Tone};
use axum::response::Response;
use lockgate_model::Family;
use lockgate_policies::Action as Act;
use serde_json::Value;
use std::collections::HashMap;

/// The page.
pub(super) async fn page(desk: Desk, resource: &'static Resource, key: &str) -> Response {
    let paged = shown(&desk, resource, key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, resource: &'static Resource, key: &str) -> Paged {
    let value = desk.rest.get(&resource.shown(key)).await?;
    let is_policy = resource.registered().is_some_and(|kind| kind.meta.family == Family::Policy);
    let mut panels = Vec::new();
    if let Some(note) = origin(desk, resource.kind, key).await? {
        panels.push(Panel::bare(note));
    }
    // What the text says comes before its settings.
    let mut set = object::panels(desk, resource, &value).await?;
    set.rotate_left(1);
    panels.append(&mut set);
    if is_policy {
        let bound = bound(desk, key).await?;
        panels.push(Panel::new("Where it is bound", vec![bound.into()]));
    }
    Ok(desk.page(object::head(desk, resource, &value, ""), panels))
}

/// That something belongs to the configuration folder, and where it stands there.
pub(in super::super) async fn origin(desk: &Desk, kind: &str, key: &str) -> Result<Option<Note>, Trouble> {
    let Some(document) = super::document(desk, kind, key).await? else { return Ok(None) };
    Ok(match (text(&document, "origin"), text(&document, "file")) {
        ("folder", file) if !file.is_empty() => {
            let line = format!("It is declared in {file}, line {}: change it there.", document["line"]);
            Some(Note::new(Tone::Info, line))
        }
        _ => None,
    })
}

/// The bindings of a policy.
async fn bound(desk: &Desk, key: &str) -> Result<Table, Trouble> {
    if !desk.may(Act::Read, "policy_binding") {
        let empty = Empty { title: "You may not see where it is bound".into(), ..Empty::default() };
        return Ok(Table { caption: "Where it is bound".into(), empty, ..Table::default() });
    }
    let list = desk.all(&format!("/policies/bindings/?ordering=order&policy={}", part(key))).await?;
    let targets = if list.is_empty() { HashMap::new() } else { targets(desk).await? };
    let row = |binding: &Value| {
        let target = text(binding, "target");
        let place = match targets.get(target) {
            Some((name, kind, href)) => Cell::Link { text: name.clone(), href: href.clone(), below: kind.clone() },
            None => Cell::Code(target.to_owned()),
        };
        Row { key: None, cells: vec![place, bindings::wants(binding), bindings::state(binding)] }
    };
    Ok(Table {
        caption: "Where it is bound".into(),
        columns: ["Bound to", "Lets through", "State"].map(Column::new).into(),
        rows: list.iter().map(row).collect(),
        empty: Empty {
            title: "It is bound to nothing".into(),
            hint: "A policy counts where it is bound: open an application or a flow and add it under Bindings.".into(),
            action: Some(Action::link("Applications", format!("{ROOT}applications/"))),
        },
        ..Table::default()
    })
}

/// Name, kind and address of everything that policies are bound to, by key.
async fn targets(desk: &Desk) -> Result<HashMap<String, (String, String, String)>, Trouble> {
    let mut found = HashMap::new();
    for (slug, kind) in
        [("applications", "Application"), ("flows", "Flow"), ("notification-rules", "Notification rule")]
    {
        let Some(resource) = resource::by_slug(slug).filter(|one| desk.may(Act::Read, one.kind)) else { continue };
        for one in &desk.all(&format!("{}?superuser_full_list=true", resource.api)).await? {
            let tail = if slug == "notification-rules" { "" } else { "bindings/" };
            let href = format!("{}{tail}", resource.href(one));
            found.insert(key_text(&one["pk"]), (resource.name(one), kind.to_owned(), href));
        }
    }
    if desk.may(Act::Read, "flow_stage_binding") {
        let flows: HashMap<String, String> = found
            .iter()
            .filter(|(_, (_, kind, _))| kind == "Flow")
            .map(|(key, (name, ..))| (key.clone(), name.clone()))
            .collect();
        for one in &desk.all("/flows/bindings/").await? {
            let flow = text(one, "target");
            let slug = flows.get(flow).map_or(flow, String::as_str);
            let name = format!("{} in {slug}", text(&one["stage_obj"], "name"));
            let key = key_text(&one["pk"]);
            let href = format!("{ROOT}flows/{}/stages/{key}/bindings/", part(slug));
            found.insert(key, (name, "Stage of a flow".to_owned(), href));
        }
    }
    Ok(found)
}
