//! Every page of the admin interface and of the portal, in an installation of many people.
//!
//! `cargo bench --profile release --workspace --bench pages` measures the release binary on SQLite with 100,000 users;
//! `LOCKGATE_BIN` names another one, `USERS=1000` makes it smaller, `DATABASE=postgres` (under `tests/with-postgres`) takes
//! the other database. Pages are found by the links on pages, one of each kind is asked `TIMES` times, one after the other
//! over one connection, and a table in Markdown is printed, the slowest first.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    process::Command,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use lockgate_model::{Origin, UserType};
use lockgate_store::{DatabaseSettings, DecisionRecord, Event, NewGroup, NewUser, SealKey, Store};
use lockgate_tests::{BOOTSTRAP_PASSWORD, Client, Database, Server, quantile};
use serde_json::{Map, json};
use uuid::Uuid;

/// Rows of one transaction.
const BATCH: usize = 5_000;
/// Groups of one in ten and one in a hundred.
const TENTH: Uuid = Uuid::from_u128(10);
const HUNDREDTH: Uuid = Uuid::from_u128(100);
/// Entries of the audit log and decisions, over two weeks.
const EVENTS: usize = 100_000;
const DECISIONS: usize = 20_000;
/// Each page is asked so many times.
const TIMES: usize = 21;
/// What a page may take, in milliseconds, at the median.
const GOAL: f64 = 20.0;

const FOLDER: &str = r#"app: wiki
name: The wiki
url: https://wiki.example.com
oauth2:
  client_id: wiki
  client_type: public
  redirect_uris: [https://wiki.example.com/callback]
access:
  any: [{ group: tenth-of-all }, { policy: office-hours }]
---
app: movies
name: Movies
url: https://movies.example.com
forward_auth: { mode: single }
---
policy: office-hours
expression: now.hour >= 7
---
group: Readers
"#;

/// Where the links begin.
const DOORS: [&str; 9] = [
    "/if/admin/",
    "/if/admin/notifications/",
    "/if/user/",
    "/if/user/settings/",
    "/if/user/factors/",
    "/if/user/sessions/",
    "/if/user/consents/",
    "/if/user/tokens/",
    "/if/user/activity/",
];

#[tokio::main]
async fn main() {
    let users: usize = std::env::var("USERS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let database = match std::env::var("DATABASE").as_deref() {
        Ok("postgres") => Database::Postgres,
        _ => Database::Sqlite,
    };
    let server = filled(database, users).await;
    let client = Client::new();
    client.open_signing_in(&server.url("/if/user/"), "akadmin", BOOTSTRAP_PASSWORD).await;
    let pages = found(&server, &client, users).await;
    let mut rows = Vec::new();
    for (kind, path) in &pages {
        rows.push((kind, path, measured(&server, &client, path).await));
    }
    rows.sort_by(|a, b| b.2.0.total_cmp(&a.2.0));
    println!("\n{database:?}, {users} users, {} pages\n", rows.len());
    println!("| page | median, ms | 95 %, ms | KiB |\n|---|---:|---:|---:|");
    for (kind, _, (median, most, bytes)) in &rows {
        println!("| `{kind}` | {median:.1} | {most:.1} | {:.0} |", *bytes as f64 / 1024.0);
    }
    let beyond = rows.iter().filter(|(.., (median, ..))| *median > GOAL).count();
    println!("\nHalf of the pages take {:.1} ms or less, {beyond} more than {GOAL}.", rows[rows.len() / 2].2.0);
}

/// Median and 95th percentile in milliseconds, and the bytes of the page as it is.
async fn measured(server: &Server, client: &Client, path: &str) -> (f64, f64, usize) {
    let mut times = Vec::with_capacity(TIMES);
    let mut bytes = 0;
    for _ in 0..TIMES {
        let began = Instant::now();
        let reply = client.get(&server.url(path)).await;
        times.push(began.elapsed());
        assert!(reply.status < 400, "{path}: {}", reply.status);
        bytes = reply.body.len();
    }
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    (ms(quantile(&times, 0.5)), ms(quantile(&times, 0.95)), bytes)
}

/// One page of each kind, by what links lead to; beside those, what is asked of the large lists.
async fn found(server: &Server, client: &Client, users: usize) -> BTreeMap<String, String> {
    let mut queue: VecDeque<String> = DOORS.map(str::to_owned).into();
    let large = [
        format!("/if/admin/users/?page={}", users / 50),
        "/if/admin/users/?search=krumholtz".to_owned(),
        format!("/if/admin/groups/{TENTH}/"),
        format!("/if/admin/groups/{TENTH}/members/"),
        format!("/if/admin/groups/{TENTH}/edit/"),
        "/if/admin/events/?search=margaret".to_owned(),
        "/if/admin/events/?page=2000".to_owned(),
        "/if/admin/find/?q=margaret".to_owned(),
    ];
    let mut pages = BTreeMap::new();
    let mut known: BTreeSet<String> = queue.iter().cloned().collect();
    while let Some(path) = queue.pop_front() {
        let kind = kind_of(&path);
        if pages.contains_key(&kind) {
            continue;
        }
        let reply = client.get(&server.url(&path)).await;
        if reply.status != 200 {
            continue;
        }
        pages.insert(kind, path);
        queue.extend(links(&reply.text()).into_iter().filter(|link| known.insert(link.clone())));
    }
    pages.extend(large.into_iter().map(|path| (path.replace(&TENTH.to_string(), "(10 %)"), path)));
    pages
}

/// An address without its query and without what is different in each of its kind.
fn kind_of(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let own = |key: &str| key.bytes().all(|b| b.is_ascii_lowercase()) && key.len() < 12;
    match parts.as_slice() {
        ["", "if", "admin", _, view, ""] if own(view) => path.to_owned(),
        ["", "if", "admin", resource, _, rest @ ..] if !rest.is_empty() => {
            format!("/if/admin/{resource}/*/{}", rest.join("/"))
        }
        ["", "if", "user", section, _, rest @ ..] if !rest.is_empty() => {
            format!("/if/user/{section}/*/{}", rest.join("/"))
        }
        _ => path.to_owned(),
    }
}

/// Addresses of both interfaces that a page links to.
fn links(html: &str) -> BTreeSet<String> {
    let found = html.split(" href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let ours = |href: &&str| href.starts_with("/if/admin/") || href.starts_with("/if/user/");
    let found = found.filter(ours).filter(|href| !href.contains("/export."));
    found.map(|href| href.split('#').next().unwrap_or_default().replace("&amp;", "&").replace("&#38;", "&")).collect()
}

/// A server on a database with so many users and what they did.
async fn filled(database: Database, users: usize) -> Server {
    let mut builder = Server::builder(database).config("pages.yaml", FOLDER).set("LOCKGATE_LIMITS__API_REQUESTS", "0");
    builder = builder.set("LOCKGATE_LIMITS__NEW_SESSIONS", "0");
    let url = database.create().await;
    if let Some(url) = &url {
        builder = builder.set("LOCKGATE_DATABASE_URL", url);
    }
    let server = builder.start().await;
    let file = format!("sqlite://{}", server.data_folder().join("lockgate.db").display());
    let seal = SealKey::derive(b"nothing is sealed here").expect("a key");
    let settings = DatabaseSettings::new(url.unwrap_or(file));
    let store = Store::connect(&settings, seal).await.expect("the database is there");
    let (began, now) = (Instant::now(), Utc::now());
    for (pk, name) in [(TENTH, "tenth-of-all"), (HUNDREDTH, "hundredth-of-all")] {
        store.groups().create(group(pk, name), now).await.expect("a group");
    }
    for first in (0..users).step_by(BATCH) {
        let new = (first..users.min(first + BATCH)).map(person).collect();
        store.users().create_many(new, now).await.expect("users");
    }
    for first in (0..EVENTS).step_by(BATCH) {
        let events: Vec<Event> = (first..first + BATCH).map(|number| event(number, users, now)).collect();
        store.events().insert(&events).await.expect("events");
    }
    for first in (0..DECISIONS).step_by(BATCH) {
        let decisions: Vec<DecisionRecord> =
            (first..first + BATCH).map(|number| decision(number, users, now)).collect();
        store.decisions().insert(&decisions).await.expect("decisions");
    }
    if database == Database::Postgres {
        // By itself it does so within minutes; what is measured is a server in use.
        let done = Command::new("psql").args([&settings.url, "-c", "VACUUM ANALYZE"]).status().expect("psql runs");
        assert!(done.success(), "the database was not looked at");
    }
    store.close().await.expect("closes");
    eprintln!("{users} users with what they did made in {:?}", began.elapsed());
    server
}

fn group(pk: Uuid, name: &str) -> NewGroup {
    NewGroup {
        pk,
        name: name.to_owned(),
        is_superuser: false,
        parents: Vec::new(),
        attributes: Map::new(),
        origin: Origin::Api,
        source: None,
    }
}

/// Names that differ as names do: one in a thousand is a Krumholtz.
fn person(number: usize) -> NewUser {
    let first = ["ada", "grace", "edsger", "barbara", "donald", "margaret", "alan"][number % 7];
    let last = match number {
        _ if number % 1_000 == 1 => "krumholtz".to_owned(),
        _ => format!("s{:x}", number.wrapping_mul(2_654_435_761) % 65_536),
    };
    NewUser {
        uuid: Uuid::from_u128(0x1000_0000 + number as u128),
        // Scattered, so that the order of names is not the order of their making.
        username: format!("{first}.{last}.{:06x}", number.wrapping_mul(7_919) % 0x0100_0000),
        name: format!("{first} {last}"),
        email: format!("{last}{number}@example.com"),
        is_active: !number.is_multiple_of(50),
        user_type: UserType::Internal,
        path: "users".to_owned(),
        attributes: json!({"department": number % 30}).as_object().cloned().unwrap_or_default(),
        groups: [(10, TENTH), (100, HUNDREDTH)]
            .into_iter()
            .filter_map(|(every, group)| number.is_multiple_of(every).then_some(group))
            .collect(),
        password_hash: None,
    }
}

/// When one of so many happened, of those that are spread over two weeks.
fn at(number: usize, of: usize, now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::milliseconds((14 * 86_400_000 / of * (of - number)) as i64)
}

fn event(number: usize, users: usize, now: DateTime<Utc>) -> Event {
    let created = at(number, EVENTS, now);
    let pk = number % users + 2;
    let who = json!({"pk": pk, "username": format!("user-{pk}"), "email": ""});
    let app = json!({"pk": Uuid::from_u128(7), "app": "lockgate", "name": "The wiki", "model_name": "application"});
    let (action, context) = match number % 10 {
        0 => ("login_failed", json!({"username": format!("margaret.{pk}")})),
        1..=5 => ("login", json!({"auth_method": "password"})),
        _ => ("authorize_application", json!({"authorized_application": app})),
    };
    Event {
        pk: Uuid::from_u128((created.timestamp_millis() as u128) << 80 | 0x7000 << 64 | number as u128),
        action: action.to_owned(),
        app: "lockgate".to_owned(),
        user_pk: Some(pk as i64),
        user: who,
        context,
        client_ip: Some("192.0.2.7".to_owned()),
        brand: json!({}),
        created,
        expires: now + TimeDelta::days(365),
    }
}

fn decision(number: usize, users: usize, now: DateTime<Utc>) -> DecisionRecord {
    let created = at(number, DECISIONS, now);
    let pk = number % users + 2;
    DecisionRecord {
        id: Uuid::from_u128((created.timestamp_millis() as u128) << 80 | 0x7000 << 64 | number as u128),
        created,
        user_pk: Some(pk as i64),
        username: format!("user-{pk}"),
        action: "access".to_owned(),
        resource: "app wiki".to_owned(),
        app: "wiki".to_owned(),
        allow: !number.is_multiple_of(10),
        client_ip: Some("192.0.2.7".to_owned()),
        record: json!({}),
    }
}
