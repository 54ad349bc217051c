//! Lists of tasks: which are wanted, and how many there are of each sort.

use sea_orm::sea_query::{Asterisk, Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QuerySelect};

use super::{Task, TaskOutcome, TaskState, Tasks};
use crate::StoreError;
use crate::entity::task;
use crate::paging::{self, Page};
use crate::text::{comparable, containing};
use crate::user_filter::text_is;

/// Which tasks are wanted; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskFilter {
    /// Part of actor, queue or uid.
    pub search: Option<String>,
    /// Exact actor.
    pub actor: Option<String>,
    /// Exact queue.
    pub queue: Option<String>,
    /// In this state.
    pub state: Option<TaskState>,
    /// In one of these states, or over with one of these outcomes.
    pub sorts: Option<(Vec<TaskState>, Vec<TaskOutcome>)>,
    /// Beginning of `app_label.model`: the app.
    pub rel_app: Option<String>,
    /// Rest of `app_label.model`: the model.
    pub rel_name: Option<String>,
    /// Key of the thing that it is about.
    pub rel_id: Option<String>,
    /// Whether it is about none.
    pub rel_is_null: Option<bool>,
    /// `actor_name`, `queue_name`, `state`, `mtime`, `retries`, `eta`, each with whether it descends; newest first if
    /// none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

impl Tasks<'_> {
    /// The tasks of one page and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &TaskFilter) -> Result<(Vec<Task>, u64), StoreError> {
        use task::Column;
        let column = |field: &str| match field {
            "actor_name" => Some(Column::Actor),
            "queue_name" => Some(Column::Queue),
            "state" => Some(Column::State),
            "mtime" => Some(Column::Changed),
            "retries" => Some(Column::Retries),
            "eta" => Some(Column::Due),
            _ => None,
        };
        let newest = (Column::Changed, Order::Desc);
        self.store
            .bounded(async {
                let matching = task::Entity::find().filter(condition(filter));
                let last = (Column::Id, Order::Desc);
                let order = |select| paging::ordered(select, &filter.ordering, column, newest, last);
                let (rows, total) = paging::fetch(self.store.reader(), matching, order, filter.page).await?;
                let tasks: Result<Vec<_>, _> = rows.into_iter().map(Task::try_from).collect();
                Ok((tasks?, total))
            })
            .await
    }

    /// How many tasks there are of each state and outcome.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn census(&self) -> Result<Vec<(TaskState, Option<TaskOutcome>, u64)>, StoreError> {
        use task::Column;
        let counted = task::Entity::find()
            .select_only()
            .column(Column::State)
            .column(Column::Outcome)
            .column_as(Expr::col(Asterisk).count(), "tasks")
            .group_by(Column::State)
            .group_by(Column::Outcome);
        let rows: Vec<(String, String, i64)> =
            self.store.bounded(async { Ok(counted.into_tuple().all(self.store.reader()).await?) }).await?;
        let known = |(state, outcome, count): (String, String, i64)| {
            Some((TaskState::parse(&state)?, TaskOutcome::parse(&outcome), count.unsigned_abs()))
        };
        Ok(rows.into_iter().filter_map(known).collect())
    }
}

fn condition(filter: &TaskFilter) -> Condition {
    use task::Column;
    let part = filter.search.as_deref().filter(|search| !search.is_empty()).map(|search| {
        let any = |any: Condition, column: Column| any.add(column.like(containing(search)));
        [Column::Actor, Column::Queue, Column::Uid].into_iter().fold(Condition::any(), any)
    });
    let text = |column: Column, text: &Option<String>| text.as_deref().map(|text| text_is(column, text));
    let sorts = filter.sorts.as_ref().map(|(states, outcomes)| {
        Condition::any()
            .add(Column::State.is_in(states.iter().map(|state| state.as_str())))
            .add(Column::Outcome.is_in(outcomes.iter().map(|outcome| outcome.as_str())))
    });
    let app = filter.rel_app.as_deref().and_then(comparable).map(|app| Column::RelModel.starts_with(format!("{app}.")));
    let name = filter.rel_name.as_deref().and_then(comparable);
    let name = name.map(|name| Column::RelModel.ends_with(format!(".{name}")));
    Condition::all()
        .add_option(part)
        .add_option(sorts)
        .add_option(text(Column::Actor, &filter.actor))
        .add_option(text(Column::Queue, &filter.queue))
        .add_option(text(Column::RelId, &filter.rel_id))
        .add_option(filter.state.map(|state| Column::State.eq(state.as_str())))
        .add_option(app)
        .add_option(name)
        .add_option(filter.rel_is_null.map(|null| match null {
            true => Column::RelId.is_null(),
            false => Column::RelId.is_not_null(),
        }))
}
