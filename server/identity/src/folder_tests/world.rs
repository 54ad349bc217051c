//! An installation in memory: the people of one test, and the ports of the engine over them.

use super::{Run, coverage::Touched};
use crate::{
    config::Snapshot,
    evidence::Fetcher,
    runner::ports::{check, only, set_attributes},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lockgate_engine::ports::{
    Consents, Credentials, Directory, Event, Events, Factor, NewUser, PasswordAttempt, PasswordOutcome, PortError,
    Random, RequestFacts, SealError, UserChanges, WriteError,
};
use lockgate_flows::{
    GroupDeclaration, PeopleNames,
    test_document::{Circumstances, TestDocument, TestUser},
};
use lockgate_model::{
    Group, Origin, Principal, User,
    kinds::{DeviceClass, PasswordBackend, UserField},
    people::TimedMembership,
};
use lockgate_store::{Case, Store, principal_of, user_uid};
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// Which password counts as somebody's.
#[derive(Clone)]
pub(crate) enum Proof {
    /// None: they have none.
    Nothing,
    /// This one.
    Password(String),
    /// Any: nobody said which.
    Anything,
}

/// A second factor of somebody, and the codes that prove it; `None`: any.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) factor: Factor,
    pub(crate) codes: Option<Vec<String>>,
}

/// Somebody, with what only the directory knows.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) user: User,
    /// What tokens call them.
    pub(crate) uid: String,
    /// Direct groups that have no end.
    pub(crate) groups: HashSet<Uuid>,
    pub(crate) timed: Vec<TimedMembership>,
    pub(crate) roles: Vec<Uuid>,
    pub(crate) superuser: bool,
    pub(crate) proof: Proof,
    pub(crate) factors: Vec<Held>,
}

/// What is so outside of a world in memory, to be read and never to be changed.
#[derive(Clone, Copy)]
pub(crate) struct Outside<'a> {
    pub(crate) store: &'a Store,
    pub(crate) fetcher: &'a Fetcher,
}

/// What policies said of something when they were last asked.
#[derive(Debug, Clone, Default)]
struct Judged {
    passes: bool,
    why: Vec<String>,
}

/// Permissions, and until when they hold.
pub(crate) type Granted = (Vec<String>, Option<DateTime<Utc>>);

#[derive(Default)]
struct State {
    accounts: BTreeMap<i64, Account>,
    consents: HashMap<(i64, Uuid), Granted>,
    /// When the flow that is gone through happens.
    at: Option<DateTime<Utc>>,
    /// What last broke.
    failure: Option<String>,
    /// What the log of events would say since somebody last asked.
    noted: Vec<String>,
    /// The sentence of the last refusal.
    refusal: Option<String>,
    /// What was judged: flows, and stages by their binding.
    judged: HashMap<Uuid, Judged>,
    /// What somebody ought to know who believes what happens here: where it is not as at a server.
    limits: BTreeSet<String>,
    random: u64,
}

/// Primary key of the first account that is made where there are real ones: no policy names it.
const NOBODY_YET: i64 = 1 << 52;

/// An installation in memory.
pub(crate) struct World<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(super) touched: &'a Mutex<Touched>,
    pub(super) outside: Option<Outside<'a>>,
    groups: Vec<Group>,
    now: DateTime<Utc>,
    /// Primary keys, in the order of the test's users.
    pks: Vec<i64>,
    /// Primary key of the first account that is made.
    first_new: i64,
    /// What the invitation says that somebody comes with.
    pub(super) invitation: Option<Map<String, Value>>,
    state: Mutex<State>,
}

impl<'a> World<'a> {
    pub(super) fn new(run: &Run<'a>, test: &TestDocument, names: &PeopleNames, touched: &'a Mutex<Touched>) -> Self {
        let known = &run.folder.users;
        let mut next = i64::try_from(known.len()).unwrap_or_default();
        let mut state = State::default();
        let mut pks = Vec::new();
        for user in &test.users {
            let pk = known.get(&user.username).copied().unwrap_or_else(|| {
                next += 1;
                next
            });
            pks.push(pk);
            state.accounts.insert(pk, account(pk, user, run.now));
        }
        let highest = state.accounts.keys().max().copied().unwrap_or_default();
        let first_new = highest.max(i64::try_from(names.users.len()).unwrap_or_default()) + 1;
        let (snapshot, now, groups) = (run.snapshot, run.now, groups_of(run, test));
        let invitation = test.flow.as_ref().and_then(|flow| flow.invitation.clone());
        Self { snapshot, touched, outside: None, groups, now, pks, first_new, invitation, state: Mutex::new(state) }
    }

    /// Around one person, or nobody, at a moment.
    pub(crate) fn around(
        person: Option<Account>,
        groups: Vec<Group>,
        now: DateTime<Utc>,
        (snapshot, outside): (&'a Snapshot, Outside<'a>),
        touched: &'a Mutex<Touched>,
    ) -> Self {
        let pks = person.iter().map(|account| account.user.pk).collect();
        let accounts = person.into_iter().map(|account| (account.user.pk, account)).collect();
        let state = Mutex::new(State { accounts, at: Some(now), ..State::default() });
        let (outside, first_new) = (Some(outside), NOBODY_YET);
        Self { snapshot, touched, outside, groups, now, pks, first_new, invitation: None, state }
    }

    /// They agreed to this before.
    pub(crate) fn has_agreed(&self, user: i64, app: Uuid, granted: Granted) {
        self.state().consents.insert((user, app), granted);
    }

    /// That this is not as at a server.
    pub(super) fn falls_short(&self, how: impl Into<String>) {
        self.state().limits.insert(how.into());
    }

    /// Where what happened was not as at a server.
    pub(crate) fn limits(&self) -> Vec<String> {
        self.state().limits.iter().cloned().collect()
    }

    /// The sentence of the last refusal, once.
    pub(crate) fn take_refusal(&self) -> Option<String> {
        self.state().refusal.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When something happens.
    pub(super) fn moment(&self, circumstances: &Circumstances) -> DateTime<Utc> {
        circumstances.at.unwrap_or(self.now)
    }

    /// From here on everything happens then, in the ports of the engine too.
    pub(super) fn happens(&self, circumstances: &Circumstances) {
        self.state().at = Some(self.moment(circumstances));
    }

    /// One of the test's users at a moment, with everything that comes from their groups.
    pub(super) fn person(&self, user: usize, at: DateTime<Utc>) -> Option<Principal> {
        self.principal_at(*self.pks.get(user)?, at)
    }

    pub(crate) fn principal_of(&self, pk: i64) -> Option<Principal> {
        self.principal_at(pk, self.at())
    }

    fn principal_at(&self, pk: i64, at: DateTime<Utc>) -> Option<Principal> {
        let mut account = self.state().accounts.get(&pk)?.clone();
        let current = account.timed.iter().filter(|timed| timed.period.contains(at));
        account.groups.extend(current.map(|timed| timed.group.pk));
        let mut all = account.groups.clone();
        let mut look = Vec::from_iter(account.groups.iter().copied());
        while let Some(group) = look.pop() {
            let above = self.groups.iter().filter(|known| known.pk == group).flat_map(|known| &known.parents);
            look.extend(above.copied().filter(|parent| all.insert(*parent)));
        }
        let groups: Vec<&Group> = self.groups.iter().filter(|group| all.contains(&group.pk)).collect();
        let mut principal = principal_of(account.user, account.uid, &groups, &account.groups);
        principal.roles = account.roles;
        principal.is_superuser |= account.superuser;
        Some(principal.with_times(account.timed, at))
    }

    /// When what is going on happens.
    pub(super) fn at(&self) -> DateTime<Utc> {
        self.state().at.unwrap_or(self.now)
    }

    /// Primary key of the account with this name.
    pub(super) fn pk_of(&self, username: &str) -> Option<i64> {
        self.state().accounts.values().find(|account| account.user.username == username).map(|found| found.user.pk)
    }

    /// Gives somebody a second factor; `None` where there is no such account.
    pub(super) fn give_factor(
        &self,
        user: i64,
        class: DeviceClass,
        name: &str,
        codes: Option<Vec<String>>,
    ) -> Option<Factor> {
        self.with_factors(user, |held| {
            let pk = held.iter().map(|one| one.factor.pk).max().unwrap_or_default() + 1;
            let factor = Factor { pk, class, name: name.to_owned(), last_used: None };
            held.push(Held { factor: factor.clone(), codes });
            factor
        })
    }

    /// The second factors of somebody, to be looked at and changed.
    pub(super) fn with_factors<T>(&self, pk: i64, work: impl FnOnce(&mut Vec<Held>) -> T) -> Option<T> {
        self.state().accounts.get_mut(&pk).map(|account| work(&mut account.factors))
    }

    /// What last broke in a port, once.
    pub(super) fn take_failure(&self) -> Option<String> {
        self.state().failure.take()
    }

    /// What the log of events would say since this was last asked.
    pub(crate) fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut self.state().noted)
    }

    /// Remembers what policies last said of a flow or a stage.
    pub(super) fn judged(&self, what: Uuid, passes: bool, why: Vec<String>) {
        self.state().judged.insert(what, Judged { passes, why });
    }

    /// Whether policies left the stage out when they were last asked.
    pub(super) fn is_left_out(&self, stage: Uuid) -> bool {
        self.state().judged.get(&stage).is_some_and(|judged| !judged.passes)
    }

    /// Why policies said of a flow or a stage what they last said, in lines.
    pub(crate) fn why(&self, what: Uuid) -> Vec<String> {
        self.state().judged.get(&what).map(|judged| judged.why.clone()).unwrap_or_default()
    }

    /// The name of an account.
    pub(crate) fn username(&self, pk: i64) -> Option<String> {
        self.state().accounts.get(&pk).map(|account| account.user.username.clone())
    }
}

/// The groups of a folder, and those that a test brings along.
fn groups_of(run: &Run<'_>, test: &TestDocument) -> Vec<Group> {
    let declared = &run.folder.groups;
    let by_name: HashMap<&str, Uuid> = declared.iter().map(|group| (group.name.as_str(), group.id)).collect();
    let parents = |group: &GroupDeclaration| -> Vec<Uuid> {
        group.parents.iter().filter_map(|name| by_name.get(name.as_str()).copied()).collect()
    };
    let of_folder = declared.iter().map(|group| Group {
        pk: group.id,
        num_pk: 0,
        name: group.name.clone(),
        is_superuser: group.superuser,
        parents: parents(group),
        attributes: group.attributes.clone(),
        origin: group.origin,
        source: group.source.clone(),
    });
    let own = test.groups.iter().filter(|own| declared.iter().all(|group| group.id != own.pk));
    let own = own.map(|own| Group {
        pk: own.pk,
        num_pk: 0,
        name: own.name.clone(),
        is_superuser: false,
        parents: Vec::new(),
        attributes: Map::new(),
        origin: Origin::Api,
        source: None,
    });
    of_folder.chain(own).collect()
}

fn account(pk: i64, user: &TestUser, now: DateTime<Utc>) -> Account {
    Account {
        uid: user_uid(pk, "test"),
        roles: Vec::new(),
        user: User {
            pk,
            uuid: lockgate_flows::stable_id("user", &user.username),
            username: user.username.clone(),
            name: user.name.clone(),
            email: user.email.clone(),
            is_active: user.active,
            user_type: user.user_type,
            path: user.path.clone(),
            attributes: user.attributes.clone(),
            date_joined: now,
            last_login: None,
            last_updated: now,
            password_change_date: now,
        },
        groups: user.groups.iter().map(|group| group.pk).collect(),
        timed: user.timed.clone(),
        superuser: user.superuser,
        proof: user.password.clone().map_or(Proof::Nothing, Proof::Password),
        factors: held(user),
    }
}

fn held(user: &TestUser) -> Vec<Held> {
    let mut all = Vec::new();
    let mut hold = |class, name: &str, codes: Vec<String>| {
        let pk = i64::try_from(all.len()).unwrap_or_default() + 1;
        all.push(Held { factor: Factor { pk, class, name: name.to_owned(), last_used: None }, codes: Some(codes) });
    };
    if let Some(code) = &user.totp {
        hold(DeviceClass::Totp, "app", vec![code.clone()]);
    }
    if !user.codes.is_empty() {
        hold(DeviceClass::Static, "paper", user.codes.clone());
    }
    if user.passkey {
        hold(DeviceClass::Webauthn, "passkey", Vec::new());
    }
    all
}

#[async_trait]
impl Directory for World<'_> {
    async fn find(&self, fields: &[UserField], value: &str, ignore_case: bool) -> Result<Option<User>, PortError> {
        let same = |text: &str| {
            if ignore_case { text.to_lowercase() == value.to_lowercase() } else { text == value }
        };
        let state = self.state();
        for field in fields {
            let fits = |user: &User| match field {
                UserField::Username => same(&user.username),
                UserField::Email => !user.email.is_empty() && same(&user.email),
                UserField::Upn => user.attributes.get("upn").is_some_and(|upn| upn.as_str() == Some(value)),
            };
            let found = state.accounts.values().map(|account| &account.user).filter(|user| fits(user));
            if let Some(user) = only(found.cloned().collect()) {
                return Ok(Some(user));
            }
        }
        drop(state);
        self.falls_short("Nobody is known here but the person who goes through the flow: another name is nobody's.");
        Ok(None)
    }

    async fn principal(&self, pk: i64) -> Result<Option<Principal>, PortError> {
        Ok(self.principal_of(pk))
    }

    async fn username_taken(&self, username: &str, except: Option<i64>) -> Result<bool, PortError> {
        let wanted = username.to_lowercase();
        let other = |pk: i64| Some(pk) != except;
        let same = |account: &Account| account.user.username.to_lowercase() == wanted && other(account.user.pk);
        if self.state().accounts.values().any(same) {
            return Ok(true);
        }
        let Some(outside) = &self.outside else { return Ok(false) };
        let found = outside.store.users().by_username(username, Case::Fold).await.map_err(PortError::from)?;
        Ok(found.is_some_and(|user| other(user.pk)))
    }

    async fn create(&self, new: NewUser) -> Result<User, WriteError> {
        check(&new.changes)?;
        let username = new.changes.username.clone().unwrap_or_default();
        if self.username_taken(&username, None).await? {
            return Err(WriteError::UsernameTaken);
        }
        let mut state = self.state();
        let highest = state.accounts.keys().max().copied().unwrap_or_default();
        let pk = self.first_new.max(highest + 1);
        let mut account = Account {
            user: User {
                pk,
                uuid: lockgate_flows::stable_id("user", &username),
                username,
                name: String::new(),
                email: String::new(),
                is_active: new.is_active,
                user_type: new.user_type,
                path: new.path,
                attributes: Map::new(),
                date_joined: self.now,
                last_login: None,
                last_updated: self.now,
                password_change_date: self.now,
            },
            uid: user_uid(pk, "test"),
            groups: HashSet::new(),
            timed: Vec::new(),
            roles: Vec::new(),
            superuser: false,
            proof: Proof::Nothing,
            factors: Vec::new(),
        };
        apply(&mut account, new.changes);
        let user = account.user.clone();
        state.accounts.insert(pk, account);
        Ok(user)
    }

    async fn update(&self, pk: i64, changes: UserChanges) -> Result<User, WriteError> {
        check(&changes)?;
        if let Some(username) = &changes.username
            && self.username_taken(username, Some(pk)).await?
        {
            return Err(WriteError::UsernameTaken);
        }
        let mut state = self.state();
        let account = state.accounts.get_mut(&pk).ok_or(WriteError::Gone)?;
        apply(account, changes);
        Ok(account.user.clone())
    }

    async fn delete(&self, pk: i64) -> Result<(), WriteError> {
        self.state().accounts.remove(&pk).map(drop).ok_or(WriteError::Gone)
    }
}

fn apply(account: &mut Account, changes: UserChanges) {
    let user = &mut account.user;
    for (field, new) in
        [(&mut user.username, changes.username), (&mut user.name, changes.name), (&mut user.email, changes.email)]
    {
        *field = new.unwrap_or_else(|| std::mem::take(field));
    }
    set_attributes(&mut user.attributes, changes.attributes);
    user.is_active = changes.active.unwrap_or(user.is_active);
    account.groups.extend(changes.groups);
    if let Some(password) = changes.password {
        account.proof = Proof::Password(password);
    }
}

/// Passwords are compared as they are written: what a hash protects against does not happen in a test.
#[async_trait]
impl Credentials for World<'_> {
    async fn verify(&self, attempt: PasswordAttempt<'_>) -> Result<PasswordOutcome, PortError> {
        let PasswordAttempt { user, password, backends, .. } = attempt;
        let known = user.and_then(|user| Some(self.state().accounts.get(&user.pk)?.proof.clone()));
        let right = match known {
            None | Some(Proof::Nothing) => false,
            Some(Proof::Password(known)) => known == password,
            Some(Proof::Anything) => {
                self.falls_short("No password was checked: any counts as the right one unless one is named.");
                true
            }
        };
        // Passwords of applications are made at a server, and there is none.
        let inbuilt = backends.iter().find(|backend| **backend == PasswordBackend::Inbuilt);
        if inbuilt.is_none() || (!right && backends.contains(&PasswordBackend::Token)) {
            self.falls_short("Passwords for applications are not looked up here: none is right.");
        }
        Ok(match inbuilt.filter(|_| right) {
            Some(backend) => PasswordOutcome::Accepted { backend: *backend },
            None => PasswordOutcome::Rejected,
        })
    }

    async fn seal(&self, password: &str) -> Result<String, SealError> {
        Ok(password.to_owned())
    }
}

#[async_trait]
impl Consents for World<'_> {
    async fn granted(&self, user: i64, app: Uuid, now: DateTime<Utc>) -> Result<Option<Vec<String>>, PortError> {
        let state = self.state();
        let found = state.consents.get(&(user, app)).filter(|(_, until)| until.is_none_or(|until| until > now));
        Ok(found.map(|(permissions, _)| permissions.clone()))
    }

    async fn grant(
        &self,
        user: i64,
        app: Uuid,
        permissions: &[String],
        expires: Option<DateTime<Utc>>,
    ) -> Result<(), PortError> {
        self.state().consents.insert((user, app), (permissions.to_vec(), expires));
        Ok(())
    }
}

#[async_trait]
impl Events for World<'_> {
    async fn record(&self, event: Event, _: &RequestFacts) {
        match event {
            Event::Failed { error, .. } => self.state().failure = Some(error),
            Event::LoginFailed { identifier, reason, .. } => {
                let reason = reason.replace('_', " ");
                self.state().noted.push(format!("the login of {identifier} failed: {reason}"));
            }
            Event::FlowDenied { reason, .. } => self.state().refusal = Some(reason),
            Event::UserWritten { .. }
            | Event::FactorEnrolled { .. }
            | Event::InvitationUsed { .. }
            | Event::FlowCompleted { .. } => {}
        }
    }
}

/// The same every time: nothing that it makes is secret.
impl Random for World<'_> {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.state();
        for byte in buffer {
            state.random = state.random.wrapping_add(1);
            *byte = state.random.to_le_bytes()[0];
        }
    }
}
