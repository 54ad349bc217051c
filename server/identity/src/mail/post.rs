//! Tasks that each send one mail.

use super::{Letter, MailServer, MailSettings, Template};
use crate::{
    Core, Identity,
    config::Snapshot,
    journal::{Action, Entry},
    sealed_task::SealedTask,
    sent::SendError,
};
use lockgate_model::kinds::{AuthenticatorEmailStage, EmailStage};
use lockgate_store::{StoreError, Task};
use serde::{Deserialize, Serialize};
use tracing::Instrument;
use uuid::Uuid;

/// Does the tasks that each send a mail.
pub const SEND: &str = "send_mail";

const TASKS: SealedTask = SealedTask { actor: SEND, queue: "mail" };

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
        let uid = format!("{} to {}", template.name(), letter.to);
        let cause = stage.map(|stage| ("authentik_stages_email.emailstage", stage));
        TASKS.make(self, uid, cause, &Order { letter, stage })
    }
}

/// Does what a task of [`SEND`] wants; answers what the mail server said.
///
/// # Errors
/// [`SendError`].
pub async fn sent(identity: &Identity, task: &Task) -> Result<String, SendError> {
    let Order { letter, stage } = TASKS.content(identity.store.seal_key(), task)?;
    let snapshot = identity.config.snapshot();
    let server = identity.mail_server(&snapshot, stage)?;
    let span = tracing::trace_span!(target: "lockgate::trace", "mail", otel.kind = "client");
    let said = server.deliver(&letter, task.id, task.created).instrument(span).await;
    let outcome = match &said {
        Ok(_) => "sent",
        Err(SendError::Never(_)) => "refused",
        Err(_) => "failed",
    };
    metrics::counter!("lockgate_mails_total", "outcome" => outcome).increment(1);
    let said = said?;
    let entry = Entry::new(Action::EmailSent, "lockgate.mail").with("message", format!("Email to {} sent", letter.to));
    let entry = entry.with("to_email", letter.to.as_str()).with("from_email", server.from());
    identity.journal.record(entry.with("subject", letter.subject.as_str()));
    Ok(said)
}
