//! What there is about flows beside their objects.

use crate::support::{Api, Browser, TOKEN, clock::Moved};
use chrono::TimeDelta;
use http::Method;
use lockgate_engine::ports::Clock as _;
use lockgate_identity::{Setup, runner::StepLimits};
use serde_json::{Value, json};
use std::sync::Arc;

const EXECUTOR: &str = "/flows/executor/default-authentication-flow/?query=";
const INSPECTOR: &str = "/flows/inspector/default-authentication-flow/";

/// The key of a token of a new user with this name.
async fn key_of(api: &Api, name: &str) -> String {
    let made = api.post("/core/users/", &json!({"username": name, "name": ""})).await.expect(201);
    api.post("/core/tokens/", &json!({"identifier": name, "user": made["pk"]})).await.expect(201);
    let key = api.get(&format!("/core/tokens/{name}/view_key/")).await.expect(200);
    key["key"].as_str().expect("a key").to_owned()
}

#[tokio::test]
async fn an_exported_flow_is_a_document_of_the_configuration_folder() {
    let api = Api::start().await;
    let group = api.post("/core/groups/", &json!({"name": "Staff"})).await.expect(201);
    let path = "/flows/instances/default-authentication-flow/";
    let flow = api.get(path).await.expect(200);
    let binding = json!({"target": flow["policybindingmodel_ptr_id"], "group": group["pk"], "order": 0});
    api.post("/policies/bindings/", &binding).await.expect(201);
    let text = api.get(&format!("{path}export/")).await.expect(200);
    let text = text.as_str().expect("a text");
    assert!(text.starts_with("flow: default-authentication-flow\n"), "{text}");
    assert!(text.contains("\npolicies:\n- group: Staff\n"), "{text}");
    let declared = Api::start_with("flow.yaml", &format!("{text}---\ngroup: Staff\n")).await;
    assert_eq!(declared.get(&format!("{path}export/")).await.expect(200), text);
    api.get("/flows/instances/none/export/").await.expect(404);
}

#[tokio::test]
async fn the_inspector_shows_administrators_the_plan_of_their_own_session() {
    let api = Api::start().await;
    let ada = key_of(&api, "ada").await;
    let mut browser = Browser::new(&api);
    browser.token = Some(TOKEN.to_owned());
    let get = Method::GET;
    assert!(browser.send(get.clone(), INSPECTOR, &Value::Null).await.expect(400)["detail"].is_string());

    browser.send(get.clone(), EXECUTOR, &Value::Null).await.expect(200);
    let found = browser.send(get.clone(), INSPECTOR, &Value::Null).await.expect(200);
    let plan = &found["current_plan"];
    assert_eq!(plan["current_stage"]["stage_obj"]["name"], "default-authentication-identification");
    assert_eq!(plan["next_planned_stage"]["stage_obj"]["name"], "default-authentication-password");
    assert_eq!((&found["plans"], &found["is_completed"]), (&json!([plan]), &json!(false)));
    assert_eq!(plan["session_id"].as_str().map(str::len), Some(64));
    assert!(!browser.holds(plan["session_id"].as_str().expect("a text")));

    let who = json!({"component": "ak-stage-identification", "uid_field": "ada"});
    browser.send(Method::POST, EXECUTOR, &who).await.expect(302);
    browser.send(get.clone(), EXECUTOR, &Value::Null).await.expect(200);
    let plan = browser.send(get.clone(), INSPECTOR, &Value::Null).await.expect(200)["current_plan"].clone();
    assert_eq!(plan["current_stage"]["stage_obj"]["name"], "default-authentication-password");
    assert_eq!(plan["plan_context"]["pending_user_identifier"], "ada");

    let other = "/flows/inspector/default-invalidation-flow/";
    assert!(browser.send(get.clone(), other, &Value::Null).await.expect(400)["detail"].is_string());
    browser.send(get.clone(), "/flows/inspector/none/", &Value::Null).await.expect(404);
    api.get(INSPECTOR).await.expect(400);
    browser.token = Some(ada);
    browser.send(get.clone(), INSPECTOR, &Value::Null).await.expect(404);
    browser.token = None;
    browser.send(get, INSPECTOR, &Value::Null).await.expect(403);
}

#[tokio::test]
async fn programs_in_a_crowd_are_told_when_to_come_back() {
    let few = |setup| Setup { flow_steps: Some(StepLimits { at_once: 1, waiting: 2 }), ..setup };
    let api = Api::start_set(few).await;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..24 {
        let api = api.clone();
        crowd.spawn(async move { api.anonymous(Method::GET, EXECUTOR, &Value::Null).await });
    }
    let (served, sent_away): (Vec<_>, Vec<_>) =
        crowd.join_all().await.into_iter().partition(|reply| reply.status == 200);
    assert!(served.len() >= 3 && !sent_away.is_empty(), "{} served", served.len());
    for reply in sent_away {
        assert!(reply.retry_after.parse::<u64>().is_ok_and(|seconds| seconds > 0), "{}", reply.retry_after);
        assert!(reply.expect(429)["detail"].is_string());
    }
    for _ in 0..3 {
        api.anonymous(Method::GET, EXECUTOR, &Value::Null).await.expect(200);
    }
}

#[tokio::test]
async fn a_session_in_which_nothing_was_answered_lasts_an_hour() {
    let clock = Arc::new(Moved::default());
    let api = Api::start_by(&clock, |setup| setup).await;
    api.post("/core/users/", &json!({"username": "ada", "name": ""})).await.expect(201);
    let (mut idle, mut busy) = (Browser::new(&api), Browser::new(&api));
    for browser in [&mut idle, &mut busy] {
        browser.send(Method::GET, EXECUTOR, &Value::Null).await.expect(200);
    }
    let who = json!({"component": "ak-stage-identification", "uid_field": "ada"});
    busy.send(Method::POST, EXECUTOR, &who).await.expect(302);
    clock.passes(TimeDelta::minutes(61));
    assert_eq!(api.store.sessions().delete_expired(clock.now(), 100).await.expect("swept"), 1);
    let shown = busy.send(Method::GET, EXECUTOR, &Value::Null).await.expect(200);
    assert_eq!(shown["component"], "ak-stage-password", "{shown}");
    let shown = idle.send(Method::GET, EXECUTOR, &Value::Null).await.expect(200);
    assert_eq!(shown["component"], "ak-stage-identification", "{shown}");
    clock.passes(TimeDelta::hours(23));
    assert_eq!(api.store.sessions().delete_expired(clock.now(), 100).await.expect("swept"), 2);
}
