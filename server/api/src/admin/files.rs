//! Files: none are kept here, pictures are addresses. The lists are there for clients that look.

use super::SYSTEM;
use crate::{
    caller::Caller,
    compatibility::refusal,
    error::ApiError,
    objects::sight::Sight,
    openapi::{
        components::Components,
        operation::{Operation, Paths},
        shapes::{ThemedUrls, UsedBy, UsedByActionEnum},
    },
    query::Query,
};
use axum::{Json, Router, extract::State, routing::get};
use http::{Method, StatusCode};
use lockgate_identity::Identity;
use lockgate_policies::Action;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// Fields that hold the address of a picture.
const PICTURES: [&str; 5] =
    ["meta_icon", "branding_logo", "branding_favicon", "branding_default_flow_background", "background"];

/// A file.
#[derive(Debug, Serialize, JsonSchema)]
struct FileList {
    /// Its name.
    name: String,
    /// What it holds.
    mime_type: String,
    /// Its address.
    url: String,
    /// Always null.
    themed_urls: Option<ThemedUrls>,
}

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/admin/file/", get(list).post(upload).delete(destroy))
        .route("/admin/file/used_by/", get(used_by))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let operation = |method, path: &str, id: &str| Operation::new(method, path, id, "admin");
    let usage = || json!({"type": "string", "enum": ["media"]});
    let list = json!({"type": "array", "items": components.reply::<FileList>()});
    paths.add(
        operation(Method::GET, "/admin/file/", "admin_file_list")
            .says("Lists the files: none are kept here.")
            .query("manageable_only", json!({"type": "boolean"}))
            .shared_query("QuerySearch")
            .query("usage", usage())
            .answers(200, "Nothing.", list),
    );
    let text = || json!({"type": "string"});
    let file = json!({"type": "string", "format": "binary"});
    let properties = json!({"file": file, "name": text(), "usage": {"type": "string", "default": "media"}});
    let form = json!({"type": "object", "properties": properties, "required": ["file"]});
    let form = components.put("FileUploadRequest", form);
    paths.add(
        operation(Method::POST, "/admin/file/", "admin_file_create")
            .says("Refuses: no files are kept here.")
            .body_as(json!({"multipart/form-data": {"schema": form}}), true)
            .empty(200, "Never."),
    );
    paths.add(
        operation(Method::DELETE, "/admin/file/", "admin_file_destroy")
            .says("Deletes a file: there is none.")
            .shared_query("QueryName")
            .query("usage", usage())
            .may_miss()
            .empty(200, "Never."),
    );
    let used = json!({"type": "array", "items": components.reply::<UsedBy>()});
    paths.add(
        operation(Method::GET, "/admin/file/used_by/", "admin_file_used_by_list")
            .says("Tells which objects show the picture of this name or address.")
            .shared_query("QueryName")
            .answers(200, "What shows it.", used),
    );
}

async fn list(State(identity): State<Identity>, caller: Caller) -> Result<Json<Vec<FileList>>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, SYSTEM)?;
    Ok(Json(Vec::new()))
}

async fn upload(State(identity): State<Identity>, caller: Caller) -> Result<StatusCode, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Update, SYSTEM)?;
    Err(refusal("admin_file_create"))
}

async fn destroy(State(identity): State<Identity>, caller: Caller) -> Result<StatusCode, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Update, SYSTEM)?;
    Err(ApiError::no_such("File"))
}

async fn used_by(
    State(identity): State<Identity>,
    caller: Caller,
    query: Query,
) -> Result<Json<Vec<UsedBy>>, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require(&identity, &snapshot, Action::Read, SYSTEM)?;
    let Some(name) = query.get("name") else { return Ok(Json(Vec::new())) };
    let sight = Sight::of(&identity, &snapshot, &caller);
    let mut shown = Vec::new();
    for object in snapshot.objects.iter().filter(|object| sight.has(object)) {
        if PICTURES.iter().any(|field| object.document.body[field] == name) {
            let (app, model_name) = object.kind.meta.model.split_once('.').unwrap_or_default();
            shown.push(UsedBy {
                app: app.to_owned(),
                model_name: model_name.to_owned(),
                pk: object.document.id.to_string(),
                name: object.document.name.clone(),
                action: UsedByActionEnum::LeftDangling,
            });
        }
    }
    shown.sort_by(|a, b| (&a.model_name, &a.name).cmp(&(&b.model_name, &b.name)));
    Ok(Json(shown))
}
