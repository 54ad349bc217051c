//! Signing out at the application's wish (OpenID Connect RP-Initiated Logout).
#![allow(clippy::expect_used)]

mod support;

use axum::http::{Method, StatusCode};
use lockgate_identity::{
    keys::{NewKey, NewPair, generate},
    oauth::CodeGrant,
};
use lockgate_store::hash_secret;
use serde_json::json;
use support::{Ask, House, object};
use url::form_urlencoded::byte_serialize;

const END: &str = "/application/o/wiki/end-session/";

fn logout_at(url: &str) -> serde_json::Value {
    json!([
        {"matching_mode": "strict", "url": "https://wiki.test/callback"},
        {"matching_mode": "strict", "url": url, "redirect_uri_type": "logout"},
    ])
}

fn with(parameters: &[(&str, &str)]) -> String {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    format!("{END}?{}", pairs.join("&"))
}

const EVERYTHING: &str = "default-invalidation-flow";
const HERE: &str = "default-provider-invalidation-flow";

#[tokio::test]
async fn an_application_is_left_without_parameters_and_the_login_stays() {
    let house = House::open().await;
    let wiki = house.client("wiki", json!({})).await;
    let other = house.client("other", json!({})).await;
    let mine = house.tokens(&wiki, &["openid"]).await.access.expect("a token");
    let theirs = house.tokens(&other, &["openid"]).await.access.expect("a token");
    house.opened(&wiki).await;
    house.opened(&other).await;
    for client in [&wiki, &other] {
        let (session, data) = (&house.session, json!({}));
        let of = CodeGrant { client, session, scopes: &[], grant: house.identity.oauth.new_grant(), data };
        house.identity.oauth.store_code(&client.client_id, of).await.expect("a code");
    }
    let out = house.get(END).await;
    assert_eq!(out.location(), format!("/if/flow/{HERE}/"), "{}", out.text);
    let end = house.through(HERE).await;
    assert_eq!((&end["component"], &end["application_name"]), (&json!("ak-stage-session-end"), &json!("WIKI")));
    assert_eq!(house.bearer("/application/o/userinfo/", &mine).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.bearer("/application/o/userinfo/", &theirs).await.status, StatusCode::OK);
    let code = async |code: &str| house.identity.store.codes().peek(&hash_secret(code)).await.expect("a database");
    assert_eq!((code("wiki").await.is_none(), code("other").await.is_some()), (true, true), "codes on their way");
    let ended = house.identity.store.logins().ended(house.identity.clock.now(), 10).await.expect("a database");
    assert_eq!(ended.iter().map(|login| login.provider).collect::<Vec<_>>(), [wiki.id]);
    let left = house.identity.store.logins().of_session(house.session.uuid).await.expect("a database");
    assert_eq!(left.iter().map(|login| login.provider).collect::<Vec<_>>(), [other.id]);
}

#[tokio::test]
async fn a_token_is_known_again_after_its_key_was_replaced_and_an_access_token_is_no_hint() {
    let house = House::open().await;
    let pair = async |name: &str| {
        let from = house.identity.clock.now();
        let new = NewPair {
            name: name.to_owned(),
            key: NewKey::EcP256,
            alternative_names: vec![],
            from,
            until: from + chrono::TimeDelta::days(365),
        };
        let pair = generate(&new).expect("a key");
        let pair = object("key_pair", name, serde_json::to_value(pair).expect("an object"));
        let id = pair.id;
        house.change(vec![pair]).await;
        id
    };
    let wiki = house.client("wiki", json!({"signing_key": pair("first").await})).await;
    let tokens = house.tokens(&wiki, &["openid"]).await;
    let (id, access) = (tokens.id.expect("a token"), tokens.access.expect("a token"));
    let stranger = house.client("wiki", json!({"signing_key": pair("stranger").await})).await;
    let never_published = stranger.signing.sign(&json!({
        "iss": "i", "sub": "s", "aud": "wiki", "exp": i64::MAX,
    }));
    let wiki_now = house.client("wiki", json!({"signing_key": pair("second").await})).await;
    assert_ne!(wiki.signing.kid, wiki_now.signing.kid);
    let hint = async |token: &str| house.identity.oauth.id_token_hint(&wiki_now, token).await.expect("a database");
    let known = hint(&id).await.expect("an ID token of ours");
    assert_eq!(known.iss, "http://auth.test/application/o/wiki/");
    assert_eq!(hint(&access).await, None);
    assert_eq!(hint(&never_published.expect("signed")).await, None);
    assert_eq!(hint("x.y.z").await, None);
}

#[tokio::test]
async fn nobody_is_signed_out_of_everything_by_a_link_of_somebody_else() {
    let house = House::open().await;
    let flow = house.flow(EVERYTHING);
    let wiki = house
        .client("wiki", json!({"invalidation_flow": flow, "redirect_uris": logout_at("https://wiki.test/bye")}))
        .await;
    let asked = house.get(END).await;
    assert!(asked.text.starts_with("sign out of WIKI"), "{}", asked.text);
    let confirmed = house.submit(END, &[("confirmed", "yes"), ("csrf_token", "no")]).await;
    assert!(confirmed.text.starts_with("sign out of WIKI"), "{}", confirmed.text);
    let link = house.get(&with(&[("confirmed", "yes"), ("csrf_token", &house.csrf())])).await;
    assert!(link.text.starts_with("sign out of WIKI"), "{}", link.text);
    let confirmed = house.submit(END, &[("confirmed", "yes"), ("csrf_token", &house.csrf())]).await;
    assert_eq!(confirmed.text, format!("onward /if/flow/{EVERYTHING}/"));
    // The token of the login itself is as good as the click, expired or not.
    let id = house.tokens(&wiki, &["openid"]).await.id.expect("a token");
    let hinted = house
        .get(&with(&[("id_token_hint", &id), ("post_logout_redirect_uri", "https://wiki.test/bye"), ("state", "a b")]))
        .await;
    assert_eq!(hinted.location(), format!("/if/flow/{EVERYTHING}/"), "{}", hinted.text);
    let end = house.through(EVERYTHING).await;
    assert_eq!(
        (&end["component"], &end["to"]),
        (&json!("xak-flow-redirect"), &json!("https://wiki.test/bye?state=a+b"))
    );
    assert!(
        house.identity.sessions.by_token(&house.token).await.expect("a database").is_none_or(|s| s.user_pk.is_none())
    );
}

#[tokio::test]
async fn the_token_of_another_login_does_not_count() {
    let house = House::open().await;
    let wiki = house.client("wiki", json!({"invalidation_flow": house.flow(EVERYTHING)})).await;
    let other = house.client("other", json!({})).await;
    let mut facts = house.facts(&wiki);
    facts.sid = Some("another session".into());
    for hint in [
        house.tokens_of(&wiki, &["openid"], facts).await.id.expect("a token"),
        house.tokens(&other, &["openid"]).await.id.expect("a token"),
        "x.y.z".to_owned(),
    ] {
        let asked = house.get(&with(&[("id_token_hint", &hint)])).await;
        assert!(asked.text.starts_with("sign out of WIKI"), "{}", asked.text);
    }
}

#[tokio::test]
async fn browsers_are_sent_to_registered_addresses_of_known_clients_only() {
    let house = House::open().await;
    let wiki = house.client("wiki", json!({"redirect_uris": logout_at("https://wiki.test/bye")})).await;
    let id = house.tokens(&wiki, &["openid"]).await.id.expect("a token");
    let bye = ("post_logout_redirect_uri", "https://wiki.test/bye");
    for refused in [
        vec![bye],
        vec![bye, ("id_token_hint", "x.y.z")],
        vec![("client_id", "other"), bye],
        vec![("client_id", "wiki"), ("post_logout_redirect_uri", "https://evil.test/")],
        vec![("id_token_hint", &id), ("post_logout_redirect_uri", "https://wiki.test/callback")],
    ] {
        assert_eq!(house.get(&with(&refused)).await.status, StatusCode::BAD_REQUEST, "{refused:?}");
    }
    for fine in [vec![bye, ("client_id", "wiki")], vec![bye, ("id_token_hint", &id)]] {
        assert_eq!(house.get(&with(&fine)).await.location(), format!("/if/flow/{HERE}/"), "{fine:?}");
    }
    let any = json!([
        {"matching_mode": "strict", "url": "https://lax.test/callback"},
        {"matching_mode": "regex", "url": "(?s).*", "redirect_uri_type": "logout"},
    ]);
    house.client("lax", json!({"redirect_uris": any})).await;
    for (wanted, status) in [
        ("https://lax.test/bye", StatusCode::FOUND),
        ("javascript:alert(1)", StatusCode::BAD_REQUEST),
        ("https://evil.test\\.lax.test/", StatusCode::BAD_REQUEST),
        ("https://lax.test/#x", StatusCode::BAD_REQUEST),
    ] {
        let bye = with(&[("client_id", "lax"), ("post_logout_redirect_uri", wanted)]).replace("wiki", "lax");
        assert_eq!(house.get(&bye).await.status, status, "{wanted}");
    }
    // A form of another site brings no cookie: the link that it becomes does.
    let foreign = Ask { form: Some(&[("client_id", "wiki")]), method: Some(Method::POST), ..Ask::default() };
    assert_eq!(house.ask(END, foreign).await.location(), format!("{END}?client_id=wiki"));
}

#[tokio::test]
async fn applications_in_the_browser_are_told_in_frames() {
    let house = House::open().await;
    let front = json!({"logout_method": "frontchannel", "logout_uri": "https://wiki.test/logout?a=b"});
    let wiki = house.client("wiki", front).await;
    house.client("other", json!({"logout_method": "frontchannel", "logout_uri": "https://other.test/logout"})).await;
    house.opened(&wiki).await;
    let frames = house.through(EVERYTHING).await;
    assert_eq!(frames["component"], "ak-provider-iframe-logout");
    let urls = frames["logout_urls"].as_array().expect("a list");
    assert_eq!((urls.len(), &urls[0]["provider_name"]), (1, &json!("wiki")));
    let url = urls[0]["url"].as_str().expect("an address");
    assert!(
        url.starts_with("https://wiki.test/logout?a=b&iss=http%3A%2F%2Fauth.test%2Fapplication%2Fo%2Fwiki%2F&sid="),
        "{url}"
    );
    assert_eq!(frames.get("then"), None);
}
