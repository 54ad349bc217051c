//! The page of a way of telling people, which can be tried on oneself.

use super::{pressed, settled};
use crate::{
    admin::{
        desk::{Desk, Paged},
        list, object,
        resource::{key_text, part},
    },
    pages::admin::{Action, Note, Panel, Tone},
};
use axum::{
    extract::{Path, Request},
    http::StatusCode,
    response::Response,
};
use lockgate_policies::Action as Act;
use serde_json::Value;

/// `GET /if/admin/notification-transports/{key}/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key, None).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str, outcome: Option<Result<Value, String>>) -> Paged {
    let resource = list::find("notification-transports")?;
    let transport = desk.rest.get(&resource.shown(key)).await?;
    let mut head = object::head(desk, resource, &transport, "");
    if desk.may(Act::Test, resource.kind) {
        let address = format!("{}{}/test/", resource.home(), part(key));
        head.actions.insert(0, Action::post("Send a test to me", address, []).toned(Tone::Main));
    }
    let mut panels = object::panels(desk, resource, &transport).await?;
    let mut status = StatusCode::OK;
    if let Some(outcome) = outcome {
        let note = match outcome {
            Ok(said) => {
                let lines = said["messages"].as_array().into_iter().flatten().map(key_text).collect();
                Note { tone: Tone::Good, title: "It was sent".to_owned(), lines, ..Note::default() }
            }
            Err(sentence) => {
                status = StatusCode::UNPROCESSABLE_ENTITY;
                Note::new(Tone::Bad, sentence).titled("It could not be sent")
            }
        };
        panels.insert(0, Panel::bare(note));
    }
    Ok(desk.page_with(status, head, panels))
}

/// `POST /if/admin/notification-transports/{key}/test/`.
pub(super) async fn test(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = match pressed(&desk, request, &format!("/events/transports/{}/test/", part(&key))).await {
        Ok(reply) if matches!(reply.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) => settled(&reply, ""),
        Ok(reply) if reply.status.is_success() => shown(&desk, &key, Some(Ok(reply.json()))).await,
        Ok(reply) => shown(&desk, &key, Some(Err(reply.told()))).await,
        Err(trouble) => Err(trouble),
    };
    desk.answer(paged)
}
