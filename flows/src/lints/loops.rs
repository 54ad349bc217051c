//! Ways that lead back to where they began, for ever.

use super::{
    unreachable::ends,
    view::{Passing, View},
};
use crate::diagnostics::Diagnostic;
use lockgate_model::{
    Document,
    kinds::{IdentificationStage, RedirectStage},
};
use uuid::Uuid;

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (document, flow) in view.flows() {
        if let Some(way) = round(view, document.id) {
            let names: Vec<&str> = way.iter().filter_map(|id| Some(view.get(*id)?.name.as_str())).collect();
            let text = match names[..] {
                [one] => format!("the flow \"{one}\" leads to itself for ever"),
                _ => format!("these flows lead round in a circle for ever: {}", names.join(", ")),
            };
            let at = onward(view, document.id)
                .map_or_else(|| view.at(document, ""), |(_, stage)| view.at(stage, "/target_flow"));
            let complaint = Diagnostic::error("loop", &at, text);
            found.push(complaint.hint("give one of the redirects a condition with `when`, or another target"));
        }
        for placed in view.stages(document.id) {
            let Some(stage) = placed.typed::<IdentificationStage>() else { continue };
            let links = [
                ("/enrollment_flow", stage.enrollment_flow),
                ("/recovery_flow", stage.recovery_flow),
                ("/passwordless_flow", stage.passwordless_flow),
            ];
            for (pointer, _) in links.iter().filter(|(_, to)| to.is_some_and(|to| to.0 == document.id)) {
                let text = format!("the flow \"{}\" offers a link to itself", flow.slug);
                let at = placed.stage.map_or_else(|| view.at(document, ""), |s| view.at(s, pointer));
                let complaint = Diagnostic::warning("loop", &at, text);
                found.push(complaint.hint("name another flow, or leave the key away"));
            }
        }
    }
}

/// The circle that a flow leads round in, beginning with the flow itself.
fn round(view: &View<'_>, flow: Uuid) -> Option<Vec<Uuid>> {
    let mut way = vec![flow];
    loop {
        let (next, _) = onward(view, *way.last()?)?;
        if next == flow {
            return Some(way);
        }
        if way.contains(&next) {
            // A circle that this flow only leads to is told where it is.
            return None;
        }
        way.push(next);
    }
}

/// The flow that another one always ends in, and the stage that leads there.
fn onward<'a>(view: &View<'a>, flow: Uuid) -> Option<(Uuid, &'a Document)> {
    let stages = view.stages(flow);
    let last = stages.iter().position(ends)?;
    let elsewhere = |kind: &str| matches!(kind, "deny_stage" | "redirect_stage");
    let other_end =
        |s: &&super::view::Placed<'_>| s.runs == Passing::Maybe && s.stage.is_none_or(|d| elsewhere(&d.kind));
    if stages[..last].iter().any(|s| other_end(&s)) {
        return None;
    }
    let to = stages[last].typed::<RedirectStage>()?.target_flow?;
    Some((to.0, stages[last].stage?))
}
