//! What failed sign-ins say of an address and a name.

use crate::{
    check::Unknown,
    evidence::Scores,
    expression::{Env, Outcome},
};
use lockgate_model::kinds::ReputationPolicy;

pub(super) fn run(policy: &ReputationPolicy, env: &Env<'_>) -> Result<Outcome, Unknown> {
    if policy.check_ip && env.facts.ip.is_none() {
        return Err("the client's address is not known".into());
    }
    let Scores { ip, username, both } = env.facts.evidence.reputation.ok_or("the scores are not known")?;
    let score = match (policy.check_ip, policy.check_username) {
        (true, true) => ip + username - both,
        (true, false) => ip,
        (false, true) => username,
        (false, false) => return Err("it looks at nothing".into()),
    };
    Ok(Outcome::plain(score <= i64::from(policy.threshold)))
}
