//! Entries whose time has passed.

use super::view::View;
use crate::diagnostics::Diagnostic;
use lockgate_model::{Timing, kinds::PolicyBinding, period::moment_in_words};

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (document, binding) in view.own::<PolicyBinding>() {
        let Timing::Over(until) = binding.period().timing(view.now) else { continue };
        let (text, hint) = if view.all::<PolicyBinding>().iter().any(|(_, other)| {
            other.target == binding.target && other.enabled && other.until.is_none_or(|at| at > view.now)
        }) {
            (
                format!("this ended {} and counts no longer", moment_in_words(until)),
                "take the entry out, or give it a later `until`",
            )
        } else {
            (
                format!("this ended {}, and nothing beside it counts: nobody passes", moment_in_words(until)),
                "give it a later `until`; without the entry, everybody would pass",
            )
        };
        found.push(Diagnostic::warning("over", &view.at(document, "/until"), text).hint(hint));
    }
}
