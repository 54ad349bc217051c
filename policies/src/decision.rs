//! Questions and their answers.

use crate::{
    PreparedPrincipal,
    action::Action,
    cedar::resource::Administered,
    fact::{Facts, Reads},
    input::Target,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;
use uuid::Uuid;

/// What something is done to.
#[derive(Debug, Clone, Copy)]
pub enum Resource<'a> {
    /// An application, by slug.
    App(&'a str),
    /// A flow, by slug.
    Flow(&'a str),
    /// A flow-stage binding, by id.
    Stage(Uuid),
    /// An entitlement, by its application's slug and its name.
    Entitlement(&'a str, &'a str),
    /// A notification rule, by id.
    Rule(Uuid),
    /// What an administrative act is about.
    Administered(&'a Administered),
}

impl Resource<'_> {
    /// The target that bindings to this resource name.
    #[must_use]
    pub fn target(self) -> Option<Target> {
        match self {
            Self::App(slug) => Some(Target::App(slug.to_owned())),
            Self::Flow(slug) => Some(Target::Flow(slug.to_owned())),
            Self::Stage(id) => Some(Target::Stage(id)),
            Self::Entitlement(app, name) => Some(Target::Entitlement(app.to_owned(), name.to_owned())),
            Self::Rule(id) => Some(Target::Rule(id)),
            Self::Administered(_) => None,
        }
    }
}

impl fmt::Display for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(slug) => write!(f, "app {slug}"),
            Self::Flow(slug) => write!(f, "flow {slug}"),
            Self::Stage(id) => write!(f, "stage {id}"),
            Self::Entitlement(app, name) => write!(f, "entitlement {app}/{name}"),
            Self::Rule(id) => write!(f, "rule {id}"),
            Self::Administered(what) => what.fmt(f),
        }
    }
}

/// May this principal do this to that, under these circumstances?
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Id of the decision to come, made by the caller (UUID v7).
    pub id: Uuid,
    /// Who asks; `None` for a visitor who is not signed in.
    pub principal: Option<&'a PreparedPrincipal>,
    /// What for.
    pub action: Action,
    /// To what.
    pub resource: Resource<'a>,
    /// The circumstances.
    pub facts: &'a Facts<'a>,
}

/// A policy that had a part in a decision.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PolicyRef {
    /// Its `@id`, or `file:line` without one; `binding:<uuid>`, `bindings:<target>` (mode `all`) or
    /// `default:…` for those that were made from bindings.
    pub id: String,
    /// File it stands in, if it stands in one.
    pub file: Option<String>,
    /// Line from 1 in that file.
    pub line: Option<u32>,
    /// The bindings it was made from.
    pub bindings: Vec<Uuid>,
    /// Its `@message`, a sentence for the user who is denied.
    pub message: Option<String>,
    /// Its `@severity`: how much its part in a decision matters to operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

/// How much something matters to operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As a rule it does not.
    Info,
    /// Somebody should look some day.
    Warning,
    /// Somebody should look now.
    Critical,
}

impl Severity {
    /// Reads the word of an annotation.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Critical].into_iter().find(|s| s.as_str() == word)
    }

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Something that would have to be so for a denial to become a permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// To be signed in.
    Login,
    /// An active account.
    Active,
    /// Membership in the group of this name.
    Group(String),
    /// To be outside the group of this name.
    NotGroup(String),
    /// To be one of the accounts that the resource was given to by name.
    User,
    /// To be another account.
    NotUser,
    /// That the policy of this name passes.
    Check(String),
    /// That the policy of this name does not pass.
    NotCheck(String),
    /// A session opened with a second factor.
    Mfa,
    /// To be an administrator.
    Superuser,
    /// A policy that gives access at all: none does.
    Permission,
    /// That the membership in the group of this name had not ended then.
    MembershipEnded(String, DateTime<Utc>),
    /// That the membership in the group of this name had begun, which it does then.
    MembershipAhead(String, DateTime<Utc>),
    /// That what lets these people in had not ended then: `members of the group Editors`.
    Ended(String, DateTime<Utc>),
    /// That what lets these people in had begun, which it does then.
    Ahead(String, DateTime<Utc>),
    /// That the forbidding policy of this id does not apply.
    NotForbidden(String),
    /// One of these.
    AnyOf(Vec<Need>),
}

/// How long, and under which facts, a decision may be reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cacheability {
    /// Not at all: something failed, and may not fail next time, or was fetched and may change.
    Never,
    /// Until this moment, for equal facts.
    Until(DateTime<Utc>),
    /// As long as principal and snapshot stay the same, for equal facts.
    Unbounded,
}

/// An answer, with everything needed to explain it. Serialises to its log record, which holds no
/// secret.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// Its id, as the question gave it.
    pub id: Uuid,
    /// User name of who asked; `None` for a visitor.
    pub principal: Option<String>,
    /// What for.
    pub action: Action,
    /// To what, in words: `app grafana`.
    pub resource: String,
    /// When, as the question told.
    pub time: DateTime<Utc>,
    /// The answer.
    pub allow: bool,
    /// The policies that decided it; empty when nothing permitted.
    pub determining: Vec<PolicyRef>,
    /// The facts that the policies read, with their values, and the results of `checks`.
    pub facts_used: Map<String, Value>,
    /// What would have been needed; all of it, and nothing when allowed.
    pub needed: Vec<Need>,
    /// What scripts and policies have to say to the user.
    pub messages: Vec<String>,
    /// What went wrong. Any error denies, but for the failure of an expression whose binding says
    /// how a failure counts.
    pub errors: Vec<String>,
    /// The person's password has grown too old, and is to be made unusable.
    pub retires_password: bool,
    /// The highest `@severity` of the policies that decided it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// How long it may be reused.
    pub cacheable: Cacheability,
    /// The facts that it depends on.
    pub reads: Reads,
}
