//! Sign-ins that the engine refuses, because nobody has said or proven who they are by then.

use super::{
    unreachable::ends,
    view::{Passing, Placed, View},
};
use crate::diagnostics::Diagnostic;
use lockgate_model::{
    Document,
    kinds::{Flow, FlowAuthentication, FlowDesignation, IdentificationStage},
};

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (document, flow) in view.flows() {
        let stages = view.stages(document.id);
        asked_twice(view, &stages, found);
        // What another flow or a link has found out counts here.
        let alone =
            !matches!(flow.authentication, FlowAuthentication::RequireRedirect | FlowAuthentication::RequireToken)
                && !view.is_continued(document.id);
        // A stage that nobody reaches is told of elsewhere.
        let mut reached = stages.iter().take_while(|s| !ends(s));
        let login = reached.position(|s| s.is("user_login_stage") && s.runs != Passing::Never);
        match (alone, flow.designation, login) {
            (true, FlowDesignation::Authentication, Some(login)) => {
                signs_nobody_in(view, document, &stages, login, found)
            }
            (true, FlowDesignation::Enrollment, Some(login)) => makes_nobody(view, &flow, &stages, login, found),
            _ => {}
        }
    }
}

fn signs_nobody_in(view: &View<'_>, flow: &Document, stages: &[Placed<'_>], login: usize, found: &mut Vec<Diagnostic>) {
    let before = &stages[..login];
    let at = view.at(stages[login].binding, "");
    let related = |d: Diagnostic| d.related(&view.at(flow, ""), "in the flow at");
    if !before.iter().any(proves) {
        let text = "nobody can sign in here: the flow asks for no password and no other proof before this";
        let complaint = Diagnostic::error("no_proof", &at, text)
            .expected("a stage `password`, or `identify: { password: inline }`, before `login`")
            .hint("where another flow leads here with its proof, say so: `requires: require_redirect`");
        found.push(related(complaint));
    } else if before.iter().all(|s| s.is("password_stage") || !proves(s) && !s.is("identification_stage")) {
        let first = before.iter().find(|s| s.is("password_stage"));
        let at = first.map_or(at, |s| view.at(s.binding, ""));
        let text = "whose password? No stage before this asks who it is";
        let complaint = Diagnostic::error("no_proof", &at, text);
        found.push(related(complaint.expected("a stage `identify` before it, such as `identify: { by: [username] }`")));
    }
}

/// Whether somebody may have proven who they are after this stage.
fn proves(placed: &Placed<'_>) -> bool {
    const NEVER: [&str; 17] = [
        "user_login_stage",
        "user_logout_stage",
        "user_write_stage",
        "prompt_stage",
        "consent_stage",
        "deny_stage",
        "dummy_stage",
        "redirect_stage",
        "invitation_stage",
        "user_delete_stage",
        "captcha_stage",
        "authenticator_totp_stage",
        "authenticator_static_stage",
        "authenticator_webauthn_stage",
        "authenticator_email_stage",
        "authenticator_sms_stage",
        "authenticator_duo_stage",
    ];
    let Some(stage) = placed.stage else { return true };
    let silent = NEVER.contains(&stage.kind.as_str())
        || placed
            .typed::<IdentificationStage>()
            .is_some_and(|s| s.password_stage.is_none() && s.webauthn_stage.is_none() && s.sources.is_empty());
    !silent && placed.runs != Passing::Never
}

fn makes_nobody(view: &View<'_>, flow: &Flow, stages: &[Placed<'_>], login: usize, found: &mut Vec<Diagnostic>) {
    let names_somebody = |s: &Placed<'_>| s.is("user_write_stage") || proves(s);
    if stages[..login].iter().any(names_somebody) {
        return;
    }
    let text = format!("there is nobody to sign in yet: the flow \"{}\" has made no account before this", flow.slug);
    let complaint = Diagnostic::error("no_proof", &view.at(stages[login].binding, ""), text);
    found.push(complaint.expected("a stage `write` before `login`"));
}

fn asked_twice(view: &View<'_>, stages: &[Placed<'_>], found: &mut Vec<Diagnostic>) {
    let inline = |s: &Placed<'_>| s.typed::<IdentificationStage>().is_some_and(|s| s.password_stage.is_some());
    let password = stages.iter().find(|s| s.is("password_stage") && s.runs == Passing::Always);
    if let Some(password) = password.filter(|_| stages.iter().any(inline)) {
        let text = "the password is asked for on the first page and again here";
        let complaint = Diagnostic::warning("asked_twice", &view.at(password.binding, ""), text);
        found.push(complaint.hint("add `when: \"!pending.authenticated\"` beside it"));
    }
}
