//! What lies on this machine: settings, the data folder, the secret key.

use super::{Case, report::Report};
use crate::settings::{Read, Settings, SettingsError};
use std::{fs::Metadata, os::unix::fs::PermissionsExt, path::Path};

const SETTINGS: &str = "settings";
const DATA: &str = "data";

/// The settings, if they can be used.
pub(super) fn settings(read: Result<Read, SettingsError>, report: &mut Report) -> Option<Settings> {
    let Read { settings, warnings } = match read {
        Ok(read) => read,
        Err(error) => {
            report.error(SETTINGS, error.to_string(), "correct the value; README.md has a table of all settings");
            return None;
        }
    };
    if warnings.is_empty() {
        report.ok(SETTINGS, "every variable is known, and every value fits");
    }
    for warning in warnings {
        report.warning(SETTINGS, warning, "correct or remove it");
    }
    if settings.public_url.as_deref().is_some_and(|url| url::Url::parse(url).is_err()) {
        report.error(SETTINGS, "public_url is no address", "set LOCKGATE_PUBLIC_URL such as https://auth.example.com");
    }
    Some(settings)
}

/// The folder that keeps the embedded database and the secret key.
pub(super) fn data(case: &mut Case<'_>) {
    let (settings, report) = (case.settings, &mut case.report);
    let folder = &settings.data_dir;
    let shown = folder.display();
    match std::fs::metadata(folder) {
        Ok(meta) if !meta.is_dir() => {
            return report.error(DATA, format!("{shown} is no folder"), "set LOCKGATE_DATA_DIR to a folder");
        }
        Ok(meta) if is_open(&meta) => {
            let found = format!("{shown} can be entered by other users of this machine (mode {:o})", mode(&meta));
            report.warning(DATA, found, format!("chmod 700 {shown}"));
        }
        Ok(meta) if meta.permissions().readonly() => {
            report.error(DATA, format!("{shown} cannot be written"), "let the server's user own it");
        }
        Ok(_) => report.ok(DATA, format!("{shown} belongs to its owner alone")),
        // Where key and database are elsewhere, nothing is kept there.
        Err(_) if settings.secret_key.is_some() && !settings.database().starts_with("sqlite:") => {}
        Err(error) => {
            let mend = "set LOCKGATE_DATA_DIR to the server's folder, and run this as the server's user";
            return report.error(DATA, format!("{shown}: {error}"), mend);
        }
    }
    if settings.secret_key.is_none() {
        key_file(&folder.join(crate::secret_key::FILE), report);
    }
    let database = folder.join("lockgate.db");
    if let Ok(meta) = std::fs::metadata(&database)
        && is_open(&meta)
    {
        let found = format!("{} can be read by others (mode {:o})", database.display(), mode(&meta));
        report.error(DATA, found, format!("chmod 600 {}", database.display()));
    }
}

fn key_file(path: &Path, report: &mut Report) {
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(meta) if is_open(&meta) => {
            let found = format!("the secret key {shown} can be read by others (mode {:o})", mode(&meta));
            report.error(DATA, found, format!("chmod 600 {shown}"));
        }
        Ok(_) => report.ok(DATA, format!("the secret key {shown} can be read by its owner alone")),
        Err(error) => {
            let mend = "start the server once, or restore the file from a backup: nothing sealed opens without it";
            report.error(DATA, format!("the secret key {shown}: {error}"), mend);
        }
    }
}

fn mode(meta: &Metadata) -> u32 {
    meta.permissions().mode() & 0o777
}

fn is_open(meta: &Metadata) -> bool {
    mode(meta) & 0o077 != 0
}
