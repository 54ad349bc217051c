//! Forward auth against the floor: a bare axum handler that answers the same
//! headers, in the same run on the same machine.
//!
//! `cargo bench -p lockgate-tests --bench forward_auth` measures the release
//! binary; `LOCKGATE_BIN=target/dist/lockgate` another one. The load comes from
//! `wrk` when it is installed, else from a loop of our own. A table in Markdown
//! is printed: requests a second and their ratio, resident memory, and the time
//! from start to readiness.

use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use lockgate_tests::{Client, Database, Program, Reply, Server, Site, closed_loop, free_port};

/// Requests in flight at a time.
const CONNECTIONS: u64 = 32;
/// Rounds; each measures the floor and the server one after the other.
const ROUNDS: usize = 3;
/// Seconds of load in a round and for each side.
const SECONDS: u64 = 4;
/// Requests before memory is read again.
const MANY: u64 = 100_000;
/// Starts of which the median counts.
const STARTS: usize = 5;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, port, answer] = arguments.as_slice()
        && flag == "--floor"
    {
        floor(port, answer).await;
        return;
    }
    println!("Binary: `{}`\n", lockgate_tests::binary().display());
    measure_requests().await;
    measure_starts().await;
}

async fn measure_requests() {
    let site = Site::direct(Database::Sqlite).await;
    let at_start = site.server.resident_kib();
    let ada = site.signed_in("ada").await;
    let session = Question::of(&site, Some(&ada), 200).await;
    let stranger = Question::of(&site, None, 302).await;

    println!("| question | floor, requests/s | lockgate, requests/s | ratio |");
    println!("|---|---:|---:|---:|");
    compare("with a session", &site, &session).await;
    compare("without a session", &site, &stranger).await;

    let load = closed_loop(site.server.port(), &session.head, 200, CONNECTIONS, MANY).await;
    assert_eq!(load.unexpected, 0, "answers other than 200");
    println!("\n| memory | MiB resident |\n|---|---:|");
    println!("| after start | {:.1} |", at_start as f64 / 1024.0);
    println!("| after the load and {MANY} more requests | {:.1} |", site.server.resident_kib() as f64 / 1024.0);
}

/// One question to forward auth, and the answer that it got.
struct Question {
    /// Request head, for our own loop.
    head: String,
    /// Headers, for `wrk`.
    headers: Vec<(String, String)>,
    path: String,
    status: u16,
    /// Status and headers of the answer as JSON, for the floor to repeat.
    answer: String,
}

impl Question {
    async fn of(site: &Site, client: Option<&Client>, status: u16) -> Self {
        let nobody = Client::new();
        let client = client.unwrap_or(&nobody);
        let uri = "/library/films?sort=year";
        let reply = Reply::of(site.ask(client, "traefik", "one", uri)).await.expect(status);
        let host = format!("one.lockgate.test:{}", site.port());
        let mut headers = vec![
            ("Host".to_owned(), host.clone()),
            ("Accept".to_owned(), "text/html,*/*;q=0.8".to_owned()),
            ("X-Forwarded-Proto".to_owned(), "http".to_owned()),
            ("X-Forwarded-Host".to_owned(), host),
            ("X-Forwarded-Uri".to_owned(), uri.to_owned()),
        ];
        let at = site.url("one", "/");
        let cookies: Vec<String> = client
            .cookie_names(&at)
            .into_iter()
            .filter(|_| status == 200)
            .filter_map(|name| client.cookie(&at, &name).map(|value| format!("{name}={value}")))
            .collect();
        if !cookies.is_empty() {
            headers.push(("Cookie".to_owned(), cookies.join("; ")));
        }
        let path = "/outpost.goauthentik.io/auth/traefik".to_owned();
        let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let head = format!("GET {path} HTTP/1.1\r\n{}", lines.join("\r\n"));
        let repeated: Vec<(String, String)> = reply
            .headers
            .keys()
            .filter(|name| !matches!(name.as_str(), "content-length" | "date" | "connection"))
            .map(|name| (name.to_string(), reply.header(name.as_str())))
            .collect();
        let answer = serde_json::json!({ "status": status, "headers": repeated }).to_string();
        Self { head, headers, path, status, answer }
    }

    /// Requests a second that a port answers.
    async fn rate(&self, port: u16) -> f64 {
        match self.wrk(port) {
            Some(rate) => rate,
            None => self.own_loop(port).await,
        }
    }

    fn wrk(&self, port: u16) -> Option<f64> {
        let mut command = Command::new("wrk");
        command.args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{SECONDS}s")]);
        for (name, value) in &self.headers {
            command.args(["-H", &format!("{name}: {value}")]);
        }
        let output = command.arg(format!("http://127.0.0.1:{port}{}", self.path)).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // wrk counts redirects as answers, and everything from 400 as failed.
        assert!(!text.contains("Non-2xx") || self.status >= 300, "{text}");
        let line = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"))?;
        line.trim().parse().ok()
    }

    async fn own_loop(&self, port: u16) -> f64 {
        let probe = closed_loop(port, &self.head, self.status, CONNECTIONS, 4_000).await;
        let total = (probe.rate() * SECONDS as f64) as u64;
        let load = closed_loop(port, &self.head, self.status, CONNECTIONS, total.max(CONNECTIONS)).await;
        assert_eq!(load.unexpected, 0, "answers other than {}", self.status);
        load.rate()
    }
}

async fn compare(name: &str, site: &Site, question: &Question) {
    let port = free_port();
    let own = std::env::current_exe().expect("a program knows where it lies");
    let mut command = Command::new(own);
    command.args(["--floor", &port.to_string(), &question.answer]);
    let mut program = Program::start("floor", &mut command);
    program.answers(&format!("http://127.0.0.1:{port}/ready"), Duration::from_secs(10)).await;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((question.rate(port).await, question.rate(site.server.port()).await));
    }
    rounds.sort_by(|one, two| (one.1 / one.0).total_cmp(&(two.1 / two.0)));
    let (floor, server) = rounds[ROUNDS / 2];
    println!("| {name} | {floor:.0} | {server:.0} | {:.2} |", server / floor);
}

async fn measure_starts() {
    println!("\n| start to ready | median, ms |\n|---|---:|");
    let mut fresh = Vec::new();
    let mut again = Vec::new();
    for _ in 0..STARTS {
        let mut server = Server::builder(Database::Sqlite).start().await;
        fresh.push(server.start_took());
        assert!(server.terminate().await, "a stop is a success");
        server.launch().await;
        again.push(server.start_took());
    }
    println!("| on an empty folder | {:.0} |", median(fresh));
    println!("| on existing data | {:.0} |", median(again));
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

/// The floor: answers every request with fixed headers, and `/ready` for the
/// start.
async fn floor(port: &str, answer: &str) {
    let answer: serde_json::Value = serde_json::from_str(answer).expect("the answer is JSON");
    let status = answer["status"].as_u64().and_then(|code| StatusCode::from_u16(code as u16).ok());
    let status = status.expect("the answer has a status");
    let mut headers = HeaderMap::new();
    for pair in answer["headers"].as_array().into_iter().flatten() {
        let (name, value) = (pair[0].as_str().unwrap_or_default(), pair[1].as_str().unwrap_or_default());
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
    }
    let handler = move || {
        let answer: Response = (status, headers.clone()).into_response();
        std::future::ready(answer)
    };
    let app = Router::new().route("/ready", axum::routing::get(|| std::future::ready("ready"))).fallback(handler);
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.expect("a free port");
    axum::serve(listener, app).await.expect("the listener stays usable");
}
