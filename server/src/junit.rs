//! The report of `lockgate test` as JUnit's XML, which build servers read.

use crate::folder_tests::failures;
use lockgate_identity::folder_tests::{Case, Outcome, Report};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::{path::Path, time::Duration};

/// The report: a suite for each test, a case for each expectation.
///
/// # Errors
/// When it cannot be written, which does not happen.
pub(crate) fn report(report: &Report, folder: &Path, took: Duration) -> Result<String, String> {
    let mut whole = quick_junit::Report::new("lockgate test");
    whole.set_time(took);
    whole.add_test_suites(report.outcomes.iter().map(|outcome| suite(outcome, folder)));
    whole.to_string().map_err(|e| e.to_string())
}

/// The report of a folder that is not sound.
///
/// # Errors
/// When it cannot be written, which does not happen.
pub(crate) fn unsound(why: &str, folder: &Path) -> Result<String, String> {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message("the folder is not sound, so no test was run").set_description(why);
    let mut suite = TestSuite::new(folder.to_string_lossy().into_owned());
    suite.add_test_case(TestCase::new("the folder is sound", status));
    let mut whole = quick_junit::Report::new("lockgate test");
    whole.add_test_suite(suite);
    whole.to_string().map_err(|e| e.to_string())
}

fn suite(outcome: &Outcome, folder: &Path) -> TestSuite {
    let mut suite = TestSuite::new(outcome.name.as_str());
    suite.set_time(outcome.took);
    suite.add_test_cases(outcome.cases.iter().map(|case| self::case(outcome, case, folder)));
    suite
}

fn case(outcome: &Outcome, case: &Case, folder: &Path) -> TestCase {
    let status = match case.failures.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(format!("expected: {}; happened: {}", first.expected, first.happened));
            status.set_description(failures(case));
            status
        }
    };
    let mut made = TestCase::new(case.what.as_str(), status);
    made.set_classname(outcome.name.as_str());
    let file = folder.join(&*case.span.file);
    made.extra.insert("file".into(), file.to_string_lossy().into_owned().into());
    made.extra.insert("line".into(), case.span.line.to_string().into());
    made
}
