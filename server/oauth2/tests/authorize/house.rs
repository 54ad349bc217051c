//! The house of these tests: the endpoint over real services on a database in memory, a few applications
//! and a person who is signed in.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request, StatusCode, header, request::Builder},
    response::{IntoResponse, Response},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use lockgate_engine::Response as FlowResponse;
use lockgate_identity::{
    Identity, Setup,
    config::{Change, draft, hosts::redirect_uris},
    net::{Client as Peer, client},
    people::UserDraft,
    runner::{FlowAnswer, FlowOutcome, FlowRequest},
    sessions::LoginFacts,
};
use lockgate_model::{Document, Origin, UserType, kind, kinds::ScopeMapping};
use lockgate_oauth2::{Denied, DevicePage, FormPost, Pages, SignOutPage, Trouble};
use lockgate_store::{AuthorizationCode, Case, NewGroup, SealKey, Store, hash_secret};
use lockgate_texts::Language;
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tower::ServiceExt;
use url::{Url, form_urlencoded::Serializer};
use uuid::Uuid;

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
---
flow: staff-only
title: Staff
designation: authorization
requires: require_superuser
---
flow: staff-away
title: Staff
designation: authorization
requires: require_superuser
denied: continue
---
flow: staff-desk
title: Staff
designation: authorization
requires: require_superuser
stages:
  - consent: { mode: always_require }
---
flow: shut
title: Shut
designation: authorization
policies: [{ group: Butlers }]
---
flow: nobody-signs-in
title: Nobody
designation: authentication
---
flow: for-strangers
title: Strangers
designation: authentication
requires: require_unauthenticated
stages:
  - identify: { by: [username] }
---
flow: skips-consent
title: Skips
designation: authorization
stages:
  - consent: { mode: permanent }
    when: "false"
---
flow: always-asks
title: Always
designation: authorization
stages:
  - consent: { mode: always_require }
"#;

struct PlainPages;

impl Pages for PlainPages {
    fn denied(&self, denied: &Denied<'_>) -> Response {
        let text = format!("{}: {} ({})", denied.app, denied.missing.join(" "), denied.decision);
        (StatusCode::FORBIDDEN, text).into_response()
    }

    fn form_post(&self, form: &FormPost<'_>) -> Response {
        (StatusCode::OK, json!({"url": form.url, "fields": form.fields}).to_string()).into_response()
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

    fn onward(&self, _: &str, _: Language, to: &str) -> Response {
        to.to_owned().into_response()
    }
}

/// Secret of the clients that have one.
pub(crate) const SECRET: &str = "a secret that both sides have";

/// Where the applications of these tests are answered.
pub(crate) const CALLBACK: &str = "https://app.test/cb";

const EXPLICIT: &str = "default-provider-authorization-explicit-consent";

const PASSWORD: &str = "correct horse battery staple";

pub(crate) struct House {
    pub(crate) identity: Identity,
    app: Router,
    /// The browser's cookie; a sign-in changes it.
    pub(crate) cookie: Mutex<String>,
    _folder: tempfile::TempDir,
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A member of the answer to the client, in query, fragment or form.
    pub(crate) fn told(&self, name: &str) -> String {
        self.members().remove(name).unwrap_or_default()
    }

    pub(crate) fn members(&self) -> BTreeMap<String, String> {
        if let Ok(form) = serde_json::from_str::<Value>(&self.text)
            && form["fields"].is_array()
        {
            return serde_json::from_value::<Vec<(String, String)>>(form["fields"].clone())
                .expect("pairs")
                .into_iter()
                .collect();
        }
        let base = Url::parse("http://auth.test").expect("an address");
        let to = base.join(self.location()).expect("an address");
        let text = to.fragment().or(to.query()).unwrap_or_default();
        url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }

    /// The flow that the browser is led to.
    pub(crate) fn flow(&self) -> &str {
        let rest = self.location().strip_prefix("/if/flow/");
        rest.and_then(|rest| rest.split('/').next()).unwrap_or_default()
    }
}

impl House {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("site.yaml"), DOCUMENTS).expect("a file");
        let seal = SealKey::derive(b"a secret key for tests").expect("a key");
        let store = Store::in_memory(seal).await.expect("a database");
        let setup = Setup { folder: Some(folder.path().to_owned()), ..Setup::new(store) };
        let identity = Identity::start(setup).await.expect("services");
        assert_eq!(identity.config.health().error, None);
        let ada = person(&identity, "ada", vec![]).await;
        let cookie = format!("authentik_session={}", sign_in(&identity, ada, None).await);
        let app = lockgate_oauth2::router(identity.clone(), Arc::new(PlainPages));
        Self { identity, app, cookie: Mutex::new(cookie), _folder: folder }
    }

    /// An application that speaks OAuth2, with some settings changed.
    pub(crate) async fn register(&self, slug: &str, changed: Value) {
        let snapshot = self.identity.config.snapshot();
        let flow = |slug: &str| snapshot.flow(slug).expect("a flow").id;
        let mut body = json!({
            "name": slug,
            "authorization_flow": flow("default-provider-authorization-implicit-consent"),
            "invalidation_flow": flow("default-invalidation-flow"),
            "client_id": slug,
            "client_secret": SECRET,
            "grant_types": ["authorization_code", "implicit", "hybrid", "refresh_token"],
            "redirect_uris": [{"matching_mode": "strict", "url": CALLBACK}],
            "property_mappings": snapshot.objects.all::<ScopeMapping>().iter()
                .filter(|(_, m)| ["openid", "email", "profile", "offline_access"].contains(&m.scope_name.as_str()))
                .map(|(object, _)| object.document.id).collect::<Vec<_>>(),
        });
        body.as_object_mut().expect("an object").extend(changed.as_object().cloned().unwrap_or_default());
        for name in ["authorization_flow", "authentication_flow"] {
            match body[name].as_str() {
                Some("explicit") => body[name] = json!(flow(EXPLICIT)),
                Some(slug) if Uuid::parse_str(slug).is_err() => body[name] = json!(flow(slug)),
                _ => {}
            }
        }
        let provider = id(&format!("provider {slug}"));
        let app = json!({"name": format!("The {slug}"), "slug": slug, "provider": provider});
        self.change(&[("oauth2_provider", provider, body), ("application", id(slug), app)]).await;
    }

    /// Lets an application be opened by an expression only.
    pub(crate) async fn bind_expression(&self, slug: &str, expression: &str) {
        let policy = id(&format!("policy {slug}"));
        let body = json!({"name": format!("rule of {slug}"), "expression": expression});
        let binding = json!({"target": id(slug), "policy": policy, "order": 0});
        let bound = id(&format!("binding {slug}"));
        self.change(&[("expression_policy", policy, body), ("policy_binding", bound, binding)]).await;
    }

    /// Makes or changes objects.
    pub(crate) async fn change(&self, objects: &[(&str, Uuid, Value)]) {
        let present = self.identity.config.snapshot();
        let of = |(kind, id, body): &(&str, Uuid, Value)| {
            let version = present.objects.get(*id).map_or(0, |object| object.document.version);
            Document { version, ..draft(kind::by_name(kind).expect("a kind"), *id, body.clone()) }
        };
        let upserts = objects.iter().map(of).collect();
        self.identity.config.change(Change { upserts, deletes: vec![] }, None).await.expect("a sound change");
    }

    pub(crate) async fn send(&self, request: Builder, body: String) -> Reply {
        let request = request.header(header::HOST, "auth.test");
        let mut request = request.body(Body::from(body)).expect("a request");
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1))));
        let response = self.app.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.expect("a body");
        Reply { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// A browser with this cookie opens an address.
    pub(crate) async fn get(&self, target: &str, cookie: &str) -> Reply {
        self.send(Request::get(target).header(header::COOKIE, cookie), String::new()).await
    }

    /// The browser of whoever is signed in opens an address.
    pub(crate) async fn visit(&self, target: &str) -> Reply {
        let cookie = self.cookie();
        self.get(target, &cookie).await
    }

    pub(crate) fn cookie(&self) -> String {
        self.cookie.lock().expect("a cookie").clone()
    }

    /// A client with a secret calls an endpoint.
    pub(crate) async fn call(&self, path: &str, client: &str, form: &[(&str, &str)]) -> Reply {
        let basic = STANDARD.encode(format!("{client}:{SECRET}"));
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Basic {basic}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Serializer::new(String::new()).extend_pairs(form).finish()).await
    }

    /// A client redeems a code.
    pub(crate) async fn redeem(&self, client: &str, code: &str) -> Reply {
        let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
        self.call("/application/o/token/", client, &form).await
    }

    /// The row of a code.
    pub(crate) async fn code(&self, code: &str) -> AuthorizationCode {
        self.identity.store.codes().peek(&hash_secret(code)).await.expect("a database").expect("a code")
    }

    async fn step(&self, slug: &str, answer: Option<Value>) -> FlowAnswer {
        let cookie = self.cookie();
        let flow = FlowRequest {
            slug,
            query: "",
            mfa_token: None,
            device_token: None,
            session_token: cookie.split_once('=').map(|(_, token)| token),
            client: &peer(&self.identity),
            request_id: "test",
            path: "/",
        };
        let flows = self.identity.flows();
        let answer = match answer {
            None => flows.get(flow).await,
            Some(answer) => flows.post(flow, FlowResponse::from_json(answer).expect("an answer")).await,
        };
        let answer = answer.expect("a database");
        if let Some(new) = &answer.set_session {
            *self.cookie.lock().expect("a cookie") = format!("authentik_session={}", new.token);
        }
        answer
    }

    /// What a flow shows now.
    pub(crate) async fn challenge(&self, slug: &str) -> Value {
        match self.step(slug, None).await.outcome {
            FlowOutcome::Challenge(challenge) => serde_json::to_value(&challenge).expect("JSON"),
            other => panic!("no challenge: {other:?}"),
        }
    }

    /// Presses Allow on the consent page of a flow.
    pub(crate) async fn allow(&self, slug: &str) {
        let asked = self.challenge(slug).await;
        assert_eq!(asked["component"], "ak-stage-consent");
        self.step(slug, Some(json!({"token": asked["token"]}))).await;
    }

    /// Goes through a flow that asks for consent, or does not because it was given.
    pub(crate) async fn go_through(&self, slug: &str) {
        let shown = self.challenge(slug).await;
        if shown["component"] == "ak-stage-consent" {
            self.step(slug, Some(json!({"token": shown["token"]}))).await;
        }
    }

    /// Presses Cancel; answers where that leads.
    pub(crate) async fn give_up(&self) -> String {
        let cookie = self.cookie();
        let (_, token) = cookie.split_once('=').expect("a cookie");
        self.identity.flows().give_up(token).await.expect("a database").expect("somewhere to go")
    }

    /// Signs in through the login flow that the browser was led to.
    pub(crate) async fn sign_in(&self, username: &str) {
        let slug = "default-authentication-flow";
        self.step(slug, Some(json!({"uid_field": username}))).await;
        self.step(slug, Some(json!({"password": PASSWORD}))).await;
        let done = self.challenge(slug).await;
        assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    }

    /// An administrator acts as `ada` from now on.
    pub(crate) async fn is_acted_for(&self) {
        let group = NewGroup {
            pk: self.identity.people.new_id(),
            name: "Administrators".into(),
            is_superuser: true,
            parents: vec![],
            attributes: Map::new(),
            origin: Origin::Api,
            source: None,
        };
        let group = self.identity.people.create_group(group, None).await.expect("a group").pk;
        let (ada, admin) = (self.ada().await, person(&self.identity, "admin", vec![group]).await);
        let token = sign_in(&self.identity, ada, Some(admin)).await;
        *self.cookie.lock().expect("no panic") = format!("authentik_session={token}");
    }

    async fn ada(&self) -> i64 {
        let found = self.identity.store.users().by_username("ada", Case::Exact).await.expect("a database");
        found.expect("a user").pk
    }

    /// A request of an application as its gate makes it, with some parameters changed.
    pub(crate) fn request(&self, slug: &str, changed: &[(&str, &str)]) -> String {
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

    /// A request of a registered client, with some parameters changed.
    pub(crate) fn ask(client: &str, changed: &[(&str, &str)]) -> String {
        let mut parameters = BTreeMap::from([
            ("client_id", client),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", "a state"),
            ("nonce", "a nonce"),
        ]);
        parameters.extend(changed.iter().copied());
        format!("/application/o/authorize/?{}", Serializer::new(String::new()).extend_pairs(parameters).finish())
    }
}

/// The same id for the same name.
fn id(name: &str) -> Uuid {
    Uuid::parse_str(&hash_secret(name)[..32]).expect("hexadecimal")
}

/// The claims of a token of ours.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a token");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("claims")
}

fn peer(identity: &Identity) -> Peer {
    client(&identity.trusted, [192, 0, 2, 1].into(), |_| None)
}

/// A person with a password.
pub(crate) async fn person(identity: &Identity, username: &str, groups: Vec<Uuid>) -> i64 {
    let draft = UserDraft {
        username: username.into(),
        name: "Ada".into(),
        email: format!("{username}@example.org"),
        is_active: true,
        user_type: UserType::Internal,
        path: "users".into(),
        attributes: Map::new(),
        groups,
        password: Some(PASSWORD.into()),
    };
    identity.people.create_user(draft, None).await.expect("a user").pk
}

async fn sign_in(identity: &Identity, user_pk: i64, original_pk: Option<i64>) -> String {
    let client = peer(identity);
    let new = identity.sessions.create_anonymous(&client, Value::Null.into()).await.expect("a session");
    let auth = json!({"method": "password", "at": 1_000});
    let facts = LoginFacts { user_pk, auth, expires: new.session.expires, max_age: None, original_pk };
    let login = identity.sessions.renew(&new.session, facts, &client, Value::Null.into()).await.expect("a database");
    login.expect("signed in").token
}
