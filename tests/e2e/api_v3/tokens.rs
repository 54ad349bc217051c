//! `/api/v3/core/tokens/`.

use lockgate_tests::{Database, Site};
use serde_json::json;

use super::conventions::token_of;

on_each_database!(
    a_token_is_made_used_rotated_and_deleted,
    an_expired_token_opens_nothing,
    people_see_their_own_tokens_only,
);

async fn a_token_is_made_used_rotated_and_deleted(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let body =
        json!({ "identifier": "deploy", "intent": "api", "user": site.ada, "description": "CI", "expiring": false });
    let made = api.post("core/tokens/", &body).await.expect(201);
    assert!(made.json().get("key").is_none(), "the key is in the object");
    let key = api.get("core/tokens/deploy/view_key/").await.expect(200).json()["key"].clone();
    let key = key.as_str().unwrap_or_default().to_owned();
    assert!(key.len() >= 40, "a key of {} letters", key.len());
    assert!(!api.get("core/tokens/deploy/").await.expect(200).text().contains(&key));
    assert!(!api.get("core/tokens/").await.expect(200).text().contains(&key));
    let me = api.with_token(Some(&key)).get("core/users/me/").await.expect(200).json();
    assert_eq!(me["user"]["username"], "ada");

    api.post("core/tokens/", &body).await.expect(400);
    let strange = json!({ "identifier": "no spaces", "intent": "api" });
    assert!(api.post("core/tokens/", &strange).await.expect(400).json()["identifier"].is_array());
    api.post("core/tokens/deploy/set_key/", &json!({ "key": "a-key-of-my-own-choice" })).await.expect(204);
    api.with_token(Some(&key)).get("core/users/me/").await.expect(403);
    api.with_token(Some("a-key-of-my-own-choice")).get("core/users/me/").await.expect(200);
    api.delete("core/tokens/deploy/").await.expect(204);
    api.with_token(Some("a-key-of-my-own-choice")).get("core/users/me/").await.expect(403);
}

async fn an_expired_token_opens_nothing(database: Database) {
    let site = Site::direct(database).await;
    let ada = token_of(&site, site.ada, "brief").await;
    ada.get("core/users/me/").await.expect(200);
    let past = json!({ "expires": "2020-01-01T00:00:00Z", "expiring": true });
    site.server.api().patch("core/tokens/brief/", &past).await.expect(200);
    ada.get("core/users/me/").await.expect(403);
    // An app password is not for the API.
    let body = json!({ "identifier": "services", "intent": "app_password", "user": site.ada });
    site.server.api().post("core/tokens/", &body).await.expect(201);
    let key = site.server.api().get("core/tokens/services/view_key/").await.expect(200).json();
    ada.with_token(key["key"].as_str()).get("core/users/me/").await.expect(403);
    // Nor is the token of somebody who is disabled.
    let bob = token_of(&site, site.bob, "bobs").await;
    bob.get("core/users/me/").await.expect(200);
    let disabled = json!({ "is_active": false });
    site.server.api().patch(&format!("core/users/{}/", site.bob), &disabled).await.expect(200);
    bob.get("core/users/me/").await.expect(403);
}

async fn people_see_their_own_tokens_only(database: Database) {
    let site = Site::direct(database).await;
    let ada = token_of(&site, site.ada, "adas").await;
    token_of(&site, site.bob, "bobs").await;
    let own = ada.get("core/tokens/").await.expect(200).json();
    assert_eq!(own["pagination"]["count"], 1, "{own}");
    assert_eq!(own["results"][0]["identifier"], "adas");
    for path in ["core/tokens/bobs/", "core/tokens/bobs/view_key/"] {
        let reply = ada.get(path).await;
        assert!(matches!(reply.status, 403 | 404), "{path}: {}", reply.status);
    }
    // A token made without a user belongs to whoever makes it.
    ada.post("core/tokens/", &json!({ "identifier": "second", "intent": "api" })).await.expect(201);
    let made = site.server.api().get("core/tokens/second/").await.expect(200).json();
    assert_eq!(made["user"], site.ada);
}
