//! `/api/v3/lockgate/replay/` and `simulate/`: what a configuration would have decided, and how somebody would go
//! through a flow, without anything being changed.

use lockgate_tests::{BOOTSTRAP_PASSWORD, BOOTSTRAP_TOKEN, Client, Database, Server, eventually};
use serde_json::{Value, json};

on_each_database!(a_change_is_tried_on_what_was_decided_and_on_people);

const FOLDER: &str = "\
app: media
name: Media
url: http://media.lockgate.test
access:
  any: [{ group: Viewers }]
---
group: Viewers
";

async fn a_change_is_tried_on_what_was_decided_and_on_people(database: Database) {
    let server = Server::builder(database).config("apps.yaml", FOLDER).start().await;
    let api = server.api();
    let bob = api.create_user("bob", BOOTSTRAP_PASSWORD, &[]).await;
    let visitor = Client::new();
    visitor.open_signing_in(&server.url("/application/launch/media/"), "bob", BOOTSTRAP_PASSWORD).await;
    eventually(async || api.get("lockgate/decisions/?username=bob").await.json()["pagination"]["count"] == 1).await;

    // Under a folder that lets everybody in, over the API and by the command on both ways: one answer.
    let open = FOLDER.replace("access:\n  any: [{ group: Viewers }]\n", "");
    let files = json!([{"path": "apps.yaml", "text": open}]);
    let told = api.post("lockgate/replay/", &json!({"since": "1h", "files": files})).await.expect(200).json();
    assert_eq!((&told["decided"], &told["differing"]), (&json!(1), &json!(1)), "{told}");
    assert_eq!((&told["otherwise"][0]["username"], &told["otherwise"][0]["was"]), (&json!("bob"), &json!(false)));
    let folder = tempfile::TempDir::with_prefix("lockgate-replay-").expect("the temporary folder is writable");
    std::fs::write(folder.path().join("apps.yaml"), &open).expect("the folder is writable");
    std::fs::write(folder.path().join("token"), BOOTSTRAP_TOKEN).expect("the folder is writable");
    let path = folder.path().display().to_string();
    let (base, token) = (server.base(), format!("{path}/token"));
    let remote = ["--server", &base, "--token-file", &token];
    for more in [&[][..], &remote] {
        let by_command = server.run(&[&["replay", &path, "--format", "json"], more].concat());
        assert_eq!(by_command.code, 2, "{}", by_command.text);
        let mut by_command: Value = serde_json::from_str(&by_command.text).unwrap_or_default();
        assert_eq!(without_times(&mut by_command), without_times(&mut told.clone()));
    }
    let same = api.post("lockgate/replay/", &json!({})).await.expect(200).json();
    assert_eq!(same["otherwise"], json!([]));

    // As bob through the flow by which he came.
    let counts = async || {
        let mut counts = Vec::new();
        for list in
            ["events/events/", "core/authenticated_sessions/", "lockgate/decisions/", "policies/reputation/scores/"]
        {
            counts.push(api.get(list).await.expect(200).json()["pagination"]["count"].clone());
        }
        counts
    };
    let before = counts().await;
    let flow = "default-authentication-flow";
    let asked = json!({"flow": flow, "user": bob, "answers": [{"fields": {"password": "anything"}}]});
    let told = api.post("lockgate/simulate/", &asked).await.expect(200).json();
    assert_eq!((&told["end"]["how"], &told["end"]["methods"]), (&json!("signed_in"), &json!(["pwd"])), "{told}");
    let wrong = json!({"flow": flow, "user": bob, "password": "x", "answers": [{"fields": {"password": "y"}}]});
    let told = api.post("lockgate/simulate/", &wrong).await.expect(200).json();
    assert_eq!((&told["end"]["how"], &told["steps"][1]["outcome"]), (&json!("waits"), &json!("refused")), "{told}");
    api.post("lockgate/simulate/", &json!({"flow": "none"})).await.expect(404);
    let told = server.run(&["simulate", flow, "--user", "bob", "--answer", "password=x", "--dir", &path]);
    assert_eq!(told.code, 0, "{}", told.text);
    for line in [
        "default-authentication-flow as bob",
        "  accepted    default-authentication-password (password)",
        "bob is signed in by pwd, and leads to /",
        "note: No password was checked",
    ] {
        assert!(told.text.contains(line), "{line}:\n{}", told.text);
    }
    let told = server.run(&["simulate", "default-authentication-flo"]);
    assert!(told.code != 0 && told.text.contains("Did you mean 'default-authentication-flow'?"), "{}", told.text);
    assert_eq!(counts().await, before);
}

/// What was asked at another moment.
fn without_times(replayed: &mut Value) -> Value {
    for one in replayed["otherwise"].as_array_mut().into_iter().flatten() {
        one["now"]["time"] = Value::Null;
    }
    replayed.clone()
}
