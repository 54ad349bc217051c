//! Pages of accounts as they are mostly wanted: all, the active ones, a group's, or those that some words find. Their keys come from
//! `user_search`, a narrow copy that sign-ins do not write (`migrations/src/m20261129_000020_lists.rs`), and only the
//! rows of the page are read.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Asterisk, CommonTableExpression, Expr, ExprTrait, Query, SelectStatement, WithClause};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, IdenStatic, Order, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use std::collections::HashMap;

use crate::entity::{user, user_count, user_search};
use crate::paging::{self, Page};
use crate::text::{containing, search_words};
use crate::user_places::{self, Places};
use crate::{StoreError, UserFilter, user_filter};

/// Characters of what is looked up in an index; shorter words are looked for in every text.
const GRAM: usize = 3;

/// The most accounts that are counted and put in order in one go.
const AT_ONCE: u64 = 20_000;

/// The same of accounts that words find, on PostgreSQL: it reads them by whole blocks of the table. Asked for them in their
/// order, it goes through everybody, which takes ten times as long where those that it looks for come late.
const FOUND_AT_ONCE: u64 = 200_000;

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
    if backend != DbBackend::Sqlite {
        return search_words(search).map(|word| held(&word)).fold(all, Condition::add);
    }
    if let Some(grams) = grams(search) {
        let rows = "user_pk IN (SELECT rowid FROM user_words WHERE user_words MATCH ?)";
        all = all.add(Expr::cust_with_values(rows, [grams]));
    }
    // The index names more than there is.
    search_words(search).fold(all, |all, word| all.add(Expr::cust_with_values("instr(search, ?) > 0", [word])))
}

/// Texts that hold a word, on PostgreSQL. A plan that does not know the word takes the index for a pattern whatever it is, and
/// reads all of it where there are no three letters or digits in a row to look up: then every text is read instead.
fn held(word: &str) -> Expr {
    let mut runs = word.split(|c: char| !c.is_alphanumeric());
    if runs.any(|run| run.chars().count() >= GRAM) {
        return user_search::Column::Search.like(containing(word));
    }
    Expr::cust_with_values("strpos(search, $1) > 0", [word])
}

/// Three characters each that the words of a search are covered by, in the language of FTS5; `None` where all are
/// shorter.
fn grams(search: &str) -> Option<String> {
    let quoted = |gram: &[char]| format!("\"{}\"", gram.iter().collect::<String>().replace('"', "\"\""));
    let mut all = Vec::new();
    for word in search_words(search) {
        let characters: Vec<char> = word.chars().collect();
        let last = characters.len().checked_sub(GRAM);
        let places = last.map(|last| (0..last).step_by(GRAM).chain([last])).into_iter().flatten();
        all.extend(places.map(|at| quoted(&characters[at..at + GRAM])));
    }
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
    places: &Places,
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
    let has_words = search_words(search).next().is_some();
    let is_all = !has_words && groups.is_empty();
    let most = if has_words && db.get_database_backend() == DbBackend::Postgres { FOUND_AT_ONCE } else { AT_ONCE };
    if !is_all && let Some((keys, total)) = found_at_once(db, matching.clone(), filter, most).await? {
        return Ok(Some((rows(db, keys).await?, total)));
    }
    let total = match (search_words(search).next(), groups.as_slice(), filter.is_active) {
        (None, [], active) => all(db, active).await?,
        (None, [members], None) => {
            let is_one = filter.groups_by_name.len() + filter.groups_by_pk.len() == 1;
            size(db, members.clone(), is_one).await?
        }
        _ => paging::count(db, matching.clone()).await?,
    };
    if is_all && let Some(keys) = far(db, places, filter, total).await {
        return Ok(Some((rows(db, keys).await?, total)));
    }
    let Some((offset, limit, backwards)) = way(filter.page, total) else { return Ok(Some((Vec::new(), total))) };
    let keys = order(&filter.ordering, backwards).into_iter().fold(matching, |keys, (by, way)| keys.order_by(by, way));
    let keys = keys.select_only().column(user_search::Column::UserPk);
    let mut keys: Vec<i64> = keys.offset(offset).limit(limit).into_tuple().all(db).await?;
    if backwards {
        keys.reverse();
    }
    Ok(Some((rows(db, keys).await?, total)))
}

/// The keys of a page far from both ends of a list of all, on PostgreSQL.
async fn far(db: &impl ConnectionTrait, places: &Places, filter: &UserFilter, total: u64) -> Option<Vec<i64>> {
    // What more it is ordered by than one column and the key, no index has.
    let by = order(&filter.ordering, false);
    let (Some((column, way)), 2, DbBackend::Postgres) = (by.first(), by.len(), db.get_database_backend()) else {
        return None;
    };
    let before = filter.page.offset();
    let rows = Ord::min(filter.page.limit(), total.saturating_sub(before));
    let behind = total.saturating_sub(before).saturating_sub(rows);
    if !user_places::is_far(before, behind) || by[1].1 != *way {
        return None;
    }
    let descends = *way == Order::Desc;
    let from = if descends { behind } else { before };
    let mut keys = places.keys_or_count(db, (column.as_str(), filter.is_active), from, rows).await?;
    if descends {
        keys.reverse();
    }
    Some(keys)
}

/// The keys of a page of those that match and how many these are, unless they are too many, or the page has none:
/// counting them and then looking for those of the page would read all texts twice. And databases are not misled: asked
/// for a few in order, PostgreSQL goes through everybody in that order where it takes what is looked for to be frequent.
async fn found_at_once(
    db: &impl ConnectionTrait,
    matching: sea_orm::Select<user_search::Entity>,
    filter: &UserFilter,
    most: u64,
) -> Result<Option<(Vec<i64>, u64)>, StoreError> {
    let (found, order) = ("found", order(&filter.ordering, false));
    let columns = order.iter().map(|(column, _)| *column);
    let few = matching.select_only().columns(columns).limit(most + 1).into_query();
    let few = CommonTableExpression::new().query(few).table_name(found).materialized(true).to_owned();
    let count = Query::select().expr(Expr::col(Asterisk).count()).from(found).to_owned();
    let mut keys = Query::select().column((found, user_search::Column::UserPk)).from(found).to_owned();
    keys.expr(Expr::from(count)).limit(filter.page.limit()).offset(filter.page.offset());
    for (column, way) in order {
        keys.order_by((found, column), way);
    }
    let rows = db.query_all(&keys.with(WithClause::new().cte(few).to_owned())).await?;
    let total: Option<i64> = rows.first().map(|row| row.try_get_by_index(1)).transpose()?;
    let Some(total) = total.map(i64::unsigned_abs).filter(|total| *total <= most) else { return Ok(None) };
    let keys: Result<Vec<i64>, _> = rows.iter().map(|row| row.try_get_by_index(0)).collect();
    Ok(Some((keys?, total)))
}

/// The rows of these keys, in their order.
async fn rows(db: &impl ConnectionTrait, keys: Vec<i64>) -> Result<Vec<user::Model>, StoreError> {
    let rows = user::Entity::find().filter(user::Column::Pk.is_in(keys.iter().copied())).all(db).await?;
    let mut rows: HashMap<i64, user::Model> = rows.into_iter().map(|row| (row.pk, row)).collect();
    Ok(keys.iter().filter_map(|key| rows.remove(key)).collect())
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

/// How many different accounts a set has; of one group, nobody is a member twice.
async fn size(db: &impl ConnectionTrait, members: SelectStatement, is_one: bool) -> Result<u64, StoreError> {
    let set = "members";
    let members_of = Expr::col((set, user_search::Column::UserPk));
    let number = if is_one { members_of.count() } else { members_of.count_distinct() };
    let counted = Query::select().expr_as(number, "total").from_subquery(members, set).to_owned();
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

/// What is ordered by, and in which direction.
fn order(by: &[(String, bool)], backwards: bool) -> Vec<(user_search::Column, Order)> {
    use user_search::Column;
    let known = by.iter().filter_map(|(field, descending)| Some((column(field)?, *descending)));
    let mut wanted: Vec<(Column, bool)> = Vec::new();
    for (column, descending) in known {
        // What decides already is not asked again.
        if wanted.iter().all(|(before, _)| before.as_str() != column.as_str()) {
            wanted.push((column, descending));
        }
    }
    if wanted.is_empty() {
        wanted.push((Column::Username, false));
    }
    if wanted.iter().all(|(column, _)| column.as_str() != Column::UserPk.as_str()) {
        // So that pages do not overlap, and so that one index has it all.
        let last = wanted.last().is_some_and(|(_, descending)| *descending);
        wanted.push((Column::UserPk, last));
    }
    let way = |descending: bool| if descending == backwards { Order::Asc } else { Order::Desc };
    wanted.into_iter().map(|(column, descending)| (column, way(descending))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_apart_into_threes() {
        assert_eq!(grams("ab c"), None);
        assert_eq!(grams("adä\"").as_deref(), Some("\"adä\" AND \"dä\"\"\""));
        assert_eq!(grams("xy abcdefgh ijk").as_deref(), Some("\"abc\" AND \"def\" AND \"fgh\" AND \"ijk\""));
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
