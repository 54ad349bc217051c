//! What verifiers fetch: key sets (RFC 7517) and discovery (OpenID Connect Discovery, section 3). Only
//! what there is: proxied applications have no token endpoint.

use lockgate_identity::{
    Identity,
    config::{ProxyApp, Snapshot},
    net::Client,
};
use serde_json::{Value, json};

/// Issuer of a provider's tokens, with a slash at the end.
pub(crate) fn issuer(identity: &Identity, snapshot: &Snapshot, client: &Client, app: &ProxyApp) -> String {
    let base = identity.public_base(snapshot).unwrap_or_else(|| client.base());
    format!("{base}/application/o/{}/", app.app_slug)
}

/// The key set.
pub(crate) fn jwks(snapshot: &Snapshot) -> Value {
    let keys: Vec<_> = snapshot.signing_key().jwk().into_iter().collect();
    json!({"keys": keys})
}

/// The discovery document.
pub(crate) fn discovery(issuer: &str, app: &ProxyApp, algorithm: &str) -> Value {
    let base = issuer.strip_suffix(&format!("/{}/", app.app_slug)).unwrap_or(issuer);
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{base}/authorize/"),
        "end_session_endpoint": format!("{issuer}end-session/"),
        "jwks_uri": format!("{issuer}jwks/"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [algorithm],
        "acr_values_supported": ["goauthentik.io/providers/oauth2/default"],
        "scopes_supported": app.scopes,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "claims_parameter_supported": false,
    })
}
