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
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::{ObjectSet, Principal};
use lockgate_policies::Action;
use serde_json::Value;

/// What one may beyond single objects; clients decide by it what to offer.
const SYSTEM_PERMISSIONS: [(&str, Action, &str); 3] = [
    ("view_system_info", Action::Read, "system"),
    ("view_system_settings", Action::Read, "settings"),
    ("edit_system_settings", Action::Update, "settings"),
];

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
    let user = || UserSelf {
        system_permissions: permissions(&identity, &snapshot, &caller),
        ..oneself(caller.principal(), &snapshot.objects)
    };
    let original = caller.original.as_ref().map(|who| oneself(who.principal(), &snapshot.objects));
    Json(SessionUser { user: user(), original, users: vec![user()] })
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
        system_permissions: Vec::new(),
    }
}

fn permissions(identity: &Identity, snapshot: &Snapshot, caller: &Caller) -> Vec<String> {
    let held = SYSTEM_PERMISSIONS.into_iter().filter(|(_, verb, kind)| caller.may(identity, snapshot, *verb, kind));
    let held: Vec<&str> = held.map(|(name, ..)| name).collect();
    let administers = caller.principal().is_superuser || !held.is_empty();
    administers.then_some("access_admin_interface").into_iter().chain(held).map(str::to_owned).collect()
}
