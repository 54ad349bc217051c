//! What came of the tests, as data.

use super::Coverage;
use lockgate_flows::Span;
use serde::Serialize;
use std::time::Duration;

/// What came of all tests.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What came of each.
    pub outcomes: Vec<Outcome>,
    /// What they touched.
    pub coverage: Coverage,
}

/// What came of one `test:` document.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// Its parts: one for each expectation, and one for the flow.
    pub cases: Vec<Case>,
    /// How long it took.
    pub took: Duration,
}

/// One part of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    /// What it is about, in words.
    pub what: String,
    /// Where it stands.
    #[serde(flatten)]
    pub span: Span,
    /// Why it fails; empty when it passes.
    pub failures: Vec<Failure>,
}

/// Something that is not as it was expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Where it was expected.
    #[serde(flatten)]
    pub span: Span,
    /// What was expected.
    pub expected: String,
    /// What happened instead.
    pub happened: String,
    /// Why, in lines.
    pub why: Vec<String>,
}

impl Outcome {
    /// Whether everything is as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.cases.iter().all(|case| case.failures.is_empty())
    }
}

impl Report {
    /// Whether everything is as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.outcomes.iter().all(Outcome::passed)
    }

    /// How many parts there are, and how many of them failed.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let cases = || self.outcomes.iter().flat_map(|outcome| &outcome.cases);
        (cases().count(), cases().filter(|case| !case.failures.is_empty()).count())
    }
}
