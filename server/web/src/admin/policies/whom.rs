//! Whom a question is about: a field for a user's name.

use super::super::{
    ROOT,
    desk::{Desk, Trouble},
    form,
};
use crate::pages::admin::{Control, Field};

/// A field for the name of a user, with suggestions while it is typed.
pub(in super::super) fn user_field(value: &str) -> Field {
    let control = Control::Line {
        kind: "text",
        value: value.to_owned(),
        placeholder: String::new(),
        suggestions: Vec::new(),
        search: format!("{ROOT}pick/user/"),
    };
    Field::new("user", "User", control)
}

/// The number of the user of this name; nothing where there is none that may be seen.
pub(in super::super) async fn user_key(desk: &Desk, name: &str) -> Result<Option<i64>, Trouble> {
    Ok(form::key(desk, "user", name).await?.and_then(|key| key.as_i64()))
}

/// What is said where there is none.
pub(super) const NOBODY: &str = "There is nobody of this name.";
