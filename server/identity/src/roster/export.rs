//! Writes the directory as a table that can be read again.

use super::{
    cells,
    columns::{BETWEEN_GROUPS, KNOWN},
};
use crate::Identity;
use lockgate_store::StoreError;
use std::io::Write;
use thiserror::Error;

/// Accounts that are read at once.
const CHUNK: u64 = 1_000;

/// Why a table was not written.
#[derive(Debug, Error)]
pub enum ExportError {
    /// It cannot be written.
    #[error("the table cannot be written: {0}")]
    File(#[from] csv::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Writes all accounts with their direct groups, those that were made first first; answers how many. The hashes of
    /// passwords are written only where that is wanted: whoever has them can try passwords against them.
    ///
    /// # Errors
    /// [`ExportError`].
    pub async fn export_people(&self, output: impl Write, hashes: bool) -> Result<u64, ExportError> {
        let mut table = csv::Writer::from_writer(output);
        let columns = KNOWN.into_iter().filter(|name| hashes || *name != "password_hash");
        table.write_record(columns)?;
        let (mut written, mut last) = (0, i64::MIN);
        loop {
            let users = self.store.users().after(last, CHUNK).await?;
            let pks: Vec<i64> = users.iter().map(|user| user.pk).collect();
            let Some(pk) = pks.last() else { break };
            last = *pk;
            let groups = self.store.groups().of_users(&pks, self.clock.now()).await?;
            for user in users {
                let names = groups.get(&user.pk).into_iter().flatten().map(|group| group.name.as_str());
                let names: Vec<&str> = names.collect();
                let hash = match hashes {
                    true => Some(self.store.users().password_hash(user.pk).await?.unwrap_or_default()),
                    false => None,
                };
                let attributes = match user.attributes.is_empty() {
                    true => String::new(),
                    false => serde_json::Value::Object(user.attributes).to_string(),
                };
                let fields = [
                    user.username,
                    user.email,
                    user.name,
                    user.path,
                    user.user_type.as_str().to_owned(),
                    user.is_active.to_string(),
                    names.join(&format!("{BETWEEN_GROUPS} ")),
                    attributes,
                ];
                let fields = fields.into_iter().chain(hash);
                table.write_record(fields.map(|field| cells::written(&field).into_owned()))?;
                written += 1;
            }
        }
        table.flush().map_err(csv::Error::from)?;
        Ok(written)
    }
}
