//! Whether the person agrees, and what is asked of them.

use crate::house::House;
use axum::http::StatusCode;
use lockgate_store::EventFilter;
use serde_json::{Value, json};

const EXPLICIT: &str = "default-provider-authorization-explicit-consent";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consent_is_remembered_and_widened_by_what_is_new() {
    let house = House::open().await;
    house.register("careful", json!({"authorization_flow": "explicit"})).await;
    let request = House::ask("careful", &[("scope", "openid email")]);
    assert_eq!(house.visit(&request).await.flow(), EXPLICIT);
    let asked = house.challenge(EXPLICIT).await;
    assert_eq!(asked["permissions"][0]["id"], "email");
    assert_eq!(asked["additional_permissions"], json!([]));
    house.allow(EXPLICIT).await;
    assert!(!house.visit(&request).await.told("code").is_empty());
    house.identity.journal.flush().await;
    let filter = EventFilter { actions: vec!["authorize_application".into()], ..EventFilter::default() };
    let (_, noted) = house.identity.store.events().list(&filter).await.expect("a database");
    assert_eq!(noted, 1, "noted once, when it was made use of");

    let silent = House::ask("careful", &[("scope", "openid email"), ("prompt", "none")]);
    assert!(!house.visit(&silent).await.told("code").is_empty(), "nothing is left to ask");
    let wider = House::ask("careful", &[("scope", "openid email profile"), ("prompt", "none")]);
    assert_eq!(house.visit(&wider).await.told("error"), "consent_required");
    let wider = House::ask("careful", &[("scope", "openid email profile")]);
    assert_eq!(house.visit(&wider).await.flow(), EXPLICIT);
    let asked = house.challenge(EXPLICIT).await;
    assert_eq!(asked["permissions"][0]["id"], "email");
    assert_eq!(asked["additional_permissions"][0]["id"], "profile");
    house.allow(EXPLICIT).await;
    assert!(!house.visit(&wider).await.told("code").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_can_insist_on_the_question() {
    let house = House::open().await;
    house.register("careful", json!({"authorization_flow": "explicit"})).await;
    house.register("quiet", json!({})).await;
    for client in ["careful", "quiet"] {
        let request = House::ask(client, &[("scope", "openid email"), ("prompt", "consent")]);
        for _ in 0..2 {
            assert_eq!(house.visit(&request).await.flow(), EXPLICIT, "{client}");
            assert_eq!(house.challenge(EXPLICIT).await["permissions"][0]["id"], "email", "{client}");
            house.allow(EXPLICIT).await;
            assert!(!house.visit(&request).await.told("code").is_empty(), "{client}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_without_the_person_needs_their_consent_once() {
    let house = House::open().await;
    house.register("quiet", json!({})).await;
    let scope = ("scope", "openid offline_access");
    let request = House::ask("quiet", &[scope]);
    let silent = House::ask("quiet", &[scope, ("prompt", "none")]);
    assert_eq!(house.visit(&silent).await.told("error"), "consent_required");
    assert_eq!(house.visit(&request).await.flow(), EXPLICIT);
    let asked = house.challenge(EXPLICIT).await;
    assert!(asked["permissions"].to_string().contains("offline_access"), "{asked}");
    house.allow(EXPLICIT).await;
    let code = house.visit(&request).await.told("code");
    let tokens = house.redeem("quiet", &code).await;
    assert!(tokens.json()["refresh_token"].is_string(), "{}", tokens.text);
    assert!(!house.visit(&silent).await.told("code").is_empty(), "agreed to already");
    let without = House::ask("quiet", &[scope, ("response_type", "id_token")]);
    assert!(!house.visit(&without).await.told("id_token").is_empty(), "dropped where there is no code");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_acts_as_the_person_gets_nothing_that_lasts_longer() {
    let house = House::open().await;
    house.register("quiet", json!({})).await;
    let request = House::ask("quiet", &[("scope", "openid offline_access")]);
    house.is_acted_for().await;
    let code = house.visit(&request).await.told("code");
    let tokens = house.redeem("quiet", &code).await;
    assert_eq!(tokens.json()["scope"], json!("openid"), "{}", tokens.text);
    assert_eq!(tokens.json()["refresh_token"], Value::Null, "{}", tokens.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn single_claims_are_asked_about_as_their_scope() {
    let house = House::open().await;
    house.register("careful", json!({"authorization_flow": "explicit"})).await;
    let wish = json!({"userinfo": {"email": null}}).to_string();
    assert_eq!(house.visit(&House::ask("careful", &[("claims", &wish)])).await.flow(), EXPLICIT);
    assert_eq!(house.challenge(EXPLICIT).await["permissions"][0]["id"], "email");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_agree_comes_back_to_the_client() {
    let house = House::open().await;
    house.register("careful", json!({"authorization_flow": "explicit"})).await;
    for (more, start) in [
        (vec![], "https://app.test/cb?error=access_denied&"),
        (vec![("response_type", "id_token")], "https://app.test/cb#error=access_denied&"),
        (vec![("response_mode", "form_post")], ""),
    ] {
        let request = House::ask("careful", &more);
        assert_eq!(house.visit(&request).await.flow(), EXPLICIT);
        let to = house.give_up().await;
        assert_eq!(to, request, "the endpoint knows how the client wants to be told");
        let reply = house.visit(&to).await;
        assert!(reply.location().starts_with(start), "{}", reply.location());
        assert_eq!((reply.told("error"), reply.told("state")), ("access_denied".into(), "a state".into()));
        assert_eq!(house.visit(&request).await.flow(), EXPLICIT, "they may think again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consent_is_for_one_person_and_one_request() {
    let house = House::open().await;
    house.register("careful", json!({"authorization_flow": "explicit"})).await;
    let request = House::ask("careful", &[("prompt", "consent")]);
    assert_eq!(house.visit(&request).await.flow(), EXPLICIT);
    house.allow(EXPLICIT).await;
    let other = house.visit(&House::ask("careful", &[("prompt", "consent"), ("nonce", "another")])).await;
    assert_eq!(other.flow(), EXPLICIT);
    // Somebody else signs in in the same browser before the request comes back.
    crate::house::person(&house.identity, "bob", vec![]).await;
    assert!(house.visit(&House::ask("careful", &[("prompt", "login")])).await.flow().contains("authentication"));
    house.sign_in("bob").await;
    assert_eq!(house.visit(&request).await.flow(), EXPLICIT, "Bob has not agreed to anything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_see_the_request() {
    let house = House::open().await;
    let expression = "context.oauth_grant_type == \"authorization_code\" && context.oauth_response_type == \"code\" \
                      && context.oauth_redirect_uri == \"https://app.test/cb\" && context.oauth_max_age == 7";
    house.register("picky", json!({})).await;
    house.bind_expression("picky", expression).await;
    // A login that is old is made again, so that a fresh one is needed to come to the policies at all.
    let request = House::ask("picky", &[("max_age", "7")]);
    assert!(house.visit(&request).await.flow().contains("authentication"));
    house.sign_in("ada").await;
    let reply = house.visit(&request).await;
    assert!(!reply.told("code").is_empty(), "{} {}", reply.location(), reply.text);
    assert_eq!(house.visit(&House::ask("picky", &[])).await.status, StatusCode::FORBIDDEN);
    let silent = house.visit(&House::ask("picky", &[("prompt", "none")])).await;
    assert_eq!(silent.told("error"), "access_denied");
}
