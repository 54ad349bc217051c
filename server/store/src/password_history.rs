//! Hashes of passwords that were replaced.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::entity::{credential, password_history};
use crate::text::micros;
use crate::users::PASSWORD;
use crate::{StoreError, Topic, Users, changes};

/// Moves the present hash of a user, if there is one, to those that were replaced, and keeps so many of
/// these. Within the transaction that replaces it.
pub(crate) async fn keep(
    tx: &DatabaseTransaction,
    user: i64,
    history: u32,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use password_history::Column;
    let present = credential::Entity::find_by_id((user, PASSWORD.to_owned())).one(tx).await?;
    if let Some(present) = present.filter(|_| history > 0) {
        let row = password_history::ActiveModel {
            pk: NotSet,
            user_pk: Set(user),
            hash: Set(present.hash),
            replaced: Set(micros(now)),
        };
        password_history::Entity::insert(row).exec_without_returning(tx).await?;
    }
    let theirs = password_history::Entity::find().filter(Column::UserPk.eq(user));
    let beyond = theirs.select_only().column(Column::Pk).order_by_desc(Column::Pk).offset(u64::from(history)).limit(1);
    // The newest that has to go, and with it all older ones.
    let newest: Option<i64> = beyond.into_tuple().one(tx).await?;
    if let Some(newest) = newest {
        let old = password_history::Entity::delete_many().filter(Column::UserPk.eq(user));
        old.filter(Column::Pk.lte(newest)).exec(tx).await?;
    }
    Ok(())
}

impl Users<'_> {
    /// Takes away a password that has grown too old; answers whether there was one. It was not changed by
    /// that, so that it stays as old as it is.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn retire_password(&self, pk: i64, history: u32, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                keep(&tx, pk, history, now).await?;
                let gone = credential::Entity::delete_by_id((pk, PASSWORD.to_owned())).exec(&tx).await?;
                changes::append(&tx, now, [(Topic::User, pk.to_string())]).await?;
                tx.commit().await?;
                Ok(gone.rows_affected > 0)
            })
            .await
    }

    /// The hashes of the last passwords of a user, newest first: the present one, if there is one, then
    /// those that it replaced.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn last_password_hashes(&self, pk: i64, count: u32) -> Result<Vec<String>, StoreError> {
        use password_history::Column;
        let mut hashes: Vec<String> = self.password_hash(pk).await?.into_iter().collect();
        let replaced = self
            .store
            .bounded(async {
                let theirs = password_history::Entity::find().filter(Column::UserPk.eq(pk));
                let newest = theirs.order_by_desc(Column::Pk).limit(u64::from(count));
                Ok(newest.all(self.store.reader()).await?)
            })
            .await?;
        hashes.extend(replaced.into_iter().map(|row| row.hash));
        hashes.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        Ok(hashes)
    }
}
