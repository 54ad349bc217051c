//! Background work: what keeps the database small and the figures true. Runs inside every server, and
//! alone as `lockgate worker`; several at once do no harm, since every job is idempotent.
//!
//! What may not enter this room: anything that a request waits for, and any decision.

mod logout;

use lockgate_identity::Identity;
use lockgate_store::StoreError;
use std::{pin::Pin, time::Duration};

/// Rows that one job removes in one go, so that no statement takes long.
const BATCH: u64 = 5_000;

/// A job may take this long; then it waits for its next turn.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a change stays in the log that nodes read; see the store's `Changes`.
const CHANGES_LIFE: chrono::TimeDelta = chrono::TimeDelta::hours(1);

/// Codes stay beyond their end so that a replay is recognised as one.
const CODES_LIFE: chrono::TimeDelta = chrono::TimeDelta::hours(1);

/// Tokens stay beyond their end so that the reuse of a replaced one is recognised.
const OAUTH_TOKENS_LIFE: chrono::TimeDelta = chrono::TimeDelta::days(1);

type Running<'a> = Pin<Box<dyn Future<Output = Result<u64, StoreError>> + Send + 'a>>;

struct Job {
    name: &'static str,
    every: Duration,
    run: for<'a> fn(&'a Identity) -> Running<'a>,
}

const JOBS: &[Job] = &[
    Job { name: "write_session_use", every: Duration::from_secs(30), run: |i| Box::pin(write_session_use(i)) },
    Job { name: "figures", every: Duration::from_secs(15), run: |i| Box::pin(figures(i)) },
    Job { name: "expired_sessions", every: Duration::from_secs(300), run: |i| Box::pin(expired_sessions(i)) },
    Job { name: "expired_codes", every: Duration::from_secs(300), run: |i| Box::pin(expired_codes(i)) },
    Job { name: "expired_oauth_tokens", every: Duration::from_secs(300), run: |i| Box::pin(expired_oauth_tokens(i)) },
    Job { name: "expired_once", every: Duration::from_secs(300), run: |i| Box::pin(expired_once(i)) },
    Job { name: "expired_keys", every: Duration::from_secs(3600), run: |i| Box::pin(expired_keys(i)) },
    Job { name: "expired_consents", every: Duration::from_secs(3600), run: |i| Box::pin(expired_consents(i)) },
    Job { name: "expired_invitations", every: Duration::from_secs(3600), run: |i| Box::pin(expired_invitations(i)) },
    Job { name: "expired_tokens", every: Duration::from_secs(300), run: |i| Box::pin(expired_tokens(i)) },
    Job { name: "expired_events", every: Duration::from_secs(3600), run: |i| Box::pin(expired_events(i)) },
    Job { name: "ended_memberships", every: Duration::from_secs(15), run: |i| Box::pin(ended_memberships(i)) },
    Job { name: "old_decisions", every: Duration::from_secs(600), run: |i| Box::pin(old_decisions(i)) },
    Job { name: "expired_scores", every: Duration::from_secs(3600), run: |i| Box::pin(expired_scores(i)) },
    Job { name: "old_changes", every: Duration::from_secs(600), run: |i| Box::pin(old_changes(i)) },
];

/// Runs every job on its schedule until the returned future is dropped.
pub async fn run(identity: Identity) {
    let mut all = tokio::task::JoinSet::new();
    for job in JOBS {
        let identity = identity.clone();
        all.spawn(async move {
            let mut tick = tokio::time::interval(job.every);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                once(job, &identity).await;
            }
        });
    }
    all.spawn(logout::run(identity));
    while all.join_next().await.is_some() {}
}

async fn once(job: &Job, identity: &Identity) {
    tracing::debug!(job = job.name, "processing");
    match tokio::time::timeout(PATIENCE, (job.run)(identity)).await {
        Ok(Ok(0)) => tracing::debug!(job = job.name, "completed"),
        Ok(Ok(rows)) => tracing::info!(job = job.name, rows, "completed"),
        Ok(Err(error)) => failed(job, &error.to_string()),
        Err(_) => failed(job, "it took too long"),
    }
}

fn failed(job: &Job, error: &str) {
    metrics::counter!("lockgate_job_failures_total", "job" => job.name).increment(1);
    tracing::warn!(job = job.name, error, "a background job failed; it runs again at its next turn");
}

async fn write_session_use(identity: &Identity) -> Result<u64, StoreError> {
    identity.sessions.write_touched().await?;
    Ok(0)
}

async fn figures(identity: &Identity) -> Result<u64, StoreError> {
    let now = identity.clock.now();
    let sessions = identity.store.sessions().count(now).await?;
    let snapshot = identity.config.snapshot();
    metrics::gauge!("lockgate_sessions").set(u32::try_from(sessions).map_or(f64::MAX, f64::from));
    metrics::gauge!("lockgate_snapshot_age_seconds")
        .set(i32::try_from((now - snapshot.loaded).num_seconds()).map_or(f64::MAX, f64::from));
    Ok(0)
}

/// Goes on until a go finds less than it might: what grows faster than one go for each turn is removed too.
async fn all<F>(mut go: impl FnMut() -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut removed = 0;
    loop {
        let rows = go().await?;
        removed += rows;
        if rows < BATCH {
            return Ok(removed);
        }
    }
}

async fn expired_sessions(identity: &Identity) -> Result<u64, StoreError> {
    let (now, store) = (identity.clock.now(), &identity.store);
    let sessions = all(|| async { store.sessions().delete_expired(now, BATCH).await }).await?;
    Ok(sessions + all(|| async { store.proxy_sessions().delete_expired(now, BATCH).await }).await?)
}

async fn expired_codes(identity: &Identity) -> Result<u64, StoreError> {
    let before = identity.clock.now() - CODES_LIFE;
    let codes = all(|| async { identity.store.codes().delete_expired(before, BATCH).await }).await?;
    Ok(codes + all(|| async { identity.store.device_codes().delete_expired(before, BATCH).await }).await?)
}

async fn expired_oauth_tokens(identity: &Identity) -> Result<u64, StoreError> {
    let before = identity.clock.now() - OAUTH_TOKENS_LIFE;
    all(|| async { identity.store.oauth_tokens().delete_expired(before, BATCH).await }).await
}

async fn expired_once(identity: &Identity) -> Result<u64, StoreError> {
    let now = identity.clock.now();
    all(|| async { identity.store.once().delete_expired(now, BATCH).await }).await
}

async fn expired_keys(identity: &Identity) -> Result<u64, StoreError> {
    identity.store.published_keys().delete_expired(identity.clock.now()).await
}

async fn expired_consents(identity: &Identity) -> Result<u64, StoreError> {
    let now = identity.clock.now();
    all(|| async { identity.store.consents().delete_expired(now, BATCH).await }).await
}

async fn expired_invitations(identity: &Identity) -> Result<u64, StoreError> {
    let now = identity.clock.now();
    all(|| async { identity.store.invitations().delete_expired(now, BATCH).await }).await
}

async fn expired_tokens(identity: &Identity) -> Result<u64, StoreError> {
    identity.tokens.sweep().await
}

async fn expired_events(identity: &Identity) -> Result<u64, StoreError> {
    let now = identity.clock.now();
    all(|| async { identity.store.events().delete_expired(now, BATCH).await }).await
}

async fn ended_memberships(identity: &Identity) -> Result<u64, StoreError> {
    identity.people.sweep_memberships().await
}

async fn old_decisions(identity: &Identity) -> Result<u64, StoreError> {
    let (log, decisions) = (identity.access.log(), identity.store.decisions());
    let before = identity.clock.now() - log.keep;
    let old = all(|| async { decisions.delete_before(before, BATCH).await }).await?;
    Ok(old + all(|| async { decisions.delete_beyond(log.most, BATCH).await }).await?)
}

async fn expired_scores(identity: &Identity) -> Result<u64, StoreError> {
    let now = identity.clock.now();
    all(|| async { identity.store.reputation().delete_expired(now, BATCH).await }).await
}

async fn old_changes(identity: &Identity) -> Result<u64, StoreError> {
    let before = identity.clock.now() - CHANGES_LIFE;
    all(|| async { identity.store.changes().prune(before, BATCH).await }).await
}
