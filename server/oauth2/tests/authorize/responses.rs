//! What the answer consists of, and how it travels.

use crate::house::{CALLBACK, House, claims};
use axum::http::{Request, StatusCode, header};
use lockgate_store::hash_secret;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_holds_what_its_redemption_needs() {
    let house = House::open().await;
    house.register("wiki", json!({"logout_uri": "https://app.test/bye"})).await;
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let changed = [("code_challenge", challenge), ("code_challenge_method", "S256")];
    let reply = house.visit(&House::ask("wiki", &changed)).await;
    assert!(reply.location().starts_with(&format!("{CALLBACK}?code=")), "{}", reply.location());
    assert_eq!(reply.told("iss"), "http://auth.test/application/o/wiki/");
    let row = house.code(&reply.told("code")).await;
    assert_eq!((row.scope.as_str(), &row.data["redirect_uri"]), ("openid", &json!(CALLBACK)));
    assert_eq!(row.data["pkce"], json!({"challenge": challenge, "method": "S256"}));
    assert_eq!(row.data["redirect_uri_named"], true);
    assert_eq!(row.data["state"], json!(hash_secret("a state")));
    assert_eq!((&row.data["facts"]["nonce"], &row.data["facts"]["auth_time"]), (&json!("a nonce"), &json!(1_000)));
    let logins = house.identity.store.logins().of_session(row.session).await.expect("a database");
    assert_eq!(logins[0].data["iss"], "http://auth.test/application/o/wiki/");
    assert_eq!(logins[0].data["sid"], row.data["facts"]["sid"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_need_not_be_named_where_there_is_one() {
    let house = House::open().await;
    house.register("one", json!({})).await;
    let two =
        json!([{"matching_mode": "strict", "url": CALLBACK}, {"matching_mode": "strict", "url": "https://b.test/"}]);
    house.register("two", json!({"redirect_uris": two})).await;
    let reply = house.visit(&House::ask("one", &[("redirect_uri", "")])).await;
    assert!(reply.location().starts_with(CALLBACK), "{}", reply.location());
    let code = reply.told("code");
    assert_eq!(house.code(&code).await.data["redirect_uri_named"], false);
    let form = [("grant_type", "authorization_code"), ("code", &*code)];
    let tokens = house.call("/application/o/token/", "one", &form).await;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text);
    let reply = house.visit(&House::ask("two", &[("redirect_uri", "")])).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::BAD_REQUEST, ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expression_cannot_let_through_what_is_no_address() {
    let house = House::open().await;
    let any = json!([{"matching_mode": "regex", "url": "(?s).*"}]);
    house.register("lax", json!({"redirect_uris": any})).await;
    let there = house.visit(&House::ask("lax", &[("redirect_uri", "https://else.test/cb")])).await;
    assert!(there.location().starts_with("https://else.test/cb?code="), "{}", there.location());
    for bad in [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://a.test/#x",
        "not an address",
        "https://a.test/\n",
        "https://a.test\\.b.test",
    ] {
        let reply = house.visit(&House::ask("lax", &[("redirect_uri", bad)])).await;
        assert_eq!((reply.status, reply.location()), (StatusCode::BAD_REQUEST, ""), "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_travel_in_the_fragment_and_are_stored_first() {
    let house = House::open().await;
    house.register("wiki", json!({})).await;
    for (kind, names) in [
        ("id_token", vec!["id_token", "iss", "state"]),
        ("token id_token", vec!["access_token", "expires_in", "id_token", "iss", "scope", "state", "token_type"]),
        ("code id_token", vec!["code", "id_token", "iss", "state"]),
        ("code token", vec!["access_token", "code", "expires_in", "iss", "scope", "state", "token_type"]),
        (
            "code id_token token",
            vec!["access_token", "code", "expires_in", "id_token", "iss", "scope", "state", "token_type"],
        ),
    ] {
        let reply = house.visit(&House::ask("wiki", &[("response_type", kind)])).await;
        assert!(reply.location().starts_with(&format!("{CALLBACK}#")), "{kind}: {}", reply.location());
        let members = reply.members();
        assert_eq!(members.keys().map(String::as_str).collect::<Vec<_>>(), names, "{kind}");
        if let Some(id) = members.get("id_token") {
            let id = claims(id);
            assert_eq!((&id["nonce"], &id["aud"]), (&json!("a nonce"), &json!("wiki")));
            assert_eq!(id.get("at_hash").is_some(), members.contains_key("access_token"), "{kind}");
            assert_eq!(id.get("c_hash").is_some(), members.contains_key("code"), "{kind}");
        }
        if let Some(access) = members.get("access_token") {
            let snapshot = house.identity.config.snapshot();
            let valid = house.identity.access_token(&snapshot, access).await.expect("a database").expect("a token");
            if let Some(code) = members.get("code") {
                assert_eq!(house.code(code).await.grant, valid.token.row.grant, "one family");
            }
        }
        if let Some(code) = members.get("code") {
            let tokens = house.redeem("wiki", code).await;
            assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text);
            assert_eq!(claims(tokens.json()["id_token"].as_str().expect("a token"))["nonce"], "a nonce");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_travels_as_the_client_wishes_and_errors_with_it() {
    let house = House::open().await;
    house.register("wiki", json!({})).await;
    let state = "x&y=<z>\"'\u{fc}\r\n";
    for (mode, start) in
        [("query", format!("{CALLBACK}?")), ("fragment", format!("{CALLBACK}#")), ("form_post", String::new())]
    {
        for (more, member) in [(("x", "y"), "code"), (("prompt", "maybe"), "error")] {
            let reply = house.visit(&House::ask("wiki", &[("response_mode", mode), ("state", state), more])).await;
            assert!(reply.location().starts_with(&start), "{mode}: {}", reply.location());
            assert!(!reply.told(member).is_empty(), "{mode} {member}: {}", reply.text);
            assert_eq!(
                (reply.told("state"), reply.told("iss")),
                (state.into(), "http://auth.test/application/o/wiki/".into())
            );
            assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store");
            if mode == "form_post" {
                assert_eq!((reply.status, &reply.json()["url"]), (StatusCode::OK, &json!(CALLBACK)));
            }
        }
    }
    let query = [("response_type", "id_token"), ("response_mode", "query")];
    let refused = house.visit(&House::ask("wiki", &query)).await;
    assert!(refused.location().starts_with(&format!("{CALLBACK}#error=invalid_request")), "{}", refused.location());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_asks_for_what_its_grants_open_only() {
    let house = House::open().await;
    house.register("plain", json!({"grant_types": ["authorization_code"]})).await;
    house.register("front", json!({"grant_types": ["implicit"]})).await;
    for (client, kind, error) in [
        ("plain", "code", ""),
        ("plain", "id_token", "unauthorized_client"),
        ("plain", "code token", "unauthorized_client"),
        ("plain", "token", "unsupported_response_type"),
        ("front", "id_token", ""),
        ("front", "code", "unauthorized_client"),
    ] {
        let reply = house.visit(&House::ask(client, &[("response_type", kind)])).await;
        assert_eq!(reply.told("error"), error, "{client} {kind}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn public_clients_and_careful_ones_need_pkce() {
    let house = House::open().await;
    house
        .register(
            "phone",
            json!({"client_type": "public", "redirect_uris": [
        {"matching_mode": "strict", "url": "com.example.app:/cb"}]}),
        )
        .await;
    let own = ("redirect_uri", "com.example.app:/cb");
    let refused = house.visit(&House::ask("phone", &[own])).await;
    assert!(refused.location().starts_with("com.example.app:/cb?error=invalid_request"), "{}", refused.location());
    let plain = ("code_challenge", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let reply = house.visit(&House::ask("phone", &[own, plain])).await;
    assert_eq!(house.code(&reply.told("code")).await.data["pkce"]["method"], "plain");
    let form = house.visit(&House::ask("phone", &[own, plain, ("response_mode", "form_post")])).await;
    assert_eq!(form.told("error"), "invalid_request", "no form can be posted to a device");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_may_be_posted_and_nothing_stands_in_it_twice() {
    let house = House::open().await;
    house.register("wiki", json!({})).await;
    let target = House::ask("wiki", &[]);
    let (path, query) = target.split_once('?').expect("a query");
    let post = |body: String| {
        let kind = "application/x-www-form-urlencoded";
        house.send(Request::post(path).header(header::COOKIE, house.cookie()).header(header::CONTENT_TYPE, kind), body)
    };
    // A form of another site brings no cookie (SameSite=Lax); a link does.
    for reply in [post(query.to_owned()).await, house.send(Request::post(path), query.to_owned()).await] {
        assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, target.as_str()));
        assert_eq!(reply.headers.get(header::SET_COOKIE), None, "the session that there is stays");
    }
    let long = format!("{query}&login_hint={}", "a".repeat(6_000));
    let reply = house.send(Request::post(path), long).await;
    assert_eq!((reply.status, reply.headers.get(header::SET_COOKIE)), (StatusCode::SEE_OTHER, None));
    let link = reply.location().to_owned();
    assert!(link.len() < 200 && link.contains("client_id=wiki&request_uri="), "{link}");
    let answer = house.visit(&link).await;
    assert_eq!((answer.told("state"), answer.told("code").is_empty()), ("a state".into(), false));
    let unproven = format!("{query}&x={}", "a".repeat(6_000)).replace("app.test", "evil.test");
    assert_eq!(post(unproven).await.status, StatusCode::BAD_REQUEST, "nothing of it is kept");
    for bad in [format!("{query}&state=b"), format!("{query}&x={}", "a".repeat(17_000))] {
        let reply = post(bad).await;
        assert_eq!((reply.status, reply.location()), (StatusCode::BAD_REQUEST, ""));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_named_binds_what_is_issued() {
    let house = House::open().await;
    house.register("bound", json!({"require_dpop": true})).await;
    let kind = ("response_type", "code token");
    assert_eq!(house.visit(&House::ask("bound", &[kind])).await.told("error"), "invalid_request");
    let jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let reply = house.visit(&House::ask("bound", &[kind, ("dpop_jkt", jkt)])).await;
    assert_eq!(reply.told("token_type"), "DPoP");
    assert_eq!(claims(&reply.told("access_token"))["cnf"]["jkt"], jkt);
    let row = house.code(&reply.told("code")).await;
    assert_eq!(row.data["facts"]["jkt"], Value::from(jkt));
}
