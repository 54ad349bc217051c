//! Who holds which role directly.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::entity::user_role;
use crate::{Store, StoreError, Topic, changes};

/// Keys of one statement.
const CHUNK: usize = 1_000;

/// Direct holders of roles; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Roles<'a> {
    pub(crate) store: &'a Store,
}

impl Roles<'_> {
    /// Gives a role to a user; answers false if the user held it.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] if user or role does not exist, or whatever the database answers.
    pub async fn give(&self, role: Uuid, user: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let given = insert(&tx, user, &[role]).await? > 0;
                if given {
                    changes::append(&tx, now, [(Topic::User, user.to_string())]).await?;
                }
                tx.commit().await?;
                Ok(given)
            })
            .await
    }

    /// Takes a role from a user; answers false if the user did not hold it directly.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn take(&self, role: Uuid, user: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let taken = user_role::Entity::delete_by_id((user, role)).exec(&tx).await?.rows_affected > 0;
                if taken {
                    changes::append(&tx, now, [(Topic::User, user.to_string())]).await?;
                }
                tx.commit().await?;
                Ok(taken)
            })
            .await
    }

    /// Makes these the direct roles of a user.
    ///
    /// # Errors
    /// As [`Self::give`].
    pub async fn set(&self, user: i64, roles: &[Uuid], now: DateTime<Utc>) -> Result<(), StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let before = user_role::Column::UserPk.eq(user);
                user_role::Entity::delete_many().filter(before).exec(&tx).await?;
                insert(&tx, user, roles).await?;
                changes::append(&tx, now, [(Topic::User, user.to_string())]).await?;
                tx.commit().await?;
                Ok(())
            })
            .await
    }

    /// The direct roles of each of these users, in no particular order.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn of_users(&self, users: &[i64]) -> Result<HashMap<i64, Vec<Uuid>>, StoreError> {
        self.store
            .bounded(async {
                let mut found: HashMap<i64, Vec<Uuid>> = HashMap::new();
                for chunk in users.chunks(CHUNK) {
                    let wanted = user_role::Column::UserPk.is_in(chunk.iter().copied());
                    for row in user_role::Entity::find().filter(wanted).all(self.store.reader()).await? {
                        found.entry(row.user_pk).or_default().push(row.role_id);
                    }
                }
                Ok(found)
            })
            .await
    }
}

async fn insert(tx: &DatabaseTransaction, user: i64, roles: &[Uuid]) -> Result<u64, StoreError> {
    let roles: BTreeSet<Uuid> = roles.iter().copied().collect();
    if roles.is_empty() {
        return Ok(0);
    }
    let rows = roles.into_iter().map(|role| user_role::ActiveModel { user_pk: Set(user), role_id: Set(role) });
    let known = [user_role::Column::UserPk, user_role::Column::RoleId];
    Ok(user_role::Entity::insert_many(rows)
        .on_conflict(OnConflict::columns(known).do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?)
}
