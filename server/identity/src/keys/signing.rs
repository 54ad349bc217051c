//! The keys that sign our own tokens.

use super::{
    Expires, KeyError,
    algorithm::Algorithm,
    certificate::Certificate,
    compact::{self, Compact, encode},
    private::PrivateKey,
    public::{Verifier, key_id},
};
use aws_lc_rs::{digest, hmac};
use chrono::{DateTime, Utc};
use lockgate_model::kinds::CertificateKeyPair;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::fmt;

/// What a provider signs with, and everything derived from it: decoded once.
pub struct SigningKey {
    /// Key id: base64url of the first 16 bytes of SHA-256 over the public key; empty for a secret.
    pub kid: String,
    algorithm: Algorithm,
    signer: Signer,
    verifier: Option<Verifier>,
    jwk: Option<Value>,
    /// The encoded header of the common case.
    header: String,
}

enum Signer {
    Private(PrivateKey),
    Secret(Box<hmac::Key>),
    /// An empty secret: everybody knows it.
    Nobody,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm(), self.kid)
    }
}

impl SigningKey {
    /// Decodes the key of a pair: RSA signs RS256, the curves P-256, P-384 and P-521 sign ES256, ES384 and
    /// ES512, Ed25519 signs EdDSA.
    ///
    /// # Errors
    /// When the key is missing or of another type.
    pub fn of(pair: &CertificateKeyPair) -> Result<Self, KeyError> {
        let key = PrivateKey::of_pem(&pair.key_data)?;
        let (algorithm, public) = (key.algorithm(), key.public()?);
        let kid = key_id(key.public_bytes());
        // RFC 7517, section 4.7: a certificate beside a key must be the key's.
        let certificate = Certificate::of_pem(&pair.certificate_data).ok();
        let certificate = certificate.filter(|c| c.public == key.public_bytes());
        let verifiers = public.verifiers()?.into_iter();
        let verifier = verifiers.into_iter().find(|(of, _)| *of == algorithm).map(|(_, verifier)| verifier);
        Ok(Self {
            jwk: Some(public.jwk(&kid, "sig", algorithm.name(), certificate.as_ref())),
            header: compact::header(algorithm, &kid, "JWT"),
            signer: Signer::Private(key),
            verifier,
            algorithm,
            kid,
        })
    }

    /// HS256 under a secret that the application has too; nothing is published. An empty secret signs
    /// nothing and verifies nothing. One that is shorter than 32 letters is weaker than RFC 7518, section
    /// 3.2, asks for, and the choice of whoever set it.
    #[must_use]
    pub fn of_secret(secret: &str) -> Self {
        let key = (!secret.is_empty()).then(|| Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())));
        Self {
            kid: String::new(),
            algorithm: Algorithm::Hs256,
            signer: key.clone().map_or(Signer::Nobody, Signer::Secret),
            verifier: key.map(Verifier::Secret),
            jwk: None,
            header: compact::header(Algorithm::Hs256, "", "JWT"),
        }
    }

    /// The `alg` of its tokens (RFC 7518, section 3.1).
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }

    /// The public key, as member of a key set; `None` for a secret.
    #[must_use]
    pub fn jwk(&self) -> Option<&Value> {
        self.jwk.as_ref()
    }

    /// Signs claims as a JWT (RFC 7519).
    ///
    /// # Errors
    /// When the library fails, or the secret is empty.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, KeyError> {
        self.finish(compact::unsigned(&self.header, claims)?)
    }

    /// As [`Self::sign`], for a token that says what it is for (RFC 8725, section 3.11), such as `at+jwt`.
    ///
    /// # Errors
    /// As [`Self::sign`].
    pub fn sign_typed(&self, typ: &str, claims: &impl Serialize) -> Result<String, KeyError> {
        self.finish(compact::unsigned(&compact::header(self.algorithm, &self.kid, typ), claims)?)
    }

    fn finish(&self, unsigned: String) -> Result<String, KeyError> {
        match &self.signer {
            Signer::Private(key) => {
                let signature = key.sign(unsigned.as_bytes())?;
                Ok(compact::signed(unsigned, &signature))
            }
            Signer::Secret(key) => {
                let signature = hmac::sign(key, unsigned.as_bytes());
                Ok(compact::signed(unsigned, signature.as_ref()))
            }
            Signer::Nobody => Err(KeyError::Sign),
        }
    }

    /// Checks that an ID token is signed with this key, is for `audience`, says who issued it and about
    /// whom, and that `exp` lies after `now`.
    ///
    /// # Errors
    /// When anything is off.
    pub fn verify<C: DeserializeOwned + Expires>(
        &self,
        token: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<C, KeyError> {
        self.signed(token)?.id_token(audience, now)
    }

    /// As [`Self::verify`], of an access token. It may have been revoked all the same.
    ///
    /// # Errors
    /// When anything is off.
    pub fn verify_access_token<C: DeserializeOwned + Expires>(
        &self,
        token: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<C, KeyError> {
        self.signed(token)?.access_token(audience, now)
    }

    fn signed<'t>(&self, token: &'t str) -> Result<Compact<'t>, KeyError> {
        let token = Compact::of(token)?;
        let verifier = self.verifier.as_ref().filter(|_| token.algorithm == self.algorithm);
        verifier.ok_or(KeyError::Invalid)?.verify(token.signed, &token.signature)?;
        Ok(token)
    }

    /// The left half of the hash of a token or code, base64url: `at_hash` and `c_hash` (OpenID Connect
    /// Core, sections 3.1.3.6 and 3.3.2.11).
    #[must_use]
    pub fn half_hash(&self, text: &str) -> String {
        let hash = digest::digest(self.algorithm.hash(), text.as_bytes());
        let hash = hash.as_ref();
        encode(&hash[..hash.len() / 2])
    }
}
