//! Policies: `policy: name`, and beside it the word of the kind with a text or a map of settings.

use super::{Declaration, Loader, words};
use crate::{
    diagnostics::Diagnostic,
    node::{Key, Node},
};
use lockgate_model::KindDef;

/// The key that every policy has beside its word.
pub(crate) const LOGGED: &str = "execution_logging";

impl Loader<'_> {
    /// A document that declares a policy of any kind.
    pub(crate) fn policy_document(&mut self, doc: &Declaration<'_>) {
        let kind_of = |key: &Key| words::policy_kinds().find(|kind| kind.meta.word == key.text);
        let mut given = doc.entries.iter().filter_map(|(key, node)| Some((kind_of(key)?, key, node)));
        let Some((kind, key, node)) = given.next() else { return self.no_policy(doc) };
        if let Some((_, second, _)) = given.next() {
            let message = format!("policy \"{}\" cannot be \"{}\" and \"{}\"", doc.name, key.text, second.text);
            let complaint = Diagnostic::error("conflict", &second.span, message);
            self.diagnostics.push(complaint.hint("make two policies of it"));
        }
        let mut draft = self.draft(kind, doc.name, doc.at);
        draft.managed = self.managed(doc);
        let is_policy = |(key, _): &&(Key, Node)| kind_of(key).is_none_or(|other| other.meta.word == kind.meta.word);
        let entries: Vec<(Key, Node)> = doc.entries.iter().filter(is_policy).cloned().collect();
        if words::is_text(kind) {
            let own = self.own("policy");
            self.fields(&mut draft, &entries, &own);
        } else {
            let known: Vec<&str> = self.own("policy").into_iter().chain([kind.meta.word, LOGGED]).collect();
            self.only(&entries, &draft.label, &known);
            let logged: Vec<(Key, Node)> = entries.into_iter().filter(|(key, _)| key.text == LOGGED).collect();
            self.fields(&mut draft, &logged, &[]);
            let settings = self.settings(kind, node);
            self.fields(&mut draft, &settings, &[]);
        }
        self.push(draft);
    }

    /// The settings at the word of a kind. What stands beside the word has no place among them.
    fn settings(&mut self, kind: &'static KindDef, node: &Node) -> Vec<(Key, Node)> {
        let entries = self.map(node, kind.meta.word, true).unwrap_or_default();
        let (misplaced, settings): (Vec<_>, Vec<_>) = entries.iter().cloned().partition(|(key, _)| key.text == LOGGED);
        for (key, _) in misplaced {
            let message = format!("\"{LOGGED}\" does not belong to the settings of \"{}\"", kind.meta.word);
            let complaint = Diagnostic::error("unknown_key", &key.span, message);
            self.diagnostics.push(complaint.hint(format!("write it beside \"{}\"", kind.meta.word)));
        }
        settings
    }

    fn no_policy(&mut self, doc: &Declaration<'_>) {
        // So that nobody complains of what refers to it.
        self.names.broken("policy".to_owned(), doc.name.to_owned());
        let known: Vec<&str> = words::policy_kinds().map(|kind| kind.meta.word).collect();
        let common = self.own("policy").into_iter().chain([LOGGED]);
        let strange: Vec<&(Key, Node)> =
            doc.entries.iter().filter(|(key, _)| !common.clone().any(|common| common == key.text)).collect();
        for (key, _) in &strange {
            self.unknown_key(key, &format!("policy \"{}\"", doc.name), &known);
        }
        if strange.is_empty() {
            let message = format!("policy \"{}\" does not say when it passes", doc.name);
            let complaint = Diagnostic::error("required", doc.at, message);
            self.diagnostics.push(complaint.expected(format!("one of {}", known.join(", "))));
        }
    }
}
