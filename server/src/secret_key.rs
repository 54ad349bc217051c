//! The key that seals secrets in the database: where it comes from, and `lockgate rotate-secret`.
//!
//! The file in the data folder has one key a line. The first one seals and opens, any other only opens: while one key is
//! replaced by another there are two, so that whatever interrupts it, the next start opens what is stored.

use crate::{serve::connect, settings::Settings};
use lockgate_engine::ports::Clock;
use lockgate_identity::{
    schedule::SILENCE,
    system::{SystemClock, SystemRandom, alphanumeric},
};
use lockgate_store::{Resealed, SealKey, Store};
use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// File of the data folder that keeps the keys, where none is set.
pub(crate) const FILE: &str = "secret_key";

/// Shorter ones could be guessed.
const SHORTEST: usize = 16;

const MADE_LENGTH: usize = 64;

/// The keys of an installation.
#[derive(Clone)]
pub(crate) struct SecretKeys {
    /// Seals and opens.
    first: String,
    /// These open.
    others: Vec<String>,
    /// Where the first one lies; none where it is a setting.
    file: Option<PathBuf>,
}

impl SecretKeys {
    /// The keys of the settings, else those in the data folder, if any have been made.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(crate) fn known(settings: &Settings) -> Result<Option<Self>, String> {
        let path = settings.data_dir.join(FILE);
        let mut known = match &settings.secret_key {
            Some(key) => Self { first: long_enough("secret_key", key)?, others: Vec::new(), file: None },
            None => match std::fs::read_to_string(&path) {
                Ok(text) => Self::of_file(&text, path)?,
                Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
                Err(e) => return Err(format!("{}: {e}", path.display())),
            },
        };
        if let Some(other) = &settings.secret_key_other {
            known.others.push(long_enough("secret_key_other", other)?);
        }
        Ok(Some(known))
    }

    /// As [`Self::known`]; one that there is not yet is made, and kept in the data folder.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(crate) fn known_or_new(settings: &Settings) -> Result<Self, String> {
        if let Some(known) = Self::known(settings)? {
            return Ok(known);
        }
        let path = settings.data_dir.join(FILE);
        let told = |e: io::Error| format!("{}: {e}", path.display());
        DirBuilder::new().recursive(true).mode(0o700).create(&settings.data_dir).map_err(told)?;
        // `create_new`: of two processes that start together one makes the key, the other reads it.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(mut file) => {
                file.write_all(new_key().as_bytes()).and_then(|()| file.sync_all()).map_err(told)?;
            }
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(told(e)),
        }
        Self::known(settings)?.ok_or_else(|| format!("{}: the key was removed meanwhile", path.display()))
    }

    fn of_file(text: &str, path: PathBuf) -> Result<Self, String> {
        let mut keys = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned);
        let first = keys.next().unwrap_or_default();
        let known = Self { first, others: keys.collect(), file: Some(path.clone()) };
        if std::iter::once(&known.first).chain(&known.others).any(|key| key.len() < SHORTEST) {
            return Err(format!("{}: the key is too short; restore the file from a backup", path.display()));
        }
        Ok(known)
    }

    /// What seals with the first of them, and opens with all.
    ///
    /// # Errors
    /// When the library refuses.
    pub(crate) fn seal(&self) -> Result<SealKey, String> {
        let told = |e| format!("secret_key: {e}");
        let first = SealKey::derive(self.first.as_bytes()).map_err(told)?;
        self.others.iter().try_fold(first, |seal, other| seal.opening(other.as_bytes())).map_err(told)
    }

    /// Whether there is more than one.
    pub(crate) fn are_several(&self) -> bool {
        !self.others.is_empty()
    }

    /// Where the key is.
    pub(crate) fn place(&self) -> String {
        match &self.file {
            Some(file) => format!("the file {}", file.display()),
            None => "the setting LOCKGATE_SECRET_KEY".to_owned(),
        }
    }
}

fn long_enough(name: &str, key: &str) -> Result<String, String> {
    if key.len() < SHORTEST {
        let variable = name.to_uppercase();
        return Err(format!("{name} (LOCKGATE_{variable}): it must have at least {SHORTEST} characters"));
    }
    Ok(key.to_owned())
}

fn new_key() -> String {
    alphanumeric(&SystemRandom, MADE_LENGTH)
}

/// `rotate-secret`.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn rotate(settings: &Settings) -> Result<(), String> {
    let keys = SecretKeys::known(settings)?;
    let keys = keys.ok_or_else(|| "there is no secret key yet, and nothing that it seals".to_owned())?;
    let Some(path) = keys.file.clone() else { return rotate_settings(settings, &keys).await };
    if settings.secret_key_other.is_some() {
        let text = "LOCKGATE_SECRET_KEY_OTHER is set beside the key of the data folder: take it out of the settings first, so \
                    that it is not taken for a key that is being replaced";
        return Err(text.to_owned());
    }
    let store = connect(settings, &keys, false).await?;
    let (keys, old) = match keys.others.first() {
        // Begun before, and interrupted.
        Some(old) => (keys.clone(), old.clone()),
        None => {
            nobody_runs(&store).await?;
            let old = keys.first.clone();
            let both = SecretKeys { first: new_key(), others: vec![old.clone()], file: keys.file };
            replace(&path, &[&both.first, &old])?;
            (both, old)
        }
    };
    store.close().await.map_err(|e| e.to_string())?;
    reseal(settings, &keys).await?;
    let kept = path.with_file_name(format!("{FILE}.{}.old", SystemClock.now().format("%Y%m%dT%H%M%SZ")));
    replace(&kept, &[&old])?;
    replace(&path, &[&keys.first])?;
    println!("{} has a new key.", path.display());
    println!("Backups that were made until now open with the old one only, which is in {}.", kept.display());
    Ok(())
}

/// Both keys are settings: the servers have them too, and go on.
async fn rotate_settings(settings: &Settings, keys: &SecretKeys) -> Result<(), String> {
    if !keys.are_several() {
        let text = "the secret key is a setting. Set LOCKGATE_SECRET_KEY to the new key and LOCKGATE_SECRET_KEY_OTHER to \
                    the old one, here and for all servers, and run this again; docs/backup.md has the steps that need no \
                    pause";
        return Err(text.to_owned());
    }
    reseal(settings, keys).await?;
    println!(
        "Everything is sealed with LOCKGATE_SECRET_KEY. LOCKGATE_SECRET_KEY_OTHER can go, here and for all servers."
    );
    println!("Backups that were made until now open with the old key only: keep it as long as you keep them.");
    Ok(())
}

/// Servers that run know only the old key, and could not read what is sealed with another one.
async fn nobody_runs(store: &Store) -> Result<(), String> {
    let alive = store.workers().since(SystemClock.now() - SILENCE).await.map_err(|e| e.to_string())?;
    match alive.first() {
        None => Ok(()),
        Some(process) => Err(format!(
            "a server or worker runs, or was killed a moment ago ({}): stop all of them first; one that was killed counts \
             as running for {} s",
            process.id,
            SILENCE.num_seconds()
        )),
    }
}

async fn reseal(settings: &Settings, keys: &SecretKeys) -> Result<(), String> {
    let store = connect(settings, keys, false).await?;
    store.migrate().await.map_err(|e| format!("database: {e}"))?;
    // Servers that seal with the new key may have written meanwhile; what they wrote is found sealed.
    let done = store.reseal().await.map_err(|e| e.to_string())?;
    store.close().await.map_err(|e| e.to_string())?;
    tell(&done);
    Ok(())
}

fn tell(done: &Resealed) {
    for column in &done.columns {
        println!("{:<26} {:>8} sealed anew", column.column, column.resealed);
        if !column.unreadable.is_empty() {
            let (count, keys) = (column.unreadable.len(), column.unreadable.iter().take(5).cloned());
            let keys: Vec<String> = keys.collect();
            eprintln!("warning: {}: {count} are sealed with neither key, and stay: {}", column.column, keys.join(", "));
        }
    }
    for (column, rows) in &done.elsewhere {
        eprintln!(
            "warning: {column}: {rows} rows hold what looks sealed, and were left alone: no secrets are kept there"
        );
    }
}

/// Writes a file that only its owner can read, in one step.
fn replace(path: &Path, keys: &[&str]) -> Result<(), String> {
    // Another name each time: what a crash has left behind is in nobody's way.
    let draft = path.with_extension(format!("{}.partial", alphanumeric(&SystemRandom, 8)));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(keys.join("\n").as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    })();
    written.map_err(|e: io::Error| format!("{}: {e}", path.display()))
}
