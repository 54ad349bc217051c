//! The port to mail: a link that leads back into a flow.

use crate::{
    plan::Plan,
    ports::{PortError, RequestFacts},
};
use async_trait::async_trait;
use lockgate_model::{User, kinds::EmailStage};
use uuid::Uuid;

/// A link that a stage wants to have sent.
#[derive(Debug, Clone, Copy)]
pub struct MailLink<'a> {
    /// Primary key of the stage.
    pub stage: Uuid,
    /// The stage: what the mail looks like, and its limits.
    pub settings: &'a EmailStage,
    /// What was typed for whom it is; limits count by it, so that they tell nothing of who exists.
    pub identifier: &'a str,
    /// Whom it goes to; `None` when nothing may go out, which must look the same from outside.
    pub to: Option<&'a User>,
    /// The plan that whoever opens the link goes on with, by [`crate::resume`].
    pub plan: &'a Plan,
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// It is on its way, or would be if there were somebody to send it to.
    Sent,
    /// There were too many in too short a time.
    TooMany {
        /// Minutes after which it may be tried again.
        minutes: i64,
    },
    /// This server can send none; a sentence for the person.
    Unable(String),
}

/// Mail.
#[async_trait]
pub trait Mail: Send + Sync {
    /// Sees to it that a link is sent that leads back to the plan, once. It comes back before the mail server has it.
    async fn send_link(&self, link: MailLink<'_>, request: &RequestFacts) -> Result<Posted, PortError>;
}
