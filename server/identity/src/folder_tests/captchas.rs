//! Captchas in a test: no service is asked, the token itself says what it would answer.

use super::world::World;
use async_trait::async_trait;
use lockgate_engine::{
    captcha::{Captchas, Verified},
    ports::{PortError, RequestFacts},
};
use lockgate_model::kinds::CaptchaStage;
use serde_json::{Map, Value, json};

/// The token of a person.
const PERSON: &str = "person";

/// The token to which the service does not answer.
const SILENT: &str = "silent";

#[async_trait]
impl Captchas for World<'_> {
    /// `person` is one, and so is a score, with it; another token is unknown to the service.
    async fn verify(&self, _: &CaptchaStage, token: &str, _: &RequestFacts) -> Result<Verified, PortError> {
        self.falls_short("No service of captchas is asked: the token says what it would answer.");
        let answer = match token.parse::<f64>() {
            Ok(score) if score.is_finite() => json!({"success": true, "score": score}),
            _ if token == PERSON => json!({"success": true}),
            _ if token == SILENT => return Ok(Verified::Unknown),
            _ => json!({"success": false, "error-codes": ["invalid-input-response"]}),
        };
        let Value::Object(answer) = answer else { return Ok(Verified::Answer(Map::new())) };
        Ok(Verified::Answer(answer))
    }
}
