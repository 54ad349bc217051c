//! Groups that make superusers without saying so.

use super::view::View;
use crate::{diagnostics::Diagnostic, span::Span};

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for group in view.loaded.groups.iter().filter(|g| !g.superuser) {
        let (Some(by), Some(source)) = (view.superuser_group(&group.name), &group.source) else { continue };
        let at = Span { end_column: 1, ..Span::at(&source.file, source.line, 1) };
        let text = format!("members of \"{}\" are superusers, because the group is inside \"{}\"", group.name, by.name);
        let complaint = Diagnostic::warning("superuser", &at, text);
        found.push(complaint.hint("if that is meant, say so with `superuser: true` here as well"));
    }
}
