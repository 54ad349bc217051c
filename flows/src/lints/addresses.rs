//! Public addresses that browsers cannot reach, because they mean something inside a machine, a network of
//! containers or a cluster only.

use super::view::View;
use crate::{diagnostics::Diagnostic, span::Span};
use lockgate_model::{
    Document,
    kinds::{
        Application, LogoutMethod, MatchingMode, OAuth2Provider, Outpost, ProxyProvider, RedirectMode, RedirectStage,
    },
};
use std::net::Ipv4Addr;
use url::{Host, Url};

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    let mut told: Vec<Span> = Vec::new();
    let mut look = |document: &Document, pointer: &str, address: &str, own_machine: bool| {
        let at = view.at(document, pointer);
        let Some(why) = trouble(address, own_machine).filter(|_| !told.contains(&at)) else { return };
        let text = format!("browsers elsewhere cannot reach \"{}\": {why}", host_of(address));
        let complaint = Diagnostic::warning("internal_address", &at, text);
        found.push(complaint.hint("write the address that people type, such as https://app.example.com"));
        // The address of an app is that of its provider too.
        told.push(at);
    };
    for (document, app) in view.own::<Application>() {
        look(document, "/meta_launch_url", &app.meta_launch_url, false);
    }
    for (document, provider) in view.own::<ProxyProvider>() {
        look(document, "/external_host", &provider.external_host, false);
    }
    for (document, provider) in view.own::<OAuth2Provider>() {
        for (i, uri) in provider.redirect_uris.iter().enumerate() {
            if uri.matching_mode == MatchingMode::Strict {
                // Applications on one's own machine are sent codes there (RFC 8252, section 7.3).
                look(document, &format!("/redirect_uris/{i}"), &uri.url, true);
            }
        }
        if provider.logout_method == LogoutMethod::Frontchannel {
            look(document, "/logout_uri", &provider.logout_uri, false);
        }
    }
    for (document, stage) in view.own::<RedirectStage>() {
        if stage.mode == RedirectMode::Static {
            look(document, "/target_static", &stage.target_static, false);
        }
    }
    for (document, outpost) in view.own::<Outpost>() {
        for key in ["authentik_host", "authentik_host_browser"] {
            if let Some(address) = outpost.config.get(key).and_then(serde_json::Value::as_str) {
                look(document, &format!("/config/{key}"), address, false);
            }
        }
    }
}

fn host_of(address: &str) -> String {
    Url::parse(address).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_default()
}

/// Why browsers on other machines cannot open an address, as far as it tells.
fn trouble(address: &str, own_machine: bool) -> Option<&'static str> {
    let url = Url::parse(address).ok().filter(|u| matches!(u.scheme(), "http" | "https"))?;
    let here = "it means the machine that the browser runs on";
    match url.host()? {
        Host::Domain("localhost") => (!own_machine).then_some(here),
        Host::Domain(name) => domain_trouble(name),
        Host::Ipv4(ip) if ip.is_loopback() => (!own_machine).then_some(here),
        Host::Ipv4(ip) => ipv4_trouble(ip),
        Host::Ipv6(ip) if ip.is_loopback() => (!own_machine).then_some(here),
        Host::Ipv6(ip) if ip.is_unspecified() => Some("it stands for every address of a server, and is none"),
        Host::Ipv6(ip) if ip.is_unique_local() || ip.is_unicast_link_local() => Some("it belongs to a private network"),
        Host::Ipv6(_) => None,
    }
}

fn domain_trouble(name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let inside = |suffix: &str| name.ends_with(suffix);
    if inside(".docker.internal") || inside(".containers.internal") {
        Some("it means the host of a container, for that container")
    } else if inside(".svc") || inside(".svc.cluster.local") || inside(".cluster.local") {
        Some("it is a name inside a cluster")
    } else if !name.contains('.') {
        Some("a name without a dot is one of a container or of a local network")
    } else {
        None
    }
}

fn ipv4_trouble(ip: Ipv4Addr) -> Option<&'static str> {
    if ip.is_unspecified() {
        Some("it stands for every address of a server, and is none")
    } else if ip.is_private() || ip.is_link_local() {
        Some("it belongs to a private network")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::trouble;

    #[test]
    fn names_that_only_a_container_knows_are_told_from_public_ones() {
        for address in [
            "http://grafana:3000/",
            "http://host.docker.internal/",
            "http://api.default.svc.cluster.local",
            "http://172.18.0.3/",
            "http://192.168.1.4:8080/",
            "http://0.0.0.0:9000",
            "http://[fd00::1]/",
            "http://localhost:3000",
            "http://[::1]/",
        ] {
            assert!(trouble(address, false).is_some(), "{address}");
        }
        for address in ["https://wiki.example.com", "http://wiki.localhost", "http://203.0.113.5/", "app:/cb", "/path"]
        {
            assert_eq!(trouble(address, false), None, "{address}");
        }
        for address in ["http://localhost:1/cb", "http://127.0.0.1/cb", "http://[::1]/cb"] {
            assert_eq!(trouble(address, true), None, "{address}");
        }
    }
}
