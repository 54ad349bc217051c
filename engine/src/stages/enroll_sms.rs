//! Sets up a phone number that codes are sent to: a code goes there, and comes back.

use super::enroll_totp::{SIGN_IN, without_spaces};
use crate::{
    Response,
    challenge::{AuthenticatorSms, Body, ResponseErrors},
    mail::Posted,
    ports::{Event, NewFactor, SmsCode},
    run::{Answered, End, Entered, Failure, Run},
};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_model::{User, kinds::AuthenticatorSMSStage};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// How long a code works.
const LIFE: TimeDelta = TimeDelta::minutes(10);

/// Wrong codes after which a new one is needed.
const MOST_WRONG: u32 = 5;

const MAX_NUMBER: usize = 40;
const MAX_CODE: usize = 16;

const NO_NUMBER: &str = "Enter a phone number with the code of its country, such as +49 151 23456789.";
const TAKEN: &str = "This phone number can’t be set up: it is in use already.";

/// Where an account may name its number, in prompts and attributes.
const KNOWN_AS: [&str; 2] = ["phone", "phone_number"];

/// A code that is on its way; sealed in the plan.
#[derive(Serialize, Deserialize)]
struct Waiting {
    number: String,
    code: String,
    until: DateTime<Utc>,
    wrong: u32,
}

impl Waiting {
    fn is(&self, code: &str, now: DateTime<Utc>) -> bool {
        let same: bool = self.code.as_bytes().ct_eq(code.as_bytes()).into();
        same && now < self.until
    }
}

pub(super) async fn enter(run: &mut Run<'_>, id: Uuid, stage: &AuthenticatorSMSStage) -> Result<Entered, Failure> {
    run.adopt_session();
    let Some(user) = run.trusted_subject().await?.map(|subject| subject.user) else {
        return Ok(Entered::End(End::Denied(SIGN_IN.to_owned())));
    };
    // The number that is known is the one that is meant, until another one is given.
    if let Some(number) = known(run, &user)
        && run.context().mailed.insert(id)
    {
        match send(run, id, stage, &user, &number).await? {
            Posted::Sent => {}
            Posted::TooMany { minutes } => return Ok(Entered::End(End::Denied(too_many(minutes)))),
            Posted::Unable(why) => return Ok(Entered::End(End::Denied(why))),
        }
    }
    let phone_number = waiting(run, id, user.pk)?.map(|waiting| waiting.number);
    let phone_number_required = phone_number.is_none();
    let body = AuthenticatorSms { who: run.who(), phone_number_required, phone_number };
    Ok(Entered::Show(Body::AuthenticatorSms(body)))
}

pub(super) async fn answer(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorSMSStage,
    response: &Response,
) -> Result<Answered, Failure> {
    let mut errors = ResponseErrors::default();
    let number = response.text("phone_number", MAX_NUMBER, false, &mut errors).unwrap_or_default();
    let code = without_spaces(&response.text("code", MAX_CODE, false, &mut errors).unwrap_or_default());
    if !errors.is_empty() {
        return Ok(Answered::Invalid(errors));
    }
    let Some(user) = run.trusted_subject().await?.map(|subject| subject.user) else {
        return Ok(Answered::End(End::Denied(SIGN_IN.to_owned())));
    };
    match waiting(run, id, user.pk)? {
        Some(waiting) if !code.is_empty() => check(run, id, stage, (user.pk, waiting), &code).await,
        waiting if number.is_empty() => match waiting {
            Some(waiting) => again(run, id, stage, &user, &waiting.number).await,
            None => Ok(complaint("required", "This field is required.")),
        },
        _ => match normal(&number) {
            Some(number) => again(run, id, stage, &user, &number).await,
            None => Ok(complaint("invalid", NO_NUMBER)),
        },
    }
}

/// Has a code sent.
async fn again(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorSMSStage,
    user: &User,
    number: &str,
) -> Result<Answered, Failure> {
    Ok(match send(run, id, stage, user, number).await? {
        Posted::Sent => Answered::Retry(ResponseErrors::general(AuthenticatorSms::SENT, "Message sent.")),
        Posted::TooMany { minutes } => Answered::Retry(ResponseErrors::general("sms-limit", too_many(minutes))),
        Posted::Unable(why) => Answered::End(End::Denied(why)),
    })
}

async fn check(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorSMSStage,
    (user, mut waiting): (i64, Waiting),
    code: &str,
) -> Result<Answered, Failure> {
    if !waiting.is(code, run.env.request.now) {
        waiting.wrong += 1;
        if waiting.wrong >= MOST_WRONG {
            run.context().setting_up.remove(&id);
        } else {
            keep(run, id, user, &waiting)?;
        }
        return Ok(Answered::Invalid(ResponseErrors::one("code", "invalid", "Code does not match")));
    }
    let name = if stage.friendly_name.is_empty() { "SMS" } else { &stage.friendly_name };
    let new = NewFactor::Phone { number: waiting.number, stage: id, hashed: stage.verify_only };
    run.context().setting_up.remove(&id);
    // Said only to whoever has shown that the number is theirs.
    let Some(factor) = run.env.factors.enrol(user, name, new).await? else { return Ok(complaint("taken", TAKEN)) };
    run.record(Event::FactorEnrolled { user, factor }).await;
    Ok(Answered::Accepted)
}

async fn send(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorSMSStage,
    user: &User,
    number: &str,
) -> Result<Posted, Failure> {
    let wanted = SmsCode { stage: id, settings: stage, user, number };
    let (posted, code) = run.env.sms.send_setup_code(wanted, run.env.request).await?;
    if posted == Posted::Sent {
        let until = run.env.request.now + LIFE;
        keep(run, id, user.pk, &Waiting { number: number.to_owned(), code, until, wrong: 0 })?;
    }
    Ok(posted)
}

/// The number that was typed into a prompt of this flow, or that the account has.
fn known(run: &Run<'_>, user: &User) -> Option<String> {
    let named = |of: &crate::challenge::Data| KNOWN_AS.iter().find_map(|name| normal(of.get(*name)?.as_str()?));
    named(&run.plan.context.prompt_data).or_else(|| named(&user.attributes))
}

/// A number in the form of E.164, without what people write into one.
fn normal(typed: &str) -> Option<String> {
    let parts = |c: &char| !c.is_whitespace() && !matches!(c, '-' | '.' | '(' | ')' | '/');
    let number: String = typed.chars().filter(parts).collect();
    let number = match number.strip_prefix("00") {
        Some(rest) => format!("+{rest}"),
        None => number,
    };
    let figures = number.strip_prefix('+')?;
    let fits = (7..=15).contains(&figures.len()) && !figures.starts_with('0');
    (fits && figures.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

fn complaint(code: &str, text: &str) -> Answered {
    Answered::Invalid(ResponseErrors::one("phone_number", code, text))
}

fn too_many(minutes: i64) -> String {
    match minutes {
        1 => "Too many messages were asked for. Please try again after 1 minute.".to_owned(),
        _ => format!("Too many messages were asked for. Please try again after {minutes} minutes."),
    }
}

fn keep(run: &mut Run<'_>, id: Uuid, user: i64, waiting: &Waiting) -> Result<(), Failure> {
    let text = serde_json::to_string(waiting).map_err(|error| Failure(error.to_string()))?;
    let sealed = run.env.factors.seal(user, &text)?;
    run.context().setting_up.insert(id, sealed);
    Ok(())
}

fn waiting(run: &Run<'_>, id: Uuid, user: i64) -> Result<Option<Waiting>, Failure> {
    let Some(sealed) = run.plan.context.setting_up.get(&id) else { return Ok(None) };
    let text = run.env.factors.open(user, sealed)?;
    serde_json::from_str(&text).map(Some).map_err(|error| Failure(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for typed in ["+49 151 23456789", "0049-151-2345 6789", "+49 (151) 23.45/67 89"] {
            assert_eq!(normal(typed).as_deref(), Some("+4915123456789"), "{typed}");
        }
        for typed in [
            "",
            "+",
            "0151 23456789",
            "+49",
            "+0491512345678",
            "+49151234567890123",
            "+49 151 call me",
            "+4９15123456789",
        ] {
            assert_eq!(normal(typed), None, "{typed}");
        }
    }
}
