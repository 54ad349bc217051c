//! What becomes of something that is sent to somewhere else.

use lockgate_store::StoreError;
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

/// An error with what it comes from.
pub(crate) fn told(error: reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}
