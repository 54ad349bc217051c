//! Device codes (RFC 8628): asked for by a device, approved by a person elsewhere, redeemed once.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use serde_json::Value;
use uuid::Uuid;

use crate::entity::device_code;
use crate::text::{DATA, TEXT, fits, from_json, micros, to_json};
use crate::{Store, StoreError, expired};

/// How far a device code has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceState {
    /// Nobody has decided yet.
    Pending,
    /// Somebody agreed.
    Approved,
    /// Somebody refused.
    Denied,
    /// It was exchanged for tokens.
    Redeemed,
}

impl DeviceState {
    const ALL: [Self; 4] = [Self::Pending, Self::Approved, Self::Denied, Self::Redeemed];

    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Redeemed => "redeemed",
        }
    }
}

/// A device code.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceCode {
    /// [`crate::hash_secret`] of the device code.
    pub device_hash: String,
    /// The provider it was made for.
    pub provider: Uuid,
    /// Scopes asked for, separated by spaces.
    pub scope: String,
    /// How far it has come.
    pub state: DeviceState,
    /// Who decided.
    pub user_pk: Option<i64>,
    /// Public identifier of the browser session that decided.
    pub session: Option<Uuid>,
    /// What else has to be known when it is redeemed.
    pub data: Value,
    /// Seconds that the device has to wait between two questions.
    pub poll_seconds: i32,
    /// When it is void.
    pub expires: DateTime<Utc>,
}

/// A device code to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDeviceCode {
    /// [`crate::hash_secret`] of the device code.
    pub device_hash: String,
    /// [`crate::hash_secret`] of the user code.
    pub user_code_hash: String,
    /// See [`DeviceCode::provider`].
    pub provider: Uuid,
    /// See [`DeviceCode::scope`].
    pub scope: String,
    /// See [`DeviceCode::data`].
    pub data: Value,
    /// See [`DeviceCode::poll_seconds`].
    pub poll_seconds: i32,
    /// See [`DeviceCode::expires`].
    pub expires: DateTime<Utc>,
}

/// What a device is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Polling {
    /// There is no such code, or it was redeemed.
    Unknown,
    /// Too late.
    Expired,
    /// Asked again too soon; the device has to wait five seconds longer from now on.
    SlowDown,
    /// Nobody has decided yet, or somebody has: see [`DeviceCode::state`].
    Found(DeviceCode),
}

/// Device codes; see the module.
#[derive(Debug, Clone, Copy)]
pub struct DeviceCodes<'a> {
    pub(crate) store: &'a Store,
}

impl DeviceCodes<'_> {
    /// Stores a new one.
    ///
    /// # Errors
    /// [`StoreError::Unique`] if a code is taken, or whatever the database answers.
    pub async fn create(&self, new: &NewDeviceCode) -> Result<(), StoreError> {
        fits("code", &new.device_hash, 64)?;
        fits("scope", &new.scope, TEXT)?;
        let row = device_code::ActiveModel {
            device_hash: Set(new.device_hash.clone()),
            user_code_hash: Set(new.user_code_hash.clone()),
            provider: Set(new.provider),
            scope: Set(new.scope.clone()),
            state: Set(DeviceState::Pending.as_str().to_owned()),
            user_pk: Set(None),
            session: Set(None),
            data: Set(to_json("code", &new.data, DATA)?),
            poll_seconds: Set(new.poll_seconds),
            polled: Set(None),
            expires: Set(micros(new.expires)),
        };
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                device_code::Entity::insert(row).exec_without_returning(&tx).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// The undecided code that a person typed, in time.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_user_code(
        &self,
        user_code_hash: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<DeviceCode>, StoreError> {
        use device_code::Column;
        self.store
            .bounded(async {
                let row = device_code::Entity::find()
                    .filter(Column::UserCodeHash.eq(user_code_hash))
                    .filter(Column::State.eq(DeviceState::Pending.as_str()))
                    .filter(Column::Expires.gt(micros(now)))
                    .one(self.store.reader())
                    .await?;
                row.map(DeviceCode::try_from).transpose()
            })
            .await
    }

    /// Notes a person's decision; answers whether it was the first one, in time. It ends with the session
    /// in which it was made.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when the session has ended, or whatever the database answers.
    pub async fn decide(
        &self,
        device_hash: &str,
        approved: bool,
        user_pk: i64,
        session: Uuid,
        data: &Value,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        use device_code::Column;
        let state = if approved { DeviceState::Approved } else { DeviceState::Denied };
        let data = to_json("code", data, DATA)?;
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let done = device_code::Entity::update_many()
                    .col_expr(Column::State, Expr::value(state.as_str()))
                    .col_expr(Column::UserPk, Expr::value(user_pk))
                    .col_expr(Column::Session, Expr::value(session))
                    .col_expr(Column::Data, Expr::value(data))
                    .filter(Column::DeviceHash.eq(device_hash))
                    .filter(Column::State.eq(DeviceState::Pending.as_str()))
                    .filter(Column::Expires.gt(micros(now)))
                    .exec(&tx)
                    .await?;
                tx.commit().await?;
                Ok(done.rows_affected == 1)
            })
            .await
    }

    /// Removes what was decided in a session and not redeemed yet: for one provider, or at all. Answers how
    /// many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_for_session(&self, session: Uuid, provider: Option<Uuid>) -> Result<u64, StoreError> {
        use device_code::Column;
        let these = Condition::all().add(Column::Session.eq(session));
        let these = these.add_option(provider.map(|provider| Column::Provider.eq(provider)));
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let gone = device_code::Entity::delete_many().filter(these).exec(&tx).await?;
                tx.commit().await?;
                Ok(gone.rows_affected)
            })
            .await
    }

    /// Answers the device, and notes when it asked (RFC 8628, section 3.5).
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn poll(&self, device_hash: &str, now: DateTime<Utc>) -> Result<Polling, StoreError> {
        use device_code::Column;
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let row = device_code::Entity::find_by_id(device_hash).lock_exclusive().one(&tx).await?;
                let Some(row) = row else { return Ok(Polling::Unknown) };
                let wait = TimeDelta::seconds(i64::from(row.poll_seconds));
                let early = row.polled.is_some_and(|last| now - last < wait);
                let slower = if early { row.poll_seconds.saturating_add(5) } else { row.poll_seconds };
                device_code::Entity::update_many()
                    .col_expr(Column::Polled, Expr::value(micros(now)))
                    .col_expr(Column::PollSeconds, Expr::value(slower))
                    .filter(Column::DeviceHash.eq(device_hash))
                    .exec(&tx)
                    .await?;
                tx.commit().await?;
                let code = DeviceCode::try_from(row)?;
                Ok(match code.state {
                    DeviceState::Redeemed => Polling::Unknown,
                    _ if code.expires <= now => Polling::Expired,
                    DeviceState::Pending if early => Polling::SlowDown,
                    _ => Polling::Found(code),
                })
            })
            .await
    }

    /// Removes up to `limit` codes that were void before a time; answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete_expired(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, StoreError> {
        use device_code::Column;
        let old = Column::Expires.lt(micros(before));
        expired::delete::<device_code::Entity>(self.store, Column::DeviceHash, old, limit).await
    }
}

/// Takes an approved code within a transaction; of any number of attempts at once, one succeeds.
pub(super) async fn redeem(
    tx: &DatabaseTransaction,
    device_hash: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    use device_code::Column;
    let done = device_code::Entity::update_many()
        .col_expr(Column::State, Expr::value(DeviceState::Redeemed.as_str()))
        .filter(Column::DeviceHash.eq(device_hash))
        .filter(Column::State.eq(DeviceState::Approved.as_str()))
        .filter(Column::Expires.gt(micros(now)))
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}

impl TryFrom<device_code::Model> for DeviceCode {
    type Error = StoreError;

    fn try_from(row: device_code::Model) -> Result<Self, StoreError> {
        let state = DeviceState::ALL.into_iter().find(|state| state.as_str() == row.state);
        Ok(Self {
            device_hash: row.device_hash,
            provider: row.provider,
            scope: row.scope,
            state: state.ok_or(StoreError::Corrupt { what: "oauth_device_codes.state".to_owned() })?,
            user_pk: row.user_pk,
            session: row.session,
            data: from_json("oauth_device_codes.data", &row.data)?,
            poll_seconds: row.poll_seconds,
            expires: row.expires,
        })
    }
}
