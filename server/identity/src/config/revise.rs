//! Revisions that somebody makes on purpose: a folder that is applied, and the return to an earlier one.

use super::{
    Config, ConfigHealth, Refusal, Snapshot, Texts, Weighed,
    layers::{Start, is_race},
    proposal::{Base, Proposal, Source},
};
use crate::{
    journal::{Action, Entry},
    places::{GeoDatabases, GeoFiles},
    preview,
    system::{SystemClock, SystemRandom, random_uuid},
};
use lockgate_engine::ports::{Clock, Random};
use lockgate_flows::ProcessEnvironment;
use lockgate_flows::plan::{ObjectChange, PlanReport, changes};
use lockgate_model::{Document, Group, User};
use lockgate_policies::{Places, Stopwatch};
use lockgate_store::{Revision, RevisionMeta, RevisionOrigin, Store, StoreError};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};
use tokio::sync::Mutex;

/// Plans at once: each compiles a whole configuration, and looks at everybody.
pub(super) static PLANNING: Mutex<()> = Mutex::const_new(());

/// What is remembered of a revision beside what it changed.
#[derive(Debug, Clone, Default)]
pub struct Note {
    /// Who makes it.
    pub author: String,
    /// Why; empty: what was changed, in numbers.
    pub message: String,
    /// The commit that the folder is at.
    pub git_commit: Option<String>,
    /// Whether the folder holds more than that commit.
    pub git_dirty: bool,
}

/// A revision that was made, or none because everything was as it should be.
#[derive(Debug)]
pub struct Applied {
    /// The revision in force.
    pub revision: i64,
    /// Whether it is a new one.
    pub is_new: bool,
    /// What it changed; who gains or loses what is told by a plan.
    pub report: PlanReport,
}

/// A configuration that is not in force.
#[derive(Debug)]
pub struct Proposed {
    /// It itself.
    pub snapshot: Snapshot,
    /// Every group as it would be.
    pub groups: Vec<Group>,
}

/// A revision with what it changed.
#[derive(Debug)]
pub struct Told {
    /// The revision.
    pub revision: Revision,
    /// What it changed; `None` when that is not known any more.
    pub objects: Option<Vec<ObjectChange>>,
}

impl Start<'_> {
    /// Puts a folder into force, unless the configuration is another one than was expected.
    pub(super) async fn apply(
        &self,
        texts: &Texts,
        note: &Note,
        expected: Option<i64>,
    ) -> Result<(Applied, Snapshot), Refusal> {
        let fingerprint = texts.fingerprint();
        let make = async || {
            let base = self.base(expected).await?;
            let proposal = self.propose(base, Source::Texts(texts), true).await?;
            let mut held = self.store.documents().held().await?;
            held.retain(|one| *one != fingerprint);
            Box::pin(self.revise(proposal, note, RevisionOrigin::Apply, held)).await
        };
        match make().await {
            // Somebody changed something meanwhile: once more, on top of that.
            Err(Refusal::Config(super::ConfigError::Store(error))) if is_race(&error) => make().await,
            other => other,
        }
    }

    /// Returns to the configuration of an earlier revision. The folder that is configured, and the commit that was
    /// pulled last, if their text is what is rolled back from, are held back from now on.
    pub(super) async fn roll_back(
        &self,
        number: i64,
        note: &Note,
        configured: Option<&Texts>,
    ) -> Result<(Applied, Snapshot), Refusal> {
        let base = self.base(None).await?;
        let changed = self.store.documents().changed_since(number).await?;
        let changed = changed.ok_or(Refusal::NoReturn(number))?;
        let proposal = Proposal::back(base, &changed, self.clock.now());
        let mut held = self.store.documents().held().await?;
        let pulled = self.store.documents().pulled().await?.map(|pulled| pulled.fingerprint);
        for one in configured.map(Texts::fingerprint).into_iter().chain(pulled) {
            if !held.contains(&one) {
                held.push(one);
            }
        }
        let why = if note.message.is_empty() { String::new() } else { format!(": {}", note.message) };
        let note = Note { message: format!("rollback to revision {number}{why}"), ..note.clone() };
        Box::pin(self.revise(proposal, &note, RevisionOrigin::Rollback, held)).await
    }

    async fn base(&self, expected: Option<i64>) -> Result<Base, Refusal> {
        let base = Base::read(self.store).await?;
        match expected {
            Some(expected) if expected != base.revision => Err(Refusal::Outdated { expected, current: base.revision }),
            _ => Ok(base),
        }
    }

    async fn revise(
        &self,
        proposal: Proposal,
        note: &Note,
        origin: RevisionOrigin,
        held: Vec<String>,
    ) -> Result<(Applied, Snapshot), Refusal> {
        let weighed = self.weigh(proposal, true).await?;
        let report = objects_only(self.store, &weighed).await?;
        let (base, summary) = (weighed.proposal.base.revision, weighed.proposal.summary());
        let meta = RevisionMeta {
            author: note.author.clone(),
            origin,
            summary: if note.message.is_empty() { summary } else { note.message.clone() },
            git_commit: note.git_commit.clone(),
            git_dirty: note.git_dirty,
            at: self.clock.now(),
        };
        let snapshot = Box::pin(self.store_weighed(weighed, meta, Some(held), None)).await?;
        let revision = snapshot.revision;
        Ok((Applied { revision, is_new: revision != base, report }, snapshot))
    }

    /// What a folder would put into force.
    async fn compiled(&self, texts: &Texts) -> Result<Proposed, Refusal> {
        let _alone = PLANNING.lock().await;
        let proposal = self.propose(Base::read(self.store).await?, Source::Texts(texts), false).await?;
        let weighed = self.weigh(proposal, false).await?;
        Ok(Proposed { groups: weighed.proposal.groups_after(), snapshot: weighed.after })
    }

    /// What a folder would do.
    async fn plan(&self, texts: &Texts, before: Option<Arc<Snapshot>>) -> Result<PlanReport, Refusal> {
        let _alone = PLANNING.lock().await;
        let base = Base::read(self.store).await?;
        let before = match before.filter(|snapshot| snapshot.revision == base.revision) {
            Some(snapshot) => snapshot,
            None => Arc::new(self.stored().await?),
        };
        let proposal = self.propose(base, Source::Texts(texts), false).await?;
        let weighed = self.weigh(proposal, false).await?;
        Ok(preview::report(self.store, before, weighed, self.clock.now()).await?)
    }
}

async fn objects_only(store: &Store, weighed: &Weighed) -> Result<PlanReport, StoreError> {
    let (proposal, warnings) = (&weighed.proposal, &weighed.warnings);
    let (documents, groups) = (proposal.documents(), proposal.groups_after());
    let (old, old_groups) = (&proposal.base.documents, &proposal.base.groups);
    let names = preview::called(store, [old, &documents], [old_groups, &groups]).await?;
    let (objects, moved) = changes((old, old_groups), (&documents, &groups), &names);
    let warnings = warnings.iter().map(|w| format!("{}: {}", w.span, w.message)).collect();
    Ok(PlanReport { base_revision: proposal.base.revision, objects, moved, warnings, ..PlanReport::default() })
}

/// A revision with what it changed.
///
/// # Errors
/// Whatever the database answers.
pub async fn told(store: &Store, number: i64) -> Result<Option<Told>, StoreError> {
    let Some(revision) = store.documents().revision(number).await? else { return Ok(None) };
    let Some(changed) = store.documents().changed(number).await? else {
        return Ok(Some(Told { revision, objects: None }));
    };
    let (before, after): (Vec<Option<Document>>, Vec<Option<Document>>) = changed.documents.into_iter().unzip();
    let (old, new): (Vec<Option<Group>>, Vec<Option<Group>>) = changed.groups.into_iter().unzip();
    let flat = |side: Vec<Option<Document>>| side.into_iter().flatten().collect::<Vec<_>>();
    let flat_groups = |side: Vec<Option<Group>>| side.into_iter().flatten().collect::<Vec<_>>();
    let (before, after, old, new) = (flat(before), flat(after), flat_groups(old), flat_groups(new));
    // What changed may speak of what did not; of two versions of an object the later one here counts.
    let present = store.documents().load_all().await?;
    let around: Vec<Document> = present.into_iter().chain(before.iter().cloned()).collect();
    let all_groups: Vec<Group> = store.groups().all().await?.into_iter().chain(old.iter().cloned()).collect();
    let names = preview::called(store, [&around, &after], [&all_groups, &new]).await?;
    let (objects, _) = changes((&before, &old), (&after, &new), &names);
    Ok(Some(Told { revision, objects: Some(objects) }))
}

impl Config {
    /// What a folder would do; see [`PlanReport`].
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn plan_folder(&self, texts: &Texts) -> Result<PlanReport, Refusal> {
        self.laying().plan(texts, Some(self.snapshot())).await
    }

    /// The configuration that a folder would put into force. Writes nothing.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn compiled(&self, texts: &Texts) -> Result<Proposed, Refusal> {
        self.laying().compiled(texts).await
    }

    /// Puts a folder into force, all of it or nothing; twice the same makes one revision.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn apply_folder(
        &self,
        texts: &Texts,
        note: &Note,
        expected: Option<i64>,
        by: &User,
    ) -> Result<Applied, Refusal> {
        let _writing = self.writing.lock().await;
        let (applied, snapshot) = self.laying().apply(texts, note, expected).await?;
        self.take_up(snapshot).await;
        self.look_whether_held().await;
        self.note_revision("apply", &applied, by);
        Ok(applied)
    }

    /// Returns to the configuration of an earlier revision, by a new one.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn roll_back(&self, number: i64, note: &Note, by: &User) -> Result<Applied, Refusal> {
        let configured = match self.folder() {
            Some(folder) => Some(Texts::read(folder).await?),
            None => None,
        };
        let _writing = self.writing.lock().await;
        let (applied, snapshot) = self.laying().roll_back(number, note, configured.as_ref()).await?;
        self.take_up(snapshot).await;
        self.look_whether_held().await;
        self.note_revision("rollback", &applied, by);
        Ok(applied)
    }

    /// Reads the configured folder again, or pulls, because somebody asked for it, and tells what is in force.
    pub async fn reload_for(&self, by: &User) -> ConfigHealth {
        self.reload_folder().await;
        let health = self.health();
        let entry = Entry::new(Action::ModelUpdated, "lockgate.configuration").by(by);
        let entry = entry
            .about("lockgate.revision", health.revision, "reload")
            .with("act", "reload")
            .with("revision", health.revision);
        self.journal.record(entry);
        health
    }

    fn note_revision(&self, act: &str, applied: &Applied, by: &User) {
        let action = if applied.is_new { Action::ModelCreated } else { Action::ModelUpdated };
        let entry = Entry::new(action, "lockgate.configuration").by(by);
        let (created, changed, deleted) = applied.report.counts();
        let entry =
            entry.about("lockgate.revision", applied.revision, act).with("act", act).with("revision", applied.revision);
        self.journal.record(entry.with("created", created).with("changed", changed).with("deleted", deleted));
    }
}

/// The configuration of an installation for a command that does one thing and ends: nothing is started.
/// Running servers learn of it by the log of changes.
pub struct Desk {
    store: Store,
    clock: SystemClock,
    random: SystemRandom,
    stopwatch: Stopwatch,
    environment: ProcessEnvironment,
    folder: Option<PathBuf>,
    places: Arc<dyn Places>,
}

impl Desk {
    /// On this database; `folder` is the one that servers are configured with, `geo` as in [`crate::Setup`].
    #[must_use]
    pub fn new(store: Store, environment: ProcessEnvironment, folder: Option<&Path>, geo: &GeoFiles) -> Self {
        let began = Instant::now();
        Self {
            store,
            clock: SystemClock,
            random: SystemRandom,
            stopwatch: Arc::new(move || began.elapsed()),
            environment,
            folder: folder.map(Path::to_path_buf),
            places: Arc::new(GeoDatabases::open(geo)),
        }
    }

    fn laying(&self) -> Start<'_> {
        let (clock, random): (&dyn Clock, &dyn Random) = (&self.clock, &self.random);
        let (stopwatch, environment, places) = (&self.stopwatch, &self.environment, &self.places);
        Start { store: &self.store, clock, random, stopwatch, environment, places }
    }

    /// What a folder would do. Writes nothing.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn plan(&self, texts: &Texts) -> Result<PlanReport, Refusal> {
        self.laying().plan(texts, None).await
    }

    /// The configuration that a folder would put into force. Writes nothing.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn compiled(&self, texts: &Texts) -> Result<Proposed, Refusal> {
        self.laying().compiled(texts).await
    }

    /// Puts a folder into force.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn apply(&self, texts: &Texts, note: &Note, expected: Option<i64>) -> Result<Applied, Refusal> {
        // A database on which no server has been started yet is an installation from now on.
        let install_id = random_uuid(&self.random).simple().to_string();
        self.store.installation().get_or_insert("install_id", &install_id).await?;
        self.laying().apply(texts, note, expected).await.map(|(applied, _)| applied)
    }

    /// Returns to the configuration of an earlier revision.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn roll_back(&self, number: i64, note: &Note) -> Result<Applied, Refusal> {
        let configured = match &self.folder {
            Some(folder) => Some(Texts::read(folder).await?),
            None => None,
        };
        self.laying().roll_back(number, note, configured.as_ref()).await.map(|(applied, _)| applied)
    }
}
