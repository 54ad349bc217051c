//! What a certificate says about itself (RFC 5280), for lists of key pairs.

use aws_lc_rs::digest::{self, Algorithm};
use chrono::{DateTime, Utc};
use lockgate_model::{Object, kinds::CertificateKeyPair};
use serde_json::{Value, json};
use x509_parser::{certificate::X509Certificate, pem::parse_x509_pem, public_key::PublicKey};

/// The facts of one certificate; null where it cannot be read.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// SHA-256 over the DER form, hex in pairs.
    pub(crate) sha256: Value,
    /// SHA-1 over the DER form, hex in pairs; for looking certificates up, never for trust.
    pub(crate) sha1: Value,
    /// When it ends.
    pub(crate) expiry: Value,
    /// Whom it names.
    pub(crate) subject: Value,
    /// The algorithm of its key.
    pub(crate) key_type: Value,
}

/// Reads the certificate of a key pair.
pub(crate) fn facts(object: &Object) -> Facts {
    let pair = object.typed::<CertificateKeyPair>();
    pair.and_then(|pair| read(pair.certificate_data.trim())).unwrap_or_default()
}

/// When the certificate of a key pair ends.
pub(crate) fn expiry(object: &Object) -> Option<DateTime<Utc>> {
    let pair = object.typed::<CertificateKeyPair>()?;
    let (_, pem) = parse_x509_pem(pair.certificate_data.trim().as_bytes()).ok()?;
    DateTime::from_timestamp(pem.parse_x509().ok()?.validity().not_after.timestamp(), 0)
}

fn read(certificate: &str) -> Option<Facts> {
    let (_, pem) = parse_x509_pem(certificate.as_bytes()).ok()?;
    let parsed = pem.parse_x509().ok()?;
    let expiry = chrono::DateTime::from_timestamp(parsed.validity().not_after.timestamp(), 0);
    Some(Facts {
        sha256: json!(fingerprint(&digest::SHA256, &pem.contents)),
        sha1: json!(fingerprint(&digest::SHA1_FOR_LEGACY_USE_ONLY, &pem.contents)),
        expiry: json!(expiry),
        subject: json!(parsed.subject().to_string()),
        key_type: json!(key_type(&parsed)),
    })
}

fn fingerprint(algorithm: &'static Algorithm, der: &[u8]) -> String {
    let hash = digest::digest(algorithm, der);
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

fn key_type(certificate: &X509Certificate<'_>) -> Option<super::shapes::KeyType> {
    use super::shapes::KeyType;
    let key = certificate.public_key();
    match key.parsed() {
        Ok(PublicKey::RSA(_)) => Some(KeyType::Rsa),
        Ok(PublicKey::EC(_)) => Some(KeyType::Ec),
        Ok(PublicKey::DSA(_)) => Some(KeyType::Dsa),
        // RFC 8410 gives the Edwards curves identifiers of their own.
        _ => match key.algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => Some(KeyType::Ed25519),
            "1.3.101.113" => Some(KeyType::Ed448),
            _ => None,
        },
    }
}

/// Whether there is a private key.
pub(crate) fn has_key(object: &Object) -> bool {
    object.typed::<CertificateKeyPair>().is_some_and(|pair| !pair.key_data.trim().is_empty())
}

/// Where one half of a pair can be had as a file.
pub(crate) fn download(object: &Object, what: &str) -> Value {
    json!(format!("/api/v3/crypto/certificatekeypairs/{}/{what}/?download", object.document.id))
}
