//! Flows that are used for something else than they say they are for. The purpose matters: an
//! authentication flow refuses a sign-in without proof, a recovery flow does not.

use super::view::View;
use crate::diagnostics::Diagnostic;
use lockgate_model::{
    Document,
    kinds::{Brand, Flow, FlowDesignation, FolderSettings, IdentificationStage, OAuth2Provider, ProxyProvider},
};
use uuid::Uuid;

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    use FlowDesignation as D;
    let mut uses: Vec<(&Document, &str, Option<Uuid>, D)> = Vec::new();
    for (document, brand) in view.own::<Brand>() {
        uses.extend([
            (document, "/flow_authentication", brand.flow_authentication.map(|f| f.0), D::Authentication),
            (document, "/flow_invalidation", brand.flow_invalidation.map(|f| f.0), D::Invalidation),
            (document, "/flow_recovery", brand.flow_recovery.map(|f| f.0), D::Recovery),
            (document, "/flow_unenrollment", brand.flow_unenrollment.map(|f| f.0), D::Unenrollment),
            (document, "/flow_user_settings", brand.flow_user_settings.map(|f| f.0), D::StageConfiguration),
            (document, "/flow_device_code", brand.flow_device_code.map(|f| f.0), D::StageConfiguration),
        ]);
    }
    for (document, stage) in view.own::<IdentificationStage>() {
        uses.extend([
            (document, "/enrollment_flow", stage.enrollment_flow.map(|f| f.0), D::Enrollment),
            (document, "/recovery_flow", stage.recovery_flow.map(|f| f.0), D::Recovery),
            (document, "/passwordless_flow", stage.passwordless_flow.map(|f| f.0), D::Authentication),
        ]);
    }
    for (document, settings) in view.own::<FolderSettings>() {
        let flow = settings.default_invitation_flow.map(|f| f.0);
        uses.push((document, "/default_invitation_flow", flow, D::Enrollment));
    }
    for (document, p) in view.own::<OAuth2Provider>() {
        uses.extend(of_provider(
            document,
            p.authentication_flow.map(|f| f.0),
            p.authorization_flow.0,
            p.invalidation_flow.0,
        ));
    }
    for (document, p) in view.own::<ProxyProvider>() {
        uses.extend(of_provider(
            document,
            p.authentication_flow.map(|f| f.0),
            p.authorization_flow.0,
            p.invalidation_flow.0,
        ));
    }
    for (document, pointer, flow, wanted) in uses {
        let Some(flow) = flow.and_then(|id| view.typed::<Flow>(id)) else { continue };
        if flow.designation != wanted {
            let (is, wanted) = (flow.designation.as_str(), wanted.as_str());
            let text = format!("the flow \"{}\" is for {is}, and is used for {wanted} here", flow.slug);
            let complaint = Diagnostic::warning("purpose", &view.at(document, pointer), text);
            found.push(complaint.expected(format!("a flow with `designation: {wanted}`")));
        }
    }
}

fn of_provider(
    document: &Document,
    authentication: Option<Uuid>,
    authorization: Uuid,
    invalidation: Uuid,
) -> [(&Document, &'static str, Option<Uuid>, FlowDesignation); 3] {
    use FlowDesignation as D;
    [
        (document, "/authentication_flow", authentication, D::Authentication),
        (document, "/authorization_flow", Some(authorization), D::Authorization),
        (document, "/invalidation_flow", Some(invalidation), D::Invalidation),
    ]
}
