//! That an installation was set up: a fact that is written with the first administrator, by the transaction that
//! makes one, and stays when the last of them goes.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, EntityTrait, Statement};

use crate::StoreError;
use crate::entity::installation::Entity;
use crate::installation::Installation;
use crate::membership::MAKES_SUPERUSERS;

/// The key of the fact; its value is the time.
const DONE: &str = "setup_done";

impl Installation<'_> {
    /// Whether nobody has ever administered this installation, so that the first visitor may.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn setup_is_open(&self) -> Result<bool, StoreError> {
        if self.store.bounded(is_done(self.store.reader())).await? {
            return Ok(false);
        }
        // Made by an earlier version, which did not write the fact.
        Ok(!self.store.groups().any_superuser().await?)
    }

    /// Notes that the set-up is over, if there is an administrator.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn settle_setup(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        if self.store.bounded(is_done(self.store.reader())).await? {
            return Ok(());
        }
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                settle(&tx, now).await?;
                Ok(tx.commit().await?)
            })
            .await
    }
}

/// Whether the fact is there.
pub(crate) async fn is_done(db: &impl ConnectionTrait) -> Result<bool, StoreError> {
    Ok(Entity::find_by_id(DONE).one(db).await?.is_some())
}

/// Writes the fact if it is not there and there is an active superuser; answers whether it did. An account counts
/// whose time is over or yet to come, as in [`crate::Groups::any_superuser`].
pub(crate) async fn settle(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let sql = format!(
        r#"INSERT INTO "installation" ("key", "value")
            SELECT CAST($1 AS TEXT), CAST($2 AS TEXT)
            WHERE NOT EXISTS (SELECT 1 FROM "installation" WHERE "key" = $1)
                AND EXISTS (
                    SELECT 1 FROM "memberships" JOIN "users" ON "users"."pk" = "memberships"."user_pk"
                    WHERE "users"."is_active" AND {MAKES_SUPERUSERS}
                )
            ON CONFLICT ("key") DO NOTHING"#
    );
    let values = [DONE.into(), now.to_rfc3339().into()];
    let write = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(db.execute_raw(write).await?.rows_affected() > 0)
}
