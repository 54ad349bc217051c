//! How old a password may grow.

use crate::{
    check::Unknown,
    expression::{Env, Outcome},
};
use chrono::TimeDelta;
use lockgate_model::kinds::PasswordExpiryPolicy;

pub(super) fn run(policy: &PasswordExpiryPolicy, env: &Env<'_>) -> Result<Outcome, Unknown> {
    let user = env.user.ok_or("whose password it is about, is not known")?;
    let over = env.facts.now - user.user.password_change_date - TimeDelta::days(policy.days.into());
    if over < TimeDelta::zero() {
        return Ok(Outcome::plain(true));
    }
    if policy.deny_only {
        return Ok(Outcome::says(false, "Password has expired."));
    }
    let message = format!("Password expired {} days ago. Please update your password.", over.num_days());
    Ok(Outcome { retires_password: true, ..Outcome::says(false, message) })
}
