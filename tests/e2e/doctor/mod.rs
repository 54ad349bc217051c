//! `lockgate doctor`: what it finds on a sound site, and that it names each
//! mistake.

mod forward_auth;
mod setup;

use lockgate_tests::{CommandOutcome, Site};

/// Runs the command on a site. Names of sites lead to loopback.
fn doctor(site: &Site, arguments: &[&str]) -> CommandOutcome {
    let mut all = vec!["doctor", "--via", "127.0.0.1"];
    all.extend(arguments);
    // What is asked may be a service of this very process.
    tokio::task::block_in_place(|| site.server.run(&all))
}

/// A line of the report with a level that holds the words.
#[track_caller]
fn finds(outcome: &CommandOutcome, level: &str, words: &[&str]) {
    let found =
        outcome.text.lines().any(|line| line.starts_with(level) && words.iter().all(|word| line.contains(word)));
    assert!(found, "no {level} with {words:?}:\n{}", outcome.text);
}
