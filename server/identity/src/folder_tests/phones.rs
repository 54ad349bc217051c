//! Phones in a test: no message is sent and no phone is asked.

use super::{factors::SHOWN, world::World};
use async_trait::async_trait;
use lockgate_engine::ports::{
    Duo, DuoEnrolment, DuoProgress, Factor, PortError, Posted, PushAnswer, Pushed, RequestFacts, Sms, SmsCode,
};
use lockgate_model::{User, kinds::AuthenticatorDuoStage};
use uuid::Uuid;

const NO_MESSAGE: &str = "No message is sent: the code that would be in it is the one that apps show here.";
const NO_DUO: &str = "Duo is not asked: whoever is asked there says yes.";

#[async_trait]
impl Sms for World<'_> {
    async fn send_setup_code(&self, _: SmsCode<'_>, _: &RequestFacts) -> Result<(Posted, String), PortError> {
        self.falls_short(NO_MESSAGE);
        Ok((Posted::Sent, SHOWN.to_owned()))
    }

    async fn send_code(&self, _: i64, _: &Factor, _: &RequestFacts) -> Result<Posted, PortError> {
        self.falls_short(NO_MESSAGE);
        Ok(Posted::Sent)
    }
}

#[async_trait]
impl Duo for World<'_> {
    async fn enrol(
        &self,
        stage: &AuthenticatorDuoStage,
        user: &User,
    ) -> Result<Result<DuoEnrolment, String>, PortError> {
        self.falls_short(NO_DUO);
        let code = "duo://test".to_owned();
        let activation_barcode = format!("https://{}/frame/qr?value={code}", stage.api_hostname);
        Ok(Ok(DuoEnrolment { user_id: user.username.clone(), activation_code: code, activation_barcode, push: None }))
    }

    async fn progress(
        &self,
        _: (Uuid, &AuthenticatorDuoStage),
        _: i64,
        _: &mut DuoEnrolment,
    ) -> Result<Result<DuoProgress, String>, PortError> {
        Ok(Ok(DuoProgress::Success))
    }

    async fn push(&self, _: i64, _: &Factor, _: &RequestFacts) -> Result<Pushed, PortError> {
        self.falls_short(NO_DUO);
        Ok(Pushed::Asked("test".to_owned()))
    }

    async fn answer(&self, _: &Factor, _: &str) -> Result<PushAnswer, PortError> {
        Ok(PushAnswer::Allowed)
    }
}
