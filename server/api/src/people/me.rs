//! `/core/users/me/`: who the caller is.

use super::{
    roles,
    shapes::{SessionUser, UserSelf, UserSelfGroups, UserSelfRoles},
    users::NOUN,
    views::picture,
};
use crate::{
    caller::Caller,
    openapi::{components::Components, operation::Paths},
};
use axum::{Json, Router, extract::State, routing::get};
use http::Method;
use lockgate_identity::Identity;
use lockgate_model::{ObjectSet, Principal};
use serde_json::Value;

/// What superusers may beyond single objects; clients decide by it what to offer.
const SUPERUSER_PERMISSIONS: &[&str] =
    &["access_admin_interface", "view_system_info", "view_system_settings", "edit_system_settings"];

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new().route("/core/users/me/", get(me))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    paths.add(NOUN.operation(Method::GET, "me/", "me_retrieve").says("Shows who the caller is.").answers(
        200,
        "The caller.",
        components.reply::<SessionUser>(),
    ));
}

async fn me(State(identity): State<Identity>, caller: Caller) -> Json<SessionUser> {
    let snapshot = identity.config.snapshot();
    let user = || oneself(caller.principal(), &snapshot.objects);
    Json(SessionUser { user: user(), original: None, users: vec![user()] })
}

fn oneself(principal: &Principal, objects: &ObjectSet) -> UserSelf {
    let user = &principal.user;
    let groups = principal.groups.iter();
    let roles = roles::named(objects, &roles::held(objects, principal)).into_iter();
    UserSelf {
        pk: user.pk,
        username: user.username.clone(),
        name: user.name.clone(),
        is_active: user.is_active,
        is_superuser: principal.is_superuser,
        is_current: true,
        groups: groups.map(|g| UserSelfGroups { name: g.name.clone(), pk: g.pk.to_string() }).collect(),
        roles: roles.map(|r| UserSelfRoles { name: r.name, pk: r.pk.to_string() }).collect(),
        email: user.email.clone(),
        avatar: picture(user),
        uid: principal.uid.clone(),
        settings: principal.attributes.get("settings").and_then(Value::as_object).cloned().unwrap_or_default(),
        user_type: user.user_type,
        system_permissions: permissions(principal),
    }
}

fn permissions(principal: &Principal) -> Vec<String> {
    let all = if principal.is_superuser { SUPERUSER_PERMISSIONS } else { &[] };
    all.iter().map(|p| (*p).to_owned()).collect()
}
