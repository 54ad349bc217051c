//! What counts for a short while: pushed requests (RFC 9126), and identifiers of assertions and proofs
//! that must not come twice (RFC 7523, section 3; RFC 9449, section 11.1).

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use uuid::Uuid;

use crate::entity::{pushed_request, used};
use crate::text::{DATA, fits, from_json, micros, to_json};
use crate::{Store, StoreError, expired, hash_secret};

/// A request that a client has pushed.
#[derive(Debug, Clone, PartialEq)]
pub struct PushedRequest {
    /// [`hash_secret`] of the `request_uri`.
    pub request_hash: String,
    /// Whose it is.
    pub provider: Uuid,
    /// Its parameters.
    pub parameters: Value,
    /// When it is void.
    pub expires: DateTime<Utc>,
}

/// Pushed requests and used identifiers; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Once<'a> {
    pub(crate) store: &'a Store,
}

impl Once<'_> {
    /// Notes an identifier; answers whether it is the first time. `space` keeps the identifiers of
    /// different issuers apart.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn first_use(&self, space: &str, id: &str, expires: DateTime<Utc>) -> Result<bool, StoreError> {
        let key = hash_secret(&format!("{}:{space}:{id}", space.len()));
        let sql = "INSERT INTO oauth_used (key_hash, expires) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let insert = self.store.statement(sql, [key.into(), micros(expires).into()]);
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let inserted = tx.execute_raw(insert).await?;
                tx.commit().await?;
                Ok(inserted.rows_affected() == 1)
            })
            .await
    }

    /// Stores a pushed request.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn push(&self, new: &PushedRequest) -> Result<(), StoreError> {
        self.insert(new, None).await
    }

    /// Stores a request, or has the one of this name last as long.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn keep(&self, new: &PushedRequest) -> Result<(), StoreError> {
        let column = pushed_request::Column::RequestHash;
        let longer = OnConflict::column(column).update_column(pushed_request::Column::Expires).to_owned();
        self.insert(new, Some(longer)).await
    }

    async fn insert(&self, new: &PushedRequest, known: Option<OnConflict>) -> Result<(), StoreError> {
        fits("request_uri", &new.request_hash, 64)?;
        let row = pushed_request::ActiveModel {
            request_hash: Set(new.request_hash.clone()),
            provider: Set(new.provider),
            parameters: Set(to_json("request", &new.parameters, DATA)?),
            expires: Set(micros(new.expires)),
        };
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let mut insert = pushed_request::Entity::insert(row);
                if let Some(known) = known {
                    insert = insert.on_conflict(known);
                }
                insert.exec_without_returning(&tx).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// The pushed request, in time.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn pushed(&self, request_hash: &str, now: DateTime<Utc>) -> Result<Option<PushedRequest>, StoreError> {
        self.store
            .bounded(async {
                let row = pushed_request::Entity::find_by_id(request_hash)
                    .filter(pushed_request::Column::Expires.gt(micros(now)))
                    .one(self.store.reader())
                    .await?;
                row.map(PushedRequest::try_from).transpose()
            })
            .await
    }

    /// Removes a pushed request, because it was answered; of any number of attempts at once, one is
    /// told `true`.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn take_pushed(&self, request_hash: &str) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = pushed_request::Entity::delete_by_id(request_hash).exec(&tx).await?;
                tx.commit().await?;
                Ok(gone.rows_affected == 1)
            })
            .await
    }

    /// Removes up to `limit` pushed requests and as many identifiers that are void; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_expired(&self, now: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        let old = pushed_request::Column::Expires.lte(micros(now));
        let key = pushed_request::Column::RequestHash;
        let requests = expired::delete::<pushed_request::Entity>(self.store, key, old, limit).await?;
        let old = used::Column::Expires.lte(micros(now));
        Ok(requests + expired::delete::<used::Entity>(self.store, used::Column::KeyHash, old, limit).await?)
    }
}

impl TryFrom<pushed_request::Model> for PushedRequest {
    type Error = StoreError;

    fn try_from(row: pushed_request::Model) -> Result<Self, StoreError> {
        Ok(Self {
            request_hash: row.request_hash,
            provider: row.provider,
            parameters: from_json("oauth_pushed_requests.parameters", &row.parameters)?,
            expires: row.expires,
        })
    }
}
