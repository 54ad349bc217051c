//! Who is called what: names of this folder, of the built-in configuration and of the database.

use super::words;
use crate::{diagnostics::Diagnostic, lookup::Lookups, span::Span};
use lockgate_model::{
    KindDef, Origin,
    kind::{by_target, joint_field},
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Name space of identifiers that are made from names.
pub const NAMESPACE: Uuid = Uuid::from_u128(0x6c6f_636b_6761_7465_8000_0000_0000_0001);

/// The primary key of an object that is declared under this name and did not exist before.
#[must_use]
pub fn stable_id(kind: &str, name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{kind}\0{name}").as_bytes())
}

pub(crate) struct Names<'a> {
    lookups: Lookups<'a>,
    builtin: HashMap<(&'a str, &'a str), Uuid>,
    builtin_groups: HashMap<&'a str, Uuid>,
    declared: HashMap<&'static str, BTreeMap<String, (Uuid, Span)>>,
    groups: BTreeMap<String, (Uuid, Span)>,
    broken: BTreeSet<(String, String)>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(lookups: Lookups<'a>) -> Self {
        let builtin = lookups.builtin.into_iter().flat_map(|b| &b.documents);
        let groups = lookups.builtin.into_iter().flat_map(|b| &b.groups);
        Self {
            lookups,
            builtin: builtin.map(|d| ((d.kind.as_str(), d.name.as_str()), d.id)).collect(),
            builtin_groups: groups.map(|g| (g.name.as_str(), g.id)).collect(),
            declared: HashMap::new(),
            groups: BTreeMap::new(),
            broken: BTreeSet::new(),
        }
    }

    /// Remembers what a document that is not YAML seems to declare.
    pub(crate) fn broken(&mut self, word: String, name: String) {
        self.broken.insert((word, name));
    }

    /// Whether a document that is not YAML seems to declare one of these.
    pub(crate) fn has_broken(&self, word: &str) -> bool {
        self.broken.iter().any(|(broken, _)| broken == word)
    }

    /// The primary key of an object: its own if it exists, else one made from its name.
    pub(crate) fn id(&self, kind: &str, name: &str) -> Uuid {
        if let Some(existing) = self.lookups.objects.existing(kind, name) {
            return existing.id;
        }
        let id = stable_id(kind, name);
        // An object that was renamed keeps the key made from its old name.
        let renamed = self.lookups.builtin.is_some()
            && joint_field(kind).is_none()
            && self.lookups.objects.is_taken(id)
            && !self.builtin.values().any(|b| *b == id);
        if renamed { stable_id(kind, &format!("{name}\0again")) } else { id }
    }

    /// Declares an object. Stages share one space of names, and so do policies.
    pub(crate) fn declare(&mut self, kind: &'static KindDef, name: &str, at: &Span) -> Result<Uuid, Box<Diagnostic>> {
        let target = kind.meta.family.target().unwrap_or(kind.meta.kind);
        let earlier = by_target(target).find_map(|k| self.declared.get(k.meta.kind)?.get(name));
        if let Some((_, first)) = earlier {
            return Err(Box::new(twice(&words::noun(target), name, at, first)));
        }
        let id = self.id(kind.meta.kind, name);
        self.declared.entry(kind.meta.kind).or_default().insert(name.to_owned(), (id, at.clone()));
        Ok(id)
    }

    /// Declares a group.
    pub(crate) fn declare_group(&mut self, name: &str, at: &Span) -> Result<Uuid, Box<Diagnostic>> {
        if let Some((_, first)) = self.groups.get(name) {
            return Err(Box::new(twice("group", name, at, first)));
        }
        let existing = self.lookups.directory.group(name);
        let id = existing.unwrap_or_else(|| stable_id("group", name));
        self.groups.insert(name.to_owned(), (id, at.clone()));
        Ok(id)
    }

    /// The group of this name.
    pub(crate) fn group(&self, name: &str) -> Option<Uuid> {
        let declared = self.groups.get(name).map(|(id, _)| *id);
        let known = declared.or_else(|| self.lookups.directory.group(name));
        let known = known.or_else(|| self.builtin_groups.get(name).copied());
        known.or_else(|| self.is_broken("group", name).then(Uuid::nil))
    }

    /// The user of this name.
    pub(crate) fn user(&self, name: &str) -> Option<i64> {
        self.lookups.directory.user(name)
    }

    /// The object of kind or family `target` with this name: of the folder, else built in, else stored.
    pub(crate) fn resolve(&self, target: &str, name: &str, at: &Span) -> Result<Uuid, Box<Diagnostic>> {
        let declared = by_target(target).find_map(|k| self.declared.get(k.meta.kind)?.get(name).map(|(id, _)| *id));
        let builtin = || by_target(target).find_map(|k| self.builtin.get(&(k.meta.kind, name)).copied());
        if let Some(id) = declared.or_else(builtin) {
            return Ok(id);
        }
        let stored: Vec<Uuid> = by_target(target)
            .filter_map(|k| self.lookups.objects.existing(k.meta.kind, name))
            .filter(|e| e.origin != Origin::Folder)
            .map(|e| e.id)
            .collect();
        let noun = words::noun(target);
        match stored[..] {
            [id] => Ok(id),
            [] if self.is_broken(target, name) => Ok(Uuid::nil()),
            [] => Err(Box::new(self.dangling(&noun, target, name, at))),
            _ => Err(Box::new(Diagnostic::error(
                "ambiguous",
                at,
                format!("there are several objects that could be the {noun} \"{name}\""),
            ))),
        }
    }

    fn is_broken(&self, target: &str, name: &str) -> bool {
        self.broken.iter().any(|(word, broken)| {
            let of_target = word == target || by_target(target).any(|k| k.meta.word == word);
            // Which stages a broken flow makes cannot be known.
            let inside = word == "flow" && name.starts_with(broken.as_str());
            (of_target && broken == name) || inside
        })
    }

    fn dangling(&self, noun: &str, target: &str, name: &str, at: &Span) -> Diagnostic {
        let mut known: BTreeSet<String> = BTreeSet::new();
        for kind in by_target(target) {
            known.extend(self.declared.get(kind.meta.kind).into_iter().flat_map(BTreeMap::keys).cloned());
            known.extend(self.builtin.keys().filter(|(k, _)| *k == kind.meta.kind).map(|(_, n)| (*n).to_owned()));
            known.extend(self.lookups.objects.names(kind.meta.kind));
        }
        if target == "stage" {
            known.extend(words::stage_words().into_iter().map(str::to_owned));
        }
        Diagnostic::error("dangling", at, format!("there is no {noun} named \"{name}\""))
            .near(name, known.iter().map(String::as_str))
    }

    pub(crate) fn dangling_group(&self, name: &str, at: &Span) -> Diagnostic {
        let mut known: BTreeSet<String> = self.groups.keys().cloned().collect();
        known.extend(self.builtin_groups.keys().map(|n| (*n).to_owned()));
        known.extend(self.lookups.directory.group_names());
        let complaint = Diagnostic::error("dangling", at, format!("there is no group named \"{name}\""))
            .near(name, known.iter().map(String::as_str));
        match complaint.hint {
            Some(_) => complaint,
            None => complaint.hint(format!("declare it with a document `group: {name}`")),
        }
    }
}

fn twice(noun: &str, name: &str, at: &Span, first: &Span) -> Diagnostic {
    let message = match noun {
        "settings" => "settings are given twice".to_owned(),
        noun => format!("the {noun} \"{name}\" is declared twice"),
    };
    Diagnostic::error("duplicate", at, message).related(first, "first declared at")
}
