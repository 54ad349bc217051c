//! Revisions for people.

use super::RevisionView;
use lockgate_flows::plan::{PlanReport, text};

/// A line each.
pub(super) fn list(revisions: &[RevisionView]) -> String {
    revisions.iter().map(|revision| format!("{}  {}\n", head(revision), revision.summary)).collect()
}

/// One with what it changed.
pub(super) fn one(revision: &RevisionView) -> String {
    let told = match &revision.objects {
        Some(objects) => text(&PlanReport { objects: objects.clone(), ..PlanReport::default() }),
        None => "What it changed is not known any more.\n".to_owned(),
    };
    format!("Revision {}\n{}\n\n{told}", head(revision), revision.summary)
}

fn head(revision: &RevisionView) -> String {
    let commit = revision.git_commit.as_ref().map(|commit| {
        let short: String = commit.chars().take(10).collect();
        format!("  {short}{}", if revision.git_dirty { "+" } else { "" })
    });
    let time = revision.created.format("%Y-%m-%d %H:%M:%S");
    let commit = commit.unwrap_or_default();
    format!("{:>5}  {time}  {:8}  {}{commit}", revision.number, revision.origin, revision.author)
}
