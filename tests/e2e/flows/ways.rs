//! The ways that ship with the server: closed until something leads there, and what they ask for.

use lockgate_tests::{Client, CommandOutcome, Database, Executor, FlowEnd, MailSink, Server};
use reqwest::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "trellis-mango-orbit-58";
const NEW: &str = "walnut-prism-harbor-93";
const LOGIN: &str = "default-authentication-flow";
const CHANGE: &str = "default-password-change";

/// Every way is on.
const FOLDER: &str = r#"brand: authentik-default
default: true
title: Acme
flow_authentication: ask
flow_invalidation: default-invalidation-flow
flow_recovery: default-recovery-flow
flow_unenrollment: default-unenrollment-flow
---
flow: ask
title: Welcome
designation: authentication
stages:
  - identify:
      by: [username]
      enrollment: default-enrollment-flow
      passwordless: default-magic-link-flow
  - password
  - mfa
  - login
"#;

on_each_database!(
    ways_are_closed_until_something_leads_there,
    a_password_is_changed_by_who_knows_the_old_one,
    a_link_by_mail_stands_for_a_password,
    an_account_of_ones_own_is_confirmed_by_mail,
    an_invitation_makes_an_account,
    who_deletes_their_account_shows_who_they_are,
    a_recovery_key_lets_in_once,
    a_mail_does_not_stand_for_the_second_factor,
);

async fn start(database: Database) -> (Server, MailSink) {
    let sink = MailSink::start().await;
    let server = Server::builder(database)
        .config("ways.yaml", FOLDER)
        .set("LOCKGATE_EMAIL__HOST", "127.0.0.1")
        .set("LOCKGATE_EMAIL__FROM", "auth@example.com")
        .set("LOCKGATE_EMAIL__PORT", &sink.port().to_string())
        .start()
        .await;
    server.api().create_user("ada", PASSWORD, &[]).await;
    (server, sink)
}

async fn me(server: &Server, client: &Client) -> Value {
    let reply = client.get(&server.url("/api/v3/core/users/me/")).await;
    if reply.status == 200 { reply.json()["user"]["username"].clone() } else { Value::Null }
}

async fn signed_in(server: &Server, slug: &str, username: &str, password: &str) -> Client {
    let (client, base) = (Client::new(), server.base());
    let end = Executor::new(&client, &base, slug, "").login(username, password).await;
    assert!(matches!(end, FlowEnd::Redirect(_)), "{username} signs in: {end:?}");
    client
}

async fn component(server: &Server, client: &Client, slug: &str, answer: Value) -> Value {
    let base = server.base();
    Executor::new(client, &base, slug, "").answer(&answer).await.expect(200).json()
}

fn field(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let at = page.find(&start).unwrap_or_else(|| panic!("no {name} in {page}")) + start.len();
    page[at..].split('"').next().unwrap_or_default().to_owned()
}

/// Opens the link of a mail and clicks.
async fn clicked(client: &Client, link: &str) {
    let page = client.get(link).await.expect(200).text();
    let form = [("component", "ak-stage-email".to_owned()), ("csrf_token", field(&page, "csrf_token"))];
    let reply = client.request(Method::POST, link).form(&form).send().await.expect("an answer");
    assert_eq!(reply.status(), 303, "the click leads on");
}

async fn ways_are_closed_until_something_leads_there(database: Database) {
    let server = Server::builder(database).start().await;
    server.api().create_user("ada", PASSWORD, &[]).await;
    for slug in ["default-enrollment-flow", "default-magic-link-flow", "default-recovery-flow"] {
        let client = Client::new();
        let base = server.base();
        let told = Executor::new(&client, &base, slug, "").challenge().await.expect(200).json();
        assert_eq!(told["component"], "ak-stage-access-denied", "{slug}: {told}");
    }
    let ada = signed_in(&server, LOGIN, "ada", PASSWORD).await;
    let base = server.base();
    let told = Executor::new(&ada, &base, "default-unenrollment-flow", "").challenge().await.expect(200).json();
    assert_eq!(told["component"], "ak-stage-access-denied", "{told}");
    for purpose in ["recovery", "unenrollment"] {
        ada.get(&server.url(&format!("/flows/-/default/{purpose}/"))).await.expect(404);
    }
    // One's own settings begin with signing in.
    let stranger = Client::new().open(&server.url(&format!("/if/flow/{CHANGE}/"))).await;
    assert!(stranger.passed("/if/flow/default-authentication-flow/"), "{}", stranger.url());
}

async fn a_password_is_changed_by_who_knows_the_old_one(database: Database) {
    let (server, _sink) = start(database).await;
    let (here, other) =
        (signed_in(&server, "ask", "ada", PASSWORD).await, signed_in(&server, "ask", "ada", PASSWORD).await);
    let base = server.base();
    let flow = Executor::new(&here, &base, CHANGE, "");
    let asked = flow.challenge().await.expect(200).json();
    assert_eq!(asked["component"], "ak-stage-password", "{asked}");
    let told = flow.answer(&json!({"password": NEW, "password_repeat": NEW})).await.expect(200).json();
    assert_eq!(told["response_errors"]["password"][0]["code"], "invalid", "a new password is not the old one: {told}");
    let asked = flow.answer(&json!({"password": PASSWORD})).await.expect(200).json();
    assert_eq!(asked["component"], "ak-stage-prompt", "{asked}");
    // Other sessions stay, for who wants that.
    let answer = json!({"password": NEW, "password_repeat": NEW, "keep_other_sessions": true});
    flow.answer(&answer).await.expect(200);
    assert_eq!((me(&server, &here).await, me(&server, &other).await), (json!("ada"), json!("ada")));

    flow.challenge().await.expect(200);
    flow.answer(&json!({"password": NEW})).await.expect(200);
    flow.answer(&json!({"password": PASSWORD, "password_repeat": PASSWORD})).await.expect(200);
    assert_eq!((me(&server, &here).await, me(&server, &other).await), (json!("ada"), Value::Null));
    signed_in(&server, "ask", "ada", PASSWORD).await;
}

async fn a_link_by_mail_stands_for_a_password(database: Database) {
    let (server, sink) = start(database).await;
    let page = Client::new().get(&server.url("/if/flow/ask/")).await.expect(200).text();
    assert!(page.contains("/if/flow/default-magic-link-flow/") && page.contains("Sign in by email"), "{page}");
    let asked = component(&server, &Client::new(), "default-magic-link-flow", json!({"uid_field": "nobody"})).await;
    assert_eq!(asked["component"], "ak-stage-email", "nobody learns who exists: {asked}");
    let asked = component(&server, &Client::new(), "default-magic-link-flow", json!({"uid_field": "ada"})).await;
    assert_eq!(asked["component"], "ak-stage-email", "{asked}");
    let mail = sink.for_somebody("ada@example.org", 1).await;
    let reader = Client::new();
    clicked(&reader, &mail.link()).await;
    assert_eq!(me(&server, &reader).await, "ada");
    server.logged(&["login", "auth_method", "email"]).await;
}

async fn an_account_of_ones_own_is_confirmed_by_mail(database: Database) {
    let (server, sink) = start(database).await;
    let journey = Client::new().open(&server.url("/flows/-/default/enrollment/")).await;
    assert_eq!(journey.url().path(), "/if/flow/default-enrollment-flow/");
    let client = Client::new();
    let mut answer = json!({"username": "carol", "name": "Carol", "email": "carol@example.org"});
    answer["password"] = json!("short");
    answer["password_repeat"] = json!("short");
    let told = component(&server, &client, "default-enrollment-flow", answer.clone()).await;
    assert_eq!(told["component"], "ak-stage-prompt", "the policy of passwords holds here: {told}");
    answer["password"] = json!(PASSWORD);
    answer["password_repeat"] = json!(PASSWORD);
    let told = component(&server, &client, "default-enrollment-flow", answer).await;
    assert_eq!(told["component"], "ak-stage-email", "{told}");
    assert_eq!(server.api().only("core/users/?username=carol").await["is_active"], false);
    let mail = sink.for_somebody("carol@example.org", 1).await;
    let reader = Client::new();
    clicked(&reader, &mail.link()).await;
    assert_eq!(me(&server, &reader).await, "carol");
    assert_eq!(server.api().only("core/users/?username=carol").await["is_active"], true);
    signed_in(&server, "ask", "carol", PASSWORD).await;
}

async fn an_invitation_makes_an_account(database: Database) {
    let (server, _sink) = start(database).await;
    let invitation = json!({"name": "welcome", "single_use": true, "fixed_data": {"name": "Dora"}});
    let made = server.api().post("stages/invitation/invitations/", &invitation).await.expect(201).json();
    let (client, base) = (Client::new(), server.base());
    let query = format!("itoken={}", made["pk"].as_str().unwrap_or_default());
    let flow = Executor::new(&client, &base, "default-invitation-flow", &query);
    assert_eq!(flow.challenge().await.expect(200).json()["component"], "ak-stage-prompt");
    let mut answer = json!({"username": "dora", "name": "Dora", "email": "dora@example.org"});
    answer["password"] = json!(PASSWORD);
    answer["password_repeat"] = json!(PASSWORD);
    flow.answer(&answer).await.expect(200);
    assert_eq!(me(&server, &client).await, "dora");
    let stranger = Client::new();
    let told = Executor::new(&stranger, &base, "default-invitation-flow", "").challenge().await.expect(200).json();
    assert_eq!(told["component"], "ak-stage-access-denied", "{told}");
}

async fn who_deletes_their_account_shows_who_they_are(database: Database) {
    let (server, _sink) = start(database).await;
    let ada = signed_in(&server, "ask", "ada", PASSWORD).await;
    let journey = ada.open(&server.url("/flows/-/default/unenrollment/")).await;
    assert_eq!(journey.url().path(), "/if/flow/default-unenrollment-flow/");
    assert!(journey.reply.text().contains("type=\"password\""), "{}", journey.reply.text());
    let slug = "default-unenrollment-flow";
    let asked = component(&server, &ada, slug, json!({"password": PASSWORD})).await;
    assert_eq!(asked["component"], "ak-stage-prompt", "{asked}");
    let told = component(&server, &ada, slug, json!({"sure": false})).await;
    assert_eq!(told["component"], "ak-stage-prompt", "only who means it: {told}");
    component(&server, &ada, slug, json!({"sure": true})).await;
    assert_eq!(me(&server, &ada).await, Value::Null);
    let left = server.api().get("core/users/?username=ada").await.expect(200).json();
    assert_eq!(left["pagination"]["count"], 0, "{left}");
}

fn recovery_key(server: &Server, arguments: &[&str]) -> CommandOutcome {
    let all: Vec<&str> = ["create_recovery_key"].iter().chain(arguments).copied().collect();
    server.run(&all)
}

/// Path of the address in what the command says.
fn path_in(made: &CommandOutcome) -> String {
    let found = made.text.split_whitespace().find_map(|word| word.find("/recovery/").map(|at| word[at..].to_owned()));
    found.unwrap_or_else(|| panic!("no address: {}", made.text))
}

async fn a_recovery_key_lets_in_once(database: Database) {
    let (server, _sink) = start(database).await;
    let told = recovery_key(&server, &["10", "nobody"]);
    assert!(told.code != 0 && told.text.contains("User 'nobody' not found."), "{}", told.text);
    let eve = server.api().create_user("eve", PASSWORD, &[]).await;
    server.api().patch(&format!("core/users/{eve}/"), &json!({"is_active": false})).await.expect(200);
    let told = recovery_key(&server, &["eve"]);
    assert!(told.code != 0 && told.text.contains("'eve' is inactive"), "{}", told.text);
    let told = recovery_key(&server, &["0", "ada"]);
    assert!(told.code != 0, "no key is good for no time: {}", told.text);
    let made = recovery_key(&server, &["1510", "ada"]);
    assert!(made.code == 0 && made.text.contains("valid for 1 day, 1 hour and 10 minutes"), "{}", made.text);
    let path = path_in(&made);
    assert!(path.starts_with("/recovery/use-token/") && path.len() > 60 && path.ends_with('/'), "{path}");
    let url = server.url(&path);

    // Asking whether there is such a page uses nothing up.
    let asked = Client::new().request(Method::HEAD, &url).send().await.expect("an answer");
    assert_eq!(asked.status(), 405);
    let ada = Client::new();
    let reply = ada.get(&url).await.expect(302);
    assert_eq!(reply.location().as_deref(), Some("/if/user/"));
    assert_eq!(me(&server, &ada).await, "ada");
    let key = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let login = server.logged(&["login", "recovery_key"]).await;
    assert!(!login.contains(key), "the log holds the key");
    for late in
        [url.clone(), server.url(&format!("/recovery/use-token/?token={key}")), server.url("/recovery/use-token/x/")]
    {
        Client::new().get(&late).await.expect(404);
    }

    // They are led to a new password, and asked for none that they have lost; after that they are as anybody.
    let portal = ada.get(&server.url("/if/user/")).await.expect(200).text();
    assert!(portal.contains("recovery key") && portal.contains("Choose a new password"), "{portal}");
    let base = server.base();
    let flow = Executor::new(&ada, &base, CHANGE, "");
    assert_eq!(flow.challenge().await.expect(200).json()["component"], "ak-stage-prompt");
    flow.answer(&json!({"password": NEW, "password_repeat": NEW})).await.expect(200);
    let portal = ada.get(&server.url("/if/user/")).await.expect(200).text();
    assert!(!portal.contains("recovery key"), "{portal}");
    assert_eq!(flow.challenge().await.expect(200).json()["component"], "ak-stage-password");
    signed_in(&server, "ask", "ada", NEW).await;

    // By the address with a query, and of two at once one gets in.
    let made = recovery_key(&server, &["ada"]);
    let key = path_in(&made).trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let (one, two, url) = (Client::new(), Client::new(), server.url(&format!("/recovery/use-token/?token={key}")));
    let (first, second) = tokio::join!(one.get(&url), two.get(&url));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [302, 404]);
}

async fn a_mail_does_not_stand_for_the_second_factor(database: Database) {
    let (server, sink) = start(database).await;
    let ada = signed_in(&server, "ask", "ada", PASSWORD).await;
    let base = server.base();
    let codes = Executor::new(&ada, &base, "default-authenticator-static-setup", "");
    let shown = codes.challenge().await.expect(200).json();
    let code = shown["codes"][0].as_str().expect("a code").to_owned();
    codes.answer(&json!({"component": "ak-stage-authenticator-static"})).await.expect(200);
    for (count, slug) in [(1, "default-magic-link-flow"), (2, "default-recovery-flow")] {
        component(&server, &Client::new(), slug, json!({"uid_field": "ada"})).await;
        let mail = sink.has(count).await.pop().expect("a mail");
        let reader = Client::new();
        clicked(&reader, &mail.link()).await;
        let flow = Executor::new(&reader, &base, slug, "");
        let asked = flow.challenge().await.expect(200).json();
        assert_eq!(asked["component"], "ak-stage-authenticator-validate", "{slug}: {asked}");
        assert_eq!(me(&server, &reader).await, Value::Null);
        if slug == "default-magic-link-flow" {
            flow.answer(&json!({"code": code})).await.expect(200);
            assert_eq!(me(&server, &reader).await, "ada");
        }
    }
}
