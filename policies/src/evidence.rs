//! What decisions need to know that somebody has to fetch first: from the database, from a service,
//! by hashing. Deciding itself fetches nothing: it says beforehand what it [`Wants`], and takes what
//! came of it as [`Evidence`]. What is missing makes the policy that asked for it fail.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use crate::fact::Facts;

/// Latitude and longitude, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coordinates {
    /// North of the equator.
    pub latitude: f64,
    /// East of Greenwich.
    pub longitude: f64,
}

/// What is known of an address.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Whereabouts {
    /// Country, in two letters.
    pub country: Option<String>,
    /// Number of its autonomous system.
    pub asn: Option<u32>,
    /// Where it is.
    pub coordinates: Option<Coordinates>,
}

/// A sign-in of the past.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PastLogin {
    /// When.
    pub at: DateTime<Utc>,
    /// Where.
    pub coordinates: Coordinates,
}

/// Sums of the scores that sign-ins have left behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scores {
    /// Of the address.
    pub ip: i64,
    /// Of the user name.
    pub username: i64,
    /// Of the user name at the address: part of both.
    pub both: i64,
}

/// What is known of a password that somebody typed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PasswordFacts {
    /// How often it was leaked; `None`: that is not known.
    pub leaked: Option<u64>,
    /// Whether it was theirs before; `None`: that is not known.
    pub history: Option<History>,
}

/// Whether a password was the person's before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// None of those that are remembered.
    New,
    /// It is their present one (0), or the one before (1), and so on.
    Used(u32),
}

/// What was fetched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// What is known of the client's address; `None`: nobody was able to tell.
    pub place: Option<Whereabouts>,
    /// The last sign-ins, newest first.
    pub logins: Option<Vec<PastLogin>>,
    /// The scores of the client's address and the user's name.
    pub reputation: Option<Scores>,
    /// By the name of the field that the password was typed into.
    pub passwords: BTreeMap<String, PasswordFacts>,
}

/// A password that something has to be found out about. Has no `Debug`, so that it is in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordWant {
    /// The field that it was typed into.
    pub field: String,
    /// The password.
    pub password: String,
    /// Find out how often it was leaked.
    pub leaked: bool,
    /// Compare with so many of the person's passwords, the present one first.
    pub history: u32,
}

/// What has to be fetched.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Wants {
    /// [`Evidence::place`].
    pub place: bool,
    /// [`Evidence::logins`]: so many.
    pub logins: u32,
    /// [`Evidence::reputation`].
    pub reputation: bool,
    /// [`Evidence::passwords`].
    pub passwords: Vec<PasswordWant>,
}

impl Wants {
    /// Whether nothing has to be fetched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.place && self.logins == 0 && !self.reputation && self.passwords.is_empty()
    }

    /// Adds what one policy wants to know of the password in a field.
    pub(crate) fn password(&mut self, facts: &Facts<'_>, field: &str, leaked: bool, history: u32) {
        let Some(password) = typed(facts, field).filter(|_| leaked || history > 0) else { return };
        match self.passwords.iter_mut().find(|want| want.field == field) {
            Some(want) => {
                want.leaked |= leaked;
                want.history = want.history.max(history);
            }
            None => self.passwords.push(PasswordWant {
                field: field.to_owned(),
                password: password.to_owned(),
                leaked,
                history,
            }),
        }
    }
}

/// What was typed into a field of a prompt; else what the context holds under that name.
pub(crate) fn typed<'f>(facts: &Facts<'f>, field: &str) -> Option<&'f str> {
    let in_context = facts.context.get("prompt_data").and_then(Value::as_object);
    let of = |map: &'f Map<String, Value>| map.get(field).and_then(Value::as_str);
    of(facts.prompt_data).or_else(|| of(in_context?)).or_else(|| of(facts.context))
}
