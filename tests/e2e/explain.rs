//! `lockgate explain`: whether somebody may open an application, and what it depends on; `lockgate diagram`:
//! what a flow does.

use lockgate_tests::{BOOTSTRAP_PASSWORD, Client, Database, Server};
use serde_json::Value;

on_each_database!(a_decision_is_explained, a_denial_is_looked_up_by_its_id, expressions_are_tried_out, a_flow_is_drawn);

const FOLDER: &str = r#"app: media
name: Media
url: http://media.lockgate.test
forward_auth: { mode: single }
access:
  all: [{ group: Viewers }, { policy: mornings }]
---
app: open
name: Open House
url: http://open.lockgate.test
forward_auth: { mode: single }
---
group: Viewers
"#;

const CEDAR: &str = r#"@id("management-needs-mfa")
@message("Sign in with a second factor.")
forbid (principal, action == Action::"access", resource == App::"open")
unless { context.mfa };
"#;

async fn a_decision_is_explained(database: Database) {
    let server = Server::builder(database)
        .config("apps.yaml", FOLDER)
        .config("mornings.rhai", "now.hour < 12")
        .config("management.cedar", CEDAR)
        .start()
        .await;
    server.api().create_user("ada", BOOTSTRAP_PASSWORD, &["Viewers"]).await;
    server.api().create_user("bob", BOOTSTRAP_PASSWORD, &[]).await;
    let explain = |more: &[&str]| server.run(&[&["explain"], more].concat());

    let told = explain(&["--user", "ada", "--app", "media", "--at", "2026-11-24T08:00:00Z"]);
    assert_eq!(told.code, 0, "{}", told.text);
    for line in [
        "ada may open Media.",
        "All of its bindings have to pass:",
        "passes     the group Viewers (apps.yaml:",
        "passes     the policy mornings (apps.yaml:",
    ] {
        assert!(told.text.contains(line), "{line}:\n{}", told.text);
    }
    let told = explain(&["--user", "ada", "--app", "media", "--at", "2026-11-24T18:00:00Z"]);
    for line in ["ada may not open Media.", "fails      the policy mornings", "The condition mornings is not met."] {
        assert!(told.text.contains(line), "{line}:\n{}", told.text);
    }
    let told = explain(&["--user", "BOB", "--app", "media", "--at", "2026-11-24T08:00:00Z", "--format", "json"]);
    let told: Value = serde_json::from_str(&told.text).unwrap_or_else(|_| panic!("{}", told.text));
    assert_eq!(told["allow"], false);
    assert_eq!(told["trace"]["bindings"][0]["passes"], false);
    assert_eq!(told["trace"]["bindings"][1]["passes"], true);
    assert_eq!(told["trace"]["changes"], serde_json::json!([[{"join": "Viewers"}]]));
    assert!(told["told"][0].as_str().is_some_and(|text| text.contains("Viewers")), "{told}");

    let told = explain(&["--user", "ada", "--app", "open"]);
    for line in [
        "ada may not open Open House.",
        "It has no bindings.",
        "forbid  management-needs-mfa (management.cedar:",
        "applies and decides: Sign in with a second factor.",
        "The smallest change that would allow it:\n  sign in with a second factor",
    ] {
        assert!(told.text.contains(line), "{line}:\n{}", told.text);
    }
    let told = explain(&["--user", "ada", "--app", "open", "--mfa"]);
    assert!(told.text.starts_with("ada may open Open House."), "{}", told.text);

    // What a login was like, and by which program, decides too.
    server.write(
        "management.cedar",
        r#"@id("fresh") forbid (principal, action == Action::"access", resource == App::"open")
unless { context.authentication_methods.contains("otp") && context has authentication_age
    && context.authentication_age < 900 && context.device.kind == "pc" };
"#,
    );
    let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36";
    let login = ["--methods", "pwd,otp", "--age", "10m", "--user-agent", chrome];
    let open = ["--user", "ada", "--app", "open"];
    let started = std::time::Instant::now();
    loop {
        let told = explain(&[&open[..], &login].concat());
        if told.text.starts_with("ada may open Open House.") {
            break;
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(10), "{}", told.text);
    }
    for (name, value) in [("--methods", "pwd"), ("--age", "20m"), ("--user-agent", "curl/8")] {
        let mut other = login;
        let at = other.iter().position(|part| *part == name).expect("there is such an argument");
        other[at + 1] = value;
        let told = explain(&[&open[..], &other].concat());
        assert!(told.text.starts_with("ada may not open"), "{name}: {}", told.text);
    }
    let api = server.api();
    let ask = async |age: &str| {
        let agent: String = url::form_urlencoded::byte_serialize(chrome.as_bytes()).collect();
        let query = format!("lockgate/explain/?user=ada&app=open&methods=pwd,otp&user_agent={agent}&age={age}");
        api.get(&query).await
    };
    assert_eq!(ask("10m").await.expect(200).json()["allow"], true);
    assert_eq!(ask("20m").await.expect(200).json()["allow"], false);
    assert!(ask("soon").await.expect(400).text().contains("Enter a duration"));

    for (arguments, answer) in [
        (["--user", "nobody", "--app", "media"], "User 'nobody' not found."),
        (["--user", "ada", "--app", "wiki"], "Application 'wiki' not found."),
    ] {
        let told = explain(&arguments);
        assert_ne!(told.code, 0);
        assert!(told.text.contains(answer), "{}", told.text);
    }
}

async fn a_denial_is_looked_up_by_its_id(database: Database) {
    let server = Server::builder(database)
        .config("apps.yaml", FOLDER)
        .config("mornings.rhai", "now.hour < 24")
        .config("management.cedar", CEDAR)
        .start()
        .await;
    server.api().create_user("bob", BOOTSTRAP_PASSWORD, &[]).await;
    let visitor = Client::new();
    let denied = visitor.open_signing_in(&server.url("/application/launch/media/"), "bob", BOOTSTRAP_PASSWORD).await;
    let page = denied.reply.expect(403).text();
    let id = page.split(|c: char| !(c.is_ascii_hexdigit() || c == '-')).find(|part| part.len() == 36);
    let id = id.unwrap_or_else(|| panic!("{page}")).to_owned();
    let told = server.run(&["explain", "--decision", &id]);
    for line in
        ["bob was denied access to media. The configuration in force decides the same:", "join the group Viewers"]
    {
        assert!(told.text.contains(line), "{line}:\n{}", told.text);
    }
    let api = server.api();
    let kept = api.get(&format!("lockgate/decisions/{id}/")).await.expect(200).json();
    assert_eq!(
        (&kept["allow"], &kept["username"], &kept["now"]["allow"]),
        (&false.into(), &"bob".into(), &false.into())
    );
    assert_eq!(kept["now"]["trace"]["changes"], serde_json::json!([[{"join": "Viewers"}]]), "{kept}");
    let list = api.get("lockgate/decisions/?username=bob&allow=false").await.expect(200).json();
    assert_eq!(list["results"][0]["id"], id.as_str(), "{list}");
    assert_eq!(api.get("lockgate/decisions/?username=ada").await.expect(200).json()["pagination"]["count"], 0);
    let asked = api.get("lockgate/explain/?user=bob&app=media&at=2026-11-24T08:00:00Z").await.expect(200).json();
    assert_eq!((&asked["allow"], &asked["trace"]["bindings"][1]["passes"]), (&false.into(), &true.into()), "{asked}");
    api.get("lockgate/explain/?user=nobody&app=media").await.expect(400);
    let stranger = api.with_token(None);
    for path in ["lockgate/decisions/", "lockgate/explain/?user=bob&app=media"] {
        stranger.get(path).await.expect(403);
    }
    stranger.get(&format!("lockgate/decisions/{id}/")).await.expect(403);
    // The same question under another folder.
    let other = tempfile::TempDir::with_prefix("lockgate-replay-").expect("the temporary folder is writable");
    let write = |name: &str, text: &str| std::fs::write(other.path().join(name), text).expect("the folder is writable");
    write("apps.yaml", &FOLDER.replace("access:\n  all: [{ group: Viewers }, { policy: mornings }]\n", ""));
    let folder = other.path().to_string_lossy().into_owned();
    let told = server.run(&["replay", &folder, "--since", "1h"]);
    assert_eq!(told.code, 2, "{}", told.text);
    assert!(told.text.contains("bob at media: was denied, would be allowed"), "{}", told.text);
    write("apps.yaml", FOLDER);
    write("mornings.rhai", "now.hour < 24");
    let told = server.run(&["replay", &folder, "--format", "json"]);
    let told: Value = serde_json::from_str(&told.text).unwrap_or_else(|_| panic!("{}", told.text));
    assert_eq!((&told["decided"], &told["otherwise"]), (&1.into(), &serde_json::json!([])), "{told}");
    let unknown = server.run(&["explain", "--decision", "00000000-0000-7000-8000-000000000000"]);
    assert!(unknown.code != 0 && unknown.text.contains("No decision"), "{}", unknown.text);
}

async fn expressions_are_tried_out(database: Database) {
    let server =
        Server::builder(database).config("apps.yaml", FOLDER).config("mornings.rhai", "now.hour < 12").start().await;
    server.api().create_user("ada", BOOTSTRAP_PASSWORD, &["Viewers"]).await;
    let told =
        server.run(&["rhai", "--user", "ada", "--app", "media", "[user.groups, app.slug, mfa]", "--format", "json"]);
    let told: Value = serde_json::from_str(&told.text).unwrap_or_else(|_| panic!("{}", told.text));
    assert_eq!(told["value"], serde_json::json!([["Viewers"], "media", false]));
    assert_eq!(told["passes"], true);
    let told = server.run(&["rhai", "user.nam"]);
    assert!(told.code != 0 && told.text.contains("expression:1:"), "{}", told.text);
    let page = server.run(&["rhai", "--reference"]);
    assert!(page.text.contains("| `user.groups` | list of texts |"), "{}", page.text);
}

async fn a_flow_is_drawn(database: Database) {
    let flow = r#"flow: in-the-morning
title: Good morning
designation: authentication
stages:
  - identify:
      by: [username]
  - password
  - deny: {}
    when: "now.hour >= 12"
  - login
---
group: Viewers
"#;
    let server = Server::builder(database).config("flow.yaml", flow).start().await;
    let drawn = server.run(&["diagram", "in-the-morning", "--format", "mermaid"]);
    assert_eq!(drawn.code, 0, "{}", drawn.text);
    assert!(drawn.text.starts_with("flowchart TD\n    start([\"in-the-morning\"])\n"), "{}", drawn.text);
    assert!(drawn.text.contains("-- yes --> stage2[\"Deny Stage<br>"), "{}", drawn.text);
    let api = server.api().get("flows/instances/in-the-morning/diagram/").await.expect(200).json();
    assert_eq!(api["diagram"], drawn.text, "there are no people in it");
    let picture = server.run(&["diagram", "in-the-morning"]);
    assert!(picture.text.starts_with("<svg xmlns=") && picture.text.ends_with("</svg>\n"), "{}", picture.text);
    assert!(picture.text.contains(">Password Stage<"), "{}", picture.text);
    let missing = server.run(&["diagram", "nowhere"]);
    assert!(missing.code != 0 && missing.text.contains("Flow 'nowhere' not found."), "{}", missing.text);
}
