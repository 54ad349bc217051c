//! Phones of an installation in memory: messages, and Duo.

use super::{World, now};
use async_trait::async_trait;
use lockgate_engine::ports::{
    Duo, DuoEnrolment, DuoProgress, Factor, PortError, Posted, Push, PushAnswer, Pushed, RequestFacts, Sms, SmsCode,
};
use lockgate_model::{User, kinds::AuthenticatorDuoStage};
use uuid::Uuid;

/// A number that somebody else has.
pub const TAKEN: &str = "+4915100000000";

/// What happens at Duo.
#[derive(Debug, Clone, Default)]
pub struct AtDuo {
    /// Names that Duo knows already.
    pub known: Vec<String>,
    /// Names that were begun to be set up.
    pub enrolling: Vec<String>,
    /// How far all of them are; nothing: Duo cannot be asked.
    pub progress: Option<DuoProgress>,
    /// The question of a phone that Duo knows; it grows with each look.
    pub pushed: String,
    /// Factors whose phone was asked.
    pub asked: Vec<i64>,
    /// What is said of the next question instead of asking.
    pub refused: Option<Pushed>,
    /// What people say; nothing: nothing yet.
    pub answer: Option<PushAnswer>,
}

#[async_trait]
impl Sms for World {
    async fn send_setup_code(&self, wanted: SmsCode<'_>, _: &RequestFacts) -> Result<(Posted, String), PortError> {
        let mut state = self.lock();
        if let Some(refused) = &state.mail_refused {
            return Ok((refused.clone(), String::new()));
        }
        state.codes.push(wanted.number.to_owned());
        Ok((Posted::Sent, "123456".to_owned()))
    }

    async fn send_code(&self, _: i64, factor: &Factor, _: &RequestFacts) -> Result<Posted, PortError> {
        let mut state = self.lock();
        if let Some(refused) = &state.mail_refused {
            return Ok(refused.clone());
        }
        state.codes.push(format!("SMS of {}", factor.name));
        Ok(Posted::Sent)
    }
}

#[async_trait]
impl Duo for World {
    async fn enrol(
        &self,
        stage: &AuthenticatorDuoStage,
        user: &User,
    ) -> Result<Result<DuoEnrolment, String>, PortError> {
        let duo = &mut self.lock().duo;
        duo.enrolling.push(user.username.clone());
        if duo.known.contains(&user.username) {
            return Ok(Ok(DuoEnrolment::of_known(format!("name:{}", user.username))));
        }
        let number = duo.enrolling.len();
        Ok(Ok(DuoEnrolment {
            user_id: format!("DU-{}", user.username),
            activation_code: format!("duo://code-{number}"),
            activation_barcode: format!("https://{}/frame/qr?value=duo%3A%2F%2Fcode-{number}", stage.api_hostname),
            push: None,
        }))
    }

    async fn progress(
        &self,
        _: (Uuid, &AuthenticatorDuoStage),
        _: i64,
        enrolment: &mut DuoEnrolment,
    ) -> Result<Result<DuoProgress, String>, PortError> {
        // What was asked is there the next time.
        let asked = enrolment.push.as_ref().map_or(0, |push| push.id.len());
        let id = "?".repeat(asked + 1);
        enrolment.push = enrolment.is_known().then(|| Push { id: id.clone(), until: now() });
        self.lock().duo.pushed = id;
        Ok(self.lock().duo.progress.ok_or_else(|| "Duo is away.".to_owned()))
    }

    async fn push(&self, _: i64, factor: &Factor, _: &RequestFacts) -> Result<Pushed, PortError> {
        let duo = &mut self.lock().duo;
        if let Some(refused) = &duo.refused {
            return Ok(refused.clone());
        }
        duo.asked.push(factor.pk);
        Ok(Pushed::Asked(format!("push-{}", duo.asked.len())))
    }

    async fn answer(&self, _: &Factor, _: &str) -> Result<PushAnswer, PortError> {
        Ok(self.lock().duo.answer.unwrap_or(PushAnswer::Waiting))
    }
}
