//! Registers a passkey or security key: the browser makes one, and its answer is checked and stored.

use super::{enroll_totp::SIGN_IN, passkey};
use crate::{
    Response,
    challenge::{AuthenticatorWebAuthn, Body, ResponseErrors},
    passkeys::Registered,
    ports::Event,
    run::{Answered, End, Entered, Failure, Run},
};
use lockgate_model::kinds::AuthenticatorWebAuthnStage;
use uuid::Uuid;

const GAVE_UP: &str = "Your passkey couldn’t be set up.";
const STALE: &str = "This took too long. Try again.";

pub(super) async fn enter(run: &mut Run<'_>, id: Uuid, stage: &AuthenticatorWebAuthnStage) -> Result<Entered, Failure> {
    run.adopt_session();
    let Some(user) = run.trusted_subject().await?.map(|subject| subject.user) else {
        return Ok(Entered::End(End::Denied(SIGN_IN.to_owned())));
    };
    let ceremony = match passkey::running(run, id) {
        Some(ceremony) => ceremony,
        None => {
            let begun = run.env.passkeys.begin_registration(&user, stage, &run.env.brand.title).await?;
            run.context().ceremonies.insert(id, begun.clone());
            begun
        }
    };
    let body = AuthenticatorWebAuthn { who: run.who(), registration: ceremony.options };
    Ok(Entered::Show(Body::AuthenticatorWebAuthn(body)))
}

pub(super) async fn answer(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorWebAuthnStage,
    response: &Response,
) -> Result<Answered, Failure> {
    let Some(given) = passkey::answer(response, "response") else {
        return Ok(Answered::Invalid(ResponseErrors::one("response", "required", "This field is required.")));
    };
    let Some(user) = run.trusted_or_session() else {
        return Ok(Answered::End(End::Denied(SIGN_IN.to_owned())));
    };
    let ceremony = passkey::running(run, id);
    run.context().ceremonies.remove(&id);
    let Some(ceremony) = ceremony else {
        return Ok(Answered::Retry(ResponseErrors::one("response", "invalid", STALE)));
    };
    match run.env.passkeys.register(user, stage, &ceremony, &given).await? {
        Registered::Made(factor) => {
            run.record(Event::FactorEnrolled { user, factor }).await;
            Ok(Answered::Accepted)
        }
        Registered::Refused(why) => Ok(refused(run, id, stage, why)),
    }
}

fn refused(run: &mut Run<'_>, id: Uuid, stage: &AuthenticatorWebAuthnStage, why: &'static str) -> Answered {
    let attempts = run.context().failed_attempts.entry(id).or_default();
    *attempts += 1;
    let most = u32::try_from(stage.max_attempts).unwrap_or_default();
    if most > 0 && *attempts >= most {
        return Answered::End(End::Denied(GAVE_UP.to_owned()));
    }
    Answered::Invalid(ResponseErrors::one("response", "invalid", why))
}
