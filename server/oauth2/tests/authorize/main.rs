//! The authorize endpoint over real services on a database in memory.

mod consent;
mod flows;
mod house;
mod launch;
mod objects;
mod openid;
mod pushed;
mod responses;

use axum::http::{StatusCode, header};
use house::House;
use lockgate_store::{EventFilter, Redemption};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_signed_in_and_allowed_gets_a_code_at_once() {
    let house = House::open().await;
    let reply = house.get(&house.request("open", &[]), &house.cookie()).await;
    assert_eq!(reply.status, StatusCode::FOUND, "{}", reply.text);
    assert!(
        reply
            .location()
            .starts_with("http://open.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true&")
    );
    assert_eq!(
        (reply.told("state"), reply.told("iss")),
        ("a state".into(), "http://auth.test/application/o/open/".into())
    );
    let provider = house.identity.config.snapshot().app("open").and_then(|app| app.proxy.clone()).expect("a provider");
    let redeemed = house.identity.proxy.redeem(&reply.told("code"), provider.id).await.expect("a database");
    assert!(matches!(redeemed, Redemption::Redeemed(row) if row.data["redirect_uri"].is_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_client_or_address_is_not_proven_goes_nowhere() {
    let house = House::open().await;
    assert_eq!(house.get("/application/o/authorize/", &house.cookie()).await.status, StatusCode::NOT_FOUND);
    for changed in [
        ("client_id", ""),
        ("client_id", "nobody"),
        ("redirect_uri", ""),
        ("redirect_uri", "http://evil.test/"),
        ("redirect_uri", "http://open.test/outpost.goauthentik.io/callback"),
        ("redirect_uri", "http://open.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true&x=1"),
        ("redirect_uri", "http://OPEN.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true"),
    ] {
        let reply = house.get(&house.request("open", &[changed]), &house.cookie()).await;
        assert_eq!((reply.status, reply.location()), (StatusCode::BAD_REQUEST, ""), "{changed:?}");
    }
    let twice = format!("{}&client_id=other", house.request("open", &[]));
    assert_eq!(house.get(&twice, &house.cookie()).await.status, StatusCode::BAD_REQUEST);
    for (changed, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("request", "x"), "invalid_request_object"),
        (("request_uri", "https://app.test/request"), "request_uri_not_supported"),
        (("request_uri", "urn:ietf:params:oauth:request_uri:none"), "invalid_request_uri"),
    ] {
        let reply = house.get(&house.request("open", &[changed]), &house.cookie()).await;
        assert_eq!((reply.told("error"), reply.told("state")), (error.into(), "a state".into()), "{changed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_wrong_requests_does_not_fill_the_journal() {
    let house = House::open().await;
    let start = std::time::Instant::now();
    for _ in 0..50 {
        let reply = house.get(&house.request("open", &[("client_id", "nobody")]), "").await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    }
    house.identity.journal.flush().await;
    let filter = EventFilter { actions: vec!["configuration_error".into()], ..EventFilter::default() };
    let (_, noted) = house.identity.store.events().list(&filter).await.expect("a database");
    // One for every second that the requests touched.
    assert!((1..=start.elapsed().as_secs() + 2).contains(&noted), "{noted} events");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_cookie_of_the_same_name_does_not_sign_anybody_out() {
    let house = House::open().await;
    let cookies = format!("authentik_session=of.a.neighbour; {}", house.cookie());
    let reply = house.get(&house.request("open", &[]), &cookies).await;
    assert!(!reply.told("code").is_empty(), "{}", reply.location());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_sign_in_first_and_nobody_is_shown_anything_unasked() {
    let house = House::open().await;
    let request = house.request("open", &[]);
    let reply = house.get(&request, "").await;
    assert_eq!(reply.status, StatusCode::FOUND, "{}", reply.text);
    assert!(reply.location().starts_with("/if/flow/default-authentication-flow/?next="), "{}", reply.location());
    assert_eq!(reply.told("next"), request);
    let set: Vec<_> = reply.headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok()).collect();
    assert!(set[0].starts_with("authentik_session=") && set[0].contains("HttpOnly"), "{set:?}");
    assert!(set[1].starts_with("authentik_csrf=") && !set[1].contains("HttpOnly"), "{set:?}");
    let known = house.get(&request, set[0].split(';').next().unwrap_or_default()).await;
    assert_eq!(known.headers.get(header::SET_COOKIE), None, "one session for one browser");
    let silent = house.get(&house.request("open", &[("prompt", "none")]), "").await;
    assert_eq!(silent.told("error"), "login_required");
    for again in [("prompt", "login"), ("max_age", "60")] {
        let reply = house.get(&house.request("open", &[again]), &house.cookie()).await;
        assert!(reply.location().starts_with("/if/flow/"), "{again:?}: {}", reply.location());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_denied_are_told_what_is_missing() {
    let house = House::open().await;
    let reply = house.get(&house.request("closed", &[]), &house.cookie()).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert!(reply.text.starts_with("Closed House: ") && reply.text.contains("Butlers"), "{}", reply.text);
    let silent = house.get(&house.request("closed", &[("prompt", "none")]), &house.cookie()).await;
    assert_eq!(silent.told("error"), "access_denied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consent_is_asked_for_and_cannot_be_pretended() {
    let house = House::open().await;
    let request = house.request("asking", &[]);
    for _ in 0..2 {
        let reply = house.get(&request, &house.cookie()).await;
        let flow = "/if/flow/default-provider-authorization-explicit-consent/";
        assert!(reply.location().starts_with(flow), "asked until it is answered: {}", reply.location());
    }
    let silent = house.get(&house.request("asking", &[("prompt", "none")]), &house.cookie()).await;
    assert_eq!(silent.told("error"), "consent_required");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_discovery_and_the_way_out() {
    let house = House::open().await;
    let keys = house.get("/application/o/open/jwks/", "").await;
    let keys: Value = serde_json::from_str(&keys.text).expect("JSON");
    assert_eq!(keys["keys"][0]["alg"], "ES256");
    assert_eq!(keys["keys"][0]["d"], Value::Null);
    let about = house.get("/application/o/open/.well-known/openid-configuration", "").await;
    assert_eq!(about.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let about: Value = serde_json::from_str(&about.text).expect("JSON");
    assert_eq!(about["issuer"], "http://auth.test/application/o/open/");
    assert_eq!(about["authorization_endpoint"], "http://auth.test/application/o/authorize/");
    assert_eq!(about["jwks_uri"], "http://auth.test/application/o/open/jwks/");
    assert_eq!(about["token_endpoint"], "http://auth.test/application/o/token/");
    for missing in ["/application/o/nobody/jwks/", "/application/o/nobody/end-session/"] {
        assert_eq!(house.get(missing, "").await.status, StatusCode::NOT_FOUND, "{missing}");
    }
    let out = house.get("/application/o/open/end-session/", &house.cookie()).await;
    assert_eq!(out.text, "sign out of Open House", "nobody is signed out of everything unasked");
    let elsewhere = "/application/o/open/end-session/?post_logout_redirect_uri=https%3A%2F%2Fevil.test";
    assert_eq!(house.get(elsewhere, &house.cookie()).await.status, StatusCode::BAD_REQUEST);
}
