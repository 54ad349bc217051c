//! Tokens bound to a key of the client (RFC 9449): the proof that comes with each request.

use crate::{
    client_auth::{SKEW, lifetime},
    endpoint::{Call, Refusal},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta};
use lockgate_identity::keys::{ForeignKeys, Unverified, thumbprint};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How old a proof may be (section 11.1).
const LIFE: TimeDelta = TimeDelta::minutes(5);

/// The header's name.
const HEADER: &str = "dpop";

impl Call<'_> {
    /// The thumbprint of the key that the request proves to hold; `None` without a proof.
    /// `access_token`: the token that the proof must name (section 4.3).
    ///
    /// # Errors
    /// `invalid_dpop_proof`.
    pub(crate) async fn dpop(&self, access_token: Option<&str>) -> Result<Option<String>, Refusal> {
        let mut lines = self.headers.get_all(HEADER).iter();
        let Some(proof) = lines.next() else { return Ok(None) };
        if lines.next().is_some() {
            return Err(wrong("There must be one DPoP proof."));
        }
        let proof = proof.to_str().map_err(|_| wrong("The DPoP proof is malformed."))?;
        let (jkt, claims) = signed(proof)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("htm") != Some(self.method.as_str()) {
            return Err(wrong("The DPoP proof is for another method (htm)."));
        }
        if !text("htu").is_some_and(|htu| self.is_here(htu)) {
            return Err(wrong("The DPoP proof is for another address (htu)."));
        }
        let made = claims.get("iat").and_then(Value::as_i64).and_then(|at| DateTime::from_timestamp(at, 0));
        let made = made.ok_or_else(|| wrong("The DPoP proof does not say when it was made (iat)."))?;
        if made > self.now + SKEW || made < self.now - LIFE {
            return Err(wrong("The DPoP proof is too old, or from the future (iat)."));
        }
        if claims.contains_key("exp") && lifetime(&claims, self.now, TimeDelta::hours(1)).is_none() {
            return Err(wrong("The DPoP proof has expired (exp)."));
        }
        if let Some(token) = access_token {
            let expected = URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()));
            let given = text("ath").unwrap_or_default();
            if !bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
                return Err(wrong("The DPoP proof is for another token (ath)."));
            }
        }
        let jti = text("jti").filter(|jti| (1..=256).contains(&jti.len()));
        let jti = jti.ok_or_else(|| wrong("The DPoP proof has no identifier (jti)."))?;
        if !self.identity.store.once().first_use(&format!("dpop:{jkt}"), jti, made + LIFE + SKEW).await? {
            return Err(wrong("The DPoP proof was used before (jti)."));
        }
        Ok(Some(jkt))
    }

    /// Whether an address is the one that was called, but for query and fragment (section 4.3).
    fn is_here(&self, htu: &str) -> bool {
        let without = |text: &str| {
            let mut url = url::Url::parse(text).ok()?;
            url.set_query(None);
            url.set_fragment(None);
            Some(url)
        };
        let here = format!("{}{}", self.base(), self.path);
        without(htu).is_some_and(|there| without(&here) == Some(there))
    }
}

/// The proof's claims, and the thumbprint of the key that signed it (section 4.2).
fn signed(proof: &str) -> Result<(String, Map<String, Value>), Refusal> {
    let Unverified { header, .. } = Unverified::of(proof).map_err(|_| wrong("The DPoP proof is malformed."))?;
    if header.get("typ").is_none_or(|typ| typ != "dpop+jwt") {
        return Err(wrong("The DPoP proof is not of type dpop+jwt."));
    }
    let jwk = header.get("jwk").unwrap_or(&Value::Null);
    let private = ["d", "p", "q", "dp", "dq", "qi", "k"].iter().any(|member| jwk.get(member).is_some());
    if !jwk.is_object() || private {
        return Err(wrong("The DPoP proof must carry a public key, and nothing else, in its header (jwk)."));
    }
    let jkt = thumbprint(jwk).map_err(|_| wrong("The key of the DPoP proof is not usable."))?;
    // The key carries no identifier of its own making: it is found because it is the only one.
    let mut bare = jwk.clone();
    if let Some(members) = bare.as_object_mut() {
        members.retain(|name, _| ["kty", "crv", "x", "y", "n", "e"].contains(&name.as_str()));
    }
    let keys = ForeignKeys::parse(&json!({"keys": [bare]}));
    let verified = keys.and_then(|keys| keys.verify(proof));
    let verified = verified.map_err(|_| wrong("The signature of the DPoP proof is not valid."))?;
    Ok((jkt, verified.claims))
}

fn wrong(why: &'static str) -> Refusal {
    Refusal::new("invalid_dpop_proof", why)
}
