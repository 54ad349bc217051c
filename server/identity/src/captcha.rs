//! Services of captchas: reCAPTCHA, hCaptcha, Turnstile, and what is asked as they are. One POST with the secret and the
//! token, answered by a small JSON object.

use crate::sent::told;
use lockgate_model::kinds::{CaptchaStage, RequestContentType};
use reqwest::{Client, redirect::Policy};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, net::IpAddr, sync::OnceLock, time::Duration};
use thiserror::Error;

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
    /// It answers without end.
    #[error("it answered more than {LONGEST} bytes")]
    TooLong,
    /// Something else than an object in JSON.
    #[error("it answered no JSON object")]
    Unreadable,
}

impl From<reqwest::Error> for CaptchaError {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(told(error.without_url()))
    }
}

/// Made when it is first needed: its certificates take memory.
static HTTP: OnceLock<Option<Client>> = OnceLock::new();

fn http() -> Result<&'static Client, CaptchaError> {
    let make = || {
        let agent = concat!("Lockgate/", env!("CARGO_PKG_VERSION"));
        let http = Client::builder().user_agent(agent).redirect(Policy::none());
        http.timeout(PATIENCE).connect_timeout(PATIENCE).pool_max_idle_per_host(1).build().ok()
    };
    HTTP.get_or_init(make).as_ref().ok_or(CaptchaError::Unusable)
}

/// What the service of a stage answers to a token that a browser at this address was given.
///
/// # Errors
/// [`CaptchaError`].
pub(crate) async fn verify(stage: &CaptchaStage, token: &str, ip: IpAddr) -> Result<Map<String, Value>, CaptchaError> {
    let ip = ip.to_canonical().to_string();
    let fields = [("secret", stage.private_key.as_str()), ("response", token), ("remoteip", &ip)];
    let request = http()?.post(&stage.api_url);
    let request = match stage.request_content_type {
        RequestContentType::Form => request.form(&fields),
        RequestContentType::Json => request.json(&BTreeMap::from(fields)),
    };
    let mut answer = request.send().await?;
    if !answer.status().is_success() {
        return Err(CaptchaError::Status(answer.status()));
    }
    let mut text = Vec::new();
    while let Some(part) = answer.chunk().await? {
        text.extend_from_slice(&part);
        if text.len() > LONGEST {
            return Err(CaptchaError::TooLong);
        }
    }
    match serde_json::from_slice(&text) {
        Ok(Value::Object(answer)) => Ok(answer),
        _ => Err(CaptchaError::Unreadable),
    }
}
