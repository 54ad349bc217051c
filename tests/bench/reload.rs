//! A folder of 200 applications, changed: `cargo bench -p lockgate-tests --bench reload`.
//!
//! Prints a table in Markdown: how long a check takes, and how long it is from
//! a change of one file to the new revision being in force (of which 150 ms are
//! the pause that waits for the next file of the same change).

use std::time::{Duration, Instant};

use lockgate_tests::{CommandOutcome, Database, Server};

const APPS: usize = 200;
const ROUNDS: usize = 11;

#[tokio::main]
async fn main() {
    println!("| {APPS} applications | median, ms |\n|---|---:|");
    for database in [Database::Sqlite, Database::Postgres] {
        let server = Server::builder(database).config("apps.yaml", &folder(0)).start().await;
        let checks = (0..ROUNDS).map(|_| {
            let started = Instant::now();
            assert_eq!(CommandOutcome::at(&server.config_folder()).code, 0);
            started.elapsed()
        });
        println!("| `lockgate check`, from start to end | {:.0} |", median(checks.collect()));
        let mut reloads = Vec::new();
        for round in 1..=ROUNDS {
            let before = revision(&server).await;
            let started = Instant::now();
            server.write("apps.yaml", &folder(round));
            while revision(&server).await == before {
                assert!(started.elapsed() < Duration::from_secs(20), "the change does not come into force");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            reloads.push(started.elapsed());
        }
        println!("| from a change to the new revision, {database:?} | {:.0} |", median(reloads));
    }
}

/// The applications; one of them has this number in its name.
fn folder(round: usize) -> String {
    let app = |n: usize| {
        let name = if n == 100 { format!("Application {n} of round {round}") } else { format!("Application {n}") };
        format!(
            "app: app{n}\nname: {name}\nurl: https://app{n}.example.com\nforward_auth: {{ mode: single }}\naccess:\n  any: [{{ group: Group {} }}, {{ group: Group {} }}]\n---\n",
            n % 20,
            (n + 7) % 20
        )
    };
    let groups = (0..20).map(|n| format!("group: Group {n}\n---\n"));
    let text: String = (0..APPS).map(app).chain(groups).collect();
    text.trim_end_matches("---\n").to_owned()
}

async fn revision(server: &Server) -> String {
    let text = server.get("/metrics").await.expect(200).text();
    text.lines().find(|line| line.starts_with("lockgate_snapshot_revision ")).unwrap_or_default().to_owned()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}
