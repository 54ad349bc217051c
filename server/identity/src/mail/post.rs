//! Tasks that each send one mail.

use super::{Letter, MailServer, MailSettings, Template};
use crate::{
    Core, Identity,
    config::Snapshot,
    journal::{Action, Entry},
    sent::SendError,
    system::time_uuid,
};
use lockgate_model::kinds::{AuthenticatorEmailStage, EmailStage};
use lockgate_store::{StoreError, Task, TaskState};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// Does the tasks that each send a mail.
pub const SEND: &str = "send_mail";

/// Their queue.
const QUEUE: &str = "mail";

/// What a task has to know; sealed in it.
#[derive(Serialize, Deserialize)]
struct Order {
    letter: Letter,
    /// The stage whose mail server takes it; nothing: that of the settings. A password is not copied into tasks.
    stage: Option<Uuid>,
}

impl Core {
    /// The mail server of a stage, or that of the settings.
    ///
    /// # Errors
    /// [`SendError::Never`] where the stage is gone or wrong, [`SendError::NotNow`] where none is set.
    pub fn mail_server(&self, snapshot: &Snapshot, stage: Option<Uuid>) -> Result<MailServer, SendError> {
        if let Some(stage) = stage {
            let gone = || SendError::Never("the stage that asked for the mail is gone".to_owned());
            let link = snapshot.objects.typed::<EmailStage>(stage);
            let code = snapshot.objects.typed::<AuthenticatorEmailStage>(stage);
            let own: Option<MailSettings> = match (link, code) {
                (Some(stage), _) => (!stage.use_global_settings).then(|| stage.into()),
                (_, Some(stage)) => (!stage.use_global_settings).then(|| stage.into()),
                (None, None) => return Err(gone()),
            };
            if let Some(own) = own {
                return MailServer::new(own).map_err(|error| SendError::Never(error.to_string()));
            }
        }
        let unset = || SendError::NotNow("no mail server is set (LOCKGATE_EMAIL__HOST)".to_owned());
        self.mail.clone().ok_or_else(unset)
    }

    /// The task that sends a mail; to be stored with what causes it.
    ///
    /// # Errors
    /// [`StoreError::Seal`], which says that the library refused.
    pub fn mail_task(&self, template: Template, letter: Letter, stage: Option<Uuid>) -> Result<Task, StoreError> {
        let (id, now) = (time_uuid(&*self.clock, &*self.random), self.clock.now());
        let uid = format!("{} to {}", template.name(), letter.to);
        let broken = |_| StoreError::Seal { what: place(id) };
        let order = serde_json::to_vec(&Order { letter, stage }).map_err(broken)?;
        let sealed = self.store.seal_key().seal(&place(id), &order)?;
        Ok(Task {
            id,
            actor: SEND.to_owned(),
            queue: QUEUE.to_owned(),
            uid,
            state: TaskState::Queued,
            outcome: None,
            due: now,
            retries: 0,
            rel_model: stage.map(|_| "authentik_stages_email.emailstage".to_owned()).unwrap_or_default(),
            rel_id: stage.map(|stage| stage.to_string()),
            data: json!({"sealed": sealed}),
            logs: Vec::new(),
            previous_logs: Vec::new(),
            created: now,
            changed: now,
        })
    }
}

/// Does what a task of [`SEND`] wants; answers what the mail server said.
///
/// # Errors
/// [`SendError`].
pub async fn sent(identity: &Identity, task: &Task) -> Result<String, SendError> {
    let Order { letter, stage } = opened(identity, task)?;
    let snapshot = identity.config.snapshot();
    let server = identity.mail_server(&snapshot, stage)?;
    let said = server.deliver(&letter, task.id, task.created).await?;
    let entry = Entry::new(Action::EmailSent, "lockgate.mail").with("message", format!("Email to {} sent", letter.to));
    let entry = entry.with("to_email", letter.to.as_str()).with("from_email", server.from());
    identity.journal.record(entry.with("subject", letter.subject.as_str()));
    Ok(said)
}

fn opened(identity: &Identity, task: &Task) -> Result<Order, SendError> {
    let never = |why: &str| SendError::Never(why.to_owned());
    let sealed = task.data["sealed"].as_str().ok_or_else(|| never("it was sent already"))?;
    let plain = identity.store.seal_key().open(&place(task.id), sealed);
    let plain = plain.map_err(|_| never("it was sealed under another secret key"))?;
    serde_json::from_slice(&plain).map_err(|_| never("another release has written it"))
}

fn place(id: Uuid) -> String {
    format!("mail {id}")
}
