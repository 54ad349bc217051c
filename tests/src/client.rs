//! A scripted visitor: keeps cookies as a browser does and follows redirects
//! one by one, so that a test sees each of them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::cookie::{CookieStore, Jar};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder};
use url::Url;

use crate::Reply;

/// Redirects followed before a journey counts as a loop.
const MOST_HOPS: usize = 12;

/// An HTTP client with a cookie jar, to which every host name is loopback.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    jar: Arc<Jar>,
}

/// One answer on the way from the first address to the last.
#[derive(Debug, Clone)]
pub struct Hop {
    /// Address that was asked.
    pub url: Url,
    /// Status that it answered.
    pub status: u16,
}

/// Where following redirects has led.
#[derive(Debug)]
pub struct Journey {
    /// Every answer, the last included.
    pub hops: Vec<Hop>,
    /// The last answer.
    pub reply: Reply,
}

impl Journey {
    /// Address of the last answer.
    pub fn url(&self) -> &Url {
        &self.hops[self.hops.len() - 1].url
    }

    /// True when any of the answers came from a page whose path starts so.
    pub fn passed(&self, path: &str) -> bool {
        self.hops.iter().any(|hop| hop.url.path().starts_with(path))
    }
}

struct Loopback;

impl Resolve for Loopback {
    fn resolve(&self, _name: Name) -> Resolving {
        let addresses: Addrs = Box::new(std::iter::once(SocketAddr::from(([127, 0, 0, 1], 0))));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// A visitor without any cookie.
    pub fn new() -> Self {
        Self::with_headers(HeaderMap::new())
    }

    /// A visitor whose browser asks for these languages (`Accept-Language`).
    ///
    /// # Panics
    /// When they are no header's value.
    pub fn reading(languages: &str) -> Self {
        let value = HeaderValue::from_str(languages).unwrap_or_else(|error| panic!("{languages}: {error}"));
        Self::with_headers(HeaderMap::from_iter([(ACCEPT_LANGUAGE, value)]))
    }

    fn with_headers(headers: HeaderMap) -> Self {
        let jar = Arc::new(Jar::default());
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .default_headers(headers)
            .cookie_provider(Arc::clone(&jar))
            .dns_resolver(Arc::new(Loopback))
            .no_proxy()
            .timeout(Duration::from_secs(60))
            // The server closes a connection that rests for 15 seconds: one that is about to be must not be used.
            .pool_idle_timeout(Duration::from_secs(10))
            .build()
            .expect("an HTTP client without certificates can be built");
        Self { http, jar }
    }

    /// A request that carries this visitor's cookies.
    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// Sends a GET as a browser's navigation would; redirects are not followed.
    pub async fn get(&self, url: &str) -> Reply {
        Reply::of(self.request(Method::GET, url).header("Accept", "text/html,*/*;q=0.8")).await
    }

    /// Opens an address and follows redirects to the end.
    ///
    /// # Panics
    /// When the redirects go in circles or lead to no valid address.
    pub async fn open(&self, url: &str) -> Journey {
        let mut hops = Vec::new();
        let mut next = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        loop {
            let reply = self.get(next.as_str()).await;
            hops.push(Hop { url: next.clone(), status: reply.status });
            assert!(hops.len() <= MOST_HOPS, "redirects go in circles: {hops:#?}");
            match reply.location() {
                Some(to) if (300..400).contains(&reply.status) => {
                    next = next.join(&to).unwrap_or_else(|error| panic!("Location {to}: {error}"));
                }
                _ => return Journey { hops, reply },
            }
        }
    }

    /// Value of a cookie that would be sent to this address.
    pub fn cookie(&self, url: &str, name: &str) -> Option<String> {
        let url = Url::parse(url).ok()?;
        let header = self.jar.cookies(&url)?;
        let pairs = header.to_str().ok()?;
        pairs.split("; ").find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key == name).then(|| value.to_owned())
        })
    }

    /// Names of the cookies that would be sent to this address.
    pub fn cookie_names(&self, url: &str) -> Vec<String> {
        let sent = Url::parse(url).ok().and_then(|url| self.jar.cookies(&url));
        let pairs = sent.and_then(|header| header.to_str().ok().map(str::to_owned)).unwrap_or_default();
        pairs.split("; ").filter_map(|pair| pair.split_once('=')).map(|(name, _)| name.to_owned()).collect()
    }

    /// Sets a cookie as if `url` had answered it.
    pub fn set_cookie(&self, url: &str, cookie: &str) {
        let url = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        self.jar.add_cookie_str(cookie, &url);
    }
}

/// Decoded value of a query parameter.
pub fn query_of(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
