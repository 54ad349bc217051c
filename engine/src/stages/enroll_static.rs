//! Gives out codes that each work once. They are shown until the answer, and stored by it, as hashes.

use super::enroll_totp::SIGN_IN;
use crate::{
    challenge::{AuthenticatorStatic, Body},
    ports::{Event, NewFactor},
    run::{Answered, End, Entered, Failure, Run},
};
use lockgate_model::kinds::AuthenticatorStaticStage;
use uuid::Uuid;

/// What codes are written with: no letter or figure that reads like another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

pub(super) async fn enter(run: &mut Run<'_>, id: Uuid, stage: &AuthenticatorStaticStage) -> Result<Entered, Failure> {
    run.adopt_session();
    let Some(user) = run.trusted_or_session() else {
        return Ok(Entered::End(End::Denied(SIGN_IN.to_owned())));
    };
    let codes = match run.plan.context.setting_up.get(&id) {
        Some(sealed) => codes_of(&run.env.factors.open(user, sealed)?),
        None => {
            let codes: Vec<String> = (0..stage.token_count).map(|_| code(run, stage.token_length)).collect();
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

fn code(run: &Run<'_>, length: i32) -> String {
    let mut bytes = vec![0_u8; usize::try_from(length).unwrap_or_default()];
    run.env.random.fill(&mut bytes);
    // 256 is a multiple of 32, so that every letter is as likely.
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

#[cfg(test)]
mod tests {
    use super::ALPHABET;

    #[test]
    fn no_letter_is_there_twice() {
        let different: std::collections::BTreeSet<_> = ALPHABET.iter().collect();
        assert_eq!(different.len(), 32);
    }
}
