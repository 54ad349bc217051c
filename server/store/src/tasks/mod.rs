//! Work in the background, each piece a row from when it is asked for until it is long done: the row is the
//! order, what keeps two workers from the same work, and what is told of it afterwards.
//!
//! Who claims a task has it until it is due again; a worker that ends in the middle leaves it to the next one.

mod list;
mod schedules;
mod workers;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, Order, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::changes::{self, Topic};
use crate::entity::task;
use crate::text::{DATA, cut, from_json, micros, to_json};
use crate::{Store, StoreError, expired};

pub use list::TaskFilter;
pub use schedules::{Schedule, ScheduleFilter, Schedules};
pub use workers::{Worker, Workers};

const CHUNK: usize = 500;

/// Lines that are kept of one task.
const LINES: usize = 100;

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    /// It waits until it is due.
    Queued,
    /// A worker has it.
    Running,
    /// It is over, for now.
    Done,
    /// It is over, and was given up.
    Rejected,
}

impl TaskState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Running, Self::Done, Self::Rejected];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Rejected => "rejected",
        }
    }

    /// The state of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing more will happen by itself.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Rejected)
    }
}

/// How a task that is over went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskOutcome {
    /// Well.
    Info,
    /// Not quite.
    Warning,
    /// Not at all.
    Error,
}

impl TaskOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The outcome of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// Something that a task said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskLine {
    /// When.
    pub at: DateTime<Utc>,
    /// `info`, `warning` or `error`.
    pub level: String,
    /// What, in words.
    pub text: String,
    /// Particulars.
    #[serde(default)]
    pub attributes: Map<String, Value>,
}

/// A piece of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Primary key; version 7, so that keys rise with time.
    pub id: Uuid,
    /// What does it.
    pub actor: String,
    /// Sort of work: `schedules`, `notifications`.
    pub queue: String,
    /// What tells it from others of the same actor, for people.
    pub uid: String,
    /// How far it is.
    pub state: TaskState,
    /// How it went, once it is over.
    pub outcome: Option<TaskOutcome>,
    /// When it is to be done; while a worker has it: until when.
    pub due: DateTime<Utc>,
    /// How often it was begun again.
    pub retries: i64,
    /// `app_label.model` of the thing that it is about; empty where it is about none.
    pub rel_model: String,
    /// Key of that thing.
    pub rel_id: Option<String>,
    /// What it has to know.
    pub data: Value,
    /// What it said the last time.
    pub logs: Vec<TaskLine>,
    /// What it said the times before.
    pub previous_logs: Vec<TaskLine>,
    /// When it was asked for.
    pub created: DateTime<Utc>,
    /// When something of this changed.
    pub changed: DateTime<Utc>,
}

/// What a task came to.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskEnd {
    /// Over, or queued again.
    pub state: TaskState,
    /// How it went.
    pub outcome: Option<TaskOutcome>,
    /// When it is to be tried again, where it is.
    pub due: DateTime<Utc>,
    /// What it said.
    pub logs: Vec<TaskLine>,
    /// What it has to know the next time.
    pub data: Value,
}

/// Work in the background; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Tasks<'a> {
    pub(crate) store: &'a Store,
}

impl Tasks<'_> {
    /// Asks for work; every worker learns of it.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn ask(&self, tasks: &[Task]) -> Result<(), StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                insert(&tx, tasks).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// The task with this key.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, id: Uuid) -> Result<Option<Task>, StoreError> {
        self.store
            .bounded(async {
                let row = task::Entity::find_by_id(id).one(self.store.reader()).await?;
                row.map(Task::try_from).transpose()
            })
            .await
    }

    /// Up to `limit` tasks that wait for a worker, or whose worker has not come back in time; the longest due first.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn due(&self, now: DateTime<Utc>, limit: u64) -> Result<Vec<Task>, StoreError> {
        use task::Column;
        let open = [TaskState::Queued, TaskState::Running].map(TaskState::as_str);
        self.store
            .bounded(async {
                let rows = task::Entity::find()
                    .filter(Column::State.is_in(open))
                    .filter(Column::Due.lte(micros(now)))
                    .order_by(Column::Due, Order::Asc)
                    .limit(limit)
                    .all(self.store.reader())
                    .await?;
                rows.into_iter().map(Task::try_from).collect()
            })
            .await
    }

    /// When the next task is due that waits.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        use task::Column;
        let open = [TaskState::Queued, TaskState::Running].map(TaskState::as_str);
        let first = task::Entity::find().filter(Column::State.is_in(open)).order_by_asc(Column::Due);
        let first = first.select_only().column(Column::Due).limit(1);
        self.store.bounded(async { Ok(first.into_tuple().one(self.store.reader()).await?) }).await
    }

    /// Takes a task until then, if nobody else did since it was read; answers whether.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn claim(&self, task: &Task, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool, StoreError> {
        use task::Column;
        // A worker that did not come back has begun it once.
        let again = i64::from(task.state == TaskState::Running);
        let claim = task::Entity::update_many()
            .col_expr(Column::State, Expr::value(TaskState::Running.as_str()))
            .col_expr(Column::Due, Expr::value(micros(until)))
            .col_expr(Column::Changed, Expr::value(micros(now)))
            .col_expr(Column::Retries, Expr::value(task.retries + again))
            .filter(same(task));
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let done = claim.exec(&tx).await?;
                tx.commit().await?;
                Ok(done.rows_affected == 1)
            })
            .await
    }

    /// Notes what a claimed task came to, unless somebody else has it by now; asks for the work that comes of it in
    /// the same transaction.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn end(
        &self,
        id: Uuid,
        claimed_until: DateTime<Utc>,
        end: &TaskEnd,
        now: DateTime<Utc>,
        more: &[Task],
    ) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                if !finish(&tx, id, claimed_until, end, now).await? {
                    return Ok(false);
                }
                insert(&tx, more).await?;
                tx.commit().await?;
                Ok(true)
            })
            .await
    }

    /// Begins a task that is over again; answers whether it was over.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn retry(&self, task: &Task, now: DateTime<Utc>) -> Result<bool, StoreError> {
        use task::Column;
        let before: Vec<TaskLine> = task.previous_logs.iter().chain(&task.logs).cloned().collect();
        let again = task::Entity::update_many()
            .col_expr(Column::State, Expr::value(TaskState::Queued.as_str()))
            .col_expr(Column::Outcome, Expr::value(""))
            .col_expr(Column::Due, Expr::value(micros(now)))
            .col_expr(Column::Changed, Expr::value(micros(now)))
            .col_expr(Column::Retries, Expr::value(task.retries + 1))
            .col_expr(Column::Logs, Expr::value("[]"))
            .col_expr(Column::PreviousLogs, Expr::value(lines(&before)?))
            .filter(same(task))
            .filter(Column::State.is_in([TaskState::Done, TaskState::Rejected].map(TaskState::as_str)));
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let done = again.exec(&tx).await?;
                if done.rows_affected == 1 {
                    changes::append(&tx, now, [(Topic::Task, task.id.to_string())]).await?;
                }
                tx.commit().await?;
                Ok(done.rows_affected == 1)
            })
            .await
    }

    /// Forgets up to `limit` tasks that were over before a moment, and of each actor what is older than the newest
    /// `keep`; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn forget(&self, before: DateTime<Utc>, keep: u64, limit: u64) -> Result<u64, StoreError> {
        use task::Column;
        let over = Column::State.is_in([TaskState::Done, TaskState::Rejected].map(TaskState::as_str));
        let old = Condition::all().add(over.clone()).add(Column::Changed.lt(micros(before)));
        let mut gone = expired::delete::<task::Entity>(self.store, Column::Id, old, limit).await?;
        let actors = task::Entity::find().select_only().column(Column::Actor).distinct();
        let actors: Vec<String> =
            self.store.bounded(async { Ok(actors.into_tuple().all(self.store.reader()).await?) }).await?;
        for actor in actors {
            let newest = task::Entity::find().filter(Column::Actor.eq(actor.as_str())).filter(over.clone());
            let newest = newest.select_only().column(Column::Changed).order_by_desc(Column::Changed);
            let first_too_many: Option<DateTime<Utc>> = self
                .store
                .bounded(async { Ok(newest.offset(keep).limit(1).into_tuple().one(self.store.reader()).await?) })
                .await?;
            let Some(at) = first_too_many else { continue };
            let of_actor = Condition::all().add(Column::Actor.eq(actor)).add(over.clone()).add(Column::Changed.lte(at));
            gone += expired::delete::<task::Entity>(self.store, Column::Id, of_actor, limit).await?;
        }
        Ok(gone)
    }
}

/// The row as it was read.
fn same(task: &Task) -> Condition {
    use task::Column;
    Condition::all()
        .add(Column::Id.eq(task.id))
        .add(Column::State.eq(task.state.as_str()))
        .add(Column::Due.eq(micros(task.due)))
}

/// Writes what a claimed task came to; answers whether it was still claimed.
pub(crate) async fn finish(
    tx: &DatabaseTransaction,
    id: Uuid,
    claimed_until: DateTime<Utc>,
    end: &TaskEnd,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    use task::Column;
    let done = task::Entity::update_many()
        .col_expr(Column::State, Expr::value(end.state.as_str()))
        .col_expr(Column::Outcome, Expr::value(end.outcome.map_or("", TaskOutcome::as_str)))
        .col_expr(Column::Due, Expr::value(micros(end.due)))
        .col_expr(Column::Changed, Expr::value(micros(now)))
        .col_expr(Column::Logs, Expr::value(lines(&end.logs)?))
        .col_expr(Column::Data, Expr::value(to_json("data", &end.data, DATA)?))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(TaskState::Running.as_str()))
        .filter(Column::Due.eq(micros(claimed_until)))
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}

/// The last lines as they are stored.
fn lines(all: &[TaskLine]) -> Result<String, StoreError> {
    let last: Vec<TaskLine> = all
        .iter()
        .skip(all.len().saturating_sub(LINES))
        .map(|line| TaskLine { text: cut(&line.text, 2_000), ..line.clone() })
        .collect();
    to_json("logs", &last, 2 * DATA)
}

/// Asks for work within the transaction that causes it.
pub(crate) async fn insert(tx: &DatabaseTransaction, tasks: &[Task]) -> Result<(), StoreError> {
    let rows: Result<Vec<_>, StoreError> = tasks.iter().map(to_row).collect();
    for chunk in rows?.chunks(CHUNK) {
        task::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx).await?;
    }
    // One note is enough to wake workers, which ask for everything that is due.
    let waiting = tasks.iter().find(|task| task.state == TaskState::Queued);
    if let Some(task) = waiting {
        changes::append(tx, task.created, [(Topic::Task, task.id.to_string())]).await?;
    }
    Ok(())
}

fn to_row(task: &Task) -> Result<task::ActiveModel, StoreError> {
    Ok(task::ActiveModel {
        id: Set(task.id),
        actor: Set(cut(&task.actor, 100)),
        queue: Set(cut(&task.queue, 50)),
        uid: Set(cut(&task.uid, 255)),
        state: Set(task.state.as_str().to_owned()),
        outcome: Set(task.outcome.map_or("", TaskOutcome::as_str).to_owned()),
        due: Set(micros(task.due)),
        retries: Set(task.retries),
        rel_model: Set(cut(&task.rel_model, 100)),
        rel_id: Set(task.rel_id.as_deref().map(|id| cut(id, 64))),
        data: Set(to_json("data", &task.data, DATA)?),
        logs: Set(lines(&task.logs)?),
        previous_logs: Set(lines(&task.previous_logs)?),
        created: Set(micros(task.created)),
        changed: Set(micros(task.changed)),
    })
}

impl TryFrom<task::Model> for Task {
    type Error = StoreError;

    fn try_from(row: task::Model) -> Result<Self, StoreError> {
        let state = TaskState::parse(&row.state);
        Ok(Self {
            id: row.id,
            actor: row.actor,
            queue: row.queue,
            uid: row.uid,
            state: state.ok_or_else(|| StoreError::Corrupt { what: "tasks.state".to_owned() })?,
            outcome: TaskOutcome::parse(&row.outcome),
            due: row.due,
            retries: row.retries,
            rel_model: row.rel_model,
            rel_id: row.rel_id,
            data: from_json("tasks.data", &row.data)?,
            logs: from_json("tasks.logs", &row.logs)?,
            previous_logs: from_json("tasks.previous_logs", &row.previous_logs)?,
            created: row.created,
            changed: row.changed,
        })
    }
}
