//! Users and groups: checked, written, told to everybody who caches them, and noted in the journal.

use crate::{
    feed::Feed,
    journal::{Action, Entry, Journal},
    passwords::{self, HashError, Passwords},
    sessions::Sessions,
    system::random_uuid,
    turns::Trust,
};
use chrono::TimeDelta;
use lockgate_engine::ports::{Clock, Random};
use lockgate_model::{Document, Group, Origin, Period, Problems, Source, User, UserType};
use lockgate_store::{GroupPatch, NewGroup, NewUser, Session, Store, StoreError, UserPatch};
use serde_json::{Map, Value};
use std::sync::Arc;
use thiserror::Error;
use uuid::Uuid;

/// The group of administrators that every installation has.
pub const ADMIN_GROUP: &str = "authentik Admins";

/// The first administrator.
pub const ADMIN_USER: &str = "akadmin";

/// Why a person or group was not written.
#[derive(Debug, Error)]
pub enum PeopleError {
    /// The caller's mistake, by field.
    #[error("{0}")]
    Invalid(Problems),
    /// There is no such user or group.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The configuration folder declares it.
    #[error("{what} \"{name}\" is declared in {file}:{line}; change it there", file = source_place.file, line = source_place.line)]
    OwnedByFolder {
        /// Whether it is a group or a service account.
        what: &'static str,
        /// Its name.
        name: String,
        /// Where it is declared.
        source_place: Source,
    },
    /// The password could not be hashed now.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for PeopleError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unique { field } => {
                Self::Invalid(Problems::one(&format!("/{field}"), "unique", "This field must be unique."))
            }
            StoreError::Dangling => Self::Invalid(Problems::one(
                "/groups",
                "does_not_exist",
                "Invalid pk - a group or user that is named does not exist.",
            )),
            StoreError::TooLong { field, max } => Self::Invalid(Problems::one(
                &format!("/{field}"),
                "max_length",
                format!("Ensure this field has no more than {max} characters."),
            )),
            StoreError::Unstorable { field } => {
                Self::Invalid(Problems::one(&format!("/{field}"), "invalid", "Null characters are not allowed."))
            }
            StoreError::NotFound { what } => Self::NotFound(what),
            other => Self::Store(other),
        }
    }
}

/// Users and groups.
#[derive(Clone)]
pub struct People {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) passwords: Passwords,
    pub(crate) journal: Journal,
    pub(crate) feed: Arc<Feed>,
    pub(crate) sessions: Arc<Sessions>,
}

/// Memberships whose end is told of in one go.
const SWEPT: u64 = 500;

/// How long a membership that has ended can still be told of.
const ENDED_LIFE: TimeDelta = TimeDelta::days(30);

/// A user to be made.
#[derive(Debug, Clone)]
pub struct UserDraft {
    /// Unique without regard to case.
    pub username: String,
    /// Display name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Whether the account can do anything.
    pub is_active: bool,
    /// Sort of account.
    pub user_type: UserType,
    /// Place in the directory.
    pub path: String,
    /// Free-form data.
    pub attributes: Map<String, Value>,
    /// Direct groups.
    pub groups: Vec<Uuid>,
    /// Password, hashed before anything is written.
    pub password: Option<String>,
}

impl People {
    /// Makes a user.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn create_user(&self, draft: UserDraft, by: Option<&User>) -> Result<User, PeopleError> {
        check_user(Some(&draft.username), Some(&draft.email), Some(&draft.path))?;
        let password_hash = match &draft.password {
            Some(password) => Some(self.passwords.hash(password, Trust::Known).await?),
            None => None,
        };
        self.insert(draft, password_hash, by).await
    }

    async fn insert(
        &self,
        draft: UserDraft,
        password_hash: Option<String>,
        by: Option<&User>,
    ) -> Result<User, PeopleError> {
        let new = NewUser {
            uuid: random_uuid(&*self.random),
            username: draft.username,
            name: draft.name,
            email: draft.email,
            is_active: draft.is_active,
            user_type: draft.user_type,
            path: draft.path,
            attributes: draft.attributes,
            groups: draft.groups,
            password_hash,
        };
        let user = self.store.users().create(new, self.clock.now()).await?;
        self.feed.settle().await;
        self.note(Action::ModelCreated, by, user_of(&user));
        Ok(user)
    }

    /// Changes a user; a user who is no longer active loses every session.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn update_user(&self, pk: i64, patch: UserPatch, by: Option<&User>) -> Result<User, PeopleError> {
        check_user(patch.username.as_deref(), patch.email.as_deref(), patch.path.as_deref())?;
        let user = self.store.users().get(pk).await?.ok_or(PeopleError::NotFound("user"))?;
        self.not_declared(&user).await?;
        let user = self.store.users().update(pk, patch, self.clock.now()).await?;
        if !user.is_active {
            self.sessions.end_of_users(&[pk], None).await?;
        }
        self.feed.settle().await;
        self.note(Action::ModelUpdated, by, user_of(&user));
        Ok(user)
    }

    /// Changes what somebody has chosen for oneself, such as a language: `settings` among the attributes. Nothing is
    /// decided by it, so that it is no event.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn change_settings(
        &self,
        pk: i64,
        change: impl FnOnce(&mut Map<String, Value>) + Send,
    ) -> Result<User, PeopleError> {
        let user = self.store.users().change_settings(pk, change, self.clock.now()).await?;
        self.feed.settle().await;
        Ok(user)
    }

    /// Deletes a user with sessions, tokens and memberships.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn delete_user(&self, pk: i64, by: Option<&User>) -> Result<(), PeopleError> {
        let user = self.store.users().get(pk).await?.ok_or(PeopleError::NotFound("user"))?;
        self.not_declared(&user).await?;
        self.store.users().delete(pk, self.clock.now()).await?;
        self.feed.settle().await;
        self.note(Action::ModelDeleted, by, user_of(&user));
        Ok(())
    }

    /// Makes the password of a user unusable because it has grown too old. Whoever asked has been told no
    /// in any case, so that a failure stands in the log only.
    pub(crate) async fn retire_password(&self, user: &User, history: u32) {
        match self.store.users().retire_password(user.pk, history, self.clock.now()).await {
            Ok(false) => {}
            Ok(true) => {
                self.feed.settle().await;
                let entry = Entry::new(Action::PolicyExecution, "lockgate.people").by(user);
                self.journal.record(entry.with("message", "The password has expired, and was made unusable."));
            }
            Err(error) => tracing::warn!(%error, user = user.username, "an old password could not be made unusable"),
        }
    }

    /// Sets a password and ends every session of the user but `keep`. The last `history` passwords are
    /// remembered; see [`crate::config::Snapshot::password_history`].
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn set_password(
        &self,
        pk: i64,
        password: &str,
        history: u32,
        keep: Option<&Session>,
        by: Option<&User>,
    ) -> Result<(), PeopleError> {
        if password.is_empty() {
            return Err(PeopleError::Invalid(Problems::one("/password", "blank", "This field may not be blank.")));
        }
        let user = self.store.users().get(pk).await?.ok_or(PeopleError::NotFound("user"))?;
        let hash = self.passwords.hash(password, Trust::Known).await?;
        self.store.users().set_password_hash(pk, Some(&hash), history, self.clock.now()).await?;
        self.sessions.end_of_users(&[pk], keep).await?;
        self.feed.settle().await;
        self.note(Action::PasswordSet, by, user_of(&user));
        Ok(())
    }

    /// Sets the hash of a password, as [`Self::set_password`] sets a password.
    ///
    /// # Errors
    /// [`PeopleError`]; a hash that nothing here can check is the caller's mistake.
    pub async fn set_password_hash(
        &self,
        pk: i64,
        hash: &str,
        history: u32,
        keep: Option<&Session>,
        by: Option<&User>,
    ) -> Result<(), PeopleError> {
        let Some(hash) = passwords::known_hash(hash) else {
            let text = format!("Unknown form of hash: {} are known.", passwords::KNOWN_HASHES);
            return Err(PeopleError::Invalid(Problems::one("/password", "invalid", text)));
        };
        let user = self.store.users().get(pk).await?.ok_or(PeopleError::NotFound("user"))?;
        self.store.users().set_password_hash(pk, Some(&hash), history, self.clock.now()).await?;
        self.sessions.end_of_users(&[pk], keep).await?;
        self.feed.settle().await;
        self.note(Action::PasswordSet, by, user_of(&user));
        Ok(())
    }

    /// Makes a group.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn create_group(&self, new: NewGroup, by: Option<&User>) -> Result<Group, PeopleError> {
        check_group(Some(&new.name))?;
        let group = self.store.groups().create(new, self.clock.now()).await?;
        self.feed.settle().await;
        self.note(Action::ModelCreated, by, group_of(&group));
        Ok(group)
    }

    /// A random primary key, for [`Self::create_group`].
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        random_uuid(&*self.random)
    }

    /// Changes a group. Of a group that the folder declares only the members may be changed.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn update_group(&self, pk: Uuid, patch: GroupPatch, by: Option<&User>) -> Result<Group, PeopleError> {
        check_group(patch.name.as_deref())?;
        let group = self.store.groups().get(pk).await?.ok_or(PeopleError::NotFound("group"))?;
        let touches_declaration = patch.name.as_ref().is_some_and(|n| *n != group.name)
            || patch.is_superuser.is_some_and(|s| s != group.is_superuser)
            || patch.parents.as_ref().is_some_and(|p| !same_set(p, &group.parents))
            || patch.attributes.as_ref().is_some_and(|a| *a != group.attributes);
        if touches_declaration {
            owned_by_folder(&group)?;
        }
        if let Some(members) = &patch.members {
            self.keeps_declared(&group, members).await?;
        }
        let group = self.store.groups().update(pk, patch, self.clock.now()).await?;
        self.feed.settle().await;
        self.note(Action::ModelUpdated, by, group_of(&group));
        Ok(group)
    }

    /// The groups of an account that the folder declares are declared with it.
    async fn keeps_declared(&self, group: &Group, members: &[i64]) -> Result<(), PeopleError> {
        let before =
            self.store.groups().member_pks(&[group.pk], self.clock.now()).await?.remove(&group.pk).unwrap_or_default();
        let moved =
            before.iter().filter(|pk| !members.contains(pk)).chain(members.iter().filter(|pk| !before.contains(pk)));
        let moved: Vec<i64> = moved.copied().collect();
        for user in self.store.users().get_many(&moved).await? {
            self.not_declared(&user).await?;
        }
        Ok(())
    }

    /// Refuses what would change an account that the folder declares.
    async fn not_declared(&self, user: &User) -> Result<(), PeopleError> {
        if user.user_type != UserType::ServiceAccount {
            return Ok(());
        }
        let document = self.store.documents().get(user.uuid).await?;
        match document.and_then(|document| document.source) {
            Some(source_place) => {
                let name = user.username.clone();
                Err(PeopleError::OwnedByFolder { what: "service account", name, source_place })
            }
            None => Ok(()),
        }
    }

    /// Deletes a group that the folder does not declare.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn delete_group(&self, pk: Uuid, by: Option<&User>) -> Result<(), PeopleError> {
        let group = self.store.groups().get(pk).await?.ok_or(PeopleError::NotFound("group"))?;
        owned_by_folder(&group)?;
        self.store.groups().delete(pk, self.clock.now()).await?;
        self.feed.settle().await;
        self.note(Action::ModelDeleted, by, group_of(&group));
        Ok(())
    }

    /// Puts a user into a group, for a time if one is given; see the store's `add_user`.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn add_member(
        &self,
        group: Uuid,
        user: i64,
        period: Option<Period>,
        by: Option<&User>,
    ) -> Result<(), PeopleError> {
        let (group, user) = self.both(group, user).await?;
        self.not_declared(&user).await?;
        self.store.groups().add_user(group.pk, user.pk, period, self.clock.now()).await?;
        self.feed.settle().await;
        self.note_membership("added", by, &group, &user);
        Ok(())
    }

    /// Takes a user out of a group.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn remove_member(&self, group: Uuid, user: i64, by: Option<&User>) -> Result<(), PeopleError> {
        let (group, user) = self.both(group, user).await?;
        self.not_declared(&user).await?;
        self.store.groups().remove_user(group.pk, user.pk, self.clock.now()).await?;
        self.feed.settle().await;
        self.note_membership("removed", by, &group, &user);
        Ok(())
    }

    /// Makes these the roles that a user holds directly.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn set_roles(&self, user: &User, roles: &[Uuid], by: Option<&User>) -> Result<(), PeopleError> {
        self.store.roles().set(user.pk, roles, self.clock.now()).await?;
        self.feed.settle().await;
        self.note(Action::ModelUpdated, by, user_of(user));
        Ok(())
    }

    /// Gives a role to a user, or takes it away.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn hold_role(
        &self,
        role: &Document,
        user: i64,
        held: bool,
        by: Option<&User>,
    ) -> Result<(), PeopleError> {
        let user = self.store.users().get(user).await?.ok_or(PeopleError::NotFound("user"))?;
        let (roles, now) = (self.store.roles(), self.clock.now());
        match held {
            true => roles.give(role.id, user.pk, now).await?,
            false => roles.take(role.id, user.pk, now).await?,
        };
        self.feed.settle().await;
        let word = if held { "added" } else { "removed" };
        let entry = Entry::new(Action::ModelUpdated, "lockgate.identity");
        let entry = entry.about("authentik_rbac.role", role.id.to_string(), &role.name);
        let entry = entry.with(word, user.username.as_str());
        self.journal.record(match by {
            Some(actor) => entry.by(actor),
            None => entry,
        });
        Ok(())
    }

    /// Tells of memberships that have ended, each once whatever the number of nodes, and forgets those that ended
    /// long ago. Answers how many it told of.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn sweep_memberships(&self) -> Result<u64, StoreError> {
        let (now, groups) = (self.clock.now(), self.store.groups());
        let mut told = 0;
        loop {
            let ended = groups.note_ended(now, SWEPT).await?;
            for over in &ended {
                // Whoever was deleted this moment has an event of that.
                let group = groups.get(over.group_pk).await?;
                let user = self.store.users().get(over.user_pk).await?;
                if let (Some(group), Some(user)) = (group, user) {
                    self.note_membership("ended", None, &group, &user);
                }
            }
            told += ended.len() as u64;
            if (ended.len() as u64) < SWEPT {
                break;
            }
        }
        groups.delete_ended(now - ENDED_LIFE).await?;
        Ok(told)
    }

    async fn both(&self, group: Uuid, user: i64) -> Result<(Group, User), PeopleError> {
        let group = self.store.groups().get(group).await?.ok_or(PeopleError::NotFound("group"))?;
        let user = self.store.users().get(user).await?.ok_or(PeopleError::NotFound("user"))?;
        Ok((group, user))
    }

    pub(crate) async fn admin(&self) -> Result<Option<User>, StoreError> {
        self.store.users().by_username(ADMIN_USER, lockgate_store::Case::Exact).await
    }

    /// Makes `akadmin`, with this hash of a password, if there is no such user yet; a no-op afterwards.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn ensure_admin(&self, hash: Option<&str>, email: Option<&str>) -> Result<User, PeopleError> {
        if let Some(user) = self.admin().await? {
            return Ok(user);
        }
        let admins = self.ensure_admin_group().await?;
        let draft = UserDraft {
            username: ADMIN_USER.to_owned(),
            name: "Lockgate Default Admin".to_owned(),
            email: email.unwrap_or("root@example.com").to_owned(),
            is_active: true,
            user_type: UserType::Internal,
            path: "users".to_owned(),
            attributes: Map::new(),
            groups: vec![admins.pk],
            password: None,
        };
        match self.insert(draft, hash.map(str::to_owned), None).await {
            // Another process made it between our look and our write.
            Err(PeopleError::Invalid(_)) => self.admin().await?.ok_or(PeopleError::NotFound("user")),
            other => other,
        }
    }

    /// The group of administrators, made if it is missing.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn ensure_admin_group(&self) -> Result<Group, PeopleError> {
        if let Some(group) = self.store.groups().by_name(ADMIN_GROUP).await? {
            return Ok(group);
        }
        let new = NewGroup {
            pk: self.new_id(),
            name: ADMIN_GROUP.to_owned(),
            is_superuser: true,
            parents: Vec::new(),
            attributes: Map::new(),
            origin: Origin::Builtin,
            source: None,
        };
        match self.create_group(new, None).await {
            Err(PeopleError::Invalid(_)) => {
                self.store.groups().by_name(ADMIN_GROUP).await?.ok_or(PeopleError::NotFound("group"))
            }
            other => other,
        }
    }

    fn note(&self, action: Action, by: Option<&User>, (model, pk, name): Noted<'_>) {
        let entry = Entry::new(action, "lockgate.identity").about(model, pk, name);
        self.journal.record(match by {
            Some(user) => entry.by(user),
            None => entry,
        });
    }

    fn note_membership(&self, what: &str, by: Option<&User>, group: &Group, user: &User) {
        let entry = Entry::new(Action::ModelUpdated, "lockgate.identity")
            .about("authentik_core.group", group.pk.to_string(), &group.name)
            .with(what, user.username.as_str());
        self.journal.record(match by {
            Some(actor) => entry.by(actor),
            None => entry,
        });
    }
}

/// A thing as events tell it: model, key, name.
type Noted<'a> = (&'static str, Value, &'a str);

fn user_of(user: &User) -> Noted<'_> {
    ("authentik_core.user", user.pk.into(), &user.username)
}

fn group_of(group: &Group) -> Noted<'_> {
    ("authentik_core.group", group.pk.to_string().into(), &group.name)
}

fn same_set(a: &[Uuid], b: &[Uuid]) -> bool {
    a.iter().all(|x| b.contains(x)) && b.iter().all(|x| a.contains(x))
}

fn owned_by_folder(group: &Group) -> Result<(), PeopleError> {
    match (&group.source, group.origin) {
        (Some(source), Origin::Folder) => {
            Err(PeopleError::OwnedByFolder { what: "group", name: group.name.clone(), source_place: source.clone() })
        }
        _ => Ok(()),
    }
}

pub(crate) fn check_user(username: Option<&str>, email: Option<&str>, path: Option<&str>) -> Result<(), PeopleError> {
    let mut problems = Problems::default();
    if let Some(username) = username {
        if username.trim().is_empty() {
            problems.add("/username", "blank", "This field may not be blank.");
        } else if username.chars().count() > 150 {
            problems.add("/username", "max_length", "Ensure this field has no more than 150 characters.");
        } else if username.chars().any(char::is_control) {
            problems.add("/username", "invalid", "Control characters are not allowed.");
        }
    }
    if let Some(email) = email.filter(|e| !e.is_empty())
        && !plausible_email(email)
    {
        problems.add("/email", "invalid", "Enter a valid email address.");
    }
    if let Some(path) = path
        && (path.is_empty() || path.split('/').any(|part| part.trim().is_empty()))
    {
        problems.add("/path", "invalid", "Leading or trailing slashes and empty segments are not allowed.");
    }
    problems.into_result().map_err(PeopleError::Invalid)
}

/// A mailbox: something, one `@`, a host without spaces. Whether it exists only a mail can tell.
#[must_use]
pub fn plausible_email(email: &str) -> bool {
    let Some((local, host)) = email.rsplit_once('@') else { return false };
    let clean = |text: &str| !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    email.chars().count() <= 254 && clean(local) && clean(host) && !local.contains('@') && !host.starts_with('.')
}

fn check_group(name: Option<&str>) -> Result<(), PeopleError> {
    let mut problems = Problems::default();
    if let Some(name) = name {
        if name.trim().is_empty() {
            problems.add("/name", "blank", "This field may not be blank.");
        } else if name.chars().any(char::is_control) {
            problems.add("/name", "invalid", "Control characters are not allowed.");
        }
    }
    problems.into_result().map_err(PeopleError::Invalid)
}
