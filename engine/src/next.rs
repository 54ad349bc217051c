//! Addresses that come from outside and that a browser may be sent to.

use url::Url;

/// The longest address accepted, in bytes; authorize requests are long.
const MAX: usize = 8_192;

/// The address when it is a path on this host, in normal form; `None` for anything that a browser
/// could understand as another host or scheme. The only way for an outside address into a redirect.
#[must_use]
pub fn safe_next(address: &str) -> Option<String> {
    if address.len() > MAX || !is_local(address) || address.contains(['\\', '\0']) {
        return None;
    }
    // Browsers drop tabs and line ends inside addresses, so `/<tab>/host` is `//host` to them.
    if address.chars().any(char::is_control) {
        return None;
    }
    let base = Url::parse("https://host.invalid/").ok()?;
    let url = base.join(address).ok()?;
    if url.origin() != base.origin() || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    // Removing `.` and `..` can bring two slashes to the front: look again.
    let normal = &url[url::Position::BeforePath..];
    is_local(normal).then(|| normal.to_owned())
}

fn is_local(address: &str) -> bool {
    address.starts_with('/') && !address.starts_with("//") && !address.starts_with("/\\")
}

/// `next` in a query string, when it is safe.
#[must_use]
pub fn next_in_query(query: &str) -> Option<String> {
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "next").and_then(|(_, to)| safe_next(&to))
}

/// The key of an invitation in a query string, whether or not there is such an invitation.
#[must_use]
pub fn invitation_in_query(query: &str) -> Option<String> {
    let named = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.into_owned())
    };
    named("itoken").or_else(|| named("token"))
}

/// The page of a flow, with `next` carried along.
pub(crate) fn flow_page(slug: &str, next: Option<&str>) -> String {
    match next {
        None => format!("/if/flow/{slug}/"),
        Some(next) => {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            format!("/if/flow/{slug}/?{query}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{next_in_query, safe_next};

    #[test]
    fn a_path_on_this_host_stays_what_it_is() {
        for path in
            ["/", "/if/user/", "/a/b?c=d&e=%2F%2Fx#f", "/application/o/authorize/?redirect_uri=https%3A%2F%2Fx/"]
        {
            assert_eq!(safe_next(path).as_deref(), Some(path));
        }
        assert_eq!(next_in_query("a=1&next=%2Fdeep%3Fq%3D1").as_deref(), Some("/deep?q=1"));
        assert_eq!(next_in_query("next=https%3A%2F%2Fevil.example"), None);
    }

    #[test]
    fn nothing_leads_to_another_host() {
        let long = format!("/{}", "a".repeat(9_000));
        for bad in [
            "",
            "evil.example",
            "https://evil.example/",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/a\\..\\evil",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/.//evil.example",
            "/..//evil.example",
            "/a/..//evil.example",
            "/%2e//evil.example",
            "/%2E%2e//evil.example",
            "/x/%2e%2e//evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https:evil.example",
            "http:///evil.example",
            "/\0/x",
            "/\u{85}/evil.example",
            "?next=/",
            "#x",
            &long,
        ] {
            assert_eq!(safe_next(bad), None, "{bad:?}");
        }
    }
}
