//! Laying a blueprint that is kept over the configuration.

use super::KIND;
use crate::{caller::Caller, error::ApiError, objects::write};
use lockgate_identity::{
    Identity,
    config::{Change, ImportError, Prepared, Snapshot, Texts},
};
use lockgate_model::{
    Document, Object, Problems,
    kinds::{BlueprintInstance, BlueprintStatus},
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What an instance says, wherever that stands.
pub(super) async fn text_of(identity: &Identity, path: &str, content: &str) -> Result<String, ApiError> {
    if path.is_empty() {
        return Ok(content.to_owned());
    }
    let missing = || {
        let text = "There is no such file in the configured folder, and nothing is fetched from elsewhere.";
        ApiError::field("path", "does_not_exist", text)
    };
    let folder = identity.config.folder().ok_or_else(missing)?;
    let texts = Texts::read(folder).await.map_err(|_| ApiError::Internal)?;
    let file = texts.folder.files.into_iter().find(|file| file.path == path);
    file.map(|file| file.text).ok_or_else(missing)
}

/// Refuses an instance that could not be applied, with what is wrong at the field that says it.
///
/// # Errors
/// 400.
pub(super) async fn sound(
    identity: &Identity,
    given: &Map<String, Value>,
    present: Option<&Object>,
) -> Result<(), ApiError> {
    let value = |field: &str| given.get(field).or_else(|| Some(&present?.document.body[field]));
    let text = |field: &str| value(field).and_then(Value::as_str).unwrap_or_default();
    let (path, content) = (text("path"), text("content"));
    match (path.is_empty(), content.is_empty()) {
        (true, true) => return Err(ApiError::field("content", "required", "Either path or content must be set.")),
        (false, false) => return Err(ApiError::field("path", "invalid", "Only one of path and content can be set.")),
        _ => {}
    }
    let empty = Map::new();
    let context = value("context").and_then(Value::as_object).unwrap_or(&empty);
    let field = if path.is_empty() { "content" } else { "path" };
    let text = text_of(identity, path, content).await?;
    let prepared = identity.config.prepare_blueprint("blueprint", &text, context).await;
    prepared.map(drop).map_err(|error| at(field, error))
}

/// What is wrong with a blueprint, at the field that holds it.
pub(super) fn at(field: &str, error: ImportError) -> ApiError {
    let mut problems = Problems::default();
    match error {
        ImportError::Broken(remarks) => {
            for remark in remarks {
                problems.add(&format!("/{field}"), "invalid", format!("{}: {}", remark.place, remark.why));
            }
        }
        ImportError::Unsound(diagnostics) => {
            for diagnostic in diagnostics.iter().filter(|d| d.severity == lockgate_flows::Severity::Error) {
                problems.add(&format!("/{field}"), "invalid", diagnostic.message.clone());
            }
        }
        ImportError::Refused(error) => return write::refused(error),
        ImportError::Config(error) => {
            tracing::error!(%error, "a blueprint could not be weighed");
            return ApiError::Internal;
        }
    }
    problems.into()
}

/// Applies an instance that wants to be applied by itself.
///
/// # Errors
/// As [`now`].
pub(super) async fn if_enabled(
    identity: &Identity,
    caller: &Caller,
    object: &Object,
) -> Result<Option<Arc<Snapshot>>, ApiError> {
    let enabled = object.typed::<BlueprintInstance>().is_some_and(|instance| instance.enabled);
    if enabled { now(identity, caller, object).await.map(Some) } else { Ok(None) }
}

/// Applies an instance and notes how it ended; one that is not sound, or is refused, changes nothing else.
///
/// # Errors
/// Whatever happens inside.
pub(super) async fn now(identity: &Identity, caller: &Caller, object: &Object) -> Result<Arc<Snapshot>, ApiError> {
    let instance = object.typed::<BlueprintInstance>().ok_or(ApiError::Internal)?;
    let text = text_of(identity, &instance.path, &instance.content).await;
    let hash = text.as_ref().map(|text| hex::encode(Sha256::digest(text.as_bytes()))).unwrap_or_default();
    let prepared = match &text {
        Ok(text) => identity.config.prepare_blueprint(&instance.name, text, &instance.context).await.ok(),
        Err(_) => None,
    };
    let status = match &prepared {
        None if text.is_err() => BlueprintStatus::Orphaned,
        None => BlueprintStatus::Error,
        Some(prepared) if prepared.leftovers.is_empty() => BlueprintStatus::Successful,
        Some(_) => BlueprintStatus::Warning,
    };
    let models = prepared.as_ref().map(|prepared| prepared.models.clone());
    let (status, refusal) = match prepared {
        Some(prepared) => match lay_over(identity, caller, prepared).await {
            Ok(()) => (status, None),
            Err(error) => (BlueprintStatus::Error, Some(error)),
        },
        None => (status, None),
    };
    let snapshot = noted(identity, caller, object, (status, hash, models)).await?;
    if let Some(error) = refusal {
        return Err(error);
    }
    Ok(snapshot)
}

/// Lays what is prepared over the configuration.
///
/// # Errors
/// 400, or 409 where the folder or what is guarded stands in the way.
pub(super) async fn lay_over(identity: &Identity, caller: &Caller, prepared: Prepared) -> Result<(), ApiError> {
    Box::pin(identity.config.lay_over(prepared, caller.user())).await.map(drop).map_err(write::refused)
}

async fn noted(
    identity: &Identity,
    caller: &Caller,
    object: &Object,
    (status, hash, models): (BlueprintStatus, String, Option<Vec<String>>),
) -> Result<Arc<Snapshot>, ApiError> {
    let (id, hash, models) = (object.document.id, &hash, &models);
    write::settled(identity, |snapshot| async move {
        let object = snapshot.objects.get(id).ok_or_else(|| ApiError::no_such(KIND))?;
        let mut body = object.value.to_value();
        body["applied"] = json!(identity.clock.now());
        body["applied_hash"] = json!(hash);
        body["status"] = json!(status);
        if let Some(models) = models {
            body["models"] = json!(models);
        }
        let document = Document { body, ..object.document.clone() };
        write::apply(identity, caller, Change { upserts: vec![document], deletes: Vec::new() }).await
    })
    .await
}
