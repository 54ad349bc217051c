//! Public keys that stay in a provider's key set after it has begun to sign with another: as long as
//! tokens live that they signed.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::Value;
use uuid::Uuid;

use crate::entity::published_key;
use crate::text::{BODY, fits, from_json, micros, to_json};
use crate::{Store, StoreError};

/// A public key of a provider.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedKey {
    /// The provider.
    pub provider: Uuid,
    /// Its key id.
    pub kid: String,
    /// The key (RFC 7517).
    pub jwk: Value,
    /// When the last token that it signed is void.
    pub until: DateTime<Utc>,
}

/// Published keys; see the module.
#[derive(Debug, Clone, Copy)]
pub struct PublishedKeys<'a> {
    pub(crate) store: &'a Store,
}

impl PublishedKeys<'_> {
    /// Notes that a key signs; one that is known stays published until the later of the two times.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn publish(&self, key: &PublishedKey) -> Result<(), StoreError> {
        use published_key::Column;
        fits("kid", &key.kid, 100)?;
        let row = published_key::ActiveModel {
            provider: Set(key.provider),
            kid: Set(key.kid.clone()),
            jwk: Set(to_json("jwk", &key.jwk, BODY)?),
            published_until: Set(micros(key.until)),
        };
        let later = OnConflict::columns([Column::Provider, Column::Kid])
            .update_columns([Column::Jwk, Column::PublishedUntil])
            .action_and_where(Expr::col((published_key::Entity, Column::PublishedUntil)).lt(micros(key.until)))
            .to_owned();
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                published_key::Entity::insert(row).on_conflict(later).exec_without_returning(&tx).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// The keys of a provider that are still published, by key id.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn of(&self, provider: Uuid, now: DateTime<Utc>) -> Result<Vec<PublishedKey>, StoreError> {
        use published_key::Column;
        self.store
            .bounded(async {
                let rows = published_key::Entity::find()
                    .filter(Column::Provider.eq(provider))
                    .filter(Column::PublishedUntil.gt(micros(now)))
                    .order_by_asc(Column::Kid)
                    .all(self.store.reader())
                    .await?;
                let key = |row: published_key::Model| {
                    let jwk = from_json("oauth_keys.jwk", &row.jwk)?;
                    Ok(PublishedKey { provider: row.provider, kid: row.kid, jwk, until: row.published_until })
                };
                rows.into_iter().map(key).collect()
            })
            .await
    }

    /// Removes what nobody needs any more; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_expired(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let old = published_key::Column::PublishedUntil.lte(micros(now));
                let gone = published_key::Entity::delete_many().filter(old).exec(&tx).await?;
                tx.commit().await?;
                Ok(gone.rows_affected)
            })
            .await
    }
}
