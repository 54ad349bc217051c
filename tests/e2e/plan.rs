//! `lockgate plan`, `apply`, `revisions` and `rollback`, on the database and on a running server: what a
//! change would do, and the way there and back.

use std::process::Command;

use lockgate_tests::{
    Api, BOOTSTRAP_PASSWORD, BOOTSTRAP_TOKEN, CommandOutcome, Database, Server, ServerBuilder, eventually,
};
use serde_json::{Value, json};
use tempfile::TempDir;

on_each_database!(
    a_plan_says_who_gains_and_loses,
    what_is_applied_goes_live_and_comes_back,
    a_server_is_told_by_its_api,
    a_rollback_holds_the_folder_back_until_its_text_changes,
    a_broken_folder_is_never_applied,
    of_two_that_apply_at_once_both_or_one_count,
);

const WIKI: &str = "
app: wiki
name: Wiki
url: http://wiki.lockgate.test
forward_auth: { mode: single }
access:
  any: [{ group: Editors }]
---
group: Editors
---
group: Staff
";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::with_prefix("lockgate-plan-").expect("the temporary folder is writable");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a fresh folder is writable");
    }
    folder
}

fn run(server: &Server, command: &str, folder: &TempDir, more: &[&str]) -> CommandOutcome {
    let path = folder.path().display().to_string();
    server.run(&[&[command, &path], more].concat())
}

async fn name_of_wiki(api: &Api) -> String {
    let reply = api.get("core/applications/wiki/").await;
    if reply.status == 200 { reply.json()["name"].as_str().unwrap_or_default().to_owned() } else { String::new() }
}

async fn without_folder(database: Database) -> Server {
    bare(Server::builder(database)).await
}

/// A server that was started without a folder, and is at rest.
pub(crate) async fn bare(builder: ServerBuilder) -> Server {
    let mut server = builder.set("LOCKGATE_CONFIG_DIR", "").start().await;
    at_rest(&server).await;
    assert!(server.terminate().await);
    std::fs::remove_dir(server.config_folder()).expect("the folder is empty");
    server.launch().await;
    server
}

/// A server makes a key pair beside its start, which is a revision of its own.
pub(crate) async fn at_rest(server: &Server) {
    let path = "crypto/certificatekeypairs/?name=authentik+Self-signed+Certificate";
    eventually(async || server.api().get(path).await.json()["pagination"]["count"] == 1).await;
}

async fn a_plan_says_who_gains_and_loses(database: Database) {
    let server = Server::builder(database).config("apps.yaml", WIKI).start().await;
    let api = server.api();
    for (name, groups) in [("ada", &["Editors"][..]), ("bob", &["Staff"]), ("cy", &["Staff", "Editors"]), ("dan", &[])]
    {
        api.create_user(name, BOOTSTRAP_PASSWORD, groups).await;
    }
    let gone = api.create_user("eve", BOOTSTRAP_PASSWORD, &["Staff"]).await;
    api.patch(&format!("core/users/{gone}/"), &json!({"is_active": false})).await.expect(200);

    let same = run(&server, "plan", &folder(&[("apps.yaml", WIKI)]), &[]);
    assert_eq!((same.code, same.text.as_str()), (0, "No changes.\n"));

    let next = folder(&[("apps.yaml", &WIKI.replace("{ group: Editors }", "{ group: Staff }"))]);
    let told = run(&server, "plan", &next, &[]);
    assert_eq!(told.code, 2, "{}", told.text);
    for line in [
        "+ access of app wiki: group Staff (apps.yaml:",
        "- access of app wiki: group Editors (apps.yaml:",
        "Access, for 5 active accounts:",
        "    + gain access: 1 person (bob)",
        "    - lose access: 1 person (ada)",
    ] {
        assert!(told.text.contains(line), "{line}:\n{}", told.text);
    }
    let told = run(&server, "plan", &next, &["--format", "markdown"]);
    assert!(told.code == 2 && told.text.starts_with("## Lockgate plan\n"), "{}", told.text);
    let told = run(&server, "plan", &next, &["--format", "json"]);
    let report: Value = serde_json::from_str(&told.text).unwrap_or_else(|_| panic!("{}", told.text));
    assert_eq!(report["access"]["apps"][0]["parts"][0]["examples"], json!(["bob"]));

    // A parent makes members of the one group members of the other; a file asks for a second factor.
    let parent = WIKI.replace("group: Staff\n", "group: Staff\nparents: [Editors]\n");
    let cedar = r#"@id("mfa") forbid (principal in Group::"Editors", action == Action::"access", resource == App::"wiki") unless { context.mfa };"#;
    let told = run(&server, "plan", &folder(&[("apps.yaml", &parent), ("mfa.cedar", cedar)]), &[]);
    for line in [
        "~ group Staff (apps.yaml:",
        "    parents: [] -> [\"Editors\"]",
        "    + gain access, only with a second factor: 1 person (bob)",
        "    - need a second factor from now on: all 2 members of Editors (ada, cy)",
    ] {
        assert!(told.text.contains(line), "{line}:\n{}", told.text);
    }
    assert_eq!(name_of_wiki(&api).await, "Wiki", "a plan changes nothing");
}

async fn what_is_applied_goes_live_and_comes_back(database: Database) {
    let mut server = without_folder(database).await;
    let api = server.api();
    let first = folder(&[("apps.yaml", WIKI)]);
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(first.path()).args(["-c", "user.name=Grace", "-c", "user.email=g@example.com"]);
        let done = command.args(arguments).output().expect("git is installed");
        assert!(done.status.success(), "{done:?}");
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "the wiki"]);
    let commit = git(&["rev-parse", "HEAD"]);

    let told = run(&server, "apply", &first, &[]);
    assert!(told.code == 0 && told.text.contains("+ app wiki"), "{}", told.text);
    eventually(async || name_of_wiki(&api).await == "Wiki").await;
    let again = run(&server, "apply", &first, &[]);
    assert!(again.code == 0 && again.text.starts_with("Nothing to do: revision "), "{}", again.text);

    let second =
        folder(&[("apps.yaml", &WIKI.replace("name: Wiki", "name: Pages").replace("group: Staff\n", "group: Crew\n"))]);
    let told = run(&server, "apply", &second, &["--author", "linus", "--message", "a better name"]);
    assert!(told.text.contains("    name: \"Wiki\" -> \"Pages\""), "{}", told.text);
    eventually(async || name_of_wiki(&api).await == "Pages").await;

    let listed = server.run(&["revisions", "--format", "json"]);
    let listed: Value = serde_json::from_str(&listed.text).unwrap_or_else(|_| panic!("{}", listed.text));
    let listed: Vec<&Value> = listed.as_array().into_iter().flatten().filter(|r| r["origin"] == "apply").collect();
    assert_eq!((&listed[0]["author"], &listed[0]["summary"]), (&json!("linus"), &json!("a better name")));
    assert_eq!((&listed[1]["author"], &listed[1]["git_commit"]), (&json!("Grace"), &json!(commit)));
    assert_eq!((&listed[1]["origin"], &listed[1]["git_dirty"]), (&json!("apply"), &json!(false)));
    let number = listed[1]["number"].to_string();
    let shown = server.run(&["revisions", &number]);
    assert!(shown.text.contains("+ access of app wiki: group Editors"), "{}", shown.text);

    // A server without a folder keeps what was applied.
    assert!(server.terminate().await);
    server.launch().await;
    assert_eq!(name_of_wiki(&server.api()).await, "Pages");

    let back = server.run(&["rollback", &number, "--message", "too soon"]);
    assert!(back.code == 0 && back.text.contains("    name: \"Pages\" -> \"Wiki\""), "{}", back.text);
    let api = server.api();
    eventually(async || name_of_wiki(&api).await == "Wiki").await;
    let listed = server.run(&["revisions"]);
    assert!(listed.text.contains(&format!("rollback to revision {number}: too soon")), "{}", listed.text);
    let nowhere = server.run(&["rollback", "9999"]);
    assert!(nowhere.code == 1 && nowhere.text.contains("no way back to revision 9999"), "{}", nowhere.text);
}

async fn a_server_is_told_by_its_api(database: Database) {
    let server = without_folder(database).await;
    let token = folder(&[("token", BOOTSTRAP_TOKEN)]);
    let file = token.path().join("token").display().to_string();
    let base = server.base();
    let remote = ["--server", base.as_str(), "--token-file", file.as_str()];
    let wiki = folder(&[("apps.yaml", WIKI)]);
    let planned = run(&server, "plan", &wiki, &remote);
    assert!(planned.code == 2 && planned.text.contains("+ app wiki"), "{}", planned.text);
    let planned = run(&server, "plan", &wiki, &[&["--format", "json"][..], &remote].concat());
    let planned: Value = serde_json::from_str(&planned.text).unwrap_or_else(|_| panic!("{}", planned.text));
    let base_revision = planned["base_revision"].to_string();

    let stale = run(&server, "apply", &wiki, &[&["--expect-revision", "0"][..], &remote].concat());
    assert!(stale.code == 1 && stale.text.contains("somebody changed it"), "{}", stale.text);
    let applied = run(&server, "apply", &wiki, &[&["--expect-revision", &base_revision][..], &remote].concat());
    assert!(applied.code == 0 && applied.text.contains("is in force."), "{}", applied.text);
    assert_eq!(name_of_wiki(&server.api()).await, "Wiki");
    let clean = run(&server, "plan", &wiki, &remote);
    assert_eq!((clean.code, clean.text.as_str()), (0, "No changes.\n"));

    let broken = folder(&[("apps.yaml", &WIKI.replace("name: Wiki", "naem: Wiki"))]);
    let here = CommandOutcome::at(broken.path());
    let there = run(&server, "plan", &broken, &remote);
    assert_eq!((there.code, there.text.as_str()), (1, here.text.as_str()), "told as a check tells it");

    let listed = server.run(&[&["revisions", "--format", "json"][..], &remote].concat());
    let listed: Value = serde_json::from_str(&listed.text).unwrap_or_else(|_| panic!("{}", listed.text));
    let before = listed[1]["number"].to_string();
    let shown = server.run(&[&["revisions", &listed[0]["number"].to_string()][..], &remote].concat());
    assert!(shown.text.contains("+ app wiki"), "{}", shown.text);
    let back = server.run(&[&["rollback", &before][..], &remote].concat());
    assert!(back.code == 0 && back.text.contains("- app wiki"), "{}", back.text);
    server.api().get("core/applications/wiki/").await.expect(404);

    let noted = server.api().get("lockgate/revisions/?page_size=1").await.expect(200).json();
    assert_eq!(
        (&noted["results"][0]["origin"], &noted["results"][0]["author"]),
        (&json!("rollback"), &json!("akadmin"))
    );
    let wrong = folder(&[("token", "wrong")]);
    let wrong = wrong.path().join("token").display().to_string();
    let refused = run(&server, "plan", &wiki, &["--server", &base, "--token-file", &wrong]);
    assert!(refused.code == 1 && refused.text.contains("answers 403: Token invalid/expired"), "{}", refused.text);
}

async fn a_rollback_holds_the_folder_back_until_its_text_changes(database: Database) {
    let mut server = Server::builder(database).config("apps.yaml", WIKI).start().await;
    let api = server.api();
    let newest = api.get("lockgate/revisions/").await.expect(200).json()["results"][0]["number"].to_string();
    let pages = WIKI.replace("name: Wiki", "name: Pages");
    server.write("apps.yaml", &pages);
    eventually(async || name_of_wiki(&api).await == "Pages").await;
    api.post(&format!("lockgate/revisions/{newest}/rollback/"), &json!({})).await.expect(200);
    assert_eq!(name_of_wiki(&api).await, "Wiki");
    let ready = server.get("/-/health/ready/").await.expect(200).json();
    assert_eq!(ready["configuration"]["held"], true, "told at once");

    let reloaded = api.post("lockgate/reload/", &json!({})).await.expect(200).json();
    assert_eq!((&reloaded["held"], &reloaded["error"]), (&json!(true), &Value::Null));
    assert!(server.terminate().await);
    server.launch().await;
    let api = server.api();
    assert_eq!(name_of_wiki(&api).await, "Wiki");
    let ready = server.get("/-/health/ready/").await.expect(200).json();
    assert_eq!(ready["configuration"]["held"], true);

    server.write("apps.yaml", &WIKI.replace("name: Wiki", "name: Book"));
    server.program().signal("HUP");
    eventually(async || name_of_wiki(&api).await == "Book").await;
    // From then on the text that was rolled back from may come into force again.
    server.write("apps.yaml", &pages);
    eventually(async || name_of_wiki(&api).await == "Pages").await;
    let ready = server.get("/-/health/ready/").await.expect(200).json();
    assert_eq!(ready["configuration"]["held"], false);
}

async fn a_broken_folder_is_never_applied(database: Database) {
    let server = without_folder(database).await;
    assert_eq!(run(&server, "apply", &folder(&[("apps.yaml", WIKI)]), &[]).code, 0);
    for (file, text) in [
        ("apps.yaml", WIKI.replace("name: Wiki", "naem: Wiki").as_str()),
        ("a.cedar", "permit (principal, action, resource) when { context.nonsense };"),
        ("a.rhai", "user.nmae == 1"),
    ] {
        let mut files = vec![("apps.yaml", WIKI)];
        files.retain(|(name, _)| *name != file);
        files.push((file, text));
        // A group that a broken folder declares is not made either.
        files.push(("groups.yaml", "group: Newcomers\n"));
        let told = run(&server, "apply", &folder(&files), &[]);
        assert!(told.code == 1 && told.text.contains(file), "{}", told.text);
    }
    let groups = server.api().get("core/groups/?name=Newcomers").await.expect(200).json();
    assert_eq!(groups["pagination"]["count"], 0);
    // The server learns from the database of what the command applied first.
    eventually(async || name_of_wiki(&server.api()).await == "Wiki").await;
}

async fn of_two_that_apply_at_once_both_or_one_count(database: Database) {
    let server = without_folder(database).await;
    let api = server.api();
    let body = |name: &str| {
        let text = WIKI.replace("name: Wiki", &format!("name: {name}"));
        json!({"files": [{"path": "apps.yaml", "text": text}]})
    };
    let (one, two) = (body("One"), body("Two"));
    let (first, second) = tokio::join!(api.post("lockgate/apply/", &one), api.post("lockgate/apply/", &two));
    let revisions = [first.expect(200).json(), second.expect(200).json()].map(|a| a["revision"].as_i64().unwrap_or(0));
    let last = usize::from(revisions[1] > revisions[0]);
    assert_eq!(name_of_wiki(&api).await, ["One", "Two"][last], "the later one counts");

    let base = api.get("lockgate/revisions/").await.expect(200).json()["results"][0]["number"].clone();
    let expecting = |name: &str| {
        let mut body = body(name);
        body["expect_revision"] = base.clone();
        body
    };
    let (one, two) = (expecting("Three"), expecting("Four"));
    let (first, second) = tokio::join!(api.post("lockgate/apply/", &one), api.post("lockgate/apply/", &two));
    let mut codes = [first.status, second.status];
    codes.sort_unstable();
    assert_eq!(codes, [200, 409], "whoever planned against another revision is told");
}
