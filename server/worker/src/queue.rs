//! Does what is due: runs of schedules, and tasks that somebody asked for.
//!
//! A row is claimed by putting it off, so that of several workers one has it; one that ends in the middle leaves
//! the row to come up again. All work is such that doing it twice does no harm.

use crate::{jobs, notices};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_identity::{
    Identity,
    journal::{Action, Entry},
    mail, notify,
    schedule::{self, RECURRING},
    sms,
    system::random_uuid,
};
use lockgate_store::{Schedule, StoreError, Task, TaskEnd, TaskLine, TaskOutcome, TaskState};
use serde_json::{Map, Value, json};
use std::{collections::HashSet, time::Duration};
use tokio::task::JoinSet;
use uuid::Uuid;

/// A task may take this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who takes a task has it for so long.
const LEASE: TimeDelta = TimeDelta::seconds(120);

/// Tasks at once.
const AT_ONCE: usize = 8;

/// What is due is looked for at least so often, and at most.
const NET: Duration = Duration::from_secs(10);
const LEAST: Duration = Duration::from_millis(200);

/// A schedule whose crontab names no moment any more is looked at again after this.
const NEVER: TimeDelta = TimeDelta::days(365);

/// Works until the returned future is dropped.
pub(crate) async fn run(identity: Identity) {
    while let Err(error) = identity.store.schedules().ensure(&usual(&identity, identity.clock.now())).await {
        tracing::warn!(%error, "schedules cannot be stored; it is tried again");
        tokio::time::sleep(NET).await;
    }
    let mut desk = Desk { identity, running: JoinSet::new(), busy: HashSet::new() };
    loop {
        let wait = match desk.begin_due().await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(%error, "what is due cannot be read; it is looked for again");
                NET
            }
        };
        desk.rest(wait).await;
    }
}

struct Desk {
    identity: Identity,
    running: JoinSet<Uuid>,
    /// Actors of schedules that are at work here: none of them twice at once.
    busy: HashSet<(Uuid, String)>,
}

impl Desk {
    /// Begins what is due, as far as there is room; answers how long nothing else will be.
    async fn begin_due(&mut self) -> Result<Duration, StoreError> {
        let (identity, now) = (self.identity.clone(), self.identity.clock.now());
        for due in identity.store.schedules().due(now).await? {
            let known = jobs::of(&due.actor).is_some();
            if known && !self.busy.iter().any(|(_, actor)| *actor == due.actor) {
                self.begin_run(&due, now).await?;
            }
        }
        let room = AT_ONCE.saturating_sub(self.running.len());
        for task in identity.store.tasks().due(now, room as u64).await? {
            let until = now + LEASE;
            if identity.store.tasks().claim(&task, until, now).await? {
                self.begin(Task { due: until, state: TaskState::Running, ..task });
            }
        }
        if self.running.len() >= AT_ONCE {
            return Ok(NET);
        }
        let next = [identity.store.schedules().next_due().await?, identity.store.tasks().next_due().await?];
        let wait = next.into_iter().flatten().min().map_or(NET, |at| (at - now).to_std().unwrap_or_default());
        Ok(wait.clamp(LEAST, NET))
    }

    async fn begin_run(&mut self, due: &Schedule, now: DateTime<Utc>) -> Result<(), StoreError> {
        let task =
            Task { state: TaskState::Running, due: now + LEASE, ..schedule::asked_for(&self.identity, &due.actor) };
        let next = schedule::next(&due.crontab, now).unwrap_or(now + NEVER);
        if self.identity.store.schedules().begin(due, next, &task).await? {
            self.begin(task);
        }
        Ok(())
    }

    fn begin(&mut self, task: Task) {
        let (identity, id) = (self.identity.clone(), task.id);
        self.busy.insert((id, task.actor.clone()));
        self.running.spawn(async move {
            if let Err(error) = work(&identity, &task).await {
                tracing::warn!(%error, task = %task.id, actor = task.actor, "a task could not be ended; it comes up again");
            }
            id
        });
    }

    /// Waits until there may be something to do.
    async fn rest(&mut self, wait: Duration) {
        let asked = self.identity.feed.work_asked_for();
        tokio::select! {
            Some(done) = self.running.join_next(), if !self.running.is_empty() => match done {
                Ok(id) => self.busy.retain(|(of, _)| *of != id),
                // Which one broke is not known: none is kept from coming up again.
                Err(_) => self.busy.clear(),
            },
            () = asked => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// The schedules as they are when nobody has changed them.
fn usual(identity: &Identity, now: DateTime<Utc>) -> Vec<Schedule> {
    let schedule = |recurring: &schedule::Recurring| Schedule {
        id: random_uuid(&*identity.random),
        actor: recurring.actor.to_owned(),
        crontab: recurring.crontab.to_owned(),
        paused: false,
        next_run: now,
        last_outcome: None,
    };
    RECURRING.iter().map(schedule).collect()
}

/// Does a claimed task and notes what it came to.
pub(crate) async fn work(identity: &Identity, task: &Task) -> Result<(), StoreError> {
    tracing::debug!(actor = task.actor, task = %task.id, "processing");
    match task.actor.as_str() {
        notify::TELL => notices::tell(identity, task).await,
        notify::SEND => notices::send(identity, task).await,
        mail::SEND => notices::mail(identity, task).await,
        sms::SEND => notices::sms(identity, task).await,
        actor => match jobs::of(actor) {
            Some(job) => do_job(identity, task, job).await,
            None => unknown(identity, task).await,
        },
    }
}

async fn do_job(identity: &Identity, task: &Task, job: jobs::Job) -> Result<(), StoreError> {
    let done = tokio::time::timeout(PATIENCE, job(identity)).await;
    let now = identity.clock.now();
    let ended = match done {
        Ok(Ok(rows)) => {
            let particulars = Map::from_iter([("rows".to_owned(), json!(rows))]);
            let line = TaskLine { attributes: particulars, ..line(now, TaskOutcome::Info, &format!("{rows} rows")) };
            if rows > 0 {
                tracing::info!(job = task.actor, rows, "completed");
            }
            end(now, TaskOutcome::Info, line, task)
        }
        Ok(Err(error)) => failed(task, now, &error.to_string()),
        Err(_) => failed(task, now, "it took too long"),
    };
    identity.store.schedules().end(&task.actor, (task.id, task.due), &ended, now).await
}

fn failed(task: &Task, now: DateTime<Utc>, error: &str) -> TaskEnd {
    metrics::counter!("lockgate_job_failures_total", "job" => task.actor.clone()).increment(1);
    tracing::warn!(job = task.actor, error, "a background job failed; it runs again at its next turn");
    end(now, TaskOutcome::Error, line(now, TaskOutcome::Error, error), task)
}

/// A task of another release.
async fn unknown(identity: &Identity, task: &Task) -> Result<(), StoreError> {
    let now = identity.clock.now();
    let text = "this release knows no such work";
    let ended = TaskEnd {
        state: TaskState::Rejected,
        ..end(now, TaskOutcome::Error, line(now, TaskOutcome::Error, text), task)
    };
    identity.store.tasks().end(task.id, task.due, &ended, now, &[]).await.map(drop)
}

/// Something that a task says.
pub(crate) fn line(at: DateTime<Utc>, level: TaskOutcome, text: &str) -> TaskLine {
    TaskLine { at, level: level.as_str().to_owned(), text: text.to_owned(), attributes: Map::new() }
}

/// That a task is over.
pub(crate) fn end(now: DateTime<Utc>, outcome: TaskOutcome, said: TaskLine, task: &Task) -> TaskEnd {
    let logs = task.logs.iter().cloned().chain([said]).collect();
    TaskEnd { state: TaskState::Done, outcome: Some(outcome), due: now, logs, data: task.data.clone() }
}

/// Notes in the journal that a task was given up. Nobody is notified of it: it may be a notification.
pub(crate) fn given_up(identity: &Identity, task: &Task, why: &str) {
    let entry = Entry::new(Action::SystemTaskException, "lockgate.worker").quietly();
    let entry = entry.about("authentik_tasks.task", task.id.to_string(), &task.uid);
    let message = format!("{} was given up: {why}", task.actor);
    identity.journal.record(entry.with("message", message).with("actor", Value::from(task.actor.as_str())));
}
