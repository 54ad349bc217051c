//! The HTTPS port, asked by curl.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use lockgate_tests::{Database, Server, free_port, self_signed};

on_each_database!(a_certificate_is_read_again_while_people_come, without_files_the_installation_signs_itself);

/// What curl says of a page: status, cookies, and the certificate's subject.
fn curl(arguments: &[&str], url: &str) -> String {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-v", "--max-time", "10", "-o", "/dev/null", "-w", "status %{http_code}"]);
    curl.args(arguments).arg(url);
    let output = curl.output().expect("curl can be started");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

const LOGIN: &str = "/if/flow/default-authentication-flow/";

async fn a_certificate_is_read_again_while_people_come(database: Database) {
    let (folder, port) = (tempfile::TempDir::new().expect("a folder"), free_port());
    let (certificate, key) = self_signed(folder.path(), "first.example.com");
    let shown = |path: &Path| path.display().to_string();
    let server = Server::builder(database)
        .set("LOCKGATE_LISTEN__HTTPS", &format!("127.0.0.1:{port}"))
        .set("LOCKGATE_TLS__CERTIFICATE", &shown(&certificate))
        .set("LOCKGATE_TLS__KEY", &shown(&key))
        .start()
        .await;
    let url = format!("https://127.0.0.1:{port}{LOGIN}");
    let ca = shown(&certificate);
    for protocol in ["--http1.1", "--http2"] {
        let said = curl(&["--cacert", &ca, protocol], &url);
        assert!(said.contains("status 200") && said.contains("CN=first.example.com"), "{said}");
        let cookie = said.lines().find(|line| line.contains("authentik_session=")).expect("a session");
        assert!(cookie.contains("; Secure"), "a cookie that came by TLS goes by TLS: {cookie}");
    }

    // What cannot be used changes nothing; what can counts for who comes next.
    std::fs::write(&key, "no key").expect("writable");
    let refused =
        |server: &Server| server.logs().iter().any(|line| line.contains("the new certificate cannot be used"));
    let started = Instant::now();
    while !refused(&server) {
        assert!(started.elapsed() < Duration::from_secs(25), "a broken key is told");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(curl(&["--cacert", &ca], &url).contains("CN=first.example.com"));
    self_signed(folder.path(), "second.example.com");
    let started = Instant::now();
    while !curl(&["-k"], &url).contains("CN=second.example.com") {
        assert!(started.elapsed() < Duration::from_secs(25), "the new certificate is not in use");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn without_files_the_installation_signs_itself(database: Database) {
    let port = free_port();
    let server = Server::builder(database).set("LOCKGATE_LISTEN__HTTPS", &format!("127.0.0.1:{port}")).start().await;
    let api = server.api();
    let url = format!("https://localhost:{port}{LOGIN}");
    let started = Instant::now();
    while !curl(&["-k"], &url).contains("CN=authentik Self-signed Certificate") {
        assert!(started.elapsed() < Duration::from_secs(10), "{}", curl(&["-k"], &url));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // A brand's certificate counts for its host.
    let made = serde_json::json!({ "common_name": "brand.example.com", "validity_days": 3, "alg": "ecdsa" });
    let pair = api.post("crypto/certificatekeypairs/generate/", &made).await.expect(200).json();
    let brand = api.only("core/brands/?default=true").await;
    let path = format!("core/brands/{}/", brand["brand_uuid"].as_str().unwrap_or_default());
    api.patch(&path, &serde_json::json!({ "web_certificate": pair["pk"] })).await.expect(200);
    let said = curl(&["-k"], &url);
    assert!(said.contains("CN=brand.example.com"), "{said}");
    // Nobody speaks plainly there.
    assert!(curl(&[], &format!("http://127.0.0.1:{port}/-/health/live/")).contains("status 000"));
}
