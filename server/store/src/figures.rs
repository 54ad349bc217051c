//! The installation in figures: how many people, with which factors, and how often somebody was kept out.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::authenticators::AuthenticatorKind;
use crate::entity::{authenticator, decision, user};
use crate::events::{hour_of, read_hour};
use crate::text::micros;
use crate::{Store, StoreError};

/// How many accounts there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeopleFigures {
    /// All.
    pub total: u64,
    /// Those that are active.
    pub active: u64,
    /// Those of programs.
    pub service_accounts: u64,
    /// Active internal ones without a confirmed second factor.
    pub without_factor: u64,
}

/// Figures; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Figures<'a> {
    pub(crate) store: &'a Store,
}

impl Figures<'_> {
    /// How many accounts there are.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn people(&self) -> Result<PeopleFigures, StoreError> {
        use user::Column;
        let sorts = user::Entity::find()
            .select_only()
            .column(Column::UserType)
            .column(Column::IsActive)
            .column_as(Expr::col(Asterisk).count(), "accounts")
            .group_by(Column::UserType)
            .group_by(Column::IsActive);
        let factor = Query::select()
            .expr(Expr::val(1))
            .from(authenticator::Entity)
            .and_where(
                Expr::col((authenticator::Entity, authenticator::Column::UserPk)).equals((user::Entity, Column::Pk)),
            )
            .and_where(authenticator::Column::Confirmed.eq(true))
            .to_owned();
        let without = user::Entity::find()
            .filter(Column::UserType.eq("internal"))
            .filter(Column::IsActive.eq(true))
            .filter(Expr::exists(factor).not())
            .select_only()
            .column_as(Expr::col(Asterisk).count(), "accounts");
        let (sorts, without): (Vec<(String, bool, i64)>, Option<i64>) = self
            .store
            .bounded(async {
                let sorts = sorts.into_tuple().all(self.store.reader()).await?;
                Ok((sorts, without.into_tuple().one(self.store.reader()).await?))
            })
            .await?;
        let mut figures =
            PeopleFigures { without_factor: without.unwrap_or_default().unsigned_abs(), ..PeopleFigures::default() };
        for (sort, is_active, count) in sorts {
            let count = count.unsigned_abs();
            figures.total += count;
            figures.active += if is_active { count } else { 0 };
            figures.service_accounts += if sort.ends_with("service_account") { count } else { 0 };
        }
        Ok(figures)
    }

    /// How many confirmed second factors there are of each sort that anybody has.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn factors(&self) -> Result<Vec<(AuthenticatorKind, u64)>, StoreError> {
        use authenticator::Column;
        let counted = authenticator::Entity::find()
            .filter(Column::Confirmed.eq(true))
            .select_only()
            .column(Column::Kind)
            .column_as(Expr::col(Asterisk).count(), "factors")
            .group_by(Column::Kind);
        let rows: Vec<(String, i64)> =
            self.store.bounded(async { Ok(counted.into_tuple().all(self.store.reader()).await?) }).await?;
        let of = |kind: AuthenticatorKind| {
            let count = rows.iter().find(|(word, _)| word == kind.as_str())?.1.unsigned_abs();
            Some((kind, count))
        };
        Ok(AuthenticatorKind::ALL.into_iter().filter_map(of).collect())
    }

    /// How many denials are kept of each hour since a moment.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn denials(&self, since: DateTime<Utc>) -> Result<Vec<(DateTime<Utc>, u64)>, StoreError> {
        use decision::Column;
        let hour = hour_of(self.store.backend(), Expr::col((decision::Entity, Column::Created)));
        let counted = decision::Entity::find()
            .filter(Column::Allow.eq(false))
            .filter(Column::Created.gte(micros(since)))
            .select_only()
            .column_as(hour, "hour")
            .column_as(Expr::col(Asterisk).count(), "denials")
            // By place: with its values bound, the expression would not be known to be the same one.
            .group_by(Expr::cust("1"));
        let rows: Vec<(String, i64)> =
            self.store.bounded(async { Ok(counted.into_tuple().all(self.store.reader()).await?) }).await?;
        rows.into_iter().map(|(hour, count)| Ok((read_hour(&hour)?, count.unsigned_abs()))).collect()
    }
}
