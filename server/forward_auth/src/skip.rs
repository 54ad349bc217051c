//! Paths that need no sign-in: the provider's `skip_path_regex`, one unanchored expression a line.
//!
//! In `forward_single` an expression is held against the path, in `forward_domain` against the address
//! without its query: a query is the visitor's to choose, and `?x=/public/` must not open a door.
//! A path that proxy and application might read differently is never skipped.

use crate::dialect::{PREFIX, Question};
use lockgate_model::kinds::ProxyMode;
use regex::Regex;
use std::borrow::Cow;

/// Whether a question needs no sign-in.
#[must_use]
pub fn skips(question: &Question<'_>, mode: ProxyMode, expressions: &[Regex]) -> bool {
    let path = question.path();
    if expressions.is_empty() || !question.vouched || !is_plain(path) {
        return false;
    }
    let matches = |path: &str| match mode {
        ProxyMode::ForwardDomain => {
            let address = format!("{}://{}{path}", question.scheme.as_str(), question.host);
            expressions.iter().any(|e| e.is_match(&address))
        }
        ProxyMode::Proxy | ProxyMode::ForwardSingle => expressions.iter().any(|e| e.is_match(path)),
    };
    // The application decodes what the expression's author saw in plain letters: both must match.
    matches(path) && decoded(path).is_none_or(|plain| matches(&plain))
}

/// Whether a question is about the outpost's own addresses, which nginx asks about as about any other.
#[must_use]
pub fn is_ours(question: &Question<'_>) -> bool {
    let path = question.path();
    let below = path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below && question.vouched && is_plain(path)
}

/// Whether everybody who reads the path reads the same: no dot segments, no empty segments, no encoded
/// slashes or backslashes, however often encoded, and no parameters that hide a dot segment (`/..;/`).
fn is_plain(path: &str) -> bool {
    let Some(path) = fully_decoded(path) else { return false };
    if path.bytes().any(|b| b.is_ascii_control() || b == b'\\') {
        return false;
    }
    let Some(segments) = path.strip_prefix('/') else { return false };
    let mut segments = segments.split('/').peekable();
    while let Some(segment) = segments.next() {
        let name = segment.split_once(';').map_or(segment, |(name, _)| name);
        let last = segments.peek().is_none();
        if matches!(name, "." | "..") || (name.is_empty() && !last) {
            return false;
        }
    }
    true
}

/// Decodes until nothing is left to decode; `None` when a slash comes to light, or there is no end.
fn fully_decoded(path: &str) -> Option<Cow<'_, str>> {
    let slashes = path.bytes().filter(|b| *b == b'/').count();
    let mut current = Cow::Borrowed(path);
    for _ in 0..4 {
        let Some(next) = decoded(&current) else { return Some(current) };
        if next.bytes().filter(|b| *b == b'/').count() != slashes {
            return None;
        }
        current = Cow::Owned(next);
    }
    None
}

/// Percent-decoded once; `None` when nothing is encoded. What is not UTF-8 becomes U+FFFD.
fn decoded(path: &str) -> Option<String> {
    let bytes = path.as_bytes();
    if !bytes.contains(&b'%') {
        return None;
    }
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).filter(|_| byte == b'%').and_then(|pair| std::str::from_utf8(pair).ok());
        let value = pair.filter(|p| p.bytes().all(|b| b.is_ascii_hexdigit()));
        match value.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(value) => {
                plain.push(value);
                at += 3;
            }
            None => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    (plain != bytes).then(|| String::from_utf8_lossy(&plain).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Asked;
    use http::{HeaderMap, HeaderValue, Method};

    fn skipped(mode: ProxyMode, expression: &str, target: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("app.test"));
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        let asked = Asked { method: &Method::GET, target, headers: &headers, trusted: true };
        let question = Question::direct(asked).expect("a question");
        skips(&question, mode, &[Regex::new(expression).expect("expression")])
    }

    #[test]
    fn single_mode_searches_the_path() {
        let skipped = |target| skipped(ProxyMode::ForwardSingle, "^/public/", target);
        for target in ["/public/", "/public/a?x=..", "/public/a%20b", "/public/a;v=1/b"] {
            assert!(skipped(target), "{target}");
        }
        for target in ["/", "/publicx", "/x/public/", "/?/public/", "/Public/"] {
            assert!(!skipped(target), "{target}");
        }
    }

    #[test]
    fn paths_that_can_be_read_in_two_ways_are_not_skipped() {
        for target in [
            "/public/../admin",
            "/public/./x",
            "/public/..",
            "/public//admin",
            "//public/",
            "/public/..%2fadmin",
            "/public/%2e%2e/admin",
            "/public/%2E./admin",
            "/public/%252e%252e/admin",
            "/public/%25252e%25252e/admin",
            "/public/%2525252525252e./admin",
            "/public/..%5cadmin",
            "/public/..;/admin",
            "/public/.%2e;x=1/admin",
            "/public/a%2fb",
            "/public/a%00",
            "/public/a%0d%0a",
            "/public/\\..\\admin",
        ] {
            assert!(!skipped(ProxyMode::ForwardSingle, "^/public/", target), "{target}");
        }
        assert!(!skipped(ProxyMode::ForwardSingle, "^/[^a]", "/%61dmin"), "decoded it is /admin");
    }

    #[test]
    fn domain_mode_searches_the_address_without_the_query() {
        let skipped = |expression, target| skipped(ProxyMode::ForwardDomain, expression, target);
        assert!(skipped(r"^https://app\.test/public/", "/public/x?y"));
        assert!(skipped("/public/", "/public/"));
        assert!(!skipped("^/public/", "/public/"), "the address does not begin with the path");
        assert!(!skipped("/public/", "/admin?x=/public/"));
    }
}
