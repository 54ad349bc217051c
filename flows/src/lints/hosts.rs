//! Forward auth at hosts that another app has already, behind cookies that do not reach them, or with
//! nothing left to protect.

use super::view::View;
use crate::{diagnostics::Diagnostic, span::Span};
use lockgate_model::{
    Document,
    kinds::{ProxyMode, ProxyProvider},
};
use regex::Regex;
use std::{collections::HashMap, net::IpAddr};
use url::Url;

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    let mut hosts: HashMap<String, Span> = HashMap::new();
    let mut domains: HashMap<String, Span> = HashMap::new();
    for (document, provider) in view.own::<ProxyProvider>() {
        skips_everything(view, document, &provider, found);
        let Ok(url) = Url::parse(&provider.external_host) else { continue };
        let Some(host) = url.host_str().map(str::to_ascii_lowercase) else { continue };
        let at = view.at(document, "/external_host");
        let key = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        taken(&mut hosts, key, &at, &format!("the host \"{host}\" belongs to another app already"), found);
        if provider.mode == ProxyMode::ForwardDomain {
            let domain = provider.cookie_domain.trim_start_matches('.').to_ascii_lowercase();
            let at = view.at(document, "/cookie_domain");
            reach(&host, &domain, &at, found);
            let text = format!("the domain \"{domain}\" belongs to another app already");
            taken(&mut domains, domain, &at, &text, found);
        }
    }
}

fn taken(known: &mut HashMap<String, Span>, key: String, at: &Span, text: &str, found: &mut Vec<Diagnostic>) {
    if let Some(first) = known.get(&key) {
        let complaint = Diagnostic::error("same_host", at, text).related(first, "first used at");
        found.push(complaint.hint("of two apps at one address only one could be asked for: give each its own"));
    } else {
        known.insert(key, at.clone());
    }
}

/// Browsers send a cookie to its domain and below, and take none for a whole top-level domain (RFC 6265,
/// sections 5.1.3 and 5.3).
fn reach(host: &str, domain: &str, at: &Span, found: &mut Vec<Diagnostic>) {
    if domain.is_empty() {
        return;
    }
    if !domain.contains('.') || domain.parse::<IpAddr>().is_ok() {
        let text = format!("browsers accept no cookie for all hosts of \"{domain}\"");
        let complaint = Diagnostic::error("cookie_domain", at, text);
        found.push(complaint.expected("a domain of your own, such as example.com"));
    } else if host != domain && !host.ends_with(&format!(".{domain}")) {
        let text = format!("a cookie for \"{domain}\" does not reach \"{host}\", the host of the app's own address");
        let complaint = Diagnostic::error("cookie_domain", at, text);
        found.push(complaint.expected("the domain that the host in `url` and all protected hosts end in"));
    }
}

/// A path that nobody means.
const PROBE: &str = "/lockgate/0c2e/probe";

fn skips_everything(view: &View<'_>, document: &Document, provider: &ProxyProvider, found: &mut Vec<Diagnostic>) {
    let lines = provider.skip_path_regex.lines().map(str::trim).enumerate().filter(|(_, l)| !l.is_empty());
    for (i, line) in lines {
        if Regex::new(line).is_ok_and(|r| r.is_match(PROBE) && r.is_match("/")) {
            let at = view.at(document, &format!("/skip_path_regex/{i}"));
            let text = "this matches every path: nothing of the app asks for a sign-in";
            let complaint = Diagnostic::warning("open", &at, text);
            found.push(complaint.hint("name the paths that are public, from their start, such as ^/api/health$"));
        }
    }
}
