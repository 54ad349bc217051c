//! Policies of every kind, as scripts use them.

use crate::support::Api;
use lockgate_engine::ports::Clock;
use lockgate_identity::system::SystemClock;
use serde_json::{Value, json};

/// A body for each kind, and a field with the value that it has by default.
fn kinds() -> Vec<(&'static str, Value, (&'static str, Value))> {
    vec![
        ("expression", json!({"expression": "true"}), ("execution_logging", json!(false))),
        ("cedar", json!({"cedar": "context.mfa"}), ("execution_logging", json!(false))),
        ("dummy", json!({"result": true}), ("wait_max", json!(30))),
        ("event_matcher", json!({"action": "login"}), ("client_ip", json!(null))),
        ("geoip", json!({"countries": ["DE"]}), ("impossible_tolerance_km", json!(100))),
        ("password", json!({"length_min": 8}), ("zxcvbn_score_threshold", json!(2))),
        ("password_expiry", json!({"days": 90}), ("deny_only", json!(false))),
        ("reputation", json!({"check_username": false}), ("threshold", json!(-5))),
        ("unique_password", json!({}), ("num_historical_passwords", json!(1))),
    ]
}

async fn make(api: &Api, kind: &str, mut body: Value) -> Value {
    if body.get("name").is_none() {
        body["name"] = json!(format!("a {kind}"));
    }
    api.post(&format!("/policies/{kind}/"), &body).await.expect(201)
}

async fn tried(api: &Api, policy: &Value, context: Value) -> Value {
    let me = api.get("/core/users/me/").await.expect(200)["user"]["pk"].clone();
    let path = format!("/policies/all/{}/test/", policy["pk"].as_str().expect("a key"));
    api.post(&path, &json!({"user": me, "context": context})).await.expect(200)
}

#[tokio::test]
async fn every_kind_is_made_shown_changed_and_deleted() {
    let api = Api::start().await;
    for (kind, body, (field, usual)) in kinds() {
        let made = make(&api, kind, body.clone()).await;
        assert_eq!(made[field], usual, "{made}");
        assert_eq!((&made["bound_to"], &made["execution_logging"]), (&json!(0), &json!(false)), "{made}");
        for text in ["component", "meta_model_name", "verbose_name"] {
            assert!(made[text].as_str().is_some_and(|text| !text.is_empty()), "{kind}: {text}");
        }
        for (name, value) in body.as_object().expect("a map") {
            assert_eq!(&made[name], value, "{kind}");
        }
        let key = made["pk"].as_str().expect("a key");
        let one = format!("/policies/{kind}/{key}/");
        let changed = api.patch(&one, &json!({"execution_logging": true})).await.expect(200);
        assert_eq!(changed["execution_logging"], true);
        let all = api.get(&format!("/policies/all/{key}/")).await.expect(200);
        assert_eq!((&all["name"], &all["component"]), (&made["name"], &made["component"]));
        assert!(api.post(&format!("/policies/{kind}/"), &json!({})).await.expect(400)["name"].is_array());
        api.delete(&one).await.expect(204);
        api.get(&one).await.expect(404);
    }
    let types = api.get("/policies/all/types/").await.expect(200);
    assert_eq!(types.as_array().map(Vec::len), Some(kinds().len()));
}

#[tokio::test]
async fn what_no_policy_can_be_is_refused_at_its_field() {
    let api = Api::start().await;
    for (kind, body, field) in [
        ("geoip", json!({"countries": ["Germany"]}), "countries"),
        ("geoip", json!({"countries": ["XX"]}), "countries"),
        ("event_matcher", json!({"action": "login", "query": "action = 1"}), "query"),
        ("event_matcher", json!({}), "non_field_errors"),
        ("reputation", json!({"check_ip": false, "check_username": false}), "non_field_errors"),
        ("password_expiry", json!({}), "days"),
        ("password", json!({"length_min": -1}), "length_min"),
        ("cedar", json!({"cedar": "context.no_such_fact"}), "cedar"),
        ("cedar", json!({"cedar": "true } unless { false"}), "cedar"),
        ("expression", json!({"expression": "no_such_variable"}), "expression"),
    ] {
        let mut body = body;
        body["name"] = json!("wrong");
        let told = api.post(&format!("/policies/{kind}/"), &body).await.expect(400);
        assert!(!told[field].is_null(), "{kind} {body}: {told}");
    }
    let names = make(&api, "geoip", json!({"countries": ["DE", "FR"]})).await["countries_obj"].clone();
    assert_eq!(names, json!([{"code": "DE", "name": "Germany"}, {"code": "FR", "name": "France"}]));
    let all = api.get("/policies/geoip_iso3166/").await.expect(200);
    assert!(all.as_array().is_some_and(|all| all.len() == 249 && all.contains(&names[0])));
}

#[tokio::test]
async fn every_kind_can_be_tried() {
    let api = Api::start().await;
    let weak = json!({"password": "short"});
    let table = [
        ("dummy", json!({"result": true}), json!({}), true),
        ("dummy", json!({"result": false, "name": "no"}), json!({}), false),
        ("event_matcher", json!({"action": "login"}), json!({"event": {"action": "login"}}), true),
        ("event_matcher", json!({"action": "login", "name": "other"}), json!({"event": {"action": "logout"}}), false),
        ("password", json!({"length_min": 8, "error_message": "Longer."}), weak.clone(), false),
        ("password", json!({"length_min": 3, "name": "ok"}), json!({"prompt_data": weak.clone()}), true),
        ("password_expiry", json!({"days": 1}), json!({}), true),
        ("password_expiry", json!({"days": 0, "name": "old"}), json!({}), false),
        ("reputation", json!({"threshold": -1}), json!({}), false),
        ("reputation", json!({"threshold": 0, "name": "any"}), json!({}), true),
        ("unique_password", json!({}), weak, true),
        ("cedar", json!({"cedar": "principal is User && principal.superuser"}), json!({}), true),
        ("cedar", json!({"cedar": "context.hour > 23", "name": "never"}), json!({}), false),
        ("geoip", json!({"countries": ["DE"]}), json!({}), false),
    ];
    for (kind, body, context, passing) in table {
        let policy = make(&api, kind, body.clone()).await;
        let result = tried(&api, &policy, context).await;
        assert_eq!(result["passing"], passing, "{kind} {body}: {result}");
    }
    let longer = api.get("/policies/password/?name=a%20password").await.expect(200)["results"][0].clone();
    let told = tried(&api, &longer, json!({"password": "short"})).await;
    assert_eq!(told["messages"], json!(["Longer."]));
    let geoip = api.get("/policies/geoip/").await.expect(200)["results"][0].clone();
    let told = tried(&api, &geoip, json!({})).await["messages"][0].to_string();
    assert!(told.contains("where the client is, is not known"), "{told}");
}

#[tokio::test]
async fn a_condition_in_cedar_is_tried_on_an_application() {
    let api = Api::start().await;
    api.post("/core/applications/", &json!({"name": "Wiki", "slug": "wiki"})).await.expect(201);
    let policy = make(&api, "cedar", json!({"cedar": "resource.slug == \"wiki\""})).await;
    assert_eq!(tried(&api, &policy, json!({"app": "wiki"})).await["passing"], true);
    let told = tried(&api, &policy, json!({})).await;
    assert_eq!((&told["passing"], &told["messages"][0]), (&json!(false), &json!("it cannot be asked of a flow")));
}

#[tokio::test]
async fn scores_are_listed_for_administrators_and_can_be_forgotten() {
    let api = Api::start().await;
    let (ada, home) = ("ada", "10.0.0.1".parse().expect("an address"));
    for _ in 0..7 {
        api.identity.reputation.failed(ada, home).await;
    }
    let (rules, now) = (api.identity.reputation.rules(), api.identity.clock.now());
    let bob = ("bob", "10.0.0.1");
    api.store.reputation().count(uuid::Uuid::from_u128(1), bob, 1, &rules, now).await.expect("stored");
    let scores = "/policies/reputation/scores/";
    let list = api.get(scores).await.expect(200);
    assert_eq!(list["pagination"]["count"], 2, "{list}");
    let list = api.get(&format!("{scores}?identifier=ada")).await.expect(200);
    let score = &list["results"][0];
    assert_eq!((&score["score"], &score["ip"], &score["identifier"]), (&json!(-5), &json!("10.0.0.1"), &json!("ada")));
    for (filter, found) in [("score=1", 1), ("identifier_in=ada,bob", 2), ("ip=10.0.0.2", 0), ("search=bo", 1)] {
        let list = api.get(&format!("{scores}?{filter}")).await.expect(200);
        assert_eq!(list["pagination"]["count"], found, "{filter}: {list}");
    }
    let one = format!("{scores}{}/", score["pk"].as_str().expect("a key"));
    assert_eq!(api.get(&one).await.expect(200)["score"], -5);
    assert_eq!(api.get(&format!("{one}used_by/")).await.expect(200), json!([]));
    api.delete(&one).await.expect(204);
    api.get(&one).await.expect(404);
    assert_eq!(api.anonymous(http::Method::GET, scores, &Value::Null).await.status, 403);
    let sums = api.store.reputation().sums(None, Some("ada"), SystemClock.now()).await.expect("sums");
    assert_eq!(sums.identifier, 0);
}

#[tokio::test]
async fn the_cache_tells_how_many_decisions_are_remembered() {
    let api = Api::start().await;
    let count = async || api.get("/policies/all/cache_info/").await.expect(200)["count"].clone();
    assert_eq!(count().await, 0);
    let kept = [api.identity.access.remembered.keep(), api.identity.access.remembered.keep()];
    assert_eq!(count().await, 2);
    api.post("/policies/all/cache_clear/", &json!({})).await.expect(204);
    assert_eq!(count().await, 0);
    assert!(kept.iter().all(|kept| !api.identity.access.remembered.holds(kept)));
}
