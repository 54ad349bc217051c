//! Configuration objects as scripts use them.

use crate::support::Api;
use lockgate_identity::config::{Change, draft};
use lockgate_model::kind;
use serde_json::{Value, json};
use uuid::Uuid;

async fn flow(api: &Api, slug: &str) -> Value {
    api.get(&format!("/flows/instances/{slug}/")).await.expect(200)["pk"].clone()
}

async fn provider(api: &Api, name: &str) -> Value {
    let body = json!({
        "name": name, "mode": "forward_single", "external_host": format!("https://{name}.example.com"),
        "authorization_flow": flow(api, "default-provider-authorization-implicit-consent").await,
        "invalidation_flow": flow(api, "default-provider-invalidation-flow").await,
    });
    api.post("/providers/proxy/", &body).await.expect(201)
}

#[tokio::test]
async fn every_kind_lists_what_it_shows_and_shows_what_the_document_says() {
    let api = Api::start().await;
    provider(&api, "wiki").await;
    let document = lockgate_api::openapi::document();
    for kind in lockgate_model::kind::KINDS.iter().filter(|k| !k.meta.path.is_empty()) {
        let list = api.get(&format!("/{}/", kind.meta.path)).await.expect(200);
        let schema = &document["components"]["schemas"][kind.meta.schema];
        let mut described: Vec<&String> = schema["properties"].as_object().expect("an object").keys().collect();
        described.sort_unstable();
        for object in list["results"].as_array().expect("results") {
            let mut shown: Vec<&String> = object.as_object().expect("an object").keys().collect();
            shown.sort_unstable();
            assert_eq!(shown, described, "{}", kind.meta.schema);
        }
    }
}

#[tokio::test]
async fn providers_are_named_by_number_and_secrets_stay_inside() {
    let api = Api::start().await;
    let wiki = provider(&api, "wiki").await;
    let pk = wiki["pk"].as_i64().expect("a number");
    assert!(wiki.get("client_secret").is_none() && wiki.get("cookie_secret").is_none(), "{wiki}");
    assert_eq!(
        wiki["redirect_uris"][0]["url"],
        "https://wiki.example.com/outpost.goauthentik.io/callback?X-authentik-auth-callback=true"
    );
    let body = json!({"name": "Wiki", "slug": "wiki", "provider": pk, "meta_launch_url": "https://w/%(username)s"});
    let app = api.post("/core/applications/", &body).await.expect(201);
    assert_eq!((&app["provider"], &app["provider_obj"]["assigned_application_slug"]), (&json!(pk), &json!("wiki")));
    assert_eq!(app["launch_url"], "https://w/akadmin");

    let second = json!({"name": "Second", "slug": "second", "provider": pk});
    assert!(api.post("/core/applications/", &second).await.expect(400)["provider"].is_array());
    let nowhere = json!({"name": "Third", "slug": "third", "provider": 999_999});
    let text = api.post("/core/applications/", &nowhere).await.expect(400);
    assert_eq!(text["provider"][0], "Invalid pk \"999999\" - object does not exist.");

    // Secrets survive a change that cannot name them.
    let before = api.get("/outposts/proxy/").await.expect(200)["results"][0]["client_secret"].clone();
    api.patch(&format!("/providers/proxy/{pk}/"), &json!({"name": "Wiki 2", "client_id": "mine"})).await.expect(200);
    let after = api.get("/outposts/proxy/").await.expect(200)["results"][0].clone();
    assert_eq!((&after["client_secret"], &after["client_id"]), (&before, &wiki["client_id"]));

    api.delete(&format!("/providers/proxy/{pk}/")).await.expect(204);
    assert!(api.get("/core/applications/wiki/").await.expect(200)["provider"].is_null());
}

#[tokio::test]
async fn a_put_needs_what_is_required_and_a_patch_nothing() {
    let api = Api::start().await;
    let made = api.post("/stages/deny/", &json!({"name": "never"})).await.expect(201);
    let path = format!("/stages/deny/{}/", made["pk"].as_str().expect("a key"));
    assert_eq!(api.put(&path, &json!({"deny_message": "No"})).await.expect(400)["name"][0], "This field is required.");
    let patched = api.patch(&path, &json!({"deny_message": "No", "pk": "x", "surprise": 1})).await.expect(200);
    assert_eq!((&patched["name"], &patched["deny_message"]), (&json!("never"), &json!("No")));
    assert_eq!(patched["meta_model_name"], "authentik_stages_deny.denystage");
    assert!(api.post("/stages/deny/", &json!({"name": "never"})).await.expect(400)["name"].is_array());
    assert!(api.post("/stages/deny/", &json!({"name": 5})).await.expect(400)["name"].is_array());
    api.delete(&path.replace("stages/deny", "stages/all")).await.expect(204);
    api.get(&path).await.expect(404);
}

#[tokio::test]
async fn a_binding_outlives_its_group_so_that_nobody_passes_it() {
    let api = Api::start().await;
    let target = api.post("/core/applications/", &json!({"name": "A", "slug": "a"})).await.expect(201)["pk"].clone();
    let group = api.post("/core/groups/", &json!({"name": "Media"})).await.expect(201)["pk"].clone();
    let binding = json!({"target": target, "group": group, "order": 0});
    let made = api.post("/policies/bindings/", &binding).await.expect(201);
    assert_eq!(made["group_obj"]["name"], "Media");
    let used = api.get(&format!("/core/groups/{}/used_by/", group.as_str().expect("a key"))).await.expect(200);
    assert_eq!((&used[0]["model_name"], &used[0]["action"]), (&json!("policybinding"), &json!("left_dangling")));
    let nobody = json!({"target": target, "user": 4711, "order": 1});
    assert!(api.post("/policies/bindings/", &nobody).await.expect(400)["user"].is_array());
    let both = json!({"target": target, "group": group, "user": 1, "order": 1});
    assert!(api.post("/policies/bindings/", &both).await.expect(400).is_object());

    // An application must not open because the last group or user that it was given to is gone.
    let eve = api.post("/core/users/", &json!({"username": "eve", "name": ""})).await.expect(201)["pk"].clone();
    let check = format!("/core/applications/a/check_access/?for_user={eve}");
    assert_eq!(api.get(&check).await.expect(200)["passing"], false);
    api.delete(&format!("/core/groups/{}/", group.as_str().expect("a key"))).await.expect(204);
    let left = format!("/policies/bindings/{}/", made["pk"].as_str().expect("a key"));
    assert_eq!(api.get(&left).await.expect(200)["group_obj"], json!(null));
    assert_eq!(api.get(&check).await.expect(200)["passing"], false);
    api.delete(&left).await.expect(204);
    let user = api.post("/core/users/", &json!({"username": "bob", "name": ""})).await.expect(201)["pk"].clone();
    let binding = json!({"target": target, "user": user, "order": 0});
    assert_eq!(api.post("/policies/bindings/", &binding).await.expect(201)["user_obj"]["username"], "bob");
    api.delete(&format!("/core/users/{user}/")).await.expect(204);
    assert_eq!(api.get(&check).await.expect(200)["passing"], false);
}

#[tokio::test]
async fn a_group_inside_of_one_that_is_kept_out_stays() {
    let api = Api::start().await;
    let target = api.post("/core/applications/", &json!({"name": "A", "slug": "a"})).await.expect(201)["pk"].clone();
    let group = async |name: &str, parents: Value| {
        api.post("/core/groups/", &json!({"name": name, "parents": parents})).await.expect(201)["pk"].clone()
    };
    let banned = group("Banned", json!([])).await;
    let inner = group("Inner", json!([banned])).await;
    let binding = json!({"target": target, "group": banned, "order": 0, "negate": true});
    api.post("/policies/bindings/", &binding).await.expect(201);
    let path = format!("/core/groups/{}/", inner.as_str().expect("a key"));
    let refused = api.delete(&path).await.expect(409);
    assert!(refused.to_string().contains("guards the application"), "{refused}");
    api.patch(&path, &json!({"parents": []})).await.expect(200);
    api.delete(&path).await.expect(204);
}

#[tokio::test]
async fn a_group_that_cedar_keeps_out_keeps_its_name() {
    let api = Api::start().await;
    let group = api.post("/core/groups/", &json!({"name": "Banned"})).await.expect(201);
    let path = format!("/core/groups/{}/", group["pk"].as_str().expect("a key"));
    api.patch(&path, &json!({"name": "Outside"})).await.expect(200);
    api.patch(&path, &json!({"name": "Banned"})).await.expect(200);
    let text = "forbid (principal in Group::\"Banned\", action, resource);";
    let file = draft(
        kind::by_name("cedar_file").expect("a kind"),
        Uuid::from_u128(1),
        json!({"path": "banned.cedar", "text": text}),
    );
    let change = Change { upserts: vec![file], deletes: Vec::new() };
    api.identity.config.change(change, None).await.expect("a sound change");
    let refused = api.patch(&path, &json!({"name": "Outside"})).await.expect(409);
    assert!(refused.to_string().contains("is named by the Cedar policy"), "{refused}");
    api.patch(&path, &json!({"name": "Banned", "attributes": {"a": 1}})).await.expect(200);
}

#[tokio::test]
async fn lists_filter_search_and_order() {
    let api = Api::start().await;
    for name in ["wiki", "films", "notes"] {
        provider(&api, name).await;
    }
    let names = async |query: &str| -> Vec<String> {
        let list = api.get(&format!("/providers/proxy/?{query}")).await.expect(200);
        let results = list["results"].as_array().expect("results");
        results.iter().map(|o| o["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names("").await, ["films", "notes", "wiki"]);
    assert_eq!(names("ordering=-name").await, ["wiki", "notes", "films"]);
    assert_eq!(names("ordering=no_such").await, ["films", "notes", "wiki"]);
    assert_eq!(names("name__iexact=WIKI").await, ["wiki"]);
    assert_eq!(names("search=ote").await, ["notes"]);
    assert_eq!(names("application__isnull=false").await, Vec::<String>::new());
    assert_eq!(names("authorization_flow__slug__iexact=nope").await, Vec::<String>::new());
    assert!(api.get("/flows/bindings/?target=x").await.expect(400)["target"].is_array());
    assert!(api.get("/flows/instances/?designation=x").await.expect(400)["designation"].is_array());
    let found = api.get("/flows/instances/?designation=authentication&slug=default-authentication-flow").await;
    assert_eq!(found.expect(200)["pagination"]["count"], 1);
    let managed =
        "managed=goauthentik.io/providers/oauth2/scope-email&managed=goauthentik.io/providers/oauth2/scope-openid";
    let found = api.get(&format!("/propertymappings/provider/scope/?{managed}")).await.expect(200);
    assert_eq!(found["pagination"]["count"], 2, "{found}");
}

#[tokio::test]
async fn what_the_folder_declares_is_changed_there() {
    let folder = "app: wiki\nname: Wiki\nurl: https://wiki.example.com\n---\ngroup: Readers\n";
    let api = Api::start_with("apps.yaml", folder).await;
    let reply = api.patch("/core/applications/wiki/", &json!({"name": "Mine"})).await.expect(409);
    let detail = reply["detail"].as_str().expect("a sentence");
    assert!(detail.contains("apps.yaml") && detail.contains("line 1"), "{detail}");
    api.delete("/core/applications/wiki/").await.expect(409);
    let group = api.get("/core/groups/?name=Readers").await.expect(200)["results"][0].clone();
    let path = format!("/core/groups/{}/", group["pk"].as_str().expect("a key"));
    assert!(api.patch(&path, &json!({"name": "Mine"})).await.expect(409)["detail"].is_string());
    let users = json!({"pk": api.get("/core/users/me/").await.expect(200)["user"]["pk"]});
    api.post(&format!("{path}add_user/"), &users).await.expect(204);
}

#[tokio::test]
async fn a_key_pair_is_made_and_tells_about_itself() {
    let api = Api::start().await;
    let wanted =
        json!({"common_name": "wiki", "validity_days": 30, "alg": "ecdsa", "subject_alt_name": "wiki.example.com"});
    let made = api.post("/crypto/certificatekeypairs/generate/", &wanted).await.expect(200);
    assert_eq!((&made["key_type"], &made["private_key_available"]), (&json!("ec"), &json!(true)));
    assert_eq!(made["cert_subject"], "CN=wiki");
    assert!(made["cert_expiry"].is_string() && made.get("key_data").is_none(), "{made}");
    assert_eq!(made["fingerprint_sha256"].as_str().map(str::len), Some(95));
    let path = format!("/crypto/certificatekeypairs/{}/", made["pk"].as_str().expect("a key"));
    let key = api.get(&format!("{path}view_private_key/")).await.expect(200);
    assert!(key["data"].as_str().is_some_and(|pem| pem.contains("PRIVATE KEY")));
    api.patch(&path, &json!({"name": "renamed"})).await.expect(200);
    assert_eq!(api.get(&format!("{path}view_private_key/")).await.expect(200), key);
    assert_eq!(
        api.get("/crypto/certificatekeypairs/?has_key=true&name=renamed").await.expect(200)["pagination"]["count"],
        1
    );
}

#[tokio::test]
async fn a_policy_is_tried_and_access_is_explained() {
    let api = Api::start().await;
    let me = api.get("/core/users/me/").await.expect(200)["user"]["pk"].clone();
    let policy = json!({"name": "admins", "expression": "request.user.username == \"akadmin\""});
    let policy = api.post("/policies/expression/", &policy).await.expect(201);
    let test = format!("/policies/all/{}/test/", policy["pk"].as_str().expect("a key"));
    assert_eq!(api.post(&test, &json!({"user": me})).await.expect(200)["passing"], true);
    let broken = json!({"name": "broken", "expression": "this is no (expression"});
    assert!(api.post("/policies/expression/", &broken).await.expect(400)["expression"].is_array());

    let app = api.post("/core/applications/", &json!({"name": "A", "slug": "a"})).await.expect(201);
    let group = api.post("/core/groups/", &json!({"name": "Media"})).await.expect(201);
    let binding = json!({"target": app["pk"], "group": group["pk"], "order": 0});
    api.post("/policies/bindings/", &binding).await.expect(201);
    let denied = api.get("/core/applications/a/check_access/").await.expect(200);
    assert_eq!(denied["passing"], false);
    assert!(denied["messages"].to_string().contains("Media"), "{denied}");
    assert_eq!(api.get("/core/applications/").await.expect(200)["pagination"]["count"], 0);
    assert_eq!(api.get("/core/applications/?superuser_full_list=true").await.expect(200)["pagination"]["count"], 1);
    let diagram = api.get("/flows/instances/default-authentication-flow/diagram/").await.expect(200);
    assert!(
        diagram["diagram"]
            .as_str()
            .is_some_and(|text| text.starts_with("flowchart TD") && text.contains("Identification Stage"))
    );
}
