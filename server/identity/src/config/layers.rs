//! The three layers, laid over each other: what ships with the binary, what the folder says, and what
//! was made through the API. Everything that comes from a text goes this way: proposed, compiled, guarded,
//! and stored in one transaction.

use super::{
    CompileError, ConfigError, OriginOf, Texts, Weighed, accounts,
    compile::{Surroundings, compile},
    guards::{self, StillGuards},
    offline::cedar_alone,
    pairs,
    proposal::{Base, Proposal, Source, is_of_text},
    pull::Laying,
    reading::Shelf,
    snapshot::Snapshot,
    stored_form,
};
use crate::git::Commit;
use lockgate_engine::ports::{Clock, Random};
use lockgate_flows::{Diagnostic, Loaded, ProcessEnvironment};
use lockgate_model::{Document, Group};
use lockgate_policies::{Places, Stopwatch};
use lockgate_store::{Pull, RevisionMeta, RevisionOrigin, Store, StoreError};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use thiserror::Error;
use uuid::Uuid;

/// How often somebody may have been faster before a load gives up.
const TRIES: usize = 3;

/// What loading needs.
pub(super) struct Start<'a> {
    pub(super) store: &'a Store,
    pub(super) clock: &'a dyn Clock,
    pub(super) random: &'a dyn Random,
    pub(super) stopwatch: &'a Stopwatch,
    pub(super) environment: &'a ProcessEnvironment,
    pub(super) places: &'a Arc<dyn Places>,
}

/// Why documents do not become a snapshot.
pub(super) enum CompileFailure {
    Store(StoreError),
    Unsound(CompileError),
}

impl From<StoreError> for CompileFailure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CompileFailure> for ConfigError {
    fn from(failure: CompileFailure) -> Self {
        match failure {
            CompileFailure::Store(error) => Self::Store(error),
            CompileFailure::Unsound(error) => Self::Compile(error),
        }
    }
}

/// Why a proposal cannot come into force.
#[derive(Debug, Error)]
pub enum Refusal {
    /// It is not sound.
    #[error("{}", lockgate_flows::render(.0))]
    Unsound(Vec<Diagnostic>),
    /// Something would open.
    #[error(transparent)]
    StillGuards(#[from] StillGuards),
    /// Somebody changed the configuration meanwhile.
    #[error("the configuration is at revision {current}, not at {expected}: somebody changed it; plan again")]
    Outdated {
        /// The revision that the caller knew.
        expected: i64,
        /// The revision in force.
        current: i64,
    },
    /// There is no way back.
    #[error(
        "there is no way back to revision {0}: there is none of this number, or what was changed since is not known any more"
    )]
    NoReturn(i64),
    /// It could not be weighed.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Config(error.into())
    }
}

/// What became of a load.
pub(super) struct LoadedNow {
    /// What to run with.
    pub(super) snapshot: Snapshot,
    /// What is wrong with the folder, if anything: then the snapshot is the last good revision.
    pub(super) error: Option<String>,
    /// Whether the folder is held back because somebody rolled back from it.
    pub(super) held: bool,
}

impl Start<'_> {
    /// The present revision as it is stored.
    pub(super) async fn stored(&self) -> Result<Snapshot, ConfigError> {
        let base = Base::read(self.store).await?;
        Ok(self.compile(base.documents, base.revision, &base.groups, &|_, _| None).await?)
    }

    /// Lays the layers over each other, stores what changed, and answers the snapshot to run with.
    pub(super) async fn load(&self, texts: Option<&Texts>, laying: Option<&Laying>) -> Result<LoadedNow, ConfigError> {
        let mut faster = None;
        // Another node may load the same folder, or somebody change something, at the same time.
        for _ in 0..TRIES {
            // Boxed, as is what follows: they carry whole configurations.
            match Box::pin(self.load_once(texts, laying)).await {
                Err(ConfigError::Store(error)) if is_race(&error) => faster = Some(error),
                other => return other,
            }
        }
        Err(faster.map_or_else(|| ConfigError::Builtin("nothing was loaded".to_owned()), ConfigError::Store))
    }

    async fn load_once(&self, texts: Option<&Texts>, laying: Option<&Laying>) -> Result<LoadedNow, ConfigError> {
        let fingerprint = texts.map(Texts::fingerprint);
        let holds = self.store.documents().held().await?;
        let held = fingerprint.as_ref().is_some_and(|f| holds.contains(f));
        let mut source = texts.filter(|_| !held).map_or(Source::Stored, Source::Texts);
        let mut error = None;
        let proposal = match self.propose(Base::read(self.store).await?, source, true).await {
            Err(Refusal::Unsound(diagnostics)) if texts.is_some() => {
                error = Some(lockgate_flows::render(&diagnostics));
                // A broken folder says nothing about what left it: all that it declared before stays.
                source = Source::Stored;
                self.propose(Base::read(self.store).await?, source, true).await
            }
            other => other,
        };
        let weighed = match self.weigh(proposal.map_err(ConfigError::from)?, true).await {
            Ok(weighed) => weighed,
            Err(Refusal::Config(error)) => return Err(error),
            Err(refusal) => {
                return Ok(LoadedNow { snapshot: self.stored().await?, error: Some(refusal.to_string()), held });
            }
        };
        for adopted in &weighed.proposal.adopted {
            tracing::info!(kind = adopted.kind, name = adopted.name, from = adopted.from.as_str(), "taken over");
        }
        let is_folder = matches!(source, Source::Texts(_));
        let meta = self.meta(&weighed.proposal, laying.map(|l| &l.commit).filter(|_| is_folder), is_folder);
        // Another text than the one that was rolled back from: from now on both may come into force.
        let release = (is_folder && !holds.is_empty()).then(Vec::new);
        // What is held back counts as laid down; what is broken does not.
        let pull = laying.map(|l| l.pull.clone()).filter(|_| error.is_none());
        let snapshot = Box::pin(self.store_weighed(weighed, meta, release, pull)).await?;
        Ok(LoadedNow { snapshot, error, held })
    }

    fn meta(&self, proposal: &Proposal, commit: Option<&Commit>, is_folder: bool) -> RevisionMeta {
        let summary = commit.map(|commit| commit.subject.clone()).filter(|subject| !subject.is_empty());
        RevisionMeta {
            author: commit.map_or_else(|| "lockgate".to_owned(), |commit| commit.author.clone()),
            origin: if is_folder { RevisionOrigin::Folder } else { RevisionOrigin::Start },
            summary: summary.unwrap_or_else(|| proposal.summary()),
            git_commit: commit.map(|commit| commit.hash.clone()),
            git_dirty: false,
            at: self.clock.now(),
        }
    }

    /// What a source makes of what is stored.
    pub(super) async fn propose(&self, base: Base, source: Source<'_>, to_store: bool) -> Result<Proposal, Refusal> {
        let now = self.clock.now();
        let mut shelf = Shelf::new(&base.documents, &base.groups, now)?;
        let folder = match source {
            Source::Texts(texts) => Some(self.sound(&mut shelf, texts).await?),
            Source::Stored => None,
        };
        let proposal = Proposal::of_folder(base, shelf, folder, self.random, now).await?;
        Ok(proposal.with_default_key(to_store, now).await?)
    }

    async fn sound(&self, shelf: &mut Shelf, texts: &Texts) -> Result<Loaded, Refusal> {
        let mut checked = shelf.check(texts, self.environment, self.store).await?;
        let more = if checked.is_sound() {
            let twice = accounts::twice(&checked.loaded);
            if twice.is_empty() {
                accounts::taken(&checked.loaded, self.store).await.map_err(ConfigError::from)?
            } else {
                twice
            }
        } else {
            cedar_alone(&checked.loaded)
        };
        if checked.is_sound() && more.is_empty() {
            return Ok(checked.loaded);
        }
        checked.add(&texts.folder, more);
        Err(Refusal::Unsound(checked.diagnostics))
    }

    /// Compiles a proposal, and refuses one by which something would open.
    pub(super) async fn weigh(&self, mut proposal: Proposal, to_store: bool) -> Result<Weighed, Refusal> {
        if to_store {
            proposal.number(self.store).await?;
        }
        let groups = proposal.groups_after();
        let compiled = match pairs::unsound(&proposal.upserts) {
            none if none.is_empty() => {
                let (documents, revision) = (proposal.documents(), proposal.base.revision);
                self.compile(documents, revision, &groups, &|id, at| proposal.place(id, at)).await
            }
            unsound => Err(CompileFailure::Unsound(CompileError::Unsound(unsound))),
        };
        let after = match compiled {
            Ok(snapshot) => snapshot,
            Err(CompileFailure::Unsound(error)) => return Err(Refusal::Unsound(proposal.told(error))),
            Err(CompileFailure::Store(error)) => return Err(error.into()),
        };
        // What the text itself binds may go with it; what somebody bound through the API may not.
        let before: Vec<&Document> = proposal.base.documents.iter().collect();
        guards::check(&before, &after.objects, &|d| is_of_text(d, &after.objects))?;
        let warnings = after.policies.warnings().iter().map(super::offline::warning).collect();
        Ok(Weighed { proposal, after, warnings })
    }

    /// Stores a proposal, all of it or nothing, unless somebody was faster.
    pub(super) async fn store_weighed(
        &self,
        weighed: Weighed,
        meta: RevisionMeta,
        held: Option<Vec<String>>,
        pull: Option<Pull>,
    ) -> Result<Snapshot, StoreError> {
        let Weighed { proposal, mut after, .. } = weighed;
        let mut change = stored_form(proposal.upserts, proposal.deletes, Some(proposal.base.revision));
        change.new_groups = proposal.groups.create;
        change.group_changes = proposal.groups.change;
        (change.held, change.pull) = (held, pull);
        after.revision = self.store.documents().apply(change, meta).await?;
        Ok(after)
    }

    /// Parses, links and compiles.
    pub(super) async fn compile(
        &self,
        documents: Vec<Document>,
        revision: i64,
        groups: &[Group],
        origin: OriginOf<'_>,
    ) -> Result<Snapshot, CompileFailure> {
        let groups: HashMap<Uuid, String> = groups.iter().map(|g| (g.pk, g.name.clone())).collect();
        let pks: BTreeSet<i64> =
            documents.iter().filter(|d| d.kind == "policy_binding").filter_map(|d| d.body["user"].as_i64()).collect();
        let pks: Vec<i64> = pks.into_iter().collect();
        let users = self.store.users().get_many(&pks).await?.into_iter().map(|u| (u.pk, u.username)).collect();
        let around = Surroundings {
            groups: &groups,
            users: &users,
            origin,
            stopwatch: self.stopwatch,
            places: Some(self.places),
            now: self.clock.now(),
        };
        compile(documents, revision, &around).map_err(CompileFailure::Unsound)
    }
}

/// Whether somebody else stored something at the same time, so that another look helps.
pub(super) fn is_race(error: &StoreError) -> bool {
    matches!(error, StoreError::Conflict { .. } | StoreError::Unique { .. } | StoreError::NotFound { .. })
}

impl From<Refusal> for ConfigError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Config(error) => error,
            other => Self::Builtin(other.to_string()),
        }
    }
}
