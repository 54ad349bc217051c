//! People's data, who may ask for it, and the flow executor.

use crate::support::{Api, Browser};
use http::{Method, StatusCode};
use lockgate_identity::oauth::{API_SCOPE, Contents, GrantFacts, Want};
use lockgate_store::{Issue, NewConsent, hash_secret};
use serde_json::{Value, json};

#[tokio::test]
async fn a_user_is_made_read_changed_and_deleted() {
    let api = Api::start().await;
    let group = api.post("/core/groups/", &json!({"name": "Staff"})).await.expect(201)["pk"].clone();
    let body = json!({
        "username": "mila", "name": "Mila Ø", "email": "mila@example.org", "path": "people/berlin",
        "attributes": {"desk": 4}, "groups": [group],
    });
    let made = api.post("/core/users/", &body).await.expect(201);
    let path = format!("/core/users/{}/", made["pk"]);
    let read = api.get(&path).await.expect(200);
    for key in ["username", "name", "email", "path", "attributes", "groups"] {
        assert_eq!(read[key], body[key], "{key}");
    }
    assert_eq!((&read["is_superuser"], &read["groups_obj"][0]["name"]), (&json!(false), &json!("Staff")));
    let list = api.get("/core/users/?groups_by_name=Staff&include_groups=false").await.expect(200);
    assert_eq!((&list["pagination"]["count"], &list["results"][0]["groups_obj"]), (&json!(1), &Value::Null));
    assert_eq!(api.put(&path, &json!({"name": "M"})).await.expect(400)["username"][0], "This field is required.");
    assert_eq!(api.patch(&path, &json!({"name": "M", "pk": 3})).await.expect(200)["pk"], made["pk"]);
    let wrong = json!({"username": "x", "name": "", "is_active": "perhaps", "attributes": [], "type": "internal_service_account"});
    let wrong = api.post("/core/users/", &wrong).await.expect(400);
    assert!(wrong["is_active"].is_array() && wrong["attributes"].is_array(), "{wrong}");
    let internal = json!({"username": "x", "name": "", "type": "internal_service_account"});
    assert!(api.post("/core/users/", &internal).await.expect(400)["type"].is_array());
    let twice = json!({"username": "MILA", "name": ""});
    assert!(api.post("/core/users/", &twice).await.expect(400)["username"].is_array());
    api.post(&format!("{path}set_password/"), &json!({"password": "a long password"})).await.expect(204);
    assert!(api.get("/core/users/paths/").await.expect(200)["paths"].to_string().contains("people/berlin"));
    api.delete(&path).await.expect(204);
    api.get(&path).await.expect(404);
    let me = api.get("/core/users/me/").await.expect(200)["user"]["pk"].clone();
    api.delete(&format!("/core/users/{me}/")).await.expect(400);
}

#[tokio::test]
async fn groups_nest_and_name_their_members() {
    let api = Api::start().await;
    let user = api.post("/core/users/", &json!({"username": "mila", "name": ""})).await.expect(201)["pk"].clone();
    let top = api.post("/core/groups/", &json!({"name": "Top", "users": [user]})).await.expect(201);
    assert_eq!((&top["users"], &top["users_obj"][0]["username"]), (&json!([user]), &json!("mila")));
    let low = json!({"name": "Low", "parents": [top["pk"]]});
    let low = api.post("/core/groups/", &low).await.expect(201);
    assert!(low["parents_obj"].is_null());
    let path = format!("/core/groups/{}/", top["pk"].as_str().expect("a key"));
    let read = api.get(&format!("{path}?include_children=true&include_users=false")).await.expect(200);
    assert_eq!((&read["children"], &read["children_obj"][0]["name"]), (&json!([low["pk"]]), &json!("Low")));
    assert!(read["users_obj"].is_null());
    let nobody = json!({"users": [4711]});
    assert!(api.patch(&path, &nobody).await.expect(400)["users"].is_array());
    api.post(&format!("{path}add_user/"), &json!({"pk": 4711})).await.expect(404);
    api.post(&format!("{path}remove_user/"), &json!({"pk": user})).await.expect(204);
    assert_eq!(api.get(&path).await.expect(200)["users"], json!([]));
    assert!(api.post("/core/groups/", &json!({"name": "Top"})).await.expect(400)["name"].is_array());
}

#[tokio::test]
async fn a_token_opens_until_it_is_replaced_and_belongs_to_whoever_made_it() {
    let api = Api::start().await;
    let user = api.post("/core/users/", &json!({"username": "ada", "name": ""})).await.expect(201)["pk"].clone();
    let body = json!({"identifier": "deploy", "intent": "api", "user": user, "expiring": false});
    assert!(api.post("/core/tokens/", &body).await.expect(201).get("key").is_none());
    assert!(api.post("/core/tokens/", &body).await.expect(400)["identifier"].is_array());
    let key = api.get("/core/tokens/deploy/view_key/").await.expect(200)["key"].as_str().expect("a key").to_owned();
    let ada = api.with_token(&key);
    assert_eq!(ada.get("/core/users/me/").await.expect(200)["user"]["username"], "ada");
    // A token of one's own ends, whatever one wants.
    let own = ada.post("/core/tokens/", &json!({"identifier": "mine", "expiring": false})).await.expect(201);
    assert_eq!((&own["user"], &own["expiring"]), (&user, &json!(true)));
    assert_eq!(ada.get("/core/tokens/").await.expect(200)["pagination"]["count"], 2);
    ada.get("/core/tokens/authentik-bootstrap-token/view_key/").await.expect(404);
    let me = api.get("/core/users/me/").await.expect(200)["user"]["pk"].clone();
    ada.post("/core/tokens/", &json!({"identifier": "theirs", "user": me})).await.expect(403);

    api.post("/core/tokens/deploy/set_key/", &json!({"key": "short"})).await.expect(400);
    api.post("/core/tokens/deploy/set_key/", &json!({"key": "a-key-of-my-own-choice"})).await.expect(204);
    assert_eq!(ada.get("/core/users/me/").await.expect(403)["detail"], "Token invalid/expired");
    api.with_token("a-key-of-my-own-choice").get("/core/users/me/").await.expect(200);
    let past = json!({"expires": "2020-01-01T00:00:00Z", "expiring": true});
    api.patch("/core/tokens/deploy/", &past).await.expect(200);
    api.with_token("a-key-of-my-own-choice").get("/core/users/me/").await.expect(403);
}

#[tokio::test]
async fn errors_have_the_shapes_of_the_contract() {
    let api = Api::start().await;
    assert_eq!(api.get("/core/users").await.expect(404)["detail"], "Not found.");
    assert!(api.get("/core/users/abc/").await.expect(404)["detail"].is_string());
    assert_eq!(api.delete("/core/users/").await.expect(405)["detail"], "Method \"DELETE\" not allowed.");
    assert!(api.raw(Method::POST, "/core/groups/", "text/plain", "x").await.expect(415)["detail"].is_string());
    assert!(api.raw(Method::POST, "/core/groups/", "application/json", "{").await.expect(400)["detail"].is_string());
    assert!(api.raw(Method::POST, "/core/groups/", "application/json", "[]").await.expect(400).is_object());
    let huge = format!("{{\"name\": \"{}\"}}", "x".repeat(3 << 20));
    assert!(api.raw(Method::POST, "/core/groups/", "application/json", &huge).await.expect(413)["detail"].is_string());
    assert!(api.get("/core/users/?attributes=x").await.expect(400)["attributes"].is_array());
    assert!(api.get("/core/users/?date_joined__gt=x").await.expect(400)["date_joined__gt"].is_array());
    let schema = api.get("/schema/?format=json").await.expect(200);
    assert_eq!(schema, lockgate_api::openapi::document());
}

#[tokio::test]
async fn a_flow_ends_with_a_session_whose_writes_must_be_meant() {
    let api = Api::start().await;
    let user = json!({"username": "ada", "name": "Ada"});
    let pk = api.post("/core/users/", &user).await.expect(201)["pk"].clone();
    api.post(&format!("/core/users/{pk}/set_password/"), &json!({"password": "a long password"})).await.expect(204);
    let mut browser = Browser::new(&api);
    let flow = "/flows/executor/default-authentication-flow/?query=next%3D%252Fafter";
    let mut reply = browser.send(Method::GET, flow, &Value::Null).await;
    for _ in 0..6 {
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        let answer = match reply.body["component"].as_str().expect("a component") {
            "xak-flow-redirect" => break,
            "ak-stage-identification" => {
                json!({"component": "ak-stage-identification", "uid_field": "ada", "password": "a long password"})
            }
            other => json!({"component": other, "password": "a long password"}),
        };
        reply = browser.send(Method::POST, flow, &answer).await;
        if reply.status == StatusCode::FOUND {
            assert_eq!(reply.location, format!("/api/v3{flow}"));
            reply = browser.send(Method::GET, flow, &Value::Null).await;
        }
    }
    assert_eq!((&reply.body["component"], &reply.body["to"]), (&json!("xak-flow-redirect"), &json!("/after")));
    assert_eq!(browser.send(Method::GET, "/core/users/me/", &Value::Null).await.body["user"]["username"], "ada");
    let sessions = browser.send(Method::GET, "/core/authenticated_sessions/", &Value::Null).await.body;
    assert_eq!((&sessions["pagination"]["count"], &sessions["results"][0]["current"]), (&json!(1), &json!(true)));

    let token = json!({"identifier": "made-in-a-session"});
    browser.csrf = false;
    assert_eq!(browser.send(Method::POST, "/core/tokens/", &token).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.send(Method::POST, flow, &json!({})).await.status, StatusCode::FORBIDDEN);
    browser.csrf = true;
    assert_eq!(browser.send(Method::POST, "/core/tokens/", &token).await.status, StatusCode::CREATED);

    let path = format!("/core/authenticated_sessions/{}/", sessions["results"][0]["uuid"].as_str().expect("a key"));
    api.delete(&path).await.expect(204);
    assert_eq!(browser.send(Method::GET, "/core/users/me/", &Value::Null).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_access_token_of_the_right_scope_calls_the_api() {
    let api = Api::start().await;
    let flow = async |slug: &str| {
        api.get(&format!("/flows/instances/{slug}/")).await.expect(200)["pk"].as_str().expect("a key").to_owned()
    };
    let body = json!({
        "name": "wiki", "mode": "forward_single", "external_host": "https://wiki.example.com",
        "authorization_flow": flow("default-provider-authorization-implicit-consent").await,
        "invalidation_flow": flow("default-provider-invalidation-flow").await,
    });
    let provider = api.post("/providers/proxy/", &body).await.expect(201);
    api.post("/core/applications/", &json!({"name": "Wiki", "slug": "wiki", "provider": provider["pk"]}))
        .await
        .expect(201);
    let me = api.get("/core/users/me/").await.expect(200)["user"]["pk"].as_i64().expect("a number");
    let snapshot = api.identity.config.snapshot();
    let client = snapshot.app("wiki").and_then(|app| app.client.clone()).expect("a client");
    let who = api.identity.principals.get(me).await.expect("a database").expect("a person");
    let mint = async |scope: &str, jkt: Option<&str>| {
        let oauth = &api.identity.oauth;
        let facts = GrantFacts::of_service("https://auth.example.com/".to_owned(), api.identity.clock.now());
        let facts = GrantFacts { jkt: jkt.map(str::to_owned), ..facts };
        let scopes = [scope.to_owned()];
        let contents = Contents { client: &client, who: who.principal(), scopes: &scopes, facts: &facts };
        let want = Want { access: true, ..Want::default() };
        let minted = oauth.mint(&snapshot, contents, oauth.new_grant(), want).await.expect("a token");
        oauth.issue(Issue::Plain(minted.rows)).await.expect("a database");
        minted.access.expect("a token")
    };
    let calls = async |token: &str| api.with_token(token).get("/core/users/me/").await;
    let token = mint(API_SCOPE, None).await;
    assert_eq!(calls(&token).await.expect(200)["user"]["pk"], me);
    calls(&mint("openid", None).await).await.expect(403);
    calls(&mint(API_SCOPE, Some("a thumbprint")).await).await.expect(403);
    let consent =
        NewConsent { user_pk: me, application: client.app_id, permissions: "openid".to_owned(), expires: None };
    api.identity.store.consents().grant(&consent).await.expect("a database");
    let consents = api.get("/core/user_consent/").await.expect(200);
    api.delete(&format!("/core/user_consent/{}/", consents["results"][0]["pk"])).await.expect(204);
    calls(&token).await.expect(403);
    let token = mint(API_SCOPE, None).await;
    let now = api.identity.clock.now();
    api.identity.store.oauth_tokens().revoke(&hash_secret(&token), now).await.expect("a database");
    api.identity.feed.settle().await;
    calls(&token).await.expect(403);
}
