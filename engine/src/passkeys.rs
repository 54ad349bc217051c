//! The port to passkeys and security keys (WebAuthn, level 3): what a browser is to do, and what its answer proves.

use crate::ports::{Factor, PortError};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_model::{
    User,
    kinds::{AuthenticatorWebAuthnStage, UserVerification, WebAuthnHint},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// How long a browser may take: as long as its options say, and some more for slow hands.
const LASTS: TimeDelta = TimeDelta::minutes(10);

/// Something that a browser was asked to do with a passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceremony {
    /// What browsers take: `PublicKeyCredentialCreationOptions` or `PublicKeyCredentialRequestOptions` as JSON.
    pub options: Value,
    /// What the answer is checked against, in the words of whoever made it.
    pub state: Value,
    /// When it was asked.
    pub begun: DateTime<Utc>,
}

impl Ceremony {
    /// Whether an answer is still taken.
    #[must_use]
    pub fn lasts(&self, now: DateTime<Utc>) -> bool {
        now - self.begun < LASTS
    }
}

/// What a passkey has to fulfil to be taken.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Whether it has to verify the person.
    pub user_verification: UserVerification,
    /// What a browser should offer first.
    pub hints: &'a [WebAuthnHint],
    /// The only models that count, by AAGUID; empty: any.
    pub only: &'a [Uuid],
}

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// It is somebody's from now on.
    Made(Factor),
    /// It is not; the sentence is for the person.
    Refused(&'static str),
}

/// A passkey that has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Whose it is.
    pub user: i64,
    /// Which.
    pub factor: Factor,
    /// It has verified the person, by a PIN or a finger: it is two factors in one.
    pub verified: bool,
}

/// Passkeys.
#[async_trait]
pub trait Passkeys: Send + Sync {
    /// Whether browsers know passkeys at the address that they are at: at host names, and not at addresses of networks.
    fn are_known_here(&self) -> bool;

    /// What a browser needs to make a passkey for this user at an issuer.
    async fn begin_registration(
        &self,
        user: &User,
        stage: &AuthenticatorWebAuthnStage,
        issuer: &str,
    ) -> Result<Ceremony, PortError>;

    /// Stores the passkey that a browser made.
    async fn register(
        &self,
        user: i64,
        stage: &AuthenticatorWebAuthnStage,
        ceremony: &Ceremony,
        answer: &Value,
    ) -> Result<Registered, PortError>;

    /// What a browser needs to show a passkey of this user; `None`: any that it remembers.
    async fn begin_authentication(&self, user: Option<i64>, terms: Terms<'_>) -> Result<Ceremony, PortError>;

    /// Whose passkey has answered; `None` where the answer proves nothing. Without a user, only a passkey that has
    /// verified the person counts, since nothing else speaks for them.
    async fn authenticate(
        &self,
        user: Option<i64>,
        terms: Terms<'_>,
        ceremony: &Ceremony,
        answer: &Value,
    ) -> Result<Option<Shown>, PortError>;
}
