//! The files of the configured folder.

use super::KIND;
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths},
    },
};
use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use http::Method;
use lockgate_identity::{Identity, config::Texts};
use lockgate_policies::Action;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// What a file says of itself.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Metadata {
    /// Its name.
    name: String,
    /// Empty.
    labels: Map<String, Value>,
}

/// A file of the configured folder.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BlueprintFile {
    /// Path in the folder.
    path: String,
    /// When it was changed last.
    last_m: DateTime<Utc>,
    /// SHA-256 of its content.
    hash: String,
    /// What it says of itself.
    meta: Metadata,
}

pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let list = json!({"type": "array", "items": components.reply::<BlueprintFile>()});
    paths.add(
        Operation::new(Method::GET, "/managed/blueprints/available/", "managed_blueprints_available_list", "managed")
            .says("Lists the files of the configured folder.")
            .answers(200, "The files.", list),
    );
}

pub(super) async fn list(
    State(identity): State<Identity>,
    caller: Caller,
) -> Result<Json<Vec<BlueprintFile>>, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require(&identity, &snapshot, Action::Read, KIND)?;
    let Some(folder) = identity.config.folder() else { return Ok(Json(Vec::new())) };
    let texts = Texts::read(folder).await.map_err(|_| ApiError::Internal)?;
    let mut files = Vec::new();
    for file in texts.folder.files {
        let changed = tokio::fs::metadata(folder.join(&file.path)).await.and_then(|about| about.modified());
        files.push(BlueprintFile {
            // One that is gone meanwhile is as old as what is in force.
            last_m: changed.map_or(snapshot.loaded, DateTime::from),
            hash: hex::encode(Sha256::digest(file.text.as_bytes())),
            meta: Metadata { name: file.path.clone(), labels: Map::new() },
            path: file.path,
        });
    }
    Ok(Json(files))
}
