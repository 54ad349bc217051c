//! The handlers over real services on a database in memory: a browser without scripts signs in.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
    response::Response,
};
use lockgate_engine::Context;
use lockgate_identity::{
    Bootstrap, Identity, Setup,
    runner::{FlowRequest, StepLimits},
};
use lockgate_store::{SealKey, Store};
use lockgate_web::DeniedPages;
use std::{collections::BTreeMap, sync::Mutex};
use tower::ServiceExt;

const LOGIN: &str = "/if/flow/default-authentication-flow/";
const PASSWORD: &str = "correct horse battery staple";

async fn services(password: Option<&str>) -> Identity {
    services_with(password, |setup| setup).await
}

async fn services_with(password: Option<&str>, more: impl FnOnce(Setup) -> Setup) -> Identity {
    let seal = SealKey::derive(b"a secret key for tests").expect("a key");
    let store = Store::in_memory(seal).await.expect("a database");
    let setup = Setup {
        bootstrap: Bootstrap { password: password.map(str::to_owned), ..Bootstrap::default() },
        ..Setup::new(store)
    };
    Box::pin(Identity::start(more(setup))).await.expect("services")
}

/// As much of the API as the library asks for: nobody may open anything.
fn api() -> Router {
    Router::new().route("/lockgate/me/applications/", axum::routing::get(async || axum::Json(serde_json::json!([]))))
}

/// A browser that keeps cookies.
struct Browser {
    app: Router,
    cookies: Mutex<BTreeMap<String, String>>,
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default()
    }

    /// The token in the page's form.
    fn csrf(&self) -> String {
        let start = self.text.split("name=\"csrf_token\" value=\"").nth(1).unwrap_or_default();
        start.split('"').next().unwrap_or_default().to_owned()
    }
}

impl Browser {
    async fn at(password: Option<&str>) -> Self {
        Self { app: lockgate_web::router(services(password).await, api()), cookies: Mutex::default() }
    }

    fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().expect("cookies").get(name).cloned()
    }

    async fn send(&self, request: axum::http::request::Builder, body: Body) -> Reply {
        let jar: Vec<String> =
            self.cookies.lock().expect("cookies").iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(header::HOST, "auth.test").header(header::COOKIE, jar.join("; "));
        let response = self.app.clone().oneshot(request.body(body).expect("a request")).await.expect("infallible");
        self.keep(&response);
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.expect("a body");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Reply { status: parts.status, headers: parts.headers, text }
    }

    fn keep(&self, response: &Response) {
        let mut cookies = self.cookies.lock().expect("cookies");
        for line in response.headers().get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("text");
            assert!(line.contains("SameSite=Lax") && line.contains("Path=/"), "{line}");
            assert_eq!(line.contains("HttpOnly"), !line.starts_with("authentik_csrf="), "{line}");
            let (name, value) = line.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            match line.contains("Max-Age=0") {
                true => _ = cookies.remove(name),
                false => _ = cookies.insert(name.to_owned(), value.to_owned()),
            }
        }
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Request::get(path), Body::empty()).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(body)).await
    }

    /// Signs in at a page of the login flow; the answer to the password.
    async fn sign_in(&self, page: &str) -> Reply {
        let csrf = self.get(page).await.csrf();
        let named = self.post(page, &[("csrf_token", &csrf), ("uid_field", "akadmin")]).await;
        assert_eq!((named.status, named.location()), (StatusCode::SEE_OTHER, page));
        let asked = self.get(page).await;
        assert!(asked.text.contains("name=\"component\" value=\"ak-stage-password\""), "{}", asked.text);
        let answer = [("csrf_token", &*asked.csrf()), ("component", "ak-stage-password"), ("password", PASSWORD)];
        self.post(page, &answer).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_the_token_of_the_page_has_no_effect() {
    let browser = Browser::at(Some(PASSWORD)).await;
    let page = browser.get(LOGIN).await;
    assert_eq!(page.status, StatusCode::OK);
    let csrf = browser.cookie("authentik_csrf").expect("a cookie");
    assert_eq!(page.csrf(), csrf);
    for forged in ["", "guessed", &csrf[1..]] {
        let reply = browser.post(LOGIN, &[("csrf_token", forged), ("uid_field", "akadmin")]).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN);
        assert!(reply.text.contains("Please try again") && reply.text.contains("name=\"uid_field\""), "{}", reply.text);
    }
    let stranger = Browser { app: browser.app.clone(), cookies: Mutex::default() };
    let reply = stranger.post(LOGIN, &[("csrf_token", &csrf), ("uid_field", "akadmin")]).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN, "somebody else's token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_without_scripts_signs_in_and_out() {
    let browser = Browser::at(Some(PASSWORD)).await;
    assert_eq!(browser.get("/").await.location(), "/flows/-/default/authentication/?next=%2F");
    let start = browser.get("/if/user/?q=a").await;
    assert_eq!(start.location(), "/flows/-/default/authentication/?next=%2Fif%2Fuser%2F%3Fq%3Da");
    let page = browser.get(start.location()).await.location().to_owned();
    assert_eq!(page, format!("{LOGIN}?next=%2Fif%2Fuser%2F%3Fq%3Da"));

    let wrong = browser.get(&page).await.csrf();
    browser.post(&page, &[("csrf_token", &wrong), ("uid_field", "akadmin")]).await;
    let asked = browser.get(&page).await;
    let refused = browser.post(&page, &[("csrf_token", &asked.csrf()), ("password", "no")]).await;
    assert_eq!(refused.status, StatusCode::OK);
    assert!(refused.text.contains("aria-invalid=\"true\"") && refused.text.contains("Invalid password"));
    assert_eq!(browser.get("/flows/-/cancel/").await.location(), "/");

    let before = browser.cookie("authentik_session");
    let done = browser.sign_in(&page).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/if/user/?q=a"));
    assert_ne!(browser.cookie("authentik_session"), before);
    let portal = browser.get("/if/user/").await;
    assert_eq!(portal.status, StatusCode::OK);
    assert!(portal.text.contains("akadmin") && portal.text.contains("/if/user/factors/"));
    assert_eq!(browser.get("/application/launch/none/").await.status, StatusCode::NOT_FOUND);

    let out = browser.get("/flows/-/default/invalidation/").await;
    let out = browser.get(out.location()).await;
    assert_eq!((out.status, out.location()), (StatusCode::FOUND, "/"));
    assert_eq!(browser.cookie("authentik_session"), None);
    assert_eq!(browser.get("/if/user/").await.status, StatusCode::FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_from_a_form_to_an_application_is_a_page_and_not_a_redirect() {
    let browser = Browser::at(Some(PASSWORD)).await;
    let page = format!("{LOGIN}?next=%2Fapplication%2Fo%2Fauthorize%2F%3Fclient_id%3Dx");
    let done = browser.sign_in(&page).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.location());
    assert!(done.text.contains("http-equiv=\"refresh\" content=\"0;url=/application/o/authorize/?client_id=x\""));
    let change = format!("/flows/-/configure/{}/", "00000000-0000-0000-0000-000000000000");
    assert_eq!(browser.get(&change).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_visitor_is_led_to_the_setup() {
    let browser = Browser::at(None).await;
    assert_eq!(browser.get("/").await.location(), "/if/flow/initial-setup/");
    let head = browser.send(Request::head("/setup"), Body::empty()).await;
    assert_eq!(head.status, StatusCode::SERVICE_UNAVAILABLE);
    let page = browser.get("/if/flow/initial-setup/").await;
    assert_eq!(page.status, StatusCode::OK);
    let short =
        [("csrf_token", &*page.csrf()), ("email", "a@example.org"), ("password", "x"), ("password_repeat", "x")];
    let refused = browser.post("/if/flow/initial-setup/", &short).await;
    assert!(refused.text.contains("at least 8 characters") && refused.text.contains("a@example.org"));
    let good = [
        ("csrf_token", &*refused.csrf()),
        ("email", "a@example.org"),
        ("password", PASSWORD),
        ("password_repeat", PASSWORD),
    ];
    let done = browser.post("/if/flow/initial-setup/", &good).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(browser.get("/").await.location(), "/if/user/");

    let late = Browser { app: browser.app.clone(), cookies: Mutex::default() };
    let refused = late.get("/if/flow/initial-setup/").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(!refused.text.contains("type=\"password\"") && !refused.text.contains("You are signed in"));
    assert_eq!(late.get("/flows/-/default/recovery/").await.status, StatusCode::NOT_FOUND);
    assert_eq!(late.get("/if/flow/no-such-flow/").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giving_up_leads_to_whoever_began_the_flow() {
    let identity = services(Some(PASSWORD)).await;
    let browser = Browser { app: lockgate_web::router(identity.clone(), Router::new()), cookies: Mutex::default() };
    browser.get(LOGIN).await;
    let token = browser.cookie("authentik_session").expect("a cookie");
    let client = lockgate_identity::net::client(&identity.trusted, [192, 0, 2, 1].into(), |_| None);
    let request = FlowRequest {
        slug: "default-authentication-flow",
        query: "",
        session_token: Some(&token),
        mfa_token: None,
        device_token: None,
        client: &client,
        request_id: "test",
        path: "/",
    };
    let context = || Context {
        cancel: Some("they went".into()),
        redirect: Some("/application/o/authorize/?x=1".into()),
        ..Context::default()
    };
    let flows = identity.flows();
    flows.begin(request, context()).await.expect("a database").expect("begun");
    assert_eq!(browser.get("/flows/-/cancel/?next=%2Fif%2Fuser%2F").await.location(), "/if/user/");
    assert!(!flows.take_ticket(&token, "they went").await.expect("a database"), "they only begin again");
    flows.begin(request, context()).await.expect("a database").expect("begun");
    assert_eq!(browser.get("/flows/-/cancel/").await.location(), "/application/o/authorize/?x=1");
    assert!(flows.take_ticket(&token, "they went").await.expect("a database"));
    assert!(!flows.take_ticket(&token, "they went").await.expect("a database"), "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_an_application_is_a_form_that_can_go_nowhere_else() {
    let pages = DeniedPages::new(services(None).await);
    let fields = vec![("state".to_owned(), "\"><script>alert(1)</script>".to_owned())];
    let response = pages.form_post("auth.test", "Redirecting to Wiki", "https://app.test:8443/cb?x=1&y=2", fields);
    assert_eq!(response.status(), StatusCode::OK);
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
    assert!(!policy.contains("form-action") && !policy.contains("unsafe"), "{policy}");
    let bytes = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("method=\"post\" action=\"https://app.test:8443/cb?x=1&#38;y=2\""), "{text}");
    assert!(text.contains("name=\"state\"") && !text.contains("<script>alert"), "{text}");
    assert!(text.contains("<button"), "it can be sent by hand");
}

#[tokio::test]
async fn a_crowd_is_told_to_come_back_and_then_all_is_well() {
    let few = |setup| Setup { flow_steps: Some(StepLimits { at_once: 1, waiting: 2 }), ..setup };
    let app = lockgate_web::router(services_with(Some(PASSWORD), few).await, Router::new());
    let asks = || {
        let app = app.clone();
        async move { app.oneshot(Request::get(LOGIN).body(Body::empty()).expect("a request")).await.expect("an answer") }
    };
    let mut crowd = tokio::task::JoinSet::new();
    (0..24).for_each(|_| drop(crowd.spawn(asks())));
    let (mut served, mut sent_away) = (0, 0);
    for answer in crowd.join_all().await {
        if answer.status() == StatusCode::OK {
            served += 1;
            continue;
        }
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        let after = answer.headers()[header::RETRY_AFTER].to_str().expect("a text").to_owned();
        let text =
            String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.expect("a page").to_vec()).expect("a page");
        assert!(text.contains(&format!("Too many people are signing in. Try again in {after} seconds.")), "{text}");
        sent_away += 1;
    }
    assert!(served >= 3 && sent_away >= 1, "{served} served, {sent_away} sent away");
    for _ in 0..3 {
        assert_eq!(asks().await.status(), StatusCode::OK);
    }
}
