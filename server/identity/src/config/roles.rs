//! Roles of the configuration, as decisions are compiled from them.

use lockgate_model::{
    Object, ObjectSet,
    kinds::{Codename, ObjectPermission, Role},
    permission,
};
use lockgate_policies::{Action, GrantInput, GrantedOn, RoleInput, TextOrigin, USER_KIND};
use uuid::Uuid;

/// All roles.
pub(super) fn inputs(objects: &ObjectSet) -> Vec<RoleInput> {
    objects.all::<Role>().into_iter().map(|(object, role)| input(object, role)).collect()
}

fn input(object: &Object, role: &Role) -> RoleInput {
    let everything = role.permissions.iter().filter_map(|codename| grant(codename, GrantedOn::All));
    let single = role.object_permissions.iter().filter_map(|given| grant(&given.permission, on(given)));
    let source = object.document.source.as_ref();
    RoleInput {
        id: object.document.id,
        name: role.name.clone(),
        grants: everything.chain(single).collect(),
        groups: role.groups.iter().map(|group| group.0).collect(),
        origin: source.map(|s| TextOrigin { file: s.file.clone(), line: s.line, column: 1 }),
    }
}

fn grant(codename: &Codename, on: GrantedOn) -> Option<GrantInput> {
    let found = permission::by_codename(&codename.0)?;
    let acts = found.acts.iter().filter_map(|act| Action::parse(act)).collect();
    Some(GrantInput { permission: found.codename.clone(), kind: found.on.to_owned(), acts, on })
}

/// What looks like a primary key is one, so that nothing that is named like one passes for it.
fn on(given: &ObjectPermission) -> GrantedOn {
    let is_user = permission::by_codename(&given.permission.0).is_some_and(|p| p.on == USER_KIND);
    let is_key = Uuid::parse_str(&given.object).is_ok() || (is_user && given.object.parse::<i64>().is_ok());
    if is_key { GrantedOn::Key(given.object.clone()) } else { GrantedOn::Name(given.object.clone()) }
}
