//! Private keys, out of PEM.

use super::{
    KeyError,
    algorithm::Algorithm,
    public::{Curve, PublicKey},
};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};

/// A private key, decoded once.
pub(super) enum PrivateKey {
    Rsa(RsaKeyPair),
    Ec(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl PrivateKey {
    /// The first private key of the text: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) or SEC1 (RFC 5915).
    pub(super) fn of_pem(pem: &str) -> Result<Self, KeyError> {
        if pem.contains("ENCRYPTED") {
            return Err(KeyError::Unusable("it is encrypted".to_owned()));
        }
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|e| KeyError::Unusable(e.to_string()))?;
        let der_bytes = der.secret_der();
        let key = match &der {
            PrivateKeyDer::Pkcs1(_) => RsaKeyPair::from_der(der_bytes).ok().map(Self::Rsa),
            PrivateKeyDer::Sec1(_) => ec(der_bytes),
            _ => {
                let rsa = RsaKeyPair::from_pkcs8(der_bytes).ok().map(Self::Rsa);
                let edwards = || Ed25519KeyPair::from_pkcs8_maybe_unchecked(der_bytes).ok().map(Self::Ed25519);
                rsa.or_else(|| ec(der_bytes)).or_else(edwards)
            }
        };
        key.ok_or_else(|| KeyError::Unusable("its type is not known".to_owned()))
    }

    /// The public half as certificates have it.
    pub(super) fn public_bytes(&self) -> &[u8] {
        match self {
            Self::Rsa(key) => key.public_key().as_ref(),
            Self::Ec(_, key) => key.public_key().as_ref(),
            Self::Ed25519(key) => key.public_key().as_ref(),
        }
    }

    /// The public half.
    pub(super) fn public(&self) -> Result<PublicKey, KeyError> {
        let bytes = self.public_bytes();
        let public = match self {
            Self::Rsa(_) => PublicKey::rsa(bytes),
            Self::Ec(curve, _) => PublicKey::ec(*curve, bytes),
            Self::Ed25519(_) => Some(PublicKey::Ed25519 { x: bytes.to_vec() }),
        };
        public.ok_or_else(|| KeyError::Unusable("its public half is not usable".to_owned()))
    }

    /// What it signs with.
    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(_) => Algorithm::Rs256,
            Self::Ec(curve, _) => curve.algorithm(),
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        // The library takes its own randomness, whatever it is given.
        let random = SystemRandom::new();
        let failed = |_| KeyError::Sign;
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Self::Ec(_, key) => Ok(key.sign(&random, message).map_err(failed)?.as_ref().to_vec()),
            Self::Ed25519(key) => Ok(key.try_sign(message).map_err(failed)?.as_ref().to_vec()),
        }
    }
}

fn ec(der: &[u8]) -> Option<PrivateKey> {
    Curve::ALL.into_iter().find_map(|curve| {
        let key = EcdsaKeyPair::from_private_key_der(signing(curve), der).ok()?;
        Some(PrivateKey::Ec(curve, key))
    })
}

/// Signatures are both numbers in full length (RFC 7518, section 3.4), not ASN.1.
fn signing(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}
