//! Devices without a browser (RFC 8628), from the codes to the tokens.
#![allow(clippy::expect_used)]

mod support;

use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use support::{Ask, House, object};

const DEVICE: &str = "/application/o/device/";
const TOKEN: &str = "/application/o/token/";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn codes(house: &House) -> Value {
    house.post(DEVICE, &[("client_id", "tv"), ("scope", "openid email")]).await.json()
}

async fn exchange(house: &House, codes: &Value) -> Value {
    let code = codes["device_code"].as_str().expect("a code");
    let form = [("grant_type", GRANT), ("device_code", code), ("client_id", "tv"), ("client_secret", "tv-secret")];
    house.post(TOKEN, &form).await.json()
}

#[tokio::test]
async fn a_device_gets_tokens_once_its_owner_has_clicked() {
    let house = House::open().await;
    house.client("tv", json!({})).await;
    let codes = codes(&house).await;
    let code = codes["user_code"].as_str().expect("a code");
    assert!(code.len() == 9 && code.as_bytes()[4] == b'-', "{code}");
    assert!(code.bytes().all(|b| b"BCDFGHJKLMNPQRSTVWXZ-".contains(&b)), "{code}");
    assert_eq!(codes["verification_uri"], "http://auth.test/device");
    assert_eq!(codes["verification_uri_complete"], format!("http://auth.test/device?code={code}"));
    assert_eq!((&codes["interval"], &codes["expires_in"]), (&json!(5), &json!(600)));
    assert_eq!(exchange(&house, &codes).await["error"], "authorization_pending");

    assert_eq!(house.get("/device").await.text, "ask  ");
    let shown = house.get(&format!("/device?code={}", code.to_lowercase().replace('-', ""))).await;
    assert!(shown.text.starts_with(&format!("confirm TV {code} ")) && shown.text.contains("mail"), "{}", shown.text);
    let csrf = house.csrf();
    let forged = house.submit("/device", &[("code", code), ("decision", "allow"), ("csrf_token", "no")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let looked = house.get(&format!("/device?code={code}&decision=allow&csrf_token={csrf}")).await;
    assert!(looked.text.starts_with("confirm "), "a link decides nothing: {}", looked.text);
    let done = house.submit("/device", &[("code", code), ("decision", "allow"), ("csrf_token", &csrf)]).await;
    assert_eq!((done.status, done.text.as_str()), (StatusCode::OK, "done TV true"));
    assert_eq!(house.events("authorize_application").await.len(), 1);

    let again = house.submit("/device", &[("code", code), ("csrf_token", &csrf)]).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND, "a code is decided once");
    tokio::time::sleep(std::time::Duration::from_millis(5_200)).await;
    let tokens = exchange(&house, &codes).await;
    assert!(tokens["access_token"].is_string() && tokens["id_token"].is_string(), "{tokens}");
    let token = tokens["access_token"].as_str().expect("a token");
    assert_eq!(house.bearer("/application/o/userinfo/", token).await.json()["email"], "ada@example.org");
}

#[tokio::test]
async fn a_refusal_is_told_to_the_device() {
    let house = House::open().await;
    house.client("tv", json!({})).await;
    let codes = codes(&house).await;
    let code = codes["user_code"].as_str().expect("a code");
    let form = [("code", code), ("decision", "deny"), ("csrf_token", &house.csrf())];
    assert_eq!(house.submit("/device", &form).await.text, "done TV false");
    assert_eq!(exchange(&house, &codes).await["error"], "access_denied");
}

#[tokio::test]
async fn strangers_sign_in_first_and_come_back_with_the_code() {
    let house = House::open().await;
    let stranger = house.ask("/device?code=bcdf-ghjk", Ask::default()).await;
    assert_eq!(stranger.status, StatusCode::FOUND);
    let to = "/if/flow/default-authentication-flow/?next=%2Fdevice%3Fcode%3DBCDF-GHJK";
    assert_eq!(stranger.location(), to);
}

#[tokio::test]
async fn only_clients_with_the_grant_get_codes_and_not_without_end() {
    let house = House::open().await;
    house.client("tv", json!({})).await;
    house.client("web", json!({"grant_types": ["authorization_code"]})).await;
    let refused = house.post(DEVICE, &[("client_id", "web")]).await;
    assert_eq!((refused.status, &refused.json()["error"]), (StatusCode::BAD_REQUEST, &json!("unauthorized_client")));
    let wrong = house.post(DEVICE, &[("client_id", "tv"), ("client_secret", "no")]).await;
    assert_eq!(wrong.json()["error"], "invalid_client");
    let mut last = StatusCode::OK;
    for _ in 0..30 {
        let reply = house.post(DEVICE, &[("client_id", "tv")]).await;
        last = reply.status;
        if last == StatusCode::TOO_MANY_REQUESTS {
            assert!(reply.headers.contains_key(header::RETRY_AFTER));
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn codes_cannot_be_guessed_quickly() {
    let house = House::open().await;
    let csrf = house.csrf();
    let mut tries = 0;
    loop {
        let reply = house.submit("/device", &[("code", "BCDF-GHJK"), ("csrf_token", &csrf)]).await;
        if reply.status == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        assert_eq!(reply.status, StatusCode::NOT_FOUND);
        tries += 1;
        assert!(tries <= 12, "no limit");
    }
}

#[tokio::test]
async fn the_policies_of_the_application_are_asked_before_the_device_is_let_in() {
    let house = House::open().await;
    house.client("tv", json!({})).await;
    let app = house.identity.config.snapshot().app("tv").expect("an application").id;
    let policy = object("expression_policy", "never", json!({"name": "never", "expression": "false"}));
    let binding = json!({"target": app, "policy": policy.id, "order": 0});
    let binding = object("policy_binding", "binding", binding);
    house.change(vec![policy, binding]).await;
    let codes = codes(&house).await;
    let code = codes["user_code"].as_str().expect("a code");
    let form = [("code", code), ("decision", "allow"), ("csrf_token", &house.csrf())];
    let reply = house.submit("/device", &form).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN, "{}", reply.text);
    assert_eq!(exchange(&house, &codes).await["error"], "authorization_pending");
}

#[tokio::test]
async fn the_brands_own_flow_comes_first() {
    let house = House::open().await;
    house.client("tv", json!({})).await;
    let codes = codes(&house).await;
    let code = codes["user_code"].as_str().expect("a code").to_owned();
    let snapshot = house.identity.config.snapshot();
    let (id, brand) = snapshot.brand("auth.test").expect("a brand");
    let mut body = serde_json::to_value(brand).expect("JSON");
    body["flow_device_code"] = json!(house.flow("default-provider-authorization-implicit-consent"));
    let mut document = object("brand", "brand", body);
    document.id = id;
    house.change(vec![document]).await;
    for _ in 0..2 {
        let first = house.get(&format!("/device?code={code}")).await;
        assert!(
            first.location().starts_with("/if/flow/default-provider-authorization-implicit"),
            "{}",
            first.location()
        );
    }
    let form = [("code", code.as_str()), ("decision", "allow"), ("csrf_token", &house.csrf())];
    let reply = house.submit("/device", &form).await;
    assert!(reply.text.starts_with("onward /if/flow/"), "the form does not lead past it: {}", reply.text);
    // The flow has nothing to ask; its page leads back.
    house.through("default-provider-authorization-implicit-consent").await;
    let shown = house.get(&format!("/device?code={code}")).await;
    assert!(shown.text.starts_with("confirm TV"), "{} {}", shown.text, shown.location());
    assert_eq!(house.submit("/device", &form).await.text, "done TV true");
    let next = house.get("/device").await;
    assert!(next.location().starts_with("/if/flow/"), "once for each device: {}", next.text);
    // It is for people who are signed in, so strangers sign in first.
    let stranger = house.ask("/device", Ask::default()).await;
    assert!(stranger.location().starts_with("/if/flow/default-authentication-flow/"), "{}", stranger.location());
}

const EXPLICIT: &str = "default-provider-authorization-explicit-consent";

#[tokio::test]
async fn the_authorization_flow_of_the_application_lies_between_the_click_and_the_approval() {
    let house = House::open().await;
    house.client("tv", json!({"authorization_flow": house.flow(EXPLICIT)})).await;
    let codes = codes(&house).await;
    let code = codes["user_code"].as_str().expect("a code");
    let page = format!("/device?code={code}");
    let form = [("code", code), ("decision", "allow"), ("csrf_token", &house.csrf())];
    for _ in 0..2 {
        let led = house.submit("/device", &form).await;
        assert!(led.text.starts_with(&format!("onward /if/flow/{EXPLICIT}/?next=%2Fdevice%3Fcode%3D")), "{}", led.text);
        let back = house.get(&page).await;
        assert!(back.text.starts_with("confirm TV"), "who goes round the flow has not agreed: {}", back.text);
    }
    let asked = house.through(EXPLICIT).await;
    assert!(asked["permissions"].to_string().contains("\"email\""), "{asked}");
    house.agree(EXPLICIT).await;
    assert_eq!(house.get(&page).await.text, "done TV true");
    assert_eq!(house.get(&page).await.status, StatusCode::NOT_FOUND, "once");
    let tokens = exchange(&house, &codes).await;
    assert!(tokens["access_token"].is_string(), "{tokens}");
}

#[tokio::test]
async fn who_gives_up_in_the_flow_turns_the_device_away() {
    let house = House::open().await;
    house.client("tv", json!({"authorization_flow": house.flow(EXPLICIT)})).await;
    let codes = codes(&house).await;
    let code = codes["user_code"].as_str().expect("a code");
    house.submit("/device", &[("code", code), ("decision", "allow"), ("csrf_token", &house.csrf())]).await;
    let to = house.identity.flows().give_up(&house.token).await.expect("a database").expect("an address");
    assert_eq!(to, format!("/device?code={code}"));
    assert_eq!(house.get(&to).await.text, "done TV false");
    assert_eq!(exchange(&house, &codes).await["error"], "access_denied");
}

#[tokio::test]
async fn a_flow_that_is_for_others_lets_no_device_in() {
    let house = House::open().await;
    let flow = json!({
        "name": "Staff", "slug": "staff", "title": "Staff", "designation": "authorization",
        "authentication": "require_superuser",
    });
    let flow = object("flow", "staff", flow);
    let id = flow.id;
    house.change(vec![flow]).await;
    house.client("tv", json!({"authorization_flow": id})).await;
    let codes = codes(&house).await;
    let code = codes["user_code"].as_str().expect("a code");
    let form = [("code", code), ("decision", "allow"), ("csrf_token", &house.csrf())];
    assert_eq!(house.submit("/device", &form).await.status, StatusCode::FORBIDDEN);
    assert_eq!(exchange(&house, &codes).await["error"], "authorization_pending");
}

#[tokio::test]
async fn strangers_sign_in_as_the_application_has_it() {
    let house = House::open().await;
    let flow = json!({"name": "Own", "slug": "own", "title": "Own", "designation": "authentication"});
    let flow = object("flow", "own", flow);
    let id = flow.id;
    house.change(vec![flow]).await;
    house.client("tv", json!({"authentication_flow": id})).await;
    let codes = codes(&house).await;
    let code = codes["user_code"].as_str().expect("a code");
    let stranger = house.ask(&format!("/device?code={code}"), Ask::default()).await;
    assert_eq!(stranger.location(), format!("/if/flow/own/?next=%2Fdevice%3Fcode%3D{code}"));
}

#[tokio::test]
async fn an_approval_ends_with_the_login_in_which_it_was_given() {
    for leave in [true, false] {
        let house = House::open().await;
        let client = house.client("tv", json!({})).await;
        let codes = codes(&house).await;
        let code = codes["user_code"].as_str().expect("a code");
        let form = [("code", code), ("decision", "allow"), ("csrf_token", &house.csrf())];
        assert_eq!(house.submit("/device", &form).await.text, "done TV true");
        match leave {
            true => house.identity.leave(&house.session, &client).await.expect("a database"),
            false => house.identity.sessions.end(&house.session).await.expect("a database"),
        }
        assert_eq!(exchange(&house, &codes).await["error"], "invalid_grant", "left: {leave}");
    }
}
