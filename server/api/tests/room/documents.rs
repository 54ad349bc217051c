//! Objects of every kind, and the documents of a folder that hold them.

use crate::support::{Api, Browser, somebody};
use serde_json::{Value, json};

/// An application with a secret, a guarded stage, and policies in a file.
const FOLDER: [(&str, &str); 2] = [
    (
        "apps.yaml",
        "app: wiki\nname: The Wiki\nurl: https://wiki.example.com\noauth2:\n  client_id: wiki\n  redirect_uris: [https://wiki.example.com/back]\naccess:\n  any: [{ group: Writers }]\n---\ngroup: Writers\n---\nflow: hello\ntitle: Hello\ndesignation: authentication\nstages:\n  - identify: { by: [username] }\n  - deny: {}\n    when: user.is_active\n",
    ),
    ("more.cedar", "// A comment.\npermit (principal, action == Action::\"access\", resource in Tag::\"open\");\n"),
];

async fn start() -> Api {
    let api = Api::start_with_files(&FOLDER).await;
    api.is_at_rest().await;
    api
}

fn text(of: &Value) -> &str {
    of.as_str().unwrap_or_default()
}

#[tokio::test]
async fn drift_is_what_was_edited_and_what_stands_in_no_text() {
    let api = start().await;
    let calm = api.get("/lockgate/drift/").await.expect(200);
    assert_eq!((&calm["folder"], &calm["edited"], &calm["beside_count"]), (&json!("in_force"), &json!([]), &json!(0)));
    let flow = "/flows/instances/default-authentication-flow/";
    let before = api.get(flow).await.expect(200)["title"].clone();
    api.patch(flow, &json!({"title": "Come in"})).await.expect(200);
    api.post("/core/applications/", &json!({"name": "Beside", "slug": "beside"})).await.expect(201);
    let drift = api.get("/lockgate/drift/").await.expect(200);
    let edited = &drift["edited"][0];
    assert_eq!((&edited["kind"], &edited["identifier"]), (&json!("flow"), &json!("default-authentication-flow")));
    let field = json!({"pointer": "/title", "before": before, "after": "Come in", "secret": false});
    assert_eq!(edited["fields"], json!([field]), "{drift}");
    let beside = &drift["beside"][0];
    assert_eq!((&drift["beside_count"], &beside["identifier"]), (&json!(1), &json!("beside")), "{drift}");
    assert_eq!(drift["revision"].as_i64(), calm["revision"].as_i64().map(|number| number + 2));
    // As it ships again: nothing is different, and it is not called made here either.
    api.patch(flow, &json!({"title": edited["fields"][0]["before"]})).await.expect(200);
    let drift = api.get("/lockgate/drift/").await.expect(200);
    assert_eq!((&drift["edited"], &drift["beside_count"]), (&json!([]), &json!(1)));
    somebody(&api, "ada").await.get("/lockgate/drift/").await.expect(403);
}

#[tokio::test]
async fn objects_are_named_by_their_keys_at_once() {
    let api = start().await;
    let app = api.get("/core/applications/wiki/").await.expect(200);
    let bindings = api.get(&format!("/policies/bindings/?target={}", text(&app["pk"]))).await.expect(200);
    let binding = text(&bindings["results"][0]["pk"]).to_owned();
    let path = format!("/lockgate/objects/?pk={}&pk={binding}", text(&app["pk"]));
    let found = api.get(&path).await.expect(200);
    let mut kinds: Vec<&str> = found["results"].as_array().expect("a list").iter().map(|o| text(&o["kind"])).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["application", "policy_binding"], "what stands inside of others, too");
    api.get("/lockgate/objects/?pk=wiki").await.expect(400);
    let nobody = somebody(&api, "ada").await.get(&path).await.expect(200);
    assert_eq!(nobody["results"], json!([]));
}

#[tokio::test]
async fn an_object_comes_with_the_document_that_holds_it() {
    let api = start().await;
    let app = api.get("/lockgate/objects/application/wiki/").await.expect(200);
    assert_eq!(
        (&app["identifier"], &app["name"], &app["origin"]),
        (&json!("wiki"), &json!("The Wiki"), &json!("folder"))
    );
    assert_eq!((&app["file"], &app["line"], &app["left_out"]), (&json!("apps.yaml"), &json!(1), &Value::Null));
    let yaml = text(&app["yaml"]);
    assert!(yaml.starts_with("app: wiki\n") && yaml.contains("group: Writers"), "{yaml}");
    assert!(yaml.contains("client_secret:\n") || yaml.contains("client_secret: {"), "{yaml}");
    assert!(yaml.contains("env: WIKI_CLIENT_SECRET"), "{yaml}");

    // The provider, by each of its keys, and the binding stand in the same document.
    let provider = api.get("/core/applications/wiki/").await.expect(200)["provider"].clone();
    let by_number = api.get(&format!("/lockgate/objects/oauth2_provider/{provider}/")).await.expect(200);
    let by_id = api.get(&format!("/lockgate/objects/oauth2_provider/{}/", text(&by_number["pk"]))).await.expect(200);
    assert_eq!((&by_number, &by_number["yaml"], &by_number["number"]), (&by_id, &app["yaml"], &provider));
    let binding = api.get(&format!("/policies/bindings/?target={}", text(&app["pk"]))).await.expect(200);
    let binding = format!("/lockgate/objects/policy_binding/{}/", text(&binding["results"][0]["pk"]));
    assert_eq!(api.get(&binding).await.expect(200)["yaml"], app["yaml"]);

    let flow = api.get("/lockgate/objects/flow/hello/").await.expect(200);
    assert!(text(&flow["yaml"]).contains("when: user.is_active"), "{flow}");
    for kind in ["flow_stage_binding", "deny_stage", "expression_policy"] {
        let all = api.get(&format!("/lockgate/objects/{kind}/nothing/")).await;
        all.expect(404);
    }
    let stage = api.get("/lockgate/objects/deny_stage/hello-deny/").await.expect(200);
    assert_eq!(stage["yaml"], flow["yaml"]);
    let policy = api.get("/lockgate/objects/expression_policy/hello-deny-when/").await.expect(200);
    assert_eq!(policy["yaml"], flow["yaml"]);
    let file = api.get("/lockgate/objects/cedar_file/more.cedar/").await.expect(200);
    assert_eq!(file["yaml"], FOLDER[1].1);
}

#[tokio::test]
async fn what_ships_with_the_server_is_written_whole_and_what_has_no_words_says_so() {
    let api = start().await;
    let brand = api.get("/lockgate/objects/brand/authentik-default/").await.expect(200);
    assert!(text(&brand["yaml"]).contains("flow_authentication"), "{brand}");
    assert_eq!(brand["origin"], "builtin");
    let flow = api.get("/lockgate/objects/flow/default-authentication-flow/").await.expect(200);
    assert!(text(&flow["yaml"]).contains("- identify"), "{flow}");
    let alone = json!({"name": "alone", "mode": "forward_single", "external_host": "https://x.example.com",
        "authorization_flow": flow["pk"], "invalidation_flow": flow["pk"]});
    let provider = api.post("/providers/proxy/", &alone).await.expect(201);
    let shown = api.get(&format!("/lockgate/objects/proxy_provider/{}/", provider["pk"])).await.expect(200);
    assert_eq!(shown["yaml"], Value::Null);
    assert!(text(&shown["left_out"]).contains("no application has it"), "{shown}");
    for path in ["nonsense/x", "application/x", "flow/00000000-0000-0000-0000-000000000000", "oauth2_provider/9"] {
        api.get(&format!("/lockgate/objects/{path}/")).await.expect(404);
    }
}

#[tokio::test]
async fn objects_of_all_kinds_are_found_by_name() {
    let sees = "permit (principal == User::\"ada\", action == Action::\"read\", resource in Kind::\"application\");\n";
    let api = Api::start_with_files(&[FOLDER[0], ("more.cedar", sees)]).await;
    api.is_at_rest().await;
    for n in 0..60 {
        let body = json!({"name": format!("Many {n}"), "slug": format!("many-{n}")});
        api.post("/core/applications/", &body).await.expect(201);
    }
    let found = async |api: &Api, query: &str| {
        let told = api.get(&format!("/lockgate/objects/?{query}")).await.expect(200);
        let rows = told["results"].as_array().expect("a list").clone();
        let names = rows.iter().map(|row| format!("{} {}", text(&row["kind"]), text(&row["identifier"])));
        (names.collect::<Vec<_>>(), told["truncated"] == true)
    };
    // Of the same name first, then what begins with it.
    let (names, _) = found(&api, "search=WIKI").await;
    assert_eq!(names[0], "application wiki", "{names:?}");
    assert!(names.contains(&"oauth2_provider wiki".to_owned()), "{names:?}");
    assert_eq!(found(&api, "search=the+wiki").await.0, ["application wiki"]);
    let (many, truncated) = found(&api, "search=many").await;
    assert_eq!((many.len(), truncated), (50, true));
    let (stages, _) = found(&api, "kind=stage&origin=folder").await;
    assert_eq!(stages, ["deny_stage hello-deny", "identification_stage hello-identify"]);
    assert_eq!(found(&api, "kind=flow,application&origin=folder").await.0, ["flow hello", "application wiki"]);
    assert!(!found(&api, "kind=policy_binding").await.0.is_empty());
    assert_eq!(found(&api, "search=nothing+like+it").await, (Vec::new(), false));
    api.get("/lockgate/objects/?origin=nowhere").await.expect(400);
    let ada = somebody(&api, "ada").await;
    assert_eq!(found(&ada, "search=wiki").await.0, ["application wiki"]);
    let plain = somebody(&api, "plain").await;
    assert_eq!(found(&plain, "").await, (Vec::new(), false));
}

#[tokio::test]
async fn a_document_is_shown_to_who_may_see_all_that_stands_in_it() {
    let sees = "permit (principal == User::\"ada\", action == Action::\"read\", resource in Kind::\"application\");\n";
    let cedar = format!("{}{sees}", FOLDER[1].1);
    let api = Api::start_with_files(&[FOLDER[0], ("more.cedar", &cedar)]).await;
    api.is_at_rest().await;
    let ada = somebody(&api, "ada").await;
    let app = ada.get("/lockgate/objects/application/wiki/").await.expect(200);
    assert_eq!((&app["name"], &app["yaml"]), (&json!("The Wiki"), &Value::Null));
    assert!(text(&app["left_out"]).contains("may not see"), "{app}");
    ada.get("/lockgate/objects/flow/hello/").await.expect(404);
    let mut nobody = Browser::new(&api);
    nobody.send(http::Method::GET, "/lockgate/objects/application/wiki/", &Value::Null).await.expect(403);
}
