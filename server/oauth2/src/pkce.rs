//! Proof Key for Code Exchange (RFC 7636): the code belongs to whoever holds the verifier.

use crate::endpoint::Refusal;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How the challenge was made of the verifier (section 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// It is its SHA-256.
    S256,
    /// It is the same.
    #[serde(rename = "plain")]
    Plain,
}

/// A challenge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// What was sent.
    pub challenge: String,
    /// How it was made.
    pub method: Method,
}

impl Challenge {
    /// Reads the parameters of an authorization request (section 4.3); `None` without a challenge.
    ///
    /// # Errors
    /// When a parameter is malformed, in a sentence.
    pub fn read(challenge: Option<&str>, method: Option<&str>) -> Result<Option<Self>, &'static str> {
        let Some(challenge) = challenge else {
            return if method.is_some() {
                Err("There is a code_challenge_method without a code_challenge.")
            } else {
                Ok(None)
            };
        };
        let method = match method {
            Some("S256") => Method::S256,
            None | Some("plain") => Method::Plain,
            Some(_) => return Err("The code_challenge_method must be S256 or plain."),
        };
        if !is_unreserved(challenge) || (method == Method::S256 && challenge.len() != 43) {
            return Err("The code_challenge is malformed.");
        }
        Ok(Some(Self { challenge: challenge.to_owned(), method }))
    }

    /// Compares with the verifier (section 4.6). A verifier where there was no challenge is refused too:
    /// an attacker may have stripped the challenge off the request (RFC 9700, section 2.1.1).
    ///
    /// # Errors
    /// `invalid_grant`.
    pub(crate) fn verify(challenge: Option<&Self>, verifier: Option<&str>) -> Result<(), Refusal> {
        let wrong = |why: &'static str| Err(Refusal::invalid_grant(why));
        match (challenge, verifier) {
            (None, None) => Ok(()),
            (None, Some(_)) => wrong("There is a code_verifier, but the authorization request had no code_challenge."),
            (Some(_), None) => wrong("The code_verifier is missing."),
            (Some(challenge), Some(verifier)) if challenge.fits(verifier) => Ok(()),
            (Some(_), Some(_)) => wrong("The code_verifier does not fit the code_challenge."),
        }
    }

    fn fits(&self, verifier: &str) -> bool {
        if !is_unreserved(verifier) {
            return false;
        }
        let made = match self.method {
            Method::S256 => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
            Method::Plain => verifier.to_owned(),
        };
        made.as_bytes().ct_eq(self.challenge.as_bytes()).into()
    }
}

/// Section 4.1: 43 to 128 unreserved characters.
fn is_unreserved(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_fits() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = Challenge::read(Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), Some("S256"));
        let challenge = challenge.expect("well-formed").expect("there");
        assert!(Challenge::verify(Some(&challenge), Some(verifier)).is_ok());
        for wrong in [None, Some(""), Some("short"), Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK")] {
            assert!(Challenge::verify(Some(&challenge), wrong).is_err(), "{wrong:?}");
        }
        assert!(Challenge::verify(None, Some(verifier)).is_err());
        assert!(Challenge::verify(None, None).is_ok());
        let plain = Challenge::read(Some(verifier), None).expect("well-formed").expect("there");
        assert!(Challenge::verify(Some(&plain), Some(verifier)).is_ok());
    }

    #[test]
    fn malformed_challenges_are_refused() {
        let long = "a".repeat(129);
        for (challenge, method) in [
            (None, Some("S256")),
            (Some("short"), Some("S256")),
            (Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM="), Some("S256")),
            (Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"), Some("plain")),
            (Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), Some("s256")),
            (Some(long.as_str()), None),
        ] {
            assert!(Challenge::read(challenge, method).is_err(), "{challenge:?} {method:?}");
        }
    }
}
