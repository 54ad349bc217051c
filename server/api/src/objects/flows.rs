//! Flows beside their objects: a diagram, the text that declares one, a link to run one, and the cache that there is none of.

use super::{find, shapes::FlowDiagram, sight::Sight};
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths, parameter},
        shapes::{Cache, Link},
    },
};
use axum::{
    Json, Router,
    extract::{Path, State},
    response::IntoResponse,
    routing::{get, post},
};
use http::{Method, StatusCode, header};
use lockgate_flows::{PeopleNames, diagram, export_flow, people_of_flow};
use lockgate_identity::{Identity, config::Snapshot, names};
use lockgate_model::{
    KindDef, Problems,
    kind::{KINDS, by_name},
};
use lockgate_policies::{Action, Resource, describe_denial};
use serde_json::json;

/// Name of the kind.
const KIND: &str = "flow";

/// What an exported flow holds beside itself and its stages.
const PARTS: &[&str] = &["flow_stage_binding", "policy_binding", "group", "user"];

/// Media type of exported flows (RFC 9512).
const YAML: &str = "application/yaml";

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new()
        .route("/flows/instances/cache_info/", get(cache_info))
        .route("/flows/instances/cache_clear/", post(cache_clear))
        .route("/flows/instances/{slug}/diagram/", get(draw))
        .route("/flows/instances/{slug}/execute/", get(execute))
        .route("/flows/instances/{slug}/export/", get(export))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let operation = |method: Method, tail: &str, id: &str| {
        Operation::new(method, &format!("/flows/instances/{tail}/"), format!("flows_instances_{id}"), "flows")
    };
    let slug = || parameter("path", "slug", json!({"type": "string"}), "Slug of the flow.");
    paths.add(
        operation(Method::GET, "cache_info", "cache_info_retrieve")
            .says("Tells how many plans are cached: none, flows are compiled with the configuration.")
            .answers(200, "How many.", components.reply::<Cache>()),
    );
    paths.add(
        operation(Method::POST, "cache_clear", "cache_clear_create")
            .says("Kept for clients: no plan is cached that could be stale.")
            .empty(204, "Nothing is cached."),
    );
    paths.add(
        operation(Method::GET, "{slug}/diagram", "diagram_retrieve").says("Draws the flow.").path(slug()).answers(
            200,
            "Mermaid text.",
            components.reply::<FlowDiagram>(),
        ),
    );
    paths.add(
        operation(Method::GET, "{slug}/execute", "execute_retrieve")
            .says("Answers the address where the caller can run the flow; 400 when it is not for them.")
            .path(slug())
            .answers(200, "The address.", components.reply::<Link>()),
    );
    paths.add(
        operation(Method::GET, "{slug}/export", "export_retrieve")
            .says("Writes the flow with its stages as a document for the configuration folder.")
            .path(slug())
            .answers_as(200, "YAML.", json!({YAML: {"schema": {"type": "string", "format": "binary"}}})),
    );
}

fn kind() -> Result<&'static KindDef, ApiError> {
    by_name(KIND).ok_or(ApiError::Internal)
}

async fn cache_info(State(identity): State<Identity>, caller: Caller) -> Result<Json<Cache>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, KIND)?;
    Ok(Json(Cache { count: 0 }))
}

async fn cache_clear(State(identity): State<Identity>, caller: Caller) -> Result<StatusCode, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::ClearCache, KIND)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn draw(
    State(identity): State<Identity>,
    caller: Caller,
    Path(slug): Path<String>,
) -> Result<Json<FlowDiagram>, ApiError> {
    let snapshot = identity.config.snapshot();
    let flow = find(&snapshot.objects, kind()?, &slug)?;
    Sight::of(&identity, &snapshot, &caller).require_on(Action::Read, flow)?;
    // Who may see a flow may not see people: groups and users stay without their names.
    let drawn = diagram(&snapshot.objects, &PeopleNames::default(), flow.document.id);
    let drawn = drawn.ok_or_else(|| ApiError::no_such("Flow"))?;
    Ok(Json(FlowDiagram { diagram: drawn.mermaid() }))
}

async fn execute(
    State(identity): State<Identity>,
    caller: Caller,
    Path(slug): Path<String>,
) -> Result<Json<Link>, ApiError> {
    let snapshot = identity.config.snapshot();
    let flow = find(&snapshot.objects, kind()?, &slug)?;
    Sight::of(&identity, &snapshot, &caller).require_on(Action::Execute, flow)?;
    applicable(&identity, &snapshot, &caller, &slug).await?;
    let base = identity.public_base(&snapshot).unwrap_or_else(|| caller.client.base());
    Ok(Json(Link { link: format!("{base}/if/flow/{slug}/") }))
}

async fn export(
    State(identity): State<Identity>,
    caller: Caller,
    Path(slug): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let snapshot = identity.config.snapshot();
    let flow = find(&snapshot.objects, kind()?, &slug)?;
    Sight::of(&identity, &snapshot, &caller).require_on(Action::Export, flow)?;
    // The text shows the stages' settings, sources of conditions and people's names as well.
    let stages = KINDS.iter().filter(|k| k.meta.family.is_within()).map(|k| k.meta.kind);
    for kind in PARTS.iter().copied().chain(stages) {
        caller.require(&identity, &snapshot, Action::Read, kind)?;
    }
    let people = names::of(&identity.store, people_of_flow(&snapshot.objects, flow.document.id)).await?;
    let text = export_flow(&snapshot.objects, &people, flow.document.id).ok_or_else(|| ApiError::no_such("Flow"))?;
    let disposition = format!("attachment; filename=\"{}.yaml\"", flow.document.name);
    Ok(([(header::CONTENT_TYPE, YAML.to_owned()), (header::CONTENT_DISPOSITION, disposition)], text))
}

async fn applicable(identity: &Identity, snapshot: &Snapshot, caller: &Caller, slug: &str) -> Result<(), ApiError> {
    let facts = caller.facts(identity.clock.now());
    let access = &identity.access;
    let decision = access.decide(snapshot, Some(&caller.entry), Action::Run, Resource::Flow(slug), &facts).await;
    if decision.allow {
        return Ok(());
    }
    let mut problems = Problems::one("", "invalid", "The flow is not applicable to you.");
    describe_denial(&decision).into_iter().for_each(|text| problems.add("", "invalid", text));
    Err(problems.into())
}
