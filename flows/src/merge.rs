//! Three layers, one configuration: what ships with the binary, the folder, and what was made
//! through the API (design 3).
//!
//! A builtin object is renewed unless it was edited, which turned it into one of the API's. A folder
//! object takes over whatever has its identifier, and when it leaves the folder it goes, or returns
//! to its builtin form. Objects of the API stay as they are, with one exception: joints (a stage in a
//! flow, a policy on something) belong to what they are bound to, so those on a folder's object come
//! from the folder alone. Otherwise somebody could be let in by what the text does not say.

use crate::language::Loaded;
use lockgate_model::{
    Document, Origin,
    kind::{self, KINDS, joint_field},
    schema::OnDelete,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// An object that the folder took over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Who it belonged to.
    pub from: Origin,
}

/// What to change so that the stored objects become the merged configuration.
#[derive(Debug, Clone, Default)]
pub struct MergePlan {
    /// To be inserted or replaced, what is referred to first. `number`, `created` and what the server
    /// made itself are kept; `version` is one higher. New objects still lack what the server makes:
    /// see [`lockgate_model::KindDef::complete`].
    pub upserts: Vec<Document>,
    /// To be deleted, what refers first.
    pub deletes: Vec<Document>,
    /// What the folder took over.
    pub adopted: Vec<Adopted>,
    /// Builtin objects that were edited, by kind and name: they are not renewed.
    pub kept: Vec<(String, String)>,
    /// How many objects stay as they are.
    pub unchanged: usize,
}

impl MergePlan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.upserts.is_empty() && self.deletes.is_empty()
    }
}

/// Plans the merge. `builtin` and `folder` must have been loaded with `stored` as their
/// [`crate::Objects`], so that what exists keeps its key. Without a folder, what belonged to one goes.
#[must_use]
pub fn merge(stored: Vec<Document>, builtin: &Loaded, folder: Option<&Loaded>) -> MergePlan {
    let stored: BTreeMap<Uuid, Document> = stored.into_iter().map(|d| (d.id, d)).collect();
    let declared: BTreeMap<Uuid, &Document> =
        folder.into_iter().flat_map(|f| &f.documents).map(|d| (d.id, d)).collect();
    let shipped: BTreeMap<Uuid, &Document> = builtin.documents.iter().map(|d| (d.id, d)).collect();
    let mut merge = Merge { stored: &stored, shipped, declared, plan: MergePlan::default(), live: BTreeSet::new() };
    merge.live.extend(merge.declared.keys());
    merge.builtin(builtin);
    merge.folder();
    merge.rest();
    merge.finish()
}

struct Merge<'a> {
    stored: &'a BTreeMap<Uuid, Document>,
    shipped: BTreeMap<Uuid, &'a Document>,
    declared: BTreeMap<Uuid, &'a Document>,
    plan: MergePlan,
    /// Objects that exist after the merge.
    live: BTreeSet<Uuid>,
}

fn is_joint(document: &Document) -> bool {
    joint_field(&document.kind).is_some()
}

/// What a joint belongs to.
fn target_of(joint: &Document) -> Option<Uuid> {
    id_in(joint, joint_field(&joint.kind)?)
}

fn id_in(document: &Document, field: &str) -> Option<Uuid> {
    document.body[field].as_str().and_then(|s| Uuid::parse_str(s).ok())
}

/// Place of a kind in the registry, whose order is that of references.
fn rank(document: &Document) -> usize {
    KINDS.iter().position(|k| k.meta.kind == document.kind).unwrap_or(KINDS.len())
}

impl Merge<'_> {
    /// The object that a joint belongs to in the end: a policy on a stage in a flow is the flow's.
    fn owner(&self, joint: &Document) -> Option<Uuid> {
        let target = target_of(joint)?;
        let above = self.declared.get(&target).copied().or_else(|| self.shipped.get(&target).copied());
        match above.or_else(|| self.stored.get(&target)).filter(|d| is_joint(d)) {
            // Joints of joints of joints do not exist.
            Some(above) => target_of(above),
            None => Some(target),
        }
    }

    fn is_folders(&self, joint: &Document) -> bool {
        self.owner(joint).is_some_and(|owner| self.declared.contains_key(&owner))
    }

    fn builtin(&mut self, builtin: &Loaded) {
        let mut documents: Vec<&Document> = builtin.documents.iter().collect();
        documents.sort_by_key(|d| rank(d));
        documents.retain(|d| !self.declared.contains_key(&d.id));
        for document in documents {
            if is_joint(document) && (self.is_folders(document) || self.was_taken_out(document)) {
                continue;
            }
            self.live.insert(document.id);
            match self.stored.get(&document.id) {
                Some(stored) if stored.origin == Origin::Api => {
                    self.plan.kept.push((stored.kind.clone(), stored.name.clone()));
                    self.plan.unchanged += 1;
                }
                stored => self.put(document, stored),
            }
        }
    }

    /// Whether a builtin joint is missing on purpose: what it joins has been here before, it has not,
    /// and the folder had no hand in it.
    fn was_taken_out(&self, joint: &Document) -> bool {
        if self.stored.contains_key(&joint.id) {
            return false;
        }
        let target = target_of(joint);
        if target.is_some_and(|t| !self.live.contains(&t)) {
            return true;
        }
        let was_here = |field: &str| match id_in(joint, field) {
            Some(id) => self.stored.get(&id).is_some_and(|d| d.origin != Origin::Folder),
            None => true,
        };
        let owner_was_here =
            self.owner(joint).is_some_and(|o| self.stored.get(&o).is_some_and(|d| d.origin != Origin::Folder));
        owner_was_here && ["target", "stage", "policy"].into_iter().all(was_here)
    }

    fn folder(&mut self) {
        for document in self.declared.clone().into_values() {
            let stored = self.stored.get(&document.id);
            let before = stored.map(|s| s.origin).or_else(|| self.shipped.get(&document.id).map(|_| Origin::Builtin));
            if let Some(from) = before.filter(|from| *from != Origin::Folder) {
                let name = stored.map_or(&document.name, |s| &s.name).clone();
                self.plan.adopted.push(Adopted { kind: document.kind.clone(), name, from });
            }
            self.put(document, stored);
        }
    }

    /// Writes a document unless the stored one says the same.
    fn put(&mut self, wanted: &Document, stored: Option<&Document>) {
        let Some(stored) = stored else {
            self.plan.upserts.push(wanted.clone());
            return;
        };
        let mut document = wanted.clone();
        keep_what_the_server_made(&mut document, stored);
        let same = document.kind == stored.kind
            && document.name == stored.name
            && document.origin == stored.origin
            && document.source == stored.source
            && document.managed == stored.managed
            && normal(&document) == normal(stored);
        if same {
            self.plan.unchanged += 1;
        } else {
            document.version = stored.version + 1;
            self.plan.upserts.push(document);
        }
    }

    /// Decides about stored objects that neither layer names.
    fn rest(&mut self) {
        let upserted: BTreeSet<Uuid> = self.plan.upserts.iter().map(|d| d.id).collect();
        for document in self.stored.values() {
            if self.live.contains(&document.id) || upserted.contains(&document.id) {
                continue;
            }
            let goes = match document.origin {
                Origin::Folder => true,
                // What is no longer shipped stays, but a joint would still act.
                Origin::Builtin => is_joint(document),
                Origin::Api => is_joint(document) && self.is_folders(document),
            };
            if goes {
                self.plan.deletes.push(document.clone());
            } else {
                self.live.insert(document.id);
                self.plan.unchanged += 1;
            }
        }
    }

    /// Follows references to what is deleted, as the database would, so that the plan shows it all.
    fn finish(mut self) -> MergePlan {
        let mut gone: BTreeSet<Uuid> = self.plan.deletes.iter().map(|d| d.id).collect();
        let mut changed: HashMap<Uuid, Document> = self.plan.upserts.iter().map(|d| (d.id, d.clone())).collect();
        loop {
            let before = gone.len();
            for id in self.live.clone() {
                let Some(document) = changed.get(&id).or_else(|| self.stored.get(&id)).cloned() else { continue };
                match without(&document, &gone) {
                    Unlinked::Untouched => {}
                    Unlinked::Goes => {
                        gone.insert(id);
                        self.live.remove(&id);
                        if changed.remove(&id).is_none() {
                            self.plan.unchanged = self.plan.unchanged.saturating_sub(1);
                        }
                        self.plan.deletes.extend(self.stored.get(&id).cloned());
                    }
                    Unlinked::Changed(body) => {
                        let fresh = changed.contains_key(&id);
                        let version = document.version + i64::from(!fresh);
                        self.plan.unchanged = self.plan.unchanged.saturating_sub(usize::from(!fresh));
                        changed.insert(id, Document { body, version, ..document });
                    }
                }
            }
            if gone.len() == before {
                break;
            }
        }
        self.plan.upserts = changed.into_values().collect();
        self.plan.upserts.sort_by(|a, b| (rank(a), &a.name, a.id).cmp(&(rank(b), &b.name, b.id)));
        self.plan.deletes.sort_by(|a, b| (rank(b), &b.name, b.id).cmp(&(rank(a), &a.name, a.id)));
        self.plan
    }
}

enum Unlinked {
    Untouched,
    Goes,
    Changed(Value),
}

/// A body without references to what is gone.
fn without(document: &Document, gone: &BTreeSet<Uuid>) -> Unlinked {
    let Some(kind) = kind::by_name(&document.kind) else { return Unlinked::Untouched };
    let lost: Vec<_> = kind.schema().references(&document.body).into_iter().filter(|r| gone.contains(&r.to)).collect();
    if lost.is_empty() {
        return Unlinked::Untouched;
    }
    if lost.iter().any(|r| r.on_delete == OnDelete::Cascade) {
        return Unlinked::Goes;
    }
    let mut body = document.body.clone();
    for reference in lost {
        let to = reference.to.to_string();
        match &mut body[&reference.field] {
            Value::Array(list) => list.retain(|v| v.as_str() != Some(&to)),
            value => *value = Value::Null,
        }
    }
    Unlinked::Changed(body)
}

/// Numbers, keys and secrets that the server made are not in any text.
pub fn keep_what_the_server_made(document: &mut Document, stored: &Document) {
    document.number = document.number.or(stored.number);
    document.created = stored.created;
    if document.managed.is_none() {
        document.managed.clone_from(&stored.managed);
    }
    let Some(kind) = kind::by_name(&document.kind) else { return };
    // What would be made anew is what was made before.
    let made = kind.complete(&document.body, &mut |n| "x".repeat(n)).unwrap_or_default();
    let is_made = |name: &str| made.get(name).is_some_and(|value| *value != document.body[name]);
    let fields = kind.schema().fields.iter();
    let fields = fields.filter(|f| f.read_only || (f.internal && f.secret) || is_made(&f.name));
    for field in fields.collect::<Vec<_>>() {
        let empty = document.body[&field.name].as_str().is_none_or(str::is_empty);
        if let Some(made) = stored.body.get(&field.name).filter(|_| empty) {
            document.body[&field.name] = made.clone();
        }
    }
}

/// A body with its defaults written out, so that two ways of saying the same are equal.
#[must_use]
pub fn normal(document: &Document) -> Value {
    let parsed = kind::by_name(&document.kind).and_then(|k| k.parse(&document.body).ok());
    parsed.map_or_else(|| document.body.clone(), |object| object.to_value())
}
