//! Mappings beside their objects: trying one on a user.

use super::{
    families,
    shapes::{PropertyMappingTestRequest, PropertyMappingTestResult},
    sight::Sight,
};
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
use serde_json::{Value, json};
use std::sync::LazyLock;

static TEST_FORM: LazyLock<KindSchema> = LazyLock::new(form::<PropertyMappingTestRequest>);

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new().route("/propertymappings/all/{pm_uuid}/test/", post(test))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let key = parameter("path", "pm_uuid", json!({"type": "string", "format": "uuid"}), "Key of the mapping.");
    let path = "/propertymappings/all/{pm_uuid}/test/";
    paths.add(
        Operation::new(Method::POST, path, "propertymappings_all_test_create", "propertymappings")
            .says("Tries the mapping on a user, the caller unless another one is named.")
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
    caller.require_some(&identity, &snapshot, Action::CheckAccess, USER_KIND)?;
    let asked: PropertyMappingTestRequest = body.read(&TEST_FORM, false)?;
    let user = asked.user.unwrap_or(caller.user().pk);
    let who = people::subject(&identity, &snapshot, &caller, "user", user).await?;
    let facts = Facts { ip: Some(caller.client.ip), context: &asked.context, ..Facts::at(identity.clock.now()) };
    let app = asked.context.get("app").and_then(Value::as_str);
    let tried = snapshot.try_mapping(mapping.document.id, app, who.principal(), &facts);
    let pretty = query.flag("format_result") == Some(true);
    Ok(Json(match tried {
        // What fails is what this operation is for.
        Err(error) => PropertyMappingTestResult { result: error, successful: false },
        Ok(claims) => {
            let claims = Value::Object(claims);
            let result = if pretty { format!("{claims:#}") } else { claims.to_string() };
            PropertyMappingTestResult { result, successful: true }
        }
    }))
}
