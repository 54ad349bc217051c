//! Sound requests of each client, which a case varies in one point.

use super::case::{
    Ask, Auth,
    Visitor::{Nobody, SignedIn},
};
use super::world::{CHALLENGE, VERIFIER, redirect_uri, secret};

/// Path of the authorize endpoint.
pub(super) const AUTHORIZE: &str = "/application/o/authorize/";
/// Path of the token endpoint.
pub(super) const TOKEN: &str = "/application/o/token/";
/// Path of the userinfo endpoint.
pub(super) const USERINFO: &str = "/application/o/userinfo/";
/// Grant types with long names.
pub(super) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub(super) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(super) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// What asks for a refresh token.
pub(super) const OFFLINE: &str = "openid profile email offline_access";

/// How a client proves itself when nothing else is said.
pub(super) fn usual(client: &str) -> Auth {
    match secret(client) {
        Some(secret) => Auth::Basic(client.to_owned(), secret.to_owned()),
        None => Auth::Public(client.to_owned()),
    }
}

/// The client's secret in the form.
pub(super) fn post(client: &str) -> Auth {
    Auth::Post(client.to_owned(), secret(client).unwrap_or_default().to_owned())
}

/// A request for a code, by a visitor who is signed in.
pub(super) fn authorize(client: &str) -> Ask {
    request(Ask::get(AUTHORIZE), client).by(SignedIn("ada"))
}

/// A request for another response type, by a visitor who is signed in.
pub(super) fn authorize_for(client: &str, response_type: &str) -> Ask {
    authorize(client).set("response_type", response_type).set("nonce", "the nonce")
}

/// A request for a refresh token besides, by a visitor who comes, signs in and
/// consents.
pub(super) fn authorize_offline(client: &str) -> Ask {
    authorize(client).set("scope", OFFLINE).walking()
}

fn request(ask: Ask, client: &str) -> Ask {
    let ask = ask
        .set("client_id", client)
        .set("redirect_uri", redirect_uri(client))
        .set("response_type", "code")
        .set("scope", "openid profile email")
        .set("state", "the state");
    if secret(client).is_some() { ask } else { pkce(ask) }
}

/// With a challenge that fits [`VERIFIER`].
pub(super) fn pkce(ask: Ask) -> Ask {
    ask.set("code_challenge", CHALLENGE).set("code_challenge_method", "S256")
}

/// The same request, pushed (RFC 9126).
pub(super) fn push(client: &str) -> Ask {
    request(Ask::post("/application/o/par/"), client).auth(usual(client))
}

/// The request that was pushed last, by a visitor who is signed in.
pub(super) fn pushed(client: &str) -> Ask {
    Ask::get(AUTHORIZE).set("client_id", client).set("request_uri", "<request_uri>").by(SignedIn("ada"))
}

/// A request at the token endpoint.
pub(super) fn token(client: &str, grant: &str) -> Ask {
    Ask::post(TOKEN).set("grant_type", grant).auth(usual(client)).by(Nobody)
}

/// The last code for tokens.
pub(super) fn redeem(client: &str) -> Ask {
    let ask = token(client, "authorization_code").set("code", "<code>").set("redirect_uri", redirect_uri(client));
    if secret(client).is_some() { ask } else { ask.set("code_verifier", VERIFIER) }
}

/// The last refresh token for new tokens.
pub(super) fn refresh(client: &str) -> Ask {
    token(client, "refresh_token").set("refresh_token", "<refresh_token>")
}

/// Tokens for the client itself.
pub(super) fn service(client: &str) -> Ask {
    token(client, "client_credentials")
}

/// The last access token for one of another client's.
pub(super) fn exchange(client: &str) -> Ask {
    token(client, TOKEN_EXCHANGE).set("subject_token", "<access_token>").set("subject_token_type", ACCESS_TOKEN)
}

/// A device asks for its codes.
pub(super) fn device(client: &str) -> Ask {
    let ask = Ask::post("/application/o/device/").set("scope", "openid profile email");
    ask.set("client_id", client).auth(usual(client))
}

/// A device asks whether somebody has decided.
pub(super) fn poll(client: &str) -> Ask {
    token(client, DEVICE_CODE).set("device_code", "<device_code>")
}

/// Somebody opens the address that the device shows, and decides: `allow` or
/// `deny`.
pub(super) fn decide(username: &'static str, decision: &str) -> [Ask; 2] {
    let page = Ask::get("/device").set("code", "<user_code>").by(SignedIn(username)).walking();
    let form = Ask::post("/device").set("code", "<user_code>").set("csrf_token", "<csrf_token>");
    [page, form.set("decision", decision).by(SignedIn(username))]
}

/// Who is the last access token about?
pub(super) fn userinfo() -> Ask {
    Ask::get(USERINFO).header("Authorization", "Bearer <access_token>")
}

/// Is the last access token good?
pub(super) fn introspect(client: &str) -> Ask {
    Ask::post("/application/o/introspect/").set("token", "<access_token>").auth(usual(client))
}

/// The last access token is not to be good any more.
pub(super) fn revoke(client: &str) -> Ask {
    Ask::post("/application/o/revoke/").set("token", "<access_token>").auth(usual(client))
}

/// A visitor signs out at an application.
pub(super) fn end_session(slug: &str) -> Ask {
    Ask::get(&format!("/application/o/{slug}/end-session/"))
}

/// The discovery document of an application.
pub(super) fn discovery(slug: &str) -> Ask {
    Ask::get(&format!("/application/o/{slug}/.well-known/openid-configuration"))
}

/// The keys of an application.
pub(super) fn jwks(slug: &str) -> Ask {
    Ask::get(&format!("/application/o/{slug}/jwks/"))
}

/// The administrator changes something.
pub(super) fn change(method: &'static str, path: &str, json: serde_json::Value) -> Ask {
    let mut ask = Ask::get(path).method(method);
    ask.json = Some(json);
    ask
}
