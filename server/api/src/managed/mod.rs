//! `/managed/blueprints/`: what the configuration comes from. The configured folder, or the repository that is pulled,
//! stands among the blueprints that are kept; those are laid over the configuration, and what they make belongs to the
//! API.

mod apply;
mod available;
mod import;
mod sources;

use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    objects::{
        self, list,
        reading::Reading,
        sight::Sight,
        version::{IfMatch, Tagged},
        view, write,
    },
    openapi::{
        components::Components,
        operation::{Operation, Paths, parameter},
        shapes::UsedBy,
    },
    paging::{self, Listed},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use http::{Method, StatusCode};
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::{KindDef, Object, kind::by_name};
use lockgate_policies::{Action, Extent};
use serde_json::{Value, json};
use sources::Source;
use std::sync::Arc;
use uuid::Uuid;

/// Name of the kind.
pub(crate) const KIND: &str = "blueprint_instance";

/// Whoever lays a blueprint over the configuration changes all of it, as who applies a folder does.
const WHOLE: &str = "revision";

const SCHEMA: &str = "BlueprintInstance";

fn kind() -> Result<&'static KindDef, ApiError> {
    by_name(KIND).ok_or(ApiError::Internal)
}

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    Router::new()
        .route("/managed/blueprints/", get(listed).post(create))
        .route("/managed/blueprints/available/", get(available::list))
        .route("/managed/blueprints/import/", post(import::import))
        .route("/managed/blueprints/{key}/", get(retrieve).put(replace).patch(change).delete(destroy))
        .route("/managed/blueprints/{key}/apply/", post(apply))
        .route("/managed/blueprints/{key}/used_by/", get(used_by))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let uuid = json!({"type": "string", "format": "uuid"});
    let key = parameter("path", "instance_uuid", uuid, "Key of the blueprint instance.");
    let path = "/managed/blueprints/{instance_uuid}/apply/";
    paths.add(
        Operation::new(Method::POST, path, "managed_blueprints_apply_create", "managed")
            .says("Applies it now; of the folder or the repository, reads it again.")
            .path(key)
            .answers(200, "As it is now.", crate::openapi::components::reference(SCHEMA))
            .may_conflict(),
    );
    available::describe(components, paths);
    import::describe(components, paths);
}

async fn listed(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight::of(&identity, &snapshot, &caller);
    sight.require([kind()?].into_iter())?;
    let page = paging::wanted(&query)?;
    let mut found = list::select(&snapshot.objects, kind()?, &query)?;
    found.retain(|object| sight.has(object));
    let reading = Reading::new(&snapshot, caller.principal());
    let sources = match sight.extent(KIND) {
        Extent::All => sources::all(&identity).await?,
        _ => Vec::new(),
    };
    let sources = sources.into_iter().filter(|source| source.fits(&query)).map(|source| source.shown());
    let kept = found.into_iter().map(|object| objects::face::show(object, &reading));
    Listed::cut(page, sources.chain(kept).collect(), |shown| shown)
}

/// The folder or the repository under this key, for a caller who may see it.
async fn source(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    key: &str,
) -> Result<Option<Source>, ApiError> {
    if !caller.may(identity, snapshot, Action::Read, KIND) {
        return Ok(None);
    }
    Ok(sources::all(identity).await?.into_iter().find(|source| source.id.to_string() == key))
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Tagged, ApiError> {
    let snapshot = identity.config.snapshot();
    if let Some(source) = source(&identity, &snapshot, &caller, &key).await? {
        return Ok(Tagged::untagged(source.shown()));
    }
    let object = objects::find(&snapshot.objects, kind()?, &key)?;
    Sight::of(&identity, &snapshot, &caller).require_on(Action::Read, object)?;
    Ok(Tagged::of(object, view::one(&identity, &snapshot, &caller, object).await?))
}

/// What is kept under a key and may be changed; the folder and the repository are changed where they are.
async fn kept<'s>(
    identity: &Identity,
    snapshot: &'s Snapshot,
    caller: &Caller,
    verb: Action,
    key: &str,
) -> Result<&'s Object, ApiError> {
    if let Some(source) = source(identity, snapshot, caller, key).await? {
        caller.require(identity, snapshot, verb, KIND)?;
        return Err(ApiError::Conflict(format!(
            "{} is what this server is configured with: change it there.",
            source.name
        )));
    }
    let object = objects::find(&snapshot.objects, kind()?, key)?;
    Sight::of(identity, snapshot, caller).require_on(verb, object)?;
    Ok(object)
}

async fn create(State(identity): State<Identity>, caller: Caller, body: Body) -> Result<Tagged, ApiError> {
    let (identity, caller, body) = (&identity, &caller, &body);
    let (id, snapshot) = write::settled(identity, |snapshot| async move {
        caller.require_some(identity, &snapshot, Action::Create, KIND)?;
        caller.require(identity, &snapshot, Action::Create, WHOLE)?;
        apply::sound(identity, &body.0, None).await?;
        write::create(identity, &snapshot, caller, kind()?, &body.0).await
    })
    .await?;
    Ok(applied(identity, caller, id, snapshot).await?.made())
}

/// A blueprint that was stored, applied if it wants to be, as it is then.
async fn applied(identity: &Identity, caller: &Caller, id: Uuid, snapshot: Arc<Snapshot>) -> Result<Tagged, ApiError> {
    let object = snapshot.objects.get(id).ok_or_else(|| ApiError::no_such(SCHEMA))?;
    let snapshot = apply::if_enabled(identity, caller, object).await?.unwrap_or_else(|| Arc::clone(&snapshot));
    let object = snapshot.objects.get(id).ok_or_else(|| ApiError::no_such(SCHEMA))?;
    Ok(Tagged::of(object, view::one(identity, &snapshot, caller, object).await?))
}

async fn replace(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    wanted: IfMatch,
    body: Body,
) -> Result<Tagged, ApiError> {
    store(&identity, &caller, &key, &wanted, (&body, true)).await
}

async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    wanted: IfMatch,
    body: Body,
) -> Result<Tagged, ApiError> {
    store(&identity, &caller, &key, &wanted, (&body, false)).await
}

async fn store(
    identity: &Identity,
    caller: &Caller,
    key: &str,
    wanted: &IfMatch,
    (body, whole): (&Body, bool),
) -> Result<Tagged, ApiError> {
    let (id, snapshot) = write::settled(identity, |snapshot| async move {
        let object = kept(identity, &snapshot, caller, Action::Update, key).await?;
        caller.require(identity, &snapshot, Action::Create, WHOLE)?;
        wanted.holds(Some(&object.document))?;
        apply::sound(identity, &body.0, Some(object)).await?;
        let changed = write::update(identity, &snapshot, caller, object, &body.0, whole).await?;
        Ok((object.document.id, changed))
    })
    .await?;
    applied(identity, caller, id, snapshot).await
}

async fn destroy(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    wanted: IfMatch,
) -> Result<StatusCode, ApiError> {
    let _turn = identity.config.turn().await;
    let snapshot = identity.config.snapshot();
    let object = kept(&identity, &snapshot, &caller, Action::Delete, &key).await?;
    wanted.holds(Some(&object.document))?;
    write::destroy(&identity, &caller, object).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn apply(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let snapshot = identity.config.snapshot();
    if source(&identity, &snapshot, &caller, &key).await?.is_some() {
        caller.require(&identity, &snapshot, Action::Update, WHOLE)?;
        identity.config.reload_for(caller.user()).await;
        identity.feed.settle().await;
        let again = source(&identity, &identity.config.snapshot(), &caller, &key).await?;
        return Ok(Json(again.ok_or_else(|| ApiError::no_such(SCHEMA))?.shown()));
    }
    let object = kept(&identity, &snapshot, &caller, Action::Update, &key).await?;
    caller.require(&identity, &snapshot, Action::Create, WHOLE)?;
    let snapshot = apply::now(&identity, &caller, object).await?;
    let object = snapshot.objects.get(object.document.id).ok_or_else(|| ApiError::no_such(SCHEMA))?;
    Ok(Json(view::one(&identity, &snapshot, &caller, object).await?))
}

async fn used_by(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Vec<UsedBy>>, ApiError> {
    let snapshot = identity.config.snapshot();
    if source(&identity, &snapshot, &caller, &key).await?.is_some() {
        return Ok(Json(Vec::new()));
    }
    let object = objects::find(&snapshot.objects, kind()?, &key)?;
    let sight = Sight::of(&identity, &snapshot, &caller);
    sight.require_on(Action::Read, object)?;
    Ok(Json(objects::used_by_of(&snapshot.objects, &sight, object.document.id)))
}
