//! Keys that somebody else signs with: what they published, or a secret that we share with them.

use super::{
    Expires, KeyError,
    algorithm::Algorithm,
    compact::{self, Compact},
    public::{PublicKey, Verifier},
};
use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::fmt;

/// How many keys a set may have.
const MAX_KEYS: usize = 64;
/// How long a key id may be.
const MAX_KID: usize = 255;

/// A key set that somebody else published (RFC 7517), or one key of it, to verify assertions, request
/// objects and proofs by.
pub struct ForeignKeys(Vec<ForeignKey>);

struct ForeignKey {
    kid: Option<String>,
    /// What it may verify, each with the key decoded for it.
    verifiers: Vec<(Algorithm, Verifier)>,
}

/// What a token says that was verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// Its header.
    pub header: Value,
    /// Its claims; none of them has been looked at.
    pub claims: Map<String, Value>,
}

impl fmt::Debug for ForeignKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForeignKeys({})", self.0.len())
    }
}

impl ForeignKeys {
    /// Reads a key set, or one key. What cannot be used is passed over (RFC 7517, section 5): keys of other
    /// types, for other purposes, secrets and private keys.
    ///
    /// # Errors
    /// When it is neither a set nor a key, has too many members, or none that can be used.
    pub fn parse(jwks: &Value) -> Result<Self, KeyError> {
        let unusable = |text: &str| KeyError::Set(text.to_owned());
        let members = match jwks.get("keys") {
            Some(keys) => keys.as_array().ok_or_else(|| unusable("\"keys\" is no list"))?.as_slice(),
            None => std::slice::from_ref(jwks),
        };
        if members.len() > MAX_KEYS {
            return Err(unusable(&format!("it has more than {MAX_KEYS} keys")));
        }
        let keys: Vec<_> = members.iter().filter_map(|m| ForeignKey::of(m.as_object()?)).collect();
        if keys.is_empty() { Err(unusable("no key of it verifies signatures")) } else { Ok(Self(keys)) }
    }

    /// A secret that both sides have: HS256, HS384 and HS512. An empty one verifies nothing.
    #[must_use]
    pub fn of_secret(secret: &[u8]) -> Self {
        if secret.is_empty() {
            return Self(Vec::new());
        }
        let all = [
            (Algorithm::Hs256, hmac::HMAC_SHA256),
            (Algorithm::Hs384, hmac::HMAC_SHA384),
            (Algorithm::Hs512, hmac::HMAC_SHA512),
        ];
        let verifiers =
            all.map(|(algorithm, with)| (algorithm, Verifier::Secret(Box::new(hmac::Key::new(with, secret)))));
        Self(vec![ForeignKey { kid: None, verifiers: verifiers.into() }])
    }

    /// Checks the signature, and nothing else. Every key knows which algorithms fit its type, so that the
    /// token's header only chooses among them: never `none`, never HMAC with a public key (RFC 8725,
    /// sections 3.1 to 3.3).
    ///
    /// # Errors
    /// When no key of the set signed it.
    pub fn verify(&self, token: &str) -> Result<Verified, KeyError> {
        let token = self.signed(token)?;
        let claims = compact::claims(&token.payload()?)?;
        Ok(Verified { header: Value::Object(token.header), claims })
    }

    /// As [`super::SigningKey::verify`], by keys of a set: those that signed before.
    ///
    /// # Errors
    /// When anything is off.
    pub fn verify_id_token<C: DeserializeOwned + Expires>(
        &self,
        token: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<C, KeyError> {
        self.signed(token)?.id_token(audience, now)
    }

    pub(super) fn signed<'t>(&self, token: &'t str) -> Result<Compact<'t>, KeyError> {
        let token = Compact::of(token)?;
        let kid = token.kid()?;
        // A key without an id may be meant whatever the token says, and any key when it says nothing.
        let meant = self.0.iter().filter(|key| kid.is_none() || key.kid.is_none() || key.kid.as_deref() == kid);
        let fitting = meant.flat_map(|key| &key.verifiers).filter(|(of, _)| *of == token.algorithm);
        let found = fitting.into_iter().any(|(_, key)| key.verify(token.signed, &token.signature).is_ok());
        if found { Ok(token) } else { Err(KeyError::Invalid) }
    }
}

impl ForeignKey {
    fn of(jwk: &Map<String, Value>) -> Option<Self> {
        let kid = match jwk.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str().filter(|kid| kid.len() <= MAX_KID)?.to_owned()),
        };
        // RFC 7517, sections 4.2 to 4.4: a key is for what it says.
        if jwk.get("use").is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let verifies = |all: &Value| all.as_array().is_some_and(|all| all.iter().any(|one| one == "verify"));
        if jwk.get("key_ops").is_some_and(|operations| !verifies(operations)) {
            return None;
        }
        let mut verifiers = PublicKey::of_jwk(jwk)?.verifiers().ok()?;
        if let Some(alg) = jwk.get("alg") {
            let only = Algorithm::of_name(alg.as_str()?)?;
            verifiers.retain(|(algorithm, _)| *algorithm == only);
        }
        (!verifiers.is_empty()).then_some(Self { kid, verifiers })
    }
}
