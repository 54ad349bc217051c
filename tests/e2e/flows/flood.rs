//! A flood of logins: clear refusals, bounded memory, and nobody locked out
//! once it is over.

use lockgate_tests::{BOOTSTRAP_PASSWORD, Client, Database, Executor, Reply, Server};
use serde_json::json;

/// Visitors who send a password at the same moment.
const VISITORS: usize = 400;
/// Resident memory that a flood may take, in KiB. A release build took 167 MiB on SQLite and 166 on PostgreSQL:
/// about 56 at rest, 19 for each of two hashes at a time, and 0.18 for each visitor who waits for an answer.
const ALLOWED_KIB: u64 = 176 * 1024;

on_each_database!(a_flood_of_logins_is_turned_away_in_bounded_memory);

async fn a_flood_of_logins_is_turned_away_in_bounded_memory(database: Database) {
    // A short queue, so that a fast machine has to turn visitors away as well.
    let server = Server::builder(database).set("LOCKGATE_LIMITS__PASSWORD_QUEUE", "16");
    let server = server.set("LOCKGATE_LIMITS__NEW_SESSIONS", "0");
    // Without the pauses after wrong passwords, which would keep most of them away from the queue.
    let server = server.set("LOCKGATE_LIMITS__WRONG_PASSWORDS_BY_ADDRESS", "0");
    let server = server.set("LOCKGATE_LIMITS__WRONG_PASSWORDS_BY_NAME", "0").start().await;
    let base = server.base();
    let mut visitors = Vec::new();
    for _ in 0..VISITORS {
        let base = base.clone();
        visitors.push(tokio::spawn(async move {
            let client = Client::new();
            let flow = Executor::new(&client, &base, "default-authentication-flow", "");
            // A visitor may be turned away at any of the steps.
            let first = flow.challenge().await;
            if first.status != 200 {
                return first;
            }
            let answer = json!({
                "component": "ak-stage-identification", "uid_field": "akadmin", "password": "wrong",
            });
            let next = flow.answer(&answer).await;
            if next.status != 200 || next.json()["component"] == "ak-stage-identification" {
                return next;
            }
            flow.post(&json!({ "component": "ak-stage-password", "password": "wrong" })).await
        }));
    }
    let mut peak = 0;
    let mut turned_away = 0;
    for visitor in visitors {
        let reply: Reply = visitor.await.expect("a visitor gets an answer");
        peak = peak.max(server.resident_kib());
        match reply.status {
            200 => {}
            429 => {
                turned_away += 1;
                let seconds = reply.header("Retry-After");
                assert!(seconds.parse::<u32>().is_ok_and(|seconds| seconds >= 1), "Retry-After: {seconds:?}");
                assert!(reply.json()["detail"].is_string(), "{}", reply.text());
            }
            other => panic!("{other} {}", reply.text()),
        }
    }
    assert!(turned_away > 0, "{VISITORS} logins at once were all taken");
    println!("{VISITORS} logins at once: {peak} KiB resident");
    assert!(peak < ALLOWED_KIB, "{peak} KiB resident");

    let client = Client::new();
    let flow = Executor::new(&client, &base, "default-authentication-flow", "");
    flow.login("akadmin", BOOTSTRAP_PASSWORD).await.redirect();
}
