//! OAuth2 clients that are easily impersonated, or mistaken for one another, and providers that two apps
//! claim.

use super::view::View;
use crate::{diagnostics::Diagnostic, span::Span};
use lockgate_model::{
    Document,
    kinds::{Application, ClientType, MatchingMode, OAuth2Provider},
};
use std::collections::HashMap;
use url::Url;
use uuid::Uuid;

/// Characters of a secret below which guessing is a matter of time.
const SHORT: usize = 16;
/// Bytes of a key for HS256 (RFC 7518, section 3.2).
const HMAC_KEY: usize = 32;

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    let mut ids: HashMap<String, Span> = HashMap::new();
    for (document, provider) in view.own::<OAuth2Provider>() {
        if !provider.client_id.is_empty() {
            same_id(view, document, &provider, &mut ids, found);
        }
        if provider.client_type == ClientType::Confidential && !provider.client_secret.is_empty() {
            secret(view, document, &provider, found);
        }
        schemes(view, document, &provider, found);
    }
    let mut providers: HashMap<Uuid, Span> = HashMap::new();
    for (document, app) in view.own::<Application>() {
        let Some(provider) = app.provider else { continue };
        let at = view.at(document, "/provider");
        if let Some(first) = providers.get(&provider.0) {
            let name = view.get(provider.0).map(|p| p.name.as_str()).unwrap_or_default();
            let text = format!("the provider \"{name}\" serves another app already");
            let complaint = Diagnostic::error("duplicate", &at, text).related(first, "first used at");
            found.push(complaint.hint("give this app a provider of its own, with `forward_auth` or `oauth2`"));
        } else {
            providers.insert(provider.0, at);
        }
    }
}

fn same_id(
    view: &View<'_>,
    document: &Document,
    provider: &OAuth2Provider,
    ids: &mut HashMap<String, Span>,
    found: &mut Vec<Diagnostic>,
) {
    let at = view.at(document, "/client_id");
    if let Some(first) = ids.get(&provider.client_id) {
        let text = format!("the client_id \"{}\" belongs to another app already", provider.client_id);
        found.push(Diagnostic::error("duplicate", &at, text).related(first, "first used at"));
    } else {
        ids.insert(provider.client_id.clone(), at);
    }
}

fn secret(view: &View<'_>, document: &Document, provider: &OAuth2Provider, found: &mut Vec<Diagnostic>) {
    let length = provider.client_secret.len();
    let (text, wanted) = if length < SHORT {
        (format!("this secret has {length} characters, which can be guessed"), SHORT)
    } else if provider.signing_key.is_none() && length < HMAC_KEY {
        let text = format!("this secret signs tokens, and has {length} characters (RFC 7518, section 3.2)");
        (text, HMAC_KEY)
    } else {
        return;
    };
    let complaint = Diagnostic::warning("weak_secret", &view.at(document, "/client_secret"), text);
    let complaint = complaint.expected(format!("at least {wanted} random characters"));
    found.push(complaint.hint("make one with `openssl rand -hex 32`"));
}

/// Any application on a device may register any scheme; only one that is made from a domain says whose it
/// is (RFC 8252, section 7.1).
fn schemes(view: &View<'_>, document: &Document, provider: &OAuth2Provider, found: &mut Vec<Diagnostic>) {
    for (i, uri) in provider.redirect_uris.iter().enumerate().filter(|(_, u)| u.matching_mode == MatchingMode::Strict) {
        let Ok(url) = Url::parse(&uri.url) else { continue };
        let scheme = url.scheme();
        if !matches!(scheme, "http" | "https") && !scheme.contains('.') {
            let text = format!("any app on a device can claim the scheme \"{scheme}\", and be sent the codes");
            let at = view.at(document, &format!("/redirect_uris/{i}"));
            let complaint = Diagnostic::warning("insecure", &at, text);
            let hint =
                "make the scheme from a domain of yours, such as com.example.app:/callback (RFC 8252, section 7.1)";
            found.push(complaint.hint(hint));
        }
    }
}
