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
pub use certificate::{check, ends, pem_ends};
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

/// `typ` of ID tokens, and of those by which services are told who comes.
pub const ID_TOKEN: &str = "JWT";

/// `typ` of access tokens (RFC 9068, section 2.1).
pub const ACCESS_TOKEN: &str = "at+jwt";

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
    /// Ed25519.
    Ed25519,
}

/// A key pair to make, with a certificate that it signs itself.
#[derive(Debug, Clone)]
pub struct NewPair {
    /// Its name, also the certificate's subject.
    pub name: String,
    /// What kind of key.
    pub key: NewKey,
    /// Host names and IP addresses that the certificate is for beside its subject.
    pub alternative_names: Vec<String>,
    /// The first day of the certificate.
    pub from: DateTime<Utc>,
    /// The day on which it has ended.
    pub until: DateTime<Utc>,
}

/// Makes a key pair.
///
/// # Errors
/// When the library fails.
pub fn generate(new: &NewPair) -> Result<CertificateKeyPair, KeyError> {
    let unusable = |e: rcgen::Error| KeyError::Unusable(e.to_string());
    let algorithm = match new.key {
        NewKey::Rsa2048 => &rcgen::PKCS_RSA_SHA256,
        NewKey::EcP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        NewKey::Ed25519 => &rcgen::PKCS_ED25519,
    };
    let mut params = rcgen::CertificateParams::new(new.alternative_names.clone()).map_err(unusable)?;
    let keys = rcgen::KeyPair::generate_for(algorithm).map_err(unusable)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, new.name.as_str());
    let part = |number: u32| u8::try_from(number).unwrap_or(1);
    let day = |at: DateTime<Utc>| rcgen::date_time_ymd(at.year(), part(at.month()), part(at.day()));
    (params.not_before, params.not_after) = (day(new.from), day(new.until));
    let certificate = params.self_signed(&keys).map_err(unusable)?;
    Ok(CertificateKeyPair {
        name: new.name.clone(),
        certificate_data: certificate.pem(),
        key_data: keys.serialize_pem(),
    })
}
