//! Authorization codes: redeemed exactly once, and a second attempt is told apart from an unknown code,
//! because it means that the code was stolen (RFC 9700, section 2.1.1; RFC 6749, section 4.1.2).

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use uuid::Uuid;

use crate::entity::code;
use crate::text::{DATA, fits, from_json, micros, to_json};
use crate::{Store, StoreError};

/// A code and what it was issued for.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorizationCode {
    /// [`crate::hash_secret`] of the code.
    pub code_hash: String,
    /// Public identifier of the browser session that asked.
    pub session: Uuid,
    /// The provider it was issued for.
    pub provider: Uuid,
    /// Redirect URI, scopes, challenge, nonce.
    pub data: Value,
    /// When it is void.
    pub expires: DateTime<Utc>,
}

/// What became of an attempt to redeem a code.
#[derive(Debug, Clone, PartialEq)]
pub enum Redemption {
    /// The first attempt, in time.
    Redeemed(AuthorizationCode),
    /// The code was redeemed before: what was issued for it has to be revoked.
    Replayed(AuthorizationCode),
    /// No such code, or too late.
    Unknown,
}

/// Authorization codes; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Codes<'a> {
    pub(crate) store: &'a Store,
}

impl Codes<'_> {
    /// Stores a new code.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] if the session has ended, [`StoreError::Unique`] if the code is taken,
    /// or whatever the database answers.
    pub async fn create(&self, new: &AuthorizationCode) -> Result<(), StoreError> {
        fits("code", &new.code_hash, 64)?;
        let row = code::ActiveModel {
            code_hash: Set(new.code_hash.clone()),
            session: Set(new.session),
            provider: Set(new.provider),
            data: Set(to_json("code", &new.data, DATA)?),
            expires: Set(micros(new.expires)),
            used: Set(false),
        };
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                code::Entity::insert(row).exec_without_returning(&tx).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// Redeems a code. Of any number of attempts at once, exactly one is told `Redeemed`.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn redeem(&self, code_hash: &str, now: DateTime<Utc>) -> Result<Redemption, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                // One statement decides: the row's lock makes attempts take turns.
                let first = code::Entity::update_many()
                    .col_expr(code::Column::Used, Expr::value(true))
                    .filter(code::Column::CodeHash.eq(code_hash))
                    .filter(code::Column::Used.eq(false))
                    .filter(code::Column::Expires.gt(micros(now)))
                    .exec(&tx)
                    .await?;
                let row = code::Entity::find_by_id(code_hash).one(&tx).await?;
                tx.commit().await?;
                Ok(match row {
                    Some(row) if first.rows_affected == 1 => Redemption::Redeemed(row.try_into()?),
                    Some(row) if row.used => Redemption::Replayed(row.try_into()?),
                    _ => Redemption::Unknown,
                })
            })
            .await
    }

    /// Removes codes that were void before a time; leave them some minutes, for replays to be told.
    /// Answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_expired(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let old = code::Column::Expires.lt(micros(before));
                let gone = code::Entity::delete_many().filter(old).exec(&tx).await?;
                tx.commit().await?;
                Ok(gone.rows_affected)
            })
            .await
    }
}

impl TryFrom<code::Model> for AuthorizationCode {
    type Error = StoreError;

    fn try_from(row: code::Model) -> Result<Self, StoreError> {
        Ok(Self {
            code_hash: row.code_hash,
            session: row.session,
            provider: row.provider,
            data: from_json("authorization_codes.data", &row.data)?,
            expires: row.expires,
        })
    }
}
