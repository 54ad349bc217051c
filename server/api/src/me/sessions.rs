//! `/lockgate/me/sessions/end_others/`: signs the caller out everywhere else.

use crate::{
    caller::Caller,
    decisions::TAG,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths},
    },
    people::sessions,
};
use axum::{Json, Router, extract::State, routing::post};
use http::Method;
use lockgate_identity::Identity;
use schemars::JsonSchema;
use serde::Serialize;

/// What was ended.
#[derive(Debug, Serialize, JsonSchema)]
struct EndedSessions {
    /// How many sessions.
    ended: u64,
}

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new().route("/lockgate/me/sessions/end_others/", post(end_others))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let id = "lockgate_me_sessions_end_others_create";
    let operation = Operation::new(Method::POST, "/lockgate/me/sessions/end_others/", id, TAG)
        .says("Ends the caller's sessions, but for the one that asks, with the sign-ins that derive from them.");
    paths.add(operation.answers(200, "How many were ended.", components.reply::<EndedSessions>()));
}

async fn end_others(State(identity): State<Identity>, caller: Caller) -> Result<Json<EndedSessions>, ApiError> {
    let keep = caller.session.as_ref().map(|session| &***session);
    let ended = identity.sessions.end_of_users(&[caller.user().pk], keep).await?;
    identity.feed.settle().await;
    sessions::note_ended(&identity, &caller, None, &[caller.user().pk], ended);
    Ok(Json(EndedSessions { ended }))
}
