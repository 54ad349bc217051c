//! The port to mail: links that lead back into a flow, and codes.

use crate::{
    factors::Factor,
    plan::Plan,
    ports::{PortError, RequestFacts},
};
use async_trait::async_trait;
use lockgate_model::{
    User,
    kinds::{AuthenticatorEmailStage, EmailStage},
};
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

/// A code for an address that is being set up to get codes.
#[derive(Debug, Clone, Copy)]
pub struct SetupCode<'a> {
    /// Primary key of the stage.
    pub stage: Uuid,
    /// The stage: what the mail looks like.
    pub settings: &'a AuthenticatorEmailStage,
    /// Who sets it up.
    pub user: &'a User,
    /// The address.
    pub address: &'a str,
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

    /// Sends a code to an address that is being set up, and answers the code.
    async fn send_setup_code(
        &self,
        wanted: SetupCode<'_>,
        request: &RequestFacts,
    ) -> Result<(Posted, String), PortError>;

    /// Sends a code of a factor that has its codes sent by mail; one that was sent before works no longer.
    async fn send_code(&self, user: i64, factor: &Factor, request: &RequestFacts) -> Result<Posted, PortError>;
}
