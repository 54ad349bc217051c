//! `/events/events/`: the entries of the audit log.

use super::{KIND, NOUN, choosing, chosen, shapes, shown};
use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    openapi::{
        components::{Components, form},
        operation::Paths,
        shapes::TypeCreate,
    },
    paging::{self, Listed},
    people::{self, views::value},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::{Method, StatusCode};
use lockgate_identity::{Identity, journal::Action as Noted, system::time_uuid};
use lockgate_model::{kinds::EventActions, schema::KindSchema};
use lockgate_policies::Action;
use lockgate_store::{Event as Stored, EventFilter};
use serde_json::{Value, json};
use std::sync::LazyLock;
use uuid::Uuid;

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<shapes::EventRequest>);

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/events/events/", get(list).post(create))
        .route("/events/events/actions/", get(actions))
        .route("/events/events/{event_uuid}/", get(retrieve).put(replace).patch(change).delete(destroy))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let _ = components.reply::<EventActions>();
    let event = components.reply::<shapes::Event>();
    let page = components.page_of("Event");
    let listing = NOUN.operation(Method::GET, "", "list").says("Lists every entry of the audit log that matches.");
    paths.add(choosing(listing).paged().answers(200, "One page.", page));
    let request = components.request::<shapes::EventRequest>();
    let patched = components.patched::<shapes::EventRequest>();
    let create = NOUN.operation(Method::POST, "", "create").says("Adds an entry to the audit log.");
    paths.add(create.body(request.clone(), true).answers(201, "The entry.", event.clone()));
    paths.add(NOUN.one(Method::GET, "", "retrieve").says("Shows an entry.").answers(200, "The entry.", event.clone()));
    let replace = NOUN.one(Method::PUT, "", "update").says("Writes an entry anew.");
    paths.add(replace.body(request, true).answers(200, "The entry.", event.clone()));
    let change = NOUN.one(Method::PATCH, "", "partial_update").says("Changes an entry.");
    paths.add(change.body(patched, false).answers(200, "The entry.", event));
    paths.add(NOUN.one(Method::DELETE, "", "destroy").says("Removes an entry.").empty(204, "Removed."));
    let types = json!({"type": "array", "items": components.reply::<TypeCreate>()});
    let actions = NOUN.operation(Method::GET, "actions/", "actions_list").says("Lists what can happen.");
    paths.add(actions.answers(200, "Every action.", types));
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, KIND)?;
    let page = paging::wanted(&query)?;
    let filter = EventFilter { page, ..chosen(&identity, &query).await? };
    let (events, total) = identity.store.events().list(&filter).await?;
    Listed::new(page, total, events.into_iter().map(|event| value(&shown(event))).collect())
}

/// What can happen is no secret to anybody who is known.
async fn actions(_: Caller) -> Json<Vec<TypeCreate>> {
    let shown = EventActions::words().iter().map(|word| TypeCreate {
        name: in_words(word),
        description: String::new(),
        component: word.clone(),
        model_name: String::new(),
        icon_url: String::new(),
        requires_enterprise: false,
        deprecated: false,
    });
    Json(shown.collect())
}

/// `login_failed` as `Login Failed`.
fn in_words(word: &str) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    word.trim_end_matches('_').split('_').map(capital).collect::<Vec<_>>().join(" ")
}

/// An entry that the caller may do this to.
async fn found(identity: &Identity, caller: &Caller, verb: Action, key: &str) -> Result<Stored, ApiError> {
    caller.require_one(identity, &identity.config.snapshot(), verb, KIND, NOUN.schema)?;
    let key = Uuid::parse_str(key).map_err(|_| ApiError::no_such(NOUN.schema))?;
    identity.store.events().get(key).await?.ok_or_else(|| ApiError::no_such(NOUN.schema))
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<shapes::Event>, ApiError> {
    Ok(Json(shown(found(&identity, &caller, Action::Read, &key).await?)))
}

async fn create(
    State(identity): State<Identity>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<shapes::Event>), ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Create, KIND)?;
    let given: shapes::EventRequest = body.read(&FORM, false)?;
    let now = identity.clock.now();
    let empty = Stored {
        pk: time_uuid(&*identity.clock, &*identity.random),
        action: String::new(),
        app: String::new(),
        user_pk: None,
        user: json!({}),
        context: json!({}),
        client_ip: None,
        brand: json!({}),
        created: now,
        expires: identity.journal.expiry(now),
    };
    let event = written(empty, given, None);
    identity.journal.record_made(event.clone());
    // So that it is found by whoever reads this answer.
    identity.journal.flush().await;
    Ok((StatusCode::CREATED, Json(shown(event))))
}

/// An event with what is given written over it; `ip` is what was given as the address, which may be none.
fn written(mut event: Stored, given: shapes::EventRequest, ip: Option<Option<String>>) -> Stored {
    if let Some(user) = given.user {
        event.user_pk = user.get("pk").and_then(Value::as_i64);
        event.user = Value::Object(user);
    }
    event.action = given.action.unwrap_or(event.action);
    event.app = given.app.unwrap_or(event.app);
    event.context = given.context.map_or(event.context, Value::Object);
    event.client_ip = ip.unwrap_or(given.client_ip);
    event.expires = given.expires.unwrap_or(event.expires);
    event.brand = given.brand.map_or(event.brand, Value::Object);
    event
}

async fn replace(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<shapes::Event>, ApiError> {
    store(&identity, &caller, &key, body, false).await
}

async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<shapes::Event>, ApiError> {
    store(&identity, &caller, &key, body, true).await
}

async fn store(
    identity: &Identity,
    caller: &Caller,
    key: &str,
    body: Body,
    partial: bool,
) -> Result<Json<shapes::Event>, ApiError> {
    let event = found(identity, caller, Action::Update, key).await?;
    let kept = (!body.0.contains_key("client_ip")).then(|| event.client_ip.clone());
    let given: shapes::EventRequest = body.read(&FORM, partial)?;
    let event = written(event, given, kept);
    if !identity.store.events().update(&event).await? {
        return Err(ApiError::no_such(NOUN.schema));
    }
    people::note(identity, caller, Noted::ModelUpdated, KIND, (event.pk, &event.action));
    Ok(Json(shown(event)))
}

async fn destroy(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    let event = found(&identity, &caller, Action::Delete, &key).await?;
    if !identity.store.events().delete(event.pk).await? {
        return Err(ApiError::no_such(NOUN.schema));
    }
    people::note(&identity, &caller, Noted::ModelDeleted, KIND, (event.pk, &event.action));
    Ok(StatusCode::NO_CONTENT)
}
