//! `oauth2:` of `app:` documents: the provider through which an application speaks OAuth2 and OpenID
//! Connect.

use super::{Declaration, Loader, app::consent, draft::Draft, words};
use crate::{
    diagnostics::Diagnostic,
    node::{Key, Node, Value as Yaml},
    span::Span,
};
use lockgate_model::kinds::key_pair::DEFAULT_SIGNING_KEY;
use serde_json::Value;
use uuid::Uuid;

/// Keys of `oauth2` that are not fields of its kind under these names.
pub(crate) const OAUTH2_KEYS: [&str; 6] =
    ["redirect_uris", "post_logout_redirect_uris", "scopes", "mappings", "consent", "name"];
/// The scopes of an app that names none.
pub(crate) const USUAL_SCOPES: [&str; 3] = ["openid", "profile", "email"];
/// The grants of an app that names none.
pub(crate) const USUAL_GRANTS: [&str; 2] = ["authorization_code", "refresh_token"];
/// What stands for a key pair where tokens are to be signed with the client's secret.
pub(crate) const NO_KEY: &str = "none";

/// The invalidation flow of an app that names none.
pub(crate) const OAUTH2_INVALIDATION: &str = "default-provider-invalidation-flow";

/// What a provider says about its scopes, until every mapping is declared.
pub(crate) struct ScopesOf {
    provider: usize,
    /// Names of scopes.
    scopes: Vec<Node>,
    /// Names of mappings.
    mappings: Vec<Node>,
}

impl Loader<'_> {
    /// Makes the provider; its name is returned.
    pub(crate) fn oauth2(&mut self, doc: &Declaration<'_>, key: &Key, node: &Node) -> String {
        let name = self.provider_name(doc, node);
        let mut draft = self.draft(words::kind("oauth2_provider"), &name, &key.span);
        draft.label = format!("oauth2 of app \"{}\"", doc.name);
        let entries = self.map(node, "oauth2", true).unwrap_or_default();
        self.fields(&mut draft, entries, &OAUTH2_KEYS);
        self.grants(&mut draft, &key.span);
        self.redirects(&mut draft, node, &key.span);
        self.signing_key(&mut draft);
        draft.imply("authorization_flow", consent(node, &key.span));
        draft.imply_text("invalidation_flow", OAUTH2_INVALIDATION, &key.span);
        let scopes = match node.get("scopes") {
            Some(given) => self.names_in(given, "scopes", "a list of scopes, such as [openid, profile, email]"),
            None => USUAL_SCOPES.map(|scope| Node::implied(scope, &key.span)).to_vec(),
        };
        let mappings = node.get("mappings").map(|given| self.names_in(given, "mappings", "a list of mapping names"));
        let provider = self.push(draft);
        self.scopes.push(ScopesOf { provider, scopes, mappings: mappings.unwrap_or_default() });
        name
    }

    fn names_in(&mut self, node: &Node, key: &str, expected: &str) -> Vec<Node> {
        let Some(items) = node.list() else {
            self.wrong(node, key, expected);
            return Vec::new();
        };
        items.to_vec()
    }

    fn grants(&mut self, draft: &mut Draft, at: &Span) {
        draft.imply("grant_types", list(USUAL_GRANTS.map(|grant| Node::implied(grant, at)).to_vec(), at));
        for grant in draft.entry("grant_types").and_then(|e| e.node.list()).unwrap_or_default() {
            let (message, hint) = match grant.text() {
                Some("implicit") => (
                    "the grant \"implicit\" sends tokens in addresses, where they leak",
                    "RFC 9700, section 2.1.2: use authorization_code, with PKCE where there is no secret",
                ),
                Some("password") => (
                    "the grant \"password\" makes applications handle passwords",
                    "RFC 9700, section 2.4: use authorization_code, or client_credentials for a machine",
                ),
                _ => continue,
            };
            self.diagnostics.push(Diagnostic::warning("insecure", &grant.span, message).hint(hint));
        }
    }

    fn signing_key(&mut self, draft: &mut Draft) {
        let public = draft.entry("client_type").and_then(|e| e.node.text()) == Some("public");
        let entry = draft.entries.iter_mut().find(|e| e.field == "signing_key");
        let Some(entry) = entry.filter(|e| e.node.text() == Some(NO_KEY)) else { return };
        entry.node.value = Yaml::Null;
        let at = entry.node.span.clone();
        if public {
            // OpenID Connect Core, section 10.1.
            let message = "a public client has no secret with which it could check its tokens";
            self.diagnostics.push(Diagnostic::error("conflict", &at, message).expected("the name of a key pair"));
        }
    }

    /// Looks up the mappings of every provider, and the key that signs where nothing else is said.
    pub(crate) fn finish_scopes(&mut self) {
        let own = self.own_scopes();
        for of in std::mem::take(&mut self.scopes) {
            let mappings = self.mappings_of(&of, &own);
            let at = self.drafts[of.provider].at.clone();
            let has_usual_key = self.names.resolve("key_pair", DEFAULT_SIGNING_KEY, &at).is_ok();
            let draft = &mut self.drafts[of.provider];
            if has_usual_key {
                draft.imply_text("signing_key", DEFAULT_SIGNING_KEY, &at);
            }
            match mappings {
                Some(ids) => drop(draft.preset.insert("property_mappings".to_owned(), Value::Array(ids))),
                None => draft.failed.push("/property_mappings".to_owned()),
            }
        }
    }

    /// The mappings of a provider, each once; `None` when one was complained about.
    fn mappings_of(&mut self, of: &ScopesOf, own: &[(String, Uuid)]) -> Option<Vec<Value>> {
        let of_scopes: Vec<Vec<Value>> = of.scopes.iter().map(|scope| self.scope(scope, own)).collect();
        let named: Vec<Option<Value>> = of.mappings.iter().map(|m| self.reference("scope_mapping", m)).collect();
        if of_scopes.iter().any(Vec::is_empty) {
            return None;
        }
        let mut mappings: Vec<Value> = Vec::new();
        for id in of_scopes.into_iter().flatten().chain(named.into_iter().collect::<Option<Vec<_>>>()?) {
            if !mappings.contains(&id) {
                mappings.push(id);
            }
        }
        Some(mappings)
    }

    /// The scope mappings of this folder and of the layer below it: scope and primary key. Those below
    /// come first, since of two claims with the same name the later one counts.
    fn own_scopes(&self) -> Vec<(String, Uuid)> {
        let mappings = || self.drafts.iter().filter(|d| d.kind.meta.kind == "scope_mapping");
        let below = self.lookups.builtin.into_iter().flat_map(|b| &b.documents);
        let below = below.filter(|d| d.kind == "scope_mapping" && mappings().all(|m| m.name != d.name));
        let below = below.filter_map(|d| Some((d.body["scope_name"].as_str()?.to_owned(), d.id)));
        let here = mappings().filter_map(|d| Some((d.entry("scope_name")?.node.text()?.to_owned(), d.id?)));
        below.chain(here).collect()
    }

    /// The mappings of a scope; none when it was complained about.
    fn scope(&mut self, node: &Node, own: &[(String, Uuid)]) -> Vec<Value> {
        let Some(name) = node.text() else {
            self.wrong(node, "scopes", "a text: the name of a scope");
            return Vec::new();
        };
        let of = |known: &[(String, Uuid)]| -> Vec<Value> {
            known.iter().filter(|(scope, _)| scope == name).map(|(_, id)| Value::from(id.to_string())).collect()
        };
        let found = of(own);
        if !found.is_empty() {
            return found;
        }
        // What was made through the API counts where the text would mean nothing otherwise.
        let stored = self.lookups.objects.scopes();
        let found = of(&stored);
        // A document that is not YAML may have declared it.
        if found.is_empty() && !self.names.has_broken("mapping") {
            let known = own.iter().chain(&stored).map(|(scope, _)| scope.as_str());
            let complaint = Diagnostic::error("dangling", &node.span, format!("no mapping has the scope \"{name}\""));
            let complaint = complaint.near(name, known);
            self.diagnostics.push(match complaint.hint {
                Some(_) => complaint,
                None => complaint.hint(format!("declare one: a document `mapping:` with `scope: {name}`")),
            });
        }
        found
    }
}

/// A list that stands nowhere in the file but follows from what stands at `at`.
pub(crate) fn list(items: Vec<Node>, at: &Span) -> Node {
    Node { value: Yaml::List(items), ..Node::implied("", at) }
}
