//! The configuration in force: three layers (builtin, folder, API) merged, compiled, stored as a
//! revision and swapped in as a whole. What does not compile never comes into force; the last good
//! revision goes on, and [`Config::health`] says why.

mod accounts;
mod change;
mod client;
mod compile;
mod declared;
mod difference;
mod drift;
mod guards;
pub mod hosts;
mod import;
mod launch;
mod layers;
mod offline;
mod pairs;
mod proposal;
pub(crate) mod pull;
mod reading;
mod revise;
mod roles;
mod snapshot;
mod stand_ins;
mod trial;
pub(crate) mod watch;

pub(crate) use accounts::of as declared_account;
pub use change::{Change, ChangeError, draft, drop_reference};
pub use client::{Addresses, Client, ClientMapping};
pub use compile::CompileError;
pub use declared::GroupWrites;
use declared::in_the_making;
pub use drift::{DriftErrors, Edited, FolderState, Shipped};
pub use guards::{StillGuards, group_may_be_renamed, group_may_go};
pub use import::{ImportError, Prepared};
pub use layers::Refusal;
pub use offline::{OfflineFolder, check_folder, compile_folder};
pub use proposal::{Base, Proposal, Weighed};
pub use pull::PullHealth;
pub use reading::Texts;
pub use revise::{Applied, Desk, Note, Proposed, Told, told};
pub use snapshot::{App, Entitlement, MadeClaims, ProxyApp, Snapshot};
pub use stand_ins::StandIns;
pub use trial::{Trial, TrialProblem};

use crate::{
    feed::Feed,
    git::Mirror,
    journal::{Action, Entry, Journal},
    tuning::Tuning,
};
use arc_swap::ArcSwap;
use change::Planned;
use lockgate_engine::ports::{Clock, Random};
use lockgate_flows::ProcessEnvironment;
use lockgate_model::{Document, kind};
use lockgate_policies::{Places, Stopwatch, TextOrigin};
use lockgate_store::{ConfigChange, DocumentRef, NewGroup, RevisionMeta, RevisionOrigin, Store, StoreError};
use pull::{Laying, Puller};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use thiserror::Error;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard};
use uuid::Uuid;

/// Why there is no configuration to run with.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored does not compile; without a last good revision there is nothing to go on with.
    #[error("the stored configuration does not compile: {0}")]
    Compile(#[from] CompileError),
    /// The built-in configuration does not load, which a test shows not to happen.
    #[error("the built-in configuration does not load: {0}")]
    Builtin(String),
    /// The key that signs tokens could not be made.
    #[error(transparent)]
    Key(#[from] crate::keys::KeyError),
}

/// Where the configuration comes from.
pub(crate) struct Sources {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) journal: Journal,
    pub(crate) feed: Arc<Feed>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) mirror: Option<Mirror>,
    pub(crate) environment: ProcessEnvironment,
    pub(crate) places: Arc<dyn Places>,
    pub(crate) tuning: Tuning,
}

/// The revision that is stored, for who only looks.
pub(crate) async fn stored(
    store: &Store,
    clock: &dyn Clock,
    places: &Arc<dyn Places>,
) -> Result<Snapshot, ConfigError> {
    let began = Instant::now();
    let stopwatch: Stopwatch = Arc::new(move || began.elapsed());
    let (random, environment) = (&crate::system::SystemRandom, &ProcessEnvironment::default());
    layers::Start { store, clock, random, stopwatch: &stopwatch, environment, places }.stored().await
}

/// What readiness, metrics and operators are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigHealth {
    /// The revision in force.
    pub revision: i64,
    /// Why the folder, or a newer revision, is not in force.
    pub error: Option<String>,
    /// Whether the folder is held back, because somebody rolled back from it.
    pub held: bool,
    /// How it stands to the repository that it is pulled from, if it is.
    pub pull: Option<PullHealth>,
}

/// What keeps something newer from being in force.
#[derive(Debug, Default)]
struct Errors {
    /// The folder does not compile.
    folder: Option<String>,
    /// Nothing can be pulled.
    upstream: Option<String>,
    /// A revision that another node stored cannot be loaded.
    revision: Option<String>,
    /// The folder is held back.
    held: bool,
}

/// Whose trouble it is.
#[derive(Clone, Copy)]
enum Trouble {
    Folder,
    Upstream,
    Revision,
}

impl Errors {
    fn slot(&mut self, whose: Trouble) -> &mut Option<String> {
        match whose {
            Trouble::Folder => &mut self.folder,
            Trouble::Upstream => &mut self.upstream,
            Trouble::Revision => &mut self.revision,
        }
    }
}

/// What became of texts.
enum Laid {
    /// They are in force, or held back because somebody rolled back from them.
    InForce,
    /// They are not sound.
    Broken,
    /// The database did not take them.
    NotStored,
    /// Another node has laid down another commit meanwhile.
    Outpaced,
}

/// The configuration in force.
pub struct Config {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) journal: Journal,
    feed: Arc<Feed>,
    folder: Option<PathBuf>,
    puller: Option<Puller>,
    environment: ProcessEnvironment,
    stopwatch: Stopwatch,
    places: Arc<dyn Places>,
    tuning: Tuning,
    current: ArcSwap<Snapshot>,
    pub(super) writing: AsyncMutex<()>,
    /// Held by who changes what was read before, so that callers wait for each other instead of outpacing each other.
    editing: AsyncMutex<()>,
    errors: Mutex<Errors>,
    /// The fingerprint of the folder's text as it was laid down last; none when that failed.
    laid: Mutex<Option<String>>,
    /// What ships, and what was edited of it, as far as anybody has asked.
    shipped: Mutex<drift::KnownShipped>,
}

impl Config {
    pub(crate) async fn start(sources: Sources) -> Result<Self, ConfigError> {
        let Sources { store, clock, random, journal, feed, folder, mirror, environment, places, tuning } = sources;
        let began = Instant::now();
        let stopwatch: Stopwatch = Arc::new(move || began.elapsed());
        let start = layers::Start {
            store: &store,
            clock: &*clock,
            random: &*random,
            stopwatch: &stopwatch,
            environment: &environment,
            places: &places,
        };
        let texts = match &folder {
            Some(folder) => Some(Texts::read(folder).await?),
            None => None,
        };
        let layers::LoadedNow { snapshot, error, held } = start.load(texts.as_ref(), None).await?;
        let puller = mirror.map(|mirror| Puller::new(mirror, clock.now()));
        let config = Self {
            store,
            clock,
            random,
            journal,
            feed,
            folder,
            puller,
            environment,
            stopwatch,
            places,
            tuning,
            current: ArcSwap::from_pointee(snapshot),
            writing: AsyncMutex::new(()),
            editing: AsyncMutex::new(()),
            errors: Mutex::new(Errors { held, ..Errors::default() }),
            laid: Mutex::new(texts.as_ref().map(Texts::fingerprint)),
            shipped: Mutex::default(),
        };
        config.tuning.set(Arc::clone(&config.peek().settings));
        config.tell();
        if let Some(error) = error {
            config.broken(Trouble::Folder, &error);
        }
        Ok(config)
    }

    /// Waits until nobody else is between reading the configuration and changing what was read. Not needed for a
    /// change to be safe: one that was made from an older version is refused.
    pub async fn turn(&self) -> MutexGuard<'_, ()> {
        self.editing.lock().await
    }

    /// The configuration in force. Read it once a request and use it from start to end.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// As [`Self::snapshot`], without counting a reference: for the hot path.
    #[must_use]
    pub fn peek(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.current.load()
    }

    /// The configuration folder.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Whether this is the text that was laid down last, by whoever asked for it.
    pub(super) fn has_laid(&self, fingerprint: Option<&str>) -> bool {
        self.laid.lock().unwrap_or_else(PoisonError::into_inner).as_deref() == fingerprint
    }

    /// What is in force, and what keeps something newer from it.
    #[must_use]
    pub fn health(&self) -> ConfigHealth {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        ConfigHealth {
            revision: self.peek().revision,
            error: [&errors.folder, &errors.upstream, &errors.revision].into_iter().find_map(Clone::clone),
            held: errors.held,
            pull: self.puller.as_ref().map(|puller| puller.health(self.clock.now())),
        }
    }

    /// Reads the folder again, or pulls, and puts what is there into force; a broken one changes nothing, as
    /// [`Self::health`] tells.
    pub async fn reload_folder(&self) {
        if let Some(puller) = &self.puller {
            return self.pull(puller, true).await;
        }
        let Some(folder) = self.folder.as_deref() else { return };
        let _writing = self.writing.lock().await;
        let texts = Texts::read(folder).await;
        let fingerprint = texts.as_ref().ok().map(Texts::fingerprint);
        let laid = match texts {
            Ok(texts) => self.lay_down(&texts, None).await,
            Err(error) => {
                self.broken(Trouble::Folder, &error.to_string());
                Laid::NotStored
            }
        };
        // What the database kept from being laid down is tried again at the next look.
        let known = fingerprint.filter(|_| matches!(laid, Laid::InForce | Laid::Broken));
        *self.laid.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// Puts texts into force, by who holds the lock on writing.
    async fn lay_down(&self, texts: &Texts, laying: Option<&Laying>) -> Laid {
        match self.laying().load(Some(texts), laying).await {
            Ok(layers::LoadedNow { snapshot, error: None, held }) => {
                let changed = snapshot.revision != self.peek().revision;
                {
                    let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
                    (errors.folder, errors.held) = (None, held);
                }
                self.take_up(snapshot).await;
                if held {
                    tracing::warn!("the configuration folder is held back: somebody rolled back from this text");
                } else if changed {
                    tracing::info!(revision = self.peek().revision, "the configuration folder is in force");
                }
                Laid::InForce
            }
            Ok(layers::LoadedNow { error: Some(error), .. }) => {
                self.broken(Trouble::Folder, &error);
                Laid::Broken
            }
            Err(ConfigError::Store(StoreError::Outpaced)) => Laid::Outpaced,
            Err(error) => {
                self.broken(Trouble::Folder, &error.to_string());
                Laid::NotStored
            }
        }
    }

    /// What lays texts over what is stored.
    fn laying(&self) -> layers::Start<'_> {
        layers::Start {
            store: &self.store,
            clock: &*self.clock,
            random: &*self.random,
            stopwatch: &self.stopwatch,
            environment: &self.environment,
            places: &self.places,
        }
    }

    /// Puts what another node stored into force.
    pub(crate) async fn catch_up(&self) {
        let _writing = self.writing.lock().await;
        match self.store.documents().current_revision().await {
            Ok(revision) if revision == self.peek().revision => {}
            Ok(_) => match self.reload_locked().await {
                Ok(()) => self.look_whether_held().await,
                Err(error) => self.broken(Trouble::Revision, &error.to_string()),
            },
            Err(error) => tracing::warn!(%error, "the revision of the configuration cannot be read"),
        }
    }

    pub(super) async fn reload_locked(&self) -> Result<(), ConfigError> {
        let snapshot = self.laying().stored().await?;
        self.swap(snapshot);
        Ok(())
    }

    /// With a revision, somebody may have had the folder held back, or released it.
    pub(super) async fn look_whether_held(&self) {
        let laid = self.laid.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match self.store.documents().held().await {
            Ok(holds) => {
                let held = laid.is_some_and(|fingerprint| holds.contains(&fingerprint));
                self.errors.lock().unwrap_or_else(PoisonError::into_inner).held = held;
            }
            Err(error) => tracing::warn!(%error, "whether the folder is held back cannot be read"),
        }
    }

    /// Puts what a text made into force. It may have changed groups and accounts, too, which count from the next
    /// request on.
    async fn take_up(&self, snapshot: Snapshot) {
        self.swap(snapshot);
        self.feed.settle().await;
    }

    fn swap(&self, snapshot: Snapshot) {
        self.tuning.set(Arc::clone(&snapshot.settings));
        self.current.store(Arc::new(snapshot));
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).revision = None;
        self.tell();
    }

    fn tell(&self) {
        let revision = i32::try_from(self.peek().revision).map_or(f64::MAX, f64::from);
        metrics::gauge!("lockgate_snapshot_revision").set(revision);
        let broken = self.health().error.is_some();
        metrics::gauge!("lockgate_configuration_broken").set(f64::from(u8::from(broken)));
    }

    fn broken(&self, whose: Trouble, error: &str) {
        let known = {
            let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
            let slot = errors.slot(whose);
            let known = slot.as_deref() == Some(error);
            *slot = Some(error.to_owned());
            known
        };
        self.tell();
        if !known {
            tracing::error!("the configuration is not sound; the last good revision stays in force\n{error}");
            let entry = Entry::new(Action::ConfigurationError, "lockgate.configuration");
            self.journal.record(entry.with("message", error).with("revision", self.peek().revision));
        }
    }

    fn is_broken(&self, whose: Trouble) -> bool {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).slot(whose).is_some()
    }

    /// Answers whether there was any such trouble.
    fn mended(&self, whose: Trouble) -> bool {
        let was = self.errors.lock().unwrap_or_else(PoisonError::into_inner).slot(whose).take();
        self.tell();
        was.is_some()
    }

    async fn put_into_force(
        &self,
        base: &Snapshot,
        planned: Planned,
        author: String,
        change: &Change,
        new_groups: Vec<NewGroup>,
    ) -> Result<i64, ChangeError> {
        let mut documents: HashMap<Uuid, Document> =
            base.objects.iter().map(|o| (o.document.id, o.document.clone())).collect();
        for id in &planned.deletes {
            documents.remove(id);
        }
        documents.extend(planned.upserts.iter().map(|d| (d.id, d.clone())));
        let mut groups = self.store.groups().all().await?;
        groups.extend(new_groups.iter().map(in_the_making));
        let documents = documents.into_values().collect();
        let compiled = self.laying().compile(documents, base.revision, &groups, &|_, _| None).await;
        let mut snapshot = compiled.map_err(|error| refuse(error, change))?;
        let before: Vec<&Document> = base.objects.iter().map(|o| &o.document).collect();
        let meant = |d: &Document| change.deletes.contains(&d.id) || change.upserts.iter().any(|u| u.id == d.id);
        guards::check(&before, &snapshot.objects, &meant)?;
        let meta = RevisionMeta {
            author,
            origin: RevisionOrigin::Api,
            summary: format!("{} changed, {} deleted", planned.upserts.len(), planned.deletes.len()),
            git_commit: None,
            git_dirty: false,
            at: self.clock.now(),
        };
        let mut stored = stored_form(planned.upserts, planned.deletes, Some(base.revision));
        stored.new_groups = new_groups;
        snapshot.revision = self.store.documents().apply(stored, meta).await?;
        let revision = snapshot.revision;
        self.swap(snapshot);
        Ok(revision)
    }
}

/// A complaint about a document goes to whoever wrote it; one about another document is put to the
/// first document of the change, which caused it.
fn refuse(error: layers::CompileFailure, change: &Change) -> ChangeError {
    match error {
        layers::CompileFailure::Store(error) => ChangeError::Store(error),
        layers::CompileFailure::Unsound(error) => {
            let named = change
                .upserts
                .iter()
                .find(|d| matches!(&error, CompileError::Unsound(all) if all.iter().any(|u| u.document.id == d.id)));
            let named = named.or(change.upserts.first()).map(|d| (d.id, d.kind.as_str()));
            let (id, kind) = named.unwrap_or_default();
            ChangeError::Invalid { id, problems: error.problems_of(id, kind) }
        }
    }
}

/// What the store needs to know of changed documents: references and which values are secret.
fn stored_form(upserts: Vec<Document>, deletes: Vec<Uuid>, expected_revision: Option<i64>) -> ConfigChange {
    let mut refs = Vec::new();
    let mut sealed = HashMap::new();
    let accounts = upserts.iter().filter_map(accounts::of).collect();
    for document in &upserts {
        let Some(kind) = kind::by_name(&document.kind) else { continue };
        let found = kind.schema().references(&document.body);
        refs.extend(found.into_iter().enumerate().map(|(index, reference)| DocumentRef {
            from: document.id,
            to: reference.to,
            field: reference.field,
            index: u32::try_from(index).unwrap_or(u32::MAX),
        }));
        let secrets = kind.schema().secrets();
        if !secrets.is_empty() {
            sealed.insert(document.id, secrets);
        }
    }
    ConfigChange { upserts, deletes, refs, sealed, accounts, expected_revision, ..ConfigChange::default() }
}

/// Where a text of an object stands.
pub(super) type OriginOf<'a> = &'a (dyn Fn(Uuid, &str) -> Option<TextOrigin> + Send + Sync);
