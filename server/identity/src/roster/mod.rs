//! People in bulk: a table of accounts (CSV, RFC 4180) read into the directory, and the directory written as one.
//!
//! What is read goes in by transactions of a thousand accounts, each with groups, attributes and password hash or not
//! there at all. An account that is there already as its row says is left alone, so that an import that was
//! interrupted goes on when it is begun again.

pub mod cells;
mod columns;
mod export;
mod gate;
mod import;

pub use export::ExportError;
pub use gate::{Gate, Refused};
pub use import::{Imported, Outcome, Remark, Wish};

use csv::StringRecord;
use thiserror::Error;

/// Why nothing at all was read.
#[derive(Debug, Error)]
pub enum RosterError {
    /// The first line does not say what the columns are.
    #[error("line 1: {0}")]
    Header(String),
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    File(#[from] std::io::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] lockgate_store::StoreError),
    /// Whether somebody may do this could not be told.
    #[error("what is permitted could not be told: {0}")]
    Gate(Box<dyn std::error::Error + Send + Sync>),
}

impl From<csv::Error> for RosterError {
    fn from(error: csv::Error) -> Self {
        let text = error.to_string();
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Self::File(error),
            _ => Self::Header(text),
        }
    }
}

/// The columns of a table with a header of these names.
fn header(names: &StringRecord) -> Result<Vec<columns::Column>, RosterError> {
    columns::read(names).map_err(RosterError::Header)
}
