//! `lockgate claims`: what a token would say, and why.

use std::process::Command;

use lockgate_tests::{BOOTSTRAP_PASSWORD, CommandOutcome, Database, Server, binary};
use serde_json::Value;

on_each_database!(
    claims_are_explained,
    a_question_that_has_no_answer_is_told_so,
    asking_changes_nothing,
    a_database_that_is_not_ready_is_told_so
);

const FOLDER: &str = r#"app: grafana
name: Grafana
url: https://grafana.lockgate.test
oauth2:
  client_id: grafana
  redirect_uris: [https://grafana.lockgate.test/cb]
  scopes: [openid, profile, email]
  mappings: [grafana-role]
  issuer: global
access:
  any: [{ group: Grafana Admins }]
---
group: Grafana Admins
---
mapping: grafana-role
scope: profile
expression: |
  #{
    role: if "Grafana Admins" in user.groups { "Admin" } else { "Viewer" },
    nickname: "boss",
    sub: "somebody else",
  }
"#;

async fn server(database: Database) -> Server {
    let server = Server::builder(database).config("grafana.yaml", FOLDER).start().await;
    server.api().create_user("ada", BOOTSTRAP_PASSWORD, &["Grafana Admins"]).await;
    server.api().create_user("bob", BOOTSTRAP_PASSWORD, &[]).await;
    server
}

async fn claims_are_explained(database: Database) {
    let server = server(database).await;
    let told = server.run(&["claims", "--user", "ada", "--app", "grafana"]);
    assert_eq!(told.code, 0, "{}", told.text);
    for line in [
        "ID token of ada at Grafana:",
        "\"Admin\"",
        "scope profile: mapping \"grafana-role\" (grafana.yaml:15)",
        "mapping \"authentik default OAuth Mapping: OpenID 'email'\" (line 1)",
        "sets \"sub\", which is the protocol's and stays as it is",
    ] {
        assert!(told.text.contains(line), "{line}:\n{}", told.text);
    }
    assert!(!told.text.contains("may not open"), "{}", told.text);

    let told =
        server.run(&["claims", "--user", "bob", "--app", "grafana", "--scope", "openid email", "--format", "json"]);
    let told: Value = serde_json::from_str(&told.text).unwrap_or_else(|_| panic!("{}", told.text));
    assert_eq!(told["allowed"], false);
    assert_eq!(told["claims"]["role"], Value::Null, "its scope was not asked for");
    assert_eq!(told["claims"]["email"]["from"]["scope"], "email");
    assert_eq!(told["claims"]["sub"]["from"]["protocol"], true);
    assert_eq!(told["claims"]["iss"]["value"], "http://localhost:9000/", "one for all applications");
}

async fn a_question_that_has_no_answer_is_told_so(database: Database) {
    let server = server(database).await;
    for (arguments, answer) in [
        (["--user", "nobody", "--app", "grafana"].as_slice(), "User 'nobody' not found."),
        (&["--user", "ada", "--app", "wiki"], "Application 'wiki' not found."),
        (
            &["--user", "ada", "--app", "grafana", "--scope", "secrets"],
            "has no scope 'secrets'; it has openid, profile, email",
        ),
    ] {
        let told = server.run(&[&["claims"], arguments].concat());
        assert_ne!(told.code, 0);
        assert!(told.text.contains(answer), "{}", told.text);
    }
    server.write("grafana.yaml", &FOLDER.replace("role: if", "role: if user.pk > 0 { throw \"no role\" } else if"));
    server.logged(&["the configuration folder is in force"]).await;
    let told = server.run(&["claims", "--user", "ada", "--app", "grafana"]);
    let told_so = ["there would be no token", "grafana-role", "no role"].iter().all(|word| told.text.contains(word));
    assert!(told.code != 0 && told_so, "{}", told.text);
}

async fn asking_changes_nothing(database: Database) {
    let mut server = server(database).await;
    let revision = revision(&server).await;
    assert!(server.terminate().await);
    let file = server.data_folder().join("lockgate.db");
    let before = std::fs::read(&file).ok();
    assert_eq!(before.is_some(), database == Database::Sqlite);
    server.write("grafana.yaml", &FOLDER.replace("\"Admin\"", "\"Owner\""));

    let told = server.run(&["claims", "--user", "ada", "--app", "grafana"]);
    assert_eq!(told.code, 0, "{}", told.text);
    assert!(told.text.contains("\"Admin\"") && !told.text.contains("Owner"), "what is in force: {}", told.text);
    assert!(std::fs::read(&file).ok() == before, "the database is another one");

    server.write("grafana.yaml", FOLDER);
    server.launch().await;
    assert_eq!(self::revision(&server).await, revision);
}

/// Number of the revision in force.
async fn revision(server: &Server) -> Value {
    server.get("/-/health/ready/").await.json()["configuration"]["revision"].clone()
}

async fn a_database_that_is_not_ready_is_told_so(database: Database) {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let ask = |settings: &[(&str, &str)]| {
        let mut command = Command::new(binary());
        command.args(["claims", "--user", "ada", "--app", "grafana"]).current_dir(folder.path());
        let told = CommandOutcome::from(command.envs(settings.iter().copied()).output().expect("the binary starts"));
        assert_ne!(told.code, 0);
        told.text
    };
    let empty = ask(&[]);
    assert!(empty.contains("start the server once first"), "{empty}");
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 0, "nothing was made");

    let url = database.create().await.unwrap_or_else(|| {
        std::fs::write(folder.path().join("empty.db"), "").expect("the temporary folder is writable");
        "sqlite:empty.db".to_owned()
    });
    for _ in 0..2 {
        let behind = ask(&[("LOCKGATE_DATABASE_URL", &url), ("LOCKGATE_SECRET_KEY", "a secret key for tests")]);
        assert!(behind.contains("run `lockgate migrate` first"), "{behind}");
    }
}
