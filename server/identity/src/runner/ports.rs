//! The engine's ports over the services: users, passwords, consents, events.

use crate::{
    Core,
    guessing::Source,
    journal::{Action, Entry},
    net::Client,
    passwords::{HashError, Verdict},
    people::{PeopleError, plausible_email},
    system::random_uuid,
    turns::Trust,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lockgate_engine::ports::{
    Consents, Credentials, Directory, Event, Events, Invitation, Invitations, NewUser, PasswordAttempt,
    PasswordOutcome, PortError, RequestFacts, SealError, UserChanges, WriteError,
};
use lockgate_model::{
    Principal, User,
    kinds::{PasswordBackend, UserField},
};
use lockgate_store::{Case, NewConsent, Page, StoreError, TokenIntent, UserFilter, UserPatch};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The services as the engine sees them.
#[derive(Clone, Copy)]
pub(crate) struct Ports<'a> {
    pub(crate) core: &'a Core,
    /// Who asks, from where.
    pub(crate) client: &'a Client,
    /// Whose account it is that somebody else acts as.
    pub(crate) acted_as: Option<i64>,
    /// Nobody administered the installation when the request came.
    pub(crate) setup_open: bool,
    /// What the browser remembers of second factors.
    pub(crate) mfa_token: Option<&'a str>,
    /// What the browser remembers of who has signed in in it.
    pub(crate) device_token: Option<&'a str>,
}

#[async_trait]
impl Directory for Ports<'_> {
    async fn find(&self, fields: &[UserField], value: &str, ignore_case: bool) -> Result<Option<User>, PortError> {
        let users = self.core.store.users();
        let case = if ignore_case { Case::Fold } else { Case::Exact };
        for field in fields {
            let found = match field {
                UserField::Username => users.by_username(value, case).await.map_err(PortError::from)?,
                UserField::Email => only(users.by_email(value, case).await.map_err(PortError::from)?),
                UserField::Upn => self.by_upn(value).await?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    async fn principal(&self, pk: i64) -> Result<Option<Principal>, PortError> {
        // As every request knows people. A login of somebody who was dismissed on another node a moment ago is worth
        // nothing: each request that comes with it asks again.
        self.core.feed.trust().await.map_err(PortError::from)?;
        let known = self.core.principals.get(pk).await.map_err(PortError::from)?;
        Ok(known.map(|entry| Principal::clone(entry.principal())))
    }

    async fn username_taken(&self, username: &str, except: Option<i64>) -> Result<bool, PortError> {
        let found = self.core.store.users().by_username(username, Case::Fold).await.map_err(PortError::from)?;
        Ok(found.is_some_and(|user| Some(user.pk) != except))
    }

    async fn create(&self, new: NewUser) -> Result<User, WriteError> {
        let changes = new.changes;
        check(&changes)?;
        let mut attributes = Map::new();
        set_attributes(&mut attributes, changes.attributes);
        let row = lockgate_store::NewUser {
            uuid: random_uuid(&*self.core.random),
            username: changes.username.unwrap_or_default(),
            name: changes.name.unwrap_or_default(),
            email: changes.email.unwrap_or_default(),
            is_active: new.is_active,
            user_type: new.user_type,
            path: new.path,
            attributes,
            groups: changes.groups,
            password_hash: changes.password,
        };
        let (store, now) = (&self.core.store, self.core.clock.now());
        let made = match changes.invitation {
            Some(invitation) => store.invitations().enroll(invitation, row, now).await,
            None if self.setup_open => store.users().create_first(row, now).await,
            None => store.users().create(row, now).await,
        };
        let user = made.map_err(write_error)?;
        self.core.feed.settle().await;
        Ok(user)
    }

    async fn update(&self, pk: i64, changes: UserChanges) -> Result<User, WriteError> {
        self.may_change(pk)?;
        check(&changes)?;
        let users = self.core.store.users();
        let user = users.get(pk).await.map_err(write_error)?.ok_or(WriteError::Gone)?;
        if let Some(invitation) = changes.invitation
            && !self.core.store.invitations().delete(invitation).await.map_err(write_error)?
        {
            return Err(used_up());
        }
        let mut patch = UserPatch {
            username: changes.username,
            name: changes.name,
            email: changes.email,
            is_active: changes.active,
            ..UserPatch::default()
        };
        if !changes.attributes.is_empty() {
            let mut attributes = user.attributes;
            set_attributes(&mut attributes, changes.attributes);
            patch.attributes = Some(attributes);
        }
        let now = self.core.clock.now();
        let user = users.update(pk, patch, now).await.map_err(write_error)?;
        if let Some(hash) = changes.password {
            let history = self.core.config.snapshot().password_history();
            users.set_password_hash(pk, Some(&hash), history, now).await.map_err(write_error)?;
            self.core.journal.record(Entry::new(Action::PasswordSet, "lockgate.flows").by(&user));
        }
        for group in changes.groups {
            self.core.store.groups().add_user(group, pk, None, now).await.map_err(write_error)?;
        }
        self.core.feed.settle().await;
        Ok(user)
    }

    async fn delete(&self, pk: i64) -> Result<(), WriteError> {
        self.may_change(pk)?;
        let user = self.core.store.users().get(pk).await.map_err(write_error)?.ok_or(WriteError::Gone)?;
        self.core.people.delete_user(pk, Some(&user)).await.map_err(|error| match error {
            PeopleError::NotFound(_) => WriteError::Gone,
            PeopleError::OwnedByFolder { .. } | PeopleError::Invalid(_) => WriteError::Invalid(error.to_string()),
            PeopleError::Hash(_) | PeopleError::Store(_) => WriteError::Failed(PortError::from(error)),
        })
    }
}

#[async_trait]
impl Invitations for Ports<'_> {
    async fn find(&self, pk: Uuid, now: DateTime<Utc>) -> Result<Option<Invitation>, PortError> {
        let found = self.core.store.invitations().get(pk).await.map_err(PortError::from)?;
        let lasting = found.filter(|invitation| invitation.expires.is_none_or(|end| end > now));
        Ok(lasting.map(|invitation| Invitation {
            pk: invitation.pk,
            name: invitation.name,
            flow: invitation.flow,
            single_use: invitation.single_use,
            fixed_data: invitation.fixed_data,
        }))
    }
}

pub(crate) fn only(users: Vec<User>) -> Option<User> {
    let mut users = users.into_iter();
    users.next().filter(|_| users.next().is_none())
}

pub(crate) fn check(changes: &UserChanges) -> Result<(), WriteError> {
    match changes.email.as_deref() {
        Some(email) if !email.is_empty() && !plausible_email(email) => {
            Err(WriteError::Invalid("Enter a valid email address.".to_owned()))
        }
        _ => Ok(()),
    }
}

pub(crate) fn set_attributes(attributes: &mut Map<String, Value>, changes: Vec<(Vec<String>, Value)>) {
    for (path, value) in changes {
        let Some((last, parents)) = path.split_last() else { continue };
        let mut at = &mut *attributes;
        for part in parents {
            let slot = at.entry(part.clone()).or_insert_with(|| Value::Object(Map::new()));
            if !slot.is_object() {
                *slot = Value::Object(Map::new());
            }
            match slot {
                Value::Object(nested) => at = nested,
                _ => return,
            }
        }
        at.insert(last.clone(), value);
    }
}

fn used_up() -> WriteError {
    WriteError::Invalid("This invitation has been used already.".to_owned())
}

fn write_error(error: StoreError) -> WriteError {
    match error {
        StoreError::NotFound { what: "invitation" } => used_up(),
        StoreError::Unique { .. } => WriteError::UsernameTaken,
        StoreError::NotFound { .. } => WriteError::Gone,
        StoreError::TooLong { .. } | StoreError::Unstorable { .. } | StoreError::Dangling | StoreError::SetUp => {
            WriteError::Invalid(error.to_string())
        }
        other => WriteError::Failed(PortError::from(other)),
    }
}

#[async_trait]
impl Credentials for Ports<'_> {
    async fn verify(&self, attempt: PasswordAttempt<'_>) -> Result<PasswordOutcome, PortError> {
        let charge = match self.core.guessing.charge(self.source(&attempt), self.core.clock.now()).await {
            Ok(charge) => charge,
            Err(wait) => {
                metrics::counter!("lockgate_logins_total", "outcome" => "paused").increment(1);
                return Ok(PasswordOutcome::Paused { retry_after: wait.as_secs().max(1) });
            }
        };
        let outcome = self.checked(attempt, charge.trust).await;
        if !matches!(outcome, Ok(PasswordOutcome::Rejected)) {
            charge.refund();
        }
        outcome
    }

    async fn seal(&self, password: &str) -> Result<String, SealError> {
        // Strangers choose passwords, too: they wait as strangers do.
        let trust = self.core.guessing.trust(self.client.ip, self.core.clock.now());
        self.core.passwords.hash(password, trust).await.map_err(|error| match error {
            HashError::Overloaded { retry_after } => SealError::Overloaded { retry_after: retry_after.as_secs() },
            other => SealError::Failed(PortError::from(other)),
        })
    }
}

impl Ports<'_> {
    /// Where a password comes from, and for whom.
    fn source(&self, attempt: &PasswordAttempt<'_>) -> Source {
        let device = self.core.device(self.device_token);
        let now = self.core.clock.now();
        let known = device.filter(|device| attempt.user.is_some_and(|user| device.knows(user.pk, now)));
        let name = attempt.identifier.to_lowercase();
        Source { ip: self.client.ip, name, browser: known.map(|device| device.id) }
    }

    async fn checked(&self, attempt: PasswordAttempt<'_>, trust: Trust) -> Result<PasswordOutcome, PortError> {
        let PasswordAttempt { user, password, backends, .. } = attempt;
        for backend in backends {
            let accepted = match backend {
                PasswordBackend::Inbuilt => match self.inbuilt(user, password, trust).await {
                    Err(HashError::Overloaded { retry_after }) => {
                        return Ok(PasswordOutcome::Overloaded { retry_after: retry_after.as_secs() });
                    }
                    // Too long to be anybody's password.
                    Err(HashError::TooLong) => false,
                    Err(error) => return Err(PortError::from(error)),
                    Ok(accepted) => accepted,
                },
                PasswordBackend::Token => self.app_password(user, password).await?,
                // Refused when the stage is written; a stage from elsewhere lets nobody in by them.
                PasswordBackend::Ldap | PasswordBackend::Kerberos => false,
            };
            if accepted {
                return Ok(PasswordOutcome::Accepted { backend: *backend });
            }
        }
        Ok(PasswordOutcome::Rejected)
    }

    /// Whoever acts as somebody else changes nothing of that account, nor takes it away.
    fn may_change(&self, pk: i64) -> Result<(), WriteError> {
        if self.acted_as == Some(pk) {
            return Err(WriteError::Invalid("Not while you act as somebody else: end that first.".to_owned()));
        }
        Ok(())
    }

    /// Attributes have no index: stages that match by `upn` pay a scan of the directory.
    async fn by_upn(&self, value: &str) -> Result<Option<User>, PortError> {
        let attributes = Some(Map::from_iter([("upn".to_owned(), Value::from(value))]));
        let page = Page { number: 1, size: 2 };
        let filter = UserFilter { attributes, page, ..UserFilter::default() };
        Ok(only(self.core.store.users().list(&filter, self.core.clock.now()).await.map_err(PortError::from)?.0))
    }

    async fn inbuilt(&self, user: Option<&User>, password: &str, trust: Trust) -> Result<bool, HashError> {
        let users = self.core.store.users();
        // Nobody's password is looked up as well: the time must not tell who exists.
        let pk = user.map_or(0, |user| user.pk);
        let stored = users.password_hash(pk).await.map_err(|_| HashError::Failed)?;
        let verdict = self.core.passwords.verify(password, stored.clone(), trust).await?;
        if let (Verdict::AcceptedOutdated, Some(user), Some(old)) = (verdict, user, stored) {
            // The login goes on whether or not the better hash could be stored.
            if let Ok(new) = self.core.passwords.hash(password, Trust::Known).await
                && let Err(error) = users.upgrade_password_hash(user.pk, &old, &new).await
            {
                tracing::warn!(%error, user = user.username, "the password's hash could not be upgraded");
            }
        }
        Ok(user.is_some() && verdict != Verdict::Rejected)
    }

    async fn app_password(&self, user: Option<&User>, password: &str) -> Result<bool, PortError> {
        let found = self.core.tokens.authenticate(password, TokenIntent::AppPassword).await.map_err(PortError::from)?;
        Ok(matches!((found, user), (Some((token, _)), Some(user)) if token.user_pk == user.pk))
    }
}

#[async_trait]
impl Consents for Ports<'_> {
    async fn granted(&self, user: i64, app: Uuid, now: DateTime<Utc>) -> Result<Option<Vec<String>>, PortError> {
        let consent = self.core.store.consents().find(user, app, now).await.map_err(PortError::from)?;
        Ok(consent.map(|c| c.permissions.split_whitespace().map(str::to_owned).collect()))
    }

    async fn grant(
        &self,
        user: i64,
        app: Uuid,
        permissions: &[String],
        expires: Option<DateTime<Utc>>,
    ) -> Result<(), PortError> {
        let consent = NewConsent { user_pk: user, application: app, permissions: permissions.join(" "), expires };
        self.core.store.consents().grant(&consent).await.map_err(PortError::from)
    }
}

#[async_trait]
impl Events for Ports<'_> {
    async fn record(&self, event: Event, request: &RequestFacts) {
        let (action, user) = match &event {
            Event::LoginFailed { user, .. } => (Action::LoginFailed, *user),
            Event::UserWritten { user, .. } => (Action::UserWrite, Some(*user)),
            Event::FactorEnrolled { user, .. } => (Action::ModelCreated, Some(*user)),
            Event::InvitationUsed { .. } => (Action::InvitationUsed, None),
            Event::FlowCompleted { user, .. } => {
                tracing::debug!(?event, ?user, "flow completed");
                return;
            }
            Event::FlowDenied { user, .. } => (Action::PolicyExecution, *user),
            Event::Failed { user, .. } => (Action::SystemException, *user),
        };
        if let Event::Failed { flow, error, .. } = &event {
            tracing::error!(request = %request.id, %flow, %error, "flow failed");
        }
        if let Event::LoginFailed { identifier, .. } = &event {
            metrics::counter!("lockgate_logins_total", "outcome" => "failed").increment(1);
            self.core.reputation.failed(identifier, request.ip).await;
        }
        // A failed login looks somebody up in any case, so that the time does not tell who exists.
        let looked_up = user.or_else(|| matches!(event, Event::LoginFailed { .. }).then_some(0));
        let user = match looked_up {
            Some(pk) => self.core.store.users().get(pk).await.ok().flatten(),
            None => None,
        };
        let entry = describe(Entry::new(action, "lockgate.flows").from_ip(request.ip), event)
            .with("request_id", request.id.as_str())
            .with("user_agent", request.user_agent.as_str());
        self.core.journal.record(match &user {
            Some(user) => entry.by(user),
            None => entry,
        });
    }
}

fn describe(entry: Entry, event: Event) -> Entry {
    match event {
        Event::LoginFailed { identifier, stage, reason, .. } => {
            let shown: String = identifier.chars().take(150).collect();
            entry.with("username", shown).with("stage", stage).with("reason", reason)
        }
        Event::UserWritten { created, fields, .. } => entry.with("created", created).with("fields", fields),
        Event::FactorEnrolled { factor, .. } => entry
            .with("model", "authenticator")
            .with("kind", json!(factor.class))
            .with("pk", factor.pk)
            .with("name", factor.name),
        Event::InvitationUsed { name, flow } => entry.with("invitation", name).with("flow", flow),
        Event::FlowCompleted { flow, .. } => entry.with("flow", flow),
        Event::FlowDenied { flow, reason, .. } => entry.with("flow", flow).with("reason", reason),
        Event::Failed { flow, error, .. } => entry.with("flow", flow).with("error", error),
    }
}
