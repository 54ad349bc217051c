//! What git says of a folder, when there is git and the folder is in a repository of it; and what is upstream.

use lockgate_identity::{
    config::Texts,
    git::{Asked, Call, Found, GitError, Mirror, Pulled, Upstream},
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How long git may take; a repository on a slow disk must not hold anything up.
const PATIENCE: Duration = Duration::from_secs(5);

/// A commit, as far as a revision remembers it.
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
    let call = Call::new("asking of a folder", PATIENCE).at(folder).args(question).env("GIT_OPTIONAL_LOCKS", "0");
    let answer = call.run(b"").await.ok()?;
    if answer.status.success() { String::from_utf8(answer.out).ok() } else { None }
}

/// The commit that a server would pull now, verified as it would be.
///
/// # Errors
/// Why it would not.
pub(super) async fn upstream(upstream: Upstream) -> Result<(Texts, Option<Head>), String> {
    let pulled = async { Mirror::open(upstream).await?.pull(Asked::default()).await };
    let told = |error: GitError| error.to_string();
    let Found::Commit(pulled) = pulled.await.map_err(told)? else {
        return Err("git: there is nothing to look at".to_owned());
    };
    let Pulled { commit, folder, .. } = *pulled;
    let head = Head { commit: commit.hash, author: commit.author, is_dirty: false };
    Ok((Texts { folder, root: PathBuf::new(), received: true }, Some(head)))
}
