//! New passwords: judged while they are typed, and compared with a file of leaked ones.

use std::path::Path;

use lockgate_tests::{BOOTSTRAP_PASSWORD, Browser, Client, Database, Executor, Reply, Server};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

const NEW: &str = "new-password";

/// The SHA-1 of `password`, between others.
const LEAKED: &str = "\
00000000A8DAE4228F821FB418F59826079BF368:4
5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:10
FFFFFFFEE791CBAC0F6305CAF0CEE06BBE131160:2
";

const FOLDER: &str = r#"policy: rule
password: { length_min: 5, check_have_i_been_pwned: true, check_zxcvbn: true, zxcvbn_score_threshold: 1 }
---
policy: none-of-the-last
unique_password: { num_historical_passwords: 3 }
---
flow: new-password
title: A new password
designation: stage_configuration
requires: require_authenticated
stages:
  - prompt:
      fields:
        - { key: username, label: Name, type: username }
        - { key: password, label: New password, type: password }
        - { key: password_repeat, label: Once more, type: password }
      validate: [rule, none-of-the-last]
  - write: { create: never_create }
"#;

on_each_database!(
    what_is_typed_is_judged_and_nothing_comes_of_it,
    nobody_else_is_asked_while_it_is_typed,
    the_meter_moves_with_what_is_typed,
    a_file_of_leaked_passwords_is_asked_instead_of_a_service,
    a_file_that_cannot_be_used_is_told_and_refuses,
);

/// Somebody on the page of the new password.
struct Typist {
    client: Client,
    page: String,
    csrf: String,
}

impl Typist {
    async fn at(server: &Server) -> Self {
        Self::at_with(server, BOOTSTRAP_PASSWORD).await
    }

    async fn at_with(server: &Server, password: &str) -> Self {
        let client = Client::new();
        Executor::new(&client, &server.base(), "default-authentication-flow", "")
            .login("akadmin", password)
            .await
            .redirect();
        let page = server.url("/if/flow/new-password/");
        let html = client.get(&page).await.expect(200).text();
        let csrf = html.split("name=\"csrf_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let csrf = csrf.unwrap_or_else(|| panic!("no token: {html}")).to_owned();
        Self { client, page, csrf }
    }

    async fn types(&self, typed: &[(&str, &str)]) -> Reply {
        let mut form = vec![("csrf_token", self.csrf.as_str()), ("strength_of", "password")];
        form.extend(typed);
        let request = self.client.request(Method::POST, &format!("{}strength/", self.page));
        Reply::of(request.form(&form)).await
    }

    async fn told(&self, password: &str) -> Value {
        self.types(&[("password", password)]).await.expect(200).json()
    }

    async fn sends(&self, server: &Server, password: &str) -> Vec<String> {
        let flow = Executor::new(&self.client, &server.base(), NEW, "");
        let answer = json!({"username": "akadmin", "password": password, "password_repeat": password});
        let challenge = flow.answer(&answer).await.expect(200).json();
        let errors = challenge["response_errors"]["non_field_errors"].as_array().cloned().unwrap_or_default();
        errors.iter().filter_map(|error| error["string"].as_str()).map(str::to_owned).collect()
    }
}

async fn start(database: Database, settings: &[(&str, &str)]) -> Server {
    let builder = Server::builder(database).config("new.yaml", FOLDER);
    settings.iter().fold(builder, |builder, (name, value)| builder.set(name, value)).start().await
}

fn leaked(folder: &Path, text: &str) -> String {
    let path = folder.join("leaked.txt");
    std::fs::write(&path, text).expect("a fresh folder is writable");
    path.display().to_string()
}

async fn what_is_typed_is_judged_and_nothing_comes_of_it(database: Database) {
    let server =
        start(database, &[("LOCKGATE_LOG_LEVEL", "debug"), ("LOCKGATE_HIBP_URL", "http://127.0.0.1:9/")]).await;
    let typist = Typist::at(&server).await;
    let short = typist.told("four").await;
    assert_eq!(
        (&short["passing"], &short["messages"][0]),
        (&json!(false), &json!("A password needs at least 5 characters."))
    );
    let weak = typist.told("password1").await;
    assert_eq!((&weak["score"], &weak["passing"]), (&json!(0), &json!(false)), "{weak}");
    assert_eq!(weak["messages"][0], "Password is too weak.", "{weak}");
    let strong = typist.told("trellis-mango-orbit-58").await;
    assert_eq!(strong, json!({"score": 4, "passing": true, "messages": []}));
    // One's own name is what others would guess first, also one that was only just typed.
    let own = typist.types(&[("password", "zyxomatic.zyxomatic"), ("username", "zyxomatic")]).await.expect(200).json();
    assert!(own["score"].as_u64() < typist.told("zyxomatic.zyxomatic").await["score"].as_u64(), "{own}");

    let html = typist.client.get(&typist.page).await.expect(200).text();
    assert!(html.contains("name=\"password_repeat\""), "the flow stays where it is");
    assert!(!html.contains("trellis-mango") && !server.logs().join("\n").contains("trellis-mango"));

    // Whoever is not on that page gets no answer.
    let forged = Typist { csrf: "made-up".to_owned(), client: typist.client, page: typist.page.clone() };
    forged.types(&[("password", "x")]).await.expect(403);
    let stranger = Typist { client: Client::new(), ..forged };
    stranger.types(&[("password", "x")]).await.expect(403);
    let again = Typist::at(&server).await;
    let request = again.client.request(Method::POST, &format!("{}strength/", again.page));
    let other = [("csrf_token", again.csrf.as_str()), ("strength_of", "username"), ("username", "x")];
    Reply::of(request.form(&other)).await.expect(404);
    let elsewhere = Typist { page: server.url("/if/flow/default-authentication-flow/"), ..again };
    elsewhere.types(&[("password", "x")]).await.expect(404);

    // And nobody gets very many.
    let hasty = Typist::at(&server).await;
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(hasty.types(&[("password", "x")]).await.status);
    }
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
}

async fn nobody_else_is_asked_while_it_is_typed(database: Database) {
    // A service that answers nothing: whoever asks it is refused.
    let server = start(database, &[("LOCKGATE_HIBP_URL", "http://127.0.0.1:9/")]).await;
    let typist = Typist::at(&server).await;
    assert_eq!(typist.told("trellis-mango-orbit-58").await["passing"], true);
    // Nor are earlier ones compared, which takes long.
    assert_eq!(typist.told(BOOTSTRAP_PASSWORD).await["passing"], true);
    let told = typist.sends(&server, "trellis-mango-orbit-58").await;
    assert_eq!(told, ["The password could not be checked. Please try again later."]);
}

async fn the_meter_moves_with_what_is_typed(database: Database) {
    let server = start(database, &[("LOCKGATE_HIBP_URL", "http://127.0.0.1:9/")]).await;
    let browser = Browser::start().await;
    browser.open(&server.url("/if/flow/default-authentication-flow/?next=/if/flow/new-password/")).await;
    browser.sign_in("akadmin", BOOTSTRAP_PASSWORD).await;
    browser.find("meter").await;
    let height = async || browser.run("return document.querySelector('form').offsetHeight").await;
    let said = async |wanted: &str| {
        for _ in 0..100 {
            if browser.find(".strength p").await.text().await.expect("the page is there").contains(wanted) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("\"{wanted}\" is not said:\n{}", browser.text().await);
    };
    let before = height().await;
    browser.fill("input[name=password]", "password1").await;
    said("Password is too weak.").await;
    browser.screenshot(&format!("strength-weak-{database:?}")).await;
    browser.fill("input[name=password]", "trellis-mango-orbit-58").await;
    said("Very hard to guess.").await;
    assert_eq!(browser.run("return document.querySelector('meter').value").await, 4);
    assert_eq!(height().await, before, "the page has moved");
    assert_eq!(browser.run("return document.querySelectorAll('meter').length").await, 1, "the repetition has none");
    browser.close().await;

    let typist = Typist::at(&server).await;
    let page = typist.client.get(&typist.page).await.expect(200);
    assert!(page.header("Content-Security-Policy").contains("connect-src 'self'"));
    let other = server.get("/if/flow/default-authentication-flow/").await.expect(200);
    assert!(!other.header("Content-Security-Policy").contains("connect-src"));
}

async fn a_file_of_leaked_passwords_is_asked_instead_of_a_service(database: Database) {
    let folder = TempDir::new().expect("a folder");
    let path = leaked(folder.path(), LEAKED);
    let settings = [("LOCKGATE_PASSWORDS__BREACHED_FILE", path.as_str()), ("LOCKGATE_HIBP_URL", "http://127.0.0.1:9/")];
    let server = start(database, &settings).await;
    server.logged(&["passwords are compared with a file of leaked ones"]).await;
    let typist = Typist::at(&server).await;
    assert_eq!(typist.sends(&server, "password").await, ["Password exists on 10 online lists."]);
    assert_eq!(typist.told("password").await["messages"], json!(["Password exists on 10 online lists."]));
    assert!(typist.sends(&server, "trellis-mango-orbit-58").await.is_empty());

    // A list without numbers, as others are, takes its place while the server runs.
    let typist = Typist::at_with(&server, "trellis-mango-orbit-58").await;
    let bare: String = LEAKED.lines().map(|line| format!("{}\r\n", &line[..40])).collect();
    leaked(folder.path(), &bare);
    assert_eq!(typist.sends(&server, "password").await, ["Password exists on online lists."]);
    std::fs::remove_file(&path).expect("it is there");
    let told = typist.sends(&server, "another-mango-orbit-59").await;
    assert_eq!(told, ["The password could not be checked. Please try again later."]);
    server.logged(&["the file of leaked passwords", "No such file"]).await;
}

async fn a_file_that_cannot_be_used_is_told_and_refuses(database: Database) {
    let folder = TempDir::new().expect("a folder");
    let turned: Vec<&str> = LEAKED.lines().rev().collect();
    let path = leaked(folder.path(), &turned.join("\n"));
    let server = start(database, &[("LOCKGATE_PASSWORDS__BREACHED_FILE", path.as_str())]).await;
    server.logged(&["cannot be used", "it is not sorted by hash"]).await;
    let typist = Typist::at(&server).await;
    let told = typist.sends(&server, "trellis-mango-orbit-58").await;
    assert_eq!(told, ["The password could not be checked. Please try again later."]);
    assert_eq!(typist.told("trellis-mango-orbit-58").await["passing"], false);

    let gone = folder.path().join("gone.txt").display().to_string();
    let server = start(database, &[("LOCKGATE_PASSWORDS__BREACHED_FILE", gone.as_str())]).await;
    server.logged(&["cannot be used", "No such file"]).await;
}
