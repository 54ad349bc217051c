//! The ports: everything outside that a flow needs, as traits that others implement.
//!
//! An error of any port ends the flow in a refusal; it never lets a check be skipped.

pub use crate::captcha::Captchas;
use crate::challenge::Data;
pub use crate::duo::{Duo, DuoEnrolment, DuoProgress, Push, PushAnswer, Pushed};
pub use crate::factors::{CodeOutcome, Factor, Factors, NewFactor};
pub use crate::mail::{Mail, MailLink, Posted, SetupCode};
pub use crate::passkeys::Passkeys;
pub use crate::sms::{Sms, SmsCode};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lockgate_model::{
    Principal, User, UserType,
    kinds::{PasswordBackend, UserField},
};
use lockgate_texts::Language;
use serde_json::Value;
use std::net::IpAddr;
use thiserror::Error;
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present moment, to the microsecond.
    fn now(&self) -> DateTime<Utc>;
}

/// Gives randomness fit for secrets.
pub trait Random: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// A port that could not do its work. The text is for logs and superusers.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct PortError(pub String);

impl PortError {
    /// From any error.
    pub fn from(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Why an account was not written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WriteError {
    /// The user name belongs to somebody else.
    #[error("Username is already taken.")]
    UsernameTaken,
    /// The data is not acceptable; the text is for the person.
    #[error("{0}")]
    Invalid(String),
    /// The account does not exist any more.
    #[error("The account does not exist.")]
    Gone,
    /// Anything else.
    #[error(transparent)]
    Failed(#[from] PortError),
}

/// Fields of an account to be set; `None` and absent ones stay.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserChanges {
    /// User name: 1 to 150 characters, without control characters.
    pub username: Option<String>,
    /// Display name, at most 255 characters.
    pub name: Option<String>,
    /// E-mail address, at most 254 characters; its form is checked.
    pub email: Option<String>,
    /// Values under a path in the attributes: `attributes.a.b` is `["a", "b"]`. Objects on the way
    /// are made, anything else in the way is replaced.
    pub attributes: Vec<(Vec<String>, Value)>,
    /// A password as [`Credentials::seal`] made it.
    pub password: Option<String>,
    /// Whether it can sign in.
    pub active: Option<bool>,
    /// Groups to join.
    pub groups: Vec<Uuid>,
    /// The invitation that is used up by this: it is gone afterwards, and where it is gone already nothing is
    /// written.
    pub invitation: Option<Uuid>,
}

/// A new account.
#[derive(Debug, Clone, PartialEq)]
pub struct NewUser {
    /// Its fields; `username` is always there.
    pub changes: UserChanges,
    /// Whether it can sign in.
    pub is_active: bool,
    /// Sort of account.
    pub user_type: UserType,
    /// Path in the directory.
    pub path: String,
}

/// Users and groups.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The user for whom one of `fields`, tried in this order, equals `value`. Several for one field
    /// are none: an e-mail address that two people share names nobody.
    async fn find(&self, fields: &[UserField], value: &str, ignore_case: bool) -> Result<Option<User>, PortError>;

    /// The user with this primary key, with groups and merged attributes.
    async fn principal(&self, pk: i64) -> Result<Option<Principal>, PortError>;

    /// Whether a user name, without regard to case, belongs to somebody other than `except`.
    async fn username_taken(&self, username: &str, except: Option<i64>) -> Result<bool, PortError>;

    /// Makes an account, in one transaction.
    async fn create(&self, user: NewUser) -> Result<User, WriteError>;

    /// Changes an account, in one transaction.
    async fn update(&self, pk: i64, changes: UserChanges) -> Result<User, WriteError>;

    /// Deletes an account with everything that is its own, its sessions too.
    async fn delete(&self, pk: i64) -> Result<(), WriteError>;
}

/// What somebody who was invited brings along.
#[derive(Debug, Clone, PartialEq)]
pub struct Invitation {
    /// Primary key; whoever knows it holds the invitation.
    pub pk: Uuid,
    /// Its name.
    pub name: String,
    /// The only flow that it is for; `None`: any.
    pub flow: Option<Uuid>,
    /// It makes one account and no more.
    pub single_use: bool,
    /// Answers that are given already, by the keys of prompts.
    pub fixed_data: Data,
}

/// Invitations.
#[async_trait]
pub trait Invitations: Send + Sync {
    /// The invitation with this primary key, unless it has ended at `now`.
    async fn find(&self, pk: Uuid, now: DateTime<Utc>) -> Result<Option<Invitation>, PortError>;
}

/// A password that somebody has typed.
#[derive(Clone, Copy)]
pub struct PasswordAttempt<'a> {
    /// Whose it would be; `None` for a name that belongs to nobody.
    pub user: Option<&'a User>,
    /// The name, as typed.
    pub identifier: &'a str,
    /// The password.
    pub password: &'a str,
    /// Who may accept it.
    pub backends: &'a [PasswordBackend],
}

/// What became of a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordOutcome {
    /// This backend accepted it.
    Accepted {
        /// Which one.
        backend: PasswordBackend,
    },
    /// No backend did.
    Rejected,
    /// Too many are being checked at once; nothing was decided.
    Overloaded {
        /// Seconds after which to try again.
        retry_after: u64,
    },
    /// Too many wrong ones came from there or for that name; nothing was decided.
    Paused {
        /// Seconds after which to try again.
        retry_after: u64,
    },
}

/// Why a new password was not sealed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SealError {
    /// Too many are being hashed at once.
    #[error("too many requests; try again in {retry_after} seconds")]
    Overloaded {
        /// Seconds after which to try again.
        retry_after: u64,
    },
    /// Anything else.
    #[error(transparent)]
    Failed(#[from] PortError),
}

/// Proofs of identity.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Checks a password with these backends in order; the first that accepts wins. `None` for the
    /// user takes the same time and is always rejected.
    async fn verify(&self, attempt: PasswordAttempt<'_>) -> Result<PasswordOutcome, PortError>;

    /// The form in which a new password may be stored: its hash.
    async fn seal(&self, password: &str) -> Result<String, SealError>;
}

/// What people allowed applications to know.
#[async_trait]
pub trait Consents: Send + Sync {
    /// The permissions that the user agreed to for the application and that have not expired at
    /// `now`; `None` without any consent.
    async fn granted(&self, user: i64, app: Uuid, now: DateTime<Utc>) -> Result<Option<Vec<String>>, PortError>;

    /// Replaces the user's consent to the application. `permissions` are sorted.
    async fn grant(
        &self,
        user: i64,
        app: Uuid,
        permissions: &[String],
        expires: Option<DateTime<Utc>>,
    ) -> Result<(), PortError>;
}

/// What was decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Go on.
    pub passing: bool,
    /// What policies said, for the person.
    pub messages: Vec<String>,
}

/// The facts that policies and expressions of a flow may read.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Whom the question is about: the plan's user, else the session's.
    pub principal: Option<&'a Principal>,
    /// Who is signed in.
    pub session: Option<&'a Principal>,
    /// The request.
    pub request: &'a RequestFacts,
    /// The plan's user: `pk`, `username`, `identifier`, `authenticated` (a credential was accepted
    /// in this plan), `standing`; empty without one.
    pub pending: Data,
    /// What was typed into prompts; while a prompt is being checked, with the new answers.
    pub prompt_data: Data,
    /// The flow: `slug`, `designation`, `name`, `pk`.
    pub flow: Data,
    /// The plan's context under the contract's names.
    pub context: Data,
}

/// An expression of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptExpression<'a> {
    /// Primary key of the prompt.
    pub prompt: Uuid,
    /// `initial_value` or `placeholder`.
    pub field: &'static str,
    /// The Rhai text.
    pub source: &'a str,
}

/// Decides, and evaluates expressions. An error is a denial.
#[async_trait]
pub trait Decide: Send + Sync {
    /// May the flow be run?
    async fn flow(&self, flow: Uuid, facts: &Facts<'_>) -> Result<Verdict, PortError>;

    /// Does this flow-stage binding apply now?
    async fn binding(&self, binding: Uuid, facts: &Facts<'_>) -> Result<Verdict, PortError>;

    /// Do all these policies pass?
    async fn policies(&self, policies: &[Uuid], facts: &Facts<'_>) -> Result<Verdict, PortError>;

    /// How hard the password that was typed into a field is to guess, from 0 to 4.
    fn strength(&self, field: &str, facts: &Facts<'_>) -> u8;

    /// The value of a prompt's expression.
    async fn expression(&self, expression: PromptExpression<'_>, facts: &Facts<'_>) -> Result<Value, PortError>;
}

/// Something worth an entry in the log of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// `login_failed`.
    LoginFailed {
        /// What was typed.
        identifier: String,
        /// Whose it is, if anybody's.
        user: Option<i64>,
        /// Name of the stage.
        stage: String,
        /// `unknown_user`, `inactive`, `wrong_password`, `wrong_code`, `wrong_passkey`, `push_refused`.
        reason: &'static str,
    },
    /// `model_created`: somebody set up a second factor.
    FactorEnrolled {
        /// Whose.
        user: i64,
        /// What it is.
        factor: Factor,
    },
    /// `user_write`.
    UserWritten {
        /// Primary key.
        user: i64,
        /// It was made just now.
        created: bool,
        /// Names of the written fields, never their values.
        fields: Vec<String>,
    },
    /// `invitation_used`: somebody came with it.
    InvitationUsed {
        /// Its name, never its key.
        name: String,
        /// Slug of the flow.
        flow: String,
    },
    /// `flow_execution`: gone through to the end.
    FlowCompleted {
        /// Slug.
        flow: String,
        /// The plan's user, else the session's.
        user: Option<i64>,
    },
    /// Refused, at the start or by a stage.
    FlowDenied {
        /// Slug.
        flow: String,
        /// The plan's user, else the session's.
        user: Option<i64>,
        /// The sentence that the person was told.
        reason: String,
    },
    /// `system_exception`: a port failed.
    Failed {
        /// Slug.
        flow: String,
        /// The plan's user, else the session's.
        user: Option<i64>,
        /// The error.
        error: String,
    },
}

/// Takes events down. Infallible: who cannot store one logs it.
#[async_trait]
pub trait Events: Send + Sync {
    /// Takes one down.
    async fn record(&self, event: Event, request: &RequestFacts);
}

/// What is known of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFacts {
    /// Its identifier, as in the log.
    pub id: String,
    /// Address of the client.
    pub ip: IpAddr,
    /// Host that was asked for.
    pub host: String,
    /// Path that was asked for, without the query.
    pub path: String,
    /// `GET` or `POST`.
    pub method: String,
    /// `User-Agent`; may be empty.
    pub user_agent: String,
    /// When it came; one instant for the whole step.
    pub now: DateTime<Utc>,
    /// It came from an outpost with its token.
    pub from_outpost: bool,
    /// The session was opened with a second factor.
    pub mfa: bool,
    /// What the person reads.
    pub language: Language,
}

/// What pages take from the brand of the host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BrandFacts {
    /// `{{ brand }}` in titles.
    pub title: String,
    /// Picture behind flows that name none; may be empty.
    pub background: String,
    /// Slug of the flow for people who forgot their password.
    pub recovery_flow: Option<String>,
}

/// Everything outside, for one step.
#[derive(Clone, Copy)]
pub struct StepEnv<'a> {
    /// Users and groups.
    pub directory: &'a dyn Directory,
    /// Passwords.
    pub credentials: &'a dyn Credentials,
    /// Second factors.
    pub factors: &'a dyn Factors,
    /// Passkeys.
    pub passkeys: &'a dyn Passkeys,
    /// Captchas.
    pub captchas: &'a dyn Captchas,
    /// Consents.
    pub consents: &'a dyn Consents,
    /// Invitations.
    pub invitations: &'a dyn Invitations,
    /// Mail.
    pub mail: &'a dyn Mail,
    /// Text messages.
    pub sms: &'a dyn Sms,
    /// Duo.
    pub duo: &'a dyn Duo,
    /// Policies and expressions.
    pub decide: &'a dyn Decide,
    /// The log of events.
    pub events: &'a dyn Events,
    /// Randomness.
    pub random: &'a dyn Random,
    /// The request.
    pub request: &'a RequestFacts,
    /// The brand of the host.
    pub brand: &'a BrandFacts,
    /// Who is signed in in the session; active.
    pub session: Option<&'a Principal>,
}
