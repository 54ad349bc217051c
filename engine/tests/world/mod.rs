//! An installation in memory: fake ports whose whole state can be cloned, and flows built from JSON.
// Each test binary uses its part of this.
#![allow(dead_code, unreachable_pub)]

mod captchas;
mod passkeys;
pub mod phones;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_engine::{
    CompiledFlow, Context, Plan, Response, Step, StepEnv, challenge,
    ports::{
        BrandFacts, CodeOutcome, Consents, Credentials, Decide, Directory, Event, Events, Factor, Factors, Facts,
        Invitation, Invitations, Mail, MailLink, NewFactor, NewUser, PasswordAttempt, PasswordOutcome, PortError,
        Posted, PromptExpression, Random, RequestFacts, SealError, SetupCode, UserChanges, Verdict, WriteError,
    },
    respond, resume, start,
};
use lockgate_model::{
    Document, ObjectSet, Origin, Principal, User, UserType,
    kinds::{DeviceClass, Digits, UserField},
};
use lockgate_texts::Language;
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr},
    sync::Mutex,
    task,
};
use uuid::Uuid;

/// What a policy does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    Pass,
    Fail,
    Error,
    /// Passes until a credential was accepted: the default flow's `!pending.authenticated`.
    UnlessAuthenticated,
}

/// Permissions, and until when they hold.
pub type Granted = (Vec<String>, Option<DateTime<Utc>>);

#[derive(Debug, Clone, Default)]
pub struct State {
    pub users: BTreeMap<i64, (User, String)>,
    /// By flow, binding or policy; absent ones pass.
    pub policies: HashMap<Uuid, Policy>,
    /// By user and application.
    pub consents: HashMap<(i64, Uuid), Granted>,
    /// With when each ends.
    pub invitations: HashMap<Uuid, (Invitation, Option<DateTime<Utc>>)>,
    /// By user, with the code that proves each; `wait` makes it pause.
    pub factors: BTreeMap<i64, Vec<(Factor, String)>>,
    /// Whom mails went to, and what whoever opens them goes on with; `None`: nobody was there to be sent one.
    pub mails: Vec<(Option<i64>, Plan)>,
    /// Addresses that codes were sent to, or names of factors.
    pub codes: Vec<String>,
    /// What happens at Duo.
    pub duo: phones::AtDuo,
    /// What is said of the next mails instead of sending them.
    pub mail_refused: Option<Posted>,
    /// Users and stages that the browser remembers.
    pub remembered: Vec<(i64, Uuid)>,
    pub events: Vec<Event>,
    /// Users whose password was accepted, or whose code, in order.
    pub accepted: Vec<i64>,
    /// Users whose code was accepted, in order.
    pub codes_accepted: Vec<i64>,
    /// What the service of captchas answers to a token; another one it does not know.
    pub captchas: HashMap<String, Value>,
    pub overloaded: bool,
    pub directory_broken: bool,
    pub random: u64,
}

pub struct World {
    pub state: Mutex<State>,
    pub session: Option<Principal>,
    pub request: RequestFacts,
    pub brand: BrandFacts,
}

pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a date")
}

pub fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub fn user(pk: i64, username: &str) -> User {
    User {
        pk,
        uuid: id(pk.unsigned_abs().into()),
        username: username.to_owned(),
        name: String::new(),
        email: format!("{username}@example.com"),
        is_active: true,
        user_type: UserType::Internal,
        path: "users".to_owned(),
        attributes: Map::new(),
        date_joined: now(),
        last_login: None,
        last_updated: now(),
        password_change_date: now(),
    }
}

pub fn principal(user: User) -> Principal {
    Principal {
        uid: user.pk.to_string(),
        user,
        groups: Vec::new(),
        direct_groups: Vec::new(),
        roles: Vec::new(),
        timed: Vec::new(),
        holds_until: None,
        is_superuser: false,
        attributes: Map::new(),
    }
}

impl Clone for World {
    fn clone(&self) -> Self {
        Self {
            state: Mutex::new(self.lock().clone()),
            session: self.session.clone(),
            request: self.request.clone(),
            brand: self.brand.clone(),
        }
    }
}

impl Default for World {
    /// Ada (1), Bob (2) and the inactive Eve (3); the password of each is the name and `-secret`.
    fn default() -> Self {
        let mut users: BTreeMap<_, _> = [(1, "ada"), (2, "bob"), (3, "eve")]
            .into_iter()
            .map(|(pk, name)| (pk, (user(pk, name), format!("{name}-secret"))))
            .collect();
        users.entry(3).and_modify(|(eve, _)| eve.is_active = false);
        Self {
            state: Mutex::new(State { users, ..State::default() }),
            session: None,
            request: RequestFacts {
                id: "request-1".to_owned(),
                ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
                host: "auth.example.com".to_owned(),
                path: "/".to_owned(),
                method: "GET".to_owned(),
                user_agent: String::new(),
                now: now(),
                from_outpost: false,
                mfa: false,
                language: Language::default(),
            },
            brand: BrandFacts { title: "Acme".to_owned(), ..BrandFacts::default() },
        }
    }
}

impl World {
    pub fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no panic while locked")
    }

    pub fn signed_in(pk: i64) -> Self {
        let mut world = Self::default();
        let found = world.lock().users[&pk].0.clone();
        world.session = Some(principal(found));
        world
    }

    pub fn env(&self) -> StepEnv<'_> {
        StepEnv {
            directory: self,
            credentials: self,
            factors: self,
            passkeys: self,
            captchas: self,
            consents: self,
            invitations: self,
            mail: self,
            sms: self,
            duo: self,
            decide: self,
            events: self,
            random: self,
            request: &self.request,
            brand: &self.brand,
            session: self.session.as_ref(),
        }
    }

    pub fn start(&self, flow: &CompiledFlow, query: &str, context: Context) -> Result<Plan, Box<Step>> {
        run(start(flow, &self.env(), query, context))
    }

    pub fn plan(&self, flow: &CompiledFlow) -> Plan {
        self.start(flow, "", Context::default()).expect("the flow is for this visitor")
    }

    pub fn get(&self, flow: &CompiledFlow, plan: &mut Plan) -> Step {
        run(challenge(flow, plan, &self.env()))
    }

    pub fn post(&self, flow: &CompiledFlow, plan: &mut Plan, body: Value) -> Step {
        let response = Response::from_json(body).expect("an object");
        run(respond(flow, plan, &response, &self.env()))
    }

    /// The link of a mail is opened, and gone on with.
    pub fn open(&self, flow: &CompiledFlow, plan: &mut Plan) -> Step {
        run(resume(flow, plan, &self.env()))
    }

    /// A GET as the JSON that a client sees.
    pub fn page(&self, flow: &CompiledFlow, plan: &mut Plan) -> Value {
        page(self.get(flow, plan))
    }
}

pub fn page(step: Step) -> Value {
    step.outcome.into_challenge().map_or(Value::Null, |c| serde_json::to_value(c).expect("serialises"))
}

/// The fakes are never pending, so polling once will do.
pub fn run<F: Future>(future: F) -> F::Output {
    match std::pin::pin!(future).poll(&mut task::Context::from_waker(task::Waker::noop())) {
        task::Poll::Ready(value) => value,
        task::Poll::Pending => panic!("a fake port was pending"),
    }
}

/// A stage of a flow to be built: its kind, its body without a name, and what differs in its binding.
#[derive(Debug)]
pub struct Place(pub &'static str, pub Value, pub Value);

pub fn stage(kind: &'static str, body: Value) -> Place {
    Place(kind, body, json!({}))
}

fn document(at: u128, kind: &str, mut body: Value, name: Option<&str>) -> Document {
    let name = name.map_or_else(|| format!("{kind}-{at}"), str::to_owned);
    if let (Some(map), false) = (body.as_object_mut(), kind == "flow_stage_binding" || kind == "flow") {
        map.entry("name").or_insert_with(|| json!(name));
    }
    Document {
        id: id(at),
        number: None,
        kind: kind.to_owned(),
        name,
        origin: Origin::Api,
        source: None,
        managed: None,
        body,
        version: 1,
        created: now(),
        updated: now(),
    }
}

pub const FLOW: u128 = 1_000;
pub const OTHER_FLOW: u128 = 2_000;
/// Stages are 10_000, 10_001 …; their bindings 20_000, 20_001 …; anything else is the test's.
pub const STAGE: u128 = 10_000;
pub const BINDING: u128 = 20_000;

/// The flow `test` and, as a target of redirects, the flow `other`.
pub fn build(designation: &str, more: Value, stages: &[Place], extra: &[(u128, &str, Value)]) -> CompiledFlow {
    let flow_body =
        |slug: &str| json!({"name": slug, "slug": slug, "title": "{{ brand }}", "designation": designation});
    let mut body = flow_body("test");
    merge(&mut body, more);
    let mut documents = vec![
        document(FLOW, "flow", body, Some("test")),
        document(OTHER_FLOW, "flow", flow_body("other"), Some("other")),
    ];
    documents.extend(extra.iter().map(|(at, kind, body)| document(*at, kind, body.clone(), None)));
    for (n, Place(kind, body, binding)) in (0_u128..).zip(stages) {
        documents.push(document(STAGE + n, kind, body.clone(), None));
        let mut joint = json!({"target": id(FLOW), "stage": id(STAGE + n), "order": n});
        merge(&mut joint, binding.clone());
        documents.push(document(BINDING + n, "flow_stage_binding", joint, None));
    }
    let set = ObjectSet::parse(documents, &|_| true).expect("a sound configuration");
    CompiledFlow::build(&set, id(FLOW)).expect("a flow that runs")
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

impl Random for World {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.lock();
        for byte in buffer {
            state.random = state.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = state.random.to_be_bytes()[0];
        }
    }
}

#[async_trait]
impl Factors for World {
    async fn usable(&self, user: i64) -> Result<Vec<Factor>, PortError> {
        let state = self.lock();
        Ok(state.factors.get(&user).into_iter().flatten().map(|(factor, _)| factor.clone()).collect())
    }

    async fn check(&self, user: i64, factor: &Factor, code: &str, _: f64) -> Result<CodeOutcome, PortError> {
        let mut state = self.lock();
        let known = state.factors.get(&user).into_iter().flatten().find(|(known, _)| known == factor);
        Ok(match known {
            Some((_, right)) if right == code => {
                state.accepted.push(user);
                state.codes_accepted.push(user);
                CodeOutcome::Accepted
            }
            Some(_) if code == "wait" => CodeOutcome::Paused { retry_after: 7 },
            _ => CodeOutcome::Rejected,
        })
    }

    async fn count_proof(&self, _: i64, _: Uuid) -> Result<Option<u64>, PortError> {
        Ok(None)
    }

    async fn enrol(&self, user: i64, name: &str, new: NewFactor) -> Result<Option<Factor>, PortError> {
        let (class, right) = match new {
            NewFactor::App { code, secret, .. } if secret != format!("secret of {code}") => return Ok(None),
            NewFactor::App { code, .. } => (DeviceClass::Totp, code),
            NewFactor::Codes(codes) => (DeviceClass::Static, codes.concat()),
            NewFactor::Mail { .. } => (DeviceClass::Email, "654321".to_owned()),
            NewFactor::Phone { number, .. } if number == phones::TAKEN => return Ok(None),
            NewFactor::Phone { number, .. } => (DeviceClass::Sms, number),
            NewFactor::Duo { user_id, .. } => (DeviceClass::Duo, user_id),
        };
        let theirs = &mut self.lock().factors;
        let pk = i64::try_from(theirs.len()).unwrap_or_default() + 100;
        let factor = Factor { pk, class, name: name.to_owned(), last_used: None };
        theirs.entry(user).or_default().push((factor.clone(), right));
        Ok(Some(factor))
    }

    fn app_secret(&self) -> String {
        "secret of 123456".to_owned()
    }

    fn app_address(&self, secret: &str, _: Digits, account: &str, issuer: &str) -> Result<String, PortError> {
        Ok(format!("otpauth://totp/{issuer}:{account}?secret={secret}"))
    }

    fn seal(&self, user: i64, secret: &str) -> Result<String, PortError> {
        Ok(format!("{user}|{secret}"))
    }

    fn open(&self, user: i64, sealed: &str) -> Result<String, PortError> {
        let opened = sealed.strip_prefix(&format!("{user}|")).map(str::to_owned);
        opened.ok_or_else(|| PortError("sealed for somebody else".to_owned()))
    }

    async fn remembered(&self, user: i64, stage: Uuid, _: TimeDelta) -> Result<bool, PortError> {
        Ok(self.lock().remembered.contains(&(user, stage)))
    }
}

#[async_trait]
impl Directory for World {
    async fn find(&self, fields: &[UserField], value: &str, ignore_case: bool) -> Result<Option<User>, PortError> {
        let state = self.lock();
        if state.directory_broken {
            return Err(PortError("the database is away".to_owned()));
        }
        let same = |a: &str| if ignore_case { a.eq_ignore_ascii_case(value) } else { a == value };
        let found = state.users.values().find(|(u, _)| {
            fields.contains(&UserField::Username) && same(&u.username)
                || fields.contains(&UserField::Email) && same(&u.email)
        });
        Ok(found.map(|(u, _)| u.clone()))
    }

    async fn principal(&self, pk: i64) -> Result<Option<Principal>, PortError> {
        Ok(self.lock().users.get(&pk).map(|(u, _)| principal(u.clone())))
    }

    async fn username_taken(&self, username: &str, except: Option<i64>) -> Result<bool, PortError> {
        Ok(self.lock().users.values().any(|(u, _)| u.username == username && Some(u.pk) != except))
    }

    async fn create(&self, new: NewUser) -> Result<User, WriteError> {
        let name = new.changes.username.clone().unwrap_or_default();
        let mut state = self.lock();
        if state.users.values().any(|(u, _)| u.username == name) {
            return Err(WriteError::UsernameTaken);
        }
        if new.changes.invitation.is_some_and(|invitation| state.invitations.remove(&invitation).is_none()) {
            return Err(WriteError::Invalid("used up".to_owned()));
        }
        let pk = state.users.keys().max().copied().unwrap_or(0) + 1;
        let mut made = user(pk, &name);
        made.is_active = new.is_active;
        made.user_type = new.user_type;
        made.path = new.path;
        let mut entry = (made, String::new());
        apply(&mut entry, new.changes);
        state.users.insert(pk, entry.clone());
        Ok(entry.0)
    }

    async fn update(&self, pk: i64, changes: UserChanges) -> Result<User, WriteError> {
        let mut state = self.lock();
        let entry = state.users.get_mut(&pk).ok_or(WriteError::Gone)?;
        apply(entry, changes);
        Ok(entry.0.clone())
    }

    async fn delete(&self, pk: i64) -> Result<(), WriteError> {
        self.lock().users.remove(&pk).map(drop).ok_or(WriteError::Gone)
    }
}

#[async_trait]
impl Mail for World {
    async fn send_link(&self, link: MailLink<'_>, _: &RequestFacts) -> Result<Posted, PortError> {
        let mut state = self.lock();
        if let Some(refused) = &state.mail_refused {
            return Ok(refused.clone());
        }
        state.mails.push((link.to.map(|user| user.pk), link.plan.clone()));
        Ok(Posted::Sent)
    }

    async fn send_setup_code(&self, wanted: SetupCode<'_>, _: &RequestFacts) -> Result<(Posted, String), PortError> {
        let mut state = self.lock();
        if let Some(refused) = &state.mail_refused {
            return Ok((refused.clone(), String::new()));
        }
        state.codes.push(wanted.address.to_owned());
        Ok((Posted::Sent, "123456".to_owned()))
    }

    async fn send_code(&self, _: i64, factor: &Factor, _: &RequestFacts) -> Result<Posted, PortError> {
        let mut state = self.lock();
        if let Some(refused) = &state.mail_refused {
            return Ok(refused.clone());
        }
        state.codes.push(factor.name.clone());
        Ok(Posted::Sent)
    }
}

#[async_trait]
impl Invitations for World {
    async fn find(&self, pk: Uuid, now: DateTime<Utc>) -> Result<Option<Invitation>, PortError> {
        let state = self.lock();
        let found = state.invitations.get(&pk).filter(|(_, until)| until.is_none_or(|until| until > now));
        Ok(found.map(|(invitation, _)| invitation.clone()))
    }
}

fn apply((user, password): &mut (User, String), changes: UserChanges) {
    user.username = changes.username.unwrap_or_else(|| user.username.clone());
    user.name = changes.name.unwrap_or_else(|| user.name.clone());
    user.email = changes.email.unwrap_or_else(|| user.email.clone());
    user.is_active = changes.active.unwrap_or(user.is_active);
    for (path, value) in changes.attributes {
        user.attributes.insert(path.join("/"), value);
    }
    if let Some(sealed) = changes.password {
        *password = sealed.trim_start_matches("sealed:").to_owned();
    }
}

#[async_trait]
impl Credentials for World {
    async fn verify(&self, attempt: PasswordAttempt<'_>) -> Result<PasswordOutcome, PortError> {
        let PasswordAttempt { user, password, backends, .. } = attempt;
        let mut state = self.lock();
        if state.overloaded {
            return Ok(PasswordOutcome::Overloaded { retry_after: 3 });
        }
        let Some(user) = user else { return Ok(PasswordOutcome::Rejected) };
        if state.users.get(&user.pk).is_none_or(|(_, known)| known != password) {
            return Ok(PasswordOutcome::Rejected);
        }
        state.accepted.push(user.pk);
        Ok(PasswordOutcome::Accepted { backend: backends[0] })
    }

    async fn seal(&self, password: &str) -> Result<String, SealError> {
        Ok(format!("sealed:{password}"))
    }
}

#[async_trait]
impl Consents for World {
    async fn granted(&self, user: i64, app: Uuid, now: DateTime<Utc>) -> Result<Option<Vec<String>>, PortError> {
        let state = self.lock();
        let found = state.consents.get(&(user, app)).filter(|(_, until)| until.is_none_or(|u| u > now));
        Ok(found.map(|(permissions, _)| permissions.clone()))
    }

    async fn grant(
        &self,
        user: i64,
        app: Uuid,
        permissions: &[String],
        expires: Option<DateTime<Utc>>,
    ) -> Result<(), PortError> {
        self.lock().consents.insert((user, app), (permissions.to_vec(), expires));
        Ok(())
    }
}

impl World {
    fn ask(&self, what: Uuid, facts: &Facts<'_>) -> Result<Verdict, PortError> {
        let policy = self.lock().policies.get(&what).copied().unwrap_or(Policy::Pass);
        let authenticated = facts.pending["authenticated"] == json!(true);
        match policy {
            Policy::Pass => Ok(Verdict { passing: true, messages: Vec::new() }),
            Policy::Fail => Ok(Verdict { passing: false, messages: vec!["No.".to_owned()] }),
            Policy::Error => Err(PortError("the policy is broken".to_owned())),
            Policy::UnlessAuthenticated => Ok(Verdict { passing: !authenticated, messages: Vec::new() }),
        }
    }
}

#[async_trait]
impl Decide for World {
    async fn flow(&self, flow: Uuid, facts: &Facts<'_>) -> Result<Verdict, PortError> {
        self.ask(flow, facts)
    }

    async fn binding(&self, binding: Uuid, facts: &Facts<'_>) -> Result<Verdict, PortError> {
        self.ask(binding, facts)
    }

    async fn policies(&self, policies: &[Uuid], facts: &Facts<'_>) -> Result<Verdict, PortError> {
        for policy in policies {
            let verdict = self.ask(*policy, facts)?;
            if !verdict.passing {
                return Ok(verdict);
            }
        }
        Ok(Verdict { passing: true, messages: Vec::new() })
    }

    fn strength(&self, field: &str, facts: &Facts<'_>) -> u8 {
        facts.prompt_data[field].as_str().map_or(0, |typed| u8::try_from(typed.len() / 4).unwrap_or(4).min(4))
    }

    /// The name of a field of the user, or a JSON literal.
    async fn expression(&self, expression: PromptExpression<'_>, facts: &Facts<'_>) -> Result<Value, PortError> {
        match (expression.source, facts.principal) {
            ("user.username", Some(principal)) => Ok(json!(principal.user.username)),
            ("user.username", None) => Ok(json!("")),
            (literal, _) => serde_json::from_str(literal).map_err(PortError::from),
        }
    }
}

#[async_trait]
impl Events for World {
    async fn record(&self, event: Event, _: &RequestFacts) {
        self.lock().events.push(event);
    }
}
