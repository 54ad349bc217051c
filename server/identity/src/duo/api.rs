//! Requests to Duo, signed as its documentation says (version 2): the HMAC-SHA-512 of date, method, host, path and
//! parameters, with the integration key as user name and the signature as password.

use crate::{
    net::{is_loopback, name_of},
    sent::{self, told},
};
use aws_lc_rs::hmac::{self, HMAC_SHA512};
use chrono::{DateTime, Utc};
use lockgate_model::kinds::AuthenticatorDuoStage;
use reqwest::{
    Method,
    header::{CONTENT_TYPE, DATE, HeaderValue},
};
use serde_json::Value;
use std::time::Duration;
use thiserror::Error;
use url::form_urlencoded::byte_serialize;

/// How long Duo may keep a question open that is asked about (it answers when there is something new).
const LONG_POLL: Duration = Duration::from_secs(25);

/// The longest answer that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// Duo's number of parameters that it does not take.
const WRONG_PARAMETERS: i64 = 40_002;

/// Why Duo did not answer what it was asked.
#[derive(Debug, Error)]
pub(crate) enum DuoError {
    /// Its host is none, or one to which secrets would go in the clear.
    #[error("the host of Duo's API is none")]
    Host,
    /// No connection, or no answer in time.
    #[error("Duo cannot be reached: {0}")]
    Http(String),
    /// It says no.
    #[error("Duo answered {status}, code {code}: {message}")]
    Refused {
        /// Status.
        status: u16,
        /// Duo's number of the error.
        code: i64,
        /// What it says.
        message: String,
    },
    /// It knows the name, and would not ask who has it.
    #[error("Duo knows the name already, and does not ask: {0}")]
    Known(String),
    /// It answers something else than its documentation says.
    #[error("Duo answered something unknown")]
    Odd,
}

impl DuoError {
    /// Whether it may be that a user of this name is there already: Duo has no number for that alone.
    pub(crate) fn may_be_known(&self) -> bool {
        matches!(self, Self::Refused { code: WRONG_PARAMETERS, .. })
    }
}

/// Duo's API, as somebody.
#[derive(Clone, Copy)]
pub(crate) struct Api<'a> {
    host: &'a str,
    key: &'a str,
    secret: &'a str,
    now: DateTime<Utc>,
}

impl<'a> Api<'a> {
    /// The Auth API of a stage.
    pub(crate) fn of(stage: &'a AuthenticatorDuoStage, now: DateTime<Utc>) -> Self {
        Self { host: &stage.api_hostname, key: &stage.client_id, secret: &stage.client_secret, now }
    }

    /// The Admin API of a stage, where it has one.
    pub(super) fn admin(stage: &'a AuthenticatorDuoStage, now: DateTime<Utc>) -> Option<Self> {
        let AuthenticatorDuoStage { api_hostname, admin_integration_key, admin_secret_key, .. } = stage;
        let known = !admin_integration_key.is_empty() && !admin_secret_key.is_empty();
        known.then_some(Self { host: api_hostname, key: admin_integration_key, secret: admin_secret_key, now })
    }

    pub(super) async fn post(&self, path: &str, params: &[(&str, &str)]) -> Result<Value, DuoError> {
        Ok(self.ask(Method::POST, path, params).await?["response"].take())
    }

    pub(super) async fn get(&self, path: &str, params: &[(&str, &str)]) -> Result<Value, DuoError> {
        Ok(self.whole(path, params).await?["response"].take())
    }

    /// An answer with what stands beside its content.
    pub(super) async fn whole(&self, path: &str, params: &[(&str, &str)]) -> Result<Value, DuoError> {
        self.ask(Method::GET, path, params).await
    }

    /// Scheme and host. On this machine itself, Duo's place may be taken by something without TLS.
    fn place(&self) -> Result<(&'static str, &str), DuoError> {
        let (scheme, host) = match (self.host.strip_prefix("http://"), self.host.strip_prefix("https://")) {
            (Some(host), _) => ("http", host),
            (None, Some(host)) => ("https", host),
            (None, None) => ("https", self.host),
        };
        let host = host.trim_end_matches('/');
        let clear = scheme == "http" && !is_loopback(name_of(host));
        if clear || host.is_empty() || !crate::net::valid_host(host) { Err(DuoError::Host) } else { Ok((scheme, host)) }
    }

    async fn ask(&self, method: Method, path: &str, params: &[(&str, &str)]) -> Result<Value, DuoError> {
        let (scheme, host) = self.place()?;
        let params = canonical(params);
        let date = self.now.to_rfc2822();
        let signature = self.signature(&[&date, method.as_str(), &host.to_ascii_lowercase(), path, &params].join("\n"));
        let http = sent::services().ok_or_else(|| DuoError::Http("no connection can be made".to_owned()))?;
        let request = match method {
            Method::GET => http.get(format!("{scheme}://{host}{path}?{params}")),
            _ => http
                .post(format!("{scheme}://{host}{path}"))
                .header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
                .body(params),
        };
        let request = request.basic_auth(self.key, Some(signature)).header(DATE, date).timeout(LONG_POLL);
        let answer = request.send().await.map_err(|error| DuoError::Http(told(error)))?;
        let status = answer.status();
        let body = sent::body(answer, LONGEST).await.ok_or(DuoError::Odd)?;
        let body: Value = serde_json::from_slice(&body).map_err(|_| DuoError::Odd)?;
        if status.is_success() && body["stat"] == "OK" {
            return Ok(body);
        }
        let message = body["message"].as_str().unwrap_or_default().chars().take(200).collect();
        Err(DuoError::Refused { status: status.as_u16(), code: body["code"].as_i64().unwrap_or_default(), message })
    }

    fn signature(&self, canonical: &str) -> String {
        let key = hmac::Key::new(HMAC_SHA512, self.secret.as_bytes());
        hex::encode(hmac::sign(&key, canonical.as_bytes()))
    }
}

/// Parameters in the order of their names, in the form of RFC 3986.
fn canonical(params: &[(&str, &str)]) -> String {
    let encoded = |text: &str| {
        let form: String = byte_serialize(text.as_bytes()).collect();
        form.replace('+', "%20").replace('*', "%2A").replace("%7E", "~")
    };
    let mut pairs: Vec<String> =
        params.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.sort();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Duo's documentation, whose key and date everybody may know.
    #[test]
    fn requests_are_signed_as_documented() {
        let now = DateTime::parse_from_rfc2822("Tue, 21 Aug 2012 17:29:18 -0000").expect("a date").to_utc();
        let (key, secret) = ("DIWJ8X6AEYOR5OMC6TQ1", "Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep");
        let api = Api { host: "api-xxxxxxxx.duosecurity.com", key, secret, now };
        let params = canonical(&[("username", "root"), ("realname", "First Last")]);
        assert_eq!(params, "realname=First%20Last&username=root");
        let text =
            ["Tue, 21 Aug 2012 17:29:18 -0000", "POST", "api-xxxxxxxx.duosecurity.com", "/accounts/v1/account/list"];
        let text = format!("{}\n{params}", text.join("\n"));
        let sha1 = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        let documented = hex::encode(hmac::sign(&sha1, text.as_bytes()));
        assert_eq!(documented, "2d97d6166319781b5a3a07af39d366f491234edc", "what is signed");
        assert!(api.signature(&text).starts_with("1bffb8924348f7db7da9e7d7d749ded9"), "by the longer hash");
        assert_eq!(canonical(&[("a", "~*+ /é")]), "a=~%2A%2B%20%2F%C3%A9");
    }

    #[test]
    fn secrets_go_in_the_clear_to_nobody_else() {
        let of = |host| {
            Api { host, key: "", secret: "", now: DateTime::UNIX_EPOCH }
                .place()
                .ok()
                .map(|(scheme, host): (&str, &str)| format!("{scheme}://{host}"))
        };
        assert_eq!(of("api.duo.example").as_deref(), Some("https://api.duo.example"));
        assert_eq!(of("https://api.duo.example/").as_deref(), Some("https://api.duo.example"));
        assert_eq!(of("http://127.0.0.1:8080").as_deref(), Some("http://127.0.0.1:8080"));
        for wrong in ["http://api.duo.example", "", "api.duo.example/path", "user@evil.example", "ftp://x"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
