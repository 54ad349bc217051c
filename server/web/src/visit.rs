//! One request of a browser: from whom, in which session, and the answers that every handler gives.

use crate::{denied::DeniedPages, looks, pages::BrandView};
use axum::{
    body::Body,
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
};
use lockgate_identity::{
    Identity,
    config::Snapshot,
    net::{Client, RequestId},
    principals::PrincipalEntry,
    runner::{FlowRequest, SetSession},
    sessions::{self, SessionEntry},
    system::random_uuid,
};
use lockgate_model::Principal;
use lockgate_policies::Facts;
use std::{
    convert::Infallible,
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

/// Name of the session's cookie.
const SESSION_COOKIE: &str = "authentik_session";

/// Name of the cookie whose value scripts repeat in a header when they write.
const CSRF_COOKIE: &str = "authentik_csrf";

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

    pub(crate) fn mfa(&self) -> bool {
        sessions::has_mfa(&self.session)
    }
}

/// One request, and the configuration that it is answered under.
pub(crate) struct Visit {
    pub(crate) identity: Identity,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) client: Client,
    /// Value of the session cookie; not yet known to name a session.
    pub(crate) token: Option<String>,
    pub(crate) request_id: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Without `?`.
    pub(crate) query: String,
}

impl FromRequestParts<Identity> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, identity: &Identity) -> Result<Self, Infallible> {
        let given = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
        Ok(Self {
            identity: identity.clone(),
            snapshot: identity.config.snapshot(),
            client: client(identity, parts),
            token: session_token(&parts.headers),
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
    let headers = &parts.headers;
    // A proxy may add a line instead of lengthening the one that the client sent.
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    let hops = lines.join(",");
    identity.client(peer, |name| match name {
        "x-forwarded-for" => Some(hops.as_str()).filter(|hops| !hops.is_empty()),
        // HTTP/2 has no `Host`.
        "host" if !headers.contains_key("host") => parts.uri.authority().map(|authority| authority.as_str()),
        name => headers.get(name).and_then(|value| value.to_str().ok()),
    })
}

/// The first cookie of the session's name that can be one of ours: a foreign cookie of the same name
/// from a wider domain must not hide it.
fn session_token(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut values = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix(SESSION_COOKIE)?.strip_prefix('='));
    values.find(|value| sessions::plausible(value)).map(str::to_owned)
}

impl Visit {
    /// The request as the runner of flows takes it.
    pub(crate) fn flow<'a>(&'a self, slug: &'a str) -> FlowRequest<'a> {
        FlowRequest {
            slug,
            query: &self.query,
            session_token: self.token.as_deref(),
            client: &self.client,
            request_id: &self.request_id,
            path: &self.path,
        }
    }

    /// Who is signed in: an active person, with a session that may be used from here.
    pub(crate) async fn signed_in(&self) -> Result<Option<SignedIn>, Failure> {
        let Some(token) = &self.token else { return Ok(None) };
        let Some(session) = self.identity.sessions.by_token(token).await? else { return Ok(None) };
        let bound_here = sessions::bound_here(&session, self.client.ip);
        let Some(user) = session.user_pk.filter(|_| bound_here) else { return Ok(None) };
        let who = self.identity.principals.get(user).await?.filter(|who| who.principal().user.is_active);
        Ok(who.map(|who| SignedIn { session, who }))
    }

    /// The circumstances that policies may read.
    pub(crate) fn facts(&self, mfa: bool) -> Facts<'_> {
        Facts {
            ip: Some(self.client.ip),
            path: &self.path,
            host: &self.client.host,
            method: self.method.as_str(),
            user_agent: &self.client.user_agent,
            mfa,
            ..Facts::at(self.identity.clock.now())
        }
    }

    /// Path and query that were asked for.
    pub(crate) fn here(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// To the login, and back here afterwards.
    pub(crate) fn to_login(&self) -> Response {
        redirect(StatusCode::FOUND, &with_next("/flows/-/default/authentication/", &self.here()))
    }

    pub(crate) fn brand(&self) -> BrandView {
        looks::of(&self.snapshot, &self.client.host)
    }

    pub(crate) fn pages(&self) -> DeniedPages {
        DeniedPages::new(self.identity.clone())
    }

    pub(crate) fn not_found(&self) -> Response {
        self.pages().not_found(&self.client.host)
    }

    /// Makes a page of a failure.
    pub(crate) fn answer(&self, answer: Answer) -> Response {
        answer.unwrap_or_else(|Failure(error)| {
            tracing::error!(request = %self.request_id, path = %self.path, %error, "request failed");
            self.pages().internal_error(&self.client.host, &self.request_id)
        })
    }

    /// Gives the browser its session, with the cookie that scripts prove their writes by.
    pub(crate) fn set_session(&self, response: &mut Response, session: &SetSession) {
        let secure = self.client.is_https();
        let csrf = sessions::csrf_token(&session.token);
        for (name, value, scripts) in [(SESSION_COOKIE, &session.token, false), (CSRF_COOKIE, &csrf, true)] {
            add_cookie(response, name, value, scripts, session.max_age, secure);
        }
    }

    /// Takes the session from the browser.
    pub(crate) fn clear_session(&self, response: &mut Response) {
        for (name, scripts) in [(SESSION_COOKIE, false), (CSRF_COOKIE, true)] {
            add_cookie(response, name, "", scripts, Some(0), self.client.is_https());
        }
    }
}

/// Adds a cookie (RFC 6265); `scripts` may read it only where they must.
fn add_cookie(response: &mut Response, name: &str, value: &str, scripts: bool, max_age: Option<i64>, secure: bool) {
    let mut line = format!("{name}={value}; Path=/; SameSite=Lax");
    if !scripts {
        line.push_str("; HttpOnly");
    }
    if let Some(seconds) = max_age {
        // Writing to a String cannot fail.
        let _ = write!(line, "; Max-Age={}", seconds.max(0));
    }
    if secure {
        line.push_str("; Secure");
    }
    match HeaderValue::try_from(line) {
        Ok(line) => _ = response.headers_mut().append(header::SET_COOKIE, line),
        Err(_) => tracing::error!(name, "a cookie's value cannot stand in a header"),
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

    fn cookies(lines: &[&'static str]) -> HeaderMap {
        lines.iter().map(|line| (header::COOKIE, HeaderValue::from_static(line))).collect()
    }

    #[test]
    fn a_foreign_cookie_does_not_hide_the_session() {
        let ours = "0123456789012345678901234567890123456789abc";
        let headers = cookies(&[
            "authentik_session=eyJhbGciOi; x=1",
            "a=b;authentik_session=0123456789012345678901234567890123456789abc",
        ]);
        assert_eq!(session_token(&headers).as_deref(), Some(ours));
        assert_eq!(session_token(&cookies(&["authentik_session_2=0123456789012345678901234567890123456789abc"])), None);
    }

    #[test]
    fn only_scripts_that_must_can_read_a_cookie() {
        let mut response = Response::new(Body::empty());
        add_cookie(&mut response, "a", "b", false, None, true);
        add_cookie(&mut response, "c", "d", true, Some(60), false);
        let lines: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(lines, ["a=b; Path=/; SameSite=Lax; HttpOnly; Secure", "c=d; Path=/; SameSite=Lax; Max-Age=60"]);
    }

    #[test]
    fn a_location_is_ascii_and_one_line() {
        let response = redirect(StatusCode::FOUND, "/é\r\nSet-Cookie: a=b?c=%20");
        assert_eq!(response.headers()[header::LOCATION], "/%C3%A9%0D%0ASet-Cookie:%20a=b?c=%20");
        assert_eq!(with_next("/x/", "/a?b=c&d"), "/x/?next=%2Fa%3Fb%3Dc%26d");
    }
}
