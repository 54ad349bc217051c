//! A disk that is full, and a database that somebody else holds: what can be answered is answered, what cannot be written
//! is refused as a whole, and it goes on by itself afterwards.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lockgate_tests::{Database, Postgres, Program, Reply, Server, Site, SiteOptions};
use serde_json::json;
use tempfile::TempDir;

use super::told_to_come_back;

/// A small disk of its own in memory. It is gone with the value.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn of(size: &str) -> Self {
        let folder = TempDir::with_prefix("lockgate-disk-").expect("the temporary folder is writable");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size},mode=700"), "none"]).arg(folder.path());
        let done = mount.output().expect("mount can be started");
        assert!(done.status.success(), "a full disk needs a small one, and to mount it needs root: {done:?}");
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fills it to the last byte.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("filling");
        let status = Command::new("dd")
            .args(["if=/dev/zero", "bs=4096", &format!("of={}", path.display())])
            .output()
            .expect("dd can be started");
        assert!(!status.status.success(), "dd goes on until the disk is full");
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Python's SQLite, with a transaction that is open as long as the value lives.
async fn holder(file: &Path, statements: &str) -> Program {
    let script = "import sqlite3, sys\n\
                  db = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                  for line in sys.argv[2].split(';'): db.execute(line).fetchall()\n\
                  print('holding', flush=True)\n\
                  sys.stdin.read()";
    let program = Program::start("python3", Command::new("python3").args(["-c", script]).arg(file).arg(statements));
    let started = Instant::now();
    while program.lines().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(10), "python3 holds nothing");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(program.lines(), ["holding"]);
    program
}

async fn make_group(server: &Server, name: &str) -> Reply {
    server.api().post("core/groups/", &json!({ "name": name, "attributes": { "long": "x".repeat(20_000) } })).await
}

async fn groups(server: &Server) -> Vec<String> {
    let list = server.api().get("core/groups/?page_size=1000&search=g-").await.expect(200).json();
    let names = list["results"].as_array().into_iter().flatten();
    names.filter_map(|group| group["name"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_and_lets_people_go_on() {
    let disk = SmallDisk::of("12m");
    let settings = vec![("LOCKGATE_DATA_DIR".to_owned(), disk.path().display().to_string())];
    let site = Site::direct_with(Database::Sqlite, SiteOptions { settings, ..SiteOptions::default() }).await;
    let ada = site.signed_in("ada").await;
    // A reader keeps the log from being written over from its start, so that each write needs room.
    let reader = holder(&disk.path().join("lockgate.db"), "BEGIN;SELECT count(*) FROM users").await;
    let filling = disk.fill();
    let (mut made, mut refused) = (Vec::new(), 0);
    for number in 0..400 {
        let name = format!("g-{number}");
        let reply = make_group(&site.server, &name).await;
        if reply.status == 201 {
            made.push(name);
            continue;
        }
        // A smaller write may still have room where a larger one had none.
        told_to_come_back(&reply);
        refused += 1;
        Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200);
        site.server.api().get("core/users/me/").await.expect(200);
        if refused == 30 {
            break;
        }
    }
    assert_eq!(refused, 30, "the disk is full, and {} are written", made.len());
    site.server.logged(&["disk is full"]).await;

    std::fs::remove_file(filling).expect("it is there");
    drop(reader);
    make_group(&site.server, "g-after").await.expect(201);
    made.push("g-after".to_owned());
    let (mut stored, mut expected) = (groups(&site.server).await, made);
    stored.sort();
    expected.sort();
    assert_eq!(stored, expected, "what was acknowledged, and nothing else");
    site.enter(&ada, "two", "ada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_somebody_else_writes_to_delays_writes_alone() {
    let site = Site::direct(Database::Sqlite).await;
    let ada = site.signed_in("ada").await;
    let file = site.server.data_folder().join("lockgate.db");
    let writer = holder(&file, "BEGIN IMMEDIATE;UPDATE counters SET value = value").await;
    let asked = Instant::now();
    let write = make_group(&site.server, "g-late");
    let read = async {
        while asked.elapsed() < Duration::from_secs(4) {
            let at = Instant::now();
            Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200);
            site.server.api().get("core/users/me/").await.expect(200);
            assert!(at.elapsed() < Duration::from_secs(1), "reading waits for nobody: {:?}", at.elapsed());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (refused, ()) = tokio::join!(write, read);
    told_to_come_back(&refused);
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(10), "it is refused in time, and not after {took:?}");
    drop(writer);
    make_group(&site.server, "g-after").await.expect(201);
    assert_eq!(groups(&site.server).await, ["g-after"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_somebody_else_has_locked_delays_what_needs_it() {
    let cluster = Postgres::start().await;
    let settings = vec![("LOCKGATE_DATABASE_URL".to_owned(), cluster.url())];
    let site = Site::direct_with(Database::Sqlite, SiteOptions { settings, ..SiteOptions::default() }).await;
    let ada = site.signed_in("ada").await;
    // The login was a change of ada that has to have been read, and she looked up again after it.
    tokio::time::sleep(Duration::from_millis(600)).await;
    Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200);
    site.server.api().get("core/users/me/").await.expect(200);
    let _holder = cluster.session("LOCK TABLE groups IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)");
    let locked = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'groups'::regclass";
    lockgate_tests::eventually(async || cluster.ask(locked) == "1").await;
    let asked = Instant::now();
    // Everybody who needs the table waits, more than there are connections; who needs another one does not have to.
    let waiting: Vec<_> = (0..5)
        .map(|number| {
            let api = site.server.api();
            tokio::spawn(async move { api.post("core/groups/", &json!({ "name": format!("g-{number}") })).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    while asked.elapsed() < Duration::from_secs(3) {
        let at = Instant::now();
        Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200);
        site.server.get("/-/health/ready/").await.expect(200);
        assert!(at.elapsed() < Duration::from_secs(1), "{:?}", at.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for task in waiting {
        told_to_come_back(&task.await.expect("a request comes to an end"));
    }
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(16), "they are refused in time, and not after {took:?}");
    cluster.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LOCK TABLE%'");
    make_group(&site.server, "g-after").await.expect(201);
    assert_eq!(groups(&site.server).await, ["g-after"]);
}
