//! The mirror: a bare repository of our own, into which one branch is fetched.

use super::{
    Answer, Call, Credentials, GitError, Upstream,
    call::plain,
    tree::{MAX_CONTENTS, MAX_LISTING, Wanted},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lockgate_flows::Folder;
use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// How long a server may take to send a branch.
const FETCH: Duration = Duration::from_secs(60);

/// How long git may take over what lies here already.
const LOCAL: Duration = Duration::from_secs(20);

/// How often to look whether another process has done with the mirror.
const TURN: Duration = Duration::from_millis(50);

/// The name under which the mirror keeps what was fetched.
const FETCHED: &str = "refs/lockgate/head";

/// First version that verifies signatures by SSH keys.
const OLDEST: (u32, u32) = (2, 34);

/// What git leaves behind when it is killed, and then stumbles over.
const LEFTOVERS: [&str; 7] = [
    "shallow.lock",
    "config.lock",
    "HEAD.lock",
    "packed-refs.lock",
    "gc.pid",
    "objects/maintenance.lock",
    "refs/lockgate/head.lock",
];

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub hash: String,
    /// Who wrote it.
    pub author: String,
    /// The first line of its message.
    pub subject: String,
}

/// What the caller knows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The commit that was laid down last, by whichever node.
    pub laid: Option<&'a str>,
    /// A commit that need not be looked at again.
    pub seen: Option<&'a str>,
}

/// What is upstream.
#[derive(Debug)]
pub enum Found {
    /// The commit that need not be looked at again.
    Seen,
    /// Another one.
    Commit(Box<Pulled>),
}

/// A commit that may be laid down, with what it holds.
#[derive(Debug)]
pub struct Pulled {
    /// Which.
    pub commit: Commit,
    /// Its texts.
    pub folder: Folder,
    /// Whether it does not follow on the commit that was laid down last: somebody rewrote the branch.
    pub rewritten: bool,
}

/// The mirror of a repository.
pub struct Mirror {
    upstream: Upstream,
    path: PathBuf,
}

impl Mirror {
    /// Prepares to pull. Nothing is asked of the network.
    ///
    /// # Errors
    /// When git is missing or too old, or the branch has no possible name, or the folder cannot be made.
    pub async fn open(upstream: Upstream) -> Result<Self, GitError> {
        let told =
            |reason: io::Error| GitError::Folder { path: upstream.folder.clone(), reason: reason.kind().to_string() };
        DirBuilder::new().recursive(true).mode(0o700).create(&upstream.folder).map_err(told)?;
        let path = upstream.folder.join("mirror");
        let mirror = Self { upstream, path };
        let version = mirror.must("asking for its version", LOCAL, &["--version"]).await?;
        if !is_recent(&version) {
            let told = format!("{} is older than {}.{}", version.trim(), OLDEST.0, OLDEST.1);
            return Err(GitError::Failed { what: "asking for its version", told });
        }
        let branch = format!("refs/heads/{}", mirror.upstream.branch);
        mirror.must("the name of the branch", LOCAL, &["check-ref-format", &branch]).await.map_err(|_| {
            let told = format!("\"{}\" is no name of a branch", mirror.upstream.branch);
            GitError::Failed { what: "git.branch", told }
        })?;
        Ok(mirror)
    }

    /// Where it pulls from.
    #[must_use]
    pub fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Fetches, verifies and reads the commit that counts: the pinned one, else the head of the branch.
    ///
    /// # Errors
    /// [`GitError`]. The next pull tries again, with a mirror made anew if this one is broken.
    pub async fn pull(&self, asked: Asked<'_>) -> Result<Found, GitError> {
        // For as long as this lives no other process works on the mirror.
        let _alone = self.alone().await?;
        let pulled = self.pull_alone(asked).await;
        if pulled.is_err() && self.path.exists() && !self.is_sound().await {
            tracing::warn!("the mirror of the repository is broken and will be made anew");
            fs::remove_dir_all(&self.path).map_err(|e| self.told(&e))?;
        }
        pulled
    }

    async fn pull_alone(&self, asked: Asked<'_>) -> Result<Found, GitError> {
        self.prepare().await?;
        let hash = match &self.upstream.pin {
            // What is here already needs no server.
            Some(pin) if self.has(pin).await? => pin.clone(),
            Some(pin) => self.fetch(pin, true).await?,
            None => {
                let branch = format!("refs/heads/{}", self.upstream.branch);
                // What came before the first commit does not matter; from then on its successors have to be told
                // from other commits.
                self.fetch(&branch, asked.laid.is_none()).await?
            }
        };
        if let Some(pin) = self.upstream.pin.as_ref().filter(|pin| !pin.eq_ignore_ascii_case(&hash)) {
            let told = format!("the server sent {hash} for {pin}, which alone may come into force");
            return Err(GitError::Failed { what: "git.commit", told });
        }
        if asked.seen == Some(hash.as_str()) {
            return Ok(Found::Seen);
        }
        self.verify(&hash).await?;
        let rewritten = match asked.laid {
            Some(laid) if self.upstream.pin.is_none() && laid != hash => !self.follows(&hash, laid).await?,
            _ => false,
        };
        let (commit, folder) = (self.describe(&hash).await?, self.read(&hash).await?);
        self.tidy().await;
        Ok(Found::Commit(Box::new(Pulled { commit, folder, rewritten })))
    }

    async fn alone(&self) -> Result<File, GitError> {
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(self.upstream.folder.join("lock"));
        let lock = open.map_err(|e| self.told(&e))?;
        let patience = FETCH + LOCAL;
        let turn = async {
            loop {
                match lock.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::WouldBlock) => tokio::time::sleep(TURN).await,
                    Err(TryLockError::Error(error)) => return Err(self.told(&error)),
                }
            }
        };
        match tokio::time::timeout(patience, turn).await {
            Ok(locked) => locked.map(|()| lock),
            Err(_) => Err(super::CallError::Slow { what: "another process that works on the mirror", patience }.into()),
        }
    }

    async fn prepare(&self) -> Result<(), GitError> {
        if !self.path.join("HEAD").exists() {
            let path = self.path.to_string_lossy();
            self.must("making the mirror", LOCAL, &["init", "--quiet", "--bare", "--template=", "--", &path]).await?;
        }
        for leftover in LEFTOVERS {
            match fs::remove_file(self.path.join(leftover)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.told(&error)),
                _ => {}
            }
        }
        Ok(())
    }

    async fn fetch(&self, wanted: &str, newest_alone: bool) -> Result<String, GitError> {
        let refspec = format!("+{wanted}:{FETCHED}");
        let how: &[&str] = if newest_alone { &["--force", "--depth=1"] } else { &["--force"] };
        self.ask_upstream("fetching", how, &refspec).await?;
        let head = format!("{FETCHED}^{{commit}}");
        let hash = self.must("reading what was fetched", LOCAL, &["rev-parse", "--verify", "--quiet", &head]).await?;
        Ok(hash.trim().to_owned())
    }

    /// Fetches; the one way in which the server is asked, and in which git gets to know the token.
    async fn ask_upstream(&self, what: &'static str, how: &[&str], refspec: &str) -> Result<(), GitError> {
        let secret = Secret::write(&self.upstream)?;
        let mut call = self.call(what, FETCH);
        if let Some(secret) = &secret {
            call = call.env("GIT_CONFIG_GLOBAL", &secret.0.to_string_lossy());
        }
        call = call.args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"]);
        call = call.args(["--no-recurse-submodules", "--no-auto-maintenance"]).args(how);
        let answer = call.args(["--", &self.upstream.url, refspec]).run(b"").await?;
        if answer.status.success() {
            return Ok(());
        }
        let told = self.without_secrets(&answer.told);
        Err(GitError::Failed { what, told: format!("{}: {told}", self.upstream.url) })
    }

    async fn has(&self, commit: &str) -> Result<bool, GitError> {
        let object = format!("{commit}^{{commit}}");
        let answer = self.call("looking for a commit", LOCAL).args(["cat-file", "-e", &object]).run(b"").await?;
        Ok(answer.status.success())
    }

    /// Whether a commit is by somebody who is believed; without signers everybody is who may write to the branch.
    async fn verify(&self, commit: &str) -> Result<(), GitError> {
        let Some(signers) = &self.upstream.signers else { return Ok(()) };
        let signers = format!("gpg.ssh.allowedSignersFile={}", signers.display());
        let call = self.call("verifying a signature", LOCAL).args(["-c", &signers, "-c", "gpg.format=ssh"]);
        // Git goes by the signature, not by the format: keyrings of this machine do not count.
        let call = call.args(["-c", "gpg.openpgp.program=false", "-c", "gpg.x509.program=false"]);
        let answer = call.args(["verify-commit", commit]).run(b"").await?;
        if answer.status.success() {
            return Ok(());
        }
        let told = if answer.told.is_empty() { "it is not signed".to_owned() } else { answer.told };
        Err(GitError::Signature { commit: commit.to_owned(), told })
    }

    /// Whether a commit comes after another one. Of one that nobody has any more it does not.
    async fn follows(&self, commit: &str, earlier: &str) -> Result<bool, GitError> {
        if !self.has(earlier).await? {
            let shallow = self.must("looking at the mirror", LOCAL, &["rev-parse", "--is-shallow-repository"]).await?;
            // Only with all that came before can be told that it is not among it.
            if shallow.trim() == "true" {
                let refspec = format!("+refs/heads/{}:refs/lockgate/history", self.upstream.branch);
                self.ask_upstream("fetching earlier commits", &["--unshallow"], &refspec).await?;
            }
        }
        let asked = ["merge-base", "--is-ancestor", earlier, commit];
        let answer = self.call("comparing commits", LOCAL).args(asked).run(b"").await?;
        Ok(answer.status.success())
    }

    async fn describe(&self, commit: &str) -> Result<Commit, GitError> {
        let asked = ["log", "-1", "--no-show-signature", "--format=%an%x00%s", commit, "--"];
        let told = self.must("reading a commit", LOCAL, &asked).await?;
        let (author, subject) = told.trim_end().split_once('\0').unwrap_or_default();
        Ok(Commit { hash: commit.to_owned(), author: plain(author), subject: plain(subject) })
    }

    async fn read(&self, commit: &str) -> Result<Folder, GitError> {
        let tree = format!("{commit}:{}", self.upstream.path);
        let call = self.call("listing a commit", LOCAL).at_most(MAX_LISTING);
        let listing = call.args(["ls-tree", "-r", "-z", "-l", "--full-tree", &tree]).run(b"").await?;
        if !listing.status.success() {
            let told = format!("the commit {commit} has no folder \"{}\"", self.upstream.path);
            return Err(GitError::Failed { what: "git.path", told });
        }
        let wanted = Wanted::of(&listing.out);
        let call = self.call("reading a commit", LOCAL).at_most(MAX_CONTENTS).args(["cat-file", "--batch"]);
        let contents = answered("reading a commit", call.run(&wanted.question()).await?)?;
        wanted.folder(&contents)
    }

    /// Packs what has piled up. It is no trouble when that does not come to an end.
    async fn tidy(&self) {
        let asked = ["-c", "gc.autoDetach=false", "gc", "--auto", "--quiet"];
        if let Err(error) = self.must("packing the mirror", LOCAL, &asked).await {
            tracing::debug!(%error, "the mirror is not packed");
        }
    }

    async fn is_sound(&self) -> bool {
        let asked = ["fsck", "--connectivity-only", "--no-dangling", "--no-progress"];
        let answer = self.call("looking at the mirror", LOCAL).args(asked).run(b"").await;
        answer.is_ok_and(|answer| answer.status.success())
    }

    async fn must(&self, what: &'static str, patience: Duration, arguments: &[&str]) -> Result<String, GitError> {
        let answer = self.call(what, patience).args(arguments).run(b"").await?;
        answered(what, answer).map(|out| String::from_utf8_lossy(&out).into_owned())
    }

    /// Git on the mirror, which knows nothing of this machine's or anybody's settings.
    fn call(&self, what: &'static str, patience: Duration) -> Call {
        let up = &self.upstream;
        let home = up.folder.to_string_lossy();
        let scheme = up.url.split(':').next().unwrap_or_default();
        let fixed = [
            ("HOME", &*home),
            ("LC_ALL", "C"),
            ("GIT_DIR", &self.path.to_string_lossy()),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_ALLOW_PROTOCOL", scheme),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        let inherited = ["PATH", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"]
            .into_iter()
            .filter_map(|name| Some((name, up.variables.get(name)?.clone())));
        let mut call = Call::new(what, patience).only(fixed.into_iter().chain(inherited));
        call = call.args(["-c", "http.followRedirects=false", "-c", "credential.helper=", "-c", "core.askPass="]);
        call = call.args(["-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=20"]);
        if let Some(ca) = &up.ca {
            call = call.args(["-c".to_owned(), format!("http.sslCAInfo={}", ca.display())]);
        }
        if let Credentials::Key { key, known_hosts } = &up.credentials {
            let (key, known_hosts) = (key.display(), known_hosts.display());
            // The settings see to it that there is nothing in these paths that a shell would read.
            let command = format!(
                "ssh -F /dev/null -i {key} -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes \
                 -o UserKnownHostsFile={known_hosts} -o GlobalKnownHostsFile=/dev/null -o ConnectTimeout=15"
            );
            call = call.env("GIT_SSH_COMMAND", &command);
        }
        call
    }

    fn told(&self, error: &io::Error) -> GitError {
        GitError::Folder { path: self.upstream.folder.clone(), reason: error.kind().to_string() }
    }

    /// What a server says may be what it was sent.
    fn without_secrets(&self, told: &str) -> String {
        match &self.upstream.credentials {
            Credentials::Token { user, token } => {
                told.replace(token.as_str(), "***").replace(&STANDARD.encode(format!("{user}:{token}")), "***")
            }
            _ => told.to_owned(),
        }
    }
}

fn answered(what: &'static str, answer: Answer) -> Result<Vec<u8>, GitError> {
    if answer.status.success() { Ok(answer.out) } else { Err(GitError::Failed { what, told: answer.told }) }
}

/// `git version 2.39.5 (…)`.
fn is_recent(version: &str) -> bool {
    let number = version.split_ascii_whitespace().nth(2).unwrap_or_default();
    let mut parts = number.split('.').map_while(|part| part.parse::<u32>().ok());
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) >= OLDEST
}

/// A file with the token, for as long as git needs it: neither its arguments nor its variables tell the token,
/// which other processes may look at.
struct Secret(PathBuf);

impl Secret {
    fn write(upstream: &Upstream) -> Result<Option<Self>, GitError> {
        let Credentials::Token { user, token } = &upstream.credentials else { return Ok(None) };
        let path = upstream.folder.join("token");
        let header = STANDARD.encode(format!("{user}:{token}"));
        // Only to the very server: git compares the address.
        let text = format!("[http \"{}\"]\n\textraHeader = Authorization: Basic {header}\n", upstream.url);
        match write_private(&path, &text) {
            Ok(()) => Ok(Some(Self(path))),
            Err(error) => Err(GitError::Folder { path, reason: error.kind().to_string() }),
        }
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "the file with the token cannot be removed");
        }
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::is_recent;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for recent in ["git version 2.39.5", "git version 2.34.1.windows.1", "git version 3.0.rc1", "git version 2.100"]
        {
            assert!(is_recent(recent), "{recent}");
        }
        for old in ["git version 2.33.9", "git version 1.99", "nonsense", ""] {
            assert!(!is_recent(old), "{old}");
        }
    }
}
