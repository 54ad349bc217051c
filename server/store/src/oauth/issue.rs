//! Storing tokens, with whatever entitles to them, in one transaction: a code that is redeemed, a
//! refresh token that is replaced, a device code that was approved.
//!
//! Many requests can share one transaction ([`OAuthTokens::issue`]), which is what makes issuing fast:
//! a commit waits for the disk once for all of them.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use super::codes::{self, Redemption};
use super::devices;
use super::tokens::{NewOAuthToken, OAuthTokens, TokenKind, revoke};
use crate::entity::oauth_token;
use crate::text::micros;
use crate::{StoreError, Topic, changes};

/// Rows of one insert; SQLite takes 32,766 values, a row has eleven.
const ROWS: usize = 1_000;

/// Tokens to be stored, and what entitles to them.
#[derive(Debug, Clone, PartialEq)]
pub enum Issue {
    /// Nothing but the client's own right.
    Plain(Vec<NewOAuthToken>),
    /// A code; a replay revokes what it was exchanged for before.
    Code {
        /// [`crate::hash_secret`] of the code.
        code_hash: String,
        /// What it is exchanged for.
        tokens: Vec<NewOAuthToken>,
    },
    /// A refresh token; reuse of one that was replaced revokes the family.
    Refresh {
        /// Hash of the refresh token.
        token_hash: String,
        /// Whether it is replaced, or stays in force.
        replace: bool,
        /// What it is exchanged for.
        tokens: Vec<NewOAuthToken>,
    },
    /// An access token, which stays.
    Exchange {
        /// Hash of the access token.
        token_hash: String,
        /// What it is exchanged for.
        tokens: Vec<NewOAuthToken>,
    },
    /// A device code that was approved.
    Device {
        /// [`crate::hash_secret`] of the device code.
        device_hash: String,
        /// What it is exchanged for.
        tokens: Vec<NewOAuthToken>,
    },
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issued {
    /// The tokens are stored.
    Stored,
    /// What entitles to them was used before; its family is revoked now.
    Replayed,
    /// There is no such thing, it is too late, or somebody revoked it.
    Unknown,
}

impl OAuthTokens<'_> {
    /// Stores tokens, all in one transaction; one answer for each, in order.
    ///
    /// # Errors
    /// Whatever the database answers; nothing is stored then. [`StoreError::Dangling`] if a user or a
    /// session is gone: who gives several at once tries them one by one then.
    pub async fn issue(&self, all: &[Issue], now: DateTime<Utc>) -> Result<Vec<Issued>, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let mut answers = Vec::with_capacity(all.len());
                let mut plain = Vec::new();
                for issue in all {
                    answers.push(match issue {
                        Issue::Plain(tokens) => {
                            plain.extend(tokens);
                            Issued::Stored
                        }
                        Issue::Code { code_hash, tokens } => code(&tx, code_hash, tokens, now).await?,
                        Issue::Refresh { token_hash, replace, tokens } => {
                            refresh(&tx, token_hash, *replace, tokens, now).await?
                        }
                        Issue::Exchange { token_hash, tokens } => exchange(&tx, token_hash, tokens, now).await?,
                        Issue::Device { device_hash, tokens } => {
                            if devices::redeem(&tx, device_hash, now).await? {
                                insert(&tx, tokens).await?;
                                Issued::Stored
                            } else {
                                Issued::Unknown
                            }
                        }
                    });
                }
                insert(&tx, plain).await?;
                tx.commit().await?;
                Ok(answers)
            })
            .await
    }
}

async fn insert<'t>(
    tx: &DatabaseTransaction,
    tokens: impl IntoIterator<Item = &'t NewOAuthToken>,
) -> Result<(), StoreError> {
    let rows = tokens.into_iter().map(NewOAuthToken::row).collect::<Result<Vec<_>, _>>()?;
    for chunk in rows.chunks(ROWS) {
        oauth_token::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx).await?;
    }
    Ok(())
}

async fn code(
    tx: &DatabaseTransaction,
    code_hash: &str,
    tokens: &[NewOAuthToken],
    now: DateTime<Utc>,
) -> Result<Issued, StoreError> {
    match codes::redeem(tx, code_hash, now).await? {
        Redemption::Redeemed(_) => {
            insert(tx, tokens).await?;
            Ok(Issued::Stored)
        }
        Redemption::Replayed(row) => {
            family(tx, row.grant, now).await?;
            Ok(Issued::Replayed)
        }
        Redemption::Unknown => Ok(Issued::Unknown),
    }
}

async fn exchange(
    tx: &DatabaseTransaction,
    token_hash: &str,
    tokens: &[NewOAuthToken],
    now: DateTime<Utc>,
) -> Result<Issued, StoreError> {
    use oauth_token::Column;
    // The row's lock: who revokes the family waits, and then finds the new tokens in it.
    let subject = oauth_token::Entity::find()
        .filter(Column::TokenHash.eq(token_hash))
        .filter(Column::Kind.eq(TokenKind::Access.as_str()))
        .filter(Column::Revoked.eq(false))
        .filter(Column::Expires.gt(micros(now)))
        .lock_exclusive()
        .one(tx)
        .await?;
    if subject.is_none() {
        return Ok(Issued::Unknown);
    }
    insert(tx, tokens).await?;
    Ok(Issued::Stored)
}

async fn refresh(
    tx: &DatabaseTransaction,
    token_hash: &str,
    replace: bool,
    tokens: &[NewOAuthToken],
    now: DateTime<Utc>,
) -> Result<Issued, StoreError> {
    use oauth_token::Column;
    // One statement decides: the row's lock makes attempts take turns. A token that stays is written
    // as it is, for the same lock.
    let taken = oauth_token::Entity::update_many()
        .col_expr(Column::Revoked, Expr::value(replace))
        .filter(Column::TokenHash.eq(token_hash))
        .filter(Column::Kind.eq(TokenKind::Refresh.as_str()))
        .filter(Column::Revoked.eq(false))
        .filter(Column::Expires.gt(micros(now)))
        .exec(tx)
        .await?;
    if taken.rows_affected == 1 {
        insert(tx, tokens).await?;
        if replace {
            changes::append(tx, now, [(Topic::OAuthToken, token_hash.to_owned())]).await?;
        }
        return Ok(Issued::Stored);
    }
    let row = oauth_token::Entity::find().filter(Column::TokenHash.eq(token_hash)).one(tx).await?;
    match row {
        Some(row) if row.revoked && row.kind == TokenKind::Refresh.as_str() => {
            family(tx, row.grant_id, now).await?;
            Ok(Issued::Replayed)
        }
        _ => Ok(Issued::Unknown),
    }
}

async fn family(tx: &DatabaseTransaction, grant: uuid::Uuid, now: DateTime<Utc>) -> Result<(), StoreError> {
    let these = Condition::all().add(oauth_token::Column::GrantId.eq(grant));
    revoke(tx, these, now).await?;
    Ok(())
}
