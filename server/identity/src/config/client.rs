//! An OAuth2 client, ready for requests: whatever protocol questions ask of a provider, decoded once.

use crate::keys::{EncryptionKey, ForeignKeys, SigningKey};
use chrono::TimeDelta;
use lockgate_model::{
    ObjectSet,
    kinds::{
        Application, CertificateKeyPair, ClientType, GrantType, IssuerMode, LogoutMethod, MatchingMode, OAuth2Provider,
        ProxyProvider, RedirectUriType, ScopeMapping, SubMode,
        oauth2_provider::{anchored, landing},
    },
};
use regex::Regex;
use std::{collections::HashMap, fmt, sync::Arc};
use subtle::ConstantTimeEq;
use url::{Origin, Url};
use uuid::Uuid;

use super::{compile::CompileError, hosts::redirect_uris, launch};

/// Addresses that browsers may be sent to.
#[derive(Debug, Default)]
pub struct Addresses {
    strict: Vec<String>,
    patterns: Vec<Regex>,
}

impl Addresses {
    /// `given`, when it is one of them: character by character, or by an expression that matches it
    /// whole (RFC 9700, section 2.1). A loopback address of a native application may name any port
    /// (RFC 8252, section 7.3). Whatever is registered, no browser is sent to what is no [`landing`]: an
    /// expression may let through what no address should be.
    #[must_use]
    pub fn allow(&self, given: &str) -> Option<Url> {
        let known = self.strict.iter().any(|one| one == given || same_but_port(one, given))
            || self.patterns.iter().any(|pattern| pattern.is_match(given));
        if known { landing(given).ok() } else { None }
    }

    /// Addresses that are written out.
    #[must_use]
    pub fn written(&self) -> &[String] {
        &self.strict
    }

    /// The address, where there is exactly one and it is written out.
    #[must_use]
    pub fn only(&self) -> Option<&str> {
        match (self.strict.as_slice(), self.patterns.is_empty()) {
            ([one], true) => Some(one),
            _ => None,
        }
    }

    /// Whether a browser script of this origin may talk to us: it is that of one of the addresses.
    #[must_use]
    pub fn has_origin(&self, origin: &str) -> bool {
        // Addresses of native applications have an opaque origin, which is written `null` like that of any
        // sandboxed page.
        let of = |url: &str| Url::parse(url).ok().map(|url| url.origin()).filter(Origin::is_tuple);
        if of(origin).is_none_or(|given| given.ascii_serialization() != origin) {
            return false;
        }
        let is = |url: &str| of(url).is_some_and(|one| one.ascii_serialization() == origin);
        self.strict.iter().any(|url| is(url))
            || self.patterns.iter().any(|pattern| pattern.is_match(origin) || pattern.is_match(&format!("{origin}/")))
    }
}

/// Loopback addresses by number only: a name can be made to lead elsewhere (RFC 8252, section 8.3).
fn same_but_port(registered: &str, given: &str) -> bool {
    let loopback = |text: &str| text.starts_with("http://127.0.0.1") || text.starts_with("http://[::1]");
    if !loopback(registered) || !loopback(given) {
        return false;
    }
    let portless = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        (plain && url.set_port(None).is_ok()).then_some(url)
    };
    portless(registered).is_some_and(|one| portless(given) == Some(one))
}

/// A scope mapping of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientMapping {
    /// Its primary key.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The scope that asks for it.
    pub scope: String,
    /// What the consent page says; empty: nothing.
    pub description: String,
}

/// A client and everything that is decided about it.
pub struct Client {
    /// Primary key of the provider.
    pub id: Uuid,
    /// Name of the provider.
    pub name: String,
    /// Primary key of the application.
    pub app_id: Uuid,
    /// Slug of the application.
    pub app_slug: String,
    /// Name of the application.
    pub app_name: String,
    /// Where the application is opened, not filled in; may be empty.
    pub(super) launch_url: String,
    /// `client_id`.
    pub client_id: String,
    secret: String,
    /// Whether it can keep a secret.
    pub client_type: ClientType,
    /// Whether a reverse proxy signs in by it.
    pub is_proxy: bool,
    /// Ways to tokens.
    pub grants: Vec<GrantType>,
    /// Where answers go.
    pub redirects: Addresses,
    /// Where browsers go after signing out.
    pub logout_redirects: Addresses,
    /// Flow for people who are not signed in.
    pub authentication_flow: Option<Uuid>,
    /// Flow between sign-in and the application.
    pub authorization_flow: Uuid,
    /// Flow at sign-out.
    pub invalidation_flow: Uuid,
    /// How long a code may travel.
    pub code_life: TimeDelta,
    /// How long an access token is valid.
    pub access_life: TimeDelta,
    /// How long a refresh token is valid.
    pub refresh_life: TimeDelta,
    /// A refresh token with more life left than this is not replaced.
    pub refresh_threshold: TimeDelta,
    /// Whether ID tokens hold the claims of the scopes.
    pub claims_in_id_token: bool,
    /// What signs.
    pub signing: Arc<SigningKey>,
    /// What ID tokens are encrypted for.
    pub encryption: Option<Arc<EncryptionKey>>,
    /// Mappings in order.
    pub mappings: Vec<ClientMapping>,
    /// Names of the scopes that exist for it, each once.
    pub scopes: Vec<String>,
    /// What `sub` says.
    pub sub_mode: SubMode,
    issuer_mode: IssuerMode,
    /// Where it is told that a login has ended.
    pub logout_uri: Option<Url>,
    /// How it is told.
    pub logout_method: LogoutMethod,
    /// Providers whose tokens it accepts as proof of itself, and that may introspect its tokens.
    pub federated: Vec<Uuid>,
    /// Keys of its own, by which it signs assertions and request objects.
    pub keys: Option<ForeignKeys>,
    /// Refuse authorization requests without PKCE.
    pub require_pkce: bool,
    /// Refuse authorization requests that were not pushed.
    pub require_pushed_requests: bool,
    /// Issue bound tokens only.
    pub require_dpop: bool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({} of {})", self.client_id, self.app_slug)
    }
}

impl Client {
    /// What `iss` says in its tokens, at a public address without a slash at the end.
    #[must_use]
    pub fn issuer(&self, base: &str) -> String {
        match self.issuer_mode {
            IssuerMode::PerProvider => format!("{base}/application/o/{}/", self.app_slug),
            IssuerMode::Global => format!("{base}/"),
        }
    }

    /// Whether this way to tokens is open.
    #[must_use]
    pub fn allows(&self, grant: GrantType) -> bool {
        self.grants.contains(&grant)
    }

    /// Whether it can keep a secret.
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        self.client_type == ClientType::Confidential
    }

    /// Whether `given` is its secret; takes the same time for every wrong one of a length.
    #[must_use]
    pub fn secret_matches(&self, given: &str) -> bool {
        !self.secret.is_empty() && bool::from(self.secret.as_bytes().ct_eq(given.as_bytes()))
    }

    /// What verifies assertions that it signs with its secret (`client_secret_jwt`).
    #[must_use]
    pub fn secret_keys(&self) -> Option<ForeignKeys> {
        (self.is_confidential() && !self.secret.is_empty()).then(|| ForeignKeys::of_secret(self.secret.as_bytes()))
    }

    /// The mappings of these scopes, in order.
    pub fn mappings_of<'c>(&'c self, scopes: &[String]) -> impl Iterator<Item = &'c ClientMapping> {
        self.mappings.iter().filter(|m| scopes.contains(&m.scope))
    }
}

/// Decodes the clients of all applications.
pub(super) struct Clients<'a> {
    pub(super) objects: &'a ObjectSet,
    /// Keys that were decoded already, by key pair.
    pub(super) keys: HashMap<Uuid, Arc<SigningKey>>,
    /// Signs for proxied applications.
    pub(super) internal: &'a Arc<SigningKey>,
}

impl Clients<'_> {
    /// The client of an application's provider; `None` where it has none.
    pub(super) fn of(&mut self, app_id: Uuid, app: &Application) -> Result<Option<Client>, CompileError> {
        let Some(id) = app.provider.map(|p| p.0) else { return Ok(None) };
        if let Some(provider) = self.objects.typed::<OAuth2Provider>(id) {
            return self.oauth2(id, provider, app_id, app).map(Some);
        }
        let Some(provider) = self.objects.typed::<ProxyProvider>(id) else { return Ok(None) };
        self.proxy(id, provider, app_id, app).map(Some)
    }

    fn oauth2(
        &mut self,
        id: Uuid,
        provider: &OAuth2Provider,
        app_id: Uuid,
        app: &Application,
    ) -> Result<Client, CompileError> {
        let wrong = |what: &str, why: &dyn fmt::Display| {
            CompileError::Other(format!("OAuth2 provider \"{}\": {what}: {why}", provider.name))
        };
        let signing = match provider.signing_key {
            Some(pair) => self.signing_key(pair.0).map_err(|e| wrong("signing_key", &e))?,
            None => Arc::new(SigningKey::of_secret(&provider.client_secret)),
        };
        let encryption = match provider.encryption_key {
            Some(pair) => {
                let pair = self.objects.typed::<CertificateKeyPair>(pair.0);
                let pair = pair.ok_or_else(|| wrong("encryption_key", &"there is no such key pair"))?;
                Some(Arc::new(EncryptionKey::of(pair).map_err(|e| wrong("encryption_key", &e))?))
            }
            None => None,
        };
        let keys = match provider.jwks.as_str() {
            "" => None,
            text => {
                let set = serde_json::from_str(text).map_err(|e| wrong("jwks", &e))?;
                Some(ForeignKeys::parse(&set).map_err(|e| wrong("jwks", &e))?)
            }
        };
        let redirects = addresses(provider, RedirectUriType::Authorization).map_err(|e| wrong("redirect_uris", &e))?;
        let logout_redirects = addresses(provider, RedirectUriType::Logout).map_err(|e| wrong("redirect_uris", &e))?;
        let launch_url = launch::declared(app, || launch::origin_of(redirects.written().first()));
        let ids: Vec<Uuid> = provider.property_mappings.iter().map(|m| m.0).collect();
        let mappings = client_mappings(self.objects, &ids);
        Ok(Client {
            id,
            name: provider.name.clone(),
            app_id,
            app_slug: app.slug.clone(),
            app_name: app.name.clone(),
            launch_url,
            client_id: provider.client_id.clone(),
            secret: provider.client_secret.clone(),
            client_type: provider.client_type,
            is_proxy: false,
            grants: provider.grant_types.clone(),
            redirects,
            logout_redirects,
            authentication_flow: provider.authentication_flow.map(|f| f.0),
            authorization_flow: provider.authorization_flow.0,
            invalidation_flow: provider.invalidation_flow.0,
            code_life: provider.access_code_validity.delta(),
            access_life: provider.access_token_validity.delta(),
            refresh_life: provider.refresh_token_validity.delta(),
            refresh_threshold: provider.refresh_token_threshold.delta(),
            claims_in_id_token: provider.include_claims_in_id_token,
            signing,
            encryption,
            scopes: scopes(&mappings),
            mappings,
            sub_mode: provider.sub_mode,
            issuer_mode: provider.issuer_mode,
            logout_uri: Url::parse(&provider.logout_uri).ok(),
            logout_method: provider.logout_method,
            federated: provider.jwt_federation_providers.iter().map(|p| p.0).collect(),
            keys,
            require_pkce: provider.require_pkce || provider.client_type == ClientType::Public,
            require_pushed_requests: provider.require_pushed_requests,
            require_dpop: provider.require_dpop,
        })
    }

    /// A proxied application as a client: its gate uses nothing but the code, other outposts the rest.
    fn proxy(
        &mut self,
        id: Uuid,
        provider: &ProxyProvider,
        app_id: Uuid,
        app: &Application,
    ) -> Result<Client, CompileError> {
        let external = Url::parse(&provider.external_host)
            .map_err(|e| CompileError::Other(format!("proxy provider \"{}\": external_host: {e}", provider.name)))?;
        let mappings = client_mappings(self.objects, &super::compile::mappings_of(self.objects, provider));
        Ok(Client {
            id,
            name: provider.name.clone(),
            app_id,
            app_slug: app.slug.clone(),
            app_name: app.name.clone(),
            launch_url: launch::declared(app, || provider.external_host.clone()),
            client_id: provider.client_id.clone(),
            secret: provider.client_secret.clone(),
            client_type: ClientType::Confidential,
            is_proxy: true,
            grants: vec![GrantType::AuthorizationCode, GrantType::ClientCredentials, GrantType::Password],
            redirects: Addresses { strict: redirect_uris(&external).into(), patterns: Vec::new() },
            logout_redirects: Addresses {
                strict: vec![external.to_string(), provider.external_host.clone()],
                patterns: Vec::new(),
            },
            authentication_flow: provider.authentication_flow.map(|f| f.0),
            authorization_flow: provider.authorization_flow.0,
            invalidation_flow: provider.invalidation_flow.0,
            code_life: TimeDelta::minutes(1),
            access_life: provider.access_token_validity.delta(),
            refresh_life: provider.refresh_token_validity.delta(),
            refresh_threshold: TimeDelta::zero(),
            claims_in_id_token: true,
            signing: Arc::clone(self.internal),
            encryption: None,
            scopes: scopes(&mappings),
            mappings,
            sub_mode: SubMode::HashedUserId,
            issuer_mode: IssuerMode::PerProvider,
            logout_uri: None,
            logout_method: LogoutMethod::Backchannel,
            federated: provider.jwt_federation_providers.iter().map(|p| p.0).collect(),
            keys: None,
            require_pkce: false,
            require_pushed_requests: false,
            require_dpop: false,
        })
    }

    fn signing_key(&mut self, pair: Uuid) -> Result<Arc<SigningKey>, String> {
        if let Some(key) = self.keys.get(&pair) {
            return Ok(Arc::clone(key));
        }
        let found = self.objects.typed::<CertificateKeyPair>(pair).ok_or("there is no such key pair")?;
        let key = Arc::new(SigningKey::of(found).map_err(|e| e.to_string())?);
        self.keys.insert(pair, Arc::clone(&key));
        Ok(key)
    }
}

fn addresses(provider: &OAuth2Provider, purpose: RedirectUriType) -> Result<Addresses, regex::Error> {
    let mut found = Addresses::default();
    for uri in provider.redirect_uris.iter().filter(|uri| uri.redirect_uri_type == purpose) {
        match uri.matching_mode {
            MatchingMode::Strict => found.strict.push(uri.url.clone()),
            MatchingMode::Regex => found.patterns.push(Regex::new(&anchored(&uri.url))?),
        }
    }
    Ok(found)
}

fn client_mappings(objects: &ObjectSet, ids: &[Uuid]) -> Vec<ClientMapping> {
    let found = ids.iter().filter_map(|id| Some((*id, objects.typed::<ScopeMapping>(*id)?)));
    found
        .map(|(id, mapping)| ClientMapping {
            id,
            name: mapping.name.clone(),
            scope: mapping.scope_name.clone(),
            description: mapping.description.clone(),
        })
        .collect()
}

fn scopes(mappings: &[ClientMapping]) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    for mapping in mappings {
        if !scopes.contains(&mapping.scope) {
            scopes.push(mapping.scope.clone());
        }
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(strict: &[&str], patterns: &[&str]) -> Addresses {
        Addresses {
            strict: strict.iter().map(|s| (*s).to_owned()).collect(),
            patterns: patterns.iter().map(|p| Regex::new(&anchored(p)).expect("a pattern")).collect(),
        }
    }

    #[test]
    fn an_address_is_compared_whole() {
        let written = addresses(&["https://app.test/cb"], &[]);
        assert!(written.allow("https://app.test/cb").is_some());
        for other in
            ["https://app.test/cb/", "https://app.test/cb?x", "https://APP.test/cb", "https://app.test/cb#", ""]
        {
            assert_eq!(written.allow(other), None, "{other}");
        }
        assert_eq!(written.only(), Some("https://app.test/cb"));
        assert_eq!(addresses(&["https://a.test/", "https://b.test/"], &[]).only(), None);
        assert_eq!(addresses(&["https://a.test/"], &[".*"]).only(), None);
        let pattern = addresses(&[], &[r"https://[a-z]+\.app\.test/cb"]);
        assert!(pattern.allow("https://a.app.test/cb").is_some());
        for other in ["https://a.app.test/cb/x", "https://evil.test/?https://a.app.test/cb", "https://a.app.test/cb\n"]
        {
            assert_eq!(pattern.allow(other), None, "{other}");
        }
    }

    #[test]
    fn no_registration_makes_an_address_of_what_is_none() {
        let any = addresses(&["https://app.test/cb#x", "javascript:alert(1)"], &["(?s).*"]);
        assert!(any.allow("https://app.test/cb").is_some() && any.allow("com.example.app:/cb").is_some());
        for bad in [
            "https://app.test/cb#x",
            "https://app.test/cb#",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "https://evil.test\\.app.test/cb",
            "https:\\\\evil.test",
            "https://app.test/\n",
            "https://app.test/\u{7f}",
            " https://app.test/",
            "/cb",
            "",
        ] {
            assert_eq!(any.allow(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_loopback_address_may_name_any_port() {
        let native = addresses(&["http://127.0.0.1/cb", "http://[::1]:1/cb"], &[]);
        assert!(native.allow("http://127.0.0.1:51004/cb").is_some() && native.allow("http://[::1]:7/cb").is_some());
        for other in [
            "http://127.0.0.1:1/other",
            "https://127.0.0.1:1/cb",
            "http://127.0.0.1.evil.test/cb",
            "http://127.0.0.1@evil.test/cb",
            "http://u:p@127.0.0.1/cb",
            "http://localhost:1/cb",
        ] {
            assert_eq!(native.allow(other), None, "{other}");
        }
        assert_eq!(addresses(&["http://localhost/cb"], &[]).allow("http://localhost:80801/cb"), None);
    }

    #[test]
    fn scripts_of_registered_origins_are_known() {
        let known = addresses(&["https://app.test/cb"], &[r"https://[a-z]+\.test(/.*)?"]);
        assert!(known.has_origin("https://app.test") && known.has_origin("https://x.test"));
        assert!(!known.has_origin("https://app.test.evil") && !known.has_origin("http://app.test"));
        let native = addresses(&["com.example.app:/cb"], &[".*"]);
        for nowhere in ["null", "com.example.app:", "https://app.test/", "https://app.test/x", ""] {
            assert!(!known.has_origin(nowhere) && !native.has_origin(nowhere), "{nowhere}");
        }
    }
}
