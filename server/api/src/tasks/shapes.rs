//! Shapes of tasks, schedules and workers.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaskStatusEnum {
    /// Kept for clients.
    WaitingForDependencies,
    /// It waits until it is due.
    Queued,
    /// Kept for clients.
    Consumed,
    /// Kept for clients.
    Preprocess,
    /// A worker has it.
    Running,
    /// Kept for clients.
    Postprocess,
    /// It is over, and was given up.
    Rejected,
    /// It is over.
    Done,
}

/// How far a task is, and how it went once it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaskAggregatedStatusEnum {
    /// Kept for clients.
    WaitingForDependencies,
    /// It waits until it is due.
    Queued,
    /// Kept for clients.
    Consumed,
    /// Kept for clients.
    Preprocess,
    /// A worker has it.
    Running,
    /// Kept for clients.
    Postprocess,
    /// It was given up.
    Rejected,
    /// It is over.
    Done,
    /// It went well.
    Info,
    /// It went not quite well.
    Warning,
    /// It failed.
    Error,
}

/// How the last run of a schedule went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LastTaskStatusEnum {
    /// Kept for clients.
    WaitingForDependencies,
    /// Kept for clients.
    Queued,
    /// Kept for clients.
    Consumed,
    /// Kept for clients.
    Preprocess,
    /// Kept for clients.
    Running,
    /// Kept for clients.
    Postprocess,
    /// Kept for clients.
    Rejected,
    /// Kept for clients.
    Done,
    /// It went well.
    Info,
    /// It went not quite well.
    Warning,
    /// It failed.
    Error,
}

/// How much a line of a log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogLevelEnum {
    /// Kept for clients.
    Critical,
    /// Kept for clients.
    Exception,
    /// Something failed.
    Error,
    /// Kept for clients.
    Warn,
    /// Something went not quite well.
    Warning,
    /// Good to know.
    Info,
    /// Kept for clients.
    Debug,
    /// Kept for clients.
    Notset,
}

/// A line of a log.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LogEvent {
    /// When.
    pub(crate) timestamp: DateTime<Utc>,
    /// How much it matters.
    #[schemars(with = "LogLevelEnum")]
    pub(crate) log_level: String,
    /// Who says it.
    pub(crate) logger: String,
    /// What.
    pub(crate) event: String,
    /// Particulars.
    pub(crate) attributes: Map<String, Value>,
}

/// A piece of work in the background.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Task {
    /// Primary key.
    pub(crate) message_id: Uuid,
    /// Sort of work.
    pub(crate) queue_name: String,
    /// What does it.
    pub(crate) actor_name: String,
    /// How far it is.
    #[schemars(with = "TaskStatusEnum")]
    pub(crate) state: String,
    /// When something of this changed.
    pub(crate) mtime: DateTime<Utc>,
    /// How often it was begun again.
    pub(crate) retries: i64,
    /// When it is to be done.
    pub(crate) eta: Option<DateTime<Utc>>,
    /// The part of the program of the thing that it is about.
    pub(crate) rel_obj_app_label: String,
    /// The kind of that thing.
    pub(crate) rel_obj_model: String,
    /// The key of that thing.
    pub(crate) rel_obj_id: Option<String>,
    /// What tells it from others of the same actor.
    pub(crate) uid: String,
    /// What it said the last time.
    pub(crate) logs: Vec<LogEvent>,
    /// What it said the times before.
    pub(crate) previous_logs: Vec<LogEvent>,
    /// How far it is, and how it went once it is over.
    #[schemars(with = "TaskAggregatedStatusEnum")]
    pub(crate) aggregated_status: String,
    /// What its actor is for.
    pub(crate) description: Option<String>,
}

/// How many tasks there are of each sort.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct GlobalTaskStatus {
    /// They wait until they are due.
    pub(crate) queued: u64,
    /// Kept for clients; always 0.
    pub(crate) consumed: u64,
    /// Kept for clients; always 0.
    pub(crate) preprocess: u64,
    /// Workers have them.
    pub(crate) running: u64,
    /// Kept for clients; always 0.
    pub(crate) postprocess: u64,
    /// They were given up.
    pub(crate) rejected: u64,
    /// They are over, and nobody knows how they went.
    pub(crate) done: u64,
    /// They went well.
    pub(crate) info: u64,
    /// They went not quite well.
    pub(crate) warning: u64,
    /// They failed.
    pub(crate) error: u64,
}

/// Work that is done again and again.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Schedule {
    /// Primary key.
    pub(crate) id: Uuid,
    /// What tells it from others of the same actor; there are none.
    pub(crate) identifier: Option<String>,
    /// Its name.
    pub(crate) uid: String,
    /// What does it.
    pub(crate) actor_name: String,
    /// Always empty: it is about no thing.
    pub(crate) rel_obj_app_label: String,
    /// Always empty.
    pub(crate) rel_obj_model: String,
    /// Always null.
    pub(crate) rel_obj_id: Option<String>,
    /// When, as a crontab has it, in UTC; seconds may stand before the minutes.
    pub(crate) crontab: String,
    /// Whether it is left out.
    pub(crate) paused: bool,
    /// When it is done next.
    pub(crate) next_run: DateTime<Utc>,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// How it went last.
    #[schemars(with = "Option<LastTaskStatusEnum>")]
    pub(crate) last_task_status: Option<String>,
}

/// What of a schedule can be changed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct ScheduleRequest {
    /// Kept for clients: a schedule is about no thing.
    #[serde(default, rename = "rel_obj_id")]
    #[schemars(length(min = 1))]
    pub(crate) _rel_obj_id: Option<String>,
    /// When, as a crontab has it, in UTC; seconds may stand before the minutes.
    #[schemars(required, with = "String", length(min = 1, max = 100))]
    pub(crate) crontab: Option<String>,
    /// Whether it is left out.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub(crate) paused: Option<bool>,
}

/// A process that works in the background.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Worker {
    /// Its name.
    pub(crate) worker_id: String,
    /// The program's version.
    pub(crate) version: String,
    /// Whether that is this server's.
    pub(crate) version_matching: bool,
}
