//! Notifications on a real database, to a receiver that notes what it hears.

use crate::queue;
use axum::{Router, extract::State, http::StatusCode, routing::post};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_engine::ports::Clock;
use lockgate_identity::{
    Bootstrap, Identity, Setup,
    config::{Change, draft},
    mail::{Content, Letter, Template},
    system::SystemClock,
};
use lockgate_model::kind;
use lockgate_store::{Case, Event, EventFilter, SealKey, Store, Task, TaskFilter, TaskOutcome, TaskState};
use serde_json::json;
use std::sync::{
    Arc,
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

/// What the receiver answers, and how often it was asked.
#[derive(Default)]
struct Receiver {
    answer: AtomicU16,
    asked: AtomicU16,
}

async fn hear(State(receiver): State<Arc<Receiver>>) -> StatusCode {
    receiver.asked.fetch_add(1, Ordering::SeqCst);
    StatusCode::from_u16(receiver.answer.load(Ordering::SeqCst)).expect("a status")
}

struct World {
    identity: Identity,
    clock: Arc<Moved>,
    receiver: Arc<Receiver>,
}

impl World {
    /// A rule that tells who signed in, where people sign in and at the receiver.
    async fn new() -> Self {
        let receiver = Arc::new(Receiver::default());
        receiver.answer.store(204, Ordering::SeqCst);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let router = Router::new().route("/hook", post(hear)).with_state(Arc::clone(&receiver));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let store =
            Store::in_memory(SealKey::derive(b"a secret key for tests").expect("a key")).await.expect("a database");
        let clock = Arc::new(Moved::default());
        let bootstrap = Bootstrap { token: Some("a token for tests".to_owned()), ..Bootstrap::default() };
        let setup = Setup { clock: clock.clone(), bootstrap, ..Setup::new(store) };
        let identity = Box::pin(Identity::start(setup)).await.expect("services");
        let kind = |name: &str| kind::by_name(name).expect("a kind");
        let id = Uuid::from_u128;
        let rule = json!({"name": "logins", "transports": [id(1), id(2)], "destination_event_user": true});
        let upserts = vec![
            draft(kind("notification_transport"), id(1), json!({"name": "here"})),
            draft(
                kind("notification_transport"),
                id(2),
                json!({"name": "hook", "mode": "webhook", "webhook_url": url}),
            ),
            draft(kind("notification_rule"), id(3), rule),
            draft(kind("event_matcher_policy"), id(4), json!({"name": "logins", "action": "login"})),
            draft(kind("policy_binding"), id(5), json!({"target": id(3), "policy": id(4), "order": 0})),
        ];
        identity.config.change(Change { upserts, deletes: Vec::new() }, None).await.expect("a sound change");
        Self { identity, clock, receiver }
    }

    /// Somebody signs in.
    async fn login(&self) {
        let users = self.identity.store.users();
        let admin = users.by_username("akadmin", Case::Exact).await.expect("a database").expect("the administrator");
        let now = self.clock.now();
        self.identity.journal.record_made(Event {
            pk: Uuid::from_u128(77),
            action: "login".to_owned(),
            app: "test".to_owned(),
            user_pk: Some(admin.pk),
            user: json!({"pk": admin.pk, "username": "akadmin", "email": ""}),
            context: json!({"message": "hello"}),
            client_ip: None,
            brand: json!({}),
            created: now,
            expires: now + TimeDelta::days(30),
        });
        self.identity.journal.flush().await;
    }

    /// Does what is due.
    async fn work(&self) {
        let tasks = self.identity.store.tasks();
        for task in tasks.due(self.clock.now(), 10).await.expect("a database") {
            let (now, until) = (self.clock.now(), self.clock.now() + TimeDelta::seconds(120));
            assert!(tasks.claim(&task, until, now).await.expect("a database"));
            let claimed = Task { due: until, state: TaskState::Running, ..task };
            queue::work(&self.identity, &claimed).await.expect("a database");
        }
    }

    /// The task that sends.
    async fn sending(&self) -> Task {
        let filter = TaskFilter { actor: Some("notify_send".to_owned()), ..TaskFilter::default() };
        let (mut tasks, _) = self.identity.store.tasks().list(&filter).await.expect("a database");
        assert_eq!(tasks.len(), 1);
        tasks.remove(0)
    }

    fn asked(&self) -> u16 {
        self.receiver.asked.load(Ordering::SeqCst)
    }

    fn pass(&self, time: TimeDelta) {
        self.clock.0.fetch_add(time.num_seconds(), Ordering::SeqCst);
    }
}

#[tokio::test]
async fn people_are_told_here_at_once_and_elsewhere_by_a_task_of_its_own() {
    let world = World::new().await;
    world.login().await;
    world.work().await;
    let (told, _) = world.identity.store.notifications().list(&Default::default()).await.expect("a database");
    assert_eq!((told.len(), told[0].body.as_str(), told[0].severity.as_str()), (1, "login: hello", "notice"));
    assert_eq!((world.asked(), world.sending().await.state), (0, TaskState::Queued));
    world.work().await;
    let sent = world.sending().await;
    assert_eq!((world.asked(), sent.state, sent.outcome), (1, TaskState::Done, Some(TaskOutcome::Info)));
    world.work().await;
    assert_eq!(world.asked(), 1, "once");
}

#[tokio::test]
async fn who_does_not_answer_is_tried_again_with_growing_pauses_for_a_day() {
    let world = World::new().await;
    world.receiver.answer.store(307, Ordering::SeqCst);
    world.login().await;
    world.work().await;
    world.work().await;
    world.work().await;
    assert_eq!((world.asked(), world.sending().await.state), (1, TaskState::Queued), "not at once, and no redirect");
    world.pass(TimeDelta::seconds(11));
    world.work().await;
    world.pass(TimeDelta::seconds(11));
    world.work().await;
    assert_eq!((world.asked(), world.sending().await.logs.len()), (2, 2), "the pause grows");
    world.pass(TimeDelta::hours(25));
    world.work().await;
    let given_up = world.sending().await;
    assert_eq!((given_up.state, given_up.outcome), (TaskState::Rejected, Some(TaskOutcome::Error)));
    world.identity.journal.flush().await;
    let filter = EventFilter { actions: vec!["system_task_exception".to_owned()], ..EventFilter::default() };
    assert_eq!(world.identity.store.events().count(&filter).await.expect("a database"), 1);

    // Somebody begins it again once the receiver is there.
    world.receiver.answer.store(200, Ordering::SeqCst);
    assert!(world.identity.store.tasks().retry(&given_up, world.clock.now()).await.expect("a database"));
    world.work().await;
    let sent = world.sending().await;
    assert_eq!((sent.state, sent.outcome, sent.retries), (TaskState::Done, Some(TaskOutcome::Info), 1));
}

#[tokio::test]
async fn a_mail_that_nobody_takes_is_given_up_after_a_day_and_says_nothing_of_itself() {
    let world = World::new().await;
    let content =
        Content { brand: "Acme".to_owned(), url: "https://a.test/?key=s3cret".to_owned(), ..Content::default() };
    let written = content.write(Template::Invitation).expect("a mail");
    let letter = Letter::new("ada@example.org", "Acme", "Come in", written);
    let task = world.identity.mail_task(Template::Invitation, letter, None).expect("a task");
    world.identity.store.tasks().ask(std::slice::from_ref(&task)).await.expect("a database");
    let stored = async || world.identity.store.tasks().get(task.id).await.expect("a database").expect("the task");
    assert!(!format!("{:?}", stored().await).contains("s3cret"), "what lets people in is sealed");
    world.work().await;
    let waiting = stored().await;
    assert_eq!((waiting.state, waiting.logs[0].level.as_str()), (TaskState::Queued, "warning"));
    assert!(waiting.logs[0].text.contains("LOCKGATE_EMAIL__HOST"), "{:?}", waiting.logs);
    world.pass(TimeDelta::hours(25));
    world.work().await;
    let given_up = stored().await;
    assert_eq!((given_up.state, given_up.outcome), (TaskState::Rejected, Some(TaskOutcome::Error)));
    // It can be begun again: what it says is still there, and sealed.
    assert!(given_up.data["sealed"].is_string() && !format!("{given_up:?}").contains("s3cret"));
}
