//! Sets up a phone number that codes are sent to: a code goes there, and comes back.

use super::{
    enroll_totp::{SIGN_IN, without_spaces},
    proving::{Waiting, compare, keep, waiting},
};
use crate::{
    Response,
    challenge::{AuthenticatorSms, Body, ResponseErrors},
    mail::Posted,
    ports::{Event, NewFactor, SmsCode},
    run::{Answered, End, Entered, Failure, Run},
};
use chrono::TimeDelta;
use lockgate_model::{User, kinds::AuthenticatorSMSStage};
use uuid::Uuid;

/// How long a code works.
const LIFE: TimeDelta = TimeDelta::minutes(10);

const MAX_NUMBER: usize = 40;
const MAX_CODE: usize = 16;

const NO_NUMBER: &str = "Enter a phone number with the code of its country, such as +49 151 23456789.";
const TAKEN: &str = "This phone number can’t be set up: it is in use already.";

/// Where an account may name its number, in prompts and attributes.
const KNOWN_AS: [&str; 2] = ["phone", "phone_number"];

pub(super) async fn enter(run: &mut Run<'_>, id: Uuid) -> Result<Entered, Failure> {
    run.adopt_session();
    let Some(user) = run.trusted_subject().await?.map(|subject| subject.user) else {
        return Ok(Entered::End(End::Denied(SIGN_IN.to_owned())));
    };
    // The number that is known is the one that is meant, until another one is given.
    if let Some(number) = known(run, &user)
        && run.context().mailed.insert(id)
    {
        match send(run, id, &user, &number).await? {
            Posted::Sent => {}
            Posted::TooMany { minutes } => return Ok(Entered::End(End::Denied(too_many(minutes)))),
            Posted::Unable(why) => return Ok(Entered::End(End::Denied(why))),
        }
    }
    let phone_number = waiting(run, id, user.pk)?.map(|waiting| waiting.to);
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
            Some(waiting) => again(run, id, &user, &waiting.to).await,
            None => Ok(complaint("required", "This field is required.")),
        },
        _ => match normal(&number) {
            Some(number) => again(run, id, &user, &number).await,
            None => Ok(complaint("invalid", NO_NUMBER)),
        },
    }
}

/// Has a code sent.
async fn again(run: &mut Run<'_>, id: Uuid, user: &User, number: &str) -> Result<Answered, Failure> {
    Ok(match send(run, id, user, number).await? {
        Posted::Sent => Answered::Retry(ResponseErrors::general(AuthenticatorSms::SENT, "Message sent.")),
        Posted::TooMany { minutes } => Answered::Retry(ResponseErrors::general("sms-limit", too_many(minutes))),
        Posted::Unable(why) => Answered::End(End::Denied(why)),
    })
}

async fn check(
    run: &mut Run<'_>,
    id: Uuid,
    stage: &AuthenticatorSMSStage,
    (user, waiting): (i64, Waiting),
    code: &str,
) -> Result<Answered, Failure> {
    let number = match compare(run, id, user, waiting, code).await? {
        Ok(number) => number,
        Err(answered) => return Ok(answered),
    };
    let name = if stage.friendly_name.is_empty() { "SMS" } else { &stage.friendly_name };
    let new = NewFactor::Phone { number, stage: id, hashed: stage.verify_only };
    // Said only to whoever has shown that the number is theirs.
    let Some(factor) = run.env.factors.enrol(user, name, new).await? else { return Ok(complaint("taken", TAKEN)) };
    run.record(Event::FactorEnrolled { user, factor }).await;
    Ok(Answered::Accepted)
}

async fn send(run: &mut Run<'_>, id: Uuid, user: &User, number: &str) -> Result<Posted, Failure> {
    let wanted = SmsCode { stage: id, user: user.pk, number };
    let (posted, code) = run.env.sms.send_setup_code(wanted, run.env.request).await?;
    if posted == Posted::Sent {
        let until = run.env.request.now + LIFE;
        keep(run, id, user.pk, &Waiting::new(number, code, until))?;
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

pub(super) fn too_many(minutes: i64) -> String {
    match minutes {
        1 => "Too many messages were asked for. Please try again after 1 minute.".to_owned(),
        _ => format!("Too many messages were asked for. Please try again after {minutes} minutes."),
    }
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
