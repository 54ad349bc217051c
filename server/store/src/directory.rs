//! Everybody, part by part: for questions about all people, who are too many to hold with all that is
//! known of them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use lockgate_model::User;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::entity::{membership, user};
use crate::membership::in_force;
use crate::{StoreError, Users};

impl Users<'_> {
    /// Active accounts with larger numbers than `after`, ascending, each with its direct groups at a moment.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn active_after(
        &self,
        after: i64,
        limit: u64,
        now: DateTime<Utc>,
    ) -> Result<Vec<(i64, Vec<Uuid>)>, StoreError> {
        let pks: Vec<i64> = self
            .store
            .bounded(async {
                let select = user::Entity::find().select_only().column(user::Column::Pk);
                let active = select.filter(user::Column::Pk.gt(after)).filter(user::Column::IsActive.eq(true));
                let page = active.order_by_asc(user::Column::Pk).limit(limit);
                Ok(page.into_tuple().all(self.store.reader()).await?)
            })
            .await?;
        let mut groups = self.groups_between(after, pks.last().copied(), now).await?;
        Ok(pks.into_iter().map(|pk| (pk, groups.remove(&pk).unwrap_or_default())).collect())
    }

    /// As [`Self::active_after`], with all that is known of them.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn active_users_after(
        &self,
        after: i64,
        limit: u64,
        now: DateTime<Utc>,
    ) -> Result<Vec<(User, Vec<Uuid>)>, StoreError> {
        let users: Vec<User> = self
            .store
            .bounded(async {
                let active = user::Entity::find().filter(user::Column::Pk.gt(after));
                let active = active.filter(user::Column::IsActive.eq(true)).order_by_asc(user::Column::Pk);
                let rows = active.limit(limit).all(self.store.reader()).await?;
                rows.into_iter().map(User::try_from).collect()
            })
            .await?;
        let mut groups = self.groups_between(after, users.last().map(|user| user.pk), now).await?;
        let with_groups = |user: User| {
            let groups = groups.remove(&user.pk).unwrap_or_default();
            (user, groups)
        };
        Ok(users.into_iter().map(with_groups).collect())
    }

    async fn groups_between(
        &self,
        after: i64,
        last: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<HashMap<i64, Vec<Uuid>>, StoreError> {
        use membership::Column;
        let Some(last) = last else { return Ok(HashMap::new()) };
        self.store
            .bounded(async {
                let select = membership::Entity::find().select_only().columns([Column::UserPk, Column::GroupPk]);
                let theirs = select.filter(Column::UserPk.gt(after)).filter(Column::UserPk.lte(last));
                let theirs = theirs.filter(in_force(now));
                let rows: Vec<(i64, Uuid)> =
                    theirs.order_by_asc(Column::UserPk).into_tuple().all(self.store.reader()).await?;
                let mut groups: HashMap<i64, Vec<Uuid>> = HashMap::new();
                for (user, group) in rows {
                    groups.entry(user).or_default().push(group);
                }
                Ok(groups)
            })
            .await
    }
}
