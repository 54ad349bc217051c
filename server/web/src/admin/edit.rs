//! Making and changing things by forms that come from their declarations.

use super::{
    desk::{Desk, Paged, done},
    document, form,
    list::{find, kinds_of},
    object,
    resource::{Resource, Source, key_text, part},
    touched,
};
use crate::{
    flow::form::Form as Sent,
    pages::admin::{Cell, Column, Control, Crumb, Field, Form, Heading, Note, Panel, Row, Table, Tone},
};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use lockgate_model::kind::Family;
use lockgate_policies::Action as Act;
use serde_json::{Map, Value};

/// `GET /if/admin/{resource}/new/`: the query can fill fields in.
pub(super) async fn blank(desk: Desk, Path(slug): Path<String>) -> Response {
    let paged = match find(&slug) {
        Ok(Resource { source: Source::Union(family), .. }) => Ok(kinds(&desk, &slug, *family)),
        Ok(resource) => empty(&desk, resource).await,
        Err(trouble) => Err(trouble),
    };
    desk.answer(paged)
}

/// Which kind of a family is to be made.
fn kinds(desk: &Desk, slug: &str, family: Family) -> Response {
    let made = kinds_of(family).filter(|of| desk.may(Act::Create, of.kind));
    let row = |of: &Resource| {
        let schema = of.registered().map(|kind| kind.schema());
        let help = schema.and_then(|schema| schema.root["description"].as_str()).unwrap_or_default();
        let help: Vec<&str> = help.split_whitespace().collect();
        let name = Cell::link(&of.noun, format!("{}new/", of.home()));
        Row { key: None, cells: vec![name, Cell::from(help.join(" "))] }
    };
    let mut rows: Vec<Row> = made.map(row).collect();
    rows.sort_by_cached_key(|row| format!("{:?}", row.cells.first()));
    let table = Table {
        caption: "Types".into(),
        columns: ["Type", "What it is for"].map(Column::new).into(),
        rows,
        ..Table::default()
    };
    let plural = super::resource::by_slug(slug).map(|r| r.plural.clone()).unwrap_or_default();
    let head = Heading {
        crumbs: vec![Crumb { label: plural, href: format!("{}{slug}/", super::ROOT) }],
        title: "Create".into(),
        lead: "Choose a type.".into(),
        ..Heading::default()
    };
    desk.page(head, vec![Panel::bare(table)])
}

async fn empty(desk: &Desk, resource: &Resource) -> Paged {
    let given = url::form_urlencoded::parse(desk.visit.query.as_bytes());
    let given: Map<String, Value> =
        given.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect();
    let form = new_form(desk, resource, &Value::Object(given)).await?;
    Ok(desk.page(new_head(resource), vec![Panel::bare(form)]))
}

fn new_head(resource: &Resource) -> Heading {
    Heading {
        crumbs: vec![Crumb { label: resource.plural.clone(), href: resource.home() }],
        title: format!("New {}", lower_first(&resource.noun)),
        api: Some(format!("POST /api/v3{}", resource.api)),
        ..Heading::default()
    }
}

/// A noun inside of a sentence; what begins with several capitals stays.
pub(super) fn lower_first(noun: &str) -> String {
    let mut letters = noun.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(letters).collect(),
        _ => noun.to_owned(),
    }
}

async fn new_form(desk: &Desk, resource: &Resource, values: &Value) -> Result<Form, super::desk::Trouble> {
    let mut form = Form::new(format!("{}new/", resource.home()), &desk.csrf, "Create").cancel(resource.home());
    form.sets = form::sets(desk, &resource.specs(), values).await?;
    super::policies::watch(resource, &resource.home(), &mut form);
    Ok(form)
}

/// `POST /if/admin/{resource}/new/`.
pub(super) async fn create(desk: Desk, Path(slug): Path<String>, request: Request) -> Response {
    let paged = created(&desk, &slug, request).await;
    desk.answer(paged)
}

async fn created(desk: &Desk, slug: &str, request: Request) -> Paged {
    let resource = find(slug)?;
    let sent = desk.form(request).await?;
    let specs = resource.specs();
    let problems = match form::body(desk, &specs, &sent).await? {
        Ok(body) => {
            let reply = desk.send(Method::POST, &resource.api, &body).await?;
            if reply.status.is_success() {
                let key = key_text(&reply.json()[resource.key]);
                return Ok(done(&format!("{}{}/", resource.home(), part(&key)), "created"));
            }
            reply.problems()
        }
        Err(problems) => problems,
    };
    let values = form::as_values(&specs, &sent, &Value::Null);
    let form = new_form(desk, resource, &values).await?.wrong(problems);
    Ok(desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, new_head(resource), vec![Panel::bare(form)]))
}

/// Name of the button that only shows what would change.
const PREVIEW: &str = "preview";

/// What a preview is for.
fn previewed(in_folder: bool) -> Note {
    if in_folder {
        return Note::new(
            Tone::Info,
            "Nothing was saved: write this into the file, and it comes into force from there.",
        );
    }
    Note::new(Tone::Info, "Nothing was saved yet. Go back to save it.")
}

/// `GET /if/admin/{resource}/{key}/edit/`.
pub(super) async fn filled(desk: Desk, Path((slug, key)): Path<(String, String)>) -> Response {
    let paged = with_values(&desk, &slug, &key).await;
    desk.answer(paged)
}

async fn with_values(desk: &Desk, slug: &str, key: &str) -> Paged {
    let resource = find(slug)?;
    let value = desk.rest.get(&resource.shown(key)).await?;
    let marks = touched::marks(&resource.specs(), &value);
    let form = edit_form(desk, resource, &value, (&value, marks)).await?;
    Ok(desk.page(edit_head(desk, resource, &value), vec![Panel::bare(form)]))
}

fn edit_head(desk: &Desk, resource: &Resource, value: &Value) -> Heading {
    let mut head = object::head(desk, resource, value, "edit/");
    let home = format!("{}{}/", resource.home(), part(&key_text(&value[resource.key])));
    head.crumbs.push(Crumb { label: std::mem::take(&mut head.title), href: home });
    head.title = format!("Edit {}", lower_first(&resource.noun));
    head.actions = Vec::new();
    head.tabs = Vec::new();
    head.api = Some(format!("PATCH /api/v3{}", resource.api_of(&key_text(&value[resource.key]))));
    head
}

/// The form, with these values in it; it was loaded with those that the marks stand for.
async fn edit_form(
    desk: &Desk,
    resource: &Resource,
    value: &Value,
    (values, marks): (&Value, String),
) -> Result<Form, super::desk::Trouble> {
    let home = format!("{}{}/", resource.home(), part(&key_text(&value[resource.key])));
    let declared = document::of(desk, resource, value).await?;
    let mut form = Form::new(format!("{home}edit/"), &desk.csrf, "Save").cancel(&home);
    form.sets = form::sets(desk, &resource.specs(), values).await?;
    form = form.fields(vec![Field::new(touched::LOADED, "", Control::Hidden(marks))]);
    match declared {
        Some(declared) if document::is_in_folder(Some(&declared)) => {
            form.submit = "Show the change as YAML".to_owned();
            form.note = Some(document::in_folder(&declared));
        }
        Some(_) => form.others.push((PREVIEW.into(), "true".into(), "What would change".into())),
        None => {}
    }
    super::policies::watch(resource, &home, &mut form);
    Ok(form)
}

/// `POST /if/admin/{resource}/{key}/edit/`.
pub(super) async fn update(desk: Desk, Path((slug, key)): Path<(String, String)>, request: Request) -> Response {
    let paged = updated(&desk, &slug, &key, request).await;
    desk.answer(paged)
}

async fn updated(desk: &Desk, slug: &str, key: &str, request: Request) -> Paged {
    let resource = find(slug)?;
    let sent: Sent = desk.form(request).await?;
    let value = desk.rest.get(&resource.shown(key)).await?;
    let in_folder = document::is_in_folder(document::of(desk, resource, &value).await?.as_ref());
    let specs = resource.specs();
    let body = form::body(desk, &specs, &sent).await?.map(|body| touched::only(&specs, body, &sent));
    let problems = match body {
        Ok(body) if sent.get(PREVIEW).is_some() || in_folder => {
            match document::preview(desk, resource, &value, &body).await? {
                Ok(panels) => {
                    let note = previewed(in_folder);
                    return Ok(document::page(desk, edit_head(desk, resource, &value), note, panels));
                }
                Err(problems) => problems,
            }
        }
        Ok(body) => {
            let reply = desk.send(Method::PATCH, &resource.shown(key), &body).await?;
            if reply.status.is_success() {
                let key = key_text(&reply.json()[resource.key]);
                return Ok(done(&format!("{}{}/", resource.home(), part(&key)), "saved"));
            }
            reply.problems()
        }
        Err(problems) => problems,
    };
    let values = form::as_values(&specs, &sent, &value);
    let marks = sent.get(touched::LOADED).unwrap_or_default().to_owned();
    let form = edit_form(desk, resource, &value, (&values, marks)).await?.wrong(problems);
    Ok(desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, edit_head(desk, resource, &value), vec![Panel::bare(form)]))
}
