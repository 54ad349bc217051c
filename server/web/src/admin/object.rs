//! The page of one thing, and what refers to it.

use super::{
    desk::{Desk, Paged},
    document, form,
    list::find,
    names,
    resource::{self, Resource, key_text, part, text},
    spec::Holds,
};
use crate::pages::admin::{
    Action, Cell, Code, Column, Crumb, Empty, Facts, Heading, Note, Panel, Part, Row, Tab, Table, Text, Tone,
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
    let value = desk.rest.get(&resource.shown(key)).await?;
    let mut head = head(desk, resource, &value, "");
    let document = document::of(desk, resource, &value).await?;
    // That it is the folder's, the heading says by itself.
    head.badges.extend(document.iter().filter(|document| !document::is_in_folder(Some(document))).map(document::badge));
    Ok(desk.page(head, panels(desk, resource, &value).await?))
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

/// Everything that is set, what it refers to by name.
pub(super) async fn panels(
    desk: &Desk,
    resource: &Resource,
    value: &Value,
) -> Result<Vec<Panel>, super::desk::Trouble> {
    Ok(set(resource, &names::beside(desk, resource, value).await?))
}

/// Everything that is set, long texts apart.
fn set(resource: &Resource, value: &Value) -> Vec<Panel> {
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
                facts = facts.with(&spec.label, references(target, many, &spec.name, value))
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

/// Names of what is referred to, as they stand beside the keys (`groups` beside `groups_obj`).
pub(super) fn references(target: &str, many: bool, name: &str, value: &Value) -> Cell {
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
        _ if many => Cell::Number(value[name].as_array().map_or(0, Vec::len) as i64),
        _ => unknown(resource, &value[name]),
    }
}

/// One that is not in force, or that its viewer may not see.
fn unknown(resource: &Resource, key: &Value) -> Cell {
    let key = key_text(key);
    let to = format!("{}{}/", resource.home(), part(&key));
    if matches!(resource.source, resource::Source::Union(_)) { Cell::Code(key) } else { Cell::link(key, to) }
}

/// `GET /if/admin/{resource}/{key}/used-by/`.
pub(super) async fn used_by(desk: Desk, Path((slug, key)): Path<(String, String)>) -> Response {
    let paged = users_of(&desk, &slug, &key).await;
    desk.answer(paged)
}

async fn users_of(desk: &Desk, slug: &str, key: &str) -> Paged {
    let resource = find(slug)?;
    let value = desk.rest.get(&resource.shown(key)).await?;
    let parts = dependants(desk, resource, key).await?;
    let panels = parts.into_iter().map(Panel::bare).collect();
    Ok(desk.page(head(desk, resource, &value, "used-by/"), panels))
}

/// Most of what refers to a thing that a page names: a group has thousands of members.
const MOST_DEPENDANTS: usize = 200;

/// What refers to a thing, and what its deletion does to it.
pub(super) async fn dependants(desk: &Desk, resource: &Resource, key: &str) -> Result<Vec<Part>, super::desk::Trouble> {
    if !resource.has_used_by {
        return Ok(vec![Text::default().into()]);
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
    let mut parts = Vec::new();
    if list.len() > MOST_DEPENDANTS {
        let line = format!("The first {MOST_DEPENDANTS} are shown; there are more.");
        parts.push(Note::new(Tone::Info, line).into());
    }
    let table = Table {
        caption: "Used by".into(),
        columns: ["Name", "Kind", "When this is deleted, it"].map(Column::new).into(),
        rows: list.iter().take(MOST_DEPENDANTS).map(row).collect(),
        empty: Empty {
            title: "Nothing refers to it".into(),
            hint: "It can be deleted without changing anything else.".into(),
            action: None,
        },
        ..Table::default()
    };
    parts.push(table.into());
    Ok(parts)
}
