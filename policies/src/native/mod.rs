//! The kinds of policies that are rules of our own, one file a kind: pure functions of facts. What has
//! to be fetched for one is [`Wants`] before and [`crate::evidence::Evidence`] after.

mod event_matcher;
mod geoip;
mod password;
mod password_expiry;
mod reputation;
mod unique_password;

pub use password::strength;

use crate::{
    check::Unknown,
    evidence::Wants,
    expression::{Env, Outcome},
    fact::{Fact, Facts, Reads},
};
use lockgate_model::{
    kind::AnyKind,
    kinds::{
        DummyPolicy, EventMatcherPolicy, GeoIPPolicy, PasswordExpiryPolicy, PasswordPolicy, ReputationPolicy,
        UniquePasswordPolicy,
    },
};

/// A rule of our own.
#[derive(Debug, Clone)]
pub enum Native {
    /// Passes or fails, as it says; it waits for nothing.
    Dummy(DummyPolicy),
    /// Compares the event of the context.
    EventMatcher(EventMatcherPolicy),
    /// Compares where the client is.
    GeoIP(GeoIPPolicy),
    /// Judges a new password.
    Password(PasswordPolicy),
    /// Judges the age of the present password.
    PasswordExpiry(PasswordExpiryPolicy),
    /// Compares the score of address and name.
    Reputation(ReputationPolicy),
    /// Compares a new password with earlier ones.
    UniquePassword(UniquePasswordPolicy),
}

impl Native {
    /// The rule of a configuration object, if it is one.
    #[must_use]
    pub fn of(object: &dyn AnyKind) -> Option<Self> {
        let any = object.as_any();
        let dummy = any.downcast_ref().cloned().map(Self::Dummy);
        dummy
            .or_else(|| any.downcast_ref().cloned().map(Self::EventMatcher))
            .or_else(|| any.downcast_ref().cloned().map(Self::GeoIP))
            .or_else(|| any.downcast_ref().cloned().map(Self::Password))
            .or_else(|| any.downcast_ref().cloned().map(Self::PasswordExpiry))
            .or_else(|| any.downcast_ref().cloned().map(Self::Reputation))
            .or_else(|| any.downcast_ref().cloned().map(Self::UniquePassword))
    }

    /// The facts that it reads.
    pub(crate) fn reads(&self) -> Reads {
        let typed = [Fact::PromptData, Fact::Context];
        match self {
            Self::Dummy(_) => Reads::default(),
            Self::EventMatcher(_) => Reads::from_iter([Fact::Context]),
            Self::GeoIP(policy) => geoip::reads(policy),
            Self::Password(_) => Reads::from_iter(typed.into_iter().chain([Fact::User, Fact::Passwords])),
            // To the minute: who asks a moment later than the password has expired is let in no longer.
            Self::PasswordExpiry(_) => Reads::from_iter([Fact::User, Fact::Minute]),
            Self::Reputation(_) => Reads::from_iter([Fact::User, Fact::Ip, Fact::Pending, Fact::Reputation]),
            Self::UniquePassword(_) => Reads::from_iter(typed.into_iter().chain([Fact::User, Fact::Passwords])),
        }
    }

    /// Adds what has to be fetched before it can be asked.
    pub(crate) fn want(&self, facts: &Facts<'_>, wants: &mut Wants) {
        match self {
            Self::Dummy(_) | Self::EventMatcher(_) | Self::PasswordExpiry(_) => {}
            Self::GeoIP(policy) => geoip::want(policy, wants),
            Self::Password(policy) => password::want(policy, facts, wants),
            Self::Reputation(_) => wants.reputation = true,
            Self::UniquePassword(policy) => {
                let history = u32::try_from(policy.num_historical_passwords).unwrap_or_default();
                wants.password(facts, &policy.password_field, false, history);
            }
        }
    }

    /// Asks it.
    pub(crate) fn run(&self, env: &Env<'_>) -> Result<Outcome, Unknown> {
        match self {
            Self::Dummy(policy) => Ok(Outcome::says(policy.result, "dummy")),
            Self::EventMatcher(policy) => Ok(event_matcher::run(policy, env)),
            Self::GeoIP(policy) => geoip::run(policy, env),
            Self::Password(policy) => password::run(policy, env),
            Self::PasswordExpiry(policy) => password_expiry::run(policy, env),
            Self::Reputation(policy) => reputation::run(policy, env),
            Self::UniquePassword(policy) => unique_password::run(policy, env),
        }
    }
}

/// What a policy says that judges a password where there is none.
fn no_password() -> Outcome {
    Outcome::says(false, "Password not set in context")
}
