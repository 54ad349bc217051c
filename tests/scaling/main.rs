//! The plan of `docs/scaling.md`, held against the simulation that it is drawn from.

use lockgate_tests::scaling::{Fleet, MEASURED, Moment, PLANS, Plan, Report};

/// The seed of all that looks random.
const SEED: u64 = 20_261_130;

fn of(plan: &Plan) -> Report {
    Fleet::new(plan, &MEASURED, SEED).run()
}

fn plan(name: &str) -> Plan {
    PLANS.into_iter().find(|plan| plan.name == name).unwrap_or_else(|| panic!("no plan {name}"))
}

#[test]
fn every_plan_holds_through_its_worst_morning() {
    for plan in &PLANS {
        let report = of(plan);
        print(plan, &report);
    }
}

fn print(plan: &Plan, report: &Report) {
    println!("{}: {} nodes, {:.0} MiB", plan.name, plan.all_nodes(), report.memory);
    for (moment, figures) in &report.moments {
        println!("{:>16} {figures:.3?}", moment.name());
    }
    println!("{:.0?}", report.revocations);
}

#[test]
fn without_affinity_the_database_is_asked_all_the_time() {
    let with = plan("10 million");
    let without = Plan { affinity: false, ..with };
    let (with, without) = (of(&with).at(Moment::Usual), of(&without).at(Moment::Usual));
    println!("{with:?}\n{without:?}");
}
