//! Whether a real fleet of two nodes is what the model behind `docs/scaling.md` takes it for. What a build makes of a
//! processor is measured first, here and now; that things add up as the model adds them, and how often the database is
//! asked for each, is what is held.

use lockgate_tests::scaling::{Costs, Effort, MEASURED, Small};

const MEASURE: Effort =
    Effort { first: 0, people: 240, questions: 4_000, logins: 4, steps: 20, writes: 10, lines: 3_000, rest: 2 };

/// Other amounts of everything, on both nodes.
const CHECK: Effort =
    Effort { first: 1_000, people: 360, questions: 2_000, logins: 6, steps: 30, writes: 10, lines: 5_000, rest: 0 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_fleet_costs_what_the_model_adds_up() {
    let mut small = Small::start(2, true, 10_000).await;
    small.populate(2_500).await;
    let costs = small.costs(MEASURE).await;
    println!("{costs:?}");
    asked_as_often(&costs);
    for (what, expected, measured) in small.against(&costs, CHECK).await {
        println!("{what}: {expected:.2} expected, {measured:.2} measured");
        // PostgreSQL is that of all tests that run at the same time.
        if what.contains("of the database, s") {
            continue;
        }
        assert!((0.5..2.0).contains(&(measured / expected)), "{what}: {expected:.2} expected, {measured:.2} measured");
    }
}

/// Counts do not depend on the build: they are those of the model's constants.
fn asked_as_often(costs: &Costs) {
    let near = |what: &str, measured: f64, expected: f64| {
        let is_near = (measured - expected).abs() <= (expected * 0.3).max(0.2);
        assert!(is_near, "{what}: {measured:.2} calls of the database, and the model says {expected:.2}");
    };
    near("a known sign-in", costs.known.calls, 0.0);
    near("nobody", costs.stranger.calls, 0.0);
    near("a lookup", costs.lookup.calls, MEASURED.lookup.calls);
    near("a login", costs.login.calls, MEASURED.login.calls);
    near("a write", costs.write.calls, MEASURED.write.calls);
    assert_eq!(costs.login.lines, MEASURED.login.lines, "lines of a login in the log of changes");
    assert_eq!(costs.write.lines, MEASURED.write.lines, "lines of a write");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_holds_as_many_people_as_the_model_says() {
    let mut small = Small::start(1, false, 300).await;
    small.populate(1_500).await;
    let (expected, measured) = small.hits(300, 2_500).await;
    println!("{expected:.3} are remembered by the model, {measured:.3} by the node");
    assert!((expected - measured).abs() < 0.12, "{expected:.3} by the model, {measured:.3} by the node");
}
