//! Two sets of documents and groups, compared: pure, and in words that the author of a folder knows.

use super::{ChangeSort, FieldChange, ObjectChange};
use lockgate_model::{Document, Family, Group, Origin, Source, kind, kind::KindDef};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// What objects and people are called, before and after.
#[derive(Debug, Clone, Default)]
pub struct Names {
    documents: HashMap<Uuid, Document>,
    groups: HashMap<Uuid, String>,
    users: HashMap<i64, String>,
}

impl Names {
    /// Names of documents, groups and users; of two with the same key the later one counts.
    pub fn new<'a>(
        documents: impl IntoIterator<Item = &'a Document>,
        groups: impl IntoIterator<Item = &'a Group>,
        users: HashMap<i64, String>,
    ) -> Self {
        Self {
            documents: documents.into_iter().map(|d| (d.id, d.clone())).collect(),
            groups: groups.into_iter().map(|g| (g.pk, g.name.clone())).collect(),
            users,
        }
    }

    /// What people call an object: `app grafana`, `access of app grafana: group Grafana Admins`.
    #[must_use]
    pub fn of(&self, document: &Document) -> String {
        match document.kind.as_str() {
            "policy_binding" => {
                let target = self.target(&document.body["target"]);
                format!("access of {target}: {}", self.subject(&document.body))
            }
            "flow_stage_binding" => self.place(document),
            "application_entitlement" => {
                let (name, app) = (document.body["name"].as_str().unwrap_or_default(), &document.body["app"]);
                format!("entitlement {name} of {}", self.target(app))
            }
            kind => format!("{} {}", noun(kind), document.name),
        }
    }

    fn document(&self, reference: &Value) -> Option<&Document> {
        self.documents.get(&Uuid::parse_str(reference.as_str()?).ok()?)
    }

    fn target(&self, reference: &Value) -> String {
        self.document(reference).map_or_else(|| "something that is gone".to_owned(), |target| self.of(target))
    }

    /// `stage ask-name of flow enrollment`.
    fn place(&self, joint: &Document) -> String {
        let name = |field: &str| self.document(&joint.body[field]).map_or("(gone)", |d| d.name.as_str());
        format!("stage {} of flow {}", name("stage"), name("target"))
    }

    fn subject(&self, body: &Value) -> String {
        let who = if let Some(group) = body["group"].as_str() {
            let id = Uuid::parse_str(group).ok();
            format!("group {}", id.and_then(|id| self.groups.get(&id)).map_or("(gone)", String::as_str))
        } else if let Some(user) = body["user"].as_i64() {
            format!("user {}", self.users.get(&user).map_or("(gone)", String::as_str))
        } else {
            let policy = self.document(&body["policy"]);
            format!("policy {}", policy.map_or("(gone)", |d| d.name.as_str()))
        };
        if body["negate"] == true { format!("not {who}") } else { who }
    }

    /// A reference as people write it.
    fn reference(&self, value: &Value) -> Value {
        let text = value.as_str().and_then(|text| Uuid::parse_str(text).ok());
        let Some(id) = text else { return value.clone() };
        match (self.documents.get(&id), self.groups.get(&id)) {
            (Some(document), _) => json!(document.name),
            (None, Some(group)) => json!(group),
            (None, None) => value.clone(),
        }
    }
}

/// The word that begins a document of this kind, else the kind in words.
fn noun(name: &str) -> String {
    match kind::by_name(name).map(|k| k.meta) {
        Some(meta) if meta.family == Family::Policy => "policy".to_owned(),
        Some(meta) if !meta.word.is_empty() => meta.word.to_owned(),
        _ => name.replace('_', " "),
    }
}

/// What is different, in the order of kinds and names, and of how many objects only the place in the text is.
#[must_use]
pub fn changes(
    before: (&[Document], &[Group]),
    after: (&[Document], &[Group]),
    names: &Names,
) -> (Vec<ObjectChange>, u64) {
    let mut found = Vec::new();
    let mut moved = 0;
    let old: BTreeMap<Uuid, &Document> = before.0.iter().map(|d| (d.id, d)).collect();
    let new: BTreeMap<Uuid, &Document> = after.0.iter().map(|d| (d.id, d)).collect();
    for (id, document) in &new {
        match old.get(id) {
            None => found.push(object(ChangeSort::Created, document, names)),
            Some(was) => match changed(was, document, names) {
                Some(change) => found.push(change),
                None => moved += u64::from(was.source != document.source),
            },
        }
    }
    let gone = old.iter().filter(|(id, _)| !new.contains_key(id));
    found.extend(gone.map(|(_, document)| object(ChangeSort::Deleted, document, names)));
    let rank = |change: &ObjectChange| kind::KINDS.iter().position(|k| k.meta.kind == change.kind);
    found.sort_by_key(|change| (rank(change), change.name.clone(), change.change));
    found.extend(group_changes(before.1, after.1));
    (found, moved)
}

fn object(change: ChangeSort, document: &Document, names: &Names) -> ObjectChange {
    ObjectChange {
        change,
        kind: document.kind.clone(),
        name: names.of(document),
        adopted_from: None,
        place: place(document.source.as_ref()),
        fields: Vec::new(),
    }
}

fn place(source: Option<&Source>) -> Option<String> {
    source.map(|s| format!("{}:{}", s.file, s.line))
}

fn changed(before: &Document, after: &Document, names: &Names) -> Option<ObjectChange> {
    let kind = kind::by_name(&after.kind);
    let mut fields = Vec::new();
    compare("", &normal(before, kind), &normal(after, kind), &mut fields);
    let secrets = kind.map(|k| k.schema().secrets()).unwrap_or_default();
    for field in &mut fields {
        if secrets.iter().any(|secret| field.pointer.starts_with(secret.as_str())) {
            (field.before, field.after, field.secret) = (Value::Null, Value::Null, true);
        } else if refers(kind, &field.pointer) {
            (field.before, field.after) = (named(&field.before, names), named(&field.after, names));
        }
    }
    let adopted = after.origin == Origin::Folder && before.origin != Origin::Folder;
    let released = before.origin == Origin::Folder && after.origin != Origin::Folder;
    if fields.is_empty() && !adopted && !released && before.name == after.name {
        return None;
    }
    let adopted_from = adopted.then(|| before.origin.as_str().to_owned());
    Some(ObjectChange { adopted_from, fields, ..object(ChangeSort::Changed, after, names) })
}

/// A body with its defaults written out, so that two ways of saying the same are equal.
fn normal(document: &Document, kind: Option<&'static KindDef>) -> Value {
    let parsed = kind.and_then(|k| k.parse(&document.body).ok());
    parsed.map_or_else(|| document.body.clone(), |object| object.to_value())
}

/// Whether the field holds references.
fn refers(kind: Option<&'static KindDef>, pointer: &str) -> bool {
    let name = pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
    kind.and_then(|k| k.schema().field(name)).is_some_and(|field| field.target.is_some())
}

fn named(value: &Value, names: &Names) -> Value {
    match value {
        Value::Array(list) => list.iter().map(|one| names.reference(one)).collect(),
        one => names.reference(one),
    }
}

/// Maps part by part, everything else as a whole.
fn compare(pointer: &str, before: &Value, after: &Value, found: &mut Vec<FieldChange>) {
    match (before, after) {
        (Value::Object(one), Value::Object(two)) => {
            let mut keys: Vec<&String> = one.keys().chain(two.keys().filter(|key| !one.contains_key(*key))).collect();
            keys.sort();
            for key in keys {
                let (was, is) = (one.get(key).unwrap_or(&Value::Null), two.get(key).unwrap_or(&Value::Null));
                let key = key.replace('~', "~0").replace('/', "~1");
                compare(&format!("{pointer}/{key}"), was, is, found);
            }
        }
        (one, two) if one == two => {}
        (one, two) => found.push(FieldChange {
            pointer: pointer.to_owned(),
            before: one.clone(),
            after: two.clone(),
            secret: false,
        }),
    }
}

fn group_changes(before: &[Group], after: &[Group]) -> Vec<ObjectChange> {
    let old: HashMap<Uuid, &Group> = before.iter().map(|g| (g.pk, g)).collect();
    let called: HashMap<Uuid, &str> = before.iter().chain(after).map(|g| (g.pk, g.name.as_str())).collect();
    let mut sorted: Vec<&Group> = after.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    sorted.into_iter().filter_map(|group| group_change(old.get(&group.pk).copied(), group, &called)).collect()
}

fn group_change(before: Option<&Group>, after: &Group, called: &HashMap<Uuid, &str>) -> Option<ObjectChange> {
    let told = |change| ObjectChange {
        change,
        kind: "group".to_owned(),
        name: format!("group {}", after.name),
        adopted_from: None,
        place: place(after.source.as_ref()),
        fields: Vec::new(),
    };
    let Some(before) = before else { return Some(told(ChangeSort::Created)) };
    let declared = |group: &Group| {
        let mut parents: Vec<&str> = group.parents.iter().filter_map(|p| called.get(p).copied()).collect();
        parents.sort_unstable();
        json!({"superuser": group.is_superuser, "parents": parents, "attributes": group.attributes})
    };
    let mut fields = Vec::new();
    compare("", &declared(before), &declared(after), &mut fields);
    if before.origin == Origin::Folder && after.origin != Origin::Folder {
        return Some(ObjectChange { fields, place: place(before.source.as_ref()), ..told(ChangeSort::Deleted) });
    }
    let adopted = after.origin == Origin::Folder && before.origin != Origin::Folder;
    let adopted_from = adopted.then(|| before.origin.as_str().to_owned());
    (adopted || !fields.is_empty()).then(|| ObjectChange { adopted_from, fields, ..told(ChangeSort::Changed) })
}
