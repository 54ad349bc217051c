//! `/events/notifications/`: what people are told of events, by those whom it tells and by administrators.

use super::{Noun, sight::Sight, views::value};
use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    events::{
        self,
        shapes::{Event, EventRequest},
    },
    openapi::{
        components::{Components, form, reference},
        operation::{Operation, Paths},
    },
    paging::{self, Listed},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use http::{Method, StatusCode};
use lockgate_identity::Identity;
use lockgate_model::{kinds::NotificationSeverity, schema::KindSchema};
use lockgate_policies::Action;
use lockgate_store::{Notification as Stored, NotificationFilter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::LazyLock};
use uuid::Uuid;

/// Name of the kind in policies.
const KIND: &str = "notification";

/// Where notifications live.
const NOUN: Noun = Noun {
    path: "events/notifications",
    stem: "events_notifications",
    schema: "Notification",
    key: "uuid",
    key_schema: || json!({"type": "string", "format": "uuid"}),
};

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<NotificationRequest>);

/// Something that a person is told.
#[derive(Debug, Serialize, JsonSchema)]
struct Notification {
    /// Primary key.
    pk: Uuid,
    /// How severe it is.
    #[schemars(with = "NotificationSeverity")]
    severity: String,
    /// What.
    body: String,
    /// Where more of it is to be seen.
    hyperlink: Option<String>,
    /// What that is called.
    hyperlink_label: Option<String>,
    /// When.
    created: DateTime<Utc>,
    /// The event that it is about, unless it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Event")]
    event: Option<Event>,
    /// Whether the person has seen it.
    seen: bool,
}

/// What of a notification can be changed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct NotificationRequest {
    /// Where more of it is to be seen.
    #[serde(default)]
    #[schemars(length(max = 4_096))]
    hyperlink: Option<String>,
    /// What that is called.
    #[serde(default)]
    #[schemars(length(max = 4_096))]
    hyperlink_label: Option<String>,
    /// Kept for clients; an event is changed where events are.
    #[serde(default, rename = "event")]
    #[schemars(with = "EventRequest")]
    _event: Value,
    /// Whether the person has seen it.
    #[serde(default)]
    #[schemars(with = "bool")]
    seen: Option<bool>,
}

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/events/notifications/", get(list))
        .route("/events/notifications/mark_all_seen/", post(mark_all_seen))
        .route("/events/notifications/{uuid}/", get(retrieve).put(replace).patch(change).delete(destroy))
        .route("/events/notifications/{uuid}/used_by/", get(used_by))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let told = components.reply::<Notification>();
    let page = components.page_of("Notification");
    let listing = NOUN
        .operation(Method::GET, "", "list")
        .says("Lists every notification that matches: one's own, or all for administrators.")
        .query("body", json!({"type": "string"}))
        .query("created", json!({"type": "string", "format": "date-time"}))
        .query("event", json!({"type": "string", "format": "uuid"}))
        .query("seen", json!({"type": "boolean"}))
        .query("severity", reference("SeverityEnum"))
        .query("user", json!({"type": "integer"}));
    paths.add(listing.paged().answers(200, "One page.", page));
    let one = |method, verb, says: &str| -> Operation { NOUN.one(method, "", verb).says(says) };
    paths.add(one(Method::GET, "retrieve", "Shows a notification.").answers(200, "It.", told.clone()));
    let (request, patched) = (components.request::<NotificationRequest>(), components.patched::<NotificationRequest>());
    let replace = one(Method::PUT, "update", "Writes what can be changed of a notification anew.");
    paths.add(replace.body(request, false).answers(200, "It.", told.clone()));
    let change = one(Method::PATCH, "partial_update", "Changes a notification.");
    paths.add(change.body(patched, false).answers(200, "It.", told));
    paths.add(one(Method::DELETE, "destroy", "Removes a notification.").empty(204, "Removed."));
    let all = NOUN.operation(Method::POST, "mark_all_seen/", "mark_all_seen_create");
    paths.add(all.says("Notes that the caller has seen all of its notifications.").empty(204, "Noted."));
    paths.add(NOUN.used_by(components));
}

/// Notifications with their events, in the given order.
async fn shown(identity: &Identity, told: Vec<Stored>) -> Result<Vec<Notification>, ApiError> {
    let pks: Vec<Uuid> = told.iter().map(|one| one.event_pk).collect();
    let found = identity.store.events().get_many(&pks).await?;
    let events: HashMap<Uuid, Event> = found.into_iter().map(|event| (event.pk, events::shown(event))).collect();
    let show = |one: Stored| Notification {
        pk: one.pk,
        severity: one.severity,
        body: one.body,
        hyperlink: one.hyperlink,
        hyperlink_label: one.hyperlink_label,
        created: one.created,
        event: events.get(&one.event_pk).cloned(),
        seen: one.seen,
    };
    Ok(told.into_iter().map(show).collect())
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let page = paging::wanted(&query)?;
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let filter = NotificationFilter {
        search: query.get("search").map(str::to_owned),
        user_pk: None,
        body: query.get("body").map(str::to_owned),
        created: query.parsed("created", "Enter a valid date/time.")?,
        event: query.uuid("event")?,
        seen: query.flag("seen"),
        severity: query.get("severity").map(str::to_owned),
        ordering: query.ordering(),
        page,
    };
    let (store, filter) = (&identity.store, &filter);
    let fetch = |user_pk, page| async move {
        Ok(store.notifications().list(&NotificationFilter { user_pk, page, ..filter.clone() }).await?)
    };
    let tell = |one: &Stored| (one.user_pk, one.pk.to_string());
    let whose = query.integer("user")?;
    let (told, total) = sight.page_of_things(KIND, whose, page, fetch, tell).await?;
    Listed::new(page, total, shown(&identity, told).await?.iter().map(value).collect())
}

/// A notification that the caller may do this to: one's own always.
async fn found(identity: &Identity, caller: &Caller, verb: Action, key: &str) -> Result<Stored, ApiError> {
    let snapshot = identity.config.snapshot();
    let key = Uuid::parse_str(key).map_err(|_| ApiError::no_such(NOUN.schema))?;
    let told = identity.store.notifications().get(key).await?;
    let told = told.map(|one| (one.user_pk, one.pk.to_string(), one));
    Sight { identity, snapshot: &snapshot, caller }.owned(verb, KIND, NOUN.schema, told).await
}

async fn one(identity: &Identity, told: Stored) -> Result<Json<Notification>, ApiError> {
    shown(identity, vec![told]).await?.pop().map(Json).ok_or(ApiError::Internal)
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Notification>, ApiError> {
    one(&identity, found(&identity, &caller, Action::Read, &key).await?).await
}

async fn replace(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<Notification>, ApiError> {
    store(&identity, &caller, &key, body).await
}

async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<Notification>, ApiError> {
    store(&identity, &caller, &key, body).await
}

/// Nothing is required, so that writing anew and changing are the same.
async fn store(identity: &Identity, caller: &Caller, key: &str, body: Body) -> Result<Json<Notification>, ApiError> {
    let mut told = found(identity, caller, Action::Update, key).await?;
    let names: Vec<String> = body.0.keys().cloned().collect();
    let given: NotificationRequest = body.read(&FORM, false)?;
    let is_given = |name: &str| names.iter().any(|given| given == name);
    if is_given("hyperlink") {
        told.hyperlink = given.hyperlink;
    }
    if is_given("hyperlink_label") {
        told.hyperlink_label = given.hyperlink_label;
    }
    told.seen = given.seen.unwrap_or(told.seen);
    if !identity.store.notifications().update(&told).await? {
        return Err(ApiError::no_such(NOUN.schema));
    }
    one(identity, told).await
}

async fn destroy(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    let told = found(&identity, &caller, Action::Delete, &key).await?;
    identity.store.notifications().delete(told.pk).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn mark_all_seen(State(identity): State<Identity>, caller: Caller) -> Result<StatusCode, ApiError> {
    identity.store.notifications().mark_all_seen(caller.user().pk).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn used_by(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    found(&identity, &caller, Action::Read, &key).await?;
    Ok(Json(json!([])))
}
