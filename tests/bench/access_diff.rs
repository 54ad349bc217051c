//! `lockgate plan` over a large directory: 100,000 users in 500 groups and 200 applications, on SQLite.
//!
//! `cargo bench --workspace --bench access_diff` measures the release binary; `LOCKGATE_BIN=target/debug/lockgate`
//! another one. `USERS=1000` makes it smaller. A table in Markdown is printed: what changes, the time of the whole
//! command, the most memory that it had, and how much it found.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use lockgate_model::UserType;
use lockgate_store::{DatabaseSettings, NewUser, SealKey, Store};
use lockgate_tests::{Database, Server, binary};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

const APPS: usize = 200;
const GROUPS: usize = 500;
/// Direct groups of a user.
const MEMBERSHIPS: usize = 5;
/// Users of one transaction.
const BATCH: usize = 5_000;

const FIVE: &str = "group: Group 5\n";
const HOURS: &str = "\"Group 7\" in user.groups || user.is_superuser";

#[tokio::main]
async fn main() {
    let users: usize = std::env::var("USERS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    println!("Binary: `{}`; {users} users, {GROUPS} groups, {APPS} applications\n", binary().display());
    let same = [
        ("apps.yaml", apps("")),
        ("five.yaml", FIVE.to_owned()),
        ("hours.rhai", HOURS.to_owned()),
        ("nickname.yaml", nickname("user.username")),
    ];
    let builder =
        same.iter().fold(Server::builder(Database::Sqlite), |builder, (name, text)| builder.config(name, text));
    let mut server = builder.start().await;
    assert!(server.terminate().await);
    fill(&server, users).await;
    println!("| change | seconds | most memory, MiB | gains | losses | claims |");
    println!("|---|---:|---:|---:|---:|---:|");
    let with = |file: &'static str, text: String| {
        let mut files: Vec<(&'static str, String)> = same.to_vec();
        files.retain(|(name, _)| *name != file);
        files.push((file, text));
        files
    };
    measure(&server, "nothing", &same);
    measure(&server, "one more group for one application", &with("apps.yaml", apps("Group 499")));
    let cedar = "@id(\"mfa\") forbid (principal in Group::\"Group 3\", action == Action::\"access\", resource) unless { context.mfa };";
    measure(&server, "a file over all applications: a second factor for a group", &with("mfa.cedar", cedar.to_owned()));
    measure(&server, "a parent for a group", &with("five.yaml", format!("{FIVE}parents: [Group 6]\n")));
    let email = "@id(\"mail\") forbid (principal is User, action == Action::\"access\", resource == App::\"app-1\") when { principal.email like \"*7@example.com\" };";
    measure(&server, "a file that reads an e-mail address, one application", &with("mail.cedar", email.to_owned()));
    measure(&server, "a mapping of all applications", &with("nickname.yaml", nickname("user.name")));
}

/// 200 applications, each for three groups, every fourth of them by OpenID Connect and every tenth with a
/// condition that reads groups.
fn apps(more: &str) -> String {
    let group = |n: usize| format!("{{ group: Group {} }}", n % GROUPS);
    let mut text = String::new();
    for n in 0..APPS {
        let mut any = vec![group(n), group(n + 100), group(n * 2 + 1)];
        if n % 10 == 0 {
            any.push("{ policy: hours }".to_owned());
        }
        if n == 0 && !more.is_empty() {
            any.push(format!("{{ group: {more} }}"));
        }
        let provider = if n % 4 == 0 {
            format!(
                "oauth2:\n  client_id: app-{n}\n  client_secret: {{ env: PATH }}\n  redirect_uris: [https://app-{n}.lockgate.test/back]\n  \
                 scopes: [openid, profile, email, nickname]\n"
            )
        } else {
            "forward_auth: { mode: single }\n".to_owned()
        };
        text.push_str(&format!(
            "app: app-{n}\nname: App {n}\nurl: https://app-{n}.lockgate.test\n{provider}access:\n  any: [{}]\n---\n",
            any.join(", ")
        ));
    }
    for n in (0..GROUPS).filter(|n| *n != 5) {
        text.push_str(&format!("group: Group {n}\n---\n"));
    }
    text
}

fn nickname(value: &str) -> String {
    format!("mapping: nickname\nscope: nickname\nexpression: |\n  #{{ nickname: {value} }}\n")
}

/// Makes the users past the API, which would hash and announce for hours.
async fn fill(server: &Server, users: usize) {
    let url = format!("sqlite://{}", server.data_folder().join("lockgate.db").display());
    let seal = SealKey::derive(b"nothing is sealed here").expect("a key");
    let store = Store::connect(&DatabaseSettings::new(&url), seal).await.expect("the database is there");
    let now: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
    let groups: Vec<Uuid> = store.groups().all().await.expect("groups").into_iter().map(|g| g.pk).collect();
    let mut seed = 7_u64;
    // A plain generator of pseudo-random numbers (Knuth, MMIX): the same directory in every run.
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap_or_default() % below
    };
    for first in (0..users).step_by(BATCH) {
        let new = (first..users.min(first + BATCH)).map(|n| NewUser {
            uuid: Uuid::from_u128(0x1000_0000 + n as u128),
            username: format!("user{n}"),
            name: format!("User Number {n}"),
            email: format!("user{n}@example.com"),
            is_active: n % 50 != 0,
            user_type: UserType::Internal,
            path: "users".to_owned(),
            attributes: json!({"department": format!("d{}", n % 30)}).as_object().cloned().unwrap_or_default(),
            groups: (0..MEMBERSHIPS).map(|_| groups[next(groups.len())]).collect(),
            password_hash: None,
        });
        store.users().create_many(new.collect(), now).await.expect("users");
    }
    store.close().await.expect("closes");
}

fn measure(server: &Server, change: &str, files: &[(&'static str, String)]) {
    let folder = TempDir::with_prefix("lockgate-bench-").expect("the temporary folder is writable");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a fresh folder is writable");
    }
    let (seconds, peak, report) = plan(&server.data_folder(), folder.path());
    let apps = report["access"]["apps"].as_array().cloned().unwrap_or_default();
    let sum = |gain: bool| -> u64 {
        let parts = apps.iter().flat_map(|app| app["parts"].as_array().cloned().unwrap_or_default());
        let is_gain = |part: &Value| !matches!(part["shift"].as_str(), Some("loses" | "needs_mfa"));
        parts.filter(|part| is_gain(part) == gain).filter_map(|part| part["count"].as_u64()).sum()
    };
    let claims = report["access"]["claims"].as_array().cloned().unwrap_or_default();
    let claims = claims.iter().flat_map(|app| app["claims"].as_array().cloned().unwrap_or_default());
    let claims: u64 = claims.filter_map(|claim| claim["count"].as_u64()).sum();
    println!("| {change} | {seconds:.1} | {peak} | {} | {} | {claims} |", sum(true), sum(false));
}

/// Runs the command; answers its time in seconds, its peak in MiB, and its report.
fn plan(data: &Path, folder: &Path) -> (f64, u64, Value) {
    let started = Instant::now();
    let mut child = Command::new(binary())
        .args(["plan", "--format", "json"])
        .arg(folder)
        .env("LOCKGATE_DATA_DIR", data)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary can be started");
    let status = format!("/proc/{}/status", child.id());
    let out = child.stdout.take().expect("it is captured");
    let reading = std::thread::spawn(move || std::io::read_to_string(out).unwrap_or_default());
    let mut peak = 0;
    while child.try_wait().ok().flatten().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        peak = peak.max(line.trim().trim_end_matches(" kB").parse().unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    let seconds = started.elapsed().as_secs_f64();
    let text = reading.join().unwrap_or_default();
    let report = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (seconds, peak / 1024, report)
}
