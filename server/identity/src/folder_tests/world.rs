//! An installation in memory: the people of one test, and the ports of the engine over them.

use super::{Run, coverage::Touched};
use crate::{
    config::Snapshot,
    runner::ports::{check, only, set_attributes},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lockgate_engine::ports::{
    Consents, Credentials, Directory, Event, Events, Factor, Invitation, Invitations, NewUser, PasswordOutcome,
    PortError, Random, RequestFacts, SealError, UserChanges, WriteError,
};
use lockgate_flows::{
    GroupDeclaration, PeopleNames,
    test_document::{Circumstances, TestDocument, TestUser},
};
use lockgate_model::{
    Group, Principal, User,
    kinds::{DeviceClass, PasswordBackend, UserField},
    people::TimedMembership,
};
use lockgate_store::{principal_of, user_uid};
use serde_json::Map;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// Somebody, with what only the directory knows.
#[derive(Debug, Clone)]
struct Account {
    user: User,
    groups: HashSet<Uuid>,
    timed: Vec<TimedMembership>,
    superuser: bool,
    password: Option<String>,
    factors: Vec<Held>,
}

/// A second factor of somebody, and the codes that prove it.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) factor: Factor,
    pub(super) codes: Vec<String>,
}

/// Permissions, and until when they hold.
type Granted = (Vec<String>, Option<DateTime<Utc>>);

#[derive(Debug, Default)]
struct State {
    accounts: BTreeMap<i64, Account>,
    consents: HashMap<(i64, Uuid), Granted>,
    /// When the flow that is gone through happens.
    at: Option<DateTime<Utc>>,
    /// What last broke.
    failure: Option<String>,
    /// What the log of events would say since somebody last asked.
    noted: Vec<String>,
    /// Stages, by their binding, that policies last left out.
    left_out: HashSet<Uuid>,
    random: u64,
}

/// An installation in memory.
pub(super) struct World<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) names: &'a PeopleNames,
    pub(super) touched: &'a Mutex<Touched>,
    groups: Vec<GroupDeclaration>,
    now: DateTime<Utc>,
    /// Primary keys, in the order of the test's users.
    pks: Vec<i64>,
    state: Mutex<State>,
}

impl<'a> World<'a> {
    pub(super) fn new(run: &Run<'a>, test: &TestDocument, names: &'a PeopleNames, touched: &'a Mutex<Touched>) -> Self {
        let known = &run.folder.users;
        let mut next = i64::try_from(known.len()).unwrap_or_default();
        let mut groups = run.folder.groups.clone();
        let own = test.groups.iter().filter(|own| run.folder.groups.iter().all(|group| group.id != own.pk));
        groups.extend(own.map(|own| GroupDeclaration {
            id: own.pk,
            name: own.name.clone(),
            superuser: false,
            parents: Vec::new(),
            attributes: Map::new(),
            origin: lockgate_model::Origin::Api,
            source: None,
        }));
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
        Self { snapshot: run.snapshot, names, touched, groups, now: run.now, pks, state: Mutex::new(state) }
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

    pub(super) fn principal_of(&self, pk: i64) -> Option<Principal> {
        let at = self.state().at.unwrap_or(self.now);
        self.principal_at(pk, at)
    }

    fn principal_at(&self, pk: i64, at: DateTime<Utc>) -> Option<Principal> {
        let mut account = self.state().accounts.get(&pk)?.clone();
        let current = account.timed.iter().filter(|timed| timed.period.contains(at));
        account.groups.extend(current.map(|timed| timed.group.pk));
        let by_name: HashMap<&str, Uuid> = self.groups.iter().map(|group| (group.name.as_str(), group.id)).collect();
        let parents = |group: &GroupDeclaration| -> Vec<Uuid> {
            group.parents.iter().filter_map(|name| by_name.get(name.as_str()).copied()).collect()
        };
        let edges: Vec<(Uuid, Uuid)> =
            self.groups.iter().flat_map(|group| parents(group).into_iter().map(|above| (group.id, above))).collect();
        let mut all = account.groups.clone();
        let mut look = Vec::from_iter(account.groups.iter().copied());
        while let Some(group) = look.pop() {
            let above = edges.iter().filter(|(child, _)| *child == group).map(|(_, parent)| *parent);
            look.extend(above.filter(|parent| all.insert(*parent)));
        }
        let groups: Vec<Group> = self
            .groups
            .iter()
            .filter(|group| all.contains(&group.id))
            .map(|group| Group {
                pk: group.id,
                num_pk: 0,
                name: group.name.clone(),
                is_superuser: group.superuser,
                parents: parents(group),
                attributes: group.attributes.clone(),
                origin: group.origin,
                source: group.source.clone(),
            })
            .collect();
        let groups: Vec<&Group> = groups.iter().collect();
        let mut principal = principal_of(account.user, user_uid(pk, "test"), &groups, &account.groups);
        principal.is_superuser |= account.superuser;
        Some(principal.with_times(account.timed, at))
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
    pub(super) fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut self.state().noted)
    }

    /// Remembers what policies last said of a stage.
    pub(super) fn judged(&self, stage: Uuid, runs: bool) {
        let left_out = &mut self.state().left_out;
        _ = if runs { left_out.remove(&stage) } else { left_out.insert(stage) };
    }

    /// Whether policies left the stage out when they were last asked.
    pub(super) fn is_left_out(&self, stage: Uuid) -> bool {
        self.state().left_out.contains(&stage)
    }

    /// The name of an account.
    pub(super) fn username(&self, pk: i64) -> Option<String> {
        self.state().accounts.get(&pk).map(|account| account.user.username.clone())
    }
}

fn account(pk: i64, user: &TestUser, now: DateTime<Utc>) -> Account {
    Account {
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
        password: user.password.clone(),
        factors: held(user),
    }
}

fn held(user: &TestUser) -> Vec<Held> {
    let mut all = Vec::new();
    let mut hold = |class, name: &str, codes: Vec<String>| {
        let pk = i64::try_from(all.len()).unwrap_or_default() + 1;
        all.push(Held { factor: Factor { pk, class, name: name.to_owned(), last_used: None }, codes });
    };
    if let Some(code) = &user.totp {
        hold(DeviceClass::Totp, "app", vec![code.clone()]);
    }
    if !user.codes.is_empty() {
        hold(DeviceClass::Static, "paper", user.codes.clone());
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
        Ok(None)
    }

    async fn principal(&self, pk: i64) -> Result<Option<Principal>, PortError> {
        Ok(self.principal_of(pk))
    }

    async fn username_taken(&self, username: &str, except: Option<i64>) -> Result<bool, PortError> {
        let (state, wanted) = (self.state(), username.to_lowercase());
        let mut same = state.accounts.values().filter(|account| account.user.username.to_lowercase() == wanted);
        Ok(same.any(|account| Some(account.user.pk) != except))
    }

    async fn create(&self, new: NewUser) -> Result<User, WriteError> {
        check(&new.changes)?;
        let username = new.changes.username.clone().unwrap_or_default();
        if self.username_taken(&username, None).await? {
            return Err(WriteError::UsernameTaken);
        }
        let mut state = self.state();
        let highest = state.accounts.keys().max().copied().unwrap_or_default();
        let pk = highest.max(i64::try_from(self.names.users.len()).unwrap_or_default()) + 1;
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
            groups: HashSet::new(),
            timed: Vec::new(),
            superuser: false,
            password: None,
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

/// Invitations are made at a server, and there is none.
#[async_trait]
impl Invitations for World<'_> {
    async fn find(&self, _: Uuid, _: DateTime<Utc>) -> Result<Option<Invitation>, PortError> {
        Ok(None)
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
    account.groups.extend(changes.groups);
    account.password = changes.password.or_else(|| account.password.take());
}

/// Passwords are compared as they are written: what a hash protects against does not happen in a test.
#[async_trait]
impl Credentials for World<'_> {
    async fn verify(
        &self,
        user: Option<&User>,
        password: &str,
        backends: &[PasswordBackend],
    ) -> Result<PasswordOutcome, PortError> {
        let known = user.and_then(|user| self.state().accounts.get(&user.pk)?.password.clone());
        let right = known.is_some_and(|known| known == password);
        // Passwords of applications are made at a server, and there is none.
        let inbuilt = backends.iter().find(|backend| **backend == PasswordBackend::Inbuilt);
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
            Event::UserWritten { .. }
            | Event::FactorEnrolled { .. }
            | Event::InvitationUsed { .. }
            | Event::FlowCompleted { .. }
            | Event::FlowDenied { .. } => {}
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
