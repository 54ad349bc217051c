//! Certificates and their private keys.

use super::target;
use crate::{
    Problems,
    kind::{Family, FilterOp, Kind, Lookup, Meta, exact, filter},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `managed` of the key pair that signs the tokens of proxy providers.
pub const INTERNAL_JWT_KEY: &str = "goauthentik.io/crypto/jwt-managed";

/// Name of the key pair that OAuth2 providers sign with where nobody names another.
pub const DEFAULT_SIGNING_KEY: &str = "authentik Self-signed Certificate";

/// A certificate, with its private key where we have it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateKeyPair {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// The certificate, PEM.
    #[serde(deserialize_with = "trimmed")]
    #[schemars(length(min = 1, max = 65_536), extend("x-yaml" = "certificate", "writeOnly" = true))]
    pub certificate_data: String,
    /// The private key, PEM (PKCS#8, PKCS#1 or SEC1); empty for a certificate alone.
    #[serde(default, deserialize_with = "trimmed")]
    #[schemars(length(max = 65_536), extend("x-yaml" = "key", "x-secret" = true, "writeOnly" = true))]
    pub key_data: String,
}

/// As the reference has it: Terraform adds the last line break itself and compares.
fn trimmed<'de, D: serde::Deserializer<'de>>(text: D) -> Result<String, D::Error> {
    Ok(String::deserialize(text)?.trim().to_owned())
}

impl Kind for CertificateKeyPair {
    const META: Meta = Meta {
        kind: "key_pair",
        word: "key_pair",
        family: Family::None,
        schema: "CertificateKeyPair",
        path: "crypto/certificatekeypairs",
        lookup: Lookup::Uuid("kp_uuid"),
        component: "",
        verbose_name: "Certificate-Key Pair",
        verbose_name_plural: "Certificate-Key Pairs",
        model: "authentik_crypto.certificatekeypair",
        search: &["name"],
        filters: &[filter("managed", "managed", FilterOp::Exact), exact("name")],
        ordering: "name",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }

    fn check(&self, problems: &mut Problems) {
        if !self.certificate_data.starts_with("-----BEGIN CERTIFICATE-----") {
            problems.add(
                "/certificate_data",
                "invalid",
                "Unable to load certificate: it must be PEM, starting with -----BEGIN CERTIFICATE-----.",
            );
        }
        if !self.key_data.is_empty() && !self.key_data.contains("PRIVATE KEY-----") {
            problems.add("/key_data", "invalid", "Unable to load private key: it must be PEM.");
        }
    }
}
target!(CertificateKeyPair);
