//! The entries of blueprints, with their tags evaluated as far as that can be done without the
//! installation that they were written for.

use super::{
    eval::{Eval, Item, Truth},
    report::{Place, Remarks},
    tree::{Node, Yaml},
    world::World,
};
use std::collections::HashMap;

/// Most entries of all files together.
const MAX_ENTRIES: usize = 20_000;

/// What an entry wants of its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Present,
    Created,
    Absent,
}

/// One field that an entry gives.
#[derive(Debug, Clone)]
pub(super) struct Attr {
    pub(super) name: String,
    pub(super) item: Item,
    pub(super) line: u32,
}

/// One entry.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) place: Place,
    /// `app_label.model`, in lower case.
    pub(super) model: String,
    pub(super) state: State,
    /// Whether its conditions hold.
    pub(super) applies: Truth,
    pub(super) identifiers: Vec<Attr>,
    pub(super) attrs: Vec<Attr>,
}

impl Entry {
    /// The value of a field: what is written counts before what is looked up.
    pub(super) fn get(&self, name: &str) -> Option<&Item> {
        let given = |all: &'_ [Attr]| all.iter().position(|a| a.name == name);
        match (given(&self.attrs), given(&self.identifiers)) {
            (Some(at), _) => self.attrs.get(at).map(|a| &a.item),
            (None, Some(at)) => self.identifiers.get(at).map(|a| &a.item),
            (None, None) => None,
        }
    }

    /// All fields, each once.
    pub(super) fn fields(&self) -> impl Iterator<Item = &Attr> {
        let given = |name: &str| self.attrs.iter().any(|a| a.name == name);
        self.identifiers.iter().filter(move |a| !given(&a.name)).chain(&self.attrs)
    }

    /// Whether it makes, or may make, an object.
    pub(super) fn makes(&self) -> bool {
        self.state != State::Absent && self.applies != Truth::No
    }
}

/// A blueprint that could be read.
pub(super) struct Blueprint {
    pub(super) file: String,
    pub(super) root: Node,
    /// Values of the context that come before its own.
    pub(super) context: Option<Node>,
}

const ENTRY_KEYS: [&str; 7] = ["model", "state", "id", "identifiers", "attrs", "conditions", "permissions"];
const TOP_KEYS: [&str; 4] = ["version", "metadata", "context", "entries"];

/// All entries of all files, in order. `known` are the same entries from an earlier reading, in which
/// look-ups can be answered.
pub(super) fn read(blueprints: &[Blueprint], known: &World<'_>, remarks: &mut Remarks) -> Vec<Entry> {
    let mut entries = Vec::new();
    for blueprint in blueprints {
        let at = |line: u32| Place { file: blueprint.file.clone(), line };
        let Yaml::Map(top) = &blueprint.root.value else {
            remarks.left(&at(blueprint.root.line), "file", "a blueprint is a map with the keys version and entries");
            continue;
        };
        for (key, node) in top.iter().filter(|(k, _)| !TOP_KEYS.contains(&k.as_str())) {
            remarks.left(&at(node.line), "file", format!("unknown key \"{key}\""));
        }
        if !matches!(blueprint.root.get("version").map(|v| &v.value), Some(Yaml::Number(n)) if n.as_u64() == Some(1)) {
            remarks.left(&at(blueprint.root.line), "file", "its version is not 1, the only one that is known");
        }
        let list = blueprint.root.get("entries").and_then(Node::list).unwrap_or_default();
        if list.is_empty() {
            remarks.left(&at(blueprint.root.line), "file", "it has no entries");
        }
        let first = entries.len();
        let ids: HashMap<&str, usize> =
            (first..).zip(list).filter_map(|(place, node)| Some((node.get("id")?.text()?, place))).collect();
        let mut eval = Eval::new([blueprint.context.as_ref(), blueprint.root.get("context")], &ids, known);
        for node in list {
            if entries.len() >= MAX_ENTRIES {
                remarks.left(&at(node.line), "file", format!("there are more than {MAX_ENTRIES} entries"));
                return entries;
            }
            entries.push(entry(&at, node, &mut eval, remarks));
        }
    }
    entries
}

fn entry(at: &dyn Fn(u32) -> Place, node: &Node, eval: &mut Eval<'_>, remarks: &mut Remarks) -> Entry {
    let place = at(node.line);
    let model = node.get("model").and_then(Node::text).unwrap_or_default().to_ascii_lowercase();
    let what = if model.is_empty() { "entry" } else { model.as_str() };
    if let Yaml::Map(keys) = &node.value {
        for (key, value) in keys.iter().filter(|(k, _)| !ENTRY_KEYS.contains(&k.as_str())) {
            remarks.left(&at(value.line), what, format!("unknown key \"{key}\""));
        }
    } else {
        remarks.left(&place, what, "an entry is a map with a model, identifiers and attrs");
    }
    if node.get("permissions").is_some_and(|p| p.list().is_some_and(|l| !l.is_empty())) {
        remarks.left(&place, what, "permissions on single objects: write them as Cedar policies");
    }
    let mut state = State::Present;
    let mut applies = conditions(node, eval);
    if let Some(given) = node.get("state") {
        match eval.eval(given) {
            Item::Text(word) if word == "present" => {}
            Item::Text(word) if word == "created" || word == "must_created" => state = State::Created,
            Item::Text(word) if word == "absent" => state = State::Absent,
            _ => {
                remarks.left(&at(given.line), what, "the state is none of present, created, must_created and absent");
                applies = Truth::Unknown("its state cannot be told".to_owned());
            }
        }
    }
    let mut fields = |key: &str| attrs(node.get(key), at, what, eval, remarks);
    Entry { identifiers: fields("identifiers"), attrs: fields("attrs"), place, model, state, applies }
}

/// All must hold.
fn conditions(node: &Node, eval: &mut Eval<'_>) -> Truth {
    let Some(conditions) = node.get("conditions") else { return Truth::Yes };
    let Item::List(items) = eval.eval(conditions) else {
        return Truth::Unknown("its conditions cannot be told".to_owned());
    };
    let mut all = Truth::Yes;
    for item in &items {
        match eval.truth(item) {
            Truth::No => return Truth::No,
            Truth::Unknown(why) => all = Truth::Unknown(why),
            Truth::Yes => {}
        }
    }
    all
}

fn attrs(
    node: Option<&Node>,
    at: &dyn Fn(u32) -> Place,
    what: &str,
    eval: &mut Eval<'_>,
    remarks: &mut Remarks,
) -> Vec<Attr> {
    let Some(node) = node else { return Vec::new() };
    match &node.value {
        Yaml::Map(entries) if node.tag.is_empty() => entries
            .iter()
            .map(|(name, value)| Attr { name: name.clone(), item: eval.eval(value), line: value.line })
            .collect(),
        Yaml::Null if node.tag.is_empty() => Vec::new(),
        _ => match eval.eval(node) {
            Item::Map(entries) => {
                entries.into_iter().map(|(name, item)| Attr { name, item, line: node.line }).collect()
            }
            _ => {
                remarks.left(&at(node.line), what, "its fields cannot be told");
                Vec::new()
            }
        },
    }
}
