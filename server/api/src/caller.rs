//! Who calls: a bearer token of intent `api`, an access token for the API, or the browser's session, whose writes must prove with a
//! header that they are meant (the double-submitted value of cookie `authentik_csrf`).

use crate::error::{ACTING, ApiError, BAD_TOKEN, NO_CREDENTIALS, NO_PERMISSION};
use axum::extract::{ConnectInfo, FromRequestParts};
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, header, request::Parts};
use lockgate_identity::{
    Identity,
    config::Snapshot,
    net::{self, Client, Counted, lines},
    oauth::{API_SCOPE, ValidToken},
    principals::PrincipalEntry,
    sessions::{self, SessionEntry},
};
use lockgate_model::{Principal, User};
use lockgate_policies::{Action, Administered, Extent, Facts, Login};
use lockgate_store::TokenIntent;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use uuid::Uuid;

/// Name of the header that repeats the CSRF cookie's value.
const CSRF_HEADER: &str = "x-authentik-csrf";

/// What the caller has to do first whose browser may have been left open.
const SHOW_FIRST: ApiError = ApiError::Forbidden(
    "Sign in again with a second factor first: the last time was without one, or more than 15 minutes ago.",
);

/// How long a second factor counts as shown after it was.
const FRESH: TimeDelta = TimeDelta::minutes(15);

/// Who calls.
pub(crate) struct Caller {
    /// The account, ready for decisions.
    pub(crate) entry: Arc<PrincipalEntry>,
    /// The browser's session, unless a token came.
    pub(crate) session: Option<Arc<SessionEntry>>,
    /// Who it is in truth, where somebody acts as the account.
    pub(crate) original: Option<Arc<PrincipalEntry>>,
    /// From where.
    pub(crate) client: Client,
    /// How the session was opened; nothing for a token.
    login: Login,
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

    /// Refuses whoever acts as somebody else: what would stay when that ends is not theirs to make.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn require_oneself(&self) -> Result<(), ApiError> {
        if self.original.is_some() { Err(ACTING) } else { Ok(()) }
    }

    /// Refuses whoever is here in a browser, has a second factor, and has not shown it a short while ago: a browser that
    /// was left open proves nobody, and must not lose a factor, or gain one or a key, by whoever finds it. A token stands for
    /// its owner as it is.
    ///
    /// # Errors
    /// 403, or whatever the database answers.
    pub(crate) async fn require_shown_factor(&self, identity: &Identity) -> Result<(), ApiError> {
        let now = identity.clock.now();
        let fresh = |at: DateTime<Utc>| now - at < FRESH;
        if self.session.is_none() || self.login.mfa && self.login.at.is_some_and(fresh) {
            return Ok(());
        }
        if identity.usable_factors(self.user().pk).await?.is_empty() { Ok(()) } else { Err(SHOW_FIRST) }
    }

    /// The circumstances that policies may read.
    pub(crate) fn facts(&self, now: DateTime<Utc>) -> Facts<'_> {
        Facts {
            ip: Some(self.client.ip),
            host: &self.client.host,
            user_agent: &self.client.user_agent,
            ..Facts::at(now).with_login(&self.login)
        }
    }

    /// How far the caller may do this to what there is of the kind.
    pub(crate) fn extent(&self, identity: &Identity, snapshot: &Snapshot, verb: Action, kind: &str) -> Extent {
        snapshot.policies.extent(Some(&self.entry), verb, kind, &self.facts(identity.clock.now()))
    }

    /// Whether the caller may do this to everything of the kind.
    pub(crate) fn may(&self, identity: &Identity, snapshot: &Snapshot, verb: Action, kind: &str) -> bool {
        self.extent(identity, snapshot, verb, kind) == Extent::All
    }

    /// Refuses a caller who may not do this to everything of the kind.
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

    /// Refuses a caller who may do this to nothing of the kind, before anything else is looked at.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn require_some(
        &self,
        identity: &Identity,
        snapshot: &Snapshot,
        verb: Action,
        kind: &str,
    ) -> Result<(), ApiError> {
        if self.extent(identity, snapshot, verb, kind) > Extent::None { Ok(()) } else { Err(NO_PERMISSION) }
    }

    /// Whether the caller may do this to that.
    pub(crate) fn may_on(&self, identity: &Identity, snapshot: &Snapshot, verb: Action, what: &Administered) -> bool {
        identity.access.administer(snapshot, &self.entry, verb, what, &self.facts(identity.clock.now()))
    }

    /// Refuses a caller who may not do this to that: whoever may not see it hears that it does not exist.
    ///
    /// # Errors
    /// 404 with this noun, or 403.
    pub(crate) fn require_on(
        &self,
        identity: &Identity,
        snapshot: &Snapshot,
        verb: Action,
        what: &Administered,
        noun: &str,
    ) -> Result<(), ApiError> {
        if !self.may_on(identity, snapshot, Action::Read, what) {
            return Err(ApiError::no_such(noun));
        }
        if self.may_on(identity, snapshot, verb, what) { Ok(()) } else { Err(NO_PERMISSION) }
    }

    /// As [`Self::require_on`], for one of a kind that policies only know as a whole.
    ///
    /// # Errors
    /// 404 with this noun, or 403.
    pub(crate) fn require_one(
        &self,
        identity: &Identity,
        snapshot: &Snapshot,
        verb: Action,
        kind: &str,
        noun: &str,
    ) -> Result<(), ApiError> {
        if !self.may(identity, snapshot, Action::Read, kind) {
            return Err(ApiError::no_such(noun));
        }
        self.require(identity, snapshot, verb, kind)
    }
}

/// What may be believed of the request's origin.
pub(crate) fn client(identity: &Identity, parts: &Parts) -> Client {
    net::client(&identity.trusted, peer(parts), |name| lines(parts, name))
}

/// Address of the peer. Without one nothing of the headers is believed: an address that nobody trusts.
pub(crate) fn peer(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip())
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The value of the session cookie.
fn session_token(parts: &Parts) -> Option<String> {
    sessions::session_cookie(lines(parts, header::COOKIE.as_str())).map(str::to_owned)
}

/// Whether the header repeats the session's CSRF value.
pub(crate) fn is_meant(headers: &HeaderMap, session_token: &str) -> bool {
    text(headers, CSRF_HEADER).is_some_and(|given| sessions::csrf_matches(session_token, given))
}

/// The key of an `Authorization: Bearer` header; other schemes are none of ours.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = text(headers, header::AUTHORIZATION.as_str())?.split_once(' ').unwrap_or_default();
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// Whom a key speaks for, and under what its requests are counted: an API token, or an OAuth2 access token that was
/// issued for calling the API, which a program gets as many of as it likes. One that is bound to a key of its holder
/// (RFC 9449) is worth nothing without the proof.
async fn by_key(identity: &Identity, key: &str, from: IpAddr) -> Result<Option<(Uuid, Arc<PrincipalEntry>)>, ApiError> {
    // Others behind the same address go on with the keys that they have used.
    if let Some(wait) = identity.wrong_keys.pause(from).filter(|_| !identity.tokens.knows(key)) {
        return Err(throttled(wait));
    }
    identity.feed.trust().await?;
    if let Some((token, entry)) = identity.tokens.authenticate(key, TokenIntent::Api).await? {
        return Ok(Some((token.pk, entry)));
    }
    let found = identity.access_token(&identity.config.snapshot(), key).await?;
    let fits = |valid: &ValidToken| {
        valid.token.facts.jkt.is_none() && valid.token.scopes.iter().any(|scope| scope == API_SCOPE)
    };
    Ok(found.filter(fits).map(|valid| (valid.who.principal().user.uuid, valid.who)))
}

/// Counts a request; nobody keeps the others from being served.
async fn count(identity: &Identity, parts: &Parts, key: Uuid) -> Result<(), ApiError> {
    let Some(counter) = &identity.api_requests else { return Ok(()) };
    if parts.extensions.get::<Counted>().is_some() {
        return Ok(());
    }
    counter.count_with_all(&key).await.map_err(throttled)
}

fn throttled(wait: Duration) -> ApiError {
    ApiError::Throttled(wait.as_secs() + 1)
}

impl FromRequestParts<Identity> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, identity: &Identity) -> Result<Self, ApiError> {
        let client = client(identity, parts);
        if let Some(key) = bearer(&parts.headers) {
            let (counted, entry) = match by_key(identity, key, client.ip).await? {
                Some(found) => found,
                None => return Err(identity.wrong_keys.count(client.ip).map_or_else(throttled, |()| BAD_TOKEN)),
            };
            count(identity, parts, counted).await?;
            return Ok(Self { entry, session: None, original: None, client, login: Login::default() });
        }
        let token = session_token(parts).ok_or(NO_CREDENTIALS)?;
        let (session, entry) = identity.signed_in(&token, client.ip).await?.ok_or(NO_CREDENTIALS)?;
        count(identity, parts, entry.principal().user.uuid).await?;
        if !parts.method.is_safe() && !is_meant(&parts.headers, &token) {
            return Err(ApiError::Forbidden("CSRF Failed: CSRF token missing or incorrect."));
        }
        let original = match session.original_pk {
            Some(pk) => identity.principals.get(pk).await?,
            None => None,
        };
        let login = sessions::login_of(&session);
        Ok(Self { entry, session: Some(session), original, client, login })
    }
}

/// Anybody, known or not.
pub(crate) struct Visitor {
    /// From where.
    pub(crate) client: Client,
    /// Value of the session cookie.
    pub(crate) session_token: Option<String>,
    /// What the browser remembers of second factors.
    pub(crate) mfa_token: Option<String>,
    /// What the browser remembers of who has signed in in it.
    pub(crate) device_token: Option<String>,
    /// Whether the CSRF header belongs to that session.
    pub(crate) is_meant: bool,
}

impl FromRequestParts<Identity> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, identity: &Identity) -> Result<Self, Self::Rejection> {
        let session_token = session_token(parts);
        let is_meant = session_token.as_deref().is_some_and(|token| is_meant(&parts.headers, token));
        let mfa_token = sessions::mfa_cookie(lines(parts, header::COOKIE.as_str())).map(str::to_owned);
        let device_token = sessions::device_cookie(lines(parts, header::COOKIE.as_str())).map(str::to_owned);
        Ok(Self { client: client(identity, parts), session_token, mfa_token, device_token, is_meant })
    }
}
