//! How each proxy asks: one small adapter per dialect turns its request into the common [`Question`].
//!
//! `X-Forwarded-*` and `X-Original-*` count only when the peer is a trusted proxy. From anybody else
//! the request's own `Host` counts, its path is taken as unknown, and nothing is ever skipped for it.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use std::borrow::Cow;
use thiserror::Error;

/// The longest path with query that is looked at, in bytes.
pub const MAX_TARGET: usize = 8 * 1024;

/// The longest host with port, in bytes: a name has at most 253 (RFC 1035, section 2.3.4).
const MAX_HOST: usize = 260;

/// Where the outpost's own addresses begin.
pub const PREFIX: &str = "/outpost.goauthentik.io";

/// Which words a proxy uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Traefik's `forwardAuth`.
    Traefik,
    /// Caddy's `forward_auth`.
    Caddy,
    /// nginx' `auth_request`, also HAProxy: can only be told yes or no.
    Nginx,
    /// Envoy's `ext_authz` over HTTP.
    Envoy,
}

/// `http` or `https`; WebSockets count as what they were upgraded from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// As in a URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn parse(text: &str) -> Option<(Self, bool)> {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        match () {
            () if is("https") => Some((Self::Https, false)),
            () if is("http") => Some((Self::Http, false)),
            () if is("wss") => Some((Self::Https, true)),
            () if is("ws") => Some((Self::Http, true)),
            () => None,
        }
    }
}

/// Why a request is not a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Malformed {
    /// A header that the dialect needs is not there.
    #[error("the header {0} is missing")]
    Missing(&'static str),
    /// A header is there and makes no sense, or is there twice.
    #[error("the header {0} is malformed")]
    Invalid(&'static str),
}

/// The request as it reached us.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'r> {
    /// Its method.
    pub method: &'r Method,
    /// Its path and query, as sent.
    pub target: &'r str,
    /// Its headers.
    pub headers: &'r HeaderMap,
    /// Whether the peer is a trusted proxy.
    pub trusted: bool,
}

/// What every dialect comes down to: may this request pass?
#[derive(Debug, Clone)]
pub struct Question<'r> {
    /// As the browser speaks.
    pub scheme: Scheme,
    /// Host and port, lower case.
    pub host: Cow<'r, str>,
    /// Path and query, exactly as the proxy told; begins with a slash.
    pub target: &'r str,
    /// The original method.
    pub method: &'r str,
    /// A script, a sub-resource or a WebSocket, which can do nothing with a redirect to a login page.
    pub is_script: bool,
    /// Whether a trusted proxy vouches for host and path.
    pub vouched: bool,
    headers: &'r HeaderMap,
}

impl<'r> Question<'r> {
    /// Reads a request in a dialect.
    ///
    /// # Errors
    /// When a header that it needs is missing or malformed.
    pub fn parse(dialect: Dialect, asked: Asked<'r>) -> Result<Self, Malformed> {
        if dialect == Dialect::Envoy {
            return Self::from_envoy(asked);
        }
        if !asked.trusted {
            return Self::unvouched(asked, "/");
        }
        match dialect {
            Dialect::Nginx => Self::from_nginx(asked),
            _ => Self::from_forwarded(asked),
        }
    }

    /// Traefik and Caddy: three headers.
    fn from_forwarded(asked: Asked<'r>) -> Result<Self, Malformed> {
        const URI: &str = "x-forwarded-uri";
        let (scheme, socket) = needed(forwarded_scheme(asked.headers)?, "x-forwarded-proto")?;
        let host = needed(forwarded_host(asked.headers)?, "x-forwarded-host")?;
        let target = target(needed(single(asked.headers, URI)?, URI)?, URI)?;
        let method = told_method(asked, "x-forwarded-method")?;
        Ok(Self::new(scheme, host, target, method, socket, asked))
    }

    /// nginx: a path in `X-Original-URI`, or a whole URL in `X-Original-URL`.
    fn from_nginx(asked: Asked<'r>) -> Result<Self, Malformed> {
        const URI: &str = "x-original-uri";
        const URL: &str = "x-original-url";
        let method = match single(asked.headers, "x-original-method")? {
            Some(_) => told_method(asked, "x-original-method")?,
            None => told_method(asked, "x-forwarded-method")?,
        };
        if let Some(uri) = single(asked.headers, URI)? {
            let (scheme, socket) = forwarded_scheme(asked.headers)?.unwrap_or((Scheme::Http, false));
            let host = match forwarded_host(asked.headers)? {
                Some(host) => host,
                None => own_host(asked.headers)?,
            };
            return Ok(Self::new(scheme, host, target(uri, URI)?, method, socket, asked));
        }
        let url = needed(single(asked.headers, URL)?, URL)?;
        let (scheme, rest) = url.split_once("://").ok_or(Malformed::Invalid(URL))?;
        let (scheme, socket) = Scheme::parse(scheme).ok_or(Malformed::Invalid(URL))?;
        let slash = rest.find('/').ok_or(Malformed::Invalid(URL))?;
        let host = host(&rest[..slash], URL)?;
        Ok(Self::new(scheme, host, target(&rest[slash..], URL)?, method, socket, asked))
    }

    /// Envoy: its own host, and the original path behind ours.
    fn from_envoy(asked: Asked<'r>) -> Result<Self, Malformed> {
        let behind = asked.target.strip_prefix(PREFIX).and_then(|t| t.strip_prefix("/auth/envoy"));
        let behind = behind.ok_or(Malformed::Invalid("path"))?;
        let behind = if behind.is_empty() { "/" } else { behind };
        if !asked.trusted {
            return Self::unvouched(asked, behind);
        }
        let (scheme, socket) = forwarded_scheme(asked.headers)?.unwrap_or((Scheme::Http, false));
        let host = own_host(asked.headers)?;
        Ok(Self::new(scheme, host, target(behind, "path")?, asked.method.as_str(), socket, asked))
    }

    /// A browser that reached us without a dialect, at an address of its own application.
    ///
    /// # Errors
    /// When `Host` is missing or malformed.
    pub fn direct(asked: Asked<'r>) -> Result<Self, Malformed> {
        if !asked.trusted {
            return Self::unvouched(asked, asked.target);
        }
        let (scheme, socket) = forwarded_scheme(asked.headers)?.unwrap_or((Scheme::Http, false));
        let host = match forwarded_host(asked.headers)? {
            Some(host) => host,
            None => own_host(asked.headers)?,
        };
        Ok(Self::new(scheme, host, target(asked.target, "path")?, asked.method.as_str(), socket, asked))
    }

    fn unvouched(asked: Asked<'r>, path: &'r str) -> Result<Self, Malformed> {
        let host = own_host(asked.headers)?;
        let method = asked.method.as_str();
        let question = Self::new(Scheme::Http, host, target(path, "path")?, method, false, asked);
        Ok(Self { vouched: false, ..question })
    }

    fn new(
        scheme: Scheme,
        host: Cow<'r, str>,
        target: &'r str,
        method: &'r str,
        socket: bool,
        asked: Asked<'r>,
    ) -> Self {
        let is_script = socket || is_script(asked.headers);
        Self { scheme, host, target, method, is_script, vouched: true, headers: asked.headers }
    }

    /// The path, as sent.
    #[must_use]
    pub fn path(&self) -> &'r str {
        self.target.split_once('?').map_or(self.target, |(path, _)| path)
    }

    /// The query, as sent.
    #[must_use]
    pub fn query(&self) -> &'r str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The whole address.
    #[must_use]
    pub fn url(&self) -> String {
        [self.scheme.as_str(), "://", &self.host, self.target].concat()
    }

    /// Whether the query holds `name=true`, whatever the value's case.
    #[must_use]
    pub fn has_flag(&self, name: &str) -> bool {
        let query = self.query();
        // Most queries have no such word; decoding is for those that might.
        query.contains(name)
            && url::form_urlencoded::parse(query.as_bytes())
                .any(|(key, value)| key == name && value.eq_ignore_ascii_case("true"))
    }

    /// The first value of a query parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.query().as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Values of the cookie `name`; more than one when a neighbour's cookie has the same name.
    pub fn cookies<'n>(&self, name: &'n str) -> impl Iterator<Item = &'r str> + use<'r, 'n> {
        let lines = self.headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.filter(move |(key, _)| *key == name).map(|(_, value)| value).take(4)
    }

    /// The `Authorization` header, if there is exactly one.
    #[must_use]
    pub fn authorization(&self) -> Option<&'r HeaderValue> {
        let mut all = self.headers.get_all(header::AUTHORIZATION).iter();
        all.next().filter(|_| all.next().is_none())
    }

    /// Whether there is any `Authorization` header, even one that cannot be read.
    #[must_use]
    pub fn shows_credentials(&self) -> bool {
        self.headers.contains_key(header::AUTHORIZATION)
    }

    /// The `User-Agent` header.
    #[must_use]
    pub fn user_agent(&self) -> Option<&'r HeaderValue> {
        self.headers.get(header::USER_AGENT)
    }
}

/// Nothing that waits for a page: it wants to be told 401 and not to be sent to one.
fn is_script(headers: &HeaderMap) -> bool {
    const KEY: HeaderName = HeaderName::from_static("sec-websocket-key");
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    // Proxies drop `Upgrade` before they ask, for it is meant for the next hop only; the key stays.
    let upgrade = text("upgrade").is_some_and(|v| v.eq_ignore_ascii_case("websocket")) || headers.contains_key(KEY);
    if upgrade || text("x-requested-with").is_some_and(|v| v.eq_ignore_ascii_case("xmlhttprequest")) {
        return true;
    }
    // Fetch Metadata, sections 2.1 and 2.2.
    if let Some(mode) = text("sec-fetch-mode") {
        return mode != "navigate";
    }
    if let Some(destination) = text("sec-fetch-dest") {
        return !matches!(destination, "document" | "iframe" | "frame");
    }
    let accept = text("accept").unwrap_or_default();
    (accept.contains("json") || accept.contains("text/event-stream")) && !accept.contains("html")
}

fn needed<T>(value: Option<T>, name: &'static str) -> Result<T, Malformed> {
    value.ok_or(Malformed::Missing(name))
}

/// The value of a header that may stand there once.
fn single<'r>(headers: &'r HeaderMap, name: &'static str) -> Result<Option<&'r str>, Malformed> {
    let mut all = headers.get_all(name).iter();
    let Some(value) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(Malformed::Invalid(name));
    }
    value.to_str().map(Some).map_err(|_| Malformed::Invalid(name))
}

/// The value that the first proxy of a chain has set.
fn first(list: &str) -> &str {
    list.split_once(',').map_or(list, |(first, _)| first).trim()
}

fn forwarded_scheme(headers: &HeaderMap) -> Result<Option<(Scheme, bool)>, Malformed> {
    const NAME: &str = "x-forwarded-proto";
    let Some(value) = single(headers, NAME)? else { return Ok(None) };
    Scheme::parse(first(value)).map(Some).ok_or(Malformed::Invalid(NAME))
}

fn forwarded_host(headers: &HeaderMap) -> Result<Option<Cow<'_, str>>, Malformed> {
    const NAME: &str = "x-forwarded-host";
    let Some(value) = single(headers, NAME)? else { return Ok(None) };
    host(first(value), NAME).map(Some)
}

fn own_host(headers: &HeaderMap) -> Result<Cow<'_, str>, Malformed> {
    host(needed(single(headers, "host")?, "host")?, "host")
}

/// A name, an IPv4 address or an IPv6 address in brackets, with an optional port; nothing else can
/// stand between `://` and the path of an address that we send a browser to.
fn host<'r>(text: &'r str, name: &'static str) -> Result<Cow<'r, str>, Malformed> {
    let invalid = Err(Malformed::Invalid(name));
    let (address, rest) = if let Some(inside) = text.strip_prefix('[') {
        let Some((address, rest)) = inside.split_once(']') else { return invalid };
        if !address.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.')) {
            return invalid;
        }
        (address, rest)
    } else {
        let (address, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
        if !address.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')) {
            return invalid;
        }
        (address, rest)
    };
    let port_ok = match rest.strip_prefix(':') {
        Some(port) => (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit()),
        None => rest.is_empty(),
    };
    if address.is_empty() || text.len() > MAX_HOST || !port_ok {
        return invalid;
    }
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Ok(Cow::Owned(text.to_ascii_lowercase()));
    }
    Ok(Cow::Borrowed(text))
}

/// Path and query: visible ASCII, from a slash on, and no fragment.
fn target<'r>(text: &'r str, name: &'static str) -> Result<&'r str, Malformed> {
    let fine =
        text.starts_with('/') && text.len() <= MAX_TARGET && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
    if fine { Ok(text) } else { Err(Malformed::Invalid(name)) }
}

/// The original method if the proxy tells it, else the request's own.
fn told_method<'r>(asked: Asked<'r>, name: &'static str) -> Result<&'r str, Malformed> {
    let Some(method) = single(asked.headers, name)? else { return Ok(asked.method.as_str()) };
    let fine = (1..=32).contains(&method.len()) && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
    if fine { Ok(method) } else { Err(Malformed::Invalid(name)) }
}

#[cfg(test)]
#[path = "dialect_tests.rs"]
mod tests;
