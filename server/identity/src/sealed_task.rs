//! Tasks that carry what nobody may read who looks at tasks: it is sealed in them.

use crate::{Core, sent::SendError, system::time_uuid};
use lockgate_store::{SealKey, StoreError, Task, TaskState, task_place};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use uuid::Uuid;

/// A sort of such tasks.
pub(crate) struct SealedTask {
    /// What does them.
    pub(crate) actor: &'static str,
    /// Their queue; it is part of what the content is sealed for.
    pub(crate) queue: &'static str,
}

impl SealedTask {
    /// A task that is due now; `uid` says in lists what it is, `cause` is the model and key of what asked for it.
    ///
    /// # Errors
    /// [`StoreError::Seal`], which says that the library refused.
    pub(crate) fn make(
        &self,
        core: &Core,
        uid: String,
        cause: Option<(&str, Uuid)>,
        content: &impl Serialize,
    ) -> Result<Task, StoreError> {
        let (id, now) = (time_uuid(&*core.clock, &*core.random), core.clock.now());
        let broken = |_| StoreError::Seal { what: self.place(id) };
        let plain = serde_json::to_vec(content).map_err(broken)?;
        let sealed = core.store.seal_key().seal(&self.place(id), &plain)?;
        Ok(Task {
            id,
            actor: self.actor.to_owned(),
            queue: self.queue.to_owned(),
            uid,
            state: TaskState::Queued,
            outcome: None,
            due: now,
            retries: 0,
            rel_model: cause.map(|(model, _)| model.to_owned()).unwrap_or_default(),
            rel_id: cause.map(|(_, key)| key.to_string()),
            data: json!({"sealed": sealed}),
            logs: Vec::new(),
            previous_logs: Vec::new(),
            created: now,
            changed: now,
        })
    }

    /// What a task carries.
    ///
    /// # Errors
    /// [`SendError::Never`], with why it cannot be read any more.
    pub(crate) fn content<T: DeserializeOwned>(&self, key: &SealKey, task: &Task) -> Result<T, SendError> {
        let never = |why: &str| SendError::Never(why.to_owned());
        let sealed = task.data["sealed"].as_str().ok_or_else(|| never("it was sent already"))?;
        let plain = key.open(&self.place(task.id), sealed);
        let plain = plain.map_err(|_| never("it was sealed under another secret key"))?;
        serde_json::from_slice(&plain).map_err(|_| never("another release has written it"))
    }

    fn place(&self, id: Uuid) -> String {
        task_place(self.queue, id)
    }
}
