//! `/lockgate/objects/`: configuration objects of every kind under one address, each with the document of a folder that
//! holds it.

mod drift;
mod preview;
mod search;
mod shapes;
mod text;

use crate::{
    caller::Caller,
    decisions::TAG,
    error::ApiError,
    objects::sight::Sight,
    openapi::{
        components::Components,
        operation::{Operation, Paths, parameter},
    },
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use http::Method;
use lockgate_identity::Identity;
use lockgate_model::{KindDef, Object, ObjectSet, kind::by_name};
use lockgate_policies::Action;
use serde_json::{Value, json};
use shapes::ObjectDocument;
use uuid::Uuid;

/// What a thing is called whose kind is not known.
const NOUN: &str = "object";

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    Router::new()
        .route("/lockgate/drift/", get(drift::retrieve))
        .route("/lockgate/objects/", get(search::list))
        .route("/lockgate/objects/{kind}/{pk}/", get(retrieve))
        .route("/lockgate/objects/{kind}/{pk}/preview/", post(preview::change))
        // Something may be called so.
        .route("/lockgate/objects/{kind}/preview/", get(retrieve_preview).post(preview::new))
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    paths.add(
        of_one(Method::GET, "", "lockgate_objects_retrieve")
            .says("Shows what is known of an object beside its fields, with the document that holds it.")
            .answers(200, "The object.", components.reply::<ObjectDocument>()),
    );
    preview::describe(components, paths);
    drift::describe(components, paths);
    let origins = components.reply::<shapes::ObjectOriginEnum>();
    let several = |items: Value| json!({"type": "array", "items": items});
    paths.add(
        Operation::new(Method::GET, "/lockgate/objects/", "lockgate_objects_list", TAG)
            .says("Looks for objects of all kinds by their names, as far as the caller sees them; of kinds that stand inside of others only where they are asked for.")
            .query("kind", several(json!({"type": "string"})))
            .query("origin", several(origins))
            .query("pk", several(json!({"type": "string", "format": "uuid"})))
            .shared_query("QuerySearch")
            .answers(200, "Those that fit best.", components.reply::<shapes::FoundObjects>()),
    );
}

/// An operation on one object.
fn of_one(method: Method, tail: &str, id: &str) -> Operation {
    let key = "UUID of the object, its number, or what tells it apart from others of its kind: slug or name.";
    Operation::new(method, &format!("/lockgate/objects/{{kind}}/{{pk}}/{tail}"), id, TAG)
        .path(parameter("path", "pk", json!({"type": "string"}), key))
        .path(kind_parameter())
}

fn kind_parameter() -> Value {
    parameter("path", "kind", json!({"type": "string"}), "Name of the kind, such as `application`.")
}

/// A kind by its name.
fn kind_of(name: &str) -> Result<&'static KindDef, ApiError> {
    by_name(name).ok_or_else(|| ApiError::no_such(NOUN))
}

/// The object of a kind under any of its keys.
fn find<'a>(objects: &'a ObjectSet, kind: &'static KindDef, key: &str) -> Result<&'a Object, ApiError> {
    let by_id = || Uuid::parse_str(key).ok().and_then(|id| objects.get(id));
    let by_number = || key.parse().ok().and_then(|number| objects.by_number(number));
    let is_one = |object: &&Object| object.kind.meta.kind == kind.meta.kind;
    let found = by_id().filter(is_one).or_else(|| by_number().filter(is_one));
    found.or_else(|| objects.by_name(kind.meta.kind, key)).ok_or_else(|| ApiError::no_such(kind.meta.schema))
}

/// The object with the name of the operation beside it.
async fn retrieve_preview(
    identity: State<Identity>,
    caller: Caller,
    Path(kind): Path<String>,
) -> Result<Json<ObjectDocument>, ApiError> {
    retrieve(identity, caller, Path((kind, "preview".to_owned()))).await
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path((kind, key)): Path<(String, String)>,
) -> Result<Json<ObjectDocument>, ApiError> {
    let snapshot = identity.config.snapshot();
    let object = find(&snapshot.objects, kind_of(&kind)?, &key)?;
    Sight::of(&identity, &snapshot, &caller).require_on(Action::Read, object)?;
    let text = text::of(&identity, &snapshot, &caller, &snapshot.objects, object.document.id).await?;
    Ok(Json(ObjectDocument::of(object, text)))
}
