//! A folder under constant change: `cargo bench -p lockgate-tests --bench soak`.
//!
//! Makes 1,000 random edits, or as many as `LOCKGATE_SOAK_EDITS` says, on each
//! database while visitors use the site, prints a table in Markdown, and fails
//! when an answer was wrong or memory grew.

use lockgate_tests::{Database, soak};

/// Growth of resident memory, in KiB, from a fifth of the edits to the end,
/// that still counts as flat.
const FLAT: u64 = 16 * 1024;

#[tokio::main]
async fn main() {
    let edits = std::env::var("LOCKGATE_SOAK_EDITS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    println!("| database | edits | took | answers/s | logins | wrong | MiB at start, after 20 %, at the end |");
    println!("|---|---:|---:|---:|---:|---:|---|");
    for database in [Database::Sqlite, Database::Postgres] {
        let report = soak(database, edits, 0x5eed).await;
        let mib = |at: usize| report.memory.get(at).map_or(0.0, |kib| *kib as f64 / 1024.0);
        println!(
            "| {database:?} | {} | {:.0} s | {:.0} | {} | {} | {:.0}, {:.0}, {:.0} |",
            report.edits,
            report.took.as_secs_f64(),
            report.answers as f64 / report.took.as_secs_f64(),
            report.logins,
            report.wrong.len(),
            mib(0),
            mib(2),
            mib(report.memory.len() - 1),
        );
        assert!(report.wrong.is_empty(), "{:#?}", report.wrong);
        let grown = report.memory.last().copied().unwrap_or_default().saturating_sub(report.memory[2]);
        assert!(grown < FLAT, "memory grew by {grown} KiB: {:?}", report.memory);
    }
}
