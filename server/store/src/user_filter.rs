//! Lists of accounts: which filters there are and how they become SQL.

use chrono::{DateTime, Utc};
use lockgate_model::{User, UserType};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, Order, QueryFilter, QuerySelect, Select,
};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::entity::{group, membership, user, user_role};
use crate::membership::{in_force, makes_superusers};
use crate::paging::{self, Page};
use crate::text::{comparable, from_json, micros, search_words};
use crate::{StoreError, Users, user_pages};

/// Bounds of a time; all that are given must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DateFilter {
    /// Exactly then.
    pub exact: Option<DateTime<Utc>>,
    /// Later than.
    pub after: Option<DateTime<Utc>>,
    /// Earlier than.
    pub before: Option<DateTime<Utc>>,
    /// Whether there is no time at all.
    pub is_null: Option<bool>,
}

/// Which accounts are wanted; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserFilter {
    /// Words that username, name or e-mail address contain, without regard to case.
    pub search: Option<String>,
    /// Exact username.
    pub username: Option<String>,
    /// Exact e-mail address.
    pub email: Option<String>,
    /// Exact display name.
    pub name: Option<String>,
    /// Active or not.
    pub is_active: Option<bool>,
    /// In a superuser group, directly or through another, or not.
    pub is_superuser: Option<bool>,
    /// With a confirmed second factor, or without any.
    pub has_factor: Option<bool>,
    /// Exact path.
    pub path: Option<String>,
    /// Beginning of the path.
    pub path_startswith: Option<String>,
    /// One of these sorts; empty means any.
    pub types: Vec<UserType>,
    /// Direct member of a group with one of these names; empty means any.
    pub groups_by_name: Vec<String>,
    /// Direct member of one of these groups; empty means any.
    pub groups_by_pk: Vec<Uuid>,
    /// Holds one of these roles directly; `None` means any or none.
    pub roles: Option<Vec<Uuid>>,
    /// This UUID.
    pub uuid: Option<Uuid>,
    /// One of these numbers.
    pub pk_in: Option<Vec<i64>>,
    /// Attributes that hold all of this; objects are compared by part.
    pub attributes: Option<Map<String, Value>>,
    /// When it was made.
    pub date_joined: DateFilter,
    /// When it was last changed.
    pub last_updated: DateFilter,
    /// When it last logged in.
    pub last_login: DateFilter,
    /// Field names, each with whether it descends: `pk`, `uuid`, `username`, `name`, `email`,
    /// `is_active`, `date_joined`, `last_login`, `last_updated`. Others are ignored; by username if none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

impl Users<'_> {
    /// The accounts of one page at a moment, and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &UserFilter, now: DateTime<Utc>) -> Result<(Vec<User>, u64), StoreError> {
        self.store
            .bounded(async {
                let db = self.store.reader();
                let (rows, total) = match user_pages::page(db, self.store.places(), filter, now).await? {
                    Some(page) => page,
                    None => self.filtered(db, filter, now).await?,
                };
                let users: Result<Vec<User>, _> = rows.into_iter().map(User::try_from).collect();
                Ok((users?, total))
            })
            .await
    }

    /// How many accounts match at a moment; ordering and page do not matter.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn count(&self, filter: &UserFilter, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let backend = self.store.reader().get_database_backend();
        let matching = user::Entity::find().filter(condition(backend, filter, now));
        self.store.bounded(paging::count(self.store.reader(), matching)).await
    }

    async fn filtered(
        &self,
        db: &impl ConnectionTrait,
        filter: &UserFilter,
        now: DateTime<Utc>,
    ) -> Result<(Vec<user::Model>, u64), StoreError> {
        let matching = user::Entity::find().filter(condition(db.get_database_backend(), filter, now));
        let order = |select| ordered(select, &filter.ordering);
        match &filter.attributes {
            None => paging::fetch_by_key(db, matching, order, user::Column::Pk, filter.page).await,
            Some(wanted) => self.with_attributes(order(matching), wanted, filter.page).await,
        }
    }

    /// JSON is opaque text to both databases, so attributes are compared here.
    async fn with_attributes(
        &self,
        matching: Select<user::Entity>,
        wanted: &Map<String, Value>,
        page: Page,
    ) -> Result<(Vec<user::Model>, u64), StoreError> {
        let db = self.store.reader();
        let columns = [user::Column::Pk, user::Column::Attributes];
        let all: Vec<(i64, String)> = matching.clone().select_only().columns(columns).into_tuple().all(db).await?;
        let mut pks = Vec::new();
        for (pk, attributes) in all {
            if holds(&from_json("users.attributes", &attributes)?, wanted) {
                pks.push(pk);
            }
        }
        let total = pks.len() as u64;
        let skip = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let take = usize::try_from(page.limit()).unwrap_or(usize::MAX);
        let shown: Vec<i64> = pks.into_iter().skip(skip).take(take).collect();
        Ok((matching.filter(user::Column::Pk.is_in(shown)).all(db).await?, total))
    }
}

/// Whether `have` holds everything in `wanted`; objects part by part, everything else by equality.
pub(crate) fn holds(have: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted.iter().all(|(key, wanted)| match (have.get(key), wanted) {
        (Some(Value::Object(have)), Value::Object(wanted)) => holds(have, wanted),
        (have, wanted) => have == Some(wanted),
    })
}

/// A column equals a text, if that text can be stored at all.
pub(crate) fn text_is(column: impl ColumnTrait, text: &str) -> Expr {
    match comparable(text) {
        Some(text) => column.eq(text),
        None => nothing(),
    }
}

/// A condition that no row meets.
pub(crate) fn nothing() -> Expr {
    Expr::cust("1 = 0")
}

fn condition(backend: DbBackend, filter: &UserFilter, now: DateTime<Utc>) -> Condition {
    use user::Column;
    let search = filter.search.as_deref().filter(|search| search_words(search).next().is_some());
    let mut all = Condition::all().add_option(search.map(|search| user_pages::found(backend, search)));
    let texts = [
        (Column::Username, &filter.username),
        (Column::Email, &filter.email),
        (Column::Name, &filter.name),
        (Column::Path, &filter.path),
    ];
    for (column, text) in texts {
        all = all.add_option(text.as_deref().map(|text| text_is(column, text)));
    }
    if !filter.types.is_empty() {
        all = all.add(Column::UserType.is_in(filter.types.iter().map(|t| t.as_str())));
    }
    all = all
        .add_option(filter.is_active.map(|active| Column::IsActive.eq(active)))
        .add_option(filter.is_superuser.map(|wanted| superuser(wanted, now)))
        .add_option(filter.has_factor.map(factor))
        .add_option(filter.path_startswith.as_deref().map(path_begins))
        .add_option(filter.uuid.map(|uuid| Column::Uuid.eq(uuid)))
        .add_option(filter.pk_in.as_ref().map(|pks| Column::Pk.is_in(pks.iter().copied())));
    let dates = [
        (Column::DateJoined, filter.date_joined),
        (Column::LastUpdated, filter.last_updated),
        (Column::LastLogin, filter.last_login),
    ];
    for (column, bounds) in dates {
        all = all.add(within(column, bounds));
    }
    for set in in_groups(filter, now) {
        all = all.add(Column::Pk.in_subquery(set));
    }
    all.add_option(filter.roles.as_deref().map(has_role))
}

/// With a confirmed second factor.
fn factor(wanted: bool) -> Expr {
    use crate::entity::authenticator;
    let has = Query::select()
        .expr(Expr::val(1))
        .from(authenticator::Entity)
        .and_where(
            Expr::col((authenticator::Entity, authenticator::Column::UserPk)).equals((user::Entity, user::Column::Pk)),
        )
        .and_where(authenticator::Column::Confirmed.eq(true))
        .to_owned();
    let has = Expr::exists(has);
    if wanted { has } else { has.not() }
}

/// In a group whose members are superusers, since membership is inherited upwards.
fn superuser(wanted: bool, now: DateTime<Utc>) -> Expr {
    let is = user::Column::Pk.in_subquery(members(makes_superusers(), now));
    if wanted { is } else { is.not() }
}

/// Not `LIKE`, which folds case on one of the databases.
fn path_begins(start: &str) -> Expr {
    let Some(start) = comparable(start) else { return nothing() };
    let length = i32::try_from(start.chars().count()).unwrap_or(i32::MAX);
    let path = Expr::col((user::Entity, user::Column::Path));
    Func::cust("substr").arg(path).arg(1).arg(length).eq(start)
}

pub(crate) fn within(column: impl ColumnTrait, bounds: DateFilter) -> Condition {
    Condition::all()
        .add_option(bounds.exact.map(|time| column.eq(micros(time))))
        .add_option(bounds.after.map(|time| column.gt(micros(time))))
        .add_option(bounds.before.map(|time| column.lt(micros(time))))
        .add_option(bounds.is_null.map(|null| match null {
            true => column.is_null(),
            false => column.is_not_null(),
        }))
}

/// Keys of those who are in the groups that a filter names, one set for each way of naming them.
pub(crate) fn in_groups(filter: &UserFilter, now: DateTime<Utc>) -> Vec<SelectStatement> {
    let mut sets = Vec::new();
    if !filter.groups_by_pk.is_empty() {
        sets.push(members(membership::Column::GroupPk.is_in(filter.groups_by_pk.iter().copied()), now));
    }
    if !filter.groups_by_name.is_empty() {
        let names = filter.groups_by_name.iter().filter_map(|name| comparable(name));
        let groups = Query::select()
            .column(group::Column::Pk)
            .from(group::Entity)
            .and_where(group::Column::Name.is_in(names))
            .to_owned();
        sets.push(members(membership::Column::GroupPk.in_subquery(groups), now));
    }
    sets
}

fn has_role(roles: &[Uuid]) -> Expr {
    let holders = Query::select()
        .column(user_role::Column::UserPk)
        .from(user_role::Entity)
        .and_where(user_role::Column::RoleId.is_in(roles.iter().copied()))
        .to_owned();
    user::Column::Pk.in_subquery(holders)
}

/// Keys of those whose membership is one of these, and counts.
fn members(wanted: Expr, now: DateTime<Utc>) -> SelectStatement {
    Query::select()
        .column(membership::Column::UserPk)
        .from(membership::Entity)
        .and_where(wanted)
        .cond_where(in_force(now))
        .to_owned()
}

/// The column of a field that lists are ordered by.
pub(crate) fn column(field: &str) -> Option<user::Column> {
    use user::Column;
    match field {
        "pk" => Some(Column::Pk),
        "uuid" => Some(Column::Uuid),
        "username" => Some(Column::Username),
        "name" => Some(Column::Name),
        "email" => Some(Column::Email),
        "is_active" => Some(Column::IsActive),
        "date_joined" => Some(Column::DateJoined),
        "last_login" => Some(Column::LastLogin),
        "last_updated" => Some(Column::LastUpdated),
        _ => None,
    }
}

fn ordered(select: Select<user::Entity>, by: &[(String, bool)]) -> Select<user::Entity> {
    use user::Column;
    paging::ordered(select, by, column, (Column::Username, Order::Asc), (Column::Pk, Order::Asc))
}
