//! Keys that sign tokens, decoded once per snapshot, and the key sets (RFC 7517) that verify them.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Datelike, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use lockgate_model::kinds::CertificateKeyPair;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;

/// Why a key cannot be used, or a token not be made or believed.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The PEM text is not a private key of a supported type.
    #[error("the private key is not usable: {0} (supported are EC P-256, PKCS#8)")]
    Unusable(String),
    /// The token could not be signed.
    #[error("the token could not be signed")]
    Sign,
    /// The token is not ours, is expired, or is for somebody else.
    #[error("the token is not valid")]
    Invalid,
}

/// A private key with everything derived from it.
pub struct SigningKey {
    /// Key id: base64url of the first 16 bytes of SHA-256 over the public key.
    pub kid: String,
    jwk: Value,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

impl SigningKey {
    /// Decodes the key of a pair.
    ///
    /// # Errors
    /// When it is missing or of a type that cannot sign ES256.
    pub fn of(pair: &CertificateKeyPair) -> Result<Self, KeyError> {
        let unusable = |e: &dyn fmt::Display| KeyError::Unusable(e.to_string());
        let keys = rcgen::KeyPair::from_pkcs8_pem_and_sign_algo(&pair.key_data, &rcgen::PKCS_ECDSA_P256_SHA256)
            .map_err(|e| unusable(&e))?;
        let point = keys.public_key_raw();
        // An uncompressed point (SEC 1, 2.3.3): 0x04, then 32 bytes each of x and y.
        if point.len() != 65 {
            return Err(KeyError::Unusable("unexpected length of the public key".to_owned()));
        }
        let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(point)[..16]);
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        let decoding = DecodingKey::from_ec_components(&x, &y).map_err(|e| unusable(&e))?;
        let jwk = json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": x, "y": y});
        let encoding = EncodingKey::from_ec_der(&keys.serialize_der());
        Ok(Self { kid, jwk, encoding, decoding })
    }

    /// The public key, as member of a key set.
    #[must_use]
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// Signs claims as a JWT (RFC 7519) with ES256.
    ///
    /// # Errors
    /// When the library fails.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, KeyError> {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(|_| KeyError::Sign)
    }

    /// Checks signature, audience and issuer, and that `exp` lies after `now`; the library's own clock
    /// is not asked.
    ///
    /// # Errors
    /// When anything is off.
    pub fn verify<C: DeserializeOwned + Expires>(
        &self,
        token: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<C, KeyError> {
        let mut rules = Validation::new(Algorithm::ES256);
        rules.validate_exp = false;
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        rules.set_audience(&[audience]);
        let claims: C = jsonwebtoken::decode(token, &self.decoding, &rules).map_err(|_| KeyError::Invalid)?.claims;
        if claims.expires() > now.timestamp() { Ok(claims) } else { Err(KeyError::Invalid) }
    }
}

/// The header `{"typ":"JWT","alg":"HS256"}` in base64url.
const HS256: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9";

/// A secret made ready to sign with HS256 (RFC 7518, section 3.2), where preparing it anew for every
/// token would cost as much as signing.
pub struct MacKey(hmac::Key);

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey")
    }
}

impl MacKey {
    /// Prepares a secret; an empty one is none.
    #[must_use]
    pub fn of(secret: &str) -> Option<Self> {
        (!secret.is_empty()).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())))
    }

    /// Signs claims as a JWT in compact serialisation (RFC 7515, section 7.1).
    ///
    /// # Errors
    /// When the claims are no JSON.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, KeyError> {
        let claims = serde_json::to_vec(claims).map_err(|_| KeyError::Sign)?;
        // Header and signature have 36 and 43 characters.
        let mut token = String::with_capacity(claims.len() * 4 / 3 + 84);
        token.push_str(HS256);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = hmac::sign(&self.0, token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

/// Claims that end.
pub trait Expires {
    /// `exp`, seconds since 1970.
    fn expires(&self) -> i64;
}

/// A new EC P-256 key with a self-signed certificate for `name`, valid `years` from `now`.
///
/// # Errors
/// When the library fails.
pub fn generate(name: &str, now: DateTime<Utc>, years: i32) -> Result<CertificateKeyPair, KeyError> {
    let unusable = |e: rcgen::Error| KeyError::Unusable(e.to_string());
    let keys = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(unusable)?;
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    // The first of the month: every month has it.
    let month = u8::try_from(now.month()).unwrap_or(1);
    params.not_before = rcgen::date_time_ymd(now.year(), month, 1);
    params.not_after = rcgen::date_time_ymd(now.year() + years, month, 1);
    let certificate = params.self_signed(&keys).map_err(unusable)?;
    Ok(CertificateKeyPair {
        name: name.to_owned(),
        certificate_data: certificate.pem(),
        key_data: keys.serialize_pem(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Claims {
        iss: String,
        sub: String,
        aud: String,
        exp: i64,
    }
    impl Expires for Claims {
        fn expires(&self) -> i64 {
            self.exp
        }
    }

    #[test]
    fn a_token_is_believed_by_its_own_key_for_its_own_audience_until_it_expires() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("time");
        let key = SigningKey::of(&generate("a", now, 1).expect("key")).expect("usable");
        let other = SigningKey::of(&generate("b", now, 1).expect("key")).expect("usable");
        let claims = Claims { iss: "i".into(), sub: "s".into(), aud: "app".into(), exp: now.timestamp() + 10 };
        let token = key.sign(&claims).expect("signed");
        assert_eq!(key.verify::<Claims>(&token, "app", now).expect("valid"), claims);
        assert!(key.verify::<Claims>(&token, "other", now).is_err());
        assert!(other.verify::<Claims>(&token, "app", now).is_err());
        let later = now + chrono::TimeDelta::seconds(10);
        assert!(key.verify::<Claims>(&token, "app", later).is_err());
        assert_eq!(key.jwk()["kid"], key.kid);
    }

    #[test]
    fn a_mac_is_believed_by_a_reader_of_its_own() {
        assert!(MacKey::of("").is_none());
        let claims = Claims { iss: "i".into(), sub: "s".into(), aud: "app".into(), exp: 4_000_000_000 };
        let token = MacKey::of("secret").expect("a key").sign(&claims).expect("signed");
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&["app"]);
        let read = |secret: &[u8]| jsonwebtoken::decode::<Claims>(&token, &DecodingKey::from_secret(secret), &rules);
        assert_eq!(read(b"secret").expect("valid").claims, claims);
        assert!(read(b"other").is_err());
    }
}
