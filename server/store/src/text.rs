//! What happens to values on their way into SQL: limits, escaping, JSON as text, times in the grain that
//! both databases keep.

use chrono::{DateTime, SubsecRound, Utc};
use sea_orm::sea_query::LikeExpr;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

/// Limit of free text such as names and descriptions, in characters.
pub(crate) const TEXT: usize = 4096;
/// Limit of one document's body, in bytes.
pub(crate) const BODY: usize = 1 << 20;
/// Limit of attributes, session data and event contexts, in bytes.
pub(crate) const DATA: usize = 256 << 10;
/// Words of a search that count; the rest is ignored.
const SEARCH_WORDS: usize = 10;

/// Cuts a time to microseconds: what PostgreSQL keeps, so that what was written is what is read.
pub(crate) fn micros(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(6)
}

/// Refuses a text that its column cannot hold.
pub(crate) fn fits(field: &'static str, text: &str, max: usize) -> Result<(), StoreError> {
    if text.contains('\0') {
        return Err(StoreError::Unstorable { field });
    }
    if text.len() > max && text.chars().count() > max {
        return Err(StoreError::TooLong { field, max });
    }
    Ok(())
}

/// Shortens what was observed rather than entered (addresses, user agents) to what its column holds.
pub(crate) fn cut(text: &str, max: usize) -> String {
    text.chars().filter(|c| *c != '\0').take(max).collect()
}

/// A text that may be compared with a column; `None` if no stored value can equal it.
pub(crate) fn comparable(text: &str) -> Option<&str> {
    (!text.contains('\0') && text.len() <= TEXT * 4).then_some(text)
}

/// The form under which names are compared without regard to case.
pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// The content of a `search` column.
pub(crate) fn searchable(parts: &[&str]) -> String {
    fold(&parts.join("\n"))
}

/// The words of a search as a `search` column has them; all must be there.
pub(crate) fn search_words(search: &str) -> impl Iterator<Item = String> {
    let words: Vec<String> = fold(search).split_whitespace().take(SEARCH_WORDS).map(|word| cut(word, 200)).collect();
    words.into_iter().filter(|word| !word.is_empty())
}

/// The words of a search, each as a pattern for a `search` column; all must match.
pub(crate) fn search_patterns(search: &str) -> Vec<LikeExpr> {
    search_words(search).map(|word| containing(&word)).collect()
}

/// A pattern that matches every text with this part in it, taken literally.
pub(crate) fn containing(part: &str) -> LikeExpr {
    LikeExpr::new(format!("%{}%", literal(part))).escape('\\')
}

fn literal(part: &str) -> String {
    let mut pattern = String::with_capacity(part.len());
    for c in part.chars().filter(|c| *c != '\0') {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// A value as the JSON text that is stored, refused when it is too large.
pub(crate) fn to_json<T: Serialize + ?Sized>(field: &'static str, value: &T, max: usize) -> Result<String, StoreError> {
    let unreadable = |_| StoreError::Unstorable { field };
    fits_json(field, serde_json::to_string(value).map_err(unreadable)?, max)
}

/// Refuses JSON that is too large for its column.
pub(crate) fn fits_json(field: &'static str, text: String, max: usize) -> Result<String, StoreError> {
    if text.len() > max {
        return Err(StoreError::TooLong { field, max });
    }
    Ok(text)
}

/// Reads stored JSON back.
pub(crate) fn from_json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt { what: what.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_wildcards_literally() {
        assert_eq!(literal(r"50%_\"), r"50\%\_\\");
    }

    #[test]
    fn limits_count_characters_and_refuse_nul() {
        assert!(fits("name", &"ä".repeat(10), 10).is_ok());
        assert!(matches!(fits("name", "abc", 2), Err(StoreError::TooLong { max: 2, .. })));
        assert!(matches!(fits("name", "a\0b", 9), Err(StoreError::Unstorable { .. })));
    }
}
