//! A blueprint that is laid over the configuration once and not kept.

use super::{WHOLE, apply};
use crate::{
    caller::Caller,
    error::ApiError,
    objects::shapes::{LogEvent, LogLevel},
    openapi::{
        components::Components,
        operation::{Operation, Paths},
    },
};
use axum::{
    Json,
    extract::{FromRequest, Multipart, Request, State},
};
use chrono::{DateTime, Utc};
use http::Method;
use lockgate_flows::Remark;
use lockgate_identity::Identity;
use lockgate_policies::Action;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What became of a blueprint.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BlueprintImportResult {
    /// What is to be known, a line each.
    logs: Vec<LogEvent>,
    /// Whether it is in force.
    success: bool,
}

pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let form = json!({
        "type": "object",
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "path": {"type": "string", "minLength": 1},
            "context": {"type": "string", "description": "Values of the context, as JSON."},
        },
    });
    let form = components.put("BlueprintUploadRequest", form);
    paths.add(
        Operation::new(Method::POST, "/managed/blueprints/import/", "managed_blueprints_import_create", "managed")
            .says("Lays a blueprint over the configuration once, all of it or nothing.")
            .body_as(json!({"multipart/form-data": {"schema": form}}), false)
            .answers(200, "What became of it.", components.reply::<BlueprintImportResult>())
            .may_conflict(),
    );
}

/// What was sent.
#[derive(Default)]
struct Sent {
    file: Option<String>,
    path: Option<String>,
    context: Map<String, Value>,
}

impl Sent {
    async fn read(request: Request) -> Result<Self, ApiError> {
        let broken = |text: String| ApiError::Syntax(text);
        let mut form = Multipart::from_request(request, &()).await.map_err(|e| broken(e.body_text()))?;
        let mut sent = Self::default();
        while let Some(part) = form.next_field().await.map_err(|e| broken(e.body_text()))? {
            let name = part.name().unwrap_or_default().to_owned();
            let text = part.text().await.map_err(|e| broken(e.body_text()))?;
            match name.as_str() {
                "file" => sent.file = Some(text),
                "path" if !text.is_empty() => sent.path = Some(text),
                "context" if !text.trim().is_empty() => {
                    let wrong = |_| ApiError::field("context", "invalid", "Value must be a JSON object.");
                    sent.context = serde_json::from_str(&text).map_err(wrong)?;
                }
                _ => {}
            }
        }
        Ok(sent)
    }
}

pub(super) async fn import(
    State(identity): State<Identity>,
    caller: Caller,
    request: Request,
) -> Result<Json<BlueprintImportResult>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Create, WHOLE)?;
    let sent = Sent::read(request).await?;
    let (name, text) = match (sent.file, sent.path) {
        (Some(text), _) => ("file".to_owned(), text),
        (None, Some(path)) => (path.clone(), apply::text_of(&identity, &path, "").await?),
        (None, None) => return Err(ApiError::field("file", "required", "Either file or path must be sent.")),
    };
    let now = identity.clock.now();
    // What is wrong with it is the answer, and no error of the request.
    let prepared = match identity.config.prepare_blueprint(&name, &text, &sent.context).await {
        Ok(prepared) => prepared,
        Err(error) => return failed(apply::at("file", error), now),
    };
    let told = |level: fn() -> LogLevel, remarks: &[Remark]| -> Vec<LogEvent> {
        remarks.iter().map(|remark| line(now, level(), remark)).collect()
    };
    let mut logs = told(|| LogLevel::Warning, &prepared.leftovers);
    logs.extend(told(|| LogLevel::Info, &prepared.notes));
    match apply::lay_over(&identity, &caller, prepared).await {
        Ok(()) => Ok(Json(BlueprintImportResult { logs, success: true })),
        Err(error) => failed(error, now),
    }
}

fn line(timestamp: DateTime<Utc>, log_level: LogLevel, remark: &Remark) -> LogEvent {
    let attributes = json!({"file": remark.place.file, "line": remark.place.line, "what": remark.what});
    LogEvent {
        timestamp,
        log_level,
        logger: "lockgate.blueprints".to_owned(),
        event: remark.why.clone(),
        attributes: attributes.as_object().cloned().unwrap_or_default(),
    }
}

/// A blueprint that is not sound, or is refused, as the answer tells it.
fn failed(error: ApiError, timestamp: DateTime<Utc>) -> Result<Json<BlueprintImportResult>, ApiError> {
    let sentences: Vec<String> = match error {
        ApiError::Invalid(problems) => problems.0.into_iter().map(|problem| problem.message).collect(),
        ApiError::Conflict(text) => vec![text],
        other => return Err(other),
    };
    let logs = sentences.into_iter().map(|event| LogEvent {
        timestamp,
        log_level: LogLevel::Error,
        logger: "lockgate.blueprints".to_owned(),
        event,
        attributes: Map::new(),
    });
    Ok(Json(BlueprintImportResult { logs: logs.collect(), success: false }))
}
