//! The audit log in figures, and all of it in order.

use chrono::{DateTime, NaiveDateTime, Utc};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Func};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{Event, EventFilter, Events};
use crate::entity::event;
use crate::store::Backend;
use crate::text::micros;
use crate::{StoreError, paging};

/// How often an application stands in the log, and how many people that were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppFigures {
    /// The application's key.
    pub application: String,
    /// Entries.
    pub events: u64,
    /// People.
    pub users: u64,
}

/// How often something happened in an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourFigures {
    /// What.
    pub action: String,
    /// The beginning of the hour.
    pub hour: DateTime<Utc>,
    /// How often.
    pub count: u64,
}

/// A place in the log when it is read from its end to its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPlace {
    /// When the entry there was made.
    pub created: DateTime<Utc>,
    /// Its key.
    pub pk: Uuid,
}

impl Events<'_> {
    /// The applications that stand in the entries most often, by falling count.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn top_applications(&self, filter: &EventFilter, most: u64) -> Result<Vec<AppFigures>, StoreError> {
        use event::Column;
        let counted = event::Entity::find()
            .filter(filter.condition())
            .filter(Column::AuthorizedApp.ne(""))
            .select_only()
            .column(Column::AuthorizedApp)
            .column_as(Expr::col(Asterisk).count(), "events")
            .column_as(Expr::col(Column::UserPk).count_distinct(), "people")
            .group_by(Column::AuthorizedApp)
            .order_by(Expr::col(Asterisk).count(), Order::Desc)
            .order_by(Column::AuthorizedApp, Order::Asc)
            .limit(most);
        let rows: Vec<(String, i64, i64)> =
            self.store.bounded(async { Ok(counted.into_tuple().all(self.store.reader()).await?) }).await?;
        let figures = |(application, events, users): (String, i64, i64)| AppFigures {
            application,
            events: events.unsigned_abs(),
            users: users.unsigned_abs(),
        };
        Ok(rows.into_iter().map(figures).collect())
    }

    /// How often each action stands in each hour, oldest first.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn volume(&self, filter: &EventFilter) -> Result<Vec<HourFigures>, StoreError> {
        use event::Column;
        let hour = hour_of(self.store.backend(), Expr::col((event::Entity, Column::Created)));
        let counted = event::Entity::find()
            .filter(filter.condition())
            .select_only()
            .column(Column::Action)
            .column_as(hour, "hour")
            .column_as(Expr::col(Asterisk).count(), "events")
            .group_by(Column::Action)
            // By place: with its values bound, the expression would not be known to be the same one.
            .group_by(Expr::cust("2"))
            .order_by(Expr::cust("2"), Order::Asc)
            .order_by(Column::Action, Order::Asc);
        let rows: Vec<(String, String, i64)> =
            self.store.bounded(async { Ok(counted.into_tuple().all(self.store.reader()).await?) }).await?;
        rows.into_iter()
            .map(|(action, hour, count)| {
                Ok(HourFigures { action, hour: read_hour(&hour)?, count: count.unsigned_abs() })
            })
            .collect()
    }

    /// How many entries match.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn count(&self, filter: &EventFilter) -> Result<u64, StoreError> {
        let matching = event::Entity::find().filter(filter.condition());
        self.store.bounded(paging::count(self.store.reader(), matching)).await
    }

    /// How many people stand in the entries that match.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn unique_users(&self, filter: &EventFilter) -> Result<u64, StoreError> {
        let people = Expr::col((event::Entity, event::Column::UserPk)).count_distinct();
        let counted = event::Entity::find().filter(filter.condition()).select_only().column_as(people, "people");
        let found: Option<i64> =
            self.store.bounded(async { Ok(counted.into_tuple().one(self.store.reader()).await?) }).await?;
        Ok(found.unwrap_or_default().unsigned_abs())
    }

    /// Up to `limit` entries behind a place, newest first, for whoever reads them all; the filter's order and page
    /// do not matter.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn behind(
        &self,
        filter: &EventFilter,
        place: Option<EventPlace>,
        limit: u64,
    ) -> Result<Vec<Event>, StoreError> {
        use event::Column;
        let behind = place.map(|place| {
            let at = micros(place.created);
            let same = Condition::all().add(Column::Created.eq(at)).add(Column::Pk.lt(place.pk));
            Condition::any().add(Column::Created.lt(at)).add(same)
        });
        self.store
            .bounded(async {
                let rows = event::Entity::find()
                    .filter(filter.condition().add_option(behind))
                    .order_by_desc(Column::Created)
                    .order_by_desc(Column::Pk)
                    .limit(limit)
                    .all(self.store.reader())
                    .await?;
                rows.into_iter().map(Event::try_from).collect()
            })
            .await
    }
}

/// The hour of a moment, for grouping: `2026-11-28` and the hour, with whatever stands between.
pub(crate) fn hour_of(backend: Backend, created: Expr) -> Expr {
    match backend {
        Backend::Sqlite => Expr::expr(Func::cust("substr").arg(created).arg(1).arg(13)),
        Backend::Postgres => {
            let there = Func::cust("timezone").arg("UTC").arg(created);
            Expr::expr(Func::cust("to_char").arg(there).arg("YYYY-MM-DD HH24"))
        }
    }
}

/// The moment at which such an hour begins.
pub(crate) fn read_hour(text: &str) -> Result<DateTime<Utc>, StoreError> {
    let text = format!("{}:00", text.replace('T', " "));
    let read = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M");
    read.map(|time| time.and_utc()).map_err(|_| StoreError::Corrupt { what: "events.created".to_owned() })
}
