//! Checking a folder without a database: the same reading and the same compiling as at start, over the
//! built-in configuration alone.

use super::{
    accounts,
    compile::{CompileError, Surroundings, compile},
    pairs,
    snapshot::Snapshot,
    stand_ins::StandIns,
};
use chrono::{DateTime, Utc};
use lockgate_flows::{
    Checked, Diagnostic, Directory, Folder, GroupDeclaration, Loaded, Lookups, ProcessSecrets, Script, ScriptRole,
    Secrets, Severity, Span, StoredObjects, merge,
};
use lockgate_model::{Document, kind};
use lockgate_policies::{
    ExpressionInput, Native, NativeInput, PolicyInput, PolicyProblem, PolicySet, Stopwatch, TextOrigin,
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
    time::Instant,
};
use uuid::Uuid;

/// A folder over the built-in configuration, as far as it goes without a database.
#[derive(Debug, Default)]
pub struct OfflineFolder {
    /// What was read, and everything that is wrong with it.
    pub checked: Checked,
    /// What a server would run with; `None` when the folder is not sound.
    pub snapshot: Option<Snapshot>,
    /// Every group: of the folder, and built in.
    pub groups: Vec<GroupDeclaration>,
    /// The users that the folder names, with the numbers that stand for them here.
    pub users: BTreeMap<String, i64>,
}

/// Everything that is wrong with a folder. Users cannot be known here, so every user name counts as
/// somebody's; groups count as far as they are declared.
#[must_use]
pub fn check_folder(folder: &Path, variables: &BTreeMap<String, String>, now: DateTime<Utc>) -> Checked {
    let secrets = ProcessSecrets::new(variables.clone(), folder);
    compile_texts(&Folder::read(folder), &secrets, None, now).checked
}

/// As [`check_folder`], with what it compiles to. Secrets that are missing are stood in for.
#[must_use]
pub fn compile_folder(folder: &Path, secrets: &StandIns, now: DateTime<Utc>) -> OfflineFolder {
    compile_texts(&Folder::read(folder), secrets, Some(secrets), now)
}

fn compile_texts(
    texts: &Folder,
    secrets: &dyn Secrets,
    stand_ins: Option<&StandIns>,
    now: DateTime<Utc>,
) -> OfflineFolder {
    let builtin = match lockgate_flows::builtin(&StoredObjects::default(), &Anybody::default(), now) {
        Ok(builtin) => builtin,
        Err(diagnostics) => {
            let checked = Checked { loaded: Loaded::default(), diagnostics };
            return OfflineFolder { checked, ..OfflineFolder::default() };
        }
    };
    let objects = StoredObjects::new(&pairs::with_default(&builtin.documents, now));
    let people = Anybody::of(&builtin);
    let lookups = Lookups { objects: &objects, directory: &people, secrets, builtin: Some(&builtin), now };
    let mut checked = lockgate_flows::check(texts, &lookups);
    if let Some(stand_ins) = stand_ins {
        stand_ins.mend(&mut checked.loaded.documents);
    }
    let users = people.users.into_inner();
    let (snapshot, more) = if checked.is_sound() {
        let (snapshot, mut more) = compile_all(&builtin, &checked.loaded, &users, now);
        more.extend(accounts::twice(&checked.loaded));
        (snapshot, more)
    } else {
        (None, cedar_alone(&checked.loaded))
    };
    checked.add(texts, more);
    let groups = builtin.groups.iter().chain(&checked.loaded.groups).cloned().collect();
    OfflineFolder { snapshot: snapshot.filter(|_| checked.is_sound()), checked, groups, users }
}

/// What is wrong with the Cedar files of a folder whose other texts are not sound, so that everything
/// is told at once.
pub(super) fn cedar_alone(loaded: &Loaded) -> Vec<Diagnostic> {
    let policies = loaded.scripts.iter().filter(|s| s.role == ScriptRole::Policy);
    let expressions = policies.map(|s| ExpressionInput {
        id: s.document,
        name: s.name.clone(),
        source: s.text.clone(),
        origin: s.origin(),
    });
    let natives = loaded.documents.iter().filter_map(|document| {
        let value = kind::by_name(&document.kind)?.parse(&document.body).ok()?;
        Some(NativeInput { id: document.id, name: document.name.clone(), rule: Native::of(&*value)? })
    });
    let input = PolicyInput {
        expressions: expressions.collect(),
        natives: natives.collect(),
        cedar_files: loaded.cedar.iter().map(|file| (file.path.clone(), file.text.clone())).collect(),
        ..PolicyInput::default()
    };
    let problems = PolicySet::compile(&input).err().unwrap_or_default();
    // What is wrong with the scripts was found when they were read.
    problems.into_iter().filter(|p| p.file.ends_with(".cedar")).map(Diagnostic::from).collect()
}

fn compile_all(
    builtin: &Loaded,
    loaded: &Loaded,
    users: &BTreeMap<String, i64>,
    now: DateTime<Utc>,
) -> (Option<Snapshot>, Vec<Diagnostic>) {
    let merged = merge(Vec::new(), builtin, Some(loaded));
    let mut documents = merged.upserts;
    complete(&mut documents);
    let made = pairs::signing_key(now).and_then(|key| Ok((key, pairs::stand_in(&documents, now)?)));
    match made {
        Ok((key, default)) => documents.extend(default.into_iter().chain([key])),
        Err(error) => return (None, vec![Diagnostic::error("key", &Span::whole(""), error.to_string())]),
    }
    let began = Instant::now();
    let stopwatch: Stopwatch = Arc::new(move || began.elapsed());
    let groups: HashMap<Uuid, String> =
        builtin.groups.iter().chain(&loaded.groups).map(|g| (g.id, g.name.clone())).collect();
    let users = users.iter().map(|(name, pk)| (*pk, name.clone())).collect();
    let origin = |id: Uuid, at: &str| {
        let script = loaded.scripts.iter().find(|s| s.document == id && s.pointer == at).map(Script::origin);
        let span = || loaded.spans.get(id, at);
        let whole = || span().map(|s| TextOrigin { file: s.file.to_string(), line: s.line, column: s.column });
        script.or_else(whole)
    };
    let around =
        Surroundings { groups: &groups, users: &users, origin: &origin, stopwatch: &stopwatch, places: None, now };
    let compiled = match pairs::unsound(&documents) {
        none if none.is_empty() => compile(documents, 0, &around),
        unsound => Err(CompileError::Unsound(unsound)),
    };
    match compiled {
        Ok(snapshot) => {
            let warnings = snapshot.policies.warnings().iter().map(warning).collect();
            (Some(snapshot), warnings)
        }
        Err(error) => (None, error.diagnostics(&|document: &Document, pointer: &str| span(loaded, document, pointer))),
    }
}

impl CompileError {
    /// Itself in the words of a check; `place` tells where the text of a document's field stands.
    pub(super) fn diagnostics(self, place: &dyn Fn(&Document, &str) -> Span) -> Vec<Diagnostic> {
        match self {
            Self::Policies(problems) => problems.into_iter().map(Diagnostic::from).collect(),
            Self::Unsound(all) => all
                .iter()
                .flat_map(|u| u.problems.0.iter().map(|p| (&u.document, p)))
                .map(|(document, p)| Diagnostic::error("invalid", &place(document, &p.pointer), p.message.clone()))
                .collect(),
            Self::Other(text) => vec![Diagnostic::error("invalid", &Span::whole(""), text)],
        }
    }
}

/// Stands in for what the server makes when an object is stored: any values do, as long as no two are the
/// same.
fn complete(documents: &mut [Document]) {
    let mut made = 0_u64;
    for document in documents {
        let Some(kind) = kind::by_name(&document.kind) else { continue };
        let mut next = |length: usize| {
            made += 1;
            format!("{made:0>length$}")
        };
        // A body that is not sound is reported when everything is compiled.
        if let Ok(body) = kind.complete(&document.body, &mut next) {
            document.body = body;
        }
    }
}

fn span(loaded: &Loaded, document: &Document, pointer: &str) -> Span {
    loaded.spans.get(document.id, pointer).cloned().unwrap_or_else(|| Span::whole(&document.name))
}

/// What compiled, but is probably not meant.
pub(super) fn warning(problem: &PolicyProblem) -> Diagnostic {
    let mut diagnostic = Diagnostic::from(problem.clone());
    diagnostic.severity = Severity::Warning;
    diagnostic
}

/// A directory in which every user exists, and only the given groups.
#[derive(Debug, Default)]
struct Anybody {
    groups: HashMap<String, Uuid>,
    /// Everybody who was asked for.
    users: RefCell<BTreeMap<String, i64>>,
}

impl Anybody {
    fn of(builtin: &Loaded) -> Self {
        let groups = builtin.groups.iter().map(|g| (g.name.clone(), g.id)).collect();
        Self { groups, users: RefCell::default() }
    }
}

impl Directory for Anybody {
    fn group(&self, name: &str) -> Option<Uuid> {
        self.groups.get(name).copied()
    }
    fn user(&self, name: &str) -> Option<i64> {
        let mut users = self.users.borrow_mut();
        let next = i64::try_from(users.len()).unwrap_or(i64::MAX).saturating_add(1);
        Some(*users.entry(name.to_owned()).or_insert(next))
    }
    fn group_names(&self) -> Vec<String> {
        self.groups.keys().cloned().collect()
    }
}
