//! The published clients of the reference, unchanged, over every kind: the
//! programs under `tests/clients/published` walk one table.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lockgate_tests::{BOOTSTRAP_TOKEN, Database, Server, installed_clients, workspace_root};
use tokio::process::Command;

/// Longest that a program may take, on a machine that runs other tests as well.
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_of_pypi_takes_every_kind() {
    let folder = installed_clients().await;
    let mut command = Command::new(folder.join("authentik-client-py/bin/python"));
    command.arg(published().join("authentik-client-py/walk.py"));
    Box::pin(walks(Database::Postgres, command)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_of_npm_takes_every_kind() {
    let folder = installed_clients().await;
    let mut command = Command::new("node");
    command.arg(folder.join("goauthentik-api/walk.mjs"));
    Box::pin(walks(Database::Sqlite, command)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_of_crates_io_takes_every_kind() {
    let folder = installed_clients().await;
    Box::pin(walks(Database::Sqlite, Command::new(folder.join("authentik-client-rs/debug/walk")))).await;
}

fn published() -> PathBuf {
    workspace_root().join("tests/clients/published")
}

/// Leaves traces of a person on a fresh server, and lets the program walk.
async fn walks(database: Database, mut program: Command) {
    let server = Server::builder(database).start().await;
    let mut seed = Command::new("python3");
    seed.arg(published().join("seed.py")).arg(server.base());
    succeeds(&mut seed).await;
    program.args([published().join("kinds.json").as_path(), Path::new(&server.base())]);
    succeeds(&mut program).await;
}

async fn succeeds(command: &mut Command) {
    command.env("LOCKGATE_TOKEN", BOOTSTRAP_TOKEN).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{command:?} does not end")).expect("the program can be started");
    let (told, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}{complained}");
    println!("{told}");
}
