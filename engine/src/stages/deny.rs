//! Refuses.

use crate::run::{End, Entered, Run};
use lockgate_model::kinds::DenyStage;

pub(super) fn enter(run: &mut Run<'_>, stage: &DenyStage) -> Entered {
    let message = run.context().deny_message.clone().unwrap_or_else(|| stage.deny_message.clone());
    Entered::End(End::Denied(message))
}
