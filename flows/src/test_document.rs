//! Tests beside the policies, as they are read: who there is, what is expected of whom, and how a flow is
//! gone through. Running them is for rooms that can decide and step.

use crate::span::Span;
use chrono::{DateTime, Utc};
use lockgate_model::{
    UserType,
    people::{GroupFact, TimedMembership},
};
use serde_json::{Map, Value};
use std::net::IpAddr;

/// A `test:` document.
#[derive(Debug, Clone, PartialEq)]
pub struct TestDocument {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub span: Span,
    /// Groups that the test brings along because no folder declares them.
    pub groups: Vec<GroupFact>,
    /// Who there is.
    pub users: Vec<TestUser>,
    /// What is expected.
    pub expect: Vec<Expectation>,
    /// A flow that is gone through.
    pub flow: Option<FlowTest>,
}

/// Somebody in a test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestUser {
    /// User name.
    pub username: String,
    /// Where they are declared.
    pub span: Span,
    /// Display name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Direct groups.
    pub groups: Vec<GroupFact>,
    /// Direct groups that they are in for a time.
    pub timed: Vec<TimedMembership>,
    /// Their own attributes.
    pub attributes: Map<String, Value>,
    /// Is a superuser whatever their groups say.
    pub superuser: bool,
    /// Whether the account can do anything.
    pub active: bool,
    /// Sort of account.
    pub user_type: UserType,
    /// Path in the directory.
    pub path: String,
    /// Their password; without one nothing is.
    pub password: Option<String>,
    /// The code that their app shows, if they have one.
    pub totp: Option<String>,
    /// Their codes on paper.
    pub codes: Vec<String>,
    /// They have a passkey.
    pub passkey: bool,
}

/// What else is so when something is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// When; the run's own moment.
    pub at: Option<DateTime<Utc>>,
    /// From where.
    pub ip: Option<IpAddr>,
    /// After a login with a second factor.
    pub mfa: bool,
    /// Path of the request.
    pub path: String,
    /// Host of the request.
    pub host: String,
    /// Method of the request.
    pub method: String,
    /// `User-Agent` of the request.
    pub user_agent: String,
}

/// One thing that is expected of one person at one application.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// It in a sentence.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// Who, as a place in [`TestDocument::users`].
    pub user: usize,
    /// Slug of the application.
    pub app: String,
    /// What else is so.
    pub circumstances: Circumstances,
    /// What is looked at.
    pub expected: Expected,
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// They may open the application.
    Allowed,
    /// They may not.
    Denied {
        /// What they are told contains this.
        message: Option<String>,
    },
    /// Their claims there.
    Claims(ExpectedClaims),
}

/// Where claims are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClaimPlace {
    /// What the application gets to know all in all: the ID token, and userinfo beside it.
    #[default]
    Anywhere,
    /// The ID token.
    IdToken,
    /// The access token.
    AccessToken,
    /// The userinfo answer.
    Userinfo,
}

impl ClaimPlace {
    /// Every place, by its word.
    pub(crate) const WORDS: [(&'static str, Self); 3] =
        [("id_token", Self::IdToken), ("access_token", Self::AccessToken), ("userinfo", Self::Userinfo)];
}

/// What is expected of claims.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExpectedClaims {
    /// Scopes that are asked for; all that the application has.
    pub scopes: Option<Vec<String>>,
    /// Where they are looked for.
    pub place: ClaimPlace,
    /// Lists contain these, maps these entries; anything else is this.
    pub has: Map<String, Value>,
    /// These are not there, or do not contain this.
    pub lacks: Vec<(String, Option<Value>)>,
    /// These are exactly so.
    pub equals: Map<String, Value>,
}

/// A flow that is gone through.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowTest {
    /// Its slug.
    pub slug: String,
    /// Where it is named.
    pub span: Span,
    /// Who is signed in at the start, as a place in [`TestDocument::users`].
    pub signed_in: Option<usize>,
    /// Slug of the application that the flow leads to.
    pub app: Option<String>,
    /// Where the person was going to.
    pub next: Option<String>,
    /// What the invitation says that the person comes with: answers that are given already, by the keys of prompts.
    pub invitation: Option<Map<String, Value>>,
    /// What else is so.
    pub circumstances: Circumstances,
    /// The way.
    pub steps: Vec<FlowStep>,
}

/// One step of the way.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowStep {
    /// Where it stands.
    pub span: Span,
    /// What happens.
    pub action: StepAction,
    /// Texts that the page shows: a stage's page, its page with complaints where it fails, or the last one.
    pub shows: Vec<(String, Span)>,
}

/// What happens in a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepAction {
    /// The flow is at a stage, and it may be answered.
    Stage {
        /// The stage's word.
        word: String,
        /// Its name, where the word alone does not tell.
        name: Option<String>,
        /// The answer; `None`: the page is only looked at.
        answer: Option<Map<String, Value>>,
        /// The answer is refused, with a complaint about this field.
        fails: Option<String>,
    },
    /// The flow is over.
    Ends {
        /// How.
        how: Ending,
        /// Who is signed in, or whom it was about.
        user: Option<String>,
        /// Where it leads.
        to: Option<String>,
        /// What the account has that was written last.
        wrote: Map<String, Value>,
    },
}

/// How a flow ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Gone through, and somebody was signed in on the way.
    Login,
    /// Gone through, and somebody was signed out on the way.
    Logout,
    /// Refused.
    Deny,
    /// A stage leads elsewhere.
    Redirect,
    /// Gone through.
    Done,
}

impl Ending {
    /// Every ending, by its word.
    pub(crate) const WORDS: [(&'static str, Self); 5] = [
        ("login", Self::Login),
        ("logout", Self::Logout),
        ("deny", Self::Deny),
        ("redirect", Self::Redirect),
        ("done", Self::Done),
    ];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, ending)| *ending == self).map_or("", |(word, _)| word)
    }
}

/// The word of a stage kind, as the language calls it; `None` for what is no stage.
#[must_use]
pub fn stage_word(kind: &str) -> Option<&'static str> {
    lockgate_model::kind::by_name(kind).filter(|k| k.meta.family == lockgate_model::Family::Stage).map(|k| k.meta.word)
}
