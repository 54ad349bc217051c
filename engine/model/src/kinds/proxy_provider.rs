//! The proxy provider: an application behind a reverse proxy that asks us about every request.

use super::{CertificateKeyPair, Flow, ScopeMapping, oauth2_provider, target, yes};
use crate::{
    Problems, Ref, Validity,
    kind::{Family, Filter, FilterOp, Kind, Lookup, Meta, filter},
    reference::AnyProvider,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the proxy and we share the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProxyMode {
    /// We are the reverse proxy.
    #[default]
    Proxy,
    /// The proxy asks about one host.
    ForwardSingle,
    /// The proxy asks about every host below a cookie domain.
    ForwardDomain,
}

/// A proxy provider.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProxyProvider {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Flow for people who are not signed in; the brand's when null.
    #[serde(default)]
    pub authentication_flow: Option<Ref<Flow>>,
    /// Flow between sign-in and the application.
    pub authorization_flow: Ref<Flow>,
    /// Flow at sign-out.
    pub invalidation_flow: Ref<Flow>,
    /// Scope mappings that make the claims.
    #[serde(default)]
    #[schemars(length(max = 100), extend("x-yaml" = "mappings"))]
    pub property_mappings: Vec<Ref<ScopeMapping>>,
    /// Address of the upstream; only in mode `proxy`.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub internal_host: String,
    /// Public address of the application, or of the sign-in host in mode `forward_domain`.
    #[schemars(length(min = 1, max = 2000), url)]
    pub external_host: String,
    /// Check the upstream's certificate.
    #[serde(default = "yes")]
    pub internal_host_ssl_validation: bool,
    /// Certificate of a standalone outpost.
    #[serde(default)]
    pub certificate: Option<Ref<CertificateKeyPair>>,
    /// One regular expression a line; what matches needs no sign-in.
    #[serde(default)]
    #[schemars(length(max = 10_000), extend("format" = "regex-lines", "x-widget" = "text", "x-yaml" = "skip"))]
    pub skip_path_regex: String,
    /// Pass user name and password to the application as a Basic header.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "basic_auth"))]
    pub basic_auth_enabled: bool,
    /// User attribute that holds the password.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub basic_auth_password_attribute: String,
    /// User attribute that holds the user name; the e-mail address when empty.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub basic_auth_user_attribute: String,
    /// How the proxy and we share the work.
    #[serde(default)]
    pub mode: ProxyMode,
    /// Take credentials from the `Authorization` header.
    #[serde(default = "yes")]
    #[schemars(extend("x-yaml" = "header_auth"))]
    pub intercept_header_auth: bool,
    /// Domain of the cookie in mode `forward_domain`.
    #[serde(default)]
    #[schemars(length(max = 253))]
    pub cookie_domain: String,
    /// Sources whose tokens are accepted.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub jwt_federation_sources: Vec<uuid::Uuid>,
    /// Providers whose tokens are accepted.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub jwt_federation_providers: Vec<Ref<AnyProvider>>,
    /// How long a sign-in at the application lasts.
    #[serde(default = "one_hour")]
    #[schemars(extend("x-yaml" = "session"))]
    pub access_token_validity: Validity,
    /// How long it can be renewed.
    #[serde(default = "thirty_days")]
    pub refresh_token_validity: Validity,
    /// Made by the server.
    #[serde(default)]
    #[schemars(length(max = 255), extend("readOnly" = true))]
    pub client_id: String,
    /// Made by the server.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-internal" = true, "x-secret" = true))]
    pub client_secret: String,
    /// Signs the sign-in state; made by the server.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-internal" = true, "x-secret" = true))]
    pub cookie_secret: String,
}

fn one_hour() -> Validity {
    Validity::hours(1)
}
fn thirty_days() -> Validity {
    Validity::days(30)
}

const FILTERS: &[Filter] = &[
    filter("basic_auth_enabled__iexact", "basic_auth_enabled", FilterOp::IExact),
    filter("basic_auth_password_attribute__iexact", "basic_auth_password_attribute", FilterOp::IExact),
    filter("basic_auth_user_attribute__iexact", "basic_auth_user_attribute", FilterOp::IExact),
    filter("certificate__kp_uuid__iexact", "certificate", FilterOp::IExact),
    filter("cookie_domain__iexact", "cookie_domain", FilterOp::IExact),
    filter("external_host__iexact", "external_host", FilterOp::IExact),
    filter("internal_host__iexact", "internal_host", FilterOp::IExact),
    filter("internal_host_ssl_validation__iexact", "internal_host_ssl_validation", FilterOp::IExact),
    filter("mode__iexact", "mode", FilterOp::IExact),
    filter("name__iexact", "name", FilterOp::IExact),
    filter("property_mappings__iexact", "property_mappings", FilterOp::IExact),
    filter("skip_path_regex__iexact", "skip_path_regex", FilterOp::IExact),
];

impl Kind for ProxyProvider {
    const META: Meta = Meta {
        kind: "proxy_provider",
        word: "",
        family: Family::Provider,
        schema: "ProxyProvider",
        path: "providers/proxy",
        lookup: Lookup::Number("id"),
        component: "ak-provider-proxy-form",
        verbose_name: "Proxy Provider",
        verbose_name_plural: "Proxy Providers",
        model: "authentik_providers_proxy.proxyprovider",
        search: &["name"],
        filters: FILTERS,
        ordering: "name",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }

    fn check(&self, problems: &mut Problems) {
        oauth2_provider::no_sources(&self.jwt_federation_sources, problems);
        let address = self.external_host.to_ascii_lowercase();
        if !address.starts_with("http://") && !address.starts_with("https://") {
            problems.add("/external_host", "invalid", "Enter a valid URL: it must start with http:// or https://.");
        }
        if self.mode == ProxyMode::Proxy && self.internal_host.is_empty() {
            problems.add("/internal_host", "required", "Internal host cannot be empty when forward auth is disabled.");
        }
        if self.mode == ProxyMode::ForwardDomain && self.cookie_domain.trim_start_matches('.').is_empty() {
            problems.add("/cookie_domain", "required", "Cookie domain cannot be empty in mode forward_domain.");
        }
    }

    fn complete(&mut self, random: &mut dyn FnMut(usize) -> String) {
        for (slot, length) in [(&mut self.client_id, 40), (&mut self.client_secret, 128), (&mut self.cookie_secret, 32)]
        {
            if slot.is_empty() {
                *slot = random(length);
            }
        }
    }
}
target!(ProxyProvider);
