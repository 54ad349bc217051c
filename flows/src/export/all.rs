//! Everything that is wanted as a folder: one file a thing.

use super::writer::{PeopleNames, Whole, Writer, bound, document, listed, mode};
use crate::{
    builtin::outpost_config_defaults,
    language::{GroupDeclaration, LOGGED, Loaded, words},
    read::TextFile,
};
use lockgate_model::{
    Document, Family, Object, ObjectSet, Origin,
    kind::{KINDS, joint_field},
    kinds::{Application, CedarFile, ProxyMode, ProxyProvider},
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use uuid::Uuid;

/// What to write.
pub struct ExportRequest<'a> {
    /// A whole configuration.
    pub objects: &'a ObjectSet,
    /// The groups to write.
    pub groups: &'a [GroupDeclaration],
    /// Names of the groups and users that are bound somewhere.
    pub people: &'a PeopleNames,
    /// The layer below what is written.
    pub builtin: &'a Loaded,
    /// Which objects to write. A joint has what it belongs to written.
    pub wanted: &'a dyn Fn(&Document) -> bool,
    /// What stands in place of a field's value, by document and field.
    pub stand_ins: HashMap<(Uuid, String), Value>,
    /// Comments above documents.
    pub comments: BTreeMap<Uuid, String>,
}

/// A secret that a text asks the environment for.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// Name of the environment variable.
    pub name: String,
    /// What it is: `client_secret of grafana`.
    pub what: String,
    /// The secret.
    pub value: String,
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variable").field("name", &self.name).field("what", &self.what).finish_non_exhaustive()
    }
}

/// An object that the language has no words for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its primary key.
    pub id: Uuid,
    /// What it is called: `proxy provider "movies"`.
    pub what: String,
    /// Why.
    pub why: String,
}

/// A folder.
#[derive(Debug, Clone, Default)]
pub struct Exported {
    /// Its files, sorted by path.
    pub files: Vec<TextFile>,
    /// The secrets that they ask for.
    pub variables: Vec<Variable>,
    /// What is not in them.
    pub left_out: Vec<LeftOut>,
}

/// Writes documents that [`crate::check`] reads again as the same objects.
#[must_use]
pub fn export_documents(request: ExportRequest<'_>) -> Exported {
    let mut left_out = Vec::new();
    let declared = declared(&request, &mut left_out);
    let whole = Whole {
        declared: declared.clone(),
        builtin: request.builtin,
        stand_ins: &request.stand_ins,
        comments: &request.comments,
    };
    let mut writer = Writer::new(request.objects, request.people, Some(whole));
    let mut files = Files::default();
    for object in in_order(request.objects, &declared) {
        let id = object.document.id;
        if writer.absorbed.contains(&id) {
            continue;
        }
        if let Some(cedar) = object.typed::<CedarFile>() {
            files.add(&cedar.path, cedar.text.clone());
        } else if object.kind.meta.family == Family::Provider {
            left_out.push(LeftOut { id, what: called(object), why: why_not(request.objects, object) });
        } else if let Some(value) = writer.document(object) {
            files.add(&path(object), document(request.comments.get(&id), value));
        } else {
            left_out.push(LeftOut { id, what: called(object), why: "the language has no words for it".to_owned() });
        }
    }
    if let Some(text) = groups(request.groups) {
        files.add("groups.yaml", text);
    }
    Exported { files: files.sorted(), variables: variables(&writer), left_out }
}

/// The objects that get a place in the text.
pub(super) fn declared(request: &ExportRequest<'_>, left_out: &mut Vec<LeftOut>) -> HashSet<Uuid> {
    let mut declared = HashSet::new();
    let owned = |o: &Object| o.document.origin == Origin::Folder && !(request.wanted)(&o.document);
    for object in request.objects.iter().filter(|o| (request.wanted)(&o.document)) {
        let owner = owner(request.objects, object);
        match owner.filter(|o| owned(o)) {
            Some(taken) => {
                let place = taken.document.source.as_ref().map(|s| format!(" ({}:{})", s.file, s.line));
                let why = format!("it belongs into the document of {}{}", called(taken), place.unwrap_or_default());
                left_out.push(LeftOut { id: object.document.id, what: called(object), why });
            }
            None => declared.extend(owner.into_iter().chain([object]).map(|o| o.document.id)),
        }
    }
    declared
}

/// The object in whose document another one stands.
pub(super) fn owner<'o>(objects: &'o ObjectSet, object: &'o Object) -> Option<&'o Object> {
    let above = |o: &Object| {
        let field = joint_field(o.kind.meta.kind)?;
        objects.get(Uuid::parse_str(o.document.body[field].as_str()?).ok()?)
    };
    if object.kind.meta.family == Family::Provider {
        return app_of(objects, object);
    }
    let owner = above(object)?;
    above(owner).or(Some(owner))
}

pub(super) fn app_of<'o>(objects: &'o ObjectSet, provider: &Object) -> Option<&'o Object> {
    let id = provider.document.id;
    let mut referrers = objects.referrers(id).iter().filter_map(|r| objects.get(r.from));
    referrers.find(|o| o.typed::<Application>().is_some_and(|a| a.provider.is_some_and(|p| p.0 == id)))
}

/// What holds others comes first, so that they stand inside.
pub(super) fn in_order<'o>(objects: &'o ObjectSet, declared: &HashSet<Uuid>) -> Vec<&'o Object> {
    let joint = |o: &Object| joint_field(o.kind.meta.kind).is_some();
    let mut all: Vec<&Object> = objects.iter().filter(|o| declared.contains(&o.document.id) && !joint(o)).collect();
    let rank = |o: &Object| match (o.kind.meta.kind, o.kind.meta.family) {
        ("flow" | "application", _) => 0,
        (_, Family::Stage) => 1,
        _ => 2 + KINDS.iter().position(|k| k.meta.kind == o.kind.meta.kind).unwrap_or_default(),
    };
    all.sort_by(|a, b| (rank(a), &a.document.name, a.document.id).cmp(&(rank(b), &b.document.name, b.document.id)));
    all
}

pub(super) fn called(object: &Object) -> String {
    format!("{} \"{}\"", object.kind.meta.verbose_name.to_lowercase(), object.document.name)
}

pub(super) fn why_not(objects: &ObjectSet, provider: &Object) -> String {
    let why = match (app_of(objects, provider), provider.typed::<ProxyProvider>()) {
        (None, _) => "no application has it, and a provider is written inside its application",
        (Some(_), Some(proxy)) if proxy.mode == ProxyMode::Proxy => "mode proxy is not built yet",
        (Some(_), Some(_)) => "the launch address of its application is not one of the web",
        (Some(_), None) => "the language has no words for it",
    };
    why.to_owned()
}

impl Writer<'_> {
    /// The document of an object that has one of its own.
    pub(super) fn document(&mut self, object: &Object) -> Option<Map<String, Value>> {
        let (meta, name) = (object.kind.meta, &object.document.name);
        match (meta.kind, meta.family) {
            ("flow", _) => return Some(self.flow(object)),
            ("application", _) => return Some(self.app(object)),
            _ if meta.word.is_empty() => return None,
            _ => {}
        }
        let mut map = Map::new();
        if meta.family == Family::Stage {
            map.insert("stage".to_owned(), json!(name));
            map.insert(meta.word.to_owned(), Value::Object(self.stage_settings(object)));
        } else if meta.family == Family::Policy {
            map.insert("policy".to_owned(), json!(name));
            self.policy(&mut map, object);
        } else if words::identifier_field(object.kind).is_empty() {
            let mut settings = Map::new();
            self.settings(&mut settings, object, &[]);
            map.insert(meta.word.to_owned(), Value::Object(settings));
        } else {
            map.insert(meta.word.to_owned(), json!(name));
            let outpost = meta.kind == "outpost";
            let policies = self.policies(&bound(self.objects, object.document.id, "policy_binding"));
            let hidden: &[&str] = match () {
                () if outpost => &["config"],
                () if !policies.is_empty() => &["policy_engine_mode"],
                () => &[],
            };
            self.settings(&mut map, object, hidden);
            if !policies.is_empty() {
                map.insert("policies".to_owned(), listed(policies, mode(object)));
            }
            if outpost {
                self.outpost_config(&mut map, object);
            }
        }
        Some(map)
    }

    /// What a policy says at the word of its kind, and beside it what all kinds have.
    fn policy(&mut self, map: &mut Map<String, Value>, object: &Object) {
        if words::is_text(object.kind) {
            return self.settings(map, object, &[]);
        }
        let mut settings = Map::new();
        self.settings(&mut settings, object, &[]);
        map.extend(settings.remove_entry(LOGGED));
        map.insert(object.kind.meta.word.to_owned(), Value::Object(settings));
    }

    /// The settings of an outpost that differ from what lies below, beside its fields.
    fn outpost_config(&self, map: &mut Map<String, Value>, outpost: &Object) {
        let defaults = outpost_config_defaults();
        let mut below = self.whole.as_ref().into_iter().flat_map(|w| &w.builtin.documents);
        let below = below.find(|d| d.kind == "outpost" && d.name == outpost.document.name);
        let below = below.and_then(|d| d.body["config"].as_object()).unwrap_or(&defaults);
        let mut rest = Map::new();
        for (key, value) in outpost.document.body["config"].as_object().into_iter().flatten() {
            if below.get(key) == Some(value) {
                continue;
            }
            let sort = |v: &Value| std::mem::discriminant(v);
            match defaults.get(key) {
                Some(default) if default.is_null() || sort(default) == sort(value) => {
                    map.insert(key.clone(), value.clone());
                }
                _ => drop(rest.insert(key.clone(), value.clone())),
            }
        }
        if !rest.is_empty() {
            map.insert("config".to_owned(), Value::Object(rest));
        }
    }
}

fn groups(groups: &[GroupDeclaration]) -> Option<String> {
    let mut all: Vec<&GroupDeclaration> = groups.iter().collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let texts: Vec<String> = all
        .into_iter()
        .map(|group| {
            let mut map = Map::from_iter([("group".to_owned(), json!(group.name))]);
            if group.superuser {
                map.insert("superuser".to_owned(), json!(true));
            }
            if !group.parents.is_empty() {
                map.insert("parents".to_owned(), json!(group.parents));
            }
            if !group.attributes.is_empty() {
                map.insert("attributes".to_owned(), json!(group.attributes));
            }
            document(None, map)
        })
        .collect();
    (!texts.is_empty()).then(|| texts.join("---\n"))
}

fn variables(writer: &Writer<'_>) -> Vec<Variable> {
    let found = writer.secrets.iter().filter_map(|(id, field, name)| {
        let object = writer.objects.get(*id)?;
        let value = object.document.body[field].as_str()?.to_owned();
        Some(Variable { name: name.clone(), what: format!("{field} of {}", called(object)), value })
    });
    found.collect()
}

/// Where an object's document stands, without what makes the name unique.
pub(super) fn path(object: &Object) -> String {
    let meta = object.kind.meta;
    let folder = match meta.family {
        Family::Stage => "stages".to_owned(),
        Family::Policy => "policies".to_owned(),
        _ if words::identifier_field(object.kind).is_empty() => return format!("{}.yaml", meta.word),
        _ => format!("{}s", meta.word),
    };
    format!("{folder}/{}.yaml", stem(&object.document.name))
}

/// A name as part of a path.
fn stem(name: &str) -> String {
    let mut stem = String::new();
    for c in name.chars().take(80) {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' || (c == '.' && !stem.is_empty()) => {
                stem.push(c.to_ascii_lowercase())
            }
            _ if !stem.is_empty() && !stem.ends_with('-') => stem.push('-'),
            _ => {}
        }
    }
    let stem = stem.trim_end_matches(['-', '.']);
    if stem.is_empty() { "unnamed".to_owned() } else { stem.to_owned() }
}

/// Files with unique paths.
#[derive(Default)]
struct Files {
    files: Vec<TextFile>,
    /// As they are on file systems that do not tell case apart.
    taken: BTreeSet<String>,
}

impl Files {
    fn add(&mut self, path: &str, text: String) {
        let (stem, extension) = path.rsplit_once('.').unwrap_or((path, "yaml"));
        let mut unique = path.to_owned();
        for n in 2.. {
            if self.taken.insert(unique.to_ascii_lowercase()) {
                break;
            }
            unique = format!("{stem}-{n}.{extension}");
        }
        self.files.push(TextFile { path: unique, text });
    }

    fn sorted(mut self) -> Vec<TextFile> {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.files
    }
}
