//! Who asks: the request's client and, where there is one, the person who is signed in.

use axum::extract::ConnectInfo;
use http::{HeaderValue, header, request::Parts};
use lockgate_identity::{
    Identity,
    config::Snapshot,
    net::{self, Client, RequestId, lines},
    principals::PrincipalEntry,
    runner::SetSession,
    sessions::{SessionEntry, session_cookie, set_cookies},
};
use lockgate_store::StoreError;
use lockgate_texts::Language;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

/// A browser.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) client: Client,
    /// Value of the session cookie.
    pub(crate) token: Option<String>,
    /// Id of the request, as in the log.
    pub(crate) request_id: String,
}

/// A browser with somebody signed in.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) token: String,
    pub(crate) session: Arc<SessionEntry>,
    pub(crate) who: Arc<PrincipalEntry>,
}

impl Visitor {
    pub(crate) fn of(identity: &Identity, parts: &Parts) -> Self {
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let client = net::client(&identity.trusted, peer(parts), |name| lines(parts, name));
        let token = session_cookie(lines(parts, header::COOKIE.as_str())).map(str::to_owned);
        Self { client, token, request_id }
    }

    /// The session and its user; `None` when nobody who may do anything is signed in.
    pub(crate) async fn signed_in(&self, identity: &Identity) -> Result<Option<SignedIn>, StoreError> {
        let Some(token) = &self.token else { return Ok(None) };
        let found = identity.signed_in(token, self.client.ip).await?;
        Ok(found.map(|(session, who)| SignedIn { token: token.clone(), session, who }))
    }

    /// The language of whoever asks, signed in or not.
    pub(crate) fn language(&self, snapshot: &Snapshot, who: Option<&SignedIn>) -> Language {
        let user = who.map(|who| &who.who.principal().user);
        snapshot.language(&self.client.host, user, &self.client.languages)
    }

    /// The `Set-Cookie` headers for a session that the browser does not know yet.
    pub(crate) fn cookies(&self, new: Option<&SetSession>) -> Vec<HeaderValue> {
        let lines = new.map(|new| set_cookies(&new.token, new.max_age, self.client.is_https()));
        // Identifiers are letters and digits: every line is a header's value.
        lines.into_iter().flatten().filter_map(|line| HeaderValue::try_from(line).ok()).collect()
    }
}

/// Whose connection it is.
pub(crate) fn peer(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip())
}
