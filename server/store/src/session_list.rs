//! Lists of sessions.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Query;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, Order, QueryFilter, QuerySelect,
    QueryTrait, Select,
};

use crate::entity::{session, user};
use crate::paging::{self, Page};
use crate::sessions::readable;
use crate::text::{comparable, containing, micros, search_words};
use crate::user_filter::text_is;
use crate::{Session, Sessions, StoreError, user_pages};

/// Which sessions are wanted; all that is given must hold. Only those of logged-in users that have not
/// ended are ever listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Words that the user's username, name or e-mail address contain.
    pub search: Option<String>,
    /// Whose they are.
    pub user_pk: Option<i64>,
    /// Exact username of whose they are.
    pub username: Option<String>,
    /// Exact address.
    pub last_ip: Option<String>,
    /// Part of the user agent.
    pub user_agent: Option<String>,
    /// `created`, `last_used`, `expires`, each with whether it descends; newest use first if none.
    pub ordering: Vec<(String, bool)>,
    /// Which page.
    pub page: Page,
}

impl Sessions<'_> {
    /// The sessions of one page and how many match in all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &SessionFilter, now: DateTime<Utc>) -> Result<(Vec<Session>, u64), StoreError> {
        self.store
            .bounded(async {
                let matching =
                    session::Entity::find().filter(condition(self.store.reader().get_database_backend(), filter, now));
                let order = |select| ordered(select, &filter.ordering);
                let db = self.store.reader();
                let total = paging::count(db, matching.clone()).await?;
                let page = order(matching).limit(filter.page.limit()).offset(filter.page.offset());
                let rows = db.query_all_raw(page.build(db.get_database_backend())).await?;
                let mut sessions = Vec::with_capacity(rows.len());
                for row in rows {
                    let read = session::Model::from_query_result(&row, "").map_err(StoreError::from);
                    sessions.extend(readable(read.and_then(Session::try_from).map(Some))?);
                }
                Ok((sessions, total))
            })
            .await
    }
}

fn condition(backend: DbBackend, filter: &SessionFilter, now: DateTime<Utc>) -> Condition {
    use session::Column;
    let mut users = Condition::all();
    if let Some(search) = filter.search.as_deref().filter(|search| search_words(search).next().is_some()) {
        users = users.add(user_pages::found(backend, search));
    }
    if let Some(name) = &filter.username {
        users = users.add(text_is(user::Column::Username, name));
    }
    let of_users = (!users.is_empty()).then(|| {
        let select = Query::select().column(user::Column::Pk).from(user::Entity).cond_where(users).to_owned();
        Column::UserPk.in_subquery(select)
    });
    let agent = filter.user_agent.as_deref().and_then(comparable);
    Condition::all()
        .add(Column::UserPk.is_not_null())
        .add(Column::Expires.gt(micros(now)))
        .add_option(of_users)
        .add_option(filter.user_pk.map(|pk| Column::UserPk.eq(pk)))
        .add_option(filter.last_ip.as_deref().map(|ip| text_is(Column::LastIp, ip)))
        .add_option(agent.map(|agent| Column::UserAgent.like(containing(agent))))
}

fn ordered(select: Select<session::Entity>, by: &[(String, bool)]) -> Select<session::Entity> {
    use session::Column;
    let column = |field: &str| match field {
        "created" => Some(Column::Created),
        "last_used" => Some(Column::LastUsed),
        "expires" => Some(Column::Expires),
        _ => None,
    };
    paging::ordered(select, by, column, (Column::LastUsed, Order::Desc), (Column::Uuid, Order::Asc))
}
