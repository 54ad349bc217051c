//! What can be told of a configuration that is written correctly, before anybody runs into it: an error is
//! what cannot work or lets somebody in who should not be, a warning what is hardly meant so.
//!
//! One file a question. A lint looks at normalised objects and says nothing about a document in which
//! something else is wrong; what it cannot know (people, objects of the API) counts as if it were fine.

mod addresses;
mod admission;
mod allow;
mod clients;
mod durations;
mod foreign;
mod groups;
mod hosts;
mod later;
mod loops;
mod nobody;
mod over;
mod proof;
mod purposes;
mod questions;
mod thresholds;
mod unreachable;
mod verifying;
mod view;
mod writes;

pub(crate) use allow::silence;
pub(crate) use foreign::matches_elsewhere;

use crate::{diagnostics::Diagnostic, language::Loaded, lookup::Lookups, span::Span};
use view::View;

/// One question.
type Lint = fn(&View<'_>, &mut Vec<Diagnostic>);

const LINTS: [Lint; 17] = [
    addresses::check,
    admission::check,
    clients::check,
    durations::check,
    groups::check,
    hosts::check,
    later::check,
    loops::check,
    nobody::check,
    over::check,
    proof::check,
    purposes::check,
    questions::check,
    thresholds::check,
    unreachable::check,
    verifying::check,
    writes::check,
];

/// Asks every question. `wrong` are the places of errors that were found before, `documents` those of
/// whole documents.
pub(crate) fn lint(loaded: &Loaded, lookups: &Lookups<'_>, wrong: &[Span], documents: &[Span]) -> Vec<Diagnostic> {
    let view = View::new(loaded, (lookups.builtin, lookups.now), wrong, documents);
    let mut found = Vec::new();
    LINTS.iter().for_each(|lint| lint(&view, &mut found));
    found
}
