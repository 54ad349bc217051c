//! What of people's things refers to something, for `used_by`: members and parents, holders of roles, tokens,
//! invitations. The first thousand of each, as far as the caller sees them.

use super::sight::Sight;
use crate::{
    error::ApiError,
    openapi::shapes::{UsedBy, UsedByActionEnum},
};
use lockgate_model::{
    Group, Object, User,
    kinds::{Flow, Role},
    permission,
};
use lockgate_policies::Action;
use lockgate_store::{InvitationFilter, Page, TokenFilter, UserFilter};
use uuid::Uuid;

/// Nobody reads more.
const FIRST: Page = Page { number: 1, size: 1_000 };

/// Members and children of a group.
pub(super) async fn of_group(sight: &Sight<'_>, group: Uuid) -> Result<Vec<UsedBy>, ApiError> {
    let mut found = users(sight, &UserFilter { groups_by_pk: vec![group], ..UserFilter::default() }).await?;
    let mut children = sight.identity.store.groups().children(&[group]).await?;
    let children = children.remove(&group).unwrap_or_default();
    let children = sight.identity.store.groups().get_many(&children).await?;
    found.extend(groups(sight, &children).await?);
    Ok(found)
}

/// Groups and tokens of a user.
pub(super) async fn of_user(sight: &Sight<'_>, user: &User) -> Result<Vec<UsedBy>, ApiError> {
    let all = sight.identity.store.groups().of_user(user.pk, sight.identity.clock.now()).await?;
    let mut found = groups(sight, &all).await?;
    let filter = TokenFilter { user_pk: Some(user.pk), page: FIRST, ..TokenFilter::default() };
    for token in sight.identity.store.tokens().list(&filter).await?.0 {
        if sight.owns(Action::Read, "token", user.pk, &token.identifier).await? {
            found.push(used("token", token.pk, &token.identifier, UsedByActionEnum::Cascade));
        }
    }
    Ok(found)
}

/// Who holds a role, and which groups give it; who is invited to a flow.
pub(crate) async fn of_object(sight: &Sight<'_>, object: &Object) -> Result<Vec<UsedBy>, ApiError> {
    let id = object.document.id;
    if object.typed::<Flow>().is_some() {
        return invitations(sight, id).await;
    }
    let Some(role) = object.typed::<Role>() else { return Ok(Vec::new()) };
    let mut found = users(sight, &UserFilter { roles: Some(vec![id]), ..UserFilter::default() }).await?;
    let holding: Vec<Uuid> = role.groups.iter().map(|group| group.0).collect();
    let holding = sight.identity.store.groups().get_many(&holding).await?;
    found.extend(groups(sight, &holding).await?);
    Ok(found)
}

async fn users(sight: &Sight<'_>, filter: &UserFilter) -> Result<Vec<UsedBy>, ApiError> {
    let fetch = async |page| {
        let filter = UserFilter { page, ..filter.clone() };
        Ok(sight.identity.store.users().list(&filter, sight.identity.clock.now()).await?)
    };
    let (users, _) = sight.page_of_users(FIRST, fetch).await?;
    Ok(users.iter().map(|user| used("user", user.pk, &user.username, UsedByActionEnum::CascadeMany)).collect())
}

async fn groups(sight: &Sight<'_>, all: &[Group]) -> Result<Vec<UsedBy>, ApiError> {
    let seen = sight.seen_groups(all).await?;
    let seen = all.iter().filter(|group| seen.contains(&group.pk));
    Ok(seen.map(|group| used("group", group.pk, &group.name, UsedByActionEnum::CascadeMany)).collect())
}

async fn invitations(sight: &Sight<'_>, flow: Uuid) -> Result<Vec<UsedBy>, ApiError> {
    let filter = InvitationFilter { flows: Some(vec![flow]), page: FIRST, ..InvitationFilter::default() };
    let mut found = Vec::new();
    for invitation in sight.identity.store.invitations().list(&filter).await?.0 {
        if sight.owns(Action::Read, "invitation", invitation.created_by, &invitation.name).await? {
            found.push(used("invitation", invitation.pk, &invitation.name, UsedByActionEnum::LeftDangling));
        }
    }
    Ok(found)
}

fn used(kind: &str, pk: impl ToString, name: &str, action: UsedByActionEnum) -> UsedBy {
    let (app, model) = permission::model_of(kind).split_once('.').unwrap_or_default();
    UsedBy { app: app.to_owned(), model_name: model.to_owned(), pk: pk.to_string(), name: name.to_owned(), action }
}
