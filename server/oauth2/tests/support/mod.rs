//! Real services on a database in memory, with some clients and somebody who is signed in.
#![allow(clippy::expect_used, dead_code, unreachable_pub)]

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use lockgate_engine::Response as FlowResponse;
use lockgate_identity::{
    Identity, Setup,
    config::{Change, Client, draft},
    oauth::{Contents, GrantFacts, Minted, Told, Want, session_id, subject},
    people::UserDraft,
    runner::{FlowOutcome, FlowRequest},
    sessions::{LoginFacts, csrf_token},
};
use lockgate_model::{Document, UserType, kind, kinds::Flow};
use lockgate_oauth2::{Denied, DevicePage, DeviceStep, FormPost, Pages, SignOutPage, Trouble};
use lockgate_store::{EventFilter, Issue, Login, SealKey, Session, Store};
use lockgate_texts::Language;
use serde_json::{Map, Value, json};
use std::{net::SocketAddr, sync::Arc};
use tower::ServiceExt;
use url::form_urlencoded::Serializer;
use uuid::Uuid;

/// Pages without looks: what they are given, in a line.
struct PlainPages;

impl Pages for PlainPages {
    fn denied(&self, denied: &Denied<'_>) -> Response {
        (StatusCode::FORBIDDEN, format!("denied {} {}", denied.app, denied.missing.join(" "))).into_response()
    }

    fn form_post(&self, form: &FormPost<'_>) -> Response {
        form.url.to_owned().into_response()
    }

    fn trouble(&self, trouble: &Trouble<'_>) -> Response {
        (trouble.status, trouble.title.to_owned()).into_response()
    }

    fn device(&self, page: &DevicePage<'_>) -> Response {
        let text = match &page.step {
            DeviceStep::Ask { code, problem } => format!("ask {code} {}", problem.unwrap_or_default()),
            DeviceStep::Confirm { app, code, permissions, .. } => {
                let asked: Vec<&str> = permissions.iter().map(|p| p.name.as_str()).collect();
                format!("confirm {app} {code} {}", asked.join(", "))
            }
            DeviceStep::Done { app, allowed } => format!("done {app} {allowed}"),
        };
        (page.status, text).into_response()
    }

    fn sign_out(&self, page: &SignOutPage<'_>) -> Response {
        format!("sign out of {} {} {:?}", page.app, page.action, page.fields).into_response()
    }

    fn onward(&self, _: &str, _: Language, to: &str) -> Response {
        format!("onward {to}").into_response()
    }
}

pub struct House {
    pub identity: Identity,
    app: Router,
    /// Value of the session cookie.
    pub token: String,
    pub session: Session,
    pub user: i64,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} is not JSON: {}", self.status, self.text))
    }

    pub fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn location(&self) -> &str {
        self.header(header::LOCATION)
    }
}

/// A request to come.
#[derive(Default)]
pub struct Ask<'a> {
    pub form: Option<&'a [(&'a str, &'a str)]>,
    pub authorization: Option<String>,
    pub dpop: Option<String>,
    pub origin: Option<&'a str>,
    /// Send the session cookie.
    pub signed_in: bool,
    pub method: Option<Method>,
}

impl House {
    pub async fn open() -> Self {
        let seal = SealKey::derive(b"a secret key for tests").expect("a key");
        let store = Store::in_memory(seal).await.expect("a database");
        let identity = Identity::start(Setup::new(store)).await.expect("services");
        let (token, session, user) = sign_in(&identity).await;
        let app = lockgate_oauth2::router(identity.clone(), Arc::new(PlainPages));
        Self { identity, app, token, session, user }
    }

    /// Makes or changes objects.
    pub async fn change(&self, mut upserts: Vec<Document>) {
        let present = self.identity.config.snapshot();
        for document in &mut upserts {
            document.version = present.objects.get(document.id).map_or(0, |object| object.document.version);
        }
        let change = Change { upserts, deletes: Vec::new() };
        self.identity.config.change(change, None).await.expect("a sound change");
    }

    pub fn flow(&self, slug: &str) -> Uuid {
        let snapshot = self.identity.config.snapshot();
        let flows = snapshot.objects.all::<Flow>();
        flows.iter().find(|(_, flow)| flow.slug == slug).map(|(object, _)| object.document.id).expect("a flow")
    }

    /// A client with an application of the same name, all default mappings, and some fields changed.
    pub async fn client(&self, name: &str, changed: Value) -> Arc<Client> {
        let snapshot = self.identity.config.snapshot();
        let all = snapshot.objects.all::<lockgate_model::kinds::ScopeMapping>();
        let mappings: Vec<Uuid> = all.iter().map(|(object, _)| object.document.id).collect();
        let mut body = json!({
            "name": name, "client_id": name, "client_secret": format!("{name}-secret"),
            "authorization_flow": self.flow("default-provider-authorization-implicit-consent"),
            "invalidation_flow": self.flow("default-provider-invalidation-flow"),
            "property_mappings": mappings,
            "redirect_uris": [{"matching_mode": "strict", "url": format!("https://{name}.test/callback")}],
        });
        let fields = changed.as_object().expect("an object").clone();
        body.as_object_mut().expect("an object").extend(fields);
        let provider = object("oauth2_provider", &format!("provider {name}"), body);
        let app = json!({"name": name.to_uppercase(), "slug": name, "provider": provider.id});
        self.change(vec![provider, object("application", &format!("app {name}"), app)]).await;
        self.identity.config.snapshot().client(name).cloned().expect("a client")
    }

    pub fn facts(&self, client: &Client) -> GrantFacts {
        GrantFacts::of_session(format!("http://auth.test/application/o/{}/", client.app_slug), &self.session)
    }

    /// Tokens as the token endpoint makes them, for whoever is signed in.
    pub async fn tokens(&self, client: &Client, scopes: &[&str]) -> Minted {
        self.tokens_of(client, scopes, self.facts(client)).await
    }

    pub async fn tokens_of(&self, client: &Client, scopes: &[&str], facts: GrantFacts) -> Minted {
        let snapshot = self.identity.config.snapshot();
        let who = self.identity.principals.get(self.user).await.expect("a database").expect("a person");
        let scopes: Vec<String> = scopes.iter().map(|s| (*s).to_owned()).collect();
        let contents = Contents { client, who: who.principal(), scopes: &scopes, facts: &facts };
        let oauth = &self.identity.oauth;
        let want = Want { access: true, id: true, refresh: true, ..Want::default() };
        let mut minted = oauth.mint(&snapshot, contents, oauth.new_grant(), want).await.expect("tokens");
        oauth.issue(Issue::Plain(std::mem::take(&mut minted.rows))).await.expect("a database");
        minted
    }

    /// Notes that whoever is signed in has opened the client.
    pub async fn opened(&self, client: &Client) {
        let who = self.identity.principals.get(self.user).await.expect("a database").expect("a person");
        let told = Told {
            iss: format!("http://auth.test/application/o/{}/", client.app_slug),
            sub: subject(client, who.principal()),
            sid: session_id(self.session.uuid),
        };
        let login = Login {
            session: self.session.uuid,
            provider: client.id,
            user_pk: self.user,
            data: serde_json::to_value(told).expect("JSON"),
            created: self.identity.clock.now(),
        };
        self.identity.store.logins().note(&login).await.expect("a database");
    }

    /// Asks for the page of a flow as the browser that is signed in; answers its challenge.
    pub async fn through(&self, slug: &str) -> Value {
        let FlowOutcome::Challenge(challenge) = self.step(slug, None).await else { panic!("no challenge") };
        serde_json::to_value(&*challenge).expect("JSON")
    }

    /// Presses Allow on the consent page of a flow.
    pub async fn agree(&self, slug: &str) {
        let asked = self.through(slug).await;
        assert_eq!(asked["component"], "ak-stage-consent", "{asked}");
        self.step(slug, Some(json!({"token": asked["token"]}))).await;
    }

    async fn step(&self, slug: &str, answer: Option<Value>) -> FlowOutcome {
        let client = lockgate_identity::net::client(&self.identity.trusted, [192, 0, 2, 1].into(), |_| None);
        let request = FlowRequest {
            slug,
            query: "",
            session_token: Some(&self.token),
            mfa_token: None,
            device_token: None,
            client: &client,
            request_id: "test",
            path: "/if/flow/",
        };
        let flows = self.identity.flows();
        let answer = match answer {
            None => flows.get(request).await,
            Some(answer) => flows.post(request, FlowResponse::from_json(answer).expect("an answer")).await,
        };
        answer.expect("a database").outcome
    }

    pub fn csrf(&self) -> String {
        csrf_token(&self.token)
    }

    pub async fn ask(&self, target: &str, ask: Ask<'_>) -> Reply {
        let usual = if ask.form.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder().method(ask.method.unwrap_or(usual)).uri(target);
        request = request.header(header::HOST, "auth.test");
        if ask.signed_in {
            request = request.header(header::COOKIE, format!("authentik_session={}", self.token));
        }
        for (name, value) in
            [("authorization", &ask.authorization), ("dpop", &ask.dpop), ("origin", &ask.origin.map(str::to_owned))]
        {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let body = match ask.form {
            Some(form) => {
                request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                Body::from(Serializer::new(String::new()).extend_pairs(form).finish())
            }
            None => Body::empty(),
        };
        let mut request = request.body(body).expect("a request");
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1))));
        let response = self.app.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.expect("a body");
        Reply { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    pub async fn get(&self, target: &str) -> Reply {
        self.ask(target, Ask { signed_in: true, ..Ask::default() }).await
    }

    pub async fn post(&self, target: &str, form: &[(&str, &str)]) -> Reply {
        self.ask(target, Ask { form: Some(form), ..Ask::default() }).await
    }

    /// With the session cookie.
    pub async fn submit(&self, target: &str, form: &[(&str, &str)]) -> Reply {
        self.ask(target, Ask { form: Some(form), signed_in: true, ..Ask::default() }).await
    }

    pub async fn bearer(&self, target: &str, token: &str) -> Reply {
        self.ask(target, Ask { authorization: Some(format!("Bearer {token}")), ..Ask::default() }).await
    }

    /// How many events of an action there are.
    pub async fn events(&self, action: &str) -> Vec<Value> {
        self.identity.journal.flush().await;
        let filter = EventFilter { actions: vec![action.into()], ..EventFilter::default() };
        let (events, _) = self.identity.store.events().list(&filter).await.expect("a database");
        events.into_iter().map(|event| event.context).collect()
    }
}

/// A document; the same name is the same object.
pub fn object(kind: &str, name: &str, body: Value) -> Document {
    let mut id = [0_u8; 16];
    for (at, byte) in name.bytes().enumerate() {
        id[at % 16] = id[at % 16].rotate_left(3) ^ byte;
    }
    draft(kind::by_name(kind).expect("a kind"), uuid::Builder::from_random_bytes(id).into_uuid(), body)
}

async fn sign_in(identity: &Identity) -> (String, Session, i64) {
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
    let new = identity.sessions.create_anonymous(&client, Value::Null.into()).await.expect("a session");
    let auth = json!({"method": "password", "at": 1_000});
    let facts = LoginFacts { user_pk, auth, expires: new.session.expires, max_age: None, original_pk: None };
    let login = identity.sessions.renew(&new.session, facts, &client, Value::Null.into()).await.expect("a database");
    let login = login.expect("signed in");
    (login.token, login.session, user_pk)
}
