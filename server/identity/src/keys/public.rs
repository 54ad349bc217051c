//! Public keys: their JSON form (RFC 7517; RFC 7518, section 6; RFC 8037, section 2), and what they verify.

use super::{
    KeyError,
    algorithm::Algorithm,
    certificate::Certificate,
    compact::{decode, encode},
};
use aws_lc_rs::{
    digest, hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519, ParsedPublicKey,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
        RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
        VerificationAlgorithm,
    },
};
use serde_json::{Map, Value, json};
use x509_parser::{prelude::FromDer, public_key::RSAPublicKey};

/// Shortest RSA key, in bits (RFC 7518, section 3.3).
const MIN_RSA_BITS: usize = 2048;
/// Longest RSA key, in bits: what the library verifies.
const MAX_RSA_BITS: usize = 8192;

/// A curve of NIST that tokens are signed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(super) const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Bytes of a coordinate.
    fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    pub(super) fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
        }
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
            Self::P521 => &ECDSA_P521_SHA512_FIXED,
        }
    }
}

/// A public key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PublicKey {
    /// Modulus and exponent, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// An uncompressed point (SEC 1, section 2.3.3): 4, then both coordinates in full length.
    Ec { curve: Curve, point: Vec<u8> },
    /// 32 bytes.
    Ed25519 { x: Vec<u8> },
}

impl PublicKey {
    /// An RSA key as certificates and private keys have it (`RSAPublicKey`, RFC 8017, appendix A.1.1).
    pub(super) fn rsa(der: &[u8]) -> Option<Self> {
        let (_, key) = RSAPublicKey::from_der(der).ok()?;
        Self::rsa_of(key.modulus, key.exponent)
    }

    fn rsa_of(n: &[u8], e: &[u8]) -> Option<Self> {
        let (n, e) = (without_zeros(n), without_zeros(e));
        let bits = n.len() * 8 - usize::try_from(n.first()?.leading_zeros()).ok()?;
        let usable = (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) && (1..=8).contains(&e.len());
        usable.then(|| Self::Rsa { n: n.to_vec(), e: e.to_vec() })
    }

    /// A point as certificates and private keys have it.
    pub(super) fn ec(curve: Curve, point: &[u8]) -> Option<Self> {
        let whole = point.len() == 1 + 2 * curve.size() && point.first() == Some(&4);
        whole.then(|| Self::Ec { curve, point: point.to_vec() })
    }

    /// The key of a JWK; `None` when it is of a type that verifies no tokens, or no key at all. A private
    /// key that somebody published counts as none: everybody could sign with it.
    pub(super) fn of_jwk(jwk: &Map<String, Value>) -> Option<Self> {
        if jwk.contains_key("d") || jwk.contains_key("k") {
            return None;
        }
        let text = |name: &str| jwk.get(name)?.as_str();
        // The longest is the modulus.
        let bytes = |name: &str| decode(text(name).filter(|t| t.len() <= MAX_RSA_BITS / 6 + 2)?).ok();
        match text("kty")? {
            "RSA" => Self::rsa_of(&bytes("n")?, &bytes("e")?),
            "EC" => {
                let crv = text("crv")?;
                let curve = Curve::ALL.into_iter().find(|c| c.name() == crv)?;
                // RFC 7518, section 6.2.1.2: in full length, never shortened.
                let (x, y) = (bytes("x")?, bytes("y")?);
                let whole = x.len() == curve.size() && y.len() == curve.size();
                whole.then(|| Self::Ec { curve, point: [&[4], x.as_slice(), y.as_slice()].concat() })
            }
            "OKP" if text("crv")? == "Ed25519" => {
                let x = bytes("x")?;
                (x.len() == 32).then_some(Self::Ed25519 { x })
            }
            _ => None,
        }
    }

    /// The members that say which key it is: those that a thumbprint is over, in its order (RFC 7638,
    /// section 3.2; RFC 8037, section 2).
    pub(super) fn members(&self) -> Map<String, Value> {
        let members = match self {
            Self::Rsa { n, e } => json!({"e": encode(e), "kty": "RSA", "n": encode(n)}),
            Self::Ec { curve, point } => {
                let (x, y) = point[1..].split_at(curve.size());
                json!({"crv": curve.name(), "kty": "EC", "x": encode(x), "y": encode(y)})
            }
            Self::Ed25519 { x } => json!({"crv": "Ed25519", "kty": "OKP", "x": encode(x)}),
        };
        members.as_object().cloned().unwrap_or_default()
    }

    /// The key as member of a key set.
    pub(super) fn jwk(&self, kid: &str, purpose: &str, alg: &str, certificate: Option<&Certificate>) -> Value {
        let mut jwk = self.members();
        for (name, value) in [("kid", kid), ("use", purpose), ("alg", alg)] {
            jwk.insert(name.to_owned(), Value::from(value));
        }
        if let Some(certificate) = certificate {
            jwk.extend(certificate.members());
        }
        Value::Object(jwk)
    }

    /// The key, decoded, for each algorithm that fits its type.
    pub(super) fn verifiers(&self) -> Result<Vec<(Algorithm, Verifier)>, KeyError> {
        let refused = |_| KeyError::Unusable("it is not a point of its curve".to_owned());
        let one = |algorithm, parsed| vec![(algorithm, Verifier::Public(parsed))];
        Ok(match self {
            Self::Rsa { n, e } => {
                let parsed = RSA.iter().map(|(algorithm, parameters)| {
                    let key = RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters);
                    let key = key.map_err(|_| KeyError::Unusable("it is no RSA key".to_owned()))?;
                    Ok((*algorithm, Verifier::Public(key)))
                });
                parsed.collect::<Result<_, _>>()?
            }
            Self::Ec { curve, point } => {
                one(curve.algorithm(), ParsedPublicKey::new(curve.verification(), point).map_err(refused)?)
            }
            Self::Ed25519 { x } => one(Algorithm::EdDsa, ParsedPublicKey::new(&ED25519, x).map_err(refused)?),
        })
    }
}

const RSA: [(Algorithm, &RsaParameters); 6] = [
    (Algorithm::Rs256, &RSA_PKCS1_2048_8192_SHA256),
    (Algorithm::Rs384, &RSA_PKCS1_2048_8192_SHA384),
    (Algorithm::Rs512, &RSA_PKCS1_2048_8192_SHA512),
    (Algorithm::Ps256, &RSA_PSS_2048_8192_SHA256),
    (Algorithm::Ps384, &RSA_PSS_2048_8192_SHA384),
    (Algorithm::Ps512, &RSA_PSS_2048_8192_SHA512),
];

fn without_zeros(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
    &bytes[start..]
}

/// What checks signatures.
pub(super) enum Verifier {
    Public(ParsedPublicKey),
    Secret(Box<hmac::Key>),
}

impl Verifier {
    pub(super) fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        let checked = match self {
            Self::Public(key) => key.verify_sig(signed, signature),
            Self::Secret(key) => hmac::verify(key, signed, signature),
        };
        checked.map_err(|_| KeyError::Invalid)
    }
}

/// What names a public key of ours: base64url of the first 16 bytes of SHA-256 over it, as certificates
/// have it.
pub(super) fn key_id(public: &[u8]) -> String {
    encode(&digest::digest(&digest::SHA256, public).as_ref()[..16])
}

/// The thumbprint of a public key (RFC 7638): base64url of SHA-256 over its required members.
///
/// # Errors
/// When it is no public key of a type that verifies tokens.
pub fn thumbprint(jwk: &Value) -> Result<String, KeyError> {
    let unusable = || KeyError::Unusable("it is no public key that verifies tokens".to_owned());
    let key = PublicKey::of_jwk(jwk.as_object().ok_or_else(unusable)?).ok_or_else(unusable)?;
    let members = Value::Object(key.members()).to_string();
    Ok(encode(digest::digest(&digest::SHA256, members.as_bytes())))
}
