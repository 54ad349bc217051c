//! Files of SQLite that hold a backup: made beside where they will lie, and put there whole; looked at before they are used.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{ConnectOptions as _, Connection as _};

/// What follows a file of SQLite around.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file system.
    #[error("{path}: {error}", path = path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What it says.
        error: io::Error,
    },
    /// It is there already.
    #[error("{}: the file exists; --force replaces it", .0.display())]
    Exists(PathBuf),
    /// SQLite does not read it.
    #[error("{path}: this is no database of SQLite, or it is damaged: {reason}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// A running process has it open, or had it when it was killed: some of it lies in another file.
    #[error(
        "{}: this database is in use, or was when it was copied: part of it is in the file beside it that ends in -wal; \
         make a backup by `lockgate backup`", .0.display()
    )]
    InUse(PathBuf),
    /// It is a database of somebody else.
    #[error("{}: this is a database, but none of Lockgate", .0.display())]
    NotOurs(PathBuf),
}

/// A backup in the making. Dropped before it is finished, it leaves nothing behind.
#[derive(Debug)]
pub struct BackupFile {
    target: PathBuf,
    draft: PathBuf,
    is_finished: bool,
}

impl BackupFile {
    /// Begins an empty file beside `target`, which only its owner may read. `mark` tells it from those of others who do
    /// the same.
    ///
    /// # Errors
    /// [`FileError::Exists`] unless `force`; [`FileError::Io`].
    pub fn begin(target: &Path, mark: &str, force: bool) -> Result<Self, FileError> {
        if !force && target.exists() {
            return Err(FileError::Exists(target.to_owned()));
        }
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{mark}.partial"));
        let draft = target.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&draft).map_err(|error| FileError::Io { path: draft.clone(), error })?;
        Ok(Self { target: target.to_owned(), draft, is_finished: false })
    }

    /// The file to write to.
    #[must_use]
    pub fn draft(&self) -> &Path {
        &self.draft
    }

    /// The address of the file to write to.
    #[must_use]
    pub fn url(&self) -> String {
        Self::url_of(&self.draft)
    }

    /// The address of a file, as [`crate::DatabaseSettings`] has it.
    #[must_use]
    pub fn url_of(path: &Path) -> String {
        let path = path.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        format!("sqlite://{path}")
    }

    /// Makes one file of what was written, looks whether it is sound, and puts it into its place once it is on the
    /// disk.
    ///
    /// # Errors
    /// [`FileError::Damaged`], [`FileError::Exists`] unless `force`, [`FileError::Io`].
    pub async fn finish(mut self, force: bool) -> Result<(), FileError> {
        let failed = |error: sqlx::Error| damaged(&self.draft, &error);
        let options = SqliteConnectOptions::new().filename(&self.draft).journal_mode(SqliteJournalMode::Delete);
        options.connect().await.map_err(failed)?.close().await.map_err(failed)?;
        Self::check(&self.draft).await?;
        let told = |path: &Path, error| FileError::Io { path: path.to_owned(), error };
        File::open(&self.draft).and_then(|file| file.sync_all()).map_err(|error| told(&self.draft, error))?;
        if !force && self.target.exists() {
            return Err(FileError::Exists(self.target.clone()));
        }
        std::fs::rename(&self.draft, &self.target).map_err(|error| told(&self.target, error))?;
        self.is_finished = true;
        let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| told(folder, error))
    }

    /// Looks whether a file is a sound database of this program, without changing it.
    ///
    /// # Errors
    /// [`FileError::Io`], [`FileError::Damaged`], [`FileError::InUse`], [`FileError::NotOurs`].
    pub async fn check(path: &Path) -> Result<(), FileError> {
        File::open(path).map_err(|error| FileError::Io { path: path.to_owned(), error })?;
        if std::fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0) {
            return Err(FileError::InUse(path.to_owned()));
        }
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let mut connection = options.connect().await.map_err(|error| damaged(path, &error))?;
        let sound = look(&mut connection, path).await;
        connection.close().await.map_err(|error| damaged(path, &error))?;
        sound
    }
}

impl Drop for BackupFile {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        // Whoever made it has been told already why it is of no use.
        _ = std::fs::remove_file(&self.draft);
        for end in BESIDE {
            _ = std::fs::remove_file(beside(&self.draft, end));
        }
    }
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.to_owned().into_os_string();
    name.push(end);
    name.into()
}

async fn look(connection: &mut SqliteConnection, path: &Path) -> Result<(), FileError> {
    let failed = |error: sqlx::Error| damaged(path, &error);
    let said: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check(3)").fetch_all(&mut *connection).await.map_err(failed)?;
    if said != ["ok"] {
        return Err(FileError::Damaged { path: path.to_owned(), reason: said.join("; ") });
    }
    let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_optional(&mut *connection).await.map_err(failed)?;
    if dangling.is_some() {
        let reason = "rows refer to others that are not there".to_owned();
        return Err(FileError::Damaged { path: path.to_owned(), reason });
    }
    let ours =
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('seaql_migrations', 'installation')";
    let tables: i64 = sqlx::query_scalar(ours).fetch_one(connection).await.map_err(failed)?;
    if tables == 2 { Ok(()) } else { Err(FileError::NotOurs(path.to_owned())) }
}

fn damaged(path: &Path, error: &sqlx::Error) -> FileError {
    FileError::Damaged { path: path.to_owned(), reason: error.to_string() }
}
