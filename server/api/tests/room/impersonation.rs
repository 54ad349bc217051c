//! Acting as somebody else, getting people back in, and passwords that were hashed elsewhere.

use crate::support::{Api, Browser};
use http::{Method, StatusCode};
use lockgate_identity::turns::Trust;
use serde_json::{Value, json};

const PASSWORD: &str = "a long password";

async fn user(api: &Api, name: &str, groups: &[&Value]) -> Value {
    let body = json!({"username": name, "name": name, "email": format!("{name}@example.com"), "groups": groups});
    let pk = api.post("/core/users/", &body).await.expect(201)["pk"].clone();
    api.post(&format!("/core/users/{pk}/set_password/"), &json!({"password": PASSWORD})).await.expect(204);
    pk
}

async fn admins(api: &Api) -> Value {
    api.get("/core/groups/?is_superuser=true").await.expect(200)["results"][0]["pk"].clone()
}

async fn me(browser: &mut Browser) -> Value {
    browser.send(Method::GET, "/core/users/me/", &Value::Null).await.expect(200)
}

async fn events(api: &Api, action: &str) -> Vec<lockgate_store::Event> {
    api.identity.journal.flush().await;
    let filter =
        lockgate_store::EventFilter { actions: vec![action.to_owned()], ..lockgate_store::EventFilter::default() };
    api.store.events().list(&filter).await.expect("events").0
}

#[tokio::test]
async fn somebody_acts_as_another_until_that_is_ended_and_everybody_sees_who_it_is() {
    let api = Api::start().await;
    let (bob, eve) = (user(&api, "bob", &[]).await, user(&api, "eve", &[]).await);
    user(&api, "root", &[&admins(&api).await]).await;
    let mut browser = Browser::new(&api);
    browser.sign_in("root", PASSWORD).await;
    let path = format!("/core/users/{bob}/impersonate/");
    let start = async |browser: &mut Browser, path: &str, body: Value| browser.send(Method::POST, path, &body).await;

    for body in [json!({}), json!({"reason": ""}), json!({"reason": "  "})] {
        assert!(start(&mut browser, &path, body).await.expect(400)["reason"].is_array());
    }
    assert!(api.post(&path, &json!({"reason": "x"})).await.expect(400)["detail"].is_string(), "a token has no session");
    start(&mut browser, "/core/users/4711/impersonate/", json!({"reason": "x"})).await.expect(404);
    browser.csrf = false;
    start(&mut browser, &path, json!({"reason": "x"})).await.expect(403);
    browser.csrf = true;

    let before = browser.cookie("authentik_session");
    start(&mut browser, &path, json!({"reason": "a ticket of Bob's"})).await.expect(204);
    assert_ne!(browser.cookie("authentik_session"), before, "the identifier rotates");
    let shown = me(&mut browser).await;
    assert_eq!((&shown["user"]["username"], &shown["original"]["username"]), (&json!("bob"), &json!("root")));
    assert_eq!(shown["user"]["is_superuser"], false);

    // As Bob one may what Bob may, and what would outlast it, not even that.
    browser.send(Method::GET, "/core/users/", &Value::Null).await.expect(403);
    start(&mut browser, &format!("/core/users/{eve}/impersonate/"), json!({"reason": "x"})).await.expect(404);
    browser.send(Method::POST, "/core/tokens/", &json!({"identifier": "kept"})).await.expect(403);
    let started = events(&api, "impersonation_started").await;
    assert_eq!(
        (&started[0].user["username"], &started[0].context["reason"]),
        (&json!("root"), &json!("a ticket of Bob's"))
    );
    assert_eq!(started[0].context["impersonated"]["username"], "bob");

    browser.send(Method::GET, "/core/users/impersonate_end/", &Value::Null).await.expect(204);
    let shown = me(&mut browser).await;
    assert_eq!((&shown["user"]["username"], &shown["original"]), (&json!("root"), &Value::Null));
    assert_eq!(events(&api, "impersonation_ended").await.len(), 1);
    browser.send(Method::GET, "/core/users/impersonate_end/", &Value::Null).await.expect(204);
}

/// A browser of one superuser who acts as another, and the key of the other.
async fn acting(api: &Api) -> (Browser, Value) {
    let admins = admins(api).await;
    let other = user(api, "other-root", &[&admins]).await;
    user(api, "root", &[&admins]).await;
    let mut browser = Browser::new(api);
    browser.sign_in("root", PASSWORD).await;
    let path = format!("/core/users/{other}/impersonate/");
    browser.send(Method::POST, &path, &json!({"reason": "x"})).await.expect(204);
    (browser, other)
}

#[tokio::test]
async fn events_tell_who_acted_as_whom() {
    let api = Api::start().await;
    let (mut browser, _) = acting(&api).await;
    browser.send(Method::POST, "/core/groups/", &json!({"name": "Made meanwhile"})).await.expect(201);
    let third = user(&api, "third", &[]).await;
    let further = format!("/core/users/{third}/impersonate/");
    browser.send(Method::POST, &further, &json!({"reason": "x"})).await.expect(403);
    let made = events(&api, "model_created").await;
    let made = made.iter().find(|event| event.context["model"]["name"] == "Made meanwhile").expect("an event");
    assert_eq!(made.user["username"], "root", "{}", made.user);
    assert_eq!(made.user["on_behalf_of"]["username"], "other-root");
}

#[tokio::test]
async fn no_password_is_set_meanwhile() {
    let api = Api::start().await;
    let (mut browser, other) = acting(&api).await;

    const NEW: &str = "correct horse battery staple";
    let hash = "pbkdf2_sha256$1000$salt$BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    for (act, password) in [("set_password", NEW), ("set_password_hash", hash)] {
        let path = format!("/core/users/{other}/{act}/");
        browser.send(Method::POST, &path, &json!({"password": password})).await.expect(403);
    }
    let flow = "/flows/executor/default-password-change/?query=";
    browser.send(Method::GET, flow, &Value::Null).await.expect(200);
    // Who acts as somebody else does not know their password; should they, it changes nothing.
    browser.send(Method::POST, flow, &json!({"password": PASSWORD})).await.expect(302);
    browser.send(Method::GET, flow, &Value::Null).await.expect(200);
    let answer = json!({"password": NEW, "password_repeat": NEW});
    browser.send(Method::POST, flow, &answer).await.expect(302);
    let answered = browser.send(Method::GET, flow, &Value::Null).await.expect(200);
    assert!(answered.to_string().contains("while you act as somebody else"), "{answered}");
    assert_eq!(events(&api, "password_set").await.len(), 2, "when the two accounts were made");
    Browser::new(&api).sign_in("other-root", PASSWORD).await;
}

#[tokio::test]
async fn it_ends_with_the_right_to_it() {
    let api = Api::start().await;
    let admins = admins(&api).await;
    let bob = user(&api, "bob", &[]).await;
    let path = format!("/core/users/{bob}/impersonate/");
    let acting = async |name: &str| {
        let root = user(&api, name, &[&admins]).await;
        let mut browser = Browser::new(&api);
        browser.sign_in(name, PASSWORD).await;
        browser.send(Method::POST, &path, &json!({"reason": "x"})).await.expect(204);
        (browser, root)
    };
    let closed = async |browser: &mut Browser| {
        browser.send(Method::GET, "/core/users/me/", &Value::Null).await.status == StatusCode::FORBIDDEN
    };
    let (mut browser, root) = acting("left").await;
    api.patch(&format!("/core/users/{root}/"), &json!({"groups": []})).await.expect(200);
    assert!(closed(&mut browser).await, "who may no longer act as others");
    let (mut browser, root) = acting("inactive").await;
    api.patch(&format!("/core/users/{root}/"), &json!({"is_active": false})).await.expect(200);
    assert!(closed(&mut browser).await, "whose account is not active");
    let (mut browser, root) = acting("deleted").await;
    api.delete(&format!("/core/users/{root}/")).await.expect(204);
    assert!(closed(&mut browser).await, "who is deleted");
    let (mut browser, root) = acting("changed").await;
    api.post(&format!("/core/users/{root}/set_password/"), &json!({"password": "another one"})).await.expect(204);
    assert!(closed(&mut browser).await, "whose password was changed");
    let (mut browser, _) = acting("off").await;
    api.patch("/admin/settings/", &json!({"impersonation": false})).await.expect(200);
    assert!(closed(&mut browser).await, "when it is turned off");
    let mut browser = Browser::new(&api);
    browser.sign_in("off", PASSWORD).await;
    browser.send(Method::POST, &path, &json!({"reason": "x"})).await.expect(403);
    let on = json!({"impersonation": true, "impersonation_require_reason": false});
    api.patch("/admin/settings/", &on).await.expect(200);
    browser.send(Method::POST, &path, &json!({})).await.expect(204);
}

#[tokio::test]
async fn a_role_lets_people_act_as_others_and_makes_nobody_a_superuser() {
    let api = Api::start().await;
    let role = api.post("/rbac/roles/", &json!({"name": "support"})).await.expect(201)["pk"].clone();
    let assign = format!("/rbac/permissions/assigned_by_roles/{}/assign/", role.as_str().expect("a key"));
    let permissions = json!({"permissions": ["authentik_core.impersonate", "authentik_core.view_user"]});
    api.post(&assign, &permissions).await.expect(200);
    let support = user(&api, "support", &[]).await;
    api.patch(&format!("/core/users/{support}/"), &json!({"roles": [role]})).await.expect(200);
    let (bob, root) = (user(&api, "bob", &[]).await, user(&api, "root", &[&admins(&api).await]).await);
    let mut browser = Browser::new(&api);
    browser.sign_in("support", PASSWORD).await;
    let reason = json!({"reason": "x"});
    browser.send(Method::POST, &format!("/core/users/{root}/impersonate/"), &reason).await.expect(403);
    browser.send(Method::POST, &format!("/core/users/{support}/impersonate/"), &reason).await.expect(403);
    browser.send(Method::POST, &format!("/core/users/{bob}/impersonate/"), &reason).await.expect(204);
    assert_eq!(me(&mut browser).await["user"]["username"], "bob");
    // Whoever the other one becomes meanwhile, the right is asked about that.
    let admins = admins(&api).await;
    api.patch(&format!("/core/users/{bob}/"), &json!({"groups": [admins]})).await.expect(200);
    browser.send(Method::GET, "/core/users/me/", &Value::Null).await.expect(403);
}

const RECOVERY: &str = "\
flow: get-back
title: Get back
designation: recovery
stages:
  - prompt:
      fields:
        - { key: password, label: Password, type: password }
  - write
  - login
---
brand: authentik-default
flow_recovery: get-back
";

#[tokio::test]
async fn a_recovery_link_leads_one_person_into_the_recovery_flow_once() {
    let api = Api::start().await;
    let ada = user(&api, "ada", &[]).await;
    let told = api.post(&format!("/core/users/{ada}/recovery/"), &json!({})).await.expect(400);
    assert_eq!(told["non_field_errors"][0], "No recovery flow set.");

    let api = Api::start_with("recovery.yaml", RECOVERY).await;
    let ada = user(&api, "ada", &[]).await;
    let path = format!("/core/users/{ada}/recovery/");
    assert!(api.post(&path, &json!({"token_duration": "soon"})).await.expect(400)["token_duration"].is_array());
    let link = api.post(&path, &json!({"token_duration": "hours=1"})).await.expect(200)["link"].clone();
    let link = link.as_str().expect("a text");
    let (base, key) = link.split_once("?flow_token=").expect("a key");
    assert_eq!(base, "https://auth.example.com/if/flow/get-back/");

    // In no other flow is it worth anything.
    let query = format!("?query=flow_token%3D{key}");
    let mut browser = Browser::new(&api);
    let other = format!("/flows/executor/default-authentication-flow/{query}");
    let asked = browser.send(Method::GET, &other, &Value::Null).await.expect(200);
    assert_eq!(asked["component"], "ak-stage-identification");

    let here = format!("/flows/executor/get-back/{query}");
    let mut late = Browser::new(&api);
    // A program that opens it, however often, uses nothing up.
    for _ in 0..3 {
        let mut scanner = Browser::new(&api);
        let seen = scanner.send(Method::GET, &here, &Value::Null).await.expect(200);
        assert_eq!(seen["component"], "ak-stage-email", "{seen}");
    }
    let mut reply = browser.send(Method::GET, &here, &Value::Null).await;
    assert_eq!(reply.body["component"], "ak-stage-email", "{}", reply.body);
    browser.send(Method::POST, &here, &json!({"component": "ak-stage-email"})).await.expect(302);
    reply = browser.send(Method::GET, &here, &Value::Null).await;
    assert_eq!(reply.body["component"], "ak-stage-prompt", "{}", reply.body);
    assert!(reply.body["response_errors"].is_null(), "the link was used here: {}", reply.body);
    let answer = json!({"component": "ak-stage-prompt", "password": "a new long password"});
    browser.send(Method::POST, &here, &answer).await.expect(302);
    browser.send(Method::GET, &here, &Value::Null).await.expect(200);
    assert_eq!(me(&mut browser).await["user"]["username"], "ada");

    // Who comes later is nobody, and sets nobody's password.
    late.send(Method::GET, &here, &Value::Null).await;
    let answer = json!({"component": "ak-stage-prompt", "password": "yet another password"});
    late.send(Method::POST, &here, &answer).await;
    late.send(Method::GET, "/core/users/me/", &Value::Null).await.expect(403);
    let mut again = Browser::new(&api);
    again.sign_in("ada", "a new long password").await;

    let stage = json!({"email_stage": "00000000-0000-4000-8000-000000000000"});
    let mail = format!("/core/users/{ada}/recovery_email/");
    assert!(api.post(&mail, &json!({})).await.expect(400)["email_stage"].is_array());
    assert!(api.post(&mail, &stage).await.expect(400)["email_stage"].is_array(), "there is no such stage");
    api.patch(&format!("/core/users/{ada}/"), &json!({"email": ""})).await.expect(200);
    assert!(api.post(&mail, &stage).await.expect(400)["non_field_errors"].is_array());
    api.patch(&format!("/core/users/{ada}/"), &json!({"is_active": false})).await.expect(200);
    api.post(&path, &json!({})).await.expect(400);
}

#[tokio::test]
async fn a_password_that_was_hashed_elsewhere_opens_the_account() {
    let api = Api::start().await;
    let ada = user(&api, "ada", &[]).await;
    let hash = api.identity.passwords.hash("from elsewhere", Trust::Known).await.expect("a hash");
    let path = format!("/core/users/{ada}/set_password_hash/");
    for wrong in ["", "from elsewhere", "$2b$12$abcdefghijklmnopqrstuv"] {
        assert!(api.post(&path, &json!({"password": wrong})).await.expect(400)["password"].is_array(), "{wrong}");
    }
    api.post(&path, &json!({"password": format!("argon2{hash}")})).await.expect(204);
    let mut browser = Browser::new(&api);
    browser.sign_in("ada", "from elsewhere").await;
    assert_eq!(me(&mut browser).await["user"]["username"], "ada");
}

#[tokio::test]
async fn all_users_can_be_had_in_one_go_line_by_line() {
    let api = Api::start().await;
    for name in ["ada", "bob", "eve"] {
        user(&api, name, &[]).await;
    }
    api.post("/core/users/export/?type=nonsense", &json!({})).await.expect(400);
    let told = api.post("/core/users/export/?ordering=-username&search=example.com", &json!({})).await.expect(201);
    assert_eq!((&told["completed"], &told["query_params"]["search"]), (&json!(true), &json!(["example.com"])));
    assert_eq!(told["content_type"]["fully_qualified_model"], "authentik_core.user");
    let path = told["file_url"].as_str().expect("a text").strip_prefix("/api/v3").expect("a path");
    let lines = api.get(path).await.expect(200);
    let lines: Vec<Value> =
        lines.as_str().expect("lines").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let names: Vec<&str> = lines.iter().filter_map(|user| user["username"].as_str()).collect();
    assert_eq!(names, ["eve", "bob", "akadmin", "ada"]);
    assert!(lines.iter().all(|user| user["groups_obj"].is_array()));
    let told = api.post("/core/users/switch/", &json!({"user_pk": 1})).await.expect(501);
    assert!(told["detail"].as_str().expect("a text").contains("session"), "{told}");
}
