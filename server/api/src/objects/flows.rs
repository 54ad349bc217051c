//! Flows beside their objects: a diagram, the text that declares one, a link to run one, and the cache that there is none of.

use super::{find, reading::Reading, shapes::FlowDiagram};
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
use lockgate_flows::{PeopleNames, export_flow, people_of_flow};
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::{
    Family, KindDef, Object, Problems,
    kind::{KINDS, by_name},
};
use lockgate_policies::{Action, Facts, Resource, describe_denial};
use serde_json::json;
use std::fmt::Write as _;

/// Name of the kind.
const KIND: &str = "flow";

/// What an exported flow holds beside itself and its stages.
const PARTS: &[&str] = &["flow_stage_binding", "policy_binding", "expression_policy", "group", "user"];

/// Media type of exported flows (RFC 9512).
const YAML: &str = "application/yaml";

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new()
        .route("/flows/instances/cache_info/", get(cache_info))
        .route("/flows/instances/cache_clear/", post(cache_clear))
        .route("/flows/instances/{slug}/diagram/", get(diagram))
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
    caller.require(&identity, &identity.config.snapshot(), Action::View, KIND)?;
    Ok(Json(Cache { count: 0 }))
}

async fn cache_clear(State(identity): State<Identity>, caller: Caller) -> Result<StatusCode, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Change, KIND)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn diagram(
    State(identity): State<Identity>,
    caller: Caller,
    Path(slug): Path<String>,
) -> Result<Json<FlowDiagram>, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_on(&identity, &snapshot, Action::View, KIND, "Flow")?;
    let flow = find(&snapshot.objects, kind()?, &slug)?;
    let diagram = drawn(flow, &Reading::new(&snapshot, caller.principal()));
    Ok(Json(FlowDiagram { diagram }))
}

async fn execute(
    State(identity): State<Identity>,
    caller: Caller,
    Path(slug): Path<String>,
) -> Result<Json<Link>, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_on(&identity, &snapshot, Action::View, KIND, "Flow")?;
    find(&snapshot.objects, kind()?, &slug)?;
    applicable(&identity, &snapshot, &caller, &slug)?;
    let base = identity.public_base(&snapshot).unwrap_or_else(|| caller.client.base());
    Ok(Json(Link { link: format!("{base}/if/flow/{slug}/") }))
}

async fn export(
    State(identity): State<Identity>,
    caller: Caller,
    Path(slug): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_on(&identity, &snapshot, Action::View, KIND, "Flow")?;
    // The text shows the stages' settings, sources of conditions and people's names as well.
    let stages = KINDS.iter().filter(|k| k.meta.family == Family::Stage).map(|k| k.meta.kind);
    for kind in PARTS.iter().copied().chain(stages) {
        caller.require(&identity, &snapshot, Action::View, kind)?;
    }
    let flow = find(&snapshot.objects, kind()?, &slug)?;
    let named = people_of_flow(&snapshot.objects, flow.document.id);
    let groups = identity.store.groups().get_many(&Vec::from_iter(named.groups)).await?;
    let users = identity.store.users().get_many(&Vec::from_iter(named.users)).await?;
    let people = PeopleNames {
        groups: groups.into_iter().map(|g| (g.pk, g.name)).collect(),
        users: users.into_iter().map(|u| (u.pk, u.username)).collect(),
    };
    let text = export_flow(&snapshot.objects, &people, flow.document.id).ok_or_else(|| ApiError::no_such("Flow"))?;
    let disposition = format!("attachment; filename=\"{}.yaml\"", flow.document.name);
    Ok(([(header::CONTENT_TYPE, YAML.to_owned()), (header::CONTENT_DISPOSITION, disposition)], text))
}

fn applicable(identity: &Identity, snapshot: &Snapshot, caller: &Caller, slug: &str) -> Result<(), ApiError> {
    let facts = Facts { ip: Some(caller.client.ip), ..Facts::at(identity.clock.now()) };
    let decision = identity.access.decide(snapshot, Some(&caller.entry), Action::Run, Resource::Flow(slug), &facts);
    if decision.allow {
        return Ok(());
    }
    let mut problems = Problems::one("", "invalid", "The flow is not applicable to you.");
    describe_denial(&decision).into_iter().for_each(|text| problems.add("", "invalid", text));
    Err(problems.into())
}

/// The flow as a Mermaid flowchart: its policies, then each stage with the policies that may skip it.
fn drawn(flow: &Object, reading: &Reading<'_>) -> String {
    let mut text = String::from("flowchart TD\n");
    let mut line = |parts: std::fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    {parts}");
    };
    line(format_args!("start([\"{}\"])", label(&flow.document.name)));
    let mut before = "start".to_owned();
    let guard = policies(flow, reading);
    if !guard.is_empty() {
        line(format_args!("{before} --> guard{{{{\"{guard}\"}}}}"));
        line(format_args!("guard -- no --> denied([\"Denied\"])"));
        before = "guard".to_owned();
    }
    for (i, binding) in reading.referring(flow.document.id, "flow_stage_binding", "target").into_iter().enumerate() {
        let Some(stage) = reading.pointed(&binding.document.body["stage"]) else { continue };
        let node = format!("stage{i}");
        let name = format!("{}<br>{}", label(stage.kind.meta.verbose_name), label(&stage.document.name));
        let when = policies(binding, reading);
        if when.is_empty() {
            line(format_args!("{before} --> {node}[\"{name}\"]"));
        } else {
            line(format_args!("{before} --> when{i}{{{{\"{when}\"}}}}"));
            line(format_args!("when{i} -- yes --> {node}[\"{name}\"]"));
            line(format_args!("when{i} -- no --> after{i}(( ))"));
            line(format_args!("{node} --> after{i}"));
            before = format!("after{i}");
            continue;
        }
        before = node;
    }
    line(format_args!("{before} --> done([\"Done\"])"));
    text
}

fn policies(bound: &Object, reading: &Reading<'_>) -> String {
    let bindings = reading.referring(bound.document.id, "policy_binding", "target");
    let named = bindings.into_iter().filter(|b| b.document.body["enabled"] != false).map(|binding| {
        let body = &binding.document.body;
        let what = match (reading.pointed(&body["policy"]), body["group"].as_str(), body["user"].as_i64()) {
            (Some(policy), _, _) => label(&policy.document.name),
            (_, Some(_), _) => "group".to_owned(),
            (_, _, Some(user)) => format!("user {user}"),
            _ => "policy".to_owned(),
        };
        if body["negate"] == true { format!("not {what}") } else { what }
    });
    named.collect::<Vec<_>>().join("<br>")
}

/// A text inside a Mermaid label, where quotes and markup would end or change it.
fn label(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => safe.push_str("#quot;"),
            '<' => safe.push_str("#lt;"),
            '>' => safe.push_str("#gt;"),
            '#' => safe.push_str("#35;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}
