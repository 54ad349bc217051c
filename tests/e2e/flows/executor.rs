//! The flow executor as scripted logins use it.

use lockgate_tests::{BOOTSTRAP_PASSWORD, Client, Database, Executor, FlowEnd, Reply, Server, Site};
use serde_json::{Value, json};

const LOGIN: &str = "default-authentication-flow";

on_each_database!(
    a_scripted_login_ends_with_a_session,
    the_first_challenge_describes_the_page,
    a_wrong_password_is_said_on_its_field,
    an_unknown_user_looks_like_a_known_one,
    too_many_wrong_passwords_end_the_flow,
    a_wrong_component_does_not_move_the_flow,
    malformed_bodies_are_refused,
    a_body_of_ten_megabytes_is_refused,
    a_double_submit_corrupts_nothing,
    the_session_identifier_rotates_at_login,
    a_foreign_next_is_not_followed,
    an_unknown_flow_is_not_found,
    a_session_must_prove_that_a_write_is_its_own,
    a_disabled_user_cannot_sign_in,
    cancelling_drops_the_plan,
    a_restart_between_two_steps_loses_nothing,
);

async fn a_scripted_login_ends_with_a_session(database: Database) {
    let server = Server::builder(database).start().await;
    let client = Client::new();
    let flow = Executor::new(&client, &server.base(), LOGIN, "next=%2Fif%2Fuser%2F");
    assert_eq!(flow.login("akadmin", BOOTSTRAP_PASSWORD).await.redirect(), "/if/user/");
    let me = Reply::of(client.request(reqwest::Method::GET, &server.url("/api/v3/core/users/me/"))).await;
    let me = me.expect(200).json();
    assert_eq!(me["user"]["username"], "akadmin");
    assert_eq!(me["user"]["is_superuser"], true);
}

async fn the_first_challenge_describes_the_page(database: Database) {
    let server = Server::builder(database).start().await;
    let client = Client::new();
    let challenge = Executor::new(&client, &server.base(), LOGIN, "").challenge().await.expect(200).json();
    assert_eq!(challenge["component"], "ak-stage-identification");
    assert_eq!(challenge["flow_designation"], "authentication");
    assert_eq!(challenge["flow_info"]["cancel_url"], "/flows/-/cancel/");
    assert_eq!(challenge["flow_info"]["layout"], "stacked");
    assert!(challenge["flow_info"]["title"].as_str().is_some_and(|title| !title.is_empty()));
    assert!(challenge["password_fields"].is_boolean());
    assert!(challenge["primary_action"].as_str().is_some_and(|label| !label.is_empty()));
    let fields = challenge["user_fields"].as_array().cloned().unwrap_or_default();
    assert!(fields.contains(&json!("username")) && fields.contains(&json!("email")), "{fields:?}");
}

async fn a_wrong_password_is_said_on_its_field(database: Database) {
    let server = Server::builder(database).start().await;
    let client = Client::new();
    let flow = Executor::new(&client, &server.base(), LOGIN, "");
    let FlowEnd::Refused(challenge) = flow.login("akadmin", "not the password").await else {
        panic!("a wrong password is refused");
    };
    let error = &challenge["response_errors"]["password"][0];
    assert_eq!(error["string"], "Invalid password", "{challenge}");
    assert!(error["code"].as_str().is_some_and(|code| !code.is_empty()), "{challenge}");
    nobody_is_signed_in(&server, &client).await;
    // The same flow goes on with the right one.
    let answer = password_for(&challenge, "akadmin", BOOTSTRAP_PASSWORD);
    assert_eq!(flow.answer(&answer).await.expect(200).json()["component"], "xak-flow-redirect");
    server.logged(&["login_failed"]).await;
}

async fn an_unknown_user_looks_like_a_known_one(database: Database) {
    let server = Server::builder(database).start().await;
    let mut ends = Vec::new();
    for username in ["akadmin", "nobody"] {
        let client = Client::new();
        let flow = Executor::new(&client, &server.base(), LOGIN, "");
        let FlowEnd::Refused(mut challenge) = flow.login(username, "not the password").await else {
            panic!("a wrong password is refused");
        };
        for personal in ["pending_user", "pending_user_avatar", "pending_user_identifier"] {
            challenge.as_object_mut().map(|fields| fields.remove(personal));
        }
        ends.push(challenge);
    }
    assert_eq!(ends[0], ends[1], "the answer tells whether the user exists");
}

async fn too_many_wrong_passwords_end_the_flow(database: Database) {
    let server = Server::builder(database).start().await;
    let client = Client::new();
    let flow = Executor::new(&client, &server.base(), LOGIN, "");
    let FlowEnd::Refused(mut challenge) = flow.login("akadmin", "wrong 0").await else {
        panic!("a wrong password is refused");
    };
    for attempt in 1..20 {
        if challenge["component"] == "ak-stage-access-denied" {
            assert!(attempt >= 4, "denied after {attempt} attempts");
            nobody_is_signed_in(&server, &client).await;
            return;
        }
        let answer = password_for(&challenge, "akadmin", &format!("wrong {attempt}"));
        challenge = flow.answer(&answer).await.expect(200).json();
    }
    panic!("twenty wrong passwords are taken: {challenge}");
}

async fn a_wrong_component_does_not_move_the_flow(database: Database) {
    let server = Server::builder(database).start().await;
    let client = Client::new();
    let flow = Executor::new(&client, &server.base(), LOGIN, "");
    let first = flow.challenge().await.expect(200).json();
    for response in [
        json!({ "component": "ak-stage-user-login", "remember_me": true }),
        json!({ "component": "xak-flow-redirect", "to": "/" }),
        json!({ "component": "no-such-component" }),
        json!({}),
    ] {
        let reply = flow.post(&response).await;
        assert!(matches!(reply.status, 200 | 400), "{response}: {} {}", reply.status, reply.text());
        let now = flow.challenge().await.expect(200).json();
        assert_eq!(now["component"], first["component"], "{response} moved the flow");
        nobody_is_signed_in(&server, &client).await;
    }
    flow.login("akadmin", BOOTSTRAP_PASSWORD).await.redirect();
}

async fn malformed_bodies_are_refused(database: Database) {
    let server = Server::builder(database).start().await;
    let client = Client::new();
    let flow = Executor::new(&client, &server.base(), LOGIN, "");
    flow.challenge().await.expect(200);
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    for body in [
        "",
        "{",
        "null",
        "[]",
        "\"x\"",
        "{\"component\":1}",
        "{\"component\":\"ak-stage-identification\",\"uid_field\":{}}",
        &deep,
    ] {
        let request = client.request(reqwest::Method::POST, flow.endpoint());
        let reply = Reply::of(request.header("Content-Type", "application/json").body(body.to_owned())).await;
        let start = body.chars().take(60).collect::<String>();
        assert!(matches!(reply.status, 200 | 400), "{start}: {} {}", reply.status, reply.text());
        assert!(reply.json().is_object(), "{start}");
    }
    flow.login("akadmin", BOOTSTRAP_PASSWORD).await.redirect();
}

async fn a_body_of_ten_megabytes_is_refused(database: Database) {
    let server = Server::builder(database).start().await;
    let client = Client::new();
    let flow = Executor::new(&client, &server.base(), LOGIN, "");
    flow.challenge().await.expect(200);
    let before = server.resident_kib();
    let huge = json!({ "component": "ak-stage-identification", "uid_field": "x".repeat(10_000_000) });
    for target in [flow.endpoint(), &server.url(&format!("/if/flow/{LOGIN}/")), &server.url("/api/v3/core/users/")] {
        let request = client.request(reqwest::Method::POST, target).json(&huge);
        // The server may close the connection before everything is sent.
        if let Ok(reply) = Reply::try_of(request).await {
            assert_eq!(reply.status, 413, "{target}: {}", reply.text());
        }
    }
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 24 * 1024, "the refused bodies took {grown} KiB");
    flow.login("akadmin", BOOTSTRAP_PASSWORD).await.redirect();
}

async fn a_double_submit_corrupts_nothing(database: Database) {
    let server = Server::builder(database).start().await;
    for _ in 0..5 {
        let client = Client::new();
        let flow = Executor::new(&client, &server.base(), LOGIN, "");
        flow.challenge().await.expect(200);
        let response =
            json!({ "component": "ak-stage-identification", "uid_field": "akadmin", "password": BOOTSTRAP_PASSWORD });
        let (one, two, three) = tokio::join!(flow.post(&response), flow.post(&response), flow.post(&response));
        for reply in [&one, &two, &three] {
            assert!(matches!(reply.status, 200 | 302 | 400 | 409), "{} {}", reply.status, reply.text());
        }
        // Whatever came of the three, the flow stands at one of its stages and
        // can be finished from there.
        flow.login("akadmin", BOOTSTRAP_PASSWORD).await.redirect();
        let me = client.request(reqwest::Method::GET, &server.url("/api/v3/core/users/me/"));
        Reply::of(me).await.expect(200);
    }
}

async fn the_session_identifier_rotates_at_login(database: Database) {
    let server = Server::builder(database).start().await;
    let client = Client::new();
    let flow = Executor::new(&client, &server.base(), LOGIN, "");
    flow.challenge().await.expect(200);
    let before = client.cookie(&server.base(), "authentik_session").expect("the flow needs a session");
    flow.login("akadmin", BOOTSTRAP_PASSWORD).await.redirect();
    let after = client.cookie(&server.base(), "authentik_session").expect("the login has a session");
    assert_ne!(before, after, "a session identifier known before the login would be signed in");

    let thief = Client::new();
    thief.set_cookie(&server.base(), &format!("authentik_session={before}"));
    nobody_is_signed_in(&server, &thief).await;
}

async fn a_foreign_next_is_not_followed(database: Database) {
    let server = Server::builder(database).start().await;
    for foreign in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/%09/evil.example",
        "\t//evil.example",
        "http:evil.example",
    ] {
        let client = Client::new();
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", foreign).finish();
        let flow = Executor::new(&client, &server.base(), LOGIN, &query);
        let to = flow.login("akadmin", BOOTSTRAP_PASSWORD).await.redirect();
        let resolved = flow.page().join(&to).expect("an address");
        assert_eq!(resolved.host_str(), flow.page().host_str(), "next={foreign} leads to {to}");
        assert!(!to.starts_with("//") && !to.contains('\\'), "next={foreign} leads to {to}");
    }
}

async fn an_unknown_flow_is_not_found(database: Database) {
    let server = Server::builder(database).start().await;
    let reply = server.get("/api/v3/flows/executor/no-such-flow/?query=").await.expect(404);
    assert!(reply.json()["detail"].is_string());
    server.get("/if/flow/no-such-flow/").await.expect(404);
    // The slash at the end belongs to the address.
    server.get(&format!("/api/v3/flows/executor/{LOGIN}?query=")).await.expect(404);
}

async fn a_session_must_prove_that_a_write_is_its_own(database: Database) {
    let server = Server::builder(database).start().await;
    let client = Client::new();
    let flow = Executor::new(&client, &server.base(), LOGIN, "");
    flow.login("akadmin", BOOTSTRAP_PASSWORD).await.redirect();
    let write = || {
        client
            .request(reqwest::Method::POST, &server.url("/api/v3/core/groups/"))
            .json(&json!({ "name": "made in a session" }))
    };
    Reply::of(write()).await.expect(403);
    Reply::of(write().header("X-authentik-CSRF", "guessed")).await.expect(403);
    Reply::of(write().header("Origin", "https://evil.example")).await.expect(403);
    let csrf = client.cookie(&server.base(), "authentik_csrf").expect("a session has a CSRF cookie");
    Reply::of(write().header("X-authentik-CSRF", csrf)).await.expect(201);
}

async fn a_disabled_user_cannot_sign_in(database: Database) {
    let site = Site::direct(database).await;
    let path = format!("core/users/{}/", site.ada);
    site.server.api().patch(&path, &json!({ "is_active": false })).await.expect(200);
    let client = Client::new();
    let end = Executor::new(&client, &site.server.base(), LOGIN, "").login("ada", Site::password()).await;
    assert!(matches!(end, FlowEnd::Refused(_) | FlowEnd::Denied(_)), "{end:?}");
    nobody_is_signed_in(&site.server, &client).await;
}

async fn cancelling_drops_the_plan(database: Database) {
    let server = Server::builder(database).start().await;
    let client = Client::new();
    let flow = Executor::new(&client, &server.base(), LOGIN, "");
    let first = flow.challenge().await.expect(200).json();
    flow.answer(&json!({ "component": "ak-stage-identification", "uid_field": "akadmin" })).await;
    client.get(&server.url("/flows/-/cancel/")).await.expect(302);
    assert_eq!(flow.challenge().await.expect(200).json()["component"], first["component"]);

    let to = client.get(&server.url("/flows/-/default/authentication/?next=/x")).await.expect(302).location();
    let to = to.expect("a redirect has a target");
    assert!(to.contains(&format!("/if/flow/{LOGIN}/")) && to.contains("next"), "{to}");
    client.get(&server.url("/flows/-/default/recovery/")).await.expect(404);
}

async fn a_restart_between_two_steps_loses_nothing(database: Database) {
    let mut server = Server::builder(database).config("two-pages.yaml", TWO_PAGES).start().await;
    let client = Client::new();
    let base = server.base();
    let flow = Executor::new(&client, &base, "two-pages", "next=/after");
    let identify = json!({ "component": "ak-stage-identification", "uid_field": "akadmin" });
    assert_eq!(flow.answer(&identify).await.expect(200).json()["component"], "ak-stage-password");
    server.kill();
    server.launch().await;
    assert_eq!(flow.challenge().await.expect(200).json()["component"], "ak-stage-password");
    let password = json!({ "component": "ak-stage-password", "password": BOOTSTRAP_PASSWORD });
    assert_eq!(flow.answer(&password).await.expect(200).json()["to"], "/after");
}

const TWO_PAGES: &str = "
flow: two-pages
title: Two pages
designation: authentication
stages:
  - identify: { by: [username] }
  - password: { attempts: 5 }
  - login: { session: 1h }
";

/// The response that gives a password, to whichever page asks for it.
fn password_for(challenge: &Value, username: &str, password: &str) -> Value {
    if challenge["component"] == "ak-stage-identification" {
        json!({ "component": "ak-stage-identification", "uid_field": username, "password": password })
    } else {
        json!({ "component": "ak-stage-password", "password": password })
    }
}

async fn nobody_is_signed_in(server: &Server, client: &Client) {
    let me = client.request(reqwest::Method::GET, &server.url("/api/v3/core/users/me/"));
    Reply::of(me).await.expect(403);
}
