//! Lists of users over the API, and single operations against the bare query of the same table over a pool of the same
//! size, on SQLite and PostgreSQL.
//!
//! `SHARED_BUFFERS=1GB tests/with-postgres cargo bench --workspace --bench lists` measures the release binary;
//! `LOCKGATE_BIN` names another one. `USERS=10000` makes it smaller than a million, `DATABASE=sqlite` or `postgres` leaves
//! the other one out. Tables in Markdown are printed: medians in milliseconds as a client sees them, over one connection.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use lockgate_model::{Origin, UserType};
use lockgate_store::{DatabaseSettings, NewGroup, NewUser, Page, SealKey, Store, UserFilter};
use lockgate_tests::{Api, Database, Server};
use serde_json::{Map, json};
use uuid::Uuid;

/// Users of one transaction.
const BATCH: usize = 5_000;
/// Groups of one in ten and one in a hundred.
const TENTH: Uuid = Uuid::from_u128(10);
const HUNDREDTH: Uuid = Uuid::from_u128(100);
/// Each is asked so many times.
const TIMES: usize = 15;

#[tokio::main]
async fn main() {
    let users: usize = std::env::var("USERS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let only = std::env::var("DATABASE").unwrap_or_default();
    for database in [Database::Sqlite, Database::Postgres] {
        if !only.is_empty() && only != format!("{database:?}").to_lowercase() {
            continue;
        }
        let (server, store) = filled(database, users).await;
        println!("\n{database:?}, {users} users\n");
        lists(&server, users).await;
        single(&server, &store).await;
        store.close().await.expect("closes");
    }
}

/// A server on a database with so many users, and another way to the same.
async fn filled(database: Database, users: usize) -> (Server, Store) {
    let mut builder = Server::builder(database).set("LOCKGATE_LIMITS__API_REQUESTS", "0");
    let mut url = database.create().await;
    if let Some(url) = &url {
        builder = builder.set("LOCKGATE_DATABASE_URL", url);
    }
    let server = builder.start().await;
    let file = format!("sqlite://{}", server.data_folder().join("lockgate.db").display());
    let seal = SealKey::derive(b"nothing is sealed here").expect("a key");
    let settings = DatabaseSettings::new(url.take().unwrap_or(file));
    let store = Store::connect(&settings, seal).await.expect("the database is there");
    let began = Instant::now();
    let now: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
    for (pk, name) in [(TENTH, "tenth"), (HUNDREDTH, "hundredth")] {
        store.groups().create(group(pk, name), now).await.expect("a group");
    }
    for first in (0..users).step_by(BATCH) {
        let new = (first..users.min(first + BATCH)).map(person).collect();
        store.users().create_many(new, now).await.expect("users");
    }
    eprintln!("{users} users made in {:?}", began.elapsed());
    if database == Database::Postgres {
        // By itself it does so within minutes; what is measured is a server in use.
        let done = Command::new("psql").args([&settings.url, "-c", "VACUUM ANALYZE"]).status().expect("psql runs");
        assert!(done.success(), "the database was not looked at");
    }
    (server, store)
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

/// Names that differ as names do: one in a thousand is a Krumholtz, one in a hundred a Vandermeer.
fn person(number: usize) -> NewUser {
    let first = ["ada", "grace", "edsger", "barbara", "donald", "margaret", "alan"][number % 7];
    let last = match number {
        4_711 => "xylophonquist".to_owned(),
        _ if number % 1_000 == 1 => "krumholtz".to_owned(),
        _ if number % 100 == 2 => "vandermeer".to_owned(),
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

/// The median of many tries, in milliseconds.
async fn median(mut ask: impl AsyncFnMut(usize)) -> f64 {
    let mut taken: Vec<Duration> = Vec::with_capacity(TIMES);
    for time in 0..TIMES {
        let began = Instant::now();
        ask(time).await;
        taken.push(began.elapsed());
    }
    taken.sort_unstable();
    taken[TIMES / 2].as_secs_f64() * 1_000.0
}

async fn lists(server: &Server, users: usize) {
    let api = server.api();
    let pages = users / 20;
    let (middle, last) = (format!("page={}", pages / 2), format!("page={pages}"));
    let queries = [
        ("the first page", "page=1".to_owned()),
        ("a page in the middle", middle.clone()),
        ("the last page", last.clone()),
        ("by e-mail address, in the middle", format!("ordering=email&{middle}")),
        ("by name, descending, in the middle", format!("ordering=-name&{middle}")),
        ("by date, the last page", format!("ordering=date_joined&{last}")),
        ("search: one user", "search=xylophonquist".to_owned()),
        ("search: 1 in 1,000", "search=krumholtz".to_owned()),
        ("search: 1 in 100", "search=vandermeer".to_owned()),
        ("search: 1 in 100, a page in the middle", format!("search=vandermeer&page={}", (users / 4_000).max(1))),
        ("search: an e-mail address", "search=krumholtz1001@example.com".to_owned()),
        ("search: two words", "search=margaret+krumholtz".to_owned()),
        ("search: 1 in 7", "search=margaret".to_owned()),
        ("search: what all have", "search=example".to_owned()),
        ("search: two letters", "search=qu".to_owned()),
        ("active", "is_active=true".to_owned()),
        ("active, a page in the middle", format!("is_active=true&{middle}")),
        ("active, 1 in 100", "is_active=true&search=vandermeer".to_owned()),
        ("a group of 1 in 100", "groups_by_name=hundredth".to_owned()),
        ("a group of 1 in 10", "groups_by_name=tenth".to_owned()),
        ("a group of 1 in 10, searched", "groups_by_name=tenth&search=krumholtz".to_owned()),
        ("exact user name", "username=akadmin".to_owned()),
    ];
    println!("| list of 20 | users found | ms |");
    println!("|---|---:|---:|");
    for (name, query) in queries {
        let path = format!("core/users/?page_size=20&include_groups=false&include_roles=false&{query}");
        let found = api.get(&path).await.expect(200).json()["pagination"]["count"].clone();
        let taken = median(async |_| drop(api.get(&path).await.expect(200))).await;
        println!("| {name} | {found} | {taken:.1} |");
    }
}

/// Each operation and the query below it, in turn.
async fn single(server: &Server, store: &Store) {
    println!("\n| operation | API, ms | bare query, ms | ratio |");
    println!("|---|---:|---:|---:|");
    let api = server.api();
    let hundred = UserFilter { page: Page { number: 1, size: 100 }, ..UserFilter::default() };
    let now: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
    let list = median(async |_| drop(api.get("core/users/?page_size=100").await.expect(200))).await;
    let bare = median(async |_| drop(store.users().list(&hundred, now).await.expect("users"))).await;
    row("list of 100 users", list, bare);
    let some = store.users().list(&hundred, now).await.expect("users").0;
    let pk = some.last().expect("a user").pk;
    let path = format!("core/users/{pk}/");
    let one = median(async |_| drop(api.get(&path).await.expect(200))).await;
    let bare = median(async |_| drop(store.users().get(pk).await.expect("a user"))).await;
    row("one user", one, bare);
    let made = median(async |time| made(&api, time).await).await;
    let bare = median(async |time| {
        let new = NewUser { username: format!("bare-{time}"), uuid: Uuid::from_u128(time as u128), ..person(time) };
        store.users().create_many(vec![NewUser { attributes: Map::new(), ..new }], now).await.expect("a user");
    });
    row("a new user", made, bare.await);
}

async fn made(api: &Api, time: usize) {
    let body = json!({"username": format!("made-{time}"), "name": "Made"});
    drop(api.post("core/users/", &body).await.expect(201));
}

fn row(name: &str, api: f64, bare: f64) {
    println!("| {name} | {api:.2} | {bare:.2} | {:.1} |", api / bare);
}
