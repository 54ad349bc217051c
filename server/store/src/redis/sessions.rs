//! Copies of sessions, which spare the database a question for each node that a browser comes to.

use chrono::{DateTime, TimeDelta, Utc};
use fred::interfaces::{ClientLike as _, KeysInterface as _};
use fred::types::Expiration;
use serde::{Deserialize, Serialize};

use super::{PREFIX, Redis, answered, options};
use crate::{SealKey, Session, StoreError};

/// The longest that a copy is kept.
const LIFE: TimeDelta = TimeDelta::hours(1);

/// A session as the database had it at some point of the log of changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionCopy {
    /// Every change up to this number was made when it was read; what came later may not be in it.
    pub as_of: i64,
    /// The session.
    pub session: Session,
}

/// What stands at a key: for people whose it is and until when, for nodes what is sealed.
#[derive(Serialize, Deserialize)]
struct Shown {
    user: Option<i64>,
    until: DateTime<Utc>,
    sealed: String,
}

/// `log` says whose numbers [`SessionCopy::as_of`] is one of: a copy that was made by another log is not found.
fn key(log: &str, id_hash: &str) -> String {
    format!("{PREFIX}session:{log}:{id_hash}")
}

impl Redis {
    /// The copy of the session with this hash. Whether it still holds, the caller has to know. One that does not open
    /// under this key is none: whoever can write here makes no session.
    pub async fn session(&self, seal: &SealKey, log: &str, id_hash: &str) -> Option<SessionCopy> {
        let key = key(log, id_hash);
        let client = self.client.with_options(&options());
        let text = answered::<Option<String>>("session", client.get(key.as_str())).await.flatten()?;
        let shown: Shown = serde_json::from_str(&text).ok()?;
        let plain = seal.open(&key, &shown.sealed).ok()?;
        serde_json::from_slice(&plain).ok().filter(|copy: &SessionCopy| copy.session.id_hash == id_hash)
    }

    /// Leaves a copy for other nodes.
    ///
    /// # Errors
    /// [`StoreError::Seal`]. A Redis that does not answer is none.
    pub async fn keep_session(
        &self,
        seal: &SealKey,
        log: &str,
        copy: &SessionCopy,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (key, session) = (key(log, &copy.session.id_hash), &copy.session);
        let life = (session.expires - now).min(LIFE).num_seconds();
        if life <= 0 {
            return Ok(());
        }
        let plain = serde_json::to_vec(copy).map_err(|_| StoreError::Corrupt { what: "a session".to_owned() })?;
        let sealed = seal.seal(&key, &plain)?;
        let shown = Shown { user: session.user_pk, until: session.expires, sealed };
        let text = serde_json::to_string(&shown).map_err(|_| StoreError::Corrupt { what: "a session".to_owned() })?;
        let client = self.client.with_options(&options());
        answered::<()>("session", client.set(key, text, Some(Expiration::EX(life)), None, false)).await;
        Ok(())
    }
}
