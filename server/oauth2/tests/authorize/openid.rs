//! Whom the request is about, and when they have to sign in again.

use crate::house::{House, claims, person};
use serde_json::json;

const LOGIN: &str = "default-authentication-flow";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_is_asked_for_is_made_once() {
    let house = House::open().await;
    house.register("careful", json!({"authorization_flow": "explicit"})).await;
    for wish in [("prompt", "login"), ("prompt", "select_account consent"), ("max_age", "0")] {
        let request = House::ask("careful", &[wish]);
        assert_eq!(house.visit(&request).await.flow(), LOGIN, "{wish:?}");
        house.sign_in("ada").await;
        let asked = house.visit(&request).await;
        assert!(asked.flow().ends_with("explicit-consent"), "{wish:?}: {}", asked.location());
        house.go_through(asked.flow()).await;
        let done = house.visit(&request).await;
        assert!(!done.told("code").is_empty(), "{wish:?}: {}", done.location());
        assert_eq!(house.visit(&request).await.flow(), LOGIN, "{wish:?}: the next time again");
    }
    let fresh = House::ask("careful", &[("max_age", "600"), ("prompt", "none")]);
    assert!(!house.visit(&fresh).await.told("code").is_empty(), "the login is fresh enough");
    let silent = House::ask("careful", &[("max_age", "0"), ("prompt", "none")]);
    assert_eq!(house.visit(&silent).await.told("error"), "login_required");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hint_fills_in_a_name_and_proves_nothing() {
    let house = House::open().await;
    house.register("wiki", json!({})).await;
    let request = House::ask("wiki", &[("prompt", "login"), ("login_hint", "bob@example.org")]);
    assert_eq!(house.visit(&request).await.flow(), LOGIN);
    let asked = house.challenge(LOGIN).await;
    assert_eq!(asked["component"], "ak-stage-identification");
    assert_eq!(asked["pending_user_identifier"], "bob@example.org");
    assert_eq!(asked["application_pre"], "The wiki");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_person_that_the_client_means_has_to_be_signed_in() {
    let house = House::open().await;
    house.register("wiki", json!({"sub_mode": "user_username"})).await;
    let id_token = house.visit(&House::ask("wiki", &[("response_type", "id_token")])).await.told("id_token");
    assert_eq!(claims(&id_token)["sub"], "ada");
    let same = [("prompt", "none"), ("id_token_hint", &*id_token)];
    assert!(!house.visit(&House::ask("wiki", &same)).await.told("code").is_empty());
    let forged = format!("{}x", &id_token[..id_token.len() - 4]);
    let reply = house.visit(&House::ask("wiki", &[("id_token_hint", &forged)])).await;
    assert_eq!(reply.told("error"), "invalid_request");

    person(&house.identity, "bob", vec![]).await;
    let by_claim = |who: &str| json!({"id_token": {"sub": {"value": who}}}).to_string();
    let ada = House::ask("wiki", &[("prompt", "none"), ("claims", &by_claim("ada"))]);
    assert!(!house.visit(&ada).await.told("code").is_empty());
    let bob = House::ask("wiki", &[("prompt", "none"), ("claims", &by_claim("bob"))]);
    assert_eq!(house.visit(&bob).await.told("error"), "login_required");

    let bob = House::ask("wiki", &[("claims", &by_claim("bob"))]);
    assert_eq!(house.visit(&bob).await.flow(), LOGIN);
    house.sign_in("ada").await;
    assert_eq!(house.visit(&bob).await.told("error"), "login_required", "somebody else has signed in");
    assert_eq!(house.visit(&bob).await.flow(), LOGIN);
    house.sign_in("bob").await;
    assert!(!house.visit(&bob).await.told("code").is_empty());
    let hinted = House::ask("wiki", &[("prompt", "none"), ("id_token_hint", &*id_token)]);
    assert_eq!(house.visit(&hinted).await.told("error"), "login_required", "the token is about Ada");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_are_released_one_by_one() {
    let house = House::open().await;
    house.register("wiki", json!({"include_claims_in_id_token": false})).await;
    let wish = json!({"id_token": {"email": null, "phone_number": null}, "userinfo": {"name": {"essential": true}}});
    let reply = house.visit(&House::ask("wiki", &[("claims", &wish.to_string())])).await;
    let code = reply.told("code");
    let facts = &house.code(&code).await.data["facts"];
    assert_eq!(facts["claims"], json!({"id_token": ["email"], "userinfo": ["name"]}));
    let tokens = house.redeem("wiki", &code).await.json();
    let id = claims(tokens["id_token"].as_str().expect("a token"));
    assert_eq!((&id["email"], id.get("name")), (&json!("ada@example.org"), None));
    assert_eq!(tokens["scope"], "openid");

    let acr = json!({"id_token": {"acr": {"essential": true, "values": ["gold"]}}}).to_string();
    let reply = house.visit(&House::ask("wiki", &[("claims", &acr)])).await;
    assert_eq!(reply.told("error"), "unmet_authentication_requirements");
    let known = ("acr_values", "gold goauthentik.io/providers/oauth2/default");
    assert!(!house.visit(&House::ask("wiki", &[known])).await.told("code").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scopes_are_those_that_exist() {
    let house = House::open().await;
    house.register("wiki", json!({})).await;
    for (asked, granted) in
        [("", "openid email profile"), ("profile nonsense openid profile", "profile openid"), ("nonsense", "")]
    {
        let reply = house.visit(&House::ask("wiki", &[("scope", asked)])).await;
        let row = house.code(&reply.told("code")).await;
        let mut words = [granted, &row.scope].map(|scope| scope.split_whitespace().collect::<Vec<_>>());
        words.iter_mut().for_each(|words| words.sort_unstable());
        assert_eq!(words[0], words[1], "{asked}");
    }
    let lacking = House::ask("wiki", &[("scope", "email"), ("response_type", "id_token")]);
    assert_eq!(house.visit(&lacking).await.told("error"), "invalid_scope");
    let lacking = House::ask("wiki", &[("nonce", ""), ("response_type", "code id_token")]);
    assert_eq!(house.visit(&lacking).await.told("error"), "invalid_request");
}
