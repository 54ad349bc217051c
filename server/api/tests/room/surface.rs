//! The face as a whole: what the document says is served, what is served is guarded, and the document in
//! the repository is the one that the code makes.

use crate::support::Api;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::{fs, path::Path};

/// Operations for everybody.
const PUBLIC: &[&str] = &[
    "root_config_retrieve",
    "core_brands_current_retrieve",
    "schema_retrieve",
    "flows_executor_get",
    "flows_executor_solve",
    "stages_authenticator_duo_enrollment_status_create",
];

fn operations() -> Vec<(Method, String, Value)> {
    let document = lockgate_api::openapi::document();
    let paths = document["paths"].as_object().expect("paths");
    let all = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().expect("methods").iter().map(move |(method, operation)| {
            let method = method.to_uppercase().parse().expect("a method");
            (method, path.clone(), operation.clone())
        })
    });
    all.collect()
}

#[test]
fn the_document_in_the_repository_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/openapi.yaml");
    let kept = fs::read_to_string(&path).expect("openapi/openapi.yaml");
    let same = kept == lockgate_api::openapi::yaml();
    assert!(same, "openapi/openapi.yaml is not current: run `cargo run -- openapi > openapi/openapi.yaml`");
}

#[test]
fn the_yaml_says_the_same_as_the_json() {
    let read: Value = serde_saphyr::from_str(lockgate_api::openapi::yaml()).expect("YAML");
    assert_eq!(read, lockgate_api::openapi::document());
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    fn walk(node: &Value, root: &Value) {
        match node {
            Value::Object(map) => {
                if let Some(target) = map.get("$ref").and_then(Value::as_str) {
                    let found = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
                    assert!(found.is_some(), "{target} leads nowhere");
                }
                map.values().for_each(|v| walk(v, root));
            }
            Value::Array(list) => list.iter().for_each(|v| walk(v, root)),
            _ => {}
        }
    }
    let document = lockgate_api::openapi::document();
    walk(&document, &document);
    let mut ids: Vec<String> =
        operations().iter().map(|(_, _, op)| op["operationId"].as_str().expect("an id").to_owned()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an operationId is there twice");
    for (_, path, operation) in operations() {
        for (code, response) in operation["responses"].as_object().expect("responses") {
            let described = response["description"].is_string() || response["$ref"].is_string();
            assert!(described, "{code} of {path} has no description");
        }
    }
}

#[tokio::test]
async fn nothing_but_the_public_operations_answers_without_credentials() {
    let api = Api::start().await;
    for (method, path, operation) in operations() {
        let id = operation["operationId"].as_str().expect("an id");
        let path = filled(&path);
        let reply = api.anonymous(method.clone(), &path, &json!({})).await;
        if PUBLIC.contains(&id) {
            assert!(!matches!(reply.status, StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED), "{method} {path}");
            continue;
        }
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{method} {path}: {}", reply.body);
        assert_eq!(reply.body["detail"], "Authentication credentials were not provided.", "{method} {path}");
    }
}

#[tokio::test]
async fn each_token_has_its_own_number_of_requests() {
    let api = Api::start_limited(5).await;
    let made = api.post("/core/tokens/", &json!({"identifier": "other"})).await.expect(201);
    let key = api.get("/core/tokens/other/view_key/").await.expect(200)["key"].as_str().expect("a key").to_owned();
    assert_eq!(made["identifier"], "other");
    let mut answered = 0;
    let refused = loop {
        let reply = api.get("/core/users/me/").await;
        if reply.status != StatusCode::OK {
            break reply;
        }
        answered += 1;
        assert!(answered < 1_000, "any number of requests are answered");
    };
    assert!(answered >= 8, "twice as many at once, two of them before: {answered}");
    assert_eq!((refused.status, refused.retry_after.as_str()), (StatusCode::TOO_MANY_REQUESTS, "1"));
    assert_eq!(refused.body["detail"], "Request was throttled. Expected available in 1 seconds.");
    api.with_token(&key).get("/core/users/me/").await.expect(200);
    // Whoever shows no credentials is nobody's to count.
    api.anonymous(Method::GET, "/root/config/", &json!({})).await.expect(200);
}

#[tokio::test]
async fn an_ordinary_user_reads_and_changes_nothing_of_others() {
    let api = Api::start().await;
    let made = api.post("/core/users/", &json!({"username": "ada", "name": ""})).await.expect(201);
    let token = json!({"identifier": "ada", "user": made["pk"]});
    api.post("/core/tokens/", &token).await.expect(201);
    let key = api.get("/core/tokens/ada/view_key/").await.expect(200)["key"].as_str().expect("a key").to_owned();
    let ada = api.with_token(&key);
    for (method, path, operation) in operations() {
        let id = operation["operationId"].as_str().expect("an id");
        if PUBLIC.contains(&id) || OWN.contains(&id) {
            continue;
        }
        let reply = ada.send(method.clone(), &filled(&path), &json!({})).await;
        let closed = matches!(reply.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
        assert!(closed, "{method} {path}: {} {}", reply.status, reply.body);
    }
}

/// What is everybody's: oneself, one's own, what may be opened, what kinds and what countries there are.
const OWN: &[&str] = &[
    "core_users_me_retrieve",
    "core_users_impersonate_end_retrieve",
    "core_users_switch_create",
    "admin_apps_list",
    "admin_models_list",
    "core_tokens_list",
    "core_tokens_create",
    "authenticators_all_list",
    "authenticators_duo_list",
    "authenticators_email_list",
    "authenticators_sms_list",
    "authenticators_static_list",
    "authenticators_totp_list",
    "authenticators_webauthn_list",
    "core_authenticated_sessions_list",
    "core_user_consent_list",
    "oauth2_access_tokens_list",
    "oauth2_refresh_tokens_list",
    "oauth2_authorization_codes_list",
    "core_applications_list",
    "core_applications_requestable_list",
    "core_application_entitlements_requestable_list",
    "stages_all_user_settings_list",
    "stages_all_types_list",
    "policies_all_types_list",
    "policies_geoip_iso3166_list",
    "providers_all_types_list",
    "propertymappings_all_types_list",
    "events_events_actions_list",
    "events_notifications_list",
    "events_notifications_mark_all_seen_create",
    "lockgate_objects_list",
    "lockgate_overview_retrieve",
];

/// What takes more than to see, though it changes nothing.
const TELLING: &[&str] = &[
    "lockgate_explain_retrieve",
    "lockgate_applications_access_list",
    "lockgate_users_access_list",
    "lockgate_users_export_list",
    "core_tokens_view_key_retrieve",
    "crypto_certificatekeypairs_view_private_key_retrieve",
    "flows_instances_execute_retrieve",
    "flows_instances_export_retrieve",
    "flows_inspector_get",
    "lockgate_events_export_retrieve",
];

#[tokio::test]
async fn who_may_read_everything_changes_nothing_and_takes_nobodys_place() {
    let policy = r#"permit (principal in Group::"Readers", action == Action::"read", resource);"#;
    let api = Api::start_with("readers.cedar", policy).await;
    let group = api.post("/core/groups/", &json!({"name": "Readers"})).await.expect(201)["pk"].clone();
    let made = json!({"username": "ada", "name": "", "groups": [group]});
    let made = api.post("/core/users/", &made).await.expect(201);
    api.post("/core/tokens/", &json!({"identifier": "ada", "user": made["pk"]})).await.expect(201);
    let key = api.get("/core/tokens/ada/view_key/").await.expect(200)["key"].as_str().expect("a key").to_owned();
    let ada = api.with_token(&key);
    let root = api.get("/core/users/me/").await.expect(200)["user"]["pk"].to_string();
    let pair = api.get("/crypto/certificatekeypairs/").await.expect(200)["results"][0]["pk"].clone();
    let pair = pair.as_str().expect("a key");
    for (method, path, operation) in operations() {
        let id = operation["operationId"].as_str().expect("an id");
        if PUBLIC.contains(&id) || OWN.contains(&id) {
            continue;
        }
        let path = filled(&path).replace("/1/", &format!("/{root}/"));
        let path = path.replace("keypairs/00000000-0000-4000-8000-000000000000", &format!("keypairs/{pair}"));
        let reply = ada.send(method.clone(), &path, &json!({})).await;
        if method != Method::GET || TELLING.contains(&id) {
            let closed = matches!(reply.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
            assert!(closed, "{method} {path}: {} {}", reply.status, reply.body);
        } else {
            assert_ne!(reply.status, StatusCode::FORBIDDEN, "{method} {path}: {}", reply.body);
        }
    }
    // What is there is seen, so that it is refused and not hidden.
    for path in [
        "/core/tokens/authentik-bootstrap-token/view_key/".to_owned(),
        format!("/crypto/certificatekeypairs/{pair}/view_private_key/"),
        "/flows/instances/default-authentication-flow/export/".to_owned(),
        "/flows/instances/default-authentication-flow/execute/".to_owned(),
        "/flows/inspector/default-authentication-flow/".to_owned(),
    ] {
        ada.get(&path).await.expect(403);
    }
}

/// A path with a key of somebody else in it.
fn filled(path: &str) -> String {
    path.replace("{identifier}", "authentik-bootstrap-token")
        .replace("{slug}", "default-authentication-flow")
        .replace("{flow_slug}", "default-authentication-flow")
        .replace("{id}", "1")
        .split('/')
        .map(|part| if part.starts_with('{') { "00000000-0000-4000-8000-000000000000" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}
