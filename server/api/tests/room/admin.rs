//! The installation itself: its settings, what it runs on, versions of objects.

use crate::support::Api;
use http::Method;
use serde_json::{Value, json};

fn flags(open: bool) -> Value {
    json!({
        "core_default_app_access": open, "enterprise_audit_include_expanded_diff": false,
        "flows_continuous_login": false, "flows_refresh_others": false,
    })
}

#[tokio::test]
async fn settings_are_kept_and_count() {
    let api = Api::start().await;
    let first = api.get("/admin/settings/").await.expect(200);
    assert_eq!(first["flags"], flags(true));
    assert_eq!((&first["event_retention"], &first["pagination_default_page_size"]), (&json!("days=365"), &json!(20)));
    assert_eq!(first["reputation_lower_limit"], -5);

    assert!(api.put("/admin/settings/", &json!({})).await.expect(400)["flags"].is_array());
    let lacking = json!({"flags": {"core_default_app_access": true}});
    assert!(api.put("/admin/settings/", &lacking).await.expect(400)["flags"]["flows_refresh_others"].is_array());
    for (field, value) in [
        ("event_retention", json!("soon")),
        ("base_url", json!("javascript:alert(1)")),
        ("footer_links", json!([{"name": "x", "href": "javascript:alert(1)"}])),
        ("pagination_max_page_size", json!(0)),
        ("pagination_max_page_size", json!(1001)),
        ("pagination_default_page_size", json!(1001)),
        ("default_token_length", json!(1)),
    ] {
        let answer = api.patch("/admin/settings/", &json!({field: value})).await.expect(400);
        assert!(!answer[field].is_null(), "{field}: {answer}");
    }

    api.post("/core/applications/", &json!({"name": "wiki", "slug": "wiki"})).await.expect(201);
    let ada = api.post("/core/users/", &json!({"username": "ada", "name": ""})).await.expect(201)["pk"].clone();
    let open = format!("/core/applications/wiki/check_access/?for_user={ada}");
    assert_eq!(api.get(&open).await.expect(200)["passing"], true);
    let body = json!({
        "flags": flags(false), "pagination_default_page_size": 1, "default_token_length": 40,
        "footer_links": [{"name": "Imprint", "href": "https://example.com"}], "reputation_lower_limit": -9,
        "avatars": "gravatar,initials",
    });
    let put = api.put("/admin/settings/", &body).await.expect(200);
    for (field, value) in body.as_object().expect("an object") {
        assert_eq!(put[field], *value, "{field}");
    }
    assert_eq!(api.get("/admin/settings/").await.expect(200), put);
    assert_eq!(api.get(&open).await.expect(200)["passing"], false);
    let page = api.get("/core/users/").await.expect(200);
    assert_eq!(page["results"].as_array().map(Vec::len), Some(1), "{page}");
    let brand = api.get("/core/brands/current/").await.expect(200);
    assert_eq!(brand["ui_footer_links"], json!([{"name": "Imprint", "href": "https://example.com"}]));
    api.post("/core/tokens/", &json!({"identifier": "t"})).await.expect(201);
    let key = api.get("/core/tokens/t/view_key/").await.expect(200)["key"].clone();
    assert_eq!(key.as_str().map(str::len), Some(40));

    // A change of some leaves the others.
    let patched = api.patch("/admin/settings/", &json!({"gdpr_compliance": false})).await.expect(200);
    assert_eq!((&patched["gdpr_compliance"], &patched["flags"]), (&json!(false), &flags(false)));
}

#[tokio::test]
async fn what_a_user_did_is_forgotten_with_the_user_unless_the_settings_say_otherwise() {
    let api = Api::start().await;
    let events = async |pk: i64| {
        api.identity.journal.flush().await;
        let filter = lockgate_store::EventFilter { user_pk: Some(pk), ..lockgate_store::EventFilter::default() };
        api.store.events().list(&filter).await.expect("events").1
    };
    for (keep, left) in [(false, 0), (true, 1)] {
        let body = json!({"username": format!("ada-{keep}"), "name": ""});
        let pk = api.post("/core/users/", &body).await.expect(201)["pk"].as_i64().expect("a number");
        let name = format!("of-{pk}");
        api.post("/core/tokens/", &json!({"identifier": name, "user": pk})).await.expect(201);
        let key = api.get(&format!("/core/tokens/{name}/view_key/")).await.expect(200)["key"].clone();
        let ada = api.with_token(key.as_str().expect("a key"));
        ada.post("/core/tokens/", &json!({"identifier": format!("own-{pk}")})).await.expect(201);
        assert_eq!(events(pk).await, 1);
        api.patch("/admin/settings/", &json!({"gdpr_compliance": !keep})).await.expect(200);
        api.delete(&format!("/core/users/{pk}/")).await.expect(204);
        assert_eq!(events(pk).await, left);
    }
}

#[tokio::test]
async fn settings_of_the_folder_are_changed_there() {
    let api = Api::start_with("all.yaml", "settings: { default_access: deny, event_retention: 30d }\n").await;
    let shown = api.get("/admin/settings/").await.expect(200);
    assert_eq!((&shown["event_retention"], &shown["flags"]), (&json!("days=30"), &flags(false)));
    let told = api.patch("/admin/settings/", &json!({"gdpr_compliance": false})).await.expect(409);
    assert!(told["detail"].as_str().expect("a text").contains("all.yaml"), "{told}");
}

#[tokio::test]
async fn the_server_tells_what_it_is() {
    let api = Api::start().await;
    let system = api.get("/admin/system/").await.expect(200);
    assert_eq!((&system["http_host"], &system["brand"]), (&json!("auth.example.com"), &json!("authentik-default")));
    assert_eq!(system["base_url"], "https://auth.example.com");
    assert!(system["http_headers"].get("authorization").is_none(), "{system}");
    assert_eq!(api.post("/admin/system/", &json!({})).await.expect(200)["brand"], system["brand"]);

    let history = api.get("/admin/version/history/").await.expect(200);
    let current = api.get("/admin/version/").await.expect(200)["version_current"].clone();
    assert_eq!((history.as_array().map(Vec::len), &history[0]["version"]), (Some(1), &current));
    assert_eq!(api.get("/admin/version/history/1/").await.expect(200), history[0]);
    api.get("/admin/version/history/2/").await.expect(404);
    assert_eq!(api.get("/admin/version/history/?version=0").await.expect(200), json!([]));

    let apps = api.get("/admin/apps/").await.expect(200);
    assert!(apps.as_array().expect("a list").contains(&json!({"name": "authentik_core", "label": "authentik Core"})));
    let models = api.get("/admin/models/?filter_has_attributes=true").await.expect(200);
    assert!(models.as_array().expect("a list").contains(&json!({"name": "authentik_core.user", "label": "User"})));
    assert!(!models.to_string().contains("authentik_flows.flow"), "{models}");

    assert_eq!(api.get("/admin/file/").await.expect(200), json!([]));
    let told = api.post("/admin/file/", &json!({})).await.expect(501);
    assert!(told["detail"].as_str().expect("a text").contains("address"), "{told}");
    api.delete("/admin/file/?name=x").await.expect(404);
    let body = json!({"name": "wiki", "slug": "wiki", "meta_icon": "https://example.com/wiki.svg"});
    api.post("/core/applications/", &body).await.expect(201);
    let used = api.get("/admin/file/used_by/?name=https://example.com/wiki.svg").await.expect(200);
    assert_eq!((&used[0]["model_name"], &used[0]["name"]), (&json!("application"), &json!("wiki")));
}

#[tokio::test]
async fn two_editors_do_not_overwrite_each_other() {
    let api = Api::start().await;
    let body = json!({"name": "wiki", "slug": "wiki"});
    let made = api.tagged(Method::POST, "/core/applications/", &body, None).await;
    assert_eq!(made.status.as_u16(), 201);
    let path = "/core/applications/wiki/";
    let read = api.tagged(Method::GET, path, &Value::Null, None).await;
    assert_eq!((read.etag.clone(), read.etag.is_empty()), (made.etag, false));

    let change =
        async |group: &str, tag: Option<&str>| api.tagged(Method::PATCH, path, &json!({"group": group}), tag).await;
    let first = change("one", Some(&read.etag)).await;
    assert_eq!(first.status.as_u16(), 200);
    assert_ne!(first.etag, read.etag);
    let late = change("two", Some(&read.etag)).await;
    assert_eq!(late.status.as_u16(), 412);
    assert!(late.body["detail"].is_string());
    assert_eq!(api.get(path).await.expect(200)["group"], "one");
    assert_eq!(change("three", Some(&format!("W/{}", first.etag))).await.status.as_u16(), 412, "weak tags are none");

    // One of several suffices, and whoever sends none changes what there is.
    let listed = format!("{}, {}", read.etag, first.etag);
    let second = change("four", Some(&listed)).await;
    assert_eq!(second.status.as_u16(), 200);
    assert_eq!(change("five", None).await.status.as_u16(), 200);
    assert_eq!(change("six", Some("*")).await.status.as_u16(), 200);
    let gone = api.tagged(Method::DELETE, path, &Value::Null, Some(&second.etag)).await;
    assert_eq!(gone.status.as_u16(), 412);

    // Another object at the same address is another version.
    let last = api.tagged(Method::GET, path, &Value::Null, None).await.etag;
    assert_eq!(api.tagged(Method::DELETE, path, &Value::Null, Some(&last)).await.status.as_u16(), 204);
    for _ in 0..5 {
        api.post("/core/applications/", &body).await.expect(201);
        assert_eq!(change("x", Some(&last)).await.status.as_u16(), 412);
        api.delete(path).await.expect(204);
    }
}

#[tokio::test]
async fn an_application_is_made_whole_or_not_at_all() {
    let api = Api::start().await;
    let flow = async |slug: &str| api.get(&format!("/flows/instances/{slug}/")).await.expect(200)["pk"].clone();
    let group = api.post("/core/groups/", &json!({"name": "Editors"})).await.expect(201)["pk"].clone();
    let provider = json!({
        "name": "wiki",
        "authorization_flow": flow("default-provider-authorization-implicit-consent").await,
        "invalidation_flow": flow("default-provider-invalidation-flow").await,
        "redirect_uris": [{"matching_mode": "strict", "url": "https://wiki.example.com/cb"}],
    });
    let model = "authentik_providers_oauth2.oauth2provider";
    let path = "/core/transactional/applications/";
    let sound = json!({
        "app": {"name": "Wiki", "slug": "wiki"}, "provider_model": model, "provider": provider,
        "policy_bindings": [{"group": group, "order": 0}, {"user": 1, "order": 1}],
    });

    // Everything that is wrong is told at once, and nothing is made.
    let mut wrong = sound.clone();
    wrong["app"]["slug"] = json!("no slug");
    wrong["provider"]["redirect_uris"] = json!("nowhere");
    wrong["policy_bindings"] = json!([{"order": 0}, {"group": "00000000-0000-4000-8000-000000000000", "order": 1}, 7]);
    let told = api.put(path, &wrong).await.expect(400);
    assert!(told["policy_bindings"]["2"].is_array(), "{told}");
    wrong["policy_bindings"].as_array_mut().expect("a list").pop();
    let told = api.put(path, &wrong).await.expect(400);
    assert!(told["app"]["slug"].is_array() && told["provider"]["redirect_uris"].is_array(), "{told}");
    assert!(!told["policy_bindings"]["0"].is_null() && told["policy_bindings"]["1"]["group"].is_array(), "{told}");
    let mut twice = sound.clone();
    twice["policy_bindings"] = json!([{"group": group, "order": 0}, {"group": group, "order": 0}]);
    assert!(!api.put(path, &twice).await.expect(400)["policy_bindings"]["1"].is_null());
    for (field, value) in [("provider_model", json!("authentik_providers_saml.samlprovider")), ("app", json!([]))] {
        let mut wrong = sound.clone();
        wrong[field] = value;
        assert!(api.put(path, &wrong).await.expect(400)[field].is_array(), "{field}");
    }
    for list in ["/core/applications/?superuser_full_list=true", "/providers/oauth2/"] {
        assert_eq!(api.get(list).await.expect(200)["pagination"]["count"], 0, "{list}");
    }

    assert_eq!(api.put(path, &sound).await.expect(200), json!({"applied": true, "logs": []}));
    let app = api.get("/core/applications/wiki/").await.expect(200);
    assert_eq!(app["provider_obj"]["assigned_application_slug"], "wiki");
    let bindings = format!("/policies/bindings/?target={}", app["pk"].as_str().expect("a key"));
    assert_eq!(api.get(&bindings).await.expect(200)["pagination"]["count"], 2);

    // What is taken is told at its part.
    let told = api.put(path, &sound).await.expect(400);
    assert!(told["app"]["slug"].is_array() || told["provider"]["name"].is_array(), "{told}");
}
