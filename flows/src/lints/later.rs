//! Steps that are written for a later version: this one keeps them, and a flow that reaches one denies.

use super::view::{Passing, View};
use crate::{diagnostics::Diagnostic, span::Span};
use lockgate_model::{kind::by_name, kinds::is_later_stage};

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (document, _) in view.flows() {
        for placed in view.stages(document.id).iter().filter(|s| s.runs != Passing::Never) {
            let Some(stage) = placed.stage else { continue };
            if is_later_stage(&stage.kind) {
                let word = by_name(&stage.kind).map_or("stage", |kind| kind.meta.word);
                found.push(denies(word, &view.at(placed.binding, "")));
            }
        }
    }
}

fn denies(word: &str, at: &Span) -> Diagnostic {
    let text = format!("this version of Lockgate cannot run \"{word}\": the flow denies where it is reached");
    Diagnostic::warning("later", at, text).hint("give it a condition with `when`, or leave it away until then")
}
