//! Who the client is (RFC 6749, section 2.3; RFC 7523, section 3; OpenID Connect Core, section 9).

use crate::endpoint::{Call, Refusal};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use http::header;
use lockgate_identity::{
    config::Client,
    journal::{Action, Entry},
    keys::{Unverified, Verified},
};
use serde_json::Value;
use std::sync::Arc;
use url::form_urlencoded;

/// `client_assertion_type` (RFC 7523, section 2.2).
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far clocks may differ.
pub(crate) const SKEW: TimeDelta = TimeDelta::seconds(60);

/// How far in the future an assertion may end: its identifier has to be remembered until then.
const ASSERTION_LIFE: TimeDelta = TimeDelta::hours(1);

/// The longest secret that is compared, in bytes.
const MAX_SECRET: usize = 1_024;

/// What a client sent to prove itself.
pub(crate) enum Presented {
    /// Nothing; right for public clients.
    Nothing,
    /// A secret.
    Secret(String),
    /// A signed assertion.
    Assertion(String),
}

/// A client that has proven itself as its registration wants, or has none to.
pub(crate) struct Authenticated {
    pub(crate) client: Arc<Client>,
    /// Whether it did more than to tell its name.
    pub(crate) proven: bool,
}

impl Call<'_> {
    /// The client of the request, authenticated.
    ///
    /// # Errors
    /// [`Refusal::Client`], always with the same words for an unknown client and a wrong secret.
    pub(crate) async fn client(&self) -> Result<Authenticated, Refusal> {
        let (client_id, presented) = self.presented()?;
        let Some(client) = self.snapshot.client(&client_id).cloned() else {
            return Err(self.failed("Client authentication failed."));
        };
        let proven = match presented {
            Presented::Assertion(assertion) => {
                self.assertion(&client, &assertion).await?;
                true
            }
            Presented::Secret(secret) if client.is_confidential() => {
                if !client.secret_matches(&secret) {
                    return Err(self.failed("Client authentication failed."));
                }
                true
            }
            Presented::Nothing if client.is_confidential() => {
                return Err(self.failed("Client authentication failed."));
            }
            // A public client has no secret; what it sends as one proves nothing.
            Presented::Nothing | Presented::Secret(_) => false,
        };
        Ok(Authenticated { client, proven })
    }

    /// What was sent, by exactly one method (RFC 6749, section 2.3).
    pub(crate) fn presented(&self) -> Result<(String, Presented), Refusal> {
        self.limits.may_try(self.peer.ip)?;
        let body_id = self.get("client_id");
        let basic = self.basic()?;
        let secret = self.get("client_secret");
        let assertion = self.get("client_assertion");
        if usize::from(basic.is_some()) + usize::from(secret.is_some()) + usize::from(assertion.is_some()) > 1 {
            return Err(Refusal::invalid_request("The client may authenticate by one method only."));
        }
        let (client_id, presented) = if let Some((id, secret)) = basic {
            (id, Presented::Secret(secret))
        } else if let Some(assertion) = assertion {
            if self.get("client_assertion_type") != Some(ASSERTION_TYPE) {
                return Err(Refusal::invalid_request("The client_assertion_type is not supported."));
            }
            let own = Unverified::of(assertion).ok().and_then(|own| Some(own.claims.get("sub")?.as_str()?.to_owned()));
            let id = body_id.map(str::to_owned).or(own).unwrap_or_default();
            (id, Presented::Assertion(assertion.to_owned()))
        } else {
            let id = body_id.unwrap_or_default().to_owned();
            let presented = secret.map_or(Presented::Nothing, |s| Presented::Secret(s.to_owned()));
            (id, presented)
        };
        if client_id.is_empty() {
            return Err(self.failed("Client authentication failed."));
        }
        if body_id.is_some_and(|id| id != client_id) {
            return Err(Refusal::invalid_request("The client_id is not that of the authenticated client."));
        }
        if let Some(client) = self.snapshot.client(&client_id) {
            let _ = self.named.set(Arc::clone(client));
        }
        match &presented {
            Presented::Secret(secret) if secret.len() > MAX_SECRET => Err(self.failed("Client authentication failed.")),
            _ => Ok((client_id, presented)),
        }
    }

    /// User name and password of a Basic header; both are form-encoded (RFC 6749, section 2.3.1).
    fn basic(&self) -> Result<Option<(String, String)>, Refusal> {
        let mut lines = self.headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = lines.next() else { return Ok(None) };
        // RFC 9110, section 5.3: there is one, and who sends two leaves open which of them counts.
        if lines.next().is_some() {
            return Err(Refusal::invalid_request("There must be one Authorization header."));
        }
        let text = value.to_str().unwrap_or_default();
        let Some((scheme, encoded)) = text.split_once(' ') else { return Ok(None) };
        if !scheme.eq_ignore_ascii_case("basic") {
            return Ok(None);
        }
        let decoded = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = decoded.as_deref().and_then(|text| text.split_once(':'));
        let (id, secret) = pair.ok_or_else(|| self.failed("The Authorization header is malformed."))?;
        let id = form_decoded(id);
        let known = self.snapshot.client(&id);
        // Many clients send the secret as it is; whichever form fits is the one that was meant.
        let decoded = form_decoded(secret);
        let plain = known.is_some_and(|client| client.secret_matches(secret));
        Ok(Some((id, if plain { secret.to_owned() } else { decoded })))
    }

    /// RFC 7523, section 3, and OpenID Connect Core, section 9.
    async fn assertion(&self, client: &Client, assertion: &str) -> Result<(), Refusal> {
        let wrong = |why: &'static str| self.failed(why);
        let verified = client.keys.as_ref().and_then(|keys| keys.verify(assertion).ok());
        let verified = match verified {
            Some(verified) => Some(verified),
            None => client.secret_keys().and_then(|keys| keys.verify(assertion).ok()),
        };
        let Verified { claims, .. } = verified.ok_or_else(|| wrong("The client assertion is not valid."))?;
        let is = |name: &str| claims.get(name).and_then(Value::as_str) == Some(client.client_id.as_str());
        if !is("iss") || !is("sub") {
            return Err(wrong("Issuer and subject of the client assertion must be the client."));
        }
        if !self.is_audience(client, claims.get("aud")) {
            return Err(wrong("The audience of the client assertion must be the token endpoint or the issuer."));
        }
        let expires = lifetime(&claims, self.now, ASSERTION_LIFE)
            .ok_or_else(|| wrong("The client assertion has expired, lives too long, or is not valid yet."))?;
        let jti = claims.get("jti").and_then(Value::as_str).filter(|jti| !jti.is_empty());
        let jti = jti.ok_or_else(|| wrong("The client assertion has no identifier (jti)."))?;
        let once = self.identity.store.once();
        if !once.first_use(&format!("assertion:{}", client.client_id), jti, expires).await? {
            let entry = Entry::new(Action::SuspiciousRequest, "lockgate.oauth2").from_ip(self.peer.ip);
            let entry = entry.with("message", "a client assertion was used twice");
            self.identity.journal.record(entry.with("client_id", client.client_id.clone()));
            return Err(wrong("The client assertion was used before."));
        }
        Ok(())
    }

    fn is_audience(&self, client: &Client, audience: Option<&Value>) -> bool {
        let issuer = self.issuer(client);
        let base = self.base();
        let accepted = |text: &str| {
            text == issuer || text == format!("{base}{}", self.path) || text == format!("{base}/application/o/token/")
        };
        match audience {
            Some(Value::String(one)) => accepted(one),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).any(accepted),
            _ => false,
        }
    }

    /// A failed attempt: counted, and told in the same words whatever was wrong.
    pub(crate) fn failed(&self, why: &'static str) -> Refusal {
        match self.limits.failed(self.peer.ip) {
            Ok(()) => Refusal::Client(why),
            Err(too_many) => too_many,
        }
    }
}

/// When a signed statement ends, if that is in the future and no further away than `longest`, and it was
/// not made in the future.
pub(crate) fn lifetime(
    claims: &serde_json::Map<String, Value>,
    now: DateTime<Utc>,
    longest: TimeDelta,
) -> Option<DateTime<Utc>> {
    let time = |name: &str| claims.get(name).map(|value| value.as_f64().map(|seconds| seconds as i64));
    let at = |seconds: i64| DateTime::from_timestamp(seconds, 0);
    let expires = at(time("exp")??)?;
    let early = ["iat", "nbf"].into_iter().filter_map(time);
    for moment in early {
        if at(moment?)? > now + SKEW {
            return None;
        }
    }
    (expires > now - SKEW && expires <= now + longest + SKEW).then_some(expires + SKEW)
}

fn form_decoded(text: &str) -> String {
    let pair = format!("x={}", text.replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes()).next().map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_of_basic_headers_are_form_encoded() {
        assert_eq!(form_decoded("a%2Bb+c%25"), "a+b c%");
        assert_eq!(form_decoded("a&b=c"), "a&b=c");
    }

    #[test]
    fn a_statement_counts_for_a_bounded_time() {
        let now = DateTime::from_timestamp(1_000_000, 0).expect("a time");
        let ends = |claims: Value| lifetime(claims.as_object().expect("a map"), now, TimeDelta::hours(1));
        assert!(ends(json!({"exp": 1_000_060})).is_some());
        assert!(ends(json!({"exp": 1_000_060.5, "iat": 1_000_010, "nbf": 999_000})).is_some());
        for wrong in [
            json!({}),
            json!({"exp": "1000060"}),
            json!({"exp": 999_000}),
            json!({"exp": 1_010_000}),
            json!({"exp": 1_000_060, "iat": 1_000_200}),
            json!({"exp": 1_000_060, "nbf": "soon"}),
        ] {
            assert_eq!(ends(wrong.clone()), None, "{wrong}");
        }
    }
}
