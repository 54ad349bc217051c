//! `lockgate plan`, `apply`, `revisions`, `rollback` and `replay`: on the database, or on a running server that
//! `--server` names. Both ways give the same reports and exit codes.

mod git;
mod local;
mod remote;
mod replay;
mod show;
mod simulate;

pub(crate) use replay::replay;
pub(crate) use simulate::simulate;

use crate::{
    cli::{Format, PlanFormat, Remote},
    settings::Settings,
};
use chrono::{DateTime, Utc};
use lockgate_flows::{
    Diagnostic, Folder,
    plan::{ObjectChange, PlanReport},
};
use lockgate_identity::config::{Note, Refusal, Texts};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

/// What a plan that finds changes exits with.
const CHANGES: u8 = 2;

/// Why a command has no answer.
enum Failure {
    /// The folder is not sound: told as a check tells it.
    Unsound {
        /// For people.
        text: String,
        /// For programs.
        diagnostics: Value,
    },
    /// Anything else, in a sentence.
    Other(String),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unsound(diagnostics) => Self::unsound(&diagnostics),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::Other(text)
    }
}

impl Failure {
    fn unsound(diagnostics: &[Diagnostic]) -> Self {
        Self::Unsound { text: lockgate_flows::render(diagnostics), diagnostics: serde_json::json!(diagnostics) }
    }

    /// Tells it, and with which code to exit.
    fn told(self, as_json: bool) -> Result<ExitCode, String> {
        match self {
            Self::Unsound { diagnostics, .. } if as_json => println!("{diagnostics:#}"),
            Self::Unsound { text, .. } => eprintln!("{text}"),
            Self::Other(text) => return Err(text),
        }
        Ok(ExitCode::FAILURE)
    }
}

/// What became of an apply or a rollback.
#[derive(Serialize, Deserialize)]
struct AppliedRevision {
    revision: i64,
    is_new: bool,
    report: PlanReport,
}

/// A revision, as it is listed and shown.
#[derive(Serialize, Deserialize)]
struct RevisionView {
    number: i64,
    created: DateTime<Utc>,
    author: String,
    origin: String,
    summary: String,
    git_commit: Option<String>,
    git_dirty: bool,
    kept: bool,
    objects: Option<Vec<ObjectChange>>,
}

/// Where a command looks.
pub(crate) struct Place<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) remote: Remote,
}

/// How a folder is applied.
pub(crate) struct Applying {
    pub(crate) author: Option<String>,
    pub(crate) message: String,
    pub(crate) expect_revision: Option<i64>,
}

/// `plan`.
pub(crate) async fn plan(place: &Place<'_>, dir: Option<PathBuf>, format: PlanFormat) -> Result<ExitCode, String> {
    let made = match folder(place, dir).await {
        Ok(texts) if place.remote.server.is_some() => remote::plan(place, &texts).await,
        Ok(texts) => local::plan(place, texts).await,
        Err(failure) => Err(failure),
    };
    let report = match made {
        Ok(report) => report,
        Err(failure) => return failure.told(format == PlanFormat::Json),
    };
    match format {
        PlanFormat::Text => print!("{}", lockgate_flows::plan::text(&report)),
        PlanFormat::Markdown => print!("{}", lockgate_flows::plan::markdown(&report)),
        PlanFormat::Json => println!("{:#}", serde_json::json!(report)),
    }
    Ok(if report.has_changes() { ExitCode::from(CHANGES) } else { ExitCode::SUCCESS })
}

/// `apply`.
pub(crate) async fn apply(
    place: &Place<'_>,
    dir: Option<PathBuf>,
    applying: Applying,
    format: Format,
) -> Result<ExitCode, String> {
    let made = match found(place, dir).await {
        Ok((texts, head)) => {
            let note = note(place, head, &applying);
            if place.remote.server.is_some() {
                remote::apply(place, &texts, &note, applying.expect_revision).await
            } else {
                local::apply(place, &texts, &note, applying.expect_revision).await
            }
        }
        Err(failure) => Err(failure),
    };
    applied(made, format)
}

/// `rollback`.
pub(crate) async fn rollback(
    place: &Place<'_>,
    number: i64,
    applying: Applying,
    format: Format,
) -> Result<ExitCode, String> {
    let author = applying.author.unwrap_or_else(|| os_user(place));
    let note = Note { author, message: applying.message, ..Note::default() };
    let made = if place.remote.server.is_some() {
        remote::rollback(place, number, &note).await
    } else {
        local::rollback(place, number, &note).await
    };
    applied(made, format)
}

fn applied(made: Result<AppliedRevision, Failure>, format: Format) -> Result<ExitCode, String> {
    match made {
        Ok(applied) if format == Format::Json => println!("{:#}", serde_json::json!(applied)),
        Ok(applied) if applied.is_new => {
            print!("{}", lockgate_flows::plan::text(&applied.report));
            println!("\nRevision {} is in force.", applied.revision);
        }
        Ok(applied) => println!("Nothing to do: revision {} is in force.", applied.revision),
        Err(failure) => return failure.told(format == Format::Json),
    }
    Ok(ExitCode::SUCCESS)
}

/// `revisions`.
pub(crate) async fn revisions(place: &Place<'_>, number: Option<i64>, format: Format) -> Result<ExitCode, String> {
    let is_remote = place.remote.server.is_some();
    let told = match number {
        Some(number) if is_remote => remote::revision(place, number).await.map(|one| vec![one]),
        Some(number) => local::revision(place, number).await.map(|one| vec![one]),
        None if is_remote => remote::revisions(place).await,
        None => local::revisions(place).await,
    };
    match (told, number) {
        (Ok(revisions), None) if format == Format::Json => println!("{:#}", serde_json::json!(revisions)),
        (Ok(revisions), None) => print!("{}", show::list(&revisions)),
        (Ok(mut revisions), Some(_)) => match revisions.pop() {
            Some(revision) if format == Format::Json => println!("{:#}", serde_json::json!(revision)),
            Some(revision) => print!("{}", show::one(&revision)),
            None => return Err("there is no such revision".to_owned()),
        },
        (Err(failure), _) => return failure.told(format == Format::Json),
    }
    Ok(ExitCode::SUCCESS)
}

/// The texts of the folder that is meant.
async fn folder(place: &Place<'_>, dir: Option<PathBuf>) -> Result<Texts, Failure> {
    found(place, dir).await.map(|(texts, _)| texts)
}

/// The texts of the folder that is meant, and what git knows of it. Where the server pulls, and no folder is named,
/// they are those of the commit that it would pull now.
async fn found(place: &Place<'_>, dir: Option<PathBuf>) -> Result<(Texts, Option<git::Head>), Failure> {
    let (texts, head) = match (dir, place.settings.upstream(&place.environment)?) {
        (None, Some(upstream)) => git::upstream(upstream).await?,
        (dir, _) => {
            let dir = dir.or_else(|| place.settings.config_dir()).unwrap_or_else(|| PathBuf::from("./config"));
            if !dir.is_dir() {
                return Err(Failure::Other(format!("{}: there is no such folder", dir.display())));
            }
            let head = git::head(&dir).await;
            (Texts { folder: Folder::read(&dir), root: dir, received: false }, head)
        }
    };
    if !texts.folder.diagnostics.is_empty() {
        return Err(Failure::unsound(&texts.folder.diagnostics));
    }
    Ok((texts, head))
}

fn note(place: &Place<'_>, head: Option<git::Head>, applying: &Applying) -> Note {
    let author = applying.author.clone().or_else(|| head.as_ref().map(|head| head.author.clone()));
    Note {
        author: author.filter(|author| !author.is_empty()).unwrap_or_else(|| os_user(place)),
        message: applying.message.clone(),
        git_dirty: head.as_ref().is_some_and(|head| head.is_dirty),
        git_commit: head.map(|head| head.commit),
    }
}

fn os_user(place: &Place<'_>) -> String {
    let named = ["USER", "LOGNAME"].iter().find_map(|name| place.environment.get(*name));
    named.cloned().unwrap_or_else(|| "lockgate".to_owned())
}
