//! The flows between a request and its answer: only what happened in them counts.

use crate::house::House;
use axum::http::StatusCode;
use serde_json::json;

const EXPLICIT: &str = "default-provider-authorization-explicit-consent";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_without_stages_is_for_whom_it_says_all_the_same() {
    let house = House::open().await;
    for flow in ["staff-only", "staff-away"] {
        house.register("vault", json!({"authorization_flow": flow})).await;
        for more in [vec![], vec![("prompt", "none")]] {
            let reply = house.visit(&House::ask("vault", &more)).await;
            assert_eq!(reply.told("error"), "access_denied", "{flow} {more:?}: {} {}", reply.location(), reply.text);
        }
    }
    house.register("desk", json!({"authorization_flow": "staff-desk"})).await;
    let reply = house.visit(&House::ask("desk", &[])).await;
    assert_eq!(reply.told("error"), "access_denied", "with stages, too: {}", reply.location());
    house.register("shut", json!({"authorization_flow": "shut"})).await;
    let reply = house.visit(&House::ask("shut", &[])).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN, "what a policy says is shown: {}", reply.location());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_ends_without_a_login_is_no_login() {
    let house = House::open().await;
    house.register("wiki", json!({"authentication_flow": "nobody-signs-in"})).await;
    for wish in [("prompt", "login"), ("max_age", "0"), ("max_age", "60")] {
        let request = House::ask("wiki", &[wish]);
        assert_eq!(house.visit(&request).await.flow(), "nobody-signs-in", "{wish:?}");
        assert_eq!(house.challenge("nobody-signs-in").await["component"], "xak-flow-redirect");
        let reply = house.visit(&request).await;
        assert_eq!(reply.told("error"), "login_required", "{wish:?}: {}", reply.location());
    }
    // A stranger does not go round in circles either.
    *house.cookie.lock().expect("a cookie") = String::new();
    let request = House::ask("wiki", &[]);
    let reply = house.visit(&request).await;
    assert_eq!(reply.flow(), "nobody-signs-in");
    let cookie = reply.headers["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
    *house.cookie.lock().expect("a cookie") = cookie;
    house.challenge("nobody-signs-in").await;
    assert_eq!(house.visit(&request).await.told("error"), "login_required");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_for_strangers_cannot_sign_anybody_in_again() {
    let house = House::open().await;
    house.register("wiki", json!({"authentication_flow": "for-strangers"})).await;
    let reply = house.visit(&House::ask("wiki", &[("prompt", "login")])).await;
    assert_eq!(reply.told("error"), "login_required", "{}", reply.location());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consent_stage_that_was_skipped_has_asked_nobody() {
    let house = House::open().await;
    house.register("quiet", json!({"authorization_flow": "skips-consent"})).await;
    for more in [vec![("prompt", "consent")], vec![("scope", "openid offline_access")]] {
        let request = House::ask("quiet", &more);
        assert_eq!(house.visit(&request).await.flow(), "skips-consent", "{more:?}");
        assert_eq!(house.challenge("skips-consent").await["component"], "xak-flow-redirect");
        assert_eq!(house.visit(&request).await.flow(), EXPLICIT, "{more:?}");
        house.allow(EXPLICIT).await;
        assert!(!house.visit(&request).await.told("code").is_empty(), "{more:?}");
    }
    let plain = House::ask("quiet", &[]);
    house.visit(&plain).await;
    house.challenge("skips-consent").await;
    assert!(!house.visit(&plain).await.told("code").is_empty(), "nothing has to be asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_that_always_asks_is_asked_every_time_and_once_a_request() {
    let house = House::open().await;
    house.register("strict", json!({"authorization_flow": "always-asks"})).await;
    let scope = ("scope", "openid email offline_access");
    for _ in 0..2 {
        let request = House::ask("strict", &[scope]);
        assert_eq!(house.visit(&request).await.flow(), "always-asks");
        house.allow("always-asks").await;
        let reply = house.visit(&request).await;
        assert!(!reply.told("code").is_empty(), "that was the agreement: {}", reply.location());
        let silent = house.visit(&House::ask("strict", &[scope, ("prompt", "none")])).await;
        assert_eq!(silent.told("error"), "consent_required");
    }
}
