//! Access and refresh tokens. They are found by their hash, and belong to a family, which is revoked as
//! a whole when one of its members turns out to be in the wrong hands (RFC 9700, section 4.14.2).

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

use super::grant_list::{self, GrantFilter};
use crate::entity::oauth_token;
use crate::text::{DATA, TEXT, fits, from_json, micros, to_json};
use crate::{Store, StoreError, Topic, changes, expired};

const CHUNK: usize = 500;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// It opens resources.
    Access,
    /// It is exchanged for new tokens.
    Refresh,
}

impl TokenKind {
    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub struct OAuthToken {
    /// Primary key.
    pub pk: i64,
    /// [`crate::hash_secret`] of the token.
    pub token_hash: String,
    /// What it is for.
    pub kind: TokenKind,
    /// Its family.
    pub grant: Uuid,
    /// The provider that issued it.
    pub provider: Uuid,
    /// Whom it speaks for.
    pub user_pk: i64,
    /// Public identifier of the browser session that it ends with; none for what outlives the login.
    pub session: Option<Uuid>,
    /// Granted scopes, separated by spaces.
    pub scope: String,
    /// Its claims and what else has to be known when it is used.
    pub data: Value,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it is void.
    pub expires: DateTime<Utc>,
    /// Whether it was revoked, or replaced by a newer one.
    pub revoked: bool,
}

/// A token to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewOAuthToken {
    /// See [`OAuthToken::token_hash`].
    pub token_hash: String,
    /// See [`OAuthToken::kind`].
    pub kind: TokenKind,
    /// See [`OAuthToken::grant`].
    pub grant: Uuid,
    /// See [`OAuthToken::provider`].
    pub provider: Uuid,
    /// See [`OAuthToken::user_pk`].
    pub user_pk: i64,
    /// See [`OAuthToken::session`].
    pub session: Option<Uuid>,
    /// See [`OAuthToken::scope`].
    pub scope: String,
    /// See [`OAuthToken::data`].
    pub data: Value,
    /// See [`OAuthToken::created`].
    pub created: DateTime<Utc>,
    /// See [`OAuthToken::expires`].
    pub expires: DateTime<Utc>,
}

impl NewOAuthToken {
    pub(super) fn row(&self) -> Result<oauth_token::ActiveModel, StoreError> {
        fits("token", &self.token_hash, 64)?;
        fits("scope", &self.scope, TEXT)?;
        Ok(oauth_token::ActiveModel {
            pk: NotSet,
            token_hash: Set(self.token_hash.clone()),
            kind: Set(self.kind.as_str().to_owned()),
            grant_id: Set(self.grant),
            provider: Set(self.provider),
            user_pk: Set(self.user_pk),
            session: Set(self.session),
            scope: Set(self.scope.clone()),
            data: Set(to_json("token", &self.data, DATA)?),
            created: Set(micros(self.created)),
            expires: Set(micros(self.expires)),
            revoked: Set(false),
        })
    }
}

/// Access and refresh tokens; see the module. They are made by [`Self::issue`].
#[derive(Debug, Clone, Copy)]
pub struct OAuthTokens<'a> {
    pub(crate) store: &'a Store,
}

impl OAuthTokens<'_> {
    /// The token with this hash, whatever its state.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn find(&self, token_hash: &str) -> Result<Option<OAuthToken>, StoreError> {
        self.one(oauth_token::Column::TokenHash.eq(token_hash)).await
    }

    /// The token with this key.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, pk: i64) -> Result<Option<OAuthToken>, StoreError> {
        self.one(oauth_token::Column::Pk.eq(pk)).await
    }

    async fn one(&self, which: SimpleExpr) -> Result<Option<OAuthToken>, StoreError> {
        self.store
            .bounded(async {
                let row = oauth_token::Entity::find().filter(which).one(self.store.reader()).await?;
                row.map(OAuthToken::try_from).transpose()
            })
            .await
    }

    /// The tokens of one page and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, kind: TokenKind, filter: &GrantFilter) -> Result<(Vec<OAuthToken>, u64), StoreError> {
        self.store
            .bounded(async {
                let (rows, total) = grant_list::tokens(self.store.reader(), kind, filter).await?;
                let tokens: Result<Vec<_>, _> = rows.into_iter().map(OAuthToken::try_from).collect();
                Ok((tokens?, total))
            })
            .await
    }

    /// Revokes one token; answers whether it was in force.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn revoke(&self, token_hash: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        Ok(self.end(oauth_token::Column::TokenHash.eq(token_hash).into(), now).await? > 0)
    }

    /// Revokes a family; answers how many of it were in force.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn revoke_grant(&self, grant: Uuid, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.end(oauth_token::Column::GrantId.eq(grant).into(), now).await
    }

    /// Revokes what a user's sign-ins at a provider were issued; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn revoke_for_user(&self, user_pk: i64, provider: Uuid, now: DateTime<Utc>) -> Result<u64, StoreError> {
        use oauth_token::Column;
        self.end(Condition::all().add(Column::UserPk.eq(user_pk)).add(Column::Provider.eq(provider)), now).await
    }

    /// Revokes what a browser session was issued; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn revoke_for_session(&self, session: Uuid, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.end(oauth_token::Column::Session.eq(session).into(), now).await
    }

    /// Revokes what a browser session was issued at one provider; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn revoke_at(&self, session: Uuid, provider: Uuid, now: DateTime<Utc>) -> Result<u64, StoreError> {
        use oauth_token::Column;
        self.end(Condition::all().add(Column::Session.eq(session)).add(Column::Provider.eq(provider)), now).await
    }

    async fn end(&self, these: Condition, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let count = revoke(&tx, these, now).await?;
                tx.commit().await?;
                Ok(count)
            })
            .await
    }

    /// Deletes a token; answers whether it existed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete(&self, pk: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let Some(row) = oauth_token::Entity::find_by_id(pk).lock_exclusive().one(&tx).await? else {
                    return Ok(false);
                };
                oauth_token::Entity::delete_by_id(pk).exec(&tx).await?;
                changes::append(&tx, now, [(Topic::OAuthToken, row.token_hash)]).await?;
                tx.commit().await?;
                Ok(true)
            })
            .await
    }

    /// Removes up to `limit` tokens that were void before a time. Replaced refresh tokens stay until
    /// then, so that their reuse is noticed. Answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_expired(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        use oauth_token::Column;
        let old = Column::Expires.lt(micros(before));
        expired::delete::<oauth_token::Entity>(self.store, Column::Pk, old, limit).await
    }
}

/// Revokes tokens within a transaction and notes it for the other nodes; answers how many were in force.
pub(super) async fn revoke(tx: &DatabaseTransaction, these: Condition, now: DateTime<Utc>) -> Result<u64, StoreError> {
    use oauth_token::Column;
    let all = oauth_token::Entity::find().filter(these).order_by_asc(Column::Pk).lock_exclusive();
    // Somebody may be replacing one of them right now: a lock that was waited for is followed by another
    // look, which finds what came in its place (PostgreSQL looks once a statement).
    let mut seen = None;
    let found = loop {
        let found: Vec<(i64, String, bool)> = all
            .clone()
            .select_only()
            .columns([Column::Pk, Column::TokenHash, Column::Revoked])
            .into_tuple()
            .all(tx)
            .await?;
        if seen == Some(found.len()) {
            break found;
        }
        seen = Some(found.len());
    };
    let found: Vec<(i64, String)> =
        found.into_iter().filter(|(_, _, revoked)| !revoked).map(|(pk, hash, _)| (pk, hash)).collect();
    for chunk in found.chunks(CHUNK) {
        oauth_token::Entity::update_many()
            .col_expr(Column::Revoked, Expr::value(true))
            .filter(Column::Pk.is_in(chunk.iter().map(|(pk, _)| *pk)))
            .exec(tx)
            .await?;
    }
    let count = found.len() as u64;
    changes::append(tx, now, found.into_iter().map(|(_, hash)| (Topic::OAuthToken, hash))).await?;
    Ok(count)
}

impl TryFrom<oauth_token::Model> for OAuthToken {
    type Error = StoreError;

    fn try_from(row: oauth_token::Model) -> Result<Self, StoreError> {
        let kind = match row.kind.as_str() {
            "access" => TokenKind::Access,
            "refresh" => TokenKind::Refresh,
            _ => return Err(StoreError::Corrupt { what: "oauth_tokens.kind".to_owned() }),
        };
        Ok(Self {
            pk: row.pk,
            token_hash: row.token_hash,
            kind,
            grant: row.grant_id,
            provider: row.provider,
            user_pk: row.user_pk,
            session: row.session,
            scope: row.scope,
            data: from_json("oauth_tokens.data", &row.data)?,
            created: row.created,
            expires: row.expires,
            revoked: row.revoked,
        })
    }
}
