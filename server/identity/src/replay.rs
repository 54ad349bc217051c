//! Decisions that were taken, taken again under another configuration: which of them would come out otherwise. The
//! facts and the groups are those of then, the accounts those of now. Nothing is changed by it.

use crate::{Core, config::Snapshot, decisions::Kept, evidence::Fetcher, look::Look, principals::Principals};
use chrono::{DateTime, Utc};
use lockgate_model::Validity;
use lockgate_store::{Store, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::Mutex;
use uuid::Uuid;

/// Decisions read at once.
const PAGE: u64 = 1_000;

/// How long a server waits for one that somebody else asked for.
const TURN: Duration = Duration::from_secs(10);

/// What a server does at most for one request, which must not take a minute as a whole.
const OF_A_SERVER: Bounds = Bounds { differences: Some(1_000), time: Some(Duration::from_secs(30)) };

/// Replays at once in one process: each may read everything that is kept.
static REPLAYING: Mutex<()> = Mutex::const_new(());

/// How far back is looked unless somebody says.
#[must_use]
pub fn usual_span() -> Validity {
    Validity::days(7)
}

/// Why a server has no answer.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// Somebody else's takes all the time that there is.
    #[error("decisions are being replayed already")]
    Busy {
        /// Seconds after which to ask again.
        retry_after: u64,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How much is done at most; `None`: all of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Decisions that are listed.
    pub differences: Option<usize>,
    /// How long it may take.
    pub time: Option<Duration>,
}

/// What came of decisions that were taken again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Replayed {
    /// How many were decided again.
    pub decided: u64,
    /// How many were not: the account is gone or was in too many groups, or the record is of something else than
    /// access to an application.
    pub left_out: u64,
    /// How many would come out otherwise, whether they are listed or not.
    pub differing: u64,
    /// Those that would come out otherwise, in the order in which they were taken.
    pub otherwise: Vec<Otherwise>,
    /// Whether more would come out otherwise than are listed.
    pub truncated: bool,
    /// When the last decision was taken that was looked at, where time was up before all were; null when all were.
    pub stopped_at: Option<DateTime<Utc>>,
}

/// A decision that would come out otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ReplayedDecision")]
pub struct Otherwise {
    /// Its id, under which it is told of by `/lockgate/decisions/{id}/`.
    pub id: Uuid,
    /// When it was taken.
    pub created: DateTime<Utc>,
    /// Name of the account, as it was, such as `ada`.
    pub username: String,
    /// Slug of the application, such as `wiki`.
    pub app: String,
    /// Whether it was allowed.
    pub was: bool,
    /// The decision as it would be: `allow`, what determined it, the facts it used, what would be missing.
    pub now: Map<String, Value>,
    /// Why it would be so, in lines such as `You need to be a member of the group Editors.`
    pub why: Vec<String>,
}

/// Takes decisions again.
#[derive(Clone, Copy)]
pub struct Replay<'a> {
    store: &'a Store,
    principals: &'a Principals,
    fetcher: &'a Fetcher,
    snapshot: &'a Snapshot,
}

impl<'a> Replay<'a> {
    /// Of what is stored, under a configuration.
    #[must_use]
    pub fn of(look: &'a Look, fetcher: &'a Fetcher, snapshot: &'a Snapshot) -> Self {
        Self { store: &look.store, principals: &look.principals, fetcher, snapshot }
    }

    /// Those that were taken from `since` on.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn since(&self, since: DateTime<Utc>, bounds: Bounds) -> Result<Replayed, StoreError> {
        let stopwatch = self.snapshot.stopwatch();
        let began = stopwatch();
        let is_over = || bounds.time.is_some_and(|time| stopwatch().saturating_sub(began) >= time);
        let (mut replayed, mut last) = (Replayed::default(), None);
        loop {
            let page = self.store.decisions().since(since, last, PAGE).await?;
            let Some(end) = page.last() else { return Ok(replayed) };
            last = Some(end.id);
            for record in page {
                let created = record.created;
                match Kept::of(self.store, self.principals, record).await? {
                    Some(was) => self.again(&was, bounds, &mut replayed).await,
                    None => replayed.left_out += 1,
                }
                if is_over() {
                    replayed.stopped_at = Some(created);
                    return Ok(replayed);
                }
            }
        }
    }

    async fn again(&self, was: &Kept, bounds: Bounds, replayed: &mut Replayed) {
        let now = was.decide(self.snapshot, self.fetcher).await;
        replayed.decided += 1;
        if now.allow == was.record.allow {
            return;
        }
        replayed.differing += 1;
        if bounds.differences.is_some_and(|most| replayed.otherwise.len() >= most) {
            replayed.truncated = true;
            return;
        }
        let why = was.why(self.snapshot, &now);
        let now = match json!(now) {
            Value::Object(now) => now,
            _ => Map::new(),
        };
        let record = &was.record;
        replayed.otherwise.push(Otherwise {
            id: record.id,
            created: record.created,
            username: record.username.clone(),
            app: record.app.clone(),
            was: record.allow,
            now,
            why,
        });
    }
}

impl Core {
    /// Takes the decisions from `since` on again under a configuration, as many as a request may take, one request
    /// at a time.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub async fn replay(&self, snapshot: &Snapshot, since: DateTime<Utc>) -> Result<Replayed, ReplayError> {
        let turn = tokio::time::timeout(TURN, REPLAYING.lock()).await;
        let _alone = turn.map_err(|_| ReplayError::Busy { retry_after: TURN.as_secs() })?;
        let (store, principals, fetcher) = (&self.store, &self.principals, &self.access.fetcher);
        Ok(Replay { store, principals, fetcher, snapshot }.since(since, OF_A_SERVER).await?)
    }
}
