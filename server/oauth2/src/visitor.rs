//! Who asks: the request's client and, where there is one, the person who is signed in.

use axum::extract::ConnectInfo;
use http::{HeaderMap, HeaderValue, header, request::Parts};
use lockgate_identity::{
    Identity,
    net::{Client, RequestId},
    principals::PrincipalEntry,
    runner::SetSession,
    sessions::{SessionEntry, bound_here},
};
use lockgate_store::StoreError;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

/// Name of the browser session's cookie.
const SESSION_COOKIE: &str = "authentik_session";

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
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        Self { client: identity.client(peer, text), token: cookie(&parts.headers), request_id }
    }

    /// The session and its user; `None` when nobody who may do anything is signed in.
    pub(crate) async fn signed_in(&self, identity: &Identity) -> Result<Option<SignedIn>, StoreError> {
        let Some(token) = &self.token else { return Ok(None) };
        let found = identity.sessions.by_token(token).await?;
        let Some(session) = found.filter(|session| bound_here(session, self.client.ip)) else { return Ok(None) };
        let Some(pk) = session.user_pk else { return Ok(None) };
        let who = identity.principals.get(pk).await?.filter(|who| who.principal().user.is_active);
        Ok(who.map(|who| SignedIn { token: token.clone(), session, who }))
    }

    /// The `Set-Cookie` header for a session that the browser does not know yet.
    pub(crate) fn session_cookie(&self, new: &SetSession) -> Option<HeaderValue> {
        let mut text = format!("{SESSION_COOKIE}={}; HttpOnly; SameSite=Lax; Path=/", new.token);
        if let Some(seconds) = new.max_age {
            text.push_str(&format!("; Max-Age={}", seconds.max(0)));
        }
        if self.client.is_https() {
            text.push_str("; Secure");
        }
        HeaderValue::try_from(text).ok()
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == SESSION_COOKIE).map(|(_, value)| value.to_owned())
}
