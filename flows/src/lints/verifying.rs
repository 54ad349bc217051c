//! Where a second factor is to be set up, numbers that are only verified: they are none, then or later.

use super::view::View;
use crate::diagnostics::Diagnostic;
use lockgate_model::kinds::{AuthenticatorSMSStage, AuthenticatorValidateStage, NotConfiguredAction};

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (document, mfa) in view.own::<AuthenticatorValidateStage>() {
        if mfa.not_configured_action != NotConfiguredAction::Configure {
            continue;
        }
        for (place, stage) in mfa.configuration_stages.iter().enumerate() {
            let sms = view.typed::<AuthenticatorSMSStage>(stage.0);
            let Some(sms) = sms.filter(|sms| sms.verify_only) else { continue };
            let text = format!("\"{}\" only verifies a number, which never is a second factor", sms.name);
            let at = view.at(document, &format!("/configuration_stages/{place}"));
            let complaint = Diagnostic::warning("verify_only", &at, text);
            found.push(complaint.expected("a stage that sets a factor up: `verify_only: false`, or another one"));
        }
    }
}
