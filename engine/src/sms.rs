//! The port to text messages: codes to phones.

use crate::{
    factors::Factor,
    mail::Posted,
    ports::{PortError, RequestFacts},
};
use async_trait::async_trait;
use uuid::Uuid;

/// A code for a number that is being set up to get codes.
#[derive(Debug, Clone, Copy)]
pub struct SmsCode<'a> {
    /// Primary key of the stage.
    pub stage: Uuid,
    /// Primary key of who sets it up.
    pub user: i64,
    /// The number, in the form of E.164: `+` and figures.
    pub number: &'a str,
}

/// Text messages.
#[async_trait]
pub trait Sms: Send + Sync {
    /// Sends a code to a number that is being set up, and answers the code. It comes back before the service has it.
    async fn send_setup_code(&self, wanted: SmsCode<'_>, request: &RequestFacts)
    -> Result<(Posted, String), PortError>;

    /// Sends a code of a factor that has its codes sent by SMS; one that was sent before works no longer.
    async fn send_code(&self, user: i64, factor: &Factor, request: &RequestFacts) -> Result<Posted, PortError>;
}
