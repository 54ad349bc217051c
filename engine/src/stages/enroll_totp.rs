//! Sets up an app that shows codes (RFC 6238): the secret as an address, then a code that proves the app has it.

use crate::{
    Response,
    challenge::{AuthenticatorTotp, Body, ResponseErrors},
    ports::{Event, NewFactor},
    run::{Answered, End, Entered, Failure, Run},
};
use lockgate_model::kinds::AuthenticatorTOTPStage;
use uuid::Uuid;

/// What a page says to who is not known well enough to set up a factor.
pub(super) const SIGN_IN: &str = "Sign in first.";

/// The longest code, with the spaces that people type.
const MAX_CODE: usize = 16;

pub(super) async fn enter(run: &mut Run<'_>, id: Uuid, stage: &AuthenticatorTOTPStage) -> Result<Entered, Failure> {
    run.adopt_session();
    let Some(user) = run.trusted_subject().await?.map(|subject| subject.user) else {
        return Ok(Entered::End(End::Denied(SIGN_IN.to_owned())));
    };
    let factors = run.env.factors;
    let secret = match run.plan.context.setting_up.get(&id) {
        Some(sealed) => factors.open(user.pk, sealed)?,
        None => {
            let secret = factors.app_secret();
            let sealed = factors.seal(user.pk, &secret)?;
            run.context().setting_up.insert(id, sealed);
            secret
        }
    };
    let config_url = factors.app_address(&secret, stage.digits, &user.username, &run.env.brand.title)?;
    Ok(Entered::Show(Body::AuthenticatorTotp(AuthenticatorTotp { who: run.who(), config_url })))
}

pub(super) async fn answer(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorTOTPStage,
    response: &Response,
) -> Result<Answered, Failure> {
    let mut errors = ResponseErrors::default();
    let Some(code) = response.text("code", MAX_CODE, true, &mut errors) else { return Ok(Answered::Invalid(errors)) };
    let (Some(user), Some(sealed)) = (run.trusted_or_session(), run.plan.context.setting_up.get(&id).cloned()) else {
        return Ok(Answered::End(End::Denied(SIGN_IN.to_owned())));
    };
    let secret = run.env.factors.open(user, &sealed)?;
    let name = if stage.friendly_name.is_empty() { "TOTP Authenticator" } else { &stage.friendly_name };
    let new = NewFactor::App { secret, digits: stage.digits, code: without_spaces(&code) };
    let Some(factor) = run.env.factors.enrol(user, name, new).await? else {
        return Ok(Answered::Invalid(ResponseErrors::one("code", "invalid", "Code does not match")));
    };
    run.context().setting_up.remove(&id);
    run.record(Event::FactorEnrolled { user, factor }).await;
    Ok(Answered::Accepted)
}

/// Apps show codes in groups.
pub(super) fn without_spaces(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace()).collect()
}
