//! Times that are over before they begin, and times that never end.

use super::view::View;
use crate::diagnostics::Diagnostic;
use chrono::TimeDelta;
use lockgate_model::{
    Document, Validity,
    kinds::{GrantType, OAuth2Provider, ProxyProvider, UserLoginStage},
};

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (document, stage) in view.own::<UserLoginStage>() {
        for (pointer, duration) in
            [("/session_duration", &stage.session_duration), ("/remember_me_offset", &stage.remember_me_offset)]
        {
            if duration.delta() > TimeDelta::days(366) {
                let text = "a session that lasts longer than a year hardly ever ends";
                let complaint = Diagnostic::warning("duration", &view.at(document, pointer), text);
                found.push(complaint.expected("something like 8h or 30d"));
            }
        }
    }
    for (document, provider) in view.own::<OAuth2Provider>() {
        let codes = provider.grant_types.iter().any(|g| matches!(g, GrantType::AuthorizationCode | GrantType::Hybrid));
        let refresh = provider.grant_types.contains(&GrantType::RefreshToken);
        some_time(view, document, "/access_token_validity", &provider.access_token_validity, found);
        if codes {
            some_time(view, document, "/access_code_validity", &provider.access_code_validity, found);
        }
        if refresh {
            some_time(view, document, "/refresh_token_validity", &provider.refresh_token_validity, found);
        }
        if provider.access_code_validity.delta() > TimeDelta::minutes(10) {
            let text = "a code that travels for more than ten minutes is easily caught (RFC 6749, section 4.1.2)";
            let complaint = Diagnostic::warning("duration", &view.at(document, "/access_code_validity"), text);
            found.push(complaint.expected("a minute, or ten at most"));
        }
    }
    for (document, provider) in view.own::<ProxyProvider>() {
        some_time(view, document, "/access_token_validity", &provider.access_token_validity, found);
    }
}

fn some_time(view: &View<'_>, document: &Document, pointer: &str, time: &Validity, found: &mut Vec<Diagnostic>) {
    if time.is_zero() {
        let text = "this is over before it can be used";
        let complaint = Diagnostic::error("duration", &view.at(document, pointer), text);
        found.push(complaint.expected("more than no time, such as 1m, 8h or 30d"));
    }
}
