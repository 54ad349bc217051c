//! Clients that others' generators make of our description of the API, driven by the programs under
//! `tests/clients/generated`. The kinds of databases take turns: what is tested is what clients read and write.

use std::path::PathBuf;
use std::time::Duration;

use lockgate_tests::{BOOTSTRAP_TOKEN, Database, Server, workspace_root};
use tokio::process::Command;
use tokio::sync::OnceCell;

/// Longest that a program may take, on a machine that also builds things.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python() {
    Box::pin(drive(Database::Sqlite, "python/bin/python", Some("python/drive.py"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typescript() {
    Box::pin(drive(Database::Postgres, "node", Some("typescript/drive.js"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go() {
    Box::pin(drive(Database::Sqlite, "go/drive", None)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rust() {
    Box::pin(drive(Database::Postgres, "rust/drive", None)).await;
}

/// Runs a program from the folder of generated clients (or node, from the machine) against a server of its own.
async fn drive(database: Database, program: &str, script: Option<&str>) {
    let folder = generated().await;
    let server = Server::builder(database).start().await;
    let mut command = Command::new(if program == "node" { PathBuf::from(program) } else { folder.join(program) });
    command.args(script.map(|script| folder.join(script)));
    command.env("LOCKGATE_URL", server.base()).env("LOCKGATE_TOKEN", BOOTSTRAP_TOKEN).kill_on_drop(true);
    let done = tokio::time::timeout(PATIENCE, command.output()).await;
    let done = done.expect("the program comes to an end").expect("the program can be started");
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program}: {}\n{errors}\n{}", done.status, server.logs().join("\n"));
}

/// The folder of the generated clients.
async fn generated() -> &'static PathBuf {
    static FOLDER: OnceCell<PathBuf> = OnceCell::const_new();
    FOLDER
        .get_or_init(async || {
            let root = workspace_root();
            let folder = root.join("target/clients/generated");
            let mut command = Command::new(root.join("tests/clients/generate"));
            let done = command.arg(&folder).output().await.expect("tests/clients/generate can be started");
            assert!(done.status.success(), "cannot generate clients: {}", String::from_utf8_lossy(&done.stderr));
            folder
        })
        .await
}
