//! What the language asks of the world around it: which objects, groups, users and secrets exist.

use crate::{language::Loaded, process::ProcessEnvironment};
use chrono::{DateTime, Utc};
use lockgate_model::{Document, Origin};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::{File, Metadata},
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};
use uuid::Uuid;

/// An object that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Existing {
    /// Its primary key, which it keeps.
    pub id: Uuid,
    /// Who it belongs to. What belongs to the folder can be referred to only while it is declared there.
    pub origin: Origin,
}

/// The configuration objects that are stored.
pub trait Objects {
    /// The object of a kind with this name or slug.
    fn existing(&self, kind: &str, name: &str) -> Option<Existing>;
    /// Names of all objects of a kind that do not belong to the folder, for suggestions.
    fn names(&self, kind: &str) -> Vec<String>;
    /// The scope mappings that do not belong to the folder: scope and primary key.
    fn scopes(&self) -> Vec<(String, Uuid)>;
    /// Whether any object has this primary key.
    fn is_taken(&self, id: Uuid) -> bool;
}

/// The people that are stored.
pub trait Directory {
    /// Primary key of the group with this name.
    fn group(&self, name: &str) -> Option<Uuid>;
    /// Primary key of the user with this name.
    fn user(&self, username: &str) -> Option<i64>;
    /// Names of groups, for suggestions; may be cut short.
    fn group_names(&self) -> Vec<String>;
}

/// Where secrets are read from.
pub trait Secrets {
    /// The value of an environment variable.
    ///
    /// # Errors
    /// What is the matter with it, as in "which is not set".
    fn env(&self, name: &str) -> Result<String, String>;
    /// The content of a file, without the line break at its end.
    ///
    /// # Errors
    /// Why it cannot be read, without any of its content.
    fn file(&self, path: &str) -> Result<String, String>;
    /// What stands for a secret that is not there, where any value will do: its name, and the key that it is
    /// for. Nothing, so that a missing secret is an error.
    fn stand_in(&self, _name: &str, _key: &str) -> Option<String> {
        None
    }
}

/// Everything that [`crate::check`] asks.
#[derive(Clone, Copy)]
pub struct Lookups<'a> {
    /// Stored objects.
    pub objects: &'a dyn Objects,
    /// Stored people.
    pub directory: &'a dyn Directory,
    /// Secrets.
    pub secrets: &'a dyn Secrets,
    /// The built-in configuration that lies under the folder; `None` while that itself is loaded.
    pub builtin: Option<&'a Loaded>,
    /// The present moment, for `created` and `updated`.
    pub now: DateTime<Utc>,
}

/// A world in which nothing exists.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Objects for Nobody {
    fn existing(&self, _: &str, _: &str) -> Option<Existing> {
        None
    }
    fn names(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
    fn scopes(&self) -> Vec<(String, Uuid)> {
        Vec::new()
    }
    fn is_taken(&self, _: Uuid) -> bool {
        false
    }
}

impl Directory for Nobody {
    fn group(&self, _: &str) -> Option<Uuid> {
        None
    }
    fn user(&self, _: &str) -> Option<i64> {
        None
    }
    fn group_names(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Secrets for Nobody {
    fn env(&self, _: &str) -> Result<String, String> {
        Err(NOT_SET.to_owned())
    }
    fn file(&self, _: &str) -> Result<String, String> {
        Err("no files can be read here".to_owned())
    }
}

/// [`Objects`] over a list of documents.
#[derive(Debug, Default)]
pub struct StoredObjects {
    by_name: HashMap<String, BTreeMap<String, Existing>>,
    scopes: Vec<(String, Uuid)>,
    ids: HashSet<Uuid>,
}

impl StoredObjects {
    /// Indexes documents.
    #[must_use]
    pub fn new(documents: &[Document]) -> Self {
        let mut index = Self::default();
        for document in documents {
            let entry = Existing { id: document.id, origin: document.origin };
            index.by_name.entry(document.kind.clone()).or_default().insert(document.name.clone(), entry);
            index.ids.insert(document.id);
            if document.kind == "scope_mapping" && document.origin != Origin::Folder {
                let scope = document.body["scope_name"].as_str().unwrap_or_default();
                index.scopes.push((scope.to_owned(), document.id));
            }
        }
        index.scopes.sort();
        index
    }
}

impl Objects for StoredObjects {
    fn existing(&self, kind: &str, name: &str) -> Option<Existing> {
        self.by_name.get(kind)?.get(name).copied()
    }
    fn names(&self, kind: &str) -> Vec<String> {
        let all = self.by_name.get(kind).into_iter().flatten();
        all.filter(|(_, e)| e.origin != Origin::Folder).map(|(n, _)| n.clone()).collect()
    }
    fn scopes(&self) -> Vec<(String, Uuid)> {
        self.scopes.clone()
    }
    fn is_taken(&self, id: Uuid) -> bool {
        self.ids.contains(&id)
    }
}

/// The environment of the process as it was read at start, and files.
#[derive(Debug, Clone, Default)]
pub struct ProcessSecrets {
    environment: ProcessEnvironment,
    root: PathBuf,
    received: bool,
}

/// Longest secret accepted, in bytes.
const MAX_SECRET: u64 = 65_536;

/// What is the matter with a variable that is not there.
const NOT_SET: &str = "is not set";

impl ProcessSecrets {
    /// `root` is what relative paths start from: the configuration folder.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>, root: impl Into<PathBuf>) -> Self {
        Self::of(ProcessEnvironment::default().with(variables), root)
    }

    /// As [`Self::new`], knowing which variables and files are the process's own.
    pub fn of(environment: ProcessEnvironment, root: impl Into<PathBuf>) -> Self {
        Self { environment, root: root.into(), received: false }
    }

    /// For a folder that somebody sent, who need not be whoever runs this machine: the settings of the process are
    /// kept from it, with the files that they were read from, and so are files outside of [`SECRETS_FOLDER`] and of
    /// the root.
    #[must_use]
    pub fn of_received(self) -> Self {
        Self { received: true, ..self }
    }

    fn may_read(&self, path: &Path) -> bool {
        let within = |folder: &Path| match (path.canonicalize(), folder.canonicalize()) {
            (Ok(path), Ok(folder)) => path.starts_with(folder),
            _ => false,
        };
        !self.received || within(Path::new(SECRETS_FOLDER)) || (!self.root.as_os_str().is_empty() && within(&self.root))
    }

    /// Whether an open file is one that a setting was read from, by whatever path it was found.
    fn is_own(&self, file: &File) -> std::io::Result<bool> {
        let is = |one: &Metadata, other: &Metadata| one.dev() == other.dev() && one.ino() == other.ino();
        let found = file.metadata()?;
        Ok(self.environment.own_files().iter().filter_map(|own| own.metadata().ok()).any(|own| is(&own, &found)))
    }
}

/// Where container platforms put secrets.
const SECRETS_FOLDER: &str = "/run/secrets";

impl Secrets for ProcessSecrets {
    fn env(&self, name: &str) -> Result<String, String> {
        if self.received && self.environment.is_own_variable(name) {
            return Err("holds a setting of the server: a folder that was sent may not name these".to_owned());
        }
        self.environment.variable(name).cloned().ok_or_else(|| NOT_SET.to_owned())
    }

    fn file(&self, path: &str) -> Result<String, String> {
        let path = self.root.join(Path::new(path));
        // Before anything else, so that nobody learns which files there are.
        if !self.may_read(&path) {
            return Err(format!(
                "a folder that was sent may name files of {SECRETS_FOLDER} and of the configured folder"
            ));
        }
        if !path.is_file() {
            return Err("there is no such file".to_owned());
        }
        let mut text = String::new();
        let file = File::open(&path).map_err(|e| e.kind().to_string())?;
        if self.received && self.is_own(&file).map_err(|e| e.kind().to_string())? {
            return Err("a folder that was sent may name no file that a setting of the server is read from".to_owned());
        }
        file.take(MAX_SECRET + 1).read_to_string(&mut text).map_err(|e| e.kind().to_string())?;
        if text.len() as u64 > MAX_SECRET {
            return Err(format!("it is longer than {MAX_SECRET} bytes"));
        }
        let end = text.trim_end_matches(['\r', '\n']).len();
        text.truncate(end);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_was_sent_reaches_no_settings_and_no_other_files() {
        let variables = [("LOCKGATE_SECRET_KEY", "own"), ("GRAFANA_CLIENT_SECRET", "theirs")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let secrets = |root: PathBuf| ProcessSecrets::new(variables.clone(), root);
        let (own, sent) = (secrets(here.join("src")), secrets(here.join("src")).of_received());
        assert_eq!(own.env("LOCKGATE_SECRET_KEY").as_deref(), Ok("own"));
        assert!(sent.env("LOCKGATE_SECRET_KEY").is_err_and(|why| why.starts_with("holds a setting")));
        assert_eq!(sent.env("GRAFANA_CLIENT_SECRET").as_deref(), Ok("theirs"));
        assert!(sent.file("span.rs").is_ok());
        for outside in ["../Cargo.toml", "/etc/hostname", "/etc/none"] {
            let refused = sent.file(outside).expect_err("outside");
            assert!(refused.starts_with("a folder that was sent"), "{outside}: {refused}");
        }
        assert!(own.file("../Cargo.toml").is_ok());
        // Without a configured folder there is no root.
        assert!(secrets(PathBuf::new()).of_received().file("Cargo.toml").is_err());
    }
    #[test]
    fn a_folder_that_was_sent_reaches_nothing_that_settings_were_read_from() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["key", "token", "theirs"] {
            std::fs::write(at(name), name).expect("a file");
        }
        std::os::unix::fs::symlink(at("key"), at("link")).expect("a link");
        std::fs::hard_link(at("key"), at("other-name")).expect("a link");
        let variables = ["KEY", "THEIRS"].map(|name| (name.to_owned(), "x".to_owned()));
        let environment = ProcessEnvironment::from(BTreeMap::from(variables));
        let environment = environment.keeping([at("link"), at("token"), at("none")], ["KEY".to_owned()]);
        let own = ProcessSecrets::of(environment, folder.path());
        let sent = own.clone().of_received();
        for path in ["key", "./key", "link", "other-name", "token"] {
            let refused = sent.file(path).expect_err(path);
            assert!(refused.contains("a setting of the server"), "{path}: {refused}");
            assert!(own.file(path).is_ok(), "{path}: whoever owns the machine may");
        }
        assert_eq!(sent.file("theirs").as_deref(), Ok("theirs"));
        assert!(sent.env("KEY").is_err_and(|why| why.contains("a setting of the server")));
        assert!(own.env("KEY").is_ok() && sent.env("THEIRS").is_ok());
    }
}
