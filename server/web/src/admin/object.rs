//! The page of one thing, and what refers to it.

use super::{
    desk::{Desk, Paged},
    document, form,
    list::find,
    resource::{self, Resource, key_text, part, text},
    spec::Holds,
};
use crate::pages::admin::{
    Action, Cell, Code, Column, Crumb, Empty, Facts, Heading, Panel, Part, Row, Tab, Table, Text, Tone,
};
use axum::{extract::Path, response::Response};
use lockgate_policies::Action as Act;
use serde_json::Value;

/// `GET /if/admin/{resource}/{key}/`.
pub(super) async fn page(desk: Desk, Path((slug, key)): Path<(String, String)>) -> Response {
    let paged = shown(&desk, &slug, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, slug: &str, key: &str) -> Paged {
    let resource = find(slug)?;
    let value = desk.rest.get(&resource.api_of(key)).await?;
    let mut head = head(desk, resource, &value, "");
    let document = document::of(desk, resource, &value).await?;
    // That it is the folder's, the heading says by itself.
    head.badges.extend(document.iter().filter(|document| !document::is_in_folder(Some(document))).map(document::badge));
    Ok(desk.page(head, panels(desk, resource, &value)))
}

/// The heading of a page of one thing; `tab` is where below its address the page is.
pub(super) fn head(desk: &Desk, resource: &Resource, value: &Value, tab: &str) -> Heading {
    let home = format!("{}{}/", resource.home(), part(&key_text(&value[resource.key])));
    let mut tabs = vec![("", "Overview")];
    tabs.extend(resource.tabs.iter().filter(|(path, _)| super::replaced::is_open(desk, resource, path)));
    if resource.has_used_by {
        tabs.push(("used-by/", "Used by"));
    }
    // A blueprint is a file of another product, and has no word in ours.
    if resource.registered().is_some_and(|kind| kind.meta.kind != "blueprint_instance") {
        tabs.push(("yaml/", "YAML"));
    }
    let tab =
        |(path, label): (&str, &str)| Tab { label: label.to_owned(), href: format!("{home}{path}"), here: path == tab };
    let mut actions = Vec::new();
    let changes = desk.may(Act::Update, resource.kind) || desk.may(Act::Delete, resource.kind);
    if resource.can_create() && desk.may(Act::Update, resource.kind) {
        actions.push(Action::link("Edit", format!("{home}edit/")));
    }
    let in_folder = document::folder(desk, resource, value);
    if resource.can_delete && desk.may(Act::Delete, resource.kind) && in_folder.is_none() {
        actions.push(Action::link("Delete", format!("{home}delete/")).toned(Tone::Bad));
    }
    let mut head = Heading {
        crumbs: vec![Crumb { label: resource.plural.clone(), href: resource.home() }],
        title: form::title(resource, value),
        badges: in_folder.into_iter().filter(|_| changes).collect(),
        actions,
        tabs: if tabs.len() > 1 { tabs.into_iter().map(tab).collect() } else { Vec::new() },
        api: Some(format!("GET /api/v3{}", resource.api_of(&key_text(&value[resource.key])))),
        ..Heading::default()
    };
    super::directory::dress(desk, resource, value, &mut head);
    head
}

/// Everything that is set, long texts apart.
pub(super) fn panels(desk: &Desk, resource: &Resource, value: &Value) -> Vec<Panel> {
    let specs = resource.specs();
    let mut facts = Facts::default();
    let mut texts = Vec::new();
    for spec in &specs {
        match spec.holds {
            Holds::Long(_) if !text(value, &spec.name).is_empty() => {
                let code = Code { text: text(value, &spec.name).to_owned(), copy: true, ..Code::default() };
                texts.push(Panel::new(&spec.label, vec![code.into()]));
            }
            Holds::Long(_) => {}
            Holds::Ref(ref target, many) => {
                facts = facts.with(&spec.label, references(desk, target, many, &spec.name, value))
            }
            _ => facts = facts.with(&spec.label, form::shown(spec, value)),
        }
    }
    if specs.is_empty() {
        facts = everything(value);
    }
    std::iter::once(Panel::bare(facts)).chain(texts).collect()
}

/// The members of a value that nobody declared.
fn everything(value: &Value) -> Facts {
    value.as_object().into_iter().flatten().fold(Facts::default(), |facts, (name, value)| {
        let cell = match value {
            Value::Object(_) | Value::Array(_) => Cell::Code(value.to_string()),
            Value::Bool(yes) => Cell::Yes(*yes),
            other => Cell::from(key_text(other)),
        };
        facts.with(super::spec::label(name), cell)
    })
}

/// Name and page of what a key refers to, for who may see it; people and groups are no configuration.
fn named(desk: &Desk, target: &str, key: &Value) -> Option<(String, String)> {
    let objects = &desk.visit.snapshot.objects;
    let object = match key.as_i64() {
        Some(number) => objects.by_number(i32::try_from(number).ok()?)?,
        None => objects.get(key.as_str()?.parse().ok()?)?,
    };
    let is_meant = objects.is_a(object.document.id, target) && desk.may(Act::Read, object.kind.meta.kind);
    let of = resource::of(object.kind.meta.kind).filter(|_| is_meant)?;
    let address = if of.key == "slug" { object.document.name.clone() } else { key_text(key) };
    Some((object.document.name.clone(), format!("{}{}/", of.home(), part(&address))))
}

/// Names of what is referred to: as the API tells them beside the keys (`groups` beside `groups_obj`), or as they are
/// in force.
pub(super) fn references(desk: &Desk, target: &str, many: bool, name: &str, value: &Value) -> Cell {
    let told = match (&value[format!("{name}_obj")], &value[format!("{}_obj", name.trim_end_matches('s'))]) {
        (Value::Null, other) => other,
        (told, _) => told,
    };
    let Some(resource) = resource::of_target(target) else { return Cell::from(key_text(&value[name])) };
    let link = |one: &Value| (resource.name(one), resource.href(one));
    match told {
        Value::Array(list) if !list.is_empty() => Cell::Links(list.iter().map(link).collect()),
        one @ Value::Object(_) => Cell::Links(vec![link(one)]),
        _ if value[name].is_null() => Cell::Nothing,
        _ => match known_links(desk, target, &value[name]) {
            Some(links) => Cell::Links(links),
            None if many => Cell::Number(value[name].as_array().map_or(0, Vec::len) as i64),
            None => unknown(resource, &value[name]),
        },
    }
}

/// One that is not in force, or that its viewer may not see.
fn unknown(resource: &Resource, key: &Value) -> Cell {
    let key = key_text(key);
    let to = format!("{}{}/", resource.home(), part(&key));
    if matches!(resource.source, resource::Source::Union(_)) { Cell::Code(key) } else { Cell::link(key, to) }
}

/// Links to everything that is referred to, when all of it is known.
fn known_links(desk: &Desk, target: &str, keys: &Value) -> Option<Vec<(String, String)>> {
    let keys = keys.as_array().map_or(std::slice::from_ref(keys), Vec::as_slice);
    let links: Vec<(String, String)> = keys.iter().filter_map(|key| named(desk, target, key)).collect();
    (!links.is_empty() && links.len() == keys.len()).then_some(links)
}

/// `GET /if/admin/{resource}/{key}/used-by/`.
pub(super) async fn used_by(desk: Desk, Path((slug, key)): Path<(String, String)>) -> Response {
    let paged = users_of(&desk, &slug, &key).await;
    desk.answer(paged)
}

async fn users_of(desk: &Desk, slug: &str, key: &str) -> Paged {
    let resource = find(slug)?;
    let value = desk.rest.get(&resource.api_of(key)).await?;
    let table = dependants(desk, resource, key).await?;
    Ok(desk.page(head(desk, resource, &value, "used-by/"), vec![Panel::bare(table)]))
}

/// What refers to a thing, and what its deletion does to it.
pub(super) async fn dependants(desk: &Desk, resource: &Resource, key: &str) -> Result<Part, super::desk::Trouble> {
    if !resource.has_used_by {
        return Ok(Text::default().into());
    }
    let list = desk.rest.get(&format!("{}used_by/", resource.api_of(key))).await?;
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |one: &Value| {
        let model = format!("{}.{}", text(one, "app"), text(one, "model_name"));
        let name = text(one, "name").to_owned();
        let of = resource::of_model(&model);
        let fate = match text(one, "action") {
            "cascade" | "cascade_many" => Cell::badge("is deleted too", Tone::Bad),
            "set_null" | "set_default" => Cell::badge("loses the reference", Tone::Warn),
            _ => Cell::badge("stays", Tone::Plain),
        };
        let to = of.map(|of| format!("{}{}/", of.home(), part(text(one, "pk"))));
        let kind = of.map_or_else(|| text(one, "model_name").to_owned(), |of| of.noun.clone());
        let name = to.map_or_else(|| Cell::from(name.as_str()), |to| Cell::link(&name, to));
        Row { key: None, cells: vec![name, Cell::from(kind), fate] }
    };
    Ok(Table {
        caption: "Used by".into(),
        columns: ["Name", "Kind", "When this is deleted, it"].map(Column::new).into(),
        rows: list.iter().map(row).collect(),
        empty: Empty {
            title: "Nothing refers to it".into(),
            hint: "It can be deleted without changing anything else.".into(),
            action: None,
        },
        ..Table::default()
    }
    .into())
}
