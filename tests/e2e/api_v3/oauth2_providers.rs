//! `/api/v3/providers/oauth2/`.

use lockgate_tests::{Api, Client, Database, Server, Site};
use serde_json::{Value, json};

use super::conventions::{results, token_of};

on_each_database!(
    a_provider_is_declared_whole_and_read_back,
    a_wrong_redirect_uri_is_named_by_its_place,
    two_clients_cannot_have_one_identifier,
    lists_are_filtered,
    the_addresses_are_those_of_the_discovery_document,
    secrets_are_for_those_who_administer,
);

/// Primary keys of the built-in flows that a provider needs.
async fn flows(api: &Api) -> (Value, Value) {
    let flow = async |slug: &str| api.get(&format!("flows/instances/{slug}/")).await.expect(200).json()["pk"].clone();
    (flow("default-provider-authorization-explicit-consent").await, flow("default-provider-invalidation-flow").await)
}

/// What must be said, and a client identifier.
pub(crate) async fn least(api: &Api, name: &str) -> Value {
    let (authorization, invalidation) = flows(api).await;
    json!({
        "name": name,
        "client_id": name,
        "authorization_flow": authorization,
        "invalidation_flow": invalidation,
        "redirect_uris": [{ "matching_mode": "strict", "url": format!("https://{name}.example.org/callback") }],
    })
}

/// A provider with an application of the same name; answers the provider.
pub(crate) async fn with_application(api: &Api, name: &str) -> Value {
    let provider = api.post("providers/oauth2/", &least(api, name).await).await.expect(201).json();
    let application = json!({ "name": name, "slug": name, "provider": provider["pk"] });
    api.post("core/applications/", &application).await.expect(201);
    provider
}

/// Everything that Terraform says of a provider.
async fn whole(api: &Api) -> Value {
    let (authorization, invalidation) = flows(api).await;
    let managed =
        "managed=goauthentik.io/providers/oauth2/scope-openid&managed=goauthentik.io/providers/oauth2/scope-email";
    let mappings = api.get(&format!("propertymappings/provider/scope/?{managed}")).await.expect(200).json();
    let mappings: Vec<Value> = results(&mappings).iter().map(|mapping| mapping["pk"].clone()).collect();
    assert_eq!(mappings.len(), 2);
    let wanted = json!({ "common_name": "signing", "validity_days": 365 });
    let key = api.post("crypto/certificatekeypairs/generate/", &wanted).await.expect(200).json()["pk"].clone();
    let trusted = with_application(api, "trusted").await;
    json!({
        "name": "Grafana",
        "authentication_flow": null,
        "authorization_flow": authorization,
        "invalidation_flow": invalidation,
        "property_mappings": mappings,
        "client_type": "confidential",
        "grant_types": ["authorization_code", "refresh_token"],
        "client_id": "grafana",
        "client_secret": "a secret that somebody chose",
        "access_code_validity": "minutes=1",
        "access_token_validity": "minutes=10",
        "refresh_token_validity": "days=30",
        "refresh_token_threshold": "hours=1",
        "include_claims_in_id_token": false,
        "signing_key": key,
        "encryption_key": null,
        "redirect_uris": [
            { "matching_mode": "strict", "url": "https://grafana.example.org/login", "redirect_uri_type": "authorization" },
            { "matching_mode": "regex", "url": "https://.*\\.example\\.org/", "redirect_uri_type": "logout" },
        ],
        "logout_uri": "https://grafana.example.org/logout",
        "logout_method": "frontchannel",
        "sub_mode": "user_email",
        "issuer_mode": "global",
        "jwt_federation_sources": [],
        "jwt_federation_providers": [trusted["pk"]],
    })
}

#[track_caller]
fn assert_holds(object: &Value, said: &Value) {
    for (field, value) in said.as_object().into_iter().flatten() {
        assert_eq!(object[field], *value, "{field}");
    }
}

async fn a_provider_is_declared_whole_and_read_back(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let mut said = whole(&api).await;
    let made = api.post("providers/oauth2/", &said).await.expect(201).json();
    assert_holds(&made, &said);
    assert_eq!(made["meta_model_name"], "authentik_providers_oauth2.oauth2provider");
    let path = format!("providers/oauth2/{}/", made["pk"]);
    assert_eq!(api.get(&path).await.expect(200).json(), made);

    said["name"] = json!("Grafana 2");
    said["client_type"] = json!("public");
    said["sub_mode"] = json!("user_upn");
    said["jwt_federation_providers"] = json!([]);
    let replaced = api.put(&path, &said).await.expect(200).json();
    assert_holds(&replaced, &said);
    assert_eq!(replaced["pk"], made["pk"]);
    let changed = api.patch(&path, &json!({ "access_token_validity": "hours=2;minutes=5" })).await.expect(200).json();
    assert_eq!(changed["access_token_validity"], "hours=2;minutes=5");
    assert_eq!(changed["client_secret"], said["client_secret"]);

    let application = json!({ "name": "Grafana", "slug": "grafana", "provider": made["pk"] });
    let application = api.post("core/applications/", &application).await.expect(201).json();
    assert_eq!(application["launch_url"], "https://grafana.example.org/");
    let assigned = api.get(&path).await.expect(200).json();
    assert_eq!(assigned["assigned_application_slug"], "grafana");
    assert_eq!(assigned["assigned_application_name"], "Grafana");
    let used = api.get(&format!("{path}used_by/")).await.expect(200).json();
    assert_eq!((&used[0]["model_name"], &used[0]["action"]), (&json!("application"), &json!("set_null")));
    api.delete(&path).await.expect(204);
    api.get(&path).await.expect(404);
    assert!(api.get("core/applications/grafana/").await.expect(200).json()["provider"].is_null());
}

async fn a_wrong_redirect_uri_is_named_by_its_place(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let good = json!({ "matching_mode": "strict", "url": "https://wiki.example.org/" });
    for bad in [
        json!({ "matching_mode": "strict", "url": "javascript:alert(1)" }),
        json!({ "matching_mode": "strict", "url": "data:text/html,x" }),
        json!({ "matching_mode": "strict", "url": "/callback" }),
        json!({ "matching_mode": "strict", "url": "https://wiki.example.org/#part" }),
        json!({ "matching_mode": "strict", "url": "" }),
        json!({ "matching_mode": "regex", "url": "https://(wiki" }),
    ] {
        let mut body = least(&api, "wiki").await;
        body["redirect_uris"] = json!([good, bad]);
        let answer = api.post("providers/oauth2/", &body).await.expect(400).json();
        assert!(answer["redirect_uris"]["1"]["url"][0].is_string(), "{bad}: {answer}");
    }
    let mut body = least(&api, "wiki").await;
    body["redirect_uris"] = json!([{ "url": "https://wiki.example.org/" }]);
    let answer = api.post("providers/oauth2/", &body).await.expect(400).json();
    assert_eq!(answer["redirect_uris"]["0"]["matching_mode"][0], "This field is required.");
    body["redirect_uris"] = json!("https://wiki.example.org/");
    let answer = api.post("providers/oauth2/", &body).await.expect(400).json();
    assert!(answer["redirect_uris"][0].is_string(), "{answer}");
    body["redirect_uris"] = json!([]);
    body["jwt_federation_sources"] = json!(["6a8e3a1c-7d0f-4a0b-9a55-0d6d3b1f3c11"]);
    let answer = api.post("providers/oauth2/", &body).await.expect(400).json();
    assert!(answer["jwt_federation_sources"]["0"][0].is_string(), "{answer}");
    body["jwt_federation_sources"] = json!([]);
    api.post("providers/oauth2/", &body).await.expect(201);
}

async fn two_clients_cannot_have_one_identifier(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let first = with_application(&api, "grafana").await;
    let mut second = least(&api, "wiki").await;
    second["client_id"] = json!("grafana");
    let answer = api.post("providers/oauth2/", &second).await.expect(400).json();
    assert!(answer["client_id"][0].is_string(), "{answer}");
    second["client_id"] = json!("wiki");
    let made = api.post("providers/oauth2/", &second).await.expect(201).json();
    let path = format!("providers/oauth2/{}/", made["pk"]);
    let answer = api.patch(&path, &json!({ "client_id": "grafana" })).await.expect(400).json();
    assert!(answer["client_id"][0].is_string(), "{answer}");
    // To say it again of oneself is no conflict.
    api.patch(&format!("providers/oauth2/{}/", first["pk"]), &json!({ "client_id": "grafana" })).await.expect(200);
}

async fn lists_are_filtered(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let grafana = with_application(&api, "grafana").await;
    let mut public = least(&api, "phone").await;
    public["client_type"] = json!("public");
    public["issuer_mode"] = json!("global");
    api.post("providers/oauth2/", &public).await.expect(201);
    let application = api.get("core/applications/grafana/").await.expect(200).json();
    let application = application["pk"].as_str().unwrap_or_default();
    let flow = grafana["authorization_flow"].as_str().unwrap_or_default();
    for (filter, wanted) in [
        (String::new(), vec!["grafana", "phone"]),
        ("ordering=-name".to_owned(), vec!["phone", "grafana"]),
        (format!("application={application}"), vec!["grafana"]),
        ("client_id=phone".to_owned(), vec!["phone"]),
        ("client_type=public".to_owned(), vec!["phone"]),
        ("issuer_mode=per_provider".to_owned(), vec!["grafana"]),
        ("sub_mode=user_email".to_owned(), vec![]),
        ("name=grafana".to_owned(), vec!["grafana"]),
        ("search=PHO".to_owned(), vec!["phone"]),
        (format!("authorization_flow={flow}"), vec!["grafana", "phone"]),
        ("include_claims_in_id_token=false".to_owned(), vec![]),
        ("access_token_validity=hours%3D1".to_owned(), vec!["grafana", "phone"]),
    ] {
        let list = api.get(&format!("providers/oauth2/?{filter}")).await.expect(200).json();
        let names: Vec<&str> = results(&list).iter().filter_map(|provider| provider["name"].as_str()).collect();
        assert_eq!(names, wanted, "{filter}");
    }
    assert!(api.get("providers/oauth2/?client_type=x").await.expect(400).json()["client_type"].is_array());
    assert!(api.get("providers/oauth2/?signing_key=x").await.expect(400).json()["signing_key"].is_array());
}

async fn the_addresses_are_those_of_the_discovery_document(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let provider = with_application(&api, "grafana").await;
    let path = format!("providers/oauth2/{}/", provider["pk"]);
    for mode in ["per_provider", "global"] {
        api.patch(&path, &json!({ "issuer_mode": mode })).await.expect(200);
        let told = api.get(&format!("{path}setup_urls/")).await.expect(200).json();
        let address = told["provider_info"].as_str().unwrap_or_default();
        let discovered = Client::new().get(address).await.expect(200).json();
        for (ours, theirs) in [
            ("issuer", "issuer"),
            ("authorize", "authorization_endpoint"),
            ("token", "token_endpoint"),
            ("user_info", "userinfo_endpoint"),
            ("logout", "end_session_endpoint"),
            ("jwks", "jwks_uri"),
        ] {
            assert_eq!(told[ours], discovered[theirs], "{mode}: {ours}");
        }
        assert!(told["dcr_registration"].is_null());
    }
}

async fn secrets_are_for_those_who_administer(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let mut body = least(&api, "grafana").await;
    body["client_secret"] = json!("a secret that somebody chose");
    let provider = api.post("providers/oauth2/", &body).await.expect(201).json();
    let application = json!({ "name": "grafana", "slug": "grafana", "provider": provider["pk"] });
    api.post("core/applications/", &application).await.expect(201);
    let path = format!("providers/oauth2/{}/", provider["pk"]);
    assert_eq!(api.get(&path).await.expect(200).json()["client_secret"], body["client_secret"]);
    for other in ["providers/all/", "core/applications/grafana/", "core/applications/"] {
        let shown = api.get(other).await.expect(200).text();
        assert!(!shown.contains("somebody chose"), "{other}: {shown}");
    }
    let ada = token_of(&site, site.ada, "ada-api").await;
    ada.get("providers/oauth2/").await.expect(403);
    ada.post("providers/oauth2/", &least(&api, "mine").await).await.expect(403);
    for tail in ["", "used_by/", "setup_urls/", "preview_user/"] {
        ada.get(&format!("{path}{tail}")).await.expect(404);
    }
    ada.patch(&path, &json!({ "client_secret": "mine" })).await.expect(404);
    ada.delete(&path).await.expect(404);
    // She may open the application, and sees it without what belongs to its provider alone.
    let shown = ada.get("core/applications/grafana/").await.expect(200).text();
    assert!(!shown.contains("somebody chose"), "{shown}");
}
