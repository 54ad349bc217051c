//! Certificates that have ended: of the HTTPS port, of a key pair that signs tokens, of somebody whom the server asks.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lockgate_tests::{Database, Program, Server, free_port, self_signed};
use serde_json::json;
use tempfile::TempDir;

/// A certificate of the year 2020, which signs itself.
fn ended(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let mut command = Command::new("faketime");
    command.args(["2020-01-01 00:00:00", "openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "10"]);
    command.args(["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", &format!("/CN={name}")]);
    command.args(["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]).arg("-keyout").arg(&key);
    let output =
        command.arg("-out").arg(&certificate).output().expect("faketime is installed (apt-get install faketime)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (certificate, key)
}

fn curl(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("curl").args(["-sS", "--max-time", "10"]).args(arguments).output();
    let output = output.expect("curl can be started");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said.into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_has_ended_is_told_and_replaced_while_people_come() {
    let (folder, port) = (TempDir::new().expect("a folder"), free_port());
    let (certificate, key) = ended(folder.path(), "old.example.com");
    let server = Server::builder(Database::Sqlite)
        .set("LOCKGATE_LISTEN__HTTPS", &format!("127.0.0.1:{port}"))
        .set("LOCKGATE_TLS__CERTIFICATE", &certificate.display().to_string())
        .set("LOCKGATE_TLS__KEY", &key.display().to_string())
        .start()
        .await;
    server.logged(&["ERROR", "the certificate of HTTPS has ended", "2020-01-11"]).await;
    let (url, ca) = (format!("https://127.0.0.1:{port}/-/health/live/"), certificate.display().to_string());
    assert!(curl(&["-k", &url]).0, "whoever does not mind is served");
    let (served, said) = curl(&["--cacert", &ca, &url]);
    assert!(!served && said.contains("expired"), "{said}");
    self_signed(folder.path(), "new.example.com");
    let started = Instant::now();
    while !curl(&["--cacert", &ca, &url]).0 {
        assert!(started.elapsed() < Duration::from_secs(15), "the new certificate is not in use");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_pair_whose_certificate_has_ended_goes_on_to_sign_and_is_told() {
    let folder = TempDir::new().expect("a folder");
    let (certificate, key) = ended(folder.path(), "signer");
    let read = |path: &Path| std::fs::read_to_string(path).expect("openssl has written it");
    let server = Server::builder(Database::Sqlite).start().await;
    let api = server.api();
    let pair = json!({ "name": "old", "certificate_data": read(&certificate), "key_data": read(&key) });
    let pair = api.post("crypto/certificatekeypairs/", &pair).await.expect(201).json();
    let flow = api.get("flows/instances/default-provider-authorization-implicit-consent/").await.expect(200).json();
    let ending = api.get("flows/instances/default-provider-invalidation-flow/").await.expect(200).json();
    let provider = json!({
        "name": "robot", "client_id": "robot", "client_secret": "a secret that somebody chose", "signing_key": pair["pk"],
        "authorization_flow": flow["pk"], "invalidation_flow": ending["pk"], "redirect_uris": [],
        "grant_types": ["client_credentials"],
    });
    let provider = api.post("providers/oauth2/", &provider).await.expect(201).json();
    let application = json!({ "name": "Robot", "slug": "robot", "provider": provider["pk"] });
    api.post("core/applications/", &application).await.expect(201);
    let form =
        "grant_type=client_credentials&client_id=robot&client_secret=a%20secret%20that%20somebody%20chose&scope=openid";
    let (_, said) = curl(&["-d", form, &server.url("/application/o/token/")]);
    assert!(said.contains("access_token"), "keys do not end with what is written around them: {said}");
    let metrics = server.get("/metrics").await.expect(200).text();
    let days = metrics.lines().find_map(|line| line.strip_prefix("lockgate_certificate_days_left ")).expect("a figure");
    assert!(days.parse::<f64>().expect("a number") < -1_000.0, "{days}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_whose_certificate_has_ended_is_told_nothing() {
    let (folder, port) = (TempDir::new().expect("a folder"), free_port());
    let (certificate, key) = ended(folder.path(), "hook.example.com");
    let trusted = folder.path().join("trusted.pem");
    std::fs::copy(&certificate, &trusted).expect("the folder is writable");
    let server = Server::builder(Database::Sqlite).set("SSL_CERT_FILE", &trusted.display().to_string()).start().await;
    let api = server.api();
    let url = format!("https://127.0.0.1:{port}/hook");
    let hook = json!({ "name": "hook", "mode": "webhook", "webhook_url": url });
    let hook = api.post("events/transports/", &hook).await.expect(201).json();
    let path = format!("events/transports/{}/test/", hook["pk"].as_str().unwrap_or_default());
    let mut command = Command::new("openssl");
    command.args(["s_server", "-quiet", "-accept", &port.to_string(), "-cert"]).arg(&certificate).arg("-key").arg(&key);
    let peer = Program::start("openssl", &mut command);
    lockgate_tests::eventually(async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()).await;
    let told = api.post(&path, &json!({})).await.text();
    assert!(told.to_lowercase().contains("expired"), "{told}");
    assert!(!peer.lines().join("\n").contains("POST"), "{}", peer.tail());
}
