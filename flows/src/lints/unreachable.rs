//! Stages that never run.

use super::view::{Passing, Placed, View};
use crate::diagnostics::Diagnostic;
use lockgate_model::kinds::DummyStage;

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (document, _) in view.flows() {
        let stages = view.stages(document.id);
        for placed in stages.iter().filter(|s| s.runs == Passing::Never) {
            let text = "this stage never runs: its condition is false for everybody";
            let complaint = Diagnostic::warning("unreachable", &view.at(placed.binding, ""), text);
            found.push(complaint.hint("take the stage out, or mend `when` or `policies`"));
        }
        let mut rest = stages.iter().skip_while(|s| !ends(s));
        let Some(last) = rest.next() else { continue };
        if let Some(first) = rest.find(|s| s.runs != Passing::Never) {
            let word = word_of(last);
            let text = format!("this stage is never reached: \"{word}\" before it always ends the flow");
            let complaint = Diagnostic::warning("unreachable", &view.at(first.binding, ""), text);
            let hint = format!("give \"{word}\" a condition with `when`, or take out what follows it");
            found.push(complaint.related(&view.at(last.binding, ""), "the flow ends at").hint(hint));
        }
    }
}

/// Whether nothing comes after this stage.
pub(super) fn ends(placed: &Placed<'_>) -> bool {
    let throws = || placed.typed::<DummyStage>().is_some_and(|s| s.throw_error);
    placed.runs == Passing::Always && (placed.is("deny_stage") || placed.is("redirect_stage") || throws())
}

fn word_of(placed: &Placed<'_>) -> &'static str {
    let kind = placed.stage.and_then(|s| lockgate_model::kind::by_name(&s.kind));
    kind.map_or("stage", |k| k.meta.word)
}
