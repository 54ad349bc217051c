//! The OAuth2 endpoints in one process, on a database in memory, for whatever a fuzzer thinks of: what is
//! sent is arbitrary, what must hold of the answer is not.
//!
//! Whatever comes in, the answer is never an error of ours (5xx), never leads a browser to an address that
//! nobody registered, and never holds a token unless the client has proven itself.

use aws_lc_rs::hmac;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderValue, Method, Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lockgate_identity::{Identity, Setup, people::UserDraft, sessions::LoginFacts};
use lockgate_model::UserType;
use lockgate_oauth2::{Denied, DevicePage, FormPost, Pages, SignOutPage, Trouble};
use lockgate_store::{DatabaseSettings, SealKey, Store};
use lockgate_texts::Language;
use serde_json::{Map, Value, json};
use std::{
    cell::{Cell, OnceCell},
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tower::ServiceExt;

/// Secret of the confidential client `web`.
pub const SECRET: &str = "a secret that both sides have";

/// The one address that answers may go to.
pub const CALLBACK: &str = "https://app.test/cb";

/// How long one request may take before it counts as one that hangs.
const PATIENCE: Duration = Duration::from_secs(10);

const FOLDER: &str = r#"
app: web
name: Web
url: https://app.test
oauth2:
  client_id: web
  client_secret: { env: WEB_SECRET }
  redirect_uris: [https://app.test/cb]
  scopes: [openid, profile, email, offline_access]
  grants: [authorization_code, implicit, hybrid, refresh_token, client_credentials, password, device_code, token_exchange]
---
app: native
name: Native
url: https://app.test
oauth2:
  client_id: native
  client_type: public
  redirect_uris: [https://app.test/cb]
"#;

struct PlainPages;

impl Pages for PlainPages {
    fn denied(&self, _: &Denied<'_>) -> Response {
        StatusCode::FORBIDDEN.into_response()
    }
    fn form_post(&self, form: &FormPost<'_>) -> Response {
        assert_eq!(form.url, CALLBACK, "a form leads elsewhere");
        StatusCode::OK.into_response()
    }
    fn trouble(&self, trouble: &Trouble<'_>) -> Response {
        trouble.status.into_response()
    }
    fn device(&self, page: &DevicePage<'_>) -> Response {
        page.status.into_response()
    }
    fn sign_out(&self, _: &SignOutPage<'_>) -> Response {
        StatusCode::OK.into_response()
    }
    fn onward(&self, _: &str, _: Language, to: &str) -> Response {
        leads_home(to);
        StatusCode::OK.into_response()
    }
}

/// What is asked.
pub struct Ask<'a> {
    /// GET or POST.
    pub method: Method,
    /// Path, and query where there is one.
    pub target: &'a str,
    /// Body of a POST.
    pub body: Vec<u8>,
    /// With the browser session of somebody who is signed in.
    pub signed_in: bool,
}

/// An answer.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body, as JSON where it is.
    pub json: Value,
}

struct World {
    runtime: tokio::runtime::Runtime,
    router: Router,
    cookie: String,
    asked: Cell<u32>,
    _folder: tempfile::TempDir,
}

thread_local! {
    static WORLD: OnceCell<World> = const { OnceCell::new() };
}

/// Sends one request and checks what holds of every answer. An address that HTTP cannot carry is not sent.
pub fn ask(ask: Ask<'_>) -> Option<Answer> {
    WORLD.with(|world| world.get_or_init(World::open).ask(ask))
}

impl World {
    fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("apps.yaml"), FOLDER).expect("a file");
        let path = folder.path().to_owned();
        let (router, cookie) = runtime.block_on(async move {
            let seal = SealKey::derive(b"a secret key for the fuzzer").expect("a key");
            let store = Store::connect(&DatabaseSettings::new("sqlite::memory:"), seal).await.expect("a database");
            store.migrate().await.expect("a schema");
            let setup = Setup {
                folder: Some(path),
                variables: BTreeMap::from([("WEB_SECRET".to_owned(), SECRET.to_owned())]),
                public_url: Some("http://auth.test".to_owned()),
                ..Setup::new(store)
            };
            let identity = Identity::start(setup).await.expect("services");
            assert_eq!(identity.config.health().error, None);
            let cookie = format!("authentik_session={}", sign_in(&identity).await);
            (lockgate_oauth2::router(identity, Arc::new(PlainPages)), cookie)
        });
        Self { runtime, router, cookie, asked: Cell::new(0), _folder: folder }
    }

    fn ask(&self, ask: Ask<'_>) -> Option<Answer> {
        let mut request = Request::builder().method(ask.method).uri(ask.target).header(header::HOST, "auth.test");
        if ask.signed_in {
            request = request.header(header::COOKIE, &self.cookie);
        }
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let mut request = request.header(header::CONTENT_TYPE, form).body(Body::from(ask.body)).ok()?;
        // Every request comes from an address of its own, so that limits on guessing hide nothing.
        self.asked.set(self.asked.get().wrapping_add(1));
        let peer = SocketAddr::from((Ipv4Addr::from(self.asked.get()), 1));
        request.extensions_mut().insert(ConnectInfo(peer));
        self.runtime.block_on(async {
            let answered = tokio::time::timeout(PATIENCE, self.router.clone().oneshot(request)).await;
            let (parts, body) = answered.expect("a request hangs").expect("infallible").into_parts();
            assert!(!parts.status.is_server_error(), "{}", parts.status);
            if let Some(to) = parts.headers.get(header::LOCATION) {
                leads_home(to.to_str().expect("an address"));
            }
            let bytes = to_bytes(body, 1 << 20).await.expect("a bounded body");
            Some(Answer { status: parts.status, json: serde_json::from_slice(&bytes).unwrap_or_default() })
        })
    }
}

/// A browser is led to the registered address or stays here.
fn leads_home(to: &str) {
    let answer = to.strip_prefix(CALLBACK).is_some_and(|rest| rest.is_empty() || rest.starts_with(['?', '#']));
    let here = to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\");
    assert!(answer || here, "led to {to}");
}

async fn sign_in(identity: &Identity) -> String {
    let draft = UserDraft {
        username: "ada".to_owned(),
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
        is_active: true,
        user_type: UserType::Internal,
        path: "users".to_owned(),
        attributes: Map::new(),
        groups: Vec::new(),
        password: None,
    };
    let user = identity.people.create_user(draft, None).await.expect("a user");
    let peer = lockgate_identity::net::client(&identity.trusted, Ipv4Addr::LOCALHOST.into(), |_| std::iter::empty());
    let anonymous = identity.sessions.create_anonymous(&peer, Value::Null).await.expect("a session");
    let now = identity.clock.now();
    let facts = LoginFacts {
        user_pk: user.pk,
        auth: json!({"method": "password", "mfa": false, "at": now.timestamp()}),
        expires: now + std::time::Duration::from_secs(86_400),
        max_age: None,
        original_pk: None,
    };
    let login = identity.sessions.renew(&anonymous.session, facts, &peer, Value::Null).await.expect("a database");
    login.expect("a login").token
}

/// A token of the given parts, signed with the client's secret or with nothing that counts.
pub fn token(header: &[u8], claims: &[u8], signed: bool) -> String {
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, if signed { SECRET.as_bytes() } else { b"another secret" });
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, text.as_bytes()));
    format!("{text}.{signature}")
}

/// Splits input at its first line feed.
pub fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    (&data[..at], data.get(at + 1..).unwrap_or_default())
}
