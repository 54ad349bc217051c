//! The fields of an object: what an entry says, as far as its kind has a place for it.

use super::{
    build::{Build, Made, Target, called},
    entries::{Attr, Entry},
    eval::Item,
    python,
    report::Place,
    world::json_of,
};
use crate::{
    export::Variable,
    language::{accepts, plain, words},
};
use lockgate_model::{Family, KindDef, kind::by_target, permission, schema::Field};
use serde_json::{Value, json};
use uuid::Uuid;

/// Where a field is being filled.
struct Slot<'s> {
    id: Uuid,
    kind: &'static KindDef,
    field: &'static Field,
    what: &'s str,
    at: Place,
}

/// What a field is to hold; nothing where it stays as it is.
type Filled = Result<Option<Value>, String>;

impl Build<'_> {
    /// Makes an object, or adds to one that an earlier entry, or the binary, has.
    pub(super) fn object(&mut self, id: Uuid, entry: &Entry) {
        let Some(kind) = super::world::kind_of(&entry.model) else { return };
        let shipped = self.world.document(id);
        let name = match (self.made.get(&id), shipped) {
            (Some(made), _) => made.name.clone(),
            (None, Some(document)) => document.name.clone(),
            (None, None) => super::build::text(entry, words::identifier_field(kind)).unwrap_or_default(),
        };
        let body = match (self.made.get(&id), shipped) {
            (Some(made), _) => made.body.clone(),
            (None, Some(document)) => super::build::object_of(document.body.clone()),
            (None, None) => super::build::object_of(json!({ words::identifier_field(kind): name })),
        };
        let mut made = Made { id, kind, name, body, place: entry.place.clone() };
        for attr in entry.fields() {
            self.fill(&mut made, attr, shipped.is_some());
        }
        match kind.meta.kind {
            "flow" if !made.body.contains_key("title") => {
                let title = made.body.get("name").cloned().unwrap_or_else(|| json!(made.name));
                made.body.insert("title".to_owned(), title);
            }
            "prompt" => self.prompt(&mut made),
            _ => {}
        }
        self.put(made);
    }

    /// One field of an entry.
    pub(super) fn fill(&mut self, made: &mut Made, attr: &Attr, shipped: bool) {
        let kind = made.kind;
        let name = match attr.name.as_str() {
            "icon" if kind.meta.kind == "application" => "meta_icon",
            other => other,
        };
        if matches!(name, "pk" | "managed") || name == words::identifier_field(kind) {
            return;
        }
        let at = Place { line: attr.line, ..made.place.clone() };
        let what = made.what();
        let writable = |f: &&Field| !(f.read_only || f.internal && f.secret);
        let Some(field) = kind.schema().fields.iter().filter(writable).find(|f| f.name == name) else {
            self.doubt(made);
            return self.remarks.left(
                &at,
                &what,
                format!("Lockgate has no field \"{name}\" there, or makes it itself"),
            );
        };
        if kind.meta.kind == "role" && name == "permissions" {
            return self.permissions(made, &attr.item, &at);
        }
        if name == "expression" && matches!(kind.meta.family, Family::Policy | Family::Mapping) {
            return self.expression(made, &attr.item, &at, shipped);
        }
        let slot = Slot { id: made.id, kind, field, what: &what, at: at.clone() };
        match self.value(&slot, &attr.item) {
            Ok(Some(value)) => match (made.body.get_mut(name), value) {
                // Maps of the layer below are added to, key by key.
                (Some(Value::Object(below)), Value::Object(map)) => below.extend(map),
                (_, value) => drop(made.body.insert(name.to_owned(), value)),
            },
            Ok(None) => {}
            Err(why) => {
                self.doubt(made);
                self.remarks.left(&at, &what, format!("the field {name} is left out: {why}"));
            }
        }
    }

    /// Permissions of a role: `app_label.codename`, of which ours has the codename.
    fn permissions(&mut self, made: &mut Made, item: &Item, at: &Place) {
        let what = made.what();
        let given: &[Item] = if let Item::List(items) = item { items } else { std::slice::from_ref(item) };
        let mut known: Vec<&str> = Vec::new();
        for item in given {
            let found = if let Item::Text(name) = item { permission::by_full_name(name) } else { None };
            match (found, item) {
                (Some(found), _) if known.contains(&found.codename.as_str()) => {}
                (Some(found), _) => known.push(&found.codename),
                (None, Item::Text(name)) => {
                    self.remarks.left(at, &what, format!("the permission {name} means nothing in Lockgate"));
                }
                (None, _) => self.remarks.left(at, &what, "a permission of it cannot be told"),
            }
        }
        made.body.insert("permissions".to_owned(), json!(known));
    }

    /// A policy that lacks something may let more people pass.
    fn doubt(&mut self, made: &Made) {
        if made.kind.meta.family == Family::Policy {
            self.doubtful.insert(made.id);
        }
    }

    /// Python is not read.
    fn expression(&mut self, made: &mut Made, item: &Item, at: &Place, shipped: bool) {
        let mapping = made.kind.meta.family == Family::Mapping;
        let (python, known) = match item {
            Item::Text(text) => (text.clone(), if mapping { python::mapping(text) } else { python::policy(text) }),
            Item::File { path, .. } => (format!("(in the file {path})"), None),
            _ => ("(not in the blueprint)".to_owned(), None),
        };
        let what = made.what();
        if let Some(known) = known {
            drop(made.body.insert("expression".to_owned(), json!(known)));
            self.comments.remove(&made.id);
            self.stubs.remove(&made.id);
            return;
        }
        if shipped {
            let why = "its Python is not read: what ships with Lockgate under this name, in Rhai, stays in force";
            return self.remarks.left(at, &what, why);
        }
        let (stub, told) = match made.kind.meta.kind {
            _ if !mapping => (python::DENIES, "its Python is not read: a policy that denies stands in its place"),
            "notification_mapping" => {
                (python::REFUSES, "its Python is not read: a mapping with which nothing is sent stands in its place")
            }
            _ => (python::REFUSES, "its Python is not read: a mapping that has tokens refused stands in its place"),
        };
        self.remarks.left(at, &what, told);
        made.body.insert("expression".to_owned(), json!(stub));
        self.comments
            .insert(made.id, python::kept("To be written anew in Rhai. The Python of the blueprint:", &python));
        if !mapping {
            self.stubs.insert(made.id);
        }
    }

    /// A field's first value may be Python too.
    fn prompt(&mut self, made: &mut Made) {
        for (flag, field) in [("placeholder_expression", "placeholder"), ("initial_value_expression", "initial_value")]
        {
            if made.body.get(flag) != Some(&Value::Bool(true)) || self.world.document(made.id).is_some() {
                continue;
            }
            let python = made.body.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
            made.body.insert(flag.to_owned(), json!(false));
            made.body.insert(field.to_owned(), json!(""));
            let title = format!("\"{field}\" is to be written anew in Rhai. The Python of the blueprint:");
            let comment = python::kept(&title, &python);
            let known = self.comments.remove(&made.id);
            self.comments.insert(made.id, known.into_iter().chain([comment]).collect::<Vec<_>>().join("\n"));
            let why = format!("the Python of {field} is not read: the field is empty");
            self.remarks.left(&made.place.clone(), &made.what(), why);
        }
    }

    /// What an item means in a field.
    fn value(&mut self, slot: &Slot<'_>, item: &Item) -> Filled {
        let field = slot.field;
        if field.target.is_some() {
            return self.references(slot, item);
        }
        let root = &slot.kind.schema().root;
        let schema = plain(&field.schema, root);
        match item {
            Item::Null if field.nullable => Ok(Some(Value::Null)),
            Item::Null => Ok(None),
            Item::Env { name, default } if accepts(schema, "string") && schema["enum"].is_null() => {
                let known = if field.secret { None } else { default.as_deref().and_then(|d| json_of(d).ok()) };
                Ok(Some(self.environment(slot, name, known.as_ref())))
            }
            Item::File { path, .. } if accepts(schema, "string") && schema["enum"].is_null() => {
                self.stand_ins.insert((slot.id, field.name.clone()), json!({ "file": path }));
                self.remarks.note(&slot.at, slot.what, format!("{} is read from the file {path}", field.name));
                Ok(Some(json!(placeholder(field))))
            }
            Item::Env { name, default: Some(default) } => {
                let why = format!("{} is as {name} is by default: the environment can give texts only", field.name);
                self.remarks.note(&slot.at, slot.what, why);
                self.value(slot, default)
            }
            Item::Text(text) if accepts(schema, "boolean") && !accepts(schema, "string") => match text.as_str() {
                "yes" | "on" | "Yes" | "On" => Ok(Some(json!(true))),
                "no" | "off" | "No" | "Off" => Ok(Some(json!(false))),
                _ => Err("it is neither true nor false".to_owned()),
            },
            Item::Text(text) if field.name == "redirect_uris" => Ok(Some(self.old_addresses(slot, text))),
            Item::Number(number) if accepts(schema, "string") => Ok(Some(json!(number.to_string()))),
            other => json_of(other).map(Some),
        }
    }

    fn environment(&mut self, slot: &Slot<'_>, name: &str, default: Option<&Value>) -> Value {
        let field = slot.field;
        let what = match default {
            Some(default) => format!("{} of {}; {default} where it was not set", field.name, slot.what),
            None => format!("{} of {}", field.name, slot.what),
        };
        let stand_in = placeholder(field);
        let variable = Variable { name: name.to_owned(), what, value: String::new() };
        self.asked.entry(name.to_owned()).or_insert((variable, stand_in.to_owned()));
        self.stand_ins.insert((slot.id, field.name.clone()), json!({ "env": name }));
        json!(stand_in)
    }

    /// The form in which older versions wrote addresses: one a line, an address or an expression.
    fn old_addresses(&mut self, slot: &Slot<'_>, text: &str) -> Value {
        let note = "redirect_uris has the older form, one a line: each is compared character by character";
        self.remarks.note(&slot.at, slot.what, note);
        let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
        lines.map(|url| json!({"matching_mode": "strict", "url": url, "redirect_uri_type": "authorization"})).collect()
    }

    fn references(&mut self, slot: &Slot<'_>, item: &Item) -> Filled {
        let field = slot.field;
        if !field.many {
            return match item {
                Item::Null if field.nullable => Ok(Some(Value::Null)),
                Item::Null => Ok(None),
                item => match self.reference(field, item) {
                    Ok(value) => Ok(Some(value)),
                    // Not what it was before, either.
                    Err(why) if field.nullable => {
                        // Without its own login, an application would be entered by that of others.
                        if slot.kind.meta.family == Family::Provider && field.name == "authentication_flow" {
                            self.doubtful.insert(slot.id);
                        }
                        self.remarks.left(&slot.at, slot.what, format!("{} is empty: {why}", field.name));
                        Ok(Some(Value::Null))
                    }
                    Err(why) => Err(why),
                },
            };
        }
        let Item::List(items) = item else {
            return if *item == Item::Null { Ok(None) } else { Err("it is no list".to_owned()) };
        };
        let mut list = Vec::new();
        for item in items {
            match self.reference(field, item) {
                Ok(value) if !list.contains(&value) => list.push(value),
                Ok(_) => {}
                // Where all must pass, one that is missing must not.
                Err(why) if field.target.as_deref() == Some("policy") => {
                    let denies = json!(self.deny_policy(&slot.at));
                    if !list.contains(&denies) {
                        list.push(denies);
                    }
                    self.remarks.left(&slot.at, slot.what, format!("one of {} denies: {why}", field.name));
                }
                Err(why) => {
                    self.remarks.left(&slot.at, slot.what, format!("{} lacks one of its entries: {why}", field.name));
                }
            }
        }
        Ok(Some(Value::Array(list)))
    }

    /// The primary key of what a field refers to.
    pub(super) fn reference(&mut self, field: &Field, item: &Item) -> Result<Value, String> {
        let target = field.target.as_deref().unwrap_or_default();
        let by_key = self.by_key(target, item);
        match self.target(by_key.as_ref().unwrap_or(item)) {
            Target::Gone(why) => Err(why),
            Target::Group(name) if target == "group" => {
                let shipped = self.world.shipped.groups.iter().find(|g| g.name == name).map(|g| g.id);
                Ok(json!(shipped.unwrap_or_else(|| crate::language::stable_id("group", &name))))
            }
            Target::User(name) if target == "user" => {
                let next = i64::try_from(self.users.len()).unwrap_or(i64::MAX - 1) + 1;
                Ok(json!(self.users.entry(name).or_insert(next)))
            }
            Target::Object(id) => {
                let made = self.kinds.get(&id).map(|kind| kind.meta.kind);
                let kind = made.or_else(|| self.world.document(id).map(|d| d.kind.as_str()));
                let Some(kind) = kind.map(str::to_owned) else { return Err("it was not carried over".to_owned()) };
                let fits = by_target(target).any(|k| k.meta.kind == kind);
                // A stage that denies is no captcha; only a flow can hold it.
                let stub = self.stubs.contains(&id) && target == "stage" && field.name != "stage";
                if fits && !stub {
                    Ok(json!(id))
                } else {
                    Err(format!("{} is not what it wants", kind.replace('_', " ")))
                }
            }
            Target::Group(name) | Target::User(name) => Err(format!("\"{name}\" is not what it wants")),
        }
    }

    /// Has the kinds check every object. A field that is refused goes, with a word about it; an object that
    /// is not sound without it goes too.
    pub(super) fn settle(&mut self) {
        loop {
            let mut gone = Vec::new();
            for id in self.made.keys().copied().collect::<Vec<_>>() {
                let Some(mut made) = self.made.remove(&id) else { continue };
                if self.sound(&mut made) {
                    self.made.insert(id, made);
                } else {
                    gone.push(id);
                }
            }
            if gone.is_empty() {
                return;
            }
            self.without(&gone);
        }
    }

    pub(super) fn sound(&mut self, made: &mut Made) -> bool {
        if self.doubtful.contains(&made.id) {
            let why = "it is not carried over, since a part of it is not: what needs it denies";
            self.remarks.left(&made.place.clone(), &made.what(), why);
            return false;
        }
        for _ in 0..64 {
            let body = Value::Object(made.body.clone());
            let Err(problems) = made.kind.parse(&body) else { return true };
            let Some(problem) = problems.0.first() else { return true };
            let (place, what) = (made.place.clone(), made.what());
            let mut parts = problem.pointer.split('/').skip(1);
            let name = parts.next().unwrap_or_default().to_owned();
            let why =
                format!("{}: {}", if name.is_empty() { "it" } else { &name }, problem.message.trim_end_matches('.'));
            let index = parts.next().and_then(|i| i.parse::<usize>().ok());
            match (made.body.get_mut(&name), index) {
                (Some(Value::Array(list)), Some(index)) if index < list.len() => drop(list.remove(index)),
                (Some(_), _) if name != words::identifier_field(made.kind) => drop(made.body.remove(&name)),
                _ => {
                    self.remarks.left(&place, &what, format!("it is not carried over, since it is not sound: {why}"));
                    return false;
                }
            }
            self.remarks.left(&place, &what, format!("what Lockgate refuses is left out: {why}"));
            if made.kind.meta.family == Family::Policy {
                return false;
            }
        }
        false
    }

    /// Takes objects out of everything that refers to them.
    fn without(&mut self, gone: &[Uuid]) {
        for target in &mut self.targets {
            if matches!(target, Target::Object(id) if gone.contains(id)) {
                *target = Target::Gone("it was not carried over".to_owned());
            }
        }
        let keys: Vec<String> = gone.iter().map(Uuid::to_string).collect();
        let is_gone = |v: &Value| v.as_str().is_some_and(|v| keys.iter().any(|k| k == v));
        let denies = json!(self.deny_policy(&Place::default()));
        for made in self.made.values_mut() {
            let fields = made.kind.schema().fields.iter().filter(|f| f.target.is_some());
            for field in fields {
                let lost = match made.body.get_mut(&field.name) {
                    Some(Value::Array(list)) if field.target.as_deref() == Some("policy") => {
                        let lost = list.iter().any(is_gone);
                        list.iter_mut().filter(|v| is_gone(v)).for_each(|v| *v = denies.clone());
                        lost
                    }
                    Some(Value::Array(list)) => {
                        let before = list.len();
                        list.retain(|v| !is_gone(v));
                        list.len() < before
                    }
                    Some(value) if is_gone(value) => {
                        made.body.remove(&field.name);
                        true
                    }
                    _ => false,
                };
                if lost {
                    let why = format!("{} named something that was not carried over", field.name);
                    self.remarks.left(&made.place, &called(made.kind, &made.name), why);
                }
            }
        }
    }
}

/// A value that the kind accepts, where the real one comes from the environment.
fn placeholder(field: &Field) -> &'static str {
    match field.name.as_str() {
        "certificate_data" => "-----BEGIN CERTIFICATE-----\nplaceholder\n-----END CERTIFICATE-----\n",
        "key_data" => "-----BEGIN PRIVATE KEY-----\nplaceholder\n-----END PRIVATE KEY-----\n",
        "external_host" | "internal_host" | "meta_launch_url" | "meta_icon" | "logout_uri" | "target_static" => {
            "https://placeholder.invalid/"
        }
        _ => "placeholder",
    }
}
