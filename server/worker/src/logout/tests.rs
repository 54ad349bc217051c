//! Notices of logout on a real database, to an application that notes what it hears.

use super::*;
use crate::patience::{LONGEST, PAUSE};
use axum::{Router, body::Bytes, extract::State, http::StatusCode as Answer, routing::post};
use lockgate_engine::ports::Clock;
use lockgate_identity::{
    Setup,
    config::{Change, draft},
    system::SystemClock,
};
use lockgate_model::{kind, kinds::Flow};
use lockgate_store::{SealKey, Store};
use std::sync::{
    Mutex,
    atomic::{AtomicI64, AtomicU16, Ordering},
};
use uuid::Uuid;

/// Time that tests move.
#[derive(Default)]
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::seconds(self.0.load(Ordering::SeqCst))
    }
}

/// An application that answers what it is told to.
#[derive(Default)]
struct App {
    heard: Mutex<Vec<String>>,
    answer: AtomicU16,
}

async fn hear(State(app): State<Arc<App>>, body: Bytes) -> Answer {
    app.heard.lock().expect("a lock").push(String::from_utf8_lossy(&body).into_owned());
    Answer::from_u16(app.answer.load(Ordering::SeqCst)).expect("a status")
}

struct World {
    identity: Identity,
    clock: Arc<Moved>,
    app: Arc<App>,
    provider: Uuid,
    http: reqwest::Client,
}

impl World {
    async fn new(method: &str) -> Self {
        let app = Arc::new(App::default());
        app.answer.store(204, Ordering::SeqCst);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let logout_uri = format!("http://{}/logout", listener.local_addr().expect("an address"));
        let router = Router::new().route("/logout", post(hear)).with_state(Arc::clone(&app));
        tokio::spawn(async move { axum::serve(listener, router).await });

        let seal = SealKey::derive(b"a secret key for tests").expect("a key");
        let store = Store::in_memory(seal).await.expect("a database");
        let clock = Arc::new(Moved::default());
        let setup = Setup { clock: clock.clone(), ..Setup::new(store) };
        let identity = Identity::start(setup).await.expect("services");
        let provider = Uuid::from_u128(1);
        let flow = |slug: &str| {
            let snapshot = identity.config.snapshot();
            let all = snapshot.objects.all::<Flow>();
            all.iter().find(|(_, flow)| flow.slug == slug).map(|(object, _)| object.document.id).expect("a flow")
        };
        let body = json!({
            "name": "wiki", "client_id": "wiki", "client_secret": "wiki-secret",
            "authorization_flow": flow("default-provider-authorization-implicit-consent"),
            "invalidation_flow": flow("default-provider-invalidation-flow"),
            "redirect_uris": [], "logout_uri": logout_uri, "logout_method": method,
        });
        let application = json!({"name": "Wiki", "slug": "wiki", "provider": provider});
        let kind = |name: &str| kind::by_name(name).expect("a kind");
        let upserts = vec![
            draft(kind("oauth2_provider"), provider, body),
            draft(kind("application"), Uuid::from_u128(2), application),
        ];
        identity.config.change(Change { upserts, deletes: Vec::new() }, None).await.expect("a sound change");
        Self { identity, clock, app, provider, http: client().expect("a client") }
    }

    /// A sign-in whose session is gone.
    async fn ended(&self) {
        let login = Login {
            session: Uuid::from_u128(9),
            provider: self.provider,
            user_pk: 1,
            data: json!({"iss": "http://auth.test/", "sub": "ada", "sid": "s1"}),
            created: self.identity.clock.now(),
        };
        self.identity.store.logins().note(&login).await.expect("a database");
    }

    async fn deliver(&self) -> u64 {
        deliver_due(&self.identity, &self.http).await.expect("a database")
    }

    async fn left(&self) -> Vec<Login> {
        self.identity.store.logins().ended(self.clock.now() + TimeDelta::days(30), 10).await.expect("a database")
    }

    fn heard(&self) -> usize {
        self.app.heard.lock().expect("a lock").len()
    }

    fn pass(&self, time: TimeDelta) {
        self.clock.0.fetch_add(time.num_seconds(), Ordering::SeqCst);
    }
}

#[tokio::test]
async fn an_application_is_told_once_and_in_its_words() {
    let world = World::new("backchannel").await;
    world.ended().await;
    assert_eq!((world.deliver().await, world.deliver().await), (1, 0));
    assert!(world.left().await.is_empty());
    let heard = world.app.heard.lock().expect("a lock").clone();
    let token = heard[0].strip_prefix("logout_token=").expect("a form");
    let snapshot = world.identity.config.snapshot();
    let client = snapshot.client("wiki").expect("a client");
    let verified = client.secret_keys().expect("a secret").verify(token).expect("our signature");
    assert_eq!(verified.claims["sub"], "ada");
    assert_eq!((&verified.claims["aud"], &verified.claims["sid"]), (&json!("wiki"), &json!("s1")));
    assert_eq!(verified.claims["events"], json!({"http://schemas.openid.net/event/backchannel-logout": {}}));
    assert!(verified.claims["jti"].is_string() && verified.claims.get("nonce").is_none());
    let lives = verified.claims["exp"].as_i64().expect("a time") - verified.claims["iat"].as_i64().expect("a time");
    assert_eq!(lives, 120);
}

#[tokio::test]
async fn an_application_that_fails_is_told_again_later() {
    let world = World::new("backchannel").await;
    world.app.answer.store(503, Ordering::SeqCst);
    world.ended().await;
    assert_eq!((world.deliver().await, world.deliver().await, world.heard()), (0, 0, 1), "not at once");
    world.pass(TimeDelta::seconds(11));
    assert_eq!((world.deliver().await, world.heard()), (0, 2));
    assert_eq!(world.left().await[0].data["attempts"], 2);
    world.pass(TimeDelta::seconds(11));
    world.deliver().await;
    assert_eq!(world.heard(), 2, "the pause grows");
    world.app.answer.store(200, Ordering::SeqCst);
    world.pass(TimeDelta::seconds(11));
    assert_eq!((world.deliver().await, world.left().await.len()), (1, 0));
}

#[tokio::test]
async fn an_application_that_refuses_or_never_answers_is_given_up() {
    let world = World::new("backchannel").await;
    world.app.answer.store(400, Ordering::SeqCst);
    world.ended().await;
    assert_eq!((world.deliver().await, world.left().await.len(), world.heard()), (0, 0, 1), "400 is final");
    world.app.answer.store(307, Ordering::SeqCst);
    world.ended().await;
    world.deliver().await;
    assert_eq!(world.left().await.len(), 1, "a redirect is no success, and not followed");
    world.pass(TimeDelta::hours(25));
    world.deliver().await;
    assert!(world.left().await.is_empty());
    world.identity.journal.flush().await;
    let filter = lockgate_store::EventFilter { actions: vec!["system_exception".into()], ..Default::default() };
    let (events, _) = world.identity.store.events().list(&filter).await.expect("a database");
    assert_eq!(events.len(), 2);
    assert!(events[0].context["message"].as_str().expect("a text").contains("could not be told"));
}

#[tokio::test]
async fn the_browser_tells_front_channel_applications() {
    let world = World::new("frontchannel").await;
    world.ended().await;
    assert_eq!((world.deliver().await, world.heard(), world.left().await.len()), (0, 0, 0));
}

#[test]
fn pauses_grow_to_an_hour() {
    let pause = |number| Attempt { number, since: DateTime::UNIX_EPOCH }.pause();
    assert_eq!((pause(1), pause(2), pause(3)), (PAUSE, PAUSE * 2, PAUSE * 4));
    assert_eq!((pause(20), pause(u32::MAX)), (LONGEST, LONGEST));
}
