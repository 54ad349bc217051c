//! From drafts to documents: translation, the kinds' own checks, and places for what they complain of.

use super::{Loaded, Loader, Script, ScriptRole, draft::Draft, names::stable_id, values::Slot, values::plain, words};
use crate::{diagnostics::Diagnostic, node::Node, span::Span};
use lockgate_model::{Document, Family, Origin, Problem, Source, kind::joint_field};
use serde_json::{Map, Value};
use uuid::Uuid;

impl Loader<'_> {
    /// Turns every draft into a document, in order, so that joints find what they join.
    pub(crate) fn build(&mut self, loaded: &mut Loaded) {
        let drafts = std::mem::take(&mut self.drafts);
        let mut ids: Vec<Uuid> = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let id = self.build_one(draft, &ids, loaded);
            ids.push(id);
        }
    }

    fn build_one(&mut self, mut draft: Draft, ids: &[Uuid], loaded: &mut Loaded) -> Uuid {
        let (body, places) = self.body(&mut draft, ids);
        let kind = draft.kind;
        let parsed = kind.parse(&Value::Object(body.clone()));
        let value = match parsed {
            Ok(value) => value,
            Err(problems) => {
                problems.0.iter().for_each(|p| self.problem(&draft, &places, p));
                return draft.id.unwrap_or_default();
            }
        };
        let name = value.identifier();
        // A reference that was complained about is nil, and names made from it mean nothing.
        let id = match draft.id {
            Some(id) => id,
            None if draft.failed.is_empty() => self.names.id(kind.meta.kind, &name),
            None => return stable_id(kind.meta.kind, &name),
        };
        let folder = self.lookups.builtin.is_some();
        let line = draft.at.line;
        let document = Document {
            id,
            number: None,
            kind: kind.meta.kind.to_owned(),
            name,
            origin: if folder { Origin::Folder } else { Origin::Builtin },
            source: folder.then(|| Source { file: draft.at.file.to_string(), line }),
            managed: draft.managed.clone(),
            body: value.to_value(),
            version: 1,
            created: self.lookups.now,
            updated: self.lookups.now,
        };
        scripts(&draft, &document, loaded);
        loaded.spans.extend(id, draft.at.clone(), places);
        loaded.documents.push(document);
        id
    }

    fn body(&mut self, draft: &mut Draft, ids: &[Uuid]) -> (Map<String, Value>, Vec<(String, Span)>) {
        let schema = draft.kind.schema();
        let mut body = self.base(draft);
        body.extend(std::mem::take(&mut draft.preset));
        let target = draft.target.and_then(|t| ids.get(t));
        if let (Some(target), Some(field)) = (target, joint_field(draft.kind.meta.kind)) {
            body.insert(field.to_owned(), Value::from(target.to_string()));
        }
        let mut places = Vec::new();
        for entry in &draft.entries {
            let Some(field) = schema.field(&entry.field) else { continue };
            let pointer = format!("/{}", field.name);
            mark(&pointer, &entry.node, &mut places);
            match self.value(&Slot { field, root: &schema.root }, &entry.node) {
                // Maps of the layer below are added to, key by key.
                Some(Value::Object(map)) => match body.get_mut(&field.name) {
                    Some(Value::Object(below)) => below.extend(map),
                    _ => drop(body.insert(field.name.clone(), Value::Object(map))),
                },
                Some(value) => drop(body.insert(field.name.clone(), value)),
                None => draft.failed.push(pointer),
            }
        }
        (body, places)
    }

    /// Brands and outposts of the built-in layer shine through where the folder says nothing.
    fn base(&self, draft: &Draft) -> Map<String, Value> {
        if !matches!(draft.kind.meta.kind, "brand" | "outpost") {
            return Map::new();
        }
        let below = self.lookups.builtin.into_iter().flat_map(|b| &b.documents);
        let found = below.filter(|d| d.kind == draft.kind.meta.kind).find(|d| d.name == draft.name);
        found.and_then(|d| d.body.as_object().cloned()).unwrap_or_default()
    }

    /// Reports what the kind says, unless it follows from something reported already.
    fn problem(&mut self, draft: &Draft, places: &[(String, Span)], problem: &Problem) {
        // A rule over the whole object means little while a part of it is wrong.
        let whole = problem.pointer.is_empty() && !draft.failed.is_empty();
        if whole || draft.failed.iter().any(|f| is_within(&problem.pointer, f)) {
            return;
        }
        let field_name = problem.pointer.split('/').nth(1).unwrap_or_default();
        let field = draft.kind.schema().field(field_name);
        let is_policy = draft.kind.meta.family == Family::Policy;
        let word = if is_policy { "policy" } else { draft.kind.meta.word };
        let yaml = match field {
            Some(f) if f.name == words::identifier_field(draft.kind) && words::document_words().contains(&word) => word,
            Some(f) => &f.yaml,
            None => field_name,
        };
        if problem.code == "required"
            && let Some((outer, inner)) = problem.pointer.rsplit_once('/').filter(|(outer, _)| !outer.is_empty())
        {
            let span = places.iter().find(|(place, _)| place == outer).map_or(&draft.at, |(_, span)| span);
            return self.missing(&span.clone(), inner, &format!("an entry of \"{yaml}\""), "");
        }
        if problem.code == "required" {
            let options = field.map(|f| plain(&f.schema, &draft.kind.schema().root));
            let options = options.and_then(|s| s["enum"].as_array());
            let words: Vec<&str> = options.into_iter().flatten().filter_map(Value::as_str).collect();
            let expected = if words.is_empty() { String::new() } else { format!("one of {}", words.join(", ")) };
            return self.missing(&draft.at, yaml, &draft.label, &expected);
        }
        let place = places.iter().filter(|(p, _)| is_within(&problem.pointer, p)).max_by_key(|(p, _)| p.len());
        let span = place.map_or(&draft.at, |(_, span)| span);
        let text = problem.message.trim_end_matches('.');
        let message = if yaml.is_empty() { text.to_owned() } else { format!("\"{yaml}\": {text}") };
        let complaint = Diagnostic::error(problem.code, span, message);
        let complaint = match field.map(|f| f.name.as_str()) {
            Some("scope_name") if problem.code == "invalid" => complaint.expected("one word: a scope has no spaces"),
            Some("client_id" | "client_secret") if problem.code == "invalid" => {
                complaint.expected("printable characters of ASCII")
            }
            _ => complaint,
        };
        // Where nothing was written, nothing is given away.
        let secret = field.is_some_and(|f| f.secret) && place.is_some();
        self.diagnostics.push(if secret { complaint.secret() } else { complaint });
    }
}

fn is_within(pointer: &str, outer: &str) -> bool {
    pointer.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Remembers where a value and everything in it stands.
fn mark(pointer: &str, node: &Node, places: &mut Vec<(String, Span)>) {
    places.push((pointer.to_owned(), node.span.clone()));
    if let Some(items) = node.list() {
        items.iter().enumerate().for_each(|(i, item)| mark(&format!("{pointer}/{i}"), item, places));
    }
    if let Some(entries) = node.map() {
        entries.iter().for_each(|(key, value)| mark(&format!("{pointer}/{}", key.text), value, places));
    }
}

/// Collects the texts of Rhai and Cedar of a document.
fn scripts(draft: &Draft, document: &Document, loaded: &mut Loaded) {
    let expression = |flag: &str| document.body[flag] == true;
    let roles: &[(&str, ScriptRole, bool)] = match document.kind.as_str() {
        "expression_policy" => &[("expression", ScriptRole::Policy, true)],
        "cedar_policy" => &[("cedar", ScriptRole::Condition, true)],
        "scope_mapping" => &[("expression", ScriptRole::Mapping, true)],
        "notification_mapping" => &[("expression", ScriptRole::Webhook, true)],
        "prompt" => &[
            ("placeholder", ScriptRole::Prompt, expression("placeholder_expression")),
            ("initial_value", ScriptRole::Prompt, expression("initial_value_expression")),
        ],
        _ => &[],
    };
    for (field, role, _) in roles.iter().filter(|(_, _, is_script)| *is_script) {
        let (Some(text), Some(entry)) = (document.body[*field].as_str(), draft.entry(field)) else { continue };
        loaded.scripts.push(Script {
            document: document.id,
            pointer: format!("/{field}"),
            name: document.name.clone(),
            role: *role,
            text: text.to_owned(),
            start: entry.node.content.clone(),
        });
    }
}
