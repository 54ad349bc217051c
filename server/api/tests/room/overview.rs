//! Figures for the first page of an administrator.

use crate::support::{Api, things::House};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_identity::journal::{Action, Entry};
use lockgate_policies::Facts;
use lockgate_store::{AuthenticatorKind, NewAuthenticator, NewProof};
use serde_json::{Map, Value, json};

async fn device(api: &Api, user_pk: i64, confirmed: bool) {
    let new = NewAuthenticator {
        kind: AuthenticatorKind::Totp,
        user_pk,
        name: "a device".to_owned(),
        confirmed,
        details: Map::new(),
        proof: NewProof::None,
    };
    api.store.authenticators().create(new, api.identity.clock.now()).await.expect("stored");
}

async fn user(api: &Api, body: Value) -> i64 {
    api.post("/core/users/", &body).await.expect(201)["pk"].as_i64().expect("a number")
}

#[tokio::test]
async fn everything_is_counted() {
    let api = Api::start().await;
    api.is_at_rest().await;
    let ada = user(&api, json!({"username": "ada", "name": ""})).await;
    let bob = user(&api, json!({"username": "bob", "name": ""})).await;
    user(&api, json!({"username": "gone", "name": "", "is_active": false})).await;
    user(&api, json!({"username": "robot", "name": "", "type": "service_account"})).await;
    user(&api, json!({"username": "guest", "name": "", "type": "external"})).await;
    device(&api, ada, true).await;
    device(&api, ada, true).await;
    device(&api, bob, false).await;
    let app = api.post("/core/applications/", &json!({"name": "Wiki", "slug": "wiki"})).await.expect(201)["pk"].clone();
    let journal = &api.identity.journal;
    for action in [Action::Login, Action::Login, Action::LoginFailed] {
        journal.record(Entry::new(action, "test"));
    }
    let opened = json!({"pk": app, "name": "Wiki"});
    journal.record(Entry::new(Action::AuthorizeApplication, "test").with("authorized_application", opened));
    let snapshot = api.identity.config.snapshot();
    let who = api.identity.principals.get(bob).await.expect("a database").expect("a user");
    let facts = Facts::at(api.identity.clock.now());
    let denied = api.identity.access.app(&snapshot, Some(&who), "nowhere", &facts).await;
    api.identity.access.keep(&denied, Some(&who), "nowhere", &facts);
    journal.flush().await;

    let shown = api.get("/lockgate/overview/").await.expect(200);
    // The first administrator is one of them, and stands for those who have no factor with bob.
    let users = json!({"total": 6, "active": 5, "service_accounts": 1, "without_factor": 2});
    assert_eq!(shown["users"], users, "{shown}");
    assert_eq!(shown["factors"], json!([{"kind": "totp", "count": 2}]));
    let days = shown["activity"].as_array().expect("days");
    assert_eq!(days.len(), 7);
    let today = &days[6];
    assert_eq!((&today["sign_ins"], &today["failed_sign_ins"], &today["denials"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!(days[0]["sign_ins"], 0);
    let begins: DateTime<Utc> = today["time"].as_str().expect("a time").parse().expect("a time");
    assert!(api.identity.clock.now() - begins < TimeDelta::days(1) && begins.timestamp() % 86_400 == 0, "{begins}");
    let wiki = json!([{"pk": app, "slug": "wiki", "name": "Wiki", "authorizations": 1, "users": 0}]);
    assert_eq!(shown["applications"], wiki);
    assert_eq!((&shown["jobs"]["failing"], &shown["certificates"]), (&json!(0), &json!([])), "{shown}");
    assert_eq!(shown["configuration"]["revision"], api.identity.config.snapshot().revision);
    assert_eq!(shown["version"], env!("CARGO_PKG_VERSION"));

    let hours = api.get("/lockgate/overview/?days=1").await.expect(200)["activity"].clone();
    let hours = hours.as_array().expect("hours");
    let sum: u64 = hours.iter().filter_map(|hour| hour["sign_ins"].as_u64()).sum();
    assert_eq!((hours.len(), sum), (24, 2));
    for (query, length) in [("days=0", 24), ("days=9999", 90), ("days=30", 30)] {
        let shown = api.get(&format!("/lockgate/overview/?{query}")).await.expect(200);
        assert_eq!(shown["activity"].as_array().map(Vec::len), Some(length), "{query}");
    }
    api.get("/lockgate/overview/?days=x").await.expect(400);
}

#[tokio::test]
async fn a_certificate_that_ends_is_told_of_with_what_uses_it() {
    let api = Api::start().await;
    api.is_at_rest().await;
    let wish = json!({"common_name": "short", "validity_days": 20, "subject_alt_name": ""});
    let pair = api.post("/crypto/certificatekeypairs/generate/", &wish).await.expect(200)["pk"].clone();
    let brand = api.get("/core/brands/").await.expect(200)["results"][0]["brand_uuid"].clone();
    let path = format!("/core/brands/{}/", brand.as_str().expect("a key"));
    api.patch(&path, &json!({"web_certificate": pair})).await.expect(200);
    let shown = api.get("/lockgate/overview/").await.expect(200)["certificates"].clone();
    assert_eq!((&shown[0]["name"], &shown[0]["pk"]), (&json!("short"), &pair), "{shown}");
    assert_eq!(shown[0]["used_by"][0]["model_name"], "brand", "{shown}");
    assert_eq!(shown.as_array().map(Vec::len), Some(1), "{shown}");
}

#[tokio::test]
async fn what_one_may_not_read_is_null() {
    let sees = |kind: &str| {
        format!("permit (principal == User::\"ada\", action == Action::\"read\", resource in Kind::\"{kind}\");\n")
    };
    let cedar = format!("{}{}", sees("decision"), sees("task"));
    let api = Api::start_with("some.cedar", &cedar).await;
    let house = House::around(api.clone(), cedar).await;
    house.one_below("tasks/tasks").await.expect("a task that failed");
    let nothing = crate::support::somebody(&api, "nobody").await.get("/lockgate/overview/").await.expect(200);
    let parts = nothing.as_object().expect("parts");
    assert!(parts.values().all(Value::is_null) && parts.len() == 9, "{nothing}");
    let ada = crate::support::somebody(&api, "ada").await.get("/lockgate/overview/").await.expect(200);
    let parts: Vec<&String> = ada.as_object().expect("parts").iter().filter(|p| !p.1.is_null()).map(|p| p.0).collect();
    assert_eq!(parts, ["counted", "activity", "jobs"], "{ada}");
    let today = &ada["activity"][6];
    assert_eq!((&today["sign_ins"], &today["denials"]), (&Value::Null, &json!(0)));
    assert_eq!((&ada["jobs"]["failing"], &ada["jobs"]["last"][0]["name"]), (&json!(1), &json!("old_tasks")), "{ada}");
    api.anonymous(http::Method::GET, "/lockgate/overview/", &Value::Null).await.expect(403);
}
