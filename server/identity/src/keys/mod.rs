//! Keys: those that sign tokens and those that tokens are encrypted for, decoded once per snapshot, their
//! key sets (RFC 7517), and the keys of others that verify what they send us.
//!
//! All arithmetic is that of one library; here stand the compact forms of tokens and the rules of which
//! algorithm may be used with which key.

mod algorithm;
mod certificate;
mod compact;
mod encryption;
mod foreign;
mod private;
mod public;
mod signing;
#[cfg(test)]
mod tests;

pub use algorithm::{all_algorithms, public_algorithms};
pub use certificate::check;
pub use compact::Unverified;
pub use encryption::EncryptionKey;
pub use foreign::{ForeignKeys, Verified};
pub use public::thumbprint;
pub use signing::SigningKey;

use chrono::{DateTime, Datelike, Utc};
use lockgate_model::kinds::CertificateKeyPair;
use thiserror::Error;

/// Why a key cannot be used, or a token not be made or believed.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The text is not a key of a supported type.
    #[error(
        "the key is not usable: {0} (supported are RSA of 2048 to 8192 bits, EC P-256, P-384 and P-521, and \
         Ed25519, as PKCS#8, PKCS#1 or SEC1 in PEM, not encrypted)"
    )]
    Unusable(String),
    /// The text is not a certificate.
    #[error("the certificate cannot be read: {0}")]
    Certificate(String),
    /// What somebody published is not a key set that can be used.
    #[error("the key set is not usable: {0}")]
    Set(String),
    /// The token could not be signed.
    #[error("the token could not be signed")]
    Sign,
    /// The token could not be encrypted.
    #[error("the token could not be encrypted")]
    Encrypt,
    /// The token is not ours, is expired, or is for somebody else.
    #[error("the token is not valid")]
    Invalid,
}

/// Claims that end.
pub trait Expires {
    /// `exp`, seconds since 1970.
    fn expires(&self) -> i64;
}

/// What kind of key to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKey {
    /// RSA, 2048 bits.
    Rsa2048,
    /// EC P-256.
    EcP256,
}

/// A new key with a self-signed certificate for `name`, valid `years` from `now`.
///
/// # Errors
/// When the library fails.
pub fn generate(name: &str, key: NewKey, now: DateTime<Utc>, years: i32) -> Result<CertificateKeyPair, KeyError> {
    let unusable = |e: rcgen::Error| KeyError::Unusable(e.to_string());
    let algorithm = match key {
        NewKey::Rsa2048 => &rcgen::PKCS_RSA_SHA256,
        NewKey::EcP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
    };
    let keys = rcgen::KeyPair::generate_for(algorithm).map_err(unusable)?;
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
