//! What the tags of a blueprint stand for, as far as a blueprint alone tells.
//!
//! References stay references, the environment stays the environment. What cannot be told is
//! [`Item::Unknown`] and never a guess. A budget bounds what loops and formats unfold to.

use super::{
    tree::{Node, Yaml},
    world::{Found, World},
};
use serde_json::{Number, Value};
use std::collections::HashMap;

/// How much may be unfolded: a unit is a value, or sixteen bytes of text.
const BUDGET: usize = 300_000;
/// Deepest nesting, through the context too.
const MAX_DEPTH: usize = 96;

/// A value without tags.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Item>),
    Map(Vec<(String, Item)>),
    /// The object of an entry, by its number among all.
    Entry(usize),
    /// An object that is looked up.
    Find {
        model: String,
        filters: Vec<(String, Item)>,
    },
    /// What the environment says.
    Env {
        name: String,
        default: Option<Box<Item>>,
    },
    /// What a file says.
    File {
        path: String,
        default: Option<Box<Item>>,
    },
    /// Why nobody can tell.
    Unknown(String),
}

/// Whether something holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Truth {
    Yes,
    No,
    Unknown(String),
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

pub(super) struct Eval<'a> {
    /// Where values are looked for, the first one first.
    contexts: [Option<&'a Node>; 2],
    ids: &'a HashMap<&'a str, usize>,
    known: &'a World<'a>,
    loops: Vec<(Item, Item)>,
    budget: usize,
    depth: usize,
}

fn unknown(why: impl Into<String>) -> Item {
    Item::Unknown(why.into())
}

impl<'a> Eval<'a> {
    pub(super) fn new(contexts: [Option<&'a Node>; 2], ids: &'a HashMap<&'a str, usize>, known: &'a World<'a>) -> Self {
        Self { contexts, ids, known, loops: Vec::new(), budget: BUDGET, depth: 0 }
    }

    fn spend(&mut self, units: usize) -> bool {
        let left = self.budget.checked_sub(units);
        self.budget = left.unwrap_or(0);
        left.is_some()
    }

    pub(super) fn eval(&mut self, node: &Node) -> Item {
        let length = match &node.value {
            Yaml::Text(text) => text.len(),
            Yaml::Map(entries) => entries.iter().map(|(key, _)| key.len()).sum(),
            _ => 0,
        };
        if !self.spend(1 + length / 16) {
            return unknown("it unfolds to more than a blueprint may hold");
        }
        if self.depth >= MAX_DEPTH {
            return unknown("it is nested too deeply, or refers to itself");
        }
        self.depth += 1;
        let item = if node.tag.is_empty() { self.plain(node) } else { self.tagged(node) };
        self.depth -= 1;
        item
    }

    fn plain(&mut self, node: &Node) -> Item {
        match &node.value {
            Yaml::Null => Item::Null,
            Yaml::Bool(b) => Item::Bool(*b),
            Yaml::Number(n) => Item::Number(n.clone()),
            Yaml::Text(t) => Item::Text(t.clone()),
            Yaml::List(items) => Item::List(items.iter().map(|i| self.eval(i)).collect()),
            Yaml::Map(entries) => Item::Map(entries.iter().map(|(k, v)| (k.clone(), self.eval(v))).collect()),
        }
    }

    fn tagged(&mut self, node: &Node) -> Item {
        let single = std::slice::from_ref(node);
        let args = node.list().unwrap_or(single);
        match (node.tag.as_str(), args) {
            ("KeyOf", _) => match node.text().map(|id| (id, self.ids.get(id))) {
                Some((_, Some(entry))) => Item::Entry(*entry),
                Some((id, None)) => unknown(format!("no entry has the id \"{id}\"")),
                None => unknown("!KeyOf wants the id of an entry"),
            },
            ("Find", _) => self.look_up(node),
            ("FindObject", _) => match self.look_up(node) {
                Item::Find { model, filters } => self.known.object(&model, &filters),
                other => other,
            },
            ("Context", [key, default @ ..]) => self.context_value(node, key, default.first()),
            ("Env", [name, default @ ..]) => match self.scalar(name, node) {
                Some(name) => Item::Env { name, default: default.first().map(|d| Box::new(self.eval(d))) },
                None => unknown("!Env wants the name of a variable"),
            },
            ("File", [path, default @ ..]) => match self.scalar(path, node) {
                Some(path) => Item::File { path, default: default.first().map(|d| Box::new(self.eval(d))) },
                None => unknown("!File wants a path"),
            },
            ("Format", [pattern, values @ ..]) => self.format(pattern, node, values),
            ("If", [condition]) => self.choose(condition, node, None),
            ("If", [condition, yes, no]) => self.choose(condition, node, Some((yes, no))),
            ("Condition", [operator, values @ ..]) => self.condition(operator, node, values),
            ("Enumerate", [iterable, shape, item]) => self.enumerate(iterable, shape, item),
            ("Index" | "Value", _) => self.of_loop(node),
            ("AtIndex", [collection, index, default @ ..]) => self.at_index(collection, index, default.first()),
            (tag, _) if TAGS.contains(&tag) => unknown(format!("!{tag} has the wrong number of values")),
            (tag, _) => unknown(format!("the tag !{tag} is unknown")),
        }
    }

    /// The first value of a tag: `node` itself where the tag stands on it, which must not be evaluated again.
    fn inner(&mut self, value: &Node, node: &Node) -> Item {
        if std::ptr::eq(value, node) { self.plain(node) } else { self.eval(value) }
    }

    fn scalar(&mut self, value: &Node, node: &Node) -> Option<String> {
        match self.inner(value, node) {
            Item::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn look_up(&mut self, node: &Node) -> Item {
        let Some([model, pairs @ ..]) = node.list() else { return unknown("!Find wants a model and what to look for") };
        let Item::Text(model) = self.eval(model) else { return unknown("!Find wants the name of a model") };
        let mut filters = Vec::new();
        for pair in pairs {
            let Some([field, value]) = pair.list() else { return unknown("!Find wants pairs of a field and a value") };
            match self.eval(field) {
                Item::Text(field) => filters.push((field, self.eval(value))),
                _ => return unknown("!Find wants pairs of a field and a value"),
            }
        }
        Item::Find { model: model.to_ascii_lowercase(), filters }
    }

    /// A value of the context; names may lead into maps with dots.
    fn context_value(&mut self, node: &Node, key: &Node, default: Option<&Node>) -> Item {
        let Some(key) = self.scalar(key, node) else { return unknown("!Context wants a name") };
        let inside = |context: &'a Node| {
            let whole = context.get(&key);
            whole.or_else(|| key.split('.').try_fold(context, |node, part| node.get(part)))
        };
        let found = self.contexts.into_iter().flatten().find_map(inside);
        match (found, default) {
            (Some(found), _) => self.eval(found),
            (None, Some(default)) => self.eval(default),
            (None, None) => unknown(format!("the context has no \"{key}\"")),
        }
    }

    /// printf, with what blueprints need of it.
    fn format(&mut self, pattern: &Node, node: &Node, values: &[Node]) -> Item {
        let pattern = match self.inner(pattern, node) {
            Item::Text(pattern) => pattern,
            other => return self.not_text(&other),
        };
        let mut values = values.iter();
        let (mut text, mut rest) = (String::new(), pattern.as_str());
        while let Some((before, after)) = rest.split_once('%') {
            text.push_str(before);
            let mut chars = after.chars();
            match chars.next() {
                Some('%') => text.push('%'),
                Some('s' | 'd' | 'i') => {
                    let Some(value) = values.next() else { return unknown("!Format has too few values") };
                    match self.eval(value) {
                        Item::Text(t) => text.push_str(&t),
                        Item::Number(n) => text.push_str(&n.to_string()),
                        other => return self.not_text(&other),
                    }
                }
                _ => return unknown("!Format knows %s and %d only"),
            }
            rest = chars.as_str();
        }
        text.push_str(rest);
        if values.next().is_some() {
            return unknown("!Format has too many values");
        }
        if self.spend(text.len() / 16) {
            Item::Text(text)
        } else {
            unknown("it unfolds to more than a blueprint may hold")
        }
    }

    fn not_text(&self, item: &Item) -> Item {
        match item {
            Item::Unknown(why) => unknown(why.clone()),
            Item::Env { name, .. } => unknown(format!("it depends on the environment variable {name}")),
            Item::File { path, .. } => unknown(format!("it depends on the file {path}")),
            _ => unknown("!Format wants texts and numbers"),
        }
    }

    fn choose(&mut self, condition: &Node, node: &Node, branches: Option<(&Node, &Node)>) -> Item {
        let item = self.inner(condition, node);
        match (self.truth(&item), branches) {
            (Truth::Yes, Some((yes, _))) => self.eval(yes),
            (Truth::No, Some((_, no))) => self.eval(no),
            (Truth::Yes, None) => Item::Bool(true),
            (Truth::No, None) => Item::Bool(false),
            (Truth::Unknown(why), _) => unknown(why),
        }
    }

    pub(super) fn truth(&self, item: &Item) -> Truth {
        match item {
            Item::Null => Truth::No,
            Item::Bool(b) => (*b).into(),
            Item::Number(n) => (n.as_f64() != Some(0.0)).into(),
            Item::Text(t) => (!t.is_empty()).into(),
            Item::List(l) => (!l.is_empty()).into(),
            Item::Map(m) => (!m.is_empty()).into(),
            Item::Entry(_) => Truth::Yes,
            Item::Find { model, filters } => match self.known.find(model, filters) {
                Found::Entry(_) | Found::Shipped(_) | Found::ShippedGroup(_) => Truth::Yes,
                Found::Nothing => Truth::Unknown(format!("it depends on which {model} there is")),
                Found::Unknown(why) => Truth::Unknown(why),
            },
            Item::Env { name, .. } => Truth::Unknown(format!("it depends on the environment variable {name}")),
            Item::File { path, .. } => Truth::Unknown(format!("it depends on the file {path}")),
            Item::Unknown(why) => Truth::Unknown(why.clone()),
        }
    }

    fn condition(&mut self, operator: &Node, node: &Node, values: &[Node]) -> Item {
        let Item::Text(operator) = self.inner(operator, node) else { return unknown("!Condition wants an operator") };
        let items: Vec<Item> = values.iter().map(|v| self.eval(v)).collect();
        if items.is_empty() {
            return unknown("!Condition wants values");
        }
        let mut holds = Vec::new();
        for item in &items {
            match self.truth(item) {
                Truth::Yes => holds.push(true),
                Truth::No => holds.push(false),
                Truth::Unknown(why) => return unknown(why),
            }
        }
        let odd = holds.iter().filter(|h| **h).count() % 2 == 1;
        let same = items.windows(2).all(|pair| pair[0] == pair[1]);
        Item::Bool(match operator.as_str() {
            "AND" => holds.iter().all(|h| *h),
            "NAND" => !holds.iter().all(|h| *h),
            "OR" => holds.iter().any(|h| *h),
            "NOR" => !holds.iter().any(|h| *h),
            "XOR" => odd,
            "XNOR" => !odd,
            "EQ" => same,
            "NEQ" => !same,
            other => return unknown(format!("!Condition knows no {other}")),
        })
    }

    fn enumerate(&mut self, iterable: &Node, shape: &Node, item: &Node) -> Item {
        let turns: Vec<(Item, Item)> = match self.eval(iterable) {
            Item::List(items) => (0_u64..).map(|n| Item::Number(n.into())).zip(items).collect(),
            Item::Map(entries) => entries
                .into_iter()
                .map(|(key, value)| (Item::Text(key.clone()), Item::List(vec![Item::Text(key), value])))
                .collect(),
            Item::Unknown(why) => return unknown(why),
            _ => return unknown("!Enumerate wants a list or a map"),
        };
        let shape = self.eval(shape);
        let mut made = Vec::new();
        for turn in turns {
            self.loops.push(turn);
            made.push(self.eval(item));
            self.loops.pop();
        }
        match shape {
            Item::Text(word) if word == "SEQ" => Item::List(made),
            Item::Text(word) if word == "MAP" => {
                let pair = |item| match item {
                    Item::List(pair) => match <[Item; 2]>::try_from(pair) {
                        Ok([Item::Text(key), value]) => Some((key, value)),
                        _ => None,
                    },
                    _ => None,
                };
                let pairs: Option<Vec<_>> = made.into_iter().map(pair).collect();
                pairs.map_or_else(|| unknown("!Enumerate wants pairs to make a map of"), Item::Map)
            }
            _ => unknown("!Enumerate makes a SEQ or a MAP"),
        }
    }

    /// `!Index n` and `!Value n`: of the loop `n` levels further out.
    fn of_loop(&mut self, node: &Node) -> Item {
        let depth = match &node.value {
            Yaml::Number(n) => n.as_u64().and_then(|n| usize::try_from(n).ok()),
            Yaml::Text(t) => t.parse().ok(),
            Yaml::Null => Some(0),
            _ => None,
        };
        let turn = depth.and_then(|d| self.loops.len().checked_sub(d.checked_add(1)?)).and_then(|i| self.loops.get(i));
        let Some((index, value)) = turn else { return unknown(format!("!{} stands in no such loop", node.tag)) };
        let item = if node.tag == "Index" { index.clone() } else { value.clone() };
        if self.spend(size(&item)) { item } else { unknown("it unfolds to more than a blueprint may hold") }
    }

    fn at_index(&mut self, collection: &Node, index: &Node, default: Option<&Node>) -> Item {
        let found = match (self.eval(collection), self.eval(index)) {
            (Item::List(items), Item::Number(n)) => {
                let at = n.as_i64().and_then(|n| {
                    let length = i64::try_from(items.len()).ok()?;
                    usize::try_from(if n < 0 { length.checked_add(n)? } else { n }).ok()
                });
                at.and_then(|at| items.into_iter().nth(at))
            }
            (Item::Map(entries), Item::Text(key)) => entries.into_iter().find(|(k, _)| *k == key).map(|(_, v)| v),
            (Item::Unknown(why), _) | (_, Item::Unknown(why)) => return unknown(why),
            _ => None,
        };
        match (found, default) {
            (Some(found), _) => found,
            (None, Some(default)) => self.eval(default),
            (None, None) => unknown("!AtIndex finds nothing there"),
        }
    }
}

const TAGS: [&str; 12] = [
    "KeyOf",
    "Find",
    "FindObject",
    "Context",
    "Env",
    "File",
    "Format",
    "If",
    "Condition",
    "Enumerate",
    "Index",
    "AtIndex",
];

/// What an item costs.
fn size(item: &Item) -> usize {
    match item {
        Item::Text(text) | Item::Unknown(text) => 1 + text.len() / 16,
        Item::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Item::Map(entries) => 1 + entries.iter().map(|(k, v)| k.len() / 16 + size(v)).sum::<usize>(),
        Item::Find { filters, .. } => 2 + filters.iter().map(|(_, v)| size(v)).sum::<usize>(),
        _ => 1,
    }
}

/// Plain data as an item.
pub(super) fn item_of(value: &Value) -> Item {
    match value {
        Value::Null => Item::Null,
        Value::Bool(b) => Item::Bool(*b),
        Value::Number(n) => Item::Number(n.clone()),
        Value::String(s) => Item::Text(s.clone()),
        Value::Array(items) => Item::List(items.iter().map(item_of).collect()),
        Value::Object(map) => Item::Map(map.iter().map(|(k, v)| (k.clone(), item_of(v))).collect()),
    }
}
