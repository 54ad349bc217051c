//! Files of SQLite that are cut, overwritten or half written: the server recovers by what SQLite has for that, or says what
//! to do, and never goes on as if nothing had happened.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use lockgate_tests::{Client, Database, Reply, Server, Site};
use serde_json::json;

/// Bytes of a frame of the log: a page with its header.
const FRAME: u64 = 4096 + 24;

fn file(server: &Server, name: &str) -> PathBuf {
    server.data_folder().join(name)
}

fn cut(path: &PathBuf, by: u64) {
    let file = OpenOptions::new().write(true).open(path).expect("it is there");
    let length = file.metadata().expect("it is there").len();
    file.set_len(length - by).expect("it can be cut");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_ends_in_the_middle_of_a_frame_loses_its_tail_alone() {
    let mut server = Server::builder(Database::Sqlite).start().await;
    let api = server.api();
    for number in 0..20 {
        api.post("core/groups/", &json!({ "name": format!("g-{number}") })).await.expect(201);
    }
    server.kill();
    cut(&file(&server, "lockgate.db-wal"), FRAME + FRAME / 2);
    server.launch().await;
    let list = server.api().get("core/groups/?search=g-&page_size=100").await.expect(200).json();
    let found = list["pagination"]["count"].as_u64().expect("a number");
    assert!((15..=20).contains(&found), "{found} of 20 are left");
    server.api().post("core/groups/", &json!({ "name": "g-after" })).await.expect(201);
    let told = server.run(&["doctor"]).text;
    assert!(told.contains("SQLite finds its file sound"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_cut_or_no_database_is_refused_with_what_to_do() {
    let mut server = Server::builder(Database::Sqlite).start().await;
    assert!(server.terminate().await);
    let path = file(&server, "lockgate.db");
    let sound = std::fs::read(&path).expect("it is there");
    let half = sound[..sound.len() / 2 / 4096 * 4096].to_vec();
    let mut no_head = sound.clone();
    no_head[..4096].fill(0x55);
    for broken in [half, no_head] {
        std::fs::write(&path, &broken).expect("it can be written");
        let mut program = server.begin(&["server"]);
        let status = program.wait(Duration::from_secs(10)).await;
        let said = program.tail();
        assert!(!status.success() && said.contains("damaged") && said.contains("lockgate restore"), "{said}");
        let told = server.run(&["doctor"]);
        assert!(
            told.code == 1 && told.text.contains("damaged") && told.text.contains("lockgate restore"),
            "{}",
            told.text
        );
        assert_eq!(std::fs::read(&path).expect("it is there"), broken, "nothing was made of it");
    }
    std::fs::write(&path, &sound).expect("it can be written");
    server.launch().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_was_written_over_is_told_and_lets_nobody_in() {
    let mut site = Site::direct(Database::Sqlite).await;
    let ada = site.signed_in("ada").await;
    assert!(site.server.terminate().await);
    let path = file(&site.server, "lockgate.db");
    for table in ["sessions", "proxy_sessions"] {
        let page: u64 = root_of(&path, table);
        let database = OpenOptions::new().write(true).open(&path).expect("it is there");
        database.write_all_at(&[0xa5; 4096], (page - 1) * 4096).expect("it can be written");
    }
    site.server.launch().await;
    site.server.logged(&["ERROR", "the database is damaged", "lockgate restore"]).await;
    let told = site.server.run(&["doctor"]);
    assert!(told.code == 1 && told.text.contains("the file is damaged"), "{}", told.text);
    let refused = Reply::of(site.ask(&ada, "traefik", "one", "/")).await;
    assert!(refused.status >= 500, "{} {}", refused.status, refused.text());
    let me = ada.get(&site.url("auth", "/api/v3/core/users/me/")).await;
    assert!(me.status >= 500, "{} {}", me.status, me.text());
    let login = Client::new().get(&site.url("auth", "/if/flow/default-authentication-flow/")).await;
    assert!(login.status >= 500, "{}", login.status);
    // Whoever needs nothing of those tables goes on.
    site.server.api().get("core/users/me/").await.expect(200);
}

/// The page at which a table begins.
fn root_of(path: &PathBuf, table: &str) -> u64 {
    let script = "import sqlite3, sys\n\
                  db = sqlite3.connect(sys.argv[1])\n\
                  print(db.execute('SELECT rootpage FROM sqlite_master WHERE name = ?', [sys.argv[2]]).fetchone()[0])";
    let output =
        Command::new("python3").args(["-c", script]).arg(path).arg(table).output().expect("python3 can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}
