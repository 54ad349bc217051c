//! Policies where people meet them: passwords that are not taken, doors that close after failures.

use std::sync::{Arc, Mutex};

use lockgate_tests::{BOOTSTRAP_PASSWORD, Client, Database, Executor, FlowEnd, Reply, Server};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const LOGIN: &str = "default-authentication-flow";
const NEW: &str = "new-password";

on_each_database!(
    a_weak_password_is_refused_in_words,
    an_old_password_is_not_taken_again,
    a_leaked_password_is_refused_and_one_that_cannot_be_looked_up_too,
    an_app_closes_after_failed_sign_ins,
    a_flow_closes_after_failed_sign_ins,
    an_expired_password_is_made_unusable,
);

/// A flow in which people choose a new password, judged by one policy.
fn new_password(policy: &str) -> String {
    format!(
        "flow: {NEW}
title: New password
designation: stage_configuration
requires: require_authenticated
stages:
  - prompt:
      fields: [default-password-change-field-password, default-password-change-field-password-repeat]
      validate: [rule]
  - write: {{ create: never_create }}
---
policy: rule
{policy}
"
    )
}

async fn signed_in(server: &Server, username: &str, password: &str) -> Client {
    let client = Client::new();
    let end = Executor::new(&client, &server.base(), LOGIN, "").login(username, password).await;
    assert!(matches!(end, FlowEnd::Redirect(_)), "{end:?}");
    client
}

async fn choose(flow: &Executor<'_>, password: &str) -> Value {
    flow.challenge().await.expect(200);
    let answer = json!({"component": "ak-stage-prompt", "password": password, "password_repeat": password});
    flow.answer(&answer).await.expect(200).json()
}

/// The words under which a challenge was refused; none when it was taken.
fn refused(challenge: &Value) -> Vec<String> {
    let errors = challenge["response_errors"]["non_field_errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["string"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn a_weak_password_is_refused_in_words(database: Database) {
    let rule = "password:\n  length_min: 12\n  check_zxcvbn: true\n  error_message: Twelve characters, please.";
    let server = Server::builder(database).config("flows.yaml", &new_password(rule)).start().await;
    let client = signed_in(&server, "akadmin", BOOTSTRAP_PASSWORD).await;
    let flow = Executor::new(&client, &server.base(), NEW, "");
    assert_eq!(refused(&choose(&flow, "short").await), ["Twelve characters, please."]);
    assert_eq!(refused(&choose(&flow, "password1234").await)[0], "Password is too weak.");

    // The page says the same.
    let page = server.url(&format!("/if/flow/{NEW}/"));
    let text = client.get(&page).await.expect(200).text();
    let csrf = text.split_once("name=\"csrf_token\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
    let csrf = csrf.map(|(csrf, _)| csrf).unwrap_or_default();
    let form = [("csrf_token", csrf), ("password", "short"), ("password_repeat", "short")];
    let shown = Reply::of(client.request(Method::POST, &page).form(&form)).await;
    assert!(shown.text().contains("Twelve characters, please."), "{} {}", shown.status, shown.text());

    let taken = choose(&flow, "trellis-mango-orbit-58").await;
    assert!(refused(&taken).is_empty(), "{taken}");
    signed_in(&server, "akadmin", "trellis-mango-orbit-58").await;
}

async fn an_old_password_is_not_taken_again(database: Database) {
    let rule = "unique_password:\n  num_historical_passwords: 2";
    let server = Server::builder(database).config("flows.yaml", &new_password(rule)).start().await;
    let client = signed_in(&server, "akadmin", BOOTSTRAP_PASSWORD).await;
    let flow = Executor::new(&client, &server.base(), NEW, "");
    let used = ["This password has been used previously. Please choose a different one."];
    assert_eq!(refused(&choose(&flow, BOOTSTRAP_PASSWORD).await), used, "the present one");
    assert!(refused(&choose(&flow, "the second one").await).is_empty());
    assert_eq!(refused(&choose(&flow, BOOTSTRAP_PASSWORD).await), used, "the one before");
    assert!(refused(&choose(&flow, "the third one").await).is_empty());
    assert!(refused(&choose(&flow, BOOTSTRAP_PASSWORD).await).is_empty(), "two are remembered");
}

/// A service of leaked passwords that knows one: `password`, leaked ten times.
struct Leaks {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Leaks {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}/range/", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&asked);
        let serving = tokio::spawn(async move {
            while let Ok((mut visitor, _)) = listener.accept().await {
                let mut request = vec![0; 4096];
                let length = visitor.read(&mut request).await.unwrap_or_default();
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                seen.lock().expect("nobody panics with it").push(request);
                let body = "1E4C9B93F3F0682250B6CF8331B7EE68FD8:10\r\n0000000000000000000000000000000000A:3\r\n";
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = visitor.write_all(format!("{head}{body}").as_bytes()).await;
            }
        });
        Self { address, asked, serving }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics with it").clone()
    }
}

async fn a_leaked_password_is_refused_and_one_that_cannot_be_looked_up_too(database: Database) {
    let leaks = Leaks::start().await;
    let rule = "password:\n  length_min: 5\n  check_have_i_been_pwned: true";
    let server = Server::builder(database)
        .config("flows.yaml", &new_password(rule))
        .set("LOCKGATE_HIBP_URL", &leaks.address)
        .start()
        .await;
    let client = signed_in(&server, "akadmin", BOOTSTRAP_PASSWORD).await;
    let flow = Executor::new(&client, &server.base(), NEW, "");
    assert_eq!(refused(&choose(&flow, "four").await), ["A password needs at least 5 characters."]);
    assert!(leaks.asked().is_empty(), "what breaks the rules is not looked up");
    assert_eq!(refused(&choose(&flow, "password").await), ["Password exists on 10 online lists."]);
    let asked = leaks.asked().concat();
    assert!(asked.starts_with("GET /range/5BAA6 HTTP/1.1"), "{asked}");
    assert!(!asked.to_uppercase().contains("1E4C9B93"), "more than five digits leave the house: {asked}");
    assert!(refused(&choose(&flow, "passwords").await).is_empty());

    leaks.serving.abort();
    let _ = leaks.serving.await;
    let told = refused(&choose(&flow, "another one").await);
    assert_eq!(told, ["The password could not be checked. Please try again later."]);
    server.logged(&["the service of leaked passwords"]).await;
}

const DIARY: &str = "
app: diary
name: Diary
access:
  all: [{ policy: tried-too-often, not: true }]
---
policy: tried-too-often
reputation: { threshold: -3 }
";

async fn fail(server: &Server, username: &str, times: usize) {
    for _ in 0..times {
        let client = Client::new();
        let end = Executor::new(&client, &server.base(), LOGIN, "").login(username, "not the password").await;
        assert!(matches!(end, FlowEnd::Refused(_)), "{end:?}");
    }
}

async fn an_app_closes_after_failed_sign_ins(database: Database) {
    let server = Server::builder(database).config("apps.yaml", DIARY).start().await;
    let ada = server.api().create_user("ada", BOOTSTRAP_PASSWORD, &[]).await;
    let may = async || {
        let path = format!("core/applications/diary/check_access/?for_user={ada}");
        server.api().get(&path).await.expect(200).json()["passing"].clone()
    };
    assert_eq!(may().await, true);
    fail(&server, "ada", 2).await;
    assert_eq!(may().await, true);
    fail(&server, "ada", 1).await;
    assert_eq!(may().await, false);
    let scores = server.api().get("policies/reputation/scores/?identifier=ada").await.expect(200).json();
    assert_eq!(scores["results"][0]["score"], -3, "{scores}");
    let score = scores["results"][0]["pk"].as_str().unwrap_or_default().to_owned();
    server.api().delete(&format!("policies/reputation/scores/{score}/")).await.expect(204);
    assert_eq!(may().await, true);
    // Unknown names count at their address.
    fail(&server, "nobody", 3).await;
    assert_eq!(may().await, false);
}

async fn a_flow_closes_after_failed_sign_ins(database: Database) {
    let flow = "
flow: default-authentication-flow
title: Sign in
designation: authentication
policies: [{ policy: tried-too-often, not: true }]
stages:
  - identify: { by: [username], password: inline }
  - login
---
policy: tried-too-often
reputation: { threshold: -2, check_username: false }
";
    let server = Server::builder(database).config("flows.yaml", flow).start().await;
    fail(&server, "akadmin", 2).await;
    let client = Client::new();
    let end = Executor::new(&client, &server.base(), LOGIN, "").login("akadmin", BOOTSTRAP_PASSWORD).await;
    let FlowEnd::Denied(challenge) = end else { panic!("the flow is still open: {end:?}") };
    assert!(challenge.to_string().contains("tried-too-often"), "{challenge}");
}

async fn an_expired_password_is_made_unusable(database: Database) {
    let rule = "policy: young\npassword_expiry: { days: 0 }\n---\napp: diary\naccess: { all: [{ policy: young }] }\n";
    let server = Server::builder(database).config("apps.yaml", rule).start().await;
    server.api().create_user("ada", BOOTSTRAP_PASSWORD, &[]).await;
    let client = signed_in(&server, "ada", BOOTSTRAP_PASSWORD).await;
    let page = client.open(&server.url("/application/launch/diary/")).await;
    let text = page.reply.text();
    assert!(text.contains("Please update your password."), "{text}");
    let end = Executor::new(&Client::new(), &server.base(), LOGIN, "").login("ada", BOOTSTRAP_PASSWORD).await;
    assert!(matches!(end, FlowEnd::Refused(_)), "the old password is still good: {end:?}");
}
