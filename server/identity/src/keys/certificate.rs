//! Certificates (RFC 5280) as far as keys need them.

use super::{KeyError, compact::encode, private::PrivateKey};
use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use lockgate_model::{Problems, kinds::CertificateKeyPair};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde_json::{Value, json};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

/// A certificate and the key in it.
pub(super) struct Certificate {
    der: CertificateDer<'static>,
    /// The bits of the public key.
    pub(super) public: Vec<u8>,
}

impl Certificate {
    /// The first certificate of the text: the one of the key itself, not of who issued it.
    pub(super) fn of_pem(pem: &str) -> Result<Self, KeyError> {
        let no_certificate = |text: String| KeyError::Certificate(text);
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|e| no_certificate(e.to_string()))?;
        let (rest, parsed) = X509Certificate::from_der(&der).map_err(|e| no_certificate(e.to_string()))?;
        if !rest.is_empty() {
            return Err(no_certificate("there is something behind it".to_owned()));
        }
        let public = parsed.public_key().subject_public_key.data.to_vec();
        Ok(Self { der, public })
    }

    /// The members of a JWK that tell about it (RFC 7517, sections 4.7 to 4.9).
    pub(super) fn members(&self) -> [(String, Value); 3] {
        let hash = |algorithm| encode(digest::digest(algorithm, &self.der));
        [
            ("x5c".to_owned(), json!([STANDARD.encode(&self.der)])),
            // SHA-1 names the certificate, and nothing is trusted for it.
            ("x5t".to_owned(), json!(hash(&digest::SHA1_FOR_LEGACY_USE_ONLY))),
            ("x5t#S256".to_owned(), json!(hash(&digest::SHA256))),
        ]
    }
}

/// When a certificate in its DER form ends; `None` where it cannot be read.
#[must_use]
pub fn ends(der: &[u8]) -> Option<DateTime<Utc>> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    DateTime::from_timestamp(parsed.validity().not_after.timestamp(), 0)
}

/// When the first certificate of a text in PEM ends; `None` where there is none that can be read.
#[must_use]
pub fn pem_ends(pem: &str) -> Option<DateTime<Utc>> {
    ends(&CertificateDer::from_pem_slice(pem.as_bytes()).ok()?)
}

/// What is wrong with a key pair beyond its form: a certificate that cannot be read, a key that is of no
/// use, halves that do not belong together.
#[must_use]
pub fn check(pair: &CertificateKeyPair) -> Problems {
    let mut problems = Problems::default();
    let certificate = Certificate::of_pem(&pair.certificate_data);
    if let Err(error) = &certificate {
        problems.add("/certificate_data", "invalid", format!("Unable to load certificate: {error}."));
    }
    if pair.key_data.trim().is_empty() {
        return problems;
    }
    match (PrivateKey::of_pem(&pair.key_data), certificate) {
        (Err(error), _) => problems.add("/key_data", "invalid", format!("Unable to load private key: {error}.")),
        (Ok(key), Ok(certificate)) if key.public_bytes() != certificate.public => {
            problems.add("/key_data", "invalid", "The private key does not belong to the certificate.");
        }
        _ => {}
    }
    problems
}
