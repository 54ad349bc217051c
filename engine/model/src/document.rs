//! A configuration object as it is stored and passed around before its kind is known.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Who an object belongs to (design 3); decides who may change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Shipped with the binary and untouched since: an upgrade renews it.
    Builtin,
    /// Declared in the configuration folder: read-only through API and UI.
    Folder,
    /// Made, or a builtin that was edited, through API or UI.
    Api,
}

impl Origin {
    /// The word stored in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::Folder => "folder",
            Self::Api => "api",
        }
    }

    /// Reads the word stored in the database; `None` for any other.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "builtin" => Some(Self::Builtin),
            "folder" => Some(Self::Folder),
            "api" => Some(Self::Api),
            _ => None,
        }
    }
}

/// Where in the configuration folder an object is declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Path relative to the folder, with `/` between parts.
    pub file: String,
    /// Line of the declaration, from 1.
    pub line: u32,
}

/// One configuration object of any kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Primary key; stable across renames.
    pub id: Uuid,
    /// Small integer key of kinds whose API addresses them by number (providers); unique per database.
    pub number: Option<i32>,
    /// `Meta::kind` of its declaration.
    pub kind: String,
    /// Name or slug; unique within its kind.
    pub name: String,
    /// Who it belongs to.
    pub origin: Origin,
    /// Its place in the configuration folder, for origin `folder`.
    pub source: Option<Source>,
    /// Stable identifier of builtin objects, as clients look them up.
    pub managed: Option<String>,
    /// The fields, in the kind's serialised form; references are UUIDs.
    pub body: Value,
    /// Rises by one with every change.
    pub version: i64,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it was last changed.
    pub updated: DateTime<Utc>,
}
