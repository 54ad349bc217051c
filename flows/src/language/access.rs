//! `access:` and `policies:`: who may, as bindings of groups, users and policies.
//!
//! Bindings know two ways of adding up, all or any, and a "not" on each. So lists may nest only where
//! they come out as one list: the same way of adding up inside, or the other way under a "not".

use super::{Loader, words};
use crate::{
    diagnostics::Diagnostic,
    node::{Key, Node, Value as Yaml},
    span::Span,
};
use serde_json::Value;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Any,
    All,
}

impl Mode {
    fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::All => "all",
        }
    }

    fn read(word: &str) -> Option<Self> {
        match word {
            "any" => Some(Self::Any),
            "all" => Some(Self::All),
            _ => None,
        }
    }

    /// "Not any of these" is "all of these not".
    fn turned(self, negate: bool) -> Self {
        match (self, negate) {
            (Self::Any, true) => Self::All,
            (Self::All, true) => Self::Any,
            (mode, false) => mode,
        }
    }
}

const SUBJECTS: [&str; 3] = ["group", "user", "policy"];
const ENTRY_KEYS: [&str; 10] =
    ["group", "user", "policy", "not", "from", "until", "enabled", "timeout", "failure_result", "order"];
const EXPECTED: &str = "{ any: […] } or { all: […] } of { group: … }, { user: … } and { policy: … }";

/// What is being read.
struct Reading {
    target: usize,
    mode: Mode,
    /// Bindings made so far, for their order.
    count: i32,
    enabled: bool,
}

impl Loader<'_> {
    /// Reads `access:` of an app.
    pub(crate) fn access(&mut self, node: &Node, target: usize) {
        if let Some(entries) = node.map() {
            self.only(entries, "access", &["any", "all"]);
        }
        match (self.mode(node), node.map()) {
            (Some((mode, list)), _) => self.bind(node, target, mode, list, false),
            (None, Some([(_, _), (second, _), ..])) => {
                let message =
                    format!("\"access\" says how its entries add up once, and \"{}\" is a second one", second.text);
                self.diagnostics.push(Diagnostic::error("conflict", &second.span, message).expected(EXPECTED));
            }
            (None, Some([(key, inner)])) if Mode::read(&key.text).is_some() => self.wrong(inner, &key.text, "a list"),
            // Reported as an unknown key.
            (None, Some([_])) => {}
            _ => self.wrong(node, "access", EXPECTED),
        }
    }

    /// Reads `policies:`, which may also be a plain list of names that must all pass.
    pub(crate) fn policies(&mut self, node: &Node, target: usize) {
        match &node.value {
            Yaml::List(list) if list.len() == 1 => self.bind(node, target, Mode::Any, list, true),
            Yaml::List(list) => self.bind(node, target, Mode::All, list, true),
            _ => match self.mode(node) {
                Some((mode, list)) => self.bind(node, target, mode, list, true),
                None => self.wrong(node, "policies", "a list of policies, or { any: […] } or { all: […] }"),
            },
        }
    }

    fn mode<'n>(&self, node: &'n Node) -> Option<(Mode, &'n [Node])> {
        match node.map()? {
            [(key, list)] => Some((Mode::read(&key.text)?, list.list()?)),
            _ => None,
        }
    }

    fn bind(&mut self, node: &Node, target: usize, mode: Mode, list: &[Node], bare: bool) {
        if let Some(entry) = self.drafts[target].entry("policy_engine_mode") {
            let at = entry.key.clone();
            self.error("conflict", &at, "\"policy_mode\" is given beside a list that says any or all itself");
        } else {
            let word = Node::implied(mode.word(), &node.span);
            self.drafts[target].imply("policy_engine_mode", word);
        }
        if list.is_empty() {
            self.diagnostics.push(
                Diagnostic::error("empty", &node.span, "an empty list would let everybody in")
                    .hint("leave the key away if that is meant"),
            );
        }
        let mut reading = Reading { target, mode, count: 0, enabled: false };
        list.iter().for_each(|item| self.item(&mut reading, item, false, bare));
        if reading.count > 0 && !reading.enabled {
            let text = "every entry is disabled, which lets everybody in";
            self.diagnostics.push(Diagnostic::warning("open", &node.span, text));
        }
    }

    fn item(&mut self, reading: &mut Reading, item: &Node, negate: bool, bare: bool) {
        if let (Yaml::Text(_), true) = (&item.value, bare) {
            return self.binding(reading, "policy", item, &[], negate, &item.span);
        }
        let Some(entries) = item.map() else {
            return self.wrong(item, if bare { "policies" } else { "access" }, ENTRY_EXPECTED);
        };
        if let [(key, inner)] = entries {
            if let Some(mode) = Mode::read(&key.text) {
                return self.nested(reading, key, mode, inner, negate, bare);
            }
            if key.text == "not" && inner.map().is_some() {
                return self.item(reading, inner, !negate, bare);
            }
        }
        self.subject(reading, item, entries, negate);
    }

    fn nested(&mut self, reading: &mut Reading, key: &Key, mode: Mode, inner: &Node, negate: bool, bare: bool) {
        let Some(list) = inner.list().filter(|l| !l.is_empty()) else {
            return self.wrong(inner, &key.text, "a list that is not empty");
        };
        if list.len() > 1 && mode.turned(negate) != reading.mode {
            let message = format!(
                "\"{}\" inside \"{}\" cannot be written as bindings",
                key.text,
                reading.mode.turned(negate).word()
            );
            let hint = "write the condition as a policy in Rhai, for instance ak_is_group_member(user, \"…\")";
            self.diagnostics.push(Diagnostic::error("nesting", &key.span, message).hint(hint));
            return;
        }
        list.iter().for_each(|item| self.item(reading, item, negate, bare));
    }

    fn subject(&mut self, reading: &mut Reading, item: &Node, entries: &[(Key, Node)], negate: bool) {
        self.only(entries, "an access entry", &ENTRY_KEYS);
        let mut subjects = entries.iter().filter(|(k, _)| SUBJECTS.contains(&k.text.as_str()));
        let (Some((key, node)), None) = (subjects.next(), subjects.next()) else {
            if entries.iter().all(|(k, _)| ENTRY_KEYS.contains(&k.text.as_str())) {
                let complaint = Diagnostic::error("conflict", &item.span, "an entry names one group, user or policy");
                self.diagnostics.push(complaint.expected(ENTRY_EXPECTED));
            }
            return;
        };
        let negate = match entries.iter().find(|(k, _)| k.text == "not") {
            Some((_, Node { value: Yaml::Bool(not), .. })) => negate != *not,
            Some((_, other)) => return self.wrong(other, "not", "true or false"),
            None => negate,
        };
        self.binding(reading, &key.text, node, entries, negate, &item.span);
    }

    fn binding(
        &mut self,
        reading: &mut Reading,
        subject: &str,
        node: &Node,
        entries: &[(Key, Node)],
        negate: bool,
        at: &Span,
    ) {
        let kind = words::kind("policy_binding");
        let mut draft = self.joint(kind, reading.target, at);
        draft.imply(subject, node.clone());
        draft.preset.insert("negate".to_owned(), Value::Bool(negate));
        for (key, value) in entries.iter().filter(|(k, _)| !SUBJECTS.contains(&k.text.as_str()) && k.text != "not") {
            draft.imply(&key.text, value.clone());
        }
        let order = Node { value: Yaml::Number((reading.count * 10).into()), ..Node::implied("", at) };
        draft.imply("order", order);
        reading.count += 1;
        let off = entries.iter().any(|(k, v)| k.text == "enabled" && matches!(v.value, Yaml::Bool(false)));
        reading.enabled |= !off;
        self.push(draft);
    }
}

const ENTRY_EXPECTED: &str = "{ group: … }, { user: … } or { policy: … }";
