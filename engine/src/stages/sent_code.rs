//! Codes of second factors that are sent: by mail, or by SMS.

use super::{
    email::{self, METHOD},
    enroll_sms,
};
use crate::{
    challenge::ResponseErrors,
    mail::Posted,
    ports::Factor,
    run::{End, Failure, Run},
};
use chrono::TimeDelta;
use lockgate_model::kinds::DeviceClass;
use serde_json::{Value, json};

/// Has a code sent where the factor that is asked for gets its codes so, once for each time that it is chosen. Where
/// there were too many, the page says so, and until when none is sent; what was sent before is still good then.
pub(super) async fn ask(run: &mut Run<'_>, usable: &[Factor]) -> Result<Option<End>, Failure> {
    let sent = |factor: &&Factor| matches!(factor.class, DeviceClass::Email | DeviceClass::Sms);
    let Some(factor) = usable.first().filter(sent) else { return Ok(None) };
    let Some(user) = run.plan.context.pending.as_ref().and_then(|pending| pending.pk) else { return Ok(None) };
    let now = run.env.request.now;
    let paused = run.plan.context.uncoded.get(&factor.pk).copied();
    if let Some(until) = paused.filter(|until| now < *until) {
        run.remarks = too_many(factor.class, until - now);
        return Ok(None);
    }
    if !run.context().coded.insert(factor.pk) && paused.is_none() {
        return Ok(None);
    }
    run.context().uncoded.remove(&factor.pk);
    let posted = match factor.class {
        DeviceClass::Sms => run.env.sms.send_code(user, factor, run.env.request).await?,
        _ => run.env.mail.send_code(user, factor, run.env.request).await?,
    };
    Ok(match posted {
        Posted::Sent => None,
        Posted::TooMany { minutes } => {
            let pause = TimeDelta::minutes(minutes);
            run.context().uncoded.insert(factor.pk, now + pause);
            run.remarks = too_many(factor.class, pause);
            None
        }
        Posted::Unable(why) => (usable.len() == 1).then_some(End::Denied(why)),
    })
}

fn too_many(class: DeviceClass, pause: TimeDelta) -> ResponseErrors {
    let minutes = (pause.num_seconds() + 59) / 60;
    match class {
        DeviceClass::Sms => ResponseErrors::general("sms-limit", enroll_sms::too_many(minutes)),
        _ => ResponseErrors::general("email-limit", email::too_many(minutes)),
    }
}

/// Whether a factor shows what was shown before: that somebody reads their mail.
pub(super) fn repeats(method: Option<&str>, device: &Value) -> bool {
    method == Some(METHOD) && device["class"] == json!(DeviceClass::Email)
}
