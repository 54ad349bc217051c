//! Sets up an address that codes are sent to: a code goes there, and comes back.

use super::{
    email::too_many,
    enroll_totp::{SIGN_IN, without_spaces},
    field::is_email,
    proving::{Waiting, compare, keep, waiting},
};
use crate::{
    Response,
    challenge::{AuthenticatorEmail, Body, Email, ResponseErrors},
    mail::{Posted, SetupCode},
    ports::{Event, NewFactor},
    run::{Answered, End, Entered, Failure, Run},
};
use chrono::TimeDelta;
use lockgate_model::{User, kinds::AuthenticatorEmailStage};
use uuid::Uuid;

/// No code works for longer.
const LONGEST: TimeDelta = TimeDelta::minutes(15);

const MAX_ADDRESS: usize = 254;
const MAX_CODE: usize = 16;

pub(super) async fn enter(run: &mut Run<'_>, id: Uuid, stage: &AuthenticatorEmailStage) -> Result<Entered, Failure> {
    run.adopt_session();
    let Some(user) = run.trusted_subject().await?.map(|subject| subject.user) else {
        return Ok(Entered::End(End::Denied(SIGN_IN.to_owned())));
    };
    // The account's own address is the one that is meant, until another one is given.
    if !user.email.is_empty() && !run.plan.context.mailed.contains(&id) {
        match send(run, id, stage, &user, &user.email).await? {
            Posted::Sent => {}
            Posted::TooMany { minutes } => return Ok(Entered::End(End::Denied(too_many(minutes)))),
            Posted::Unable(why) => return Ok(Entered::End(End::Denied(why))),
        }
    }
    let email = waiting(run, id, user.pk)?.map(|waiting| waiting.to);
    let email_required = email.is_none();
    Ok(Entered::Show(Body::AuthenticatorEmail(AuthenticatorEmail { who: run.who(), email, email_required })))
}

pub(super) async fn answer(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorEmailStage,
    response: &Response,
) -> Result<Answered, Failure> {
    let mut errors = ResponseErrors::default();
    let email = response.text("email", MAX_ADDRESS, false, &mut errors).unwrap_or_default();
    let code = without_spaces(&response.text("code", MAX_CODE, false, &mut errors).unwrap_or_default());
    if !errors.is_empty() {
        return Ok(Answered::Invalid(errors));
    }
    let Some(user) = run.trusted_subject().await?.map(|subject| subject.user) else {
        return Ok(Answered::End(End::Denied(SIGN_IN.to_owned())));
    };
    let waiting = waiting(run, id, user.pk)?;
    match waiting {
        Some(waiting) if !code.is_empty() => check(run, id, stage, (user.pk, waiting), &code).await,
        waiting => {
            let address = if email.is_empty() { waiting.map(|waiting| waiting.to) } else { Some(email) };
            again(run, id, stage, &user, address).await
        }
    }
}

/// Has a code sent, to this address or to the one before.
async fn again(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorEmailStage,
    user: &User,
    address: Option<String>,
) -> Result<Answered, Failure> {
    let Some(address) = address else {
        return Ok(Answered::Invalid(ResponseErrors::one("email", "required", "This field is required.")));
    };
    if !is_email(&address) {
        return Ok(Answered::Invalid(ResponseErrors::one("email", "invalid", "Enter a valid email address.")));
    }
    Ok(match send(run, id, stage, user, &address).await? {
        Posted::Sent => Answered::Retry(ResponseErrors::general(Email::SENT_AGAIN, "Email sent.")),
        Posted::TooMany { minutes } => Answered::Retry(ResponseErrors::general("email-limit", too_many(minutes))),
        Posted::Unable(why) => Answered::End(End::Denied(why)),
    })
}

async fn check(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorEmailStage,
    (user, waiting): (i64, Waiting),
    code: &str,
) -> Result<Answered, Failure> {
    let address = match compare(run, id, user, waiting, code).await? {
        Ok(address) => address,
        Err(answered) => return Ok(answered),
    };
    let name = if stage.friendly_name.is_empty() { "Email" } else { &stage.friendly_name };
    let new = NewFactor::Mail { address, stage: id };
    if let Some(factor) = run.env.factors.enrol(user, name, new).await? {
        run.record(Event::FactorEnrolled { user, factor }).await;
    }
    Ok(Answered::Accepted)
}

async fn send(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorEmailStage,
    user: &User,
    address: &str,
) -> Result<Posted, Failure> {
    run.context().mailed.insert(id);
    let wanted = SetupCode { stage: id, settings: stage, user, address };
    let (posted, code) = run.env.mail.send_setup_code(wanted, run.env.request).await?;
    if posted == Posted::Sent {
        let until = run.env.request.now + stage.token_expiry.delta().min(LONGEST);
        keep(run, id, user.pk, &Waiting::new(address, code, until))?;
    }
    Ok(posted)
}
