//! What can go wrong between a repository and its database, told apart as far as callers act on it.

use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// The error of every method of this crate. Callers answer [`Self::Unique`], [`Self::Conflict`],
/// [`Self::NotFound`], [`Self::TooLong`] and [`Self::Unstorable`] to whoever asked; the others are ours.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another row already has this value.
    #[error("{field} is already taken")]
    Unique {
        /// The field as the API names it.
        field: String,
    },
    /// The configuration was changed by somebody else in between.
    #[error("the configuration is at revision {current}, not at {expected}")]
    Conflict {
        /// The revision that the change was made for.
        expected: i64,
        /// The revision that the database is at.
        current: i64,
    },
    /// Another node laid a commit down meanwhile, which may be a later one.
    #[error("another node has laid down a commit meanwhile")]
    Outpaced,
    /// Somebody else has become the first administrator meanwhile.
    #[error("this installation was set up by somebody else meanwhile")]
    SetUp,
    /// The row to change does not exist.
    #[error("no such {what}")]
    NotFound {
        /// The noun.
        what: &'static str,
    },
    /// The row points at another one that does not exist.
    #[error("refers to something that does not exist")]
    Dangling,
    /// A text is longer than its column.
    #[error("{field} is longer than {max} characters")]
    TooLong {
        /// The field as the API names it.
        field: &'static str,
        /// The limit, in characters; in bytes for JSON.
        max: usize,
    },
    /// A text holds a NUL character, which PostgreSQL cannot keep.
    #[error("{field} holds a character that cannot be stored")]
    Unstorable {
        /// The field as the API names it.
        field: &'static str,
    },
    /// A secret could not be sealed, or does not open: wrong key, or a row that was tampered with.
    #[error("the sealed secret of {what} does not open with this installation's secret key")]
    Seal {
        /// Whose secret.
        what: String,
    },
    /// The schema is that of a later release.
    #[error(
        "the database has been used by a later release of Lockgate: its schema has {migration}, which this one does not \
         know; start that release, or restore a backup of this one"
    )]
    Newer {
        /// A migration that is not known here.
        migration: String,
    },
    /// Two secret keys are set, and nothing tells which of them codes on paper were made with.
    #[error("two secret keys are set before the first start of this release; start it once with the old one alone")]
    TooManyKeys,
    /// A row that this program cannot have written.
    #[error("the database holds something unreadable in {what}")]
    Corrupt {
        /// Table and column.
        what: String,
    },
    /// The database's files are broken.
    #[error(
        "the database is damaged ({reason}): stop what uses it, put its files aside (the secret key stays), and run \
         `lockgate restore` with a backup"
    )]
    Damaged {
        /// What the database says.
        reason: String,
    },
    /// The database address or its folder is of no use.
    #[error("the database address is of no use: {reason}")]
    Address {
        /// Why, without the password.
        reason: String,
    },
    /// The database took too long.
    #[error("the database did not answer within {0:?}")]
    Timeout(Duration),
    /// No connection, or too many wait for one; worth another try later.
    #[error("the database is not available: {reason}")]
    Unavailable {
        /// What the driver says.
        reason: String,
    },
    /// Anything else the database said.
    #[error("database: {0}")]
    Database(DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(text)) => {
                return Self::Unique { field: unique_field(&text) };
            }
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => return Self::Dangling,
            _ => {}
        }
        let Some(cause) = cause(&error) else {
            return match error {
                DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Unavailable { reason: error.to_string() },
                // A row whose columns are of other types than ours.
                DbErr::Type(what) => Self::Corrupt { what },
                _ => Self::Database(error),
            };
        };
        match Trouble::of(cause) {
            Trouble::Temporary => Self::Unavailable { reason: error.to_string() },
            Trouble::Damage => Self::Damaged { reason: error.to_string() },
            Trouble::Row => Self::Corrupt { what: error.to_string() },
            Trouble::Other => Self::Database(error),
        }
    }
}

/// What the driver said, where it was the driver.
fn cause(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}

/// What an error of the driver means for whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The same statement may succeed a moment later.
    Temporary,
    /// The files are broken.
    Damage,
    /// A row cannot be read.
    Row,
    /// Anything else.
    Other,
}

impl Trouble {
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Temporary,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Row,
            sqlx::Error::Database(answer) => answer.code().map_or(Self::Other, |code| Self::by_code(&code)),
            _ => Self::Other,
        }
    }

    /// Codes of PostgreSQL have five characters, those of SQLite are smaller numbers, whose last byte says which family.
    fn by_code(code: &str) -> Self {
        let sqlite = code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|code| code & 0xff);
        match (sqlite, code) {
            // Busy, locked, an error of the disk, a full disk, a file that cannot be opened.
            (Some(5 | 6 | 10 | 13 | 14), _) => Self::Temporary,
            // Malformed, and no database at all.
            (Some(11 | 26), _) => Self::Damage,
            // Serialisation failure, deadlock, lock or statement timeout, a full disk, no memory, too many connections,
            // shutting down, an error of the disk.
            (
                None,
                "40001" | "40P01" | "55P03" | "57014" | "53100" | "53200" | "53300" | "57P01" | "57P02" | "57P03",
            )
            | (None, "58030") => Self::Temporary,
            (None, "XX001" | "XX002") => Self::Damage,
            _ => Self::Other,
        }
    }
}

/// Reads the field out of the driver's message: `UNIQUE constraint failed: users.uuid` from SQLite,
/// `… violates unique constraint "uq_users__uuid"` from PostgreSQL, `…"users_pkey"` for primary keys.
fn unique_field(message: &str) -> String {
    let last = message.rsplit(": ").next().unwrap_or(message).rsplit(", ").next();
    let name = match message.split('"').nth(1) {
        Some(index) => index.rsplit("__").next().unwrap_or(index),
        None => last.and_then(|column| column.rsplit('.').next()).unwrap_or_default(),
    };
    match name {
        "username_norm" => "username",
        "key_hash" => "key",
        "id" | "id_hash" | "code_hash" => "pk",
        name if name.ends_with("_pkey") => "pk",
        name => name,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Trouble, unique_field};

    #[test]
    fn codes_of_both_databases_tell_what_may_pass_and_what_is_broken() {
        // SQLITE_BUSY_SNAPSHOT, SQLITE_IOERR_WRITE, SQLITE_FULL; a full disk and a timeout of PostgreSQL.
        for code in ["5", "517", "778", "13", "53100", "57014"] {
            assert_eq!(Trouble::by_code(code), Trouble::Temporary, "{code}");
        }
        // SQLITE_CORRUPT_VTAB, SQLITE_NOTADB, SQLITE_CORRUPT_INDEX; a broken page of PostgreSQL.
        for code in ["11", "267", "26", "779", "XX001"] {
            assert_eq!(Trouble::by_code(code), Trouble::Damage, "{code}");
        }
        // SQLITE_READONLY, and classes of PostgreSQL whose last byte as a number would say something else.
        for code in ["8", "42601", "22005", "00010"] {
            assert_eq!(Trouble::by_code(code), Trouble::Other, "{code}");
        }
    }

    #[test]
    fn both_databases_name_the_same_field() {
        let sqlite = "error returned from database: UNIQUE constraint failed: users.username_norm";
        let postgres = "duplicate key value violates unique constraint \"uq_users__username_norm\"";
        assert_eq!(unique_field(sqlite), "username");
        assert_eq!(unique_field(postgres), "username");
        let two = "UNIQUE constraint failed: documents.kind, documents.name";
        assert_eq!(unique_field(two), "name");
        assert_eq!(unique_field("… unique constraint \"uq_documents__name\""), "name");
        assert_eq!(unique_field("… unique constraint \"sessions_pkey\""), "pk");
        assert_eq!(unique_field("UNIQUE constraint failed: sessions.id_hash"), "pk");
    }
}
