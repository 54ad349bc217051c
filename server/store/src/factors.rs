//! Authenticators in use: what proves one, that nothing proves it twice, and the pauses after what was wrong.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
};

use crate::StoreError;
use crate::authenticators::{Authenticator, AuthenticatorKind, Authenticators};
use crate::entity::{authenticator, static_code};
use crate::text::micros;

/// The most authenticators of one user that are looked at.
const MOST: u64 = 100;

/// Tries at an authenticator that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many since the last that did not.
    pub count: u32,
    /// When the last one came.
    pub last: Option<DateTime<Utc>>,
}

impl Authenticators<'_> {
    /// The proven authenticators of a user, that which was used last first.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn usable(&self, user: i64) -> Result<Vec<Authenticator>, StoreError> {
        use authenticator::Column;
        self.store
            .bounded(async {
                let theirs =
                    authenticator::Entity::find().filter(Column::UserPk.eq(user)).filter(Column::Confirmed.eq(true));
                let rows = theirs.order_by_asc(Column::Pk).paginate(self.store.reader(), MOST).fetch_page(0).await?;
                let found: Result<Vec<Authenticator>, _> = rows.into_iter().map(Authenticator::try_from).collect();
                let mut found = found?;
                // The databases disagree about where those that were never used stand.
                found.sort_by_key(|one| std::cmp::Reverse(one.last_used));
                Ok(found)
            })
            .await
    }

    /// What a verifier knows of an authenticator, and the tries at it that failed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Seal`], or whatever the database answers.
    pub async fn secret(&self, pk: i64) -> Result<(String, Failures), StoreError> {
        self.store
            .bounded(async {
                let row = authenticator::Entity::find_by_id(pk).one(self.store.reader()).await?;
                let row = row.ok_or(StoreError::NotFound { what: "authenticator" })?;
                let failures = Failures { count: u32::try_from(row.failures).unwrap_or_default(), last: row.failed_at };
                if row.secret.is_empty() {
                    return Ok((String::new(), failures));
                }
                let place = place(row.user_pk, &row.kind);
                let secret = self.store.seal_key().open(&place, &row.secret)?;
                Ok((String::from_utf8(secret).map_err(|_| StoreError::Seal { what: place })?, failures))
            })
            .await
    }

    /// The proven authenticator that a passkey's credential id names.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_external_id(&self, id: &str) -> Result<Option<Authenticator>, StoreError> {
        use authenticator::Column;
        self.store
            .bounded(async {
                let found =
                    authenticator::Entity::find().filter(Column::ExternalId.eq(id)).filter(Column::Confirmed.eq(true));
                found.one(self.store.reader()).await?.map(Authenticator::try_from).transpose()
            })
            .await
    }

    /// Takes a time step of an app (RFC 6238); `false` when it, or a later one, was taken before. Of two that come
    /// together one takes it.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn take_step(&self, pk: i64, step: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        use authenticator::Column;
        let update = used(now)
            .col_expr(Column::LastStep, Expr::value(step))
            .filter(Column::Pk.eq(pk))
            .filter(Column::LastStep.lt(step));
        self.store.bounded(self.one_row(update)).await
    }

    /// Takes a code that works once; `false` when there is none such. Of two that come together one takes it.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn take_code(&self, pk: i64, code: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let taken = static_code::Entity::delete_by_id((pk, self.code_hash(pk, code))).exec(&tx).await?;
                if taken.rows_affected == 0 {
                    return Ok(false);
                }
                used(now).filter(authenticator::Column::Pk.eq(pk)).exec(&tx).await?;
                tx.commit().await?;
                Ok(true)
            })
            .await
    }

    /// Has an authenticator accept this code, and none that it was given before.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn give_code(&self, pk: i64, code: &str) -> Result<(), StoreError> {
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let before = static_code::Entity::delete_many().filter(static_code::Column::AuthenticatorPk.eq(pk));
                before.exec(&tx).await?;
                self.put_codes(&tx, pk, &[code.to_owned()]).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// How many codes are left.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn codes_left(&self, pk: i64) -> Result<u64, StoreError> {
        let left = static_code::Entity::find().filter(static_code::Column::AuthenticatorPk.eq(pk));
        self.store.bounded(async { Ok(left.count(self.store.reader()).await?) }).await
    }

    /// Notes that an authenticator was used, and what its verifier knows of it now, where that has changed.
    ///
    /// # Errors
    /// [`StoreError::Seal`], or whatever the database answers.
    pub async fn note_use(
        &self,
        one: &Authenticator,
        secret: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut update = used(now).filter(authenticator::Column::Pk.eq(one.pk));
        if let Some(secret) = secret {
            let sealed = self.sealed(one.user_pk, one.kind, secret)?;
            update = update.col_expr(authenticator::Column::Secret, Expr::value(sealed));
        }
        self.store.bounded(async { self.one_row(update).await.map(drop) }).await
    }

    /// Begins a try, which counts as failed until the authenticator was used; `false` when others were begun since
    /// `seen`. So of many that are made at once one is looked at.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn begin_try(&self, pk: i64, seen: Failures, now: DateTime<Utc>) -> Result<bool, StoreError> {
        use authenticator::Column;
        let seen = i32::try_from(seen.count).unwrap_or(i32::MAX);
        let update = authenticator::Entity::update_many()
            .col_expr(Column::Failures, Expr::value(seen.saturating_add(1)))
            .col_expr(Column::FailedAt, Expr::value(micros(now)))
            .filter(Column::Pk.eq(pk))
            .filter(Column::Failures.eq(seen));
        self.store.bounded(self.one_row(update)).await
    }

    /// Deletes all authenticators of a sort that a user has.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn drop_all(&self, user: i64, kind: AuthenticatorKind) -> Result<(), StoreError> {
        use authenticator::Column;
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let theirs = authenticator::Entity::delete_many().filter(Column::UserPk.eq(user));
                theirs.filter(Column::Kind.eq(kind.as_str())).exec(&tx).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// Changes at most one row; whether there was one.
    async fn one_row(&self, update: sea_orm::UpdateMany<authenticator::Entity>) -> Result<bool, StoreError> {
        let tx = self.store.begin().await?;
        let changed = update.exec(&tx).await?.rows_affected > 0;
        tx.commit().await?;
        Ok(changed)
    }

    /// Stores codes that each work once.
    pub(crate) async fn put_codes(
        &self,
        tx: &DatabaseTransaction,
        pk: i64,
        codes: &[String],
    ) -> Result<(), StoreError> {
        if codes.is_empty() {
            return Ok(());
        }
        let row = |code: &String| static_code::ActiveModel {
            authenticator_pk: Set(pk),
            code_hash: Set(self.code_hash(pk, code)),
        };
        static_code::Entity::insert_many(codes.iter().map(row)).exec_without_returning(tx).await?;
        Ok(())
    }

    fn code_hash(&self, pk: i64, code: &str) -> String {
        self.store.seal_key().recognise(&format!("static_codes/{pk}"), code)
    }

    pub(crate) fn sealed(&self, user: i64, kind: AuthenticatorKind, secret: &str) -> Result<String, StoreError> {
        self.store.seal_key().seal(&place(user, kind.as_str()), secret.as_bytes())
    }
}

pub(crate) fn place(user: i64, kind: &str) -> String {
    format!("authenticators/{user}/{kind}")
}

/// The use of an authenticator forgives what failed before.
fn used(now: DateTime<Utc>) -> sea_orm::UpdateMany<authenticator::Entity> {
    use authenticator::Column;
    authenticator::Entity::update_many()
        .col_expr(Column::LastUsed, Expr::value(micros(now)))
        .col_expr(Column::Failures, Expr::value(0))
        .col_expr(Column::FailedAt, Expr::value(Option::<DateTime<Utc>>::None))
}
