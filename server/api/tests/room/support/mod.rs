//! The router over services on SQLite in a folder of its own, asked without a network.

pub(crate) mod mmdb;
pub(crate) mod things;

use axum::{Router, body::Body};
use http::{Method, Request, StatusCode, header, request::Builder};
use lockgate_identity::{Bootstrap, Identity, Setup, places::GeoFiles};
use lockgate_store::{DatabaseSettings, SealKey, Store};
use serde_json::{Value, json};
use std::{collections::BTreeMap, net::SocketAddr, num::NonZeroU32, sync::Arc, time::Duration};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// Key of the first administrator's token.
pub(crate) const TOKEN: &str = "test-bootstrap-token-0123456789abcdef";

/// A client of a server of its own.
#[derive(Clone)]
pub(crate) struct Api {
    router: Router,
    token: Option<String>,
    agent: String,
    peer: Option<SocketAddr>,
    /// The database behind it.
    pub(crate) store: Store,
    pub(crate) identity: Identity,
    _folder: Arc<TempDir>,
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) cookies: Vec<String>,
    pub(crate) location: String,
    pub(crate) etag: String,
    pub(crate) retry_after: String,
}

impl Reply {
    /// The body, when the status is as expected.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }
}

impl Api {
    /// Starts the services; the client is the first administrator.
    pub(crate) async fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let config = folder.path().join("config");
        std::fs::create_dir(&config).expect("a folder");
        Self::start_in(folder, None).await
    }

    /// As [`Self::start`], with this file in the configuration folder.
    pub(crate) async fn start_with(file: &str, text: &str) -> Self {
        Self::start_with_files(&[(file, text)]).await
    }

    /// As [`Self::start`], with these files in the configuration folder.
    pub(crate) async fn start_with_files(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let config = folder.path().join("config");
        std::fs::create_dir(&config).expect("a folder");
        for (file, text) in files {
            std::fs::write(config.join(file), text).expect("a file");
        }
        Self::start_in(folder, Some(config)).await
    }

    async fn start_in(folder: TempDir, config: Option<std::path::PathBuf>) -> Self {
        Self::start_around(folder, config, GeoFiles::default()).await
    }

    /// As [`Self::start`], where a token may make so many requests a second.
    pub(crate) async fn start_limited(most: u32) -> Self {
        let limited = |setup| Setup { api_requests: NonZeroU32::new(most), ..setup };
        Self::start_as(TempDir::new().expect("a folder"), limited).await
    }

    /// A server in a folder, with these databases.
    pub(crate) async fn start_around(folder: TempDir, config: Option<std::path::PathBuf>, geo: GeoFiles) -> Self {
        Self::start_as(folder, |setup| Setup { folder: config, geo, ..setup }).await
    }

    async fn start_as(folder: TempDir, more: impl FnOnce(Setup) -> Setup) -> Self {
        let url = format!("sqlite:{}", folder.path().join("lockgate.db").display());
        let seal = SealKey::derive(b"a secret key for tests, long enough").expect("a key");
        let store = Store::connect(&DatabaseSettings::new(url), seal).await.expect("a database");
        store.migrate().await.expect("migrations");
        let setup = Setup {
            public_url: Some("https://auth.example.com".to_owned()),
            bootstrap: Bootstrap { token: Some(TOKEN.to_owned()), ..Bootstrap::default() },
            ..Setup::new(store.clone())
        };
        let identity = Box::pin(Identity::start(more(setup))).await.expect("services");
        let router = lockgate_api::router(identity.clone());
        Self {
            router,
            token: Some(TOKEN.to_owned()),
            agent: String::new(),
            peer: None,
            store,
            identity,
            _folder: Arc::new(folder),
        }
    }

    /// Waits until the server is done with its start: it makes a key pair beside it, which is a revision of its own.
    pub(crate) async fn is_at_rest(&self) {
        for _ in 0..600 {
            let pairs =
                self.get("/crypto/certificatekeypairs/?name=authentik+Self-signed+Certificate").await.expect(200);
            if pairs["pagination"]["count"] == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the key pair is not made");
    }

    /// The same server for another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same with this `User-Agent`.
    pub(crate) fn as_agent(&self, agent: &str) -> Self {
        Self { agent: agent.to_owned(), ..self.clone() }
    }

    /// The same from this address.
    pub(crate) fn from(&self, ip: [u8; 4]) -> Self {
        Self { peer: Some(SocketAddr::from((ip, 40_000))), ..self.clone() }
    }

    /// A request of nobody.
    pub(crate) async fn anonymous(&self, method: Method, path: &str, body: &Value) -> Reply {
        Self { token: None, ..self.clone() }.send(method, path, body).await
    }

    /// A request with a JSON body, which GET and DELETE leave out.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Reply {
        let body = if matches!(method, Method::GET | Method::DELETE) { String::new() } else { body.to_string() };
        self.raw(method, path, "application/json", &body).await
    }

    /// A request with any body.
    pub(crate) async fn raw(&self, method: Method, path: &str, media: &str, body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, media);
        }
        self.answer(request, body).await
    }

    /// A request with a JSON body that names a version.
    pub(crate) async fn tagged(&self, method: Method, path: &str, body: &Value, version: Option<&str>) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in [
            (header::AUTHORIZATION, self.token.as_ref().map(|token| format!("Bearer {token}"))),
            (header::IF_MATCH, version.map(str::to_owned)),
            (header::CONTENT_TYPE, (!body.is_null()).then(|| "application/json".to_owned())),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.answer(request, &body).await
    }

    async fn answer(&self, request: Builder, body: &str) -> Reply {
        let request = request.header(header::HOST, "auth.example.com").header(header::USER_AGENT, &self.agent);
        let mut request = request.body(Body::from(body.to_owned())).expect("a request");
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        }
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (head, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 16 << 20).await.expect("a body");
        let text = || json!(String::from_utf8_lossy(&bytes));
        let texts = |name| head.headers.get_all(name).iter().map(|v| v.to_str().expect("a text").to_owned()).collect();
        let location: Vec<String> = texts(header::LOCATION);
        Reply {
            status: head.status,
            body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()),
            cookies: texts(header::SET_COOKIE),
            location: location.concat(),
            etag: texts(header::ETAG).concat(),
            retry_after: texts(header::RETRY_AFTER).concat(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &Value::Null).await
    }
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, body).await
    }
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::PUT, path, body).await
    }
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::PATCH, path, body).await
    }
    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, &Value::Null).await
    }
}

/// A new user with a token, who calls.
pub(crate) async fn somebody(api: &Api, name: &str) -> Api {
    let user = api.post("/core/users/", &json!({"username": name, "name": ""})).await.expect(201)["pk"].clone();
    api.post("/core/tokens/", &json!({"identifier": name, "user": user})).await.expect(201);
    let key = api.get(&format!("/core/tokens/{name}/view_key/")).await.expect(200)["key"].clone();
    api.with_token(key.as_str().expect("a key"))
}

/// A client that keeps cookies, and sends the CSRF value unless told not to.
pub(crate) struct Browser {
    api: Api,
    cookies: BTreeMap<String, String>,
    pub(crate) csrf: bool,
    /// Sent as a bearer token beside the cookies.
    pub(crate) token: Option<String>,
}

impl Browser {
    /// Whether a cookie has this value.
    pub(crate) fn holds(&self, value: &str) -> bool {
        self.cookies.values().any(|v| v == value)
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.get(name).cloned()
    }

    /// Signs in by the flow that is there for it.
    pub(crate) async fn sign_in(&mut self, username: &str, password: &str) {
        let flow = "/flows/executor/default-authentication-flow/?query=";
        for _ in 0..12 {
            let shown = self.send(Method::GET, flow, &Value::Null).await.expect(200);
            let component = shown["component"].as_str().expect("a component");
            if component == "xak-flow-redirect" {
                return;
            }
            let answer = json!({"component": component, "uid_field": username, "password": password});
            let reply = self.send(Method::POST, flow, &answer).await;
            if reply.body["component"] == "xak-flow-redirect" {
                return;
            }
        }
        panic!("{username} could not sign in");
    }

    /// From this address from now on.
    pub(crate) fn moves_to(&mut self, ip: [u8; 4]) {
        self.api = self.api.from(ip);
    }

    pub(crate) fn new(api: &Api) -> Self {
        Self { api: api.clone(), cookies: BTreeMap::new(), csrf: true, token: None }
    }

    pub(crate) async fn send(&mut self, method: Method, path: &str, body: &Value) -> Reply {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(&method).uri(path).header(header::COOKIE, cookies.join("; "));
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(csrf) = self.cookies.get("authentik_csrf").filter(|_| self.csrf) {
            request = request.header("X-authentik-CSRF", csrf);
        }
        let text = if method == Method::GET { String::new() } else { body.to_string() };
        let reply = self.api.answer(request.header(header::CONTENT_TYPE, "application/json"), &text).await;
        for cookie in &reply.cookies {
            let (name, rest) = cookie.split_once('=').expect("a cookie");
            let value = rest.split(';').next().unwrap_or_default();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        reply
    }
}
