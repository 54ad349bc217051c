//! Roles on users and groups. Which groups hold a role, the role itself says, so that it is configuration;
//! who else holds it is people's data.

use super::{shapes, sight::Sight};
use crate::{
    error::ApiError,
    objects::{self, write},
};
use lockgate_identity::config::{Change, Snapshot};
use lockgate_model::{Document, Group, Object, ObjectSet, Principal, kinds::Role};
use lockgate_policies::Action;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// A role as others show it.
pub(super) fn shown(object: &Object) -> shapes::Role {
    shapes::Role { pk: object.document.id, name: object.document.name.clone() }
}

/// These roles as others show them, by name; those that are gone are left out.
pub(super) fn named(objects: &ObjectSet, ids: &[Uuid]) -> Vec<shapes::Role> {
    let mut found: Vec<shapes::Role> = ids.iter().filter_map(|id| objects.get(*id)).map(shown).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The roles that a group holds by itself, by name.
pub(crate) fn of_group(objects: &ObjectSet, group: Uuid) -> Vec<Uuid> {
    let all = objects.all::<Role>().into_iter();
    all.filter(|(_, role)| role.groups.iter().any(|g| g.0 == group)).map(|(object, _)| object.document.id).collect()
}

/// The roles that somebody holds, directly or through a group.
pub(crate) fn held(objects: &ObjectSet, who: &Principal) -> Vec<Uuid> {
    let holds = |object: &Object, role: &Role| {
        who.roles.contains(&object.document.id) || role.groups.iter().any(|group| who.in_group(group.0))
    };
    let all = objects.all::<Role>().into_iter();
    all.filter(|(object, role)| holds(object, role)).map(|(object, _)| object.document.id).collect()
}

/// The roles of the groups around each of these, without those that it holds by itself.
pub(crate) fn inherited(objects: &ObjectSet, of: &[Group], all: &[Group]) -> HashMap<Uuid, Vec<Uuid>> {
    let by_key: HashMap<Uuid, &Group> = all.iter().map(|group| (group.pk, group)).collect();
    let around = |group: &Group| {
        let mut seen = HashSet::new();
        let mut next = group.parents.clone();
        while let Some(pk) = next.pop() {
            if seen.insert(pk) {
                next.extend(by_key.get(&pk).into_iter().flat_map(|group| &group.parents));
            }
        }
        seen
    };
    let roles = |group: &Group| {
        let own = of_group(objects, group.pk);
        let found: HashSet<Uuid> = around(group).into_iter().flat_map(|pk| of_group(objects, pk)).collect();
        found.into_iter().filter(|role| !own.contains(role)).collect()
    };
    of.iter().map(|group| (group.pk, roles(group))).collect()
}

impl Sight<'_> {
    /// Whether the caller may see a role.
    pub(super) fn has_role(&self, id: Uuid) -> bool {
        let sight = objects::sight::Sight::of(self.identity, self.snapshot, self.caller);
        self.snapshot.objects.get(id).is_some_and(|object| sight.has(object))
    }

    /// Refuses a caller who may not give and take these roles.
    ///
    /// # Errors
    /// 400 for one that does not exist, 404 for one that the caller may not see, else 403.
    pub(super) fn roles(&self, changed: &[Uuid]) -> Result<(), ApiError> {
        let sight = objects::sight::Sight::of(self.identity, self.snapshot, self.caller);
        for id in changed {
            let role = self.snapshot.objects.get(*id).filter(|object| object.kind.meta.kind == "role");
            let role = role.ok_or_else(|| {
                let text = format!("Invalid pk \"{id}\" - object does not exist.");
                ApiError::field("roles", "does_not_exist", text)
            })?;
            sight.require_on(Action::GrantRole, role)?;
        }
        Ok(())
    }
}

/// Which roles a group would gain and lose.
pub(super) fn changed_of_group(snapshot: &Snapshot, group: Uuid, wanted: Option<&[Uuid]>) -> Vec<Uuid> {
    super::groups::changed(wanted, &of_group(&snapshot.objects, group))
}

/// Makes a group gain those of these roles that it did not hold, and lose the others.
///
/// # Errors
/// As [`Sight::roles`], of the roles as they are now; 409 for one of the folder.
pub(super) async fn change_group(sight: &Sight<'_>, group: Uuid, changed: &[Uuid]) -> Result<(), ApiError> {
    if changed.is_empty() {
        return Ok(());
    }
    let before = &of_group(&sight.snapshot.objects, group);
    write::settled(sight.identity, |snapshot| async move {
        Sight { snapshot: &snapshot, ..*sight }.roles(changed)?;
        let roles = changed.iter().filter_map(|id| snapshot.objects.get(*id));
        let upserts = roles.map(|role| given(&role.document, group, !before.contains(&role.document.id))).collect();
        write::apply(sight.identity, sight.caller, Change { upserts, deletes: Vec::new() }).await.map(drop)
    })
    .await
}

/// The role, held by a group or not.
fn given(role: &Document, group: Uuid, is_held: bool) -> Document {
    let mut document = role.clone();
    let id = Value::from(group.to_string());
    if let Some(groups) = document.body["groups"].as_array_mut() {
        groups.retain(|held| *held != id);
        groups.extend(is_held.then_some(id));
    }
    document
}
