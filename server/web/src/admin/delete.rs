//! Deleting: what depends on a thing is told first, and its name is asked for.

use super::{
    desk::{Desk, Paged, Trouble, done},
    form,
    list::find,
    object,
    resource::{Resource, key_text, part},
};
use crate::pages::admin::{Control, Crumb, Field, Form, Heading, Note, Panel, Tone};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use serde_json::Value;

/// The most things that are deleted at once.
const MOST: usize = 100;

/// `GET /if/admin/{resource}/{key}/delete/`.
pub(super) async fn ask(desk: Desk, Path((slug, key)): Path<(String, String)>) -> Response {
    let paged = asked(&desk, &slug, &key, Vec::new()).await;
    desk.answer(paged)
}

async fn asked(desk: &Desk, slug: &str, key: &str, problems: Vec<(String, String)>) -> Paged {
    let resource = find(slug)?;
    let value = desk.rest.get(&resource.shown(key)).await?;
    let name = form::title(resource, &value);
    let home = format!("{}{}/", resource.home(), part(&key_text(&value[resource.key])));
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let typed = Field::new("name", format!("Type \"{name}\" to delete it"), Control::text("")).required();
    let mut form =
        Form::new(format!("{home}delete/"), &desk.csrf, "Delete").fields(vec![typed]).cancel(&home).wrong(problems);
    form.tone = Tone::Bad;
    form.note = Some(Note::new(Tone::Bad, "This cannot be undone."));
    let mut panels = vec![Panel::bare(form)];
    if resource.has_used_by {
        let depends = object::dependants(desk, resource, key).await?;
        panels.push(Panel::new("What depends on it", depends));
    }
    let head = Heading {
        crumbs: vec![
            Crumb { label: resource.plural.clone(), href: resource.home() },
            Crumb { label: name.clone(), href: home },
        ],
        title: format!("Delete {name}?"),
        api: Some(format!("DELETE /api/v3{}", resource.api_of(key))),
        ..Heading::default()
    };
    Ok(desk.page_with(status, head, panels))
}

/// `POST /if/admin/{resource}/{key}/delete/`.
pub(super) async fn one(desk: Desk, Path((slug, key)): Path<(String, String)>, request: Request) -> Response {
    let paged = deleted(&desk, &slug, &key, request).await;
    desk.answer(paged)
}

async fn deleted(desk: &Desk, slug: &str, key: &str, request: Request) -> Paged {
    let resource = find(slug)?;
    let sent = desk.form(request).await?;
    let value = desk.rest.get(&resource.shown(key)).await?;
    if sent.get("name").map(str::trim) != Some(form::title(resource, &value).as_str()) {
        return asked(desk, slug, key, vec![("name".into(), "This is not its name.".into())]).await;
    }
    let reply = desk.send(Method::DELETE, &resource.api_of(key), &Value::Null).await?;
    if reply.status.is_success() {
        return Ok(done(&resource.home(), "deleted"));
    }
    let problems = reply.problems().into_iter().map(|(_, sentence)| (String::new(), sentence)).collect();
    asked(desk, slug, key, problems).await
}

/// `POST /if/admin/{resource}/bulk/`: first asks, then deletes.
pub(super) async fn several(desk: Desk, Path(slug): Path<String>, request: Request) -> Response {
    let paged = bulk(&desk, &slug, request).await;
    desk.answer(paged)
}

async fn bulk(desk: &Desk, slug: &str, request: Request) -> Paged {
    let resource = find(slug)?;
    let sent = desk.form(request).await?;
    let keys: Vec<String> = sent.all("key").map(str::to_owned).take(MOST).collect();
    match sent.get("action") {
        _ if keys.is_empty() => Err(Trouble::Refused(StatusCode::UNPROCESSABLE_ENTITY, "Nothing was chosen.".into())),
        Some("delete") => confirm(desk, resource, &keys).await,
        Some("deleted") if sent.get("count") == Some(keys.len().to_string().as_str()) => {
            delete_all(desk, resource, &keys).await
        }
        Some("deleted") => confirm(desk, resource, &keys).await,
        _ => Err(Trouble::Refused(StatusCode::UNPROCESSABLE_ENTITY, "There is no such action.".into())),
    }
}

async fn confirm(desk: &Desk, resource: &Resource, keys: &[String]) -> Paged {
    let mut names = Vec::new();
    for key in keys {
        let value = desk.rest.get(&resource.shown(key)).await?;
        names.push(form::title(resource, &value));
    }
    let count = keys.len();
    let typed = Field::new("count", format!("Type {count} to delete them"), Control::text("")).required();
    let hidden = |key: &String| Field::new("key", "", Control::Hidden(key.clone()));
    let mut fields: Vec<Field> = keys.iter().map(hidden).collect();
    fields.push(Field::new("action", "", Control::Hidden("deleted".into())));
    fields.push(typed);
    let mut form =
        Form::new(format!("{}bulk/", resource.home()), &desk.csrf, "Delete").fields(fields).cancel(resource.home());
    form.tone = Tone::Bad;
    form.note =
        Some(Note { tone: Tone::Bad, title: "This cannot be undone".into(), lines: names, actions: Vec::new() });
    let head = Heading {
        crumbs: vec![Crumb { label: resource.plural.clone(), href: resource.home() }],
        title: format!("Delete {count} {}?", resource.plural.to_lowercase()),
        ..Heading::default()
    };
    Ok(desk.page(head, vec![Panel::bare(form)]))
}

async fn delete_all(desk: &Desk, resource: &Resource, keys: &[String]) -> Paged {
    let mut refused = Vec::new();
    for key in keys {
        let reply = desk.send(Method::DELETE, &resource.api_of(key), &Value::Null).await?;
        if !reply.status.is_success() {
            refused.extend(reply.problems().into_iter().map(|(_, sentence)| format!("{key}: {sentence}")));
        }
    }
    if refused.is_empty() {
        return Ok(done(&resource.home(), "deleted"));
    }
    Err(Trouble::Refused(StatusCode::CONFLICT, refused.join(" ")))
}
