//! Password hashing on a bounded pool: so many at once, so many waiting, the rest told to come back.
//!
//! New hashes are argon2id with OWASP's settings (19 MiB, two passes, one lane); those of other sorts (`foreign.rs`) verify,
//! and are replaced at the next login.

pub mod breached;
mod foreign;
mod memory;

use crate::turns::{Trust, Turns};
use argon2::{Argon2, PasswordHasher, password_hash::phc::PasswordHash};
use foreign::Foreign;
use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use thiserror::Error;
use tokio::runtime::Runtime;
use tracing::Instrument;

/// The longest password that is looked at, in bytes; a longer one is refused before any work.
pub const MAX_PASSWORD: usize = 1024;

/// What hashes from elsewhere may cost at most: kibibytes, passes and lanes.
const MAX_ARGON2_KIB: u32 = 256 * 1024;
const MAX_ARGON2_PASSES: u32 = 16;
const MAX_ARGON2_LANES: u32 = 16;

/// Why a password was not hashed or checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HashError {
    /// Too many are waiting.
    #[error("too many passwords are being checked; try again in {} s", retry_after.as_secs())]
    Overloaded {
        /// When to come back.
        retry_after: Duration,
    },
    /// Longer than [`MAX_PASSWORD`].
    #[error("a password may have at most {MAX_PASSWORD} bytes")]
    TooLong,
    /// The library failed.
    #[error("the password could not be hashed")]
    Failed,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Right.
    Accepted,
    /// Right, and the hash is of an older kind: store a new one.
    AcceptedOutdated,
    /// Wrong.
    Rejected,
}

/// When to come back if too many wait.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(2);

/// How long a thread waits for its next hash before it ends and gives its memory back.
const IDLE: Duration = Duration::from_secs(2);

/// Threads that do nothing but hash. The allocator keeps what a thread has freed for that thread, so 19 MiB
/// stay with each that has hashed: on the threads that all blocking work shares it would be any number.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Threads {
    fn new(count: usize) -> Option<Self> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.max_blocking_threads(count).thread_keep_alive(IDLE).thread_name("password");
        builder.build().ok().map(|runtime| Self(Some(runtime)))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Waiting for what still runs is not allowed inside of another runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The pool.
#[derive(Debug, Clone)]
pub struct Passwords {
    threads: Option<Arc<Threads>>,
    turns: Turns,
    decoy: Arc<OnceLock<String>>,
}

impl Passwords {
    /// `at_once` hashes run (19 MiB each); with those who wait they are at most `places`.
    #[must_use]
    pub fn new(at_once: usize, places: usize) -> Self {
        let at_once = at_once.max(1);
        let turns = Turns::new("lockgate_password_hash_queue", at_once, places);
        Self { threads: Threads::new(at_once).map(Arc::new), turns, decoy: Arc::default() }
    }

    /// How many wait or run.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.turns.taken()
    }

    /// Whether a password from somebody who is trusted so much would be looked at now.
    #[must_use]
    pub fn has_room(&self, trust: Trust) -> bool {
        self.turns.has_room(trust)
    }

    /// A PHC string for `password`.
    ///
    /// # Errors
    /// When the pool is full, the password too long, or the library fails.
    pub async fn hash(&self, password: &str, trust: Trust) -> Result<String, HashError> {
        let password = bounded(password)?;
        self.run(trust, move || make_hash(&password)).await?
    }

    /// Checks `password` against `stored`. Without a stored hash the same work is done and the answer is
    /// no, so that the time does not tell whether the user exists.
    ///
    /// # Errors
    /// As [`Passwords::hash`].
    pub async fn verify(&self, password: &str, stored: Option<String>, trust: Trust) -> Result<Verdict, HashError> {
        let password = bounded(password)?;
        let decoy = Arc::clone(&self.decoy);
        self.run(trust, move || match stored {
            Some(stored) => Ok(check(&password, &stored)),
            None => {
                let hash = match decoy.get() {
                    Some(hash) => hash,
                    None => {
                        let made = make_hash("decoy")?;
                        decoy.get_or_init(|| made)
                    }
                };
                check(&password, hash);
                Ok(Verdict::Rejected)
            }
        })
        .await?
    }

    async fn run<T: Send + 'static>(
        &self,
        trust: Trust,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let overloaded = HashError::Overloaded { retry_after: RETRY_AFTER };
        let asked = Instant::now();
        let turn = self.turns.take(trust).await.ok_or(overloaded)?;
        metrics::histogram!("lockgate_password_hash_wait_seconds").record(asked.elapsed());
        let threads = self.threads.as_ref().and_then(|threads| threads.0.as_ref()).ok_or(HashError::Failed)?;
        // A caller that gives up must not end the turn while the work still runs.
        let hashing = threads.spawn_blocking(move || {
            let _turn = turn;
            let began = Instant::now();
            let done = work();
            metrics::histogram!("lockgate_password_hash_duration_seconds").record(began.elapsed());
            done
        });
        let span = tracing::trace_span!(target: "lockgate::trace", "password hash");
        hashing.instrument(span).await.map_err(|_| HashError::Failed)
    }
}

fn bounded(password: &str) -> Result<String, HashError> {
    if password.len() > MAX_PASSWORD { Err(HashError::TooLong) } else { Ok(password.to_owned()) }
}

/// The forms of hashes that are known, for people.
pub const KNOWN_HASHES: &str = "argon2, pbkdf2_sha256, bcrypt and scrypt";

/// A hash from elsewhere as it is kept here, if passwords can be checked against it: argon2, bcrypt and scrypt in their own
/// form or in Django's, and Django's `pbkdf2_sha256`. `None` for anything else, and for one that would take more than a
/// login may.
#[must_use]
pub fn known_hash(text: &str) -> Option<String> {
    if Foreign::read(text).is_some() {
        return Some(text.to_owned());
    }
    let text = text.strip_prefix("argon2$").map_or_else(|| text.to_owned(), |rest| format!("${rest}"));
    let hash = PasswordHash::new(&text).ok()?;
    let params = argon2::Params::try_from(&hash).ok()?;
    let known = matches!(hash.algorithm.as_str(), "argon2id" | "argon2i" | "argon2d");
    let affordable = params.m_cost() <= MAX_ARGON2_KIB && params.t_cost() <= MAX_ARGON2_PASSES;
    let whole = hash.salt.is_some() && hash.hash.is_some();
    (known && affordable && whole && params.p_cost() <= MAX_ARGON2_LANES).then_some(text)
}

fn make_hash(password: &str) -> Result<String, HashError> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|_| HashError::Failed)?;
    Ok(hash.to_string())
}

fn check(password: &str, stored: &str) -> Verdict {
    if let Some(foreign) = Foreign::read(stored) {
        return if foreign.accepts(password) { Verdict::AcceptedOutdated } else { Verdict::Rejected };
    }
    match PasswordHash::new(stored) {
        Ok(hash) if memory::accepts(&hash, password.as_bytes()) => Verdict::Accepted,
        _ => Verdict::Rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::pbkdf2;
    use base64::{Engine, engine::general_purpose::STANDARD};
    use std::num::NonZeroU32;

    #[tokio::test]
    async fn right_wrong_and_unknown() {
        let pool = Passwords::new(2, 8);
        let hash = pool.hash("correct horse", Trust::Known).await.expect("hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(pool.verify("correct horse", Some(hash.clone()), Trust::Unknown).await, Ok(Verdict::Accepted));
        assert_eq!(pool.verify("wrong", Some(hash), Trust::Unknown).await, Ok(Verdict::Rejected));
        assert_eq!(pool.verify("decoy", None, Trust::Unknown).await, Ok(Verdict::Rejected));
        assert_eq!(pool.verify(&"a".repeat(2000), None, Trust::Unknown).await, Err(HashError::TooLong));
        assert_eq!(pool.verify("x", Some("not a hash".into()), Trust::Unknown).await, Ok(Verdict::Rejected));
    }

    #[tokio::test]
    async fn django_hashes_verify_and_count_as_outdated() {
        let pool = Passwords::new(1, 8);
        let mut key = [0_u8; 32];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            NonZeroU32::new(1000).expect("rounds"),
            b"salt",
            b"secret",
            &mut key,
        );
        let stored = format!("pbkdf2_sha256$1000$salt${}", STANDARD.encode(key));
        assert_eq!(pool.verify("secret", Some(stored.clone()), Trust::Unknown).await, Ok(Verdict::AcceptedOutdated));
        assert_eq!(pool.verify("Secret", Some(stored), Trust::Unknown).await, Ok(Verdict::Rejected));
    }

    #[tokio::test]
    async fn only_hashes_that_can_be_checked_are_taken_from_elsewhere() {
        let pool = Passwords::new(1, 8);
        let own = pool.hash("secret", Trust::Known).await.expect("a hash");
        assert_eq!(known_hash(&own), Some(own.clone()));
        // Django writes the name of its hasher in front.
        let django = known_hash(&format!("argon2{own}")).expect("known");
        assert_eq!(pool.verify("secret", Some(django), Trust::Unknown).await, Ok(Verdict::Accepted));
        let pbkdf2 = format!("pbkdf2_sha256$1000$salt${}", STANDARD.encode([7_u8; 32]));
        assert_eq!(known_hash(&pbkdf2), Some(pbkdf2.clone()));
        let dear = own.replace("m=19456", "m=4194304");
        for text in [
            "",
            "secret",
            "$2b$12$abc",
            "!x",
            "md5$a$b",
            "pbkdf2_sha256$0$s$x",
            &pbkdf2[..30],
            &dear,
            "$argon2id$v=19$m=19456,t=2,p=1",
        ] {
            assert_eq!(known_hash(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn a_flood_is_told_to_come_back() {
        let pool = Passwords::new(1, 2);
        let tries: Vec<_> = (0..6).map(|_| pool.verify("x", None, Trust::Unknown)).collect();
        let answers = futures_join(tries).await;
        let refused = answers.iter().filter(|a| matches!(a, Err(HashError::Overloaded { .. }))).count();
        assert_eq!(refused, 4, "two places, six callers");
        assert_eq!(pool.queued(), 0, "every place is given back");
    }

    async fn futures_join<F: Future + Send>(tries: Vec<F>) -> Vec<F::Output> {
        let mut pinned: Vec<_> = tries.into_iter().map(Box::pin).collect();
        let mut done: Vec<Option<F::Output>> = pinned.iter().map(|_| None).collect();
        std::future::poll_fn(|cx| {
            for (slot, future) in done.iter_mut().zip(&mut pinned) {
                if slot.is_none()
                    && let std::task::Poll::Ready(value) = future.as_mut().poll(cx)
                {
                    *slot = Some(value);
                }
            }
            if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        done.into_iter().flatten().collect()
    }
}
