//! Metrics of the gate. Looking a counter up by its labels costs more than counting, so each is looked up once.

use crate::gate::Answer;
use metrics::{Counter, counter};
use std::sync::LazyLock;

/// Outcomes in the order of [`place`].
const OUTCOMES: [&str; 8] = ["allowed", "open", "login", "denied", "refused", "unknown_host", "errand", "failed"];

static ANSWERS: LazyLock<[Counter; 8]> =
    LazyLock::new(|| OUTCOMES.map(|outcome| counter!("lockgate_forward_auth_answers_total", "outcome" => outcome)));

static DECISIONS: LazyLock<[Counter; 2]> =
    LazyLock::new(|| ["hit", "miss"].map(|found| counter!("lockgate_decision_cache_total", "found" => found)));

fn place(answer: &Answer) -> usize {
    match answer {
        Answer::Allow(_) => 0,
        Answer::Open => 1,
        Answer::Login(_) | Answer::Start(_) => 2,
        Answer::Denied(_) => 3,
        Answer::Refused(_) => 4,
        Answer::NoApp => 5,
        Answer::Callback(_) | Answer::SignOut(_) => 6,
    }
}

/// Counts an answer.
pub(crate) fn answered(answer: &Answer) {
    ANSWERS[place(answer)].increment(1);
}

/// Counts a question that could not be answered.
pub(crate) fn failed() {
    ANSWERS[OUTCOMES.len() - 1].increment(1);
}

/// Counts a decision that was remembered, or had to be taken.
pub(crate) fn decided(remembered: bool) {
    DECISIONS[usize::from(!remembered)].increment(1);
}

/// Makes all of them known at zero, so that rates can be told from the first one on.
pub(crate) fn known() {
    LazyLock::force(&ANSWERS).iter().chain(LazyLock::force(&DECISIONS).iter()).for_each(|counter| counter.increment(0));
}
