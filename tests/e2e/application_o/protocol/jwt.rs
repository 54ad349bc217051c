//! Statements that clients sign: sound ones, and such as nobody may believe.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::perform::Known;

/// Keys of clients, made for this run.
static KEYS: LazyLock<Vec<EcdsaKeyPair>> = LazyLock::new(|| {
    let make = |_| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key can be made");
    (0..3).map(make).collect()
});

/// What signs.
#[derive(Clone)]
pub(super) enum Key {
    /// HMAC with a text.
    Secret(String),
    /// ECDSA with one of the run's keys.
    Own(usize),
    /// HMAC with the public half of one of the run's keys.
    PublicAsSecret(usize),
    /// Nothing: `alg` is `none`.
    Nothing,
    /// ECDSA, and a bit of the signature is changed.
    Broken(usize),
}

/// A statement and its signature to be.
#[derive(Clone)]
pub(super) struct Jwt {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    key: Key,
}

impl Jwt {
    /// Claims under a key.
    pub(super) fn new(claims: Value, key: Key) -> Self {
        let alg = match key {
            Key::Secret(_) | Key::PublicAsSecret(_) => "HS256",
            Key::Own(_) | Key::Broken(_) => "ES256",
            Key::Nothing => "none",
        };
        Self { header: object(json!({ "alg": alg })), claims: object(claims), key }
    }

    /// A client's proof of itself (RFC 7523, section 3).
    pub(super) fn assertion(client: &str, key: Key) -> Self {
        let claims = json!({
            "iss": client,
            "sub": client,
            "aud": "<base>/application/o/token/",
            "iat": "<now>",
            "exp": "<now+60>",
            "jti": "<unique>",
        });
        Self::new(claims, key)
    }

    /// A proof of possession for the request that carries it (RFC 9449,
    /// section 4.2).
    pub(super) fn proof(key: usize) -> Self {
        let claims = json!({ "htm": "<method>", "htu": "<url>", "iat": "<now>", "jti": "<unique>" });
        Self::new(claims, Key::Own(key)).header("typ", "dpop+jwt").header("jwk", public_key(key))
    }

    /// As [`Jwt::proof`], beside the last access token.
    pub(super) fn proof_of_token(key: usize) -> Self {
        Self::proof(key).claim("ath", "<ath>")
    }

    /// Says a claim.
    pub(super) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Does not say a claim.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Says something in the header.
    pub(super) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// The compact form.
    pub(super) fn signed(&self, known: &Known) -> Result<String, String> {
        let part = |map: &Map<String, Value>| -> Result<String, String> {
            let filled = known.fill_json(&Value::Object(map.clone()))?;
            Ok(URL_SAFE_NO_PAD.encode(filled.to_string()))
        };
        let text = format!("{}.{}", part(&self.header)?, part(&self.claims)?);
        let hmac =
            |secret: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes()).as_ref().to_vec();
        let own = |key: &usize| {
            let signed = KEYS[*key].sign(&SystemRandom::new(), text.as_bytes());
            signed.expect("a key signs").as_ref().to_vec()
        };
        let signature = match &self.key {
            Key::Secret(secret) => hmac(known.fill(secret)?.as_bytes()),
            Key::PublicAsSecret(key) => hmac(public_key(*key).to_string().as_bytes()),
            Key::Own(key) => own(key),
            Key::Nothing => Vec::new(),
            Key::Broken(key) => {
                let mut signature = own(key);
                signature[40] ^= 1;
                signature
            }
        };
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The public half of one of the run's keys, as a JWK.
pub(super) fn public_key(key: usize) -> Value {
    // An uncompressed point: a four, then both coordinates.
    let point = KEYS[key].public_key().as_ref();
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({ "kty": "EC", "crv": "P-256", "x": part(&point[1..33]), "y": part(&point[33..65]) })
}

/// The claims of a token, whoever has signed it, and as `@header` its header.
pub(super) fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (header, payload) = (parts.next()?, parts.next()?);
    parts.next()?;
    let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    let mut claims = read(payload)?;
    claims["@header"] = read(header)?;
    Some(claims)
}

/// SHA-256 of a text; `bytes` of it.
pub(super) fn hashed(text: &str, bytes: usize) -> String {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..bytes])
}

/// A text that came never before.
pub(super) fn unique() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("unique-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}
