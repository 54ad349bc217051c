//! `/lockgate/`: the configuration as a folder of text. What a folder would do, putting it into force, the
//! revisions, and the way back to one.

use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    openapi::{
        components::{Components, form},
        operation::{Operation, Paths, parameter},
    },
    paging::{self, Listed},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use http::{Method, StatusCode};
use lockgate_flows::{
    Diagnostic, Folder,
    plan::{ObjectChange, PlanReport},
};
use lockgate_identity::{
    Identity,
    config::{Applied, Note, Refusal, Texts, told},
};
use lockgate_model::schema::KindSchema;
use lockgate_policies::Action;
use lockgate_store::Revision;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{path::PathBuf, sync::LazyLock};

/// Name of the kind in policies.
pub(crate) const KIND: &str = "revision";
const TAG: &str = "lockgate";

/// A file of a folder.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct FolderFile {
    /// Path in the folder, with `/` between parts.
    path: String,
    /// Its content.
    text: String,
}

/// A folder, and who applies it.
#[derive(Debug, Deserialize, JsonSchema)]
struct FolderRequest {
    /// Its files; what is not of the language is left out.
    #[schemars(length(max = 4_000))]
    files: Vec<FolderFile>,
    /// Who wrote it; the caller unless given.
    #[serde(default)]
    #[schemars(length(max = 255))]
    author: String,
    /// Why it is applied.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    message: String,
    /// The commit that the folder is at.
    #[serde(default)]
    #[schemars(length(max = 64))]
    git_commit: String,
    /// Whether it holds more than that commit.
    #[serde(default)]
    git_dirty: bool,
    /// The revision that it was planned against; another one in force is a conflict.
    #[serde(default)]
    expect_revision: Option<i64>,
}

/// Why somebody returns to a revision.
#[derive(Debug, Deserialize, JsonSchema)]
struct RollbackRequest {
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 900))]
    message: String,
}

/// What became of a folder or of a way back.
#[derive(Debug, Serialize, JsonSchema)]
struct AppliedRevision {
    /// The revision in force.
    revision: i64,
    /// Whether it is a new one; if not, everything was as it should be.
    is_new: bool,
    /// What was changed; of access a plan tells.
    report: PlanReport,
}

impl From<Applied> for AppliedRevision {
    fn from(applied: Applied) -> Self {
        Self { revision: applied.revision, is_new: applied.is_new, report: applied.report }
    }
}

/// A revision of the configuration.
#[derive(Debug, Serialize, JsonSchema)]
struct ConfigRevision {
    /// Its number; later ones are larger.
    number: i64,
    /// When it was made.
    created: DateTime<Utc>,
    /// Who made it.
    author: String,
    /// Where it came from: `start`, `folder`, `api`, `apply` or `rollback`.
    origin: String,
    /// One line on it.
    summary: String,
    /// The commit that the folder was at.
    git_commit: Option<String>,
    /// Whether the folder held more than that commit.
    git_dirty: bool,
    /// Whether what it changed is still known.
    kept: bool,
    /// What it changed; null in lists, and where it is not known any more.
    objects: Option<Vec<ObjectChange>>,
}

impl ConfigRevision {
    fn of(revision: Revision, objects: Option<Vec<ObjectChange>>) -> Self {
        let Revision { number, meta, kept } = revision;
        Self {
            number,
            created: meta.at,
            author: meta.author,
            origin: meta.origin.as_str().to_owned(),
            summary: meta.summary,
            git_commit: meta.git_commit,
            git_dirty: meta.git_dirty,
            kept,
            objects,
        }
    }
}

/// What is in force after the folder was read again.
#[derive(Debug, Serialize, JsonSchema)]
struct Reloaded {
    /// The revision in force.
    revision: i64,
    /// Why the folder is not; null when it is.
    error: Option<String>,
    /// Whether the folder is held back because somebody rolled back from it.
    held: bool,
    /// The commit that was pulled and is in force; null where nothing is pulled from git.
    commit: Option<String>,
    /// When a pull came to a good end last.
    pulled: Option<DateTime<Utc>>,
}

static FOLDER_FORM: LazyLock<KindSchema> = LazyLock::new(form::<FolderRequest>);
static ROLLBACK_FORM: LazyLock<KindSchema> = LazyLock::new(form::<RollbackRequest>);

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    Router::new()
        .route("/lockgate/plan/", post(plan))
        .route("/lockgate/apply/", post(apply))
        .route("/lockgate/reload/", post(reload))
        .route("/lockgate/revisions/", get(list))
        .route("/lockgate/revisions/{number}/", get(retrieve))
        .route("/lockgate/revisions/{number}/rollback/", post(rollback))
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let folder = components.request::<FolderRequest>();
    let applied = components.reply::<AppliedRevision>();
    let number = || parameter("path", "number", json!({"type": "integer"}), "Number of the revision.");
    let operation = |method, path: &str, id: &str| Operation::new(method, path, id, TAG);
    paths.add(
        operation(Method::POST, "/lockgate/plan/", "lockgate_plan_create")
            .says("Tells what a folder would do to the configuration in force, and who would gain or lose what. Changes nothing.")
            .body(folder.clone(), true)
            .answers(200, "What it would do.", components.reply::<PlanReport>())
            .may_conflict(),
    );
    paths.add(
        operation(Method::POST, "/lockgate/apply/", "lockgate_apply_create")
            .says("Puts a folder into force, all of it or nothing.")
            .body(folder, true)
            .answers(200, "It is in force.", applied.clone())
            .may_conflict(),
    );
    paths.add(
        operation(Method::POST, "/lockgate/reload/", "lockgate_reload_create")
            .says("Reads the configured folder again, or pulls, and tells what is in force.")
            .answers(200, "What is in force.", components.reply::<Reloaded>()),
    );
    let revision = components.reply::<ConfigRevision>();
    let page = components.page_of("ConfigRevision");
    let mut listing = operation(Method::GET, "/lockgate/revisions/", "lockgate_revisions_list")
        .says("Lists the revisions of the configuration, newest first.");
    for name in ["QueryPaginationPage", "QueryPaginationPageSize"] {
        listing = listing.shared_query(name);
    }
    paths.add(listing.answers(200, "One page.", page));
    paths.add(
        operation(Method::GET, "/lockgate/revisions/{number}/", "lockgate_revisions_retrieve")
            .path(number())
            .says("Shows a revision, with what it changed.")
            .answers(200, "The revision.", revision),
    );
    paths.add(
        operation(Method::POST, "/lockgate/revisions/{number}/rollback/", "lockgate_revisions_rollback_create")
            .path(number())
            .says("Returns to the configuration of a revision, by a new one.")
            .body(components.request::<RollbackRequest>(), false)
            .answers(200, "It is in force.", applied)
            .may_conflict(),
    );
}

/// What refuses a folder. One that is not sound is told as a check tells it, for people and for programs.
pub(crate) fn refused(refusal: Refusal) -> Result<Response, ApiError> {
    match refusal {
        Refusal::Unsound(diagnostics) => Ok(unsound(&diagnostics)),
        Refusal::StillGuards(_) | Refusal::Outdated { .. } | Refusal::NoReturn(_) => {
            Err(ApiError::Conflict(refusal.to_string()))
        }
        Refusal::Config(lockgate_identity::config::ConfigError::Store(error)) => Err(error.into()),
        Refusal::Config(error) => {
            tracing::error!(%error, "a folder could not be weighed");
            Err(ApiError::Internal)
        }
    }
}

fn unsound(diagnostics: &[Diagnostic]) -> Response {
    let lines: Vec<String> = diagnostics.iter().map(|d| format!("{}: {}", d.span, d.message)).collect();
    let text = lockgate_flows::render(diagnostics);
    let body = json!({"non_field_errors": lines, "diagnostics": diagnostics, "text": text});
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

/// The folder of a request. Relative paths of secrets start where those of the configured folder do.
pub(crate) fn texts(identity: &Identity, files: Vec<FolderFile>) -> Texts {
    let folder = Folder::received(files.into_iter().map(|file| (file.path, file.text)));
    let root = identity.config.folder().map_or_else(PathBuf::new, std::path::Path::to_path_buf);
    Texts { folder, root, received: true }
}

async fn plan(State(identity): State<Identity>, caller: Caller, body: Body) -> Result<Response, ApiError> {
    // Its text runs here, and may name this machine's secrets: reading alone does not suffice.
    caller.require(&identity, &identity.config.snapshot(), Action::Test, KIND)?;
    let asked: FolderRequest = body.read(&FOLDER_FORM, false)?;
    match identity.config.plan_folder(&texts(&identity, asked.files)).await {
        Ok(report) => Ok(Json(report).into_response()),
        Err(refusal) => refused(refusal),
    }
}

async fn apply(State(identity): State<Identity>, caller: Caller, body: Body) -> Result<Response, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Create, KIND)?;
    let asked: FolderRequest = body.read(&FOLDER_FORM, false)?;
    let own = || caller.user().username.clone();
    let note = Note {
        author: if asked.author.is_empty() { own() } else { asked.author },
        message: asked.message,
        git_commit: Some(asked.git_commit).filter(|commit| !commit.is_empty()),
        git_dirty: asked.git_dirty,
    };
    let texts = texts(&identity, asked.files);
    match identity.config.apply_folder(&texts, &note, asked.expect_revision, caller.user()).await {
        Ok(applied) => Ok(settled(&identity, applied).await),
        Err(refusal) => refused(refusal),
    }
}

/// Groups may have changed with it, which has to count from the next request.
async fn settled(identity: &Identity, applied: Applied) -> Response {
    identity.feed.settle().await;
    Json(AppliedRevision::from(applied)).into_response()
}

async fn reload(State(identity): State<Identity>, caller: Caller) -> Result<Json<Reloaded>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Update, KIND)?;
    let health = identity.config.reload_for(caller.user()).await;
    identity.feed.settle().await;
    let (commit, pulled) = health.pull.map(|pull| (pull.commit, pull.pulled)).unwrap_or_default();
    Ok(Json(Reloaded { revision: health.revision, error: health.error, held: health.held, commit, pulled }))
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, KIND)?;
    let page = paging::wanted(&query)?;
    let (revisions, total) = identity.store.documents().revision_page(page).await?;
    let shown = revisions.into_iter().map(|revision| json!(ConfigRevision::of(revision, None)));
    Listed::new(page, total, shown.collect())
}

fn number(text: &str) -> Result<i64, ApiError> {
    text.parse().map_err(|_| ApiError::no_such("Revision"))
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<ConfigRevision>, ApiError> {
    caller.require_one(&identity, &identity.config.snapshot(), Action::Read, KIND, "Revision")?;
    let found = told(&identity.store, number(&key)?).await?;
    let found = found.ok_or_else(|| ApiError::no_such("Revision"))?;
    Ok(Json(ConfigRevision::of(found.revision, found.objects)))
}

async fn rollback(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    caller.require_one(&identity, &identity.config.snapshot(), Action::Create, KIND, "Revision")?;
    let asked: RollbackRequest = body.read(&ROLLBACK_FORM, false)?;
    let number = number(&key)?;
    if identity.store.documents().revision(number).await?.is_none() {
        return Err(ApiError::no_such("Revision"));
    }
    let author = caller.user().username.clone();
    let note = Note { author, message: asked.message, ..Note::default() };
    match identity.config.roll_back(number, &note, caller.user()).await {
        Ok(applied) => Ok(settled(&identity, applied).await),
        Err(refusal) => refused(refusal),
    }
}
