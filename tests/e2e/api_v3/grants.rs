//! `/api/v3/oauth2/…/`: tokens and codes that applications were given.

use lockgate_tests::{Api, Client, Database, Reply, Site};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    conventions::{results, token_of},
    oauth2_providers::with_application,
};

on_each_database!(
    an_issued_token_is_listed_without_itself_and_can_be_deleted,
    people_see_their_own_tokens,
    a_preview_says_what_a_token_then_says,
    the_code_of_a_login_is_listed_without_itself,
);

/// An access token for the user that an app password of this name belongs to.
async fn issued(site: &Site, provider: &Value, user: i64, username: &str) -> String {
    let api = site.server.api();
    let identifier = format!("{username}-{}", provider["pk"]);
    let body = json!({ "identifier": identifier, "intent": "app_password", "user": user });
    api.post("core/tokens/", &body).await.expect(201);
    let key = api.get(&format!("core/tokens/{identifier}/view_key/")).await.expect(200).json()["key"].clone();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", provider["client_id"].as_str().unwrap_or_default()),
        ("username", username),
        ("password", key.as_str().unwrap_or_default()),
    ];
    let request = Client::new().request(Method::POST, &site.url("auth", "/application/o/token/")).form(&form);
    let answer = Reply::of(request).await.expect(200).json();
    answer["access_token"].as_str().unwrap_or_else(|| panic!("no access token: {answer}")).to_owned()
}

/// Whether a token opens something: here a provider that trusts the one that issued it.
async fn opens(site: &Site, trusting: &Value, token: &str) -> bool {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", trusting["client_id"].as_str().unwrap_or_default()),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", token),
    ];
    let request = Client::new().request(Method::POST, &site.url("auth", "/application/o/token/")).form(&form);
    let reply = Reply::of(request).await;
    assert!(matches!(reply.status, 200 | 400 | 401 | 403), "{}: {}", reply.status, reply.text());
    reply.status == 200
}

async fn count(api: &Api, path: &str) -> Value {
    api.get(path).await.expect(200).json()["pagination"]["count"].clone()
}

async fn an_issued_token_is_listed_without_itself_and_can_be_deleted(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let provider = with_application(&api, "grafana").await;
    let trusting = with_application(&api, "wiki").await;
    let trust = json!({ "jwt_federation_providers": [provider["pk"]] });
    api.patch(&format!("providers/oauth2/{}/", trusting["pk"]), &trust).await.expect(200);
    let token = issued(&site, &provider, site.ada, "ada").await;
    let list = api.get(&format!("oauth2/access_tokens/?provider={}", provider["pk"])).await.expect(200);
    assert!(!list.text().contains(&token), "the token is listed");
    let list = list.json();
    let shown = &results(&list)[0];
    assert_eq!(shown["user"]["username"], "ada");
    assert_eq!(shown["provider"]["pk"], provider["pk"]);
    assert_eq!(shown["provider"]["assigned_application_slug"], "grafana");
    assert!(shown["provider"].get("client_secret").is_none(), "{shown}");
    assert_eq!((&shown["revoked"], &shown["is_expired"]), (&json!(false), &json!(false)));
    assert!(shown["scope"].is_array() && shown["expires"].is_string(), "{shown}");
    let claims: Value = serde_json::from_str(shown["id_token"].as_str().unwrap_or_default()).unwrap_or_default();
    assert_eq!(claims["aud"], provider["client_id"]);
    let path = format!("oauth2/access_tokens/{}/", shown["pk"]);
    assert_eq!(api.get(&path).await.expect(200).json(), *shown);
    assert_eq!(api.get(&format!("{path}used_by/")).await.expect(200).json(), json!([]));
    api.get(&path.replace("access", "refresh")).await.expect(404);
    api.put(&path, &json!({})).await.expect(405);
    assert!(opens(&site, &trusting, &token).await);
    api.delete(&path).await.expect(204);
    assert!(!opens(&site, &trusting, &token).await, "a deleted token still counts");
    api.get(&path).await.expect(404);
    api.delete(&path).await.expect(404);
    assert_eq!(count(&api, &format!("oauth2/access_tokens/?provider={}", provider["pk"])).await, 0);
}

async fn people_see_their_own_tokens(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let (grafana, wiki) = (with_application(&api, "grafana").await, with_application(&api, "wiki").await);
    issued(&site, &grafana, site.ada, "ada").await;
    issued(&site, &wiki, site.ada, "ada").await;
    issued(&site, &grafana, site.bob, "bob").await;
    for (filter, wanted) in [
        (String::new(), 3),
        (format!("user={}", site.ada), 2),
        (format!("provider={}", grafana["pk"]), 2),
        (format!("provider={}&user={}", grafana["pk"], site.bob), 1),
        ("search=wiki".to_owned(), 1),
        ("provider=999999".to_owned(), 0),
    ] {
        assert_eq!(count(&api, &format!("oauth2/access_tokens/?{filter}")).await, wanted, "{filter}");
    }
    let page = api.get("oauth2/access_tokens/?page_size=2&page=2&ordering=-expires").await.expect(200).json();
    assert_eq!((results(&page).len(), &page["pagination"]["previous"]), (1, &json!(1)));
    let ada = token_of(&site, site.ada, "ada-api").await;
    assert_eq!(count(&ada, "oauth2/access_tokens/").await, 2);
    assert_eq!(count(&ada, &format!("oauth2/access_tokens/?user={}", site.bob)).await, 0);
    let bobs = api.only(&format!("oauth2/access_tokens/?user={}", site.bob)).await;
    let path = format!("oauth2/access_tokens/{}/", bobs["pk"]);
    for reply in [ada.get(&path).await, ada.delete(&path).await, ada.get(&format!("{path}used_by/")).await] {
        assert_eq!(reply.expect(404).json()["detail"], "No TokenModel matches the given query.");
    }
    let own = ada.only(&format!("oauth2/access_tokens/?provider={}", wiki["pk"])).await;
    ada.delete(&format!("oauth2/access_tokens/{}/", own["pk"])).await.expect(204);
    assert_eq!(count(&api, "oauth2/access_tokens/").await, 2);
}

async fn a_preview_says_what_a_token_then_says(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let provider = with_application(&api, "grafana").await;
    let mapping = json!({ "name": "nick", "scope_name": "nick", "expression": "#{ nick: user.username }" });
    let mapping = api.post("propertymappings/provider/scope/", &mapping).await.expect(201).json();
    let path = format!("providers/oauth2/{}/", provider["pk"]);
    api.patch(&path, &json!({ "property_mappings": [mapping["pk"]] })).await.expect(200);
    let preview = api.get(&format!("{path}preview_user/?for_user={}", site.ada)).await.expect(200).json();
    issued(&site, &provider, site.ada, "ada").await;
    let token = api.only("oauth2/access_tokens/").await;
    let claims: Value = serde_json::from_str(token["id_token"].as_str().unwrap_or_default()).unwrap_or_default();
    assert_eq!(preview["preview"]["nick"], "ada");
    for claim in ["iss", "sub", "aud", "nick"] {
        assert_eq!(preview["preview"][claim], claims[claim], "{claim}");
    }

    let broken = json!({ "expression": "let wrong = 0;\n#{ nick: 1 / wrong }" });
    let place = format!("propertymappings/provider/scope/{}/", mapping["pk"].as_str().unwrap_or_default());
    api.patch(&place, &broken).await.expect(200);
    let answer = api.get(&format!("{path}preview_user/")).await.expect(400).json();
    let text = answer["non_field_errors"][0].as_str().unwrap_or_default();
    assert!(text.contains("nick") && text.contains(":2:"), "{answer}");
}

async fn the_code_of_a_login_is_listed_without_itself(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    site.signed_in("ada").await;
    let code = api.only(&format!("oauth2/authorization_codes/?user={}", site.ada)).await;
    assert_eq!(code["user"]["username"], "ada");
    assert_eq!(code["provider"]["assigned_application_slug"], "one");
    assert!(code.get("id_token").is_none() && code.get("code").is_none(), "{code}");
    let path = format!("oauth2/authorization_codes/{}/", code["pk"]);
    let bob = token_of(&site, site.bob, "bob-api").await;
    assert_eq!(bob.get(&path).await.expect(404).json()["detail"], "No ExpiringBaseGrantModel matches the given query.");
    bob.delete(&path).await.expect(404);
    assert_eq!(count(&bob, "oauth2/authorization_codes/").await, 0);
    let ada = token_of(&site, site.ada, "ada-api").await;
    assert_eq!(ada.get(&path).await.expect(200).json()["pk"], code["pk"]);
    ada.delete(&path).await.expect(204);
    assert_eq!(count(&api, "oauth2/authorization_codes/").await, 0);
}
