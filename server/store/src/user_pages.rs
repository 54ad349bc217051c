//! Pages of accounts as they are mostly wanted: all, the active ones, a group's, or those that some words find. Their keys come from
//! `user_search`, a narrow copy that sign-ins do not write (`migrations/src/m20261129_000020_lists.rs`), and only the
//! rows of the page are read.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::HashMap;

use crate::entity::{user, user_count, user_search};
use crate::paging::{self, Page};
use crate::text::{containing, search_words};
use crate::{StoreError, UserFilter, user_filter};

/// Characters of what is looked up in an index; shorter words are looked for in every text.
const GRAM: usize = 3;

/// The accounts that hold every word.
pub(crate) fn found(backend: DbBackend, search: &str) -> Expr {
    user::Column::Pk.in_subquery(finding(backend, search))
}

/// Keys of the accounts that hold every word.
pub(crate) fn finding(backend: DbBackend, search: &str) -> SelectStatement {
    let mut select = Query::select();
    select.column(user_search::Column::UserPk).from(user_search::Entity).cond_where(holding(backend, search));
    select.to_owned()
}

/// Every word is in the text.
fn holding(backend: DbBackend, search: &str) -> Condition {
    let mut all = Condition::all();
    for word in search_words(search) {
        if backend != DbBackend::Sqlite {
            all = all.add(user_search::Column::Search.like(containing(&word)));
            continue;
        }
        if let Some(grams) = grams(&word) {
            let rows = "user_pk IN (SELECT rowid FROM user_words WHERE user_words MATCH ?)";
            all = all.add(Expr::cust_with_values(rows, [grams]));
        }
        // The index names more than there is.
        all = all.add(Expr::cust_with_values("instr(search, ?) > 0", [word]));
    }
    all
}

/// Every three characters that follow on each other in a word, in the language of FTS5.
fn grams(word: &str) -> Option<String> {
    let characters: Vec<char> = word.chars().collect();
    let quoted = |gram: &[char]| format!("\"{}\"", gram.iter().collect::<String>().replace('"', "\"\""));
    let all: Vec<String> = characters.windows(GRAM).map(quoted).collect();
    (!all.is_empty()).then(|| all.join(" AND "))
}

/// Whether a filter and its order can be told by the narrow copy and memberships.
fn is_narrow(filter: &UserFilter) -> bool {
    let plain = UserFilter {
        search: None,
        is_active: None,
        groups_by_name: Vec::new(),
        groups_by_pk: Vec::new(),
        ordering: Vec::new(),
        page: Page::default(),
        ..filter.clone()
    };
    let known = |(field, _): &(String, bool)| column(field).is_some() || user_filter::column(field).is_none();
    plain == UserFilter::default() && filter.ordering.iter().all(known)
}

fn column(field: &str) -> Option<user_search::Column> {
    use user_search::Column;
    match field {
        "pk" => Some(Column::UserPk),
        "username" => Some(Column::Username),
        "name" => Some(Column::Name),
        "email" => Some(Column::Email),
        "date_joined" => Some(Column::DateJoined),
        _ => None,
    }
}

/// The rows of a page and how many there are in all; `None` where the filter asks for more than is told here.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    filter: &UserFilter,
    now: DateTime<Utc>,
) -> Result<Option<(Vec<user::Model>, u64)>, StoreError> {
    if !is_narrow(filter) {
        return Ok(None);
    }
    let search = filter.search.as_deref().unwrap_or_default();
    let groups = user_filter::in_groups(filter, now);
    let mut matching = user_search::Entity::find()
        .filter(holding(db.get_database_backend(), search))
        .filter(Condition::all().add_option(filter.is_active.map(|wanted| user_search::Column::IsActive.eq(wanted))));
    for group in &groups {
        matching = matching.filter(user_search::Column::UserPk.in_subquery(group.clone()));
    }
    let total = match (search_words(search).next(), groups.as_slice(), filter.is_active) {
        (None, [], active) => all(db, active).await?,
        (None, [members], None) => size(db, members.clone()).await?,
        _ => paging::count(db, matching.clone()).await?,
    };
    let Some((offset, limit, backwards)) = way(filter.page, total) else { return Ok(Some((Vec::new(), total))) };
    let keys = ordered(matching, &filter.ordering, backwards).select_only().column(user_search::Column::UserPk);
    let mut keys: Vec<i64> = keys.offset(offset).limit(limit).into_tuple().all(db).await?;
    if backwards {
        keys.reverse();
    }
    let rows = user::Entity::find().filter(user::Column::Pk.is_in(keys.iter().copied())).all(db).await?;
    let mut rows: HashMap<i64, user::Model> = rows.into_iter().map(|row| (row.pk, row)).collect();
    Ok(Some((keys.iter().filter_map(|key| rows.remove(key)).collect(), total)))
}

/// How many accounts there are, or how many of them are active, or not.
async fn all(db: &impl ConnectionTrait, active: Option<bool>) -> Result<u64, StoreError> {
    let number = if db.get_database_backend() == DbBackend::Sqlite { "integer" } else { "bigint" };
    let (users, actives) = (Expr::col(user_count::Column::Users), Expr::col(user_count::Column::Active));
    let wanted = match active {
        None => users,
        Some(true) => actives,
        Some(false) => users.sub(actives),
    };
    let sum = user_count::Entity::find().select_only().column_as(wanted.sum().cast_as(number), "accounts");
    let total: Option<Option<i64>> = sum.into_tuple().one(db).await?;
    Ok(total.flatten().unwrap_or_default().unsigned_abs())
}

/// How many different accounts a set has.
async fn size(db: &impl ConnectionTrait, members: SelectStatement) -> Result<u64, StoreError> {
    let set = "members";
    let distinct = Expr::col((set, user_search::Column::UserPk)).count_distinct();
    let counted = Query::select().expr_as(distinct, "total").from_subquery(members, set).to_owned();
    let row = db.query_one(&counted).await?;
    let total: Option<i64> = row.map(|row| row.try_get("", "total")).transpose()?;
    Ok(total.unwrap_or_default().unsigned_abs())
}

/// How a page is read: rows to skip, rows to read, and whether from the end, which is nearer to most pages of the
/// second half. `None` behind the last one.
fn way(page: Page, total: u64) -> Option<(u64, u64, bool)> {
    let offset = page.offset();
    if offset >= total {
        return None;
    }
    let rows = Ord::min(page.limit(), total - offset);
    let behind = total - offset - rows;
    Some(if behind < offset { (behind, rows, true) } else { (offset, rows, false) })
}

fn ordered(
    select: sea_orm::Select<user_search::Entity>,
    by: &[(String, bool)],
    backwards: bool,
) -> sea_orm::Select<user_search::Entity> {
    use user_search::Column;
    let direction = |descending: bool| if descending == backwards { Order::Asc } else { Order::Desc };
    let mut wanted: Vec<(Column, bool)> =
        by.iter().filter_map(|(field, descending)| Some((column(field)?, *descending))).collect();
    if wanted.is_empty() {
        wanted.push((Column::Username, false));
    }
    // So that pages do not overlap, and so that one index has it all.
    let last = wanted.last().is_some_and(|(_, descending)| *descending);
    wanted.push((Column::UserPk, last));
    wanted.into_iter().fold(select, |select, (column, descending)| select.order_by(column, direction(descending)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_apart_into_threes() {
        assert_eq!(grams("ab"), None);
        assert_eq!(grams("adä\"").as_deref(), Some("\"adä\" AND \"dä\"\"\""));
    }

    #[test]
    fn pages_are_read_from_the_nearer_end() {
        let page = |number, size| Page { number, size };
        assert_eq!(way(page(1, 20), 0), None);
        assert_eq!(way(page(1, 20), 5), Some((0, 5, false)));
        assert_eq!(way(page(2, 20), 100), Some((20, 20, false)));
        assert_eq!(way(page(5, 20), 95), Some((0, 15, true)));
        assert_eq!(way(page(4, 20), 100), Some((20, 20, true)));
        assert_eq!(way(page(6, 20), 100), None);
    }
}
