//! Captchas: a stage of its own, and beside the name; over the API and in a browser.

use lockgate_tests::{
    Browser, BrowserOptions, CaptchaService, Client, CommandOutcome, Database, Executor, FlowEnd, Mood, Server,
};
use serde_json::json;

const PASSWORD: &str = "trellis-mango-orbit-58";
const STAGE: &str = "ak-stage-captcha";
const IDENTIFY: &str = "ak-stage-identification";

on_each_database!(
    a_token_counts_once_and_only_with_the_services_word,
    a_service_that_fails_lets_nobody_by_and_everybody_try_again,
    a_score_is_judged_by_the_stage_or_by_policies,
    beside_the_name_it_guards_the_password,
    a_browser_runs_the_widget,
    a_browser_that_cannot_is_told,
);

/// Flows around a service whose script is at `script` and whose answers come from `check`.
fn folder(script: &str, check: &str) -> String {
    format!(
        r#"stage: robots
captcha: {{ site_key: shown, secret: {{ env: CAPTCHA_KEY }}, js_url: "{script}", api_url: "{check}" }}
---
stage: robots-by-json
captcha:
  site_key: shown
  secret: {{ env: CAPTCHA_KEY }}
  js_url: "{script}"
  api_url: "{check}"
  request_content_type: application/json
  interactive: true
---
stage: robots-by-score
captcha:
  site_key: shown
  secret: {{ env: CAPTCHA_KEY }}
  js_url: "{script}"
  api_url: "{check}"
  error_on_invalid_score: false
---
flow: alone
title: Alone
designation: authentication
stages:
  - stage: robots
  - identify: {{ by: [username], password: inline }}
  - login
---
flow: by-hand
title: By hand
designation: authentication
stages:
  - stage: robots-by-json
  - identify: {{ by: [username], password: inline }}
  - login
---
flow: by-score
title: By score
designation: authentication
stages:
  - stage: robots-by-score
  - deny: {{ message: Robots stay out. }}
    when: "context.captcha.response.score < 0.3"
  - identify: {{ by: [username], password: inline }}
  - login
---
flow: beside
title: Beside
designation: authentication
stages:
  - identify: {{ by: [username], password: inline, captcha_stage: robots }}
  - login
---
flow: beside-by-hand
title: Beside, by hand
designation: authentication
stages:
  - identify: {{ by: [username], password: inline, captcha_stage: robots-by-json }}
  - login
"#
    )
}

async fn start(database: Database, service: &CaptchaService) -> Server {
    let text = folder(&service.url("/api.js"), &service.by_address("/siteverify"));
    let server =
        Server::builder(database).config("robots.yaml", &text).set("CAPTCHA_KEY", CaptchaService::SECRET).start().await;
    server.api().create_user("ada", PASSWORD, &[]).await;
    server
}

async fn a_token_counts_once_and_only_with_the_services_word(database: Database) {
    let service = CaptchaService::start().await;
    let server = start(database, &service).await;
    for (slug, kind) in [("alone", "application/x-www-form-urlencoded"), ("by-hand", "application/json")] {
        let (client, base) = (Client::new(), server.base());
        let flow = Executor::new(&client, &base, slug, "");
        let shown = flow.challenge().await.expect(200).json();
        assert_eq!((&shown["component"], &shown["site_key"]), (&json!(STAGE), &json!("shown")), "{shown}");
        assert_eq!(shown["js_url"], service.url("/api.js"), "{shown}");
        assert_eq!(shown["interactive"], slug == "by-hand", "{shown}");
        let made_up = flow.answer(&json!({"component": STAGE, "token": "made-up"})).await.expect(200).json();
        assert_eq!(made_up["response_errors"]["token"][0]["code"], "invalid", "{made_up}");
        let token = service.token();
        let on = flow.answer(&json!({"component": STAGE, "token": token})).await.expect(200).json();
        assert_eq!(on["component"], IDENTIFY, "{on}");
        let (sent, asked) = service.heard().pop().expect("it was asked");
        assert_eq!(sent, kind);
        assert_eq!(asked["remoteip"], "127.0.0.1", "{asked:?}");

        let (other, base) = (Client::new(), server.base());
        let flow = Executor::new(&other, &base, slug, "");
        flow.challenge().await.expect(200);
        let again = flow.answer(&json!({"component": STAGE, "token": token})).await.expect(200).json();
        assert_eq!(again["component"], STAGE, "{again}");
    }
    assert!(!server.logs().join("\n").contains(CaptchaService::SECRET));
}

async fn a_service_that_fails_lets_nobody_by_and_everybody_try_again(database: Database) {
    let service = CaptchaService::start().await;
    let server = start(database, &service).await;
    let (client, base) = (Client::new(), server.base());
    let flow = Executor::new(&client, &base, "alone", "");
    flow.challenge().await.expect(200);
    for mood in [Mood::Broken, Mood::Elsewhere, Mood::Endless, Mood::Babbling] {
        service.is(mood);
        let token = service.token();
        let told = flow.answer(&json!({"component": STAGE, "token": token})).await.expect(200).json();
        assert_eq!(told["component"], STAGE, "{mood:?}: {told}");
        assert_eq!(told["response_errors"]["token"][0]["code"], "unavailable", "{mood:?}: {told}");
    }
    server.logged(&["the service of captchas could not be asked", "502"]).await;
    service.is(Mood::Well);
    let on = flow.answer(&json!({"component": STAGE, "token": service.token()})).await.expect(200).json();
    assert_eq!(on["component"], IDENTIFY, "{on}");

    // Nobody is there at all.
    let gone = folder(&service.url("/api.js"), "http://127.0.0.1:9/siteverify");
    let server =
        Server::builder(database).config("robots.yaml", &gone).set("CAPTCHA_KEY", CaptchaService::SECRET).start().await;
    let (client, base) = (Client::new(), server.base());
    let flow = Executor::new(&client, &base, "alone", "");
    flow.challenge().await.expect(200);
    let told = flow.answer(&json!({"component": STAGE, "token": service.token()})).await.expect(200).json();
    assert_eq!(told["response_errors"]["token"][0]["code"], "unavailable", "{told}");
    let line = server.logged(&["the service of captchas could not be asked"]).await;
    assert!(!line.contains(CaptchaService::SECRET) && !line.contains("token-"), "{line}");
}

async fn a_score_is_judged_by_the_stage_or_by_policies(database: Database) {
    let service = CaptchaService::start().await;
    let server = start(database, &service).await;
    let at = async |slug: &str, score: f64| {
        service.scores(score);
        let (client, base) = (Client::new(), server.base());
        let flow = Executor::new(&client, &base, slug, "");
        flow.challenge().await.expect(200);
        let answer = json!({"component": STAGE, "token": service.token()});
        flow.answer(&answer).await.expect(200).json()["component"].clone()
    };
    // Half is the least unless the stage says otherwise.
    assert_eq!(at("alone", 0.4).await, STAGE);
    assert_eq!(at("alone", 0.6).await, IDENTIFY);
    assert_eq!(at("by-score", 0.4).await, IDENTIFY);
    assert_eq!(at("by-score", 0.2).await, "ak-stage-access-denied");
}

async fn beside_the_name_it_guards_the_password(database: Database) {
    let service = CaptchaService::start().await;
    let server = start(database, &service).await;
    let (client, base) = (Client::new(), server.base());
    let flow = Executor::new(&client, &base, "beside", "");
    let shown = flow.challenge().await.expect(200).json();
    assert_eq!(shown["captcha_stage"]["site_key"], "shown", "{shown}");
    assert_eq!(shown["captcha_stage"]["component"], STAGE, "{shown}");
    let given =
        |token: &str| json!({"component": IDENTIFY, "uid_field": "ada", "password": PASSWORD, "captcha_token": token});
    let end = flow.login("ada", PASSWORD).await;
    assert!(matches!(end, FlowEnd::Refused(_)), "without a token: {end:?}");
    let wrong = flow.answer(&given("made-up")).await.expect(200).json();
    assert_eq!(wrong["response_errors"]["non_field_errors"][0]["code"], "invalid", "{wrong}");
    let failures = server.api().get("events/events/?action=login_failed").await.expect(200).json();
    assert_eq!(failures["pagination"]["count"], 0, "no password was tried: {failures}");
    let done = flow.answer(&given(&service.token())).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
}

async fn a_browser_runs_the_widget(database: Database) {
    let service = CaptchaService::start().await;
    let server = start(database, &service).await;
    let browser = Browser::start().await;
    let page = |slug: &str| server.url(&format!("/if/flow/{slug}/?next=/-/health/live/"));
    let end = server.url("/-/health/live/");

    // One that asks nothing sends itself.
    browser.open(&page("alone")).await;
    browser.find("input[name=uid_field]").await;
    let policy = server.get("/if/flow/alone/").await.expect(200).header("Content-Security-Policy").to_owned();
    let origin = service.url("");
    for rule in ["script-src 'self'", "connect-src", "frame-src"] {
        assert!(policy.contains(&format!("{rule} {origin}")), "{rule} {origin} is missing in: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    browser.sign_in("ada", PASSWORD).await;
    browser.arrives_at(&end).await;

    // One that asks something goes on when it was answered.
    browser.driver().delete_all_cookies().await.expect("the browser forgets who is there");
    browser.open(&page("by-hand")).await;
    browser.find("[data-captcha] iframe").await;
    browser.submit().await;
    let told = browser.find(".wrong[role=alert]:not([hidden])").await.text().await.expect("the page is there");
    assert!(told.contains("answer the check"), "{told}");
    browser.find("#person").await.click().await.expect("the widget can be clicked");
    browser.find("input[name=uid_field]").await;

    // Beside the name, it is asked when the form is sent.
    browser.open(&page("beside")).await;
    browser.sign_in("ada", "wrong").await;
    browser.find("[role=alert] li, .summary").await;
    browser.fill("input[name=password]", PASSWORD).await;
    browser.submit().await;
    browser.arrives_at(&end).await;

    browser.driver().delete_all_cookies().await.expect("the browser forgets who is there");
    browser.open(&page("beside-by-hand")).await;
    browser.find("#person").await.click().await.expect("the widget can be clicked");
    browser.sign_in("ada", PASSWORD).await;
    browser.arrives_at(&end).await;

    // No other page has anything from there.
    let other = server.get("/if/flow/default-authentication-flow/").await.expect(200);
    assert!(!other.header("Content-Security-Policy").contains("captcha"), "{:?}", other.headers);
    browser.close().await;
}

async fn a_browser_that_cannot_is_told(database: Database) {
    let service = CaptchaService::start().await;
    let server = start(database, &service).await;
    let browser = Browser::start_with(BrowserOptions { javascript: false, ..BrowserOptions::default() }).await;
    browser.open(&server.url("/if/flow/alone/")).await;
    assert!(browser.text().await.contains("needs JavaScript"), "{}", browser.text().await);
    browser.submit().await;
    browser.find("[role=alert] li").await;
    browser.close().await;

    let lost = folder("http://captcha.lockgate.test:9/api.js", &service.by_address("/siteverify"));
    let server =
        Server::builder(database).config("robots.yaml", &lost).set("CAPTCHA_KEY", CaptchaService::SECRET).start().await;
    let browser = Browser::start().await;
    browser.open(&server.url("/if/flow/beside/")).await;
    let told = browser.find(".wrong[role=alert]:not([hidden])").await.text().await.expect("the page is there");
    assert!(told.contains("could not be loaded"), "{told}");
    browser.close().await;
}

#[test]
fn tests_of_a_folder_answer_captchas() {
    let tests = r#"test: robots
users:
  ada: { password: right }
flow: by-score
steps:
  - captcha: { token: made-up }
    fails: token
  - captcha: { token: silent }
    fails: token
  - captcha: { token: "0.9" }
  - identify: { uid_field: ada, password: right }
  - ends: login
---
test: a robot
flow: by-score
steps:
  - captcha: { token: "0.1" }
  - ends: deny
    shows: Robots stay out.
---
test: beside
users:
  ada: { password: right }
flow: beside
steps:
  - identify: { uid_field: ada, password: right }
    fails: captcha_token
  - identify: { uid_field: ada, password: right, captcha_token: person }
  - ends: login
"#;
    let folder = tempfile::tempdir().expect("a folder");
    let flows = self::folder("https://captcha.example.com/api.js", "https://captcha.example.com/siteverify");
    std::fs::write(folder.path().join("robots.yaml"), flows).expect("written");
    std::fs::write(folder.path().join("tests.yaml"), tests).expect("written");
    let path = folder.path().display().to_string();
    let outcome = CommandOutcome::run(&["test", &path]);
    assert_eq!(outcome.code, 0, "{}", outcome.text);
}
