//! Passkeys: made, shown as a second factor, beside the name, and alone.

use lockgate_tests::{Browser, Client, Database, Executor, FlowEnd, Server, SoftPasskey};
use serde_json::{Value, json};

const PASSWORD: &str = "trellis-mango-orbit-58";
const LOGIN: &str = "default-authentication-flow";
const SETUP: &str = "default-authenticator-webauthn-setup";
const ALONE: &str = "default-passwordless-flow";
const IDENTIFY: &str = "ak-stage-identification";
const VALIDATE: &str = "ak-stage-authenticator-validate";
const ENROLL: &str = "ak-stage-authenticator-webauthn";

/// Keys of one model, and a login that takes no other.
const FOLDER: &str = r#"stage: our-keys
enroll_webauthn: { title: Our key, only: [cb69481e-8ff7-4039-93ec-0a2729a154a8], attempts: 2 }
---
flow: our-keys
title: Our keys
designation: stage_configuration
requires: require_authenticated
stages:
  - stage: our-keys
---
app: guarded
name: Guarded
url: https://guarded.example.com
"#;

const GUARD: &str = r#"@id("guarded-needs-mfa")
forbid (principal, action == Action::"access", resource == App::"guarded") unless { context.mfa };
"#;

on_each_database!(
    a_passkey_is_a_second_factor_once_for_each_challenge,
    a_passkey_alone_signs_in_whom_it_verifies,
    a_passkey_beside_the_name_signs_in,
    what_proves_nothing_is_refused,
    a_copied_key_is_noticed,
    only_some_models_may_be_taken,
    a_browser_makes_one_and_shows_it,
);

async fn start(database: Database) -> Server {
    let server = Server::builder(database).config("keys.yaml", FOLDER).config("guard.cedar", GUARD).start().await;
    server.api().create_user("ada", PASSWORD, &[]).await;
    server
}

/// The address at which browsers know passkeys.
fn origin(server: &Server) -> String {
    server.base().replace("127.0.0.1", "localhost")
}

async fn signed_in(server: &Server) -> Client {
    let client = Client::new();
    Executor::new(&client, &origin(server), LOGIN, "").login("ada", PASSWORD).await.redirect();
    client
}

/// Registers a passkey with the client's session, by this flow.
async fn registered(server: &Server, client: &Client, slug: &str) -> SoftPasskey {
    let (mut key, origin) = (SoftPasskey::new(), origin(server));
    let setup = Executor::new(client, &origin, slug, "");
    let challenge = setup.challenge().await.expect(200).json();
    assert_eq!(challenge["component"], ENROLL, "{challenge}");
    let made = key.make(&challenge["registration"], &origin);
    let done = setup.answer(&json!({"component": ENROLL, "response": made})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    key
}

/// Signs in as far as the passkey is asked for; its options.
async fn asked(flow: &Executor<'_>) -> Value {
    flow.challenge().await.expect(200);
    flow.answer(&json!({"uid_field": "ada"})).await.expect(200);
    let challenge = flow.answer(&json!({"password": PASSWORD})).await.expect(200).json();
    assert_eq!(challenge["component"], VALIDATE, "{challenge}");
    assert_eq!(challenge["device_challenges"][0]["device_class"], "webauthn", "{challenge}");
    assert_eq!(challenge["device_challenges"][0]["device_uid"], "-1", "{challenge}");
    challenge["device_challenges"][0]["challenge"].clone()
}

fn shown(answer: &Value) -> Value {
    json!({"component": VALIDATE, "webauthn": answer})
}

async fn username(server: &Server, client: &Client) -> Value {
    let reply = client.get(&format!("{}/api/v3/core/users/me/", origin(server))).await;
    reply.json()["user"]["username"].clone()
}

async fn opens_guarded(server: &Server, client: &Client) -> bool {
    let apps = client.get(&format!("{}/api/v3/core/applications/", origin(server))).await.expect(200).json();
    apps["results"].as_array().is_some_and(|apps| apps.iter().any(|app| app["slug"] == "guarded"))
}

async fn a_passkey_is_a_second_factor_once_for_each_challenge(database: Database) {
    let server = start(database).await;
    let first = signed_in(&server).await;
    let mut key = registered(&server, &first, SETUP).await;
    let origin = origin(&server);
    let devices = first.get(&format!("{origin}/api/v3/authenticators/webauthn/")).await.expect(200).json();
    assert_eq!(devices["results"][0]["name"], "Passkey", "{devices}");
    assert!(!devices.to_string().contains("cred"), "{devices}");

    let client = Client::new();
    let login = Executor::new(&client, &origin, LOGIN, "");
    let options = asked(&login).await;
    assert_eq!(options["allowCredentials"].as_array().map(Vec::len), Some(1), "{options}");
    // A page that is loaded again goes on with the same challenge.
    let again = login.challenge().await.expect(200).json();
    assert_eq!(again["device_challenges"][0]["challenge"], options);
    let answer = key.show(&options, &origin);
    let wrong = login.answer(&shown(&key.show(&options, "https://evil.example"))).await.expect(200).json();
    assert_eq!(wrong["response_errors"]["webauthn"][0]["code"], "invalid", "{wrong}");
    // The challenge is used up by what was wrong, too.
    let late = login.answer(&shown(&answer)).await.expect(200).json();
    assert_eq!(late["response_errors"]["webauthn"][0]["code"], "invalid", "{late}");
    let fresh = login.challenge().await.expect(200).json()["device_challenges"][0]["challenge"].clone();
    let done = login.answer(&shown(&key.show(&fresh, &origin))).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    assert!(opens_guarded(&server, &client).await && !opens_guarded(&server, &first).await);

    // Whoever has recorded an answer cannot sign in with it.
    let other = Client::new();
    let login = Executor::new(&other, &origin, LOGIN, "");
    asked(&login).await;
    let replayed = login.answer(&shown(&answer)).await.expect(200).json();
    assert_eq!(replayed["response_errors"]["webauthn"][0]["code"], "invalid", "{replayed}");
}

async fn a_passkey_alone_signs_in_whom_it_verifies(database: Database) {
    let server = start(database).await;
    let mut key = registered(&server, &signed_in(&server).await, SETUP).await;
    let origin = origin(&server);
    let client = Client::new();
    let login = Executor::new(&client, &origin, ALONE, "");
    let options = async || {
        let challenge = login.challenge().await.expect(200).json();
        challenge["device_challenges"][0]["challenge"].clone()
    };
    let first = options().await;
    assert_eq!((&first["userVerification"], &first["allowCredentials"]), (&json!("required"), &json!([])), "{first}");
    key.verifies = false;
    let unverified = login.answer(&shown(&key.show(&first, &origin))).await.expect(200).json();
    assert_eq!(unverified["response_errors"]["webauthn"][0]["code"], "invalid", "{unverified}");
    key.verifies = true;
    let done = login.answer(&shown(&key.show(&options().await, &origin))).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    assert_eq!(username(&server, &client).await, "ada");
    assert!(opens_guarded(&server, &client).await, "it is two factors in one");
    let events =
        server.api().get("events/events/?action=login&username=ada&ordering=-created").await.expect(200).json();
    assert_eq!(events["results"][0]["context"]["auth_method"], "auth_webauthn_pwl", "{events}");

    // Whoever may not sign in, may not with a passkey either.
    let api = server.api();
    let pk = api.only("core/users/?username=ada").await["pk"].clone();
    api.patch(&format!("core/users/{pk}/"), &json!({"is_active": false})).await.expect(200);
    let other = Client::new();
    let login = Executor::new(&other, &origin, ALONE, "");
    let options = login.challenge().await.expect(200).json()["device_challenges"][0]["challenge"].clone();
    let refused = login.answer(&shown(&key.show(&options, &origin))).await.expect(200).json();
    assert_eq!(refused["response_errors"]["webauthn"][0]["code"], "invalid", "{refused}");
    assert_eq!(username(&server, &other).await, Value::Null);
}

async fn a_passkey_beside_the_name_signs_in(database: Database) {
    let server = start(database).await;
    let mut key = registered(&server, &signed_in(&server).await, SETUP).await;
    let origin = origin(&server);
    let client = Client::new();
    let login = Executor::new(&client, &origin, LOGIN, "");
    let challenge = login.challenge().await.expect(200).json();
    assert_eq!(challenge["component"], IDENTIFY, "{challenge}");
    let answer = key.show(&challenge["passkey_challenge"], &origin);
    // Neither a password nor a second factor is asked for any more.
    let done = login.answer(&json!({"component": IDENTIFY, "passkey": answer})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    assert_eq!(username(&server, &client).await, "ada");
    assert!(opens_guarded(&server, &client).await);
}

async fn what_proves_nothing_is_refused(database: Database) {
    let server = start(database).await;
    server.api().create_user("bob", PASSWORD, &[]).await;
    let ada = signed_in(&server).await;
    let mut key = registered(&server, &ada, SETUP).await;
    let origin = origin(&server);
    // The same key once more, also for somebody else.
    let bob = Client::new();
    Executor::new(&bob, &origin, LOGIN, "").login("bob", PASSWORD).await.redirect();
    let setup = Executor::new(&bob, &origin, SETUP, "");
    for answer in [json!({}), json!("x"), json!({"id": 5}), json!([])] {
        setup.challenge().await.expect(200);
        let refused = setup.answer(&json!({"component": ENROLL, "response": answer})).await.expect(200).json();
        assert!(refused["response_errors"]["response"].is_array(), "{answer}: {refused}");
    }
    let options = setup.challenge().await.expect(200).json()["registration"].clone();
    let stolen = key.make(&options, &origin);
    let refused = setup.answer(&json!({"component": ENROLL, "response": stolen})).await.expect(200).json();
    assert_eq!(refused["response_errors"]["response"][0]["string"], "This passkey is set up already.", "{refused}");

    // Bob's browser shows Ada's key where Bob's is asked for, and says it is Ada's, or Bob's.
    let mut bobs = registered(&server, &bob, SETUP).await;
    for broken in ["signature", "authenticatorData", "clientDataJSON", "userHandle"] {
        let visitor = Client::new();
        let login = Executor::new(&visitor, &origin, ALONE, "");
        let options = login.challenge().await.expect(200).json()["device_challenges"][0]["challenge"].clone();
        let mut answer = bobs.show(&options, &origin);
        answer["response"][broken] = json!("AAAA");
        let refused = login.answer(&shown(&answer)).await.expect(200).json();
        assert_eq!(refused["response_errors"]["webauthn"][0]["code"], "invalid", "{broken}: {refused}");
    }
    let visitor = Client::new();
    let login = Executor::new(&visitor, &origin, LOGIN, "");
    let options = asked(&login).await;
    let refused = login.answer(&shown(&bobs.show(&options, &origin))).await.expect(200).json();
    assert_eq!(refused["response_errors"]["webauthn"][0]["code"], "invalid", "{refused}");
    assert_eq!(username(&server, &visitor).await, Value::Null);
    let failed = server.api().get("events/events/?action=login_failed").await.expect(200).json();
    assert!(failed["pagination"]["count"].as_i64().is_some_and(|count| count >= 5), "{failed}");
}

async fn a_copied_key_is_noticed(database: Database) {
    let server = start(database).await;
    let mut key = registered(&server, &signed_in(&server).await, SETUP).await;
    let origin = origin(&server);
    key.counter = 10;
    for (counter, lets_in) in [(10, true), (7, false), (20, true)] {
        key.counter = counter;
        let client = Client::new();
        let login = Executor::new(&client, &origin, ALONE, "");
        let options = login.challenge().await.expect(200).json()["device_challenges"][0]["challenge"].clone();
        let reply = login.answer(&shown(&key.show(&options, &origin))).await.expect(200).json();
        assert_eq!(reply["component"] == "xak-flow-redirect", lets_in, "{counter}: {reply}");
    }
    let noted = server.api().get("events/events/?action=suspicious_request").await.expect(200).json();
    assert_eq!(noted["pagination"]["count"], 1, "{noted}");
}

async fn only_some_models_may_be_taken(database: Database) {
    let server = start(database).await;
    let client = signed_in(&server).await;
    let origin = origin(&server);
    let setup = Executor::new(&client, &origin, "our-keys", "");
    let options = setup.challenge().await.expect(200).json()["registration"].clone();
    assert_eq!(options["attestation"], "direct", "{options}");
    let mut other = SoftPasskey::new();
    let refused = setup.answer(&json!({"component": ENROLL, "response": other.make(&options, &origin)})).await;
    let refused = refused.expect(200).json();
    assert!(
        refused["response_errors"]["response"][0]["string"].as_str().is_some_and(|s| s.contains("model")),
        "{refused}"
    );
    let options = setup.challenge().await.expect(200).json()["registration"].clone();
    let mut ours = SoftPasskey::new();
    ours.model = *uuid::uuid!("cb69481e-8ff7-4039-93ec-0a2729a154a8").as_bytes();
    let made = ours.make(&options, &origin);
    let done = setup.answer(&json!({"component": ENROLL, "response": made})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    let devices = client.get(&format!("{origin}/api/v3/authenticators/webauthn/")).await.expect(200).json();
    assert_eq!(devices["results"][0]["aaguid"], "cb69481e-8ff7-4039-93ec-0a2729a154a8", "{devices}");
    // Twice wrong is enough for this stage.
    let setup = Executor::new(&client, &origin, "our-keys", "");
    for last in [false, true] {
        let options = setup.challenge().await.expect(200).json()["registration"].clone();
        let answer = SoftPasskey::new().make(&options, &origin);
        let reply = setup.answer(&json!({"component": ENROLL, "response": answer})).await.expect(200).json();
        assert_eq!(reply["component"] == "ak-stage-access-denied", last, "{reply}");
    }
}

/// The browser is signed in no more, without the page for signing in, which would take the passkey at once.
async fn forgets(browser: &Browser, origin: &str) {
    browser.open(&format!("{origin}/-/health/live/")).await;
    browser.driver().delete_all_cookies().await.expect("no cookies");
}

async fn a_browser_makes_one_and_shows_it(database: Database) {
    let server = start(database).await;
    let origin = origin(&server);
    let at = |path: &str| format!("{origin}{path}");
    let browser = Browser::start().await;
    let authenticator = browser.with_authenticator().await;
    browser.open(&at(&format!("/if/flow/{LOGIN}/"))).await;
    browser.sign_in("ada", PASSWORD).await;
    browser.arrives_at(&at("/if/user/")).await;
    browser.open(&at(&format!("/if/flow/{SETUP}/"))).await;
    browser.find("button[data-passkey]:not([hidden])").await;
    browser.screenshot("passkey-setup").await;
    browser.find("button[data-passkey]").await.click().await.expect("a click");
    browser.arrives_at(&at("/if/user/")).await;

    // As a second factor: an authenticator that does not know its owner makes none, and one that does, one.
    forgets(&browser, &origin).await;
    browser.recognises(&authenticator, false).await;
    browser.open(&at(&format!("/if/flow/{LOGIN}/"))).await;
    browser.sign_in("ada", PASSWORD).await;
    browser.find("button[data-passkey=get]:not([hidden])").await;
    browser.screenshot("passkey-asked").await;
    browser.find("button[data-passkey]").await.click().await.expect("a click");
    browser.find("p.wrong[role=alert]:not([hidden])").await;
    browser.screenshot("passkey-failed").await;
    browser.recognises(&authenticator, true).await;
    browser.find("button[data-passkey]").await.click().await.expect("a click");
    browser.arrives_at(&at("/if/user/")).await;

    // Alone.
    forgets(&browser, &origin).await;
    browser.open(&at(&format!("/if/flow/{ALONE}/"))).await;
    browser.find("button[data-passkey=get]:not([hidden])").await;
    browser.screenshot("passkey-alone").await;
    browser.find("button[data-passkey]").await.click().await.expect("a click");
    browser.arrives_at(&at("/if/user/")).await;

    // Beside the name: a virtual authenticator takes the browser's offer by itself.
    forgets(&browser, &origin).await;
    browser.open(&at(&format!("/if/flow/{LOGIN}/"))).await;
    browser.arrives_at(&at("/if/user/")).await;
    browser.close().await;
    let visitor = Client::new();
    let end = Executor::new(&visitor, &origin, LOGIN, "").login("ada", PASSWORD).await;
    assert!(!matches!(end, FlowEnd::Redirect(_)), "the password alone is not enough: {end:?}");
}
