//! Reading the texts of a folder against what is stored: which objects, people and secrets they may name.

use super::{ConfigError, pairs};
use chrono::{DateTime, Utc};
use lockgate_flows::{Checked, Directory, Folder, Loaded, Lookups, ProcessEnvironment, ProcessSecrets, StoredObjects};
use lockgate_model::{Document, Group};
use lockgate_store::{Case, Store, StoreError};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use uuid::Uuid;

/// How often a folder that changes all the time is read again; whatever it says then is told by the next change.
const READINGS: usize = 10;

/// The texts of a folder, and where its secrets come from.
#[derive(Debug, Clone)]
pub struct Texts {
    /// The files.
    pub folder: Folder,
    /// Where relative paths of secrets start.
    pub root: PathBuf,
    /// Whether somebody sent it: then it may name fewer secrets, see [`ProcessSecrets::of_received`].
    pub received: bool,
}

impl Texts {
    /// Reads a folder, until it says the same twice: the listing of a folder may miss a file that is renamed
    /// meanwhile, and what a file declared would be gone for a moment, with all that people have by it.
    ///
    /// # Errors
    /// When the reading itself comes to an untimely end; what is wrong with files is told by [`Folder`].
    pub async fn read(root: &Path) -> Result<Self, ConfigError> {
        let path = root.to_path_buf();
        let read = move || {
            let once = || Self { folder: Folder::read(&path), root: path.clone(), received: false };
            let mut texts = once();
            for _ in 0..READINGS {
                let again = once();
                let is_the_same = again.fingerprint() == texts.fingerprint();
                texts = again;
                if is_the_same {
                    break;
                }
            }
            texts
        };
        tokio::task::spawn_blocking(read).await.map_err(|e| ConfigError::Builtin(e.to_string()))
    }

    /// The texts, hashed: two folders with the same are the same configuration.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for file in &self.folder.files {
            hash.update(file.path.as_bytes());
            hash.update([0]);
            hash.update(file.text.as_bytes());
            hash.update([0]);
        }
        hash.update(self.folder.diagnostics.len().to_be_bytes());
        hex::encode(hash.finalize())
    }
}

/// What is stored, as the language asks for it.
pub(super) struct Shelf {
    objects: StoredObjects,
    people: People,
    /// What ships with the binary.
    pub(super) builtin: Loaded,
    now: DateTime<Utc>,
}

impl Shelf {
    pub(super) fn new(documents: &[Document], groups: &[Group], now: DateTime<Utc>) -> Result<Self, ConfigError> {
        let objects = StoredObjects::new(&pairs::with_default(documents, now));
        let people = People::new(groups);
        let builtin = lockgate_flows::builtin(&objects, &people, now)
            .map_err(|d| ConfigError::Builtin(lockgate_flows::render(&d)))?;
        Ok(Self { objects, people, builtin, now })
    }

    /// Checks texts against it.
    pub(super) async fn check(
        &mut self,
        texts: &Texts,
        environment: &ProcessEnvironment,
        store: &Store,
    ) -> Result<Checked, ConfigError> {
        let secrets = ProcessSecrets::of(environment.clone(), &texts.root);
        let secrets = if texts.received { secrets.of_received() } else { secrets };
        let checked = self.checked(texts, &secrets);
        let asked = self.people.asked();
        if asked.is_empty() {
            return Ok(checked);
        }
        // Users are asked for by name while reading, which cannot wait for the database: read again
        // with those that were asked for.
        self.people.learn(store, asked).await?;
        Ok(self.checked(texts, &secrets))
    }

    fn checked(&self, texts: &Texts, secrets: &ProcessSecrets) -> Checked {
        let (objects, builtin, now) = (&self.objects, Some(&self.builtin), self.now);
        lockgate_flows::check(&texts.folder, &Lookups { objects, directory: &self.people, secrets, builtin, now })
    }
}

/// People as the language asks for them. Users are many: those that are asked for and not known yet are
/// noted, to be looked up before the next reading.
struct People {
    groups: HashMap<String, Uuid>,
    users: HashMap<String, i64>,
    asked: Mutex<BTreeSet<String>>,
}

impl People {
    fn new(groups: &[Group]) -> Self {
        let groups = groups.iter().map(|g| (g.name.clone(), g.pk)).collect();
        Self { groups, users: HashMap::new(), asked: Mutex::default() }
    }

    fn asked(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn learn(&mut self, store: &Store, names: BTreeSet<String>) -> Result<(), StoreError> {
        for name in names {
            if let Some(user) = store.users().by_username(&name, Case::Exact).await? {
                self.users.insert(name, user.pk);
            }
        }
        Ok(())
    }
}

impl Directory for People {
    fn group(&self, name: &str) -> Option<Uuid> {
        self.groups.get(name).copied()
    }

    fn user(&self, username: &str) -> Option<i64> {
        let found = self.users.get(username).copied();
        if found.is_none() {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(username.to_owned());
        }
        found
    }

    fn group_names(&self) -> Vec<String> {
        self.groups.keys().cloned().collect()
    }
}
