//! What blueprints can find: the objects of their entries, and those that ship with the binary.

use super::{
    entries::Entry,
    eval::{Item, Truth, item_of},
};
use crate::language::Loaded;
use lockgate_model::{Document, KindDef, kind};
use serde_json::Value;
use uuid::Uuid;

/// Deepest chain of look-ups within look-ups.
const MAX_DEPTH: usize = 8;
/// Comparisons of all look-ups together.
const MAX_WORK: usize = 20_000_000;

/// Fields by which objects are looked up that are none of their body.
const MANAGED: &str = "managed";

/// What a look-up found.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// The object of an entry.
    Entry(usize),
    /// One that ships with the binary.
    Shipped(Uuid),
    /// A group that ships with the binary.
    ShippedGroup(String),
    /// Neither.
    Nothing,
    /// It cannot be told.
    Unknown(String),
}

/// Everything that can be found.
pub(super) struct World<'a> {
    pub(super) entries: Vec<Entry>,
    pub(super) shipped: &'a Loaded,
    work: std::cell::Cell<usize>,
}

impl<'a> World<'a> {
    pub(super) fn new(entries: Vec<Entry>, shipped: &'a Loaded) -> Self {
        Self { entries, shipped, work: std::cell::Cell::new(0) }
    }

    /// The object that a look-up means.
    pub(super) fn find(&self, model: &str, filters: &[(String, Item)]) -> Found {
        self.find_at(model, filters, 0)
    }

    /// As [`World::find`], among what ships with the binary alone.
    pub(super) fn find_below(&self, model: &str, filters: &[(String, Item)]) -> Found {
        self.find_shipped(model, filters, 0)
    }

    fn find_at(&self, model: &str, filters: &[(String, Item)], depth: usize) -> Found {
        let spent = self.work.get() + self.entries.len() * filters.len().max(1);
        self.work.set(spent);
        if depth >= MAX_DEPTH || spent > MAX_WORK {
            return Found::Unknown("the look-ups are nested too deeply, or too many".to_owned());
        }
        if let Some(why) = filters.iter().find_map(|(_, value)| why_unknown(value)) {
            return Found::Unknown(why);
        }
        let candidates = self.entries.iter().enumerate().filter(|(_, e)| e.makes() && same_model(&e.model, model));
        for (number, entry) in candidates {
            let matches =
                |(field, value): &(String, Item)| entry.get(field).is_some_and(|given| self.same(given, value, depth));
            if filters.iter().all(matches) {
                return match &entry.applies {
                    Truth::Unknown(why) => Found::Unknown(why.clone()),
                    _ => Found::Entry(number),
                };
            }
        }
        self.find_shipped(model, filters, depth)
    }

    fn find_shipped(&self, model: &str, filters: &[(String, Item)], depth: usize) -> Found {
        if filters.is_empty() {
            return Found::Nothing;
        }
        if model == GROUP {
            let named = filters.iter().find(|(field, _)| field == "name").map(|(_, value)| value);
            let found = self.shipped.groups.iter().find(|g| named == Some(&Item::Text(g.name.clone())));
            return found
                .filter(|_| filters.len() == 1)
                .map_or(Found::Nothing, |g| Found::ShippedGroup(g.name.clone()));
        }
        let Some(kind) = kind_of(model) else { return Found::Nothing };
        let all = self.shipped.documents.iter().filter(|d| d.kind == kind.meta.kind);
        for document in all {
            let matches = |(field, value): &(String, Item)| {
                let given = if field == MANAGED {
                    document.managed.as_deref().map_or(Item::Null, |m| Item::Text(m.to_owned()))
                } else {
                    item_of(&document.body[field.as_str()])
                };
                given == *value || self.is_reference_to(&given, value, depth)
            };
            if filters.iter().all(matches) {
                return Found::Shipped(document.id);
            }
        }
        Found::Nothing
    }

    /// Whether a primary key in a shipped body is that of the object that `value` refers to.
    fn is_reference_to(&self, key: &Item, value: &Item, depth: usize) -> bool {
        let (Item::Text(key), Item::Find { model, filters }) = (key, value) else { return false };
        match self.find_at(model, filters, depth + 1) {
            Found::Shipped(id) => id.to_string() == *key,
            _ => false,
        }
    }

    fn same(&self, a: &Item, b: &Item, depth: usize) -> bool {
        if a == b {
            return true;
        }
        let meant = |item: &Item| match item {
            Item::Entry(number) => Some(Found::Entry(*number)),
            Item::Find { model, filters } => Some(self.find_at(model, filters, depth + 1)),
            _ => None,
        };
        match (meant(a), meant(b)) {
            (Some(Found::Nothing | Found::Unknown(_)), _) | (_, None) | (None, _) => false,
            (a, b) => a == b,
        }
    }

    /// The fields of the object that a look-up means.
    pub(super) fn object(&self, model: &str, filters: &[(String, Item)]) -> Item {
        match self.find(model, filters) {
            Found::Entry(number) => match self.entries.get(number) {
                Some(entry) => Item::Map(entry.fields().map(|a| (a.name.clone(), a.item.clone())).collect()),
                None => Item::Null,
            },
            Found::Shipped(id) => self.document(id).map_or(Item::Null, |d| item_of(&d.body)),
            Found::ShippedGroup(name) => Item::Map(vec![("name".to_owned(), Item::Text(name))]),
            Found::Nothing => Item::Unknown(format!("no {model} like that is in these files or ships with Lockgate")),
            Found::Unknown(why) => Item::Unknown(why),
        }
    }

    /// A document that ships with the binary.
    pub(super) fn document(&self, id: Uuid) -> Option<&'a Document> {
        self.shipped.documents.iter().find(|d| d.id == id)
    }

    /// The shipped document of a kind with this name.
    pub(super) fn named(&self, kind: &str, name: &str) -> Option<&'a Document> {
        self.shipped.documents.iter().find(|d| d.kind == kind && d.name == name)
    }
}

/// The model of groups, which are no kind: who is in them is people's data.
pub(super) const GROUP: &str = "authentik_core.group";
/// The model of users.
pub(super) const USER: &str = "authentik_core.user";

fn same_model(a: &str, b: &str) -> bool {
    a == b || kind_of(a).is_some_and(|a| kind_of(b).is_some_and(|b| a.meta.kind == b.meta.kind))
}

/// The kind of a model; its older names are known too.
pub(super) fn kind_of(model: &str) -> Option<&'static KindDef> {
    let model = if model == "authentik_tenants.tenant" { "authentik_brands.brand" } else { model };
    kind::KINDS.iter().find(|k| k.meta.model.starts_with("authentik_") && k.meta.model == model)
}

fn why_unknown(item: &Item) -> Option<String> {
    match item {
        Item::Unknown(why) => Some(why.clone()),
        Item::Env { name, .. } => Some(format!("it depends on the environment variable {name}")),
        Item::File { path, .. } => Some(format!("it depends on the file {path}")),
        _ => None,
    }
}

/// Plain data; `None` where a reference or something unknown is in it.
pub(super) fn json_of(item: &Item) -> Result<Value, String> {
    Ok(match item {
        Item::Null => Value::Null,
        Item::Bool(b) => Value::Bool(*b),
        Item::Number(n) => Value::Number(n.clone()),
        Item::Text(t) => Value::String(t.clone()),
        Item::List(items) => Value::Array(items.iter().map(json_of).collect::<Result<_, _>>()?),
        Item::Map(entries) => {
            let pairs = entries.iter().map(|(k, v)| Ok((k.clone(), json_of(v)?)));
            Value::Object(pairs.collect::<Result<_, String>>()?)
        }
        Item::Entry(_) | Item::Find { .. } => {
            return Err("it refers to an object where plain data is wanted".to_owned());
        }
        Item::Env { default: Some(default), .. } | Item::File { default: Some(default), .. } => json_of(default)?,
        other => return Err(why_unknown(other).unwrap_or_default()),
    })
}
