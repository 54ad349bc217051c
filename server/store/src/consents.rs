//! What users agreed to share with applications.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, EntityTrait, Order, QueryFilter,
};
use uuid::Uuid;

use crate::entity::consent;
use crate::paging::{self, Page};
use crate::text::{TEXT, fits, micros};
use crate::{Store, StoreError, expired};

/// The consent of one user to one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Primary key.
    pub pk: i64,
    /// Who agreed.
    pub user_pk: i64,
    /// To what.
    pub application: Uuid,
    /// Permissions, separated by spaces.
    pub permissions: String,
    /// When it has to be asked again; `None` means never.
    pub expires: Option<DateTime<Utc>>,
}

/// A consent to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConsent {
    /// See [`Consent::user_pk`].
    pub user_pk: i64,
    /// See [`Consent::application`].
    pub application: Uuid,
    /// See [`Consent::permissions`].
    pub permissions: String,
    /// See [`Consent::expires`].
    pub expires: Option<DateTime<Utc>>,
}

/// Which consents are wanted; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsentFilter {
    /// Who agreed.
    pub user_pk: Option<i64>,
    /// To which applications.
    pub applications: Option<Vec<Uuid>>,
    /// `expires`, `user`, `application`, `permissions`, each with whether it descends; by key if none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

/// Consents; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Consents<'a> {
    pub(crate) store: &'a Store,
}

impl Consents<'_> {
    /// Stores a consent; one of the same user to the same application is replaced and keeps its key.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] for an unknown user, [`StoreError::TooLong`], or whatever the database
    /// answers.
    pub async fn grant(&self, new: &NewConsent) -> Result<(), StoreError> {
        use consent::Column;
        fits("permissions", &new.permissions, TEXT)?;
        let row = consent::ActiveModel {
            pk: NotSet,
            user_pk: Set(new.user_pk),
            application: Set(new.application),
            permissions: Set(new.permissions.clone()),
            expires: Set(new.expires.map(micros)),
        };
        let renew = OnConflict::columns([Column::UserPk, Column::Application])
            .update_columns([Column::Permissions, Column::Expires])
            .to_owned();
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let insert = consent::Entity::insert(row).on_conflict(renew);
                insert.exec_without_returning(&tx).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// The consent of a user to an application, unless it has ended.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn find(
        &self,
        user_pk: i64,
        application: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Option<Consent>, StoreError> {
        use consent::Column;
        self.store
            .bounded(async {
                let lasting = Condition::any().add(Column::Expires.is_null()).add(Column::Expires.gt(micros(now)));
                let row = consent::Entity::find()
                    .filter(Column::UserPk.eq(user_pk))
                    .filter(Column::Application.eq(application))
                    .filter(lasting)
                    .one(self.store.reader())
                    .await?;
                Ok(row.map(Consent::from))
            })
            .await
    }

    /// The consent with this key.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, pk: i64) -> Result<Option<Consent>, StoreError> {
        self.store
            .bounded(async {
                let row = consent::Entity::find_by_id(pk).one(self.store.reader()).await?;
                Ok(row.map(Consent::from))
            })
            .await
    }

    /// The consents of one page and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &ConsentFilter) -> Result<(Vec<Consent>, u64), StoreError> {
        use consent::Column;
        self.store
            .bounded(async {
                let wanted = Condition::all()
                    .add_option(filter.user_pk.map(|pk| Column::UserPk.eq(pk)))
                    .add_option(filter.applications.as_ref().map(|all| Column::Application.is_in(all.iter().copied())));
                let matching = consent::Entity::find().filter(wanted);
                let column = |field: &str| match field {
                    "expires" => Some(Column::Expires),
                    "user" => Some(Column::UserPk),
                    "application" => Some(Column::Application),
                    "permissions" => Some(Column::Permissions),
                    _ => None,
                };
                let by_key = (Column::Pk, Order::Asc);
                let order = |select| paging::ordered(select, &filter.ordering, column, by_key.clone(), by_key);
                let page = paging::fetch(self.store.reader(), matching, order, filter.page);
                let (rows, total) = page.await?;
                Ok((rows.into_iter().map(Consent::from).collect(), total))
            })
            .await
    }

    /// Takes a consent back; answers whether it existed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete(&self, pk: i64) -> Result<bool, StoreError> {
        Ok(self.remove(consent::Column::Pk.eq(pk).into()).await? > 0)
    }

    /// Removes up to `limit` consents that have ended; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_expired(&self, now: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        let ended = consent::Column::Expires.lte(micros(now));
        expired::delete::<consent::Entity>(self.store, consent::Column::Pk, ended, limit).await
    }

    async fn remove(&self, these: Condition) -> Result<u64, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = consent::Entity::delete_many().filter(these).exec(&tx).await?;
                tx.commit().await?;
                Ok(gone.rows_affected)
            })
            .await
    }
}

impl From<consent::Model> for Consent {
    fn from(row: consent::Model) -> Self {
        Self {
            pk: row.pk,
            user_pk: row.user_pk,
            application: row.application,
            permissions: row.permissions,
            expires: row.expires,
        }
    }
}
