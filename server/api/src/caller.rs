//! Who calls: a bearer token of intent `api`, or the browser's session, whose writes must prove with a
//! header that they are meant (the double-submitted value of cookie `authentik_csrf`).

use crate::error::{ApiError, BAD_TOKEN, NO_CREDENTIALS, NO_PERMISSION};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum_extra::extract::CookieJar;
use http::{HeaderMap, header, request::Parts};
use lockgate_identity::{
    Identity,
    config::Snapshot,
    net::Client,
    principals::PrincipalEntry,
    sessions::{self, SessionEntry},
};
use lockgate_model::{Principal, User};
use lockgate_policies::Action;
use lockgate_store::TokenIntent;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

/// Name of the session's cookie.
pub(crate) const SESSION_COOKIE: &str = "authentik_session";
/// Name of the cookie whose value writes repeat.
pub(crate) const CSRF_COOKIE: &str = "authentik_csrf";
/// Name of the header that repeats it.
const CSRF_HEADER: &str = "x-authentik-csrf";

/// Who calls.
pub(crate) struct Caller {
    /// The account, ready for decisions.
    pub(crate) entry: Arc<PrincipalEntry>,
    /// The browser's session, unless a token came.
    pub(crate) session: Option<Arc<SessionEntry>>,
    /// From where.
    pub(crate) client: Client,
}

impl Caller {
    /// The account with its groups.
    pub(crate) fn principal(&self) -> &Principal {
        self.entry.principal()
    }

    /// The account.
    pub(crate) fn user(&self) -> &User {
        &self.principal().user
    }

    /// Whether the caller may do this to objects of the kind.
    pub(crate) fn may(&self, identity: &Identity, snapshot: &Snapshot, verb: Action, kind: &str) -> bool {
        identity.access.administer(snapshot, Some(&self.entry), verb, kind).allow
    }

    /// Refuses a caller who may not do this to objects of the kind.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn require(
        &self,
        identity: &Identity,
        snapshot: &Snapshot,
        verb: Action,
        kind: &str,
    ) -> Result<(), ApiError> {
        if self.may(identity, snapshot, verb, kind) { Ok(()) } else { Err(NO_PERMISSION) }
    }

    /// As [`Self::require`], for one object: whoever may not see it hears that it does not exist.
    ///
    /// # Errors
    /// 404 with this noun, or 403.
    pub(crate) fn require_on(
        &self,
        identity: &Identity,
        snapshot: &Snapshot,
        verb: Action,
        kind: &str,
        noun: &str,
    ) -> Result<(), ApiError> {
        if !self.may(identity, snapshot, Action::View, kind) {
            return Err(ApiError::no_such(noun));
        }
        self.require(identity, snapshot, verb, kind)
    }
}

/// What may be believed of the request's origin.
pub(crate) fn client(identity: &Identity, parts: &Parts) -> Client {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    // Without a peer nothing of the headers is believed: an address that nobody trusts.
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    identity.client(peer, |name| text(&parts.headers, name))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The value of the session cookie.
pub(crate) fn session_token(headers: &HeaderMap) -> Option<String> {
    CookieJar::from_headers(headers).get(SESSION_COOKIE).map(|cookie| cookie.value().to_owned())
}

/// Whether the header repeats the session's CSRF value.
pub(crate) fn is_meant(headers: &HeaderMap, session_token: &str) -> bool {
    text(headers, CSRF_HEADER).is_some_and(|given| sessions::csrf_matches(session_token, given))
}

/// A signed-in session that came with a cookie, if it may be used from here.
///
/// # Errors
/// Whatever the database answers.
pub(crate) async fn signed_in(
    identity: &Identity,
    token: &str,
    client: &Client,
) -> Result<Option<(Arc<SessionEntry>, Arc<PrincipalEntry>)>, ApiError> {
    let Some(session) = identity.sessions.by_token(token).await? else { return Ok(None) };
    let Some(user) = session.user_pk.filter(|_| sessions::bound_here(&session, client.ip)) else { return Ok(None) };
    let entry = identity.principals.get(user).await?.filter(|entry| entry.principal().user.is_active);
    Ok(entry.map(|entry| (session, entry)))
}

/// The key of an `Authorization: Bearer` header; other schemes are none of ours.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = text(headers, header::AUTHORIZATION.as_str())?.split_once(' ').unwrap_or_default();
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

impl FromRequestParts<Identity> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, identity: &Identity) -> Result<Self, ApiError> {
        let client = client(identity, parts);
        if let Some(key) = bearer(&parts.headers) {
            let found = identity.tokens.authenticate(key, TokenIntent::Api).await?;
            let (_, entry) = found.ok_or(BAD_TOKEN)?;
            return Ok(Self { entry, session: None, client });
        }
        let token = session_token(&parts.headers).ok_or(NO_CREDENTIALS)?;
        let (session, entry) = signed_in(identity, &token, &client).await?.ok_or(NO_CREDENTIALS)?;
        if !parts.method.is_safe() && !is_meant(&parts.headers, &token) {
            return Err(ApiError::Forbidden("CSRF Failed: CSRF token missing or incorrect."));
        }
        Ok(Self { entry, session: Some(session), client })
    }
}

/// Anybody, known or not.
pub(crate) struct Visitor {
    /// From where.
    pub(crate) client: Client,
    /// Value of the session cookie.
    pub(crate) session_token: Option<String>,
    /// Whether the CSRF header belongs to that session.
    pub(crate) is_meant: bool,
}

impl FromRequestParts<Identity> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, identity: &Identity) -> Result<Self, Self::Rejection> {
        let session_token = session_token(&parts.headers);
        let is_meant = session_token.as_deref().is_some_and(|token| is_meant(&parts.headers, token));
        Ok(Self { client: client(identity, parts), session_token, is_meant })
    }
}
