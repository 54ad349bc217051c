//! Asking a phone by Duo. One answer of a person begins the question and waits for some seconds; further ones wait on.
//! So no request stays open for as long as somebody looks for a phone.

use crate::{
    Response,
    challenge::{AuthenticatorValidation, ResponseErrors},
    ports::{Factor, Push, PushAnswer, Pushed},
    run::{Answered, Failure, Run},
};
use serde_json::Value;

pub(super) const WAITING: &str = "Approve the request on your phone, then continue.";
pub(super) const DENIED: &str = "The request was denied on the phone.";
pub(super) const ENDED: &str = "Nobody answered on the phone in time. Try again, or use another way.";

/// What the phone says.
pub(super) enum Said {
    Yes,
    No(Answered),
    NotYet(Answered),
}

/// The factor whose phone is to be asked.
pub(super) fn asked(response: &Response) -> Option<i64> {
    match response.fields.get("duo")? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

pub(super) async fn ask(run: &mut Run<'_>, factor: &Factor, response: &Response) -> Result<Said, Failure> {
    let (user, now) = (run.user().unwrap_or_default(), run.env.request.now);
    let asking = run.plan.context.pushes.get(&factor.pk).cloned();
    let push = match asking {
        Some(push) => push,
        None => match run.env.duo.push(user, factor, run.env.request).await? {
            Pushed::Asked(id) => {
                let push = Push { id, until: now + Push::LIFE };
                run.context().pushes.insert(factor.pk, push.clone());
                // Pages say first what is to be done, and wait afterwards.
                if response.flag("duo_wait") == Some(false) {
                    return Ok(Said::NotYet(retry(AuthenticatorValidation::ASKED, WAITING)));
                }
                push
            }
            Pushed::TooMany { minutes } => {
                return Ok(Said::NotYet(retry("limit", &too_often(minutes))));
            }
            Pushed::Unable(why) => return Ok(Said::NotYet(retry("unable", &why))),
        },
    };
    let answer = run.env.duo.answer(factor, &push.id).await?;
    if answer == PushAnswer::Waiting && now < push.until {
        return Ok(Said::NotYet(retry(AuthenticatorValidation::ASKED, WAITING)));
    }
    run.context().pushes.remove(&factor.pk);
    Ok(match answer {
        PushAnswer::Allowed => Said::Yes,
        PushAnswer::Denied => Said::No(complaint("denied", DENIED)),
        PushAnswer::TimedOut | PushAnswer::Waiting => Said::No(complaint("timeout", ENDED)),
    })
}

pub(super) fn too_often(minutes: i64) -> String {
    match minutes {
        1 => "The phone was asked too often. Please try again after 1 minute.".to_owned(),
        _ => format!("The phone was asked too often. Please try again after {minutes} minutes."),
    }
}

pub(super) fn complaint(code: &str, text: &str) -> Answered {
    Answered::Invalid(ResponseErrors::one("duo", code, text))
}

fn retry(code: &str, text: &str) -> Answered {
    Answered::Retry(ResponseErrors::one("duo", code, text))
}
