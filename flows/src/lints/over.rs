//! Entries whose time has passed.

use super::view::View;
use crate::diagnostics::Diagnostic;
use lockgate_model::{Timing, kinds::PolicyBinding, period::moment_in_words};

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (document, binding) in view.own::<PolicyBinding>() {
        let Timing::Over(until) = binding.period().timing(view.now) else { continue };
        let beside = view.bindings(binding.target.0);
        let is_alone = beside.iter().all(|(_, other)| view.is_over(other));
        let (then, hint) = if is_alone {
            (
                ", and nothing beside it counts: nobody passes",
                "give it a later `until`; without the entry, everybody would pass",
            )
        } else if view.needs_all(binding.target.0) && !binding.negate {
            (
                ", and all have to pass: nobody does",
                "give it a later `until`; without the entry, the others alone decide",
            )
        } else {
            (" and counts no longer", "take the entry out, or give it a later `until`")
        };
        let text = format!("this ended {}{then}", moment_in_words(until));
        found.push(Diagnostic::warning("over", &view.at(document, "/until"), text).hint(hint));
    }
}
