//! `lockgate export`: what is stored as documents of a configuration folder.

use crate::{serve::ask, settings::Settings, texts::Rules};
use lockgate_engine::ports::Clock;
use lockgate_flows::{
    ExportRequest, Exported, GroupDeclaration, NamedPeople, Nobody, StoredObjects, builtin, export_documents,
};
use lockgate_identity::{look::Look, names, system::SystemClock};
use lockgate_model::{Document, Group, Origin};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};
use uuid::Uuid;

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    /// The folder; standard output without one.
    pub(crate) out: Option<&'a Path>,
    /// What belongs to the folder, too.
    pub(crate) all: bool,
    /// How to write.
    pub(crate) texts: Rules<'a>,
}

/// Writes the documents, and says on standard error what is not among them.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn export(settings: &Settings, wish: Wish<'_>) -> Result<(), String> {
    let exported = ask(settings, async |look| documents(look, wish.all).await).await?;
    match wish.out {
        Some(folder) => {
            wish.texts.write(folder, &exported.files, &exported.variables)?;
            exported.files.iter().for_each(|file| println!("{}", folder.join(&file.path).display()));
        }
        None if wish.texts.secrets.is_some() => return Err("--secrets goes with --out".to_owned()),
        None => print!("{}", joined(&exported)),
    }
    for left in &exported.left_out {
        eprintln!("left out: {}: {}", left.what, left.why);
    }
    for variable in &exported.variables {
        eprintln!("to be set: {} ({})", variable.name, variable.what);
    }
    Ok(())
}

/// All documents one behind the other.
fn joined(exported: &Exported) -> String {
    let texts: Vec<String> = exported.files.iter().map(|file| format!("# {}\n{}", file.path, file.text)).collect();
    texts.join("---\n")
}

async fn documents(look: &Look, all: bool) -> Result<Exported, String> {
    let objects = &look.snapshot.objects;
    let stored: Vec<Document> = objects.iter().map(|object| object.document.clone()).collect();
    let below = builtin(&StoredObjects::new(&stored), &Nobody, SystemClock.now())
        .map_err(|_| "the built-in configuration is broken".to_owned())?;
    let mut named = NamedPeople::default();
    objects.iter().for_each(|object| named.add(object));
    let people = names::of(&look.store, named).await.map_err(|e| e.to_string())?;
    let groups = look.store.groups().all().await.map_err(|e| e.to_string())?;
    let is_wanted = |origin: Origin| origin == Origin::Api || (all && origin == Origin::Folder);
    let titles: HashMap<Uuid, &str> = groups.iter().map(|group| (group.pk, group.name.as_str())).collect();
    let declared: Vec<GroupDeclaration> =
        groups.iter().filter(|group| is_wanted(group.origin)).map(|group| declaration(group, &titles)).collect();
    Ok(export_documents(ExportRequest {
        objects,
        groups: &declared,
        people: &people,
        builtin: &below,
        wanted: &|document| is_wanted(document.origin) && !is_made(document),
        stand_ins: HashMap::new(),
        comments: BTreeMap::new(),
    }))
}

/// Whether every installation makes this object for itself.
fn is_made(document: &Document) -> bool {
    use lockgate_model::kinds::key_pair::{DEFAULT_SIGNING_KEY, INTERNAL_JWT_KEY};
    document.kind == "key_pair"
        && (document.name == DEFAULT_SIGNING_KEY || document.managed.as_deref() == Some(INTERNAL_JWT_KEY))
}

fn declaration(group: &Group, titles: &HashMap<Uuid, &str>) -> GroupDeclaration {
    GroupDeclaration {
        id: group.pk,
        name: group.name.clone(),
        superuser: group.is_superuser,
        parents: group.parents.iter().filter_map(|parent| titles.get(parent).map(|name| (*name).to_owned())).collect(),
        attributes: group.attributes.clone(),
        origin: group.origin,
        source: group.source.clone(),
    }
}
