//! What a process was started with, as far as a configuration may ask for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// What begins the names of the process's own settings.
const OWN_SETTINGS: [&str; 5] = ["LOCKGATE_", "AUTHENTIK_", "OTEL_", "POSTGRES_", "PG"];

/// The variables of the process, and which of them, and which files, its own settings were read from: a
/// configuration that somebody sent may not name these.
#[derive(Clone, Default)]
pub struct ProcessEnvironment {
    variables: BTreeMap<String, String>,
    own_variables: BTreeSet<String>,
    own_files: Vec<PathBuf>,
}

impl std::fmt::Debug for ProcessEnvironment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProcessEnvironment").field("own_files", &self.own_files).finish_non_exhaustive()
    }
}

impl From<BTreeMap<String, String>> for ProcessEnvironment {
    fn from(variables: BTreeMap<String, String>) -> Self {
        Self { variables, ..Self::default() }
    }
}

impl ProcessEnvironment {
    /// These, and what the process's own settings were read from beside variables of their names.
    #[must_use]
    pub fn keeping(
        mut self,
        files: impl IntoIterator<Item = PathBuf>,
        variables: impl IntoIterator<Item = String>,
    ) -> Self {
        self.own_files.extend(files);
        self.own_variables.extend(variables);
        self
    }

    /// These, with further variables.
    #[must_use]
    pub fn with(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.variables.extend(variables);
        self
    }

    /// The value of a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&String> {
        self.variables.get(name)
    }

    /// Whether a setting of the process is, or was read from, this variable.
    pub(crate) fn is_own_variable(&self, name: &str) -> bool {
        OWN_SETTINGS.iter().any(|prefix| name.starts_with(prefix)) || self.own_variables.contains(name)
    }

    /// The files that settings of the process were read from.
    pub(crate) fn own_files(&self) -> &[PathBuf] {
        &self.own_files
    }
}
