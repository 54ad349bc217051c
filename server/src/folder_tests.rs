//! `lockgate test`: runs the tests of a configuration folder, and tells what came of them.

use crate::{
    cli::TestFormat,
    commands::{Environment, folder_of, notes_of_stand_ins, stand_ins},
    junit,
    settings::Settings,
};
use chrono::{DateTime, Utc};
use lockgate_engine::ports::Clock;
use lockgate_identity::{
    config::{OfflineFolder, compile_folder},
    folder_tests::{Case, Coverage, Outcome, Report, Run},
    system::SystemClock,
};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

/// Seconds since 1970 of the moment at which tests happen that do not say when: noon of a Wednesday, the 7th
/// of January 2026, in UTC. The same in every run, so that no test fails at a weekend alone.
const USUAL_MOMENT: i64 = 1_767_787_200;

/// What is asked for.
pub(crate) struct Wanted {
    pub(crate) dir: Option<PathBuf>,
    pub(crate) format: TestFormat,
    pub(crate) filter: Option<String>,
    pub(crate) coverage: bool,
    pub(crate) require_coverage: Option<u8>,
    pub(crate) at: Option<DateTime<Utc>>,
}

/// Runs the tests, prints the report, and answers whether folder and tests are sound.
///
/// # Errors
/// A sentence for the operator.
pub(crate) async fn test(settings: &Settings, wanted: Wanted, environment: &Environment) -> Result<bool, String> {
    let began = Instant::now();
    let folder = folder_of(settings, wanted.dir.clone())?;
    let secrets = stand_ins(&folder, environment)?;
    let compiled = compile_folder(&folder, &secrets, SystemClock.now());
    let Some(snapshot) = &compiled.snapshot else {
        tell_unsound(&compiled, &folder, wanted.format)?;
        return Ok(false);
    };
    let now = wanted.at.or_else(|| DateTime::from_timestamp(USUAL_MOMENT, 0)).unwrap_or_else(|| SystemClock.now());
    let run = Run { folder: &compiled, snapshot, now, filter: wanted.filter.as_deref() };
    let report = Box::pin(run.run()).await;
    let told = Told { report: &report, folder: &folder, stand_ins: secrets.missing(), wanted: &wanted, began };
    match wanted.format {
        TestFormat::Text => print!("{}", told.as_text()),
        TestFormat::Json => println!("{:#}", told.as_json()),
        TestFormat::Junit => println!("{}", junit::report(&report, &folder, began.elapsed())?),
    }
    let complaints = told.complaints(compiled.checked.loaded.tests.is_empty());
    complaints.iter().for_each(|complaint| eprintln!("lockgate: {complaint}"));
    Ok(report.passed() && complaints.is_empty())
}

/// A folder that is not sound has no tests that could be run.
fn tell_unsound(compiled: &OfflineFolder, folder: &Path, format: TestFormat) -> Result<(), String> {
    let diagnostics = &compiled.checked.diagnostics;
    let text = lockgate_flows::render(diagnostics);
    match format {
        TestFormat::Text => eprintln!("{text}\nThe folder is not sound, so no test was run."),
        TestFormat::Json => println!("{:#}", json!({"sound": false, "diagnostics": diagnostics})),
        TestFormat::Junit => println!("{}", junit::unsound(&text, folder)?),
    }
    Ok(())
}

/// A report with what is to be told of it.
struct Told<'a> {
    report: &'a Report,
    folder: &'a Path,
    stand_ins: Vec<String>,
    wanted: &'a Wanted,
    began: Instant,
}

impl Told<'_> {
    /// What is wrong beside the tests themselves.
    fn complaints(&self, no_tests: bool) -> Vec<String> {
        let mut complaints = Vec::new();
        let filter = self.wanted.filter.as_ref().filter(|_| self.report.outcomes.is_empty() && !no_tests);
        complaints.extend(filter.map(|text| format!("no test has \"{text}\" in its name or its file's")));
        let percent = self.report.coverage.percent();
        let required = self.wanted.require_coverage.map(usize::from).filter(|required| percent < *required);
        complaints.extend(required.map(|required| format!("{percent} % is covered, and {required} % is required")));
        complaints
    }

    fn as_text(&self) -> String {
        let mut text = String::new();
        let outcomes = &self.report.outcomes;
        let width = outcomes.iter().map(|outcome| place(outcome).chars().count()).max().unwrap_or_default();
        // Writing to a String cannot fail.
        for outcome in outcomes {
            let word = if outcome.passed() { "passed" } else { "FAILED" };
            let _ = writeln!(text, "{word}  {:width$}  {}", place(outcome), outcome.name);
        }
        for case in outcomes.iter().flat_map(|outcome| &outcome.cases) {
            text.push_str(&failures(case));
        }
        if !outcomes.is_empty() {
            text.push('\n');
        }
        if self.wanted.coverage || self.wanted.require_coverage.is_some() {
            text.push_str(&coverage(&self.report.coverage));
            text.push('\n');
        }
        text.push_str(&notes_of_stand_ins(&self.stand_ins));
        text.push_str(&self.summary());
        text
    }

    fn summary(&self) -> String {
        let (cases, failed) = self.report.counts();
        if self.report.outcomes.is_empty() {
            return format!("{}: no tests were run. A document `test: NAME` is one.\n", self.folder.display());
        }
        let tests = counted(self.report.outcomes.len(), "test");
        let failed = if failed == 0 { "all passed".to_owned() } else { format!("{failed} failed") };
        format!("{tests}, {}: {failed}, in {} ms\n", counted(cases, "expectation"), self.began.elapsed().as_millis())
    }

    fn as_json(&self) -> Value {
        let (cases, failed) = self.report.counts();
        let outcome = |outcome: &Outcome| {
            json!({
                "name": outcome.name,
                "file": outcome.span.file,
                "line": outcome.span.line,
                "passed": outcome.passed(),
                "seconds": outcome.took.as_secs_f64(),
                "cases": outcome.cases,
            })
        };
        let (covered, all) = self.report.coverage.counts();
        json!({
            "sound": true,
            "passed": self.report.passed(),
            "expectations": cases,
            "failed": failed,
            "seconds": self.began.elapsed().as_secs_f64(),
            "stand_ins": self.stand_ins,
            "tests": self.report.outcomes.iter().map(outcome).collect::<Vec<_>>(),
            "coverage": {
                "percent": self.report.coverage.percent(),
                "covered": covered,
                "all": all,
                "items": self.report.coverage.items,
            },
        })
    }
}

fn place(outcome: &Outcome) -> String {
    format!("{}:{}", outcome.span.file, outcome.span.line)
}

fn counted(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

/// Why a part of a test fails, for people; nothing when it passes.
pub(crate) fn failures(case: &Case) -> String {
    if case.failures.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", case.what);
    for (number, failure) in case.failures.iter().enumerate() {
        if number > 0 {
            text.push('\n');
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  --> {}", failure.span);
        let _ = writeln!(text, "  expected: {}", failure.expected);
        let _ = writeln!(text, "  happened: {}", failure.happened);
        for (number, line) in failure.why.iter().enumerate() {
            let _ = writeln!(text, "  {:>9} {line}", if number == 0 { "why:" } else { "" });
        }
    }
    text
}

fn coverage(coverage: &Coverage) -> String {
    let (covered, all) = coverage.counts();
    let mut text = format!("Covered: {covered} of {all} ({} %).", coverage.percent());
    let missing: Vec<_> = coverage.items.iter().filter_map(|item| Some((item, item.lacks?))).collect();
    if !missing.is_empty() {
        text.push_str(" What no test shows:");
    }
    text.push('\n');
    let at = |file: &Option<String>, line: Option<u32>| match (file, line) {
        (Some(file), Some(line)) => format!("{file}:{line}"),
        _ => String::new(),
    };
    let width = missing.iter().map(|(item, _)| at(&item.file, item.line).chars().count()).max().unwrap_or_default();
    for (item, lacks) in missing {
        let place = at(&item.file, item.line);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {place:width$}  {:7}  {}: {lacks}", item.kind.as_str(), item.name);
    }
    text
}
