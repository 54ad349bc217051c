//! Flows that turn away the very people they are for.

use super::view::View;
use crate::diagnostics::Diagnostic;
use lockgate_model::{
    Document,
    kinds::{Brand, Flow, FlowAuthentication, IdentificationStage, OAuth2Provider, ProxyProvider},
};
use uuid::Uuid;

/// Who comes to a flow by a reference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visitor {
    /// Nobody is signed in yet.
    Stranger,
    /// Somebody is.
    SignedIn,
}

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    use Visitor::{SignedIn, Stranger};
    for (document, brand) in view.own::<Brand>() {
        for (pointer, flow, who) in [
            ("/flow_authentication", brand.flow_authentication, Stranger),
            ("/flow_recovery", brand.flow_recovery, Stranger),
            ("/flow_user_settings", brand.flow_user_settings, SignedIn),
            ("/flow_unenrollment", brand.flow_unenrollment, SignedIn),
        ] {
            ask(view, document, pointer, flow.map(|f| f.0), who, found);
        }
    }
    for (document, stage) in view.own::<IdentificationStage>() {
        for (pointer, flow) in [
            ("/enrollment_flow", stage.enrollment_flow),
            ("/recovery_flow", stage.recovery_flow),
            ("/passwordless_flow", stage.passwordless_flow),
        ] {
            ask(view, document, pointer, flow.map(|f| f.0), Stranger, found);
        }
    }
    for (document, provider) in view.own::<OAuth2Provider>() {
        ask(view, document, "/authentication_flow", provider.authentication_flow.map(|f| f.0), Stranger, found);
        ask(view, document, "/authorization_flow", Some(provider.authorization_flow.0), SignedIn, found);
    }
    for (document, provider) in view.own::<ProxyProvider>() {
        ask(view, document, "/authentication_flow", provider.authentication_flow.map(|f| f.0), Stranger, found);
        ask(view, document, "/authorization_flow", Some(provider.authorization_flow.0), SignedIn, found);
    }
}

fn ask(
    view: &View<'_>,
    document: &Document,
    pointer: &str,
    flow: Option<Uuid>,
    who: Visitor,
    found: &mut Vec<Diagnostic>,
) {
    let Some(flow) = flow.and_then(|id| view.typed::<Flow>(id)) else { return };
    let wanted = match (who, flow.authentication) {
        (Visitor::Stranger, FlowAuthentication::RequireAuthenticated) => "only for people who are signed in",
        (Visitor::Stranger, FlowAuthentication::RequireSuperuser) => "only for superusers",
        (Visitor::SignedIn, FlowAuthentication::RequireUnauthenticated) => "only for people who are not signed in",
        (_, FlowAuthentication::RequireOutpost) => "only for outposts",
        _ => return,
    };
    let nobody = match who {
        Visitor::Stranger => "nobody is signed in there yet",
        Visitor::SignedIn => "everybody is signed in there already",
    };
    let text = format!("the flow \"{}\" is {wanted}, and {nobody}", flow.slug);
    let complaint = Diagnostic::error("turned_away", &view.at(document, pointer), text);
    found.push(complaint.hint(format!("change `requires` of the flow \"{}\", or name another flow", flow.slug)));
}
