//! What git says of a folder, when there is git and the folder is in a repository of it.

use std::{path::Path, process::Stdio, time::Duration};
use tokio::process::Command;

/// How long git may take; a repository on a slow disk must not hold anything up.
const PATIENCE: Duration = Duration::from_secs(5);

/// The commit that is checked out.
pub(super) struct Head {
    pub(super) commit: String,
    pub(super) author: String,
    /// Whether the folder holds more than the commit.
    pub(super) is_dirty: bool,
}

/// The commit that a folder is at; `None` where git does not know.
pub(super) async fn head(folder: &Path) -> Option<Head> {
    let told = ask(folder, &["log", "-1", "--no-show-signature", "--format=%H%n%an"]).await?;
    let (commit, author) = told.trim_end().split_once('\n')?;
    let is_hash = matches!(commit.len(), 40 | 64) && commit.bytes().all(|b| b.is_ascii_hexdigit());
    let status = ask(folder, &["status", "--porcelain", "--", "."]).await?;
    is_hash.then(|| Head { commit: commit.to_owned(), author: author.to_owned(), is_dirty: !status.is_empty() })
}

async fn ask(folder: &Path, question: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    // Nothing that the repository names is run for this.
    command.args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C"]).arg(folder).args(question);
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).env("GIT_OPTIONAL_LOCKS", "0");
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    if output.status.success() { String::from_utf8(output.stdout).ok() } else { None }
}
