//! Copies of sessions that nodes leave each other in Redis, and which of them still hold.
//!
//! A copy says up to which point of the log of changes it is right. Whoever takes one has read the log further than that,
//! and knows of every session that has changed since: so a session that was ended is found in no copy, however old the
//! copy is, and whatever is lost or late in Redis.

use crate::memory::MemorySize;
use chrono::{DateTime, Utc};
use lockgate_store::{ChangeCursor, Redis, Session, SessionCopy, Store, StoreError};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Semaphore;

/// Copies that are on their way to Redis at once.
const LEAVING: usize = 64;

/// What is known of the log.
#[derive(Debug, Default)]
struct Known {
    /// Every change up to this one was read.
    read_to: i64,
    /// The newest change that was read.
    newest: i64,
    /// Nothing is known of changes up to this one.
    since: i64,
    /// The last change of a session.
    changed: HashMap<String, i64>,
    order: VecDeque<(i64, String)>,
}

/// The copies.
pub(crate) struct Copies {
    redis: Redis,
    /// Which log it is: numbers of another one say nothing here.
    log: String,
    known: Mutex<Known>,
    /// Changes of sessions that are remembered; copies from before the oldest of them are not taken.
    most: usize,
    leaving: Arc<Semaphore>,
}

impl Copies {
    pub(crate) fn new(redis: Redis, log: String, memory: MemorySize) -> Self {
        // Until the log is read, no copy is taken.
        let known = Known { since: i64::MAX, ..Known::default() };
        Self {
            redis,
            log,
            known: Mutex::new(known),
            most: memory.sessions(),
            leaving: Arc::new(Semaphore::new(LEAVING)),
        }
    }

    /// The session with this hash, from a copy that holds, else from the database.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub(crate) async fn load(
        &self,
        store: &Store,
        id_hash: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError> {
        if let Some(copy) = self.redis.session(store.seal_key(), &self.log, id_hash).await
            && copy.session.expires > now
            && self.holds(&copy)
        {
            metrics::counter!("lockgate_session_copies_total", "outcome" => "taken").increment(1);
            return Ok(Some(copy.session));
        }
        // Changes of one session are made one after the other: where the last one is known, so are all before it.
        let as_of = {
            let known = self.lock();
            known.changed.get(id_hash).map_or(known.read_to, |last| known.read_to.max(*last))
        };
        let found = store.sessions().load(id_hash, now).await?;
        // What nobody is signed in with changes with every step, and is asked for nowhere else.
        if let Some(session) = found.as_ref().filter(|session| session.user_pk.is_some()) {
            metrics::counter!("lockgate_session_copies_total", "outcome" => "left").increment(1);
            let copy = SessionCopy { as_of, session: session.clone() };
            self.leave(store.clone(), copy, now);
        }
        Ok(found)
    }

    /// Leaves a copy for other nodes; nobody waits for it, and where too many are on their way it is not left.
    fn leave(&self, store: Store, copy: SessionCopy, now: DateTime<Utc>) {
        let Ok(place) = Arc::clone(&self.leaving).try_acquire_owned() else { return };
        let (redis, log) = (self.redis.clone(), self.log.clone());
        tokio::spawn(async move {
            if let Err(error) = redis.keep_session(store.seal_key(), &log, &copy, now).await {
                tracing::warn!(%error, "a copy of a session could not be made");
            }
            drop(place);
        });
    }

    fn holds(&self, copy: &SessionCopy) -> bool {
        let known = self.lock();
        // What this node has not read yet, it cannot judge.
        (known.since..=known.newest).contains(&copy.as_of)
            && known.changed.get(&copy.session.id_hash).is_none_or(|last| *last <= copy.as_of)
    }

    /// The log is read from here on: of what changed before, nothing is known.
    pub(crate) fn begin(&self, cursor: &ChangeCursor) {
        *self.lock() =
            Known { read_to: cursor.read_to(), newest: cursor.newest(), since: cursor.newest(), ..Known::default() };
    }

    /// The log has been read up to here.
    pub(crate) fn read_to(&self, cursor: &ChangeCursor) {
        let mut known = self.lock();
        known.read_to = known.read_to.max(cursor.read_to());
        known.newest = known.newest.max(cursor.newest());
    }

    /// Whatever was read before this change of the log holds no more.
    pub(crate) fn forget_before(&self, id: i64) {
        let mut known = self.lock();
        known.since = known.since.max(id);
    }

    /// A session has changed, or ended, by this change of the log.
    pub(crate) fn changed(&self, id: i64, id_hash: &str) {
        self.lock().note(id, id_hash, self.most);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn note(&mut self, id: i64, id_hash: &str, most: usize) {
        self.order.push_back((id, id_hash.to_owned()));
        let last = self.changed.entry(id_hash.to_owned()).or_insert(id);
        *last = (*last).max(id);
        if self.order.len() > most
            && let Some((id, id_hash)) = self.order.pop_front()
        {
            self.since = self.since.max(id);
            if self.changed.get(&id_hash) == Some(&id) {
                self.changed.remove(&id_hash);
            }
        }
    }
}
