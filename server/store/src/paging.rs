//! Lists that are answered page by page.

use sea_orm::sea_query::{Asterisk, Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};

use crate::StoreError;

/// Most rows of one page, whatever was asked for.
const MAX_SIZE: u64 = 1000;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: u64,
    /// Rows a page, from 1 to 1000.
    pub size: u64,
}

impl Default for Page {
    fn default() -> Self {
        Self { number: 1, size: 20 }
    }
}

impl Page {
    pub(crate) fn limit(self) -> u64 {
        self.size.clamp(1, MAX_SIZE)
    }

    pub(crate) fn offset(self) -> u64 {
        let before = self.number.saturating_sub(1);
        // Databases take offsets as signed integers.
        Ord::min(before.saturating_mul(self.limit()), i64::MAX as u64)
    }
}

/// Orders by fields, each with whether it descends, as far as `column` knows them, or else by `otherwise`.
/// So that pages do not overlap where that leaves a choice, `last` decides.
pub(crate) fn ordered<E: EntityTrait, C: ColumnTrait>(
    mut select: Select<E>,
    by: &[(String, bool)],
    column: impl Fn(&str) -> Option<C>,
    otherwise: (C, Order),
    last: (C, Order),
) -> Select<E> {
    let known = by.iter().filter_map(|(field, descending)| Some((column(field)?, *descending)));
    let mut wanted: Vec<(C, Order)> =
        known.map(|(column, descending)| (column, if descending { Order::Desc } else { Order::Asc })).collect();
    if wanted.is_empty() {
        wanted.push(otherwise);
    }
    for (column, direction) in wanted.into_iter().chain([last]) {
        select = select.order_by(column, direction);
    }
    select
}

/// The rows of one page and how many there are in all. `order` is applied after counting.
pub(crate) async fn fetch<E: EntityTrait>(
    db: &impl ConnectionTrait,
    matching: Select<E>,
    order: impl FnOnce(Select<E>) -> Select<E>,
    page: Page,
) -> Result<(Vec<E::Model>, u64), StoreError> {
    let total = count(db, matching.clone()).await?;
    if page.offset() >= total {
        return Ok((Vec::new(), total));
    }
    let rows = order(matching).limit(page.limit()).offset(page.offset()).all(db).await?;
    Ok((rows, total))
}

/// As [`fetch`], for rows that are long: only those of the page are read, all before it only from the index that
/// orders them.
pub(crate) async fn fetch_by_key<E: EntityTrait>(
    db: &impl ConnectionTrait,
    matching: Select<E>,
    order: impl Fn(Select<E>) -> Select<E>,
    key: E::Column,
    page: Page,
) -> Result<(Vec<E::Model>, u64), StoreError> {
    let total = count(db, matching.clone()).await?;
    if page.offset() >= total {
        return Ok((Vec::new(), total));
    }
    let keys = order(matching).select_only().column(key).limit(page.limit()).offset(page.offset());
    let these = key.in_subquery(keys.into_query());
    Ok((order(E::find().filter(these)).all(db).await?, total))
}

/// How many rows match, without building them.
pub(crate) async fn count<E: EntityTrait>(db: &impl ConnectionTrait, matching: Select<E>) -> Result<u64, StoreError> {
    let counted = matching.select_only().column_as(Expr::col(Asterisk).count(), "total");
    let total: Option<i64> = counted.into_tuple().one(db).await?;
    Ok(total.unwrap_or_default().unsigned_abs())
}
