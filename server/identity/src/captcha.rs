//! Services of captchas: reCAPTCHA, hCaptcha, Turnstile, and what is asked as they are. One POST with the secret and the
//! token, answered by a small JSON object.

use crate::{net::is_loopback, sent};
use lockgate_model::kinds::{CaptchaStage, RequestContentType};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, net::IpAddr, time::Duration};
use thiserror::Error;
use url::Url;

/// How long a service may take, while a person waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest answer that is read, in bytes. It is kept in the plan.
const LONGEST: usize = 8 << 10;

/// Why it is not known what a service makes of a token. Nothing of the request is named, which holds the secret.
#[derive(Debug, Error)]
pub(crate) enum CaptchaError {
    /// No HTTP client could be made.
    #[error("no connection can be made")]
    Unusable,
    /// No connection, or no answer in time.
    #[error("{0}")]
    Http(String),
    /// An answer that is none.
    #[error("it answered {0}")]
    Status(reqwest::StatusCode),
    /// Its address is none, or would show the secret to whoever is on the way.
    #[error("its address is not one of https")]
    Address,
    /// Something else than an object in JSON, or one without end.
    #[error("it answered no JSON object of at most {LONGEST} bytes")]
    Unreadable,
}

impl From<reqwest::Error> for CaptchaError {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(sent::told(error))
    }
}

/// What the service of a stage answers to a token that a browser at this address was given.
///
/// # Errors
/// [`CaptchaError`].
pub(crate) async fn verify(stage: &CaptchaStage, token: &str, ip: IpAddr) -> Result<Map<String, Value>, CaptchaError> {
    let ip = ip.to_canonical().to_string();
    let fields = [("secret", stage.private_key.as_str()), ("response", token), ("remoteip", &ip)];
    let http = sent::services().ok_or(CaptchaError::Unusable)?;
    let request = http.post(address(&stage.api_url)?).timeout(PATIENCE);
    let request = match stage.request_content_type {
        RequestContentType::Form => request.form(&fields),
        RequestContentType::Json => request.json(&BTreeMap::from(fields)),
    };
    let answer = request.send().await?;
    if !answer.status().is_success() {
        return Err(CaptchaError::Status(answer.status()));
    }
    let text = sent::body(answer, LONGEST).await.ok_or(CaptchaError::Unreadable)?;
    match serde_json::from_slice(&text) {
        Ok(Value::Object(answer)) => Ok(answer),
        _ => Err(CaptchaError::Unreadable),
    }
}

/// Where the secret goes: over TLS, or to this machine.
fn address(text: &str) -> Result<Url, CaptchaError> {
    let url = Url::parse(text).map_err(|_| CaptchaError::Address)?;
    let here = url.host_str().is_some_and(is_loopback);
    if url.scheme() == "https" || url.scheme() == "http" && here { Ok(url) } else { Err(CaptchaError::Address) }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn the_secret_goes_over_tls_or_nowhere() {
        assert!(address("https://captcha.example.com/verify").is_ok() && address("http://127.0.0.1:8080/").is_ok());
        for text in ["http://captcha.example.com/verify", "ftp://localhost/", "captcha", ""] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
