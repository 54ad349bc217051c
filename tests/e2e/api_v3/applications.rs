//! Applications, providers, bindings and policies, as a script sets an app up.

use lockgate_tests::{Client, Database, Reply, Server, Site};
use serde_json::{Value, json};

on_each_database!(
    an_app_is_set_up_by_a_script,
    an_expression_decides_who_gets_in,
    nothing_opens_because_a_policy_is_deleted,
    bindings_take_exactly_one_of_three,
    references_hold_and_used_by_names_them,
    check_access_explains,
    builtin_objects_can_be_edited,
);

async fn an_app_is_set_up_by_a_script(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let pk = crate::outpost::open_app(&site.server, "wiki", &site.url("wiki", ""), &json!({})).await;
    let provider = api.get(&format!("providers/proxy/{pk}/")).await.expect(200).json();
    assert_eq!(provider["component"], "ak-provider-proxy-form");
    assert_eq!(provider["meta_model_name"], "authentik_providers_proxy.proxyprovider");
    assert_eq!(provider["assigned_application_slug"], "wiki");
    assert_eq!(provider["access_token_validity"], "hours=1");
    assert!(provider["client_id"].as_str().is_some_and(|id| id.len() >= 32), "{provider}");
    let app = api.get("core/applications/wiki/").await.expect(200).json();
    assert_eq!(app["provider"], pk);
    assert_eq!(app["provider_obj"]["pk"], pk);
    assert_eq!(app["launch_url"], site.url("wiki", ""));

    // Without bindings it is open to everybody; with one, to its group.
    let bob = Client::new();
    site.enter(&bob, "wiki", "bob").await;
    Reply::of(site.ask(&bob, "traefik", "wiki", "/")).await.expect(200);
    let binding = json!({ "target": app["pk"], "group": api.group("Media").await, "order": 0 });
    let binding = api.post("policies/bindings/", &binding).await.expect(201).json();
    assert_ne!(Reply::of(site.ask(&bob, "traefik", "wiki", "/")).await.status, 200);
    let path = format!("policies/bindings/{}/", binding["pk"].as_str().unwrap_or_default());
    api.patch(&path, &json!({ "negate": true })).await.expect(200);
    Reply::of(site.ask(&bob, "traefik", "wiki", "/")).await.expect(200);
    api.patch(&path, &json!({ "negate": false, "enabled": false })).await.expect(200);
    Reply::of(site.ask(&bob, "traefik", "wiki", "/")).await.expect(200);

    api.delete("core/applications/wiki/").await.expect(204);
    assert_ne!(Reply::of(site.ask(&bob, "traefik", "wiki", "/")).await.status, 200, "an app without its application");
    api.get(&path).await.expect(404);
    api.delete(&format!("providers/proxy/{pk}/")).await.expect(204);
    Reply::of(site.ask(&bob, "traefik", "wiki", "/")).await.expect(400);
}

async fn an_expression_decides_who_gets_in(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    crate::outpost::open_app(&site.server, "wiki", &site.url("wiki", ""), &json!({})).await;
    let app = api.get("core/applications/wiki/").await.expect(200).json();
    let policy = json!({ "name": "only-bob", "expression": "request.user.username == \"bob\"" });
    let policy = api.post("policies/expression/", &policy).await.expect(201).json();
    let binding = json!({ "target": app["pk"], "policy": policy["pk"], "order": 0 });
    api.post("policies/bindings/", &binding).await.expect(201);

    let bob = Client::new();
    site.enter(&bob, "wiki", "bob").await;
    let start = site.url("wiki", "/outpost.goauthentik.io/start");
    let ada = Client::new().open_signing_in(&start, "ada", Site::password()).await;
    assert!(ada.url().as_str().starts_with(&site.url("auth", "/")), "{}", ada.url());

    // An expression that does not compile is refused; one that fails, denies.
    let path = format!("policies/expression/{}/", policy["pk"].as_str().unwrap_or_default());
    let broken = api.patch(&path, &json!({ "expression": "this is no (expression" })).await.expect(400).json();
    assert!(broken["expression"].is_array(), "{broken}");
    Reply::of(site.ask(&bob, "traefik", "wiki", "/")).await.expect(200);
    for failing in ["throw \"no\"", "no_such_name == 1", "let x = 0; loop { x += 1 }", "\"yes\" + 1 / 0"] {
        api.patch(&path, &json!({ "expression": failing })).await;
        if api.get(&path).await.json()["expression"] == failing {
            assert_ne!(Reply::of(site.ask(&bob, "traefik", "wiki", "/")).await.status, 200, "{failing} lets in");
        }
    }
    api.patch(&path, &json!({ "expression": "true" })).await.expect(200);
    Reply::of(site.ask(&bob, "traefik", "wiki", "/")).await.expect(200);
}

async fn nothing_opens_because_a_policy_is_deleted(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    crate::outpost::open_app(&site.server, "wiki", &site.url("wiki", ""), &json!({})).await;
    let app = api.get("core/applications/wiki/").await.expect(200).json();
    let policy = json!({ "name": "nobody", "expression": "false" });
    let policy = api.post("policies/expression/", &policy).await.expect(201).json();
    let path = format!("policies/expression/{}/", policy["pk"].as_str().unwrap_or_default());
    let binding = json!({ "target": app["pk"], "policy": policy["pk"], "order": 0 });
    let binding = api.post("policies/bindings/", &binding).await.expect(201).json();
    let binding = format!("policies/bindings/{}/", binding["pk"].as_str().unwrap_or_default());
    let closed = async || {
        let start = site.url("wiki", "/outpost.goauthentik.io/start");
        let tried = Client::new().open_signing_in(&start, "bob", Site::password()).await;
        assert!(tried.url().as_str().starts_with(&site.url("auth", "/")), "the wiki is open: {}", tried.url());
    };
    closed().await;
    let refused = api.delete(&path).await.expect(409).json();
    let detail = refused["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("nobody") && detail.contains("wiki"), "{detail}");
    api.get(&binding).await.expect(200);
    closed().await;

    // With another binding, one of which is enough, nothing opens; where all have to pass, something would.
    let app_path = "core/applications/wiki/";
    let other = json!({ "target": app["pk"], "group": api.group("Media").await, "order": 1 });
    api.post("policies/bindings/", &other).await.expect(201);
    api.patch(app_path, &json!({ "policy_engine_mode": "all" })).await.expect(200);
    api.delete(&path).await.expect(409);
    api.patch(app_path, &json!({ "policy_engine_mode": "any" })).await.expect(200);
    api.delete(&path).await.expect(204);
    api.get(&binding).await.expect(404);
    closed().await;

    // As Terraform does it: bindings first, then what they bound.
    let policy = json!({ "name": "somebody", "expression": "true" });
    let policy = api.post("policies/expression/", &policy).await.expect(201).json();
    let path = format!("policies/expression/{}/", policy["pk"].as_str().unwrap_or_default());
    crate::outpost::open_app(&site.server, "notes", &site.url("notes", ""), &json!({})).await;
    let app = api.get("core/applications/notes/").await.expect(200).json();
    let binding = json!({ "target": app["pk"], "policy": policy["pk"], "order": 0 });
    let binding = api.post("policies/bindings/", &binding).await.expect(201).json();
    api.delete(&format!("policies/bindings/{}/", binding["pk"].as_str().unwrap_or_default())).await.expect(204);
    api.delete(&path).await.expect(204);
}

async fn bindings_take_exactly_one_of_three(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    crate::outpost::open_app(&site.server, "wiki", &site.url("wiki", ""), &json!({})).await;
    let target = api.get("core/applications/wiki/").await.expect(200).json()["pk"].clone();
    let group = api.group("Media").await;
    for body in [
        json!({ "target": target, "order": 0 }),
        json!({ "target": target, "order": 0, "group": group, "user": site.ada }),
        json!({ "target": target, "order": 0, "group": "00000000-0000-4000-8000-000000000000" }),
        json!({ "target": "00000000-0000-4000-8000-000000000000", "order": 0, "group": group }),
        json!({ "target": target, "group": group }),
    ] {
        let reply = api.post("policies/bindings/", &body).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text());
    }
    let user = json!({ "target": target, "order": 3, "user": site.ada });
    let made = api.post("policies/bindings/", &user).await.expect(201).json();
    assert_eq!((&made["enabled"], &made["negate"], &made["timeout"]), (&json!(true), &json!(false), &json!(30)));
    assert_eq!(made["user_obj"]["username"], "ada");
    let list = api.get(&format!("policies/bindings/?target={}", target.as_str().unwrap_or_default())).await;
    assert_eq!(list.expect(200).json()["pagination"]["count"], 1);
}

async fn references_hold_and_used_by_names_them(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let pk = crate::outpost::open_app(&site.server, "wiki", &site.url("wiki", ""), &json!({})).await;
    let used = api.get(&format!("providers/proxy/{pk}/used_by/")).await.expect(200).json();
    let names: Vec<_> = used.as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect();
    assert!(names.contains(&"wiki"), "{used}");
    for one in used.as_array().into_iter().flatten() {
        for key in ["app", "model_name", "pk", "name", "action"] {
            assert!(one[key].is_string(), "{key} in {one}");
        }
    }
    // One provider serves one app.
    let second = json!({ "name": "Second", "slug": "second", "provider": pk });
    assert!(api.post("core/applications/", &second).await.expect(400).json()["provider"].is_array());
    let nowhere = json!({ "name": "Third", "slug": "third", "provider": 999_999 });
    assert!(api.post("core/applications/", &nowhere).await.expect(400).json()["provider"].is_array());
    let slug = json!({ "name": "Fourth", "slug": "not a slug" });
    assert!(api.post("core/applications/", &slug).await.expect(400).json()["slug"].is_array());
    let reserved = json!({ "name": "Fifth", "slug": "authorize" });
    assert!(api.post("core/applications/", &reserved).await.expect(400).json()["slug"].is_array());
}

async fn check_access_explains(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let ask = async |app: &str, user: i64| -> Value {
        api.get(&format!("core/applications/{app}/check_access/?for_user={user}")).await.expect(200).json()
    };
    assert_eq!(ask("one", site.ada).await["passing"], true);
    let denied = ask("three", site.ada).await;
    assert_eq!(denied["passing"], false);
    assert!(denied["messages"].to_string().contains("Admin Tools"), "{denied}");
}

async fn builtin_objects_can_be_edited(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let brand = api.only("core/brands/?domain=authentik-default").await;
    let path = format!("core/brands/{}/", brand["brand_uuid"].as_str().unwrap_or_default());
    api.patch(&path, &json!({ "branding_title": "Our Home" })).await.expect(200);
    let page = server.get("/if/flow/default-authentication-flow/").await.expect(200).text();
    assert!(page.contains("Our Home"), "the page does not show the new title");
    let current = api.get("core/brands/current/").await.expect(200).json();
    assert_eq!(current["branding_title"], "Our Home");

    let stage = json!({ "name": "never", "deny_message": "Not today" });
    let stage = api.post("stages/deny/", &stage).await.expect(201).json()["pk"].clone();
    let flow = json!({ "name": "Closed", "slug": "closed", "title": "Closed", "designation": "authorization" });
    let flow = api.post("flows/instances/", &flow).await.expect(201).json();
    let binding = json!({ "target": flow["pk"], "stage": stage, "order": 10 });
    api.post("flows/bindings/", &binding).await.expect(201);
    let again = api.post("flows/bindings/", &binding).await.expect(400).json();
    assert!(again["non_field_errors"].is_array(), "{again}");
    let challenge = server.get("/api/v3/flows/executor/closed/?query=").await.expect(200).json();
    assert_eq!(challenge["component"], "ak-stage-access-denied");
    assert_eq!(challenge["error_message"], "Not today");
}
