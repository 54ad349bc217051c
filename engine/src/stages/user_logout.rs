//! Signs out.

use crate::{
    context::Standing,
    run::{Entered, Run},
    step::Effect,
};

pub(super) fn enter(run: &mut Run<'_>) -> Entered {
    if run.session().is_some() {
        run.effects.push(Effect::Logout);
    }
    run.plan.subject = None;
    let context = run.context();
    context.logged_out = true;
    context.passage.signed_in = None;
    if context.pending.as_ref().is_some_and(|p| p.standing == Standing::Session) {
        context.pending = None;
    }
    Entered::Pass
}
