//! Shapes that hang on configuration objects: read-only parts and answers of special operations.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// The algorithm of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CertificateKeyPairKeyTypeEnum")]
pub(crate) enum KeyType {
    /// RSA.
    Rsa,
    /// Elliptic curves of NIST.
    Ec,
    /// DSA.
    Dsa,
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
}

/// A flow as text.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FlowDiagram {
    /// Mermaid.
    pub(crate) diagram: String,
}

/// How grave a line of the log is.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LogLevelEnum")]
pub(crate) enum LogLevel {
    /// An error.
    Error,
    /// Something to look at.
    Warning,
    /// As it should be.
    Info,
}

/// A line of the log.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LogEvent {
    /// When.
    pub(crate) timestamp: DateTime<Utc>,
    /// How grave.
    pub(crate) log_level: LogLevel,
    /// From where.
    pub(crate) logger: String,
    /// What.
    pub(crate) event: String,
    /// Facts.
    pub(crate) attributes: Map<String, Value>,
}

/// A country.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DetailedCountry {
    /// Its two letters in ISO 3166-1.
    pub(crate) code: &'static str,
    /// Its English name.
    pub(crate) name: &'static str,
}

/// The result of trying a policy, or of asking for access.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PolicyTestResult {
    /// Whether it passes.
    pub(crate) passing: bool,
    /// What the person would be told.
    pub(crate) messages: Vec<String>,
    /// Why: the policies that decided, and what would have been needed.
    pub(crate) log_messages: Vec<LogEvent>,
}

/// Whom to try a policy on.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PolicyTestRequest {
    /// Primary key of the user.
    pub(crate) user: i64,
    /// What the policy finds in its context.
    #[serde(default)]
    pub(crate) context: Map<String, Value>,
}

/// A setting page that a stage offers to users.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct UserSetting {
    /// Primary key of the stage.
    pub(crate) object_uid: String,
    /// Its part of the interface.
    pub(crate) component: String,
    /// Heading.
    pub(crate) title: String,
    /// Where it is changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) configure_url: Option<String>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) icon_url: Option<String>,
}

/// The settings that a new outpost starts with.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OutpostDefaultConfig {
    /// The settings.
    pub(crate) config: Map<String, Value>,
}

/// A sign of life of an outpost.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OutpostHealth {
    /// Which process.
    pub(crate) uid: String,
    /// When.
    pub(crate) last_seen: DateTime<Utc>,
    /// Its version.
    pub(crate) version: String,
    /// Empty: there is no Go in it.
    pub(crate) golang_version: String,
    /// Always false.
    pub(crate) openssl_enabled: bool,
    /// Empty.
    pub(crate) openssl_version: String,
    /// Unknown.
    pub(crate) fips_enabled: Option<bool>,
    /// The version that it should have.
    pub(crate) version_should: String,
    /// Whether the two differ.
    pub(crate) version_outdated: bool,
    /// Of which sources it was built.
    pub(crate) build_hash: String,
    /// Of which it should be built.
    pub(crate) build_hash_should: String,
    /// Name of the machine.
    pub(crate) hostname: String,
}

/// Where the endpoints of a provider are (OpenID Connect Discovery 1.0, section 3).
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OpenIDConnectConfiguration {
    /// Issuer.
    pub(crate) issuer: String,
    /// Authorization endpoint.
    pub(crate) authorization_endpoint: String,
    /// Token endpoint.
    pub(crate) token_endpoint: String,
    /// Userinfo endpoint.
    pub(crate) userinfo_endpoint: String,
    /// End-session endpoint.
    pub(crate) end_session_endpoint: String,
    /// Introspection endpoint.
    pub(crate) introspection_endpoint: String,
    /// Key set.
    pub(crate) jwks_uri: String,
    /// Response types.
    pub(crate) response_types_supported: Vec<String>,
    /// Signature algorithms.
    pub(crate) id_token_signing_alg_values_supported: Vec<String>,
    /// Subject types.
    pub(crate) subject_types_supported: Vec<String>,
    /// How clients say who they are.
    pub(crate) token_endpoint_auth_methods_supported: Vec<String>,
}

/// A proxy provider, as outposts need it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProxyOutpostConfig {
    /// Primary key of the provider.
    pub(crate) pk: i32,
    /// Its name.
    pub(crate) name: String,
    /// Address of the upstream.
    pub(crate) internal_host: String,
    /// Public address.
    pub(crate) external_host: String,
    /// Check the upstream's certificate.
    pub(crate) internal_host_ssl_validation: bool,
    /// Identifier as a client.
    pub(crate) client_id: String,
    /// Secret as a client; empty for whoever may not see it.
    pub(crate) client_secret: String,
    /// Where the endpoints are.
    pub(crate) oidc_configuration: OpenIDConnectConfiguration,
    /// Signs cookies; empty for whoever may not see it.
    pub(crate) cookie_secret: String,
    /// Certificate of the outpost.
    pub(crate) certificate: Option<Uuid>,
    /// What needs no sign-in, one regular expression a line.
    pub(crate) skip_path_regex: String,
    /// Pass a Basic header on.
    pub(crate) basic_auth_enabled: bool,
    /// Attribute with its password.
    pub(crate) basic_auth_password_attribute: String,
    /// Attribute with its user name.
    pub(crate) basic_auth_user_attribute: String,
    /// How proxy and outpost share the work.
    pub(crate) mode: lockgate_model::kinds::ProxyMode,
    /// Domain of the cookie.
    pub(crate) cookie_domain: String,
    /// Seconds that a sign-in lasts.
    pub(crate) access_token_validity: f64,
    /// Take credentials from the Authorization header.
    pub(crate) intercept_header_auth: bool,
    /// Scopes to ask for.
    pub(crate) scopes_to_request: Vec<String>,
    /// Slug of its application.
    pub(crate) assigned_application_slug: String,
    /// Name of its application.
    pub(crate) assigned_application_name: String,
}

/// Where an application finds us, to be copied into its settings. What lies below the application's own
/// path is empty as long as no application has the provider.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OAuth2ProviderSetupURLs {
    /// Issuer.
    pub(crate) issuer: String,
    /// Authorization endpoint.
    pub(crate) authorize: String,
    /// Token endpoint.
    pub(crate) token: String,
    /// Userinfo endpoint.
    pub(crate) user_info: String,
    /// Discovery document.
    pub(crate) provider_info: String,
    /// End-session endpoint.
    pub(crate) logout: String,
    /// Key set.
    pub(crate) jwks: String,
    /// Always null: clients do not register themselves.
    pub(crate) dcr_registration: Option<String>,
}

/// What mappings make for a person.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PropertyMappingPreview {
    /// The claims.
    pub(crate) preview: Map<String, Value>,
}

/// A text of a key pair.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CertificateData {
    /// PEM.
    pub(crate) data: String,
}

/// A link at the foot of pages.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FooterLink {
    /// Where it leads.
    pub(crate) href: Option<String>,
    /// Its text.
    pub(crate) name: String,
}

/// The colours of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "UiThemeEnum")]
pub(crate) enum UiTheme {
    /// As the browser wishes.
    Automatic,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// The brand of the host that was asked.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CurrentBrand {
    /// The domain that decided.
    pub(crate) matched_domain: String,
    /// Title of the pages.
    pub(crate) branding_title: String,
    /// Logo.
    pub(crate) branding_logo: String,
    /// Always null.
    pub(crate) branding_logo_themed_urls: Option<crate::openapi::shapes::ThemedUrls>,
    /// Icon.
    pub(crate) branding_favicon: String,
    /// Always null.
    pub(crate) branding_favicon_themed_urls: Option<crate::openapi::shapes::ThemedUrls>,
    /// CSS that is added to every page.
    pub(crate) branding_custom_css: String,
    /// Not used.
    pub(crate) branding_map_tiles: String,
    /// Links at the foot of pages.
    pub(crate) ui_footer_links: Vec<FooterLink>,
    /// Colours.
    pub(crate) ui_theme: UiTheme,
    /// Slug of the flow for signing in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flow_authentication: Option<String>,
    /// Slug of the flow for changing the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flow_user_switch: Option<String>,
    /// Slug of the flow for signing out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flow_invalidation: Option<String>,
    /// Slug of the flow for getting back in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flow_recovery: Option<String>,
    /// Slug of the flow for removing one's account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flow_unenrollment: Option<String>,
    /// Slug of the flow for one's own settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flow_user_settings: Option<String>,
    /// Slug of the flow for the device grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flow_device_code: Option<String>,
    /// Slug of the flow for locking an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flow_lockdown: Option<String>,
    /// Slug of the flow for requests of access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flow_request: Option<String>,
    /// Language of the pages; empty: the browser's.
    pub(crate) default_locale: String,
    /// Switches of the flow pages.
    pub(crate) flags: CurrentBrandFlags,
}

/// Switches of the flow pages.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct CurrentBrandFlags {
    /// Kept for clients; see the settings.
    pub(crate) flows_continuous_login: bool,
    /// Kept for clients; see the settings.
    pub(crate) flows_refresh_others: bool,
}
