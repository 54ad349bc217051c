//! Flows that are gone through without any effect.

use crate::support::Api;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

const FLOWS: &str = r#"
flow: sign-in
title: Hello
designation: authentication
stages:
  - identify: { by: [username] }
    name: who
  - deny: { message: Come back tomorrow. }
    name: closed
    when: "now.hour >= 22"
  - password: { attempts: 2 }
    name: secret
  - dummy: {}
    name: house-rules
    policies: [{ group: Staff }]
  - login: { session: 1h }
    name: in
---
flow: enrol
title: Welcome
designation: enrollment
stages:
  - prompt:
      fields:
        - { key: username, label: Your name, type: username, required: true }
        - { key: password, label: A password, type: password, required: true }
      validate: [never-leaked]
    name: details
  - write: { inactive: false }
    name: account
  - login
---
policy: never-leaked
password:
  length_min: 4
  check_have_i_been_pwned: true
---
flow: first
title: First
designation: stage_configuration
stages:
  - redirect: { flow: second }
    name: onwards
---
flow: second
title: Second
designation: stage_configuration
policies: [{ group: Staff }]
stages:
  - dummy: {}
    name: last
---
flow: reputed
title: Reputed
designation: authentication
policies: [{ policy: tried-too-often, not: true }]
stages:
  - dummy: {}
    name: fine
---
policy: tried-too-often
reputation: { threshold: -1 }
---
flow: agree
title: Agree
designation: authorization
requires: require_authenticated
stages:
  - consent: { mode: permanent }
    name: asked
---
flow: away
title: Away
designation: invalidation
stages:
  - logout
---
flow: coded
title: Code
designation: authentication
stages:
  - identify: { by: [username] }
  - source: { source: 7f0ea6a3-5bc6-4b7e-9c9b-54f3bb8f8f01 }
---
flow: again
title: Again
designation: authentication
stages:
  - identify: { by: [username] }
    name: who-again
  - dummy: {}
    name: never
    when: "false"
  - password: {}
    name: secret-again
    on_invalid: restart
---
app: wiki
name: Wiki
---
group: Staff
"#;

/// A server with these flows, and ada and bob, of whom only ada is of the staff and has a password.
struct House {
    api: Api,
    ada: i64,
}

impl House {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(more: &[(&str, &str)]) -> Self {
        let api = Api::start_with_files(&[&[("flows.yaml", FLOWS)], more].concat()).await;
        assert_eq!(api.identity.config.health().error, None);
        let staff = api.get("/core/groups/?name=Staff").await.expect(200)["results"][0]["pk"].clone();
        let mut pks = Vec::new();
        for (name, groups) in [("ada", json!([staff])), ("bob", json!([]))] {
            let body = json!({"username": name, "name": name, "groups": groups});
            pks.push(api.post("/core/users/", &body).await.expect(201)["pk"].as_i64().expect("a number"));
        }
        let password = json!({"password": "a real long password"});
        api.post(&format!("/core/users/{}/set_password/", pks[0]), &password).await.expect(204);
        Self { api, ada: pks[0] }
    }

    async fn simulate(&self, body: Value) -> Value {
        self.api.post("/lockgate/simulate/", &body).await.expect(200)
    }

    async fn count(&self, path: &str) -> i64 {
        self.api.get(path).await.expect(200)["pagination"]["count"].as_i64().expect("a number")
    }

    /// How many there are of everything that a flow could leave behind, with all that is told so far.
    async fn left_behind(&self) -> Vec<i64> {
        self.api.identity.journal.flush().await;
        let mut counts = Vec::new();
        for path in [
            "/core/users/",
            "/core/authenticated_sessions/",
            "/core/user_consent/",
            "/policies/reputation/scores/",
            "/lockgate/decisions/",
            "/lockgate/revisions/",
            "/events/events/",
        ] {
            counts.push(self.count(path).await);
        }
        counts
    }

    /// A client of a user who may do this.
    async fn helper(&self, name: &str) -> Api {
        let desk = self.api.post("/core/groups/", &json!({"name": "Desk"})).await.expect(201);
        let made = self.api.post("/core/users/", &json!({"username": name, "name": "", "groups": [desk["pk"]]})).await;
        self.api.post("/core/tokens/", &json!({"identifier": name, "user": made.expect(201)["pk"]})).await.expect(201);
        let key = self.api.get(&format!("/core/tokens/{name}/view_key/")).await.expect(200);
        self.api.with_token(key["key"].as_str().expect("a key"))
    }
}

/// Names of the stages, each with what became of it.
fn way(told: &Value) -> Vec<(&str, &str)> {
    let steps = told["steps"].as_array().expect("a list").iter();
    steps.map(|step| (step["stage"].as_str().expect("a name"), step["outcome"].as_str().expect("a word"))).collect()
}

#[tokio::test]
async fn each_stage_is_told_with_its_reasons_and_how_it_ended() {
    let house = House::new().await;
    let noon = "2026-11-24T12:00:00Z";
    let told = house
        .simulate(json!({"flow": "sign-in", "user": house.ada, "at": noon, "password": "right", "answers": [
            {"stage": "password", "fields": {"password": "wrong"}},
            {"fields": {"password": "right"}},
            {"stage": "house-rules"},
            {"fields": {"nonsense": 1}},
        ]}))
        .await;
    assert_eq!(
        way(&told),
        [
            ("who", "accepted"),
            ("closed", "skipped"),
            ("secret", "refused"),
            ("secret", "accepted"),
            ("house-rules", "accepted"),
            ("in", "passed"),
        ],
        "{told:#}"
    );
    let step = |at: usize| told["steps"][at].clone();
    assert_eq!(step(0)["answered"], json!(["uid_field"]));
    assert_eq!((&step(2)["kind"], &step(2)["component"]), (&json!("password"), &json!("ak-stage-password")));
    assert_eq!(step(2)["complaints"], json!({"password": ["Invalid password"]}));
    assert_eq!(step(2)["why"], json!(["the login of ada failed: wrong password"]));
    assert_eq!(step(4)["why"], json!(["passes     the group Staff (flows.yaml:15)"]));
    let why = step(1)["why"][0].as_str().expect("a reason").to_owned();
    assert!(why.starts_with("fails ") && why.ends_with("(flows.yaml:10)"), "{why}");
    let end = &told["end"];
    assert_eq!((&end["how"], &end["user"], &end["to"]), (&json!("signed_in"), &json!("ada"), &json!("/")), "{end}");
    assert_eq!((&end["methods"], &end["session_seconds"]), (&json!(["pwd"]), &json!(3600)));
    assert!(told["notes"].as_array().expect("a list").contains(&json!("Nobody asked for nonsense.")), "{told:#}");
    assert!(!told.to_string().contains("\"right\""), "answers are not told again");

    let told = house.simulate(json!({"flow": "sign-in", "username": "Ada", "at": "2026-11-24T23:00:00Z"})).await;
    assert_eq!(way(&told), [("who", "accepted"), ("closed", "denied")]);
    let end = &told["end"];
    assert_eq!((&end["how"], &end["message"]), (&json!("denied"), &json!("Come back tomorrow.")));
    assert!(end["why"][0].as_str().is_some_and(|why| why.starts_with("passes ")), "{end}");

    // Who is not of the staff sees no rules; twice a wrong password is one too many.
    let told = house
        .simulate(json!({"flow": "sign-in", "username": "bob", "at": noon, "password": "right", "answers": [
            {"fields": {"password": "right"}},
        ]}))
        .await;
    assert_eq!(way(&told)[3..], [("house-rules", "skipped"), ("in", "passed")], "{told:#}");
    let told = house
        .simulate(json!({"flow": "sign-in", "username": "bob", "at": noon, "password": "right", "answers": [
            {"fields": {"password": "one"}}, {"fields": {"password": "two"}},
        ]}))
        .await;
    assert_eq!(way(&told)[2..], [("secret", "refused"), ("secret", "denied")], "{told:#}");
    assert_eq!(told["end"]["message"], "Too many failed attempts. Start again.");
    // A wrong answer may begin the flow anew.
    let told = house
        .simulate(json!({"flow": "again", "username": "ada", "password": "right", "answers": [
            {"fields": {"password": "wrong"}},
        ]}))
        .await;
    assert_eq!(
        way(&told),
        [
            ("who-again", "accepted"),
            ("never", "skipped"),
            ("secret-again", "refused"),
            ("who-again", "accepted"),
            ("never", "skipped"),
            ("secret-again", "shown"),
        ],
        "{told:#}"
    );
}

#[tokio::test]
async fn what_is_not_as_at_a_server_is_said() {
    let house = House::new().await;
    let noon = "2026-11-24T12:00:00Z";
    let has = |told: &Value, text: &str| {
        let notes = told["notes"].as_array().expect("a list").iter().filter_map(Value::as_str);
        assert!(notes.clone().any(|note| note.contains(text)), "{text}: {told:#}");
    };
    // A visitor waits where nothing is answered, and nobody else is known.
    let told = house.simulate(json!({"flow": "sign-in"})).await;
    assert_eq!((&told["end"]["how"], &told["end"]["stage"]), (&json!("waits"), &json!("who")));
    assert_eq!(told["end"]["asks"], json!(["uid_field"]));
    let told =
        house.simulate(json!({"flow": "sign-in", "at": noon, "answers": [{"fields": {"uid_field": "ada"}}]})).await;
    has(&told, "Nobody is known here but the person");
    // Any password is right unless one is named, but none is where there is none.
    let guess = json!([{"fields": {"password": "guessed"}}, {"stage": "house-rules"}]);
    let told = house.simulate(json!({"flow": "sign-in", "username": "ada", "at": noon, "answers": guess})).await;
    assert_eq!(told["end"]["how"], "signed_in", "{told:#}");
    has(&told, "No password was checked");
    let told = house.simulate(json!({"flow": "sign-in", "username": "bob", "at": noon, "answers": guess})).await;
    assert_eq!((&told["end"]["how"], &told["end"]["stage"]), (&json!("waits"), &json!("secret")), "{told:#}");
    has(&told, "The answer to house-rules was not asked for.");
    // No service of leaked passwords is asked, so that its policy refuses.
    let new = json!([{"fields": {"username": "nina", "password": "a long one"}}]);
    let told = house.simulate(json!({"flow": "enrol", "answers": new})).await;
    assert_eq!(way(&told), [("details", "refused"), ("details", "shown")], "{told:#}");
    has(&told, "Whether a password was leaked or used before is not looked up here");
    // A stage that this version cannot run.
    let told = house.simulate(json!({"flow": "coded", "username": "ada"})).await;
    assert!(told["end"]["message"].as_str().is_some_and(|text| text.contains("cannot be run")), "{told:#}");
}

#[tokio::test]
async fn circumstances_and_what_is_known_of_a_person_count() {
    let house = House::new().await;
    // Another flow is gone on with, and refuses who is not of the staff.
    let told = house.simulate(json!({"flow": "first", "username": "ada", "answers": [{"stage": "dummy"}]})).await;
    assert_eq!((way(&told), &told["signed_in"]), (vec![("onwards", "redirected"), ("last", "accepted")], &json!(true)));
    assert_eq!((&told["end"]["how"], &told["steps"][1]["flow"]), (&json!("done"), &json!("second")));
    let told = house.simulate(json!({"flow": "first", "username": "bob"})).await;
    assert_eq!(told["end"]["message"], "You need to be a member of the group Staff.");
    assert!(
        told["end"]["why"][0].as_str().is_some_and(|why| why.starts_with("fails      the group Staff")),
        "{told:#}"
    );
    // The scores of an address are those that sign-ins left behind.
    let ip = "203.0.113.9".parse().expect("an address");
    for _ in 0..3 {
        house.api.identity.reputation.failed("somebody", ip).await;
    }
    let reputed = |ip: &str| json!({"flow": "reputed", "username": "ada", "ip": ip});
    for _ in 0..600 {
        if house.count("/policies/reputation/scores/").await > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(house.simulate(reputed("203.0.113.9")).await["end"]["how"], "denied");
    assert_eq!(house.simulate(reputed("203.0.113.10")).await["end"]["how"], "waits");
    // What was agreed to is not asked again, and is agreed to here without a trace.
    let agree = |answers: Value| json!({"flow": "agree", "username": "ada", "app": "wiki", "answers": answers});
    assert_eq!(house.simulate(agree(json!([]))).await["end"]["how"], "waits");
    assert_eq!(way(&house.simulate(agree(json!([{"stage": "consent"}]))).await), [("asked", "accepted")]);
    assert_eq!(house.count("/core/user_consent/").await, 0);
    let told = house.simulate(json!({"flow": "away", "username": "ada"})).await;
    assert_eq!(told["end"]["how"], "signed_out");
    let told = house.simulate(json!({"flow": "agree", "username": "ada", "signed_in": false})).await;
    assert_eq!((&told["end"]["message"], way(&told).len()), (&json!("Sign in first."), 0));
}

#[tokio::test]
async fn nothing_is_left_behind() {
    let house = House::new().await;
    house.api.is_at_rest().await;
    let before = house.left_behind().await;
    let hash = house.api.store.users().password_hash(house.ada).await.expect("a database");
    let open = FLOWS.replace("      validate: [never-leaked]\n", "");
    let files = json!([{"path": "flows.yaml", "text": open}]);
    let noon = "2026-11-24T12:00:00Z";
    let wrong = json!([{"fields": {"password": "one"}}, {"fields": {"password": "two"}}]);
    let right = json!([{"fields": {"password": "x"}}, {"stage": "dummy"}]);
    let enrol = json!([{"fields": {"username": "nina", "password": "a long one"}}]);
    for (body, how) in [
        (json!({"flow": "sign-in", "username": "ada", "at": noon, "answers": right}), "signed_in"),
        (json!({"flow": "sign-in", "username": "ada", "at": noon, "password": "x", "answers": wrong}), "denied"),
        (json!({"flow": "enrol", "answers": enrol, "files": files}), "signed_in"),
        (json!({"flow": "agree", "username": "ada", "app": "wiki", "answers": [{"stage": "consent"}]}), "done"),
        (json!({"flow": "away", "username": "ada"}), "signed_out"),
        (json!({"flow": "second", "username": "bob"}), "denied"),
    ] {
        let told = house.simulate(body.clone()).await;
        assert_eq!(told["end"]["how"], how, "{body}\n{told:#}");
        if body["flow"] == "enrol" {
            assert_eq!(told["end"]["wrote"], "nina");
        }
    }
    let told = house
        .simulate(json!({"flow": "enrol", "files": files, "answers": [
            {"fields": {"username": "Ada", "password": "a long one"}},
        ]}))
        .await;
    assert!(told["steps"][0]["complaints"].to_string().contains("already taken"), "a real name is taken: {told:#}");

    assert_eq!(house.left_behind().await, before);
    assert_eq!(house.api.store.users().password_hash(house.ada).await.expect("a database"), hash);
    assert_eq!(house.api.get(&format!("/core/users/{}/", house.ada)).await.expect(200)["last_login"], Value::Null);
}

#[tokio::test]
async fn a_folder_is_tried_before_it_is_in_force() {
    let house = House::new().await;
    let files = |text: String| json!([{"path": "flows.yaml", "text": text}]);
    let asked =
        |files: Value| json!({"flow": "second", "username": "bob", "answers": [{"stage": "last"}], "files": files});
    let open = FLOWS.replace("policies: [{ group: Staff }]\nstages", "stages");
    assert_eq!(house.simulate(asked(files(open))).await["end"]["how"], "done");
    assert_eq!(house.simulate(asked(files(FLOWS.to_owned()))).await["end"]["how"], "denied");
    // The groups are those of the folder.
    let bob = house.api.get("/core/users/?username=bob").await.expect(200)["results"][0]["pk"].clone();
    house.api.post("/core/groups/", &json!({"name": "Interns", "users": [bob]})).await.expect(201);
    assert_eq!(house.simulate(json!({"flow": "second", "username": "bob"})).await["end"]["how"], "denied");
    let staffed = format!("{FLOWS}---\ngroup: Interns\nparents: [Staff]\n");
    assert_eq!(house.simulate(asked(files(staffed))).await["end"]["how"], "done");

    let told =
        house.api.post("/lockgate/simulate/", &asked(files(FLOWS.replace("title: Second", "titel: Second")))).await;
    let told = told.expect(400);
    let at = &told["diagnostics"][0];
    let line = FLOWS.lines().position(|line| line == "title: Second").expect("it is there") + 1;
    assert_eq!((&at["file"], &at["line"], &at["column"]), (&json!("flows.yaml"), &json!(line), &json!(1)), "{told}");
    assert!(told["text"].as_str().is_some_and(|text| text.contains("did you mean \"title\"?")), "{told}");
    let gone = json!({"flow": "second", "username": "bob", "files": []});
    house.api.post("/lockgate/simulate/", &gone).await.expect(404);
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let house = House::new().await;
    let ask = async |body: Value, status: u16| house.api.post("/lockgate/simulate/", &body).await.expect(status);
    let detail = async |body: Value| ask(body, 404).await["detail"].as_str().expect("a text").to_owned();
    let told = detail(json!({"flow": "sing-in"})).await;
    assert_eq!(told, "No Flow \"sing-in\" matches the given query. Did you mean \"sign-in\"?");
    let told = detail(json!({"flow": "sign-in", "username": "eve"})).await;
    assert_eq!(told, "No User \"eve\" matches the given query.");
    assert!(detail(json!({"flow": "sign-in", "user": 4711})).await.contains("\"4711\""));
    assert!(detail(json!({"flow": "agree", "app": "wikki"})).await.ends_with("Did you mean \"wiki\"?"));
    for (body, field) in [
        (json!({}), "flow"),
        (json!({"flow": "sign-in", "user": 1, "username": "ada"}), "username"),
        (json!({"flow": "sign-in", "ip": "here"}), "ip"),
        (json!({"flow": "sign-in", "at": "noon"}), "at"),
        (json!({"flow": "sign-in", "answers": {"password": "x"}}), "answers"),
        (json!({"flow": "sign-in", "files": "no"}), "files"),
    ] {
        let told = ask(body, 400).await;
        assert!(told[field][0].is_string(), "{field}: {told}");
    }
}

#[tokio::test]
async fn it_takes_the_rights_to_the_flow_the_person_and_the_folder() {
    let policies = r#"
permit (principal in Group::"Desk", action in [Action::"read", Action::"check_access"], resource is User)
unless { resource.superuser };
permit (principal in Group::"Desk", action == Action::"read", resource in Kind::"flow") unless { resource.slug == "away" };
permit (principal in Group::"Desk", action in [Action::"execute", Action::"inspect"], resource in Kind::"flow")
when { ["sign-in", "first", "away"].contains(resource.slug) };
"#;
    let house = House::with(&[("admin.cedar", policies)]).await;
    let desk = house.helper("helper").await;
    let status = async |body: Value| desk.post("/lockgate/simulate/", &body).await.status.as_u16();
    assert_eq!(status(json!({"flow": "sign-in", "username": "ada"})).await, 200);
    assert_eq!(status(json!({"flow": "enrol"})).await, 403, "seen, and not to be executed");
    assert_eq!(status(json!({"flow": "away"})).await, 404, "not seen");
    assert_eq!(status(json!({"flow": "sign-in", "username": "akadmin"})).await, 404, "not seen");
    assert_eq!(status(json!({"flow": "sign-in", "app": "wiki"})).await, 404, "not seen");
    assert_eq!(status(json!({"flow": "sign-in", "files": [{"path": "flows.yaml", "text": FLOWS}]})).await, 403);
    // Into what may not be looked into nobody is led.
    let told = desk.post("/lockgate/simulate/", &json!({"flow": "first", "username": "ada"})).await.expect(200);
    assert_eq!((way(&told), &told["end"]["how"]), (vec![("onwards", "redirected")], &json!("redirect")), "{told:#}");
    assert_eq!(told["end"]["to"], "/if/flow/second/");
    assert_eq!(told["notes"], json!(["The flow second is not gone on with: you may not look into it."]));

    house.api.anonymous(Method::POST, "/lockgate/simulate/", &json!({"flow": "sign-in"})).await.expect(403);
    let nobody = house.api.post("/core/users/", &json!({"username": "nobody", "name": ""})).await.expect(201);
    house.api.post("/core/tokens/", &json!({"identifier": "nobody", "user": nobody["pk"]})).await.expect(201);
    let key = house.api.get("/core/tokens/nobody/view_key/").await.expect(200);
    let nobody = house.api.with_token(key["key"].as_str().expect("a key"));
    nobody.post("/lockgate/simulate/", &json!({"flow": "sign-in"})).await.expect(403);
}
