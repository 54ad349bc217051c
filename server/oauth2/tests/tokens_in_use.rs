//! What is done with tokens: userinfo, introspection, revocation, and which scripts may ask.
#![allow(clippy::expect_used)]

mod support;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use axum::http::{Method, StatusCode, header};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use lockgate_identity::{keys::thumbprint, oauth::GrantFacts};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Ask, House, object};

const USERINFO: &str = "/application/o/userinfo/";
const INTROSPECT: &str = "/application/o/introspect/";
const REVOKE: &str = "/application/o/revoke/";
const TOKEN: &str = "/application/o/token/";

fn basic(client: &str) -> Option<String> {
    Some(format!("Basic {}", STANDARD.encode(format!("{client}:{client}-secret"))))
}

#[tokio::test]
async fn userinfo_tells_the_granted_claims_however_the_token_comes() {
    let house = House::open().await;
    let wiki = house.client("wiki", json!({})).await;
    let token = house.tokens(&wiki, &["openid", "email", "profile"]).await.access.expect("a token");
    let query = format!("{USERINFO}?access_token={token}");
    let replies = [
        house.bearer(USERINFO, &token).await,
        house.post(USERINFO, &[("access_token", &token)]).await,
        house.ask(&query, Ask::default()).await,
        house
            .ask(
                USERINFO,
                Ask { method: Some(Method::POST), authorization: Some(format!("bearer {token}")), ..Ask::default() },
            )
            .await,
    ];
    for reply in replies {
        assert_eq!((reply.status, reply.header(header::CACHE_CONTROL)), (StatusCode::OK, "no-store"), "{}", reply.text);
        let claims = reply.json();
        assert_eq!((&claims["preferred_username"], &claims["email"]), (&json!("ada"), &json!("ada@example.org")));
        assert_eq!(claims["sub"].as_str().map(str::len), Some(64));
        assert_eq!(claims.get("iss"), None);
    }
    let twice =
        Ask { authorization: Some(format!("Bearer {token}")), form: Some(&[("access_token", "x")]), ..Ask::default() };
    assert_eq!(house.ask(USERINFO, twice).await.json()["error"], "invalid_request");
}

#[tokio::test]
async fn userinfo_refuses_what_does_not_count() {
    let house = House::open().await;
    let wiki = house.client("wiki", json!({})).await;
    let missing = house.ask(USERINFO, Ask::default()).await;
    assert_eq!(missing.status, StatusCode::UNAUTHORIZED);
    assert_eq!(missing.header(header::WWW_AUTHENTICATE), "Bearer realm=\"Lockgate\"");
    let unknown = house.bearer(USERINFO, "a.token.of.nobody.at.all").await;
    assert_eq!((unknown.status, &unknown.json()["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_token")));
    let challenge = unknown.header(header::WWW_AUTHENTICATE);
    assert!(challenge.starts_with("Bearer ") && challenge.contains("error=\"invalid_token\", error_description="));
    let narrow = house.tokens(&wiki, &["email"]).await.access.expect("a token");
    let refused = house.bearer(USERINFO, &narrow).await;
    assert_eq!((refused.status, &refused.json()["error"]), (StatusCode::FORBIDDEN, &json!("insufficient_scope")));
    // An ID token is none, nor is a refresh token.
    let tokens = house.tokens(&wiki, &["openid"]).await;
    for other in [tokens.id, tokens.refresh] {
        assert_eq!(house.bearer(USERINFO, &other.expect("a token")).await.status, StatusCode::UNAUTHORIZED);
    }
    // A login that ends takes its tokens with it.
    let token = tokens.access.expect("a token");
    assert_eq!(house.bearer(USERINFO, &token).await.status, StatusCode::OK);
    house.identity.sessions.end(&house.session).await.expect("a database");
    house.identity.feed.settle().await;
    assert_eq!(house.bearer(USERINFO, &token).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_bound_token_is_worth_nothing_without_its_key() {
    let house = House::open().await;
    let wiki = house.client("wiki", json!({})).await;
    let facts = GrantFacts { jkt: Some("a-thumbprint".into()), ..house.facts(&wiki) };
    let token = house.tokens_of(&wiki, &["openid"], facts).await.access.expect("a token");
    let stolen = house.bearer(USERINFO, &token).await;
    assert_eq!((stolen.status, &stolen.json()["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_token")));
    assert!(stolen.header(header::WWW_AUTHENTICATE).starts_with("DPoP "), "{:?}", stolen.headers);
    for (dpop, error) in [(None, "invalid_dpop_proof"), (Some("x.y.z".to_owned()), "invalid_dpop_proof")] {
        let ask = Ask { authorization: Some(format!("DPoP {token}")), dpop, ..Ask::default() };
        let reply = house.ask(USERINFO, ask).await;
        assert_eq!((reply.status, &reply.json()["error"]), (StatusCode::UNAUTHORIZED, &json!(error)));
    }
    let free = house.tokens(&wiki, &["openid"]).await.access.expect("a token");
    let ask = Ask { authorization: Some(format!("DPoP {free}")), ..Ask::default() };
    assert_eq!(house.ask(USERINFO, ask).await.json()["error"], "invalid_token");
}

/// A key of a client, and proofs that it is held (RFC 9449, section 4.2).
struct Held {
    key: EcdsaKeyPair,
    jwk: Value,
}

impl Held {
    fn new() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let point = key.public_key().as_ref();
        let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..])});
        Self { key, jwk }
    }

    fn proof(&self, token: &str, at: i64, jti: &str) -> String {
        let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk});
        let ath = URL_SAFE_NO_PAD.encode(Sha256::digest(token));
        let htu = format!("http://auth.test{USERINFO}");
        let claims = json!({"htm": "GET", "htu": htu, "iat": at, "jti": jti, "ath": ath});
        let unsigned = format!("{}.{}", encode(header), encode(claims));
        let signature = self.key.sign(&SystemRandom::new(), unsigned.as_bytes()).expect("a signature");
        format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

#[tokio::test]
async fn a_bound_token_counts_with_a_fresh_proof_of_its_key() {
    let house = House::open().await;
    let wiki = house.client("wiki", json!({})).await;
    let (held, stolen) = (Held::new(), Held::new());
    let bound = async || {
        let jkt = thumbprint(&held.jwk).expect("a key");
        let facts = GrantFacts { jkt: Some(jkt), ..house.facts(&wiki) };
        house.tokens_of(&wiki, &["openid"], facts).await.access.expect("a token")
    };
    let (token, other) = (bound().await, bound().await);
    let now = house.identity.clock.now().timestamp();
    let ask = async |proof: String| {
        let authorization = Some(format!("DPoP {token}"));
        house.ask(USERINFO, Ask { authorization, dpop: Some(proof), ..Ask::default() }).await
    };
    let proof = held.proof(&token, now, "first");
    let reply = ask(proof.clone()).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    for (wrong, error) in [
        (proof, "invalid_dpop_proof"),
        (stolen.proof(&token, now, "second"), "invalid_token"),
        (held.proof(&other, now, "third"), "invalid_dpop_proof"),
        (held.proof(&token, now - 3_600, "fourth"), "invalid_dpop_proof"),
    ] {
        let reply = ask(wrong).await;
        assert_eq!((reply.status, &reply.json()["error"]), (StatusCode::UNAUTHORIZED, &json!(error)), "{}", reply.text);
    }
}

#[tokio::test]
async fn the_answer_is_remembered_no_longer_than_it_is_true() {
    let house = House::open().await;
    let mapping = |expression: &str| {
        let body = json!({"name": "clock", "scope_name": "clock", "expression": expression});
        object("scope_mapping", "clock", body)
    };
    house.change(vec![mapping("#{ at: now.unix }")]).await;
    let wiki = house.client("wiki", json!({})).await;
    let token = house.tokens(&wiki, &["openid", "clock"]).await.access.expect("a token");
    let at = async || house.bearer(USERINFO, &token).await.json()["at"].as_i64().expect("a time");
    let first = at().await;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert!(at().await > first, "a mapping that reads the second");
    house.change(vec![mapping("#{ at: 7 }")]).await;
    assert_eq!(at().await, 7, "another configuration");
    house.change(vec![mapping("#{ at: user.name.nothing }")]).await;
    let broken = house.bearer(USERINFO, &token).await;
    assert_eq!((broken.status, &broken.json()["error"]), (StatusCode::BAD_REQUEST, &json!("server_error")));
    let noted = house.events("property_mapping_exception").await;
    let message = noted.first().expect("an event")["message"].as_str().expect("a text").to_owned();
    assert!(message.contains("clock") && message.contains(":1"), "{message}");
}

#[tokio::test]
async fn introspection_tells_those_whom_it_concerns() {
    let house = House::open().await;
    let gate = house.client("gate", json!({})).await;
    let wiki = house.client("wiki", json!({"jwt_federation_providers": [gate.id]})).await;
    let other = house.client("other", json!({})).await;
    let tokens = house.tokens(&wiki, &["openid", "email", "offline_access"]).await;
    let (access, refresh) = (tokens.access.expect("a token"), tokens.refresh.expect("a token"));
    let ask = async |client: &str, token: &str| {
        let form = [("token", token)];
        house.ask(INTROSPECT, Ask { form: Some(&form), authorization: basic(client), ..Ask::default() }).await
    };
    for client in ["wiki", "gate", "wiki"] {
        let told = ask(client, &access).await.json();
        assert_eq!(
            (&told["active"], &told["client_id"], &told["username"]),
            (&json!(true), &json!("wiki"), &json!("ada"))
        );
        assert_eq!((&told["token_type"], &told["scope"]), (&json!("Bearer"), &json!("openid email offline_access")));
        assert_eq!((&told["aud"], &told["email"]), (&json!("wiki"), &json!("ada@example.org")));
        assert!(told["exp"].as_i64() > told["iat"].as_i64() && told["sub"].is_string());
        let told = ask(client, &refresh).await.json();
        assert_eq!((&told["active"], &told["client_id"], &told["aud"]), (&json!(true), &json!("wiki"), &json!("wiki")));
    }
    for (client, token) in [("other", access.as_str()), ("other", &refresh), ("wiki", "nothing"), ("wiki", "a.b.c")] {
        let reply = ask(client, token).await;
        assert_eq!((reply.status, reply.json()), (StatusCode::OK, json!({"active": false})));
    }
    let own = house.tokens(&other, &["openid"]).await.access.expect("a token");
    let by_token = |token: &str| Some(format!("Bearer {token}"));
    let form = [("token", own.as_str())];
    let reply = house.ask(INTROSPECT, Ask { form: Some(&form), authorization: by_token(&own), ..Ask::default() }).await;
    assert_eq!(reply.json()["active"], true, "a token of the same provider lets in");
    let reply = house.ask(INTROSPECT, Ask { form: Some(&form), authorization: by_token("x"), ..Ask::default() }).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    let wrong = house.post(INTROSPECT, &[("token", &access), ("client_id", "wiki"), ("client_secret", "no")]).await;
    assert_eq!((wrong.status, &wrong.json()["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_client")));
    house.client("app", json!({"client_type": "public"})).await;
    let public = house.post(INTROSPECT, &[("token", &access), ("client_id", "app")]).await;
    assert_eq!(public.json()["error"], "invalid_client", "{}", public.text);
}

#[tokio::test]
async fn revocation_takes_what_was_given_and_tells_nothing() {
    let house = House::open().await;
    let wiki = house.client("wiki", json!({})).await;
    house.client("other", json!({})).await;
    let active = async |token: &str| {
        let form = [("token", token)];
        let ask = Ask { form: Some(&form), authorization: basic("wiki"), ..Ask::default() };
        house.ask(INTROSPECT, ask).await.json()["active"] == true
    };
    let revoke = async |client: &str, token: &str| {
        let form = [("token", token), ("token_type_hint", "nonsense")];
        let reply = house.ask(REVOKE, Ask { form: Some(&form), authorization: basic(client), ..Ask::default() }).await;
        assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, ""));
    };
    let tokens = house.tokens(&wiki, &["openid"]).await;
    let (access, refresh) = (tokens.access.expect("a token"), tokens.refresh.expect("a token"));
    revoke("wiki", "nothing that anybody knows").await;
    revoke("other", &access).await;
    assert!(active(&access).await && active(&refresh).await, "not another client's");
    assert_eq!(house.events("suspicious_request").await.len(), 1);
    revoke("wiki", &access).await;
    assert!(!active(&access).await && active(&refresh).await, "an access token goes alone");
    let tokens = house.tokens(&wiki, &["openid"]).await;
    let (access, refresh) = (tokens.access.expect("a token"), tokens.refresh.expect("a token"));
    assert!(active(&access).await);
    revoke("wiki", &refresh).await;
    assert!(!active(&access).await && !active(&refresh).await, "a refresh token takes its family");
    let wrong = house.post(REVOKE, &[("token", &access), ("client_id", "wiki")]).await;
    assert_eq!((wrong.status, &wrong.json()["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_client")));
}

#[tokio::test]
async fn a_public_client_revokes_by_its_name() {
    let house = House::open().await;
    let app = house.client("app", json!({"client_type": "public"})).await;
    let token = house.tokens(&app, &["openid"]).await.access.expect("a token");
    assert_eq!(house.post(REVOKE, &[("token", &token), ("client_id", "app")]).await.status, StatusCode::OK);
    assert_eq!(house.bearer(USERINFO, &token).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn scripts_of_registered_sites_may_ask_and_others_may_not() {
    let house = House::open().await;
    let wiki = house.client("wiki", json!({})).await;
    house.client("other", json!({})).await;
    let preflight = async |origin| {
        let ask = Ask { method: Some(Method::OPTIONS), origin: Some(origin), ..Ask::default() };
        house.ask(TOKEN, ask).await
    };
    let allowed = preflight("https://wiki.test").await;
    assert_eq!(allowed.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "https://wiki.test");
    assert!(allowed.header(header::ACCESS_CONTROL_ALLOW_HEADERS).contains("Authorization"));
    assert_eq!(preflight("https://evil.test").await.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN), None);
    let token = house.tokens(&wiki, &["openid"]).await.access.expect("a token");
    for (origin, seen) in [("https://wiki.test", true), ("https://other.test", false), ("null", false)] {
        let ask = Ask { authorization: Some(format!("Bearer {token}")), origin: Some(origin), ..Ask::default() };
        let reply = house.ask(USERINFO, ask).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), seen, "{origin}");
        let form = [("client_id", "wiki"), ("client_secret", "wrong"), ("grant_type", "refresh_token")];
        let reply = house.ask(TOKEN, Ask { form: Some(&form), origin: Some(origin), ..Ask::default() }).await;
        assert_eq!(reply.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), seen, "{origin}: {}", reply.text);
    }
}

#[tokio::test]
async fn the_metadata_names_the_claims_of_the_mappings() {
    let house = House::open().await;
    house.client("wiki", json!({})).await;
    let openid = house.get("/application/o/wiki/.well-known/openid-configuration").await.json();
    for path in [
        "/application/o/wiki/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/application/o/wiki/",
    ] {
        assert_eq!(house.get(path).await.json(), openid, "{path}");
    }
    let claims: Vec<&Value> = openid["claims_supported"].as_array().expect("a list").iter().collect();
    for claim in ["sub", "email", "preferred_username", "groups", "ak_proxy", "sid"] {
        assert_eq!(claims.iter().filter(|c| ***c == claim).count(), 1, "{claim}");
    }
    assert!(!claims.iter().any(|claim| **claim == "user_attributes"), "{claims:?}");
    let webfinger = "/.well-known/webfinger?resource=acct%3Aada%40auth.test";
    assert_eq!(house.get(webfinger).await.status, StatusCode::NOT_FOUND);
    let snapshot = house.identity.config.snapshot();
    let (id, brand) = snapshot.brand("auth.test").expect("a brand");
    let mut body = serde_json::to_value(brand).expect("JSON");
    body["default_application"] = json!(snapshot.app("wiki").expect("an application").id);
    let mut document = object("brand", "brand", body);
    document.id = id;
    house.change(vec![document]).await;
    let found = house.get(webfinger).await.json();
    assert_eq!(found["subject"], "acct:ada@auth.test");
    assert_eq!(found["links"][0]["href"], "http://auth.test/application/o/wiki/");
}
