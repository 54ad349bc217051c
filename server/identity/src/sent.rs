//! What becomes of something that is sent to somewhere else, and asking services by HTTP.
//!
//! As everywhere where an address was configured: no redirects are followed, nothing is waited for longer than some
//! seconds, and no answer is read without a limit.

use lockgate_store::StoreError;
use reqwest::{Client, Response, redirect::Policy};
use std::{sync::OnceLock, time::Duration};
use thiserror::Error;

/// Why something was not sent.
#[derive(Debug, Error)]
pub enum SendError {
    /// It never will be: what would have to be sent, or where, is gone or wrong.
    #[error("{0}")]
    Never(String),
    /// It may be another time.
    #[error("{0}")]
    NotNow(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How long a service may take to answer, unless a request says otherwise.
const PATIENCE: Duration = Duration::from_secs(8);

/// What asks services that are known by an address; made when it is first needed.
static SERVICES: OnceLock<Option<Client>> = OnceLock::new();

/// What asks services that are known by an address; nothing where no connection can be made at all.
pub(crate) fn services() -> Option<&'static Client> {
    let make = || {
        let agent = concat!("Lockgate/", env!("CARGO_PKG_VERSION"));
        let http = Client::builder().user_agent(agent).redirect(Policy::none());
        http.timeout(PATIENCE).connect_timeout(PATIENCE).pool_max_idle_per_host(1).build().ok()
    };
    SERVICES.get_or_init(make).as_ref()
}

/// An error with what it comes from. Its address is left out, which may hold a secret.
pub(crate) fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

/// The body of an answer; nothing where it breaks off or is longer than `most` bytes.
pub(crate) async fn body(mut answer: Response, most: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.ok()? {
        body.extend_from_slice(&part);
        if body.len() > most {
            return None;
        }
    }
    Some(body)
}
