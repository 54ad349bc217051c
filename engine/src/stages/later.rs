//! Refuses where a step stands that this version cannot run: without it, the flow would be weaker than it was
//! written.

use crate::run::{End, Entered, Run};

pub(super) fn enter(run: &Run<'_>, name: &str, word: &str) -> Entered {
    let flow = run.flow.flow.slug.as_str();
    tracing::warn!(flow, stage = name, word, "this version cannot run a stage: the flow denies");
    Entered::End(End::Denied(format!("The step \"{name}\" ({word}) cannot be run by this version of Lockgate.")))
}
