//! Requests as signed objects (RFC 9101; OpenID Connect Core, section 6.1): nobody on the way can have
//! changed them.

use crate::{
    client_auth::lifetime,
    request::{AuthorizeError, MAX_REQUEST, Parameters},
};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_identity::{
    config::Client,
    keys::{ForeignKeys, Verified},
};
use serde_json::{Map, Value, json};

/// How far in the future an object may end.
const LIFE: TimeDelta = TimeDelta::days(1);

/// Members that are about the object, not about the request (section 4).
const OWN: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "jti", "sub"];

/// The type of an object that says everything there is to say (section 10.8).
const WHOLE: &str = "oauth-authz-req+jwt";

/// Types that an object may say it is.
const TYPES: [&str; 2] = [WHOLE, "jwt"];

/// The parameters of the object alone (section 6.3), or over those beside it where the object is one of
/// OpenID Connect Core, which says nothing of its type and may leave something out (section 6.1 there).
///
/// # Errors
/// `invalid_request_object`, or `request_not_supported` for a client that has nothing to sign with.
pub(crate) fn read(
    object: &str,
    outer: &Parameters,
    client: &Client,
    issuer: &str,
    now: DateTime<Utc>,
) -> Result<Parameters, AuthorizeError> {
    let keys: Vec<&ForeignKeys> = client.keys.iter().collect();
    let secret = client.secret_keys();
    let keys: Vec<&ForeignKeys> = keys.into_iter().chain(&secret).collect();
    if keys.is_empty() {
        let text = "This client has no keys by which a request object could be verified.";
        return Err(AuthorizeError::new("request_not_supported", text));
    }
    let verified = keys.into_iter().find_map(|keys| keys.verify(object).ok());
    let Verified { header, claims } =
        verified.ok_or_else(|| wrong("The signature of the request object is not valid."))?;
    believed(&header, &claims, &client.client_id, issuer, now)?;
    let inner = parameters(&claims)?;
    if kind(&header).as_deref() == Some(WHOLE) {
        let same = inner.get("client_id") == Some(client.client_id.as_str());
        return if same { Ok(inner) } else { Err(wrong("The request object names another client (client_id).")) };
    }
    // OpenID Connect Core, section 6.1: what must stand outside as well must be the same.
    for name in ["client_id", "response_type"] {
        if inner.get(name).is_some_and(|inside| outer.get(name).is_some_and(|outside| outside != inside)) {
            return Err(wrong("The request object says something else than the request around it."));
        }
    }
    Ok(outer.without(&["request"]).overlaid(&inner))
}

/// Whether the object is what it says, from whom and for whom (sections 4 and 10.8).
fn believed(
    header: &Value,
    claims: &Map<String, Value>,
    client_id: &str,
    issuer: &str,
    now: DateTime<Utc>,
) -> Result<(), AuthorizeError> {
    let is = |name: &str| claims.get(name).and_then(Value::as_str);
    if kind(header).is_some_and(|kind| !TYPES.contains(&kind.as_str())) {
        return Err(wrong("The request object is of another type (typ)."));
    }
    // An assertion of the client is about itself; it must not pass for a request.
    if is("iss") != Some(client_id) || is("sub") == Some(client_id) {
        return Err(wrong("The request object must be issued by the client (iss)."));
    }
    let for_us = match claims.get("aud") {
        Some(Value::String(one)) => one == issuer,
        Some(Value::Array(many)) => many.iter().any(|one| one == issuer),
        _ => false,
    };
    if !for_us {
        return Err(wrong("The request object is not for this issuer (aud)."));
    }
    let mut timed = claims.clone();
    timed.entry("exp").or_insert_with(|| json!(now.timestamp()));
    lifetime(&timed, now, LIFE).ok_or_else(|| wrong("The request object has expired, or is not valid yet."))?;
    Ok(())
}

/// What the object says that it is, if it says so (RFC 7515, section 4.1.9).
fn kind(header: &Value) -> Option<String> {
    let kind = header.get("typ")?.as_str().unwrap_or_default().to_ascii_lowercase();
    Some(kind.strip_prefix("application/").map_or(kind.clone(), str::to_owned))
}

/// The members as parameters: numbers and objects are what `max_age` and `claims` are.
fn parameters(claims: &Map<String, Value>) -> Result<Parameters, AuthorizeError> {
    let mut pairs = Vec::new();
    for (name, value) in claims.iter().filter(|(name, _)| !OWN.contains(&name.as_str())) {
        // Section 4: an object holds no further one.
        if name == "request" || name == "request_uri" {
            return Err(wrong("A request object must not hold another request."));
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Object(_) => value.to_string(),
            Value::Null => continue,
            Value::Bool(_) | Value::Array(_) => return Err(wrong("A member of the request object is malformed.")),
        };
        pairs.push((name.clone(), text));
    }
    if pairs.iter().map(|(name, text)| name.len() + text.len()).sum::<usize>() > MAX_REQUEST {
        return Err(wrong("The request object is too long."));
    }
    Ok(Parameters::of(pairs))
}

fn wrong(why: &'static str) -> AuthorizeError {
    AuthorizeError::new("invalid_request_object", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_believed_from_its_client_for_its_issuer_in_its_time() {
        let now = DateTime::from_timestamp(1_000_000, 0).expect("a time");
        let good = json!({"iss": "app", "aud": ["x", "https://auth.test/"], "exp": 1_000_060});
        let judge = |header: Value, change: Value| {
            let mut claims = good.as_object().cloned().expect("a map");
            claims.extend(change.as_object().cloned().unwrap_or_default());
            claims.retain(|_, value| !value.is_null());
            believed(&header, &claims, "app", "https://auth.test/", now).map_err(|error| error.code)
        };
        for (header, change) in [
            (json!({}), json!({})),
            (json!({"typ": "oauth-authz-req+jwt"}), json!({"exp": null, "aud": "https://auth.test/"})),
            (json!({"typ": "JWT"}), json!({"sub": "somebody"})),
        ] {
            assert_eq!(judge(header, change), Ok(()));
        }
        for (header, change) in [
            (json!({"typ": "at+jwt"}), json!({})),
            (json!({"typ": 1}), json!({})),
            (json!({}), json!({"iss": "other"})),
            (json!({}), json!({"iss": null})),
            (json!({}), json!({"sub": "app"})),
            (json!({}), json!({"aud": null})),
            (json!({}), json!({"aud": "https://auth.test"})),
            (json!({}), json!({"exp": 900_000})),
            (json!({}), json!({"exp": 2_000_000})),
            (json!({}), json!({"exp": null, "nbf": 1_000_500})),
        ] {
            assert_eq!(judge(header.clone(), change.clone()), Err("invalid_request_object"), "{header} {change}");
        }
    }

    #[test]
    fn members_become_parameters() {
        let read = |value: Value| parameters(value.as_object().expect("a map")).map_err(|error| error.code);
        let made = read(json!({"iss": "app", "max_age": 60, "scope": "openid", "claims": {"userinfo": {}}, "x": null}));
        assert_eq!(
            made.expect("parameters").to_query(),
            "claims=%7B%22userinfo%22%3A%7B%7D%7D&max_age=60&scope=openid"
        );
        for bad in [json!({"request": "x"}), json!({"request_uri": "x"}), json!({"scope": ["a"]}), json!({"a": true})] {
            assert_eq!(read(bad.clone()), Err("invalid_request_object"), "{bad}");
        }
        assert_eq!(read(json!({"state": "x".repeat(MAX_REQUEST)})), Err("invalid_request_object"));
    }
}
