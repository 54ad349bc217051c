//! The expressions that come with the binary: default scope mappings (contract 5.9) and the policies
//! that the built-in flows use (contract 9.3).

/// A scope mapping that comes with the binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltinMapping {
    /// Its stable identifier, as clients look it up.
    pub managed: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The scope that asks for it.
    pub scope_name: &'static str,
    /// What the consent page says of it; empty hides it.
    pub description: &'static str,
    /// Its text.
    pub source: &'static str,
    /// The file of its text, relative to this room.
    pub file: &'static str,
}

/// An expression policy that comes with the binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltinPolicy {
    /// Its name.
    pub name: &'static str,
    /// Its text.
    pub source: &'static str,
    /// The file of its text, relative to this room.
    pub file: &'static str,
}

macro_rules! mapping {
    ($managed:literal, $name:literal, $scope:literal, $description:literal, $file:literal) => {
        BuiltinMapping {
            managed: $managed,
            name: $name,
            scope_name: $scope,
            description: $description,
            source: include_str!(concat!("../", $file)),
            file: $file,
        }
    };
}

static MAPPINGS: [BuiltinMapping; 7] = [
    mapping!(
        "goauthentik.io/providers/oauth2/scope-openid",
        "authentik default OAuth Mapping: OpenID 'openid'",
        "openid",
        "",
        "builtin/scope-openid.rhai"
    ),
    mapping!(
        "goauthentik.io/providers/oauth2/scope-email",
        "authentik default OAuth Mapping: OpenID 'email'",
        "email",
        "Email address",
        "builtin/scope-email.rhai"
    ),
    mapping!(
        "goauthentik.io/providers/oauth2/scope-profile",
        "authentik default OAuth Mapping: OpenID 'profile'",
        "profile",
        "General Profile Information",
        "builtin/scope-profile.rhai"
    ),
    mapping!(
        "goauthentik.io/providers/oauth2/scope-entitlements",
        "authentik default OAuth Mapping: Application Entitlements",
        "entitlements",
        "Application entitlements",
        "builtin/scope-entitlements.rhai"
    ),
    mapping!(
        "goauthentik.io/providers/oauth2/scope-offline_access",
        "authentik default OAuth Mapping: OpenID 'offline_access'",
        "offline_access",
        "Access to request new tokens without interaction",
        "builtin/scope-offline_access.rhai"
    ),
    mapping!(
        "goauthentik.io/providers/oauth2/scope-authentik_api",
        "authentik default OAuth Mapping: authentik API access",
        "goauthentik.io/api",
        "authentik API Access on behalf of your user",
        "builtin/scope-authentik_api.rhai"
    ),
    mapping!(
        "goauthentik.io/providers/proxy/scope-proxy",
        "authentik default OAuth Mapping: Proxy outpost",
        "ak_proxy",
        "authentik Proxy - User information",
        "builtin/scope-proxy.rhai"
    ),
];

macro_rules! policy {
    ($name:literal) => {
        BuiltinPolicy {
            name: $name,
            source: include_str!(concat!("../builtin/", $name, ".rhai")),
            file: concat!("builtin/", $name, ".rhai"),
        }
    };
}

static POLICIES: [BuiltinPolicy; 5] = [
    policy!("default-authentication-flow-password-stage"),
    policy!("default-user-settings-authorization"),
    policy!("default-oobe-password-usable"),
    policy!("default-flow-offered"),
    policy!("default-unenrollment-sure"),
];

/// The default scope mappings.
#[must_use]
pub fn builtin_mappings() -> &'static [BuiltinMapping] {
    &MAPPINGS
}

/// The expression policies of the built-in flows.
#[must_use]
pub fn builtin_policies() -> &'static [BuiltinPolicy] {
    &POLICIES
}
