//! Crowds at the flows: what is not begun at all, so that memory stays bounded and honest people get through.

use super::{FlowAnswer, FlowOutcome, FlowRequest, FlowRunner};
use crate::{
    net::household,
    passwords,
    turns::{Trust, Turn, Turns},
};
use lockgate_engine::Response;

/// Steps that run at once beside those that wait for a hash. A step takes memory, and its turn at the database.
const BESIDE_HASHES: usize = 32;

/// Requests that may wait for a step of theirs to begin: what a small machine takes in a few seconds.
const WAITING: usize = 2_048;

/// How many steps of flows are begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepLimits {
    /// At once.
    pub at_once: usize,
    /// Waiting beside them.
    pub waiting: usize,
}

impl StepLimits {
    /// What a small machine takes, where at most so many wait for a hash.
    #[must_use]
    pub fn beside(hashes: usize) -> Self {
        Self { at_once: hashes + BESIDE_HASHES, waiting: WAITING }
    }
}

/// Whose turn a step of a flow is.
pub(crate) fn turns_for_steps(limits: StepLimits) -> Turns {
    Turns::new("lockgate_flow_steps", limits.at_once, limits.at_once + limits.waiting)
}

impl FlowRunner<'_> {
    /// Waits until a step may begin; `None`: too many wait. A browser in which somebody has signed in goes first; that
    /// somebody else could get such a browser with an account of their own gives them a place in the line, no more.
    pub(super) async fn turn(&self, request: FlowRequest<'_>) -> Option<Turn> {
        let trust = match self.core.device(request.device_token) {
            Some(_) => Trust::Known,
            None => self.core.guessing.trust(request.client.ip, self.core.clock.now()),
        };
        self.core.steps.take(trust).await
    }

    /// A page that would begin a session, from an address that has begun too many: nothing is stored for it. Browsers in
    /// which somebody has signed in are not counted.
    pub(super) fn may_not_begin(&self, request: FlowRequest<'_>) -> Option<FlowAnswer> {
        let counter = self.core.beginnings.as_ref()?;
        if self.core.device(request.device_token).is_some() {
            return None;
        }
        let wait = counter.count(&household(request.client.ip)).err()?;
        Some(too_many_for(wait.as_secs().max(1)))
    }

    /// A password that would not be looked at is told so before anything is read from the database: from an address that
    /// has to pause, or while too many wait. Of browsers in which somebody has signed in it is found out first for whom.
    pub(super) fn turned_away(&self, request: FlowRequest<'_>, response: &Response) -> Option<FlowAnswer> {
        let asked = |component: &str| matches!(component, "ak-stage-password" | "ak-stage-identification");
        let is_password = response.fields.contains_key("password") && response.component.as_deref().is_none_or(asked);
        if !is_password || self.core.device(request.device_token).is_some() {
            return None;
        }
        let (ip, now) = (request.client.ip, self.core.clock.now());
        if let Some(wait) = self.core.guessing.pause(ip, now) {
            metrics::counter!("lockgate_logins_total", "outcome" => "paused").increment(1);
            let seconds = wait.as_secs().max(1);
            let text = format!("Too many wrong passwords. Try again in {seconds} seconds.");
            return Some(turned_away(text, seconds));
        }
        (!self.core.passwords.has_room(self.core.guessing.trust(ip, now))).then(too_many)
    }
}

/// Somebody comes when too many are here already.
pub(super) fn too_many() -> FlowAnswer {
    too_many_for(passwords::RETRY_AFTER.as_secs())
}

fn too_many_for(seconds: u64) -> FlowAnswer {
    turned_away(format!("Too many people are signing in. Try again in {seconds} seconds."), seconds)
}

fn turned_away(text: String, retry_after: u64) -> FlowAnswer {
    FlowAnswer { retry_after: Some(retry_after), ..FlowAnswer::plain(FlowOutcome::TurnedAway(text)) }
}
