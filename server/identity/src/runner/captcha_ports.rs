//! The engine's port to services of captchas.

use super::ports::Ports;
use crate::captcha::verify;
use async_trait::async_trait;
use lockgate_engine::{
    captcha::{Captchas, Verified},
    ports::{PortError, RequestFacts},
};
use lockgate_model::kinds::CaptchaStage;

#[async_trait]
impl Captchas for Ports<'_> {
    async fn verify(&self, stage: &CaptchaStage, token: &str, request: &RequestFacts) -> Result<Verified, PortError> {
        Ok(match verify(stage, token, request.ip).await {
            Ok(answer) => Verified::Answer(answer),
            Err(error) => {
                tracing::warn!(stage = stage.name, %error, "the service of captchas could not be asked");
                Verified::Unknown
            }
        })
    }
}
