//! Whether a new password is none of the last ones.

use super::no_password;
use crate::{
    check::Unknown,
    evidence::{History, typed},
    expression::{Env, Outcome},
};
use lockgate_model::kinds::UniquePasswordPolicy;

pub(super) fn run(policy: &UniquePasswordPolicy, env: &Env<'_>) -> Result<Outcome, Unknown> {
    if typed(env.facts, &policy.password_field).is_none() {
        return Ok(no_password());
    }
    let counted = u32::try_from(policy.num_historical_passwords).unwrap_or_default();
    if counted == 0 {
        return Ok(Outcome::plain(true));
    }
    let known = env.facts.evidence.passwords.get(&policy.password_field);
    let history = known.and_then(|known| known.history).ok_or(Unknown {
        why: "the password could not be compared with earlier ones",
        told: Some("The password could not be checked. Please try again later."),
    })?;
    Ok(match history {
        History::Used(place) if place < counted => {
            Outcome::says(false, "This password has been used previously. Please choose a different one.")
        }
        _ => Outcome::plain(true),
    })
}
