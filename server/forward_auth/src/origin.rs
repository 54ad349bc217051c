//! Where a request comes from, worked out only as far as somebody asks.

use axum::extract::ConnectInfo;
use http::{HeaderMap, Uri, request::Parts};
use lockgate_identity::net::{Client, OverTls, SCHEME, TrustedProxies};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::OnceLock,
};

/// The peer, and what it says.
#[derive(Debug)]
pub struct Origin<'r> {
    /// Address of the peer.
    pub peer: IpAddr,
    /// Whether it is a trusted proxy.
    pub trusted: bool,
    headers: &'r HeaderMap,
    over_tls: bool,
    proxies: &'r TrustedProxies,
    ip: OnceLock<IpAddr>,
}

impl<'r> Origin<'r> {
    /// The origin of a request; a request without a known peer comes from nowhere that is trusted.
    #[must_use]
    pub fn of(parts: &'r Parts, proxies: &'r TrustedProxies) -> Self {
        let peer = peer_of(&parts.extensions);
        let trusted = proxies.trusts(peer);
        let over_tls = parts.extensions.get::<OverTls>().is_some();
        Self { peer, trusted, headers: &parts.headers, over_tls, proxies, ip: OnceLock::new() }
    }

    /// Address of the person, as far as it can be believed.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        *self.ip.get_or_init(|| {
            let lines = self.headers.get_all("x-forwarded-for").iter();
            self.proxies.client(self.peer, lines.map(|line| line.to_str().unwrap_or_default()))
        })
    }

    /// Everything about the client, for services that want it whole.
    #[must_use]
    pub fn client(&self) -> Client {
        let lines = |name: &str| {
            let lines = self.headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default());
            lines.chain((self.over_tls && name == SCHEME).then_some("https"))
        };
        lockgate_identity::net::client(self.proxies, self.peer, lines)
    }
}

/// Address of the peer, which the listener has noted; nobody's when it has not.
#[must_use]
pub fn peer_of(extensions: &http::Extensions) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip())
}

/// Path and query of a request, as sent.
#[must_use]
pub fn target_of(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |target| target.as_str())
}
