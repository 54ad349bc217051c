//! The authorization request (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2.1), read and
//! checked before anybody is asked anything.

use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt::Write as _};
use thiserror::Error;
use url::{Url, form_urlencoded};

/// The longest request, in bytes.
pub const MAX_REQUEST: usize = 16 * 1024;

/// Parameters of one request; more are an attack.
const MAX_PARAMETERS: usize = 64;

/// What a client sent, each parameter at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters(BTreeMap<String, String>);

/// What is wrong with the parameters as such.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadParameters {
    /// Longer than [`MAX_REQUEST`], or too many.
    #[error("the request is too long")]
    TooLong,
    /// RFC 6749, section 3.1: parameters must not be included more than once.
    #[error("the parameter {0} is there more than once")]
    Twice(String),
}

impl Parameters {
    /// Reads a query or a form.
    ///
    /// # Errors
    /// When it is too long or a parameter is repeated.
    pub fn parse(text: &[u8]) -> Result<Self, BadParameters> {
        if text.len() > MAX_REQUEST {
            return Err(BadParameters::TooLong);
        }
        let mut map = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(text) {
            if map.len() >= MAX_PARAMETERS {
                return Err(BadParameters::TooLong);
            }
            let shown = || key.chars().filter(|c| !c.is_control()).take(64).collect();
            if map.insert(key.to_string(), value.into_owned()).is_some() {
                return Err(BadParameters::Twice(shown()));
            }
        }
        // RFC 6749, section 3.1: without a value is as if omitted.
        map.retain(|_, value| !value.is_empty());
        Ok(Self(map))
    }

    /// Whether nothing was sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A parameter's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The same request as a query.
    #[must_use]
    pub fn to_query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// What tells this request from every other: SHA-256 in hex, over its parameters in order.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for (key, value) in &self.0 {
            // Lengths keep `a=b&c` apart from `a` = `b&c`.
            for part in [key, value] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        hex(&hash.finalize())
    }
}

/// Errors that the client is told by a redirect, once its redirect URI is proven (RFC 6749, section
/// 4.1.2.1; OpenID Connect Core, section 3.1.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RedirectError {
    /// Something is missing or malformed.
    #[error("The request is malformed.")]
    InvalidRequest,
    /// Only codes are issued.
    #[error("Only the response type \"code\" is supported.")]
    UnsupportedResponseType,
    /// Request objects are not read (OpenID Connect Core, section 6).
    #[error("Request objects are not supported.")]
    RequestNotSupported,
    /// `prompt=none`, and nobody is signed in.
    #[error("The user is not signed in.")]
    LoginRequired,
    /// `prompt=none`, and somebody would have to be asked.
    #[error("The user has to be asked first.")]
    InteractionRequired,
    /// `prompt=none`, and access is denied.
    #[error("The user may not open this application.")]
    AccessDenied,
    /// Something of ours failed.
    #[error("The request could not be answered.")]
    ServerError,
}

impl RedirectError {
    /// The code of the protocol.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::RequestNotSupported => "request_not_supported",
            Self::LoginRequired => "login_required",
            Self::InteractionRequired => "interaction_required",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
        }
    }
}

/// When to ask, and what (OpenID Connect Core, section 3.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prompt {
    /// Show nothing: answer or fail.
    pub none: bool,
    /// Sign in again.
    pub login: bool,
}

/// A request whose client and redirect URI are proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// Where the answer goes: exactly one of the client's registered addresses.
    pub redirect_uri: String,
    /// Handed back untouched.
    pub state: Option<String>,
    /// Scopes that were asked for.
    pub scopes: Vec<String>,
    /// When to ask.
    pub prompt: Prompt,
    /// Seconds since the login at most.
    pub max_age: Option<i64>,
}

impl AuthorizeRequest {
    /// Checks everything that comes after the redirect URI.
    ///
    /// # Errors
    /// What the client is told.
    pub fn read(parameters: &Parameters, redirect_uri: &str) -> Result<Self, RedirectError> {
        if parameters.get("request").is_some() || parameters.get("request_uri").is_some() {
            return Err(RedirectError::RequestNotSupported);
        }
        match parameters.get("response_type") {
            Some("code") => {}
            Some(_) => return Err(RedirectError::UnsupportedResponseType),
            None => return Err(RedirectError::InvalidRequest),
        }
        if parameters.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(RedirectError::InvalidRequest);
        }
        let max_age = match parameters.get("max_age").map(str::parse::<i64>) {
            None => None,
            Some(Ok(seconds)) if seconds >= 0 => Some(seconds),
            Some(_) => return Err(RedirectError::InvalidRequest),
        };
        let scope = parameters.get("scope").unwrap_or_default();
        Ok(Self {
            redirect_uri: redirect_uri.to_owned(),
            state: parameters.get("state").map(str::to_owned),
            scopes: scope.split(' ').filter(|s| !s.is_empty()).map(str::to_owned).collect(),
            prompt: prompt(parameters.get("prompt").unwrap_or_default())?,
            max_age,
        })
    }

    /// The redirect with a code (RFC 6749, section 4.1.2) and the issuer (RFC 9207).
    #[must_use]
    pub fn success(&self, code: &str, issuer: &str) -> Option<Url> {
        answer(&self.redirect_uri, self.state.as_deref(), issuer, &[("code", code)])
    }
}

/// The redirect with an error (RFC 6749, section 4.1.2.1) and the issuer (RFC 9207).
#[must_use]
pub fn failure(redirect_uri: &str, state: Option<&str>, issuer: &str, error: RedirectError) -> Option<Url> {
    let description = error.to_string();
    answer(redirect_uri, state, issuer, &[("error", error.code()), ("error_description", &description)])
}

fn answer(redirect_uri: &str, state: Option<&str>, issuer: &str, pairs: &[(&str, &str)]) -> Option<Url> {
    let mut url = Url::parse(redirect_uri).ok()?;
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(pairs);
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", issuer);
    }
    Some(url)
}

fn prompt(text: &str) -> Result<Prompt, RedirectError> {
    let words: Vec<&str> = text.split(' ').filter(|w| !w.is_empty()).collect();
    let has = |word: &str| words.contains(&word);
    let known = words.iter().all(|w| matches!(*w, "none" | "login" | "consent" | "select_account"));
    // `none` with anything else is an error.
    if !known || (has("none") && words.len() > 1) {
        return Err(RedirectError::InvalidRequest);
    }
    Ok(Prompt { none: has("none"), login: has("login") || has("select_account") })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<AuthorizeRequest, RedirectError> {
        AuthorizeRequest::read(&Parameters::parse(query.as_bytes()).expect("parameters"), "https://app.test/cb?x=1")
    }

    #[test]
    fn a_request_is_read_or_refused_with_the_protocols_word() {
        let request = read("response_type=code&scope=openid%20email&state=s%26t&max_age=60").expect("a request");
        assert_eq!(request.scopes, ["openid", "email"]);
        assert_eq!(
            request.success("C0de", "https://auth.test/").map(String::from).as_deref(),
            Some("https://app.test/cb?x=1&code=C0de&state=s%26t&iss=https%3A%2F%2Fauth.test%2F")
        );
        for (query, code) in [
            ("", "invalid_request"),
            ("response_type=token", "unsupported_response_type"),
            ("response_type=code%20id_token", "unsupported_response_type"),
            ("response_type=code&request=x", "request_not_supported"),
            ("response_type=code&response_mode=fragment", "invalid_request"),
            ("response_type=code&max_age=-1", "invalid_request"),
            ("response_type=code&prompt=none%20login", "invalid_request"),
            ("response_type=code&prompt=maybe", "invalid_request"),
        ] {
            assert_eq!(read(query).map_err(RedirectError::code), Err(code), "{query}");
        }
        assert!(read("response_type=code&prompt=none").expect("a request").prompt.none);
    }

    #[test]
    fn parameters_are_there_once() {
        assert_eq!(Parameters::parse(b"a=1&a=2"), Err(BadParameters::Twice("a".into())));
        assert_eq!(Parameters::parse(&vec![b'a'; MAX_REQUEST + 1]), Err(BadParameters::TooLong));
        assert_eq!(Parameters::parse(b"a=&b=1").expect("parameters").to_query(), "b=1");
        assert!(Parameters::parse(b"").expect("parameters").is_empty());
    }

    #[test]
    fn fingerprints_tell_requests_apart_whatever_their_order() {
        let print = |query: &str| Parameters::parse(query.as_bytes()).expect("parameters").fingerprint();
        assert_eq!(print("a=1&b=2"), print("b=2&a=1"));
        assert_ne!(print("a=1&b=2"), print("a=1b&=2"));
        assert_ne!(print("a=12"), print("a1=2"));
    }
}
