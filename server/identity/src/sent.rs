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
