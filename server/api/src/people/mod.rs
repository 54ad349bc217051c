//! People: users, groups, tokens, sessions, and what applications were granted. They grow with the number of people, so their lists are
//! asked of the database and not of the snapshot.

pub(crate) mod attributes;
mod authenticators;
mod consents;
pub(crate) mod deeds;
mod export;
mod grants;
pub(crate) mod groups;
mod impersonation;
mod import;
mod invitations;
mod letters;
mod me;
mod notifications;
mod recovery;
pub(crate) mod related;
mod reputation;
pub(crate) mod roles;
pub(crate) mod sessions;
pub(crate) mod shapes;
pub(crate) mod sight;
mod tokens;
mod user_actions;
mod users;
pub(crate) mod views;

use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths, parameter},
        shapes::UsedBy,
    },
};
use axum::Router;
use http::Method;
use lockgate_flows::NamedPeople;
use lockgate_identity::{
    Identity,
    config::Snapshot,
    journal::{Action as Noted, Entry},
    passwords::HashError,
    people::PeopleError,
    principals::PrincipalEntry,
};
use lockgate_model::permission;
use lockgate_policies::{Action, Administered, USER_KIND};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

/// Routes of all people's data.
pub(crate) fn routes() -> Router<Identity> {
    users::routes()
        .merge(user_actions::routes())
        .merge(me::routes())
        .merge(impersonation::routes())
        .merge(recovery::routes())
        .merge(export::routes())
        .merge(import::routes())
        .merge(groups::routes())
        .merge(tokens::routes())
        .merge(sessions::routes())
        .merge(grants::routes())
        .merge(consents::routes())
        .merge(invitations::routes())
        .merge(authenticators::routes())
        .merge(notifications::routes())
        .merge(reputation::routes())
}

/// Operations on people's data.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    users::describe(components, paths);
    user_actions::describe(components, paths);
    me::describe(components, paths);
    impersonation::describe(components, paths);
    recovery::describe(components, paths);
    export::describe(components, paths);
    import::describe(components, paths);
    groups::describe(components, paths);
    tokens::describe(components, paths);
    sessions::describe(components, paths);
    grants::describe(components, paths);
    consents::describe(components, paths);
    invitations::describe(components, paths);
    authenticators::describe(components, paths);
    notifications::describe(components, paths);
    reputation::describe(components, paths);
}

impl From<PeopleError> for ApiError {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Invalid(problems) => Self::Invalid(problems),
            PeopleError::NotFound(noun) => Self::no_such(noun),
            PeopleError::OwnedByFolder { source_place, .. } => Self::folder(&source_place.file, source_place.line),
            PeopleError::Hash(error) => error.into(),
            PeopleError::Store(error) => error.into(),
        }
    }
}

impl From<HashError> for ApiError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Overloaded { retry_after } => Self::Throttled(retry_after.as_secs().max(1)),
            HashError::TooLong => Self::field("password", "max_length", error.to_string()),
            HashError::Failed => Self::Internal,
        }
    }
}

/// The words of one noun for the document: where it lives and what its schemas are called.
pub(crate) struct Noun {
    pub(crate) path: &'static str,
    pub(crate) stem: &'static str,
    pub(crate) schema: &'static str,
    pub(crate) key: &'static str,
    pub(crate) key_schema: fn() -> Value,
}

impl Noun {
    pub(crate) fn operation(&self, method: Method, tail: &str, verb: &str) -> Operation {
        let tag = self.path.split('/').next().unwrap_or(self.path);
        Operation::new(method, &format!("/{}/{tail}", self.path), format!("{}_{verb}", self.stem), tag)
    }

    pub(crate) fn one(&self, method: Method, tail: &str, verb: &str) -> Operation {
        let key = parameter("path", self.key, (self.key_schema)(), &format!("Key of the {}.", self.schema));
        self.operation(method, &format!("{{{}}}/{tail}", self.key), verb).path(key)
    }

    pub(crate) fn used_by(&self, components: &mut Components) -> Operation {
        let list = json!({"type": "array", "items": components.reply::<UsedBy>()});
        self.one(Method::GET, "used_by/", "used_by_list")
            .says("Tells what refers to the object, and what its deletion would do to it.")
            .answers(200, "What refers to it.", list)
    }
}

/// The user that `field` names, when the caller may ask what that user may do.
///
/// # Errors
/// 403, or 400 for a user who does not exist or whom the caller may not see.
pub(crate) async fn subject(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    field: &str,
    pk: i64,
) -> Result<Arc<PrincipalEntry>, ApiError> {
    caller.require_some(identity, snapshot, Action::CheckAccess, USER_KIND)?;
    let unknown = || ApiError::field(field, "does_not_exist", "User not found");
    let who = identity.principals.get(pk).await?.ok_or_else(unknown)?;
    let asked = caller.require_on(identity, snapshot, Action::CheckAccess, &Administered::user(&who)?, "User");
    asked.map(|()| who).map_err(|error| if matches!(error, ApiError::NotFound(_)) { unknown() } else { error })
}

/// Views of these groups, as far as the caller may see them, with their members but not in full.
///
/// # Errors
/// Whatever the database answers.
pub(crate) async fn whole_groups(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    pks: &[Uuid],
) -> Result<HashMap<Uuid, Value>, ApiError> {
    let sight = sight::Sight { identity, snapshot, caller };
    let mut groups = identity.store.groups().get_many(pks).await?;
    let seen = sight.seen_groups(&groups).await?;
    groups.retain(|group| seen.contains(&group.pk));
    let include = views::IncludeOfGroup { users: false, parents: false, children: false, inherited_roles: false };
    let shown = views::groups_for(&sight, groups, include).await?;
    Ok(shown.into_iter().map(|group| (group.pk, views::value(&group))).collect())
}

/// Names of the kinds of second factors in policies.
pub(crate) fn factor_kinds() -> impl Iterator<Item = &'static str> {
    authenticators::policy_kinds()
}

/// Whether the caller may see all of these groups and users; what is gone shows nothing.
///
/// # Errors
/// Whatever the database answers.
pub(crate) async fn are_seen(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    named: &NamedPeople,
) -> Result<bool, ApiError> {
    let sight = sight::Sight { identity, snapshot, caller };
    let groups = identity.store.groups().get_many(&Vec::from_iter(named.groups.iter().copied())).await?;
    let users = identity.store.users().get_many(&Vec::from_iter(named.users.iter().copied())).await?;
    let (seen_groups, seen_users) = (sight.seen_groups(&groups).await?, sight.seen_users(&users).await?);
    Ok(seen_groups.len() == groups.len() && seen_users.len() == users.len())
}

/// Notes what the caller did to something of a kind: its key, and its name.
pub(crate) fn note(identity: &Identity, caller: &Caller, action: Noted, kind: &str, (pk, name): (impl ToString, &str)) {
    identity.journal.record(entry(caller, action, kind, (pk, name)));
}

/// The same of something that belongs to somebody, who is shown what others do to it.
pub(crate) fn note_of(
    identity: &Identity,
    caller: &Caller,
    action: Noted,
    kind: &str,
    thing: (impl ToString, &str),
    owner: i64,
) {
    identity.journal.record(entry(caller, action, kind, thing).with("owner", json!({"pk": owner})));
}

/// The same, for more to be told with it.
fn entry(caller: &Caller, action: Noted, kind: &str, (pk, name): (impl ToString, &str)) -> Entry {
    let entry = Entry::new(action, "lockgate.api").by(caller.user()).from_ip(caller.client.ip);
    entry.about(permission::model_of(kind), pk.to_string(), name)
}
