//! Views of users and groups.

use super::{roles, shapes, sight::Sight};
use crate::error::ApiError;
use lockgate_engine::avatar;
use lockgate_identity::Identity;
use lockgate_model::{Group, User};
use lockgate_policies::{Action, Extent, GROUP_KIND, USER_KIND};
use lockgate_store::{Page, UserFilter, hash_secret};
use serde::Serialize;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// A view as JSON; views are made of JSON types only.
pub(crate) fn value(view: &impl Serialize) -> Value {
    serde_json::to_value(view).unwrap_or_default()
}

/// Makes the identifiers of users that tell nothing, as they stand in tokens.
pub(crate) struct Uids(String);

impl Uids {
    /// Reads what they are made from.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub(crate) async fn load(identity: &Identity) -> Result<Self, ApiError> {
        Ok(Self(identity.store.installation().get("install_id").await?.ok_or(ApiError::Internal)?))
    }

    /// The identifier of one user.
    pub(crate) fn of(&self, pk: i64) -> String {
        hash_secret(&format!("{pk}-{}", self.0))
    }
}

/// Picture of a user.
pub(crate) fn picture(user: &User) -> String {
    avatar::initials(if user.name.is_empty() { &user.username } else { &user.name })
}

/// A group inside of its members.
pub(crate) fn partial_group(group: &Group) -> shapes::PartialGroup {
    shapes::PartialGroup {
        pk: group.pk,
        num_pk: group.num_pk,
        name: group.name.clone(),
        is_superuser: group.is_superuser,
        attributes: group.attributes.clone(),
    }
}

/// A group inside of its children or parents.
pub(crate) fn related_group(group: &Group) -> shapes::RelatedGroup {
    shapes::RelatedGroup {
        pk: group.pk,
        name: group.name.clone(),
        is_superuser: group.is_superuser,
        attributes: group.attributes.clone(),
        group_uuid: group.pk,
    }
}

/// A user inside of other objects.
pub(crate) fn partial_user(user: &User, uids: &Uids) -> shapes::PartialUser {
    shapes::PartialUser {
        pk: user.pk,
        username: user.username.clone(),
        name: user.name.clone(),
        is_active: user.is_active,
        last_login: user.last_login,
        email: user.email.clone(),
        attributes: user.attributes.clone(),
        uid: uids.of(user.pk),
    }
}

/// What of a user is shown beside the account itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Include {
    /// The groups.
    pub(crate) groups: bool,
    /// The roles.
    pub(crate) roles: bool,
}

impl Include {
    /// Everything.
    pub(crate) const ALL: Self = Self { groups: true, roles: true };
}

/// Users with their groups and rights, in the given order; three questions to the database however many.
///
/// # Errors
/// Whatever the database answers.
pub(crate) async fn users(
    identity: &Identity,
    users: Vec<User>,
    include: Include,
) -> Result<Vec<shapes::User>, ApiError> {
    let pks: Vec<i64> = users.iter().map(|u| u.pk).collect();
    let uids = Uids::load(identity).await?;
    let superusers = superusers(identity, &pks).await?;
    let mut groups = identity.store.groups().of_users(&pks, identity.clock.now()).await?;
    let mut roles = identity.store.roles().of_users(&pks).await?;
    let snapshot = identity.config.snapshot();
    let show = |user: User| {
        let is_superuser = superusers.contains(&user.pk);
        let groups = groups.remove(&user.pk).unwrap_or_default();
        let roles = roles::named(&snapshot.objects, &roles.remove(&user.pk).unwrap_or_default());
        full(user, &groups, roles, is_superuser, &uids, include)
    };
    Ok(users.into_iter().map(show).collect())
}

/// Users for a caller: of their groups those that the caller may see.
///
/// # Errors
/// Whatever the database answers.
pub(super) async fn users_for(
    sight: &Sight<'_>,
    accounts: Vec<User>,
    include: Include,
) -> Result<Vec<shapes::User>, ApiError> {
    let mut shown = users(sight.identity, accounts, include).await?;
    if include.groups && sight.extent(Action::Read, GROUP_KIND) != Extent::All {
        let named: HashSet<Uuid> = shown.iter().flat_map(|user| &user.groups).copied().collect();
        let named = sight.identity.store.groups().get_many(&Vec::from_iter(named)).await?;
        let seen = sight.seen_groups(&named).await?;
        shown.iter_mut().filter_map(|user| user.groups_obj.as_mut()).for_each(|g| g.retain(|g| seen.contains(&g.pk)));
    }
    if sight.extent(Action::Read, "role") != Extent::All {
        let roles = shown.iter_mut().filter_map(|user| user.roles_obj.as_mut());
        roles.for_each(|roles| roles.retain(|role| sight.has_role(role.pk)));
    }
    Ok(shown)
}

/// One user for a caller.
///
/// # Errors
/// Whatever the database answers.
pub(super) async fn user_for(sight: &Sight<'_>, user: User) -> Result<shapes::User, ApiError> {
    users_for(sight, vec![user], Include::ALL).await?.pop().ok_or(ApiError::Internal)
}

/// Owners of things, by key. Whoever was deleted this moment is missing.
///
/// # Errors
/// Whatever the database answers.
pub(crate) async fn owners(
    identity: &Identity,
    pks: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, shapes::User>, ApiError> {
    let pks: HashSet<i64> = pks.collect();
    let accounts = identity.store.users().get_many(&Vec::from_iter(pks)).await?;
    let accounts = users(identity, accounts, Include::ALL).await?;
    Ok(accounts.into_iter().map(|user| (user.pk, user)).collect())
}

async fn superusers(identity: &Identity, pks: &[i64]) -> Result<HashSet<i64>, ApiError> {
    let mut found = HashSet::new();
    for chunk in pks.chunks(500) {
        let filter = UserFilter {
            pk_in: Some(chunk.to_vec()),
            is_superuser: Some(true),
            page: Page { number: 1, size: 500 },
            ..UserFilter::default()
        };
        found.extend(identity.store.users().list(&filter, identity.clock.now()).await?.0.into_iter().map(|u| u.pk));
    }
    Ok(found)
}

fn full(
    user: User,
    groups: &[Group],
    roles: Vec<shapes::Role>,
    is_superuser: bool,
    uids: &Uids,
    include: Include,
) -> shapes::User {
    shapes::User {
        avatar: picture(&user),
        uid: uids.of(user.pk),
        pk: user.pk,
        username: user.username,
        name: user.name,
        is_active: user.is_active,
        last_login: user.last_login,
        date_joined: user.date_joined,
        is_superuser,
        groups: groups.iter().map(|g| g.pk).collect(),
        groups_obj: include.groups.then(|| groups.iter().map(partial_group).collect()),
        roles: roles.iter().map(|role| role.pk).collect(),
        roles_obj: include.roles.then_some(roles),
        email: user.email,
        attributes: user.attributes,
        path: user.path,
        user_type: user.user_type,
        uuid: user.uuid,
        password_change_date: user.password_change_date,
        last_updated: user.last_updated,
    }
}

/// What of groups is shown beside the groups themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IncludeOfGroup {
    /// The members.
    pub(crate) users: bool,
    /// The parents.
    pub(crate) parents: bool,
    /// The children.
    pub(crate) children: bool,
    /// The roles of the parents.
    pub(crate) inherited_roles: bool,
}

/// Groups with members and relatives, in the given order.
///
/// # Errors
/// Whatever the database answers.
pub(crate) async fn groups(
    identity: &Identity,
    groups: Vec<Group>,
    include: IncludeOfGroup,
) -> Result<Vec<shapes::Group>, ApiError> {
    let store = identity.store.groups();
    let pks: Vec<Uuid> = groups.iter().map(|g| g.pk).collect();
    let mut members = store.member_pks(&pks, identity.clock.now()).await?;
    let mut children = store.children(&pks).await?;
    let mut wanted: HashSet<Uuid> = HashSet::new();
    if include.parents {
        wanted.extend(groups.iter().flat_map(|g| &g.parents));
    }
    if include.children {
        wanted.extend(children.values().flatten());
    }
    let relatives = store.get_many(&Vec::from_iter(wanted)).await?;
    let relatives: HashMap<Uuid, Group> = relatives.into_iter().map(|g| (g.pk, g)).collect();
    let people = people(identity, include.users, &members).await?;
    let snapshot = identity.config.snapshot();
    let objects = &snapshot.objects;
    let mut inherited = HashMap::new();
    if include.inherited_roles {
        inherited = roles::inherited(objects, &groups, &store.all().await?);
    }
    let related = |pks: &[Uuid]| pks.iter().filter_map(|pk| relatives.get(pk)).map(related_group).collect();
    let show = |group: Group| {
        let users = members.remove(&group.pk).unwrap_or_default();
        let children = children.remove(&group.pk).unwrap_or_default();
        let roles = roles::of_group(objects, group.pk);
        let above = inherited.remove(&group.pk).unwrap_or_default();
        shapes::Group {
            pk: group.pk,
            num_pk: group.num_pk,
            name: group.name,
            is_superuser: group.is_superuser,
            parents_obj: include.parents.then(|| related(&group.parents)),
            parents: group.parents,
            users_obj: people.as_ref().map(|p| users.iter().filter_map(|pk| p.get(pk)).cloned().collect()),
            users,
            attributes: group.attributes,
            roles_obj: roles::named(objects, &roles),
            roles,
            inherited_roles_obj: include.inherited_roles.then(|| roles::named(objects, &above)),
            children_obj: include.children.then(|| related(&children)),
            children,
        }
    };
    Ok(groups.into_iter().map(show).collect())
}

/// Groups for a caller: of their members and relatives those that the caller may see.
///
/// # Errors
/// Whatever the database answers.
pub(super) async fn groups_for(
    sight: &Sight<'_>,
    found: Vec<Group>,
    include: IncludeOfGroup,
) -> Result<Vec<shapes::Group>, ApiError> {
    let mut shown = groups(sight.identity, found, include).await?;
    if include.users && sight.extent(Action::Read, USER_KIND) != Extent::All {
        let named: HashSet<i64> = shown.iter().flat_map(|group| &group.users).copied().collect();
        let named = sight.identity.store.users().get_many(&Vec::from_iter(named)).await?;
        let seen = sight.seen_users(&named).await?;
        shown.iter_mut().filter_map(|group| group.users_obj.as_mut()).for_each(|u| u.retain(|u| seen.contains(&u.pk)));
    }
    if (include.parents || include.children) && sight.extent(Action::Read, GROUP_KIND) != Extent::All {
        let named: HashSet<Uuid> = shown.iter().flat_map(|g| g.parents.iter().chain(&g.children)).copied().collect();
        let named = sight.identity.store.groups().get_many(&Vec::from_iter(named)).await?;
        let seen = sight.seen_groups(&named).await?;
        let relatives = shown.iter_mut().flat_map(|g| [g.parents_obj.as_mut(), g.children_obj.as_mut()]);
        relatives.flatten().for_each(|related| related.retain(|g| seen.contains(&g.pk)));
    }
    if sight.extent(Action::Read, "role") != Extent::All {
        let roles = shown.iter_mut().flat_map(|g| [Some(&mut g.roles_obj), g.inherited_roles_obj.as_mut()]);
        roles.flatten().for_each(|roles| roles.retain(|role| sight.has_role(role.pk)));
    }
    Ok(shown)
}

async fn people(
    identity: &Identity,
    wanted: bool,
    members: &HashMap<Uuid, Vec<i64>>,
) -> Result<Option<HashMap<i64, shapes::PartialUser>>, ApiError> {
    if !wanted {
        return Ok(None);
    }
    let pks: HashSet<i64> = members.values().flatten().copied().collect();
    let uids = Uids::load(identity).await?;
    let found = identity.store.users().get_many(&Vec::from_iter(pks)).await?;
    Ok(Some(found.into_iter().map(|u| (u.pk, partial_user(&u, &uids))).collect()))
}
