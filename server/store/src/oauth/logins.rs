//! Which browser sessions signed in at which providers, so that these can be told when the login ends
//! (OpenID Connect Back-Channel Logout, section 2.5; Front-Channel Logout, section 3). A row outlives
//! its session: that the session is gone is how the end is noticed, whatever ended it. From then on
//! the row is the errand to tell the provider: it is claimed, put off, and removed when it is done.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use serde_json::Value;
use uuid::Uuid;

use crate::entity::login;
use crate::text::{DATA, from_json, micros, to_json};
use crate::{Store, StoreError};

/// A session's sign-in at a provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    /// Public identifier of the session.
    pub session: Uuid,
    /// The provider.
    pub provider: Uuid,
    /// Who.
    pub user_pk: i64,
    /// What the provider was told: `iss`, `sub`, `sid`.
    pub data: Value,
    /// When; once the login has ended: when the provider is to be told.
    pub created: DateTime<Utc>,
}

/// Sign-ins at providers; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Logins<'a> {
    pub(crate) store: &'a Store,
}

impl Logins<'_> {
    /// Notes a sign-in; one of the same session at the same provider is replaced.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn note(&self, new: &Login) -> Result<(), StoreError> {
        use login::Column;
        let row = login::ActiveModel {
            session: Set(new.session),
            provider: Set(new.provider),
            user_pk: Set(new.user_pk),
            data: Set(to_json("login", &new.data, DATA)?),
            created: Set(micros(new.created)),
        };
        let renew = OnConflict::columns([Column::Session, Column::Provider])
            .update_columns([Column::UserPk, Column::Data, Column::Created])
            .to_owned();
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                login::Entity::insert(row).on_conflict(renew).exec_without_returning(&tx).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// The sign-ins of a session, oldest first.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn of_session(&self, session: Uuid) -> Result<Vec<Login>, StoreError> {
        self.store
            .bounded(async {
                let rows = login::Entity::find()
                    .filter(login::Column::Session.eq(session))
                    .order_by_asc(login::Column::Created)
                    .all(self.store.reader())
                    .await?;
                rows.into_iter().map(Login::try_from).collect()
            })
            .await
    }

    /// Up to `limit` sign-ins whose session is gone, or belongs to somebody else by now, and that are
    /// not put off beyond `now`.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn ended(&self, now: DateTime<Utc>, limit: u64) -> Result<Vec<Login>, StoreError> {
        self.store
            .bounded(async {
                let sql = "SELECT l.session, l.provider, l.user_pk, l.data, l.created FROM oauth_logins l \
                           WHERE l.created <= $1 AND NOT EXISTS \
                           (SELECT 1 FROM sessions s WHERE s.uuid = l.session AND s.user_pk = l.user_pk) \
                           ORDER BY l.created LIMIT $2";
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                let statement = self.store.statement(sql, [micros(now).into(), limit.into()]);
                let rows = login::Entity::find().from_raw_sql(statement).all(self.store.reader()).await?;
                rows.into_iter().map(Login::try_from).collect()
            })
            .await
    }

    /// Ends the sign-ins of a session although the session goes on: at one provider, or at all. They
    /// move to `gone`, which is the identifier of no session. Answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn detach(&self, session: Uuid, provider: Option<Uuid>, gone: Uuid) -> Result<u64, StoreError> {
        use login::Column;
        let these = Condition::all().add(Column::Session.eq(session));
        let these = these.add_option(provider.map(|provider| Column::Provider.eq(provider)));
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let moved = login::Entity::update_many()
                    .col_expr(Column::Session, Expr::value(gone))
                    .filter(these)
                    .exec(&tx)
                    .await?;
                tx.commit().await?;
                Ok(moved.rows_affected)
            })
            .await
    }

    /// Puts an errand off, if nobody else did since it was read; answers whether. Who is told `true`
    /// has it for itself until then.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn put_off(&self, login: &Login, until: DateTime<Utc>, data: &Value) -> Result<bool, StoreError> {
        use login::Column;
        let data = to_json("login", data, DATA)?;
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let done = login::Entity::update_many()
                    .col_expr(Column::Created, Expr::value(micros(until)))
                    .col_expr(Column::Data, Expr::value(data))
                    .filter(Column::Session.eq(login.session))
                    .filter(Column::Provider.eq(login.provider))
                    .filter(Column::Created.eq(micros(login.created)))
                    .exec(&tx)
                    .await?;
                tx.commit().await?;
                Ok(done.rows_affected == 1)
            })
            .await
    }

    /// Removes a sign-in; of any number of attempts at once, one is told `true`.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn remove(&self, session: Uuid, provider: Uuid) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = login::Entity::delete_by_id((session, provider)).exec(&tx).await?;
                tx.commit().await?;
                Ok(gone.rows_affected == 1)
            })
            .await
    }
}

impl TryFrom<login::Model> for Login {
    type Error = StoreError;

    fn try_from(row: login::Model) -> Result<Self, StoreError> {
        Ok(Self {
            session: row.session,
            provider: row.provider,
            user_pk: row.user_pk,
            data: from_json("oauth_logins.data", &row.data)?,
            created: row.created,
        })
    }
}
