//! The port to services that tell people from programs.

use crate::{
    challenge::Data,
    ports::{PortError, RequestFacts},
};
use async_trait::async_trait;
use lockgate_model::kinds::CaptchaStage;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a service made of a token.
#[derive(Debug, Clone, PartialEq)]
pub enum Verified {
    /// It answered this: `success`, `score` where it has one, `error-codes` …
    Answer(Data),
    /// It could not be asked, or its answer could not be read; nothing is known.
    Unknown,
}

/// A captcha that was solved, as policies read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Solved {
    /// What the service answered.
    pub response: Data,
    /// Primary key of the stage that asked.
    pub stage: Uuid,
}

/// Services of captchas.
#[async_trait]
pub trait Captchas: Send + Sync {
    /// Has the service of a stage check the token that its widget gave to the browser of a request.
    async fn verify(&self, stage: &CaptchaStage, token: &str, request: &RequestFacts) -> Result<Verified, PortError>;
}
