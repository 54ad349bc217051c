//! "Monitoring": health, logs, metrics, and the database's own figures.

use std::process::Command;
use std::time::Duration;

use lockgate_tests::{BOOTSTRAP_PASSWORD, Client, Executor, Program, eventually, free_port};
use tempfile::TempDir;

use super::{Installation, curl, grep};

#[tokio::test(flavor = "multi_thread")]
async fn the_server_answers_curl() {
    let home = Installation::start().await;
    for page in ["/-/health/live/", "/-/health/ready/"] {
        let head = curl(&["-I", &home.server.url(page)]);
        assert!(head.starts_with("HTTP/1.1 200 "), "{page}: {head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_worker_says_that_it_processes() {
    let home = Installation::start().await;
    let worker = home.server.begin(&["worker"]);
    eventually(async || !grep(&worker.lines(), "processing\\|completed").is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_failed_logins_are_found_in_the_log() {
    let home = Installation::start().await;
    let before = grep(&home.server.logs(), "error");
    assert!(before.is_empty(), "a sound server has no errors: {before:#?}");
    home.server.write("broken.yaml", "group: [\n");
    eventually(async || !grep(&home.server.logs(), "error").is_empty()).await;

    assert_eq!(grep(&home.server.logs(), "authentication failed"), [""; 0]);
    let (visitor, base) = (Client::new(), home.server.base());
    Executor::new(&visitor, &base, "default-authentication-flow", "").login("akadmin", "hunter2-and-more").await;
    eventually(async || grep(&home.server.logs(), "failed\\|invalid").iter().any(|line| line.contains("akadmin")))
        .await;
    let line = grep(&home.server.logs(), "authentication failed");
    assert!(line.len() == 1 && line[0].contains("akadmin") && line[0].contains("127.0.0.1"), "{line:#?}");
    assert!(!line[0].contains("hunter2"), "the log holds what was typed: {line:#?}");

    Executor::new(&visitor, &base, "default-authentication-flow", "").login("akadmin", BOOTSTRAP_PASSWORD).await;
    eventually(async || !grep(&home.server.logs(), "authentication succeeded").is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_scrapes_with_the_configuration_of_the_guide() {
    let home = Installation::start().await;
    let text = curl(&[&home.server.url("/metrics")]);
    assert!(text.contains("\n# TYPE ") || text.starts_with("# TYPE "), "{text}");
    let folder = TempDir::with_prefix("lockgate-prometheus-").expect("the temporary folder is writable");
    // The guide leaves the interval to Prometheus, whose minute is long for a test.
    let configuration = "global: { scrape_interval: 1s }
scrape_configs:
  - job_name: 'authentik'
    static_configs:
      - targets: ['authentik-server:9000']
    metrics_path: '/metrics'
"
    .replace("authentik-server:9000", &format!("127.0.0.1:{}", home.server.port()));
    let file = folder.path().join("prometheus.yml");
    std::fs::write(&file, configuration).expect("a fresh folder is writable");
    let port = free_port();
    let mut command = Command::new("prometheus");
    command
        .current_dir(folder.path())
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"));
    let mut prometheus = Program::start("Prometheus", &mut command);
    prometheus.answers(&format!("http://127.0.0.1:{port}/-/ready"), Duration::from_secs(30)).await;
    let ask = async |query: &str| {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let answer = Client::new().get(&format!("http://127.0.0.1:{port}/api/v1/query?query={query}")).await;
        answer.expect(200).json()["data"]["result"].as_array().cloned().unwrap_or_default()
    };
    eventually(async || ask("up{job=\"authentik\"} == 1").await.len() == 1).await;
    eventually(async || !ask("lockgate_http_requests_total").await.is_empty()).await;
    let buckets = ask("histogram_quantile(0.9, sum by (le) (lockgate_http_request_duration_seconds_bucket))").await;
    assert_eq!(buckets.len(), 1, "its histograms are such for Prometheus");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_tells_sessions_and_users() {
    let home = Installation::start().await;
    let ready = home.database.command("pg_isready").output().expect("pg_isready is installed with PostgreSQL");
    assert!(ready.status.success(), "{}", String::from_utf8_lossy(&ready.stdout));

    let sessions = || home.database.psql("SELECT COUNT(*) FROM django_session WHERE expire_date > NOW();");
    let before: i64 = sessions().parse().expect("a number");
    let visitor = Client::new();
    visitor.open_signing_in(&home.server.url("/if/user/"), "akadmin", BOOTSTRAP_PASSWORD).await;
    assert_eq!(sessions(), (before + 1).to_string());

    let users = || home.database.psql("SELECT COUNT(*) FROM authentik_core_user WHERE is_active=true;");
    let before: i64 = users().parse().expect("a number");
    let api = home.server.api();
    let ada = api.create_user("ada", "trellis-mango-orbit-58", &[]).await;
    assert_eq!(users(), (before + 1).to_string());
    let off = serde_json::json!({ "is_active": false });
    api.patch(&format!("core/users/{ada}/"), &off).await.expect(200);
    assert_eq!(users(), before.to_string());
}
