//! Clocks that jump a day ahead and back again, as after a wrong answer of a time server: the clock of the process is what
//! libfaketime says. Time that measures waiting (CLOCK_MONOTONIC) goes on as it is, as it does on a machine.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockgate_tests::{Api, Client, Database, Executor, ProcessorTime, Reply, Server, Site, SiteOptions};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use totp_rs::Totp;

use super::{Nodes, told_to_come_back, until};

/// Where Debian puts it.
const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const LIBRARY_ON_ARM: &str = "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1";

const DAY: i64 = 86_400;
/// Less than a session of an application lasts.
const MINUTES: i64 = 5 * 60;
const CLIENT: &str = "app: spa\nname: The app\noauth2:\n  client_id: spa\n  client_type: public\n  \
                      redirect_uris: [https://spa.lockgate.test/cb]\n";
/// A verifier and its challenge (RFC 7636, appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A clock that a test moves.
struct Clock {
    folder: TempDir,
}

impl Clock {
    fn new() -> Self {
        let clock = Self { folder: TempDir::with_prefix("lockgate-clock-").expect("the temporary folder is writable") };
        clock.is_ahead_by(0);
        clock
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("time")
    }

    fn is_ahead_by(&self, seconds: i64) {
        let draft = self.folder.path().join("draft");
        std::fs::write(&draft, format!("{seconds:+}\n")).expect("a fresh folder is writable");
        std::fs::rename(draft, self.file()).expect("a fresh folder is writable");
    }

    /// The settings of a process that goes by it.
    fn settings(&self) -> Vec<(String, String)> {
        let library = [LIBRARY, LIBRARY_ON_ARM].into_iter().find(|path| std::path::Path::new(path).exists());
        let library = library.expect("libfaketime is installed (apt-get install faketime)");
        let pairs = [
            ("LD_PRELOAD", library),
            ("FAKETIME_TIMESTAMP_FILE", &self.file().display().to_string()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("FAKETIME_NO_CACHE", "1"),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }
}

fn in_seconds(ahead: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    i64::try_from(now.as_secs()).expect("a time before the end of time") + ahead
}

/// The code that somebody's app shows at a time.
fn shown(address: &str, at: i64) -> Value {
    let totp = Totp::from_url(address).expect("an address for apps");
    json!({ "component": "ak-stage-authenticator-validate", "code": totp.generate(at.unsigned_abs()).to_string() })
}

/// Signs bob in as far as the second factor and answers the code of his app; what comes of it.
async fn with_code(site: &Site, answer: &Value) -> String {
    let (client, base) = (Client::new(), site.url("auth", ""));
    let login = Executor::new(&client, &base, "default-authentication-flow", "");
    login.challenge().await.expect(200);
    login.answer(&json!({ "uid_field": "bob" })).await.expect(200);
    let challenge = login.answer(&json!({ "password": Site::password() })).await.expect(200).json();
    assert_eq!(challenge["component"], "ak-stage-authenticator-validate", "{challenge}");
    login.answer(answer).await.expect(200).json()["component"].as_str().unwrap_or_default().to_owned()
}

async fn redeem(site: &Site, code: &str) -> Reply {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "spa"),
        ("redirect_uri", "https://spa.lockgate.test/cb"),
        ("code_verifier", VERIFIER),
        ("code", code),
    ];
    Reply::of(Client::new().request(Method::POST, &site.url("auth", "/application/o/token/")).form(&form)).await
}

async fn code_for(site: &Site, browser: &Client) -> String {
    let back = "https://spa.lockgate.test/cb";
    let query = format!(
        "client_id=spa&response_type=code&scope=openid&redirect_uri={back}&code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    let url = site.url("auth", &format!("/application/o/authorize/?{query}"));
    browser.sent_back(&url, back, "ada", Site::password()).await.code()
}

async fn me(site: &Site, browser: &Client) -> u16 {
    browser.get(&site.url("auth", "/api/v3/core/users/me/")).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_a_day_ahead_and_back_revives_nothing() {
    let clock = Clock::new();
    let mut settings = clock.settings();
    settings.push(("LOCKGATE_SESSION_LIFETIME".to_owned(), "43200".to_owned()));
    let options = SiteOptions { settings, extra: Some(|_| CLIENT.to_owned()) };
    let site = Site::direct_with(Database::Sqlite, options).await;
    let api = site.server.api();
    let (ada, ended) = (site.signed_in("ada").await, site.signed_in("ada").await);
    let mine = ended.get(&site.url("auth", "/api/v3/core/authenticated_sessions/")).await.expect(200).json();
    let current = mine["results"].as_array().into_iter().flatten().find(|one| one["current"] == true).expect("one is");
    api.delete(&format!("core/authenticated_sessions/{}/", current["uuid"].as_str().unwrap_or_default()))
        .await
        .expect(204);
    assert_eq!((me(&site, &ada).await, me(&site, &ended).await), (200, 403));

    let token = json!({ "identifier": "hour", "intent": "api", "user": site.ada, "expiring": true, "expires": hour() });
    api.post("core/tokens/", &token).await.expect(201);
    let key =
        api.get("core/tokens/hour/view_key/").await.expect(200).json()["key"].as_str().unwrap_or_default().to_owned();
    let by_key = Api::new(&site.server.base(), Some(&key));
    by_key.get("core/users/me/").await.expect(200);
    let used = code_for(&site, &ada).await;
    redeem(&site, &used).await.expect(200);
    let unused = code_for(&site, &ada).await;
    let place = format!("lockgate/users/{}/authenticators/totp/", site.bob);
    let app = api.post(&place, &json!({ "name": "App" })).await.expect(201).json();
    let address = app["config_url"].as_str().expect("an address").to_owned();
    let first = shown(&address, in_seconds(0));
    assert_eq!(with_code(&site, &first).await, "xak-flow-redirect");

    clock.is_ahead_by(DAY);
    assert_eq!(me(&site, &ada).await, 403, "a session of twelve hours has ended");
    Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(302);
    assert!(by_key.get("core/users/me/").await.status >= 400, "a token of an hour has ended");
    redeem(&site, &unused).await.expect(400);
    let later = site.signed_in("ada").await;
    assert_eq!(with_code(&site, &shown(&address, in_seconds(DAY))).await, "xak-flow-redirect");
    site.server.get("/-/health/ready/").await.expect(200);

    clock.is_ahead_by(0);
    assert_eq!((me(&site, &later).await, me(&site, &ended).await), (200, 403));
    for code in [&used, &unused] {
        redeem(&site, code).await.expect(400);
    }
    assert_ne!(with_code(&site, &first).await, "xak-flow-redirect", "a code is used twice");
    let again = site.signed_in("ada").await;
    Reply::of(site.ask(&again, "traefik", "one", "/")).await.expect(200);
    // A revocation counts at once, whatever the clock has been.
    api.post("core/groups/", &json!({ "name": "after" })).await.expect(201);
    api.leave(site.ada, "Media").await;
    Reply::of(site.ask(&again, "traefik", "one", "/")).await.expect(403);
    at_rest(&site.server).await;
}

/// An hour from now, as the API has it.
fn hour() -> String {
    chrono::DateTime::from_timestamp(in_seconds(3_600), 0).expect("a time").to_rfc3339()
}

/// Nothing goes round in circles: a server that nobody asks uses little of the processor.
async fn at_rest(server: &Server) {
    let before = ProcessorTime::now(server).server;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let used = ProcessorTime::now(server).server - before;
    assert!(used < 0.4, "{used} of a second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_put_back_does_not_make_old_word_from_the_database_new() {
    let clock = Clock::new();
    clock.is_ahead_by(MINUTES);
    let nodes = Nodes::start_with(false, &clock.settings()).await;
    let ada = nodes.site.signed_in("ada").await;
    until(200, Duration::from_secs(2), async || nodes.ask_second(&ada).await).await;
    nodes.to_database.cut();
    clock.is_ahead_by(0);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    nodes.revoke().await;
    told_to_come_back(&nodes.ask_second(&ada).await);
    nodes.to_database.mend();
    until(302, Duration::from_secs(5), async || nodes.ask_second(&ada).await).await;
    let again = nodes.site.signed_in("ada").await;
    until(200, Duration::from_secs(2), async || nodes.ask_second(&again).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_clock_is_ahead_takes_no_revocation_from_the_others() {
    let clock = Clock::new();
    let nodes = Nodes::start_with(true, &clock.settings()).await;
    let ada = nodes.site.signed_in("ada").await;
    until(200, Duration::from_secs(2), async || nodes.ask_second(&ada).await).await;
    // A day ahead, whatever is done again and again is due at the second node, the shortening of the log among it.
    clock.is_ahead_by(DAY);
    nodes.revoke().await;
    until(302, Duration::from_secs(1), async || nodes.ask_first(&ada).await).await;
    until(302, Duration::from_secs(1), async || nodes.ask_second(&ada).await).await;
    clock.is_ahead_by(0);
    for _ in 0..3 {
        let bob = nodes.site.signed_in("ada").await;
        until(200, Duration::from_secs(2), async || nodes.ask_second(&bob).await).await;
        nodes.revoke().await;
        until(302, Duration::from_secs(1), async || nodes.ask_second(&bob).await).await;
    }
}
