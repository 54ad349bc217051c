//! What a family of tokens remembers of how it came to be.

use chrono::{DateTime, TimeDelta, Utc};
use lockgate_policies::Login;
use lockgate_store::{Session, hash_secret};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Claims that a client asked for one by one (OpenID Connect Core, section 5.5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimsRequest {
    /// In the userinfo answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub userinfo: Vec<String>,
    /// In the ID token.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id_token: Vec<String>,
}

impl ClaimsRequest {
    fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }
}

/// What a family of tokens remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GrantFacts {
    /// `iss` of its tokens.
    pub iss: String,
    /// When the person proved who they are, seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How (RFC 8176).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// Whether a second factor was used.
    #[serde(skip_serializing_if = "is_false")]
    pub mfa: bool,
    /// What the client calls the browser session; see [`session_id`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Public identifier of the browser session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Uuid>,
    /// Echo of the request's nonce.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Claims that were asked for one by one.
    #[serde(skip_serializing_if = "ClaimsRequest::is_empty")]
    pub claims: ClaimsRequest,
    /// When its tokens end at the latest, seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// Thumbprint of the key that the tokens are bound to (RFC 9449, section 6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jkt: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // Serde's form.
fn is_false(flag: &bool) -> bool {
    !flag
}

impl GrantFacts {
    /// The facts of somebody's browser session.
    #[must_use]
    pub fn of_session(iss: String, session: &Session) -> Self {
        let login = crate::sessions::login_of(session);
        let amr = if login.methods.is_empty() { vec!["user".to_owned()] } else { login.methods };
        Self {
            iss,
            auth_time: login.at.map(|at| at.timestamp()),
            amr,
            mfa: login.mfa,
            sid: Some(session_id(session.uuid)),
            session: Some(session.uuid),
            ..Self::default()
        }
    }

    /// The facts of a client or a service that acts for itself, at `now`.
    #[must_use]
    pub fn of_service(iss: String, now: DateTime<Utc>) -> Self {
        Self { iss, auth_time: Some(now.timestamp()), amr: vec!["sc".to_owned()], ..Self::default() }
    }

    /// How the person proved who they are, for policies.
    #[must_use]
    pub fn login(&self) -> Login {
        let at = self.auth_time.and_then(|at| DateTime::from_timestamp(at, 0));
        Login { mfa: self.mfa, methods: self.amr.clone(), at }
    }

    /// When a token that is made at `now` ends, for a client whose tokens live that long.
    #[must_use]
    pub fn expires(&self, now: DateTime<Utc>, life: TimeDelta) -> DateTime<Utc> {
        let until = self.until.and_then(|at| DateTime::from_timestamp(at, 0));
        until.map_or(now + life, |until| until.min(now + life))
    }

    /// Reads stored facts; `None` when they are not readable, which voids the token.
    #[must_use]
    pub fn read(data: &Value) -> Option<Self> {
        serde_json::from_value(data.get("facts")?.clone()).ok()
    }
}

/// What clients call a browser session: tells nothing about it, and stays the same at every client, so
/// that a notice of logout can name it.
#[must_use]
pub fn session_id(session: Uuid) -> String {
    hash_secret(&format!("sid:{session}"))
}
