//! Whether browsers will take the cookies that providers set: what the configuration alone tells.

use super::{Case, report::Report};
use lockgate_identity::config::{ProxyApp, hosts::in_domain};
use std::sync::Arc;
use url::Url;

const COOKIES: &str = "cookies";

/// Looks at each provider of forward auth.
pub(super) fn check(case: &mut Case<'_>) {
    let base = case.base();
    let apps: Vec<Arc<ProxyApp>> = providers(case);
    for app in &apps {
        provider(app, base.as_ref(), &mut case.report);
    }
}

/// Each provider of forward auth, ordered by the name of its application.
pub(super) fn providers(case: &Case<'_>) -> Vec<Arc<ProxyApp>> {
    let Some(look) = &case.look else { return Vec::new() };
    look.snapshot.all_apps().into_iter().filter_map(|app| app.proxy.clone()).collect()
}

/// What the declaration of one provider tells.
pub(super) fn provider(app: &ProxyApp, base: Option<&Url>, report: &mut Report) {
    let (slug, external) = (&app.app_slug, &app.external);
    let host = external.host_str().unwrap_or_default();
    let domain = app.provider.cookie_domain.trim_start_matches('.');
    let before = report.errors();
    match (app.is_domain(), domain) {
        (true, "") => {
            let found = format!("{slug}: it speaks for a domain and names none");
            report.error(
                COOKIES,
                found,
                "set domain of its forward_auth (cookie_domain of the provider), such as example.com",
            );
        }
        (true, domain) if !domain.contains('.') && domain != "localhost" => {
            let found = format!("{slug}: browsers take no cookie for all of \"{domain}\"");
            report.error(COOKIES, found, "set domain of its forward_auth (cookie_domain of the provider) to one of your own, such as example.com");
        }
        (true, domain) if !in_domain(host, domain) => {
            let found = format!("{slug}: its address {host} is not in its cookie_domain {domain}");
            report.error(
                COOKIES,
                found,
                format!("let cookie_domain be a part of {host}, or move external_host into {domain}"),
            );
        }
        (false, domain) if !domain.is_empty() && !in_domain(host, domain) => {
            let found = format!("{slug}: cookie_domain {domain} has no effect in mode single, and does not fit {host}");
            report.warning(COOKIES, found, "remove cookie_domain of the provider, or set mode: domain");
        }
        _ => {}
    }
    if let Some(base) = base {
        beside(app, base, report);
    }
    if report.errors() == before {
        let secure = if external.scheme() == "https" { ", over TLS alone" } else { "" };
        report.ok(
            COOKIES,
            format!("{slug}: browsers keep its cookie for {}{secure}", if domain.is_empty() { host } else { domain }),
        );
    }
}

/// How the provider's address and the sign-in host go together.
fn beside(app: &ProxyApp, base: &Url, report: &mut Report) {
    let (slug, external) = (&app.app_slug, &app.external);
    if !app.is_domain() && external.origin() == base.origin() {
        let found = format!("{slug}: its external_host is the sign-in host itself, which must not ask for a login");
        report.error(COOKIES, found, "give application and sign-in host names of their own");
    }
    if external.scheme() != base.scheme() {
        let found = format!("{slug}: its address is {}, that of the sign-in host {}", external.scheme(), base.scheme());
        report.warning(COOKIES, found, "serve both over https, and correct external_host or LOCKGATE_PUBLIC_URL");
    }
}
