//! `/events/…`: the audit log, figures of it, and what is told of it.

mod export;
mod figures;
mod log;
pub(crate) mod rules;
pub(crate) mod shapes;
mod transports;

use crate::{
    error::ApiError,
    openapi::{
        components::{Components, reference},
        operation::{Operation, Paths},
    },
    people::Noun,
    query::Query,
};
use axum::Router;
use lockgate_identity::Identity;
use lockgate_model::{kinds::EventActions, schema::MANY_CHOICES};
use lockgate_store::{Event as Stored, EventFilter};
use serde_json::{Map, Value, json};

/// Name of the kind in policies.
pub(crate) const KIND: &str = "event";

/// Where events live.
const NOUN: Noun = Noun {
    path: "events/events",
    stem: "events_events",
    schema: "Event",
    key: "event_uuid",
    key_schema: || json!({"type": "string", "format": "uuid"}),
};

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    log::routes().merge(figures::routes()).merge(export::routes()).merge(transports::routes())
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    log::describe(components, paths);
    figures::describe(components, paths);
    export::describe(components, paths);
    transports::describe(components, paths);
}

/// An event as the API shows it.
pub(crate) fn shown(event: Stored) -> shapes::Event {
    let map = |value: Value| match value {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    shapes::Event {
        pk: event.pk,
        user: map(event.user),
        action: event.action,
        app: event.app,
        context: map(event.context),
        client_ip: event.client_ip,
        created: event.created,
        expires: event.expires,
        brand: map(event.brand),
    }
}

/// Parameters that hold one text each.
const TEXTS: [&str; 9] = [
    "action",
    "brand_name",
    "client_ip",
    "context_authorized_app",
    "context_device",
    "context_model_app",
    "context_model_name",
    "context_model_pk",
    "username",
];

/// An operation with the parameters that choose events.
fn choosing(operation: Operation) -> Operation {
    let actions = json!({"type": "array", "items": reference("EventActions")});
    let text = |operation: Operation, name: &&str| operation.query(name, json!({"type": "string"}));
    TEXTS.iter().fold(operation.query("actions", actions), text)
}

/// The events that a query chooses.
///
/// # Errors
/// 400 for an action that there is not.
fn chosen(query: &Query) -> Result<EventFilter, ApiError> {
    let text = |name: &str| query.get(name).map(str::to_owned);
    let actions = query.all("actions");
    for action in &actions {
        let known = EventActions::words().iter().any(|word| word == action);
        if !known && !action.starts_with("custom_") {
            let text = format!("Select a valid choice. {action} is not one of the available choices.");
            return Err(ApiError::field("actions", "invalid_choice", text));
        }
    }
    Ok(EventFilter {
        search: text("search"),
        actions: actions.into_iter().take(MANY_CHOICES).map(str::to_owned).collect(),
        action_part: text("action"),
        username: text("username"),
        client_ip: text("client_ip"),
        brand_name: text("brand_name"),
        authorized_app: text("context_authorized_app"),
        device: text("context_device"),
        model_app: text("context_model_app"),
        model_name: text("context_model_name"),
        model_pk: text("context_model_pk"),
        ordering: query.ordering(),
        ..EventFilter::default()
    })
}
