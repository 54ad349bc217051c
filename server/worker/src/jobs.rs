//! What is done again and again, wherever a worker is free: one function a line of the identity's `RECURRING`.

use lockgate_identity::Identity;
use lockgate_store::StoreError;
use std::pin::Pin;

/// Rows that one job removes in one go, so that no statement takes long.
const BATCH: u64 = 5_000;

/// How long a change stays in the log that nodes read; see the store's `Changes`.
const CHANGES_LIFE: chrono::TimeDelta = chrono::TimeDelta::hours(1);

/// Codes stay beyond their end so that a replay is recognised as one.
const CODES_LIFE: chrono::TimeDelta = chrono::TimeDelta::hours(1);

/// Tokens stay beyond their end so that the reuse of a replaced one is recognised.
const OAUTH_TOKENS_LIFE: chrono::TimeDelta = chrono::TimeDelta::days(1);

/// Tasks that are over are told of for so long.
const TASKS_LIFE: chrono::TimeDelta = chrono::TimeDelta::days(7);

/// Tasks of one actor that are told of when they are over.
const TASKS_KEPT: u64 = 200;

/// A job at work; answers how many rows it touched.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Result<u64, StoreError>> + Send + 'a>>;

/// What a recurring actor does.
pub(crate) type Job = for<'a> fn(&'a Identity) -> Running<'a>;

/// The job of an actor.
pub(crate) fn of(actor: &str) -> Option<Job> {
    Some(match actor {
        "expired_sessions" => |i| Box::pin(expired_sessions(i)),
        "expired_codes" => |i| Box::pin(expired_codes(i)),
        "expired_oauth_tokens" => |i| Box::pin(expired_oauth_tokens(i)),
        "expired_once" => |i| Box::pin(expired_once(i)),
        "expired_flow_tokens" => |i| Box::pin(expired_flow_tokens(i)),
        "expired_keys" => |i| Box::pin(expired_keys(i)),
        "expired_consents" => |i| Box::pin(expired_consents(i)),
        "expired_tokens" => |i| Box::pin(expired_tokens(i)),
        "expired_events" => |i| Box::pin(expired_events(i)),
        "expired_invitations" => |i| Box::pin(expired_invitations(i)),
        "expired_notifications" => |i| Box::pin(expired_notifications(i)),
        "ended_memberships" => |i| Box::pin(ended_memberships(i)),
        "old_decisions" => |i| Box::pin(old_decisions(i)),
        "expired_scores" => |i| Box::pin(expired_scores(i)),
        "old_changes" => |i| Box::pin(old_changes(i)),
        "old_tasks" => |i| Box::pin(old_tasks(i)),
        _ => return None,
    })
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

async fn expired_flow_tokens(identity: &Identity) -> Result<u64, StoreError> {
    let now = identity.clock.now();
    all(|| async { identity.store.flow_tokens().delete_expired(now, BATCH).await }).await
}

async fn expired_keys(identity: &Identity) -> Result<u64, StoreError> {
    identity.store.published_keys().delete_expired(identity.clock.now()).await
}

async fn expired_consents(identity: &Identity) -> Result<u64, StoreError> {
    let now = identity.clock.now();
    all(|| async { identity.store.consents().delete_expired(now, BATCH).await }).await
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
    let changes = all(|| async { identity.store.changes().prune(before, BATCH).await }).await?;
    Ok(changes + all(|| async { identity.store.users().forget_moves(BATCH).await }).await?)
}

async fn expired_invitations(identity: &Identity) -> Result<u64, StoreError> {
    let now = identity.clock.now();
    all(|| async { identity.store.invitations().delete_expired(now, BATCH).await }).await
}

async fn expired_notifications(identity: &Identity) -> Result<u64, StoreError> {
    let now = identity.clock.now();
    all(|| async { identity.store.notifications().delete_expired(now, BATCH).await }).await
}

async fn old_tasks(identity: &Identity) -> Result<u64, StoreError> {
    let before = identity.clock.now() - TASKS_LIFE;
    identity.store.tasks().forget(before, TASKS_KEPT, BATCH).await
}

#[cfg(test)]
mod tests {
    use super::of;
    use lockgate_identity::schedule::RECURRING;

    #[test]
    fn every_schedule_has_a_job() {
        for recurring in &RECURRING {
            assert!(of(recurring.actor).is_some(), "{}", recurring.actor);
        }
    }
}
