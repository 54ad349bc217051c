//! `/tasks/schedules/`: what is done again and again.

use super::{list::about_things, shapes};
use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    openapi::{
        components::{Components, form},
        operation::Paths,
    },
    paging::{self, Listed},
    people::{self, Noun, views::value},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use http::{Method, StatusCode};
use lockgate_identity::{Identity, journal::Action as Noted, schedule};
use lockgate_model::schema::KindSchema;
use lockgate_policies::Action;
use lockgate_store::{Schedule as Stored, ScheduleFilter, TaskOutcome};
use serde_json::json;
use std::sync::LazyLock;
use uuid::Uuid;

/// Name of the kind in policies.
const KIND: &str = "schedule";

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<shapes::ScheduleRequest>);

/// Where schedules live.
const NOUN: Noun = Noun {
    path: "tasks/schedules",
    stem: "tasks_schedules",
    schema: "Schedule",
    key: "id",
    key_schema: || json!({"type": "string", "format": "uuid"}),
};

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/tasks/schedules/", get(list))
        .route("/tasks/schedules/{id}/", get(retrieve).put(replace).patch(change))
        .route("/tasks/schedules/{id}/send/", post(send))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let schedule = components.reply::<shapes::Schedule>();
    let page = components.page_of("Schedule");
    let listing = NOUN.operation(Method::GET, "", "list").says("Lists every schedule that matches.");
    let listing = listing.query("actor_name", json!({"type": "string"})).query("paused", json!({"type": "boolean"}));
    paths.add(about_things(listing).paged().answers(200, "One page.", page));
    let one = |method, verb, says: &str| NOUN.one(method, "", verb).says(says);
    paths.add(one(Method::GET, "retrieve", "Shows a schedule.").answers(200, "It.", schedule.clone()));
    let request = components.request::<shapes::ScheduleRequest>();
    let patched = components.patched::<shapes::ScheduleRequest>();
    let replace = one(Method::PUT, "update", "Says anew when the work is done.");
    paths.add(replace.body(request, true).answers(200, "It.", schedule.clone()));
    let change = one(Method::PATCH, "partial_update", "Changes when the work is done, or whether.");
    paths.add(change.body(patched, false).answers(200, "It.", schedule));
    let send = NOUN.one(Method::POST, "send/", "send_create").says("Has the work done now, paused or not.");
    paths.add(send.empty(204, "A worker does it as soon as one is free."));
}

fn shown(schedule: Stored) -> shapes::Schedule {
    shapes::Schedule {
        id: schedule.id,
        identifier: None,
        uid: schedule.actor.clone(),
        rel_obj_app_label: String::new(),
        rel_obj_model: String::new(),
        rel_obj_id: None,
        crontab: schedule.crontab,
        paused: schedule.paused,
        next_run: schedule.next_run,
        description: schedule::about(&schedule.actor).map(str::to_owned),
        last_task_status: schedule.last_outcome.map(TaskOutcome::as_str).map(str::to_owned),
        actor_name: schedule.actor,
    }
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, KIND)?;
    let page = paging::wanted(&query)?;
    let things = ["rel_obj_content_type__app_label", "rel_obj_content_type__model", "rel_obj_id"];
    // None is about a thing.
    if things.iter().any(|name| query.get(name).is_some()) || query.flag("rel_obj_id__isnull") == Some(false) {
        return Listed::new(page, 0, Vec::new());
    }
    let filter = ScheduleFilter {
        search: query.get("search").map(str::to_owned),
        actor: query.get("actor_name").map(str::to_owned),
        paused: query.flag("paused"),
        ordering: query.ordering(),
        page,
    };
    let (schedules, total) = identity.store.schedules().list(&filter).await?;
    Listed::new(page, total, schedules.into_iter().map(|one| value(&shown(one))).collect())
}

/// A schedule that the caller may do this to.
async fn found(identity: &Identity, caller: &Caller, verb: Action, key: &str) -> Result<Stored, ApiError> {
    caller.require_one(identity, &identity.config.snapshot(), verb, KIND, NOUN.schema)?;
    let key = Uuid::parse_str(key).map_err(|_| ApiError::no_such(NOUN.schema))?;
    identity.store.schedules().get(key).await?.ok_or_else(|| ApiError::no_such(NOUN.schema))
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<shapes::Schedule>, ApiError> {
    Ok(Json(shown(found(&identity, &caller, Action::Read, &key).await?)))
}

async fn replace(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<shapes::Schedule>, ApiError> {
    store(&identity, &caller, &key, body, false).await
}

async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<shapes::Schedule>, ApiError> {
    store(&identity, &caller, &key, body, true).await
}

async fn store(
    identity: &Identity,
    caller: &Caller,
    key: &str,
    body: Body,
    partial: bool,
) -> Result<Json<shapes::Schedule>, ApiError> {
    let kept = found(identity, caller, Action::Update, key).await?;
    let given: shapes::ScheduleRequest = body.read(&FORM, partial)?;
    let now = identity.clock.now();
    let crontab = given.crontab.unwrap_or_else(|| kept.crontab.clone());
    let paused = given.paused.unwrap_or(kept.paused);
    let next = schedule::next(&crontab, now).ok_or_else(|| {
        let text = "Enter minutes, hours, days, months and weekdays, such as \"*/5 * * * *\", that name a moment.";
        ApiError::field("crontab", "invalid", text)
    })?;
    // What nobody has changed stays due when it was.
    let next_run = if crontab == kept.crontab && paused == kept.paused { kept.next_run } else { next };
    if !identity.store.schedules().set(kept.id, &crontab, paused, next_run, now).await? {
        return Err(ApiError::no_such(NOUN.schema));
    }
    people::note(identity, caller, Noted::ModelUpdated, KIND, (kept.id, &kept.actor));
    Ok(Json(shown(Stored { crontab, paused, next_run, ..kept })))
}

async fn send(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    let kept = found(&identity, &caller, Action::Execute, &key).await?;
    let run = schedule::asked_for(&identity, &kept.actor);
    identity.store.tasks().ask(&[run]).await?;
    identity.feed.settle().await;
    people::note(&identity, &caller, Noted::ModelUpdated, KIND, (kept.id, &kept.actor));
    Ok(StatusCode::NO_CONTENT)
}
