//! Tells people of events: finds out whom, and sends what is to be sent; mails and messages too.

use crate::{
    patience::{self, GIVE_UP},
    queue::{end, given_up, line},
};
use lockgate_identity::{
    Identity, mail,
    notify::{sending, telling},
    sent::SendError,
    sms,
};
use lockgate_store::{StoreError, Task, TaskEnd, TaskOutcome, TaskState};
use serde_json::{Value, json};

/// Whom a rule tells of an event.
pub(crate) async fn tell(identity: &Identity, task: &Task) -> Result<(), StoreError> {
    let told = telling::told(identity, task).await?;
    let now = identity.clock.now();
    let text = match told.remarks.as_slice() {
        [] => format!("{} told here, {} elsewhere", told.local.len(), told.sent.len()),
        remarks => remarks.join("; "),
    };
    let ended = end(now, TaskOutcome::Info, line(now, TaskOutcome::Info, &text), task);
    let claimed = (task.id, task.due);
    match identity.store.notifications().tell(&told.local, &told.sent, claimed, &ended, now).await {
        // Somebody's account went between the look and the write: found out anew when the task comes up again.
        Err(StoreError::Dangling) => Ok(()),
        other => other.map(drop),
    }
}

/// Sends one notification, or says when it is tried again.
pub(crate) async fn send(identity: &Identity, task: &Task) -> Result<(), StoreError> {
    let sent = sending::sent(identity, task).await;
    tried(identity, task, sent, task.data.clone()).await
}

/// Sends one mail, or says when it is tried again. Once it is sent, nothing is kept of what it says.
pub(crate) async fn mail(identity: &Identity, task: &Task) -> Result<(), StoreError> {
    let sent = mail::sent(identity, task).await;
    tried(identity, task, sent, json!({})).await
}

/// Sends one message, or says when it is tried again. Each try may cost something, so there are few.
pub(crate) async fn sms(identity: &Identity, task: &Task) -> Result<(), StoreError> {
    let sent = match sms::sent(identity, task).await {
        Err(SendError::NotNow(why)) if attempts(task) + 1 >= sms::MOST_ATTEMPTS => Err(SendError::Never(why)),
        other => other,
    };
    tried(identity, task, sent, json!({})).await
}

fn attempts(task: &Task) -> u32 {
    u32::try_from(task.data["attempts"].as_u64().unwrap_or_default()).unwrap_or(u32::MAX)
}

/// Notes what came of sending something: it is over, with this data, or tried again for a day.
async fn tried(
    identity: &Identity,
    task: &Task,
    sent: Result<String, SendError>,
    kept: Value,
) -> Result<(), StoreError> {
    let now = identity.clock.now();
    let attempts = attempts(task);
    let ended = match sent {
        Ok(answer) => {
            TaskEnd { data: kept, ..end(now, TaskOutcome::Info, line(now, TaskOutcome::Info, &answer), task) }
        }
        Err(SendError::Store(error)) => return Err(error),
        Err(SendError::NotNow(why)) if now - task.created < GIVE_UP => {
            let attempts = attempts.saturating_add(1);
            let said = line(now, TaskOutcome::Warning, &why);
            let mut again = end(now, TaskOutcome::Warning, said, task);
            again.data["attempts"] = attempts.into();
            TaskEnd { state: TaskState::Queued, outcome: None, due: now + patience::pause(attempts), ..again }
        }
        Err(SendError::NotNow(why) | SendError::Never(why)) => {
            metrics::counter!("lockgate_notifications_failed_total", "actor" => task.actor.clone()).increment(1);
            given_up(identity, task, &why);
            let over = end(now, TaskOutcome::Error, line(now, TaskOutcome::Error, &why), task);
            TaskEnd { state: TaskState::Rejected, ..over }
        }
    };
    identity.store.tasks().end(task.id, task.due, &ended, now, &[]).await.map(drop)
}

#[cfg(test)]
mod tests;
