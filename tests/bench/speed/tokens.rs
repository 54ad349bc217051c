//! Tokens against the bare signing rate of the cryptographic library on the same type of key; userinfo and introspection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use lockgate_tests::{Client, Database, Executor, Reply, Server, Talk, conversation, paced, quantile, query_of};
use serde_json::{Value, json};
use url::Url;

use crate::request::Request;
use crate::table::Tables;

/// Refreshes in flight at a time, and for each of them one after the other.
const CONNECTIONS: usize = 32;
const REQUESTS: u64 = 400;
/// Rounds of which the median counts.
const ROUNDS: usize = 3;
/// Load of a round.
const SPAN: Duration = Duration::from_secs(4);
/// Threads that sign for the floor: as many as the machine has cores.
const SIGNERS: usize = 2;
/// How long the floor signs.
const SIGNING: Duration = Duration::from_secs(2);

const SECRET: &str = "a-secret-of-the-benchmark";
/// Name of the key pair on P-256.
const CURVE_KEY: &str = "benchmark";
const BACK: &str = "http://app.lockgate.test/back";

pub(crate) async fn measure(tables: &mut Tables, database: Database) {
    let server = started(database).await;
    for (algorithm, bare) in [("RS256", rsa()), ("ES256", ecdsa())] {
        let what = format!("a token by client credentials, {algorithm}");
        let request = client_credentials(&algorithm.to_ascii_lowercase());
        let rate = middle(async || request.rate(server.port(), SPAN)).await;
        tables.rate(&what, "signatures alone", bare, rate, None);
        let times = paced(server.port(), &request.text(), 200, rate / 2.0, SPAN * 2);
        tables.times(&what, rate / 2.0, &[0.5, 0.99, 0.999].map(|share| quantile(&times, share)), None);
    }
    let bare = ecdsa();
    let rate = middle(async || {
        let tokens = refresh_tokens(&server).await;
        refreshed(&server, tokens).await
    })
    .await;
    tables.rate("a token by refresh with rotation, ES256", "signatures alone", bare, rate, None);
    let token = access_token(&server).await;
    let bearer = format!("Bearer {token}");
    let userinfo = [("Host", "auth.lockgate.test"), ("Authorization", bearer.as_str())];
    Request::get("/application/o/userinfo/", &userinfo).compare(tables, "userinfo", server.port(), None).await;
    let fields = [("token", token.as_str()), ("client_id", "es256"), ("client_secret", SECRET)];
    Request::form("/application/o/introspect/", &fields).compare(tables, "introspection", server.port(), None).await;
}

async fn started(database: Database) -> Server {
    let server =
        Server::builder(database).set("BENCH_SECRET", SECRET).set("LOCKGATE_LIMITS__NEW_SESSIONS", "0").start().await;
    let pair = json!({"common_name": CURVE_KEY, "alg": "ecdsa", "validity_days": 1});
    server.api().post("crypto/certificatekeypairs/generate/", &pair).await.expect(200);
    server.write("apps.yaml", &folder());
    let known = async || server.api().get("core/applications/es256/").await.status == 200;
    while !known().await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server
}

async fn middle(mut measure: impl AsyncFnMut() -> f64) -> f64 {
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        rates.push(measure().await);
    }
    rates.sort_by(f64::total_cmp);
    rates[ROUNDS / 2]
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

fn client_credentials(client: &str) -> Request {
    let fields =
        [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", SECRET), ("scope", "profile")];
    Request::form("/application/o/token/", &fields)
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
            Request::form("/application/o/token/", &fields).text()
        })
    };
    let talks = tokens.into_iter().map(talk).collect();
    let load = conversation(server.port(), talks, 200, REQUESTS).await;
    assert_eq!(load.unexpected, 0, "answers other than 200");
    load.rate()
}

/// Signatures a second of the library, on all cores.
fn signing(sign: impl Fn() + Send + Sync + 'static) -> f64 {
    let sign = Arc::new(sign);
    let work = |sign: Arc<dyn Fn() + Send + Sync>| {
        let (began, mut count) = (Instant::now(), 0_u64);
        while began.elapsed() < SIGNING {
            (0..16).for_each(|_| sign());
            count += 16;
        }
        count as f64 / began.elapsed().as_secs_f64()
    };
    let threads: Vec<_> = (0..SIGNERS)
        .map(|_| {
            let sign: Arc<dyn Fn() + Send + Sync> = sign.clone();
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
