//! Codes by SMS: sent by Twilio or by anything else, as a second factor, and never as a flood.

use std::time::Duration;

use lockgate_tests::{Client, CommandOutcome, Database, Executor, Receiver, Server, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "trellis-mango-orbit-58";
const LOGIN: &str = "default-authentication-flow";
const SETUP: &str = "ak-stage-authenticator-sms";
const VALIDATE: &str = "ak-stage-authenticator-validate";
const NUMBER: &str = "+4915123456789";

/// One flow for each way to send.
const FOLDER: &str = r##"notification_mapping: our-form
expression: |
  #{ recipient: sms.to, text: `Your code: ${sms.code}`, who: user.username }
---
flow: basic
title: Basic
designation: stage_configuration
requires: require_authenticated
stages:
  - enroll_sms: { title: My phone, provider: generic, from: "+4930", account: "URL", auth: { env: SMS_USER }, auth_password: { env: SMS_SECRET } }
    name: by-basic
---
flow: bearer
title: Bearer
designation: stage_configuration
requires: require_authenticated
stages:
  - enroll_sms: { provider: generic, from: "+4930", account: "URL", auth: { env: SMS_SECRET }, auth_type: bearer, mapping: our-form }
    name: by-bearer
---
flow: twilio
title: Twilio
designation: stage_configuration
requires: require_authenticated
stages:
  - enroll_sms: { provider: twilio, from: "+4930", account: AC123, auth: { env: SMS_SECRET } }
    name: by-twilio
---
flow: once
title: Once
designation: stage_configuration
requires: require_authenticated
stages:
  - enroll_sms: { provider: generic, from: "+4930", account: "URL", auth: { env: SMS_SECRET }, auth_type: bearer, verify_only: true }
    name: for-once
"##;

on_each_database!(
    codes_by_sms_are_a_second_factor,
    a_service_of_ones_own_gets_what_a_mapping_makes,
    twilio_sends_and_pages_lead_through_it,
    messages_are_no_flood,
    a_number_may_prove_itself_once_and_not_be_kept,
    what_a_service_refuses_is_given_up,
    a_message_arrives_when_the_service_is_back,
);

async fn start(database: Database) -> (Server, Receiver) {
    let gateway = Receiver::start().await;
    let twilio = gateway.url().split("/hook").next().unwrap_or_default().to_owned();
    let server = Server::builder(database)
        .config("sms.yaml", &FOLDER.replace("URL", &gateway.url()))
        .set("SMS_USER", "lockgate")
        .set("SMS_SECRET", "hush-hush")
        .set("LOCKGATE_TWILIO_URL", &twilio)
        .start()
        .await;
    server.api().create_user("ada", PASSWORD, &[]).await;
    (server, gateway)
}

async fn signed_in(server: &Server, username: &str) -> Client {
    let client = Client::new();
    Executor::new(&client, &server.base(), LOGIN, "").login(username, PASSWORD).await.redirect();
    client
}

/// What the service has heard, once it has heard so much.
async fn heard(gateway: &Receiver, count: usize) -> Vec<Value> {
    eventually(async || gateway.heard().len() >= count).await;
    gateway.heard().into_iter().map(|(_, body)| body).collect()
}

fn header(gateway: &Receiver, name: &str) -> String {
    let (headers, _) = gateway.heard().pop().expect("a message");
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn other_than(code: &str) -> &'static str {
    if code == "000000" { "111111" } else { "000000" }
}

async fn me(server: &Server, client: &Client) -> Value {
    let reply = client.get(&server.url("/api/v3/core/users/me/")).await;
    if reply.status == 200 { reply.json()["user"]["username"].clone() } else { Value::Null }
}

/// Sets a number up, and answers the flow's last word.
async fn set_up(server: &Server, gateway: &Receiver, client: &Client, slug: &str, number: &str) -> Value {
    let base = server.base();
    let flow = Executor::new(client, &base, slug, "");
    flow.challenge().await.expect(200);
    let before = gateway.heard().len();
    flow.answer(&json!({"component": SETUP, "phone_number": number})).await.expect(200);
    let message = heard(gateway, before + 1).await.pop().expect("a message");
    flow.answer(&json!({"component": SETUP, "code": message["Body"]})).await.expect(200).json()
}

/// Removes something in the browser's session; the status.
async fn removes(client: &Client, url: &str) -> u16 {
    let csrf = client.cookie(url, "authentik_csrf").unwrap_or_default();
    let request = client.request(Method::DELETE, url).header("X-authentik-CSRF", csrf);
    request.send().await.expect("an answer").status().as_u16()
}

/// Signs in as far as the second factor.
async fn at_factor(flow: &Executor<'_>) -> Value {
    flow.challenge().await.expect(200);
    flow.answer(&json!({"component": "ak-stage-identification", "uid_field": "ada"})).await.expect(200);
    flow.answer(&json!({"component": "ak-stage-password", "password": PASSWORD})).await.expect(200).json()
}

async fn codes_by_sms_are_a_second_factor(database: Database) {
    let (server, gateway) = start(database).await;
    let (client, base) = (signed_in(&server, "ada").await, server.base());
    let setup = Executor::new(&client, &base, "basic", "");
    let asked = setup.challenge().await.expect(200).json();
    assert_eq!((&asked["component"], &asked["phone_number_required"]), (&json!(SETUP), &json!(true)), "{asked}");
    let told = setup.answer(&json!({"component": SETUP, "phone_number": "0151 1"})).await.expect(200).json();
    assert!(told["response_errors"]["phone_number"].is_array() && gateway.heard().is_empty(), "{told}");
    let told = setup.answer(&json!({"component": SETUP, "phone_number": "+49 151 23456789"})).await.expect(200).json();
    assert_eq!(told["phone_number_required"], false, "{told}");
    let message = heard(&gateway, 1).await.pop().expect("a message");
    let first = message["Body"].as_str().expect("a code").to_owned();
    assert_eq!((&message["From"], &message["To"]), (&json!("+4930"), &json!(NUMBER)));
    assert!(first.len() == 6 && message["Message"].as_str().is_some_and(|text| text.contains(&first)), "{message}");
    // lockgate:hush-hush
    assert_eq!(header(&gateway, "authorization"), "Basic bG9ja2dhdGU6aHVzaC1odXNo");
    let told = setup.answer(&json!({"component": SETUP, "code": other_than(&first)})).await.expect(200).json();
    assert!(told["response_errors"]["code"].is_array(), "{told}");
    let done = setup.answer(&json!({"component": SETUP, "code": first})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    let mine = client.get(&server.url("/api/v3/authenticators/sms/")).await.expect(200).json();
    assert_eq!(
        (&mine["results"][0]["phone_number"], &mine["results"][0]["name"]),
        (&json!(NUMBER), &json!("My phone"))
    );
    let all = server.api().get("authenticators/admin/sms/").await.expect(200).json();
    assert_eq!(all["results"][0]["user"]["username"], "ada", "{all}");

    // Whoever finds this browser open is not rid of the factor by that.
    let one = server.url(&format!("/api/v3/authenticators/sms/{}/", mine["results"][0]["pk"]));
    assert_eq!(removes(&client, &one).await, 403);

    // From now on the login asks for one, and wrong ones make a pause.
    let client = Client::new();
    let login = Executor::new(&client, &base, LOGIN, "");
    let asked = at_factor(&login).await;
    assert_eq!(asked["device_challenges"][0]["device_class"], "sms", "{asked}");
    login.challenge().await.expect(200);
    let right = heard(&gateway, 2).await.pop().expect("a message")["Body"].as_str().expect("a code").to_owned();
    let told = login.answer(&json!({"component": VALIDATE, "code": other_than(&right)})).await.expect(200).json();
    assert!(told["response_errors"]["code"].is_array(), "{told}");
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    let done = login.answer(&json!({"component": VALIDATE, "code": right})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    assert_eq!(me(&server, &client).await, "ada");
    assert_eq!(gateway.heard().len(), 2, "looking again sends nothing");

    // It worked once, and another one works no longer than the next is sent.
    let late = Client::new();
    let login = Executor::new(&late, &base, LOGIN, "");
    let asked = at_factor(&login).await;
    let told = login.answer(&json!({"component": VALIDATE, "code": right})).await.expect(200).json();
    assert!(told["response_errors"]["code"].is_array(), "{told}");
    let old = heard(&gateway, 3).await.pop().expect("a message")["Body"].clone();
    let choice = json!({"component": VALIDATE, "selected_challenge": asked["device_challenges"][0]});
    login.answer(&choice).await.expect(200);
    let new = heard(&gateway, 4).await.pop().expect("a message")["Body"].clone();
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    if old != new {
        let told = login.answer(&json!({"component": VALIDATE, "code": old})).await.expect(200).json();
        assert!(told["response_errors"]["code"].is_array(), "{told}");
    }
    assert_eq!(me(&server, &late).await, Value::Null);
    assert_eq!(removes(&client, &one).await, 204, "who has shown it may remove it");
    let secrets = [first.as_str(), &right, "hush-hush", NUMBER];
    let shows = |text: &str| secrets.iter().any(|secret| text.contains(secret));
    assert!(server.logs().iter().all(|line| !shows(line)), "the log holds a secret");
    let tasks = server.api().get("tasks/tasks/?queue_name=sms&page_size=100").await.expect(200).text();
    assert!(tasks.contains("send_sms") && !shows(&tasks), "{tasks}");
}

async fn a_service_of_ones_own_gets_what_a_mapping_makes(database: Database) {
    let (server, gateway) = start(database).await;
    let (client, base) = (signed_in(&server, "ada").await, server.base());
    let setup = Executor::new(&client, &base, "bearer", "");
    setup.challenge().await.expect(200);
    setup.answer(&json!({"component": SETUP, "phone_number": NUMBER})).await.expect(200);
    let message = heard(&gateway, 1).await.pop().expect("a message");
    let code = message["text"].as_str().and_then(|text| text.strip_prefix("Your code: ")).expect("a code").to_owned();
    assert_eq!(message, json!({"recipient": NUMBER, "text": format!("Your code: {code}"), "who": "ada"}));
    assert_eq!(header(&gateway, "authorization"), "Bearer hush-hush");
    let done = setup.answer(&json!({"component": SETUP, "code": code})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
}

fn field(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let at = page.find(&start).unwrap_or_else(|| panic!("no {name} in {page}")) + start.len();
    page[at..].split('"').next().unwrap_or_default().to_owned()
}

/// Sends a form of the page at an address; the page after it.
async fn sends(client: &Client, url: &str, component: &str, fields: &[(&str, &str)]) -> String {
    let page = client.get(url).await.expect(200).text();
    let token = field(&page, "csrf_token");
    let mut form = vec![("component", component), ("csrf_token", &token)];
    form.extend(fields);
    let reply = client.request(Method::POST, url).form(&form).send().await.expect("an answer");
    if reply.status().is_redirection() {
        return client.get(url).await.text();
    }
    reply.text().await.expect("a page")
}

async fn twilio_sends_and_pages_lead_through_it(database: Database) {
    let (server, gateway) = start(database).await;
    let client = signed_in(&server, "ada").await;
    let url = server.url("/if/flow/twilio/");
    let page = client.get(&url).await.expect(200).text();
    assert!(page.contains("type=\"tel\"") && page.contains("autocomplete=\"tel\""), "{page}");
    let page = sends(&client, &url, SETUP, &[("phone_number", "call me")]).await;
    assert!(page.contains("aria-invalid") && page.contains("code of its country"), "{page}");
    let page = sends(&client, &url, SETUP, &[("phone_number", "0049 151 234 567 89")]).await;
    assert!(page.contains(NUMBER) && page.contains("one-time-code") && !page.contains("class=\"summary\""), "{page}");
    let code = |message: &Value| -> String {
        let form = message.as_str().expect("a form");
        let body = form.split("Body=").nth(1).expect("a text");
        body.chars().take_while(char::is_ascii_digit).collect()
    };
    let message = heard(&gateway, 1).await.pop().expect("a message");
    assert!(
        message.as_str().is_some_and(|form| form.starts_with("To=%2B4915123456789&From=%2B4930&Body=")),
        "{message}"
    );
    // AC123:hush-hush
    assert_eq!(header(&gateway, "authorization"), "Basic QUMxMjM6aHVzaC1odXNo");
    // Another one is sent where somebody wants it, and the one before is worth nothing.
    sends(&client, &url, SETUP, &[]).await;
    let message = heard(&gateway, 2).await.pop().expect("a message");
    sends(&client, &url, SETUP, &[("code", &code(&message))]).await;
    let mine = client.get(&server.url("/api/v3/authenticators/sms/")).await.expect(200).json();
    assert_eq!(mine["results"][0]["phone_number"], NUMBER, "{mine}");

    // Signing in by pages.
    let client = Client::new();
    let login = server.url(&format!("/if/flow/{LOGIN}/"));
    sends(&client, &login, "ak-stage-identification", &[("uid_field", "ada")]).await;
    let page = sends(&client, &login, "ak-stage-password", &[("password", PASSWORD)]).await;
    assert!(page.contains("A text message with a code was sent to your phone"), "{page}");
    let message = heard(&gateway, 3).await.pop().expect("a message");
    let uid = field(&page, "selected_challenge");
    sends(&client, &login, VALIDATE, &[("selected_challenge", &uid), ("code", &code(&message))]).await;
    assert_eq!(me(&server, &client).await, "ada");
}

async fn messages_are_no_flood(database: Database) {
    let (server, gateway) = start(database).await;
    let base = server.base();
    let asked = async |client: &Client, number: String| -> Value {
        let flow = Executor::new(client, &base, "basic", "");
        flow.challenge().await.expect(200);
        flow.answer(&json!({"component": SETUP, "phone_number": number})).await.expect(200).json()
    };
    let reached = |told: &Value| told["response_errors"]["non_field_errors"][0]["code"] == "sms-limit";
    // One account has had enough after five, whatever the numbers are.
    let ada = signed_in(&server, "ada").await;
    for number in 0..5 {
        let told = asked(&ada, format!("+4915100000{number:02}")).await;
        assert!(!reached(&told) && told["phone_number_required"] == false, "{told}");
    }
    let told = asked(&ada, "+491510000099".to_owned()).await;
    assert!(reached(&told), "{told}");
    // And so has one number, whoever asks; many at once find no more room than that.
    let mut tried = 0;
    for username in ["bob", "carol"] {
        server.api().create_user(username, PASSWORD, &[]).await;
        let client = signed_in(&server, username).await;
        for _ in 0..3 {
            let told = asked(&client, "+4915199999999".to_owned()).await;
            tried += usize::from(!reached(&told));
        }
    }
    assert_eq!(tried, 5);
    // From one address, nobody sets up more than ten in an hour.
    server.api().create_user("dan", PASSWORD, &[]).await;
    let dan = signed_in(&server, "dan").await;
    assert!(reached(&asked(&dan, "+4915177777777".to_owned()).await), "the eleventh");
    heard(&gateway, 10).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(gateway.heard().len(), 10, "what was refused was not sent");
    server.logged(&["a message was not sent"]).await;
}

async fn a_number_may_prove_itself_once_and_not_be_kept(database: Database) {
    let (server, gateway) = start(database).await;
    let ada = signed_in(&server, "ada").await;
    let done = set_up(&server, &gateway, &ada, "once", NUMBER).await;
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    let mine = ada.get(&server.url("/api/v3/authenticators/sms/")).await.expect(200).text();
    assert!(mine.contains("hash:") && !mine.contains("4915123456789"), "{mine}");
    // No code can go there: the login does not ask for it.
    let client = signed_in(&server, "ada").await;
    assert_eq!((me(&server, &client).await, gateway.heard().len()), (json!("ada"), 1));
    // Nobody else proves the same number; only who has it learns that.
    server.api().create_user("bob", PASSWORD, &[]).await;
    let bob = signed_in(&server, "bob").await;
    let told = set_up(&server, &gateway, &bob, "once", NUMBER).await;
    assert_eq!(told["response_errors"]["phone_number"][0]["code"], "taken", "{told}");
    let none = bob.get(&server.url("/api/v3/authenticators/sms/")).await.expect(200).json();
    assert_eq!(none["results"], json!([]));
    // By another stage it is another proof.
    let done = set_up(&server, &gateway, &bob, "basic", NUMBER).await;
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
}

async fn what_a_service_refuses_is_given_up(database: Database) {
    let (server, gateway) = start(database).await;
    let (ada, base) = (signed_in(&server, "ada").await, server.base());
    let flow = Executor::new(&ada, &base, "basic", "");
    flow.challenge().await.expect(200);
    // A redirect is followed nowhere.
    for (round, status) in [302, 401].into_iter().enumerate() {
        gateway.answers(status);
        flow.answer(&json!({"component": SETUP, "phone_number": NUMBER})).await.expect(200);
        heard(&gateway, round + 1).await;
        eventually(async || {
            let tasks = server.api().get("tasks/tasks/?queue_name=sms").await.expect(200).json();
            let all = tasks["results"].as_array().cloned().unwrap_or_default();
            all.iter().filter(|task| task["aggregated_status"] == "error").count() == round + 1
        })
        .await;
    }
    assert_eq!(gateway.heard().len(), 2);
    let events = server.api().get("events/events/?action=system_task_exception").await.expect(200).text();
    assert!(events.contains("the service answered 401") && !events.contains("hush-hush"), "{events}");
}

async fn a_message_arrives_when_the_service_is_back(database: Database) {
    let (server, gateway) = start(database).await;
    let (ada, base) = (signed_in(&server, "ada").await, server.base());
    let flow = Executor::new(&ada, &base, "basic", "");
    flow.challenge().await.expect(200);
    gateway.answers(503);
    flow.answer(&json!({"component": SETUP, "phone_number": NUMBER})).await.expect(200);
    heard(&gateway, 1).await;
    gateway.answers(204);
    let messages = heard(&gateway, 2).await;
    assert_eq!(messages[0], messages[1], "the same message");
    let done = flow.answer(&json!({"component": SETUP, "code": messages[1]["Body"]})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
}

/// A folder's own tests go through phones, too.
#[test]
fn tests_of_a_folder_answer_phones() {
    const TESTS: &str = r#"test: a number is set up
users:
  ada: { email: ada@example.com, password: old }
flow: basic
as: ada
steps:
  - enroll_sms: { phone_number: nowhere }
    fails: phone_number
  - enroll_sms: { phone_number: "+49 151 23456789" }
    fails: form
  - enroll_sms: { code: "000000" }
    fails: code
  - enroll_sms: { code: "123456" }
  - ends: done
---
test: a phone is set up at Duo
users:
  ada: { email: ada@example.com, password: old }
flow: duo
as: ada
steps:
  - enroll_duo: {}
  - ends: done
"#;
    const DUO: &str = r#"---
flow: duo
title: Duo
designation: stage_configuration
stages:
  - enroll_duo: { client_id: DI1, client_secret: { env: DUO_SECRET }, api_hostname: api.duo.example }
"#;
    let folder = tempfile::TempDir::with_prefix("lockgate-phones-").expect("the temporary folder is writable");
    let flows = format!("{}{DUO}", FOLDER.replace("URL", "https://sms.example.com/send"));
    for (name, text) in [("flows.yaml", flows.as_str()), ("tests.yaml", TESTS)] {
        std::fs::write(folder.path().join(name), text).expect("a fresh folder is writable");
    }
    let told = CommandOutcome::run(&["test", &folder.path().to_string_lossy()]);
    assert!(told.code == 0 && told.text.contains("2 tests"), "{}", told.text);
}
