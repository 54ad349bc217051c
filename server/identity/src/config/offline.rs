//! Checking a folder without a database: the same reading and the same compiling as at start, over the
//! built-in configuration alone.

use super::{
    compile::{CompileError, Surroundings, compile},
    pairs,
};
use chrono::{DateTime, Utc};
use lockgate_flows::{
    Checked, Diagnostic, Directory, Folder, Loaded, Lookups, ProcessSecrets, ScriptRole, Severity, Span, StoredObjects,
    merge,
};
use lockgate_model::{Document, kind};
use lockgate_policies::{ExpressionInput, PolicyInput, PolicyProblem, PolicySet, Stopwatch, TextOrigin};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
    time::Instant,
};
use uuid::Uuid;

/// Everything that is wrong with a folder. Users cannot be known here, so every user name counts as
/// somebody's; groups count as far as they are declared.
#[must_use]
pub fn check_folder(folder: &Path, variables: &BTreeMap<String, String>, now: DateTime<Utc>) -> Checked {
    let texts = Folder::read(folder);
    let builtin = match lockgate_flows::builtin(&StoredObjects::default(), &Anybody::default(), now) {
        Ok(builtin) => builtin,
        Err(diagnostics) => return Checked { loaded: Loaded::default(), diagnostics },
    };
    let objects = StoredObjects::new(&pairs::with_default(&builtin.documents, now));
    let people = Anybody { groups: builtin.groups.iter().map(|g| (g.name.clone(), g.id)).collect() };
    let secrets = ProcessSecrets::new(variables.clone(), folder);
    let lookups = Lookups { objects: &objects, directory: &people, secrets: &secrets, builtin: Some(&builtin), now };
    let mut checked = lockgate_flows::check(&texts, &lookups);
    let more =
        if checked.is_sound() { compile_all(&builtin, &checked.loaded, now) } else { cedar_alone(&checked.loaded) };
    checked.add(&texts, more);
    checked
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
    let input = PolicyInput {
        expressions: expressions.collect(),
        cedar_files: loaded.cedar.iter().map(|file| (file.path.clone(), file.text.clone())).collect(),
        ..PolicyInput::default()
    };
    let problems = PolicySet::compile(&input).err().unwrap_or_default();
    // What is wrong with the scripts was found when they were read.
    problems.into_iter().filter(|p| p.file.ends_with(".cedar")).map(Diagnostic::from).collect()
}

fn compile_all(builtin: &Loaded, loaded: &Loaded, now: DateTime<Utc>) -> Vec<Diagnostic> {
    let merged = merge(Vec::new(), builtin, Some(loaded));
    let mut documents = merged.upserts;
    complete(&mut documents);
    let made = pairs::signing_key(now).and_then(|key| Ok((key, pairs::stand_in(&documents, now)?)));
    match made {
        Ok((key, default)) => documents.extend(default.into_iter().chain([key])),
        Err(error) => return vec![Diagnostic::error("key", &Span::whole(""), error.to_string())],
    }
    let began = Instant::now();
    let stopwatch: Stopwatch = Arc::new(move || began.elapsed());
    let groups: HashMap<Uuid, String> =
        builtin.groups.iter().chain(&loaded.groups).map(|g| (g.id, g.name.clone())).collect();
    let users = HashMap::new();
    let origin = |id: Uuid, at: &str| {
        loaded.spans.get(id, at).map(|s| TextOrigin { file: s.file.to_string(), line: s.line, column: s.column })
    };
    let around =
        Surroundings { groups: &groups, users: &users, origin: &origin, stopwatch: &stopwatch, places: None, now };
    let compiled = match pairs::unsound(&documents) {
        none if none.is_empty() => compile(documents, 0, &around),
        unsound => Err(CompileError::Unsound(unsound)),
    };
    match compiled {
        Ok(snapshot) => snapshot.policies.warnings().iter().map(warning).collect(),
        Err(CompileError::Policies(problems)) => problems.into_iter().map(Diagnostic::from).collect(),
        Err(CompileError::Unsound(all)) => all
            .iter()
            .flat_map(|u| u.problems.0.iter().map(|p| (&u.document, p)))
            .map(|(document, p)| Diagnostic::error("invalid", &span(loaded, document, &p.pointer), p.message.clone()))
            .collect(),
        Err(CompileError::Other(text)) => vec![Diagnostic::error("invalid", &Span::whole(""), text)],
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

fn warning(problem: &PolicyProblem) -> Diagnostic {
    let mut diagnostic = Diagnostic::from(problem.clone());
    diagnostic.severity = Severity::Warning;
    diagnostic
}

/// A directory in which every user exists, and only the given groups.
#[derive(Debug, Default)]
struct Anybody {
    groups: HashMap<String, Uuid>,
}

impl Directory for Anybody {
    fn group(&self, name: &str) -> Option<Uuid> {
        self.groups.get(name).copied()
    }
    fn user(&self, _: &str) -> Option<i64> {
        Some(0)
    }
    fn group_names(&self) -> Vec<String> {
        self.groups.keys().cloned().collect()
    }
}
