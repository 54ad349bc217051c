//! The process itself: how soon it is ready, and how much memory it takes.

use std::time::Duration;

use lockgate_tests::{Database, Server, Site, quantile};

use crate::forward_auth::question;
use crate::table::{Tables, millis};

/// Starts of which the median counts.
const STARTS: usize = 5;
/// Until a server that has just started has nothing left to do.
const REST: Duration = Duration::from_secs(20);
/// Requests before memory is read again.
const MANY: f64 = 1_000_000.0;

pub(crate) async fn measure(tables: &mut Tables, database: Database) {
    let (mut fresh, mut again) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let mut server = Server::builder(database).start().await;
        fresh.push(server.start_took());
        assert!(server.terminate().await, "a stop is a success");
        server.launch().await;
        again.push(server.start_took());
    }
    tables.process("start to ready, on an empty folder", millis(quantile(&fresh, 0.5)), "ms", "300");
    tables.process("start to ready, on existing data", millis(quantile(&again, 0.5)), "ms", "300");
    let mut server = Server::builder(database).without_bootstrap().start().await;
    memory(tables, "right after that, on an empty folder", &server, "64");
    assert!(server.terminate().await, "a stop is a success");
    server.launch().await;
    tokio::time::sleep(REST).await;
    memory(tables, "idle, on existing data", &server, "40");
    drop(server);
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    let question = question(&site, Some(&ada));
    let (mut asked, span) = (0.0, Duration::from_secs(5));
    while asked < MANY {
        asked += question.rate(site.server.port(), span) * span.as_secs_f64();
    }
    memory(tables, "after a million requests, and the three logins before", &site.server, "64");
}

/// Memory that is resident, in MiB.
pub(crate) fn memory(tables: &mut Tables, when: &str, server: &Server, goal: &str) {
    tables.process(&format!("memory, {when}"), server.resident_kib() as f64 / 1024.0, "MiB", goal);
}
