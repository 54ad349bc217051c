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
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::{kinds::EventActions, schema::MANY_CHOICES};
use lockgate_store::{Case, DateFilter, Event as Stored, EventFilter, EventPerson, EventPlace};
use serde_json::{Map, Value, json};
use uuid::Uuid;

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
    let moment = || json!({"type": "string", "format": "date-time"});
    // Those that the reference does not have.
    let own = operation
        .query("actions", actions)
        .query("after", json!({"type": "string"}))
        .query("application", json!({"type": "string"}))
        .query("created__gte", moment())
        .query("created__lte", moment())
        .query("user", json!({"type": "string"}));
    TEXTS.iter().fold(own, text)
}

/// Somebody whom a query names, by number or by name; who is gone still stands in events.
async fn person(identity: &Identity, query: &Query) -> Result<Option<EventPerson>, ApiError> {
    let Some(text) = query.get("user") else { return Ok(None) };
    let users = identity.store.users();
    let number: Option<i64> = text.parse().ok();
    let found = match number {
        Some(pk) => users.get(pk).await?,
        None => users.by_username(text, Case::Fold).await?,
    };
    Ok(Some(match found {
        Some(user) => EventPerson { pk: Some(user.pk), username: Some(user.username) },
        // A name may look like a number.
        None => EventPerson { pk: number, username: Some(text.to_owned()) },
    }))
}

/// Keys of the applications that a query names, by slug, name or key; what is gone may be named by key.
fn applications(snapshot: &Snapshot, query: &Query) -> Vec<String> {
    let Some(text) = query.get("application") else { return Vec::new() };
    let apps = snapshot.all_apps().into_iter();
    let named = apps.filter(|app| app.application.slug == text || app.application.name.eq_ignore_ascii_case(text));
    named.map(|app| app.id.to_string()).chain([text.to_owned()]).collect()
}

/// The entry or the moment after which a query wants what is new.
async fn after(identity: &Identity, query: &Query) -> Result<Option<EventPlace>, ApiError> {
    let Some(text) = query.get("after") else { return Ok(None) };
    let at_the_end = |created| EventPlace { created, pk: Uuid::max() };
    let Ok(pk) = Uuid::parse_str(text) else {
        let moment = text.parse().map_err(|_| ApiError::field("after", "invalid", "Enter a valid key or date/time."));
        return moment.map(|created| Some(at_the_end(created)));
    };
    if let Some(event) = identity.store.events().get(pk).await? {
        return Ok(Some(EventPlace { created: event.created, pk }));
    }
    // It is gone; its key still says when it was made.
    let made = pk.get_timestamp().and_then(|made| {
        let (seconds, nanoseconds) = made.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
    });
    let unknown =
        || ApiError::field("after", "does_not_exist", format!("Invalid pk \"{pk}\" - object does not exist."));
    made.map(|created| Some(at_the_end(created))).ok_or_else(unknown)
}

/// When the events were made that a query chooses; both ends belong to it.
fn span(query: &Query) -> Result<DateFilter, ApiError> {
    let moment = |name: &str| query.parsed::<DateTime<Utc>>(name, "Enter a valid date/time.");
    // What is stored has microseconds.
    let step = TimeDelta::microseconds(1);
    Ok(DateFilter {
        after: moment("created__gte")?.and_then(|from| from.checked_sub_signed(step)),
        before: moment("created__lte")?.and_then(|to| to.checked_add_signed(step)),
        ..DateFilter::default()
    })
}

/// The events that a query chooses.
///
/// # Errors
/// 400 for an action that there is not, or what is no time.
async fn chosen(identity: &Identity, query: &Query) -> Result<EventFilter, ApiError> {
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
        person: person(identity, query).await?,
        applications: applications(&identity.config.snapshot(), query),
        after: after(identity, query).await?,
        created: span(query)?,
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
