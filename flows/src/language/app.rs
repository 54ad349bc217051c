//! `app:` documents: an application, the provider that protects it, and who may reach it.

use super::{
    Declaration, Loader,
    values::{WEB_ADDRESS, is_web_address},
    words,
};
use crate::{
    diagnostics::Diagnostic,
    node::{Key, Node},
    span::Span,
};

/// Keys of an app that are not fields of its kind.
pub(crate) const APP_KEYS: [&str; 4] = ["app", "forward_auth", "access", "oauth2"];
/// Keys of `forward_auth` that are not fields of its kind under these names.
pub(crate) const FORWARD_KEYS: [&str; 4] = ["mode", "domain", "consent", "name"];

const IMPLICIT: &str = "default-provider-authorization-implicit-consent";
const EXPLICIT: &str = "default-provider-authorization-explicit-consent";
const INVALIDATION: &str = "default-invalidation-flow";

impl Loader<'_> {
    pub(crate) fn app(&mut self, doc: &Declaration<'_>) {
        let mut draft = self.draft(words::kind("application"), doc.name, doc.at);
        self.fields(&mut draft, doc.entries, &APP_KEYS);
        draft.imply_text("name", doc.name, doc.at);
        if let Some((key, _)) = doc.entry("oauth2") {
            self.error("later", &key.span, "\"oauth2\" is not built yet");
        }
        if let Some((key, node)) = doc.entry("forward_auth") {
            let url = draft.entry("meta_launch_url").map(|e| e.node.clone());
            let wrong = url.as_ref().is_some_and(|u| u.text().is_some_and(|t| !is_web_address(t)));
            if let Some(url) = url.as_ref().filter(|_| wrong) {
                self.wrong(url, "url", WEB_ADDRESS);
                draft.failed.push("/meta_launch_url".to_owned());
            }
            let provider = self.forward_auth(doc, key, node, url.as_ref());
            if let Some(entry) = draft.entry("provider") {
                self.error("conflict", &entry.key, "\"provider\" is given beside \"forward_auth\", which makes one");
            }
            draft.imply_text("provider", &provider, &key.span);
        }
        let app = self.push(draft);
        if let Some((_, node)) = doc.entry("access") {
            self.access(node, app);
        }
    }

    /// Makes the provider; its name is returned.
    fn forward_auth(&mut self, doc: &Declaration<'_>, key: &Key, node: &Node, url: Option<&Node>) -> String {
        if let Some(name) = node.get("name").filter(|n| n.text().is_none()) {
            self.wrong(name, "name", "a text");
        }
        let name = node.get("name").and_then(Node::text).unwrap_or(doc.name).to_owned();
        let mut draft = self.draft(words::kind("proxy_provider"), &name, &key.span);
        draft.label = format!("forward_auth of app \"{}\"", doc.name);
        let entries = self.map(node, "forward_auth", true).unwrap_or_default();
        self.fields(&mut draft, entries, &FORWARD_KEYS);
        let get = |word: &str| entries.iter().find(|(k, _)| k.text == word);
        let mode = self.forward_mode(get("mode"), &key.span);
        draft.imply("mode", mode.clone());
        match (get("domain"), mode.text()) {
            (Some((_, domain)), Some("forward_domain")) => draft.imply("cookie_domain", domain.clone()),
            (Some((key, _)), Some("forward_single")) => {
                self.error("conflict", &key.span, "\"domain\" belongs to mode domain");
            }
            (None, Some("forward_domain")) => {
                draft.failed.push("/cookie_domain".to_owned());
                self.missing(&mode.span, "domain", &draft.label, "the domain that all its hosts end in");
            }
            _ => {}
        }
        match url {
            // Reported as the app's.
            Some(url) if !draft.has("external_host") && !url.text().is_some_and(is_web_address) => {
                draft.failed.push("/external_host".to_owned());
            }
            Some(url) => draft.imply("external_host", url.clone()),
            None if !draft.has("external_host") => {
                draft.failed.push("/external_host".to_owned());
                self.missing(doc.at, "url", &format!("app \"{}\"", doc.name), "the public address of the app");
            }
            _ => {}
        }
        let consent = match get("consent") {
            Some((_, node)) => match node.text() {
                Some("implicit") => Node::implied(IMPLICIT, &node.span),
                Some("explicit") => Node::implied(EXPLICIT, &node.span),
                _ => node.clone(),
            },
            None => Node::implied(IMPLICIT, &key.span),
        };
        draft.imply("authorization_flow", consent);
        draft.imply_text("invalidation_flow", INVALIDATION, &key.span);
        self.push(draft);
        name
    }

    fn forward_mode(&mut self, given: Option<&(Key, Node)>, at: &Span) -> Node {
        let single = Node::implied("forward_single", at);
        let Some((_, node)) = given else { return single };
        match node.text() {
            Some("single" | "forward_single") => Node::implied("forward_single", &node.span),
            Some("domain" | "forward_domain") => Node::implied("forward_domain", &node.span),
            Some("proxy") => {
                self.error("later", &node.span, "mode \"proxy\" is not built yet");
                single
            }
            Some(word) => {
                let message = format!("unknown mode \"{word}\"");
                let complaint = Diagnostic::error("invalid_choice", &node.span, message).expected("single or domain");
                self.diagnostics.push(complaint.near(word, ["single", "domain"]));
                single
            }
            None => {
                self.wrong(node, "mode", "single or domain");
                single
            }
        }
    }

    /// Reports a key that must be there.
    pub(crate) fn missing(&mut self, at: &Span, key: &str, place: &str, expected: &str) {
        let message = format!("\"{key}\" is missing in {place}");
        let complaint = Diagnostic::error("required", at, message);
        self.diagnostics.push(if expected.is_empty() { complaint } else { complaint.expected(expected) });
    }
}
