//! Runs the tests of a configuration folder: what is expected of access and claims is asked of the compiled
//! policies, and flows are gone through by the engine that serves them. There is no database and no server:
//! people live in memory, passwords are compared as they are written, and time stands still.
//!
//! Everything here is a function of values; what comes out is data for reports.

mod captchas;
pub(crate) mod coverage;
mod expectations;
mod factors;
mod invitations;
mod judge;
mod mail;
pub(crate) mod page;
mod passkeys;
mod phones;
mod report;
pub(crate) mod trail;
mod values;
mod walk;
pub(crate) mod walker;
pub(crate) mod world;

pub use coverage::{Coverage, Item, ItemKind};
pub use report::{Case, Failure, Outcome, Report};

use crate::config::{OfflineFolder, Snapshot};
use chrono::{DateTime, Utc};
use coverage::Touched;
use expectations::Asking;
use lockgate_flows::{PeopleNames, test_document::TestDocument};
use std::sync::Mutex;
use walk::Walk;
use world::World;

/// A folder whose tests are run.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The folder.
    pub folder: &'a OfflineFolder,
    /// What it compiles to.
    pub snapshot: &'a Snapshot,
    /// The moment at which everything happens whose test does not say when.
    pub now: DateTime<Utc>,
    /// Only tests whose name or file contains this, without regard to case.
    pub filter: Option<&'a str>,
}

impl Run<'_> {
    /// Runs the tests, in the order of the folder.
    pub async fn run(&self) -> Report {
        let touched = Mutex::new(Touched::default());
        let names = self.names();
        let mut outcomes = Vec::new();
        for test in self.folder.checked.loaded.tests.iter().filter(|test| self.is_wanted(test)) {
            outcomes.push(self.one(test, &names, &touched).await);
        }
        let touched = touched.into_inner().unwrap_or_default();
        Report { outcomes, coverage: coverage::measure(self.snapshot, &names, &touched) }
    }

    fn is_wanted(&self, test: &TestDocument) -> bool {
        let Some(filter) = self.filter.map(str::to_lowercase) else { return true };
        test.name.to_lowercase().contains(&filter) || test.span.file.to_lowercase().contains(&filter)
    }

    fn names(&self) -> PeopleNames {
        PeopleNames {
            groups: self.folder.groups.iter().map(|group| (group.id, group.name.clone())).collect(),
            users: self.folder.users.iter().map(|(name, pk)| (*pk, name.clone())).collect(),
        }
    }

    async fn one(&self, test: &TestDocument, names: &PeopleNames, touched: &Mutex<Touched>) -> Outcome {
        let stopwatch = self.snapshot.stopwatch();
        let began = stopwatch();
        let world = World::new(self, test, names, touched);
        let mut cases: Vec<Case> = Vec::new();
        for expectation in &test.expect {
            let failures = Asking { world: &world, expectation }.failures();
            cases.push(Case { what: expectation.text.clone(), span: expectation.span.clone(), failures });
        }
        if let Some(flow) = &test.flow {
            let failures = Box::pin(Walk::new(&world, flow).go()).await.err();
            let what = format!("the flow {}", flow.slug);
            cases.push(Case { what, span: flow.span.clone(), failures: failures.into_iter().collect() });
        }
        Outcome { name: test.name.clone(), span: test.span.clone(), cases, took: stopwatch().saturating_sub(began) }
    }
}
