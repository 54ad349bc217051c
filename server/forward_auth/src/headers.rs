//! The identity headers that tell an application who is there.
//!
//! Values are UTF-8, sent as its bytes (RFC 9110, section 5.5, `obs-text`), as applications know them.
//! Control characters are percent-encoded, and so is a `|` inside a group's name, since `|` joins
//! groups; a `%` that would read as such an encoding becomes `%25`, so that no value can pass for
//! another. A value that grows out of bounds is left out whole, never cut: a cut name is another name.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use lockgate_model::{Principal, kinds::ProxyProvider};
use serde_json::{Map, Value};

/// The longest value of a header, in bytes.
const MAX_VALUE: usize = 4 * 1024;

/// The longest list of groups or entitlements, and the longest token, in bytes.
const MAX_LONG: usize = 16 * 1024;

/// Headers that `additionalHeaders` may add.
const MAX_ADDITIONAL: usize = 64;

/// What the headers say beside the claims.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Who.
    pub principal: &'a Principal,
    /// What the provider's mappings make of that.
    pub claims: &'a Map<String, Value>,
    /// At which provider.
    pub provider: &'a ProxyProvider,
    /// Slug of its application.
    pub app: &'a str,
    /// Name of the outpost.
    pub outpost: &'a str,
    /// Address of the provider's key set.
    pub jwks: &'a str,
    /// The signed token.
    pub jwt: &'a str,
}

/// Builds the headers of a permission.
#[must_use]
pub fn build(about: &About<'_>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    let user = &about.principal.user;
    let claim = |name: &str, own: &str| match about.claims.get(name) {
        Some(Value::String(text)) => value(text, MAX_VALUE),
        Some(_) => HeaderValue::from_static(""),
        None => value(own, MAX_VALUE),
    };
    let groups = match about.claims.get("groups") {
        Some(list) => join(strings(list)),
        None => join(about.principal.groups.iter().map(|g| g.name.as_str())),
    };
    let entitlements = about.claims.get("entitlements").map_or_else(empty, |list| join(strings(list)));
    let mut put = |name: &'static str, value: HeaderValue| headers.insert(HeaderName::from_static(name), value);
    put("x-authentik-username", claim("preferred_username", &user.username));
    put("x-authentik-groups", groups);
    put("x-authentik-entitlements", entitlements);
    put("x-authentik-email", claim("email", &user.email));
    put("x-authentik-name", claim("name", &user.name));
    put("x-authentik-uid", value(&about.principal.uid, MAX_VALUE));
    put(JWT, value(about.jwt, MAX_LONG));
    put("x-authentik-meta-jwks", value(about.jwks, MAX_VALUE));
    put("x-authentik-meta-outpost", value(about.outpost, MAX_VALUE));
    put("x-authentik-meta-provider", value(&about.provider.name, MAX_VALUE));
    put("x-authentik-meta-app", value(about.app, MAX_VALUE));
    put("x-authentik-meta-version", HeaderValue::from_static(VERSION));
    let attributes = attributes(about);
    if let Some(basic) = basic(about.provider, attributes, &user.email) {
        headers.insert(header::AUTHORIZATION, basic);
    }
    if let Some(Value::Object(more)) = attributes.get("additionalHeaders") {
        additional(&mut headers, more);
    }
    headers
}

/// Name of the header with the signed token.
const JWT: &str = "x-authentik-jwt";

/// The headers of a permission as they are kept: the values lie behind each other in one block, which takes half the
/// memory of as many.
#[derive(Debug)]
pub(crate) struct KeptHeaders(HeaderMap);

impl KeptHeaders {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut block = BytesMut::with_capacity(headers.values().map(HeaderValue::len).sum());
        headers.values().for_each(|value| block.extend_from_slice(value.as_bytes()));
        let mut block = block.freeze();
        // A copy has no more room than it needs.
        let mut kept = headers.clone();
        for value in kept.values_mut() {
            // Bytes of a value are one.
            let Ok(mut part) = HeaderValue::from_maybe_shared(block.split_to(value.len())) else { continue };
            part.set_sensitive(value.is_sensitive());
            *value = part;
        }
        Self(kept)
    }

    /// All of them. To copy them is faster than to put them together for every answer.
    pub(crate) fn all(&self) -> HeaderMap {
        self.0.clone()
    }

    /// The signed token; `None` where it was too long for a header.
    pub(crate) fn jwt(&self) -> Option<&str> {
        self.0.get(JWT)?.to_str().ok().filter(|token| !token.is_empty())
    }
}

/// Value of `X-authentik-meta-version`.
const VERSION: &str = concat!("goauthentik.io/outpost/", env!("CARGO_PKG_VERSION"));

/// What the proxy mapping tells of the user's attributes; without that mapping all of them.
fn attributes<'a>(about: &About<'a>) -> &'a Map<String, Value> {
    let told = about.claims.get("ak_proxy").and_then(|proxy| proxy.get("user_attributes"));
    told.and_then(Value::as_object).unwrap_or(&about.principal.attributes)
}

/// A Basic header (RFC 7617) from the attributes that the provider names.
fn basic(provider: &ProxyProvider, attributes: &Map<String, Value>, email: &str) -> Option<HeaderValue> {
    if !provider.basic_auth_enabled {
        return None;
    }
    let attribute = |name: &str| attributes.get(name).filter(|_| !name.is_empty()).and_then(plain_text);
    let user = attribute(&provider.basic_auth_user_attribute).unwrap_or_else(|| email.to_owned());
    let password = attribute(&provider.basic_auth_password_attribute).unwrap_or_default();
    // A colon would move the border between the two; RFC 7617, section 2, forbids it and controls.
    let unfit = user.contains(':') || [&user, &password].iter().any(|t| t.chars().any(char::is_control));
    if unfit || (user.is_empty() && password.is_empty()) || user.len() + password.len() > MAX_VALUE / 2 {
        return None;
    }
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Adds the headers that an administrator has given to a user or group.
fn additional(headers: &mut HeaderMap, more: &Map<String, Value>) {
    for (name, given) in more.iter().take(MAX_ADDITIONAL) {
        let Some(text) = plain_text(given) else { continue };
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        if name.as_str().len() <= 128 && !is_reserved(name.as_str()) {
            headers.insert(name, value(&text, MAX_VALUE));
        }
    }
}

/// Headers that are ours, the connection's or the answer's. Gateways that pass headers as variables
/// (RFC 3875, section 4.1.18) cannot tell `_` from `-`, so neither do we.
fn is_reserved(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "cookie",
        "date",
        "host",
        "keep-alive",
        "location",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "server",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "www-authenticate",
    ];
    let name = name.to_ascii_lowercase().replace('_', "-");
    name.starts_with("x-authentik") || NAMES.contains(&name.as_str())
}

/// Texts and whole numbers, as the contract wants.
fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn empty() -> HeaderValue {
    HeaderValue::from_static("")
}

/// One value; empty when it is too long.
fn value(text: &str, limit: usize) -> HeaderValue {
    let mut encoded = String::new();
    let text = if needs_encoding(text, false) {
        encode(&mut encoded, text, false);
        encoded.trim()
    } else {
        text.trim()
    };
    if text.len() > limit {
        return empty();
    }
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or_else(|_| empty())
}

/// Names joined by `|`; those that no longer fit are left out, whole.
fn join<'a>(names: impl Iterator<Item = &'a str>) -> HeaderValue {
    let mut all = String::new();
    for name in names.filter(|name| !name.is_empty()) {
        let before = all.len();
        if before > 0 {
            all.push('|');
        }
        encode(&mut all, name, true);
        if all.len() > MAX_LONG {
            all.truncate(before);
        }
    }
    HeaderValue::from_bytes(all.as_bytes()).unwrap_or_else(|_| empty())
}

fn needs_encoding(text: &str, in_list: bool) -> bool {
    text.contains('%') || text.chars().any(|c| c.is_control() || (in_list && c == '|'))
}

fn encode(out: &mut String, text: &str, in_list: bool) {
    if !needs_encoding(text, in_list) {
        return out.push_str(text);
    }
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        let looks_encoded = c == '%'
            && bytes.get(at + 1).is_some_and(u8::is_ascii_hexdigit)
            && bytes.get(at + 2).is_some_and(u8::is_ascii_hexdigit);
        if c.is_control() || looks_encoded || (in_list && c == '|') {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        } else {
            out.push(c);
        }
    }
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
