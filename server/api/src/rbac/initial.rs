//! Initial permissions: what roles get on an object that one of their holders makes.

use super::{
    assigned::{add, with},
    shapes::Permission,
};
use crate::{
    caller::Caller,
    error::{ApiError, not_of_folder},
    objects::{sight::Sight, write},
    people::{self, views::value},
};
use lockgate_identity::{
    Identity,
    config::{Change, Snapshot},
};
use lockgate_model::{
    Document, Object, Origin,
    kinds::{InitialPermissions, Role},
    permission,
};
use lockgate_policies::Action;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The permissions of initial permissions, shown.
pub(crate) fn shown(object: &Object) -> Value {
    let promised = object.typed::<InitialPermissions>().map(|promise| promise.permissions.as_slice());
    let known = promised.unwrap_or_default().iter().filter_map(|id| permission::by_id(*id));
    known.map(|known| value(&Permission::from(known))).collect()
}

/// Refuses a caller who might not give the role what is promised to it. Of other kinds nothing is asked.
///
/// # Errors
/// 403, 404 for a role that the caller may not see, 409 for one of the folder.
pub(crate) fn may_promise(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    document: &Document,
) -> Result<(), ApiError> {
    if document.kind != "initial_permissions" {
        return Ok(());
    }
    let promised: Option<InitialPermissions> = serde_json::from_value(document.body.clone()).ok();
    // What is not sound is complained about by the general check.
    let Some(promised) = promised else { return Ok(()) };
    let Some(object) = snapshot.objects.get(promised.role.0) else { return Ok(()) };
    let Some(role) = object.typed::<Role>() else { return Ok(()) };
    let sight = Sight::of(identity, snapshot, caller);
    sight.require_on(Action::DefineRole, object)?;
    not_of_folder(&object.document)?;
    let mut wish = role.clone();
    for known in promised.permissions.iter().filter_map(|id| permission::by_id(*id)) {
        add(&mut wish, known, Some("an object"));
    }
    sight.require_wish(Action::DefineRole, &with(&object.document, &wish)?)
}

/// The roles of the caller as they are once objects were made, each told by kind and key. Roles of the folder say all that they permit
/// themselves.
pub(crate) fn documents(snapshot: &Snapshot, caller: &Caller, made: &[(String, String)]) -> Vec<Document> {
    let objects = &snapshot.objects;
    let held = people::roles::held(objects, caller.principal());
    let mut changed: BTreeMap<Uuid, (&Document, Role)> = BTreeMap::new();
    for (_, promise) in objects.all::<InitialPermissions>() {
        let role = objects.get(promise.role.0).filter(|role| held.contains(&role.document.id));
        let Some(role) = role.filter(|role| role.document.origin != Origin::Folder) else { continue };
        let Some(permits) = role.typed::<Role>() else { continue };
        let known = promise.permissions.iter().filter_map(|id| permission::by_id(*id));
        for known in known.filter(|known| known.is_on_objects()) {
            for (_, key) in made.iter().filter(|(kind, _)| known.noun.kind == kind) {
                let (_, role) = changed.entry(role.document.id).or_insert_with(|| (&role.document, permits.clone()));
                add(role, known, Some(key));
            }
        }
    }
    changed.into_values().filter_map(|(document, role)| with(document, &role).ok()).collect()
}

/// As [`documents`], for people and groups, which are no configuration.
///
/// # Errors
/// What a change of the configuration answers.
pub(crate) async fn keep(sight: &people::sight::Sight<'_>, kind: &str, object_key: &str) -> Result<(), ApiError> {
    keep_all(sight, kind, &[object_key.to_owned()]).await
}

/// As [`keep`], for several of a kind.
///
/// # Errors
/// What a change of the configuration answers.
pub(crate) async fn keep_all(
    sight: &people::sight::Sight<'_>,
    kind: &str,
    object_keys: &[String],
) -> Result<(), ApiError> {
    let made: Vec<(String, String)> = object_keys.iter().map(|key| (kind.to_owned(), key.clone())).collect();
    let made = made.as_slice();
    write::settled(sight.identity, |snapshot| async move {
        let upserts = documents(&snapshot, sight.caller, made);
        if upserts.is_empty() {
            return Ok(());
        }
        write::apply(sight.identity, sight.caller, Change { upserts, deletes: Vec::new() }).await.map(drop)
    })
    .await
}
