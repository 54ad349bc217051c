//! `/core/groups/`: groups, how they nest, who is in them.

use super::{
    Noun, attributes as rules, related, roles,
    shapes::{Group, GroupMembership, GroupRequest, UserAccountRequest},
    sight::{Directory, Sight},
    users::attributes,
    views::{self, IncludeOfGroup, value},
};
use crate::{
    body::Body,
    caller::Caller,
    error::{ApiError, not_of_folder},
    objects::{self, used_by_of, write},
    openapi::{
        components::{Components, form},
        operation::Paths,
        shapes::UsedBy,
    },
    paging::{self, Listed},
    query::Query,
    rbac,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use http::{Method, StatusCode};
use lockgate_identity::{
    Identity,
    config::{Change, drop_reference, group_may_be_renamed, group_may_go},
};
use lockgate_model::{
    Document, Group as Stored, Origin, Period, Problems, Timing, schema::KindSchema, schema::OnDelete,
};
use lockgate_policies::{Action, Administered, Extent, GROUP_KIND, USER_KIND};
use lockgate_store::{GroupFilter, GroupPatch, NewGroup};
use serde_json::json;
use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::LazyLock,
};
use uuid::Uuid;

/// Where groups live.
const NOUN: Noun = Noun {
    path: "core/groups",
    stem: "core_groups",
    schema: "Group",
    key: "group_uuid",
    key_schema: || json!({"type": "string", "format": "uuid"}),
};

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<GroupRequest>);
static MEMBER_FORM: LazyLock<KindSchema> = LazyLock::new(form::<UserAccountRequest>);

const INCLUDES: &[&str] = &["include_children", "include_inherited_roles", "include_parents", "include_users"];

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/core/groups/", get(list).post(create))
        .route("/core/groups/{group_uuid}/", get(retrieve).put(replace).patch(change).delete(destroy))
        .route("/core/groups/{group_uuid}/add_user/", post(add_user))
        .route("/core/groups/{group_uuid}/memberships/", get(memberships))
        .route("/core/groups/{group_uuid}/remove_user/", post(remove_user))
        .route("/core/groups/{group_uuid}/used_by/", get(used_by))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let group = components.reply::<Group>();
    let page = components.page_of("Group");
    let request = components.request::<GroupRequest>();
    let patched = components.patched::<GroupRequest>();
    let flag = || json!({"type": "boolean"});
    let list_of = |item: &str| json!({"type": "array", "items": {"type": item}});
    let mut listing = NOUN
        .operation(Method::GET, "", "list")
        .says("Lists every group that matches.")
        .query("attributes", json!({"type": "string"}))
        .query("is_superuser", flag())
        .query("members_by_pk", list_of("integer"))
        .query("members_by_username", list_of("string"));
    let mut retrieve = NOUN.one(Method::GET, "", "retrieve").says("Shows a group.");
    for include in INCLUDES {
        listing = listing.query(include, flag());
        retrieve = retrieve.query(include, flag());
    }
    paths.add(listing.shared_query("QueryName").paged().answers(200, "One page.", page));
    paths.add(retrieve.answers(200, "The group.", group.clone()));
    let create = NOUN.operation(Method::POST, "", "create").says("Makes a group.").body(request.clone(), true);
    paths.add(create.answers(201, "Made.", group.clone()));
    let replace = NOUN.one(Method::PUT, "", "update").says("Replaces a group.").body(request, true);
    paths.add(replace.answers(200, "As it is now.", group.clone()).may_conflict());
    let change = NOUN.one(Method::PATCH, "", "partial_update").says("Changes fields of a group.").body(patched, false);
    paths.add(change.answers(200, "As it is now.", group).may_conflict());
    let destroy = NOUN.one(Method::DELETE, "", "destroy").says("Deletes a group; its members stay.");
    paths.add(destroy.empty(204, "Deleted.").may_conflict());
    for (tail, verb, says) in [
        (
            "add_user/",
            "add_user_create",
            "Puts a user into the group. With `from` or `until`, additions of Lockgate, for that time; without, who \
             is a member stays one as long as before.",
        ),
        ("remove_user/", "remove_user_create", "Takes a user out of the group."),
    ] {
        let member = components.request::<UserAccountRequest>();
        paths.add(NOUN.one(Method::POST, tail, verb).says(says).body(member, true).empty(204, "Done."));
    }
    let timed = components.reply::<GroupMembership>();
    let timed = json!({"type": "array", "items": timed});
    let memberships = NOUN.one(Method::GET, "memberships/", "memberships_list");
    let says = "Lists the memberships of the group that begin or end by themselves, those to come and those that \
                ended in the last month as well. An addition of Lockgate.";
    paths.add(memberships.says(says).answers(200, "The memberships.", timed));
    paths.add(NOUN.used_by(components));
}

fn include(query: &Query) -> IncludeOfGroup {
    // Measured on the reference: members are shown unless refused, relatives only when asked for.
    IncludeOfGroup {
        users: query.flag("include_users") != Some(false),
        parents: query.flag("include_parents") == Some(true),
        children: query.flag("include_children") == Some(true),
        inherited_roles: query.flag("include_inherited_roles") == Some(true),
    }
}

async fn shown(sight: &Sight<'_>, group: Stored, query: &Query) -> Result<Json<Group>, ApiError> {
    let shown = views::groups_for(sight, vec![group], include(query)).await?.pop();
    shown.map(Json).ok_or(ApiError::Internal)
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_some(&identity, &snapshot, Action::Read, GROUP_KIND)?;
    let page = paging::wanted(&query)?;
    let filter = GroupFilter {
        search: query.get("search").map(str::to_owned),
        name: query.get("name").map(str::to_owned),
        is_superuser: query.flag("is_superuser"),
        members_by_pk: query.several("members_by_pk", "Enter a number.")?,
        members_by_username: query.repeated("members_by_username").into_iter().map(str::to_owned).collect(),
        attributes: attributes(&query)?,
        ordering: query.ordering(),
        page,
    };
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let (store, filter) = (&identity.store, &filter);
    let now = identity.clock.now();
    let fetch = |page| async move { Ok(store.groups().list(&GroupFilter { page, ..filter.clone() }, now).await?) };
    let (found, total) = sight.page_of_groups(page, fetch).await?;
    let shown = views::groups_for(&sight, found, include(&query)).await?;
    Listed::new(page, total, shown.iter().map(value).collect())
}

async fn create(
    State(identity): State<Identity>,
    caller: Caller,
    query: Query,
    body: Body,
) -> Result<(StatusCode, Json<Group>), ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_some(&identity, &snapshot, Action::Create, GROUP_KIND)?;
    let given: GroupRequest = body.read(&FORM, false)?;
    check_members(&identity, given.users.as_deref()).await?;
    check_parents(&identity, given.parents.as_deref()).await?;
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    may_be_made(&sight, &given).await?;
    let held = given.roles.clone().unwrap_or_default();
    sight.roles(&held)?;
    let wanted = given.attributes.clone().unwrap_or_default();
    rules::check(&identity, &snapshot, rules::Of::Group(None), &wanted).await?;
    let new = NewGroup {
        pk: identity.people.new_id(),
        name: given.name.unwrap_or_default(),
        is_superuser: given.is_superuser.unwrap_or_default(),
        parents: given.parents.unwrap_or_default(),
        attributes: given.attributes.unwrap_or_default(),
        origin: Origin::Api,
        source: None,
    };
    let mut group = identity.people.create_group(new, Some(caller.user())).await?;
    if let Some(members) = given.users.filter(|users| !users.is_empty()) {
        let patch = GroupPatch { members: Some(members), ..GroupPatch::default() };
        group = identity.people.update_group(group.pk, patch, Some(caller.user())).await?;
    }
    roles::change_group(&sight, group.pk, &held).await?;
    rbac::initial::keep(&sight, GROUP_KIND, &group.pk.to_string()).await?;
    Ok((StatusCode::CREATED, shown(&sight, group, &query).await?))
}

/// Refuses a caller who may not make this group, or not give its members what it would give them.
async fn may_be_made(sight: &Sight<'_>, given: &GroupRequest) -> Result<(), ApiError> {
    let parents = given.parents.as_deref().unwrap_or_default();
    let is_superuser = given.is_superuser == Some(true);
    let directory = Directory::load(sight.identity).await?;
    let facts = directory.facts_of(None, given.name.as_deref().unwrap_or_default(), is_superuser, parents);
    let wish = Administered::group(&facts)?;
    sight.require(Action::Create, &wish)?;
    if is_superuser {
        sight.require(Action::GrantSuperuser, &wish)?;
    }
    sight.groups(Action::ManageMembers, parents).await?;
    let members = given.users.as_deref().unwrap_or_default();
    if !members.is_empty() {
        sight.require(Action::ManageMembers, &wish)?;
    }
    seen(sight, members).await
}

/// Refuses a caller who may not make of this group what it would be: its name decides with policies of files
/// what its members may, its flag makes them superusers, and its parents give them what theirs have.
async fn may_become(sight: &Sight<'_>, group: &Stored, given: &GroupRequest) -> Result<(), ApiError> {
    let directory = Directory::load(sight.identity).await?;
    let is = Administered::group(&directory.facts(group))?;
    if given.is_superuser == Some(true) && !group.is_superuser {
        sight.require(Action::GrantSuperuser, &is)?;
    }
    if let Some(name) = given.name.as_ref().filter(|name| **name != group.name) {
        let wish = directory.facts_of(Some(group.pk), name, group.is_superuser, &group.parents);
        sight.require(Action::Update, &Administered::group(&wish)?)?;
    }
    let parents = changed(given.parents.as_deref(), &group.parents);
    sight.groups(Action::ManageMembers, &parents).await?;
    if let Some(members) = &given.users {
        let mut known = sight.identity.store.groups().member_pks(&[group.pk], sight.identity.clock.now()).await?;
        let members = changed(Some(members), &known.remove(&group.pk).unwrap_or_default());
        if !members.is_empty() {
            sight.require(Action::ManageMembers, &is)?;
            seen(sight, &members).await?;
        }
    }
    Ok(())
}

/// What a list gains and loses.
pub(super) fn changed<T: Copy + Eq + Hash>(wanted: Option<&[T]>, known: &[T]) -> Vec<T> {
    let Some(wanted) = wanted else { return Vec::new() };
    let (wanted, known): (HashSet<T>, HashSet<T>) = (wanted.iter().copied().collect(), known.iter().copied().collect());
    wanted.symmetric_difference(&known).copied().collect()
}

/// Nobody joins or leaves a group by the hand of somebody who may not see that user.
async fn seen(sight: &Sight<'_>, members: &[i64]) -> Result<(), ApiError> {
    if members.is_empty() || sight.extent(Action::Read, USER_KIND) == Extent::All {
        return Ok(());
    }
    let users = sight.identity.store.users().get_many(members).await?;
    let seen = sight.seen_users(&users).await?;
    complain("/users", members.iter().filter(|pk| !seen.contains(pk)).map(ToString::to_string))
}

async fn found(sight: &Sight<'_>, verb: Action, key: &str) -> Result<Stored, ApiError> {
    let missing = || ApiError::no_such("Group");
    let pk = Uuid::parse_str(key).map_err(|_| missing())?;
    let group = sight.identity.store.groups().get(pk).await?.ok_or_else(missing)?;
    sight.groups(verb, &[pk]).await?;
    Ok(group)
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    query: Query,
) -> Result<Json<Group>, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let group = found(&sight, Action::Read, &key).await?;
    shown(&sight, group, &query).await
}

async fn replace(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    query: Query,
    body: Body,
) -> Result<Json<Group>, ApiError> {
    store(&identity, &caller, &key, &query, body, false).await
}

async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    query: Query,
    body: Body,
) -> Result<Json<Group>, ApiError> {
    store(&identity, &caller, &key, &query, body, true).await
}

async fn store(
    identity: &Identity,
    caller: &Caller,
    key: &str,
    query: &Query,
    body: Body,
    partial: bool,
) -> Result<Json<Group>, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity, snapshot: &snapshot, caller };
    let group = found(&sight, Action::Update, key).await?;
    let given: GroupRequest = body.read(&FORM, partial)?;
    check_members(identity, given.users.as_deref()).await?;
    check_parents(identity, given.parents.as_deref()).await?;
    may_become(&sight, &group, &given).await?;
    let held = roles::changed_of_group(&snapshot, group.pk, given.roles.as_deref());
    sight.roles(&held)?;
    if let Some(wanted) = &given.attributes {
        rules::check(identity, &snapshot, rules::Of::Group(Some(group.pk)), wanted).await?;
    }
    if given.name.as_ref().is_some_and(|name| *name != group.name) {
        group_may_be_renamed(&snapshot.policies, &group).map_err(|e| ApiError::Conflict(e.to_string()))?;
    }
    let patch = GroupPatch {
        name: given.name,
        is_superuser: given.is_superuser,
        parents: given.parents,
        attributes: given.attributes,
        members: given.users,
        origin: None,
    };
    let group = identity.people.update_group(group.pk, patch, Some(caller.user())).await?;
    roles::change_group(&sight, group.pk, &held).await?;
    shown(&sight, group, query).await
}

async fn check_members(identity: &Identity, pks: Option<&[i64]>) -> Result<(), ApiError> {
    let Some(pks) = pks.filter(|pks| !pks.is_empty()) else { return Ok(()) };
    let known = identity.store.users().get_many(pks).await?;
    let missing = pks.iter().filter(|pk| !known.iter().any(|user| user.pk == **pk));
    complain("/users", missing.map(ToString::to_string))
}

async fn check_parents(identity: &Identity, pks: Option<&[Uuid]>) -> Result<(), ApiError> {
    let Some(pks) = pks.filter(|pks| !pks.is_empty()) else { return Ok(()) };
    let known = identity.store.groups().get_many(pks).await?;
    let missing = pks.iter().filter(|pk| !known.iter().any(|group| group.pk == **pk));
    complain("/parents", missing.map(ToString::to_string))
}

fn complain(field: &str, missing: impl Iterator<Item = String>) -> Result<(), ApiError> {
    let mut problems = Problems::default();
    for pk in missing.take(20) {
        problems.add(field, "does_not_exist", format!("Invalid pk \"{pk}\" - object does not exist."));
    }
    Ok(problems.into_result()?)
}

async fn destroy(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    let snapshot = identity.config.snapshot();
    let group =
        found(&Sight { identity: &identity, snapshot: &snapshot, caller: &caller }, Action::Delete, &key).await?;
    if let (Origin::Folder, Some(at)) = (group.origin, &group.source) {
        return Err(ApiError::folder(&at.file, at.line));
    }
    let all = identity.store.groups().all().await?;
    group_may_go(&snapshot.objects, &snapshot.policies, &group, &all).map_err(|e| ApiError::Conflict(e.to_string()))?;
    forget_group(&identity, &caller, group.pk).await?;
    identity.people.delete_group(group.pk, Some(caller.user())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What only mentions a group forgets it before it goes. A binding stays, and nobody passes it any more:
/// an application must not open because the last group that it was given to is deleted.
async fn forget_group(identity: &Identity, caller: &Caller, pk: Uuid) -> Result<(), ApiError> {
    write::settled(identity, |snapshot| async move {
        let mut forgetful: HashMap<Uuid, Document> = HashMap::new();
        for referrer in snapshot.objects.referrers(pk).iter().filter(|r| r.on_delete == OnDelete::SetNull) {
            let Some(object) = snapshot.objects.get(referrer.from) else { continue };
            not_of_folder(&object.document)?;
            let document = forgetful.entry(referrer.from).or_insert_with(|| object.document.clone());
            drop_reference(&mut document.body[&referrer.field], pk);
        }
        if forgetful.is_empty() {
            return Ok(());
        }
        let upserts = forgetful.into_values().collect();
        write::apply(identity, caller, Change { upserts, deletes: Vec::new() }).await.map(drop)
    })
    .await
}

async fn add_user(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let (group, member) = membership(&identity, &caller, &key, body).await?;
    let period = member.period(identity.clock.now())?;
    identity.people.add_member(group, member.pk, period, Some(caller.user())).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove_user(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let (group, member) = membership(&identity, &caller, &key, body).await?;
    if member.from.is_some() || member.until.is_some() {
        let name = if member.from.is_some() { "from" } else { "until" };
        return Err(ApiError::field(name, "invalid", "A user is taken out at once."));
    }
    identity.people.remove_member(group, member.pk, Some(caller.user())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A group that the caller may change, and the user that is to join or leave it.
async fn membership(
    identity: &Identity,
    caller: &Caller,
    key: &str,
    body: Body,
) -> Result<(Uuid, UserAccountRequest), ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity, snapshot: &snapshot, caller };
    let group = found(&sight, Action::ManageMembers, key).await?;
    let member: UserAccountRequest = body.read(&MEMBER_FORM, false)?;
    sight.user(Action::Read, member.pk).await?;
    Ok((group.pk, member))
}

impl UserAccountRequest {
    /// The time that is asked for; `None` where none is.
    fn period(&self, now: DateTime<Utc>) -> Result<Option<Period>, ApiError> {
        let period = Period { from: self.from, until: self.until };
        let mut problems = Problems::default();
        period.check(&mut problems);
        problems.into_result()?;
        match period.timing(now) {
            Timing::Over(_) => Err(ApiError::field("until", "invalid", "This is over already.")),
            _ => Ok((!period.is_always()).then_some(period)),
        }
    }
}

/// The memberships that have a time, of users whom the caller may see.
async fn memberships(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Vec<GroupMembership>>, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let group = found(&sight, Action::Read, &key).await?;
    let now = identity.clock.now();
    let rows = identity.store.groups().timed_memberships(group.pk).await?;
    let pks: Vec<i64> = rows.iter().map(|row| row.user_pk).collect();
    let users = identity.store.users().get_many(&pks).await?;
    let seen = sight.seen_users(&users).await?;
    let names: HashMap<i64, String> = users.into_iter().map(|user| (user.pk, user.username)).collect();
    let shown = rows.into_iter().filter(|row| seen.contains(&row.user_pk)).filter_map(|row| {
        Some(GroupMembership {
            pk: row.user_pk,
            username: names.get(&row.user_pk)?.clone(),
            from: row.period.from,
            until: row.period.until,
            in_force: row.period.contains(now),
        })
    });
    Ok(Json(shown.collect()))
}

async fn used_by(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Vec<UsedBy>>, ApiError> {
    let snapshot = identity.config.snapshot();
    let people = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let group = found(&people, Action::Read, &key).await?;
    let sight = objects::sight::Sight::of(&identity, &snapshot, &caller);
    let mut found = used_by_of(&snapshot.objects, &sight, group.pk);
    found.extend(related::of_group(&people, group.pk).await?);
    Ok(Json(found))
}
