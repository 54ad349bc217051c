//! Who is asking, from where, under which address: what may be believed of a request's headers.
//!
//! `X-Forwarded-*` counts only when the peer itself is a trusted proxy; from anybody else it is noise.

use http::{Extensions, HeaderMap, Uri, request::Parts};
use ipnet::IpNet;
use std::net::IpAddr;

/// The networks whose word is taken for `X-Forwarded-*`.
#[derive(Debug, Clone)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// These networks.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether `peer` may speak for others.
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|net| net.contains(&peer))
    }

    /// The client behind a chain of trusted proxies: the rightmost address of `X-Forwarded-For` that is
    /// not itself a trusted proxy. `forwarded_for` are all lines of the header in their order: a proxy may
    /// add one instead of lengthening the one that the client sent (RFC 9110, section 5.3).
    #[must_use]
    pub fn client<'h, L>(&self, peer: IpAddr, forwarded_for: L) -> IpAddr
    where
        L: IntoIterator<Item = &'h str, IntoIter: DoubleEndedIterator>,
    {
        if !self.trusts(peer) {
            return peer.to_canonical();
        }
        let mut client = peer.to_canonical();
        for hop in forwarded_for.into_iter().rev().flat_map(|line| line.rsplit(',')).take(32) {
            let Some(address) = parse_hop(hop.trim()) else { break };
            client = address.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

fn parse_hop(hop: &str) -> Option<IpAddr> {
    hop.parse().ok().or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|a| a.ip()))
}

/// Identifier of a request, as the log has it: whoever takes the request in puts it into its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// Marks what a page asks the API for beside its first question, in the extensions of such a request: only the server itself can set
/// it. One look at a page counts as one request, however much is on it.
#[derive(Debug, Clone, Copy)]
pub struct Counted;

/// Marks a request that came by TLS, in its extensions: only the listener can set it.
#[derive(Debug, Clone, Copy)]
pub struct OverTls;

/// What is known of a request beside its path and body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Address of the person, as far as it can be believed.
    pub ip: IpAddr,
    /// Whether the peer is a trusted proxy.
    pub trusted_peer: bool,
    /// `http` or `https`, as the browser sees it.
    pub scheme: String,
    /// Host and port, as the browser sees it; lower case; empty when the request names none.
    pub host: String,
    /// `User-Agent`, at most 512 characters.
    pub user_agent: String,
    /// The languages that the browser asks for (`Accept-Language`), at most 512 characters.
    pub languages: String,
}

impl Client {
    /// Whether cookies may be marked `Secure`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// `scheme://host`, without a slash at the end.
    #[must_use]
    pub fn base(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }
}

/// What [`client`] asks for when there is no `host`: the authority of the request's target, which is
/// all that HTTP/2 has (RFC 9113, section 8.3.1).
pub const AUTHORITY: &str = ":authority";

/// What [`client`] asks for to know by which scheme a request came to us: `https` of one that is [`OverTls`].
pub const SCHEME: &str = ":scheme";

/// All lines of a request's header, as [`client`] asks for them.
pub fn lines<'p>(parts: &'p Parts, name: &str) -> impl DoubleEndedIterator<Item = &'p str> + use<'p> {
    lines_of((&parts.uri, &parts.headers, &parts.extensions), name)
}

/// As [`lines`], of a request that is still whole.
pub fn lines_of<'p>(
    (uri, headers, extensions): (&'p Uri, &'p HeaderMap, &'p Extensions),
    name: &str,
) -> impl DoubleEndedIterator<Item = &'p str> + use<'p> {
    let authority = uri.authority().filter(|_| name == AUTHORITY);
    let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default());
    let scheme = extensions.get::<OverTls>().filter(|_| name == SCHEME);
    lines.chain(authority.map(|authority| authority.as_str())).chain(scheme.map(|_| "https"))
}

/// Reads a request's origin. `header` answers with all lines of a header by lower-case name, in their
/// order, an unreadable one as an empty text; see also [`AUTHORITY`] and [`SCHEME`].
#[must_use]
pub fn client<'h, L>(trusted: &TrustedProxies, peer: IpAddr, header: impl Fn(&str) -> L) -> Client
where
    L: IntoIterator<Item = &'h str, IntoIter: DoubleEndedIterator>,
{
    let trusted_peer = trusted.trusts(peer);
    let forwarded = |name: &str| if trusted_peer { told(header(name).into_iter()) } else { None };
    let own = || match only(header("host").into_iter()) {
        Some(host) => host,
        None => header(AUTHORITY).into_iter().next(),
    };
    let host = forwarded("x-forwarded-host").filter(|h| !h.is_empty()).or_else(own).unwrap_or_default();
    let told = forwarded("x-forwarded-proto").or_else(|| header(SCHEME).into_iter().next());
    let scheme = match told {
        Some(proto) if proto.eq_ignore_ascii_case("https") || proto.eq_ignore_ascii_case("wss") => "https",
        _ => "http",
    };
    Client {
        ip: trusted.client(peer, header("x-forwarded-for")),
        trusted_peer,
        scheme: scheme.to_owned(),
        host: if valid_host(host) { host.to_ascii_lowercase() } else { String::new() },
        user_agent: header("user-agent").into_iter().next().unwrap_or_default().chars().take(512).collect(),
        languages: header("accept-language").into_iter().next().unwrap_or_default().chars().take(512).collect(),
    }
}

/// What a trusted peer says with a forwarding header. In one line the first value counts: what the proxy
/// next to the browser saw. Of several lines only the last value of the last one does, the peer's own
/// word: it adds to what it was sent instead of replacing it, so everything before may be the browser's.
fn told<'h>(mut lines: impl DoubleEndedIterator<Item = &'h str>) -> Option<&'h str> {
    let first = lines.next()?;
    let value = match lines.next_back() {
        None => first.split(',').next(),
        Some(last) => last.rsplit(',').next(),
    };
    value.map(str::trim)
}

/// The line of a header that may stand there once (RFC 9112, section 3.2): `None` when there is none,
/// `Some(None)` when there are more and none can be believed.
fn only<'h>(mut lines: impl Iterator<Item = &'h str>) -> Option<Option<&'h str>> {
    let first = lines.next()?;
    Some(lines.next().is_none().then_some(first))
}

/// A host without its port.
#[must_use]
pub fn name_of(host: &str) -> &str {
    match (host.strip_prefix('['), host.rsplit_once(':')) {
        (Some(rest), _) => rest.split(']').next().unwrap_or_default(),
        (None, Some((name, port))) if !name.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a name or address, without a port, is this machine's own and nobody else's.
#[must_use]
pub fn is_loopback(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether a text can be a host with an optional port: nothing that could break out of a URL.
#[must_use]
pub fn valid_host(host: &str) -> bool {
    host.len() <= 260
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b':' | b'[' | b']'))
}

/// The address that counts for whoever has this one: one subscriber owns a /64 of IPv6 and can use any address of it.
#[must_use]
pub fn household(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies() -> TrustedProxies {
        TrustedProxies::new(["127.0.0.0/8", "10.0.0.0/8"].iter().map(|n| n.parse().expect("network")).collect())
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("address")
    }

    #[test]
    fn this_machine_is_known_by_name_and_address() {
        for (host, name, own) in [
            ("localhost:9000", "localhost", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("[::1]:9000", "::1", true),
            ("auth.localhost", "auth.localhost", true),
            ("auth.example.com:443", "auth.example.com", false),
            ("localhost.example.com", "localhost.example.com", false),
            ("10.0.0.1:80", "10.0.0.1", false),
            ("", "", false),
        ] {
            assert_eq!((name_of(host), is_loopback(name_of(host))), (name, own), "{host}");
        }
    }

    #[test]
    fn the_client_is_the_last_hop_that_nobody_trusted_vouches_for() {
        let p = proxies();
        assert_eq!(p.client(ip("203.0.113.9"), Some("1.1.1.1")), ip("203.0.113.9"), "a stranger's word is noise");
        assert_eq!(p.client(ip("127.0.0.1"), Some("6.6.6.6, 203.0.113.5, 10.0.0.2")), ip("203.0.113.5"));
        assert_eq!(p.client(ip("127.0.0.1"), Some("garbage")), ip("127.0.0.1"));
        assert_eq!(p.client(ip("::ffff:127.0.0.1"), Some("2001:db8::1")), ip("2001:db8::1"));
        assert_eq!(p.client(ip("127.0.0.1"), ["6.6.6.6", "203.0.113.5, 10.0.0.2", "10.0.0.3"]), ip("203.0.113.5"));
        assert_eq!(p.client(ip("127.0.0.1"), ["6.6.6.6", ""]), ip("127.0.0.1"), "an unreadable line ends the chain");
    }

    #[test]
    fn forwarded_host_counts_only_from_trusted_peers() {
        let headers = |name: &str| match name {
            "host" => Some("auth.example.com"),
            "x-forwarded-host" => Some("App.example.com"),
            "x-forwarded-proto" => Some("https"),
            _ => None,
        };
        assert_eq!(client(&proxies(), ip("10.1.2.3"), headers).base(), "https://app.example.com");
        assert_eq!(client(&proxies(), ip("203.0.113.9"), headers).base(), "http://auth.example.com");
        let evil = |name: &str| (name == "host").then_some("a.example/\\evil");
        assert_eq!(client(&proxies(), ip("10.1.2.3"), evil).host, "");
    }

    #[test]
    fn of_several_lines_only_the_peers_own_word_counts() {
        let base = |lines: &[(&str, &'static str)]| {
            let of = |name: &str| lines.iter().filter(|(n, _)| *n == name).map(|(_, v)| *v).collect::<Vec<_>>();
            client(&proxies(), ip("10.1.2.3"), of).base()
        };
        let (host, proto) = ("x-forwarded-host", "x-forwarded-proto");
        assert_eq!(base(&[(host, "a.test, b.test"), (proto, "https, http")]), "https://a.test");
        let added = [(host, "evil.test"), (host, "evil.test, a.test"), (proto, "https"), (proto, "http")];
        assert_eq!(base(&added), "http://a.test");
        assert_eq!(base(&[("host", "a.test"), ("host", "b.test"), (AUTHORITY, "c.test")]), "http://");
        assert_eq!(base(&[(AUTHORITY, "c.test")]), "http://c.test");
    }

    #[test]
    fn a_household_is_one() {
        let of = |ip: &str| household(ip.parse().expect("an address"));
        assert_eq!(of("192.0.2.7"), of("::ffff:192.0.2.7"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    }
}
