//! What packages rely on, seen from outside. `packaging/check` looks at their files.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use lockgate_tests::{Client, Database, Server, workspace_root};
use tempfile::TempDir;

/// The next state that a process tells its manager.
fn told(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 64];
    let length = socket.recv(&mut buffer).expect("the process tells its state");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

fn manager(folder: &Path) -> (UnixDatagram, String) {
    let path = folder.join("notify");
    let socket = UnixDatagram::bind(&path).expect("a fresh folder is writable");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
    (socket, path.display().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_is_told_when_the_server_serves_and_when_it_stops() {
    let folder = TempDir::new().expect("the temporary folder is writable");
    let (socket, path) = manager(folder.path());
    let mut server = Server::builder(Database::Sqlite).set("NOTIFY_SOCKET", &path).start().await;
    assert_eq!(told(&socket), "READY=1");
    let alive = Client::new().get(&server.url("/-/health/ready/")).await;
    assert_eq!(alive.status, 200);
    assert!(server.terminate().await);
    assert_eq!(told(&socket), "STOPPING=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_is_told_when_a_worker_takes_jobs_and_when_it_stops() {
    let folder = TempDir::new().expect("the temporary folder is writable");
    let server = Server::builder(Database::Sqlite).start().await;
    let (socket, path) = manager(folder.path());
    let server = server.with("NOTIFY_SOCKET", &path);
    let mut worker = server.begin(&["worker"]);
    assert_eq!(told(&socket), "READY=1");
    worker.signal("TERM");
    assert!(worker.wait(Duration::from_secs(15)).await.success());
    assert_eq!(told(&socket), "STOPPING=1");
}

#[test]
fn the_chart_installs_the_version_of_this_workspace() {
    let read = |name: &str| std::fs::read_to_string(workspace_root().join(name)).expect("a file of the repository");
    let chart = read("packaging/helm/lockgate/Chart.yaml");
    let installed = chart.lines().find_map(|line| line.strip_prefix("appVersion: ")).expect("a version");
    assert_eq!(installed.trim_matches('"'), env!("CARGO_PKG_VERSION"));
    // The image is built by the toolchain that is tested.
    let wanted = read("Cargo.toml");
    let wanted = wanted.lines().find_map(|line| line.strip_prefix("rust-version = ")).expect("the oldest that will do");
    let dockerfile = read("Dockerfile");
    let named = dockerfile.lines().find_map(|line| line.strip_prefix("FROM rust:")).expect("a toolchain");
    let minor = |version: &str| version.trim_matches('"').split('.').nth(1).and_then(|part| part.parse::<u32>().ok());
    assert!(minor(named) >= minor(wanted), "{named} is older than {wanted}");
}
