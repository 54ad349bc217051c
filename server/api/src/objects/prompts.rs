//! A prompt before it is kept: how it would look.

use super::face;
use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    openapi::{
        components::{Components, reference},
        operation::{Operation, Paths},
    },
};
use axum::{Json, Router, extract::State, routing::post};
use http::Method;
use lockgate_engine::Challenge;
use lockgate_identity::{Identity, runner::PreviewError};
use lockgate_model::{kind::by_name, kinds::Prompt};
use lockgate_policies::Action;

const PATH: &str = "/stages/prompt/prompts/preview/";

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new().route(PATH, post(preview))
}

/// Operations beside those of every kind.
pub(crate) fn describe(_: &mut Components, paths: &mut Paths) {
    paths.add(
        Operation::new(Method::POST, PATH, "stages_prompt_prompts_preview_create", "stages")
            .says("Shows how a prompt would look to the caller. Nothing is kept.")
            .body(reference("PromptRequest"), true)
            .answers(200, "The challenge.", reference("PromptChallenge")),
    );
}

async fn preview(State(identity): State<Identity>, caller: Caller, body: Body) -> Result<Json<Challenge>, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_some(&identity, &snapshot, Action::Create, "prompt")?;
    let kind = by_name("prompt").ok_or(ApiError::Internal)?;
    let written = face::accept(kind, &snapshot.objects, &body.0, None, true)?;
    let prompt = kind.parse(&written)?;
    let prompt = prompt.as_any().downcast_ref::<Prompt>().cloned().ok_or(ApiError::Internal)?;
    let shown = Box::pin(identity.flows().preview(&snapshot, prompt, caller.principal(), &caller.client)).await;
    shown.map(Json).map_err(|error| match error {
        PreviewError::Expression { field, message } => ApiError::field(field, "invalid", message),
        PreviewError::Failed(error) => {
            tracing::error!(%error, "a prompt could not be shown");
            ApiError::Internal
        }
    })
}
