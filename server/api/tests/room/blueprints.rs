//! Blueprints that are laid over the configuration, and rules for attributes.

use crate::support::Api;
use http::Method;
use serde_json::{Value, json};

const GATE: &str = "\
version: 1
metadata: { name: gate }
context: { title: Welcome }
entries:
  - model: authentik_core.group
    identifiers: { name: Readers }
    id: readers
  - model: authentik_policies_dummy.dummypolicy
    identifiers: { name: gate-open }
    attrs: { result: true, wait_min: 1, wait_max: 2 }
  - model: authentik_stages_deny.denystage
    id: stop
    identifiers: { name: gate-stop }
    attrs: { deny_message: !Context title }
  - model: authentik_flows.flow
    id: flow
    identifiers: { slug: gate }
    attrs: { name: Gate, title: !Context title, designation: authorization }
  - model: authentik_flows.flowstagebinding
    identifiers: { target: !KeyOf flow, stage: !KeyOf stop, order: 0 }
  - model: authentik_policies.policybinding
    identifiers: { target: !KeyOf flow, group: !KeyOf readers, order: 0 }
";

fn form(parts: &[(&str, &str)]) -> (String, String) {
    let mut body = String::new();
    for (name, text) in parts {
        let file = if *name == "file" { "; filename=\"gate.yaml\"" } else { "" };
        body += &format!("--part\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{text}\r\n");
    }
    (format!("{body}--part--\r\n"), "multipart/form-data; boundary=part".to_owned())
}

async fn import(api: &Api, parts: &[(&str, &str)]) -> crate::support::Reply {
    let (body, media) = form(parts);
    api.raw(Method::POST, "/managed/blueprints/import/", &media, &body).await
}

#[tokio::test]
async fn a_blueprint_is_laid_over_what_there_is() {
    let api = Api::start().await;
    let result = import(&api, &[("file", GATE)]).await.expect(200);
    assert_eq!(result["success"], true, "{result}");
    let flow = api.get("/flows/instances/gate/").await.expect(200);
    assert_eq!((&flow["title"], flow["stages"].as_array().map(Vec::len)), (&json!("Welcome"), Some(1)));
    let group = api.get("/core/groups/?name=Readers").await.expect(200)["results"][0].clone();
    let bindings = format!("/policies/bindings/?target={}", flow["pk"].as_str().expect("a key"));
    assert_eq!(api.get(&bindings).await.expect(200)["results"][0]["group"], group["pk"]);
    // It belongs to the API, and everything else is as it was.
    api.patch("/flows/instances/gate/", &json!({"title": "Mine"})).await.expect(200);
    api.get("/flows/instances/default-authentication-flow/").await.expect(200);

    // Once more, with another context: what it names is as it says again, and nothing is there twice.
    let result = import(&api, &[("file", GATE), ("context", "{\"title\": \"Hello\"}")]).await.expect(200);
    assert_eq!(result["success"], true, "{result}");
    let flow = api.get("/flows/instances/gate/").await.expect(200);
    assert_eq!((&flow["title"], flow["stages"].as_array().map(Vec::len)), (&json!("Hello"), Some(1)));
    assert_eq!(api.get(&bindings).await.expect(200)["pagination"]["count"], 1);
    api.is_at_rest().await;
    let revision = api.identity.config.peek().revision;
    import(&api, &[("file", GATE), ("context", "{\"title\": \"Hello\"}")]).await.expect(200);
    assert_eq!(api.identity.config.peek().revision, revision, "nothing was to be changed");
}

#[tokio::test]
async fn what_is_wrong_with_a_blueprint_is_told_and_changes_nothing() {
    let api = Api::start().await;
    let revision = api.identity.config.peek().revision;
    for text in [
        "version: [",
        "version: 1\nentries:\n  - model: authentik_core.application\n    identifiers: { slug: \"no slug\" }\n    attrs: { name: x }\n",
    ] {
        let result = import(&api, &[("file", text)]).await.expect(200);
        let told = result["logs"].as_array().is_some_and(|logs| !logs.is_empty());
        assert!(told, "{result}");
        assert_eq!(api.identity.config.peek().revision, revision, "{result}");
    }
    assert!(import(&api, &[]).await.expect(400)["file"].is_array());
    assert!(import(&api, &[("file", GATE), ("context", "[]")]).await.expect(400)["context"].is_array());
    assert!(import(&api, &[("path", "../secret.yaml")]).await.expect(400)["path"].is_array());
    api.raw(Method::POST, "/managed/blueprints/import/", "application/json", "{}").await.expect(400);
}

#[tokio::test]
async fn a_blueprint_is_kept_applied_and_deleted() {
    let api = Api::start().await;
    let path = "/managed/blueprints/";
    assert_eq!(api.get(path).await.expect(200)["pagination"]["count"], 0);
    assert!(api.post(path, &json!({"name": "x"})).await.expect(400)["content"].is_array());
    assert!(api.post(path, &json!({"name": "x", "content": "version: ["})).await.expect(400)["content"].is_array());
    assert!(api.post(path, &json!({"name": "x", "path": "oci://x"})).await.expect(400)["path"].is_array());
    let made = api.post(path, &json!({"name": "gate", "content": GATE, "enabled": false})).await.expect(201);
    assert_eq!((&made["status"], &made["enabled"]), (&json!("unknown"), &json!(false)));
    api.get("/flows/instances/gate/").await.expect(404);
    let one = format!("{path}{}/", made["pk"].as_str().expect("a key"));
    let applied = api.post(&format!("{one}apply/"), &json!({})).await.expect(200);
    assert_eq!(applied["status"], "successful", "{applied}");
    assert!(applied["managed_models"].as_array().expect("a list").contains(&json!("authentik_flows.flow")));
    assert_eq!(applied["last_applied_hash"].as_str().map(str::len), Some(64));
    assert_eq!(api.get("/flows/instances/gate/").await.expect(200)["title"], "Welcome");

    let body = json!({"context": {"title": "Changed"}, "enabled": true});
    api.patch(&one, &body).await.expect(200);
    assert_eq!(api.get("/flows/instances/gate/").await.expect(200)["title"], "Changed");
    assert_eq!(api.get(&format!("{path}?name=gate")).await.expect(200)["results"][0]["pk"], made["pk"]);
    assert_eq!(api.get(&format!("{one}used_by/")).await.expect(200), json!([]));
    api.delete(&one).await.expect(204);
    api.get(&one).await.expect(404);
    api.get("/flows/instances/gate/").await.expect(200);
}

#[tokio::test]
async fn the_folder_stands_among_the_blueprints_and_is_changed_where_it_is() {
    let folder = [("wiki.yaml", "app: wiki\nurl: https://wiki.example.com\n"), ("gate.yaml", "group: Staff\n")];
    let api = Api::start_with_files(&folder).await;
    let list = api.get("/managed/blueprints/").await.expect(200);
    let source = list["results"][0].clone();
    assert_eq!((&source["name"], &source["status"]), (&json!("Folder"), &json!("successful")));
    assert!(source["managed_models"].as_array().expect("a list").contains(&json!("authentik_core.application")));
    let one = format!("/managed/blueprints/{}/", source["pk"].as_str().expect("a key"));
    assert_eq!(api.get(&one).await.expect(200), source);
    api.patch(&one, &json!({"name": "x"})).await.expect(409);
    api.delete(&one).await.expect(409);
    assert_eq!(api.post(&format!("{one}apply/"), &json!({})).await.expect(200)["status"], "successful");
    assert_eq!(api.get(&format!("{one}used_by/")).await.expect(200), json!([]));
    assert_eq!(api.get("/managed/blueprints/?search=nothing").await.expect(200)["pagination"]["count"], 0);
    let files = api.get("/managed/blueprints/available/").await.expect(200);
    let paths: Vec<&str> = files.as_array().expect("a list").iter().filter_map(|f| f["path"].as_str()).collect();
    assert_eq!(paths, ["gate.yaml", "wiki.yaml"]);

    // A blueprint may speak of what the folder declares, and cannot change it.
    let binding = "\
version: 1
entries:
  - model: authentik_core.application
    identifiers: { slug: wiki }
    attrs: { name: Other }
";
    let result = import(&api, &[("file", binding)]).await.expect(200);
    assert_eq!(result["success"], false, "{result}");
    assert!(result["logs"].to_string().contains("wiki.yaml"), "{result}");
    assert_eq!(api.get("/core/applications/wiki/").await.expect(200)["name"], "wiki");
}

#[tokio::test]
async fn rules_hold_for_the_attributes_of_users_and_groups() {
    let api = Api::start().await;
    let path = "/core/object_attributes/";
    let rule = json!({
        "object_type": "authentik_core.user", "key": "cost", "label": "Cost centre", "type": "text",
        "regex": "[A-Z][0-9]", "is_required": true, "is_unique": true,
    });
    let made = api.post(path, &rule).await.expect(201);
    assert_eq!(made["object_type_obj"]["fully_qualified_model"], "authentik_core.user");
    for (field, value) in
        [("object_type", json!("authentik_flows.flow")), ("regex", json!("([")), ("type", json!("date"))]
    {
        let mut wrong = rule.clone();
        (wrong["key"], wrong[field]) = (json!("other"), value);
        assert!(api.post(path, &wrong).await.expect(400)[field].is_array(), "{field}");
    }
    let user = async |name: &str, attributes: Value| {
        api.post("/core/users/", &json!({"username": name, "name": "", "attributes": attributes})).await
    };
    for attributes in [json!({}), json!({"cost": 7}), json!({"cost": "a1"})] {
        assert!(user("ada", attributes).await.expect(400)["attributes"].is_array());
    }
    let ada = user("ada", json!({"cost": "A1"})).await.expect(201)["pk"].clone();
    let told = user("bob", json!({"cost": "A1"})).await.expect(400);
    assert_eq!(told["attributes"][0], "Cost centre is already taken.");
    let one = format!("/core/users/{ada}/");
    api.patch(&one, &json!({"attributes": {"cost": "A1", "x": 1}})).await.expect(200);
    api.patch(&one, &json!({"attributes": {}})).await.expect(400);
    api.patch(&one, &json!({"name": "Ada"})).await.expect(200);

    let group = json!({
        "object_type": "authentik_core.group", "key": "size", "label": "Size", "type": "number", "group": "Facts",
    });
    api.post(path, &group).await.expect(201);
    let body = json!({"name": "Staff", "attributes": {"size": "many"}});
    assert_eq!(api.post("/core/groups/", &body).await.expect(400)["attributes"][0], "Size must be a number.");
    let of_groups = api.get(&format!("{path}?object_type__model=group")).await.expect(200);
    assert_eq!((&of_groups["pagination"]["count"], &of_groups["results"][0]["key"]), (&json!(1), &json!("size")));
    let off = format!("{path}{}/", made["pk"].as_str().expect("a key"));
    api.patch(&off, &json!({"enabled": false})).await.expect(200);
    user("bob", json!({})).await.expect(201);
    api.delete(&off).await.expect(204);
}
