//! People: users, groups, and the facts about a user that decisions are made from.

use crate::Period;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What sort of account a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "UserTypeEnum")]
pub enum UserType {
    /// A person of the organisation.
    #[default]
    Internal,
    /// A person from outside, who sees only the applications given to them.
    External,
    /// A program, with tokens instead of a password.
    ServiceAccount,
    /// A program of Lockgate's own, such as an outpost; never made through the API.
    InternalServiceAccount,
}

impl UserType {
    /// The word stored in the database and answered by the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::External => "external",
            Self::ServiceAccount => "service_account",
            Self::InternalServiceAccount => "internal_service_account",
        }
    }

    /// Reads the stored word; `None` for any other.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Internal, Self::External, Self::ServiceAccount, Self::InternalServiceAccount]
            .into_iter()
            .find(|t| t.as_str() == word)
    }
}

/// An account. The password hash is a credential and not part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Primary key; only grows.
    pub pk: i64,
    /// Stable identifier across installations.
    pub uuid: Uuid,
    /// Unique, at most 150 characters; matched without regard to case at login.
    pub username: String,
    /// Display name; may be empty.
    pub name: String,
    /// E-mail address; may be empty, need not be unique.
    pub email: String,
    /// An inactive account can do nothing.
    pub is_active: bool,
    /// Sort of account.
    #[serde(rename = "type")]
    pub user_type: UserType,
    /// Folder-like place in the directory, such as `users`.
    pub path: String,
    /// Free-form data.
    pub attributes: Map<String, Value>,
    /// When it was made.
    pub date_joined: DateTime<Utc>,
    /// Last successful login.
    pub last_login: Option<DateTime<Utc>>,
    /// Last change of the account.
    pub last_updated: DateTime<Utc>,
    /// Last change of the password.
    pub password_change_date: DateTime<Utc>,
}

/// A group of users; groups nest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Primary key.
    pub pk: Uuid,
    /// Small integer key, as some clients want.
    pub num_pk: i32,
    /// Unique name.
    pub name: String,
    /// Members, direct and inherited, are superusers.
    pub is_superuser: bool,
    /// Direct parents; membership is inherited upwards.
    pub parents: Vec<Uuid>,
    /// Merged under the members' own attributes.
    pub attributes: Map<String, Value>,
    /// Who the declaration belongs to; memberships are always people's data.
    pub origin: crate::Origin,
    /// Where in the configuration folder it is declared.
    pub source: Option<crate::Source>,
}

/// A group as far as its members' rights are concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFact {
    /// Primary key of the group.
    pub pk: Uuid,
    /// Its name.
    pub name: String,
}

/// A user with everything that decisions and claims read: loaded once, cached, dropped on change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Principal {
    /// The account.
    pub user: User,
    /// Hex SHA-256 over primary key and installation id: the default `sub` of tokens.
    pub uid: String,
    /// Every group, direct and inherited, sorted by name.
    pub groups: Vec<GroupFact>,
    /// Names of the direct groups only, sorted.
    pub direct_groups: Vec<Uuid>,
    /// The roles that the user holds directly; those of groups are told by the roles themselves.
    #[serde(default)]
    pub roles: Vec<Uuid>,
    /// Member of a superuser group.
    pub is_superuser: bool,
    /// The groups' attributes with the user's own on top.
    pub attributes: Map<String, Value>,
    /// The memberships that have a time, whether they count now or not, by name of the group.
    #[serde(default)]
    pub timed: Vec<TimedMembership>,
    /// When the groups change by the passing of time; from then on this is somebody who was.
    #[serde(default)]
    pub holds_until: Option<DateTime<Utc>>,
}

/// A direct membership that begins or ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimedMembership {
    /// The group.
    pub group: GroupFact,
    /// When it counts.
    #[serde(flatten)]
    pub period: Period,
    /// The groups around that one, which it brings into as well while it counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub around: Vec<GroupFact>,
}

impl TimedMembership {
    /// The groups that it brings into, its own first.
    pub fn groups(&self) -> impl Iterator<Item = &GroupFact> {
        std::iter::once(&self.group).chain(&self.around)
    }
}

impl Principal {
    /// The same, with the memberships that have a time as they are at a moment.
    #[must_use]
    pub fn with_times(mut self, timed: Vec<TimedMembership>, now: DateTime<Utc>) -> Self {
        self.holds_until = timed.iter().filter_map(|membership| membership.period.next_change(now)).min();
        self.timed = timed;
        self
    }

    /// Whether the user is in this group, directly or through another.
    #[must_use]
    pub fn in_group(&self, group: Uuid) -> bool {
        self.groups.iter().any(|g| g.pk == group)
    }
}
