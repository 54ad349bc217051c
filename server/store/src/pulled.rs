//! What was pulled from a repository last. Nodes that pull from the same one agree by it on the order of commits.

use sea_orm::{DatabaseTransaction, EntityTrait};
use serde::{Deserialize, Serialize};

use crate::entity::installation::Entity;
use crate::text::{TEXT, from_json, to_json};
use crate::{Documents, StoreError, installation};

const KEY: &str = "pulled";
const COLUMN: &str = "installation.pulled";

/// The commit that was laid down last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PulledCommit {
    /// How many were before.
    pub turn: i64,
    /// Its hash.
    pub commit: String,
    /// The fingerprint of its texts, as [`crate::ConfigChange::held`] has them.
    pub fingerprint: String,
}

/// A commit to lay down, by who looked what was laid down before, and fetched then. So it is at least as new as
/// that, however long the fetch took; if another one was laid down meanwhile, nobody knows which is newer.
#[derive(Debug, Clone)]
pub struct Pull {
    /// What was there when the fetch began.
    pub before: Option<PulledCommit>,
    /// The commit.
    pub commit: String,
    /// The fingerprint of its texts.
    pub fingerprint: String,
}

impl Documents<'_> {
    /// The commit that was laid down last; `None` when nothing was pulled so far.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn pulled(&self) -> Result<Option<PulledCommit>, StoreError> {
        let text = self.store.installation().get(KEY).await?;
        text.map(|text| from_json(COLUMN, &text)).transpose()
    }
}

/// Notes a commit, unless another one was laid down meanwhile.
pub(crate) async fn note(tx: &DatabaseTransaction, pull: &Pull) -> Result<(), StoreError> {
    let row = Entity::find_by_id(KEY).one(tx).await?;
    let present: Option<PulledCommit> = row.map(|row| from_json(COLUMN, &row.value)).transpose()?;
    if present.as_ref().is_some_and(|p| p.commit == pull.commit && p.fingerprint == pull.fingerprint) {
        return Ok(());
    }
    if present != pull.before {
        return Err(StoreError::Outpaced);
    }
    let turn = present.map_or(0, |present| present.turn + 1);
    let (commit, fingerprint) = (pull.commit.clone(), pull.fingerprint.clone());
    let noted = PulledCommit { turn, commit, fingerprint };
    installation::overwrite(tx, KEY, to_json("value", &noted, TEXT)?).await
}
