//! `app:` documents: an application, the provider that protects it or speaks OAuth2 with it, and who may
//! reach it.

use super::{
    Declaration, Loader,
    draft::Draft,
    values::{WEB_ADDRESS, is_web_address},
    words,
};
use crate::{
    diagnostics::Diagnostic,
    node::{Key, Node},
    span::Span,
};

/// Keys of an app that are not fields of its kind.
pub(crate) const APP_KEYS: [&str; 5] = ["app", "forward_auth", "access", "oauth2", "entitlements"];
/// Keys of an entitlement that are not fields of its kind.
pub(crate) const ENTITLEMENT_KEYS: [&str; 2] = ["name", "access"];
/// Keys of `forward_auth` that are not fields of its kind under these names.
pub(crate) const FORWARD_KEYS: [&str; 4] = ["mode", "domain", "consent", "name"];

/// Keys of an app that make its provider.
const PROTOCOLS: [&str; 2] = ["forward_auth", "oauth2"];

/// The authorization flow that does not ask.
pub(crate) const IMPLICIT_CONSENT: &str = "default-provider-authorization-implicit-consent";
/// The authorization flow that asks.
pub(crate) const EXPLICIT_CONSENT: &str = "default-provider-authorization-explicit-consent";
/// The invalidation flow of an app behind forward auth that names none.
pub(crate) const FORWARD_INVALIDATION: &str = "default-invalidation-flow";

/// The flow that `consent` names, which asks or does not ask; nobody is asked by default.
pub(crate) fn consent(provider: &Node, at: &Span) -> Node {
    let Some(node) = provider.get("consent") else { return Node::implied(IMPLICIT_CONSENT, at) };
    match node.text() {
        Some("implicit") => Node::implied(IMPLICIT_CONSENT, &node.span),
        Some("explicit") => Node::implied(EXPLICIT_CONSENT, &node.span),
        _ => node.clone(),
    }
}

impl Loader<'_> {
    pub(crate) fn app(&mut self, doc: &Declaration<'_>) {
        let mut draft = self.draft(words::kind("application"), doc.name, doc.at);
        self.fields(&mut draft, doc.entries, &APP_KEYS);
        draft.imply_text("name", doc.name, doc.at);
        let mut protocols = doc.entries.iter().filter(|(k, _)| PROTOCOLS.contains(&k.text.as_str()));
        if let Some((key, node)) = protocols.next() {
            let provider = match key.text.as_str() {
                "oauth2" => self.oauth2(doc, key, node),
                _ => {
                    let url = self.external_url(&mut draft);
                    self.forward_auth(doc, key, node, url.as_ref())
                }
            };
            if let Some(entry) = draft.entry("provider") {
                let message = format!("\"provider\" is given beside \"{}\", which makes one", key.text);
                self.error("conflict", &entry.key, message);
            }
            draft.imply_text("provider", &provider, &key.span);
            if let Some((second, _)) = protocols.next() {
                let message =
                    format!("\"{}\" is given beside \"{}\", but an app has one provider", second.text, key.text);
                let complaint = Diagnostic::error("conflict", &second.span, message);
                self.diagnostics.push(complaint.hint("declare a second app for the other way in"));
            }
        }
        let app = self.push(draft);
        if let Some((_, node)) = doc.entry("access") {
            self.access(node, app);
        }
        if let Some((_, node)) = doc.entry("entitlements") {
            self.entitlements(node, app);
        }
    }

    /// What people may be inside of the app.
    fn entitlements(&mut self, node: &Node, app: usize) {
        let Some(list) = node.list() else {
            return self.wrong(node, "entitlements", "a list of { name: …, access: … }");
        };
        let mut seen: Vec<&str> = Vec::new();
        for item in list {
            let entries = item.map().unwrap_or_default();
            let name = entries.iter().find(|(key, _)| key.text == "name").and_then(|(_, name)| name.text());
            let Some(name) = name.filter(|name| !name.trim().is_empty()) else {
                self.wrong(item, "entitlements", "{ name: …, access: … }");
                continue;
            };
            if seen.contains(&name) {
                self.error("duplicate", &item.span, format!("a second entitlement with the name \"{name}\""));
                continue;
            }
            seen.push(name);
            self.entitlement(name, item, entries, app);
        }
    }

    fn entitlement(&mut self, name: &str, item: &Node, entries: &[(Key, Node)], app: usize) {
        let mut draft = self.joint(words::kind("application_entitlement"), app, &item.span);
        draft.label = format!("the entitlement \"{name}\" of {}", self.drafts[app].label);
        self.fields(&mut draft, entries, &ENTITLEMENT_KEYS);
        draft.imply_text("name", name, &item.span);
        let entitlement = self.push(draft);
        match entries.iter().find(|(key, _)| key.text == "access") {
            Some((_, access)) => self.access(access, entitlement),
            None => {
                let text = format!("nobody holds the entitlement \"{name}\": it has no `access`");
                let complaint = Diagnostic::warning("nobody", &item.span, text);
                self.diagnostics.push(complaint.hint("say who does, such as `access: { any: [{ group: Editors }] }`"));
            }
        }
    }

    /// The address of the app, which forward auth needs to be one of the web.
    fn external_url(&mut self, app: &mut Draft) -> Option<Node> {
        let url = app.entry("meta_launch_url")?.node.clone();
        if url.text().is_some_and(|t| !is_web_address(t)) {
            self.wrong(&url, "url", WEB_ADDRESS);
            app.failed.push("/meta_launch_url".to_owned());
        }
        Some(url)
    }

    /// The name that a provider gets: that of its app, if it says nothing else.
    pub(crate) fn provider_name(&mut self, doc: &Declaration<'_>, node: &Node) -> String {
        if let Some(name) = node.get("name").filter(|n| n.text().is_none()) {
            self.wrong(name, "name", "a text");
        }
        node.get("name").and_then(Node::text).unwrap_or(doc.name).to_owned()
    }

    /// Makes the provider; its name is returned.
    fn forward_auth(&mut self, doc: &Declaration<'_>, key: &Key, node: &Node, url: Option<&Node>) -> String {
        let name = self.provider_name(doc, node);
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
            Some(url)
                if !draft.has("external_host") && url.map().is_none() && !url.text().is_some_and(is_web_address) =>
            {
                draft.failed.push("/external_host".to_owned());
            }
            Some(url) => draft.imply("external_host", url.clone()),
            None if !draft.has("external_host") => {
                draft.failed.push("/external_host".to_owned());
                self.missing(doc.at, "url", &format!("app \"{}\"", doc.name), "the public address of the app");
            }
            _ => {}
        }
        draft.imply("authorization_flow", consent(node, &key.span));
        draft.imply_text("invalidation_flow", FORWARD_INVALIDATION, &key.span);
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
