//! What this server is configured with, as if it were a blueprint: the folder, or the repository that is pulled.

use crate::{error::ApiError, query::Query};
use chrono::{DateTime, Utc};
use lockgate_flows::stable_id;
use lockgate_identity::{Identity, config::Texts};
use lockgate_model::{Origin, kind::by_name, kinds::BlueprintStatus};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The folder or the repository.
pub(super) struct Source {
    pub(super) id: Uuid,
    pub(super) name: String,
    path: String,
    applied: DateTime<Utc>,
    hash: String,
    status: BlueprintStatus,
    models: Vec<String>,
    metadata: Value,
}

impl Source {
    /// Whether a list wants it.
    pub(super) fn fits(&self, query: &Query) -> bool {
        let text = format!("{} {}", self.name, self.path).to_lowercase();
        let searched = query.get("search").unwrap_or_default().to_lowercase();
        query.get("name").is_none_or(|name| name == self.name)
            && query.get("path").is_none_or(|path| path == self.path)
            && searched.split_whitespace().all(|word| text.contains(word))
    }

    /// As the API shows a blueprint.
    pub(super) fn shown(&self) -> Value {
        json!({
            "pk": self.id, "name": self.name, "path": self.path, "context": {}, "enabled": true, "content": "",
            "last_applied": self.applied, "last_applied_hash": self.hash, "status": self.status,
            "managed_models": self.models, "metadata": self.metadata,
        })
    }
}

/// What this server is configured with; nothing where everything is made through the API.
///
/// # Errors
/// When the folder cannot be read.
pub(super) async fn all(identity: &Identity) -> Result<Vec<Source>, ApiError> {
    let snapshot = identity.config.snapshot();
    let health = identity.config.health();
    let folder = snapshot.objects.iter().filter(|object| object.document.origin == Origin::Folder);
    let mut models = BTreeSet::new();
    let mut applied = None;
    for object in folder {
        models.extend(by_name(&object.document.kind).map(|kind| kind.meta.model.to_owned()));
        applied = applied.max(Some(object.document.updated));
    }
    let status = match (&health.error, health.held) {
        (Some(_), _) => BlueprintStatus::Error,
        (None, true) => BlueprintStatus::Warning,
        (None, false) => BlueprintStatus::Successful,
    };
    let source = |name: &str, path: String, hash: String, applied: DateTime<Utc>, metadata: Value| Source {
        id: stable_id("blueprint_source", name),
        name: name.to_owned(),
        path,
        applied,
        hash,
        status,
        models: models.iter().cloned().collect(),
        metadata,
    };
    let told = json!({"name": "", "labels": {}, "error": health.error, "held": health.held});
    if let Some(pull) = health.pull {
        let commit = pull.commit.unwrap_or_default();
        let at = pull.pulled.or(applied).unwrap_or(snapshot.loaded);
        return Ok(vec![source("Repository", String::new(), commit, at, told)]);
    }
    let Some(folder) = identity.config.folder() else { return Ok(Vec::new()) };
    let texts = Texts::read(folder).await.map_err(|error| {
        tracing::error!(%error, "the folder cannot be read");
        ApiError::Internal
    })?;
    let path = folder.display().to_string();
    Ok(vec![source("Folder", path, texts.fingerprint(), applied.unwrap_or(snapshot.loaded), told)])
}
