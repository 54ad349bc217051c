//! Folders that may not come into force: those that somebody rolled back from. A server that starts on
//! such a folder would undo the rollback.

use sea_orm::DatabaseTransaction;

use crate::text::{TEXT, from_json, to_json};
use crate::{Documents, StoreError, installation};

const KEY: &str = "held_folders";

impl Documents<'_> {
    /// Fingerprints of the folders that are held back; see [`crate::ConfigChange::held`].
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn held(&self) -> Result<Vec<String>, StoreError> {
        let text = self.store.installation().get(KEY).await?;
        text.map_or_else(|| Ok(Vec::new()), |text| from_json("installation.held_folders", &text))
    }
}

pub(crate) async fn set(tx: &DatabaseTransaction, held: &[String]) -> Result<(), StoreError> {
    installation::overwrite(tx, KEY, to_json("value", &held, TEXT)?).await
}
