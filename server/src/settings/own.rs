//! What the settings were read from, which a configuration that somebody sent may not name.

use super::Settings;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Files and variables that settings were read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Own {
    /// The files.
    pub(crate) files: Vec<PathBuf>,
    /// Names of variables that others refer to by `env://`.
    pub(crate) variables: Vec<String>,
}

impl Own {
    /// Of settings that were read from this file and this environment.
    pub(super) fn of(settings: &Settings, file: &Path, environment: &BTreeMap<String, String>) -> Self {
        let mut own = Self {
            files: vec![file.to_owned(), settings.data_dir.join(crate::secret_key::FILE)],
            variables: Vec::new(),
        };
        let ours = |name: &str| name.starts_with("LOCKGATE_") || name.starts_with("AUTHENTIK_");
        for text in environment.iter().filter(|(name, _)| ours(name)).map(|(_, text)| text) {
            match super::environment::reference(text) {
                Some(("file", target, _)) => own.files.push(target.into()),
                Some((_, target, _)) => own.variables.push(target.to_owned()),
                None => {}
            }
        }
        // Whichever settings name a file, now or later: keys, certificates, databases of addresses.
        own.note_files(&serde_json::to_value(settings).unwrap_or_default());
        own
    }

    fn note_files(&mut self, value: &Value) {
        match value {
            Value::String(text) if Path::new(text).is_file() => self.files.push(text.into()),
            Value::Array(values) => values.iter().for_each(|value| self.note_files(value)),
            Value::Object(values) => values.values().for_each(|value| self.note_files(value)),
            _ => {}
        }
    }
}
