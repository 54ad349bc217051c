//! What is done again and again, and when it is done next.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{Task, TaskEnd, TaskOutcome, finish, insert};
use crate::changes::{self, Topic};
use crate::entity::schedule;
use crate::paging::{self, Page};
use crate::text::{containing, cut, micros};
use crate::user_filter::text_is;
use crate::{Store, StoreError};

/// Work that is done again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Primary key.
    pub id: Uuid,
    /// What does it; unique.
    pub actor: String,
    /// When, as a crontab has it.
    pub crontab: String,
    /// Whether it is left out until somebody says otherwise.
    pub paused: bool,
    /// When it is done next.
    pub next_run: DateTime<Utc>,
    /// How it went last.
    pub last_outcome: Option<TaskOutcome>,
}

/// Which schedules are wanted; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScheduleFilter {
    /// Part of the actor.
    pub search: Option<String>,
    /// Exact actor.
    pub actor: Option<String>,
    /// Paused or not.
    pub paused: Option<bool>,
    /// `actor_name`, `crontab`, `paused`, `next_run`, each with whether it descends; by `next_run` if none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

/// Schedules; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Schedules<'a> {
    pub(crate) store: &'a Store,
}

impl Schedules<'_> {
    /// Makes the schedules that there are not yet, and forgets those that there are no more; what is there stays as
    /// it is.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn ensure(&self, all: &[Schedule]) -> Result<(), StoreError> {
        let rows = all.iter().map(|schedule| schedule::ActiveModel {
            id: Set(schedule.id),
            actor: Set(cut(&schedule.actor, 100)),
            crontab: Set(cut(&schedule.crontab, 100)),
            paused: Set(schedule.paused),
            next_run: Set(micros(schedule.next_run)),
            last_outcome: Set(None),
        });
        let known: Vec<&str> = all.iter().map(|schedule| schedule.actor.as_str()).collect();
        let gone = schedule::Entity::delete_many().filter(schedule::Column::Actor.is_not_in(known));
        let keep = OnConflict::column(schedule::Column::Actor).do_nothing().to_owned();
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                schedule::Entity::insert_many(rows).on_conflict(keep).exec_without_returning(&tx).await?;
                gone.exec(&tx).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// The schedule with this key.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, id: Uuid) -> Result<Option<Schedule>, StoreError> {
        self.store
            .bounded(async {
                let row = schedule::Entity::find_by_id(id).one(self.store.reader()).await?;
                Ok(row.map(Schedule::from))
            })
            .await
    }

    /// The schedules of one page and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &ScheduleFilter) -> Result<(Vec<Schedule>, u64), StoreError> {
        use schedule::Column;
        let column = |field: &str| match field {
            "actor_name" => Some(Column::Actor),
            "crontab" => Some(Column::Crontab),
            "paused" => Some(Column::Paused),
            "next_run" => Some(Column::NextRun),
            _ => None,
        };
        let part = filter.search.as_deref().filter(|search| !search.is_empty());
        let wanted = Condition::all()
            .add_option(part.map(|search| Column::Actor.like(containing(search))))
            .add_option(filter.actor.as_deref().map(|actor| text_is(Column::Actor, actor)))
            .add_option(filter.paused.map(|paused| Column::Paused.eq(paused)));
        self.store
            .bounded(async {
                let matching = schedule::Entity::find().filter(wanted);
                let (first, last) = ((Column::NextRun, Order::Asc), (Column::Actor, Order::Asc));
                let order = |select| paging::ordered(select, &filter.ordering, column, first, last);
                let (rows, total) = paging::fetch(self.store.reader(), matching, order, filter.page).await?;
                Ok((rows.into_iter().map(Schedule::from).collect(), total))
            })
            .await
    }

    /// The schedules that are due.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn due(&self, now: DateTime<Utc>) -> Result<Vec<Schedule>, StoreError> {
        use schedule::Column;
        self.store
            .bounded(async {
                let due = schedule::Entity::find()
                    .filter(Column::Paused.eq(false))
                    .filter(Column::NextRun.lte(micros(now)))
                    .order_by_asc(Column::NextRun);
                let rows = due.all(self.store.reader()).await?;
                Ok(rows.into_iter().map(Schedule::from).collect())
            })
            .await
    }

    /// When the next schedule is due.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        use schedule::Column;
        let first = schedule::Entity::find().filter(Column::Paused.eq(false)).order_by_asc(Column::NextRun);
        let first = first.select_only().column(Column::NextRun).limit(1);
        self.store.bounded(async { Ok(first.into_tuple().one(self.store.reader()).await?) }).await
    }

    /// Changes when it is done, and whether; answers whether there is such a schedule.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn set(
        &self,
        id: Uuid,
        crontab: &str,
        paused: bool,
        next_run: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        use schedule::Column;
        let change = schedule::Entity::update_many()
            .col_expr(Column::Crontab, Expr::value(cut(crontab, 100)))
            .col_expr(Column::Paused, Expr::value(paused))
            .col_expr(Column::NextRun, Expr::value(micros(next_run)))
            .filter(Column::Id.eq(id));
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                let done = change.exec(&tx).await?;
                changes::append(&tx, now, [(Topic::Task, id.to_string())]).await?;
                tx.commit().await?;
                Ok(done.rows_affected == 1)
            })
            .await
    }

    /// Begins a run that is due, if nobody else did: puts the schedule off until its next run, and stores the task
    /// that is running; answers whether.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn begin(&self, due: &Schedule, next_run: DateTime<Utc>, task: &Task) -> Result<bool, StoreError> {
        use schedule::Column;
        let claim = schedule::Entity::update_many()
            .col_expr(Column::NextRun, Expr::value(micros(next_run)))
            .filter(Column::Id.eq(due.id))
            .filter(Column::Paused.eq(false))
            .filter(Column::NextRun.eq(micros(due.next_run)));
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                if claim.exec(&tx).await?.rows_affected != 1 {
                    return Ok(false);
                }
                insert(&tx, std::slice::from_ref(task)).await?;
                tx.commit().await?;
                Ok(true)
            })
            .await
    }

    /// Notes what a run came to, at the task and at the schedule.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn end(
        &self,
        actor: &str,
        task: (Uuid, DateTime<Utc>),
        end: &TaskEnd,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        use schedule::Column;
        let outcome = end.outcome.map(TaskOutcome::as_str);
        let told = schedule::Entity::update_many()
            .col_expr(Column::LastOutcome, Expr::value(outcome))
            .filter(Column::Actor.eq(actor));
        self.store
            .bounded(async {
                let tx = self.store.begin().await?;
                if finish(&tx, task.0, task.1, end, now).await? {
                    told.exec(&tx).await?;
                }
                Ok(tx.commit().await?)
            })
            .await
    }
}

impl From<schedule::Model> for Schedule {
    fn from(row: schedule::Model) -> Self {
        Self {
            id: row.id,
            actor: row.actor,
            crontab: row.crontab,
            paused: row.paused,
            next_run: row.next_run,
            last_outcome: row.last_outcome.as_deref().and_then(TaskOutcome::parse),
        }
    }
}
