//! A server that pulls its configuration from a repository.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use lockgate_tests::{Database, GitServer, Repository, Server, ServerBuilder, binary, eventually};
use serde_json::{Value, json};

on_each_database!(
    a_push_goes_live_by_itself_and_at_once_when_asked_for,
    whatever_fails_the_last_good_revision_stays_and_each_failure_is_told_once,
    a_repository_reaches_nothing_that_settings_were_read_from,
    a_rewritten_branch_is_followed_and_told,
    only_commits_of_those_who_may_sign_come_into_force,
    only_the_pinned_commit_comes_into_force,
    a_server_starts_without_the_repository,
    nodes_lay_commits_down_in_their_order,
    what_was_rolled_back_from_is_held_until_the_text_changes,
);

const BLOG: &str = "app: blog\nname: Blog\nurl: http://blog.lockgate.test\nforward_auth: { mode: single }\n";

fn named(name: &str) -> String {
    BLOG.replace("name: Blog", &format!("name: {name}"))
}

/// Pulls when asked to, and otherwise once an hour.
fn pulling(database: Database, url: &str) -> ServerBuilder {
    let builder = Server::builder(database).set("LOCKGATE_CONFIG_DIR", "").set("LOCKGATE_GIT__URL", url);
    builder.set("LOCKGATE_GIT__INTERVAL", "1h").set("LOCKGATE_GIT__PATH", "config")
}

async fn reload(server: &Server) -> Value {
    server.api().post("lockgate/reload/", &json!({})).await.expect(200).json()
}

async fn health(server: &Server) -> Value {
    server.get("/-/health/ready/").await.expect(200).json()["configuration"].clone()
}

async fn name_of_blog(server: &Server) -> String {
    let reply = server.api().get("core/applications/blog/").await;
    if reply.status == 200 { reply.json()["name"].as_str().unwrap_or_default().to_owned() } else { String::new() }
}

fn revisions(server: &Server) -> Vec<Value> {
    let told = server.run(&["revisions", "--format", "json"]);
    assert_eq!(told.code, 0, "{}", told.text);
    serde_json::from_str(&told.text).unwrap_or_else(|_| panic!("{}", told.text))
}

/// Events on the configuration, as the log has them, that say this.
async fn told(server: &Server, with: &str) -> Vec<String> {
    let lines = server.logs().into_iter();
    lines.filter(|line| line.contains("configuration_error") && line.contains(with)).collect()
}

async fn a_push_goes_live_by_itself_and_at_once_when_asked_for(database: Database) {
    let repository = Repository::new();
    let first = repository.push("The blog", &[("config/apps.yaml", BLOG), ("README.md", "outside")]);
    let mut server = pulling(database, &repository.url()).start().await;
    assert_eq!(name_of_blog(&server).await, "Blog", "the first start waits for the first commit");
    let standing = health(&server).await;
    assert_eq!((&standing["commit"], &standing["error"]), (&json!(first), &Value::Null), "{standing}");
    assert!(standing["pulled"].is_string(), "{standing}");

    let second = repository.push("A better name", &[("config/apps.yaml", &named("Weblog"))]);
    let answer = reload(&server).await;
    assert_eq!((&answer["commit"], &answer["error"]), (&json!(second), &Value::Null), "{answer}");
    assert_eq!(name_of_blog(&server).await, "Weblog");
    let newest = &revisions(&server)[0];
    let kept = [&newest["git_commit"], &newest["author"], &newest["summary"], &newest["origin"]];
    assert_eq!(kept, [&json!(second), &json!("Ada Lovelace"), &json!("A better name"), &json!("folder")]);

    // A commit that changes nothing here makes no revision; neither does looking again.
    let before = revisions(&server).len();
    repository.push("Words", &[("README.md", "other words")]);
    reload(&server).await;
    reload(&server).await;
    assert_eq!(revisions(&server).len(), before);

    let third = repository.push("A signal", &[("config/apps.yaml", &named("Signalled"))]);
    server.program().signal("HUP");
    eventually(async || name_of_blog(&server).await == "Signalled").await;

    // What a server would pull is what commands look at that name no folder.
    repository.push("Planned", &[("config/apps.yaml", &named("Planned"))]);
    let plan = server.run(&["plan"]);
    assert!(plan.code == 2 && plan.text.contains("Planned"), "{}", plan.text);
    assert_eq!(health(&server).await["commit"], json!(third), "a plan changes nothing");
    let check = server.run(&["check"]);
    assert!(check.code == 1 && check.text.contains("LOCKGATE_GIT__URL"), "{}", check.text);

    let figures = server.get("/metrics").await.expect(200).text();
    let age = figures.lines().find_map(|line| line.strip_prefix("lockgate_git_pull_age_seconds "));
    assert!(age.and_then(|age| age.parse::<f64>().ok()).is_some_and(|age| age < 60.0), "{figures}");

    assert!(server.terminate().await);
    let mut server = server.with("LOCKGATE_GIT__INTERVAL", "1s");
    server.launch().await;
    eventually(async || name_of_blog(&server).await == "Planned").await;
    repository.push("By itself", &[("config/apps.yaml", &named("By itself"))]);
    eventually(async || name_of_blog(&server).await == "By itself").await;
}

async fn whatever_fails_the_last_good_revision_stays_and_each_failure_is_told_once(database: Database) {
    let repository = Repository::new();
    let good = repository.push("Good", &[("config/apps.yaml", BLOG)]);
    let server = pulling(database, &repository.url()).start().await;
    let pulled = health(&server).await["pulled"].clone();

    repository.push("Broken", &[("config/apps.yaml", &BLOG.replace("name:", "naem:"))]);
    let answer = reload(&server).await;
    assert!(answer["error"].as_str().is_some_and(|e| e.contains("apps.yaml:2:1")), "{answer}");
    reload(&server).await;
    assert_eq!(told(&server, "naem").await.len(), 1);
    let figures = server.get("/metrics").await.expect(200).text();
    assert!(figures.contains("lockgate_configuration_broken 1"), "{figures}");

    repository.hide();
    let answer = reload(&server).await;
    assert!(answer["error"].as_str().is_some_and(|e| e.contains("naem")), "what is broken is still told: {answer}");
    reload(&server).await;
    let failures = told(&server, "origin.git").await;
    assert!(failures.len() == 1 && failures[0].contains("git: fetching: file://"), "{failures:?}");
    assert_eq!((name_of_blog(&server).await.as_str(), &health(&server).await["pulled"]), ("Blog", &pulled));
    let figures = server.get("/metrics").await.expect(200).text();
    assert!(figures.contains("lockgate_git_pull_failures_total 2"), "{figures}");

    repository.show();
    repository.link("config/apps.cedar", "/etc/hostname");
    repository.push("Linked", &[("config/apps.yaml", &named("Weblog"))]);
    let answer = reload(&server).await;
    assert!(answer["error"].as_str().is_some_and(|e| e.contains("links in a repository")), "{answer}");

    repository.rewind(&good);
    let mended = repository.push("Mended", &[("config/apps.yaml", &named("Mended"))]);
    let answer = reload(&server).await;
    assert_eq!((&answer["commit"], &answer["error"]), (&json!(mended), &Value::Null));
    assert_eq!(name_of_blog(&server).await, "Mended");
    assert_eq!(told(&server, "rewritten").await.len(), 0, "the commits between were never in force");
    let figures = server.get("/metrics").await.expect(200).text();
    assert!(figures.contains("lockgate_configuration_broken 0"), "{figures}");
}

async fn a_repository_reaches_nothing_that_settings_were_read_from(database: Database) {
    const APP: &str = "app: wiki\nname: Wiki\nurl: http://wiki.lockgate.test\noauth2:\n  redirect_uris: [http://wiki.lockgate.test/cb]\n  \
        client_secret: ";
    let repository = Repository::new();
    repository.push("Good", &[("config/apps.yaml", &format!("{APP}{{ env: WIKI_SECRET }}\n"))]);
    let server = pulling(database, &repository.url())
        .set("LOCKGATE_SECRET_KEY", "env://SEALED_UNDER")
        .set("SEALED_UNDER", "a secret key that is long enough")
        .set("WIKI_SECRET", "a secret of the wiki, long enough");
    let server = server.start().await;
    assert_eq!(reload(&server).await["error"], Value::Null);
    repository.push("Greedy", &[("config/apps.yaml", &format!("{APP}{{ env: SEALED_UNDER }}\n"))]);
    let answer = reload(&server).await;
    let error = answer["error"].as_str().unwrap_or_default();
    assert!(error.contains("\"SEALED_UNDER\", which holds a setting of the server"), "{answer}");
}

async fn a_rewritten_branch_is_followed_and_told(database: Database) {
    let repository = Repository::new();
    let first = repository.push("First", &[("config/apps.yaml", BLOG)]);
    let server = pulling(database, &repository.url()).start().await;
    for name in ["Two", "Three"] {
        repository.push(name, &[("config/apps.yaml", &named(name))]);
        reload(&server).await;
    }
    assert_eq!(told(&server, "rewritten").await.len(), 0);
    let last = repository.head();
    repository.rewind(&first);
    let answer = reload(&server).await;
    assert_eq!((&answer["commit"], &answer["error"]), (&json!(first), &Value::Null));
    assert_eq!(name_of_blog(&server).await, "Blog");
    let events = told(&server, "configuration rewritten").await;
    assert!(events.len() == 1 && events[0].contains(&first) && events[0].contains(&last), "{events:?}");
    reload(&server).await;
    assert_eq!(told(&server, "rewritten").await.len(), 1);
}

async fn only_commits_of_those_who_may_sign_come_into_force(database: Database) {
    let repository = Repository::new();
    let (ada, mallory) = (repository.key("ada"), repository.key("mallory"));
    let signers = repository.signers(&[&ada]);
    let signed = repository.push_signed("Signed", &[("config/apps.yaml", BLOG)], &ada);
    let builder = pulling(database, &repository.url()).set("LOCKGATE_GIT__SIGNERS", &signers.to_string_lossy());
    let server = builder.start().await;
    assert_eq!(health(&server).await["commit"], json!(signed));

    repository.push("Unsigned", &[("config/apps.yaml", &named("Unsigned"))]);
    let answer = reload(&server).await;
    assert!(answer["error"].as_str().is_some_and(|e| e.contains("no good signature")), "{answer}");
    let stranger = repository.push_signed("Strange", &[("config/apps.yaml", &named("Strange"))], &mallory);
    let answer = reload(&server).await;
    assert!(answer["error"].as_str().is_some_and(|e| e.contains(&stranger)), "{answer}");
    assert_eq!(name_of_blog(&server).await, "Blog");
    let plan = server.run(&["plan"]);
    assert!(plan.code == 1 && plan.text.contains("no good signature"), "{}", plan.text);

    let signed = repository.push_signed("Signed again", &[("config/apps.yaml", &named("Weblog"))], &ada);
    let answer = reload(&server).await;
    assert_eq!((&answer["commit"], &answer["error"]), (&json!(signed), &Value::Null));
    assert_eq!(name_of_blog(&server).await, "Weblog");
}

async fn only_the_pinned_commit_comes_into_force(database: Database) {
    let repository = Repository::new();
    let pinned = repository.push("Pinned", &[("config/apps.yaml", BLOG)]);
    repository.push("Later", &[("config/apps.yaml", &named("Later"))]);
    let mut server = pulling(database, &repository.url()).set("LOCKGATE_GIT__COMMIT", &pinned).start().await;
    assert_eq!((name_of_blog(&server).await.as_str(), &health(&server).await["commit"]), ("Blog", &json!(pinned)));
    repository.push("Latest", &[("config/apps.yaml", &named("Latest"))]);
    assert_eq!(reload(&server).await["error"], Value::Null);
    assert_eq!(name_of_blog(&server).await, "Blog");
    // It is here already, and needs no server any more.
    repository.hide();
    assert_eq!(reload(&server).await["error"], Value::Null);
    repository.show();

    assert!(server.terminate().await);
    let mut server = server.with("LOCKGATE_GIT__COMMIT", &"1".repeat(40));
    server.launch().await;
    let answer = reload(&server).await;
    assert!(answer["error"].as_str().is_some_and(|e| e.starts_with("git: fetching")), "{answer}");
    assert_eq!(name_of_blog(&server).await, "Blog");
}

async fn a_server_starts_without_the_repository(database: Database) {
    let repository = Repository::new();
    let server = pulling(database, &repository.url()).start().await;
    let standing = health(&server).await;
    assert!(standing["error"].is_string() && !standing.to_string().contains("refs/heads/main"), "{standing}");
    let detail = server.api().get("lockgate/overview/").await.expect(200).json()["configuration"]["error"].to_string();
    assert!(detail.contains("refs/heads/main"), "an empty one: {detail}");
    assert_eq!((name_of_blog(&server).await.as_str(), &standing["commit"]), ("", &Value::Null));
    server.get("/if/flow/default-authentication-flow/").await.expect(200);
    drop(server);

    let good = repository.push("Good", &[("config/apps.yaml", BLOG)]);
    let mut server = pulling(database, &repository.url()).start().await;
    assert!(server.terminate().await);
    repository.hide();
    server.launch().await;
    assert_eq!(name_of_blog(&server).await, "Blog");
    eventually(async || health(&server).await["error"].is_string()).await;
    assert_eq!(health(&server).await["commit"], json!(good), "what was laid down before is in force");

    // A mirror that a power cut left in pieces is made anew.
    repository.show();
    assert!(server.terminate().await);
    let mirror = server.data_folder().join("git/mirror");
    std::fs::write(mirror.join("HEAD"), "").expect("the mirror is there");
    std::fs::write(mirror.join("shallow.lock"), "").expect("the mirror is there");
    server.launch().await;
    let next = repository.push("Next", &[("config/apps.yaml", &named("Next"))]);
    reload(&server).await;
    let answer = reload(&server).await;
    assert_eq!((&answer["commit"], &answer["error"]), (&json!(next), &Value::Null));
}

async fn nodes_lay_commits_down_in_their_order(database: Database) {
    let repository = Repository::new();
    repository.push("Blog 0", &[("config/apps.yaml", &named("Blog 0"))]);
    let place = tempfile::TempDir::with_prefix("lockgate-nodes-").expect("the temporary folder is writable");
    let url = database.create().await;
    let url = url.unwrap_or_else(|| format!("sqlite://{}", place.path().join("lockgate.db").display()));
    let node = || {
        let builder = pulling(database, &repository.url()).set("LOCKGATE_DATABASE_URL", &url);
        builder.set("LOCKGATE_SECRET_KEY", "one key for all of the nodes").set("LOCKGATE_GIT__INTERVAL", "1s")
    };
    let (one, two) = (node().start().await, node().start().await);
    let mut commits = Vec::new();
    for number in 1..=8 {
        let name = format!("Blog {number}");
        commits.push(json!(repository.push(&name, &[("config/apps.yaml", &named(&name))])));
        // Both at once, again and again.
        tokio::join!(reload(&one), reload(&two), reload(&one), reload(&two));
    }
    for server in [&one, &two] {
        eventually(async || name_of_blog(server).await == "Blog 8").await;
        assert_eq!(health(server).await["error"], Value::Null);
    }
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let mut laid: Vec<Value> = revisions(&one).iter().map(|revision| revision["git_commit"].clone()).collect();
    laid.reverse();
    laid.retain(|commit| commits.contains(commit));
    assert_eq!(laid, commits, "each commit once, in order");
}

async fn what_was_rolled_back_from_is_held_until_the_text_changes(database: Database) {
    let repository = Repository::new();
    repository.push("First", &[("config/apps.yaml", BLOG)]);
    let mut server = pulling(database, &repository.url()).start().await;
    let good = revisions(&server)[0]["number"].to_string();
    repository.push("Second", &[("config/apps.yaml", &named("Weblog"))]);
    reload(&server).await;
    let back = server.run(&["rollback", &good]);
    assert_eq!(back.code, 0, "{}", back.text);
    eventually(async || name_of_blog(&server).await == "Blog").await;

    assert_eq!(reload(&server).await["held"], true);
    assert!(server.terminate().await);
    server.launch().await;
    eventually(async || health(&server).await["held"] == true).await;
    assert_eq!(name_of_blog(&server).await, "Blog");

    repository.push("Third", &[("config/apps.yaml", &named("Third"))]);
    assert_eq!(reload(&server).await["held"], false);
    assert_eq!(name_of_blog(&server).await, "Third");
}

#[tokio::test]
async fn a_token_opens_a_repository_over_https_and_is_told_nowhere() {
    let repository = Repository::new();
    let first = repository.push("First", &[("config/apps.yaml", BLOG)]);
    let forge = GitServer::start(&repository).await;
    let builder = pulling(Database::Sqlite, &forge.url())
        .set("LOCKGATE_GIT__CA", &forge.certificate().to_string_lossy())
        .set("LOCKGATE_LOG_LEVEL", "trace");
    let mut server = builder.set("LOCKGATE_GIT__TOKEN", GitServer::TOKEN).start().await;
    assert_eq!(health(&server).await["commit"], json!(first), "{}", forge.tail());
    repository.push("Second", &[("config/apps.yaml", &named("Weblog"))]);
    assert_eq!(reload(&server).await["error"], Value::Null);
    assert_eq!(name_of_blog(&server).await, "Weblog");
    assert!(!server.data_folder().join("git/token").exists(), "the token stays behind");
    assert!(!server.logs().join("\n").contains(GitServer::TOKEN), "the token is in the log");

    assert!(server.terminate().await);
    let mut server = server.with("LOCKGATE_GIT__TOKEN", "a-token-of-somebody-else");
    server.launch().await;
    let answer = reload(&server).await;
    let error = answer["error"].as_str().unwrap_or_default();
    assert!(error.contains("403") && !error.contains("somebody-else"), "{answer}");
    assert_eq!(name_of_blog(&server).await, "Weblog");

    // A server that nobody vouches for is not spoken to.
    assert!(server.terminate().await);
    let mut server = server.with("LOCKGATE_GIT__TOKEN", GitServer::TOKEN).with("LOCKGATE_GIT__CA", "");
    server.launch().await;
    let answer = reload(&server).await;
    assert!(answer["error"].as_str().is_some_and(|e| e.contains("certificate")), "{answer}");
}

/// The machine that runs the tests need not have a server of SSH: a program of that name stands in for the
/// connection, and notes how it was called.
#[tokio::test]
async fn a_key_opens_a_repository_over_ssh_and_hosts_are_known() {
    let repository = Repository::new();
    let first = repository.push("First", &[("config/apps.yaml", BLOG)]);
    let place = tempfile::TempDir::with_prefix("lockgate-ssh-").expect("the temporary folder is writable");
    let at = |name: &str| place.path().join(name);
    let script =
        format!("#!/bin/sh\necho \"$@\" >> {}\nfor last; do :; done\neval \"$last\"\n", at("called").display());
    std::fs::write(at("ssh"), script).expect("the temporary folder is writable");
    std::fs::set_permissions(at("ssh"), std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    std::fs::write(at("known_hosts"), "git.example.com ssh-ed25519 AAAA\n").expect("the temporary folder is writable");
    let key = repository.key("key");
    let path = format!("{}:{}", place.path().display(), std::env::var("PATH").unwrap_or_default());
    let url = repository.url().replace("file://", "ssh://git@git.example.com");
    let server = pulling(Database::Sqlite, &url)
        .set("PATH", &path)
        .set("LOCKGATE_GIT__SSH_KEY", &key.to_string_lossy())
        .set("LOCKGATE_GIT__KNOWN_HOSTS", &at("known_hosts").to_string_lossy())
        .start()
        .await;
    assert_eq!(health(&server).await["commit"], json!(first), "{}", health(&server).await);
    let called = std::fs::read_to_string(at("called")).expect("it was called");
    for part in [
        &format!("-i {}", key.display()),
        &format!("UserKnownHostsFile={}", at("known_hosts").display()),
        "StrictHostKeyChecking=yes",
        "BatchMode=yes",
        "git@git.example.com git-upload-pack",
    ] {
        assert!(called.contains(part), "{part}: {called}");
    }
}

#[test]
fn what_cannot_be_pulled_is_told_at_the_start() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let run = |variables: &[(&str, &str)]| {
        let mut command = Command::new(binary());
        command.arg("server").current_dir(folder.path()).env("LOCKGATE_LISTEN__HTTP", "127.0.0.1:0");
        let output = command.envs(variables.iter().copied()).output().expect("the binary can be started");
        assert!(!output.status.success());
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let both = run(&[("LOCKGATE_GIT__URL", "file:///srv/config.git"), ("LOCKGATE_CONFIG_DIR", "config")]);
    assert!(both.contains("set one of them, and the other one to nothing"), "{both}");
    let plain = run(&[("LOCKGATE_GIT__URL", "http://git.example.com/config.git")]);
    assert!(plain.contains("LOCKGATE_GIT__URL"), "{plain}");
    let missing = run(&[("LOCKGATE_GIT__URL", "file:///srv/config.git"), ("PATH", "/nowhere")]);
    assert!(missing.contains("the program git cannot be started"), "{missing}");
    let branch = run(&[("LOCKGATE_GIT__URL", "file:///srv/config.git"), ("LOCKGATE_GIT__BRANCH", "a..b")]);
    assert!(branch.contains("\"a..b\" is no name of a branch"), "{branch}");
}
