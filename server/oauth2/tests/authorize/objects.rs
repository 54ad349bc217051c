//! Requests as objects that the client has signed (RFC 9101).

use crate::house::{CALLBACK, House, SECRET};
use axum::http::StatusCode;
use lockgate_identity::keys::SigningKey;
use serde_json::{Value, json};

fn signed(changed: Value) -> String {
    signed_as("oauth-authz-req+jwt", changed)
}

fn signed_as(kind: &str, changed: Value) -> String {
    let mut claims = json!({
        "iss": "wiki",
        "aud": "http://auth.test/application/o/wiki/",
        "response_type": "code",
        "client_id": "wiki",
        "redirect_uri": CALLBACK,
        "scope": "openid email",
        "state": "signed state",
        "max_age": 3_000_000_000_u32,
    });
    claims.as_object_mut().expect("an object").extend(changed.as_object().cloned().unwrap_or_default());
    claims.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    SigningKey::of_secret(SECRET).sign_typed(kind, &claims).expect("a signature")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_signed_counts_over_what_stands_beside_it() {
    let house = House::open().await;
    house.register("wiki", json!({})).await;
    let reply = house.visit(&House::ask("wiki", &[("request", &signed(json!({})))])).await;
    assert_eq!(reply.told("state"), "signed state", "{} {}", reply.location(), reply.text);
    let row = house.code(&reply.told("code")).await;
    assert_eq!((row.scope.as_str(), &row.data["facts"]["nonce"]), ("openid email", &Value::Null), "nothing beside it");
    // OpenID Connect Core, section 6.1: an object of another type is completed.
    let reply = house.visit(&House::ask("wiki", &[("request", &signed_as("JWT", json!({"client_id": null})))])).await;
    let row = house.code(&reply.told("code")).await;
    assert_eq!((row.scope.as_str(), &row.data["facts"]["nonce"]), ("openid email", &json!("a nonce")));
    let alone = format!("/application/o/authorize/?client_id=wiki&request={}", signed(json!({})));
    assert!(!house.visit(&alone).await.told("code").is_empty());
    let form = [("request", &*signed(json!({})))];
    let pushed = house.call("/application/o/par/", "wiki", &form).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.text);
    // RFC 9126, section 3: what stands beside a pushed object completes none.
    let lacking = signed_as("JWT", json!({"response_type": null}));
    let pushed = house.call("/application/o/par/", "wiki", &[("request", &*lacking), ("response_type", "code")]).await;
    assert_eq!(pushed.json()["error"], "invalid_request", "{}", pushed.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_was_believed_need_not_be_valid_after_the_login() {
    let house = House::open().await;
    house.register("wiki", json!({"authorization_flow": "always-asks"})).await;
    let now = house.identity.clock.now().timestamp();
    // Over in a moment: what is left is less than the tolerance for clocks that differ.
    let object = signed(json!({"exp": now - 55}));
    let asked = House::ask("wiki", &[("request", &object)]);
    let first = house.visit(&asked).await;
    assert_eq!(first.flow(), "always-asks", "{}", first.location());
    let back = first.told("next");
    assert!(back.starts_with("/application/o/authorize/?client_id=wiki&request_uri=urn%3Alockgate%3A"), "{back}");
    house.allow("always-asks").await;
    tokio::time::sleep(std::time::Duration::from_millis(6_000)).await;
    assert_eq!(house.visit(&asked).await.told("error"), "invalid_request_object", "it has expired");
    let reply = house.visit(&back).await;
    assert_eq!((reply.told("state"), reply.told("code").is_empty()), ("signed state".into(), false), "{back}");
    // For the same client only, and it does not count as pushed.
    house.register("other", json!({})).await;
    let foreign = house.visit(&back.replace("client_id=wiki", "client_id=other")).await;
    assert_eq!(foreign.told("error"), "invalid_request_uri");
    house.register("wiki", json!({"require_pushed_requests": true})).await;
    assert_eq!(house.visit(&back).await.told("error"), "invalid_request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_signed_by_the_client_for_us_is_refused() {
    let house = House::open().await;
    house.register("wiki", json!({})).await;
    let foreign = SigningKey::of_secret("guessed").sign(&json!({"iss": "wiki"})).expect("a signature");
    // {"alg":"none"} and the claims of a good one.
    let good = signed(json!({}));
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", good.split('.').nth(1).expect("claims"));
    for bad in [
        foreign,
        unsigned,
        "x".to_owned(),
        signed(json!({"aud": "https://other.test/"})),
        signed(json!({"iss": "other"})),
        signed(json!({"exp": 1_000})),
        signed_as("JWT", json!({"response_type": "id_token"})),
        signed_as("JWT", json!({"client_id": "other"})),
        signed(json!({"client_id": "other"})),
        signed(json!({"client_id": null})),
        signed(json!({"request_uri": "https://app.test/"})),
    ] {
        let reply = house.visit(&House::ask("wiki", &[("request", &bad)])).await;
        assert_eq!(reply.told("error"), "invalid_request_object", "{bad}");
    }
    let elsewhere = signed(json!({"redirect_uri": "https://evil.test/"}));
    let reply = house.visit(&House::ask("wiki", &[("request", &elsewhere)])).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::BAD_REQUEST, ""));
    house.register("phone", json!({"client_type": "public"})).await;
    let reply = house.visit(&House::ask("phone", &[("request", &good)])).await;
    assert_eq!(reply.told("error"), "request_not_supported");
    let both = [("request", &*good), ("request_uri", "urn:ietf:params:oauth:request_uri:x")];
    assert_eq!(house.visit(&House::ask("wiki", &both)).await.told("error"), "invalid_request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_comes_again_lies_there_once() {
    let house = House::open().await;
    house.register("wiki", json!({"authorization_flow": "always-asks"})).await;
    let asked = |object: &str| House::ask("wiki", &[("request", object)]);
    let object = signed(json!({}));
    let mut backs = std::collections::BTreeSet::new();
    for _ in 0..5 {
        backs.insert(house.visit(&asked(&object)).await.told("next"));
    }
    assert_eq!(backs.len(), 1, "{backs:?}");
    backs.insert(house.visit(&asked(&signed(json!({"state": "another"})))).await.told("next"));
    assert_eq!(backs.len(), 2, "{backs:?}");
    let far = house.identity.clock.now() + chrono::TimeDelta::days(1);
    let rows = house.identity.store.once().delete_expired(far, 100).await.expect("a database");
    assert_eq!(rows, 2);
}
