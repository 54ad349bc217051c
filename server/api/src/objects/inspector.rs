//! `/flows/inspector/{slug}/`: where the plan in the caller's own browser session stands. A token says
//! who asks as well as the session does; the plan is always that of the session's cookie.

use super::{find, sight::Sight, view};
use crate::{
    caller::{Caller, Visitor},
    error::ApiError,
    openapi::{
        components::{Components, reference},
        operation::{Operation, Paths, json_of, parameter},
        shapes::GenericError,
    },
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::Method;
use lockgate_identity::{Identity, config::Snapshot, runner::Inspection};
use lockgate_model::kind::by_name;
use lockgate_policies::Action;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Kind of the object that the permission is about.
const KIND: &str = "flow";

/// Kind of what plans are made of.
const BINDING: &str = "flow_stage_binding";

/// Nothing runs that could be looked at.
const NO_PLAN: ApiError = ApiError::BadRequest("No plan of this flow runs in this session.");

/// A place in a flow.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct FlowInspectorPlan {
    /// The stage that is shown; null when nothing is left.
    #[schemars(schema_with = "maybe_binding")]
    current_stage: Value,
    /// The stage that is planned behind it; it may still be skipped. Null when there is none.
    #[schemars(schema_with = "maybe_binding")]
    next_planned_stage: Value,
    /// What the plan knows, under the names that expressions know.
    plan_context: Map<String, Value>,
    /// Hash of the session's identifier.
    session_id: String,
}

/// Where the plan in a session stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct FlowInspection {
    /// The places that are known: a session remembers the present one only.
    plans: Vec<FlowInspectorPlan>,
    /// The present place.
    current_plan: FlowInspectorPlan,
    /// Whether no stage is left.
    is_completed: bool,
}

fn maybe_binding(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({"anyOf": [reference("FlowStageBinding"), {"type": "null"}]})
}

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new().route("/flows/inspector/{flow_slug}/", get(inspect))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let slug = parameter("path", "flow_slug", json!({"type": "string"}), "Slug of the flow.");
    let (found, none) = (components.reply::<FlowInspection>(), components.reply::<GenericError>());
    paths.add(
        Operation::new(Method::GET, "/flows/inspector/{flow_slug}/", "flows_inspector_get", "flows")
            .says("Shows where the flow stands that runs in the caller's own browser session.")
            .path(slug)
            .answers(200, "The plan.", found)
            .answers_as(400, "No plan of this flow runs in the session.", json_of(none)),
    );
}

async fn inspect(
    State(identity): State<Identity>,
    caller: Caller,
    visitor: Visitor,
    Path(slug): Path<String>,
) -> Result<Json<FlowInspection>, ApiError> {
    let snapshot = identity.config.snapshot();
    let flow = find(&snapshot.objects, by_name(KIND).ok_or(ApiError::Internal)?, &slug)?;
    Sight::of(&identity, &snapshot, &caller).require_on(Action::Inspect, flow)?;
    let token = visitor.session_token.as_deref().ok_or(NO_PLAN)?;
    let inspection =
        identity.flows().inspect(token, &slug, caller.user().pk, caller.client.ip).await?.ok_or(NO_PLAN)?;
    Ok(Json(shown(&identity, &snapshot, &caller, inspection).await?))
}

async fn shown(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    inspection: Inspection,
) -> Result<FlowInspection, ApiError> {
    // A flow that was changed meanwhile begins anew with the next step; until then its rest is shown.
    let exists = |id: &Uuid| snapshot.objects.get(*id).filter(|o| o.kind.meta.kind == BINDING);
    let mut bindings = inspection.remaining.iter().filter_map(exists);
    let mut next = async || match bindings.next() {
        Some(binding) => view::one(identity, snapshot, caller, binding).await,
        None => Ok(Value::Null),
    };
    let plan = FlowInspectorPlan {
        current_stage: next().await?,
        next_planned_stage: next().await?,
        plan_context: inspection.context,
        session_id: inspection.session_id,
    };
    Ok(FlowInspection { is_completed: plan.current_stage.is_null(), plans: vec![plan.clone()], current_plan: plan })
}
