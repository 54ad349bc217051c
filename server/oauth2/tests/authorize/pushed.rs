//! Requests that clients push before the browser comes (RFC 9126).

use crate::house::{CALLBACK, House, SECRET};
use axum::http::{Request, StatusCode, header};
use serde_json::json;
use url::form_urlencoded::Serializer;

const PAR: &str = "/application/o/par/";

const FORM: [(&str, &str); 5] = [
    ("response_type", "code"),
    ("redirect_uri", CALLBACK),
    ("scope", "openid"),
    ("state", "pushed state"),
    ("nonce", "pushed nonce"),
];

fn reference(client: &str, uri: &str, more: &[(&str, &str)]) -> String {
    let mut pairs = vec![("client_id", client), ("request_uri", uri)];
    pairs.extend(more);
    format!("/application/o/authorize/?{}", Serializer::new(String::new()).extend_pairs(pairs).finish())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pushed_request_is_answered_once_to_its_client() {
    let house = House::open().await;
    house.register("wiki", json!({"require_pushed_requests": true})).await;
    house.register("other", json!({})).await;
    assert_eq!(house.visit(&House::ask("wiki", &[])).await.told("error"), "invalid_request", "it was not pushed");
    let pushed = house.call(PAR, "wiki", &FORM).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.text);
    assert_eq!(
        (&pushed.json()["expires_in"], &pushed.headers[header::CACHE_CONTROL]),
        (&json!(600), &"no-store".parse().expect("a value"))
    );
    let uri = pushed.json()["request_uri"].as_str().expect("a reference").to_owned();
    assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:"), "{uri}");

    let foreign = house.visit(&reference("other", &uri, &[("redirect_uri", CALLBACK)])).await;
    assert_eq!(foreign.told("error"), "invalid_request_uri");
    let asked = reference("wiki", &uri, &[("scope", "profile"), ("state", "injected")]);
    let stranger = house.get(&asked, "").await;
    assert_eq!(stranger.told("next"), asked, "signing in leaves it as it is");
    let reply = house.visit(&asked).await;
    assert_eq!(reply.told("state"), "pushed state", "what stands beside it does not count");
    assert_eq!(house.code(&reply.told("code")).await.scope, "openid");
    let again = house.visit(&asked).await;
    assert_eq!((again.told("error").as_str(), again.told("code")), ("invalid_request_uri", String::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_answers_to_one_pushed_request_one_is_given() {
    let house = House::open().await;
    house.register("wiki", json!({})).await;
    let pushed = house.call(PAR, "wiki", &FORM).await.json();
    let asked = reference("wiki", pushed["request_uri"].as_str().expect("a reference"), &[]);
    let (a, b, c) = tokio::join!(house.visit(&asked), house.visit(&asked), house.visit(&asked));
    let codes = [a, b, c].iter().filter(|reply| !reply.told("code").is_empty()).count();
    assert_eq!(codes, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consent_is_asked_between_a_pushed_request_and_its_answer() {
    let house = House::open().await;
    house.register("careful", json!({"authorization_flow": "explicit"})).await;
    let pushed = house.call(PAR, "careful", &FORM).await.json();
    let asked = reference("careful", pushed["request_uri"].as_str().expect("a reference"), &[]);
    let flow = house.visit(&asked).await.flow().to_owned();
    house.allow(&flow).await;
    assert!(!house.visit(&asked).await.told("code").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_be_refused_later_is_refused_when_it_is_pushed() {
    let house = House::open().await;
    house.register("wiki", json!({})).await;
    house.register("phone", json!({"client_type": "public"})).await;
    for (changed, error) in [
        (("request_uri", "urn:ietf:params:oauth:request_uri:x"), "invalid_request"),
        (("redirect_uri", "https://evil.test/"), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("prompt", "maybe"), "invalid_request"),
        (("client_id", "phone"), "invalid_request"),
        (("request", "x.y.z"), "invalid_request_object"),
    ] {
        let mut form: Vec<_> = FORM.into_iter().filter(|(name, _)| *name != changed.0).collect();
        form.push(changed);
        let reply = house.call(PAR, "wiki", &form).await;
        assert_eq!((reply.status, &reply.json()["error"]), (StatusCode::BAD_REQUEST, &json!(error)), "{changed:?}");
    }
    let body = Serializer::new(String::new()).extend_pairs(FORM).append_pair("client_id", "phone").finish();
    let post = || Request::post(PAR).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let public = house.send(post(), body).await;
    assert_eq!(public.json()["error_description"], "This client has to use PKCE (code_challenge).");
    let guessed = format!("client_id=wiki&client_secret={}", &SECRET[1..]);
    assert_eq!(house.send(post(), guessed).await.json()["error"], "invalid_client");
    assert_eq!(house.get(PAR, "").await.status, StatusCode::METHOD_NOT_ALLOWED);
}
