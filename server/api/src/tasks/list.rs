//! `/tasks/tasks/` and `/tasks/workers/`: what was and is to be done, and by whom.

use super::shapes;
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::{Components, reference},
        operation::{Operation, Paths},
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
use lockgate_policies::Action;
use lockgate_store::{Task as Stored, TaskFilter, TaskLine, TaskOutcome, TaskState};
use serde_json::json;
use uuid::Uuid;

/// Names of the kinds in policies.
const KIND: &str = "task";
const WORKER: &str = "worker";

/// Where tasks live.
const NOUN: Noun = Noun {
    path: "tasks/tasks",
    stem: "tasks_tasks",
    schema: "Task",
    key: "message_id",
    key_schema: || json!({"type": "string", "format": "uuid"}),
};

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/tasks/tasks/", get(list))
        .route("/tasks/tasks/status/", get(status))
        .route("/tasks/tasks/{message_id}/", get(retrieve))
        .route("/tasks/tasks/{message_id}/retry/", post(retry))
        .route("/tasks/workers/", get(workers))
}

/// With the parameters that tell what work is about.
pub(super) fn about_things(operation: Operation) -> Operation {
    let text = || json!({"type": "string"});
    operation
        .query("rel_obj_content_type__app_label", text())
        .query("rel_obj_content_type__model", text())
        .query("rel_obj_id", text())
        .query("rel_obj_id__isnull", json!({"type": "boolean"}))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let task = components.reply::<shapes::Task>();
    let page = components.page_of("Task");
    let states = json!({"type": "array", "items": reference("TaskAggregatedStatusEnum")});
    let listing = NOUN.operation(Method::GET, "", "list").says("Lists every task that matches, the latest first.");
    let listing = about_things(listing.query("actor_name", json!({"type": "string"})))
        .query("aggregated_status", states)
        .query("queue_name", json!({"type": "string"}))
        .query("state", reference("TaskStatusEnum"));
    paths.add(listing.paged().answers(200, "One page.", page));
    paths.add(NOUN.one(Method::GET, "", "retrieve").says("Shows a task.").answers(200, "The task.", task));
    let again = NOUN.one(Method::POST, "retry/", "retry_create").says("Begins a task again that is over.");
    paths.add(again.empty(204, "It is begun again."));
    let census = components.reply::<shapes::GlobalTaskStatus>();
    let status = NOUN.operation(Method::GET, "status/", "status_retrieve");
    paths.add(status.says("Tells how many tasks there are of each sort.").answers(200, "How many.", census));
    let alive = json!({"type": "array", "items": components.reply::<shapes::Worker>()});
    let workers = Operation::new(Method::GET, "/tasks/workers/", "tasks_workers_list", "tasks");
    paths.add(workers.says("Lists the processes that do the work.").answers(200, "Those that are there.", alive));
}

fn line(line: TaskLine) -> shapes::LogEvent {
    shapes::LogEvent {
        timestamp: line.at,
        log_level: line.level,
        logger: "lockgate.worker".to_owned(),
        event: line.text,
        attributes: line.attributes,
    }
}

fn shown(task: Stored) -> shapes::Task {
    let (app, model) = task.rel_model.split_once('.').unwrap_or_default();
    let sort = match task.outcome {
        Some(outcome) if task.state.is_over() => outcome.as_str(),
        _ => task.state.as_str(),
    };
    shapes::Task {
        message_id: task.id,
        queue_name: task.queue,
        state: task.state.as_str().to_owned(),
        mtime: task.changed,
        retries: task.retries,
        eta: (task.state == TaskState::Queued).then_some(task.due),
        rel_obj_app_label: app.to_owned(),
        rel_obj_model: model.to_owned(),
        rel_obj_id: task.rel_id,
        uid: task.uid,
        logs: task.logs.into_iter().map(line).collect(),
        previous_logs: task.previous_logs.into_iter().map(line).collect(),
        aggregated_status: sort.to_owned(),
        description: schedule::about(&task.actor).map(str::to_owned),
        actor_name: task.actor,
    }
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, KIND)?;
    let page = paging::wanted(&query)?;
    let text = |name: &str| query.get(name).map(str::to_owned);
    let sorts = query.all("aggregated_status");
    let known = |sorts: &[&str]| {
        let states = sorts.iter().filter_map(|sort| TaskState::parse(sort)).collect();
        (states, sorts.iter().filter_map(|sort| TaskOutcome::parse(sort)).collect())
    };
    let state = query.get("state");
    let filter = TaskFilter {
        search: text("search"),
        actor: text("actor_name"),
        queue: text("queue_name"),
        state: state.and_then(TaskState::parse),
        sorts: (!sorts.is_empty()).then(|| known(&sorts)),
        rel_app: text("rel_obj_content_type__app_label"),
        rel_name: text("rel_obj_content_type__model"),
        rel_id: text("rel_obj_id"),
        rel_is_null: query.flag("rel_obj_id__isnull"),
        ordering: query.ordering(),
        page,
    };
    // No task is ever in one of the other states.
    if state.is_some() && filter.state.is_none() {
        return Listed::new(page, 0, Vec::new());
    }
    let (tasks, total) = identity.store.tasks().list(&filter).await?;
    Listed::new(page, total, tasks.into_iter().map(|task| value(&shown(task))).collect())
}

/// A task that the caller may do this to.
async fn found(identity: &Identity, caller: &Caller, verb: Action, key: &str) -> Result<Stored, ApiError> {
    caller.require_one(identity, &identity.config.snapshot(), verb, KIND, NOUN.schema)?;
    let key = Uuid::parse_str(key).map_err(|_| ApiError::no_such(NOUN.schema))?;
    identity.store.tasks().get(key).await?.ok_or_else(|| ApiError::no_such(NOUN.schema))
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<shapes::Task>, ApiError> {
    Ok(Json(shown(found(&identity, &caller, Action::Read, &key).await?)))
}

async fn retry(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    let task = found(&identity, &caller, Action::Execute, &key).await?;
    if !identity.store.tasks().retry(&task, identity.clock.now()).await? {
        return Err(ApiError::BadRequest("The task is not over."));
    }
    identity.feed.settle().await;
    people::note(&identity, &caller, Noted::ModelUpdated, KIND, (task.id, &task.uid));
    Ok(StatusCode::NO_CONTENT)
}

async fn status(State(identity): State<Identity>, caller: Caller) -> Result<Json<shapes::GlobalTaskStatus>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, KIND)?;
    let mut all = shapes::GlobalTaskStatus::default();
    for (state, outcome, count) in identity.store.tasks().census().await? {
        let slot = match (state, outcome) {
            (TaskState::Queued, _) => &mut all.queued,
            (TaskState::Running, _) => &mut all.running,
            (TaskState::Rejected, _) => &mut all.rejected,
            (TaskState::Done, Some(TaskOutcome::Info)) => &mut all.info,
            (TaskState::Done, Some(TaskOutcome::Warning)) => &mut all.warning,
            (TaskState::Done, Some(TaskOutcome::Error)) => &mut all.error,
            (TaskState::Done, None) => &mut all.done,
        };
        *slot += count;
    }
    Ok(Json(all))
}

async fn workers(State(identity): State<Identity>, caller: Caller) -> Result<Json<Vec<shapes::Worker>>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, WORKER)?;
    let since = identity.clock.now() - schedule::SILENCE;
    let alive = identity.store.workers().since(since).await?;
    let shown = alive.into_iter().map(|worker| shapes::Worker {
        version_matching: worker.version == env!("CARGO_PKG_VERSION"),
        worker_id: worker.id,
        version: worker.version,
    });
    Ok(Json(shown.collect()))
}
