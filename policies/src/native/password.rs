//! Whether a new password is good enough: what it is made of, whether it was leaked, how easily it is
//! guessed. The first that fails decides.

use super::no_password;
use crate::{
    check::Unknown,
    evidence::{Wants, typed},
    expression::{Env, Outcome},
    fact::Facts,
};
use lockgate_model::kinds::PasswordPolicy;
use serde_json::Value;

/// Characters that are looked at when guessing; the time that it takes grows faster than the length.
const GUESSED: usize = 100;

/// How often the password was leaked, could not be found out.
const NOT_LOOKED_UP: Unknown = Unknown {
    why: "whether the password was leaked could not be found out",
    told: Some("The password could not be checked. Please try again later."),
};

pub(super) fn want(policy: &PasswordPolicy, facts: &Facts<'_>, wants: &mut Wants) {
    let made_well = || typed(facts, &policy.password_field).is_some_and(|password| flaw(policy, password).is_none());
    if policy.check_have_i_been_pwned && made_well() {
        wants.password(facts, &policy.password_field, true, 0);
    }
}

pub(super) fn run(policy: &PasswordPolicy, env: &Env<'_>) -> Result<Outcome, Unknown> {
    let Some(password) = typed(env.facts, &policy.password_field) else { return Ok(no_password()) };
    if let Some(message) = flaw(policy, password) {
        return Ok(Outcome::says(false, message));
    }
    if policy.check_have_i_been_pwned {
        let known = env.facts.evidence.passwords.get(&policy.password_field);
        let leaked = known.and_then(|known| known.leaked).ok_or(NOT_LOOKED_UP)?;
        if leaked > u64::try_from(policy.hibp_allowed_count).unwrap_or_default() {
            return Ok(Outcome::says(
                false,
                match leaked {
                    // Listed, and nobody says how often.
                    u64::MAX => "Password exists on online lists.".to_owned(),
                    leaked => format!("Password exists on {leaked} online lists."),
                },
            ));
        }
    }
    Ok(if policy.check_zxcvbn { guess(policy, password, env) } else { Outcome::plain(true) })
}

/// What is told of a rule that asks for so many.
type Told = fn(usize) -> String;

/// What is wrong with the way the password is made.
fn flaw(policy: &PasswordPolicy, password: &str) -> Option<String> {
    if !policy.check_static_rules {
        return None;
    }
    let count = |is: &dyn Fn(char) -> bool| password.chars().filter(|c| is(*c)).count();
    let rules: [(i32, usize, &str, Told); 5] = [
        (policy.length_min, count(&|_| true), "A password needs a character.", |least| {
            format!("A password needs at least {least} characters.")
        }),
        (policy.amount_digits, count(&|c| c.is_ascii_digit()), "A password needs a digit.", |least| {
            format!("A password needs at least {least} digits.")
        }),
        (policy.amount_uppercase, count(&|c| c.is_ascii_uppercase()), "A password needs a capital letter.", |least| {
            format!("A password needs at least {least} capital letters.")
        }),
        (policy.amount_lowercase, count(&|c| c.is_ascii_lowercase()), "A password needs a small letter.", |least| {
            format!("A password needs at least {least} small letters.")
        }),
        (policy.amount_symbols, count(&|c| policy.symbol_charset.contains(c)), "A password needs a symbol.", |least| {
            format!("A password needs at least {least} symbols.")
        }),
    ];
    let asked: Vec<(usize, usize, &str, Told)> = rules
        .into_iter()
        .map(|(least, found, one, many)| (usize::try_from(least).unwrap_or_default(), found, one, many))
        .filter(|(least, ..)| *least > 0)
        .collect();
    if asked.iter().all(|(least, found, ..)| found >= least) {
        return None;
    }
    if !policy.error_message.is_empty() {
        return Some(policy.error_message.clone());
    }
    // A line each, which is what translations are looked up by.
    let told = asked.iter().map(|(least, _, one, many)| if *least == 1 { (*one).to_owned() } else { many(*least) });
    Some(told.collect::<Vec<_>>().join("\n"))
}

/// How hard the password in a field is to guess, from 0 to 4, for somebody who knows whose it is.
#[must_use]
pub fn strength(env: &Env<'_>, field: &str) -> u8 {
    typed(env.facts, field).map_or(0, |password| u8::from(estimate(password, env).score()))
}

fn estimate(password: &str, env: &Env<'_>) -> zxcvbn::Entropy {
    let beginning: String = password.chars().take(GUESSED).collect();
    let own = own_words(env);
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    zxcvbn::zxcvbn(&beginning, &own)
}

fn guess(policy: &PasswordPolicy, password: &str, env: &Env<'_>) -> Outcome {
    let estimate = estimate(password, env);
    if i32::from(u8::from(estimate.score())) > policy.zxcvbn_score_threshold {
        return Outcome::plain(true);
    }
    let mut outcome = Outcome::says(false, "Password is too weak.");
    if let Some(feedback) = estimate.feedback() {
        outcome.messages.extend(feedback.warning().map(|warning| warning.to_string()));
        outcome.messages.extend(feedback.suggestions().iter().map(ToString::to_string));
    }
    outcome
}

/// What others would try first: the person's names and addresses.
fn own_words(env: &Env<'_>) -> Vec<String> {
    let user = env.user.map(|who| [&who.user.username, &who.user.name, &who.user.email]);
    let typed = ["username", "name", "email"].map(|key| env.facts.prompt_data.get(key).and_then(Value::as_str));
    let known = user.into_iter().flatten().map(String::as_str);
    known.chain(typed.into_iter().flatten()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
