//! What the stages do: one file each, an `enter` for when it is reached and an `answer` for what a
//! person sends.

mod captcha;
mod consent;
mod deny;
mod dummy;
pub(crate) mod email;
mod enroll_duo;
mod enroll_email;
mod enroll_sms;
mod enroll_static;
mod enroll_totp;
mod enroll_webauthn;
mod field;
mod identification;
mod invitation;
mod later;
mod mfa;
mod passkey;
mod password;
pub(crate) mod prompt;
mod proving;
mod push;
mod redirect;
mod sent_code;
mod user_delete;
mod user_login;
mod user_logout;
mod user_write;

use crate::{
    CompiledStage, Response, Stage,
    run::{Answered, Entered, Failure, Run},
};

use lockgate_model::kinds::PromptType;

/// The longest password accepted, in characters.
pub(crate) const MAX_PASSWORD: usize = 1_024;

/// Whether a field of a prompt is there to be read only.
pub(crate) fn only_shows(kind: PromptType) -> bool {
    field::is_decoration(kind)
}

/// Whether a field of a prompt takes what a person types.
pub(crate) fn asks_for(kind: PromptType) -> bool {
    !field::is_decoration(kind) && !field::is_fixed(kind)
}

impl Stage {
    /// The `component` of the challenge that it shows; empty for those that never ask.
    #[must_use]
    pub fn component(&self) -> &'static str {
        match self {
            Self::Identification(_) => "ak-stage-identification",
            Self::Password(_) => "ak-stage-password",
            Self::UserLogin(_) => "ak-stage-user-login",
            Self::Prompt(_) => "ak-stage-prompt",
            Self::Consent(_) => "ak-stage-consent",
            Self::Dummy(_) => "ak-stage-dummy",
            Self::Mfa(_) => "ak-stage-authenticator-validate",
            Self::EnrollTotp(_) => "ak-stage-authenticator-totp",
            Self::EnrollWebAuthn(_) => "ak-stage-authenticator-webauthn",
            Self::EnrollStatic(_) => "ak-stage-authenticator-static",
            Self::EnrollEmail(_) => "ak-stage-authenticator-email",
            Self::EnrollSms(_) => "ak-stage-authenticator-sms",
            Self::EnrollDuo(_) => "ak-stage-authenticator-duo",
            Self::Email(_) => "ak-stage-email",
            Self::Captcha(_) => "ak-stage-captcha",
            Self::UserLogout(_)
            | Self::UserWrite(_)
            | Self::Deny(_)
            | Self::Redirect(_)
            | Self::Invitation(_)
            | Self::UserDelete(_)
            | Self::Later(_) => "",
        }
    }
}

/// The `component` of what a stage asks now: one that asks for a second factor may be setting one up.
pub(crate) fn component(run: &Run<'_>, at: &CompiledStage) -> &'static str {
    match &at.stage {
        Stage::Mfa(mfa) => mfa::setup(run, mfa).map_or(&at.stage, |setup| &setup.stage).component(),
        stage => stage.component(),
    }
}

/// The stage is reached, or shown again.
pub(crate) async fn enter(run: &mut Run<'_>, at: &CompiledStage) -> Result<Entered, Failure> {
    match &at.stage {
        Stage::Identification(stage) => identification::enter(run, stage).await,
        Stage::Password(stage) => Ok(password::enter(run, at.stage_id, stage)),
        Stage::UserLogin(stage) => user_login::enter(run, stage).await,
        Stage::UserLogout(_) => Ok(user_logout::enter(run)),
        Stage::UserWrite(stage) => user_write::enter(run, stage).await,
        Stage::Prompt(prompts) => prompt::enter(run, prompts).await,
        Stage::Consent(stage) => consent::enter(run, stage).await,
        Stage::Deny(stage) => Ok(deny::enter(run, stage)),
        Stage::Dummy(stage) => dummy::enter(stage),
        Stage::Redirect(target) => redirect::enter(run, target),
        Stage::Invitation(stage) => invitation::enter(run, stage).await,
        Stage::UserDelete(_) => user_delete::enter(run).await,
        Stage::Mfa(mfa) => mfa::enter(run, at.stage_id, mfa).await,
        Stage::EnrollTotp(stage) => enroll_totp::enter(run, at.stage_id, stage).await,
        Stage::EnrollWebAuthn(stage) => enroll_webauthn::enter(run, at.stage_id, stage).await,
        Stage::EnrollStatic(stage) => enroll_static::enter(run, at.stage_id, stage).await,
        Stage::EnrollEmail(stage) => enroll_email::enter(run, at.stage_id, stage).await,
        Stage::EnrollSms(_) => enroll_sms::enter(run, at.stage_id).await,
        Stage::EnrollDuo(stage) => enroll_duo::enter(run, at.stage_id, stage).await,
        Stage::Email(stage) => email::enter(run, at.stage_id, stage).await,
        Stage::Captcha(stage) => Ok(captcha::enter(run, stage)),
        Stage::Later(stage) => Ok(later::enter(run, &stage.name, stage.word)),
    }
}

/// Somebody answered the stage's challenge.
pub(crate) async fn answer(run: &mut Run<'_>, at: &CompiledStage, response: &Response) -> Result<Answered, Failure> {
    match &at.stage {
        Stage::Identification(stage) => identification::answer(run, stage, response).await,
        Stage::Password(stage) => password::answer(run, at.stage_id, stage, response).await,
        Stage::UserLogin(stage) => user_login::answer(run, stage, response).await,
        Stage::Prompt(prompts) => prompt::answer(run, prompts, response).await,
        Stage::Consent(stage) => consent::answer(run, stage, response).await,
        Stage::Dummy(_) => Ok(Answered::Accepted),
        Stage::Mfa(mfa) => mfa::answer(run, at.stage_id, mfa, response).await,
        Stage::EnrollTotp(stage) => enroll_totp::answer(run, at.stage_id, stage, response).await,
        Stage::EnrollWebAuthn(stage) => enroll_webauthn::answer(run, at.stage_id, stage, response).await,
        Stage::EnrollStatic(stage) => enroll_static::answer(run, at.stage_id, stage).await,
        Stage::EnrollEmail(stage) => enroll_email::answer(run, at.stage_id, stage, response).await,
        Stage::EnrollSms(stage) => enroll_sms::answer(run, at.stage_id, stage, response).await,
        Stage::EnrollDuo(stage) => enroll_duo::answer(run, at.stage_id, stage).await,
        Stage::Email(stage) => email::answer(run, at.stage_id, stage).await,
        Stage::Captcha(stage) => captcha::answer(run, at.stage_id, stage, response).await,
        Stage::UserLogout(_)
        | Stage::UserWrite(_)
        | Stage::Deny(_)
        | Stage::Redirect(_)
        | Stage::Invitation(_)
        | Stage::UserDelete(_)
        | Stage::Later(_) => Err(Failure("a stage that asks nothing was answered".to_owned())),
    }
}
