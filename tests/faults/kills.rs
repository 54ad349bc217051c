//! `kill -9` at moments that nobody has chosen, while people write: of the server, of a worker, of PostgreSQL, of Redis.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lockgate_tests::{Acknowledged, Database, Dice, MailSink, Postgres, Redis, Server, ServerBuilder};
use serde_json::json;

on_each_database!(a_server_that_is_killed_keeps_its_word);

/// Without the limits that keep crowds away: the writers are one.
pub(super) fn unlimited(builder: ServerBuilder) -> ServerBuilder {
    let limits = ["WRONG_PASSWORDS_BY_ADDRESS", "WRONG_PASSWORDS_BY_NAME", "API_REQUESTS", "NEW_SESSIONS"];
    limits.iter().fold(builder, |builder, limit| builder.set(&format!("LOCKGATE_LIMITS__{limit}"), "0"))
}

async fn a_server_that_is_killed_keeps_its_word(database: Database) {
    let mut dice = Dice::of_the_moment("a server that is killed");
    let mut server = unlimited(Server::builder(database)).start().await;
    let writers = Acknowledged::begin(&[server.port()], 4, &mut dice).await;
    for _ in 0..3 {
        writers.goes_on(12).await;
        tokio::time::sleep(dice.millis(0, 150)).await;
        server.kill();
        server.launch().await;
        writers.nothing_revives(Duration::ZERO, 20).await;
    }
    writers.goes_on(8).await;
    writers.proves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_keeps_the_servers_word() {
    let mut dice = Dice::of_the_moment("a database that is killed");
    let mut cluster = Postgres::start().await;
    let builder = unlimited(Server::builder(Database::Sqlite)).set("LOCKGATE_DATABASE_URL", &cluster.url());
    let server = builder.start().await;
    let writers = Acknowledged::begin(&[server.port()], 4, &mut dice).await;
    for _ in 0..2 {
        writers.goes_on(12).await;
        tokio::time::sleep(dice.millis(0, 150)).await;
        cluster.kill();
        let gone = server.get("/-/health/ready/").await.status;
        assert_eq!(gone, 503, "without its database nobody is ready");
        cluster.launch().await;
        let back = Instant::now();
        writers.goes_on(1).await;
        println!("the first write after {:?}", back.elapsed());
        assert!(back.elapsed() < Duration::from_secs(5), "{:?}", back.elapsed());
        writers.nothing_revives(Duration::ZERO, 20).await;
    }
    writers.goes_on(8).await;
    writers.proves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_and_a_redis_that_are_killed_lose_and_double_nothing() {
    let mut dice = Dice::of_the_moment("a worker and a Redis that are killed");
    let (mut redis, sink) = (Redis::start().await, MailSink::start().await);
    let server = unlimited(Server::builder(Database::Postgres))
        .set("LOCKGATE_REDIS_URL", &redis.url())
        .set("LOCKGATE_EMAIL__HOST", "127.0.0.1")
        .set("LOCKGATE_EMAIL__PORT", &sink.port().to_string())
        .start()
        .await;
    let writers = Acknowledged::begin(&[server.port()], 3, &mut dice).await;
    let mut worker = server.begin(&["worker"]);
    let mailed = invited(&server, 120).await;
    for _ in 0..2 {
        writers.goes_on(8).await;
        tokio::time::sleep(dice.millis(0, 200)).await;
        worker.kill();
        redis.kill();
        writers.goes_on(8).await;
        redis.launch().await;
        worker = server.begin(&["worker"]);
    }
    writers.goes_on(8).await;
    writers.proves().await;
    // Those that the killed workers were at are theirs for two minutes; all others have come, and each as the same mail.
    let started = Instant::now();
    while came(&sink).len() + 16 < mailed {
        assert!(started.elapsed() < Duration::from_secs(20), "{} of {mailed} mails came", came(&sink).len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let waiting =
        server.api().get("tasks/tasks/?queue_name=mail&state__in=queued,preprocess,consumed&page_size=1").await;
    let waiting = waiting.expect(200).json()["pagination"]["count"].as_u64().expect("a number");
    assert!(came(&sink).len() + waiting as usize >= mailed, "{} came and {waiting} wait", came(&sink).len());
    worker.kill();
}

/// Invites so many people by mail.
async fn invited(server: &Server, count: usize) -> usize {
    let api = server.api();
    let flow = api.get("flows/instances/default-enrollment-flow/").await.expect(200).json()["pk"].clone();
    let made = json!({ "name": "all", "flow": flow });
    let made = api.post("stages/invitation/invitations/", &made).await.expect(201).json();
    let path = format!("stages/invitation/invitations/{}/send_email/", made["pk"].as_str().unwrap_or_default());
    let all: Vec<String> = (0..count).map(|n| format!("guest-{n}@example.org")).collect();
    api.post(&path, &json!({ "email_addresses": all })).await.expect(204);
    count
}

/// The mails that came, by whom they are for; what came twice has to be the same mail.
fn came(sink: &MailSink) -> BTreeMap<String, String> {
    let mut by_whom: BTreeMap<String, String> = BTreeMap::new();
    for mail in sink.mails() {
        let id = mail.header("Message-ID");
        let before = by_whom.insert(mail.to.join(","), id.clone());
        assert!(before.is_none_or(|before| before == id), "{:?} has two mails", mail.to);
    }
    by_whom
}
