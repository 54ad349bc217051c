//! Second factors: set up, asked for, used once, and what opens by them.

use std::time::{SystemTime, UNIX_EPOCH};

use lockgate_tests::{Browser, BrowserOptions, Client, Database, Executor, FlowEnd, Reply, Server};
use serde_json::{Value, json};
use totp_rs::Totp;

const PASSWORD: &str = "trellis-mango-orbit-58";
const LOGIN: &str = "default-authentication-flow";
const TOTP_SETUP: &str = "default-authenticator-totp-setup";
const STATIC_SETUP: &str = "default-authenticator-static-setup";
const TOTP: &str = "ak-stage-authenticator-totp";
const STATIC: &str = "ak-stage-authenticator-static";
const VALIDATE: &str = "ak-stage-authenticator-validate";

/// Applications of one tag want a second factor; a flow has whoever has none set one up, and remembers it.
const FOLDER: &str = r#"app: open
name: Open
url: https://open.example.com
---
app: guarded
name: Guarded
url: https://guarded.example.com
tags: [management]
---
stage: an-app
enroll_totp: { title: My phone, digits: "8" }
---
flow: strict
title: Strict
designation: authentication
stages:
  - identify: { by: [username], password: inline }
  - mfa: { otherwise: configure, configure: [an-app], remember: 8h }
    name: strict-mfa
  - login
"#;

const MANAGEMENT: &str = r#"@id("management-needs-mfa")
forbid (principal, action == Action::"access", resource in Tag::"management") unless { context.mfa };
"#;

on_each_database!(
    an_app_is_set_up_and_its_codes_let_in_once,
    codes_on_paper_let_in_once_and_are_replaced,
    two_logins_with_the_same_code_are_one,
    wrong_codes_make_a_pause,
    a_second_factor_is_set_up_where_the_flow_wants_one,
    what_wants_a_second_factor_opens_with_one,
    the_pages_lead_through_it_without_scripts,
    an_administrator_hands_factors_out,
);

async fn start(database: Database) -> Server {
    let server = Server::builder(database).config("factors.yaml", FOLDER).config("mfa.cedar", MANAGEMENT).start().await;
    server.api().create_user("ada", PASSWORD, &[]).await;
    server
}

/// The code that the app shows now, or some steps of half a minute later.
fn shown(config_url: &str, later: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    let totp = Totp::from_url(config_url).expect("an address for apps");
    totp.generate(now + later * 30).to_string()
}

/// Signs in as far as the second factor; the challenge there, or whatever ends the flow.
async fn as_far_as_the_factor(flow: &Executor<'_>) -> Value {
    flow.challenge().await.expect(200);
    let mut challenge = flow.answer(&json!({"uid_field": "ada", "password": PASSWORD})).await.expect(200).json();
    if challenge["component"] == "ak-stage-password" {
        challenge = flow.answer(&json!({"password": PASSWORD})).await.expect(200).json();
    }
    challenge
}

async fn signed_in(server: &Server) -> Client {
    let client = Client::new();
    Executor::new(&client, &server.base(), LOGIN, "").login("ada", PASSWORD).await.redirect();
    client
}

/// Sets up an app with the client's session; the address that it took.
async fn with_app(server: &Server, client: &Client) -> String {
    let base = server.base();
    let setup = Executor::new(client, &base, TOTP_SETUP, "");
    let challenge = setup.challenge().await.expect(200).json();
    assert_eq!(challenge["component"], TOTP, "{challenge}");
    let address = challenge["config_url"].as_str().expect("an address").to_owned();
    let wrong = setup.answer(&json!({"component": TOTP, "code": "000000"})).await.expect(200).json();
    assert_eq!(wrong["response_errors"]["code"][0]["string"], "Code does not match", "{wrong}");
    let done = setup.answer(&json!({"component": TOTP, "code": shown(&address, 0)})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    address
}

fn code(code: &str) -> Value {
    json!({"component": VALIDATE, "code": code})
}

fn refused(reply: &Reply) -> String {
    reply.json()["response_errors"]["code"][0]["code"].as_str().unwrap_or_default().to_owned()
}

async fn an_app_is_set_up_and_its_codes_let_in_once(database: Database) {
    let server = start(database).await;
    let base = server.base();
    let first = signed_in(&server).await;
    let address = with_app(&server, &first).await;
    assert!(address.contains(":ada?"), "{address}");
    let devices = first.get(&server.url("/api/v3/authenticators/totp/")).await.expect(200).json();
    assert_eq!(devices["results"][0]["name"], "Authenticator app", "{devices}");
    assert!(!devices.to_string().contains("secret"), "{devices}");

    // The code that proved the app is used up.
    let second = Client::new();
    let login = Executor::new(&second, &base, LOGIN, "");
    let challenge = as_far_as_the_factor(&login).await;
    assert_eq!(challenge["component"], VALIDATE, "{challenge}");
    assert_eq!(challenge["device_challenges"][0]["device_class"], "totp", "{challenge}");
    assert_eq!(refused(&login.answer(&code(&shown(&address, 0))).await), "invalid");
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let next = shown(&address, 1);
    let done = login.answer(&code(&next)).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");

    let third = Client::new();
    let login = Executor::new(&third, &base, LOGIN, "");
    as_far_as_the_factor(&login).await;
    assert_eq!(refused(&login.answer(&code(&next)).await), "invalid", "a code is used twice");
    let events = server.api().get("events/events/?action=login_failed").await.expect(200).json();
    assert_eq!(events["results"][0]["context"]["reason"], "wrong_code", "{events}");
    let made = server.api().get("events/events/?action=model_created&username=ada").await.expect(200).json();
    assert_eq!(made["results"][0]["context"]["kind"], "totp", "{made}");
}

async fn codes_on_paper_let_in_once_and_are_replaced(database: Database) {
    let server = start(database).await;
    let base = server.base();
    let first = signed_in(&server).await;
    let setup = Executor::new(&first, &base, STATIC_SETUP, "");
    let challenge = setup.challenge().await.expect(200).json();
    assert_eq!(challenge["component"], STATIC, "{challenge}");
    let codes: Vec<String> = serde_json::from_value(challenge["codes"].clone()).expect("codes");
    assert_eq!((codes.len(), codes[0].len()), (6, 12));
    setup.answer(&json!({"component": STATIC})).await.expect(200);

    let with = async |text: &str| {
        let client = Client::new();
        let login = Executor::new(&client, &base, LOGIN, "");
        let challenge = as_far_as_the_factor(&login).await;
        assert_eq!(challenge["component"], VALIDATE, "{challenge}");
        let end = login.answer(&code(text)).await.expect(200).json();
        (client, end["component"] == "xak-flow-redirect")
    };
    // As people copy it: in capitals, with a space.
    let (client, entered) = with(&format!(" {} {}", codes[0][..6].to_uppercase(), &codes[0][6..])).await;
    assert!(entered);
    assert!(!with(&codes[0]).await.1, "a code is used twice");
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;

    // New ones take the place of those that there were: shown after one of these.
    let setup = Executor::new(&client, &base, STATIC_SETUP, "");
    let asked = setup.challenge().await.expect(200).json();
    assert_eq!(asked["component"], VALIDATE, "{asked}");
    let challenge = setup.answer(&code(&codes[1])).await.expect(200).json();
    let new: Vec<String> = serde_json::from_value(challenge["codes"].clone()).expect("codes");
    setup.answer(&json!({"component": STATIC})).await.expect(200);
    assert!(!with(&codes[2]).await.1, "an old code");
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    assert!(with(&new[5]).await.1);
}

async fn two_logins_with_the_same_code_are_one(database: Database) {
    let server = start(database).await;
    let base = server.base();
    let address = with_app(&server, &signed_in(&server).await).await;
    let next = shown(&address, 1);
    let clients: Vec<Client> = (0..6).map(|_| Client::new()).collect();
    let logins: Vec<Executor<'_>> = clients.iter().map(|client| Executor::new(client, &base, LOGIN, "")).collect();
    for login in &logins {
        as_far_as_the_factor(login).await;
    }
    let (answer, mut entered) = (code(&next), 0);
    let all = (logins[0].post(&answer), logins[1].post(&answer), logins[2].post(&answer));
    let more = (logins[3].post(&answer), logins[4].post(&answer), logins[5].post(&answer));
    let (a, b, c, d, e, f) = tokio::join!(all.0, all.1, all.2, more.0, more.1, more.2);
    for reply in [a, b, c, d, e, f] {
        entered += usize::from(reply.status == 302);
        assert!([200, 302, 429].contains(&reply.status), "{}", reply.status);
    }
    assert_eq!(entered, 1);
}

async fn wrong_codes_make_a_pause(database: Database) {
    let server = start(database).await;
    let base = server.base();
    let address = with_app(&server, &signed_in(&server).await).await;
    let client = Client::new();
    let login = Executor::new(&client, &base, LOGIN, "");
    as_far_as_the_factor(&login).await;
    let mut pauses = 0;
    for _ in 0..5 {
        let reply = login.post(&code("000000")).await;
        pauses += usize::from(reply.status == 429);
    }
    assert!(pauses >= 2, "{pauses} pauses in five quick tries");
    // Nor does the right code get through meanwhile.
    assert_eq!(login.post(&code(&shown(&address, 1))).await.status, 429);
}

async fn a_second_factor_is_set_up_where_the_flow_wants_one(database: Database) {
    let server = start(database).await;
    let base = server.base();
    let client = Client::new();
    let strict = Executor::new(&client, &base, "strict", "");
    let challenge = as_far_as_the_factor(&strict).await;
    assert_eq!(challenge["component"], TOTP, "the only setup there is: {challenge}");
    let address = challenge["config_url"].as_str().expect("an address").to_owned();
    assert!(address.contains("digits=8"), "{address}");
    // Halfway is nowhere: another browser does not get in by the password alone.
    let other = Client::new();
    let again = as_far_as_the_factor(&Executor::new(&other, &base, "strict", "")).await;
    assert!(again["component"] == TOTP && again["config_url"] != challenge["config_url"], "{again}");
    assert_eq!(other.get(&server.url("/api/v3/core/users/me/")).await.status, 403);
    let done = strict.answer(&json!({"component": TOTP, "code": shown(&address, 0)})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");

    // This browser is asked, and then it is remembered; another one is asked.
    for (remembered, step) in [(false, 1), (true, 0)] {
        client.get(&server.url("/flows/-/default/invalidation/")).await;
        let end = Executor::new(&client, &base, "default-invalidation-flow", "").login("ada", PASSWORD).await;
        assert!(matches!(end, FlowEnd::Redirect(_) | FlowEnd::Page(_)), "{end:?}");
        let strict = Executor::new(&client, &base, "strict", "");
        let challenge = as_far_as_the_factor(&strict).await;
        if remembered {
            assert_eq!(challenge["component"], "xak-flow-redirect", "{challenge}");
        } else {
            assert_eq!(challenge["component"], VALIDATE, "{challenge}");
            strict.answer(&code(&shown(&address, step))).await.expect(200);
        }
    }
    let stranger = Client::new();
    let challenge = as_far_as_the_factor(&Executor::new(&stranger, &base, "strict", "")).await;
    assert_eq!(challenge["component"], VALIDATE, "{challenge}");
}

async fn what_wants_a_second_factor_opens_with_one(database: Database) {
    let server = start(database).await;
    let base = server.base();
    let slugs = async |client: &Client| {
        let list = client.get(&server.url("/api/v3/core/applications/?ordering=slug")).await.expect(200).json();
        list["results"].as_array().expect("a list").iter().map(|app| app["slug"].clone()).collect::<Vec<_>>()
    };
    let client = signed_in(&server).await;
    assert_eq!(slugs(&client).await, ["open"]);
    let address = with_app(&server, &client).await;
    let again = Client::new();
    let login = Executor::new(&again, &base, LOGIN, "");
    as_far_as_the_factor(&login).await;
    login.answer(&code(&shown(&address, 1))).await.expect(200);
    assert_eq!(slugs(&again).await, ["guarded", "open"]);
}

async fn the_pages_lead_through_it_without_scripts(database: Database) {
    let server = start(database).await;
    let options = BrowserOptions { javascript: false, ..BrowserOptions::default() };
    let browser = Browser::start_with(options).await;
    browser.open(&server.url(&format!("/flows/-/configure/{}/", setup_stage(&server, "static").await))).await;
    browser.sign_in("ada", PASSWORD).await;
    browser.find(".codes li").await;
    browser.screenshot("factor-codes").await;
    let codes = browser.find(".codes").await.text().await.expect("a text");
    let paper = codes.split_whitespace().next().expect("a code").to_owned();
    browser.submit().await;
    browser.arrives_at(&server.url("/if/user/")).await;
    browser.open(&server.url(&format!("/if/flow/{TOTP_SETUP}/"))).await;
    browser.fill("input[name=code]", &paper).await;
    browser.submit().await;
    browser.find("svg.qr").await;
    browser.find("summary").await.click().await.expect("it opens");
    browser.screenshot("factor-totp").await;
    let key = browser.find(".key").await.text().await.expect("a text").replace(' ', "");
    let address = format!("otpauth://totp/x:ada?secret={key}");
    browser.fill("input[name=code]", "000000").await;
    browser.submit().await;
    browser.find("[aria-invalid=true]").await;
    browser.fill("input[name=code]", &shown(&address, 0)).await;
    browser.submit().await;
    browser.arrives_at(&server.url("/if/user/")).await;
    browser.close().await;

    // Another browser: the app is asked for first, and the codes on paper may be taken instead.
    let browser = Browser::start_with(options).await;
    browser.open(&server.url(&format!("/if/flow/{LOGIN}/"))).await;
    browser.sign_in("ada", PASSWORD).await;
    browser.find("input[name=code]").await;
    browser.screenshot("factor-asked").await;
    browser.find("form.ways button").await.click().await.expect("another one can be chosen");
    browser.find("label[for=f-code]").await;
    assert!(browser.text().await.contains("Recovery codes"), "{}", browser.text().await);
    browser.screenshot("factor-other").await;
    browser.find("form.ways button").await.click().await.expect("and back");
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    browser.fill("input[name=code]", &shown(&address, 1)).await;
    browser.submit().await;
    browser.arrives_at(&server.url("/if/user/")).await;
    browser.close().await;
}

async fn setup_stage(server: &Server, kind: &str) -> String {
    let stages = server.api().get(&format!("stages/authenticator/{kind}/")).await.expect(200).json();
    stages["results"][0]["pk"].as_str().expect("a stage").to_owned()
}

async fn an_administrator_hands_factors_out(database: Database) {
    let server = start(database).await;
    let (base, api) = (server.base(), server.api());
    let ada = api.only("core/users/?username=ada").await["pk"].clone();
    let place = |word: &str| format!("lockgate/users/{ada}/authenticators/{word}/");
    let app = api.post(&place("totp"), &json!({"name": "From the help desk", "digits": "8"})).await.expect(201).json();
    let codes = api.post(&place("static"), &json!({"count": 2})).await.expect(201).json();
    let codes: Vec<String> = serde_json::from_value(codes["codes"].clone()).expect("codes");
    assert_eq!((codes.len(), codes[0].len()), (2, 12));
    let devices = api.get("authenticators/admin/totp/").await.expect(200).json();
    assert_eq!(devices["results"][0]["user"]["username"], "ada", "{devices}");
    assert!(!devices.to_string().contains("otpauth"), "{devices}");

    let address = app["config_url"].as_str().expect("an address");
    for text in [shown(address, 0), codes[0].clone()] {
        let client = Client::new();
        let login = Executor::new(&client, &base, LOGIN, "");
        assert_eq!(as_far_as_the_factor(&login).await["component"], VALIDATE);
        assert_eq!(refused(&login.answer(&code("00000000")).await), "invalid");
        // What was wrong is waited for.
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        let done = login.answer(&code(&text)).await.expect(200).json();
        assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    }

    // New codes take the place of the old ones.
    api.post(&place("static"), &json!({})).await.expect(201);
    let sets = api.get("authenticators/admin/static/").await.expect(200).json();
    assert_eq!(sets["pagination"]["count"], 1, "{sets}");
    for wrong in [json!({"count": 0}), json!({"count": 101}), json!({"length": 4}), json!({"name": ""})] {
        api.post(&place("static"), &wrong).await.expect(400);
    }
    api.post("lockgate/users/999999/authenticators/totp/", &json!({})).await.expect(404);
}
