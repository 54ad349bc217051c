//! Tasks that each send one message.

use super::gateway;
use crate::{Core, Identity, sealed_task::SealedTask, sent::SendError};
use chrono::{DateTime, Utc};
use lockgate_model::kinds::AuthenticatorSMSStage;
use lockgate_store::{StoreError, Task};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Does the tasks that each send a message.
pub const SEND: &str = "send_sms";

/// How often one is tried: each may cost something.
pub const MOST_ATTEMPTS: u32 = 3;

const TASKS: SealedTask = SealedTask { actor: SEND, queue: "sms" };

/// What a task has to know; sealed in it. Who sends is looked up, so that no password is copied into tasks.
#[derive(Serialize, Deserialize)]
pub(crate) struct Order {
    /// The stage that says who sends.
    pub(crate) stage: Uuid,
    /// Whose number it is.
    pub(crate) user: i64,
    /// The number.
    pub(crate) number: String,
    /// The code.
    pub(crate) code: String,
    /// What the message says.
    pub(crate) text: String,
    /// Until when the code works.
    pub(crate) until: DateTime<Utc>,
}

impl Order {
    /// What a message says.
    pub(crate) fn text(code: &str, brand: &str) -> String {
        match brand {
            "" => format!("{code} is your sign-in code."),
            brand => format!("{code} is your sign-in code for {brand}."),
        }
    }
}

impl Core {
    /// The task that sends a message; to be stored with what counts it.
    ///
    /// # Errors
    /// [`StoreError::Seal`], which says that the library refused.
    pub(crate) fn sms_task(&self, order: &Order) -> Result<Task, StoreError> {
        // The number itself is nobody's business who looks at tasks.
        let uid = format!("code by SMS, to {}", masked(&order.number));
        let cause = ("authentik_stages_authenticator_sms.authenticatorsmsstage", order.stage);
        TASKS.make(self, uid, Some(cause), order)
    }
}

/// Does what a task of [`SEND`] wants; answers what the service said.
///
/// # Errors
/// [`SendError`].
pub async fn sent(identity: &Identity, task: &Task) -> Result<String, SendError> {
    let never = |why: &str| SendError::Never(why.to_owned());
    let order: Order = TASKS.content(identity.store.seal_key(), task)?;
    if order.until <= identity.clock.now() {
        return Err(never("its code has ended"));
    }
    let snapshot = identity.config.snapshot();
    let stage = snapshot.objects.typed::<AuthenticatorSMSStage>(order.stage);
    let stage = stage.ok_or_else(|| never("the stage that asked for the message is gone"))?;
    let who = identity.principals.get(order.user).await?;
    let who = who.ok_or_else(|| never("who is to have the message has no account any more"))?;
    gateway::send(identity, &snapshot, stage, (who.principal(), &order)).await
}

/// A number of which only the last figures can be read.
fn masked(number: &str) -> String {
    let hidden = number.chars().count().saturating_sub(3);
    number.chars().enumerate().map(|(at, c)| if at > 0 && at < hidden { '•' } else { c }).collect()
}
