//! Policies beside their objects: trying one on a user, and the decisions that are remembered.

use super::{
    families,
    shapes::{DetailedCountry, PolicyTestRequest, PolicyTestResult},
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
use lockgate_identity::{Identity, config::Snapshot, principals::PrincipalEntry};
use lockgate_model::{Family, kinds::policy::countries, schema::KindSchema};
use lockgate_policies::{Action, Check, Env, Facts, Question, Resource, USER_KIND, Wants};
use serde_json::{Value, json};
use std::sync::LazyLock;
use uuid::Uuid;

static TEST_FORM: LazyLock<KindSchema> = LazyLock::new(form::<PolicyTestRequest>);

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new()
        .route("/policies/all/cache_info/", get(cache_info))
        .route("/policies/all/cache_clear/", post(cache_clear))
        .route("/policies/all/{policy_uuid}/test/", post(test))
        .route("/policies/geoip_iso3166/", get(all_countries))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let operation = |method: Method, tail: &str, id: &str| {
        Operation::new(method, &format!("/policies/all/{tail}/"), format!("policies_all_{id}"), "policies")
    };
    paths.add(
        operation(Method::GET, "cache_info", "cache_info_retrieve")
            .says("Tells how many decisions this process remembers; each is forgotten as soon as it may be another.")
            .answers(200, "How many.", components.reply::<Cache>()),
    );
    paths.add(
        operation(Method::POST, "cache_clear", "cache_clear_create")
            .says("Forgets every decision that this process remembers.")
            .empty(204, "Nothing is remembered."),
    );
    let list = json!({"type": "array", "items": components.reply::<DetailedCountry>()});
    let path = "/policies/geoip_iso3166/";
    paths.add(
        Operation::new(Method::GET, path, "policies_geoip_iso3166_list", "policies")
            .says("Lists every country that a GeoIP policy can name.")
            .answers(200, "The countries.", list),
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

async fn all_countries(_: Caller) -> Json<Vec<DetailedCountry>> {
    Json(countries().map(|(code, name)| DetailedCountry { code, name }).collect())
}

async fn cache_info(State(identity): State<Identity>, caller: Caller) -> Result<Json<Cache>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, "expression_policy")?;
    let count = identity.access.remembered.count();
    Ok(Json(Cache { count: u64::try_from(count).unwrap_or(u64::MAX) }))
}

async fn cache_clear(State(identity): State<Identity>, caller: Caller) -> Result<StatusCode, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::ClearCache, "expression_policy")?;
    identity.access.remembered.clear();
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
    let prompt_data = asked.context.get("prompt_data").and_then(Value::as_object).cloned().unwrap_or_default();
    let facts = Facts {
        ip: Some(caller.client.ip),
        context: &asked.context,
        prompt_data: &prompt_data,
        ..Facts::at(identity.clock.now())
    };
    let tried = match snapshot.check(policy.document.id) {
        Some(check) => run(&identity, &snapshot, check, &who, &facts).await,
        None => hold(&snapshot, policy.document.id, &who, &facts),
    };
    // A policy that fails decides as one that does not pass; why, is what this operation is for.
    let (passing, messages) = tried.unwrap_or_else(|error| (false, vec![error]));
    Ok(Json(PolicyTestResult { passing, messages, log_messages: Vec::new() }))
}

type Tried = Result<(bool, Vec<String>), String>;

/// Asks a policy by itself. What it finds is told, and nothing is done about it.
async fn run(
    identity: &Identity,
    snapshot: &Snapshot,
    check: &Check,
    who: &PrincipalEntry,
    facts: &Facts<'_>,
) -> Tried {
    let mut wants = Wants::default();
    check.want(facts, &mut wants);
    let evidence = Box::pin(identity.access.fetcher.fetch(&wants, Some(who.principal()), facts)).await;
    let facts = Facts { evidence: &evidence, ..*facts };
    let mut env = Env::new(Some(who.principal()), &facts);
    env.stopwatch = Some(snapshot.stopwatch());
    env.world = Some(snapshot.world());
    let outcome = check.run(&env).map_err(|error| error.to_string())?;
    Ok((outcome.passing, outcome.messages))
}

/// Asks a condition in Cedar: about the application that the context names under `app`, else about no flow
/// in particular.
fn hold(snapshot: &Snapshot, id: Uuid, who: &PrincipalEntry, facts: &Facts<'_>) -> Tried {
    let app = facts.context.get("app").and_then(Value::as_str);
    let (action, resource) = match app {
        Some(slug) => (Action::Access, Resource::App(slug)),
        None => (Action::Run, Resource::Flow("")),
    };
    let question = Question { id: Uuid::nil(), principal: Some(who), action, resource, facts };
    let holds = snapshot.policies.condition(id, &question).ok_or("there is no such policy")??;
    Ok((holds, Vec::new()))
}
