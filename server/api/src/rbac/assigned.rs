//! Permissions of roles: who has which, giving and taking them.

use super::{
    KIND, operation, roles,
    shapes::{
        ExtraRoleObjectPermission, PermissionAssignRequest, PermissionAssignResult, RoleAssignedObjectPermission,
        RoleModelPermission, RoleObjectPermission, assignment, in_words,
    },
};
use crate::{
    body::Body,
    caller::Caller,
    error::{ApiError, not_of_folder},
    objects::{find, list, sight::Sight, write},
    openapi::{
        components::{Components, form},
        operation::Paths,
    },
    paging::{self, Listed},
    people::{self, views::value},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, patch, post},
};
use http::{Method, StatusCode};
use lockgate_identity::{
    Identity,
    config::{Change, Snapshot},
};
use lockgate_model::{
    Document, Object, ObjectSet,
    kind::by_name,
    kinds::{Codename, ObjectPermission, Role},
    permission::{self, Noun, Permission},
    schema::KindSchema,
};
use lockgate_policies::{Action, GROUP_KIND, USER_KIND};
use serde_json::json;
use std::{collections::HashMap, sync::LazyLock};
use uuid::Uuid;

const BY_ROLES: &str = "/rbac/permissions/assigned_by_roles/";

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<PermissionAssignRequest>);

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route(BY_ROLES, get(by_roles))
        .route(&format!("{BY_ROLES}{{uuid}}/assign/"), post(assign))
        .route(&format!("{BY_ROLES}{{uuid}}/unassign/"), patch(unassign))
        .route("/rbac/permissions/roles/", get(of_roles))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let text = || json!({"type": "string"});
    let _ = components.reply::<RoleAssignedObjectPermission>();
    let page = components.page_of("RoleAssignedObjectPermission");
    let listing = operation(Method::GET, BY_ROLES, "permissions_assigned_by_roles_list")
        .says("Lists the roles that have permissions on a model, or on an object of it.")
        .query("model", text())
        .query("object_pk", text());
    paths.add(listing.paged().answers(200, "One page.", page));
    let given = json!({"type": "array", "items": components.reply::<PermissionAssignResult>()});
    let body = components.request::<PermissionAssignRequest>();
    let path = format!("{BY_ROLES}{{uuid}}/assign/");
    let assign = operation(Method::POST, &path, "permissions_assigned_by_roles_assign").path(roles::key());
    let assign = assign.says("Gives permissions to a role: on everything, or on one object.").body(body, true);
    paths.add(assign.answers(200, "What was given.", given).may_conflict());
    let body = components.patched::<PermissionAssignRequest>();
    let path = format!("{BY_ROLES}{{uuid}}/unassign/");
    let unassign = operation(Method::PATCH, &path, "permissions_assigned_by_roles_unassign_partial_update");
    let unassign = unassign.path(roles::key()).says("Takes permissions from a role.").body(body, false);
    paths.add(unassign.empty(204, "Done.").may_conflict());
    let _ = components.reply::<ExtraRoleObjectPermission>();
    let page = components.page_of("ExtraRoleObjectPermission");
    let listing = operation(Method::GET, "/rbac/permissions/roles/", "permissions_roles_list")
        .says("Lists the permissions of roles on single objects.")
        .query("uuid", json!({"type": "string", "format": "uuid"}));
    paths.add(listing.paged().answers(200, "One page.", page));
}

fn noun(model: &str) -> Result<Noun, ApiError> {
    permission::noun(model).ok_or_else(|| {
        let text = format!("Select a valid choice. {model} is not one of the available choices.");
        ApiError::field("model", "invalid_choice", text)
    })
}

/// The roles that the caller may see, by what the query asks for.
fn seen<'a>(sight: &Sight<'_>, snapshot: &'a Snapshot, query: &Query) -> Result<Vec<(&'a Object, &'a Role)>, ApiError> {
    let kind = by_name(KIND).ok_or(ApiError::Internal)?;
    sight.require([kind].into_iter())?;
    let all: Vec<&Object> = snapshot.objects.all::<Role>().into_iter().map(|(object, _)| object).collect();
    let all = all.into_iter().filter(|object| list::mentions(object, &["name"], query.get("search")));
    let sorted = list::ordered(all.filter(|object| sight.has(object)).collect(), query, "name");
    Ok(sorted.into_iter().filter_map(|object| Some((object, object.typed()?))).collect())
}

async fn by_roles(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight::of(&identity, &snapshot, &caller);
    let page = paging::wanted(&query)?;
    let about = query.get("model").map(noun).transpose()?;
    let object = query.get("object_pk");
    let all = seen(&sight, &snapshot, &query)?.into_iter();
    let all = all.map(|(role, held)| of_role(&snapshot.objects, role, held, about, object));
    let all = all.filter(|found| !found.object_permissions.is_empty() || !found.model_permissions.is_empty());
    Listed::cut(page, all.collect(), |found| value(&found))
}

fn of_role(
    objects: &ObjectSet,
    role: &Object,
    held: &Role,
    about: Option<Noun>,
    object: Option<&str>,
) -> RoleAssignedObjectPermission {
    let fits = |known: &&Permission| about.is_none_or(|noun| known.noun == noun);
    let everything = held.permissions.iter().filter_map(|codename| permission::by_codename(&codename.0));
    let everything = everything.filter(fits).map(|known| RoleModelPermission {
        id: known.id,
        codename: known.codename.clone(),
        model: known.noun.model_name().to_owned(),
        app_label: known.noun.app_label().to_owned(),
        name: known.name.clone(),
    });
    let single = held.object_permissions.iter().filter_map(|given| {
        let known = permission::by_codename(&given.permission.0).filter(fits)?;
        let object_pk = outward(objects, known.noun, &given.object);
        object.is_none_or(|wanted| wanted == object_pk).then(|| RoleObjectPermission {
            id: assignment(role.document.id, &known.codename, &given.object),
            codename: known.codename.clone(),
            model: known.noun.model_name().to_owned(),
            app_label: known.noun.app_label().to_owned(),
            object_pk,
            name: known.name.clone(),
        })
    });
    RoleAssignedObjectPermission {
        role_pk: role.document.id.to_string(),
        name: role.document.name.clone(),
        object_permissions: single.collect(),
        model_permissions: everything.collect(),
    }
}

/// The object that a role names, by key or by name.
fn object_of<'a>(objects: &'a ObjectSet, noun: Noun, given: &str) -> Option<&'a Object> {
    let kind = by_name(noun.kind)?;
    let by_key = Uuid::parse_str(given).ok().and_then(|id| objects.get(id));
    by_key.filter(|object| object.kind.meta.kind == kind.meta.kind).or_else(|| objects.by_name(kind.meta.kind, given))
}

/// The primary key of an object, as the API shows it.
fn outward(objects: &ObjectSet, noun: Noun, given: &str) -> String {
    let found = object_of(objects, noun, given);
    let number = found.and_then(|object| object.document.number).map(|number| number.to_string());
    number.or_else(|| Some(found?.document.id.to_string())).unwrap_or_else(|| given.to_owned())
}

async fn of_roles(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight::of(&identity, &snapshot, &caller);
    let page = paging::wanted(&query)?;
    let wanted = query.uuid("uuid")?;
    let all = seen(&sight, &snapshot, &query)?.into_iter();
    let all = all.filter(|(role, _)| wanted.is_none_or(|id| id == role.document.id));
    let held: Vec<(Uuid, &ObjectPermission)> =
        all.flat_map(|(role, held)| held.object_permissions.iter().map(|given| (role.document.id, given))).collect();
    let (total, shown) = paging::part(page, held)?;
    let names = names(&identity, &snapshot, &caller, shown.iter().map(|(_, given)| *given)).await?;
    let shown = shown.into_iter().filter_map(|(role, given)| {
        let known = permission::by_codename(&given.permission.0)?;
        Some(value(&ExtraRoleObjectPermission {
            id: assignment(role, &known.codename, &given.object),
            codename: known.codename.clone(),
            model: known.noun.model_name().to_owned(),
            app_label: known.noun.app_label().to_owned(),
            object_pk: outward(&snapshot.objects, known.noun, &given.object),
            name: known.name.clone(),
            app_label_verbose: in_words(known.noun.app_label()),
            model_verbose: known.noun.verbose_name.to_owned(),
            object_description: names.get(&(known.noun.kind, given.object.clone())).cloned(),
        }))
    });
    Listed::new(page, total, shown.collect())
}

type Names = HashMap<(&'static str, String), String>;

/// Names of the objects that roles name, as far as the caller may see them.
async fn names<'a>(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    given: impl Iterator<Item = &'a ObjectPermission>,
) -> Result<Names, ApiError> {
    let objects = Sight::of(identity, snapshot, caller);
    let people = people::sight::Sight { identity, snapshot, caller };
    let mut names = Names::new();
    for given in given {
        let Some(noun) = permission::by_codename(&given.permission.0).map(|known| known.noun) else { continue };
        let name = match noun.kind {
            USER_KIND => match given.object.parse() {
                Ok(pk) => people.user(Action::Read, pk).await.ok().map(|who| who.principal().user.username.clone()),
                Err(_) => None,
            },
            GROUP_KIND => match Uuid::parse_str(&given.object) {
                Ok(pk) if people.groups(Action::Read, &[pk]).await.is_ok() => {
                    identity.store.groups().get(pk).await?.map(|group| group.name)
                }
                _ => None,
            },
            _ => object_of(&snapshot.objects, noun, &given.object)
                .filter(|object| objects.has(object))
                .map(|object| object.document.name.clone()),
        };
        names.extend(name.map(|name| ((noun.kind, given.object.clone()), name)));
    }
    Ok(names)
}

/// What somebody wants to give or take.
struct Wanted {
    permissions: Vec<&'static Permission>,
    /// As the role says it.
    object: Option<String>,
}

impl Wanted {
    async fn read(sight: &people::sight::Sight<'_>, body: &PermissionAssignRequest) -> Result<Self, ApiError> {
        let about = match (&body.model, &body.object_pk) {
            (Some(model), Some(key)) => Some((noun(model)?, key)),
            (None, None) => None,
            (None, Some(_)) => return Err(ApiError::field("model", "required", "This field is required.")),
            (Some(_), None) => return Err(ApiError::field("object_pk", "required", "This field is required.")),
        };
        let mut permissions = Vec::new();
        for name in body.permissions.iter().flatten() {
            let known = permission::by_full_name(name).filter(|known| match about {
                Some((noun, _)) => known.noun == noun && known.is_on_objects(),
                None => true,
            });
            let unknown = || {
                let text = format!("\"{name}\" is not a valid choice.");
                ApiError::field("permissions", "invalid_choice", text)
            };
            permissions.push(known.ok_or_else(unknown)?);
        }
        let object = match about {
            Some((noun, key)) => Some(stored(sight, noun, key).await?),
            None => None,
        };
        Ok(Self { permissions, object })
    }
}

/// The key of an object that there is and that the caller may see.
async fn stored(sight: &people::sight::Sight<'_>, noun: Noun, key: &str) -> Result<String, ApiError> {
    let unknown = |_: ApiError| {
        let text = format!("Invalid pk \"{key}\" - object does not exist.");
        ApiError::field("object_pk", "does_not_exist", text)
    };
    let missing = || ApiError::no_such("object");
    match noun.kind {
        USER_KIND => {
            let pk = key.parse().map_err(|_| unknown(missing()))?;
            sight.user(Action::Read, pk).await.map_err(unknown)?;
            Ok(pk.to_string())
        }
        GROUP_KIND => {
            let pk = Uuid::parse_str(key).map_err(|_| unknown(missing()))?;
            let there = sight.identity.store.groups().get(pk).await?.is_some();
            sight.groups(Action::Read, &[pk]).await.map_err(unknown)?;
            if there { Ok(pk.to_string()) } else { Err(unknown(missing())) }
        }
        kind => {
            let objects = &sight.snapshot.objects;
            let kind = by_name(kind).ok_or_else(|| unknown(missing()))?;
            let by_id = Uuid::parse_str(key).ok().and_then(|id| objects.get(id));
            let by_id = by_id.filter(|object| object.kind.meta.kind == kind.meta.kind);
            let object = by_id.map_or_else(|| find(objects, kind, key), Ok).map_err(unknown)?;
            let seen = Sight::of(sight.identity, sight.snapshot, sight.caller).has(object);
            if seen { Ok(object.document.id.to_string()) } else { Err(unknown(missing())) }
        }
    }
}

async fn assign(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<Vec<PermissionAssignResult>>, ApiError> {
    let (role, wanted) = change(&identity, &caller, &key, body, false, |held, wanted| {
        for known in &wanted.permissions {
            add(held, known, wanted.object.as_deref());
        }
    })
    .await?;
    let object = wanted.object.as_deref().unwrap_or_default();
    let given = wanted
        .permissions
        .iter()
        .map(|known| PermissionAssignResult { id: assignment(role, &known.codename, object).to_string() });
    Ok(Json(given.collect()))
}

/// Adds a permission that a role does not have.
pub(super) fn add(held: &mut Role, known: &Permission, object: Option<&str>) {
    let codename = Codename(known.codename.clone());
    match object {
        None if !held.permissions.contains(&codename) => held.permissions.push(codename),
        Some(object) => {
            let given = ObjectPermission { permission: codename, object: object.to_owned() };
            if !held.object_permissions.contains(&given) {
                held.object_permissions.push(given);
            }
        }
        None => {}
    }
}

async fn unassign(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    change(&identity, &caller, &key, body, true, |held, wanted| {
        let named = |codename: &Codename| wanted.permissions.iter().any(|known| known.codename == codename.0);
        match &wanted.object {
            None => held.permissions.retain(|codename| !named(codename)),
            Some(object) => {
                held.object_permissions.retain(|given| !named(&given.permission) || given.object != *object)
            }
        }
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes what a role permits, for a caller who may do so to the role as it is and as it would be.
async fn change(
    identity: &Identity,
    caller: &Caller,
    key: &str,
    body: Body,
    partial: bool,
    edit: impl Fn(&mut Role, &Wanted),
) -> Result<(Uuid, Wanted), ApiError> {
    let (body, edit) = (&body, &edit);
    write::settled(identity, |snapshot| async move {
        let (role, held) = roles::found(identity, &snapshot, caller, Action::DefineRole, key)?;
        let given: PermissionAssignRequest = body.clone().read(&FORM, partial)?;
        let sight = people::sight::Sight { identity, snapshot: &snapshot, caller };
        let wanted = Wanted::read(&sight, &given).await?;
        not_of_folder(&role.document)?;
        let mut held = held.clone();
        edit(&mut held, &wanted);
        let document = with(&role.document, &held)?;
        Sight::of(identity, &snapshot, caller).require_wish(Action::DefineRole, &document)?;
        if document.body != role.document.body {
            write::apply(identity, caller, Change { upserts: vec![document], deletes: Vec::new() }).await?;
        }
        Ok((role.document.id, wanted))
    })
    .await
}

/// The document of a role that says this.
pub(super) fn with(document: &Document, role: &Role) -> Result<Document, ApiError> {
    let body = serde_json::to_value(role).map_err(|_| ApiError::Internal)?;
    Ok(Document { body, ..document.clone() })
}
