//! A thing as configuration: who it belongs to, its YAML, and what a change would do before it is made.

use super::{
    desk::{Desk, Paged, Trouble},
    list::find,
    object,
    policies::what_if,
    resource::{Resource, key_text, part, text},
};
use crate::{
    pages::admin::{Badge, Code, Heading, Note, Panel, Part, Tone},
    rest::Refusal,
};
use axum::{
    extract::Path,
    http::{Method, StatusCode},
    response::Response,
};
use serde_json::Value;

/// What the API says of the document that holds a thing; nothing for what is no configuration, and for who may not
/// know.
pub(super) async fn of(desk: &Desk, resource: &Resource, value: &Value) -> Result<Option<Value>, Trouble> {
    let Some(path) = path(resource, value) else { return Ok(None) };
    match desk.rest.get(&path).await {
        Ok(document) => Ok(Some(document)),
        Err(Refusal::Said(StatusCode::FORBIDDEN | StatusCode::NOT_FOUND, _)) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

fn path(resource: &Resource, value: &Value) -> Option<String> {
    let kind = resource.registered()?.meta.kind;
    let key = if kind == "brand" { &value["brand_uuid"] } else { &value["pk"] };
    Some(format!("/lockgate/objects/{kind}/{}/", part(&key_text(key))))
}

/// Whether a thing is declared in the configuration folder, and is changed there alone.
pub(super) fn is_in_folder(document: Option<&Value>) -> bool {
    document.is_some_and(|document| text(document, "origin") == "folder")
}

/// The place in the configuration folder where a thing is declared; nothing for what lives in the database alone.
pub(super) fn folder(desk: &Desk, resource: &Resource, value: &Value) -> Option<Badge> {
    let objects = &desk.visit.snapshot.objects;
    let kind = resource.registered()?.meta.kind;
    let key = if kind == "brand" { &value["brand_uuid"] } else { &value["pk"] };
    let object = match key.as_i64() {
        Some(number) => objects.by_number(i32::try_from(number).ok()?)?,
        None => objects.get(key.as_str()?.parse().ok()?)?,
    };
    let source = object.document.source.as_ref()?;
    Some(Badge::new(format!("{}:{}", source.file, source.line), Tone::Info))
}

/// Where it is declared, as `grafana.yaml:3`.
fn place(document: &Value) -> String {
    match document["line"].as_u64() {
        Some(line) => format!("{}:{line}", text(document, "file")),
        None => text(document, "file").to_owned(),
    }
}

/// A word on who it belongs to.
pub(super) fn badge(document: &Value) -> Badge {
    match text(document, "origin") {
        "folder" => Badge::new(place(document), Tone::Info),
        "builtin" => Badge::new("Built in", Tone::Plain),
        _ => Badge::new("Made here", Tone::Plain),
    }
}

/// What is told of a thing that is changed in the folder alone.
pub(super) fn in_folder(document: &Value) -> Note {
    let line = format!("It is declared in {}. Changes are made there; this form shows what to write.", place(document));
    Note::new(Tone::Info, line).titled("From the configuration folder")
}

/// `GET /if/admin/{resource}/{key}/yaml/`.
pub(super) async fn yaml(desk: Desk, Path((slug, key)): Path<(String, String)>) -> Response {
    let paged = shown(&desk, &slug, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, slug: &str, key: &str) -> Paged {
    let resource = find(slug)?;
    let value = desk.rest.get(&resource.shown(key)).await?;
    let mut head = object::head(desk, resource, &value, "yaml/");
    let Some(document) = of(desk, resource, &value).await? else {
        let sentence = "This is no configuration, or you may not see it as YAML.";
        return Err(Trouble::Refused(StatusCode::NOT_FOUND, sentence.to_owned()));
    };
    if !is_in_folder(Some(&document)) {
        head.badges.push(badge(&document));
    }
    head.api = path(resource, &value).map(|path| format!("GET /api/v3{path}"));
    let mut parts: Vec<Part> = Vec::new();
    match document["yaml"].as_str() {
        Some(yaml) => parts.push(Code { text: yaml.to_owned(), copy: true, ..Code::default() }.into()),
        None => parts.push(Note::new(Tone::Warn, text(&document, "left_out")).into()),
    }
    let lead = match text(&document, "origin") {
        "folder" => "The document that declares it.",
        _ => "To adopt it into the configuration folder, save this as a file there. Secrets are names of variables.",
    };
    Ok(desk.page(head, vec![Panel::new("As YAML", parts).lead(lead)]))
}

/// What a change would do: the difference as YAML, who gains or loses what, and what is wrong.
pub(super) async fn preview(
    desk: &Desk,
    resource: &Resource,
    value: &Value,
    body: &Value,
) -> Result<Result<Vec<Panel>, Vec<(String, String)>>, Trouble> {
    let Some(path) = path(resource, value) else { return Ok(Ok(Vec::new())) };
    let reply = desk.send(Method::POST, &format!("{path}preview/"), body).await?;
    if !reply.status.is_success() {
        return Ok(Err(reply.problems()));
    }
    let preview = reply.json();
    if preview["valid"] != Value::Bool(true) {
        let told = |(field, place, sentence): (&str, String, &str)| (field.to_owned(), format!("{place} {sentence}"));
        return Ok(Err(what_if::problems(&preview)
            .map(told)
            .map(|(field, said)| (field, said.trim().to_owned()))
            .collect()));
    }
    let mut panels = what_if::effects(&preview);
    if let Some(yaml) = preview["yaml"].as_str() {
        let code = Code { text: yaml.to_owned(), copy: true, ..Code::default() };
        panels.push(Panel::new("The whole document", vec![code.into()]));
    }
    Ok(Ok(panels))
}

/// The page of a preview.
pub(super) fn page(desk: &Desk, mut head: Heading, note: Note, panels: Vec<Panel>) -> Response {
    head.title = "What would change".into();
    let mut all = vec![Panel::bare(note)];
    all.extend(panels);
    desk.page(head, all)
}
