//! Tokens, userinfo and introspection against their floors, in the same run on
//! the same machine: tokens against the bare signing rate of the cryptographic
//! library on the same type of key, the others against a bare axum handler that
//! answers the same bytes.
//!
//! `cargo bench --workspace --bench oauth2` measures the release binary;
//! `LOCKGATE_BIN=target/dist/lockgate` another one. A table in Markdown is
//! printed.

use std::process::Command;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use lockgate_tests::{Client, Database, Executor, Program, Reply, Server, Talk, conversation, free_port, query_of};
use serde_json::{Value, json};
use url::Url;

/// Requests in flight at a time.
const CONNECTIONS: usize = 32;
/// Requests on each connection, in each round.
const REQUESTS: u64 = 400;
/// Rounds; each measures the floor and the server one after the other.
const ROUNDS: usize = 3;
/// Threads that sign for the floor: as many as the machine has cores.
const SIGNERS: usize = 2;
/// How long the floor signs.
const SIGNING: Duration = Duration::from_secs(2);

const SECRET: &str = "a-secret-of-the-benchmark";
/// Name of the key pair on P-256.
const CURVE_KEY: &str = "benchmark";
const BACK: &str = "http://app.lockgate.test/back";

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, port, answer] = arguments.as_slice()
        && flag == "--floor"
    {
        floor(port, answer.clone()).await;
        return;
    }
    println!("Binary: `{}`\n", lockgate_tests::binary().display());
    let server = Server::builder(Database::Sqlite)
        .set("BENCH_SECRET", SECRET)
        .set("LOCKGATE_LIMITS__NEW_SESSIONS", "0")
        .start()
        .await;
    let pair = json!({"common_name": CURVE_KEY, "alg": "ecdsa", "validity_days": 1});
    server.api().post("crypto/certificatekeypairs/generate/", &pair).await.expect(200);
    server.write("apps.yaml", &folder());
    let known = async || server.api().get("core/applications/es256/").await.status == 200;
    while !known().await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let warm = service_tokens(&server, "es256", 20).await;
    assert!(warm > 0.0);
    println!("| tokens | signatures/s, bare | tokens/s | ratio |");
    println!("|---|---:|---:|---:|");
    for (name, algorithm, rate) in [("RS256", "rs256", rsa()), ("ES256", "es256", ecdsa())] {
        compare_tokens(&format!("client credentials, {name}"), rate, async || {
            service_tokens(&server, algorithm, REQUESTS).await
        })
        .await;
    }
    let rate = ecdsa();
    compare_tokens("refresh, ES256", rate, async || {
        let tokens = refresh_tokens(&server).await;
        refreshed(&server, tokens).await
    })
    .await;
    println!("\n| question | floor, requests/s | lockgate, requests/s | ratio |");
    println!("|---|---:|---:|---:|");
    let token = access_token(&server).await;
    let userinfo = format!(
        "GET /application/o/userinfo/ HTTP/1.1\r\nHost: auth.lockgate.test\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    compare(&server, "userinfo", &userinfo).await;
    let introspect =
        form("/application/o/introspect/", &[("token", &token), ("client_id", "es256"), ("client_secret", SECRET)]);
    compare(&server, "introspection", &introspect).await;
}

fn folder() -> String {
    let app = |slug: &str, key: &str| {
        format!(
            "app: {slug}\nname: {slug}\nurl: http://app.lockgate.test\noauth2:\n  client_id: {slug}\n  client_secret: {{ env: BENCH_SECRET }}\n  \
             redirect_uris: [{BACK}]\n  scopes: [openid, profile, email, offline_access]\n  \
             grants: [authorization_code, refresh_token, client_credentials]\n  signing_key: {key}\n"
        )
    };
    let rs = app("rs256", "authentik Self-signed Certificate");
    let es = app("es256", CURVE_KEY);
    format!("{rs}---\n{es}")
}

/// A POST of a form, whole.
fn form(path: &str, fields: &[(&str, &str)]) -> String {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    format!(
        "POST {path} HTTP/1.1\r\nHost: auth.lockgate.test\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn compare_tokens(name: &str, floor: f64, mut measure: impl AsyncFnMut() -> f64) {
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        rates.push(measure().await);
    }
    rates.sort_by(f64::total_cmp);
    let rate = rates[ROUNDS / 2];
    println!("| {name} | {floor:.0} | {rate:.0} | {:.2} |", rate / floor);
}

/// Tokens a second by client credentials.
async fn service_tokens(server: &Server, client: &str, count: u64) -> f64 {
    let fields =
        [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", SECRET), ("scope", "profile")];
    let request = form("/application/o/token/", &fields);
    let talk = || -> Talk {
        let request = request.clone();
        Box::new(move |_| request.clone())
    };
    let talks = (0..CONNECTIONS).map(|_| talk()).collect();
    let load = conversation(server.port(), talks, 200, count).await;
    assert_eq!(load.unexpected, 0, "answers other than 200");
    load.rate()
}

/// One refresh token for each connection, each of a login's consent of its own.
async fn refresh_tokens(server: &Server) -> Vec<String> {
    let visitor = Client::new();
    let mut tokens = Vec::new();
    for number in 0..CONNECTIONS {
        let answer = granted(server, &visitor, "openid offline_access", number).await;
        tokens.push(answer["refresh_token"].as_str().expect("a refresh token").to_owned());
    }
    tokens
}

async fn access_token(server: &Server) -> String {
    let answer = granted(server, &Client::new(), "openid profile email", 0).await;
    answer["access_token"].as_str().expect("an access token").to_owned()
}

/// Signs in and redeems the code.
async fn granted(server: &Server, visitor: &Client, scope: &str, number: usize) -> Value {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", "es256")
        .append_pair("redirect_uri", BACK)
        .append_pair("response_type", "code")
        .append_pair("scope", scope)
        .append_pair("state", &number.to_string())
        .finish();
    let mut next = Url::parse(&server.url(&format!("/application/o/authorize/?{query}"))).expect("an address");
    while !next.as_str().starts_with(BACK) {
        let to = match Executor::at(visitor, &next) {
            Some(flow) => flow.login("akadmin", lockgate_tests::BOOTSTRAP_PASSWORD).await.redirect(),
            None => visitor.get(next.as_str()).await.location().expect("a redirect"),
        };
        next = next.join(&to).expect("an address");
    }
    let code = query_of(&next, "code").expect("a code");
    let fields =
        [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", BACK), ("client_id", "es256")];
    let request = visitor.request(reqwest::Method::POST, &server.url("/application/o/token/"));
    let fields: Vec<_> = fields.into_iter().chain([("client_secret", SECRET)]).collect();
    Reply::of(request.form(&fields)).await.expect(200).json()
}

/// Refreshes a second; each connection goes on with the refresh token that it was given.
async fn refreshed(server: &Server, tokens: Vec<String>) -> f64 {
    let talk = |first: String| -> Talk {
        let mut current = first;
        Box::new(move |answer: &str| {
            if let Ok(answer) = serde_json::from_str::<Value>(answer) {
                current = answer["refresh_token"].as_str().unwrap_or_default().to_owned();
            }
            let fields = [
                ("grant_type", "refresh_token"),
                ("refresh_token", current.as_str()),
                ("client_id", "es256"),
                ("client_secret", SECRET),
            ];
            form("/application/o/token/", &fields)
        })
    };
    let talks = tokens.into_iter().map(talk).collect();
    let load = conversation(server.port(), talks, 200, REQUESTS).await;
    assert_eq!(load.unexpected, 0, "answers other than 200");
    load.rate()
}

async fn compare(server: &Server, name: &str, request: &str) {
    let answer = one(server.port(), request).await;
    let port = free_port();
    let own = std::env::current_exe().expect("a program knows where it lies");
    let mut command = Command::new(own);
    command.args(["--floor", &port.to_string(), &answer]);
    let mut program = Program::start("floor", &mut command);
    program.answers(&format!("http://127.0.0.1:{port}/ready"), Duration::from_secs(10)).await;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((rate(port, request).await, rate(server.port(), request).await));
    }
    rounds.sort_by(|one, two| (one.1 / one.0).total_cmp(&(two.1 / two.0)));
    let (floor, rate) = rounds[ROUNDS / 2];
    println!("| {name} | {floor:.0} | {rate:.0} | {:.2} |", rate / floor);
}

async fn rate(port: u16, request: &str) -> f64 {
    let talk = || -> Talk {
        let request = request.to_owned();
        Box::new(move |_| request.clone())
    };
    let talks = (0..CONNECTIONS).map(|_| talk()).collect();
    let load = conversation(port, talks, 200, REQUESTS * 5).await;
    assert_eq!(load.unexpected, 0, "answers other than 200");
    load.rate()
}

/// The body that one request is answered with.
async fn one(port: u16, request: &str) -> String {
    let (report, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let request = request.to_owned();
    let talk: Talk = Box::new(move |answer| {
        _ = report.send(answer.to_owned());
        request.clone()
    });
    let load = conversation(port, vec![talk], 200, 2).await;
    assert_eq!(load.unexpected, 0, "answers other than 200");
    _ = answers.recv().await;
    answers.recv().await.expect("an answer")
}

/// Signatures a second of the library, on all cores.
fn signing(sign: impl Fn() + Send + Sync + 'static) -> f64 {
    let sign = std::sync::Arc::new(sign);
    let work = |sign: std::sync::Arc<dyn Fn() + Send + Sync>| {
        let (began, mut count) = (Instant::now(), 0_u64);
        while began.elapsed() < SIGNING {
            (0..16).for_each(|_| sign());
            count += 16;
        }
        count as f64 / began.elapsed().as_secs_f64()
    };
    let threads: Vec<_> = (0..SIGNERS)
        .map(|_| {
            let sign: std::sync::Arc<dyn Fn() + Send + Sync> = sign.clone();
            std::thread::spawn(move || work(sign))
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().expect("it signs")).sum()
}

/// A token has about this many bytes before its signature.
const UNSIGNED: [u8; 900] = [b'a'; 900];

fn rsa() -> f64 {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    signing(move || {
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &UNSIGNED, &mut signature).expect("a signature");
    })
}

fn ecdsa() -> f64 {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    signing(move || {
        key.sign(&SystemRandom::new(), &UNSIGNED).expect("a signature");
    })
}

/// The floor: answers every request with the same JSON.
async fn floor(port: &str, answer: String) {
    let handler = move || {
        let answer = ([("content-type", "application/json"), ("cache-control", "no-store")], answer.clone());
        std::future::ready(answer)
    };
    let app = Router::new().route("/ready", axum::routing::get(|| std::future::ready("ready"))).fallback(handler);
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.expect("a free port");
    axum::serve(listener, app).await.expect("the listener stays usable");
}
