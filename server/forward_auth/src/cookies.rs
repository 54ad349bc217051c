//! The two cookies of an application: its session, and the browser's half of a login's state.

use http::HeaderValue;

/// Name of the state cookie beside a session cookie.
#[must_use]
pub(crate) fn state_name(session_name: &str) -> String {
    [session_name, "_state"].concat()
}

/// Where a cookie is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Jar<'a> {
    /// Only over TLS.
    pub(crate) secure: bool,
    /// To every host of this domain; empty: to the host that set it.
    pub(crate) domain: &'a str,
}

impl Jar<'_> {
    /// A `Set-Cookie` header (RFC 6265): for `max_age` seconds, 0 to remove it. `None` when a part
    /// cannot stand in a header.
    #[must_use]
    pub(crate) fn set(&self, name: &str, value: &str, max_age: i64) -> Option<HeaderValue> {
        let age = max_age.max(0).to_string();
        let mut text = [name, "=", value, "; HttpOnly; SameSite=Lax; Path=/; Max-Age=", &age].concat();
        let domain = self.domain.trim_start_matches('.');
        if !domain.is_empty() {
            if !domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')) {
                return None;
            }
            text.push_str("; Domain=");
            text.push_str(domain);
        }
        if self.secure {
            text.push_str("; Secure");
        }
        HeaderValue::try_from(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_bound_to_host_or_domain() {
        let line = Jar { secure: true, domain: ".example.com" }.set("n", "v", 60).expect("a header");
        assert_eq!(line, "n=v; HttpOnly; SameSite=Lax; Path=/; Max-Age=60; Domain=example.com; Secure");
        let line = Jar { secure: false, domain: "" }.set("n", "", 0).expect("a header");
        assert_eq!(line, "n=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0");
        assert!(Jar { secure: false, domain: "a; Path=/x" }.set("n", "v", 1).is_none());
    }
}
