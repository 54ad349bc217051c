//! What several of these pages need.

use super::super::{
    desk::Trouble,
    list,
    resource::{ColumnDef, FilterDef, Resource, Source, key_text, part},
};
use crate::pages::admin::{Control, Field};
use axum::http::StatusCode;
use serde_json::Value;

/// Address of one thing's page.
pub(super) fn home_of(slug: &str, value: &Value) -> String {
    let key = list::find(slug).map_or("pk", |resource| resource.key);
    format!("{}{slug}/{}/", super::super::ROOT, part(&key_text(&value[key])))
}

/// A list that only one page has.
pub(super) fn listing(
    api: String,
    plural: &str,
    lead: &'static str,
    columns: &'static [ColumnDef],
    filters: &'static [FilterDef],
) -> Resource {
    Resource {
        slug: String::new(),
        api,
        kind: "",
        key: "pk",
        noun: String::new(),
        plural: plural.to_owned(),
        lead,
        columns,
        filters,
        always: &[],
        named: &[],
        searched: false,
        ordering: "",
        source: Source::None,
        tabs: &[],
        has_used_by: false,
        can_delete: false,
    }
}

/// A field for the name of something, with suggestions while it is typed.
pub(super) fn named(name: &str, label: &str, target: &str, value: &str) -> Field {
    let search = format!("{}pick/{target}/", super::super::ROOT);
    let (placeholder, suggestions) = Default::default();
    let control = Control::Line { kind: "text", value: value.to_owned(), placeholder, suggestions, search };
    Field::new(name, label, control).required()
}

/// A point of time in UTC, as the API takes it, out of a field for one.
pub(super) fn moment(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let seconds = if text.len() == 16 { ":00" } else { "" };
    Some(Value::from(format!("{text}{seconds}Z")))
}

/// What the API said, as the answer of a page that has no form to show it at.
pub(super) fn refused(reply: &crate::rest::Reply) -> Trouble {
    Trouble::from(reply)
}

/// There is nothing of that.
pub(super) fn unknown(what: &str) -> Trouble {
    Trouble::Refused(StatusCode::NOT_FOUND, format!("There is no {what} here."))
}

/// Whether the API refused since the thing, or the operation, is not there.
pub(super) fn is_missing(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Refused(StatusCode::NOT_FOUND, _))
}

/// The status of a form's page: it is shown again when something is wrong.
pub(super) fn status(problems: &[(String, String)]) -> StatusCode {
    if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_told_in_utc() {
        assert_eq!(moment("2026-03-01T10:00"), Some(json!("2026-03-01T10:00:00Z")));
        assert_eq!(moment("2026-03-01T10:00:30"), Some(json!("2026-03-01T10:00:30Z")));
        assert_eq!(moment(" "), None);
    }

    #[test]
    fn pages_are_addressed_by_their_key() {
        assert_eq!(home_of("users", &json!({"pk": 7})), "/if/admin/users/7/");
        assert_eq!(home_of("tokens", &json!({"pk": "x", "identifier": "a b"})), "/if/admin/tokens/a%20b/");
    }
}
