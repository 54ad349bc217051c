//! Which proxy provider answers for a host: built once per snapshot, asked for every request.
//!
//! In this order: a provider whose public address has exactly this host and port; the `forward_domain`
//! provider with the longest cookie domain that the host lies in; the only provider, when there is but
//! one. In a domain, applications whose own address has this host are named too, so that their policies
//! count beside the domain's.

use lockgate_model::kinds::ProxyMode;
use std::{borrow::Cow, collections::HashMap};
use url::Url;
use uuid::Uuid;

/// A proxy provider as far as hosts are concerned.
#[derive(Debug, Clone, Copy)]
pub struct ProxyHost<'a> {
    /// The provider.
    pub provider: Uuid,
    /// Its public address.
    pub external: &'a Url,
    /// How it is asked.
    pub mode: ProxyMode,
    /// Domain of its cookie; counts in mode `forward_domain` only.
    pub cookie_domain: &'a str,
}

/// Through which rule a provider was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// The host is the provider's own.
    Host,
    /// The host lies in the provider's cookie domain.
    Domain,
    /// There is no other provider.
    Only,
}

/// Who answers for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostMatch<'i> {
    /// The provider.
    pub provider: Uuid,
    /// Why this one.
    pub by: FoundBy,
    /// Applications at this host whose policies must permit as well; only with [`FoundBy::Domain`].
    pub apps: &'i [Uuid],
}

/// The index.
#[derive(Debug, Default, Clone)]
pub struct HostIndex {
    /// Host with the port unless it is the scheme's own, to provider and whether it speaks https.
    exact: HashMap<String, (Uuid, bool)>,
    domains: HashMap<String, Uuid>,
    apps: HashMap<String, Vec<Uuid>>,
    only: Option<Uuid>,
}

impl HostIndex {
    /// Indexes providers and the addresses that applications are opened at. Of two providers with the
    /// same host or domain the first one counts.
    #[must_use]
    pub fn build<'a>(
        providers: impl IntoIterator<Item = ProxyHost<'a>>,
        launch: impl IntoIterator<Item = (Uuid, &'a str)>,
    ) -> Self {
        let mut index = Self::default();
        let mut count = 0_usize;
        for provider in providers {
            count += 1;
            index.only = (count == 1).then_some(provider.provider);
            index.add(&provider);
        }
        for (app, address) in launch {
            if let Some(key) = Url::parse(address).ok().filter(is_web).and_then(|url| key_of(&url)) {
                index.apps.entry(key).or_default().push(app);
            }
        }
        index
    }

    fn add(&mut self, new: &ProxyHost<'_>) {
        if let Some(key) = key_of(new.external) {
            self.exact.entry(key).or_insert((new.provider, new.external.scheme() == "https"));
        }
        let domain = new.cookie_domain.trim_start_matches('.');
        if new.mode == ProxyMode::ForwardDomain && !domain.is_empty() {
            self.domains.entry(domain.to_ascii_lowercase()).or_insert(new.provider);
        }
    }

    /// Who answers for `host`, which may carry a port; `None` when nobody does.
    #[must_use]
    pub fn find(&self, host: &str) -> Option<HostMatch<'_>> {
        if host.is_empty() {
            return None;
        }
        let host = normal(host);
        if let Some(provider) = self.exact(&host) {
            return Some(HostMatch { provider, by: FoundBy::Host, apps: &[] });
        }
        if let Some(provider) = self.domain(without_port(&host)) {
            return Some(HostMatch { provider, by: FoundBy::Domain, apps: self.apps_at(&host) });
        }
        self.only.map(|provider| HostMatch { provider, by: FoundBy::Only, apps: &[] })
    }

    /// Whether `host` is the own host of a provider, or lies in the domain of one.
    #[must_use]
    pub fn is_known(&self, host: &str) -> bool {
        self.find(host).is_some_and(|found| found.by != FoundBy::Only)
    }

    fn exact(&self, host: &str) -> Option<Uuid> {
        let own_port = |suffix: &str, https: bool| {
            let (provider, is_https) = self.exact.get(host.strip_suffix(suffix)?)?;
            (*is_https == https).then_some(*provider)
        };
        let found = self.exact.get(host).map(|(provider, _)| *provider);
        found.or_else(|| own_port(":443", true)).or_else(|| own_port(":80", false))
    }

    fn domain(&self, host: &str) -> Option<Uuid> {
        let mut rest = host;
        loop {
            if let Some(provider) = self.domains.get(rest) {
                return Some(*provider);
            }
            rest = rest.split_once('.')?.1;
        }
    }

    fn apps_at(&self, host: &str) -> &[Uuid] {
        let found = self.apps.get(host).or_else(|| {
            let host = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80"))?;
            self.apps.get(host)
        });
        found.map_or(&[], Vec::as_slice)
    }
}

/// Whether `host`, which may carry a port, is `domain` or below it; a leading dot of the domain means
/// nothing (RFC 6265, section 5.2.3).
#[must_use]
pub fn in_domain(host: &str, domain: &str) -> bool {
    let domain = domain.trim_start_matches('.');
    let host = normal(host);
    let host = without_port(&host);
    if domain.is_empty() || host.len() < domain.len() || !host.is_char_boundary(host.len() - domain.len()) {
        return false;
    }
    let (above, end) = host.split_at(host.len() - domain.len());
    end.eq_ignore_ascii_case(domain) && (above.is_empty() || above.ends_with('.'))
}

/// The two addresses that a login at a provider may return to, in the order of the contract: below the
/// outpost's prefix, and the application itself with the flag that makes any path a callback.
#[must_use]
pub fn redirect_uris(external: &Url) -> [String; 2] {
    let base = external.as_str().split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    [
        format!("{base}/outpost.goauthentik.io/callback?X-authentik-auth-callback=true"),
        format!("{base}?X-authentik-auth-callback=true"),
    ]
}

/// Lower case, and without the dot that an absolute name ends with.
fn normal(host: &str) -> Cow<'_, str> {
    let name_end = without_port(host).len();
    let dotted = host[..name_end].ends_with('.');
    if !dotted && !host.bytes().any(|b| b.is_ascii_uppercase()) {
        return Cow::Borrowed(host);
    }
    let name = if dotted { &host[..name_end - 1] } else { &host[..name_end] };
    Cow::Owned(format!("{name}{}", &host[name_end..]).to_ascii_lowercase())
}

fn without_port(host: &str) -> &str {
    match host.rfind(':') {
        // The colons of an IPv6 address stand inside brackets.
        Some(colon) if !host[colon..].contains(']') => &host[..colon],
        _ => host,
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Host with the port unless it is the scheme's own.
fn key_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let host = host.strip_suffix('.').unwrap_or(host);
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn index() -> HostIndex {
        let url = |text: &str| Url::parse(text).expect("address");
        let (app, auth, sub, port) = (
            url("https://App.Example.com"),
            url("https://auth.example.com/"),
            url("https://x.lab.example.com"),
            url("http://local.test:8080"),
        );
        let host = |provider, external, mode, cookie_domain| ProxyHost { provider, external, mode, cookie_domain };
        HostIndex::build(
            [
                host(id(1), &app, ProxyMode::ForwardSingle, ""),
                host(id(2), &auth, ProxyMode::ForwardDomain, ".Example.com"),
                host(id(3), &sub, ProxyMode::ForwardDomain, "lab.example.com"),
                host(id(4), &port, ProxyMode::Proxy, "ignored.test"),
            ],
            [
                (id(90), "https://movies.example.com/start"),
                (id(91), "%(username)s"),
                (id(92), "ftp://movies.example.com"),
            ],
        )
    }

    #[test]
    fn own_host_before_longest_domain_before_nothing() {
        let index = index();
        let find = |host| index.find(host).map(|found| (found.provider.as_u128(), found.by));
        for (host, expected) in [
            ("app.example.com", Some((1, FoundBy::Host))),
            ("APP.example.com:443", Some((1, FoundBy::Host))),
            ("app.example.com.", Some((1, FoundBy::Host))),
            ("app.example.com:80", Some((2, FoundBy::Domain))),
            ("app.example.com:8443", Some((2, FoundBy::Domain))),
            ("movies.example.com", Some((2, FoundBy::Domain))),
            ("example.com", Some((2, FoundBy::Domain))),
            ("a.b.lab.example.com:1", Some((3, FoundBy::Domain))),
            ("xlab.example.com", Some((2, FoundBy::Domain))),
            ("local.test:8080", Some((4, FoundBy::Host))),
            ("local.test", None),
            ("a.ignored.test", None),
            ("notexample.com", None),
            ("example.com.evil.test", None),
            ("[::1]:9000", None),
            ("", None),
            (".", None),
            (":", None),
        ] {
            assert_eq!(find(host), expected, "{host}");
        }
    }

    #[test]
    fn an_app_at_a_host_of_the_domain_is_named() {
        let index = index();
        assert_eq!(index.find("movies.example.com").expect("domain").apps, [id(90)]);
        assert_eq!(index.find("Movies.example.com:443").expect("domain").apps, [id(90)]);
        assert!(index.find("other.example.com").expect("domain").apps.is_empty());
    }

    #[test]
    fn the_only_provider_answers_for_every_host() {
        let url = Url::parse("https://[2001:db8::1]:444").expect("address");
        let one = ProxyHost { provider: id(7), external: &url, mode: ProxyMode::ForwardSingle, cookie_domain: "" };
        let index = HostIndex::build([one], []);
        assert_eq!(index.find("whatever.test").map(|f| (f.provider, f.by)), Some((id(7), FoundBy::Only)));
        assert_eq!(index.find("[2001:DB8::1]:444").map(|f| f.by), Some(FoundBy::Host));
        assert!(!index.is_known("whatever.test") && index.is_known("[2001:db8::1]:444"));
    }

    #[test]
    fn logins_return_to_two_addresses() {
        let external = Url::parse("https://app.example.com/").expect("address");
        assert_eq!(
            redirect_uris(&external),
            [
                "https://app.example.com/outpost.goauthentik.io/callback?X-authentik-auth-callback=true",
                "https://app.example.com?X-authentik-auth-callback=true",
            ]
        );
    }

    #[test]
    fn a_domain_ends_at_a_dot() {
        for (host, domain, expected) in [
            ("example.com", "example.com", true),
            ("a.example.com:8443", ".example.com", true),
            ("A.EXAMPLE.COM", "Example.com", true),
            ("badexample.com", "example.com", false),
            ("example.com.evil.test", "example.com", false),
            ("example.com", "", false),
            ("é.example.com", "example.com", true),
        ] {
            assert_eq!(in_domain(host, domain), expected, "{host} in {domain}");
        }
    }
}
