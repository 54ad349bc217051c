//! The port to second factors: what somebody has, what proves one, and setting one up.

use crate::ports::{PortError, Random};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_model::kinds::{DeviceClass, Digits};
use uuid::Uuid;

/// What codes on paper are written with: no letter or figure that reads like another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A code for paper, of so many letters and figures.
#[must_use]
pub fn paper_code(random: &dyn Random, length: usize) -> String {
    let mut bytes = vec![0_u8; length];
    random.fill(&mut bytes);
    // 256 is a multiple of 32, so that every letter is as likely.
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

/// A second factor of somebody, proven to work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// Primary key.
    pub pk: i64,
    /// Its sort.
    pub class: DeviceClass,
    /// What its owner calls it.
    pub name: String,
    /// When it was used last.
    pub last_used: Option<DateTime<Utc>>,
}

/// What became of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeOutcome {
    /// It is right, and was used up by this.
    Accepted,
    /// It is wrong, or was used before.
    Rejected,
    /// Too many were wrong; this one was not looked at.
    Paused {
        /// Seconds after which to try again.
        retry_after: u64,
    },
}

/// A second factor to be stored.
#[derive(Clone, PartialEq, Eq)]
pub enum NewFactor {
    /// An app that shows codes.
    App {
        /// Its secret, in base32.
        secret: String,
        /// How long its codes are.
        digits: Digits,
        /// The code that proves that the app has it; used up by this.
        code: String,
    },
    /// Codes on paper, in place of those that there were.
    Codes(Vec<String>),
    /// An address that has shown that it gets codes.
    Mail {
        /// The address.
        address: String,
        /// Primary key of the stage that says how they are sent.
        stage: Uuid,
    },
    /// A phone number that has shown that it gets codes.
    Phone {
        /// The number.
        number: String,
        /// Primary key of the stage that says who sends them. It takes a number once.
        stage: Uuid,
        /// Only a keyed hash of the number is kept.
        hashed: bool,
    },
    /// An account at Duo with a phone.
    Duo {
        /// What Duo calls it.
        user_id: String,
        /// Primary key of the stage that says how Duo is asked.
        stage: Uuid,
    },
}

impl std::fmt::Debug for NewFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::App { .. } => "App(..)",
            Self::Codes(_) => "Codes(..)",
            Self::Mail { .. } => "Mail(..)",
            Self::Phone { .. } => "Phone(..)",
            Self::Duo { .. } => "Duo(..)",
        })
    }
}

/// Second factors.
#[async_trait]
pub trait Factors: Send + Sync {
    /// Those of a user that are proven to work, the one that was used last first.
    async fn usable(&self, user: i64) -> Result<Vec<Factor>, PortError>;

    /// Checks a code of a factor of this user. `throttling` says how fast the pause after wrong ones grows: so many seconds after the first,
    /// and twice as many after each further one; 0: no pauses.
    async fn check(&self, user: i64, factor: &Factor, code: &str, throttling: f64) -> Result<CodeOutcome, PortError>;

    /// Counts a code that is about to be compared while this user sets something up by this stage; after too many, the
    /// seconds until there may be more.
    async fn count_proof(&self, user: i64, stage: Uuid) -> Result<Option<u64>, PortError>;

    /// Stores a factor; `None` when what was to prove it does not, or a number is taken.
    async fn enrol(&self, user: i64, name: &str, new: NewFactor) -> Result<Option<Factor>, PortError>;

    /// A new secret for an app, in base32 (RFC 4226, section 4: of 160 bits).
    fn app_secret(&self) -> String;

    /// The address by which an app takes a secret (`otpauth://totp/…`), for an account at an issuer.
    fn app_address(&self, secret: &str, digits: Digits, account: &str, issuer: &str) -> Result<String, PortError>;

    /// Makes a secret fit to be kept in a plan, for this user alone.
    fn seal(&self, user: i64, secret: &str) -> Result<String, PortError>;

    /// Opens what [`Self::seal`] made for this user.
    fn open(&self, user: i64, sealed: &str) -> Result<String, PortError>;

    /// Whether this browser has shown that the user passed this stage less than `within` ago.
    async fn remembered(&self, user: i64, stage: Uuid, within: TimeDelta) -> Result<bool, PortError>;
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
