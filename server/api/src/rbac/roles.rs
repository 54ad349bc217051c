//! Roles: their list, and who holds one directly.

use super::{KIND, operation, shapes::RoleUserRequest};
use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    objects::{face, find, list, reading::Reading, sight::Sight},
    openapi::{
        components::{Components, form},
        operation::{Paths, parameter},
    },
    paging::{self, Listed},
    people,
    query::Query,
};
use axum::{
    Router,
    extract::{Path, State},
    routing::post,
};
use http::{Method, StatusCode};
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::{Object, kind::by_name, kinds::Role, schema::KindSchema};
use lockgate_policies::Action;
use serde_json::{Value, json};
use std::{collections::HashSet, sync::LazyLock};
use uuid::Uuid;

static HOLDER_FORM: LazyLock<KindSchema> = LazyLock::new(form::<RoleUserRequest>);

/// Routes beside those of every kind.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/rbac/roles/{uuid}/add_user/", post(add_user))
        .route("/rbac/roles/{uuid}/remove_user/", post(remove_user))
}

/// The key in an address.
pub(super) fn key() -> Value {
    parameter("path", "uuid", json!({"type": "string", "format": "uuid"}), "Key of the role.")
}

/// Operations beside those of every kind.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    for (tail, says) in [("add_user", "Gives the role to a user."), ("remove_user", "Takes the role from a user.")] {
        let body = components.request::<RoleUserRequest>();
        let path = format!("/rbac/roles/{{uuid}}/{tail}/");
        let one = operation(Method::POST, &path, &format!("roles_{tail}_create")).says(says).path(key());
        paths.add(one.body(body, true).empty(204, "Done."));
    }
}

/// Lists roles; `users` and `groups` ask for those that one holds, with `inherited` also through groups.
pub(crate) async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let snapshot = identity.config.snapshot();
    let kind = by_name(KIND).ok_or(ApiError::Internal)?;
    let sight = Sight::of(&identity, &snapshot, &caller);
    sight.require([kind].into_iter())?;
    let page = paging::wanted(&query)?;
    let mut found = list::select(&snapshot.objects, kind, &query)?;
    found.retain(|object| sight.has(object));
    let inherited = query.flag("inherited") == Some(true);
    if let Some(user) = query.integer("users")? {
        let held = of_user(&identity, &snapshot, user, inherited).await?;
        found.retain(|object| held.contains(&object.document.id));
    }
    if let Some(group) = query.uuid("groups")? {
        let held = of_group(&identity, &snapshot, group, inherited).await?;
        found.retain(|object| held.contains(&object.document.id));
    }
    let reading = Reading::new(&snapshot, caller.principal());
    Listed::cut(page, found, |object| face::show(object, &reading))
}

async fn of_user(identity: &Identity, snapshot: &Snapshot, pk: i64, all: bool) -> Result<HashSet<Uuid>, ApiError> {
    let Some(who) = identity.principals.get(pk).await? else {
        let text = "Select a valid choice. That choice is not one of the available choices.";
        return Err(ApiError::field("users", "invalid_choice", text));
    };
    let who = who.principal();
    let held = if all { people::roles::held(&snapshot.objects, who) } else { who.roles.clone() };
    Ok(held.into_iter().collect())
}

async fn of_group(identity: &Identity, snapshot: &Snapshot, pk: Uuid, all: bool) -> Result<HashSet<Uuid>, ApiError> {
    let mut held: HashSet<Uuid> = people::roles::of_group(&snapshot.objects, pk).into_iter().collect();
    let group = identity.store.groups().get(pk).await?.ok_or_else(|| {
        let text = "Select a valid choice. That choice is not one of the available choices.";
        ApiError::field("groups", "invalid_choice", text)
    })?;
    if all {
        let groups = identity.store.groups().all().await?;
        held.extend(people::roles::inherited(&snapshot.objects, &[group], &groups).into_values().flatten());
    }
    Ok(held)
}

/// The role of an address, for a caller who may do this.
///
/// # Errors
/// 404 or 403.
pub(super) fn found<'a>(
    identity: &Identity,
    snapshot: &'a Snapshot,
    caller: &Caller,
    verb: Action,
    key: &str,
) -> Result<(&'a Object, &'a Role), ApiError> {
    let role = find(&snapshot.objects, by_name(KIND).ok_or(ApiError::Internal)?, key)?;
    Sight::of(identity, snapshot, caller).require_on(verb, role)?;
    Ok((role, role.typed().ok_or(ApiError::Internal)?))
}

async fn add_user(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    hold(&identity, &caller, &key, body, true).await
}

async fn remove_user(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    hold(&identity, &caller, &key, body, false).await
}

async fn hold(identity: &Identity, caller: &Caller, key: &str, body: Body, held: bool) -> Result<StatusCode, ApiError> {
    let snapshot = identity.config.snapshot();
    let (role, _) = found(identity, &snapshot, caller, Action::GrantRole, key)?;
    let given: RoleUserRequest = body.read(&HOLDER_FORM, false)?;
    let sight = people::sight::Sight { identity, snapshot: &snapshot, caller };
    sight.user(Action::Read, given.pk).await?;
    identity.people.hold_role(&role.document, given.pk, held, Some(caller.user())).await?;
    Ok(StatusCode::NO_CONTENT)
}
