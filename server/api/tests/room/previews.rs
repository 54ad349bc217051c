//! What an object would be after a change.

use crate::support::{Api, somebody};
use serde_json::{Value, json};

const FOLDER: &str = "app: wiki\nname: The Wiki\nurl: https://wiki.example.com\nforward_auth: { mode: single }\naccess:\n  any: [{ group: Writers }]\n---\ngroup: Writers\n---\npolicy: of-age\nexpression: user.is_active\n";

async fn start(cedar: &str) -> Api {
    let api = Api::start_with_files(&[("apps.yaml", FOLDER), ("more.cedar", cedar)]).await;
    api.is_at_rest().await;
    api
}

fn text(of: &Value) -> &str {
    of.as_str().unwrap_or_default()
}

async fn revision(api: &Api) -> Value {
    api.get("/lockgate/revisions/").await.expect(200)["results"][0]["number"].clone()
}

#[tokio::test]
async fn an_object_of_the_folder_is_tried_and_stays_as_it_is() {
    let api = start("").await;
    let before = revision(&api).await;
    let wish = json!({"name": "Our Wiki", "meta_launch_url": "https://wiki.example.com/start"});
    let told = api.post("/lockgate/objects/application/wiki/preview/", &wish).await.expect(200);
    assert_eq!((&told["valid"], &told["problems"]), (&json!(true), &json!([])), "{told}");
    assert!(text(&told["yaml"]).contains("name: Our Wiki"), "{told}");
    let diff = text(&told["diff"]);
    assert!(diff.contains("\n-name: The Wiki\n") && diff.contains("\n+name: Our Wiki\n"), "{diff}");
    assert_eq!(told["access"]["looked"], true);
    let same = api.post("/lockgate/objects/application/wiki/preview/", &json!({})).await.expect(200);
    assert_eq!(same["diff"], "");
    api.patch("/core/applications/wiki/", &wish).await.expect(409);
    assert_eq!(api.get("/core/applications/wiki/").await.expect(200)["name"], "The Wiki");
    assert_eq!(revision(&api).await, before);
}

#[tokio::test]
async fn a_preview_tells_who_would_gain_and_lose() {
    let api = start("").await;
    api.post("/core/users/", &json!({"username": "ada", "name": ""})).await.expect(201);
    let app = api.get("/core/applications/wiki/").await.expect(200)["pk"].clone();
    let binding = api.get(&format!("/policies/bindings/?target={}", text(&app))).await.expect(200);
    let binding = text(&binding["results"][0]["pk"]).to_owned();
    let path = format!("/lockgate/objects/policy_binding/{binding}/preview/");
    let told = api.post(&path, &json!({"negate": true})).await.expect(200);
    assert_eq!(told["valid"], true, "{told}");
    assert_eq!(told["access"]["apps"][0]["app"], "wiki", "{told}");
    assert!(text(&told["diff"]).contains("+"), "{told}");
    // A new one, that would let somebody in.
    let ada = api.get("/core/users/?username=ada").await.expect(200)["results"][0]["pk"].clone();
    let wish = json!({"target": app, "user": ada, "order": 5});
    let told = api.post("/lockgate/objects/policy_binding/preview/", &wish).await.expect(200);
    assert_eq!(told["access"]["apps"][0]["app"], "wiki", "{told}");
    assert!(text(&told["yaml"]).contains("user: ada"), "{told}");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    let api = start("permit (principal, action == Action::\"access\", resource == App::\"wiki\");\n").await;
    let wish = json!({"expression": "let x = 1;\nx +* 2"});
    let told = api.post("/lockgate/objects/expression_policy/of-age/preview/", &wish).await.expect(200);
    assert_eq!(told["valid"], false);
    let problem = &told["problems"][0];
    assert_eq!((&problem["field"], &problem["line"]), (&json!("expression"), &json!(2)), "{told}");
    assert!(problem["column"].as_u64().is_some_and(|column| column > 1), "{told}");
    assert_eq!(told["access"], Value::Null);
    assert!(text(&told["diff"]).contains("+"), "{told}");

    let wish = json!({"name": "c", "cedar": "context.mfa &&\n  context.nonsense"});
    let told = api.post("/lockgate/objects/cedar_policy/preview/", &wish).await.expect(200);
    let problem = &told["problems"][0];
    assert_eq!((&problem["field"], &problem["line"]), (&json!("cedar"), &json!(2)), "{told}");
    let wish = json!({"text": "permit (principal, action, resource)\nwhen { context.nonsense };\n"});
    let told = api.post("/lockgate/objects/cedar_file/more.cedar/preview/", &wish).await.expect(200);
    assert_eq!((&told["problems"][0]["field"], &told["valid"]), (&json!("text"), &json!(false)), "{told}");

    for (path, wish, field) in [
        ("application/wiki", json!({"slug": "no slug!"}), "slug"),
        ("application/wiki", json!({"provider": 999_999}), "provider"),
        ("application", json!({"name": "x"}), "slug"),
        ("application", json!({"name": "x", "slug": "wiki"}), "slug"),
        ("dummy_policy", json!({"name": "x", "wait_min": "soon"}), "wait_min"),
    ] {
        let told = api.post(&format!("/lockgate/objects/{path}/preview/"), &wish).await.expect(200);
        assert_eq!((&told["valid"], &told["problems"][0]["field"]), (&json!(false), &json!(field)), "{told}");
        assert_eq!((&told["yaml"], &told["access"]), (&Value::Null, &Value::Null), "{told}");
    }
    api.post("/lockgate/objects/application/nothing/preview/", &json!({})).await.expect(404);
    api.post("/lockgate/objects/nothing/preview/", &json!({})).await.expect(404);
}

#[tokio::test]
async fn who_sees_an_object_may_try_it_and_hears_of_people_only_with_more() {
    let permit = |verb: &str, kind: &str| {
        format!("permit (principal == User::\"ada\", action == Action::\"{verb}\", resource in Kind::\"{kind}\");\n")
    };
    let cedar = [
        permit("read", "application"),
        permit("read", "proxy_provider"),
        permit("read", "policy_binding"),
        permit("read", "revision"),
        "permit (principal == User::\"ada\", action == Action::\"read\", resource is Group);\n".to_owned(),
    ];
    let api = start(&cedar.concat()).await;
    let ada = somebody(&api, "ada").await;
    let told = ada.post("/lockgate/objects/application/wiki/preview/", &json!({"name": "x"})).await.expect(200);
    assert_eq!((&told["valid"], &told["access"]), (&json!(true), &Value::Null), "{told}");
    assert!(text(&told["yaml"]).contains("group: Writers"), "{told}");
    ada.post("/lockgate/objects/expression_policy/of-age/preview/", &json!({})).await.expect(404);
    ada.post("/lockgate/objects/application/preview/", &json!({"name": "x", "slug": "x"})).await.expect(403);
}
