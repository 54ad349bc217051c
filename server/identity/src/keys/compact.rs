//! The compact form of signed tokens (RFC 7515, section 7.1), read and written.

use super::{Expires, KeyError, algorithm::Algorithm};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Number, Value};

/// The longest token that is looked at.
pub(super) const MAX_TOKEN: usize = 16 * 1024;

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Strict: no padding, no white space, no bits left over.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, KeyError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Invalid)
}

/// A token that was taken apart; nothing of it has been proven.
#[derive(Debug)]
pub(super) struct Compact<'t> {
    pub(super) header: Map<String, Value>,
    pub(super) algorithm: Algorithm,
    /// What the signature is over.
    pub(super) signed: &'t [u8],
    pub(super) signature: Vec<u8>,
    payload: &'t str,
}

impl<'t> Compact<'t> {
    /// Takes a token apart. The header must name an algorithm that we know, and no extension: those that
    /// `crit` names would have to be understood (RFC 7515, section 4.1.11).
    pub(super) fn of(token: &'t str) -> Result<Self, KeyError> {
        if token.len() > MAX_TOKEN {
            return Err(KeyError::Invalid);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(KeyError::Invalid)?;
        let (header, payload) = signed.split_once('.').ok_or(KeyError::Invalid)?;
        let header: Map<String, Value> = serde_json::from_slice(&decode(header)?).map_err(|_| KeyError::Invalid)?;
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::of_name);
        let algorithm = algorithm.ok_or(KeyError::Invalid)?;
        if header.contains_key("crit") || payload.contains('.') {
            return Err(KeyError::Invalid);
        }
        Ok(Self { header, algorithm, signed: signed.as_bytes(), signature: decode(signature)?, payload })
    }

    /// Which key the header says that it was signed with.
    pub(super) fn kid(&self) -> Result<Option<&str>, KeyError> {
        match self.header.get("kid") {
            None => Ok(None),
            Some(kid) => kid.as_str().map(Some).ok_or(KeyError::Invalid),
        }
    }

    pub(super) fn payload(&self) -> Result<Vec<u8>, KeyError> {
        decode(self.payload)
    }

    /// The claims of a token of ours, whose signature was checked: it is of one of the types, says who issued
    /// it and about whom, is for `audience`, and its `exp` lies after `now`.
    pub(super) fn ours<C: DeserializeOwned + Expires>(
        &self,
        types: &[&str],
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<C, KeyError> {
        // One that is for something else, such as a notice of logout, proves nobody (RFC 8725, section 3.11).
        let typ = self.header.get("typ").and_then(Value::as_str);
        if !typ.is_some_and(|typ| types.contains(&typ)) {
            return Err(KeyError::Invalid);
        }
        let payload = self.payload()?;
        let registered: Registered = claims(&payload)?;
        let claims: C = claims(&payload)?;
        if registered.is_for(audience) && claims.expires() > now.timestamp() {
            Ok(claims)
        } else {
            Err(KeyError::Invalid)
        }
    }
}

/// The claims that each of our tokens has (RFC 7519, section 4.1). Of most it only counts that they are there.
#[derive(Deserialize)]
struct Registered {
    #[serde(rename = "iss")]
    _iss: String,
    #[serde(rename = "sub")]
    _sub: String,
    aud: Audience,
    #[serde(rename = "exp")]
    _exp: Number,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Registered {
    fn is_for(&self, audience: &str) -> bool {
        match &self.aud {
            Audience::One(one) => one == audience,
            Audience::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// A token that was taken apart, whose signature nobody has checked: good for finding out whose key to check
/// it with, and for nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct Unverified {
    /// Its header.
    pub header: Map<String, Value>,
    /// Its claims.
    pub claims: Map<String, Value>,
}

impl Unverified {
    /// Takes a token in compact form apart.
    ///
    /// # Errors
    /// When it is none, or signed in a way that we do not know.
    pub fn of(token: &str) -> Result<Self, KeyError> {
        let token = Compact::of(token)?;
        let claims = claims(&token.payload()?)?;
        Ok(Self { header: token.header, claims })
    }
}

/// The claims of a payload.
pub(super) fn claims<C: DeserializeOwned>(payload: &[u8]) -> Result<C, KeyError> {
    serde_json::from_slice(payload).map_err(|_| KeyError::Invalid)
}

/// The encoded header of our own tokens.
pub(super) fn header(algorithm: Algorithm, kid: &str, typ: &str) -> String {
    let mut header = Map::from_iter([("alg".to_owned(), Value::from(algorithm.name()))]);
    if !kid.is_empty() {
        header.insert("kid".to_owned(), Value::from(kid));
    }
    header.insert("typ".to_owned(), Value::from(typ));
    encode(Value::Object(header).to_string())
}

/// Header and claims as they are signed.
pub(super) fn unsigned(header: &str, claims: &impl Serialize) -> Result<String, KeyError> {
    let payload = serde_json::to_vec(claims).map_err(|_| KeyError::Sign)?;
    // Room for the signature of an RSA key of 2048 bits.
    let mut token = String::with_capacity(header.len() + payload.len() * 4 / 3 + 352);
    token.push_str(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(&payload, &mut token);
    Ok(token)
}

/// The token with its signature.
pub(super) fn signed(mut unsigned: String, signature: &[u8]) -> String {
    unsigned.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut unsigned);
    unsigned
}
