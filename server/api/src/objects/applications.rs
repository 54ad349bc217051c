//! Applications: listed as far as people may open them, and asked about with `check_access`.

use super::{
    face, filters, find, list,
    reading::Reading,
    shapes::{LogEvent, LogLevel, PolicyTestResult},
    sight::Sight,
};
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths, parameter},
    },
    paging::{self, Listed},
    people,
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::Method;
use lockgate_identity::{Identity, config::Snapshot, principals::PrincipalEntry};
use lockgate_model::{KindDef, Object, kind::by_name};
use lockgate_policies::{Action, Decision, Extent, Resource, describe_denial};
use serde_json::{Value, json};
use std::sync::Arc;

/// Name of the kind.
const KIND: &str = "application";

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new().route("/core/applications/{slug}/check_access/", get(check_access))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let slug = parameter("path", "slug", json!({"type": "string"}), "Slug of the application.");
    paths.add(
        Operation::new(
            Method::GET,
            "/core/applications/{slug}/check_access/",
            "core_applications_check_access_retrieve",
            "core",
        )
        .says("Tells whether the caller, or another user, may open the application, and why.")
        .path(slug)
        .query("for_user", json!({"type": "integer"}))
        .answers(200, "The decision.", components.reply::<PolicyTestResult>()),
    );
}

fn kind() -> Result<&'static KindDef, ApiError> {
    by_name(KIND).ok_or(ApiError::Internal)
}

/// Lists the applications that the caller (or `for_user`) may open; administrators see all with
/// `superuser_full_list`.
pub(crate) async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let snapshot = identity.config.snapshot();
    let page = paging::wanted(&query)?;
    let mut found = list::select(&snapshot.objects, kind()?, &query)?;
    let full = query.flag("superuser_full_list") == Some(true)
        && caller.extent(&identity, &snapshot, Action::Read, KIND) > Extent::None;
    if full {
        let sight = Sight::of(&identity, &snapshot, &caller);
        found.retain(|app| sight.has(app));
    } else {
        let who = subject(&identity, &snapshot, &caller, &query).await?;
        let mut open = Vec::with_capacity(found.len());
        for app in found {
            if decide(&identity, &snapshot, &caller, &who, &slug(app)).await.allow {
                open.push(app);
            }
        }
        found = open;
    }
    let reading = Reading::new(&snapshot, caller.principal());
    filters::keep(kind()?, &mut found, &reading, &query);
    Listed::cut(page, found, |object| face::show(object, &reading))
}

async fn check_access(
    State(identity): State<Identity>,
    caller: Caller,
    Path(slug): Path<String>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let snapshot = identity.config.snapshot();
    let app = find(&snapshot.objects, kind()?, &slug)?;
    let who = subject(&identity, &snapshot, &caller, &query).await?;
    let decision = decide(&identity, &snapshot, &caller, &who, &slug).await;
    let reasons = Sight::of(&identity, &snapshot, &caller).has(app);
    Ok(Json(json!(result(&decision, reasons))))
}

/// Whether the caller may open the application with this slug.
pub(crate) async fn may_open(identity: &Identity, snapshot: &Snapshot, caller: &Caller, slug: &str) -> bool {
    snapshot.app(slug).is_some() && decide(identity, snapshot, caller, &caller.entry, slug).await.allow
}

/// Whom a question is about: the caller, or the user that is named.
///
/// # Errors
/// As [`people::subject`].
pub(crate) async fn subject(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    query: &Query,
) -> Result<Arc<PrincipalEntry>, ApiError> {
    let Some(pk) = query.integer("for_user")? else { return Ok(Arc::clone(&caller.entry)) };
    if pk == caller.user().pk {
        return Ok(Arc::clone(&caller.entry));
    }
    people::subject(identity, snapshot, caller, "for_user", pk).await
}

async fn decide(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    who: &Arc<PrincipalEntry>,
    slug: &str,
) -> Decision {
    let facts = caller.facts(identity.clock.now());
    identity.access.decide(snapshot, Some(who), Action::Access, Resource::App(slug), &facts).await
}

fn slug(app: &Object) -> String {
    app.value.identifier()
}

/// A decision as the contract shows it; the record behind it for those who administer.
fn result(decision: &Decision, reasons: bool) -> PolicyTestResult {
    let record = || LogEvent {
        timestamp: decision.time,
        log_level: if decision.errors.is_empty() { LogLevel::Info } else { LogLevel::Error },
        logger: "lockgate.access".to_owned(),
        event: if decision.allow { "allowed" } else { "denied" }.to_owned(),
        attributes: serde_json::to_value(decision).ok().and_then(|v| v.as_object().cloned()).unwrap_or_default(),
    };
    PolicyTestResult {
        passing: decision.allow,
        messages: if decision.allow { decision.messages.clone() } else { describe_denial(decision) },
        log_messages: reasons.then(record).into_iter().collect(),
    }
}
