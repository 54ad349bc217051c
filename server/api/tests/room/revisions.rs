//! The configuration as a folder of text, over the API.

use crate::support::Api;
use serde_json::{Value, json};

const WIKI: &str = "app: wiki\nname: Wiki\nurl: https://wiki.example.com\nforward_auth: { mode: single }\n";

fn folder(text: &str) -> Value {
    json!({"files": [{"path": "apps.yaml", "text": text}, {"path": "readme.md", "text": "left out"}]})
}

async fn start() -> Api {
    let api = Api::start().await;
    api.is_at_rest().await;
    api
}

#[tokio::test]
async fn a_folder_is_planned_applied_listed_and_taken_back() {
    let api = start().await;
    let plan = api.post("/lockgate/plan/", &folder(WIKI)).await.expect(200);
    assert_eq!(plan["objects"].as_array().map(Vec::len), Some(2), "{plan}");
    api.get("/core/applications/wiki/").await.expect(404);

    let mut body = folder(WIKI);
    body["git_commit"] = json!("0123456789abcdef0123456789abcdef01234567");
    body["author"] = json!("Grace");
    body["expect_revision"] = plan["base_revision"].clone();
    let applied = api.post("/lockgate/apply/", &body).await.expect(200);
    assert_eq!(applied["is_new"], true);
    api.get("/core/applications/wiki/").await.expect(200);
    let detail = api.post("/lockgate/apply/", &body).await.expect(409)["detail"].clone();
    assert!(detail.as_str().is_some_and(|text| text.contains("somebody changed it")), "{detail}");
    let again = api.post("/lockgate/apply/", &folder(WIKI)).await.expect(200);
    assert_eq!((&again["is_new"], &again["revision"]), (&json!(false), &applied["revision"]));

    let listed = api.get("/lockgate/revisions/?page_size=1").await.expect(200);
    assert_eq!(listed["results"][0]["author"], "Grace");
    let number = applied["revision"].as_i64().expect("a number");
    let shown = api.get(&format!("/lockgate/revisions/{number}/")).await.expect(200);
    let names: Vec<&str> =
        shown["objects"].as_array().expect("known").iter().filter_map(|o| o["name"].as_str()).collect();
    assert!(names.contains(&"app wiki"), "{names:?}");

    let path = format!("/lockgate/revisions/{}/rollback/", plan["base_revision"]);
    api.post(&path, &json!({"message": "too soon"})).await.expect(200);
    api.get("/core/applications/wiki/").await.expect(404);
    let newest = api.get("/lockgate/revisions/").await.expect(200)["results"][0].clone();
    assert_eq!((&newest["origin"], &newest["author"]), (&json!("rollback"), &json!("akadmin")));
    assert!(newest["summary"].as_str().is_some_and(|text| text.ends_with(": too soon")), "{newest}");
    api.get("/lockgate/revisions/99999/").await.expect(404);
    api.post("/lockgate/revisions/99999/rollback/", &json!({})).await.expect(404);
    api.get("/lockgate/revisions/x/").await.expect(404);
}

#[tokio::test]
async fn what_is_wrong_is_told_as_a_check_tells_it() {
    let api = start().await;
    let before = api.get("/lockgate/revisions/").await.expect(200)["results"][0]["number"].clone();
    for path in ["/lockgate/plan/", "/lockgate/apply/"] {
        let told = api.post(path, &folder(&WIKI.replace("name: Wiki", "naem: Wiki"))).await.expect(400);
        assert_eq!(told["diagnostics"][0]["line"], 2, "{told}");
        assert!(told["text"].as_str().is_some_and(|text| text.contains("did you mean \"name\"?")), "{told}");
        let outside = json!({"files": [{"path": "../../etc/passwd.yaml", "text": ""}]});
        let told = api.post(path, &outside).await.expect(400);
        assert_eq!(told["non_field_errors"][0], "../../etc/passwd.yaml: is no path within a folder");
        let told = api.post(path, &json!({"files": "no"})).await.expect(400);
        assert!(told["files"].is_array(), "{told}");
        api.post(path, &json!({})).await.expect(400);
    }
    let after = api.get("/lockgate/revisions/").await.expect(200)["results"][0]["number"].clone();
    assert_eq!(before, after);
}

#[tokio::test]
async fn what_the_api_made_is_left_alone_and_a_folder_prunes_only_its_own() {
    let api = start().await;
    api.post("/core/applications/", &json!({"name": "Mine", "slug": "mine"})).await.expect(201);
    api.post("/lockgate/apply/", &folder(WIKI)).await.expect(200);
    api.post("/lockgate/apply/", &json!({"files": []})).await.expect(200);
    api.get("/core/applications/wiki/").await.expect(404);
    api.get("/core/applications/mine/").await.expect(200);
    let told = api.post("/lockgate/reload/", &json!({})).await.expect(200);
    assert_eq!((&told["error"], &told["held"]), (&Value::Null, &json!(false)));
}
