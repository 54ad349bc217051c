//! What everything costs that the model of `docs/scaling.md` is made of, and how far real fleets of one to three nodes are
//! from what it expects of them.
//!
//! `cargo bench --workspace --bench scaling` measures the release binary; `LOCKGATE_BIN=target/dist/lockgate` another
//! one. It takes a few minutes. Printed are the constants of `tests/src/scaling/costs.rs` and tables in Markdown.

use std::time::{Duration, Instant};

use lockgate_tests::quantile;
use lockgate_tests::scaling::{Costs, Effort, Small};

/// People in each installation.
const PEOPLE: usize = 20_000;

/// What is done to find out what things cost.
const EFFORT: Effort = Effort {
    first: 0,
    people: 8_000,
    questions: 200_000,
    logins: 60,
    steps: 400,
    writes: 200,
    lines: 20_000,
    rest: 10,
};

/// What is done to look whether the model is right.
const CHECK: Effort = Effort {
    first: 9_000,
    people: 6_000,
    questions: 30_000,
    logins: 40,
    steps: 200,
    writes: 100,
    lines: 10_000,
    rest: 5,
};

#[tokio::main]
async fn main() {
    println!("Binary: `{}`\n", lockgate_tests::binary().display());
    let mut small = Small::start(2, true, 50_000).await;
    small.populate(PEOPLE).await;
    let costs = small.costs(EFFORT).await;
    let costs = with_disk(&small, costs);
    println!("```\n{costs:#?}\n```\n");
    println!("| nodes | what | expected | measured | ratio |\n|---:|---|---:|---:|---:|");
    check(&small, 2, &costs).await;
    revocations(&small).await;
    drop(small);
    for nodes in [1, 3] {
        let mut small = Small::start(nodes, true, 50_000).await;
        small.populate(PEOPLE).await;
        check(&small, nodes, &costs).await;
    }
    trips().await;
    println!("\n| people remembered, of 5,000 | share of hits, expected | measured |\n|---:|---:|---:|");
    for remembered in [250, 1_000, 2_000] {
        let mut small = Small::start(1, false, remembered).await;
        small.populate(5_000).await;
        let (expected, measured) = small.hits(remembered, 6_000).await;
        println!("| {remembered} | {expected:.3} | {measured:.3} |");
    }
}

/// How often one waits for the database, one time after the other: by what it takes when the database is far away.
async fn trips() {
    const FAR: Duration = Duration::from_millis(25);
    let mut small = Small::at_a_distance(1, false, 10_000, FAR).await;
    small.populate(100).await;
    let trip = FAR.as_secs_f64() * 2.0;
    // The first of all finds connections that are not open yet.
    small.ask_in_order(small.ports()[0], &[0, 1, 2]).await;
    let started = Instant::now();
    small.ask_in_order(small.ports()[0], &(3..11).collect::<Vec<_>>()).await;
    println!(
        "\nways to the database and back, one after the other: {:.1} of a lookup",
        started.elapsed().as_secs_f64() / 8.0 / trip
    );
    let started = Instant::now();
    small.sign_in(30..33).await;
    println!("{:.1} of a login, hash included", started.elapsed().as_secs_f64() / 3.0 / trip);
}

async fn check(small: &Small, nodes: usize, costs: &Costs) {
    for (what, expected, measured) in small.against(costs, CHECK).await {
        println!("| {nodes} | {what} | {expected:.1} | {measured:.1} | {:.2} |", measured / expected);
    }
}

/// What things take on disk, indexes and all.
fn with_disk(small: &Small, costs: Costs) -> Costs {
    let size = |tables: &[&str]| -> f64 {
        tables.iter().map(|table| small.number(&format!("SELECT pg_total_relation_size('{table}')"))).sum()
    };
    let rows = |table: &str| small.number(&format!("SELECT count(*) FROM {table}")).max(1.0);
    Costs {
        user_disk: size(&["users", "user_search", "credentials", "memberships"]) / rows("users"),
        session_disk: size(&["sessions", "proxy_sessions"]) / rows("sessions"),
        event_disk: size(&["events"]) / rows("events"),
        line_disk: size(&["changes"]) / rows("changes"),
        ..costs
    }
}

async fn revocations(small: &Small) {
    let port = small.ports()[1];
    let mut times = Vec::new();
    for person in 18_000..18_020 {
        small.ask_in_order(port, &[person]).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        times.push(small.revoke(person).await);
    }
    times.sort();
    println!(
        "| 2 | revocation at the other node, half and 99 of 100 of {} | | {:.1?}, {:.1?} | |",
        times.len(),
        quantile(&times, 0.5),
        quantile(&times, 0.99)
    );
}
