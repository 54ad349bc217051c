//! How accounts come and go: by invitation, and away.

use lockgate_tests::{Api, Client, Database, Executor, FlowEnd, Server};
use serde_json::{Value, json};

const PASSWORD: &str = "trellis-mango-orbit-58";

const FLOWS: &str = r#"flow: enroll
title: Welcome
designation: enrollment
requires: require_unauthenticated
stages:
  - invitation
  - prompt:
      fields:
        - { key: username, label: Name, type: username }
        - { key: email, label: Mail, type: text_read_only }
        - { key: password, label: Password, type: password }
  - write: { inactive: false }
  - login
---
flow: anybody
title: Anybody
designation: enrollment
stages:
  - invitation: { optional: true }
  - prompt: { fields: [{ key: username, label: Name, type: username }] }
  - write
---
flow: leave
title: Leave
designation: unenrollment
requires: require_authenticated
stages:
  - prompt: { fields: [{ key: meant, label: Meant, type: checkbox }] }
  - delete_user
---
flow: by-robot
title: By robot
designation: authentication
stages:
  - identify: { by: [username], password: inline }
  # lockgate: allow(later) this is what the test is about
  - source: { source: 7f0ea6a3-5bc6-4b7e-9c9b-54f3bb8f8f01 }
  - login
"#;

on_each_database!(
    an_invitation_makes_one_account_and_is_gone,
    two_who_hold_the_same_invitation_make_one_account,
    who_is_not_invited_makes_no_account,
    another_invitation_begins_the_flow_anew,
    who_leaves_is_gone_and_signed_out,
    a_step_that_cannot_be_taken_lets_nobody_in,
);

async fn start(database: Database) -> Server {
    Server::builder(database).config("accounts.yaml", FLOWS).start().await
}

async fn invite(api: &Api, mut body: Value) -> String {
    if body.get("name").is_none() {
        body["name"] = json!("welcome");
    }
    let made = api.post("stages/invitation/invitations/", &body).await.expect(201).json();
    made["pk"].as_str().map(str::to_owned).unwrap_or_else(|| panic!("an invitation has a pk: {made}"))
}

async fn flow_pk(api: &Api, slug: &str) -> Value {
    api.get(&format!("flows/instances/{slug}/")).await.expect(200).json()["pk"].clone()
}

fn answer(username: &str) -> Value {
    json!({"component": "ak-stage-prompt", "username": username, "password": PASSWORD})
}

async fn me(server: &Server, client: &Client) -> Value {
    let reply = client.get(&server.url("/api/v3/core/users/me/")).await;
    if reply.status == 200 { reply.json()["user"].clone() } else { Value::Null }
}

fn refusal(challenge: &Value) -> &str {
    assert_eq!(challenge["component"], "ak-stage-access-denied", "{challenge}");
    challenge["error_message"].as_str().unwrap_or_default()
}

async fn an_invitation_makes_one_account_and_is_gone(database: Database) {
    let mut server = start(database).await;
    let api = server.api();
    let data = json!({"email": "carol@example.org", "attributes": {"team": "a"}, "attributes.desk.floor": 3});
    let flow = flow_pk(&api, "enroll").await;
    let key = invite(&api, json!({"single_use": true, "flow": flow, "fixed_data": data})).await;
    let shown = api.get(&format!("stages/invitation/invitations/{key}/")).await.expect(200).json();
    assert_eq!((&shown["created_by"]["username"], &shown["flow_obj"]["slug"]), (&json!("akadmin"), &json!("enroll")));

    let (client, query) = (Client::new(), format!("itoken={key}"));
    let base = server.base();
    let executor = Executor::new(&client, &base, "enroll", &query);
    let asked = executor.challenge().await.expect(200).json();
    assert_eq!(asked["component"], "ak-stage-prompt", "{asked}");
    assert_eq!(asked["fields"][1]["initial_value"], "carol@example.org");
    // The page is the same, and a restart loses nothing.
    let page = client.get(&server.url(&format!("/if/flow/enroll/?{query}"))).await.expect(200).text();
    assert!(page.contains("carol@example.org"), "{page}");
    let used = server.logged(&["invitation_used", "welcome"]).await;
    assert!(!used.contains(&key), "the log holds the key of an invitation: {used}");
    server.kill();
    server.launch().await;
    let mut given = answer("carol");
    given["email"] = json!("root@example.org");
    let done = executor.answer(&given).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    let carol = me(&server, &client).await;
    assert_eq!((&carol["username"], &carol["email"]), (&json!("carol"), &json!("carol@example.org")));
    let stored = api.only("core/users/?username=carol").await;
    assert_eq!(stored["attributes"], json!({"team": "a", "desk": {"floor": 3}}));
    server.logged(&["user_write"]).await;

    api.get(&format!("stages/invitation/invitations/{key}/")).await.expect(404);
    let late = Client::new();
    let again = Executor::new(&late, &base, "enroll", &query).challenge().await.expect(200).json();
    assert_eq!(refusal(&again), "Invalid invite/invite not found");
}

async fn two_who_hold_the_same_invitation_make_one_account(database: Database) {
    let server = start(database).await;
    let key = invite(&server.api(), json!({"single_use": true})).await;
    let (one, two, query, base) = (Client::new(), Client::new(), format!("itoken={key}"), server.base());
    let (first, second) = (Executor::new(&one, &base, "enroll", &query), Executor::new(&two, &base, "enroll", &query));
    for executor in [&first, &second] {
        assert_eq!(executor.challenge().await.expect(200).json()["component"], "ak-stage-prompt");
    }
    let (carol, dave) = (answer("carol"), answer("dave"));
    let ends = tokio::join!(first.answer(&carol), second.answer(&dave));
    let ends = [ends.0.expect(200).json(), ends.1.expect(200).json()];
    let done = ends.iter().filter(|end| end["component"] == "xak-flow-redirect").count();
    assert_eq!(done, 1, "{ends:#?}");
    let late = ends.iter().find(|end| end["component"] != "xak-flow-redirect").unwrap_or(&Value::Null);
    assert_eq!(refusal(late), "This invitation has been used already.");
    let made = server.api().get("core/users/?search=carol").await.json()["pagination"]["count"].as_i64();
    let other = server.api().get("core/users/?search=dave").await.json()["pagination"]["count"].as_i64();
    assert_eq!(made.unwrap_or_default() + other.unwrap_or_default(), 1);
}

async fn who_is_not_invited_makes_no_account(database: Database) {
    let server = start(database).await;
    let (api, base) = (server.api(), server.base());
    let elsewhere = flow_pk(&api, "anybody").await;
    let other = invite(&api, json!({"flow": elsewhere})).await;
    let past = invite(&api, json!({"expires": "2020-01-01T00:00:00Z"})).await;
    for query in [
        String::new(),
        "itoken=nonsense".to_owned(),
        "itoken=00000000-0000-4000-8000-000000000000".to_owned(),
        format!("itoken={other}"),
        format!("itoken={past}"),
    ] {
        let client = Client::new();
        let end = Executor::new(&client, &base, "enroll", &query).challenge().await.expect(200).json();
        assert_eq!(refusal(&end), "Invalid invite/invite not found", "{query}");
        let end = Executor::new(&client, &base, "anybody", "").challenge().await.expect(200).json();
        assert_eq!(end["component"], "ak-stage-prompt", "{query}");
    }
    // A flow that is gone takes its invitations along; they are not for every flow from then on.
    let own = json!({"name": "own", "slug": "own", "title": "Own", "designation": "enrollment"});
    let own = api.post("flows/instances/", &own).await.expect(201).json()["pk"].clone();
    let bound = invite(&api, json!({"flow": own})).await;
    api.delete("flows/instances/own/").await.expect(204);
    api.get(&format!("stages/invitation/invitations/{bound}/")).await.expect(404);
}

async fn another_invitation_begins_the_flow_anew(database: Database) {
    let server = start(database).await;
    let (api, base, client) = (server.api(), server.base(), Client::new());
    let mails = ["one@example.org", "two@example.org"];
    let first = invite(&api, json!({"fixed_data": {"email": mails[0]}})).await;
    let second = invite(&api, json!({"fixed_data": {"email": mails[1]}})).await;
    for (key, mail) in [(&first, mails[0]), (&second, mails[1])] {
        let query = format!("itoken={key}");
        let asked = Executor::new(&client, &base, "enroll", &query).challenge().await.expect(200).json();
        assert_eq!(asked["fields"][1]["initial_value"], mail, "{asked}");
    }
}

async fn who_leaves_is_gone_and_signed_out(database: Database) {
    let server = start(database).await;
    let (api, base, client) = (server.api(), server.base(), Client::new());
    let pk = api.create_user("ada", PASSWORD, &[]).await;
    let nobody = Executor::new(&client, &base, "leave", "").challenge().await.expect(200).json();
    assert_eq!(refusal(&nobody), "Sign in first.");

    let login = Executor::new(&client, &base, "default-authentication-flow", "");
    login.login("ada", PASSWORD).await.redirect();
    let leave = Executor::new(&client, &base, "leave", "");
    assert_eq!(leave.challenge().await.expect(200).json()["component"], "ak-stage-prompt");
    let done = leave.answer(&json!({"component": "ak-stage-prompt", "meant": true})).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    assert_eq!(me(&server, &client).await, Value::Null);
    api.get(&format!("core/users/{pk}/")).await.expect(404);
    server.logged(&["model_deleted", "ada"]).await;
    let again = Client::new();
    let end = Executor::new(&again, &base, "default-authentication-flow", "").login("ada", PASSWORD).await;
    assert!(matches!(end, FlowEnd::Refused(_)), "{end:?}");
}

async fn a_step_that_cannot_be_taken_lets_nobody_in(database: Database) {
    let server = start(database).await;
    server.api().create_user("ada", PASSWORD, &[]).await;
    let (client, base) = (Client::new(), server.base());
    let end = Executor::new(&client, &base, "by-robot", "").login("ada", PASSWORD).await;
    let FlowEnd::Denied(end) = end else { panic!("{end:?}") };
    assert!(refusal(&end).contains("(source) cannot be run by this version"), "{end}");
    assert_eq!(me(&server, &client).await, Value::Null);
    server.logged(&["this version cannot run a stage"]).await;
}
