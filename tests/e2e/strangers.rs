//! What strangers try against the program itself: pages that are packed, lines of the log that are forged, headers
//! without end, keys that are guessed, sessions without number.

use std::time::Duration;

use lockgate_tests::{Client, Database, Executor, Reply, Server};
use reqwest::Method;
use reqwest::header::ACCEPT_ENCODING;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LOGIN: &str = "/if/flow/default-authentication-flow/";

on_each_database!(
    pages_with_secrets_are_not_packed,
    what_somebody_types_is_one_line_of_the_log,
    headers_without_end_are_refused_and_the_server_goes_on,
    keys_are_not_guessed_quickly_and_others_go_on,
    visitors_without_a_cookie_begin_so_many_sessions,
);

async fn pages_with_secrets_are_not_packed(database: Database) {
    let server = Server::builder(database).start().await;
    let client = Client::new();
    let packs = "gzip, deflate, br, zstd, *";
    let asks = async |path: &str| {
        Reply::of(client.request(Method::GET, &server.url(path)).header(ACCEPT_ENCODING, packs)).await.expect(200)
    };
    let login = asks(&format!("{LOGIN}?next=%2Fif%2Fuser%2F%3Fguess%3Da")).await;
    // What is no secret is.
    let page = login.text();
    let script = page.split('"').find(|part| part.starts_with("/static/dist/") && part.ends_with(".js"));
    let script = asks(script.expect("a script")).await;
    assert_eq!(script.header("Content-Encoding"), "gzip");
    assert!(login.text().contains("name=\"csrf_token\"") && login.text().contains("guess"), "{}", login.text());
    Executor::new(&client, &server.base(), "default-authentication-flow", "")
        .login("akadmin", lockgate_tests::BOOTSTRAP_PASSWORD)
        .await
        .redirect();
    let pages = ["/if/user/", "/if/user/sessions/", "/if/admin/", "/if/admin/users/", "/api/v3/core/users/me/"];
    let mut replies = vec![login];
    for page in pages {
        replies.push(asks(page).await);
    }
    for reply in replies {
        assert_eq!(reply.header("Content-Encoding"), "", "{}", reply.text());
    }
}

async fn what_somebody_types_is_one_line_of_the_log(database: Database) {
    const FORGED: &str = "2026-01-01T00:00:00.000000Z  INFO login succeeded forged=true";
    for format in ["text", "json"] {
        let server = Server::builder(database).set("LOCKGATE_LOG_FORMAT", format).start().await;
        let client = Client::new();
        let typed = format!("eve\r\n{FORGED}\u{1b}[2J\u{85}\u{2028}\u{9b}31m");
        let agent = "curl\u{9b}2J";
        let flow = Executor::new(&client, &server.base(), "default-authentication-flow", "");
        flow.challenge().await.expect(200);
        let answer = json!({"component": "ak-stage-identification", "uid_field": typed, "password": "wrong"});
        let told = flow.answer(&answer).await;
        if told.json()["component"] == "ak-stage-password" {
            flow.answer(&json!({"component": "ak-stage-password", "password": "wrong"})).await;
        }
        let address = format!("{LOGIN}?next={}", "%0A2026-01-01%20INFO%20forged%1B%5B2J");
        Reply::of(client.request(Method::GET, &server.url(&address)).header("User-Agent", agent)).await;
        let line = server.logged(&["forged=true"]).await;
        assert!(line.contains("eve"), "{format}: the name is cut: {line}");
        for line in server.logs() {
            assert!(!line.starts_with("2026-01-01"), "{format}: a forged line: {line}");
            assert!(!line.contains(char::is_control), "{format}: {line:?}");
            // What is told of the start, to standard output, is no line of the log.
            if format == "json" && !line.starts_with("Lockgate is ready") {
                assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
            }
        }
    }
}

async fn headers_without_end_are_refused_and_the_server_goes_on(database: Database) {
    let server = Server::builder(database).start().await;
    let before = server.resident_kib();
    let many: String = (0..1_000).map(|at| format!("X-{at}: x\r\n")).collect();
    let long = format!("X-Long: {}\r\n", "x".repeat(1024 * 1024));
    for lines in [many, long] {
        for _ in 0..20 {
            let text = answer(server.port(), &lines).await;
            assert!(text.is_empty() || text.starts_with("HTTP/1.1 431 "), "{text}");
        }
    }
    let first = answer(server.port(), "X-Header: x\r\n").await;
    assert!(first.starts_with("HTTP/1.1 200 "), "{first}");
    let grown = server.resident_kib().saturating_sub(before);
    assert!(grown < 32 * 1024, "{grown} KiB more are resident");
}

/// What a request with these lines is answered with; nothing where the connection is closed over them.
async fn answer(port: u16, lines: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    let request = format!("GET /-/health/live/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n");
    // It may be closed before all of it is sent.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("it ends");
    String::from_utf8_lossy(&answer).into_owned()
}

async fn keys_are_not_guessed_quickly_and_others_go_on(database: Database) {
    let server = Server::builder(database).start().await;
    let (client, url) = (Client::new(), server.url("/api/v3/core/users/me/"));
    let asks = async |key: &str, from: &str| {
        Reply::of(client.request(Method::GET, &url).bearer_auth(key).header("X-Forwarded-For", from)).await
    };
    let mut refused = None;
    for at in 0..600 {
        let reply = asks(&format!("a-guess-of-the-key-{at}"), "203.0.113.7").await;
        match reply.status {
            403 => {}
            429 => {
                refused = Some((at, reply));
                break;
            }
            other => panic!("{other} {}", reply.text()),
        }
    }
    let (at, reply) = refused.expect("six hundred keys are tried in a moment");
    assert!(at >= 300, "{at}");
    assert!(
        reply.header("Retry-After").parse::<u64>().is_ok_and(|wait| wait >= 1),
        "{:?}",
        reply.header("Retry-After")
    );
    // Another address goes on, and behind the same one whoever has used their key before.
    asks(lockgate_tests::BOOTSTRAP_TOKEN, "203.0.113.8").await.expect(200);
    asks(lockgate_tests::BOOTSTRAP_TOKEN, "203.0.113.7").await.expect(200);
    asks("a-guess-of-the-key", "203.0.113.7").await.expect(429);
    // Tokens of others come and go meanwhile.
    let tokens = server.url("/api/v3/core/tokens/");
    let made = client.request(Method::POST, &tokens).bearer_auth(lockgate_tests::BOOTSTRAP_TOKEN);
    Reply::of(made.json(&json!({"identifier": "another"}))).await.expect(201);
    // Until every node has heard of it.
    tokio::time::sleep(Duration::from_secs(1)).await;
    asks(lockgate_tests::BOOTSTRAP_TOKEN, "203.0.113.7").await.expect(200);
}

async fn visitors_without_a_cookie_begin_so_many_sessions(database: Database) {
    let server = Server::builder(database).set("LOCKGATE_LIMITS__NEW_SESSIONS", "5").start().await;
    let opens = async |client: &Client, from: &str| {
        Reply::of(client.request(Method::GET, &server.url(LOGIN)).header("X-Forwarded-For", from)).await
    };
    let known = Client::new();
    opens(&known, "203.0.113.7").await.expect(200);
    let mut refused = None;
    for _ in 0..20 {
        let reply = opens(&Client::new(), "203.0.113.7").await;
        if reply.status != 200 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("any number of sessions is begun").expect(429);
    assert!(refused.header("Retry-After").parse::<u64>().is_ok_and(|wait| wait >= 1), "{}", refused.text());
    opens(&known, "203.0.113.7").await.expect(200);
    opens(&Client::new(), "203.0.113.8").await.expect(200);
}
