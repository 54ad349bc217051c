//! The plan of `docs/scaling.md`, held against the simulation that it is drawn from: its tables are what the simulation
//! prints, and what it says in words is asserted here.

use lockgate_tests::scaling::{Figures, Fleet, MEASURED, Moment, PLANS, Plan, Report};

/// The seed of all that looks random.
const SEED: u64 = 20_261_130;

/// The share of its processors that no node may use for long.
const USED: f64 = 0.6;

fn of(plan: &Plan) -> Report {
    Fleet::new(plan, &MEASURED, SEED).run()
}

fn plan(name: &str) -> Plan {
    PLANS.into_iter().find(|plan| plan.name == name).unwrap_or_else(|| panic!("no plan {name}"))
}

/// A table of the document.
fn table(report: &Report) -> String {
    let mut text = "| moment | processors, busiest node | all nodes | remembered | 503 | calls of the database/s | processors of the \
                    database | lines of the log/s | half, 99 of 100 within, ms |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for (moment, figures) in &report.moments {
        text += &format!("| {} | {} |\n", moment.name(), line(figures));
    }
    text
}

fn line(figures: &Figures) -> String {
    let within = |ms: f64| if ms.is_finite() { format!("{ms:.2}") } else { "grows".to_owned() };
    format!(
        "{:.2} | {:.2} | {:.3} | {:.3} | {:.0} | {:.2} | {:.0} | {}, {}",
        figures.busiest,
        figures.used,
        figures.remembered,
        figures.refused,
        figures.calls,
        figures.database,
        figures.lines,
        within(figures.half),
        within(figures.most)
    )
}

/// Asserts that the document has this text, or prints what it should have.
fn documented(text: &str) {
    let path = lockgate_tests::workspace_root().join("docs/scaling.md");
    let document = std::fs::read_to_string(path).expect("the document is there");
    assert!(document.contains(text.trim_end()), "docs/scaling.md has another table than the simulation:\n{text}");
}

#[test]
fn a_household_and_a_team_have_room() {
    for name in ["homelab", "team"] {
        let report = of(&plan(name));
        println!("{}", table(&report));
        assert_eq!(report.troubles(USED), [], "{name}");
        documented(&table(&report));
    }
}

#[test]
fn ten_million_people_fit_and_a_node_may_be_lost() {
    let large = plan("10 million");
    let report = of(&large);
    println!("{:.0} MiB a node\n{}", report.memory, table(&report));
    assert_eq!(report.troubles(USED), []);
    assert!(report.memory < 1_024.0, "{:.0} MiB", report.memory);
    let busiest = report.moments.iter().map(|(_, figures)| figures.connections).fold(0.0, f64::max);
    println!("{busiest:.1} connections at once");
    assert!(busiest < 10.0, "ten connections are enough, {busiest:.1} are used at once");
    let away = report.at(Moment::Database);
    assert!(away.refused < 0.25, "most are answered while the database is away: {:.3} are not", away.refused);
    let less = Plan { nodes: large.nodes - 1, ..large };
    println!("with one less: {:?}", of(&less).troubles(USED));
    documented(&table(&report));
}

#[test]
fn regions_hold_when_one_is_lost() {
    for name in ["three regions", "distributed"] {
        let regions = plan(name);
        let report = of(&regions);
        println!("{name}\n{}\n{:.0?}", table(&report), report.revocations);
        for (moment, figures) in &report.moments {
            println!("{} {:.1} connections", moment.name(), figures.connections);
        }
        assert_eq!(report.troubles(USED), [], "{name}");
        for (region, _, most) in &report.revocations {
            assert!(*most < 1_000.0, "a revocation reaches {region} after {most:.0} ms");
        }
        documented(&table(&report));
    }
}

#[test]
fn without_affinity_the_database_is_asked_all_the_time() {
    let with = plan("10 million");
    let without = Plan { affinity: false, ..with };
    let more = Plan { remembered: 200_000, ..without };
    let text: String = [("with", &with), ("without", &without), ("without, 200,000 remembered", &more)]
        .map(|(name, plan)| format!("| {name} | {} |\n", line(&of(plan).at(Moment::Usual))))
        .concat();
    println!("{text}");
    let (with, without, more) =
        (of(&with).at(Moment::Usual), of(&without).at(Moment::Usual), of(&more).at(Moment::Usual));
    assert!(with.remembered > 0.9 && without.remembered < 0.6, "{:.2}, {:.2}", with.remembered, without.remembered);
    assert!(without.calls > 5.0 * with.calls, "{:.0}, {:.0}", without.calls, with.calls);
    assert!(more.remembered < with.remembered, "{:.2}", more.remembered);
    documented(&text);
}
