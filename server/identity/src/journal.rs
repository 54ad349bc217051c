//! The journal: one event for every security-relevant act, stored in batches and written to the log as
//! one line each; and the decisions that are kept, which go the same way but not to the log.

use crate::{system::time_uuid, tuning::Tuning};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lockgate_engine::ports::{Clock, Random};
use lockgate_model::User;
use lockgate_store::{DecisionRecord, Event, Store, StoreError, Task};
use serde_json::{Map, Value, json};
use std::{
    fmt::Write as _,
    net::IpAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// Events that may wait for the database; what comes beyond is logged only, and counted.
const QUEUE: usize = 10_000;

/// Events of one insert.
const BATCH: usize = 200;

/// What happened, in the reference's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Somebody signed in.
    Login,
    /// Somebody failed to sign in.
    LoginFailed,
    /// Somebody signed out.
    Logout,
    /// Somebody came with an invitation.
    InvitationUsed,
    /// A flow wrote an account.
    UserWrite,
    /// A password was set.
    PasswordSet,
    /// A mail server has taken a mail.
    EmailSent,
    /// A secret was shown.
    SecretView,
    /// A secret was replaced.
    SecretRotate,
    /// An application was opened, or refused.
    AuthorizeApplication,
    /// A policy decided and wants it known.
    PolicyExecution,
    /// A policy failed.
    PolicyException,
    /// A mapping failed.
    PropertyMappingException,
    /// Something looks like an attack.
    SuspiciousRequest,
    /// Somebody begins to act as somebody else.
    ImpersonationStarted,
    /// Somebody acts as oneself again.
    ImpersonationEnded,
    /// The configuration cannot be used.
    ConfigurationError,
    /// An object was made.
    ModelCreated,
    /// An object was changed.
    ModelUpdated,
    /// An object was deleted.
    ModelDeleted,
    /// Something failed inside.
    SystemException,
    /// A task was given up.
    SystemTaskException,
}

impl Action {
    /// The word in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::LoginFailed => "login_failed",
            Self::Logout => "logout",
            Self::InvitationUsed => "invitation_used",
            Self::UserWrite => "user_write",
            Self::PasswordSet => "password_set",
            Self::EmailSent => "email_sent",
            Self::SecretView => "secret_view",
            Self::SecretRotate => "secret_rotate",
            Self::AuthorizeApplication => "authorize_application",
            Self::PolicyExecution => "policy_execution",
            Self::PolicyException => "policy_exception",
            Self::PropertyMappingException => "property_mapping_exception",
            Self::SuspiciousRequest => "suspicious_request",
            Self::ImpersonationStarted => "impersonation_started",
            Self::ImpersonationEnded => "impersonation_ended",
            Self::ConfigurationError => "configuration_error",
            Self::ModelCreated => "model_created",
            Self::ModelUpdated => "model_updated",
            Self::ModelDeleted => "model_deleted",
            Self::SystemException => "system_exception",
            Self::SystemTaskException => "system_task_exception",
        }
    }

    fn is_trouble(self) -> bool {
        matches!(
            self,
            Self::LoginFailed
                | Self::SuspiciousRequest
                | Self::ConfigurationError
                | Self::PolicyException
                | Self::PropertyMappingException
                | Self::SystemException
                | Self::SystemTaskException
        )
    }
}

/// An event before it has an id and a time. Secrets have no place in `context`.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What happened.
    pub action: Action,
    /// The room that reports it.
    pub app: &'static str,
    /// Who did it.
    pub user: Option<(i64, String, String)>,
    /// Facts.
    pub context: Map<String, Value>,
    /// From where.
    pub client_ip: Option<IpAddr>,
    /// Nobody is notified of it.
    quiet: bool,
}

impl Entry {
    /// An event with no facts yet.
    #[must_use]
    pub fn new(action: Action, app: &'static str) -> Self {
        Self { action, app, user: None, context: Map::new(), client_ip: None, quiet: false }
    }

    /// By this user.
    #[must_use]
    pub fn by(mut self, user: &User) -> Self {
        self.user = Some((user.pk, user.username.clone(), user.email.clone()));
        self
    }

    /// From this address.
    #[must_use]
    pub fn from_ip(mut self, ip: IpAddr) -> Self {
        self.client_ip = Some(ip);
        self
    }

    /// About this thing: `app_label.model`, its key and its name.
    #[must_use]
    pub fn about(self, model: &str, pk: impl Into<Value>, name: &str) -> Self {
        let (app, model_name) = model.split_once('.').unwrap_or(("lockgate", model));
        self.with("model", json!({"pk": pk.into(), "app": app, "name": name, "model_name": model_name}))
    }

    /// Of which nobody is notified: for what happens while people are notified, or it would go on forever.
    #[must_use]
    pub fn quietly(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// With this fact.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.context.insert(key.to_owned(), value.into());
        self
    }
}

/// Somebody in an event.
#[derive(Debug, Clone)]
pub(crate) struct Person((i64, String, String));

impl Person {
    pub(crate) fn of(user: &User) -> Self {
        Self((user.pk, user.username.clone(), user.email.clone()))
    }
}

tokio::task_local! {
    static REQUEST: OfRequest;
}

/// What is known of the request that a task works on.
struct OfRequest {
    /// Its id, as text; nothing for a request that has none.
    id: Option<[u8; ID]>,
    /// Who it is in truth that it comes from, where somebody acts as another user.
    truly: OnceLock<Person>,
}

/// Length of a request's id: a UUID in hex.
const ID: usize = 32;

/// Runs the work on a request; its events tell its id, and who it is in truth, where somebody acts as another user. A
/// request from inside, without an id of its own, has that of the one that it is for.
pub async fn of_one_request<T>(id: Option<[u8; ID]>, work: impl Future<Output = T>) -> T {
    let id = id.or_else(|| REQUEST.try_with(|request| request.id).ok().flatten());
    REQUEST.scope(OfRequest { id, truly: OnceLock::new() }, work).await
}

/// Hands the id of the request that is worked on to somebody, if there is one. It is read where it is needed, so that
/// requests that need it nowhere are not slower for it.
pub fn with_request_id<T>(tell: impl FnOnce(&str) -> T) -> Option<T> {
    let id = REQUEST.try_with(|request| request.id).ok().flatten()?;
    std::str::from_utf8(&id).ok().map(tell)
}

/// Remembers for the rest of this request who acts as another user.
pub(crate) fn on_behalf(of: Person) {
    // Outside of a request there is nobody to tell of.
    let _ = REQUEST.try_with(|request| request.truly.set(of));
}

fn truly() -> Option<Person> {
    REQUEST.try_with(|request| request.truly.get().cloned()).ok().flatten()
}

/// Lets one event a second pass, for those that strangers can cause: a flood must not fill the database.
#[derive(Debug, Default)]
pub struct Seldom(AtomicI64);

impl Seldom {
    /// Records the event, unless this second has had its own.
    pub fn record(&self, journal: &Journal, entry: impl FnOnce() -> Entry) {
        let second = journal.clock.now().timestamp();
        if self.0.swap(second, Ordering::Relaxed) != second {
            journal.record(entry());
        }
    }
}

enum Message {
    Event(Box<Event>, bool),
    Decision(Box<DecisionRecord>),
    Flush(oneshot::Sender<()>),
}

/// Where events go.
#[derive(Clone)]
pub struct Journal {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    tuning: Tuning,
    queue: mpsc::Sender<Message>,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Journal")
    }
}

impl Journal {
    /// A journal, and what has to be run so that it is written.
    pub(crate) fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>, tuning: Tuning) -> (Self, Writer) {
        let (queue, messages) = mpsc::channel(QUEUE);
        (Self { clock, random, tuning, queue }, Writer(messages))
    }

    /// Logs the event now and stores it soon.
    pub fn record(&self, entry: Entry) {
        log(&entry);
        let quiet = entry.quiet;
        let event = self.event(entry);
        self.put(event, quiet);
    }

    /// Logs an event that is made already and stores it soon.
    pub fn record_made(&self, event: Event) {
        tracing::info!(event = event.action, app = event.app, context = %one_line(&event.context), "event");
        self.put(event, false);
    }

    fn put(&self, event: Event, quiet: bool) {
        if self.queue.try_send(Message::Event(Box::new(event), quiet)).is_err() {
            metrics::counter!("lockgate_events_dropped_total").increment(1);
        }
    }

    /// When an event of this moment is forgotten.
    pub fn expiry(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.tuning.now().event_retention.delta()
    }

    /// An event as of now.
    fn event(&self, entry: Entry) -> Event {
        let now = self.clock.now();
        let shown =
            |(pk, username, email): &(i64, String, String)| json!({"pk": pk, "username": username, "email": email});
        let mut user = entry.user.as_ref().map_or(Value::Null, shown);
        // As the reference has it: who it is in truth, and as whom.
        if let Some(truly) = truly().filter(|truly| entry.user.as_ref().is_some_and(|user| user.0 != truly.0.0)) {
            let acted_as = std::mem::replace(&mut user, shown(&truly.0));
            user["on_behalf_of"] = acted_as;
        }
        let mut context = entry.context;
        if let Some(id) = with_request_id(str::to_owned) {
            context.entry("request_id").or_insert_with(|| json!(id));
        }
        Event {
            pk: time_uuid(&*self.clock, &*self.random),
            action: entry.action.as_str().to_owned(),
            app: entry.app.to_owned(),
            user_pk: entry.user.as_ref().map(|u| u.0),
            user,
            context: Value::Object(context),
            client_ip: entry.client_ip.map(|ip| ip.to_string()),
            brand: json!({}),
            created: now,
            expires: self.expiry(now),
        }
    }

    /// Stores a decision soon.
    pub(crate) fn keep(&self, decision: DecisionRecord) {
        if self.queue.try_send(Message::Decision(Box::new(decision))).is_err() {
            metrics::counter!("lockgate_decisions_dropped_total").increment(1);
        }
    }

    /// Waits until everything recorded so far is stored; for shutdown.
    pub async fn flush(&self) {
        let (done, stored) = oneshot::channel();
        if self.queue.send(Message::Flush(done)).await.is_ok() {
            // The writer is gone only when the process ends anyway.
            let _ = stored.await;
        }
    }
}

fn log(entry: &Entry) {
    let user = entry.user.as_ref().map_or("-", |u| u.1.as_str());
    let ip = entry.client_ip.map(|ip| ip.to_string()).unwrap_or_default();
    let context = one_line(&Value::Object(entry.context.clone()));
    if entry.action.is_trouble() {
        tracing::warn!(event = entry.action.as_str(), app = entry.app, user, ip, %context, "{}", headline(entry));
    } else {
        tracing::info!(event = entry.action.as_str(), app = entry.app, user, ip, %context, "{}", headline(entry));
    }
}

/// JSON without what a terminal takes for a line's end or a command; JSON itself escapes no more than what is below the
/// space.
fn one_line(context: &Value) -> String {
    let mut line = String::new();
    for letter in context.to_string().chars() {
        match letter {
            letter if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') => {
                let _ = write!(line, "\\u{:04x}", u32::from(letter));
            }
            letter => line.push(letter),
        }
    }
    line
}

/// Words that operators search the log for.
fn headline(entry: &Entry) -> &'static str {
    match entry.action {
        Action::Login => "authentication succeeded",
        Action::LoginFailed => "authentication failed",
        Action::Logout => "signed out",
        Action::AuthorizeApplication => "application authorized",
        Action::ConfigurationError => "configuration error",
        Action::SystemException => "internal error",
        _ => "event",
    }
}

/// What comes of an event beside its row, stored with it.
#[async_trait]
pub(crate) trait Consequences: Send + Sync {
    /// The work that these events cause.
    async fn of(&self, events: &[&Event]) -> Vec<Task>;
}

/// Writes what a journal records.
pub(crate) struct Writer(mpsc::Receiver<Message>);

impl Writer {
    /// Writes until the process ends.
    pub(crate) async fn run(self, store: Store, consequences: impl Consequences) {
        write(store, self.0, consequences).await;
    }
}

async fn write(store: Store, mut queue: mpsc::Receiver<Message>, consequences: impl Consequences) {
    let mut messages = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut messages, BATCH).await > 0 {
        let mut events = Vec::with_capacity(messages.len());
        let mut loud = Vec::with_capacity(messages.len());
        let (mut decisions, mut flushes) = (Vec::new(), Vec::new());
        for message in messages.drain(..) {
            match message {
                Message::Event(event, quiet) => {
                    events.push(*event);
                    loud.push(!quiet);
                }
                Message::Decision(decision) => decisions.push(*decision),
                Message::Flush(done) => flushes.push(done),
            }
        }
        let told: Vec<&Event> = events.iter().zip(loud).filter(|(_, loud)| *loud).map(|(event, _)| event).collect();
        let tasks = if told.is_empty() { Vec::new() } else { consequences.of(&told).await };
        insert(&store, Rows::Events(events, tasks)).await;
        insert(&store, Rows::Decisions(decisions)).await;
        for done in flushes {
            let _ = done.send(());
        }
    }
}

/// Rows of one insert.
enum Rows {
    Events(Vec<Event>, Vec<Task>),
    Decisions(Vec<DecisionRecord>),
}

impl Rows {
    fn count(&self) -> usize {
        match self {
            Self::Events(events, _) => events.len(),
            Self::Decisions(decisions) => decisions.len(),
        }
    }

    /// One that is too long must not take along what is stored with it: it is told by what it is about alone.
    fn shorten(&mut self) {
        let Self::Events(events, _) = self else { return };
        for event in events.iter_mut().filter(|event| !event.fits()) {
            event.context =
                json!({"model": event.context["model"], "message": "Too long to be told; it stands in the log."});
        }
    }

    async fn store(&self, store: &Store) -> Result<(), StoreError> {
        match self {
            Self::Events(events, tasks) => store.events().insert_with(events, tasks).await,
            Self::Decisions(decisions) => store.decisions().insert(decisions).await,
        }
    }
}

async fn insert(store: &Store, mut rows: Rows) {
    if rows.count() == 0 {
        return;
    }
    for pause in [Duration::from_millis(100), Duration::from_secs(1), Duration::ZERO] {
        match rows.store(store).await {
            Ok(()) => return,
            Err(error) if pause.is_zero() => {
                tracing::error!(%error, lost = rows.count(), "what happened could not be stored; events stand in the log");
            }
            Err(StoreError::TooLong { .. }) => rows.shorten(),
            Err(_) => tokio::time::sleep(pause).await,
        }
    }
}
