//! Lists of groups: which filters there are and how they become SQL.

use chrono::{DateTime, Utc};
use lockgate_model::Group;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter, Select};
use serde_json::{Map, Value};

use crate::entity::{group, membership, user};
use crate::groups::with_parents;
use crate::membership::in_force;
use crate::paging::{self, Page};
use crate::text::{comparable, from_json, search_patterns};
use crate::user_filter::{holds, text_is};
use crate::{Groups, StoreError};

/// Which groups are wanted; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupFilter {
    /// Words that the name contains, without regard to case.
    pub search: Option<String>,
    /// Exact name.
    pub name: Option<String>,
    /// Marked as superuser group itself, or not.
    pub is_superuser: Option<bool>,
    /// One of these users is a direct member; empty means any.
    pub members_by_pk: Vec<i64>,
    /// A user with one of these names is a direct member; empty means any.
    pub members_by_username: Vec<String>,
    /// Attributes that hold all of this.
    pub attributes: Option<Map<String, Value>>,
    /// `name` and `pk`, each with whether it descends. Others are ignored; by name if none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

impl Groups<'_> {
    /// The groups of one page at a moment, and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &GroupFilter, now: DateTime<Utc>) -> Result<(Vec<Group>, u64), StoreError> {
        self.store
            .bounded(async {
                let db = self.store.reader();
                let matching = group::Entity::find().filter(condition(filter, now));
                let order = |select| ordered(select, &filter.ordering);
                let (rows, total) = match &filter.attributes {
                    None => paging::fetch(db, matching, order, filter.page).await?,
                    Some(wanted) => {
                        let all = order(matching).all(db).await?;
                        matching_page(all, wanted, filter.page)?
                    }
                };
                Ok((with_parents(db, rows).await?, total))
            })
            .await
    }
}

fn matching_page(
    rows: Vec<group::Model>,
    wanted: &Map<String, Value>,
    page: Page,
) -> Result<(Vec<group::Model>, u64), StoreError> {
    let mut found = Vec::new();
    for row in rows {
        if holds(&from_json("groups.attributes", &row.attributes)?, wanted) {
            found.push(row);
        }
    }
    let total = found.len() as u64;
    let skip = usize::try_from(page.offset()).unwrap_or(usize::MAX);
    let take = usize::try_from(page.limit()).unwrap_or(usize::MAX);
    Ok((found.into_iter().skip(skip).take(take).collect(), total))
}

fn condition(filter: &GroupFilter, now: DateTime<Utc>) -> Condition {
    use group::Column;
    let mut all = Condition::all()
        .add_option(filter.name.as_deref().map(|name| text_is(Column::Name, name)))
        .add_option(filter.is_superuser.map(|superuser| Column::IsSuperuser.eq(superuser)));
    for pattern in filter.search.as_deref().map(search_patterns).unwrap_or_default() {
        all = all.add(Column::Search.like(pattern));
    }
    let mut containing = |wanted| {
        let groups = Query::select()
            .column(membership::Column::GroupPk)
            .from(membership::Entity)
            .and_where(wanted)
            .cond_where(in_force(now))
            .to_owned();
        all = all.clone().add(Column::Pk.in_subquery(groups));
    };
    if !filter.members_by_pk.is_empty() {
        containing(membership::Column::UserPk.is_in(filter.members_by_pk.iter().copied()));
    }
    if !filter.members_by_username.is_empty() {
        let names = filter.members_by_username.iter().filter_map(|name| comparable(name));
        let users = Query::select()
            .column(user::Column::Pk)
            .from(user::Entity)
            .and_where(user::Column::Username.is_in(names))
            .to_owned();
        containing(membership::Column::UserPk.in_subquery(users));
    }
    all
}

fn ordered(select: Select<group::Entity>, by: &[(String, bool)]) -> Select<group::Entity> {
    use group::Column;
    let column = |field: &str| match field {
        "pk" => Some(Column::Pk),
        "name" => Some(Column::Name),
        _ => None,
    };
    paging::ordered(select, by, column, (Column::Name, Order::Asc), (Column::Pk, Order::Asc))
}
