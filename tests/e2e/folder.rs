//! The configuration folder of a running server, and `lockgate check`.

use std::time::{Duration, Instant};

use lockgate_tests::{Client, CommandOutcome, Database, Server, Site, eventually};
use serde_json::{Value, json};

on_each_database!(
    a_change_goes_live_without_a_restart,
    a_broken_folder_keeps_the_last_good_revision,
    a_server_starts_on_a_broken_folder_with_what_it_had,
    a_reload_drops_no_request,
    people_notice_nothing_of_an_editor_at_work,
    what_the_folder_declares_is_read_only,
    an_app_that_leaves_the_folder_is_gone,
    an_app_of_the_api_stays_closed_whatever_the_folder_says,
);

const BLOG: &str = "
app: blog
name: Blog
url: http://blog.lockgate.test
forward_auth: { mode: single }
";

#[test]
fn a_check_annotates_a_pull_request() {
    let place = tempfile::TempDir::with_prefix("lockgate-annotations-").expect("the temporary folder is writable");
    let folder = place.path().join("config");
    std::fs::create_dir(&folder).expect("a fresh folder is writable");
    let write = |text: &str| std::fs::write(folder.join("apps.yaml"), text).expect("a fresh folder is writable");
    write(&BLOG.replace("name: Blog", "naem: Blog"));
    let told = CommandOutcome::report(place.path(), "config", "github");
    assert_eq!(told.code, 1, "{}", told.text);
    let start = "::error file=config/apps.yaml,line=3,endLine=3,col=1,endColumn=4,title=lockgate unknown_key::";
    assert!(told.text.starts_with(start), "{}", told.text);
    assert!(told.text.contains("did you mean \"name\"?"), "{}", told.text);
    write(BLOG);
    let told = CommandOutcome::report(place.path(), "config", "github");
    assert_eq!((told.code, told.text.as_str()), (0, ""));
}

async fn a_change_goes_live_without_a_restart(database: Database) {
    let server = Server::builder(database).config("apps.yaml", BLOG).start().await;
    assert_eq!(name_of_blog(&server).await, "Blog");
    server.write("apps.yaml", &BLOG.replace("name: Blog", "name: Weblog"));
    eventually(async || name_of_blog(&server).await == "Weblog").await;
    server.write("more.yaml", "group: Writers\n");
    let there = async || server.api().get("core/groups/?name=Writers").await.json()["pagination"]["count"] == 1;
    eventually(there).await;
}

async fn a_broken_folder_keeps_the_last_good_revision(database: Database) {
    let server = Server::builder(database).config("apps.yaml", BLOG).start().await;
    server.write("apps.yaml", &BLOG.replace("name: Blog", "name: Weblog\nnaem: typo"));
    let line = server.logged(&["apps.yaml", "naem"]).await;
    assert!(line.contains("apps.yaml:4:1"), "no file, line and column: {line}");
    assert_eq!(name_of_blog(&server).await, "Blog");

    // Strangers hear that something is the matter, and administrators what.
    for page in ["/-/health/ready/", "/-/health/ready/?detail"] {
        let ready = server.get(page).await.expect(200);
        assert_eq!(ready.json()["configuration"]["status"], "failing", "{}", ready.text());
        assert!(!ready.text().contains("apps.yaml") && !ready.text().contains("naem"), "{}", ready.text());
    }
    let detail = server.api().get("lockgate/overview/").await.expect(200).text();
    assert!(detail.contains("apps.yaml:4:1") && detail.contains("naem"), "{detail}");
    let metrics = server.get("/metrics").await.expect(200).text();
    assert!(metrics.lines().any(|line| line.contains("config") && line.ends_with(" 1")), "{metrics}");

    server.write("apps.yaml", &BLOG.replace("name: Blog", "name: Weblog"));
    eventually(async || name_of_blog(&server).await == "Weblog").await;
    let ready = server.get("/-/health/ready/").await.expect(200).json();
    let told = (&ready["configuration"]["status"], &ready["configuration"]["error"]);
    assert_eq!(told, (&json!("ok"), &Value::Null), "readiness still complains: {ready}");
}

async fn a_server_starts_on_a_broken_folder_with_what_it_had(database: Database) {
    let mut server = Server::builder(database).config("apps.yaml", BLOG).start().await;
    assert!(server.terminate().await);
    server.write("apps.yaml", "app: blog\nname: [not a name]\n");
    server.launch().await;
    assert_eq!(name_of_blog(&server).await, "Blog");
    server.logged(&["apps.yaml:2:7"]).await;
}

async fn a_reload_drops_no_request(database: Database) {
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    let started = Instant::now();
    let mut asked = 0;
    let mut changes = 0;
    while started.elapsed() < Duration::from_secs(3) {
        if asked % 50 == 0 {
            changes += 1;
            let title = format!("group: Extra {changes}\n");
            site.server.write("extra.yaml", &title);
        }
        let reply = lockgate_tests::Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200);
        assert_eq!(reply.header("X-authentik-username"), "ada");
        asked += 1;
    }
    assert!(asked > 50, "only {asked} requests");
}

/// A short piece of `cargo bench -p lockgate-tests --bench soak`.
async fn people_notice_nothing_of_an_editor_at_work(database: Database) {
    let report = lockgate_tests::soak(database, 30, 7).await;
    assert_eq!(report.wrong, Vec::<String>::new());
    assert!(report.answers > 100 && report.logins > 0, "{report:?}");
}

async fn what_the_folder_declares_is_read_only(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let group = api.group("Media").await;
    let change = serde_json::json!({ "name": "Renamed" });
    for (path, body) in [("core/applications/one/".to_owned(), &change), (format!("core/groups/{group}/"), &change)] {
        let reply = api.patch(&path, body).await.expect(409).json();
        let detail = reply["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("site.yaml"), "the file is not named: {detail}");
        let reply = api.delete(&path).await.expect(409).json();
        assert!(reply["detail"].as_str().unwrap_or_default().contains("site.yaml"), "{reply}");
    }
    // Memberships are people's data and stay editable.
    api.join(site.bob, "Media").await;
    site.signed_in("bob").await;
}

async fn an_app_that_leaves_the_folder_is_gone(database: Database) {
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    site.server.write("site.yaml", "group: Media\n");
    let gone = async || lockgate_tests::Reply::of(site.ask(&ada, "traefik", "one", "/")).await.status == 400;
    eventually(gone).await;
    site.server.api().get("core/applications/one/").await.expect(404);
    // The memberships of a group that stays are untouched.
    site.server.write("site.yaml", &Site::documents(site.port()));
    let back = async || lockgate_tests::Reply::of(site.ask(&Client::new(), "traefik", "one", "/")).await.status == 302;
    eventually(back).await;
    site.signed_in("ada").await;
}

async fn an_app_of_the_api_stays_closed_whatever_the_folder_says(database: Database) {
    let site = Site::direct(database).await;
    let (server, api) = (&site.server, site.server.api());
    server.write("nobody.rhai", "false");
    let there = async || api.get("policies/expression/?name=nobody").await.json()["pagination"]["count"] == 1;
    eventually(there).await;
    let policy = api.only("policies/expression/?name=nobody").await;
    crate::outpost::open_app(server, "wiki", &site.url("wiki", ""), &serde_json::json!({})).await;
    let app = api.get("core/applications/wiki/").await.expect(200).json();
    let binding = serde_json::json!({ "target": app["pk"], "policy": policy["pk"], "order": 0 });
    api.post("policies/bindings/", &binding).await.expect(201);
    let closed = async || {
        let passing = api.get(&format!("core/applications/wiki/check_access/?for_user={}", site.bob)).await;
        assert_eq!(passing.expect(200).json()["passing"], false, "the wiki is open");
    };
    closed().await;

    // A broken folder declares nothing, and takes nothing away either.
    server.write("broken.yaml", "app: blog\nname: [not a name]\n");
    server.logged(&["broken.yaml:2:7"]).await;
    // What is made through the API is bound to the configuration in force.
    api.patch("core/applications/wiki/", &serde_json::json!({ "name": "Wiki 2" })).await.expect(200);
    closed().await;

    server.remove("broken.yaml");
    server.remove("nobody.rhai");
    server.logged(&["nobody", "guards the application", "wiki"]).await;
    closed().await;
    api.only("policies/expression/?name=nobody").await;
}

#[test]
fn check_accepts_what_the_tests_use() {
    let outcome = CommandOutcome::of(&[("site.yaml", &Site::documents(9000)), ("blog.yaml", BLOG)]);
    assert_eq!(outcome.code, 0, "{}", outcome.text);
}

#[test]
fn check_names_file_line_and_column_of_every_error() {
    let outcome = CommandOutcome::of(&[
        ("apps.yaml", "app: blog\nname: Blog\naccess:\n  any: [{ group: Wirters }]\n---\ngroup: Writers\n"),
        ("flows.yaml", "flow: mine\ntitle: Mine\ndesignation: authentification\nstages: []\n"),
        ("tabs.yaml", "app: tabs\n\tname: Tabs\n"),
    ]);
    assert_eq!(outcome.code, 1, "{}", outcome.text);
    for expected in ["apps.yaml:4:18", "Wirters", "Writers", "flows.yaml:3:14", "authentication", "tabs.yaml:1:6"] {
        assert!(outcome.text.contains(expected), "{expected} is missing in:\n{}", outcome.text);
    }
}

async fn name_of_blog(server: &Server) -> String {
    let app: Value = server.api().get("core/applications/blog/").await.expect(200).json();
    app["name"].as_str().unwrap_or_default().to_owned()
}
