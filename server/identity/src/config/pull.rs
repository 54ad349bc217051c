//! Pulls the configuration from a repository: what a commit says is laid down as a folder would be.
//!
//! Nodes that pull from the same repository need no leader. Each looks first which commit was laid down last, and
//! then fetches; what it fetched is laid down only if no other commit was meanwhile (`store/pulled.rs`). So a commit
//! that is laid down was the head of the branch at some time after the one before was, however slow a node is.

use super::{Config, Laid, Texts, Trouble};
use crate::{
    Identity,
    git::{Asked, Commit, Found, GitError, Mirror, Pulled},
    journal::{Action, Entry},
};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_store::{Pull, StoreError};
use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use thiserror::Error;
use tokio::sync::{Mutex as AsyncMutex, watch};

/// How often another node may be faster before a pull gives up until the next one.
const TRIES: usize = 3;

/// How long the first start of an installation waits for its first commit.
const FIRST: Duration = Duration::from_secs(20);

/// The longest pause between two tries at a server that does not answer, unless the interval is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// How a server stands to the repository that it pulls from, for who looks after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullHealth {
    /// The commit that this server laid down last, or found laid down.
    pub commit: Option<String>,
    /// When a pull came to a good end last: the server answered, and what it has is in force.
    pub pulled: Option<DateTime<Utc>>,
    /// How long ago that was; without any, how long this server has been waiting for it.
    pub age: TimeDelta,
}

/// What pulls.
pub(super) struct Puller {
    mirror: Mirror,
    /// One at a time.
    pulling: AsyncMutex<()>,
    standing: Mutex<Standing>,
    /// How many came to an end, good or bad.
    ended: watch::Sender<u64>,
}

/// What is known of former pulls.
#[derive(Debug, Default)]
struct Standing {
    /// The commit that was laid down last, as far as this server knows.
    laid: Option<String>,
    /// The commit that was looked at last.
    seen: Option<String>,
    /// Whether it is in force.
    good: bool,
    began: DateTime<Utc>,
    pulled: Option<DateTime<Utc>>,
    /// How many in a row have failed.
    failures: u32,
}

impl Standing {
    fn is_in_force(&mut self, commit: String) {
        self.laid = Some(commit.clone());
        (self.seen, self.good) = (Some(commit), true);
    }
}

/// Why a pull came to nothing.
#[derive(Debug, Error)]
enum PullError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("the commit that was laid down last cannot be looked up: {0}")]
    Store(#[from] StoreError),
    #[error("other nodes lay down commits faster than this one fetches them")]
    Outpaced,
}

/// A commit that is laid down, and what was before it when it was fetched.
pub(super) struct Laying {
    pub(super) commit: Commit,
    pub(super) pull: Pull,
}

impl Puller {
    pub(super) fn new(mirror: Mirror, now: DateTime<Utc>) -> Self {
        let standing = Mutex::new(Standing { began: now, ..Standing::default() });
        Self { mirror, pulling: AsyncMutex::new(()), standing, ended: watch::Sender::new(0) }
    }

    fn standing<T>(&self, look: impl FnOnce(&mut Standing) -> T) -> T {
        look(&mut self.standing.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn health(&self, now: DateTime<Utc>) -> PullHealth {
        self.standing(|standing| PullHealth {
            commit: standing.laid.clone(),
            pulled: standing.pulled,
            age: now - standing.pulled.unwrap_or(standing.began),
        })
    }

    /// How long to wait before the next pull: longer and longer while the server does not answer. Never quite the
    /// same, so that many nodes do not ask at once.
    fn pause(&self, chance: u8) -> Duration {
        let interval = self.mirror.upstream().interval;
        let failures = self.standing(|standing| standing.failures);
        jittered(backed_off(interval, failures), chance)
    }
}

fn backed_off(interval: Duration, failures: u32) -> Duration {
    let longer = interval.saturating_mul(1 << failures.saturating_sub(1).min(10));
    longer.min(LONGEST_PAUSE.max(interval))
}

/// Up to a tenth less or more.
fn jittered(pause: Duration, chance: u8) -> Duration {
    pause.mul_f64(0.9 + 0.2 * f64::from(chance) / f64::from(u8::MAX))
}

impl Config {
    /// Pulls, and puts what is new into force. `anew`: also what was looked at before, since what surrounds a text
    /// (secrets, people) may have changed.
    pub(super) async fn pull(&self, puller: &Puller, anew: bool) {
        let _pulling = puller.pulling.lock().await;
        let mut ended = Err(PullError::Outpaced);
        for _ in 0..TRIES {
            ended = self.pull_once(puller, anew).await;
            if !matches!(ended, Err(PullError::Outpaced)) {
                break;
            }
        }
        let now = self.clock.now();
        match ended {
            Ok(()) => {
                let good = puller.standing(|standing| {
                    standing.failures = 0;
                    standing.pulled = if standing.good { Some(now) } else { standing.pulled };
                    standing.good
                });
                if self.mended(Trouble::Upstream) && good {
                    tracing::info!("the repository of the configuration answers again");
                }
            }
            Err(error) => {
                metrics::counter!("lockgate_git_pull_failures_total").increment(1);
                puller.standing(|standing| standing.failures = standing.failures.saturating_add(1));
                self.broken(Trouble::Upstream, &error.to_string());
            }
        }
        puller.ended.send_modify(|ended| *ended += 1);
    }

    async fn pull_once(&self, puller: &Puller, anew: bool) -> Result<(), PullError> {
        // Before the fetch: see the module.
        let before = self.store.documents().pulled().await?;
        let laid = before.as_ref().map(|before| before.commit.as_str());
        let seen = puller.standing(|standing| standing.seen.clone()).filter(|_| !anew);
        let Pulled { commit, folder, rewritten } =
            match puller.mirror.pull(Asked { laid, seen: seen.as_deref() }).await? {
                Found::Seen => return Ok(()),
                Found::Commit(pulled) => *pulled,
            };
        let hash = commit.hash.clone();
        if !anew && laid == Some(hash.as_str()) && !self.is_broken(Trouble::Folder) {
            // Another node has laid it down, and its revision comes by the log of changes.
            puller.standing(|standing| standing.is_in_force(hash));
            return Ok(());
        }
        // Who may write to the repository need not be whoever runs this machine.
        let texts = Texts { folder, root: PathBuf::new(), received: true };
        let pull = Pull { before: before.clone(), commit: hash.clone(), fingerprint: texts.fingerprint() };
        let laid = {
            let _writing = self.writing.lock().await;
            self.lay_down(&texts, Some(&Laying { commit, pull })).await
        };
        match laid {
            Laid::Outpaced => return Err(PullError::Outpaced),
            // What the database kept from being laid down is tried again.
            Laid::NotStored => puller.standing(|standing| (standing.seen, standing.good) = (None, false)),
            Laid::Broken => puller.standing(|standing| (standing.seen, standing.good) = (Some(hash), false)),
            Laid::InForce => {
                if rewritten {
                    self.tell_rewritten(before.map(|before| before.commit).unwrap_or_default(), &hash);
                }
                puller.standing(|standing| standing.is_in_force(hash));
            }
        }
        Ok(())
    }

    fn tell_rewritten(&self, from: String, to: &str) {
        let message = format!("configuration rewritten: {to} is in force, and does not follow on {from}");
        tracing::warn!("{message}");
        let entry = Entry::new(Action::ConfigurationError, "lockgate.configuration").with("message", message);
        self.journal.record(entry.with("from", from).with("to", to).with("revision", self.peek().revision));
    }

    /// Waits for the first pull of an installation that has never had a commit, but not for long. Of one that has had
    /// some, the last one is in force until a pull says otherwise.
    pub(crate) async fn first_pull(&self) {
        let Some(puller) = &self.puller else { return };
        match self.store.documents().pulled().await {
            Ok(None) => {}
            Ok(Some(before)) => return puller.standing(|standing| _ = standing.laid.get_or_insert(before.commit)),
            Err(_) => return,
        }
        let mut ended = puller.ended.subscribe();
        if tokio::time::timeout(FIRST, ended.wait_for(|ended| *ended > 0)).await.is_err() {
            self.broken(Trouble::Upstream, "git: no commit has been pulled yet; the server does not answer so far");
        }
    }
}

/// Pulls until the process ends; returns at once where nothing is pulled.
pub(crate) async fn follow(identity: Identity) {
    let Some(puller) = &identity.config.puller else { return };
    let mut anew = true;
    loop {
        identity.config.pull(puller, anew).await;
        anew = false;
        let mut chance = [0];
        identity.random.fill(&mut chance);
        tokio::time::sleep(puller.pause(chance[0])).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_PAUSE, backed_off, jittered};
    use std::time::Duration;

    #[test]
    fn who_does_not_answer_is_asked_less_and_less_often() {
        let minute = Duration::from_secs(60);
        let pauses: Vec<u64> = (0..8).map(|failures| backed_off(minute, failures).as_secs()).collect();
        assert_eq!(pauses, [60, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(backed_off(minute, u32::MAX), LONGEST_PAUSE);
        assert_eq!(backed_off(Duration::from_secs(3_600), 5), Duration::from_secs(3_600));
        assert_eq!(jittered(minute, 0), Duration::from_secs(54));
        assert_eq!(jittered(minute, u8::MAX), Duration::from_secs(66));
    }
}
