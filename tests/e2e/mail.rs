//! Mail, from the server to whoever reads it: links that lead back into a flow, and that nothing is lost on the way.

use std::collections::BTreeSet;
use std::time::Duration;

use lockgate_tests::{
    Client, CommandOutcome, Database, Executor, MailSink, Server, ServerBuilder, eventually, free_port,
};
use reqwest::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "trellis-mango-orbit-58";
const NEW: &str = "walnut-prism-harbor-93";
const RECOVERY: &str = "default-recovery-flow";
const LOGIN: &str = "default-authentication-flow";

/// The way back in is on; another one has links that end soon, and one makes accounts.
const FOLDER: &str = r#"brand: authentik-default
default: true
title: Acme
flow_authentication: default-authentication-flow
flow_invalidation: default-invalidation-flow
flow_recovery: default-recovery-flow
---
stage: short
email: { use_global_settings: true, expires: 1s, attempts: 2, per: 1h }
---
flow: hurry
title: Hurry
designation: recovery
stages:
  - identify: { by: [username] }
  - stage: short
  - prompt:
      fields:
        - { key: password, label: Password, type: password }
        - { key: password_repeat, label: Repeat, type: password }
  - write: { create: never_create }
  - login
---
flow: join
title: Join
designation: enrollment
stages:
  - prompt:
      fields:
        - { key: username, label: Name, type: username, order: 0 }
        - { key: email, label: Address, type: email, order: 1 }
        - { key: password, label: Password, type: password, order: 2 }
        - { key: password_repeat, label: Repeat, type: password, order: 3 }
  - write: { create: always_create, inactive: true }
  - email: { use_global_settings: true, template: email/account_confirmation.html, activate: true, subject: Please confirm }
  - login
"#;

on_each_database!(
    a_mail_leads_to_a_new_password,
    a_link_that_a_program_opens_is_still_good,
    a_link_works_once_and_ends,
    nobody_learns_who_exists,
    mails_that_are_asked_for_again_are_counted,
    an_account_is_opened_by_the_mail_that_it_was_made_with,
    a_mail_arrives_when_the_mail_server_is_back,
    mails_of_a_server_that_is_killed_arrive,
    a_recipient_who_is_refused_is_given_up,
    what_administrators_send_arrives,
    codes_by_mail_are_a_second_factor,
    a_stage_has_a_mail_server_of_its_own,
    without_a_mail_server_everything_says_so,
);

fn builder(database: Database, port: u16) -> ServerBuilder {
    let settings = [("LOCKGATE_EMAIL__HOST", "127.0.0.1"), ("LOCKGATE_EMAIL__FROM", "Acme <auth@example.com>")];
    let builder = Server::builder(database).config("mail.yaml", FOLDER);
    let builder = settings.iter().fold(builder, |builder, (name, value)| builder.set(name, value));
    builder.set("LOCKGATE_EMAIL__PORT", &port.to_string())
}

async fn start(database: Database) -> (Server, MailSink) {
    let sink = MailSink::start().await;
    let server = builder(database, sink.port()).start().await;
    server.api().create_user("ada", PASSWORD, &[]).await;
    (server, sink)
}

/// Asks for the mail of a flow, and answers the page that says so.
async fn asked(server: &Server, slug: &str, who: &str) -> (Client, Value) {
    let (client, base) = (Client::new(), server.base());
    let flow = Executor::new(&client, &base, slug, "");
    flow.challenge().await.expect(200);
    let told = flow.answer(&json!({"component": "ak-stage-identification", "uid_field": who})).await.expect(200);
    (client, told.json())
}

fn field(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let at = page.find(&start).unwrap_or_else(|| panic!("no {name} in {page}")) + start.len();
    page[at..].split('"').next().unwrap_or_default().to_owned()
}

/// Opens a link as a person does: reads the page and clicks. Answers the page after that.
async fn clicked(client: &Client, link: &str) -> lockgate_tests::Journey {
    let page = client.get(link).await.expect(200).text();
    let form = [("component", "ak-stage-email".to_owned()), ("csrf_token", field(&page, "csrf_token"))];
    let reply = client.request(Method::POST, link).form(&form).send().await.expect("an answer");
    let to = reply.headers().get("location").and_then(|to| to.to_str().ok()).map(str::to_owned);
    let to = to.unwrap_or_else(|| panic!("the click leads on: {}", reply.status()));
    assert!(!to.contains("flow_token"), "the key stays out of addresses: {to}");
    client.open(&format!("{}{to}", link.split("/if/").next().unwrap_or_default())).await
}

async fn chooses(server: &Server, client: &Client, slug: &str, password: &str) -> Value {
    let base = server.base();
    let answer = json!({"component": "ak-stage-prompt", "password": password, "password_repeat": password});
    Executor::new(client, &base, slug, "").answer(&answer).await.expect(200).json()
}

async fn me(server: &Server, client: &Client) -> Value {
    let reply = client.get(&server.url("/api/v3/core/users/me/")).await;
    if reply.status == 200 { reply.json()["user"]["username"].clone() } else { Value::Null }
}

async fn signs_in(server: &Server, username: &str, password: &str) -> bool {
    let (client, base) = (Client::new(), server.base());
    Executor::new(&client, &base, LOGIN, "").login(username, password).await;
    me(server, &client).await == json!(username)
}

async fn tasks(server: &Server) -> Vec<Value> {
    let found = server.api().get("tasks/tasks/?queue_name=mail&page_size=100").await.expect(200).json();
    found["results"].as_array().cloned().unwrap_or_default()
}

async fn a_mail_leads_to_a_new_password(database: Database) {
    let (server, sink) = start(database).await;
    let page = Client::new().get(&server.url(&format!("/if/flow/{LOGIN}/"))).await.expect(200).text();
    assert!(!page.contains("flow_token"));
    let (_, told) = asked(&server, RECOVERY, "ada@example.org").await;
    assert_eq!(told["component"], "ak-stage-email", "{told}");
    let mail = sink.for_somebody("ada@example.org", 1).await;
    assert_eq!(mail.header("From"), "Acme <auth@example.com>");
    assert_eq!((mail.header("To"), mail.header("Subject")), ("ada@example.org".into(), "Choose a new password".into()));
    assert!(mail.text().contains("Hello ada Example,") && mail.text().contains("30 minutes"), "{}", mail.text());
    assert!(mail.html().contains("Acme") && mail.html().contains("Choose a new password"), "{}", mail.html());

    // In another browser than the one that asked.
    let (client, link) = (Client::new(), mail.link());
    let after = clicked(&client, &link).await;
    assert!(after.reply.text().contains("type=\"password\""), "{}", after.reply.text());
    let done = chooses(&server, &client, RECOVERY, NEW).await;
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    assert_eq!(me(&server, &client).await, "ada");
    assert!(signs_in(&server, "ada", NEW).await && !signs_in(&server, "ada", PASSWORD).await);

    // What lets people in is nowhere to be read.
    server.logged(&["email_sent", "ada@example.org"]).await;
    let key = link.split("flow_token=").nth(1).unwrap_or_default().to_owned();
    assert!(key.len() > 40 && server.logs().iter().all(|line| !line.contains(&key)), "the log holds the key");
    let all = tasks(&server).await;
    assert!(all.iter().all(|task| !task.to_string().contains(&key)), "a task shows the key: {all:?}");
    assert_eq!((all.len(), &all[0]["aggregated_status"]), (1, &json!("info")), "{all:?}");
    let again = format!("tasks/tasks/{}/retry/", all[0]["message_id"].as_str().unwrap_or_default());
    server.api().post(&again, &json!({})).await.expect(204);
    eventually(async || tasks(&server).await[0]["aggregated_status"] == "error").await;
    assert_eq!(sink.mails().len(), 1, "what was sent is not sent again");
}

async fn a_link_that_a_program_opens_is_still_good(database: Database) {
    let (server, sink) = start(database).await;
    asked(&server, RECOVERY, "ada").await;
    let link = sink.for_somebody("ada@example.org", 1).await.link();
    for _ in 0..5 {
        let scanner = Client::new();
        let page = scanner.get(&link).await.expect(200).text();
        assert!(
            page.contains("Is this you?") && page.contains(">ada<") && !page.contains("type=\"password\""),
            "{page}"
        );
        scanner.request(Method::HEAD, &link).send().await.expect("an answer");
        // Without the session in which the page was shown, a click is nobody's.
        let forged = Client::new().request(Method::POST, &link).form(&[("component", "ak-stage-email")]);
        assert_eq!(forged.send().await.expect("an answer").status(), 403);
    }
    let client = Client::new();
    assert!(clicked(&client, &link).await.reply.text().contains("type=\"password\""));
    chooses(&server, &client, RECOVERY, NEW).await;
    assert_eq!(me(&server, &client).await, "ada");

    // The link that an administrator makes is no other.
    let pk = server.api().only("core/users/?username=ada").await["pk"].as_i64().expect("a number");
    let made = server.api().post(&format!("core/users/{pk}/recovery/"), &json!({})).await.expect(200).json();
    let link = made["link"].as_str().expect("a link").to_owned();
    for _ in 0..3 {
        assert!(Client::new().get(&link).await.expect(200).text().contains("Is this you?"));
    }
    let client = Client::new();
    let page = clicked(&client, &link).await.reply.text();
    assert!(page.contains("type=\"password\""), "{page}");
    let late = Client::new().get(&link).await.expect(200).text();
    assert!(late.contains("used already, or has expired"), "{late}");
}

async fn a_link_works_once_and_ends(database: Database) {
    let (server, sink) = start(database).await;
    let (asker, _) = asked(&server, RECOVERY, "ada").await;
    let base = server.base();
    Executor::new(&asker, &base, RECOVERY, "").answer(&json!({"component": "ak-stage-email"})).await.expect(200);
    let mails = sink.has(2).await;
    let (first, second) = (mails[0].link(), mails[1].link());
    assert_ne!(first, second);
    let client = Client::new();
    clicked(&client, &first).await;
    // One is enough: the others of the same account go with it.
    for link in [&first, &second] {
        let late = Client::new();
        let page = late.get(link).await.expect(200).text();
        assert!(page.contains("used already, or has expired") && page.contains("uid_field"), "{page}");
    }
    // Whoever opened it goes on where they are, and hears nothing of it.
    let here = client.get(&first).await.expect(200).text();
    assert!(here.contains("type=\"password\"") && !here.contains("has expired"), "{here}");

    asked(&server, "hurry", "ada").await;
    let link = sink.has(3).await.pop().expect("a mail").link();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let page = Client::new().get(&link).await.expect(200).text();
    assert!(page.contains("used already, or has expired"), "{page}");

    // A link to somebody whose address is another one by now, or who got back in otherwise.
    let api = server.api();
    let pk = api.only("core/users/?username=ada").await["pk"].as_i64().expect("a number");
    asked(&server, RECOVERY, "ada").await;
    let moved = sink.has(4).await.pop().expect("a mail").link();
    api.patch(&format!("core/users/{pk}/"), &json!({"email": "ada@example.net"})).await.expect(200);
    assert!(Client::new().get(&moved).await.text().contains("has expired"));
    asked(&server, RECOVERY, "ada").await;
    let outdated = sink.has(5).await.pop().expect("a mail").link();
    api.post(&format!("core/users/{pk}/set_password/"), &json!({"password": NEW})).await.expect(204);
    assert!(Client::new().get(&outdated).await.text().contains("has expired"));
}

async fn nobody_learns_who_exists(database: Database) {
    let (server, sink) = start(database).await;
    let api = server.api();
    let eve = api.create_user("eve", PASSWORD, &[]).await;
    api.patch(&format!("core/users/{eve}/"), &json!({"is_active": false})).await.expect(200);
    let mail_less = api.create_user("bob", PASSWORD, &[]).await;
    api.patch(&format!("core/users/{mail_less}/"), &json!({"email": ""})).await.expect(200);
    let mut answers = BTreeSet::new();
    // The last of them is too many, for who exists and who does not.
    for round in 0..3 {
        for who in ["ada", "nobody", "eve", "bob"] {
            let (_, mut told) = asked(&server, "hurry", who).await;
            told["pending_user"] = Value::Null;
            told["pending_user_avatar"] = Value::Null;
            answers.insert((round, told.to_string()));
        }
    }
    assert_eq!(answers.len(), 3, "all hear the same: {answers:#?}");
    let last = answers.iter().next_back().map(|(_, told)| told.clone()).unwrap_or_default();
    assert!(last.contains("Too many emails were asked for"), "{last}");
    sink.has(2).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let to: Vec<Vec<String>> = sink.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [["ada@example.org"], ["ada@example.org"]], "only who exists and may sign in has mail");
    // A link leads where the configuration says, whatever host the request names.
    let forged = Client::new();
    let page = forged.request(Method::GET, &server.url("/api/v3/flows/executor/default-recovery-flow/?query="));
    page.header("Host", "evil.example").send().await.expect("an answer");
    let answer = json!({"component": "ak-stage-identification", "uid_field": "ada"});
    let url = server.url("/api/v3/flows/executor/default-recovery-flow/?query=");
    forged.request(Method::POST, &url).header("Host", "evil.example").json(&answer).send().await.expect("an answer");
    let page = forged.request(Method::GET, &url).header("Host", "evil.example").send().await.expect("an answer");
    let told: Value = page.json().await.expect("JSON");
    assert_eq!(told["component"], "ak-stage-access-denied", "{told}");
    server.logged(&["nobody has said where links lead"]).await;
    assert_eq!(sink.mails().len(), 2);
}

async fn mails_that_are_asked_for_again_are_counted(database: Database) {
    let (server, sink) = start(database).await;
    let (client, told) = asked(&server, RECOVERY, "ada").await;
    assert_eq!(told["component"], "ak-stage-email", "{told}");
    let base = server.base();
    let flow = Executor::new(&client, &base, RECOVERY, "");
    // Looking at the page sends nothing.
    for _ in 0..3 {
        flow.challenge().await.expect(200);
    }
    for _ in 0..4 {
        let told = flow.post(&json!({"component": "ak-stage-email"})).await.expect(200).json();
        assert_eq!(told["response_errors"]["non_field_errors"][0]["code"], "email-sent", "{told}");
    }
    let told = flow.post(&json!({"component": "ak-stage-email"})).await.expect(200).json();
    assert_eq!(told["response_errors"]["non_field_errors"][0]["code"], "email-limit", "{told}");
    // Under another name it is the same account, which nobody is told.
    let (_, told) = asked(&server, RECOVERY, "ada@example.org").await;
    assert_eq!(told["component"], "ak-stage-email", "{told}");
    sink.has(5).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(sink.mails().len(), 5);
    let page = client.get(&server.url(&format!("/if/flow/{RECOVERY}/"))).await.expect(200).text();
    assert!(page.contains("Check your email") && page.contains("Send it again"), "{page}");
}

async fn an_account_is_opened_by_the_mail_that_it_was_made_with(database: Database) {
    let (server, sink) = start(database).await;
    let (client, base) = (Client::new(), server.base());
    let flow = Executor::new(&client, &base, "join", "");
    flow.challenge().await.expect(200);
    let mut answer = json!({"component": "ak-stage-prompt", "username": "carol", "email": "carol@example.org"});
    answer["password"] = json!(PASSWORD);
    answer["password_repeat"] = json!(PASSWORD);
    let told = flow.answer(&answer).await.expect(200).json();
    assert_eq!(told["component"], "ak-stage-email", "{told}");
    assert!(!signs_in(&server, "carol", PASSWORD).await, "nobody has read the mail yet");
    let mail = sink.for_somebody("carol@example.org", 1).await;
    assert_eq!(mail.header("Subject"), "Please confirm");
    let reader = Client::new();
    clicked(&reader, &mail.link()).await;
    assert_eq!(me(&server, &reader).await, "carol");
    assert!(signs_in(&server, "carol", PASSWORD).await);
    // One that somebody has shut is opened by no mail.
    let carol = server.api().only("core/users/?username=carol").await["pk"].as_i64().expect("a number");
    server.api().patch(&format!("core/users/{carol}/"), &json!({"is_active": false})).await.expect(200);
    asked(&server, RECOVERY, "carol").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(sink.mails().len(), 1);
}

async fn a_mail_arrives_when_the_mail_server_is_back(database: Database) {
    let port = free_port();
    let server = builder(database, port).start().await;
    server.api().create_user("ada", PASSWORD, &[]).await;
    let (_, told) = asked(&server, RECOVERY, "ada").await;
    assert_eq!(told["component"], "ak-stage-email", "nobody waits for the mail server: {told}");
    eventually(async || tasks(&server).await.iter().any(|task| task["logs"][0]["log_level"] == "warning")).await;
    let waiting = tasks(&server).await;
    assert_eq!((waiting.len(), &waiting[0]["state"]), (1, &json!("queued")), "{waiting:?}");
    let sink = MailSink::start_at(port).await;
    let link = sink.for_somebody("ada@example.org", 1).await.link();
    clicked(&Client::new(), &link).await;
    eventually(async || tasks(&server).await[0]["aggregated_status"] == "info").await;
}

async fn mails_of_a_server_that_is_killed_arrive(database: Database) {
    let sink = MailSink::start().await;
    let mut server = builder(database, sink.port()).start().await;
    let api = server.api();
    let invitation = json!({"name": "all", "flow": flow_pk(&server, "join").await});
    let made = api.post("stages/invitation/invitations/", &invitation).await.expect(201).json();
    let send = format!("stages/invitation/invitations/{}/send_email/", made["pk"].as_str().unwrap_or_default());
    let all: Vec<String> = (0..1_000).map(|n| format!("guest-{n}@example.org")).collect();
    // The mail server has a mail before it says so: of those that are under way, nobody notes that they were taken.
    sink.dawdles(Duration::from_millis(100));
    api.post(&send, &json!({"email_addresses": all})).await.expect(204);
    sink.has(300).await;
    server.kill();
    let before = sink.mails().len();
    assert!(before < all.len(), "the server was killed in the middle");
    sink.dawdles(Duration::ZERO);
    server.launch().await;
    // Whoever has claimed a task has it for two minutes: so much is waited for at most.
    let began = std::time::Instant::now();
    let came = || sink.mails().into_iter().flat_map(|mail| mail.to).collect::<BTreeSet<String>>().len();
    while came() < all.len() {
        assert!(began.elapsed() < Duration::from_secs(150), "{} of {} came", came(), all.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // What was sent twice is the same mail, and it was at most one for each that was under way.
    let ids: BTreeSet<String> = sink.mails().iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(ids.len(), all.len(), "a mail that is sent again is the same mail");
    assert!(sink.mails().len() <= all.len() + 8, "{} mails", sink.mails().len());
}

async fn flow_pk(server: &Server, slug: &str) -> Value {
    server.api().get(&format!("flows/instances/{slug}/")).await.expect(200).json()["pk"].clone()
}

async fn a_recipient_who_is_refused_is_given_up(database: Database) {
    let (server, sink) = start(database).await;
    sink.refuses(550);
    asked(&server, RECOVERY, "ada").await;
    eventually(async || tasks(&server).await.iter().any(|task| task["aggregated_status"] == "error")).await;
    let task = tasks(&server).await.pop().unwrap_or_default();
    assert!(task["logs"][0]["event"].as_str().is_some_and(|text| text.contains("550")), "{task}");
    server.logged(&["system_task_exception", "send_mail was given up"]).await;
    // One that may pass is tried again.
    sink.refuses(451);
    asked(&server, RECOVERY, "ada").await;
    eventually(async || tasks(&server).await.iter().any(|task| task["logs"][0]["log_level"] == "warning")).await;
    sink.refuses(0);
    sink.for_somebody("ada@example.org", 1).await;
}

async fn what_administrators_send_arrives(database: Database) {
    let (server, sink) = start(database).await;
    let api = server.api();
    let ada = api.only("core/users/?username=ada").await["pk"].as_i64().expect("a number");
    let stage = api.only("stages/email/?name=default-recovery-email").await["pk"].clone();
    let body = json!({"email_stage": stage, "token_duration": "hours=2"});
    api.post(&format!("core/users/{ada}/recovery_email/"), &body).await.expect(204);
    let mail = sink.for_somebody("ada@example.org", 1).await;
    assert!(mail.text().contains("2 hours"), "{}", mail.text());
    let client = Client::new();
    let page = clicked(&client, &mail.link()).await.reply.text();
    assert!(page.contains("type=\"password\"") && !page.contains("uid_field"), "the link says who it is: {page}");

    let invitation = json!({"name": "friends", "flow": flow_pk(&server, "join").await});
    let made = api.post("stages/invitation/invitations/", &invitation).await.expect(201).json();
    let key = made["pk"].as_str().unwrap_or_default().to_owned();
    let send = format!("stages/invitation/invitations/{key}/send_email/");
    let to = json!({"email_addresses": ["new@example.org"], "cc_addresses": ["cc@example.org"], "bcc_addresses": ["b@example.org"]});
    api.post(&send, &to).await.expect(204);
    for address in ["new@example.org", "cc@example.org", "b@example.org"] {
        let mail = sink.for_somebody(address, 1).await;
        assert_eq!((mail.header("To"), mail.header("Cc")), ("new@example.org".into(), "cc@example.org".into()));
        assert!(!mail.raw.contains("b@example.org"), "nobody sees who has a blind copy");
        assert!(mail.link().ends_with(&format!("/if/flow/join/?itoken={key}")), "{}", mail.link());
    }
    assert!(server.logs().iter().all(|line| !line.contains(&key)), "the log holds the key of an invitation");
    let wrong = json!({"email_addresses": ["nobody"], "template": "invitation"});
    api.post(&send, &wrong).await.expect(400);

    let transport = json!({"name": "post", "mode": "email", "email_subject_prefix": "Acme says: "});
    let transport = api.post("events/transports/", &transport).await.expect(201).json();
    let tested = format!("events/transports/{}/test/", transport["pk"].as_str().unwrap_or_default());
    let said = api.post(&tested, &json!({})).await.expect(200).json();
    assert!(said["messages"][0].as_str().is_some_and(|text| text.contains("250")), "{said}");
    let mail = sink.for_somebody("root@example.com", 1).await;
    assert!(mail.header("Subject").starts_with("Acme says: ") && mail.text().contains("Test notification"), "{mail:?}");

    let told = server.run(&["test_email", "someone@example.org"]);
    assert_eq!(told.code, 0, "{}", told.text);
    assert_eq!(sink.for_somebody("someone@example.org", 1).await.header("Subject"), "Test mail from Acme");
    let told = server.run(&["test_email", "other@example.org", "-S", "default-recovery-email"]);
    assert_eq!(told.code, 0, "{}", told.text);
    let told = server.run(&["test_email", "other@example.org", "-S", "no-such-stage"]);
    assert!(told.code == 1 && told.text.contains("no-such-stage"), "{}", told.text);
}

async fn without_a_mail_server_everything_says_so(database: Database) {
    let server = Server::builder(database).config("mail.yaml", FOLDER).start().await;
    let api = server.api();
    let ada = api.create_user("ada", PASSWORD, &[]).await;
    for who in ["ada", "nobody"] {
        let (_, told) = asked(&server, RECOVERY, who).await;
        assert_eq!(told["component"], "ak-stage-access-denied", "{told}");
        assert!(told["error_message"].as_str().is_some_and(|text| text.contains("cannot send mail")), "{told}");
    }
    server.logged(&["no mail server is set (LOCKGATE_EMAIL__HOST)"]).await;
    let stage = api.only("stages/email/?name=default-recovery-email").await["pk"].clone();
    let told = api.post(&format!("core/users/{ada}/recovery_email/"), &json!({"email_stage": stage})).await.expect(400);
    assert!(told.text().contains("LOCKGATE_EMAIL__HOST"), "{}", told.text());
    let transport = api.post("events/transports/", &json!({"name": "post", "mode": "email"})).await.expect(201).json();
    let tested = format!("events/transports/{}/test/", transport["pk"].as_str().unwrap_or_default());
    let told = api.post(&tested, &json!({})).await.expect(400);
    assert!(told.text().contains("LOCKGATE_EMAIL__HOST"), "{}", told.text());
    let told = server.run(&["test_email", "someone@example.org"]);
    assert!(told.code == 1 && told.text.contains("LOCKGATE_EMAIL__HOST"), "{}", told.text);
    let told = CommandOutcome::run(&["test_email"]);
    assert_ne!(told.code, 0, "an address is needed: {}", told.text);
    assert!(tasks(&server).await.is_empty());
}

/// The code in a mail.
fn code(mail: &lockgate_tests::Mail) -> String {
    let text = mail.text();
    let found = text.split_whitespace().find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()));
    found.unwrap_or_else(|| panic!("no code in {text}")).to_owned()
}

async fn codes_by_mail_are_a_second_factor(database: Database) {
    const SETUP: &str = "ak-stage-authenticator-email";
    const VALIDATE: &str = "ak-stage-authenticator-validate";
    let (server, sink) = start(database).await;
    let (client, base) = (Client::new(), server.base());
    Executor::new(&client, &base, LOGIN, "").login("ada", PASSWORD).await.redirect();
    let setup = Executor::new(&client, &base, "default-authenticator-email-setup", "");
    let asked = setup.challenge().await.expect(200).json();
    assert_eq!((&asked["component"], &asked["email"]), (&json!(SETUP), &json!("ada@example.org")), "{asked}");
    let first = code(&sink.for_somebody("ada@example.org", 1).await);
    let wrong = if first == "000000" { "111111" } else { "000000" };
    let told = setup.answer(&json!({"component": SETUP, "code": wrong})).await.expect(200).json();
    assert!(told["response_errors"]["code"].is_array(), "{told}");
    // Another address takes another code.
    setup.answer(&json!({"component": SETUP, "email": "ada@example.net"})).await.expect(200);
    let second = code(&sink.for_somebody("ada@example.net", 1).await);
    if first != second {
        let told = setup.answer(&json!({"component": SETUP, "code": first})).await.expect(200).json();
        assert!(told["response_errors"]["code"].is_array(), "{told}");
    }
    let done = setup.answer(&json!({"component": SETUP, "code": second})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    let found = server.api().get("authenticators/admin/email/").await.expect(200).text();
    assert!(found.contains("ada@example.net"), "{found}");

    // From now on the login asks for one.
    let client = Client::new();
    let login = Executor::new(&client, &base, LOGIN, "");
    login.challenge().await.expect(200);
    login.answer(&json!({"component": "ak-stage-identification", "uid_field": "ada"})).await.expect(200);
    let asked = login.answer(&json!({"component": "ak-stage-password", "password": PASSWORD})).await.expect(200).json();
    assert_eq!(asked["device_challenges"][0]["device_class"], "email", "{asked}");
    let mail = sink.for_somebody("ada@example.net", 2).await;
    assert!(mail.header("Subject") == "Sign-in code" && mail.text().contains("10 minutes"), "{}", mail.text());
    // To look again sends nothing.
    login.challenge().await.expect(200);
    let right = code(&mail);
    let wrong = if right == "000000" { "111111" } else { "000000" };
    let told = login.answer(&json!({"component": VALIDATE, "code": wrong})).await.expect(200).json();
    assert!(told["response_errors"]["code"].is_array(), "{told}");
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    let done = login.answer(&json!({"component": VALIDATE, "code": right})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    assert_eq!(me(&server, &client).await, "ada");
    assert_eq!(sink.mails().len(), 3);
    assert!(server.logs().iter().all(|line| !line.contains(&right)), "the log holds a code");

    // It worked once.
    let late = Client::new();
    let login = Executor::new(&late, &base, LOGIN, "");
    login.challenge().await.expect(200);
    login.answer(&json!({"component": "ak-stage-identification", "uid_field": "ada"})).await.expect(200);
    login.answer(&json!({"component": "ak-stage-password", "password": PASSWORD})).await.expect(200);
    let told = login.answer(&json!({"component": VALIDATE, "code": right})).await.expect(200).json();
    assert!(told["response_errors"]["code"].is_array(), "{told}");
    assert_eq!(me(&server, &late).await, Value::Null);
}

async fn a_stage_has_a_mail_server_of_its_own(database: Database) {
    let sink = MailSink::start().await;
    let flow = format!(
        "flow: own\ntitle: Own\ndesignation: recovery\nstages:\n  - identify: {{ by: [username] }}\n  - email: {{ host: 127.0.0.1, port: {}, \
         username: relay, password: {{ env: RELAY }}, from: own@example.com, subject: Ours, timeout: 5 }}\n    name: own-mail\n",
        sink.port()
    );
    let server = Server::builder(database).config("own.yaml", &flow).set("RELAY", "hush-hush").start().await;
    server.api().create_user("ada", PASSWORD, &[]).await;
    asked(&server, "own", "ada").await;
    let mail = sink.for_somebody("ada@example.org", 1).await;
    assert_eq!((mail.header("Subject"), mail.header("From")), ("Ours".into(), "Lockgate <own@example.com>".into()));
    // NUL relay NUL hush-hush
    assert_eq!(sink.logins(), ["AHJlbGF5AGh1c2gtaHVzaA=="]);
    let told = server.run(&["test_email", "someone@example.org", "-S", "own-mail"]);
    assert_eq!(told.code, 0, "{}", told.text);
    sink.for_somebody("someone@example.org", 1).await;
    assert!(server.logs().iter().all(|line| !line.contains("hush-hush")));
    assert!(!tasks(&server).await.iter().any(|task| task.to_string().contains("hush-hush")));
}

/// A folder's own tests go through mails, too.
#[test]
fn tests_of_a_folder_open_the_links_of_mails() {
    const TESTS: &str = r#"brand: authentik-default
default: true
title: Acme
flow_recovery: default-recovery-flow
---
test: a new password by mail
users:
  ada: { email: ada@example.com, password: old }
flow: default-recovery-flow
steps:
  - identify: { uid_field: ada@example.com }
  - email: {}
  - prompt: { password: "walnut-prism-harbor-93", password_repeat: "walnut-prism-harbor-93" }
  - ends: login
    user: ada
---
test: nobody gets in by an unknown name
flow: default-recovery-flow
steps:
  - identify: { uid_field: nobody }
  - email: {}
  - ends: deny
---
test: codes by mail are set up
users:
  ada: { email: ada@example.com, password: old }
flow: default-authenticator-email-setup
as: ada
steps:
  - enroll_email: { code: "000000" }
    fails: code
  - enroll_email: { code: "123456" }
  - ends: done
"#;
    let folder = tempfile::TempDir::with_prefix("lockgate-mail-").expect("the temporary folder is writable");
    std::fs::write(folder.path().join("tests.yaml"), TESTS).expect("a fresh folder is writable");
    let told = CommandOutcome::run(&["test", &folder.path().to_string_lossy()]);
    assert!(told.code == 0 && told.text.contains("3 tests"), "{}", told.text);
}
