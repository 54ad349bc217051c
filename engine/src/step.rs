//! What comes out of one step.

use crate::{
    challenge::{Body, Challenge, Data},
    context::{AppContext, Context, Passage},
};
use chrono::TimeDelta;
use lockgate_model::kinds::{FlowDesignation, GeoipBinding, NetworkBinding};
use uuid::Uuid;

/// What the caller answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Show this; the flow waits for the response.
    Challenge(Box<Challenge>),
    /// The response was accepted (or the flow begun anew): ask again with [`crate::challenge()`]. The
    /// API answers 302 to the same address.
    Next,
    /// The flow is over: go there (`xak-flow-redirect`).
    Done {
        /// A path on this host, or an address that the configuration or the caller named.
        to: String,
    },
    /// The flow is over, with this as its last page: denied, failed, or signed out.
    Ended(Box<Challenge>),
    /// Another flow takes over: store a plan made by [`crate::start`] with this context, then go there.
    Switch {
        /// Page of the other flow, `/if/flow/<slug>/` with the query.
        to: String,
        /// Its primary key.
        flow: Uuid,
        /// Its slug.
        slug: String,
        /// The page's query string, without `?`.
        query: String,
        /// What it begins with.
        context: Box<Context>,
    },
}

impl Outcome {
    /// Whether the plan goes on: store it. Otherwise drop it.
    #[must_use]
    pub fn keeps_plan(&self) -> bool {
        matches!(self, Self::Challenge(_) | Self::Next)
    }

    /// The challenge to answer: the one shown, or a redirect; `None` for [`Outcome::Next`].
    #[must_use]
    pub fn into_challenge(self) -> Option<Challenge> {
        match self {
            Self::Challenge(challenge) | Self::Ended(challenge) => Some(*challenge),
            Self::Done { to } | Self::Switch { to, .. } => Some(Challenge::bare(Body::redirect(to))),
            Self::Next => None,
        }
    }
}

/// A sign-in to be carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginEffect {
    /// Primary key of the user; active a moment ago.
    pub user: i64,
    /// How they proved who they are; `None` where the account was just made or vouched for.
    pub auth_method: Option<String>,
    /// More about it, for the event.
    pub auth_method_args: Data,
    /// A second factor was accepted beside it.
    pub mfa: bool,
    /// How long the session lasts; `None`: until the browser closes.
    pub duration: Option<TimeDelta>,
    /// They asked to stay signed in; `duration` has it already.
    pub remember: bool,
    /// End the user's other sessions.
    pub terminate_others: bool,
    /// Tie the session to its network.
    pub network_binding: NetworkBinding,
    /// Tie the session to its place.
    pub geoip_binding: GeoipBinding,
    /// How long this device counts as known.
    pub remember_device: TimeDelta,
}

/// What the caller does, in order, after storing or dropping the plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Sign in: rotate the session identifier and keep the stored plan with the new one.
    Login(Box<LoginEffect>),
    /// Sign out: end the session; a plan that goes on moves to the new, anonymous one.
    Logout,
    /// An account was written. A changed password ends its other sessions, unless its owner wants to keep
    /// them, and rotates this one's identifier; this session itself stays.
    UserWritten {
        /// Primary key.
        user: i64,
        /// It was made just now.
        created: bool,
        /// Its password was set.
        password_changed: bool,
        /// Its owner stays signed in elsewhere.
        keep_other_sessions: bool,
    },
    /// This browser showed a second factor: let it remember that.
    Remember {
        /// Primary key of the user.
        user: i64,
        /// Primary key of the stage that asked for it.
        stage: Uuid,
        /// For how long the stage wants to know.
        lasting: TimeDelta,
    },
    /// The flow was gone through to its end.
    Completed {
        /// Primary key of the flow.
        flow: Uuid,
        /// What it is for.
        designation: FlowDesignation,
        /// The pending user, else the session's.
        user: Option<i64>,
        /// The application at the end of the way.
        application: Option<AppContext>,
        /// What the caller put into [`Context::ticket`].
        ticket: Option<String>,
        /// What happened on the way.
        passage: Passage,
    },
}

/// What comes out of one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What the caller answers.
    pub outcome: Outcome,
    /// What the caller does, in order, after storing or dropping the plan, also when the outcome is
    /// a refusal.
    pub effects: Vec<Effect>,
    /// Seconds for a `Retry-After` header, when too much was asked at once (answer 429).
    pub retry_after: Option<u64>,
}
