//! A flow, planned for somebody: a plain value for the session store.

use crate::context::Context;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a plan may lie between its start and its end.
pub const MAX_AGE: TimeDelta = TimeDelta::hours(24);

/// The longest query string that a plan remembers, in bytes; a longer one counts as empty.
pub const MAX_QUERY: usize = 8_192;

/// One stage still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Primary key of the flow-stage binding.
    pub binding: Uuid,
    /// Primary key of the stage, so that a binding turned to another stage is noticed.
    pub stage: Uuid,
}

/// A flow, planned for somebody. Store it after every step; compare `step` when storing, so that of
/// two concurrent requests only one wins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Primary key of the flow.
    pub flow: Uuid,
    /// Its slug.
    pub slug: String,
    /// Stages still to come; the first is the current one.
    pub remaining: Vec<Planned>,
    /// The current stage has passed its policies and was shown.
    pub shown: bool,
    /// What is known so far.
    pub context: Context,
    /// What the caller knew at the start; a restart begins with it.
    pub initial: Box<Context>,
    /// Who is signed in in the session that this plan belongs to. Another user's session never goes
    /// on with it.
    pub subject: Option<i64>,
    /// The page's query string, without `?`.
    pub query: String,
    /// Where to go in the end, already found safe.
    pub next: Option<String>,
    /// When it was planned.
    pub started: DateTime<Utc>,
    /// Rises with every change.
    pub step: u32,
}

impl Plan {
    /// The current stage's binding.
    #[must_use]
    pub fn current(&self) -> Option<Planned> {
        self.remaining.first().copied()
    }

    /// Leaves the current stage.
    pub(crate) fn advance(&mut self) {
        if !self.remaining.is_empty() {
            self.remaining.remove(0);
        }
        self.shown = false;
        self.context.consent_token = None;
        self.step = self.step.wrapping_add(1);
    }
}
