//! The three layers, laid over each other: what ships with the binary, what the folder says, and what
//! was made through the API.

use super::ConfigError;
use super::{
    OriginOf,
    change::next_version,
    compile::{CompileError, Surroundings, compile},
    guards,
    offline::cedar_alone,
    pairs,
    snapshot::Snapshot,
    stored_form,
};
use crate::system::alphanumeric;
use chrono::{DateTime, Utc};
use lockgate_engine::ports::{Clock, Random};
use lockgate_flows::{
    Checked, Directory, Folder, GroupDeclaration, Loaded, Lookups, ProcessSecrets, Script, StoredObjects, merge,
};
use lockgate_model::{
    Document, Group, Lookup, ObjectSet, Origin,
    kind::{self, KindDef},
    kinds::key_pair::INTERNAL_JWT_KEY,
};
use lockgate_policies::{Places, Stopwatch, TextOrigin};
use lockgate_store::{Case, GroupPatch, NewGroup, RevisionMeta, RevisionOrigin, Store, StoreError};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

/// What loading needs.
pub(super) struct Start<'a> {
    pub(super) store: &'a Store,
    pub(super) clock: &'a dyn Clock,
    pub(super) stopwatch: &'a Stopwatch,
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

impl Start<'_> {
    /// The present revision as it is stored.
    pub(super) async fn stored(&self) -> Result<Snapshot, ConfigError> {
        let revision = self.store.documents().current_revision().await?;
        let documents = self.store.documents().load_all().await?;
        Ok(self.compile(documents, revision, &|_, _| None).await?)
    }

    /// Lays the layers over each other, stores what changed, and answers the snapshot to run with, and
    /// what is wrong with the folder, if anything: then the snapshot is the last good revision.
    pub(super) async fn load(
        &self,
        folder: Option<&Path>,
        variables: &BTreeMap<String, String>,
        random: &dyn Random,
    ) -> Result<(Snapshot, Option<String>), ConfigError> {
        let expected = self.store.documents().current_revision().await?;
        let stored = self.store.documents().load_all().await?;
        let now = self.clock.now();
        let objects = StoredObjects::new(&pairs::with_default(&stored, now));
        let people = People::load(self.store).await?;
        let builtin = lockgate_flows::builtin(&objects, &people, now)
            .map_err(|d| ConfigError::Builtin(lockgate_flows::render(&d)))?;
        let read = match folder {
            Some(folder) => Some(self.read(folder, variables, &objects, people, &builtin, now).await?),
            None => None,
        };
        let (loaded, error) = match read {
            Some(checked) if checked.is_sound() => (Some(checked.loaded), None),
            Some(mut checked) => {
                checked.diagnostics.extend(cedar_alone(&checked.loaded));
                (None, Some(lockgate_flows::render(&checked.diagnostics)))
            }
            None => (None, None),
        };
        // A broken folder says nothing about what left it: all that it declared before stays.
        let kept = error.is_some().then(|| declared_before(&stored));
        let mut plan = Plan::make(&stored, &builtin, loaded.as_ref().or(kept.as_ref()), random, now)?;
        plan.number(self.store).await?;
        plan.upserts.extend(pairs::named_default(&plan.all(&stored), now).await?);
        let groups = builtin.groups.iter().chain(loaded.iter().flat_map(|l| &l.groups));
        self.declare(groups.collect(), loaded.is_some() || folder.is_none(), now).await?;
        let scripts = loaded.as_ref().map(|l| l.scripts.clone()).unwrap_or_default();
        let compiled = match pairs::unsound(&plan.upserts) {
            none if none.is_empty() => {
                self.compile(plan.all(&stored), expected, &|id, at| place(&scripts, id, at)).await
            }
            unsound => Err(CompileFailure::Unsound(CompileError::Unsound(unsound))),
        };
        let mut snapshot = match compiled {
            Ok(snapshot) => snapshot,
            Err(CompileFailure::Unsound(error)) => return Ok((self.stored().await?, Some(error.to_string()))),
            Err(failure) => return Err(failure.into()),
        };
        // What the text itself binds may go with it; what somebody bound through the API may not.
        let before: Vec<&Document> = stored.iter().collect();
        if let Err(opening) = guards::check(&before, &snapshot.objects, &|d| is_of_text(d, &snapshot.objects)) {
            return Ok((self.stored().await?, Some(opening.to_string())));
        }
        let meta = RevisionMeta {
            author: "lockgate".to_owned(),
            origin: if loaded.is_some() { RevisionOrigin::Folder } else { RevisionOrigin::Start },
            summary: format!("{} changed, {} deleted", plan.upserts.len(), plan.deletes.len()),
            git_commit: None,
            at: now,
        };
        let change = stored_form(plan.upserts, plan.deletes, Some(expected));
        match self.store.documents().apply(change, meta).await {
            Ok(revision) => snapshot.revision = revision,
            // Another node loaded the same folder at the same time: what it stored is in force.
            Err(StoreError::Conflict { .. }) => return Ok((self.stored().await?, error)),
            Err(other) => return Err(other.into()),
        }
        Ok((snapshot, error))
    }

    async fn read(
        &self,
        folder: &Path,
        variables: &BTreeMap<String, String>,
        objects: &StoredObjects,
        mut people: People,
        builtin: &Loaded,
        now: DateTime<Utc>,
    ) -> Result<Checked, ConfigError> {
        let root = folder.to_path_buf();
        let texts = tokio::task::spawn_blocking(move || Folder::read(&root))
            .await
            .map_err(|e| ConfigError::Builtin(e.to_string()))?;
        let secrets = ProcessSecrets::new(variables.clone(), folder);
        let lookups = |people: &People| -> Checked {
            let directory: &dyn Directory = people;
            let lookups = Lookups { objects, directory, secrets: &secrets, builtin: Some(builtin), now };
            lockgate_flows::check(&texts, &lookups)
        };
        let checked = lookups(&people);
        let asked = people.asked();
        if asked.is_empty() {
            return Ok(checked);
        }
        // Users are asked for by name while reading, which cannot wait for the database: read again
        // with those that were asked for.
        people.learn(self.store, asked).await?;
        Ok(lookups(&people))
    }

    /// Parses, links and compiles.
    pub(super) async fn compile(
        &self,
        documents: Vec<Document>,
        revision: i64,
        origin: OriginOf<'_>,
    ) -> Result<Snapshot, CompileFailure> {
        let groups: HashMap<Uuid, String> =
            self.store.groups().all().await?.into_iter().map(|g| (g.pk, g.name)).collect();
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

    /// Writes the declared groups; those that left the folder go on as people's data, with their members.
    async fn declare(
        &self,
        declared: Vec<&GroupDeclaration>,
        release: bool,
        now: DateTime<Utc>,
    ) -> Result<(), ConfigError> {
        let store = self.store.groups();
        let existing: HashMap<String, Group> = store.all().await?.into_iter().map(|g| (g.name.clone(), g)).collect();
        let ids: HashMap<&str, Uuid> = existing
            .iter()
            .map(|(name, g)| (name.as_str(), g.pk))
            .chain(declared.iter().map(|d| (d.name.as_str(), d.id)))
            .collect();
        // First all groups, then their parents, which may be declared later.
        for group in &declared {
            if !existing.contains_key(&group.name) {
                store.create(new_group(group), now).await.map_err(ConfigError::Groups)?;
            }
        }
        for group in &declared {
            let parents: Vec<Uuid> = group.parents.iter().filter_map(|name| ids.get(name.as_str()).copied()).collect();
            if let Some(patch) = group_patch(group, existing.get(&group.name), parents) {
                store.update(group.id, patch, now).await.map_err(ConfigError::Groups)?;
            }
        }
        if release {
            for group in existing.values().filter(|g| g.origin == Origin::Folder) {
                if !declared.iter().any(|d| d.name == group.name) {
                    let patch = GroupPatch { origin: Some((Origin::Api, None)), ..GroupPatch::default() };
                    store.update(group.pk, patch, now).await.map_err(ConfigError::Groups)?;
                }
            }
        }
        Ok(())
    }
}

fn new_group(declared: &GroupDeclaration) -> NewGroup {
    NewGroup {
        pk: declared.id,
        name: declared.name.clone(),
        is_superuser: declared.superuser,
        parents: Vec::new(),
        attributes: declared.attributes.clone(),
        origin: declared.origin,
        source: declared.source.clone(),
    }
}

/// What has to change for a group to be as declared. A builtin group that exists is left alone.
fn group_patch(declared: &GroupDeclaration, existing: Option<&Group>, parents: Vec<Uuid>) -> Option<GroupPatch> {
    let Some(group) = existing else {
        return (!parents.is_empty()).then(|| GroupPatch { parents: Some(parents), ..GroupPatch::default() });
    };
    if declared.origin == Origin::Builtin {
        return None;
    }
    let same_parents = group.parents.len() == parents.len() && parents.iter().all(|p| group.parents.contains(p));
    let same = same_parents
        && group.is_superuser == declared.superuser
        && group.attributes == declared.attributes
        && group.origin == declared.origin
        && group.source == declared.source;
    (!same).then(|| GroupPatch {
        is_superuser: Some(declared.superuser),
        parents: Some(parents),
        attributes: Some(declared.attributes.clone()),
        origin: Some((declared.origin, declared.source.clone())),
        ..GroupPatch::default()
    })
}

fn place(scripts: &[Script], document: Uuid, pointer: &str) -> Option<TextOrigin> {
    scripts.iter().find(|s| s.document == document && s.pointer == pointer).map(Script::origin)
}

/// What the folder declared when it was sound, as if it declared the same again.
fn declared_before(stored: &[Document]) -> Loaded {
    let documents = stored.iter().filter(|d| d.origin == Origin::Folder).cloned().collect();
    Loaded { documents, ..Loaded::default() }
}

/// Whether a document, or what it is bound to, comes from a text, which then says alone what guards it.
fn is_of_text(document: &Document, objects: &ObjectSet) -> bool {
    let target = document.body["target"].as_str().and_then(|id| objects.get(Uuid::parse_str(id).ok()?));
    document.origin != Origin::Api || target.is_some_and(|t| t.document.origin == Origin::Folder)
}

/// What has to be stored.
struct Plan {
    upserts: Vec<Document>,
    deletes: Vec<Uuid>,
}

impl Plan {
    fn make(
        stored: &[Document],
        builtin: &Loaded,
        folder: Option<&Loaded>,
        random: &dyn Random,
        now: DateTime<Utc>,
    ) -> Result<Self, ConfigError> {
        let merged = merge(stored.to_vec(), builtin, folder);
        for adopted in &merged.adopted {
            tracing::info!(kind = adopted.kind, name = adopted.name, from = adopted.from.as_str(), "taken over");
        }
        let old: HashMap<Uuid, &Document> = stored.iter().map(|d| (d.id, d)).collect();
        let mut plan = Self { upserts: Vec::new(), deletes: merged.deletes.iter().map(|d| d.id).collect() };
        for document in merged.upserts {
            let before = old.get(&document.id).copied();
            let Some(kind) = kind::by_name(&document.kind) else { continue };
            let document = settle(document, before, kind, random, now);
            if before.is_none_or(|b| differs(b, &document)) {
                plan.upserts.push(document);
            }
        }
        if !stored.iter().any(|d| d.managed.as_deref() == Some(INTERNAL_JWT_KEY)) {
            plan.upserts.push(pairs::signing_key(now)?);
        }
        Ok(plan)
    }

    /// Gives numbers to new objects of kinds that are addressed by number.
    async fn number(&mut self, store: &Store) -> Result<(), StoreError> {
        for document in self.upserts.iter_mut().filter(|d| d.number.is_none()) {
            let kind = kind::by_name(&document.kind);
            if kind.is_some_and(|k| matches!(k.meta.lookup, Lookup::Number(_))) {
                document.number = Some(store.documents().next_number().await?);
            }
        }
        Ok(())
    }

    fn all(&self, stored: &[Document]) -> Vec<Document> {
        let mut all: HashMap<Uuid, Document> = stored.iter().map(|d| (d.id, d.clone())).collect();
        for id in &self.deletes {
            all.remove(id);
        }
        all.extend(self.upserts.iter().map(|d| (d.id, d.clone())));
        all.into_values().collect()
    }
}

/// Keeps what the server made itself when the object was made, and makes it for a new one.
fn settle(
    mut document: Document,
    before: Option<&Document>,
    kind: &'static KindDef,
    random: &dyn Random,
    now: DateTime<Utc>,
) -> Document {
    for field in kind.schema().fields.iter().filter(|f| f.read_only || (f.internal && f.secret)) {
        let empty = document.body[&field.name].as_str().is_none_or(str::is_empty);
        if let Some(kept) = before.map(|b| &b.body[&field.name]).filter(|v| empty && !v.is_null()) {
            document.body[&field.name] = kept.clone();
        }
    }
    // A body that is not sound is reported when everything is compiled.
    if let Ok(body) = kind.complete(&document.body, &mut |n| alphanumeric(random, n)) {
        document.body = body;
    }
    next_version(document, before, now)
}

fn differs(before: &Document, after: &Document) -> bool {
    before.body != after.body
        || before.origin != after.origin
        || before.source != after.source
        || before.managed != after.managed
        || before.name != after.name
}

/// People as the language asks for them. Users are many: those that are asked for and not known yet are
/// noted, to be looked up before the next reading.
struct People {
    groups: HashMap<String, Uuid>,
    users: HashMap<String, i64>,
    asked: Mutex<BTreeSet<String>>,
}

impl People {
    async fn load(store: &Store) -> Result<Self, StoreError> {
        let groups = store.groups().all().await?.into_iter().map(|g| (g.name, g.pk)).collect();
        Ok(Self { groups, users: HashMap::new(), asked: Mutex::default() })
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
