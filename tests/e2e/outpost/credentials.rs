//! Credentials in the `Authorization` header instead of a session, and those
//! that the gate hands on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockgate_tests::{Api, Client, Database, Reply, Site};
use serde_json::json;

use super::revocation::open_app;

on_each_database!(
    an_app_password_gets_in,
    a_token_of_the_gate_gets_in_as_bearer,
    wrong_credentials_get_401_and_no_redirect,
    credentials_of_the_denied_do_not_get_in,
    services_that_want_basic_auth_get_it,
    the_token_verifies_against_the_published_keys,
);

async fn an_app_password_gets_in(database: Database) {
    let site = Site::direct(database).await;
    let key = app_password(&site.server.api(), site.ada, "ada-script").await;
    let question = || site.ask(&Client::new(), "traefik", "one", "/");
    let reply = Reply::of(question().basic_auth("ada", Some(&key))).await.expect(200);
    assert_eq!(reply.header("X-authentik-username"), "ada");
    // It belongs to one user, and only as long as it exists.
    Reply::of(question().basic_auth("bob", Some(&key))).await.expect(401);
    site.server.api().delete("core/tokens/ada-script/").await.expect(204);
    Reply::of(question().basic_auth("ada", Some(&key))).await.expect(401);
}

async fn a_token_of_the_gate_gets_in_as_bearer(database: Database) {
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    let token = Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200).header("X-authentik-jwt");
    let stranger = Client::new();
    let bearer = Reply::of(site.ask(&stranger, "traefik", "one", "/").bearer_auth(&token)).await.expect(200);
    assert_eq!(bearer.header("X-authentik-username"), "ada");
    let user = "goauthentik.io/token";
    let basic = site.ask(&stranger, "traefik", "one", "/").basic_auth(user, Some(&token));
    assert_eq!(Reply::of(basic).await.expect(200).header("X-authentik-username"), "ada");
    // A token is for one app.
    Reply::of(site.ask(&stranger, "traefik", "two", "/").bearer_auth(&token)).await.expect(401);
}

async fn wrong_credentials_get_401_and_no_redirect(database: Database) {
    let site = Site::direct(database).await;
    let password = Site::password();
    for header in [
        "Basic".to_owned(),
        "Basic !!!".to_owned(),
        format!("Basic {}", STANDARD.encode("ada")),
        format!("Basic {}", STANDARD.encode("ada:wrong")),
        // The password of a person is for the login page only.
        format!("Basic {}", STANDARD.encode(format!("ada:{password}"))),
        "Bearer ".to_owned(),
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.".to_owned(),
        format!("Bearer {}", "x".repeat(5000)),
    ] {
        for dialect in ["traefik", "nginx"] {
            let question = site.ask(&Client::new(), dialect, "one", "/").header("Authorization", &header);
            let reply = Reply::of(question).await;
            assert_eq!(reply.status, 401, "{dialect}: {header}");
            assert_eq!(reply.location(), None);
        }
    }
}

async fn credentials_of_the_denied_do_not_get_in(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let bob = app_password(&api, site.bob, "bob-script").await;
    let reply = Reply::of(site.ask(&Client::new(), "traefik", "one", "/").basic_auth("bob", Some(&bob))).await;
    assert!(matches!(reply.status, 401 | 403), "{}", reply.status);
    // A token for the API is not one for services.
    let ada = Reply::of(
        site.ask(&Client::new(), "traefik", "one", "/").basic_auth("akadmin", Some(lockgate_tests::BOOTSTRAP_TOKEN)),
    )
    .await;
    assert!(matches!(ada.status, 401 | 403), "{}", ada.status);
}

async fn services_that_want_basic_auth_get_it(database: Database) {
    let site = Site::direct(database).await;
    let more = json!({
        "basic_auth_enabled": true,
        "basic_auth_user_attribute": "legacy_user",
        "basic_auth_password_attribute": "legacy_password",
    });
    open_app(&site.server, "legacy", &site.url("legacy", ""), &more).await;
    let attributes = json!({
        "legacy_user": "printer",
        "legacy_password": "s3cret:with colon",
        "additionalHeaders": { "X-Desk": "17" },
    });
    let path = format!("core/users/{}/", site.ada);
    site.server.api().patch(&path, &json!({ "attributes": attributes })).await.expect(200);

    let ada = Client::new();
    site.enter(&ada, "legacy", "ada").await;
    let reply = Reply::of(site.ask(&ada, "traefik", "legacy", "/")).await.expect(200);
    let expected = format!("Basic {}", STANDARD.encode("printer:s3cret:with colon"));
    assert_eq!(reply.header("Authorization"), expected);
    assert_eq!(reply.header("X-Desk"), "17");
}

async fn the_token_verifies_against_the_published_keys(database: Database) {
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    let reply = Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200);
    let token = reply.header("X-authentik-jwt");
    let [head, claims]: [serde_json::Value; 2] = [0, 1].map(|part| {
        let text = token.split('.').nth(part).unwrap_or_default();
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).expect("base64url");
        serde_json::from_slice(&bytes).expect("a part of the token is JSON")
    });
    assert_eq!(claims["preferred_username"], "ada");
    assert_eq!(claims["groups"], json!(["Media"]));
    assert_eq!(claims["sub"], reply.header("X-authentik-uid"));
    assert_eq!(claims["iss"], site.url("auth", "/application/o/one/"));
    let keys = Client::new().get(&reply.header("X-authentik-meta-jwks")).await.expect(200).json();
    let keys = keys["keys"].as_array().cloned().unwrap_or_default();
    let key = keys.iter().find(|key| key["kid"] == head["kid"]);
    let key = key.unwrap_or_else(|| panic!("no key {} in {keys:?}", head["kid"]));
    assert_eq!(key["alg"], head["alg"]);
    assert_eq!(key["use"], "sig");
    assert!(key.get("d").is_none(), "the private key is published");
}

async fn app_password(api: &Api, user: i64, identifier: &str) -> String {
    let token = json!({ "identifier": identifier, "intent": "app_password", "user": user });
    api.post("core/tokens/", &token).await.expect(201);
    let key = api.get(&format!("core/tokens/{identifier}/view_key/")).await.expect(200).json();
    key["key"].as_str().map(str::to_owned).unwrap_or_else(|| panic!("no key: {key}"))
}
