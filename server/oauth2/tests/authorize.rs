//! The authorize endpoint over real services on a database in memory.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use lockgate_identity::{
    Bootstrap, Identity, Setup,
    config::hosts::redirect_uris,
    net::TrustedProxies,
    people::UserDraft,
    sessions::LoginFacts,
    system::{SystemClock, SystemRandom},
};
use lockgate_model::UserType;
use lockgate_oauth2::{Denied, DevicePage, Pages, SignOutPage, Trouble};
use lockgate_store::{DatabaseSettings, EventFilter, Redemption, SealKey, Store};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};
use tower::ServiceExt;
use url::{Url, form_urlencoded::Serializer};

const DOCUMENTS: &str = r#"
app: open
name: Open House
url: http://open.test
forward_auth: { mode: single }
---
app: asking
name: Asking House
url: http://asking.test
forward_auth: { mode: single, consent: explicit }
---
app: closed
name: Closed House
url: http://closed.test
forward_auth: { mode: single }
access:
  any: [{ group: Butlers }]
---
group: Butlers
"#;

struct PlainPages;

impl Pages for PlainPages {
    fn denied(&self, denied: &Denied<'_>) -> Response {
        let text = format!("{}: {} ({})", denied.app, denied.missing.join(" "), denied.decision);
        (StatusCode::FORBIDDEN, text).into_response()
    }

    fn trouble(&self, trouble: &Trouble<'_>) -> Response {
        (trouble.status, trouble.title.to_owned()).into_response()
    }

    fn device(&self, page: &DevicePage<'_>) -> Response {
        (page.status, page.who.to_owned()).into_response()
    }

    fn sign_out(&self, page: &SignOutPage<'_>) -> Response {
        format!("sign out of {}", page.app).into_response()
    }

    fn onward(&self, _: &str, to: &str) -> Response {
        to.to_owned().into_response()
    }
}

struct House {
    identity: Identity,
    app: Router,
    cookie: String,
    _folder: tempfile::TempDir,
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn told(&self, name: &str) -> String {
        let base = Url::parse("http://auth.test").expect("an address");
        let to = base.join(self.location()).expect("an address");
        to.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }
}

impl House {
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("site.yaml"), DOCUMENTS).expect("a file");
        let seal = SealKey::derive(b"a secret key for tests").expect("a key");
        let store = Store::connect(&DatabaseSettings::new("sqlite::memory:"), seal).await.expect("a database");
        store.migrate().await.expect("a schema");
        let setup = Setup {
            store,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            folder: Some(folder.path().to_owned()),
            variables: BTreeMap::new(),
            trusted: TrustedProxies::new(Vec::new()),
            public_url: None,
            session_lifetime: None,
            password_threads: 1,
            password_queue: 8,
            bootstrap: Bootstrap::default(),
        };
        let identity = Identity::start(setup).await.expect("services");
        assert_eq!(identity.config.health().error, None);
        let cookie = format!("authentik_session={}", sign_in(&identity).await);
        let app = lockgate_oauth2::router(identity.clone(), Arc::new(PlainPages));
        Self { identity, app, cookie, _folder: folder }
    }

    async fn get(&self, target: &str, cookie: &str) -> Reply {
        let request = Request::get(target).header(header::HOST, "auth.test").header(header::COOKIE, cookie);
        let mut request = request.body(Body::empty()).expect("a request");
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1))));
        let response = self.app.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.expect("a body");
        Reply { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// A request of an application as its gate makes it, with some parameters changed.
    fn request(&self, slug: &str, changed: &[(&str, &str)]) -> String {
        let snapshot = self.identity.config.snapshot();
        let app = snapshot.app(slug).and_then(|app| app.proxy.clone()).expect("a provider");
        let [redirect_uri, _] = redirect_uris(&app.external);
        let mut parameters = BTreeMap::from([
            ("client_id", app.provider.client_id.clone()),
            ("redirect_uri", redirect_uri),
            ("response_type", "code".to_owned()),
            ("scope", app.scopes.join(" ")),
            ("state", "a state".to_owned()),
        ]);
        parameters.extend(changed.iter().map(|(name, value)| (*name, (*value).to_owned())));
        format!("/application/o/authorize/?{}", Serializer::new(String::new()).extend_pairs(parameters).finish())
    }
}

async fn sign_in(identity: &Identity) -> String {
    let draft = UserDraft {
        username: "ada".into(),
        name: "Ada".into(),
        email: "ada@example.org".into(),
        is_active: true,
        user_type: UserType::Internal,
        path: "users".into(),
        attributes: Map::new(),
        groups: vec![],
        password: None,
    };
    let user_pk = identity.people.create_user(draft, None).await.expect("a user").pk;
    let client = lockgate_identity::net::client(&identity.trusted, [192, 0, 2, 1].into(), |_| None);
    let new = identity.sessions.create_anonymous(&client, Value::Null).await.expect("a session");
    let auth = json!({"method": "password", "at": 1_000});
    let facts = LoginFacts { user_pk, auth, expires: new.session.expires, max_age: None };
    let login = identity.sessions.login(&new.session, facts, &client, Value::Null).await.expect("a database");
    login.expect("signed in").token
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_signed_in_and_allowed_gets_a_code_at_once() {
    let house = House::open().await;
    let reply = house.get(&house.request("open", &[]), &house.cookie).await;
    assert_eq!(reply.status, StatusCode::FOUND, "{}", reply.text);
    assert!(
        reply
            .location()
            .starts_with("http://open.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true&")
    );
    assert_eq!(
        (reply.told("state"), reply.told("iss")),
        ("a state".into(), "http://auth.test/application/o/open/".into())
    );
    let provider = house.identity.config.snapshot().app("open").and_then(|app| app.proxy.clone()).expect("a provider");
    let redeemed = house.identity.proxy.redeem(&reply.told("code"), provider.id).await.expect("a database");
    assert!(matches!(redeemed, Redemption::Redeemed(row) if row.data["redirect_uri"].is_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_client_or_address_is_not_proven_goes_nowhere() {
    let house = House::open().await;
    assert_eq!(house.get("/application/o/authorize/", &house.cookie).await.status, StatusCode::NOT_FOUND);
    for changed in [
        ("client_id", ""),
        ("client_id", "nobody"),
        ("redirect_uri", ""),
        ("redirect_uri", "http://evil.test/"),
        ("redirect_uri", "http://open.test/outpost.goauthentik.io/callback"),
        ("redirect_uri", "http://open.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true&x=1"),
        ("redirect_uri", "http://OPEN.test/outpost.goauthentik.io/callback?X-authentik-auth-callback=true"),
    ] {
        let reply = house.get(&house.request("open", &[changed]), &house.cookie).await;
        assert_eq!((reply.status, reply.location()), (StatusCode::BAD_REQUEST, ""), "{changed:?}");
    }
    let twice = format!("{}&client_id=other", house.request("open", &[]));
    assert_eq!(house.get(&twice, &house.cookie).await.status, StatusCode::BAD_REQUEST);
    for (changed, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("request", "x"), "request_not_supported"),
    ] {
        let reply = house.get(&house.request("open", &[changed]), &house.cookie).await;
        assert_eq!((reply.told("error"), reply.told("state")), (error.into(), "a state".into()), "{changed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_wrong_requests_does_not_fill_the_journal() {
    let house = House::open().await;
    let start = std::time::Instant::now();
    for _ in 0..50 {
        let reply = house.get(&house.request("open", &[("client_id", "nobody")]), "").await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    }
    house.identity.journal.flush().await;
    let filter = EventFilter { actions: vec!["configuration_error".into()], ..EventFilter::default() };
    let (_, noted) = house.identity.store.events().list(&filter).await.expect("a database");
    // One for every second that the requests touched.
    assert!((1..=start.elapsed().as_secs() + 2).contains(&noted), "{noted} events");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_cookie_of_the_same_name_does_not_sign_anybody_out() {
    let house = House::open().await;
    let cookies = format!("authentik_session=of.a.neighbour; {}", house.cookie);
    let reply = house.get(&house.request("open", &[]), &cookies).await;
    assert!(!reply.told("code").is_empty(), "{}", reply.location());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_sign_in_first_and_nobody_is_shown_anything_unasked() {
    let house = House::open().await;
    let request = house.request("open", &[]);
    let reply = house.get(&request, "").await;
    assert_eq!(reply.status, StatusCode::FOUND, "{}", reply.text);
    assert!(reply.location().starts_with("/if/flow/default-authentication-flow/?next="), "{}", reply.location());
    assert_eq!(reply.told("next"), request);
    let set: Vec<_> = reply.headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok()).collect();
    assert!(set[0].starts_with("authentik_session=") && set[0].contains("HttpOnly"), "{set:?}");
    assert!(set[1].starts_with("authentik_csrf=") && !set[1].contains("HttpOnly"), "{set:?}");
    let known = house.get(&request, set[0].split(';').next().unwrap_or_default()).await;
    assert_eq!(known.headers.get(header::SET_COOKIE), None, "one session for one browser");
    let silent = house.get(&house.request("open", &[("prompt", "none")]), "").await;
    assert_eq!(silent.told("error"), "login_required");
    for again in [("prompt", "login"), ("max_age", "60")] {
        let reply = house.get(&house.request("open", &[again]), &house.cookie).await;
        assert!(reply.location().starts_with("/if/flow/"), "{again:?}: {}", reply.location());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_denied_are_told_what_is_missing() {
    let house = House::open().await;
    let reply = house.get(&house.request("closed", &[]), &house.cookie).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert!(reply.text.starts_with("Closed House: ") && reply.text.contains("Butlers"), "{}", reply.text);
    let silent = house.get(&house.request("closed", &[("prompt", "none")]), &house.cookie).await;
    assert_eq!(silent.told("error"), "access_denied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consent_is_asked_for_and_cannot_be_pretended() {
    let house = House::open().await;
    let request = house.request("asking", &[]);
    for _ in 0..2 {
        let reply = house.get(&request, &house.cookie).await;
        let flow = "/if/flow/default-provider-authorization-explicit-consent/";
        assert!(reply.location().starts_with(flow), "asked until it is answered: {}", reply.location());
    }
    let silent = house.get(&house.request("asking", &[("prompt", "none")]), &house.cookie).await;
    assert_eq!(silent.told("error"), "interaction_required");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_discovery_and_the_way_out() {
    let house = House::open().await;
    let keys = house.get("/application/o/open/jwks/", "").await;
    let keys: Value = serde_json::from_str(&keys.text).expect("JSON");
    assert_eq!(keys["keys"][0]["alg"], "ES256");
    assert_eq!(keys["keys"][0]["d"], Value::Null);
    let about = house.get("/application/o/open/.well-known/openid-configuration", "").await;
    assert_eq!(about.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let about: Value = serde_json::from_str(&about.text).expect("JSON");
    assert_eq!(about["issuer"], "http://auth.test/application/o/open/");
    assert_eq!(about["authorization_endpoint"], "http://auth.test/application/o/authorize/");
    assert_eq!(about["jwks_uri"], "http://auth.test/application/o/open/jwks/");
    assert_eq!(about["token_endpoint"], "http://auth.test/application/o/token/");
    for missing in [
        "/application/o/nobody/.well-known/openid-configuration",
        "/application/o/nobody/jwks/",
        "/application/o/nobody/end-session/",
    ] {
        assert_eq!(house.get(missing, "").await.status, StatusCode::NOT_FOUND, "{missing}");
    }
    let out = house.get("/application/o/open/end-session/", &house.cookie).await;
    assert_eq!(out.text, "sign out of Open House", "nobody is signed out of everything unasked");
    let elsewhere = "/application/o/open/end-session/?post_logout_redirect_uri=https%3A%2F%2Fevil.test";
    assert_eq!(house.get(elsewhere, &house.cookie).await.status, StatusCode::BAD_REQUEST);
}
