//! Authorization codes: redeemed exactly once, and a second attempt is told apart from an unknown code,
//! because it means that the code was stolen (RFC 9700, section 2.1.1; RFC 6749, section 4.1.2).

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter,
};
use serde_json::Value;
use uuid::Uuid;

use super::grant_list::{self, GrantFilter};
use crate::entity::code;
use crate::text::{DATA, TEXT, fits, from_json, micros, to_json};
use crate::{Store, StoreError, expired};

/// A code and what it was issued for.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorizationCode {
    /// Primary key.
    pub pk: i64,
    /// Public identifier of the browser session that asked.
    pub session: Uuid,
    /// The provider it was issued for.
    pub provider: Uuid,
    /// Who signed in.
    pub user_pk: i64,
    /// The family that the tokens made from it belong to.
    pub grant: Uuid,
    /// Granted scopes, separated by spaces.
    pub scope: String,
    /// Redirect URI, challenge, nonce and whatever else the tokens need to know.
    pub data: Value,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it is void.
    pub expires: DateTime<Utc>,
    /// Whether it was redeemed.
    pub used: bool,
}

/// A code to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCode {
    /// [`crate::hash_secret`] of the code.
    pub code_hash: String,
    /// See [`AuthorizationCode::session`].
    pub session: Uuid,
    /// See [`AuthorizationCode::provider`].
    pub provider: Uuid,
    /// See [`AuthorizationCode::user_pk`].
    pub user_pk: i64,
    /// See [`AuthorizationCode::grant`].
    pub grant: Uuid,
    /// See [`AuthorizationCode::scope`].
    pub scope: String,
    /// See [`AuthorizationCode::data`].
    pub data: Value,
    /// See [`AuthorizationCode::created`].
    pub created: DateTime<Utc>,
    /// See [`AuthorizationCode::expires`].
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
    pub async fn create(&self, new: &NewCode) -> Result<(), StoreError> {
        fits("code", &new.code_hash, 64)?;
        fits("scope", &new.scope, TEXT)?;
        let row = code::ActiveModel {
            pk: NotSet,
            code_hash: Set(new.code_hash.clone()),
            session: Set(new.session),
            provider: Set(new.provider),
            user_pk: Set(new.user_pk),
            grant_id: Set(new.grant),
            scope: Set(new.scope.clone()),
            data: Set(to_json("code", &new.data, DATA)?),
            created: Set(micros(new.created)),
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
                let done = redeem(&tx, code_hash, now).await?;
                tx.commit().await?;
                Ok(done)
            })
            .await
    }

    /// The code as it is, redeemed or not; nothing changes.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn peek(&self, code_hash: &str) -> Result<Option<AuthorizationCode>, StoreError> {
        self.one(code::Column::CodeHash.eq(code_hash)).await
    }

    /// The code with this key.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, pk: i64) -> Result<Option<AuthorizationCode>, StoreError> {
        self.one(code::Column::Pk.eq(pk)).await
    }

    async fn one(&self, which: sea_orm::sea_query::SimpleExpr) -> Result<Option<AuthorizationCode>, StoreError> {
        self.store
            .bounded(async {
                let row = code::Entity::find().filter(which).one(self.store.reader()).await?;
                row.map(AuthorizationCode::try_from).transpose()
            })
            .await
    }

    /// The codes of one page and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &GrantFilter) -> Result<(Vec<AuthorizationCode>, u64), StoreError> {
        self.store
            .bounded(async {
                let (rows, total) = grant_list::codes(self.store.reader(), filter).await?;
                let codes: Result<Vec<_>, _> = rows.into_iter().map(AuthorizationCode::try_from).collect();
                Ok((codes?, total))
            })
            .await
    }

    /// Deletes a code; answers whether it existed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete(&self, pk: i64) -> Result<bool, StoreError> {
        Ok(self.remove(Condition::all().add(code::Column::Pk.eq(pk))).await? > 0)
    }

    /// Removes the codes of a session that nobody has redeemed yet: for one provider, or at all. Those that
    /// were redeemed stay, for replays to be told. Answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_for_session(&self, session: Uuid, provider: Option<Uuid>) -> Result<u64, StoreError> {
        let these = Condition::all().add(code::Column::Session.eq(session)).add(code::Column::Used.eq(false));
        self.remove(these.add_option(provider.map(|provider| code::Column::Provider.eq(provider)))).await
    }

    /// Removes up to `limit` codes that were void before a time; leave them some minutes, for replays to be
    /// told. Answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_expired(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        let old = code::Column::Expires.lt(micros(before));
        expired::delete::<code::Entity>(self.store, code::Column::Pk, old, limit).await
    }

    async fn remove(&self, which: Condition) -> Result<u64, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = code::Entity::delete_many().filter(which).exec(&tx).await?;
                tx.commit().await?;
                Ok(gone.rows_affected)
            })
            .await
    }
}

/// Redeems a code within a transaction.
pub(super) async fn redeem(
    tx: &DatabaseTransaction,
    code_hash: &str,
    now: DateTime<Utc>,
) -> Result<Redemption, StoreError> {
    // One statement decides: the row's lock makes attempts take turns.
    let first = code::Entity::update_many()
        .col_expr(code::Column::Used, Expr::value(true))
        .filter(code::Column::CodeHash.eq(code_hash))
        .filter(code::Column::Used.eq(false))
        .filter(code::Column::Expires.gt(micros(now)))
        .exec(tx)
        .await?;
    let row = code::Entity::find().filter(code::Column::CodeHash.eq(code_hash)).one(tx).await?;
    Ok(match row {
        Some(row) if first.rows_affected == 1 => Redemption::Redeemed(row.try_into()?),
        Some(row) if row.used => Redemption::Replayed(row.try_into()?),
        _ => Redemption::Unknown,
    })
}

impl TryFrom<code::Model> for AuthorizationCode {
    type Error = StoreError;

    fn try_from(row: code::Model) -> Result<Self, StoreError> {
        Ok(Self {
            pk: row.pk,
            session: row.session,
            provider: row.provider,
            user_pk: row.user_pk,
            grant: row.grant_id,
            scope: row.scope,
            data: from_json("oauth_codes.data", &row.data)?,
            created: row.created,
            expires: row.expires,
            used: row.used,
        })
    }
}
