//! The repository that a server pulls its configuration from, by the program `git`: fetched into a bare
//! mirror, read from there commit by commit. There is no working copy, so that nothing of what a repository
//! may bring along (hooks, filters, links, submodules) is ever run or followed.
//!
//! What may not enter: the database, and what becomes of the texts. That is for [`crate::config`].

mod call;
mod mirror;
mod tree;

pub use call::{Answer, Call, CallError};
pub use mirror::{Asked, Commit, Found, Mirror, Pulled};

use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use thiserror::Error;

/// Where the configuration is pulled from, and who is believed. Whoever makes one has looked at the values;
/// [`Mirror::open`] looks at what only git can tell.
#[derive(Clone)]
pub struct Upstream {
    /// `https://…`, `ssh://…` or `file:///…`, without a password.
    pub url: String,
    /// The branch.
    pub branch: String,
    /// Folder inside of the repository; empty for all of it.
    pub path: String,
    /// The only commit that may come into force, in full.
    pub pin: Option<String>,
    /// File of the keys that commits have to be signed with, as `ssh-keygen` reads it (`allowed_signers`).
    pub signers: Option<PathBuf>,
    /// How we show who we are.
    pub credentials: Credentials,
    /// Certificates that a server over HTTPS is held against, beside those of the machine.
    pub ca: Option<PathBuf>,
    /// How often to look.
    pub interval: Duration,
    /// Folder of the mirror; nobody else writes there.
    pub folder: PathBuf,
    /// Variables of the process, of which git gets to know the path and the proxies.
    pub variables: BTreeMap<String, String>,
}

/// How we show who we are.
#[derive(Clone)]
pub enum Credentials {
    /// We do not.
    None,
    /// By a token, over HTTPS.
    Token {
        /// User name; forges that only look at the token take any.
        user: String,
        /// The token.
        token: String,
    },
    /// By a key, over SSH.
    Key {
        /// File of the private key.
        key: PathBuf,
        /// File of the keys that the server may have.
        known_hosts: PathBuf,
    },
}

/// Why nothing was pulled.
#[derive(Debug, Error)]
pub enum GitError {
    /// The program.
    #[error("git: {0}")]
    Call(#[from] CallError),
    /// What git says.
    #[error("git: {what}: {told}")]
    Failed {
        /// What was tried.
        what: &'static str,
        /// The answer, without secrets.
        told: String,
    },
    /// The commit is not by somebody who is believed.
    #[error("git: the commit {commit} has no good signature by one of git.signers: {told}")]
    Signature {
        /// The commit.
        commit: String,
        /// What git says.
        told: String,
    },
    /// The mirror.
    #[error("git: {}: {reason}", .path.display())]
    Folder {
        /// Where.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}
