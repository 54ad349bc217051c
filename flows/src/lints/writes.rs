//! Flows that promise an account, a new password or an end of the account, and do not deliver.

use super::{
    unreachable::ends,
    view::{Passing, Placed, View},
};
use crate::diagnostics::Diagnostic;
use lockgate_model::{
    Document,
    kinds::{Flow, FlowAuthentication, FlowDesignation, Prompt, PromptStage, UserCreationMode, UserWriteStage},
};

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (document, flow) in view.flows() {
        let stages = view.stages(document.id);
        // Without stages nothing is promised yet; what ends elsewhere keeps the promise there.
        if stages.is_empty() || stages.iter().any(|s| ends(s) || s.stage.is_none()) {
            continue;
        }
        match flow.designation {
            FlowDesignation::Enrollment => enrollment(view, document, &stages, found),
            FlowDesignation::Recovery => recovery(view, document, &stages, found),
            FlowDesignation::Unenrollment => unenrollment(view, document, &stages, found),
            _ => {}
        }
        if is_open(view, document, &flow) {
            superusers(view, &stages, found);
        }
    }
}

fn asks(view: &View<'_>, placed: &Placed<'_>, keys: &[&str]) -> bool {
    let fields = placed.typed::<PromptStage>().map(|s| s.fields).unwrap_or_default();
    // A field that is not in sight may have any key.
    fields.iter().any(|f| view.typed::<Prompt>(f.0).is_none_or(|p| keys.contains(&p.field_key.as_str())))
}

fn enrollment(view: &View<'_>, flow: &Document, stages: &[Placed<'_>], found: &mut Vec<Diagnostic>) {
    let mut writes = stages.iter().enumerate().filter(|(_, s)| s.is("user_write_stage") && s.runs != Passing::Never);
    let Some((at, write)) = writes.next() else {
        let text = format!("the flow \"{}\" is for making accounts, and makes none", flow.name);
        let complaint = Diagnostic::warning("nothing_written", &view.at(flow, ""), text);
        return found.push(complaint.expected("a stage `write` behind the `prompt` that asks for name and password"));
    };
    let mode = write.typed::<UserWriteStage>().map(|w| w.user_creation_mode);
    if mode == Some(UserCreationMode::NeverCreate) && writes.next().is_none() {
        let stage = write.stage.map_or_else(|| view.at(write.binding, ""), |s| view.at(s, "/user_creation_mode"));
        let text = "an enrollment makes accounts, and `write` may not make one here";
        let complaint = Diagnostic::error("nothing_written", &stage, text);
        return found.push(complaint.expected("create_when_required or always_create"));
    }
    // An invitation may say it.
    if !stages[..at].iter().any(|s| asks(view, s, &["username"]) || s.is("invitation_stage")) {
        let text = "an account needs a user name, and nothing before this asks for one";
        let complaint = Diagnostic::warning("nothing_written", &view.at(write.binding, ""), text);
        found.push(complaint.hint("add a field with `key: username` and `type: username` to a `prompt` before it"));
    }
}

fn recovery(view: &View<'_>, flow: &Document, stages: &[Placed<'_>], found: &mut Vec<Diagnostic>) {
    let asked = stages.iter().position(|s| asks(view, s, &["password"]) && s.runs != Passing::Never);
    let written = stages.iter().rposition(|s| s.is("user_write_stage") && s.runs != Passing::Never);
    let (at, text, hint) = match (asked, written) {
        (None, _) => (
            view.at(flow, ""),
            format!("the flow \"{}\" is for getting back in, and asks for no new password", flow.name),
            "add a `prompt` with two fields of `type: password` (keys password and password_repeat) and a `write`",
        ),
        (Some(asked), Some(written)) if written > asked => return,
        (Some(asked), _) => (
            view.at(stages[asked].binding, ""),
            "the new password that is asked for here is never written".to_owned(),
            "add a stage `write` behind it",
        ),
    };
    found.push(Diagnostic::warning("nothing_written", &at, text).hint(hint));
}

fn unenrollment(view: &View<'_>, flow: &Document, stages: &[Placed<'_>], found: &mut Vec<Diagnostic>) {
    if stages.iter().any(|s| s.is("user_delete_stage") && s.runs != Passing::Never) {
        return;
    }
    let text = format!("the flow \"{}\" is for ending one's account, and deletes none", flow.name);
    let complaint = Diagnostic::warning("nothing_written", &view.at(flow, ""), text);
    found.push(complaint.expected("a stage `delete_user`, behind a `prompt` that asks whether it is meant"));
}

/// Whether anybody may run the flow.
fn is_open(view: &View<'_>, document: &Document, flow: &Flow) -> bool {
    let anybody = matches!(flow.authentication, FlowAuthentication::None | FlowAuthentication::RequireUnauthenticated);
    anybody && view.passing(document.id, flow.policy_engine_mode) == Passing::Always
}

fn superusers(view: &View<'_>, stages: &[Placed<'_>], found: &mut Vec<Diagnostic>) {
    for placed in stages.iter().filter(|s| s.runs == Passing::Always) {
        let Some(write) = placed.typed::<UserWriteStage>() else { continue };
        let Some(group) =
            write.create_users_group.filter(|_| write.user_creation_mode != UserCreationMode::NeverCreate)
        else {
            continue;
        };
        let Some(group) = view.groups().find(|g| g.id == group.0) else { continue };
        if view.superuser_group(&group.name).is_some() {
            let at = placed.stage.map_or_else(|| view.at(placed.binding, ""), |s| view.at(s, "/create_users_group"));
            let text = format!("whoever makes an account here becomes a superuser, by the group \"{}\"", group.name);
            let hint = "name another group, or guard the flow with `policies`";
            found.push(Diagnostic::error("superuser", &at, text).hint(hint));
        }
    }
}
