//! `redirect_uris` and `post_logout_redirect_uris` of `oauth2:`: where browsers may be sent. What is
//! allowed but hardly ever meant so (RFC 9700) is a warning.

use super::{Loader, draft::Draft, oauth2::list};
use crate::{
    diagnostics::Diagnostic,
    lints::matches_elsewhere,
    node::{Key, Node, Value as Yaml, quoted},
    span::Span,
};
use lockgate_model::kinds::{MatchingMode, RedirectUri, RedirectUriType};
use regex_syntax::ast::{self, Ast};
use std::convert::Infallible;
use url::{Host, Url};

/// The grants that end at a redirect URI.
const REDIRECTING: [&str; 3] = ["authorization_code", "implicit", "hybrid"];
const EXPECTED: &str = "an address, or { url: …, regex: true }";

impl Loader<'_> {
    /// Both lists of addresses become one, whose entries say what they are for.
    pub(crate) fn redirects(&mut self, draft: &mut Draft, node: &Node, at: &Span) {
        let mut all = Vec::new();
        let mut sound = true;
        for (key, purpose) in
            [("redirect_uris", RedirectUriType::Authorization), ("post_logout_redirect_uris", RedirectUriType::Logout)]
        {
            let Some(given) = node.get(key) else { continue };
            let Some(items) = given.list() else {
                self.wrong(given, key, "a list of addresses");
                sound = false;
                continue;
            };
            let read: Vec<Option<Node>> = items.iter().map(|item| self.redirect_uri(key, purpose, item)).collect();
            sound &= read.iter().all(Option::is_some);
            all.extend(read.into_iter().flatten());
        }
        let grants = draft.entry("grant_types").and_then(|e| e.node.list()).unwrap_or_default();
        let redirecting = grants.iter().find_map(|g| g.text().filter(|t| REDIRECTING.contains(t)));
        let broken = node.map().is_none() && !matches!(node.value, Yaml::Null);
        let given = broken || node.get("redirect_uris").is_some_and(|n| n.list().is_none_or(|items| !items.is_empty()));
        if let (Some(grant), false) = (redirecting, given) {
            let expected = format!("the addresses to which the app may send browsers, for the grant {grant}");
            self.missing(at, "redirect_uris", &draft.label, &expected);
            sound = false;
        }
        if sound {
            draft.imply("redirect_uris", list(all, at));
        } else {
            draft.failed.push("/redirect_uris".to_owned());
        }
    }

    /// One address, as the kind has it; `None` when it was complained about.
    fn redirect_uri(&mut self, key: &str, purpose: RedirectUriType, item: &Node) -> Option<Node> {
        let mut url = item;
        let mut matching_mode = MatchingMode::Strict;
        if let Some(entries) = item.map() {
            self.only(entries, &format!("an entry of \"{key}\""), &["url", "regex"]);
            match item.get("regex").map(|n| (n, &n.value)) {
                Some((_, Yaml::Bool(true))) => matching_mode = MatchingMode::Regex,
                None | Some((_, Yaml::Bool(false))) => {}
                Some((other, _)) => {
                    self.wrong(other, "regex", "true or false");
                    return None;
                }
            }
            let Some(given) = item.get("url") else {
                self.missing(&item.span, "url", &format!("an entry of \"{key}\""), EXPECTED);
                return None;
            };
            url = given;
        }
        let Some(text) = url.text() else {
            self.wrong(url, key, EXPECTED);
            return None;
        };
        let uri = RedirectUri { matching_mode, url: text.to_owned(), redirect_uri_type: purpose };
        if matching_mode == MatchingMode::Regex && !self.is_pattern(text, &url.span) {
            return None;
        }
        if let Some(complaint) = uri.complaint() {
            let message = format!("\"{key}\": {}", complaint.trim_end_matches('.'));
            self.error("invalid", &url.span, message);
            return None;
        }
        self.doubts(&uri, &url.span);
        Some(written(&uri, &url.span))
    }

    /// Addresses that can be registered, and hardly should.
    fn doubts(&mut self, uri: &RedirectUri, at: &Span) {
        let regex = uri.matching_mode == MatchingMode::Regex;
        if uri.redirect_uri_type == RedirectUriType::Authorization && is_plain_http(&uri.url, regex) {
            let message = format!("codes for {} travel unencrypted", quoted(&uri.url));
            let hint = "use https://; http:// is for applications on the visitor's own machine (RFC 9700, section 2.6)";
            self.diagnostics.push(Diagnostic::warning("insecure", at, message).hint(hint));
        }
        let elsewhere = if regex { matches_elsewhere(&uri.url) } else { None };
        if let Some(example) = elsewhere {
            let message = format!("this matches addresses of strangers, such as {}", quoted(&example));
            let hint = "write the host out, with \\. for a dot and [a-z0-9-]+ for a name: what matches is sent codes";
            let complaint = match uri.redirect_uri_type {
                RedirectUriType::Authorization => Diagnostic::error("insecure", at, message),
                RedirectUriType::Logout => Diagnostic::warning("insecure", at, message),
            };
            self.diagnostics.push(complaint.hint(hint));
        } else if regex && has_dot(&uri.url) {
            let message = format!("a dot in {} stands for any character", quoted(&uri.url));
            let hint = "write \\. for a dot, and [a-z0-9-]+ for a name: what matches is sent codes";
            self.diagnostics.push(Diagnostic::warning("insecure", at, message).hint(hint));
        }
        if !regex && uri.url.contains('*') {
            let message = format!("the * in {} stands for itself", quoted(&uri.url));
            let hint =
                "an expression is written as { url: \"https://[a-z0-9-]+\\\\.example\\\\.com/cb\", regex: true }";
            self.diagnostics.push(Diagnostic::warning("literal", at, message).hint(hint));
        }
    }
}

/// An address as the kind writes it, standing where the text stands.
fn written(uri: &RedirectUri, at: &Span) -> Node {
    let body = serde_json::to_value(uri).unwrap_or_default();
    let entries = body.as_object().into_iter().flatten();
    let entries = entries.map(|(key, value)| {
        (Key { text: key.clone(), span: at.clone() }, Node::implied(value.as_str().unwrap_or_default(), at))
    });
    Node { value: Yaml::Map(entries.collect()), ..Node::implied("", at) }
}

/// Whether an address leads over the network without encryption (RFC 8252, section 7.3: on one's own
/// machine there is none).
fn is_plain_http(url: &str, regex: bool) -> bool {
    if regex {
        let rest = url.trim_start_matches(['^', '(']);
        let rest = rest.strip_prefix("http://").or_else(|| rest.strip_prefix("https?://"));
        let here = |rest: &str| ["localhost", "127\\.", "127.", "\\[::1\\]"].iter().any(|host| rest.starts_with(host));
        return rest.is_some_and(|rest| !here(rest));
    }
    let Ok(url) = Url::parse(url) else { return false };
    let here = match url.host() {
        // RFC 6761, section 6.3.
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && !here
}

/// Whether an expression holds a dot that matches any character.
fn has_dot(expression: &str) -> bool {
    struct Dots(bool);
    impl ast::Visitor for Dots {
        type Output = bool;
        type Err = Infallible;
        fn finish(self) -> Result<bool, Infallible> {
            Ok(self.0)
        }
        fn visit_pre(&mut self, ast: &Ast) -> Result<(), Infallible> {
            self.0 |= matches!(ast, Ast::Dot(_));
            Ok(())
        }
    }
    let parsed = ast::parse::Parser::new().parse(expression);
    parsed.is_ok_and(|ast| ast::visit(&ast, Dots(false)).unwrap_or(true))
}

#[cfg(test)]
mod tests {
    use super::{has_dot, is_plain_http};

    #[test]
    fn only_addresses_over_the_network_are_in_the_open() {
        for url in ["http://a.example.com/cb", "http://10.0.0.1/cb", "http://localhost.example.com/cb"] {
            assert!(is_plain_http(url, false), "{url}");
        }
        for url in
            ["https://a.example.com/cb", "http://127.0.0.1:1/cb", "http://[::1]/cb", "http://a.localhost/", "app:/cb"]
        {
            assert!(!is_plain_http(url, false), "{url}");
        }
        for expression in ["http://[^/]+\\.example\\.com/cb", "^https?://a/"] {
            assert!(is_plain_http(expression, true), "{expression}");
        }
        for expression in ["https://[^/]+/cb", "^http://localhost:[0-9]+/cb", "http://127\\.0\\.0\\.1/"] {
            assert!(!is_plain_http(expression, true), "{expression}");
        }
    }

    #[test]
    fn a_dot_is_one_only_where_it_matches_anything() {
        assert!(has_dot("https://a.example/") && has_dot("https://a/(x|.*)"));
        assert!(!has_dot("https://a\\.example/[.]"));
    }
}
