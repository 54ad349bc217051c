//! Codes of second factors that are sent: by mail, or by SMS.

use super::email::METHOD;
use crate::{
    mail::Posted,
    ports::Factor,
    run::{End, Failure, Run},
};
use lockgate_model::kinds::DeviceClass;
use serde_json::{Value, json};

/// Has a code sent where the factor that is asked for gets its codes so, once for each time that it is chosen.
pub(super) async fn ask(run: &mut Run<'_>, usable: &[Factor]) -> Result<Option<End>, Failure> {
    let sent = |factor: &&Factor| matches!(factor.class, DeviceClass::Email | DeviceClass::Sms);
    let Some(factor) = usable.first().filter(sent) else { return Ok(None) };
    let Some(user) = run.plan.context.pending.as_ref().and_then(|pending| pending.pk) else { return Ok(None) };
    if !run.context().coded.insert(factor.pk) {
        return Ok(None);
    }
    let posted = match factor.class {
        DeviceClass::Sms => run.env.sms.send_code(user, factor, run.env.request).await?,
        _ => run.env.mail.send_code(user, factor, run.env.request).await?,
    };
    Ok(match posted {
        // What was sent before is still good where there were too many.
        Posted::Sent | Posted::TooMany { .. } => None,
        Posted::Unable(why) => (usable.len() == 1).then_some(End::Denied(why)),
    })
}

/// Whether a factor shows what was shown before: that somebody reads their mail.
pub(super) fn repeats(method: Option<&str>, device: &Value) -> bool {
    method == Some(METHOD) && device["class"] == json!(DeviceClass::Email)
}
