//! The provider as clients that others wrote use it. Each checks by itself what
//! its standard demands (issuer, signature, nonce, hashes); what a test adds is
//! what the client cannot know: who signed in, and what must be refused.

mod apache;
mod authlib;
mod grafana;
mod openid_client;
mod openidconnect_rs;

use super::DEVICE_FLOW;
use lockgate_tests::{Callback, Client, Database, LibraryClient, Server};
use serde_json::{Value, json};

/// Password of everybody here.
const PASSWORD: &str = "a long enough password";
/// Client secret of `wiki`.
const SECRET: &str = "the-secret-of-the-wiki-0123456789abcdefghijkl";
/// Where `wiki` and `cli` want visitors back, and where after signing out.
const CALLBACK: &str = "https://wiki.lockgate.test/callback";
const GOODBYE: &str = "https://wiki.lockgate.test/goodbye";
/// What a client asks for that also wants a refresh token.
const OFFLINE: &str = "openid profile email offline_access";

/// A confidential client and a public one.
const DOCUMENTS: &str = r#"app: wiki
name: Wiki
url: https://wiki.lockgate.test
oauth2:
  client_id: wiki
  client_secret: { env: WIKI_CLIENT_SECRET }
  redirect_uris: [https://wiki.lockgate.test/callback]
  post_logout_redirect_uris: [https://wiki.lockgate.test/goodbye]
  scopes: [openid, profile, email, offline_access]
  grants: [authorization_code, refresh_token, client_credentials]
---
app: cli
name: Command Line
oauth2:
  client_id: cli
  client_type: public
  redirect_uris: [https://wiki.lockgate.test/callback]
  post_logout_redirect_uris: [https://wiki.lockgate.test/goodbye]
  scopes: [openid, profile, email, offline_access]
  grants: [authorization_code, refresh_token, device_code]
---
group: Staff
"#;

/// A server with both applications, and `ada`, who is in `Staff`.
struct World {
    server: Server,
}

impl World {
    async fn start(database: Database) -> Self {
        Self::start_with(database, "").await
    }

    /// With more documents.
    async fn start_with(database: Database, extra: &str) -> Self {
        let builder = Server::builder(database).config("apps.yaml", &format!("{DOCUMENTS}{DEVICE_FLOW}{extra}"));
        let server = builder.set("WIKI_CLIENT_SECRET", SECRET).start().await;
        server.api().create_user("ada", PASSWORD, &["Staff"]).await;
        Self { server }
    }

    /// Issuer of an application, which is also where its discovery begins.
    fn issuer(&self, slug: &str) -> String {
        self.server.url(&format!("/application/o/{slug}/"))
    }

    /// Members of the command `discover` for a library.
    fn discovery(&self, slug: &str, auth: &str) -> Value {
        let secret = auth.starts_with("client_secret").then_some(SECRET);
        json!({
            "issuer": self.issuer(slug),
            "client_id": slug,
            "client_secret": secret,
            "auth": auth,
            "redirect_uri": CALLBACK,
        })
    }
}

/// Lets a fresh visitor sign in where a client has sent them.
async fn sign_in(url: &str, username: &str) -> Callback {
    Client::new().sent_back(url, CALLBACK, username, PASSWORD).await
}

/// Lets a library sign `ada` in by code and PKCE: its tokens and claims.
async fn signs_in(library: &mut LibraryClient, scope: &str) -> Value {
    let start = library.tell("authorize", json!({ "scope": scope })).await;
    let back = sign_in(text(&start["url"]), "ada").await;
    library.tell("callback", json!({ "url": back.url() })).await
}

/// Lets a library sign `ada` in, read what is known of her, and try the same
/// code again.
async fn signs_in_once(library: &mut LibraryClient) {
    let start = library.tell("authorize", json!({ "scope": "openid profile email" })).await;
    let back = sign_in(text(&start["url"]), "ada").await;
    let answer = library.tell("callback", json!({ "url": back.url() })).await;
    assert!(is_bearer(&answer["tokens"]), "{answer:#}");
    assert_eq!(answer["tokens"]["scope"].as_str().map(words), Some(words("openid profile email")));
    assert!(answer["tokens"]["refresh_token"].is_null(), "nobody asked for offline_access: {answer:#}");
    is_ada(&answer["claims"]);
    let userinfo = library.tell("userinfo", json!({})).await;
    is_ada(&userinfo);
    assert_eq!(userinfo["sub"], answer["claims"]["sub"]);
    // RFC 6749, section 4.1.2: a code that comes twice is refused, and what it
    // gave the first time is revoked.
    assert_eq!(library.refused("callback", json!({ "url": back.url() })).await, "invalid_grant");
    let error = library.ask("userinfo", json!({})).await.expect_err("tokens of a replayed code are revoked");
    assert_eq!(error["status"], 401, "{error:#}");
}

/// Lets a library refresh its tokens twice, and somebody else use a refresh
/// token that is spent.
async fn refreshes_with_rotation(library: &mut LibraryClient) {
    let first = signs_in(library, OFFLINE).await;
    let mut seen = vec![text(&first["tokens"]["refresh_token"]).to_owned()];
    for _ in 0..2 {
        let next = library.tell("refresh", json!({})).await;
        is_ada(&library.tell("userinfo", json!({})).await);
        let token = text(&next["tokens"]["refresh_token"]).to_owned();
        assert!(!seen.contains(&token), "a refresh token came twice");
        seen.push(token);
    }
    // RFC 9700, section 4.14.2: it has been stolen from one of the two, and
    // nobody can tell from which; so neither goes on.
    assert_eq!(library.refused("refresh", json!({ "refresh_token": seen[0] })).await, "invalid_grant");
    assert_eq!(library.refused("refresh", json!({ "refresh_token": seen[2] })).await, "invalid_grant");
}

/// Lets a library ask whether tokens are good, and revoke them.
async fn introspects_and_revokes(library: &mut LibraryClient) {
    let tokens = signs_in(library, OFFLINE).await["tokens"].take();
    let both = ["access_token", "refresh_token"].map(|kind| text(&tokens[kind]));
    for token in both {
        let about = library.tell("introspect", json!({ "token": token })).await;
        assert_eq!((&about["active"], &about["client_id"]), (&json!(true), &json!("wiki")), "{about:#}");
        assert_eq!(about["scope"].as_str().map(words), Some(words(OFFLINE)), "{about:#}");
    }
    for token in both {
        library.tell("revoke", json!({ "token": token })).await;
        let about = library.tell("introspect", json!({ "token": token })).await;
        assert_eq!(about, json!({ "active": false }));
    }
    let strange = library.tell("introspect", json!({ "token": "not a token" })).await;
    assert_eq!(strange, json!({ "active": false }));
}

/// Lets a library send its visitor away to sign out, who comes back.
async fn signs_out(library: &mut LibraryClient) {
    signs_in(library, "openid").await;
    let members = json!({ "post_logout_redirect_uri": GOODBYE, "state": "as it was" });
    let start = library.tell("end_session", members).await;
    let back = Client::new().sent_back(text(&start["url"]), GOODBYE, "ada", PASSWORD).await;
    assert_eq!(back.query("state").as_deref(), Some("as it was"));
}

/// Lets a library sign `ada` in that has no secret, but a key whose public half
/// the provider was told.
async fn proves_itself_by_a_key(library: &mut LibraryClient, database: Database) {
    let key = library.tell("key", json!({})).await;
    let keys = json!({ "keys": [key] });
    let robot = format!(
        r#"---
app: robot
name: Robot
oauth2:
  client_id: robot
  redirect_uris: [{CALLBACK}]
  jwks: '{keys}'
"#
    );
    let world = World::start_with(database, &robot).await;
    library.tell("discover", world.discovery("robot", "private_key_jwt")).await;
    signs_in_once(library).await;

    library.tell("key", json!({})).await;
    library.tell("discover", world.discovery("robot", "private_key_jwt")).await;
    let start = library.tell("authorize", json!({ "scope": "openid" })).await;
    let back = sign_in(text(&start["url"]), "ada").await;
    assert_eq!(library.refused("callback", json!({ "url": back.url() })).await, "invalid_client");
}

/// Lets a library get a token for itself.
async fn gets_a_token_for_itself(library: &mut LibraryClient) {
    let tokens = library.tell("client_credentials", json!({ "scope": "profile" })).await["tokens"].take();
    assert!(is_bearer(&tokens), "{tokens:#}");
    assert!(tokens["refresh_token"].is_null(), "RFC 6749, section 4.4.3: {tokens:#}");
    let token = text(&tokens["access_token"]);
    let about = library.tell("introspect", json!({ "token": token })).await;
    assert_eq!((&about["active"], &about["client_id"]), (&json!(true), &json!("wiki")), "{about:#}");
}

/// Whether tokens are bearer tokens; libraries may give the name in lower case
/// (RFC 6749, section 5.1).
fn is_bearer(tokens: &Value) -> bool {
    text(&tokens["token_type"]).eq_ignore_ascii_case("bearer")
}

/// What everybody may know of `ada`.
#[track_caller]
fn is_ada(claims: &Value) {
    let told = ["name", "preferred_username", "email", "groups"].map(|name| claims[name].clone());
    assert_eq!(told, [json!("ada Example"), json!("ada"), json!("ada@example.org"), json!(["Staff"])], "{claims:#}");
    assert_eq!(text(&claims["sub"]).len(), 64, "{claims:#}");
}

#[track_caller]
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

/// The words of a scope, whose order means nothing.
fn words(scope: &str) -> std::collections::BTreeSet<String> {
    scope.split(' ').map(str::to_owned).collect()
}
