//! An application back into text: one document with its provider and who may open it.

use super::writer::{Whole, Writer, bound, mode};
use crate::language::{
    EXPLICIT_CONSENT, FORWARD_INVALIDATION, IMPLICIT_CONSENT, NO_KEY, OAUTH2_INVALIDATION, USUAL_GRANTS, USUAL_SCOPES,
    is_web_address, short_choice,
};
use lockgate_model::{
    Object,
    kinds::{
        Application, MatchingMode, OAuth2Provider, PolicyEngineMode, ProxyMode, ProxyProvider, RedirectUri,
        RedirectUriType, ScopeMapping, key_pair::DEFAULT_SIGNING_KEY,
    },
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

impl Writer<'_> {
    /// The document of an application.
    pub(super) fn app(&mut self, app: &Object) -> Map<String, Value> {
        let mut document = Map::new();
        document.insert(app.kind.meta.word.to_owned(), json!(app.document.name));
        let bindings = self.policies(&bound(self.objects, app.document.id, "policy_binding"));
        let mut hidden = Vec::new();
        if app.document.body["name"] == json!(app.document.name) {
            hidden.push("name");
        }
        if !bindings.is_empty() {
            hidden.push("policy_engine_mode");
        }
        let provider = self.provider(app);
        // One that should stand here and cannot is told of by whoever asked.
        if provider.is_some() || self.is_lost(app) {
            hidden.push("provider");
        }
        self.settings(&mut document, app, &hidden);
        if let Some((word, settings)) = provider {
            document.insert(word.to_owned(), Value::Object(settings));
        }
        if !bindings.is_empty() {
            let word = if mode(app) == PolicyEngineMode::All { "all" } else { "any" };
            document.insert("access".to_owned(), json!({ word: bindings }));
        }
        let entitlements: Vec<Value> = bound(self.objects, app.document.id, "application_entitlement")
            .into_iter()
            .map(|entitlement| Value::Object(self.entitlement(entitlement)))
            .collect();
        if !entitlements.is_empty() {
            document.insert("entitlements".to_owned(), Value::Array(entitlements));
        }
        document
    }

    fn entitlement(&mut self, entitlement: &Object) -> Map<String, Value> {
        let mut entry = Map::new();
        entry.insert("name".to_owned(), entitlement.document.body["name"].clone());
        let bindings = self.policies(&bound(self.objects, entitlement.document.id, "policy_binding"));
        let hidden: &[&str] = if bindings.is_empty() { &["name"] } else { &["name", "policy_engine_mode"] };
        self.settings(&mut entry, entitlement, hidden);
        if !bindings.is_empty() {
            let word = if mode(entitlement) == PolicyEngineMode::All { "all" } else { "any" };
            entry.insert("access".to_owned(), json!({ word: bindings }));
        }
        entry
    }

    /// The word and the settings of the provider, where it can be written inside its application.
    fn provider(&mut self, app: &Object) -> Option<(&'static str, Map<String, Value>)> {
        let application = app.typed::<Application>()?;
        let provider = self.objects.get(application.provider?.0)?;
        // It is made by the application that has it; others may name it.
        let owner = |user: &Object| {
            user.kind.meta.kind != "application"
                || user.document.id == app.document.id
                || user.document.body["provider"] != json!(provider.document.id)
        };
        if !self.may_absorb(provider, owner) {
            return None;
        }
        let written = if let Some(proxy) = provider.typed::<ProxyProvider>() {
            ("forward_auth", self.forward_auth(application, provider, proxy)?)
        } else {
            ("oauth2", self.oauth2(provider, provider.typed::<OAuth2Provider>()?))
        };
        self.absorbed.insert(provider.document.id);
        let (word, mut settings) = written;
        if provider.document.name != app.document.name {
            settings.insert("name".to_owned(), json!(provider.document.name));
        }
        Some((word, settings))
    }

    /// Whether the application has a provider that no document can name.
    fn is_lost(&self, app: &Object) -> bool {
        let provider = app.typed::<Application>().and_then(|a| a.provider).map(|p| p.0);
        provider.is_some_and(|id| {
            self.whole.as_ref().is_some_and(|w| w.declared.contains(&id)) && !self.absorbed.contains(&id)
        })
    }

    /// The settings of forward auth; `None` in a mode that has no words.
    fn forward_auth(
        &mut self,
        app: &Application,
        provider: &Object,
        proxy: &ProxyProvider,
    ) -> Option<Map<String, Value>> {
        let mut settings = Map::new();
        match proxy.mode {
            ProxyMode::Proxy => return None,
            ProxyMode::ForwardSingle => settings.insert("mode".to_owned(), json!("single")),
            ProxyMode::ForwardDomain => {
                settings.insert("mode".to_owned(), json!("domain"));
                settings.insert("domain".to_owned(), json!(proxy.cookie_domain))
            }
        };
        // An address of the app that is not one of the web cannot stand beside forward auth.
        if !app.meta_launch_url.is_empty() && !is_web_address(&app.meta_launch_url) {
            return None;
        }
        self.consent(&mut settings, proxy.authorization_flow.0);
        let mut hidden = Vec::new();
        if proxy.external_host == app.meta_launch_url {
            hidden.push("external_host");
        }
        if self.is_flow(proxy.invalidation_flow.0, FORWARD_INVALIDATION) {
            hidden.push("invalidation_flow");
        }
        self.settings(&mut settings, provider, &hidden);
        Some(settings)
    }

    fn oauth2(&mut self, object: &Object, provider: &OAuth2Provider) -> Map<String, Value> {
        let mut settings = Map::new();
        let mut hidden = vec!["grant_types", "signing_key"];
        if self.is_flow(provider.invalidation_flow.0, OAUTH2_INVALIDATION) {
            hidden.push("invalidation_flow");
        }
        self.settings(&mut settings, object, &hidden);
        let grants: Vec<&str> = provider.grant_types.iter().map(|g| g.as_str()).collect();
        if grants != USUAL_GRANTS {
            let short = |g: &&str| short_choice(g).unwrap_or_else(|| (*g).to_owned());
            settings.insert("grants".to_owned(), grants.iter().map(short).collect());
        }
        let key = provider.signing_key.and_then(|key| self.objects.get(key.0)).map(|o| o.document.name.as_str());
        if key != Some(DEFAULT_SIGNING_KEY) {
            settings.insert("signing_key".to_owned(), json!(key.unwrap_or(NO_KEY)));
        }
        for (word, purpose) in
            [("redirect_uris", RedirectUriType::Authorization), ("post_logout_redirect_uris", RedirectUriType::Logout)]
        {
            let of = provider.redirect_uris.iter().filter(|uri| uri.redirect_uri_type == purpose);
            let uris: Vec<Value> = of.map(redirect_uri).collect();
            if !uris.is_empty() {
                settings.insert(word.to_owned(), Value::Array(uris));
            }
        }
        self.scopes(&mut settings, provider);
        self.consent(&mut settings, provider.authorization_flow.0);
        settings
    }

    fn consent(&self, settings: &mut Map<String, Value>, flow: Uuid) {
        match self.objects.get(flow).map(|o| o.document.name.as_str()) {
            Some(IMPLICIT_CONSENT) => {}
            Some(EXPLICIT_CONSENT) => drop(settings.insert("consent".to_owned(), json!("explicit"))),
            other => drop(settings.insert("consent".to_owned(), json!(other.unwrap_or_default()))),
        }
    }

    fn is_flow(&self, id: Uuid, slug: &str) -> bool {
        self.objects.get(id).is_some_and(|o| o.document.name == slug)
    }

    /// A scope stands for all its mappings; where some are missing, or their order is another, every
    /// mapping is named.
    fn scopes(&self, settings: &mut Map<String, Value>, provider: &OAuth2Provider) {
        let mappings: Vec<Uuid> = provider.property_mappings.iter().map(|m| m.0).collect();
        let mut scopes: Vec<&str> = Vec::new();
        for mapping in mappings.iter().filter_map(|id| self.objects.typed::<ScopeMapping>(*id)) {
            if !scopes.contains(&mapping.scope_name.as_str()) {
                scopes.push(&mapping.scope_name);
            }
        }
        let meant: Option<Vec<Vec<Uuid>>> = scopes.iter().map(|scope| self.of_scope(scope)).collect();
        if meant.is_some_and(|meant| meant.concat() == mappings) {
            if scopes != USUAL_SCOPES {
                settings.insert("scopes".to_owned(), json!(scopes));
            }
            return;
        }
        let names = mappings.iter().filter_map(|id| self.objects.get(*id)).map(|o| json!(o.document.name));
        settings.insert("scopes".to_owned(), json!([]));
        settings.insert("mappings".to_owned(), names.collect());
    }

    /// The mappings that a scope stands for, in the order in which they count; `None` where that depends
    /// on which file is read first.
    fn of_scope(&self, scope: &str) -> Option<Vec<Uuid>> {
        let below = |o: &Object| {
            let shipped = |w: &Whole<'_>| w.builtin.documents.iter().any(|d| d.id == o.document.id);
            self.whole.as_ref().is_some_and(|w| shipped(w) && !w.declared.contains(&o.document.id))
        };
        let all = self.objects.all::<ScopeMapping>();
        let of = all.into_iter().filter(|(_, mapping)| mapping.scope_name == scope).map(|(object, _)| object);
        let (shipped, own): (Vec<&Object>, Vec<&Object>) = of.partition(|o| below(o));
        let known = shipped.len() <= 1 && own.len() <= 1;
        known.then(|| shipped.into_iter().chain(own).map(|o| o.document.id).collect())
    }
}

/// One address, as the language has it.
fn redirect_uri(uri: &RedirectUri) -> Value {
    match uri.matching_mode {
        MatchingMode::Strict => json!(uri.url),
        MatchingMode::Regex => json!({"url": uri.url, "regex": true}),
    }
}
