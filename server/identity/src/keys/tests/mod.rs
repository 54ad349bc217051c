//! Round trips of every type of key, everything that must be refused, and the examples of the RFCs.

mod encryption;
mod examples;
mod foreign;
mod pairs;
mod signing;

use super::*;
use crate::system::SystemRandom;
use aws_lc_rs::{
    cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey},
    encoding::{AsDer, EcPrivateKeyRfc5915Der},
    hmac,
    iv::FixedLength,
    rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey},
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use compact::{decode, encode};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::LazyLock;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).expect("time")
}

fn claims() -> Claims {
    Claims { iss: "i".into(), sub: "s".into(), aud: "app".into(), exp: now().timestamp() + 10 }
}

fn made(algorithm: &'static rcgen::SignatureAlgorithm) -> CertificateKeyPair {
    let keys = rcgen::KeyPair::generate_for(algorithm).expect("key");
    let certificate = rcgen::CertificateParams::default().self_signed(&keys).expect("certificate");
    CertificateKeyPair { name: "a".to_owned(), certificate_data: certificate.pem(), key_data: keys.serialize_pem() }
}

/// One pair of each type; RSA keys take long to find.
static PAIRS: LazyLock<[(&str, CertificateKeyPair); 5]> = LazyLock::new(|| {
    [
        ("RS256", made(&rcgen::PKCS_RSA_SHA256)),
        ("ES256", made(&rcgen::PKCS_ECDSA_P256_SHA256)),
        ("ES384", made(&rcgen::PKCS_ECDSA_P384_SHA384)),
        ("ES512", made(&rcgen::PKCS_ECDSA_P521_SHA512)),
        ("EdDSA", made(&rcgen::PKCS_ED25519)),
    ]
});

fn pair(algorithm: &str) -> &'static CertificateKeyPair {
    &PAIRS.iter().find(|(name, _)| *name == algorithm).expect("a pair").1
}

fn key(algorithm: &str) -> SigningKey {
    SigningKey::of(pair(algorithm)).expect("usable")
}

fn jwk(key: &SigningKey) -> Value {
    key.jwk().expect("published").clone()
}

/// A token with any header and claims, signed however `sign` does it.
fn forged(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", encode(signature))
}

fn with_hmac(secret: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    move |signed| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed).as_ref().to_vec()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}
