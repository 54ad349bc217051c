//! Objects on their way from text to documents: fields still in YAML, references still names.

use super::{Loader, words};
use crate::{
    diagnostics::Diagnostic,
    node::{Key, Node, Value as Yaml},
    span::Span,
};
use lockgate_model::KindDef;
use serde_json::{Map, Value};
use uuid::Uuid;

/// A field with the place of its key.
pub(crate) struct Entry {
    /// Name in the body.
    pub(crate) field: String,
    pub(crate) key: Span,
    pub(crate) node: Node,
}

/// An object that is not yet a document.
pub(crate) struct Draft {
    pub(crate) kind: &'static KindDef,
    /// `None` for joints, whose key follows from what they join.
    pub(crate) id: Option<Uuid>,
    pub(crate) name: String,
    pub(crate) at: Span,
    /// What it is called in messages: `flow "login"`.
    pub(crate) label: String,
    pub(crate) entries: Vec<Entry>,
    /// Values that need no translation.
    pub(crate) preset: Map<String, Value>,
    /// For joints: the draft that they are bound to.
    pub(crate) target: Option<usize>,
    pub(crate) managed: Option<String>,
    /// Pointers that have been complained about.
    pub(crate) failed: Vec<String>,
}

impl Draft {
    pub(crate) fn has(&self, field: &str) -> bool {
        self.entries.iter().any(|e| e.field == field) || self.failed.iter().any(|p| p.trim_start_matches('/') == field)
    }

    pub(crate) fn entry(&self, field: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.field == field)
    }

    /// Sets a field from something that stands elsewhere, unless it is given.
    pub(crate) fn imply(&mut self, field: &str, node: Node) {
        if !self.has(field) {
            self.entries.push(Entry { field: field.to_owned(), key: node.span.clone(), node });
        }
    }

    /// As [`Draft::imply`] for a text.
    pub(crate) fn imply_text(&mut self, field: &str, text: &str, at: &Span) {
        self.imply(field, Node::implied(text, at));
    }
}

impl Loader<'_> {
    /// Begins a named object and registers its name; a name that is taken is reported.
    pub(crate) fn draft(&mut self, kind: &'static KindDef, name: &str, at: &Span) -> Draft {
        let id = self.names.declare(kind, name, at).unwrap_or_else(|complaint| {
            self.diagnostics.push(*complaint);
            Uuid::nil()
        });
        let noun = words::noun(kind.meta.family.target().filter(|t| *t == "stage").unwrap_or(kind.meta.kind));
        let mut preset = Map::new();
        match words::identifier_field(kind) {
            "" => {}
            field => drop(preset.insert(field.to_owned(), Value::from(name))),
        }
        Draft {
            kind,
            id: Some(id),
            name: name.to_owned(),
            at: at.clone(),
            label: format!("{noun} \"{name}\""),
            entries: Vec::new(),
            preset,
            target: None,
            managed: None,
            failed: Vec::new(),
        }
    }

    /// Begins an object that joins others.
    pub(crate) fn joint(&self, kind: &'static KindDef, target: usize, at: &Span) -> Draft {
        let what = if kind.meta.kind == "flow_stage_binding" { "a stage entry" } else { "an access entry" };
        let label = format!("{what} of {}", self.drafts[target].label);
        Draft {
            kind,
            id: None,
            name: String::new(),
            at: at.clone(),
            label,
            entries: Vec::new(),
            preset: Map::new(),
            target: Some(target),
            managed: None,
            failed: Vec::new(),
        }
    }

    /// Puts a draft in line; joints refer to it by the number returned.
    pub(crate) fn push(&mut self, draft: Draft) -> usize {
        self.drafts.push(draft);
        self.drafts.len() - 1
    }

    /// Takes over the keys that are fields of the kind. `own` are keys that mean something else.
    pub(crate) fn fields(&mut self, draft: &mut Draft, entries: &[(Key, Node)], own: &[&str]) {
        for (key, node) in entries {
            if own.contains(&key.text.as_str()) {
                continue;
            }
            match words::fields(draft.kind).find(|f| f.yaml == key.text) {
                Some(field) => {
                    draft.entries.push(Entry { field: field.name.clone(), key: key.span.clone(), node: node.clone() })
                }
                None => {
                    let known = words::fields(draft.kind).map(|f| f.yaml.as_str()).chain(own.iter().copied());
                    let known: Vec<&str> = known.collect();
                    self.unknown_key(key, &draft.label, &known);
                }
            }
        }
    }

    /// Reports a key that means nothing where it stands.
    pub(crate) fn unknown_key(&mut self, key: &Key, place: &str, known: &[&str]) {
        let complaint = Diagnostic::error("unknown_key", &key.span, format!("unknown key \"{}\" in {place}", key.text));
        let complaint = if words::document_words().contains(&key.text.as_str()) {
            complaint.hint("a document declares one thing: begin another one with a line `---`")
        } else {
            complaint.near(&key.text, known.iter().copied())
        };
        let mut sorted = known.to_vec();
        sorted.sort_unstable();
        let expected = match sorted[..] {
            [] => "nothing: there is nothing to set here".to_owned(),
            [one] => one.to_owned(),
            _ => format!("one of {}", sorted.join(", ")),
        };
        self.diagnostics.push(complaint.expected(expected));
    }

    /// Reports every key that is not among `known`.
    pub(crate) fn only(&mut self, entries: &[(Key, Node)], place: &str, known: &[&str]) {
        for (key, _) in entries.iter().filter(|(k, _)| !known.contains(&k.text.as_str())) {
            self.unknown_key(key, place, known);
        }
    }

    /// The entries of a map; nothing counts as an empty one where `optional`.
    pub(crate) fn map<'n>(&mut self, node: &'n Node, key: &str, optional: bool) -> Option<&'n [(Key, Node)]> {
        match &node.value {
            Yaml::Map(entries) => Some(entries),
            Yaml::Null if optional => Some(&[]),
            _ => {
                self.wrong(node, key, "a map of settings");
                None
            }
        }
    }

    /// Reports a value of the wrong sort.
    pub(crate) fn wrong(&mut self, node: &Node, key: &str, expected: &str) {
        let complaint = Diagnostic::error("type", &node.span, format!("wrong value for \"{key}\": {}", node.found()));
        let complaint = complaint.expected(expected);
        let scalar = matches!(node.value, Yaml::Number(_) | Yaml::Bool(_));
        let complaint = if expected.starts_with("a text") && scalar {
            complaint.hint("put it in quotes")
        } else if expected == "true or false" && matches!(node.text(), Some("yes" | "no" | "on" | "off")) {
            complaint.hint("yes, no, on and off are plain words")
        } else {
            complaint
        };
        self.diagnostics.push(complaint);
    }

    pub(crate) fn error(&mut self, code: &'static str, span: &Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, span, message));
    }
}
