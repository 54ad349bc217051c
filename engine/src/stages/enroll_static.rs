//! Gives out codes that each work once. They are shown until the answer, and stored by it, as hashes.

use super::enroll_totp::SIGN_IN;
use crate::{
    challenge::{AuthenticatorStatic, Body},
    factors::paper_code,
    ports::{Event, NewFactor},
    run::{Answered, End, Entered, Failure, Run},
};
use lockgate_model::kinds::AuthenticatorStaticStage;
use uuid::Uuid;

pub(super) async fn enter(run: &mut Run<'_>, id: Uuid, stage: &AuthenticatorStaticStage) -> Result<Entered, Failure> {
    run.adopt_session();
    let Some(user) = run.trusted_or_session() else {
        return Ok(Entered::End(End::Denied(SIGN_IN.to_owned())));
    };
    let codes = match run.plan.context.setting_up.get(&id) {
        Some(sealed) => codes_of(&run.env.factors.open(user, sealed)?),
        None => {
            let codes: Vec<String> = {
                let length = usize::try_from(stage.token_length).unwrap_or_default();
                (0..stage.token_count).map(|_| paper_code(run.env.random, length)).collect()
            };
            let sealed = run.env.factors.seal(user, &codes.join(" "))?;
            run.context().setting_up.insert(id, sealed);
            codes
        }
    };
    Ok(Entered::Show(Body::AuthenticatorStatic(AuthenticatorStatic { who: run.who(), codes })))
}

pub(super) async fn answer(run: &mut Run<'_>, id: Uuid, stage: &AuthenticatorStaticStage) -> Result<Answered, Failure> {
    let (Some(user), Some(sealed)) = (run.trusted_or_session(), run.plan.context.setting_up.get(&id).cloned()) else {
        return Ok(Answered::End(End::Denied(SIGN_IN.to_owned())));
    };
    let codes = codes_of(&run.env.factors.open(user, &sealed)?);
    let name = if stage.friendly_name.is_empty() { "Static Token" } else { &stage.friendly_name };
    let factor = run.env.factors.enrol(user, name, NewFactor::Codes(codes)).await?;
    run.context().setting_up.remove(&id);
    if let Some(factor) = factor {
        run.record(Event::FactorEnrolled { user, factor }).await;
    }
    Ok(Answered::Accepted)
}

fn codes_of(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}
