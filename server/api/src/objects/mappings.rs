//! Mappings beside their objects: trying one on a user.

use super::{families, sight::Sight};
use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    openapi::{
        components::{Components, form},
        operation::{Operation, Paths, parameter},
    },
    people,
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::post,
};
use http::Method;
use lockgate_identity::Identity;
use lockgate_model::{Family, schema::KindSchema};
use lockgate_policies::{Action, Facts, USER_KIND};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use uuid::Uuid;

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<PropertyMappingTestRequest>);

/// What to try a mapping on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct PropertyMappingTestRequest {
    /// The user; nobody when left away.
    #[serde(default)]
    user: Option<i64>,
    /// What the expression finds in `context`; `app` names the application by its slug.
    #[serde(default)]
    context: Map<String, Value>,
    /// A group, which is found in `context` as well.
    #[serde(default)]
    group: Option<Uuid>,
}

/// What came of it.
#[derive(Debug, Serialize, JsonSchema)]
struct PropertyMappingTestResult {
    /// The value as JSON, or what went wrong.
    result: String,
    /// Whether there is a value.
    successful: bool,
}

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new().route("/propertymappings/all/{pm_uuid}/test/", post(test))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let path = "/propertymappings/all/{pm_uuid}/test/";
    let key = parameter("path", "pm_uuid", json!({"type": "string", "format": "uuid"}), "Key of the mapping.");
    paths.add(
        Operation::new(Method::POST, path, "propertymappings_all_test_create", "propertymappings")
            .says("Tries the mapping on a user.")
            .path(key)
            .query("format_result", json!({"type": "boolean"}))
            .body(components.request::<PropertyMappingTestRequest>(), false)
            .answers(200, "What it came to.", components.reply::<PropertyMappingTestResult>()),
    );
}

async fn test(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    query: Query,
    body: Body,
) -> Result<Json<PropertyMappingTestResult>, ApiError> {
    let snapshot = identity.config.snapshot();
    let face = families::face(Family::Mapping).ok_or(ApiError::Internal)?;
    let mapping = face.find(&identity, &snapshot, &caller, &key)?;
    Sight::of(&identity, &snapshot, &caller).require_on(Action::Test, mapping)?;
    let in_lines = query.boolean("format_result")? == Some(true);
    let asked: PropertyMappingTestRequest = body.read(&FORM, false)?;
    let who = match asked.user {
        Some(pk) => {
            caller.require_some(&identity, &snapshot, Action::CheckAccess, USER_KIND)?;
            Some(people::subject(&identity, &snapshot, &caller, "user", pk).await?)
        }
        None => None,
    };
    let mut context = asked.context;
    if let Some(pk) = asked.group {
        let mut seen = people::whole_groups(&identity, &snapshot, &caller, &[pk]).await?;
        let group = seen.remove(&pk).ok_or_else(|| {
            let text = format!("Invalid pk \"{pk}\" - object does not exist.");
            ApiError::field("group", "does_not_exist", text)
        })?;
        context.insert("group".to_owned(), json!({"pk": pk, "name": group["name"], "attributes": group["attributes"]}));
    }
    let facts = Facts { ip: Some(caller.client.ip), context: &context, ..Facts::at(identity.clock.now()) };
    let who = who.as_ref().map(|who| &**who.principal());
    let app = context.get("app").and_then(Value::as_str);
    let made = snapshot.try_mapping(mapping.document.id, app, who, &facts);
    Ok(Json(match made {
        Ok(value) if in_lines => PropertyMappingTestResult { result: format!("{value:#}"), successful: true },
        Ok(value) => PropertyMappingTestResult { result: value.to_string(), successful: true },
        // Why it fails is what this operation is for.
        Err(error) => PropertyMappingTestResult { result: error, successful: false },
    }))
}
