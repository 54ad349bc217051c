//! The proxy has asked: whether it asked in the words of its dialect, and whether these are those of the visitor's
//! request.

use super::{Hop, unasked::ADDRESS};
use crate::doctor::{Case, proxy::TRUST, report::Report};
use lockgate_forward_auth::dialect::PREFIX;
use lockgate_identity::{config::ProxyApp, probes::Sight};
use url::{Position, Url};

const QUESTION: &str = "question";
const HEADER: &str = "header";

/// What stands before another proxy has changed what it says of the visitor.
const CHAIN: &str = "where another proxy stands in front of this one, let this one believe it: Traefik: trustForwardHeader: true at the \
                     middleware and forwardedHeaders.trustedIPs at the entry point; Caddy: trusted_proxies; nginx: \
                     $http_x_forwarded_proto in place of $scheme";

/// Whether a login can begin.
pub(super) fn judge(case: &mut Case<'_>, hop: &Hop, question: &Sight, app: &ProxyApp) -> bool {
    let report = &mut case.report;
    let before = report.errors();
    let auth = [PREFIX, "/auth/"].concat();
    let dialect = question.path.strip_prefix(&auth).unwrap_or_default();
    let dialect = dialect.split('/').next().unwrap_or_default();
    if !["traefik", "caddy", "nginx", "envoy"].contains(&dialect) {
        report.error(
            "address",
            format!("the proxy asks at {}, which is no address of forward auth", question.path),
            ADDRESS,
        );
        return false;
    }
    if !speaks(dialect, question, report) {
        return false;
    }
    if !question.trusted {
        let found = format!(
            "the proxy asks from {}, which is not trusted, so that its headers are not believed",
            question.peer
        );
        report.error(QUESTION, found, format!("{TRUST} ({})", question.peer));
        return false;
    }
    match dialect {
        "nginx" => original(question, &hop.url, report),
        "envoy" => {}
        _ => forwarded(question, &hop.url, report),
    }
    if report.errors() == before {
        report.ok(
            QUESTION,
            format!("the proxy at {} asks at {}, and says what visitors ask for", question.peer, question.path),
        );
    }
    let is_sound = report.errors() == before;
    answered(report, hop, question, app, is_sound) && is_sound
}

/// Whether the proxy's words are those of the address that it asks at.
fn speaks(dialect: &str, question: &Sight, report: &mut Report) -> bool {
    let forwarded = question.header("x-forwarded-uri").is_some();
    let original = question.header("x-original-url").or(question.header("x-original-uri")).is_some();
    let wrong = match dialect {
        "nginx" => forwarded && !original,
        "traefik" | "caddy" => original && !forwarded,
        _ => false,
    };
    if wrong {
        let (own, right) = if dialect == "nginx" {
            ("Traefik's or Caddy's", "/auth/traefik or /auth/caddy")
        } else {
            ("nginx'", "/auth/nginx")
        };
        let found = format!("the proxy speaks {own} words, and asks at {}", question.path);
        report.error("address", found, format!("let it ask at {PREFIX}{right}"));
    }
    !wrong
}

/// Traefik and Caddy.
fn forwarded(question: &Sight, url: &Url, report: &mut Report) {
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let target = &url[Position::BeforePath..Position::AfterQuery];
    for (name, wanted, mend) in [
        ("x-forwarded-proto", url.scheme(), CHAIN),
        ("x-forwarded-host", host, CHAIN),
        (
            "x-forwarded-uri",
            target,
            "let forward auth come before whatever changes the path (Traefik: before stripPrefix in the router's middlewares; Caddy: \
             before rewrite and handle_path)",
        ),
    ] {
        compare(report, name, question.header(name), wanted, mend);
    }
}

/// nginx: a whole address, or path and host apart.
fn original(question: &Sight, url: &Url, report: &mut Report) {
    if question.header("x-original-uri").is_some() {
        let host = &url[Position::BeforeHost..Position::AfterPort];
        let said = question.header("x-forwarded-host").or(question.header("host"));
        compare(report, "x-forwarded-host", said, host, "proxy_set_header X-Forwarded-Host $http_host;");
        compare(
            report,
            "x-forwarded-proto",
            question.header("x-forwarded-proto"),
            url.scheme(),
            "proxy_set_header X-Forwarded-Proto $scheme;",
        );
        return;
    }
    let wanted = &url[..Position::AfterQuery];
    let mend = "in location /outpost.goauthentik.io: proxy_set_header X-Original-URL $scheme://$http_host$request_uri; behind another \
                proxy that ends TLS, $http_x_forwarded_proto in place of $scheme";
    compare(report, "x-original-url", question.header("x-original-url"), wanted, mend);
}

/// Holds one header of the question against the request.
fn compare(report: &mut Report, name: &str, said: Option<&str>, wanted: &str, mend: &str) {
    let shown = |text: &str| text.chars().take(120).collect::<String>();
    match said {
        None => report.error(HEADER, format!("the proxy's question lacks {}", cased(name)), mend),
        // A proxy in front may have left its own word before.
        Some(said) if said.split(',').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted) => {}
        Some(said) if same_target(name, said, wanted) => {}
        Some(said) => {
            let found = format!("{} says \"{}\", and visitors ask for \"{}\"", cased(name), shown(said), shown(wanted));
            report.error(HEADER, found, mend);
        }
    }
}

/// Addresses are compared whole, since a comma may stand in them; what is long was cut when it was remembered.
fn same_target(name: &str, said: &str, wanted: &str) -> bool {
    let whole = matches!(name, "x-forwarded-uri" | "x-original-url");
    whole && (said == wanted || said.len() >= 300 && wanted.starts_with(said))
}

/// `x-forwarded-uri` as manuals write it.
fn cased(name: &str) -> String {
    let parts = name.split('-').map(|part| match part {
        "url" => "URL".to_owned(),
        "uri" => "URI".to_owned(),
        part => part[..1].to_uppercase() + &part[1..],
    });
    parts.collect::<Vec<_>>().join("-")
}

/// What the server answered to the question. That it could not be answered is no news where the question is not sound.
fn answered(report: &mut Report, hop: &Hop, question: &Sight, app: &ProxyApp, is_sound: bool) -> bool {
    let slug = &app.app_slug;
    match question.status {
        302 | 401 => return true,
        200 => {
            let found = format!("{} needs no login: `skip` of {slug} names it", super::place(&hop.url));
            report.warning(QUESTION, found, "look at an address that needs one, or correct skip");
        }
        400 => report.error(
            QUESTION,
            "the server knows no application for the host that the proxy names",
            "correct external_host, or what the proxy says",
        ),
        500 if is_sound => {
            let mend = "set LOCKGATE_PUBLIC_URL, and look at the event \"Configuration error\"";
            report.error(QUESTION, "the server cannot answer: something of its configuration is missing", mend);
        }
        500 => {}
        status => report.error(QUESTION, format!("the server answered {status}"), "look into the server's log"),
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Format;

    #[test]
    fn headers_are_named_as_manuals_write_them() {
        assert_eq!(cased("x-original-url"), "X-Original-URL");
        assert_eq!(cased("x-forwarded-host"), "X-Forwarded-Host");
    }

    #[test]
    fn the_first_word_of_a_chain_counts_and_addresses_count_whole() {
        let told = |name: &str, said: Option<&str>, wanted: &str| {
            let mut report = Report::default();
            compare(&mut report, name, said, wanted, "mend");
            report.is_sound()
        };
        assert!(told("x-forwarded-proto", Some("https, http"), "https"));
        assert!(!told("x-forwarded-proto", Some("http"), "https"));
        assert!(!told("x-forwarded-host", None, "a.test"));
        assert!(told("x-forwarded-uri", Some("/a?b=1,2"), "/a?b=1,2"));
        assert!(!told("x-forwarded-uri", Some("/"), "/a"));
        let mut report = Report::default();
        compare(&mut report, "x-forwarded-host", Some("inside"), "a.test", "mend");
        assert!(
            report.render(Format::Text).contains("X-Forwarded-Host says \"inside\", and visitors ask for \"a.test\"")
        );
    }
}
