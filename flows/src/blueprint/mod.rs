//! Blueprints of the reference as documents of our language.
//!
//! Tags are evaluated as far as a blueprint alone tells (`eval`), entries become objects of the registry
//! (`build`, `fields`, `joints`), and [`crate::export_documents`] writes those. Nothing is guessed: what
//! cannot be carried over is told by line, and whatever depends on it denies.

mod build;
mod entries;
mod eval;
mod fields;
mod joints;
mod python;
mod report;
mod tree;
mod world;

pub use report::{Imported, Place, Remark};

use crate::{
    builtin::builtin,
    diagnostics::Severity,
    export::{ExportRequest, PeopleNames, export_documents},
    language::{Loaded, check, stable_id},
    lookup::{Directory, Lookups, Nobody, Secrets, StoredObjects},
    read::{Folder, TextFile},
};
use build::{Build, Made};
use chrono::{DateTime, Utc};
use entries::Blueprint;
use lockgate_model::{Document, ObjectSet, Origin, kinds::key_pair::DEFAULT_SIGNING_KEY};
use report::Remarks;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;
use world::World;

/// Turns blueprints, which may refer to each other, into a configuration folder.
///
/// # Errors
/// What is not YAML, or not there; nothing is made of the rest then.
pub fn import_blueprints(files: &[TextFile], now: DateTime<Utc>) -> Result<Imported, Vec<Remark>> {
    import_with_context(files, &Map::new(), now)
}

/// As [`import_blueprints`], with values of the context that come before those of the blueprints.
///
/// # Errors
/// As [`import_blueprints`].
pub fn import_with_context(
    files: &[TextFile],
    context: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<Imported, Vec<Remark>> {
    let mut blueprints = Vec::new();
    let mut broken = Vec::new();
    // JSON is YAML.
    let context = (!context.is_empty()).then(|| tree::parse("context", &json!(context).to_string()).ok()).flatten();
    for file in files {
        match tree::parse(&file.path, &file.text) {
            Ok(root) => blueprints.push(Blueprint { file: file.path.clone(), root, context: context.clone() }),
            Err((place, why)) => broken.push(Remark { place, what: "file".to_owned(), why }),
        }
    }
    if !broken.is_empty() {
        return Err(broken);
    }
    let shipped = shipped(now).map_err(|why| vec![Remark { place: Place::default(), what: "file".to_owned(), why }])?;
    // What is looked up may stand further down, or in another file.
    let first = entries::read(&blueprints, &World::new(Vec::new(), &shipped), &mut Remarks::default());
    let mut remarks = Remarks::default();
    let second = entries::read(&blueprints, &World::new(first, &shipped), &mut remarks);
    let world = World::new(second, &shipped);
    let mut build = Build::new(&world, remarks);
    build.run();
    Ok(written(build, &shipped, now))
}

/// What ships with the binary, and the key pair that every installation makes for itself.
fn shipped(now: DateTime<Utc>) -> Result<Loaded, String> {
    let mut shipped = builtin(&Nobody, &Nobody, now).map_err(|_| "the built-in configuration is broken".to_owned())?;
    let body = json!({
        "name": DEFAULT_SIGNING_KEY,
        "certificate_data": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    });
    let id = stable_id("key_pair", DEFAULT_SIGNING_KEY);
    shipped.documents.push(stored(id, "key_pair", DEFAULT_SIGNING_KEY, body, Origin::Api, now));
    Ok(shipped)
}

fn stored(id: Uuid, kind: &str, name: &str, body: Value, origin: Origin, now: DateTime<Utc>) -> Document {
    Document {
        id,
        number: None,
        kind: kind.to_owned(),
        name: name.to_owned(),
        origin,
        source: None,
        managed: None,
        body,
        version: 1,
        created: now,
        updated: now,
    }
}

/// Everything made, as text that passes the check.
fn written(mut build: Build<'_>, shipped: &Loaded, now: DateTime<Utc>) -> Imported {
    let groups = build.all_groups();
    let objects = objects(&mut build, shipped, now);
    let people = PeopleNames {
        groups: shipped.groups.iter().chain(&groups).map(|g| (g.id, g.name.clone())).collect(),
        users: build.users.iter().map(|(name, pk)| (*pk, name.clone())).collect(),
    };
    let made: BTreeSet<Uuid> = build.made.keys().copied().collect();
    let exported = export_documents(ExportRequest {
        objects: &objects,
        groups: &groups,
        people: &people,
        builtin: shipped,
        wanted: &|document| made.contains(&document.id),
        stand_ins: std::mem::take(&mut build.stand_ins),
        comments: std::mem::take(&mut build.comments),
    });
    for left in exported.left_out {
        let place = build.made.get(&left.id).map(|m| m.place.clone()).unwrap_or_default();
        build.remarks.left(&place, &left.what, left.why);
    }
    let mut values: HashMap<String, String> =
        exported.variables.iter().map(|v| (v.name.clone(), v.value.clone())).collect();
    values.extend(build.asked.iter().map(|(name, (_, stand_in))| (name.clone(), stand_in.clone())));
    let mut variables = exported.variables;
    variables.extend(build.asked.into_values().map(|(variable, _)| variable));
    variables.sort_by(|a, b| a.name.cmp(&b.name));
    let mut remarks = build.remarks;
    complaints(&exported.files, shipped, Answers(values), now, &mut remarks);
    for list in [&mut remarks.leftovers, &mut remarks.notes] {
        list.sort();
        list.dedup();
    }
    Imported { files: exported.files, variables, leftovers: remarks.leftovers, notes: remarks.notes }
}

/// All objects, linked. What does not link goes, with a word about it.
fn objects(build: &mut Build<'_>, shipped: &Loaded, now: DateTime<Utc>) -> ObjectSet {
    loop {
        let mut all: BTreeMap<Uuid, Document> = shipped.documents.iter().map(|d| (d.id, d.clone())).collect();
        for Made { id, kind, name, body, .. } in build.made.values() {
            let body = kind.parse(&Value::Object(body.clone())).map_or_else(|_| json!({}), |v| v.to_value());
            all.insert(*id, stored(*id, kind.meta.kind, name, body, Origin::Folder, now));
        }
        let unsound = match ObjectSet::parse(all.into_values().collect(), &|_| true) {
            Ok(objects) => return objects,
            Err(unsound) => unsound,
        };
        let before = build.made.len();
        for found in unsound {
            if let Some(made) = build.made.remove(&found.document.id) {
                let why = found.problems.0.first().map(|p| p.message.clone()).unwrap_or_default();
                build.remarks.left(&made.place, &made.what(), format!("it is not carried over: {why}"));
            }
        }
        if build.made.len() == before {
            return ObjectSet::default();
        }
    }
}

/// What the check says of the result: nothing that a person would have to guess the reason of.
fn complaints(files: &[TextFile], shipped: &Loaded, answers: Answers, now: DateTime<Utc>, remarks: &mut Remarks) {
    let folder = Folder { files: files.to_vec(), diagnostics: Vec::new() };
    let objects = StoredObjects::new(&shipped.documents);
    let lookups = Lookups { objects: &objects, directory: &Anybody, secrets: &answers, builtin: Some(shipped), now };
    for complaint in check(&folder, &lookups).diagnostics.iter().filter(|d| d.severity == Severity::Error) {
        let place = Place { file: complaint.span.file.to_string(), line: complaint.span.line };
        remarks.left(&place, "written file", format!("lockgate check says: {}", complaint.message));
    }
}

/// Every user that is named is somebody; groups are declared.
struct Anybody;

impl Directory for Anybody {
    fn group(&self, _: &str) -> Option<Uuid> {
        None
    }
    fn user(&self, _: &str) -> Option<i64> {
        Some(1)
    }
    fn group_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The secrets that the result asks for.
struct Answers(HashMap<String, String>);

impl Secrets for Answers {
    fn env(&self, name: &str) -> Result<String, String> {
        self.0.get(name).cloned().ok_or_else(|| "is not set".to_owned())
    }
    fn file(&self, _: &str) -> Result<String, String> {
        // Whether it is there, only the place where the folder is used can tell.
        Ok("placeholder".to_owned())
    }
}
