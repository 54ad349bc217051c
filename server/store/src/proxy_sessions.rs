//! Sessions of protected services: each derives from a browser session and ends with it.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, FromQueryResult, JoinType, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::entity::{proxy_session, session};
use crate::expired;
use crate::sessions::readable;
use crate::text::{DATA, fits, micros};
use crate::{JsonText, Store, StoreError, Topic, changes};

const CHUNK: usize = 1_000;

/// A session of one provider's services.
#[derive(Debug, Clone, PartialEq)]
pub struct ProxySession {
    /// [`crate::hash_secret`] of the identifier in the service's cookie.
    pub id_hash: String,
    /// Public identifier of the browser session it derives from.
    pub session: Uuid,
    /// The provider.
    pub provider: Uuid,
    /// Who is logged in.
    pub user_pk: i64,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it ends, if its browser session does not end before.
    pub expires: DateTime<Utc>,
    /// What was settled at login: claims, token, scopes.
    pub data: JsonText,
}

#[derive(FromQueryResult)]
struct Derived {
    #[sea_orm(nested)]
    derived: proxy_session::Model,
    browser: String,
}

/// Sessions of protected services; see the module.
#[derive(Debug, Clone, Copy)]
pub struct ProxySessions<'a> {
    pub(crate) store: &'a Store,
}

impl ProxySessions<'_> {
    /// Stores a new one.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] if the browser session has ended, [`StoreError::Unique`] if the
    /// identifier is taken, or whatever the database answers.
    pub async fn create(&self, new: &ProxySession, now: DateTime<Utc>) -> Result<(), StoreError> {
        fits("id", &new.id_hash, 64)?;
        let row = proxy_session::ActiveModel {
            id_hash: Set(new.id_hash.clone()),
            session: Set(new.session),
            provider: Set(new.provider),
            user_pk: Set(new.user_pk),
            created: Set(micros(new.created)),
            expires: Set(micros(new.expires)),
            data: Set(new.data.bounded("session", DATA)?),
        };
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                proxy_session::Entity::insert(row).exec_without_returning(&tx).await?;
                changes::append(&tx, now, [(Topic::ProxySession, new.id_hash.clone())]).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// The one with this hash, and the hash of the browser session it derives from; `None` if either has ended.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn load(&self, id_hash: &str, now: DateTime<Utc>) -> Result<Option<(ProxySession, String)>, StoreError> {
        let origin = proxy_session::Entity::belongs_to(session::Entity)
            .from(proxy_session::Column::Session)
            .to(session::Column::Uuid);
        self.store
            .bounded(async {
                let select = proxy_session::Entity::find_by_id(id_hash)
                    .filter(proxy_session::Column::Expires.gt(micros(now)))
                    .filter(session::Column::Expires.gt(micros(now)))
                    .join(JoinType::InnerJoin, origin.into())
                    .column_as(session::Column::IdHash, "browser");
                let found = select.into_model::<Derived>().one(self.store.reader()).await;
                let found = found
                    .map_err(StoreError::from)
                    .and_then(|row| row.map(|row| Ok((ProxySession::try_from(row.derived)?, row.browser))).transpose());
                readable(found)
            })
            .await
    }

    /// All that derive from a browser session.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn of_session(&self, session: Uuid) -> Result<Vec<ProxySession>, StoreError> {
        self.store
            .bounded(async {
                let theirs = proxy_session::Column::Session.eq(session);
                let select = proxy_session::Entity::find().filter(theirs);
                let select = select.order_by_asc(proxy_session::Column::Created);
                let rows = select.all(self.store.reader()).await?;
                rows.into_iter().map(ProxySession::try_from).collect()
            })
            .await
    }

    /// Ends one; answers whether it existed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete(&self, id_hash: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        Ok(self.end(proxy_session::Column::IdHash.eq(id_hash).into(), now).await? > 0)
    }

    /// Ends all that derive from a browser session, which goes on; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_for_session(&self, session: Uuid, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.end(proxy_session::Column::Session.eq(session).into(), now).await
    }

    /// Ends all that a user has at a provider, from whatever browser; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_for_user(&self, user_pk: i64, provider: Uuid, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let theirs = Condition::all()
            .add(proxy_session::Column::UserPk.eq(user_pk))
            .add(proxy_session::Column::Provider.eq(provider));
        self.end(theirs, now).await
    }

    /// Removes up to `limit` that have ended; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_expired(&self, now: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        use proxy_session::Column;
        let ended = Column::Expires.lte(micros(now));
        expired::delete::<proxy_session::Entity>(self.store, Column::IdHash, ended, limit).await
    }

    async fn end(&self, these: Condition, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let count = end(&tx, these, now).await?;
                tx.commit().await?;
                Ok(count)
            })
            .await
    }
}

/// Ends sessions within a transaction and notes it for the other nodes; answers how many.
pub(crate) async fn end(tx: &DatabaseTransaction, these: Condition, now: DateTime<Utc>) -> Result<u64, StoreError> {
    use proxy_session::Column;
    let select = proxy_session::Entity::find().select_only().column(Column::IdHash);
    let found = select.filter(these).order_by_asc(Column::IdHash).lock_exclusive();
    let found: Vec<String> = found.into_tuple().all(tx).await?;
    for chunk in found.chunks(CHUNK) {
        let these = Column::IdHash.is_in(chunk);
        proxy_session::Entity::delete_many().filter(these).exec(tx).await?;
    }
    let count = found.len() as u64;
    changes::append(tx, now, found.into_iter().map(|hash| (Topic::ProxySession, hash))).await?;
    Ok(count)
}

impl TryFrom<proxy_session::Model> for ProxySession {
    type Error = StoreError;

    fn try_from(row: proxy_session::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id_hash: row.id_hash,
            session: row.session,
            provider: row.provider,
            user_pk: row.user_pk,
            created: row.created,
            expires: row.expires,
            data: JsonText::stored("proxy_sessions.data", row.data)?,
        })
    }
}
