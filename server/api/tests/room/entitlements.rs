//! Entitlements: what people are inside of an application, and what its tokens say of it.

use crate::support::Api;
use serde_json::{Value, json};

async fn pk(api: &Api, path: &str) -> Value {
    api.get(path).await.expect(200)["results"][0]["pk"].clone()
}

/// An application whose provider answers the scope `entitlements`: key of the application, number of the provider.
async fn app(api: &Api, slug: &str) -> (Value, Value) {
    let flow = async |slug: &str| api.get(&format!("/flows/instances/{slug}/")).await.expect(200)["pk"].clone();
    let mapping = "goauthentik.io/providers/oauth2/scope-entitlements";
    let mapping = pk(api, &format!("/propertymappings/provider/scope/?managed={mapping}")).await;
    let body = json!({
        "name": slug,
        "authorization_flow": flow("default-provider-authorization-implicit-consent").await,
        "invalidation_flow": flow("default-provider-invalidation-flow").await,
        "redirect_uris": [{"matching_mode": "strict", "url": format!("https://{slug}.example.com/cb")}],
        "property_mappings": [mapping],
    });
    let provider = api.post("/providers/oauth2/", &body).await.expect(201)["pk"].clone();
    let body = json!({"name": slug, "slug": slug, "provider": provider});
    (api.post("/core/applications/", &body).await.expect(201)["pk"].clone(), provider)
}

async fn claims(api: &Api, provider: &Value, user: &Value) -> Value {
    let path = format!("/providers/oauth2/{provider}/preview_user/?for_user={user}");
    api.get(&path).await.expect(200)["preview"]["entitlements"].clone()
}

#[tokio::test]
async fn who_holds_an_entitlement_has_it_in_the_claims_of_its_application_alone() {
    let api = Api::start().await;
    let (wiki, provider) = app(&api, "wiki").await;
    let (_, other) = app(&api, "other").await;
    let group = api.post("/core/groups/", &json!({"name": "Editors"})).await.expect(201)["pk"].clone();
    let user = async |name: &str, groups: Value| {
        api.post("/core/users/", &json!({"username": name, "name": name, "groups": groups})).await.expect(201)["pk"]
            .clone()
    };
    let (ada, bob) = (user("ada", json!([group])).await, user("bob", json!([])).await);

    let body = json!({"name": "Editor", "app": wiki, "attributes": {"rank": 2}});
    let made = api.post("/core/application_entitlements/", &body).await.expect(201);
    assert_eq!((&made["name"], &made["app"], &made["attributes"]), (&json!("Editor"), &wiki, &json!({"rank": 2})));
    assert_eq!(claims(&api, &provider, &ada).await, json!([]), "nothing is bound to it");
    assert!(api.post("/core/application_entitlements/", &body).await.expect(400)["name"].is_array(), "twice");
    assert!(api.post("/core/application_entitlements/", &json!({"name": "x"})).await.expect(400)["app"].is_array());

    let editor = made["pbm_uuid"].clone();
    let bind = |subject: &str, value: &Value, target: &Value| {
        let mut body = json!({"target": target, "order": 0});
        body[subject] = value.clone();
        body
    };
    api.post("/policies/bindings/", &bind("group", &group, &editor)).await.expect(201);
    assert_eq!(claims(&api, &provider, &ada).await, json!(["Editor"]));
    assert_eq!(claims(&api, &provider, &bob).await, json!([]));
    assert_eq!(claims(&api, &other, &ada).await, json!([]));

    // By a policy, and by name: one that passes is enough, and in the order of their names.
    let body = json!({"name": "Author", "app": wiki});
    let author = api.post("/core/application_entitlements/", &body).await.expect(201)["pbm_uuid"].clone();
    let policy = json!({"name": "is-bob", "expression": "user.username == \"bob\""});
    let policy = api.post("/policies/expression/", &policy).await.expect(201)["pk"].clone();
    api.post("/policies/bindings/", &bind("policy", &policy, &author)).await.expect(201);
    api.post("/policies/bindings/", &bind("user", &ada, &author)).await.expect(201);
    assert_eq!(claims(&api, &provider, &ada).await, json!(["Author", "Editor"]));
    assert_eq!(claims(&api, &provider, &bob).await, json!(["Author"]));

    // Who is not active holds nothing, and whoever is taken out of the group no longer.
    api.patch(&format!("/core/users/{ada}/"), &json!({"groups": []})).await.expect(200);
    assert_eq!(claims(&api, &provider, &ada).await, json!(["Author"]));

    // They are found by their application, and go with it.
    let of_wiki = api.get(&format!("/core/application_entitlements/?app={}", wiki.as_str().expect("a key"))).await;
    assert_eq!(of_wiki.expect(200)["pagination"]["count"], 2);
    let used = api.get("/core/applications/wiki/used_by/").await.expect(200);
    assert!(used.to_string().contains("applicationentitlement"), "{used}");
    api.delete("/core/applications/wiki/").await.expect(204);
    assert_eq!(api.get("/core/application_entitlements/").await.expect(200)["pagination"]["count"], 0);
}

#[tokio::test]
async fn a_folder_says_who_holds_what_and_cedar_may_forbid_it() {
    let yaml = "\
app: wiki
oauth2:
  client_secret: { env: WIKI_SECRET }
  redirect_uris: [https://wiki.example.com/cb]
  scopes: [openid, entitlements]
entitlements:
  - name: Editor
    attributes: { rank: 2 }
    access: { any: [{ group: Editors }] }
---
group: Editors
---
mapping: rank
scope: entitlements
expression: |
  #{ rank: app.entitlement_attributes.rank ?? 0 }
";
    let cedar = r#"
        @id("no-guests") forbid (principal, action == Action::"hold", resource in App::"wiki")
        when { principal.username like "guest*" };
    "#;
    let yaml = yaml.replace("  client_secret: { env: WIKI_SECRET }\n", "  client_type: public\n");
    let api = Api::start_with_files(&[("wiki.yaml", &yaml), ("guests.cedar", cedar)]).await;
    let group = pk(&api, "/core/groups/?name=Editors").await;
    let provider = pk(&api, "/providers/oauth2/?name=wiki").await;
    let user = async |name: &str| {
        let body = json!({"username": name, "name": name, "groups": [group]});
        api.post("/core/users/", &body).await.expect(201)["pk"].clone()
    };
    let (ada, guest) = (user("ada").await, user("guest-1").await);
    let preview = async |user: &Value| {
        let path = format!("/providers/oauth2/{provider}/preview_user/?for_user={user}");
        api.get(&path).await.expect(200)["preview"].clone()
    };
    let of_ada = preview(&ada).await;
    assert_eq!((&of_ada["entitlements"], &of_ada["rank"]), (&json!(["Editor"]), &json!(2)), "{of_ada}");
    let of_guest = preview(&guest).await;
    assert_eq!((&of_guest["entitlements"], &of_guest["rank"]), (&json!([]), &json!(0)), "{of_guest}");

    let editor = api.get("/core/application_entitlements/?name=Editor").await.expect(200)["results"][0].clone();
    let path = format!("/core/application_entitlements/{}/", editor["pbm_uuid"].as_str().expect("a key"));
    let told = api.patch(&path, &json!({"name": "Other"})).await.expect(409);
    assert!(told["detail"].as_str().expect("a text").contains("wiki.yaml"), "{told}");
}

#[tokio::test]
async fn nothing_can_be_requested_and_a_mapping_can_be_tried() {
    let api = Api::start().await;
    for path in ["/core/applications/requestable/?search=x", "/core/application_entitlements/requestable/"] {
        assert_eq!(api.get(path).await.expect(200)["pagination"]["count"], 0, "{path}");
    }
    let ada = api.post("/core/users/", &json!({"username": "ada", "name": "Ada"})).await.expect(201)["pk"].clone();
    let body = json!({"name": "nick", "scope_name": "profile", "expression": "#{ nickname: user.username }"});
    let mapping = api.post("/propertymappings/provider/scope/", &body).await.expect(201)["pk"].clone();
    let path = format!("/propertymappings/all/{}/test/", mapping.as_str().expect("a key"));
    let tried = api.post(&path, &json!({"user": ada})).await.expect(200);
    assert_eq!(tried, json!({"result": "{\"nickname\":\"ada\"}", "successful": true}));
    let of_nobody = api.post(&path, &json!({})).await.expect(200);
    assert_eq!(of_nobody["result"], "{\"nickname\":\"\"}");
    api.post(&path, &json!({"user": 4711})).await.expect(400);

    let broken = json!({"expression": "#{ nickname: context.missing.name }"});
    let key = mapping.as_str().expect("a key");
    api.patch(&format!("/propertymappings/provider/scope/{key}/"), &broken).await.expect(200);
    let tried = api.post(&path, &json!({})).await.expect(200);
    assert_eq!(tried["successful"], false, "{tried}");
}
