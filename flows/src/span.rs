//! Places in text files.

use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// A stretch of one file. Lines and columns count from 1, columns in characters; line 0 means the
/// file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// Path relative to the folder, with `/` between parts.
    pub file: Arc<str>,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// The column behind the last character.
    pub end_column: u32,
}

impl Span {
    /// The file as a whole.
    #[must_use]
    pub fn whole(file: &str) -> Self {
        Self { file: file.into(), line: 0, column: 0, end_line: 0, end_column: 0 }
    }

    /// One character.
    #[must_use]
    pub fn at(file: &str, line: u32, column: u32) -> Self {
        Self { file: file.into(), line, column, end_line: line, end_column: column.saturating_add(1) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}
