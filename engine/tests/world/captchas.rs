//! A service of captchas in memory.

use super::World;
use async_trait::async_trait;
use lockgate_engine::{
    captcha::{Captchas, Verified},
    ports::{PortError, RequestFacts},
};
use lockgate_model::kinds::CaptchaStage;
use serde_json::{Map, Value, json};

#[async_trait]
impl Captchas for World {
    /// What the world says of the token; `null`: the service does not answer.
    async fn verify(&self, _: &CaptchaStage, token: &str, _: &RequestFacts) -> Result<Verified, PortError> {
        let unknown = json!({"success": false, "error-codes": ["invalid-input-response"]});
        let said = self.lock().captchas.get(token).cloned().unwrap_or(unknown);
        Ok(match said {
            Value::Null => Verified::Unknown,
            Value::Object(answer) => Verified::Answer(answer),
            _ => Verified::Answer(Map::new()),
        })
    }
}
