//! Policies beside their objects: trying one on a user, and the cache that there is none of.

use super::{
    families,
    shapes::{PolicyTestRequest, PolicyTestResult},
    sight::Sight,
};
use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    openapi::{
        components::{Components, form},
        operation::{Operation, Paths, parameter},
        shapes::Cache,
    },
    people,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use http::{Method, StatusCode};
use lockgate_identity::Identity;
use lockgate_model::{Family, schema::KindSchema};
use lockgate_policies::{Action, Env, Facts, USER_KIND};
use serde_json::json;
use std::sync::LazyLock;

static TEST_FORM: LazyLock<KindSchema> = LazyLock::new(form::<PolicyTestRequest>);

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new()
        .route("/policies/all/cache_info/", get(cache_info))
        .route("/policies/all/cache_clear/", post(cache_clear))
        .route("/policies/all/{policy_uuid}/test/", post(test))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let operation = |method: Method, tail: &str, id: &str| {
        Operation::new(method, &format!("/policies/all/{tail}/"), format!("policies_all_{id}"), "policies")
    };
    paths.add(
        operation(Method::GET, "cache_info", "cache_info_retrieve")
            .says("Tells how many results are cached for long: none.")
            .answers(200, "How many.", components.reply::<Cache>()),
    );
    paths.add(
        operation(Method::POST, "cache_clear", "cache_clear_create")
            .says("Kept for clients: no result is cached that could be stale.")
            .empty(204, "Nothing is cached."),
    );
    let key = parameter("path", "policy_uuid", json!({"type": "string", "format": "uuid"}), "Key of the policy.");
    paths.add(
        operation(Method::POST, "{policy_uuid}/test", "test_create")
            .says("Tries the policy on a user.")
            .path(key)
            .body(components.request::<PolicyTestRequest>(), true)
            .answers(200, "What it came to.", components.reply::<PolicyTestResult>()),
    );
}

async fn cache_info(State(identity): State<Identity>, caller: Caller) -> Result<Json<Cache>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, "expression_policy")?;
    Ok(Json(Cache { count: 0 }))
}

async fn cache_clear(State(identity): State<Identity>, caller: Caller) -> Result<StatusCode, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::ClearCache, "expression_policy")?;
    Ok(StatusCode::NO_CONTENT)
}

async fn test(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<PolicyTestResult>, ApiError> {
    let snapshot = identity.config.snapshot();
    let face = families::face(Family::Policy).ok_or(ApiError::Internal)?;
    let policy = face.find(&identity, &snapshot, &caller, &key)?;
    Sight::of(&identity, &snapshot, &caller).require_on(Action::Test, policy)?;
    caller.require_some(&identity, &snapshot, Action::CheckAccess, USER_KIND)?;
    let asked: PolicyTestRequest = body.read(&TEST_FORM, false)?;
    let who = people::subject(&identity, &snapshot, &caller, "user", asked.user).await?;
    let expression = snapshot.expression(policy.document.id).ok_or_else(|| ApiError::no_such("Policy"))?;
    let facts = Facts { context: &asked.context, ..Facts::at(identity.clock.now()) };
    let mut env = Env::new(Some(who.principal()), &facts);
    env.stopwatch = Some(snapshot.stopwatch());
    env.world = Some(snapshot.world());
    // A policy that fails decides as one that does not pass; why, is what this operation is for.
    let (passing, messages) = match expression.eval_bool(&env) {
        Ok(outcome) => (outcome.passing, outcome.messages),
        Err(error) => (false, vec![error.to_string()]),
    };
    Ok(Json(PolicyTestResult { passing, messages, log_messages: Vec::new() }))
}
