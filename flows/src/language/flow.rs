//! `flow:` and `stage:` documents: a flow with its stages, their bindings and conditions.

use super::{Declaration, Loader, words};
use crate::{
    diagnostics::Diagnostic,
    node::{Key, Node, Value as Yaml},
    span::Span,
};
use lockgate_model::KindDef;
use std::collections::HashMap;

/// Keys of a flow that are not fields of its kind.
pub(crate) const FLOW_KEYS: [&str; 3] = ["flow", "stages", "policies"];
/// Keys beside a stage word.
pub(crate) const ENTRY_KEYS: [&str; 4] = ["stage", "when", "policies", "name"];

const ENTRY_EXPECTED: &str = "a stage word, { word: settings } or { stage: name }";

/// What one entry of `stages:` says.
struct StageEntry<'n> {
    /// The stage word and its settings, or `None` for a stage declared apart.
    word: Option<(&'static KindDef, Option<&'n Node>)>,
    /// Name of the stage.
    name: Node,
    /// What is beside it.
    beside: &'n [(Key, Node)],
    at: Span,
}

impl StageEntry<'_> {
    fn get(&self, key: &str) -> Option<&Node> {
        self.beside.iter().find(|(k, _)| k.text == key).map(|(_, v)| v)
    }

    fn is(&self, word: &str) -> bool {
        self.word.is_some_and(|(kind, _)| kind.meta.word == word)
    }
}

impl Loader<'_> {
    pub(crate) fn flow(&mut self, doc: &Declaration<'_>) {
        let mut draft = self.draft(words::kind("flow"), doc.name, doc.at);
        self.fields(&mut draft, doc.entries, &FLOW_KEYS);
        draft.imply_text("name", doc.name, doc.at);
        let name = draft.entry("name").map_or_else(|| Node::implied(doc.name, doc.at), |e| e.node.clone());
        draft.imply("title", name);
        let flow = self.push(draft);
        if let Some((_, node)) = doc.entry("policies") {
            self.policies(node, flow);
        }
        let Some((_, node)) = doc.entry("stages") else { return };
        let Some(list) = node.list() else {
            return self.wrong(node, "stages", "a list of stages, each on a line that begins with a dash");
        };
        let mut used = HashMap::new();
        let entries: Vec<_> = list.iter().filter_map(|item| self.stage_entry(doc.name, &mut used, item)).collect();
        let password = entries.iter().find(|e| e.is("password")).and_then(|e| e.name.text().map(str::to_owned));
        let mut order = 0;
        for entry in &entries {
            self.stage_of_entry(doc.name, entry, password.as_deref());
            order = self.bind_entry(flow, doc.name, entry, order);
        }
    }

    /// Finds out which stage an entry means, without declaring it.
    fn stage_entry<'n>(
        &mut self,
        flow: &str,
        used: &mut HashMap<&'static str, u32>,
        item: &'n Node,
    ) -> Option<StageEntry<'n>> {
        let (word, settings, beside, at): (_, _, &[_], _) = match &item.value {
            Yaml::Text(word) => (word.as_str(), None, &[], &item.span),
            Yaml::Map(entries) => {
                let (key, settings) = self.stage_word(item, entries)?;
                (key.text.as_str(), Some(settings), entries, &key.span)
            }
            _ => {
                self.wrong(item, "stages", ENTRY_EXPECTED);
                return None;
            }
        };
        let given = beside.iter().find(|(k, _)| k.text == "name").map(|(_, v)| v);
        let (word, name) = match words::stage_kind(word) {
            Some(kind) => {
                let count = used.entry(kind.meta.word).or_insert(0);
                *count += 1;
                let made = if *count == 1 { format!("{flow}-{word}") } else { format!("{flow}-{word}-{count}") };
                let name = given.filter(|n| n.text().is_some()).cloned();
                (Some((kind, settings)), name.unwrap_or_else(|| Node::implied(made, at)))
            }
            None => (None, settings.unwrap_or(item).clone()),
        };
        if let Some(wrong) = given.filter(|n| n.text().is_none()) {
            self.wrong(wrong, "name", "a text");
        } else if let (Some(given), None) = (given, &word) {
            self.error("conflict", &given.span, "a stage that is declared apart has its name already");
        }
        Some(StageEntry { word, name, beside, at: at.clone() })
    }

    /// The key of an entry that says which stage it is.
    fn stage_word<'n>(&mut self, item: &Node, entries: &'n [(Key, Node)]) -> Option<&'n (Key, Node)> {
        let is_word = |k: &Key| words::stage_kind(&k.text).is_some() || k.text == "stage";
        let mut found = entries.iter().filter(|(k, _)| is_word(k));
        let first = found.next();
        if let Some((second, _)) = found.next() {
            let hint = "begin a new entry with a dash";
            let message = format!("an entry names one stage, and \"{}\" is a second one", second.text);
            self.diagnostics.push(Diagnostic::error("conflict", &second.span, message).hint(hint));
            return None;
        }
        if first.is_none() {
            match entries.iter().find(|(k, _)| !self.is_beside(&k.text)) {
                Some((key, _)) => {
                    let complaint = Diagnostic::error(
                        "unknown_stage",
                        &key.span,
                        format!("there is no stage word \"{}\"", key.text),
                    );
                    let complaint = complaint.near(&key.text, words::stage_words());
                    self.diagnostics.push(complaint.expected(format!("one of {}", words::stage_words().join(", "))));
                }
                None => self.wrong(item, "stages", ENTRY_EXPECTED),
            }
        }
        first
    }

    fn is_beside(&self, key: &str) -> bool {
        ENTRY_KEYS.contains(&key) || words::fields(words::kind("flow_stage_binding")).any(|f| f.yaml == key)
    }

    fn stage_of_entry(&mut self, flow: &str, entry: &StageEntry<'_>, password: Option<&str>) {
        let (Some((kind, settings)), Some(name)) = (entry.word, entry.name.text()) else { return };
        let settings = settings.and_then(|s| self.map(s, kind.meta.word, true)).unwrap_or_default();
        let inline = settings.iter().find(|(k, v)| k.text == "password" && v.text() == Some("inline"));
        if let Some((_, node)) = inline.filter(|_| kind.meta.word == "identify") {
            let made = format!("{flow}-password");
            let has = |d: &super::draft::Draft| d.kind.meta.kind == "password_stage" && d.name == made;
            if password.is_none() && !self.drafts.iter().any(has) {
                let draft = self.draft(words::kind("password_stage"), &made, &node.span);
                self.push(draft);
            }
            let linked = Node::implied(password.unwrap_or(&made), &node.span);
            let settings: Vec<_> = settings
                .iter()
                .map(|(k, v)| (k.clone(), if k.text == "password" { linked.clone() } else { v.clone() }))
                .collect();
            return self.stage(kind, name, &entry.at, &settings, &[]);
        }
        self.stage(kind, name, &entry.at, settings, &[]);
    }

    /// `stage: <name>` with exactly one stage word.
    pub(crate) fn stage_document(&mut self, doc: &Declaration<'_>) {
        let mut found = doc.entries.iter().skip(1).filter(|(k, _)| words::stage_kind(&k.text).is_some());
        match (found.next(), found.next()) {
            (Some((key, node)), None) => {
                self.only(doc.entries, &format!("stage \"{}\"", doc.name), &["stage", &key.text]);
                let Some(kind) = words::stage_kind(&key.text) else { return };
                let settings = self.map(node, &key.text, true).unwrap_or_default();
                self.stage(kind, doc.name, doc.at, settings, &[]);
            }
            (Some(_), Some((second, _))) => {
                let message = format!("a stage has one stage word, and \"{}\" is a second one", second.text);
                self.error("conflict", &second.span, message);
            }
            (None, _) => {
                let words = words::stage_words();
                let expected = format!("one of {}", words.join(", "));
                let message = format!("the stage \"{}\" has no stage word", doc.name);
                let complaint = Diagnostic::error("required", doc.at, message).expected(expected);
                let other = doc.entries.get(1).map(|(k, _)| k.text.clone()).unwrap_or_default();
                self.diagnostics.push(complaint.near(&other, words));
            }
        }
    }

    /// Declares a stage.
    fn stage(&mut self, kind: &'static KindDef, name: &str, at: &Span, settings: &[(Key, Node)], own: &[&str]) {
        let mut draft = self.draft(kind, name, at);
        self.fields(&mut draft, settings, own);
        match kind.meta.word {
            "redirect" => self.redirect(&mut draft),
            "prompt" => {
                if let Some(entry) = draft.entries.iter_mut().find(|e| e.field == "fields") {
                    let mut node = entry.node.clone();
                    self.prompt_fields(name, &mut node);
                    entry.node = node;
                }
            }
            _ => {}
        }
        self.push(draft);
    }

    /// Where it leads says how.
    fn redirect(&mut self, draft: &mut super::draft::Draft) {
        let mode = match (draft.entry("target_static"), draft.entry("target_flow")) {
            (Some(_), Some(flow)) if !draft.has("mode") => {
                self.error("conflict", &flow.key, "a redirect leads to an address or to a flow, not to both");
                return draft.failed.push("/mode".to_owned());
            }
            (Some(to), None) => Node::implied("static", &to.key),
            (_, Some(flow)) => Node::implied("flow", &flow.key),
            (None, None) => {
                let label = draft.label.clone();
                self.missing(&draft.at.clone(), "to", &label, "an address in `to`, or a flow in `flow`");
                return draft.failed.push("/mode".to_owned());
            }
        };
        draft.imply("mode", mode);
    }

    /// Fields written where they are used become objects of their own.
    fn prompt_fields(&mut self, stage: &str, node: &mut Node) {
        let Yaml::List(items) = &mut node.value else { return };
        let mut made = Vec::new();
        for (index, item) in (0_i32..).zip(items.iter_mut()) {
            let Some(entries) = item.map() else { continue };
            let text = |key: &str| item.get(key).and_then(Node::text).map(str::to_owned);
            let name = match (text("name"), text("key")) {
                (Some(name), _) => name,
                (None, Some(key)) if !made.contains(&key) => {
                    let name = format!("{stage}-{key}");
                    made.push(key);
                    name
                }
                (None, Some(key)) => format!("{stage}-{key}-{index}"),
                (None, None) => format!("{stage}-{index}"),
            };
            let mut draft = self.draft(words::kind("prompt"), &name, &item.span);
            self.fields(&mut draft, entries, &["name"]);
            let order = Node { value: Yaml::Number((index * 10).into()), ..Node::implied("", &item.span) };
            draft.imply("order", order);
            self.push(draft);
            *item = Node::implied(name, &item.span);
        }
    }

    /// Puts a stage into the flow; the order it got is returned.
    fn bind_entry(&mut self, flow: usize, flow_name: &str, entry: &StageEntry<'_>, last: i32) -> i32 {
        let mut draft = self.joint(words::kind("flow_stage_binding"), flow, &entry.at);
        draft.imply("stage", entry.name.clone());
        let word = entry.word.map(|(kind, _)| kind.meta.word).unwrap_or_default();
        let own: Vec<&str> = ENTRY_KEYS.into_iter().chain([word]).collect();
        self.fields(&mut draft, entry.beside, &own);
        let given = draft.entry("order").and_then(|e| match &e.node.value {
            Yaml::Number(n) => n.as_i64().and_then(|n| i32::try_from(n).ok()),
            _ => None,
        });
        let order = given.unwrap_or_else(|| last.saturating_add(10));
        let number = Node { value: Yaml::Number(order.into()), ..Node::implied("", &entry.at) };
        draft.imply("order", number);
        let when = entry.get("when").map(|node| self.when(flow_name, entry, node));
        let both = when.is_some() && entry.get("policies").is_some();
        let binding = self.push(draft);
        if let Some(node) = entry.get("policies") {
            self.policies(node, binding);
        }
        if let Some(policy) = when {
            let mut draft = self.joint(words::kind("policy_binding"), binding, &policy.span);
            // Behind whatever `policies` binds.
            let order = Node { value: Yaml::Number(1_000.into()), ..policy.clone() };
            draft.imply("policy", policy);
            draft.imply("order", order);
            self.push(draft);
        }
        if both {
            self.require_all(binding, entry);
        }
        order
    }

    /// A condition beside policies must hold as well as they.
    fn require_all(&mut self, binding: usize, entry: &StageEntry<'_>) {
        let Some(node) = entry.get("policies") else { return };
        let several = node.list().is_none_or(|l| l.len() > 1);
        let draft = &mut self.drafts[binding];
        match draft.entries.iter_mut().find(|e| e.field == "policy_engine_mode") {
            Some(e) if e.node.text() == Some("any") && several => {
                let message = "\"when\" cannot stand beside policies of which any is enough";
                let hint = "write the condition as a policy and use `all`, or leave one of the two away";
                self.diagnostics.push(Diagnostic::error("conflict", &node.span, message).hint(hint));
            }
            Some(e) => e.node = Node::implied("all", &node.span),
            None => draft.imply_text("policy_engine_mode", "all", &node.span),
        }
    }

    /// A condition becomes a policy; its name is returned.
    fn when(&mut self, flow: &str, entry: &StageEntry<'_>, node: &Node) -> Node {
        let stage = entry.name.text().unwrap_or_default();
        let name = if entry.word.is_some() { format!("{stage}-when") } else { format!("{flow}-{stage}-when") };
        let mut draft = self.draft(words::kind("expression_policy"), &name, &node.span);
        draft.label = "\"when\"".to_owned();
        if node.text().is_some() {
            draft.imply("expression", node.clone());
        } else {
            self.wrong(node, "when", "a text: a condition in Rhai");
            draft.failed.push("/expression".to_owned());
        }
        self.push(draft);
        Node::implied(name, &node.span)
    }
}
