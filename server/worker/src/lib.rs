//! Background work: what keeps the database small and the figures true, and what tells others of what happened.
//! Runs inside every server, and alone as `lockgate worker`. What is to be done is rows that a worker claims
//! ([`queue`], [`logout`]), so that several at once do nothing twice.
//!
//! What may not enter this room: anything that a request waits for, and any decision.

mod jobs;
mod logout;
mod notices;
mod patience;
mod queue;

use chrono::{DateTime, Utc};
use lockgate_identity::{Identity, schedule::HEARTBEAT, system::alphanumeric};
use lockgate_store::{StoreError, TaskState, Worker};
use std::time::Duration;

/// What a process does for itself may take this long; then it waits for its next turn.
const PATIENCE: Duration = Duration::from_secs(60);

/// Counting rests for so many times as long as it has taken: millions of sessions are counted for seconds, by every process.
const REST: u32 = 100;

/// But not longer, so that figures on which alarms hang come again soon after a database that was slow.
const MOST_REST: Duration = Duration::from_secs(300);

/// A name for this process. The numbers of processes are the same in every container, so that something random is with it.
#[must_use]
pub fn process_name(identity: &Identity) -> String {
    format!("{}@{}", std::process::id(), alphanumeric(&*identity.random, 12))
}

/// Says that a process of this name is not there any more.
pub async fn leave(identity: &Identity, name: &str) {
    if let Err(error) = identity.store.workers().gone(name).await {
        tracing::warn!(%error, "this worker could not sign off: others count it as running for a while");
    }
}

/// Works under this name until the returned future is dropped.
pub async fn run(identity: Identity, name: String) {
    let mut all = tokio::task::JoinSet::new();
    let of_this_process = identity.clone();
    all.spawn(async move { again_and_again(HEARTBEAT / 2, REST, || figures(&of_this_process)).await });
    let of_this_process = identity.clone();
    all.spawn(async move { again_and_again(HEARTBEAT, 0, || write_session_use(&of_this_process)).await });
    let of_this_process = identity.clone();
    all.spawn(async move { again_and_again(HEARTBEAT, 0, || say_hello(&of_this_process, &name)).await });
    all.spawn(queue::run(identity.clone()));
    all.spawn(logout::run(identity));
    while all.join_next().await.is_some() {}
}

/// What every process does for itself.
async fn again_and_again<F>(every: Duration, rest: u32, work: impl Fn() -> F)
where
    F: Future<Output = Result<(), StoreError>>,
{
    let mut tick = tokio::time::interval(every);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let begun = tokio::time::Instant::now();
        match tokio::time::timeout(PATIENCE, work()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "upkeep failed; it is tried again at its next turn"),
            Err(_) => tracing::warn!("upkeep took too long; it is tried again at its next turn"),
        }
        tokio::time::sleep((begun.elapsed() * rest).min(MOST_REST)).await;
    }
}

async fn say_hello(identity: &Identity, name: &str) -> Result<(), StoreError> {
    let now = identity.clock.now();
    let worker = Worker { id: name.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned(), seen: now };
    identity.store.workers().seen(&worker, now - lockgate_identity::schedule::SILENCE).await
}

async fn write_session_use(identity: &Identity) -> Result<(), StoreError> {
    identity.sessions.write_touched().await
}

async fn figures(identity: &Identity) -> Result<(), StoreError> {
    let now = identity.clock.now();
    let sessions = identity.store.sessions().count(now).await?;
    metrics::gauge!("lockgate_sessions").set(number(sessions));
    tasks(identity, now).await
}

/// How much work waits, and how long the oldest piece that is due has.
async fn tasks(identity: &Identity, now: DateTime<Utc>) -> Result<(), StoreError> {
    let mut counts = TaskState::ALL.map(|state| (state, 0_u64));
    for (state, _, count) in identity.store.tasks().census().await? {
        counts.iter_mut().filter(|(known, _)| *known == state).for_each(|(_, sum)| *sum += count);
    }
    for (state, count) in counts {
        metrics::gauge!("lockgate_tasks", "state" => state.as_str()).set(number(count));
    }
    let waits = identity.store.tasks().next_due().await?.map_or(0, |due| (now - due).num_seconds().max(0));
    metrics::gauge!("lockgate_tasks_overdue_seconds").set(number(waits.unsigned_abs()));
    Ok(())
}

fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
