//! Duo as a second factor: a phone is set up, and says yes, no, or nothing.

use lockgate_tests::{ADMIN_KEYS, AUTH_KEYS, Client, Database, DuoServer, Executor, Server};
use reqwest::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "trellis-mango-orbit-58";
const LOGIN: &str = "default-authentication-flow";
const SETUP: &str = "ak-stage-authenticator-duo";
const VALIDATE: &str = "ak-stage-authenticator-validate";

const FOLDER: &str = r#"flow: duo
title: Duo
designation: stage_configuration
requires: require_authenticated
stages:
  - enroll_duo:
      title: Duo on my phone
      client_id: "@AUTH"
      client_secret: { env: DUO_SECRET }
      api_hostname: "@HOST"
      admin_integration_key: "@ADMIN"
      admin_secret_key: { env: DUO_ADMIN_SECRET }
    name: our-duo
"#;

on_each_database!(
    a_phone_is_set_up_and_lets_in,
    a_phone_that_says_no_lets_nobody_in,
    passcodes_work_once,
    pages_lead_through_it,
    who_is_at_duo_already_is_taken_over,
    whom_duo_knows_is_asked_while_setting_up,
);

async fn start(database: Database) -> (Server, DuoServer) {
    let duo = DuoServer::start().await;
    let folder = FOLDER.replace("@HOST", &duo.host()).replace("@ADMIN", ADMIN_KEYS.0).replace("@AUTH", AUTH_KEYS.0);
    let builder = Server::builder(database).config("duo.yaml", &folder);
    let server = builder.set("DUO_SECRET", AUTH_KEYS.1).set("DUO_ADMIN_SECRET", ADMIN_KEYS.1).start().await;
    server.api().create_user("ada", PASSWORD, &[]).await;
    (server, duo)
}

async fn signed_in(server: &Server) -> Client {
    let client = Client::new();
    Executor::new(&client, &server.base(), LOGIN, "").login("ada", PASSWORD).await.redirect();
    client
}

async fn me(server: &Server, client: &Client) -> Value {
    let reply = client.get(&server.url("/api/v3/core/users/me/")).await;
    if reply.status == 200 { reply.json()["user"]["username"].clone() } else { Value::Null }
}

async fn stage(server: &Server) -> String {
    let stages = server.api().get("stages/authenticator/duo/").await.expect(200).json();
    stages["results"][0]["pk"].as_str().expect("a stage").to_owned()
}

/// Gives Ada a phone.
async fn set_up(server: &Server) {
    let (client, base) = (signed_in(server).await, server.base());
    let flow = Executor::new(&client, &base, "duo", "");
    flow.challenge().await.expect(200);
    let done = flow.answer(&json!({"component": SETUP})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
}

/// Signs in as far as the second factor; the key of the phone.
async fn at_factor(flow: &Executor<'_>) -> i64 {
    flow.challenge().await.expect(200);
    flow.answer(&json!({"component": "ak-stage-identification", "uid_field": "ada"})).await.expect(200);
    let asked = flow.answer(&json!({"component": "ak-stage-password", "password": PASSWORD})).await.expect(200).json();
    let phone = &asked["device_challenges"][0];
    assert_eq!(phone["device_class"], "duo", "{asked}");
    phone["device_uid"].as_str().and_then(|uid| uid.parse().ok()).expect("a number")
}

fn said(duo: &DuoServer, result: &str, status: &str) {
    duo.at().answer = (result.to_owned(), status.to_owned());
}

fn word(told: &Value) -> String {
    told["response_errors"]["duo"][0]["code"].as_str().unwrap_or_default().to_owned()
}

async fn a_phone_is_set_up_and_lets_in(database: Database) {
    let (server, duo) = start(database).await;
    let (client, base) = (signed_in(&server).await, server.base());
    let stage = stage(&server).await;
    let status = server.url(&format!("/api/v3/stages/authenticator/duo/{stage}/enrollment_status/"));
    let progress = async |client: &Client| client.request(Method::POST, &status).send().await.expect("an answer");
    assert_eq!(progress(&client).await.status(), 400, "nothing was begun");
    duo.at().enrolled = "waiting".to_owned();
    let flow = Executor::new(&client, &base, "duo", "");
    let asked = flow.challenge().await.expect(200).json();
    assert_eq!((&asked["component"], &asked["stage_uuid"]), (&json!(SETUP), &json!(stage)), "{asked}");
    assert_eq!(asked["activation_code"], "duo://abc-ZGVm");
    let told: Value = progress(&client).await.json().await.expect("JSON");
    assert_eq!(told, json!({"duo_response": "waiting"}));
    assert_eq!(progress(&Client::new()).await.status(), 400, "that is told to this session alone");
    let told = flow.answer(&json!({"component": SETUP})).await.expect(200).json();
    assert_eq!(told["response_errors"]["non_field_errors"][0]["code"], "duo-waiting", "{told}");
    duo.at().enrolled = "success".to_owned();
    let told: Value = progress(&client).await.json().await.expect("JSON");
    assert_eq!(told, json!({"duo_response": "success"}));
    let done = flow.answer(&json!({"component": SETUP})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    assert_eq!(duo.count("/auth/v2/enroll"), 1);
    let mine = client.get(&server.url("/api/v3/authenticators/duo/")).await.expect(200).json();
    assert_eq!(mine["results"][0]["name"], "Duo on my phone", "{mine}");
    let all = server.api().get("authenticators/admin/duo/").await.expect(200).text();
    assert!(all.contains("\"ada\"") && !all.contains("DUADA"), "{all}");

    // The login asks, and waits for the answer in the same request.
    let client = Client::new();
    let login = Executor::new(&client, &base, LOGIN, "");
    let phone = at_factor(&login).await;
    assert_eq!(duo.count("/auth/v2/auth"), 0, "nobody is asked before it is wanted");
    let done = login.answer(&json!({"component": VALIDATE, "duo": phone})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    assert_eq!(me(&server, &client).await, "ada");
    let asked = duo.at().asked.iter().find(|(path, _)| path == "/auth/v2/auth").cloned().expect("a push");
    for pair in
        [("user_id", "DUADA"), ("factor", "push"), ("async", "1"), ("ipaddr", "127.0.0.1"), ("display_username", "ada")]
    {
        assert!(asked.1.contains(&(pair.0.to_owned(), pair.1.to_owned())), "{pair:?} in {asked:?}");
    }
    assert_eq!(duo.at().forged, 0);
    assert!(server.logs().iter().all(|line| !line.contains(AUTH_KEYS.1)), "the log holds a secret");
}

async fn a_phone_that_says_no_lets_nobody_in(database: Database) {
    let (server, duo) = start(database).await;
    set_up(&server).await;
    let (client, base) = (Client::new(), server.base());
    let login = Executor::new(&client, &base, LOGIN, "");
    let phone = at_factor(&login).await;
    let answer = json!({"component": VALIDATE, "duo": phone});
    let asked = async || login.answer(&answer).await.expect(200).json();
    for (result, status, expected) in
        [("deny", "deny", "denied"), ("deny", "timeout", "timeout"), ("allow", "bypass", "denied")]
    {
        said(&duo, result, status);
        assert_eq!(word(&asked().await), expected, "{result} {status}");
        assert_eq!(me(&server, &client).await, Value::Null);
    }
    let events = server.api().get("events/events/?action=login_failed").await.expect(200).text();
    assert!(events.contains("push_refused"), "{events}");
    // Nothing is waited for without end, and one question is one question.
    said(&duo, "waiting", "pushed");
    let before = (duo.count("/auth/v2/auth"), std::time::Instant::now());
    assert_eq!(word(&asked().await), "duo-waiting");
    assert!(before.1.elapsed() < std::time::Duration::from_secs(25), "{:?}", before.1.elapsed());
    said(&duo, "deny", "fraud");
    assert_eq!(word(&asked().await), "denied");
    assert_eq!(duo.count("/auth/v2/auth"), before.0 + 1);
    // Whoever would be let through unasked has shown nothing; and there are no more than five in ten minutes.
    duo.at().preauth = "allow".to_owned();
    assert_eq!(word(&asked().await), "unable");
    said(&duo, "allow", "allow");
    assert_eq!(word(&asked().await), "limit");
    assert_eq!(me(&server, &client).await, Value::Null);
}

async fn passcodes_work_once(database: Database) {
    let (server, duo) = start(database).await;
    set_up(&server).await;
    duo.at().passcodes.extend(["123456".to_owned(), "654321".to_owned()]);
    let base = server.base();
    let client = Client::new();
    let login = Executor::new(&client, &base, LOGIN, "");
    at_factor(&login).await;
    for wrong in ["000000", "no figures"] {
        let told = login.answer(&json!({"component": VALIDATE, "code": wrong})).await.expect(200).json();
        assert!(told["response_errors"]["code"].is_array(), "{told}");
        tokio::time::sleep(std::time::Duration::from_millis(2_200)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(2_200)).await;
    let done = login.answer(&json!({"component": VALIDATE, "code": "123456"})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    let late = Client::new();
    let login = Executor::new(&late, &base, LOGIN, "");
    at_factor(&login).await;
    let told = login.answer(&json!({"component": VALIDATE, "code": "123456"})).await.expect(200).json();
    assert!(told["response_errors"]["code"].is_array(), "{told}");
    assert_eq!((me(&server, &late).await, duo.at().passcodes.len()), (Value::Null, 1));
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

async fn pages_lead_through_it(database: Database) {
    let (server, duo) = start(database).await;
    let client = signed_in(&server).await;
    let url = server.url("/if/flow/duo/");
    let page = client.get(&url).await.expect(200).text();
    assert!(page.contains("<svg class=\"qr\"") && !page.contains("frame/qr"), "the code is drawn here: {page}");
    duo.at().enrolled = "waiting".to_owned();
    assert!(sends(&client, &url, SETUP, &[]).await.contains("heard from your phone yet"));
    duo.at().enrolled = "success".to_owned();
    sends(&client, &url, SETUP, &[]).await;

    let client = Client::new();
    let login = server.url(&format!("/if/flow/{LOGIN}/"));
    sends(&client, &login, "ak-stage-identification", &[("uid_field", "ada")]).await;
    let page = sends(&client, &login, "ak-stage-password", &[("password", PASSWORD)]).await;
    assert!(page.contains("Ask my phone") && page.contains("Passcode of Duo"), "{page}");
    let phone = field(&page, "selected_challenge");
    // First the page says what is to be done, and then it waits.
    let page = sends(&client, &login, VALIDATE, &[("duo_wait", "no"), ("duo", &phone)]).await;
    assert!(page.contains("A request is on your phone") && page.contains("data-press"), "{page}");
    assert_eq!((duo.count("/auth/v2/auth"), duo.count("/auth/v2/auth_status")), (1, 0));
    said(&duo, "deny", "deny");
    let page = sends(&client, &login, VALIDATE, &[("duo", &phone)]).await;
    assert!(page.contains("was denied on the phone") && page.contains("Ask my phone"), "{page}");
    said(&duo, "allow", "allow");
    sends(&client, &login, VALIDATE, &[("duo_wait", "no"), ("duo", &phone)]).await;
    sends(&client, &login, VALIDATE, &[("duo", &phone)]).await;
    assert_eq!(me(&server, &client).await, "ada");
}

async fn who_is_at_duo_already_is_taken_over(database: Database) {
    let (server, duo) = start(database).await;
    let (api, stage) = (server.api(), stage(&server).await);
    api.create_user("bob", PASSWORD, &[]).await;
    api.create_user("carol", PASSWORD, &[]).await;
    let user = |name: &str, phone| (name.to_owned(), format!("DU{}", name.to_uppercase()), phone);
    duo.at().users = vec![user("ada", true), user("nobody", true), user("carol", false), user("bob", true)];
    let all = format!("stages/authenticator/duo/{stage}/import_devices_automatic/");
    assert_eq!(api.post(&all, &json!({})).await.expect(200).json(), json!({"count": 2, "error": ""}));
    assert_eq!(api.post(&all, &json!({})).await.expect(200).json()["count"], 0, "nobody has it twice");
    let one = format!("stages/authenticator/duo/{stage}/import_device_manual/");
    let body = |name: &str| json!({"duo_user_id": "DUCAROL", "username": name});
    api.post(&one, &body("nobody")).await.expect(400);
    api.post(&one, &body("carol")).await.expect(204);
    api.post(&one, &body("carol")).await.expect(400);
    let found = api.get("authenticators/admin/duo/").await.expect(200).json();
    let whose = found["results"].as_array().into_iter().flatten().map(|one| one["user"]["username"].to_string());
    let mut whose: Vec<String> = whose.collect();
    whose.sort();
    assert_eq!(whose, ["\"ada\"", "\"bob\"", "\"carol\""]);
    // What was taken over lets in.
    let (client, base) = (Client::new(), server.base());
    let login = Executor::new(&client, &base, LOGIN, "");
    let phone = at_factor(&login).await;
    login.answer(&json!({"component": VALIDATE, "duo": phone})).await.expect(200);
    assert_eq!(me(&server, &client).await, "ada");
    // Without rights, or with wrong keys, nothing happens.
    let eve = signed_in_as(&server, "carol", &duo).await;
    let reply = eve.request(Method::POST, &server.url(&format!("/api/v3/{all}"))).send().await.expect("an answer");
    assert_eq!(reply.status(), 403);
}

async fn whom_duo_knows_is_asked_while_setting_up(database: Database) {
    let (server, duo) = start(database).await;
    duo.at().known.insert("ada".to_owned());
    let (client, base) = (signed_in(&server).await, server.base());
    let flow = Executor::new(&client, &base, "duo", "");
    // Whom Duo would not ask is no use.
    duo.at().preauth = "enroll".to_owned();
    assert!(flow.challenge().await.expect(200).text().contains("Duo can’t be asked now"));
    duo.at().preauth = "auth".to_owned();
    let asked = flow.challenge().await.expect(200).json();
    assert_eq!((&asked["component"], &asked["activation_code"]), (&json!(SETUP), &json!("")), "{asked}");
    assert_eq!(duo.count("/auth/v2/auth"), 0, "nobody is asked before it is wanted");
    let page = client.get(&server.url("/if/flow/duo/")).await.expect(200).text();
    assert!(page.contains("Duo knows you already") && !page.contains("class=\"qr\""), "{page}");
    said(&duo, "deny", "deny");
    let told = flow.answer(&json!({"component": SETUP})).await.expect(200).json();
    assert_eq!(told["response_errors"]["non_field_errors"][0]["code"], "duo-denied", "{told}");
    let mine = client.get(&server.url("/api/v3/authenticators/duo/")).await.expect(200).json();
    assert_eq!(mine["pagination"]["count"], 0, "{mine}");
    said(&duo, "allow", "allow");
    let done = flow.answer(&json!({"component": SETUP})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");

    // The login asks by the name.
    let client = Client::new();
    let login = Executor::new(&client, &base, LOGIN, "");
    let phone = at_factor(&login).await;
    login.answer(&json!({"component": VALIDATE, "duo": phone})).await.expect(200);
    assert_eq!(me(&server, &client).await, "ada");
    let asked = duo.at().asked.iter().rev().find(|(path, _)| path == "/auth/v2/auth").cloned().expect("a push");
    assert!(asked.1.contains(&("username".to_owned(), "ada".to_owned())), "{asked:?}");
    assert!(asked.1.iter().all(|(name, _)| name != "user_id"), "{asked:?}");
    assert_eq!(duo.at().forged, 0);
}

async fn signed_in_as(server: &Server, username: &str, duo: &DuoServer) -> Client {
    said(duo, "allow", "allow");
    let (client, base) = (Client::new(), server.base());
    let login = Executor::new(&client, &base, LOGIN, "");
    login.challenge().await.expect(200);
    login.answer(&json!({"component": "ak-stage-identification", "uid_field": username})).await.expect(200);
    let asked = login.answer(&json!({"component": "ak-stage-password", "password": PASSWORD})).await.expect(200).json();
    let phone: i64 =
        asked["device_challenges"][0]["device_uid"].as_str().and_then(|uid| uid.parse().ok()).expect("a key");
    login.answer(&json!({"component": VALIDATE, "duo": phone})).await.expect(200);
    client
}
