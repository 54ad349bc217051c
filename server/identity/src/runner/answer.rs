//! What comes of a request to a flow.

use super::SetSession;
use lockgate_engine::Challenge;
use lockgate_texts::Language;

/// What a flow answers.
#[derive(Debug)]
pub enum FlowOutcome {
    /// There is no such flow.
    NotFound,
    /// Show this; a redirect is one of them.
    Challenge(Box<Challenge>),
    /// Ask again: the response was accepted, or another request was faster.
    Next,
    /// Nothing was looked at, for this reason, in English; `retry_after` says when it may be.
    TurnedAway(String),
}

/// An answer.
#[derive(Debug)]
pub struct FlowAnswer {
    /// What to show.
    pub outcome: FlowOutcome,
    /// The session's new identifier, if it has one.
    pub set_session: Option<SetSession>,
    /// What the browser is to remember of second factors.
    pub set_mfa: Option<SetSession>,
    /// What the browser is to remember of who has signed in in it.
    pub set_device: Option<SetSession>,
    /// The session is over: drop the cookie.
    pub clear_session: bool,
    /// Seconds for `Retry-After`; the answer is 429.
    pub retry_after: Option<u64>,
    /// What the challenge is written in.
    pub language: Language,
}

impl FlowAnswer {
    pub(super) fn plain(outcome: FlowOutcome) -> Self {
        let language = Language::default();
        Self {
            outcome,
            set_session: None,
            set_mfa: None,
            set_device: None,
            clear_session: false,
            retry_after: None,
            language,
        }
    }
}
