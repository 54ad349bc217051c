//! `/lockgate/replay/`: the decisions that are kept, taken again under a folder or under what is in force.

use crate::{
    body::Body,
    caller::Caller,
    decisions,
    error::ApiError,
    openapi::{
        components::{Components, form},
        operation::{Operation, Paths},
    },
    revisions::{self, FolderFile, refused, texts},
};
use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use chrono::{DateTime, Utc};
use http::Method;
use lockgate_identity::{
    Identity,
    config::Snapshot,
    replay::{ReplayError, Replayed, usual_span},
};
use lockgate_model::{Validity, schema::KindSchema};
use lockgate_policies::Action;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::LazyLock;

/// What is taken again, and under what.
#[derive(Debug, Deserialize, JsonSchema)]
struct ReplayRequest {
    /// The files of the folder under which everything is decided; without any, what is in force counts. Files that
    /// are not of the language do not.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    files: Option<Vec<FolderFile>>,
    /// How far back, such as `7d` or `12h`.
    #[serde(default = "usual_span")]
    since: Validity,
}

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<ReplayRequest>);

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    Router::new().route("/lockgate/replay/", post(replay))
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    paths.add(
        Operation::new(Method::POST, "/lockgate/replay/", "lockgate_replay_create", decisions::TAG)
            .says("Takes the decisions that are kept again under a folder, and tells which would come out otherwise. Changes nothing.")
            .body(components.request::<ReplayRequest>(), false)
            .answers(200, "What came of it; at most 1,000 decisions are listed.", components.reply::<Replayed>())
            .may_conflict(),
    );
}

async fn replay(State(identity): State<Identity>, caller: Caller, body: Body) -> Result<Response, ApiError> {
    let snapshot = identity.config.snapshot();
    // Its text runs here, as that of a plan does; what comes of it tells of decisions.
    caller.require(&identity, &snapshot, Action::Test, revisions::KIND)?;
    caller.require(&identity, &snapshot, Action::Read, decisions::KIND)?;
    let asked: ReplayRequest = body.read(&FORM, false)?;
    let since = identity.clock.now() - asked.since.delta();
    let Some(files) = asked.files else { return told(&identity, &snapshot, since).await };
    match Box::pin(identity.config.compiled(&texts(&identity, files))).await {
        Ok(proposed) => told(&identity, &proposed.snapshot, since).await,
        Err(refusal) => refused(refusal),
    }
}

async fn told(identity: &Identity, snapshot: &Snapshot, since: DateTime<Utc>) -> Result<Response, ApiError> {
    match Box::pin(identity.replay(snapshot, since)).await {
        Ok(replayed) => Ok(Json(replayed).into_response()),
        Err(ReplayError::Busy { retry_after }) => Err(ApiError::Throttled(retry_after)),
        Err(ReplayError::Store(error)) => Err(error.into()),
    }
}
