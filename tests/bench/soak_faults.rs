//! Everything goes wrong for an hour: `cargo bench -p lockgate-tests --bench soak_faults`.
//!
//! Random load and random faults for `LOCKGATE_SOAK_SECONDS` (3600), chosen by `LOCKGATE_FAULT_SEED`; prints tables in
//! Markdown, and fails when something acknowledged was lost, something revoked let in, or something came twice.

use std::time::Duration;

use lockgate_tests::{Dice, fault_soak};

#[tokio::main]
async fn main() {
    let seconds = std::env::var("LOCKGATE_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3_600);
    let seed = Dice::of_the_moment("soak_faults").below(u64::MAX);
    let report = fault_soak(Duration::from_secs(seconds), seed).await;
    println!("\n| fault | times | until writes were acknowledged again, at most |\n|---|---:|---:|");
    for (what, times, took) in &report.faults {
        println!("| {what} | {times} | {:.2} s |", took.as_secs_f64());
    }
    let counts = report.counts;
    println!("\n| what | how many |\n|---|---:|");
    for (what, many) in [
        ("seconds", report.took.as_secs()),
        ("accounts made", counts.users as u64),
        ("names changed", counts.renamed),
        ("passwords changed", counts.passwords),
        ("tokens of the API left valid", counts.tokens.0 as u64),
        ("tokens of the API revoked", counts.tokens.1 as u64),
        ("sessions left open", counts.sessions.0 as u64),
        ("sessions ended", counts.sessions.1 as u64),
        ("access tokens issued", report.issued.0),
        ("access tokens revoked", report.issued.1),
        ("mails promised", report.mails.0 as u64),
        ("mails that came", report.mails.1 as u64),
        ("writes without an answer, or with 5xx", counts.unanswered),
        ("answers of forward auth", report.asked.0),
        ("of those, told to come back or without an answer", report.asked.1),
        ("wrong", report.wrong.len() as u64),
    ] {
        println!("| {what} | {many} |");
    }
    println!("\nMost resident memory of the nodes, by epochs, in MiB:");
    for memory in &report.memory {
        println!("{}", memory.map(|kib| format!("{:.0}", kib as f64 / 1024.0)).join(", "));
    }
    assert!(report.wrong.is_empty(), "{:#?}", report.wrong);
}
