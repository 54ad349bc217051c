//! From entries to objects of ours: which object an entry means, under which name, and what stands in for
//! one that cannot be carried over.

use super::{
    entries::{Entry, State},
    eval::{Item, Truth},
    python,
    report::{Place, Remarks},
    world::{Found, GROUP, USER, World, json_of, kind_of},
};
use crate::{
    export::Variable,
    language::{GroupDeclaration, stable_id, words},
};
use lockgate_model::{
    Family, KindDef, Origin, kind,
    kind::{by_target, joint_field},
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// What an entry means to those who refer to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    Object(Uuid),
    Group(String),
    User(String),
    /// Nothing that is carried over, and why.
    Gone(String),
}

/// An object on its way.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) id: Uuid,
    pub(super) kind: &'static KindDef,
    pub(super) name: String,
    pub(super) body: Map<String, Value>,
    pub(super) place: Place,
}

impl Made {
    pub(super) fn what(&self) -> String {
        called(self.kind, &self.name)
    }
}

pub(super) fn called(kind: &KindDef, name: &str) -> String {
    let noun = kind.meta.verbose_name.to_lowercase();
    if name.is_empty() { noun } else { format!("{noun} \"{name}\"") }
}

pub(super) struct Build<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) remarks: Remarks,
    /// By number of the entry.
    pub(super) targets: Vec<Target>,
    /// What is or will be made.
    pub(super) kinds: HashMap<Uuid, &'static KindDef>,
    pub(super) made: BTreeMap<Uuid, Made>,
    pub(super) groups: BTreeMap<String, GroupDeclaration>,
    pub(super) users: BTreeMap<String, i64>,
    /// Policies and stages that deny in place of what was not carried over.
    pub(super) stubs: BTreeSet<Uuid>,
    pub(super) stand_ins: HashMap<(Uuid, String), Value>,
    pub(super) comments: BTreeMap<Uuid, String>,
    /// Variables that the blueprint itself asks for, and a value with which the result can be checked.
    pub(super) asked: BTreeMap<String, (Variable, String)>,
    /// Objects that would let more people pass than they should, since a part of them is missing.
    pub(super) doubtful: BTreeSet<Uuid>,
    /// Entries by the primary key that their objects had.
    keys: HashMap<String, Vec<usize>>,
    /// Groups that are looked up and stand nowhere.
    looked_up: BTreeSet<String>,
    /// Roles that groups hold: a role says so itself.
    held: Vec<(Uuid, String)>,
}

impl<'a> Build<'a> {
    pub(super) fn new(world: &'a World<'a>, remarks: Remarks) -> Self {
        let mut keys: HashMap<String, Vec<usize>> = HashMap::new();
        for (number, entry) in world.entries.iter().enumerate() {
            if let Some(key) = text(entry, "pk") {
                keys.entry(key).or_default().push(number);
            }
        }
        Self {
            keys,
            world,
            remarks,
            targets: vec![Target::Gone("it comes later".to_owned()); world.entries.len()],
            kinds: HashMap::new(),
            made: BTreeMap::new(),
            groups: BTreeMap::new(),
            users: BTreeMap::new(),
            stubs: BTreeSet::new(),
            stand_ins: HashMap::new(),
            comments: BTreeMap::new(),
            asked: BTreeMap::new(),
            doubtful: BTreeSet::new(),
            looked_up: BTreeSet::new(),
            held: Vec::new(),
        }
    }

    /// Makes everything.
    pub(super) fn run(&mut self) {
        let entries: &'a [Entry] = &self.world.entries;
        for (number, entry) in entries.iter().enumerate() {
            self.targets[number] = self.identify(number, entry);
        }
        for (number, entry) in entries.iter().enumerate() {
            match self.targets[number].clone() {
                Target::Object(id) if self.is_own(id, entry) => self.object(id, entry),
                Target::Group(name) => self.group(&name, entry),
                _ => {}
            }
        }
        self.roles();
        self.providers();
        self.settle();
        for kind in ["flow_stage_binding", "policy_binding"] {
            for (number, entry) in entries.iter().enumerate() {
                if kind_of(&entry.model).is_some_and(|k| k.meta.kind == kind) && entry.makes() {
                    self.targets[number] = self.joint(entry);
                }
            }
        }
        self.guard_stages();
        self.tidy();
    }

    /// Whether the object of an entry is the one that it describes, and nothing that stands in its place.
    fn is_own(&self, id: Uuid, entry: &Entry) -> bool {
        let known = self
            .kinds
            .get(&id)
            .is_some_and(|kind| kind_of(&entry.model).is_some_and(|k| k.meta.kind == kind.meta.kind));
        known && entry.applies == Truth::Yes && !self.stubs.contains(&id)
    }

    /// Which object an entry means.
    fn identify(&mut self, number: usize, entry: &Entry) -> Target {
        if let Some(gone) = self.skipped(entry) {
            return gone;
        }
        match entry.model.as_str() {
            GROUP => return self.identify_group(entry),
            USER => {
                self.left(entry, "users are people's data: make them in Lockgate, or through its API");
                return text(entry, "username").map_or_else(|| Target::Gone("it has no name".to_owned()), Target::User);
            }
            model if model.starts_with("authentik_blueprints.") => {
                self.remarks.note(
                    &entry.place,
                    model,
                    "the blueprint that it names has to be imported along with this one",
                );
                return Target::Gone("it is a blueprint".to_owned());
            }
            _ => {}
        }
        let kind = kind_of(&entry.model);
        if kind.is_some_and(is_joint) {
            return Target::Gone("it is a binding, and nothing can be bound to it here".to_owned());
        }
        let Some(kind) = kind else { return self.unsupported(entry) };
        let Some(name) = self.name(number, entry, kind) else {
            let field = words::identifier_field(kind);
            self.left(entry, &format!("its {field} cannot be told, so it cannot be told which one is meant"));
            return Target::Gone("it has no name".to_owned());
        };
        if let Truth::Unknown(why) = &entry.applies {
            return self.stub(entry, kind.meta.family, &name, &format!("its conditions cannot be told: {why}"));
        }
        // Of entitlements the name is unique in one application alone.
        let id = match joint_field(kind.meta.kind) {
            Some(_) => stable_id(kind.meta.kind, &format!("{number}\0{name}")),
            None => self.id(kind, &name),
        };
        self.kinds.insert(id, kind);
        Target::Object(id)
    }

    /// What becomes of an entry that makes nothing.
    fn skipped(&mut self, entry: &Entry) -> Option<Target> {
        let what = called_entry(entry);
        if entry.state == State::Absent {
            let filters: Vec<_> = entry.fields().map(|a| (a.name.clone(), a.item.clone())).collect();
            match self.world.find(&entry.model, &filters) {
                Found::Shipped(_) | Found::ShippedGroup(_) => {
                    self.remarks.left(&entry.place, &what, "it ships with Lockgate, and a folder cannot take it away")
                }
                _ => self.remarks.note(&entry.place, &what, "it is to be absent, so nothing is written"),
            }
            return Some(Target::Gone("it is to be absent".to_owned()));
        }
        if entry.applies == Truth::No {
            self.remarks.note(&entry.place, &what, "its conditions do not hold, so nothing is written");
            return Some(Target::Gone("its conditions do not hold".to_owned()));
        }
        if entry.state == State::Created {
            self.remarks.note(&entry.place, &what, "from now on it is as the folder says, and not only at first");
        }
        None
    }

    fn identify_group(&mut self, entry: &Entry) -> Target {
        let Some(name) = text(entry, "name") else {
            self.left(entry, "its name cannot be told");
            return Target::Gone("it has no name".to_owned());
        };
        if let Truth::Unknown(why) = &entry.applies {
            self.left(entry, &format!("its conditions cannot be told: {why}"));
            return Target::Gone("its conditions cannot be told".to_owned());
        }
        Target::Group(name)
    }

    /// A model that is no kind of ours.
    fn unsupported(&mut self, entry: &Entry) -> Target {
        let model = entry.model.as_str();
        let family = if model.starts_with("authentik_stages_") && model.ends_with("stage") {
            Family::Stage
        } else if model.starts_with("authentik_policies_") && model.ends_with("policy") {
            Family::Policy
        } else {
            Family::None
        };
        let why = if model.is_empty() { "it has no model".to_owned() } else { format!("Lockgate has no {model}") };
        match text(entry, "name") {
            Some(name) => self.stub(entry, family, &name, &why),
            None => {
                self.left(entry, &why);
                Target::Gone(why)
            }
        }
    }

    /// Something that denies in place of a policy or a stage.
    fn stub(&mut self, entry: &Entry, family: Family, name: &str, why: &str) -> Target {
        let ships = family.target().into_iter().flat_map(by_target).find_map(|k| self.world.named(k.meta.kind, name));
        if let Some(document) = ships {
            self.left(entry, &format!("{why}; what ships with Lockgate under this name stays as it is"));
            return Target::Object(document.id);
        }
        let (kind, body, told) = match family {
            Family::Policy => {
                let body = json!({"name": name, "expression": python::DENIES});
                ("expression_policy", body, "a policy that denies stands in its place")
            }
            Family::Stage => {
                let body = json!({"name": name, "deny_message": format!("The step \"{name}\" was not carried over.")});
                ("deny_stage", body, "a stage that denies stands in its place")
            }
            _ => {
                self.left(entry, why);
                return Target::Gone(why.to_owned());
            }
        };
        self.left(entry, &format!("{why}; {told}"));
        let Some(kind) = kind::by_name(kind) else { return Target::Gone(why.to_owned()) };
        let id = stable_id(kind.meta.kind, name);
        let comment = python::kept(
            &format!("Denies. In the blueprint this is of the model {}:", entry.model),
            &facts(entry, family),
        );
        self.comments.insert(id, comment);
        self.stubs.insert(id);
        self.put(Made { id, kind, name: name.to_owned(), body: object_of(body), place: entry.place.clone() });
        Target::Object(id)
    }

    pub(super) fn put(&mut self, made: Made) {
        self.kinds.insert(made.id, made.kind);
        self.made.insert(made.id, made);
    }

    /// The name of an entry's object: as it says, or that of the one that it is looked up by.
    fn name(&self, number: usize, entry: &Entry, kind: &'static KindDef) -> Option<String> {
        if let Some(name) = text(entry, words::identifier_field(kind)) {
            return Some(name);
        }
        if entry.identifiers.is_empty() {
            return None;
        }
        let filters: Vec<_> = entry.identifiers.iter().map(|a| (a.name.clone(), a.item.clone())).collect();
        match self.world.find(&entry.model, &filters) {
            Found::Entry(other) if other != number => {
                text(self.world.entries.get(other)?, words::identifier_field(kind))
            }
            _ => None,
        }
        .or_else(|| match self.world.find_below(&entry.model, &filters) {
            Found::Shipped(id) => self.world.document(id).map(|d| d.name.clone()),
            _ => None,
        })
    }

    pub(super) fn id(&self, kind: &'static KindDef, name: &str) -> Uuid {
        self.world.named(kind.meta.kind, name).map_or_else(|| stable_id(kind.meta.kind, name), |d| d.id)
    }

    pub(super) fn left(&mut self, entry: &Entry, why: &str) {
        self.remarks.left(&entry.place, &called_entry(entry), why);
    }

    /// What a reference means.
    pub(super) fn target(&mut self, item: &Item) -> Target {
        match item {
            Item::Entry(number) => {
                self.targets.get(*number).cloned().unwrap_or(Target::Gone("it is not there".to_owned()))
            }
            Item::Find { model, filters } => match self.world.find(model, filters) {
                Found::Entry(number) => self.target(&Item::Entry(number)),
                Found::Shipped(id) => Target::Object(id),
                Found::ShippedGroup(name) => Target::Group(name),
                Found::Unknown(why) => Target::Gone(why),
                Found::Nothing => self.elsewhere(model, filters),
            },
            Item::Unknown(why) => Target::Gone(why.clone()),
            _ => Target::Gone("it is no reference".to_owned()),
        }
    }

    /// The entry whose object had the primary key that stands where a `wanted` is referred to: exports name
    /// each other so.
    pub(super) fn by_key(&self, wanted: &str, item: &Item) -> Option<Item> {
        let key = match item {
            Item::Text(key) => key.clone(),
            Item::Number(key) => key.to_string(),
            _ => return None,
        };
        let fits = |number: &&usize| {
            let model = self.world.entries.get(**number).map(|entry| entry.model.as_str()).unwrap_or_default();
            match wanted {
                "group" => model == GROUP,
                "user" => model == USER,
                wanted => kind_of(model).is_some_and(|kind| by_target(wanted).any(|k| k.meta.kind == kind.meta.kind)),
            }
        };
        self.keys.get(&key)?.iter().find(fits).map(|number| Item::Entry(*number))
    }

    /// Groups and users are people's data, and are known by name.
    fn elsewhere(&mut self, model: &str, filters: &[(String, Item)]) -> Target {
        match (model, filters) {
            (GROUP, [(field, Item::Text(name))]) if field == "name" => {
                self.looked_up.insert(name.clone());
                Target::Group(name.clone())
            }
            (USER, [(field, Item::Text(name))]) if field == "username" => Target::User(name.clone()),
            _ => {
                let asked: Vec<String> = filters
                    .iter()
                    .map(|(field, value)| {
                        format!("{field} {}", json_of(value).map_or("?".to_owned(), |v| v.to_string()))
                    })
                    .collect();
                let asked = if asked.is_empty() { String::new() } else { format!(" with {}", asked.join(" and ")) };
                Target::Gone(format!("no {model}{asked} is in these files or ships with Lockgate"))
            }
        }
    }

    /// Whether a group is one that nobody declares: it may have members or not.
    pub(super) fn is_looked_up(&self, name: &str) -> bool {
        self.looked_up.contains(name) && !self.groups.contains_key(name)
    }

    /// The groups to write, those that are only looked up too: a folder names what it speaks of.
    pub(super) fn all_groups(&mut self) -> Vec<GroupDeclaration> {
        for name in self.looked_up.clone() {
            if !self.groups.contains_key(&name) {
                self.groups.insert(name.clone(), declaration(&name));
            }
        }
        self.groups.values().cloned().collect()
    }

    fn roles(&mut self) {
        for (role, group) in std::mem::take(&mut self.held) {
            let Some(group) = self.groups.get(&group).map(|group| json!(group.id)) else { continue };
            let Some(made) = self.made.get_mut(&role) else { continue };
            if let Some(list) = made.body.entry("groups").or_insert_with(|| json!([])).as_array_mut()
                && !list.contains(&group)
            {
                list.push(group);
            }
        }
    }

    fn group(&mut self, name: &str, entry: &Entry) {
        let shipped = self.world.shipped.groups.iter().find(|g| g.name == name).cloned();
        let known = self.groups.remove(name).or(shipped);
        let mut group = GroupDeclaration { origin: Origin::Folder, ..known.unwrap_or_else(|| declaration(name)) };
        for attr in entry.fields() {
            let at = Place { line: attr.line, ..entry.place.clone() };
            let what = format!("group \"{name}\"");
            match (attr.name.as_str(), &attr.item) {
                ("name" | "pk" | "managed", _) => {}
                ("is_superuser", Item::Bool(superuser)) => group.superuser = *superuser,
                ("parent" | "parents", item) => {
                    let single = std::slice::from_ref(item);
                    for parent in if let Item::List(items) = item { items } else { single } {
                        match self.target(parent) {
                            _ if *parent == Item::Null => {}
                            Target::Group(above) if above != name => group.parents.push(above),
                            _ => self.remarks.left(&at, &what, "a group above it was not carried over"),
                        }
                    }
                }
                ("attributes", item) => match json_of(item) {
                    Ok(Value::Object(map)) => group.attributes.extend(map),
                    _ => self.remarks.left(&at, &what, "its attributes cannot be told"),
                },
                ("users" | "users_obj", Item::List(list)) if list.is_empty() => {}
                ("users" | "users_obj", _) => {
                    self.remarks.left(&at, &what, "members are people's data: add them in Lockgate")
                }
                ("roles", Item::List(list)) => {
                    for role in list {
                        match self.target(role) {
                            Target::Object(id) if self.kinds.get(&id).is_some_and(|k| k.meta.kind == "role") => {
                                self.held.push((id, name.to_owned()));
                            }
                            _ => self.remarks.left(&at, &what, "a role of it was not carried over"),
                        }
                    }
                }
                (field, _) => {
                    self.remarks.left(&at, &what, format!("the field {field} has no place in a group's document"))
                }
            }
        }
        group.parents.sort();
        group.parents.dedup();
        self.groups.insert(name.to_owned(), group);
    }
}

fn declaration(name: &str) -> GroupDeclaration {
    GroupDeclaration {
        id: stable_id("group", name),
        name: name.to_owned(),
        superuser: false,
        parents: Vec::new(),
        attributes: Map::new(),
        origin: Origin::Folder,
        source: None,
    }
}

pub(super) fn is_joint(kind: &KindDef) -> bool {
    // Entitlements have a name of their own, and are found by it.
    matches!(kind.meta.kind, "flow_stage_binding" | "policy_binding")
}

pub(super) fn text(entry: &Entry, field: &str) -> Option<String> {
    match entry.get(field) {
        Some(Item::Text(text)) if !text.is_empty() => Some(text.clone()),
        Some(Item::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn object_of(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// What to call an entry: its model and whatever names it.
pub(super) fn called_entry(entry: &Entry) -> String {
    let noun = match kind_of(&entry.model) {
        Some(kind) => kind.meta.verbose_name.to_lowercase(),
        None if entry.model.is_empty() => "entry".to_owned(),
        None => entry.model.clone(),
    };
    match ["slug", "username", "name", "domain", "identifier"].iter().find_map(|field| text(entry, field)) {
        Some(name) => format!("{noun} \"{name}\""),
        None => noun,
    }
}

/// The plain settings of a policy, for the comment above what stands in its place. Stages may hold secrets.
fn facts(entry: &Entry, family: Family) -> String {
    if family != Family::Policy {
        return String::new();
    }
    let plain = entry.fields().filter_map(|attr| match json_of(&attr.item) {
        Ok(Value::String(text)) => Some(format!("{}: {text}", attr.name)),
        Ok(value) => Some(format!("{}: {value}", attr.name)),
        Err(_) => None,
    });
    plain.collect::<Vec<_>>().join("\n")
}
