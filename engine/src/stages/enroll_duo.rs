//! Sets up a phone that Duo asks: its app takes a code, and Duo says when it has. A phone that Duo knows already by the
//! name of the account is asked instead: that it says yes shows whose it is.

use super::{enroll_totp::SIGN_IN, push};
use crate::{
    challenge::{AuthenticatorDuo, Body, ResponseErrors},
    ports::{DuoEnrolment, DuoProgress, Event, NewFactor},
    run::{Answered, End, Entered, Failure, Run},
};
use lockgate_model::kinds::AuthenticatorDuoStage;
use uuid::Uuid;

const NOT_YET: &str = "Duo hasn’t heard from your phone yet. Activate it there first.";
const ENDED: &str = "That code has ended. Here is a new one.";

pub(super) async fn enter(run: &mut Run<'_>, id: Uuid, stage: &AuthenticatorDuoStage) -> Result<Entered, Failure> {
    run.adopt_session();
    let Some(user) = run.trusted_subject().await?.map(|subject| subject.user) else {
        return Ok(Entered::End(End::Denied(SIGN_IN.to_owned())));
    };
    let enrolment = match begun(run, id, user.pk)? {
        Some(enrolment) => enrolment,
        None => match run.env.duo.enrol(stage, &user).await? {
            Ok(enrolment) => {
                keep(run, id, user.pk, &enrolment)?;
                enrolment
            }
            Err(why) => return Ok(Entered::End(End::Denied(why))),
        },
    };
    Ok(Entered::Show(Body::AuthenticatorDuo(AuthenticatorDuo {
        who: run.who(),
        activation_barcode: enrolment.activation_barcode,
        activation_code: enrolment.activation_code,
        stage_uuid: id,
    })))
}

pub(super) async fn answer(run: &mut Run<'_>, id: Uuid, stage: &AuthenticatorDuoStage) -> Result<Answered, Failure> {
    let Some(user) = run.trusted_or_session() else { return Ok(Answered::End(End::Denied(SIGN_IN.to_owned()))) };
    let Some(mut enrolment) = begun(run, id, user)? else { return Ok(Answered::Retry(ResponseErrors::default())) };
    let complaint = |code: &str, text: &str| Answered::Retry(ResponseErrors::general(code, text));
    let said = run.env.duo.progress((id, stage), user, &mut enrolment).await?;
    if enrolment.is_known() {
        keep(run, id, user, &enrolment)?;
    }
    match said {
        Err(why) => return Ok(complaint("duo-unable", &why)),
        Ok(DuoProgress::Waiting) => {
            return Ok(complaint("duo-waiting", if enrolment.is_known() { push::WAITING } else { NOT_YET }));
        }
        Ok(DuoProgress::Denied) => return Ok(complaint("duo-denied", push::DENIED)),
        Ok(DuoProgress::TimedOut) => return Ok(complaint("duo-timeout", push::ENDED)),
        Ok(DuoProgress::TooMany { minutes }) => return Ok(complaint("duo-limit", &push::too_often(minutes))),
        Ok(DuoProgress::Invalid) => {
            run.context().setting_up.remove(&id);
            return Ok(complaint("duo-invalid", ENDED));
        }
        Ok(DuoProgress::Success) => {}
    }
    let name = if stage.friendly_name.is_empty() { "Duo" } else { &stage.friendly_name };
    let new = NewFactor::Duo { user_id: enrolment.user_id, stage: id };
    run.context().setting_up.remove(&id);
    if let Some(factor) = run.env.factors.enrol(user, name, new).await? {
        run.record(Event::FactorEnrolled { user, factor }).await;
    }
    Ok(Answered::Accepted)
}

fn keep(run: &mut Run<'_>, id: Uuid, user: i64, enrolment: &DuoEnrolment) -> Result<(), Failure> {
    let text = serde_json::to_string(enrolment).map_err(|error| Failure(error.to_string()))?;
    let sealed = run.env.factors.seal(user, &text)?;
    run.context().setting_up.insert(id, sealed);
    Ok(())
}

fn begun(run: &Run<'_>, id: Uuid, user: i64) -> Result<Option<DuoEnrolment>, Failure> {
    let Some(sealed) = run.plan.context.setting_up.get(&id) else { return Ok(None) };
    let text = run.env.factors.open(user, sealed)?;
    serde_json::from_str(&text).map(Some).map_err(|error| Failure(error.to_string()))
}
