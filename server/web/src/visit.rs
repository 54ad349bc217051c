//! One request of a browser: from whom, in which session, and the answers that every handler gives.

use crate::{
    denied::DeniedPages,
    looks,
    pages::{BrandView, Theme},
};
use axum::{
    body::Body,
    extract::{ConnectInfo, FromRef, FromRequestParts},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
};
use lockgate_identity::{
    Identity,
    config::Snapshot,
    net::{self, Client, RequestId, lines},
    principals::PrincipalEntry,
    runner::{FlowRequest, SetSession},
    sessions::{self, SessionEntry},
    system::random_uuid,
};
use lockgate_model::Principal;
use lockgate_policies::{Facts, Login};
use lockgate_texts::Language;
use std::{
    convert::Infallible,
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

/// Something inside failed; the page says under which id the log has more.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// What handlers answer before failures have become pages.
pub(crate) type Answer = Result<Response, Failure>;

/// Who is signed in in this browser.
pub(crate) struct SignedIn {
    pub(crate) session: Arc<SessionEntry>,
    pub(crate) who: Arc<PrincipalEntry>,
}

impl SignedIn {
    pub(crate) fn principal(&self) -> &Principal {
        self.who.principal()
    }

    pub(crate) fn login(&self) -> Login {
        sessions::login_of(&self.session)
    }
}

/// One request, and the configuration that it is answered under.
pub(crate) struct Visit {
    pub(crate) identity: Identity,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) client: Client,
    /// Value of the session cookie; not yet known to name a session.
    pub(crate) token: Option<String>,
    /// What the browser remembers of second factors.
    pub(crate) mfa_token: Option<String>,
    /// What the browser remembers of who has signed in in it.
    pub(crate) device_token: Option<String>,
    /// What the browser remembers of the looks that somebody has chosen in it.
    pub(crate) theme: Option<Theme>,
    pub(crate) request_id: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Without `?`.
    pub(crate) query: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit
where
    Identity: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let identity = &Identity::from_ref(state);
        let given = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
        Ok(Self {
            identity: identity.clone(),
            snapshot: identity.config.snapshot(),
            client: client(identity, parts),
            token: sessions::session_cookie(lines(parts, header::COOKIE.as_str())).map(str::to_owned),
            mfa_token: sessions::mfa_cookie(lines(parts, header::COOKIE.as_str())).map(str::to_owned),
            device_token: sessions::device_cookie(lines(parts, header::COOKIE.as_str())).map(str::to_owned),
            theme: looks::theme_cookie(lines(parts, header::COOKIE.as_str())),
            request_id: given.unwrap_or_else(|| random_uuid(&*identity.random).simple().to_string()),
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
        })
    }
}

fn client(identity: &Identity, parts: &Parts) -> Client {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    // Without a peer nothing of the headers is believed: an address that nobody trusts.
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    net::client(&identity.trusted, peer, |name| lines(parts, name))
}

impl Visit {
    /// The request as the runner of flows takes it.
    pub(crate) fn flow<'a>(&'a self, slug: &'a str) -> FlowRequest<'a> {
        FlowRequest {
            slug,
            query: &self.query,
            session_token: self.token.as_deref(),
            mfa_token: self.mfa_token.as_deref(),
            device_token: self.device_token.as_deref(),
            client: &self.client,
            request_id: &self.request_id,
            path: &self.path,
        }
    }

    /// Who is signed in: an active person, with a session that may be used from here.
    pub(crate) async fn signed_in(&self) -> Result<Option<SignedIn>, Failure> {
        let Some(token) = &self.token else { return Ok(None) };
        let found = self.identity.signed_in(token, self.client.ip).await?;
        Ok(found.map(|(session, who)| SignedIn { session, who }))
    }

    /// The circumstances that policies may read.
    pub(crate) fn facts<'f>(&'f self, login: Option<&'f Login>) -> Facts<'f> {
        let facts = Facts {
            ip: Some(self.client.ip),
            path: &self.path,
            host: &self.client.host,
            method: self.method.as_str(),
            user_agent: &self.client.user_agent,
            ..Facts::at(self.identity.clock.now())
        };
        login.map_or(facts, |login| facts.with_login(login))
    }

    /// Path and query that were asked for.
    pub(crate) fn here(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// To the login, and back here afterwards.
    pub(crate) fn to_login(&self) -> Response {
        redirect(StatusCode::FOUND, &with_next("/flows/-/default/authentication/", &self.here()))
    }

    /// The language of whoever asks, signed in or not.
    pub(crate) fn language(&self, who: Option<&SignedIn>) -> Language {
        let user = who.map(|who| &who.principal().user);
        self.snapshot.language(&self.client.host, user, &self.client.languages)
    }

    pub(crate) fn brand(&self, language: Language) -> BrandView {
        looks::of(&self.snapshot, &self.client.host, language).liked(self.theme)
    }

    /// The same for somebody who is signed in, as this person has chosen.
    pub(crate) fn brand_for(&self, who: &SignedIn) -> BrandView {
        let chosen = looks::theme_of(&who.principal().user);
        looks::of(&self.snapshot, &self.client.host, self.language(Some(who))).liked(chosen)
    }

    /// Has the browser remember the looks that somebody has chosen, for pages that know nobody.
    pub(crate) fn remember_theme(&self, response: &mut Response, theme: Theme) {
        if self.theme.unwrap_or_default() != theme {
            add_cookies(response, [looks::set_theme_cookie(theme, self.client.is_https())]);
        }
    }

    /// Pages that say no to somebody who is signed in.
    pub(crate) fn pages_for(&self, who: &SignedIn) -> DeniedPages {
        let theme = looks::theme_of(&who.principal().user);
        DeniedPages::new(self.identity.clone()).speaking(self.language(Some(who))).liked(theme)
    }

    pub(crate) fn pages(&self) -> DeniedPages {
        DeniedPages::new(self.identity.clone()).speaking(self.language(None)).liked(self.theme)
    }

    pub(crate) fn not_found(&self) -> Response {
        self.pages().not_found(&self.client.host)
    }

    /// Makes a page of a failure.
    pub(crate) fn answer(&self, answer: Answer) -> Response {
        answer.unwrap_or_else(|Failure(error)| {
            tracing::error!(request = %self.request_id, path = %self.path, %error, "request failed");
            let (pages, host) = (self.pages(), &self.client.host);
            if self.identity.store.is_away() {
                pages.unavailable(host, &self.request_id)
            } else {
                pages.internal_error(host, &self.request_id)
            }
        })
    }

    /// Gives the browser its session, with the cookie that scripts prove their writes by.
    pub(crate) fn set_session(&self, response: &mut Response, session: &SetSession) {
        add_cookies(response, sessions::set_cookies(&session.token, session.max_age, self.client.is_https()));
    }

    /// Has the browser remember a second factor.
    pub(crate) fn set_mfa(&self, response: &mut Response, mfa: &SetSession) {
        add_cookies(response, [sessions::set_mfa_cookie(&mfa.token, mfa.max_age, self.client.is_https())]);
    }

    /// Has the browser remember who has signed in in it.
    pub(crate) fn set_device(&self, response: &mut Response, device: &SetSession) {
        let line = sessions::set_device_cookie(&device.token, device.max_age, self.client.is_https());
        add_cookies(response, [line]);
    }

    /// Takes the session from the browser.
    pub(crate) fn clear_session(&self, response: &mut Response) {
        add_cookies(response, sessions::clear_cookies(self.client.is_https()));
    }
}

fn add_cookies<const N: usize>(response: &mut Response, lines: [String; N]) {
    // Identifiers are letters and digits: every line is a header's value.
    for line in lines.into_iter().filter_map(|line| HeaderValue::try_from(line).ok()) {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
}

/// `page` with `next` in its query.
pub(crate) fn with_next(page: &str, next: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("{page}?{query}")
}

/// A redirect that nobody keeps. What cannot stand in a header is percent-encoded (RFC 3986, 2.1).
pub(crate) fn redirect(status: StatusCode, to: &str) -> Response {
    let mut location = String::with_capacity(to.len());
    for byte in to.bytes() {
        if byte.is_ascii_graphic() {
            location.push(char::from(byte));
        } else {
            let _ = write!(location, "%{byte:02X}");
        }
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Visible ASCII is always a header's value.
    headers.insert(header::LOCATION, HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("/")));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_ascii_and_one_line() {
        let response = redirect(StatusCode::FOUND, "/é\r\nSet-Cookie: a=b?c=%20");
        assert_eq!(response.headers()[header::LOCATION], "/%C3%A9%0D%0ASet-Cookie:%20a=b?c=%20");
        assert_eq!(with_next("/x/", "/a?b=c&d"), "/x/?next=%2Fa%3Fb%3Dc%26d");
    }
}
