//! Documents that need little beside their kind's schema, groups, settings, and files of Rhai.

use super::{Declaration, GroupDeclaration, GroupDraft, Loaded, Loader, values, words};
use crate::{
    builtin::outpost_config_defaults,
    node::{Key, Node, Value as Yaml},
    read::{Folder, TextFile},
    span::Span,
};
use lockgate_model::{Origin, Source};
use serde_json::{Map, Value};

/// Keys of a group.
pub(crate) const GROUP_KEYS: [&str; 5] = ["group", "superuser", "parents", "roles", "attributes"];

impl Loader<'_> {
    /// A document that is one object of one kind.
    pub(crate) fn plain_document(&mut self, word: &str, doc: &Declaration<'_>) {
        let Some(kind) = words::document_kind(word) else { return };
        let mut draft = self.draft(kind, doc.name, doc.at);
        draft.managed = self.managed(doc);
        let own = self.own(word);
        self.fields(&mut draft, doc.entries, &own);
        self.push(draft);
    }

    /// Only what is built in has a stable identifier of its own.
    pub(super) fn own<'w>(&self, word: &'w str) -> Vec<&'w str> {
        if self.lookups.builtin.is_none() { vec![word, "managed"] } else { vec![word] }
    }

    pub(super) fn managed(&self, doc: &Declaration<'_>) -> Option<String> {
        let given = doc.entry("managed").and_then(|(_, n)| n.text());
        given.filter(|_| self.lookups.builtin.is_none()).map(str::to_owned)
    }

    /// An outpost takes its settings beside its fields; what is not given has the reference's value.
    pub(crate) fn outpost(&mut self, doc: &Declaration<'_>) {
        let mut draft = self.draft(words::kind("outpost"), doc.name, doc.at);
        draft.managed = self.managed(doc);
        let defaults = outpost_config_defaults();
        let mut config = if self.inherits_outpost(doc.name) { Map::new() } else { defaults.clone() };
        let mut rest = Vec::new();
        for (key, value) in doc.entries {
            if defaults.contains_key(&key.text) {
                if let Some(value) = self.setting(key, value, &defaults) {
                    config.insert(key.text.clone(), value);
                }
            } else if key.text == "config" {
                let given = self.map(value, "config", true).unwrap_or_default();
                config.extend(given.iter().map(|(k, v)| (k.text.clone(), values::json_of(v))));
            } else {
                rest.push((key.clone(), value.clone()));
            }
        }
        let own: Vec<&str> = self.own("outpost").into_iter().chain(defaults.keys().map(String::as_str)).collect();
        self.fields(&mut draft, &rest, &own);
        draft.imply_text("type", "proxy", doc.at);
        // What the layer below says stays where this says nothing.
        let mut config = node_of(&Value::Object(config), doc.at);
        if let Yaml::Map(entries) = &mut config.value {
            // Given settings keep their places.
            for (key, value) in entries.iter_mut() {
                value.span = doc.entry(&key.text).map_or_else(|| doc.at.clone(), |(_, given)| given.span.clone());
            }
        }
        draft.imply("config", config);
        self.push(draft);
    }

    /// A notification rule, and the policies that say which events it is about.
    pub(crate) fn notification_rule(&mut self, doc: &Declaration<'_>) {
        let word = "notification_rule";
        let mut draft = self.draft(words::kind(word), doc.name, doc.at);
        self.fields(&mut draft, doc.entries, &[word, "policies"]);
        let rule = self.push(draft);
        if let Some((_, node)) = doc.entry("policies") {
            self.policies(node, rule);
        }
    }

    fn inherits_outpost(&self, name: &str) -> bool {
        self.lookups.builtin.is_some_and(|b| b.documents.iter().any(|d| d.kind == "outpost" && d.name == name))
    }

    /// A setting must be of the sort that its default is of, where that can be told.
    fn setting(&mut self, key: &Key, node: &Node, defaults: &Map<String, Value>) -> Option<Value> {
        let value = values::json_of(node);
        let expected = match defaults.get(&key.text) {
            Some(Value::String(_)) if !value.is_string() => "a text",
            Some(Value::Bool(_)) if !value.is_boolean() => "true or false",
            Some(Value::Number(_)) if !value.is_number() => "a whole number",
            Some(Value::Array(_)) if !value.is_array() => "a list",
            Some(Value::Object(_)) if !value.is_object() => "a map",
            _ => return Some(value),
        };
        self.wrong(node, &key.text, expected);
        None
    }

    pub(crate) fn group(&mut self, doc: &Declaration<'_>) {
        self.only(doc.entries, &format!("group \"{}\"", doc.name), &GROUP_KEYS);
        let id = self.names.declare_group(doc.name, doc.at).unwrap_or_else(|complaint| {
            self.diagnostics.push(*complaint);
            uuid::Uuid::nil()
        });
        let superuser = match doc.entry("superuser").map(|(_, n)| n) {
            Some(Node { value: Yaml::Bool(b), .. }) => *b,
            Some(node) => {
                self.wrong(node, "superuser", "true or false");
                false
            }
            None => false,
        };
        let parents = self.names_at(doc, "parents", "a list of group names");
        let roles = self.names_at(doc, "roles", "a list of role names");
        let attributes = doc.entry("attributes").map(|(_, node)| node);
        let attributes = attributes.and_then(|node| self.map(node, "attributes", true).map(|_| values::json_of(node)));
        let folder = self.lookups.builtin.is_some();
        self.groups.push(GroupDraft {
            declaration: GroupDeclaration {
                id,
                name: doc.name.to_owned(),
                superuser,
                parents: Vec::new(),
                attributes: attributes.and_then(|a| a.as_object().cloned()).unwrap_or_default(),
                origin: if folder { Origin::Folder } else { Origin::Builtin },
                source: folder.then(|| Source { file: doc.at.file.to_string(), line: doc.at.line }),
            },
            parents,
            roles,
        });
        if doc.name.chars().count() > 255 {
            self.error("max_length", doc.at, "the name of a group has at most 255 characters");
        }
    }

    fn names_at(&mut self, doc: &Declaration<'_>, key: &str, expected: &str) -> Vec<Node> {
        match doc.entry(key).map(|(_, n)| n) {
            Some(Node { value: Yaml::List(items), .. }) => items.clone(),
            Some(node) => {
                self.wrong(node, key, expected);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// Parents can be looked up once every group is declared.
    pub(crate) fn finish_groups(&mut self, loaded: &mut Loaded) {
        for mut group in std::mem::take(&mut self.groups) {
            self.roles_of_group(&group, loaded);
            for parent in &group.parents {
                match parent.text() {
                    None => self.wrong(parent, "parents", "a list of group names"),
                    Some(name) if name == group.declaration.name => {
                        self.error("cycle", &parent.span, format!("the group \"{name}\" cannot be its own parent"));
                    }
                    Some(name) if self.names.group(name).is_none() => {
                        let complaint = self.names.dangling_group(name, &parent.span);
                        self.diagnostics.push(complaint);
                    }
                    Some(name) => group.declaration.parents.push(name.to_owned()),
                }
            }
            loaded.groups.push(group.declaration);
        }
        self.objects_of_roles(loaded);
        self.cycles(&loaded.groups);
    }

    /// Membership is inherited upwards, so a loop would make all its groups one.
    fn cycles(&mut self, groups: &[GroupDeclaration]) {
        for group in groups {
            let mut seen: Vec<&str> = Vec::new();
            let mut next: Vec<&str> = group.parents.iter().map(String::as_str).collect();
            while let Some(name) = next.pop() {
                if name == group.name {
                    let source = group.source.as_ref();
                    let span = source.map_or_else(|| Span::whole(""), |s| Span::at(&s.file, s.line, 1));
                    self.error("cycle", &span, format!("the group \"{name}\" is above itself"));
                    break;
                }
                if !seen.contains(&name) {
                    seen.push(name);
                    let above = groups.iter().find(|g| g.name == name);
                    next.extend(above.into_iter().flat_map(|g| g.parents.iter().map(String::as_str)));
                }
            }
        }
    }

    pub(crate) fn settings_document(&mut self, key: &Key, node: &Node, entries: &[(Key, Node)]) {
        self.only(entries, "a settings document", &["settings"]);
        let Some(settings) = self.map(node, "settings", false) else { return };
        let mut draft = self.draft(words::kind("settings"), "settings", &key.span);
        draft.label = "settings".to_owned();
        self.fields(&mut draft, settings, &[]);
        self.push(draft);
    }

    /// A file of Cedar is an object, so that a revision holds everything that decides.
    pub(crate) fn cedar_file(&mut self, file: &TextFile) {
        let at = Span::at(&file.path, 1, 1);
        let mut draft = self.draft(words::kind("cedar_file"), &file.path, &at);
        draft.imply_text("text", &file.text, &at);
        self.push(draft);
    }

    /// A file of Rhai is a policy with the file's name.
    pub(crate) fn rhai_file(&mut self, file: &TextFile) {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let at = Span::at(&file.path, 1, 1);
        let mut draft = self.draft(words::kind("expression_policy"), name, &at);
        draft.imply_text("expression", &file.text, &at);
        self.push(draft);
    }
}

/// Documents whose `expression` may be a file of the folder.
const SCRIPTED: [&str; 3] = ["mapping", "notification_mapping", "policy"];

/// Puts the text of a Rhai file of the folder where a document names it as its expression, with the
/// places of that file. Such a file is no policy of its own; its path is answered.
pub(crate) fn script_of<'f>(tree: &mut Node, folder: &'f Folder) -> Option<&'f str> {
    let Yaml::Map(entries) = &mut tree.value else { return None };
    entries.first().filter(|(key, _)| SCRIPTED.contains(&key.text.as_str()))?;
    let (_, expression) = entries.iter_mut().find(|(key, _)| key.text == "expression")?;
    let path = expression.get("file").and_then(Node::text)?;
    let file = folder.files.iter().find(|f| f.path == path && f.extension() == "rhai")?;
    expression.value = Yaml::Text(file.text.clone());
    expression.content = Span::at(&file.path, 1, 1);
    Some(&file.path)
}

/// Data as if it had been written at `span`.
fn node_of(value: &Value, span: &Span) -> Node {
    let yaml = match value {
        Value::Null => Yaml::Null,
        Value::Bool(b) => Yaml::Bool(*b),
        Value::Number(n) => Yaml::Number(n.clone()),
        Value::String(s) => Yaml::Text(s.clone()),
        Value::Array(items) => Yaml::List(items.iter().map(|i| node_of(i, span)).collect()),
        Value::Object(map) => Yaml::Map(
            map.iter().map(|(k, v)| (Key { text: k.clone(), span: span.clone() }, node_of(v, span))).collect(),
        ),
    };
    Node { value: yaml, span: span.clone(), content: span.clone() }
}
