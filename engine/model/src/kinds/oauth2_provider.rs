//! The OAuth2 provider: an application that speaks OAuth2 and OpenID Connect with us.

use super::{CertificateKeyPair, Flow, ScopeMapping, target, yes};
use crate::{
    Problems, Ref, Validity,
    kind::{Family, Filter, FilterOp, Kind, Lookup, Meta, exact, filter},
    reference::AnyProvider,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// Whether a client can keep a secret (RFC 6749, section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ClientTypeEnum")]
pub enum ClientType {
    /// It can: it authenticates at the token endpoint.
    #[default]
    Confidential,
    /// It cannot: it proves itself by PKCE alone.
    Public,
}

/// A way to tokens that a provider allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "GrantTypeEnum")]
pub enum GrantType {
    /// Response type `code` (RFC 6749, section 4.1).
    AuthorizationCode,
    /// Tokens straight from the authorize endpoint (OpenID Connect Core, section 3.2).
    Implicit,
    /// A code and tokens from the authorize endpoint (OpenID Connect Core, section 3.3).
    Hybrid,
    /// RFC 6749, section 6.
    RefreshToken,
    /// RFC 6749, section 4.4.
    ClientCredentials,
    /// User name and app password; never the password of a login.
    Password,
    /// RFC 8628.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
    /// RFC 8693.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
}

impl GrantType {
    /// The value of `grant_type`, or of `grant_types` where there is no such parameter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::Implicit => "implicit",
            Self::Hybrid => "hybrid",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }
}

/// How an address is compared with a registered one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MatchingModeEnum")]
pub enum MatchingMode {
    /// Character by character (RFC 9700, section 2.1).
    #[default]
    Strict,
    /// As a regular expression that has to match the whole address.
    Regex,
}

/// What a registered address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RedirectURITypeEnum")]
pub enum RedirectUriType {
    /// Answers of the authorize endpoint.
    #[default]
    Authorization,
    /// The way back after signing out.
    Logout,
}

/// An address that browsers may be sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RedirectURI")]
pub struct RedirectUri {
    /// How it is compared.
    pub matching_mode: MatchingMode,
    /// The address, or the expression.
    #[schemars(length(min = 1, max = 2000))]
    pub url: String,
    /// What it is for.
    #[serde(default)]
    pub redirect_uri_type: RedirectUriType,
}

/// What `sub` says about a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SubModeEnum")]
pub enum SubMode {
    /// A hash that only this installation makes.
    #[default]
    HashedUserId,
    /// The user's number.
    UserId,
    /// The user's UUID.
    UserUuid,
    /// The user name.
    UserUsername,
    /// The e-mail address.
    UserEmail,
    /// The attribute `upn`, else as [`SubMode::HashedUserId`].
    UserUpn,
}

/// What `iss` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "IssuerModeEnum")]
pub enum IssuerMode {
    /// The address of the application's discovery document.
    #[default]
    PerProvider,
    /// The same for every provider of this installation.
    Global,
}

/// How an application learns that a login has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "OAuth2ProviderLogoutMethodEnum")]
pub enum LogoutMethod {
    /// We tell its server (OpenID Connect Back-Channel Logout).
    #[default]
    Backchannel,
    /// The browser tells it, in a frame (OpenID Connect Front-Channel Logout).
    Frontchannel,
}

/// An OAuth2 and OpenID Connect provider.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OAuth2Provider")]
pub struct OAuth2Provider {
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
    /// Whether the client can keep a secret.
    #[serde(default)]
    pub client_type: ClientType,
    /// Ways to tokens.
    #[serde(default = "usual_grants")]
    #[schemars(length(max = 16), extend("x-yaml" = "grants"))]
    pub grant_types: Vec<GrantType>,
    /// Identifier of the client; made by the server when empty.
    #[serde(default)]
    #[schemars(length(max = 255), regex(pattern = "^[ -~]*$"))]
    pub client_id: String,
    /// Secret of the client; made by the server when empty.
    #[serde(default)]
    #[schemars(length(max = 255), regex(pattern = "^[ -~]*$"), extend("x-secret" = true))]
    pub client_secret: String,
    /// How long an authorization code may travel.
    #[serde(default = "one_minute")]
    #[schemars(extend("x-yaml" = "access_code"))]
    pub access_code_validity: Validity,
    /// How long an access token and an ID token are valid.
    #[serde(default = "one_hour")]
    #[schemars(extend("x-yaml" = "access_token"))]
    pub access_token_validity: Validity,
    /// How long a refresh token is valid.
    #[serde(default = "thirty_days")]
    #[schemars(extend("x-yaml" = "refresh_token"))]
    pub refresh_token_validity: Validity,
    /// A refresh token with more life left than this is not replaced when it is used; none: always replaced.
    #[serde(default = "no_time")]
    #[schemars(extend("x-yaml" = "refresh_threshold"))]
    pub refresh_token_threshold: Validity,
    /// Put the claims of the scopes into the ID token as well.
    #[serde(default = "yes")]
    #[schemars(extend("x-yaml" = "claims_in_id_token"))]
    pub include_claims_in_id_token: bool,
    /// Signs the tokens; HMAC with the client secret when null.
    #[serde(default)]
    pub signing_key: Option<Ref<CertificateKeyPair>>,
    /// Encrypts the ID tokens.
    #[serde(default)]
    pub encryption_key: Option<Ref<CertificateKeyPair>>,
    /// Where browsers may be sent.
    #[schemars(length(max = 100))]
    pub redirect_uris: Vec<RedirectUri>,
    /// Where the application is told that a login has ended; empty: nowhere.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub logout_uri: String,
    /// How it is told.
    #[serde(default)]
    pub logout_method: LogoutMethod,
    /// What `sub` says.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "subject"))]
    pub sub_mode: SubMode,
    /// What `iss` says.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "issuer"))]
    pub issuer_mode: IssuerMode,
    /// Sources whose tokens are accepted.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub jwt_federation_sources: Vec<uuid::Uuid>,
    /// Providers whose tokens are accepted.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub jwt_federation_providers: Vec<Ref<AnyProvider>>,
    /// Key set (RFC 7517, as JSON text) by which the client signs its assertions and request objects.
    #[serde(default)]
    #[schemars(length(max = 16_384), extend("x-internal" = true))]
    pub jwks: String,
    /// Refuse authorization requests without PKCE (RFC 7636); always so for public clients.
    #[serde(default)]
    #[schemars(extend("x-internal" = true))]
    pub require_pkce: bool,
    /// Refuse authorization requests that were not pushed (RFC 9126).
    #[serde(default)]
    #[schemars(extend("x-internal" = true))]
    pub require_pushed_requests: bool,
    /// Issue nothing but tokens that are bound to a key of the client (RFC 9449).
    #[serde(default)]
    #[schemars(extend("x-internal" = true))]
    pub require_dpop: bool,
}

fn usual_grants() -> Vec<GrantType> {
    vec![GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials, GrantType::DeviceCode]
}
fn one_minute() -> Validity {
    Validity::minutes(1)
}
fn one_hour() -> Validity {
    Validity::hours(1)
}
fn thirty_days() -> Validity {
    Validity::days(30)
}
fn no_time() -> Validity {
    Validity::seconds(0)
}

/// Schemes that run code or show content of the sender's making instead of leading somewhere.
const FORBIDDEN_SCHEMES: [&str; 5] = ["javascript", "data", "vbscript", "blob", "about"];

/// The address, when it is one that a browser may be sent to at all, whoever names it.
///
/// # Errors
/// What is wrong with it.
pub fn landing(address: &str) -> Result<Url, &'static str> {
    // Browsers read a backslash as a slash, and drop line ends: where that leads is not what is written here.
    if address.contains(|c: char| c == '\\' || c.is_control() || c.is_whitespace()) {
        return Err("An address must not hold backslashes, spaces and control characters.");
    }
    let Ok(url) = Url::parse(address) else {
        return Err("Enter a valid URL: it must be absolute, such as https://app.example.com/callback.");
    };
    if FORBIDDEN_SCHEMES.contains(&url.scheme()) {
        return Err("A browser must not be sent to an address of this scheme.");
    }
    // RFC 6749, section 3.1.2.
    if url.fragment().is_some() {
        return Err("A redirect URI must not have a fragment (#…).");
    }
    Ok(url)
}

impl RedirectUri {
    /// What is wrong with it as a registration.
    #[must_use]
    pub fn complaint(&self) -> Option<&'static str> {
        if self.matching_mode == MatchingMode::Regex {
            // By itself as well: `a)|(?:.*` is an expression only between the anchor's brackets, and matches
            // everything.
            let sound = [self.url.clone(), anchored(&self.url)].iter().all(|text| regex::Regex::new(text).is_ok());
            return (!sound).then_some("This is not a valid regular expression.");
        }
        landing(&self.url).err()
    }
}

/// An expression that has to match a whole address.
#[must_use]
pub fn anchored(expression: &str) -> String {
    format!("^(?:{expression})$")
}

/// There is no kind whose object such an identifier could name, and what is trusted has to exist.
pub(super) fn no_sources(named: &[uuid::Uuid], problems: &mut Problems) {
    for (at, id) in named.iter().enumerate() {
        let text = format!("Invalid pk \"{id}\" - object does not exist.");
        problems.add(&format!("/jwt_federation_sources/{at}"), "does_not_exist", text);
    }
}

const FILTERS: &[Filter] = &[
    exact("access_code_validity"),
    exact("access_token_validity"),
    exact("authorization_flow"),
    exact("client_id"),
    exact("client_type"),
    exact("include_claims_in_id_token"),
    exact("issuer_mode"),
    filter("property_mappings", "property_mappings", FilterOp::In),
    exact("refresh_token_validity"),
    exact("signing_key"),
    exact("sub_mode"),
];

impl Kind for OAuth2Provider {
    const META: Meta = Meta {
        kind: "oauth2_provider",
        word: "",
        family: Family::Provider,
        schema: "OAuth2Provider",
        path: "providers/oauth2",
        lookup: Lookup::Number("id"),
        component: "ak-provider-oauth2-form",
        verbose_name: "OAuth2/OpenID Provider",
        verbose_name_plural: "OAuth2/OpenID Providers",
        model: "authentik_providers_oauth2.oauth2provider",
        search: &["name"],
        filters: FILTERS,
        ordering: "name",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }

    fn check(&self, problems: &mut Problems) {
        no_sources(&self.jwt_federation_sources, problems);
        for (at, uri) in self.redirect_uris.iter().enumerate() {
            if let Some(text) = uri.complaint() {
                problems.add(&format!("/redirect_uris/{at}/url"), "invalid", text);
            }
        }
        let logout = self.logout_uri.to_ascii_lowercase();
        if !logout.is_empty() && !logout.starts_with("http://") && !logout.starts_with("https://") {
            problems.add("/logout_uri", "invalid", "Enter a valid URL: it must start with http:// or https://.");
        }
        if !self.jwks.is_empty() && serde_json::from_str::<serde_json::Value>(&self.jwks).is_err() {
            problems.add("/jwks", "invalid", "This is not a key set: JSON such as {\"keys\": [...]} is expected.");
        }
        let without_secret = [GrantType::ClientCredentials, GrantType::Password, GrantType::TokenExchange];
        // Left over from the defaults it does no harm, since a public client cannot authenticate.
        let only_those = self.grant_types.iter().all(|g| without_secret.contains(g)) && !self.grant_types.is_empty();
        if self.client_type == ClientType::Public && only_those {
            problems.add("/grant_types", "invalid", "A public client cannot use a grant that needs its secret.");
        }
    }

    fn complete(&mut self, random: &mut dyn FnMut(usize) -> String) {
        for (slot, length) in [(&mut self.client_id, 40), (&mut self.client_secret, 128)] {
            if slot.is_empty() {
                *slot = random(length);
            }
        }
    }
}
target!(OAuth2Provider);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_cannot_step_out_of_its_anchor() {
        let complaint = |url: &str| {
            let uri = RedirectUri {
                matching_mode: MatchingMode::Regex,
                url: url.to_owned(),
                redirect_uri_type: RedirectUriType::Authorization,
            };
            uri.complaint()
        };
        assert_eq!(complaint(r"https://[a-z]+\.app\.test/cb"), None);
        for out in [r"https://a\.test/cb)|(?:.*", "(", "*"] {
            assert!(complaint(out).is_some(), "{out}");
        }
    }
}
