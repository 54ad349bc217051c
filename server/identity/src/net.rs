//! Who is asking, from where, under which address: what may be believed of a request's headers.
//!
//! `X-Forwarded-*` counts only when the peer itself is a trusted proxy; from anybody else it is noise.

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
    /// not itself a trusted proxy. `forwarded_for` is the header's values joined by commas.
    #[must_use]
    pub fn client(&self, peer: IpAddr, forwarded_for: Option<&str>) -> IpAddr {
        if !self.trusts(peer) {
            return peer.to_canonical();
        }
        let mut client = peer.to_canonical();
        for hop in forwarded_for.unwrap_or_default().rsplit(',').take(32) {
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

/// Reads a request's origin. `header` answers with a header's value by lower-case name.
#[must_use]
pub fn client<'h>(trusted: &TrustedProxies, peer: IpAddr, header: impl Fn(&str) -> Option<&'h str>) -> Client {
    let trusted_peer = trusted.trusts(peer);
    let forwarded = |name: &str| header(name).filter(|_| trusted_peer).map(|v| v.split(',').next().unwrap_or(v).trim());
    let host = forwarded("x-forwarded-host").filter(|h| !h.is_empty()).or_else(|| header("host")).unwrap_or_default();
    let scheme = match forwarded("x-forwarded-proto") {
        Some(proto) if proto.eq_ignore_ascii_case("https") || proto.eq_ignore_ascii_case("wss") => "https",
        _ => "http",
    };
    Client {
        ip: trusted.client(peer, header("x-forwarded-for")),
        trusted_peer,
        scheme: scheme.to_owned(),
        host: if valid_host(host) { host.to_ascii_lowercase() } else { String::new() },
        user_agent: header("user-agent").unwrap_or_default().chars().take(512).collect(),
    }
}

/// Whether a text can be a host with an optional port: nothing that could break out of a URL.
#[must_use]
pub fn valid_host(host: &str) -> bool {
    host.len() <= 260
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b':' | b'[' | b']'))
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
    fn the_client_is_the_last_hop_that_nobody_trusted_vouches_for() {
        let p = proxies();
        assert_eq!(p.client(ip("203.0.113.9"), Some("1.1.1.1")), ip("203.0.113.9"), "a stranger's word is noise");
        assert_eq!(p.client(ip("127.0.0.1"), Some("6.6.6.6, 203.0.113.5, 10.0.0.2")), ip("203.0.113.5"));
        assert_eq!(p.client(ip("127.0.0.1"), Some("garbage")), ip("127.0.0.1"));
        assert_eq!(p.client(ip("::ffff:127.0.0.1"), Some("2001:db8::1")), ip("2001:db8::1"));
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
}
