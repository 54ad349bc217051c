//! The envelope of lists, and which page is wanted.

use crate::{error::ApiError, openapi::shapes::Pagination, query::Query};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use lockgate_store::Page;
use serde_json::{Value, json};

/// The page that a query asks for. A size beyond the limit is cut, one that makes no sense ignored.
///
/// # Errors
/// 404 for a page number that can never exist.
pub(crate) fn wanted(query: &Query) -> Result<Page, ApiError> {
    let size = query.get("page_size").and_then(|s| s.parse().ok()).filter(|s| *s > 0);
    let number = match query.get("page") {
        None => 1,
        Some(text) => text.parse().ok().filter(|n| (1..=1_000_000_000).contains(n)).ok_or_else(invalid_page)?,
    };
    let (usual, most) = query.page_sizes;
    Ok(Page { number, size: size.unwrap_or(usual).min(most) })
}

fn invalid_page() -> ApiError {
    ApiError::NotFound("Invalid page.".to_owned())
}

/// One page of a list of `total` objects.
#[derive(Debug)]
pub(crate) struct Listed {
    page: Page,
    total: u64,
    results: Vec<Value>,
}

impl Listed {
    /// The objects of one page, picked elsewhere.
    ///
    /// # Errors
    /// 404 for a page behind the last one; the first page always exists.
    pub(crate) fn new(page: Page, total: u64, results: Vec<Value>) -> Result<Self, ApiError> {
        in_range(page, total)?;
        Ok(Self { page, total, results })
    }

    /// Cuts the page out of all objects.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn cut<T>(page: Page, all: Vec<T>, show: impl FnMut(T) -> Value) -> Result<Self, ApiError> {
        let (total, part) = part(page, all)?;
        Self::new(page, total, part.into_iter().map(show).collect())
    }

    fn envelope(self) -> Value {
        json!({"pagination": place(self.page, self.total), "results": self.results, "autocomplete": {}})
    }
}

/// Where a page lies in a list of so many objects, for lists that tell more than theirs.
///
/// # Errors
/// As [`Listed::new`].
pub(crate) fn pagination(page: Page, total: u64) -> Result<Pagination, ApiError> {
    in_range(page, total)?;
    Ok(place(page, total))
}

fn place(page: Page, total: u64) -> Pagination {
    let Page { number, size } = page;
    let pages = total.div_ceil(size).max(1);
    Pagination {
        next: if number < pages { number + 1 } else { 0 },
        previous: number - 1,
        count: total,
        current: number,
        total_pages: pages,
        start_index: if total == 0 { 0 } else { (number - 1) * size + 1 },
        end_index: (number * size).min(total),
    }
}

/// How many objects there are in all, and those of one page.
///
/// # Errors
/// As [`Listed::new`].
pub(crate) fn part<T>(page: Page, all: Vec<T>) -> Result<(u64, Vec<T>), ApiError> {
    let total = all.len() as u64;
    in_range(page, total)?;
    let skip = usize::try_from((page.number - 1) * page.size).unwrap_or(usize::MAX);
    let take = usize::try_from(page.size).unwrap_or(usize::MAX);
    Ok((total, all.into_iter().skip(skip).take(take).collect()))
}

fn in_range(page: Page, total: u64) -> Result<(), ApiError> {
    let behind = (page.number - 1) * page.size >= total;
    if behind && page.number > 1 { Err(invalid_page()) } else { Ok(()) }
}

impl IntoResponse for Listed {
    fn into_response(self) -> Response {
        Json(self.envelope()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(query: &str, total: u64) -> Result<Value, ApiError> {
        let page = wanted(&Query::parse(query))?;
        Ok(Listed::cut(page, (0..total).collect(), Value::from)?.envelope())
    }

    #[test]
    fn the_last_page_has_no_next_and_the_first_no_previous() {
        let page = envelope("page=2&page_size=10", 25).expect("in range");
        assert_eq!(
            page["pagination"],
            json!({"next": 3, "previous": 1, "count": 25, "current": 2, "total_pages": 3, "start_index": 11, "end_index": 20})
        );
        assert_eq!(envelope("page=3&page_size=10", 25).expect("in range")["pagination"]["next"], 0);
        assert_eq!(envelope("", 0).expect("always there")["pagination"]["start_index"], 0);
    }

    #[test]
    fn sizes_are_cut_and_pages_behind_the_end_are_not_found() {
        assert_eq!(envelope("page_size=1000", 500).expect("cut")["results"].as_array().map(Vec::len), Some(100));
        assert_eq!(envelope("page_size=x", 500).expect("ignored")["results"].as_array().map(Vec::len), Some(20));
        for query in ["page=2", "page=0", "page=-1", "page=x", "page=99999999999999999999"] {
            assert!(matches!(envelope(query, 5), Err(ApiError::NotFound(_))), "{query}");
        }
    }
}
