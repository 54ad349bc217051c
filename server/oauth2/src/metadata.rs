//! What clients find out about us: the issuer's name and the discovery document (OpenID Connect
//! Discovery, section 3; RFC 8414, section 2; RFC 9126, section 5; RFC 9449, section 5.1).

use lockgate_identity::{
    Identity,
    config::{Client, Snapshot},
    keys::{all_algorithms, public_algorithms},
    net::Client as Peer,
    oauth::ACR,
};
use lockgate_model::kinds::{GrantType, LogoutMethod};
use serde_json::{Value, json};

/// How clients may prove themselves.
const AUTH_METHODS: [&str; 5] =
    ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"];

/// Public address of the sign-in host, without a slash at the end.
pub(crate) fn base(identity: &Identity, snapshot: &Snapshot, peer: &Peer) -> String {
    identity.public_base(snapshot).unwrap_or_else(|| peer.base())
}

/// Issuer of a client's tokens, with a slash at the end.
pub(crate) fn issuer(identity: &Identity, snapshot: &Snapshot, peer: &Peer, client: &Client) -> String {
    client.issuer(&base(identity, snapshot, peer))
}

/// The discovery document of a client, at a public address. `claims`: names of the claims that its
/// mappings make.
pub(crate) fn discovery(base: &str, client: &Client, claims: &[String]) -> Value {
    let at = |tail: &str| format!("{base}/application/o/{tail}/");
    let own = |tail: &str| at(&format!("{}/{tail}", client.app_slug));
    let grants: Vec<&str> =
        client.grants.iter().filter(|g| **g != GrantType::Hybrid).map(|grant| grant.as_str()).collect();
    let mut all_claims: Vec<&str> =
        ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "sid"].to_vec();
    all_claims.extend(claims.iter().map(String::as_str));
    let mut seen = std::collections::HashSet::new();
    all_claims.retain(|claim| seen.insert(*claim));
    let (all, public): (Vec<_>, Vec<_>) = (all_algorithms().collect(), public_algorithms().collect());
    let mut document = json!({
        "issuer": client.issuer(base),
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"),
        "end_session_endpoint": own("end-session"),
        "introspection_endpoint": at("introspect"),
        "revocation_endpoint": at("revoke"),
        "device_authorization_endpoint": at("device"),
        "pushed_authorization_request_endpoint": at("par"),
        "require_pushed_authorization_requests": client.require_pushed_requests,
        "jwks_uri": own("jwks"),
        "response_types_supported": response_types(client),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": grants,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [client.signing.algorithm()],
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "token_endpoint_auth_signing_alg_values_supported": all,
        // Whoever asks about tokens has to prove who asks (RFC 7662, section 2.1).
        "introspection_endpoint_auth_methods_supported": AUTH_METHODS[..4],
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "acr_values_supported": [ACR],
        "scopes_supported": client.scopes,
        "claims_supported": all_claims,
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "code_challenge_methods_supported": ["S256", "plain"],
        "authorization_response_iss_parameter_supported": true,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": false,
        "request_object_signing_alg_values_supported": all,
        "dpop_signing_alg_values_supported": public,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "frontchannel_logout_supported": client.logout_method == LogoutMethod::Frontchannel,
        "frontchannel_logout_session_supported": client.logout_method == LogoutMethod::Frontchannel,
    });
    if client.encryption.is_some() {
        document["id_token_encryption_alg_values_supported"] = json!(["RSA-OAEP-256"]);
        document["id_token_encryption_enc_values_supported"] = json!(["A256CBC-HS512"]);
    }
    document
}

/// Where the issuer of somebody's identity is found (OpenID Connect Discovery, section 2; RFC 7033).
pub(crate) fn webfinger(base: &str, client: &Client, resource: &str) -> Value {
    let link = json!({"rel": "http://openid.net/specs/connect/1.0/issuer", "href": client.issuer(base)});
    json!({"subject": resource, "links": [link]})
}

/// The response types that the client's grants open.
pub(crate) fn response_types(client: &Client) -> Vec<&'static str> {
    let mut types = Vec::new();
    if client.allows(GrantType::AuthorizationCode) {
        types.push("code");
    }
    if client.allows(GrantType::Implicit) {
        types.extend(["id_token", "id_token token"]);
    }
    if client.allows(GrantType::Hybrid) {
        types.extend(["code token", "code id_token", "code id_token token"]);
    }
    types
}
