//! The stages by which somebody came on the way through a flow: what became of each, and why.

use super::world::World;
use lockgate_engine::{Body, Challenge, CompiledFlow, Outcome, Plan, Response, ResponseErrors, Step};
use std::sync::Arc;
use uuid::Uuid;

/// What became of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// Policies left it out.
    Skipped,
    /// It did its work and asked nothing.
    Passed,
    /// It asks.
    Asks,
    /// It asked, and the answer was accepted.
    Accepted,
    /// It asked, and the answer was refused.
    Refused,
    /// It ended the flow with a refusal.
    Denied,
    /// It led elsewhere.
    Led,
    /// It broke.
    Failed,
}

/// A stage that somebody came by.
#[derive(Debug)]
pub(crate) struct Stop {
    /// The flow.
    pub(crate) flow: Arc<CompiledFlow>,
    /// The stage, by its binding.
    pub(crate) binding: Uuid,
    /// What became of it.
    pub(crate) how: How,
    /// Keys of what it asks for.
    pub(crate) asks: Vec<String>,
    /// Keys of what was answered.
    pub(crate) answered: Vec<String>,
    /// What it had to say against the answer.
    pub(crate) complaints: ResponseErrors,
    /// Why it was come by or left out, in lines.
    pub(crate) why: Vec<String>,
}

/// All of them, in order.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    pub(crate) stops: Vec<Stop>,
    /// Stages of the present plan that were left out when it was made, and have not been told yet.
    unplanned: Vec<Uuid>,
}

impl Trail {
    /// A flow is begun, or begun anew.
    pub(super) fn planned(&mut self, flow: &CompiledFlow, plan: &Plan) {
        let is_planned = |binding: Uuid| plan.remaining.iter().any(|next| next.binding == binding);
        self.unplanned = flow.stages.iter().map(|at| at.binding_id).filter(|id| !is_planned(*id)).collect();
    }

    /// One request: from the plan as it was to what it is.
    pub(super) fn went(&mut self, leg: &Leg<'_>) {
        let after: Vec<Uuid> = leg.plan.remaining.iter().map(|next| next.binding).collect();
        let answered = leg.answer.map(|answer| answer.fields.keys().cloned().collect::<Vec<_>>());
        let Some(behind) = leg.before.strip_suffix(after.as_slice()) else {
            // The answer was refused in a way that begins the flow anew.
            self.answered(How::Refused, answered.unwrap_or_default(), ResponseErrors::default());
            return self.planned(leg.flow, leg.plan);
        };
        for (place, binding) in behind.iter().enumerate() {
            match &answered {
                Some(keys) if place == 0 => self.answered(How::Accepted, keys.clone(), ResponseErrors::default()),
                _ if leg.world.is_left_out(*binding) => self.come_by(leg, *binding, How::Skipped),
                _ => self.come_by(leg, *binding, How::Passed),
            }
        }
        match (after.first(), &leg.step.outcome) {
            (Some(at), Outcome::Challenge(challenge)) => {
                if let Some(keys) = answered.filter(|_| !challenge.response_errors.is_empty()) {
                    self.answered(How::Refused, keys, challenge.response_errors.clone());
                }
                self.asked(leg, *at, challenge);
            }
            (Some(at), outcome) => {
                if let Some(how) = ended(outcome) {
                    // What was asked and answered ends it by that answer.
                    match answered.filter(|_| behind.is_empty()) {
                        Some(keys) => self.answered(how, keys, ResponseErrors::default()),
                        None => self.come_by(leg, *at, how),
                    }
                }
            }
            (None, _) => self.rest(leg),
        }
    }

    /// The last stage that asked has its answer.
    fn answered(&mut self, how: How, keys: Vec<String>, complaints: ResponseErrors) {
        if let Some(last) = self.stops.last_mut().filter(|last| last.how == How::Asks) {
            (last.how, last.answered, last.complaints) = (how, keys, complaints);
        }
    }

    fn asked(&mut self, leg: &Leg<'_>, at: Uuid, challenge: &Challenge) {
        // To be looked at twice is to be asked once.
        if self.stops.last().is_some_and(|last| last.binding == at && last.how == How::Asks) {
            return;
        }
        self.come_by(leg, at, How::Asks);
        if let Some(last) = self.stops.last_mut() {
            last.asks = challenge.body.asks().into_iter().map(str::to_owned).collect();
        }
    }

    fn come_by(&mut self, leg: &Leg<'_>, binding: Uuid, how: How) {
        let place = |id: Uuid| leg.flow.stages.iter().position(|at| at.binding_id == id);
        let (before, later) =
            std::mem::take(&mut self.unplanned).into_iter().partition(|id| place(*id) < place(binding));
        self.unplanned = later;
        self.leave_out(leg, before);
        self.stops.push(leg.stop(binding, how));
    }

    /// The way is over: what is still to be told was left out.
    fn rest(&mut self, leg: &Leg<'_>) {
        let rest = std::mem::take(&mut self.unplanned);
        self.leave_out(leg, rest);
    }

    fn leave_out(&mut self, leg: &Leg<'_>, bindings: Vec<Uuid>) {
        self.stops.extend(bindings.into_iter().map(|binding| leg.stop(binding, How::Skipped)));
    }
}

/// What one request did.
pub(super) struct Leg<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) flow: &'a Arc<CompiledFlow>,
    /// The stages that were to come.
    pub(super) before: &'a [Uuid],
    /// The plan as it is.
    pub(super) plan: &'a Plan,
    /// What was answered.
    pub(super) answer: Option<&'a Response>,
    pub(super) step: &'a Step,
}

impl Leg<'_> {
    fn stop(&self, binding: Uuid, how: How) -> Stop {
        Stop {
            flow: Arc::clone(self.flow),
            binding,
            how,
            asks: Vec::new(),
            answered: Vec::new(),
            complaints: ResponseErrors::default(),
            why: self.world.why(binding),
        }
    }
}

/// What the end of a way says of the stage that it ends at.
fn ended(outcome: &Outcome) -> Option<How> {
    match outcome {
        Outcome::Ended(challenge) => match challenge.body {
            Body::AccessDenied(_) => Some(How::Denied),
            Body::FlowError(_) => Some(How::Failed),
            _ => None,
        },
        Outcome::Done { .. } | Outcome::Switch { .. } => Some(How::Led),
        Outcome::Challenge(_) | Outcome::Next => None,
    }
}
