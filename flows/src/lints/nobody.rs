//! Doors that nobody can pass, and doors that look guarded and are open.

use super::view::{Passing, View};
use crate::diagnostics::Diagnostic;
use lockgate_model::{
    Document,
    kinds::{Application, DefaultAccess, PolicyBinding, PolicyEngineMode},
};

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (document, app) in view.own::<Application>() {
        let what = format!("the app \"{}\"", app.slug);
        door(view, document, app.policy_engine_mode, &what, "open", found);
        // Cedar files may permit what no binding does.
        let closed = view.loaded.settings.default_access == DefaultAccess::Deny && view.loaded.cedar.is_empty();
        if closed && view.bindings(document.id).is_empty() {
            let text = format!("nobody can open {what}: it has no `access`, and `default_access` is deny");
            let complaint = Diagnostic::warning("nobody", &view.at(document, ""), text);
            found.push(complaint.hint("say who may, such as `access: { any: [{ group: Staff }] }`"));
        }
    }
    for (document, flow) in view.flows() {
        door(view, document, flow.policy_engine_mode, &format!("the flow \"{}\"", flow.slug), "run", found);
    }
}

fn door(
    view: &View<'_>,
    document: &Document,
    mode: PolicyEngineMode,
    what: &str,
    verb: &str,
    found: &mut Vec<Diagnostic>,
) {
    let bindings = view.bindings(document.id);
    if bindings.is_empty() {
        return;
    }
    let (code, text, hint) = match view.passing(document.id, mode) {
        Passing::Maybe => return,
        Passing::Never => (
            "nobody",
            format!("nobody can {verb} {what}: this never passes"),
            "what is in `all` must pass together, and one of `any` must pass at all",
        ),
        Passing::Always => (
            "open",
            format!("everybody can {verb} {what}: this passes for everybody, whatever else is in the list"),
            "take the entry out; without conditions, leave the whole list away",
        ),
    };
    let at = decisive(view, &bindings, mode).map_or_else(|| view.at(document, ""), |d| view.at(d, ""));
    found.push(Diagnostic::warning(code, &at, text).hint(hint));
}

/// The binding that settles it for everybody.
fn decisive<'a>(
    view: &View<'a>,
    bindings: &[(&'a Document, PolicyBinding)],
    mode: PolicyEngineMode,
) -> Option<&'a Document> {
    let settles = Some(mode == PolicyEngineMode::Any);
    let constant = bindings.iter().find(|(_, b)| view.constant(b) == settles).map(|(d, _)| *d);
    constant.or_else(|| view.opposites(bindings)).or_else(|| bindings.first().map(|(d, _)| *d))
}
