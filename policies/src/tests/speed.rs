//! Prints what a decision costs; run with `--nocapture`. Asserts only that nothing is absurd.

use super::{access, app, bind, compile, in_group, noon, person, prepared};
use crate::{ExpressionInput, Facts, PolicyInput, Subject, TextOrigin};
use uuid::Uuid;

#[allow(clippy::disallowed_methods, reason = "measures real time")]
fn measure(what: &str, mut run: impl FnMut()) {
    const RUNS: u32 = 2_000;
    let start = std::time::Instant::now();
    for _ in 0..RUNS {
        run();
    }
    let each = start.elapsed() / RUNS;
    println!("{what}: {each:?}");
    assert!(each.as_millis() < 50, "{what} took {each:?}");
}

#[test]
fn decisions_cost_microseconds() {
    let hours = ExpressionInput {
        id: Uuid::from_u128(1),
        name: "hours".into(),
        source: "now.hour < 20".into(),
        origin: TextOrigin::start("h"),
    };
    let mut bindings: Vec<_> = (0..3).map(|n| bind("grafana", n, in_group(&format!("g{n}")))).collect();
    bindings.push(bind("timed", 0, Subject::Policy(hours.id, hours.name.clone())));
    let input = PolicyInput {
        apps: vec![app("grafana", &["t"]), app("timed", &[])],
        bindings,
        expressions: vec![hours],
        ..PolicyInput::default()
    };
    let set = compile(&input);
    let person = person("ada", &["g2", "staff", "other"]);
    let (ada, bob) = (prepared(person.clone()), prepared(super::person("bob", &[])));
    let facts = Facts::at(noon());
    measure("prepare a principal", || drop(prepared(person.clone())));
    measure("allow by group", || assert!(access(&set, Some(&ada), "grafana", &facts).allow));
    measure("deny with needs", || assert!(!access(&set, Some(&bob), "grafana", &facts).allow));
    measure("allow by expression", || assert!(access(&set, Some(&ada), "timed", &facts).allow));
}
