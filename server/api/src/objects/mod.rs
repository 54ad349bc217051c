//! Configuration objects: one set of handlers for every kind of the registry, compiled once, and the
//! few operations that only some kinds have.

pub(crate) mod applications;
mod brand;
pub(crate) mod certificate;
pub(crate) mod duo;
pub(crate) mod extra_values;
pub(crate) mod extras;
pub(crate) mod face;
pub(crate) mod families;
pub(crate) mod filters;
mod flows;
mod inspector;
mod key_pairs;
pub(crate) mod list;
mod mappings;
mod oauth2_providers;
mod outposts;
mod policies;
mod prompts;
pub(crate) mod reading;
mod referrers;
mod requestable;
pub(crate) mod shapes;
pub(crate) mod sight;
pub(crate) mod stages;
mod transactional;
pub(crate) mod version;
pub(crate) mod view;
pub(crate) mod write;

use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    openapi::{components::Components, operation::Paths, shapes::UsedBy},
    paging::{self, Listed},
    people,
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
pub(crate) use referrers::list as used_by_of;

use families::FamilyFace;
use http::StatusCode;
use lockgate_identity::Identity;
use lockgate_model::{KindDef, Lookup, Object, ObjectSet, kind::KINDS};
use lockgate_policies::Action;
use reading::Reading;

use sight::Sight;
use uuid::Uuid;
use version::{IfMatch, Tagged};

/// The kinds that are served.
pub(crate) fn served() -> impl Iterator<Item = &'static KindDef> {
    KINDS.iter().filter(|kind| !kind.meta.path.is_empty())
}

/// Routes of all kinds, families and special operations.
pub(crate) fn routes() -> Router<Identity> {
    let mut router = Router::new();
    // What the configuration comes from is more than objects: it has handlers of its own.
    for kind in served().filter(|kind| kind.meta.kind != crate::managed::KIND) {
        router = router.merge(kind_routes(kind));
    }
    for face in families::FACES {
        router = router.merge(family_routes(face));
    }
    router
        .merge(applications::routes())
        .merge(brand::routes())
        .merge(flows::routes())
        .merge(inspector::routes())
        .merge(key_pairs::routes())
        .merge(mappings::routes())
        .merge(oauth2_providers::routes())
        .merge(outposts::routes())
        .merge(policies::routes())
        .merge(prompts::routes())
        .merge(requestable::routes())
        .merge(duo::routes())
        .merge(stages::routes())
        .merge(transactional::routes())
}

/// The operations that the registry does not tell.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    applications::describe(components, paths);
    brand::describe(components, paths);
    flows::describe(components, paths);
    inspector::describe(components, paths);
    key_pairs::describe(components, paths);
    mappings::describe(components, paths);
    oauth2_providers::describe(components, paths);
    outposts::describe(components, paths);
    policies::describe(components, paths);
    prompts::describe(components, paths);
    requestable::describe(components, paths);
    duo::describe(components, paths);
    stages::describe(components, paths);
    transactional::describe(components, paths);
}

fn kind_routes(kind: &'static KindDef) -> Router<Identity> {
    let all = format!("/{}/", kind.meta.path);
    let one = format!("{all}{{key}}/");
    let listing = match kind.meta.kind {
        "application" => get(applications::list),
        "role" => get(crate::rbac::roles::list),
        "notification_rule" => get(crate::events::rules::list),
        _ => get(move |State(identity), caller, query| list_kind(kind, identity, caller, query)),
    };
    let listing = listing.post(move |State(identity), caller, body| create(kind, identity, caller, body));
    let single = get(move |State(identity), caller, Path(key)| retrieve(kind, identity, caller, key))
        .put(move |State(identity), caller, Path(key), wanted, body| {
            update(kind, identity, caller, key, wanted, (body, true))
        })
        .patch(move |State(identity), caller, Path(key), wanted, body| {
            update(kind, identity, caller, key, wanted, (body, false))
        })
        .delete(move |State(identity), caller, Path(key), wanted| destroy(kind, identity, caller, key, wanted));
    let used = get(move |State(identity), caller, Path(key)| used_by(kind, identity, caller, key));
    Router::new().route(&all, listing).route(&one, single).route(&format!("{one}used_by/"), used)
}

/// The object of a kind under a key of its address.
///
/// # Errors
/// 404 with the kind's name.
pub(crate) fn find<'a>(objects: &'a ObjectSet, kind: &'static KindDef, key: &str) -> Result<&'a Object, ApiError> {
    let found = match kind.meta.lookup {
        Lookup::Uuid(_) => Uuid::parse_str(key).ok().and_then(|id| objects.get(id)),
        Lookup::Number(_) => key.parse().ok().and_then(|number| objects.by_number(number)),
        Lookup::Slug(_) => objects.by_name(kind.meta.kind, key),
    };
    let found = found.filter(|o| o.kind.meta.kind == kind.meta.kind);
    found.ok_or_else(|| ApiError::no_such(kind.meta.schema))
}

async fn list_kind(
    kind: &'static KindDef,
    identity: Identity,
    caller: Caller,
    query: Query,
) -> Result<Listed, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight::of(&identity, &snapshot, &caller);
    sight.require([kind].into_iter())?;
    let page = paging::wanted(&query)?;
    let mut found = list::select(&snapshot.objects, kind, &query)?;
    found.retain(|object| sight.has(object));
    filters::keep(kind, &mut found, &Reading::new(&snapshot, caller.principal()), &query);
    let (total, shown) = paging::part(page, found)?;
    let reading = view::reading(&identity, &snapshot, &caller, &shown).await?;
    Listed::new(page, total, shown.into_iter().map(|object| face::show(object, &reading)).collect())
}

async fn create(kind: &'static KindDef, identity: Identity, caller: Caller, body: Body) -> Result<Tagged, ApiError> {
    let (identity, caller, body) = (&identity, &caller, &body);
    let (id, snapshot) = write::settled(identity, |snapshot| async move {
        caller.require_some(identity, &snapshot, Action::Create, kind.meta.kind)?;
        write::create(identity, &snapshot, caller, kind, &body.0).await
    })
    .await?;
    let object = snapshot.objects.get(id).ok_or_else(|| ApiError::no_such(kind.meta.schema))?;
    Ok(Tagged::of(object, view::one(identity, &snapshot, caller, object).await?).made())
}

async fn retrieve(kind: &'static KindDef, identity: Identity, caller: Caller, key: String) -> Result<Tagged, ApiError> {
    let snapshot = identity.config.snapshot();
    let object = find(&snapshot.objects, kind, &key)?;
    if kind.meta.kind != "application" || !applications::may_open(&identity, &snapshot, &caller, &key).await {
        Sight::of(&identity, &snapshot, &caller).require_on(Action::Read, object)?;
    }
    Ok(Tagged::of(object, view::one(&identity, &snapshot, &caller, object).await?))
}

async fn update(
    kind: &'static KindDef,
    identity: Identity,
    caller: Caller,
    key: String,
    wanted: IfMatch,
    (body, whole): (Body, bool),
) -> Result<Tagged, ApiError> {
    let (identity, caller, key, wanted, body) = (&identity, &caller, key.as_str(), &wanted, &body);
    let (id, snapshot) = write::settled(identity, |snapshot| async move {
        let object = find(&snapshot.objects, kind, key)?;
        Sight::of(identity, &snapshot, caller).require_on(Action::Update, object)?;
        wanted.holds(Some(&object.document))?;
        let changed = write::update(identity, &snapshot, caller, object, &body.0, whole).await?;
        Ok((object.document.id, changed))
    })
    .await?;
    let object = snapshot.objects.get(id).ok_or_else(|| ApiError::no_such(kind.meta.schema))?;
    Ok(Tagged::of(object, view::one(identity, &snapshot, caller, object).await?))
}

async fn destroy(
    kind: &'static KindDef,
    identity: Identity,
    caller: Caller,
    key: String,
    wanted: IfMatch,
) -> Result<StatusCode, ApiError> {
    // Nobody changes it between the look at its version and the deletion, as far as this node goes.
    let _turn = identity.config.turn().await;
    let snapshot = identity.config.snapshot();
    let object = find(&snapshot.objects, kind, &key)?;
    Sight::of(&identity, &snapshot, &caller).require_on(Action::Delete, object)?;
    wanted.holds(Some(&object.document))?;
    write::destroy(&identity, &caller, object).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn used_by(
    kind: &'static KindDef,
    identity: Identity,
    caller: Caller,
    key: String,
) -> Result<Json<Vec<UsedBy>>, ApiError> {
    let snapshot = identity.config.snapshot();
    let object = find(&snapshot.objects, kind, &key)?;
    let sight = Sight::of(&identity, &snapshot, &caller);
    sight.require_on(Action::Read, object)?;
    let people = people::sight::Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let mut found = used_by_of(&snapshot.objects, &sight, object.document.id);
    found.extend(people::related::of_object(&people, object).await?);
    Ok(Json(found))
}

fn family_routes(face: &'static FamilyFace) -> Router<Identity> {
    let all = format!("/{}/", face.path);
    let one = format!("{all}{{key}}/");
    let single = get(move |State(identity), caller, Path(key)| families::retrieve(face, identity, caller, key)).delete(
        move |State(identity), caller, Path(key), wanted| families::destroy(face, identity, caller, key, wanted),
    );
    let listing = get(move |State(identity), caller, query| families::list(face, identity, caller, query));
    let used = get(move |State(identity), caller, Path(key)| families::used_by(face, identity, caller, key));
    let types = get(move |caller: Caller| families::types(face, caller));
    Router::new()
        .route(&all, listing)
        .route(&one, single)
        .route(&format!("{one}used_by/"), used)
        .route(&format!("{all}types/"), types)
}
