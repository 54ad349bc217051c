//! OAuth2 providers as Terraform makes them, and what applications were granted.

use crate::support::{Api, things::token};
use chrono::TimeDelta;
use lockgate_engine::ports::Clock;
use lockgate_identity::system::SystemClock;
use lockgate_store::{EventFilter, Issue, NewCode, NewConsent, Session, TokenKind};
use serde_json::{Value, json};
use uuid::Uuid;

/// A body as it must be, and nothing more.
async fn body(api: &Api, name: &str) -> Value {
    let flow = async |slug: &str| api.get(&format!("/flows/instances/{slug}/")).await.expect(200)["pk"].clone();
    json!({
        "name": name,
        "authorization_flow": flow("default-provider-authorization-implicit-consent").await,
        "invalidation_flow": flow("default-provider-invalidation-flow").await,
        "redirect_uris": [{"matching_mode": "strict", "url": format!("https://{name}.example.com/cb")}],
    })
}

async fn provider(api: &Api, name: &str) -> Value {
    api.post("/providers/oauth2/", &body(api, name).await).await.expect(201)
}

async fn app(api: &Api, slug: &str, provider: &Value) -> Value {
    let body = json!({"name": slug, "slug": slug, "provider": provider["pk"]});
    api.post("/core/applications/", &body).await.expect(201)
}

/// A client with the rights of an ordinary user, and the user's number.
async fn somebody(api: &Api, name: &str) -> (Api, i64) {
    let user = api.post("/core/users/", &json!({"username": name, "name": ""})).await.expect(201)["pk"].clone();
    let token = json!({"identifier": name, "user": user});
    api.post("/core/tokens/", &token).await.expect(201);
    let key = api.get(&format!("/core/tokens/{name}/view_key/")).await.expect(200);
    (api.with_token(key["key"].as_str().expect("a key")), user.as_i64().expect("a number"))
}

#[tokio::test]
async fn what_is_left_out_has_the_defaults_of_the_contract() {
    let api = Api::start().await;
    let made = provider(&api, "grafana").await;
    for (field, value) in [
        ("client_type", json!("confidential")),
        ("access_code_validity", json!("minutes=1")),
        ("access_token_validity", json!("hours=1")),
        ("refresh_token_validity", json!("days=30")),
        ("refresh_token_threshold", json!("seconds=0")),
        ("include_claims_in_id_token", json!(true)),
        ("sub_mode", json!("hashed_user_id")),
        ("issuer_mode", json!("per_provider")),
        ("logout_uri", json!("")),
        ("logout_method", json!("backchannel")),
        ("signing_key", Value::Null),
        ("assigned_application_slug", Value::Null),
        ("component", json!("ak-provider-oauth2-form")),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert_eq!(made["redirect_uris"][0]["redirect_uri_type"], "authorization");
    let length = |field: &str| made[field].as_str().map_or(0, str::len);
    assert_eq!((length("client_id"), length("client_secret")), (40, 128));

    // What the server made stays through changes that do not name it.
    let path = format!("/providers/oauth2/{}/", made["pk"]);
    let replaced = api.put(&path, &body(&api, "grafana").await).await.expect(200);
    assert_eq!(replaced, made);
    assert_eq!(api.get(&path).await.expect(200), made);
}

#[tokio::test]
async fn complaints_stand_at_their_fields() {
    let api = Api::start().await;
    let first = provider(&api, "grafana").await;
    let mut wrong = body(&api, "wiki").await;
    wrong["redirect_uris"] = json!([
        {"matching_mode": "strict", "url": "https://wiki.example.com/cb"},
        {"matching_mode": "strict", "url": "javascript:alert(1)"},
    ]);
    let answer = api.post("/providers/oauth2/", &wrong).await.expect(400);
    assert!(answer["redirect_uris"]["1"]["url"][0].is_string(), "{answer}");
    for (field, value) in [
        ("redirect_uris", json!([{"matching_mode": "regex", "url": "(["}])),
        ("redirect_uris", json!([{"matching_mode": "sloppy", "url": "https://wiki.example.com/cb"}])),
        ("redirect_uris", json!("https://wiki.example.com/cb")),
        ("redirect_uris", Value::Null),
        ("client_type", json!("secretive")),
        ("grant_types", json!(["telepathy"])),
        ("access_token_validity", json!("soon")),
        ("signing_key", json!("00000000-0000-4000-8000-000000000000")),
        ("jwt_federation_providers", json!([4711])),
        ("logout_uri", json!("javascript:alert(1)")),
        ("client_id", first["client_id"].clone()),
    ] {
        let mut wrong = body(&api, "wiki").await;
        wrong[field] = value.clone();
        let answer = api.post("/providers/oauth2/", &wrong).await.expect(400);
        assert!(!answer[field].is_null(), "{field} = {value}: {answer}");
    }
    let answer = api.post("/providers/oauth2/", &json!({"name": "wiki"})).await.expect(400);
    for field in ["authorization_flow", "invalidation_flow", "redirect_uris"] {
        assert_eq!(answer[field][0], "This field is required.");
    }
}

#[tokio::test]
async fn the_list_can_be_filtered_by_application() {
    let api = Api::start().await;
    let (grafana, wiki) = (provider(&api, "grafana").await, provider(&api, "wiki").await);
    let app = app(&api, "grafana", &grafana).await;
    let names = async |query: &str| -> Vec<Value> {
        let list = api.get(&format!("/providers/oauth2/?{query}")).await.expect(200);
        list["results"].as_array().expect("results").iter().map(|p| p["name"].clone()).collect()
    };
    assert_eq!(names("").await, ["grafana", "wiki"]);
    assert_eq!(names(&format!("application={}", app["pk"].as_str().expect("a key"))).await, ["grafana"]);
    assert_eq!(names("application=no-key").await, Vec::<Value>::new());
    assert_eq!(names("name=wiki").await, ["wiki"]);
    assert_eq!(names(&format!("client_id={}", wiki["client_id"].as_str().expect("a text"))).await, ["wiki"]);
    assert_eq!(names("client_type=public").await, Vec::<Value>::new());
    let assigned = api.get(&format!("/providers/oauth2/{}/", grafana["pk"])).await.expect(200);
    assert_eq!(assigned["assigned_application_name"], "grafana");
    assert_eq!(app["launch_url"], "https://grafana.example.com/");
}

#[tokio::test]
async fn a_native_application_has_no_address_to_open() {
    let api = Api::start().await;
    let mut native = body(&api, "phone").await;
    native["redirect_uris"] = json!([{"matching_mode": "strict", "url": "com.example.phone://callback"}]);
    let native = api.post("/providers/oauth2/", &native).await.expect(201);
    assert_eq!(app(&api, "phone", &native).await["launch_url"], Value::Null);
}

#[tokio::test]
async fn the_addresses_for_an_application_are_told() {
    let api = Api::start().await;
    let made = provider(&api, "grafana").await;
    let path = format!("/providers/oauth2/{}/setup_urls/", made["pk"]);
    let before = api.get(&path).await.expect(200);
    assert_eq!((&before["issuer"], &before["jwks"]), (&json!(""), &json!("")));
    app(&api, "grafana", &made).await;
    let base = "https://auth.example.com/application/o";
    let told = json!({
        "issuer": format!("{base}/grafana/"),
        "authorize": format!("{base}/authorize/"),
        "token": format!("{base}/token/"),
        "user_info": format!("{base}/userinfo/"),
        "provider_info": format!("{base}/grafana/.well-known/openid-configuration"),
        "logout": format!("{base}/grafana/end-session/"),
        "jwks": format!("{base}/grafana/jwks/"),
        "dcr_registration": null,
    });
    assert_eq!(api.get(&path).await.expect(200), told);
    api.patch(&format!("/providers/oauth2/{}/", made["pk"]), &json!({"issuer_mode": "global"})).await.expect(200);
    assert_eq!(api.get(&path).await.expect(200)["issuer"], "https://auth.example.com/");
    let (ada, _) = somebody(&api, "ada").await;
    ada.get(&path).await.expect(404);
    api.get("/providers/oauth2/999999/setup_urls/").await.expect(404);
}

#[tokio::test]
async fn a_preview_says_what_a_token_would_or_why_there_is_none() {
    let api = Api::start().await;
    let (ada, ada_pk) = somebody(&api, "ada").await;
    let mapping = async |name: &str, scope: &str, expression: &str| {
        let body = json!({"name": name, "scope_name": scope, "expression": expression});
        api.post("/propertymappings/provider/scope/", &body).await.expect(201)["pk"].clone()
    };
    let nick = mapping("nick", "nick", "#{ nick: user.username, sub: \"forged\" }").await;
    let mut given = body(&api, "grafana").await;
    given["property_mappings"] = json!([nick]);
    let made = api.post("/providers/oauth2/", &given).await.expect(201);
    let path = format!("/providers/oauth2/{}/preview_user/", made["pk"]);
    assert!(api.get(&path).await.expect(400)["non_field_errors"].is_array());
    app(&api, "grafana", &made).await;

    let own = api.get(&path).await.expect(200);
    assert_eq!(own["preview"]["nick"], "akadmin");
    let other = api.get(&format!("{path}?for_user={ada_pk}")).await.expect(200)["preview"].clone();
    assert_eq!((&other["nick"], &other["aud"]), (&json!("ada"), &made["client_id"]));
    assert_eq!(other["iss"], "https://auth.example.com/application/o/grafana/");
    let uid = api.get(&format!("/core/users/{ada_pk}/")).await.expect(200)["uid"].clone();
    assert_eq!(other["sub"], uid);
    assert!(api.get(&format!("{path}?for_user=999999")).await.expect(400)["for_user"].is_array());
    assert!(api.get(&format!("{path}?for_user=x")).await.expect(400)["for_user"].is_array());
    ada.get(&path).await.expect(404);

    let broken = mapping("broken", "broken", "let one = 1;\n\n#{ x: one / 0 }").await;
    let both = json!({"property_mappings": [nick, broken]});
    api.patch(&format!("/providers/oauth2/{}/", made["pk"]), &both).await.expect(200);
    let text = api.get(&path).await.expect(400)["non_field_errors"][0].clone();
    let text = text.as_str().expect("a sentence");
    assert!(text.contains("broken") && text.contains(":3:"), "{text}");
}

/// Primary key of the document behind a number.
async fn document(api: &Api, provider: &Value) -> Uuid {
    let all = api.store.documents().load_all().await.expect("documents");
    let found = all.iter().find(|d| d.number.map(i64::from) == provider["pk"].as_i64());
    found.expect("the provider").id
}

/// Whether the journal says that this user deleted something of this kind.
async fn is_noted(api: &Api, username: &str, kind: &str) -> bool {
    let filter = EventFilter { actions: vec!["model_deleted".to_owned()], ..EventFilter::default() };
    // Events are written beside the requests that they tell of.
    for _ in 0..500 {
        let (events, _) = api.store.events().list(&filter).await.expect("events");
        if events.iter().any(|e| e.context["model"]["model_name"] == kind && e.user["username"] == username) {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test]
async fn people_see_and_delete_their_own_tokens_and_administrators_all() {
    let api = Api::start().await;
    let (ada, ada_pk) = somebody(&api, "ada").await;
    let (_, bob_pk) = somebody(&api, "bob").await;
    let (grafana, wiki) = (provider(&api, "grafana").await, provider(&api, "wiki").await);
    let (grafana_id, wiki_id) = (document(&api, &grafana).await, document(&api, &wiki).await);
    let now = SystemClock.now();
    let rows = vec![
        token(ada_pk, grafana_id, TokenKind::Access, "a1", now),
        token(ada_pk, wiki_id, TokenKind::Access, "a2", now - TimeDelta::hours(2)),
        token(ada_pk, wiki_id, TokenKind::Refresh, "a3", now),
        token(bob_pk, grafana_id, TokenKind::Access, "b1", now),
    ];
    api.store.oauth_tokens().issue(&[Issue::Plain(rows)], now).await.expect("stored");

    let count = async |api: &Api, query: &str| {
        api.get(&format!("/oauth2/{query}")).await.expect(200)["pagination"]["count"].clone()
    };
    assert_eq!(count(&api, "access_tokens/").await, 3);
    assert_eq!(count(&api, "refresh_tokens/").await, 1);
    assert_eq!(count(&api, &format!("access_tokens/?user={bob_pk}")).await, 1);
    assert_eq!(count(&api, &format!("access_tokens/?provider={}", wiki["pk"])).await, 1);
    assert_eq!(count(&api, "access_tokens/?provider=999999").await, 0);
    assert_eq!(count(&api, "access_tokens/?search=graf").await, 2);
    assert_eq!(count(&ada, "access_tokens/").await, 2);
    assert_eq!(count(&ada, &format!("access_tokens/?user={bob_pk}")).await, 0);
    assert_eq!(count(&ada, &format!("access_tokens/?user={ada_pk}")).await, 2);
    assert!(api.get("/oauth2/access_tokens/?user=x").await.expect(400)["user"].is_array());
    assert!(api.get("/oauth2/access_tokens/?provider=x").await.expect(400)["provider"].is_array());

    let list = api.get("/oauth2/access_tokens/?ordering=-expires&page_size=1").await.expect(200);
    assert_eq!(list["pagination"]["next"], 2);
    let list = ada.get("/oauth2/access_tokens/?ordering=expires").await.expect(200);
    let (old, new) = (&list["results"][0], &list["results"][1]);
    assert_eq!((&old["is_expired"], &new["is_expired"], &new["revoked"]), (&json!(true), &json!(false), &json!(false)));
    assert_eq!((&new["provider"]["name"], &new["user"]["username"]), (&json!("grafana"), &json!("ada")));
    assert_eq!(new["scope"], json!(["openid", "email"]));
    let claims: Value = serde_json::from_str(new["id_token"].as_str().expect("a text")).expect("JSON");
    assert_eq!(claims, json!({"sub": "a1"}));
    let refresh = ada.get("/oauth2/refresh_tokens/").await.expect(200)["results"][0].clone();
    assert_eq!(refresh["id_token"], "{}");

    let path = |list: &str, token: &Value| format!("/oauth2/{list}/{}/", token["pk"]);
    assert_eq!(ada.get(&path("access_tokens", new)).await.expect(200), *new);
    ada.get(&path("access_tokens", &refresh)).await.expect(404);
    assert_eq!(ada.get(&format!("{}used_by/", path("access_tokens", new))).await.expect(200), json!([]));
    let bobs = api.get(&format!("/oauth2/access_tokens/?user={bob_pk}")).await.expect(200)["results"][0].clone();
    for path in [path("access_tokens", &bobs), format!("{}used_by/", path("access_tokens", &bobs))] {
        assert_eq!(ada.get(&path).await.expect(404)["detail"], "No TokenModel matches the given query.");
    }
    ada.delete(&path("access_tokens", &bobs)).await.expect(404);
    ada.delete(&path("access_tokens", new)).await.expect(204);
    ada.delete(&path("access_tokens", new)).await.expect(404);
    assert!(api.store.oauth_tokens().find("a1").await.expect("an answer").is_none());
    api.delete(&path("access_tokens", &bobs)).await.expect(204);
    assert!(is_noted(&api, "ada", "accesstoken").await && is_noted(&api, "akadmin", "accesstoken").await);

    // What a provider issued is not shown any more when the provider is gone.
    api.delete(&format!("/providers/oauth2/{}/", wiki["pk"])).await.expect(204);
    assert_eq!(ada.get("/oauth2/refresh_tokens/").await.expect(200)["results"], json!([]));
}

#[tokio::test]
async fn codes_are_listed_without_the_code() {
    let api = Api::start().await;
    let (ada, ada_pk) = somebody(&api, "ada").await;
    let grafana = provider(&api, "grafana").await;
    let now = SystemClock.now();
    let session = Session {
        id_hash: "0".repeat(64),
        uuid: Uuid::from_u128(7),
        user_pk: Some(ada_pk),
        data: json!({}).into(),
        rev: 0,
        created: now,
        last_used: now,
        expires: now + TimeDelta::hours(1),
        last_ip: "127.0.0.1".to_owned(),
        user_agent: String::new(),
        login_event: None,
        auth: None,
        original_pk: None,
    };
    api.store.sessions().create(&session).await.expect("stored");
    let code = NewCode {
        code_hash: "c".repeat(64),
        session: session.uuid,
        provider: document(&api, &grafana).await,
        user_pk: ada_pk,
        grant: Uuid::from_u128(1),
        scope: "openid".to_owned(),
        data: json!({"nonce": "only-for-the-client"}),
        created: now,
        expires: now + TimeDelta::minutes(1),
    };
    api.store.codes().create(&code).await.expect("stored");
    let list = ada.get("/oauth2/authorization_codes/").await.expect(200);
    let shown = &list["results"][0];
    assert_eq!((&shown["scope"], &shown["is_expired"]), (&json!(["openid"]), &json!(false)));
    assert!(!list.to_string().contains(&code.code_hash) && !list.to_string().contains("only-for"), "{list}");
    let path = format!("/oauth2/authorization_codes/{}/", shown["pk"]);
    let (bob, _) = somebody(&api, "bob").await;
    bob.get(&path).await.expect(404);
    bob.delete(&path).await.expect(404);
    ada.delete(&path).await.expect(204);
    assert_eq!(api.get("/oauth2/authorization_codes/").await.expect(200)["pagination"]["count"], 0);
}

#[tokio::test]
async fn a_consent_is_taken_back_by_whoever_gave_it() {
    let api = Api::start().await;
    let (ada, ada_pk) = somebody(&api, "ada").await;
    let (bob, bob_pk) = somebody(&api, "bob").await;
    let (first, second) = (provider(&api, "grafana").await, provider(&api, "wiki").await);
    let apps = [app(&api, "grafana", &first).await, app(&api, "wiki", &second).await];
    let key = |app: &Value| app["pk"].as_str().and_then(|pk| Uuid::parse_str(pk).ok()).expect("a key");
    for (user_pk, app, expires) in [
        (ada_pk, &apps[0], None),
        (ada_pk, &apps[1], Some(SystemClock.now() + TimeDelta::weeks(4))),
        (bob_pk, &apps[0], None),
    ] {
        let consent = NewConsent { user_pk, application: key(app), permissions: "openid email".to_owned(), expires };
        api.store.consents().grant(&consent).await.expect("stored");
    }
    let count = async |api: &Api, query: &str| {
        api.get(&format!("/core/user_consent/{query}")).await.expect(200)["pagination"]["count"].clone()
    };
    assert_eq!(count(&api, "").await, 3);
    assert_eq!(count(&api, &format!("?user={ada_pk}")).await, 2);
    assert_eq!(count(&api, &format!("?application={}", key(&apps[0]))).await, 2);
    assert_eq!(count(&api, "?search=wik").await, 1);
    assert_eq!(count(&ada, "").await, 2);
    assert_eq!(count(&bob, &format!("?user={ada_pk}")).await, 0);
    assert!(api.get("/core/user_consent/?application=x").await.expect(400)["application"].is_array());

    let list = ada.get(&format!("/core/user_consent/?application={}", key(&apps[1]))).await.expect(200);
    let consent = &list["results"][0];
    assert_eq!((&consent["application"]["slug"], &consent["user"]["pk"]), (&json!("wiki"), &json!(ada_pk)));
    assert_eq!((&consent["permissions"], &consent["expiring"]), (&json!("openid email"), &json!(true)));
    let path = format!("/core/user_consent/{}/", consent["pk"]);
    assert_eq!(bob.get(&path).await.expect(404)["detail"], "No UserConsent matches the given query.");
    bob.delete(&path).await.expect(404);
    assert_eq!(ada.get(&path).await.expect(200), *consent);
    ada.delete(&path).await.expect(204);
    ada.get(&path).await.expect(404);
    assert_eq!(count(&api, "").await, 2);
    assert!(is_noted(&api, "ada", "userconsent").await);
}
