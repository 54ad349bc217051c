//! `/core/users/`: list, retrieve, create, change, delete.

use super::{
    Noun,
    attributes::{self, Of},
    groups::changed,
    related,
    shapes::{User, UserRequest},
    sight::{Directory, Sight},
    views::{self, Include, value},
};
use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    objects,
    openapi::{
        components::{Components, form},
        operation::Paths,
        shapes::{UsedBy, UsedByActionEnum},
    },
    paging::{self, Listed},
    query::Query,
    rbac,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use chrono::{DateTime, Utc};
use http::{Method, StatusCode};
use lockgate_identity::{Identity, config::Snapshot, people::UserDraft};
use lockgate_model::{
    Document, Problems, User as Account, UserType,
    kinds::{PolicyBinding, Role},
    schema::KindSchema,
};
use lockgate_policies::{Action, Administered, PreparedPrincipal, USER_KIND};
use lockgate_store::{DateFilter, UserFilter, UserPatch};
use serde_json::{Map, Value, json};
use std::{collections::HashSet, sync::LazyLock};
use uuid::Uuid;

/// Where users live.
pub(super) const NOUN: Noun = Noun {
    path: "core/users",
    stem: "core_users",
    schema: "User",
    key: "id",
    key_schema: || json!({"type": "integer"}),
};

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<UserRequest>);

/// Parameters of the list, beside those of every list.
pub(super) const PARAMETERS: &[(&str, &str)] = &[
    ("attributes", "string"),
    ("date_joined", "time"),
    ("date_joined__gt", "time"),
    ("date_joined__lt", "time"),
    ("email", "string"),
    ("groups_by_name", "strings"),
    ("groups_by_pk", "uuids"),
    ("include_groups", "boolean"),
    ("include_roles", "boolean"),
    ("is_active", "boolean"),
    ("is_superuser", "boolean"),
    ("last_login", "time"),
    ("last_login__gt", "time"),
    ("last_login__isnull", "boolean"),
    ("last_login__lt", "time"),
    ("last_updated", "time"),
    ("last_updated__gt", "time"),
    ("last_updated__lt", "time"),
    ("path", "string"),
    ("path_startswith", "string"),
    ("roles_by_name", "strings"),
    ("roles_by_pk", "uuids"),
    ("type", "types"),
    ("username", "string"),
    ("uuid", "uuid"),
];

/// Routes of users themselves.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/core/users/", get(list).post(create))
        .route("/core/users/{id}/", get(retrieve).put(replace).patch(change).delete(destroy))
        .route("/core/users/{id}/used_by/", get(used_by))
}

/// Operations on users themselves.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let user = components.reply::<User>();
    let page = components.page_of("User");
    let request = components.request::<UserRequest>();
    let patched = components.patched::<UserRequest>();
    let mut listing = NOUN.operation(Method::GET, "", "list").says("Lists every user that matches.");
    for (name, kind) in PARAMETERS {
        listing = listing.query(name, schema_of(kind));
    }
    listing = listing.query("second_factor", schema_of("boolean"));
    paths.add(listing.shared_query("QueryName").paged().answers(200, "One page.", page));
    let create = NOUN.operation(Method::POST, "", "create").says("Makes a user, without a password.");
    paths.add(create.body(request.clone(), true).answers(201, "Made.", user.clone()));
    paths.add(NOUN.one(Method::GET, "", "retrieve").says("Shows a user.").answers(200, "The user.", user.clone()));
    let replace = NOUN.one(Method::PUT, "", "update").says("Replaces a user.").body(request, true);
    paths.add(replace.answers(200, "As it is now.", user.clone()));
    let change = NOUN.one(Method::PATCH, "", "partial_update").says("Changes fields of a user.").body(patched, false);
    paths.add(change.answers(200, "As it is now.", user));
    let destroy = NOUN.one(Method::DELETE, "", "destroy").says("Deletes a user, with sessions and tokens.");
    paths.add(destroy.empty(204, "Deleted.").may_conflict());
    paths.add(NOUN.used_by(components));
}

/// The schema of a parameter.
pub(super) fn schema_of(kind: &str) -> Value {
    match kind {
        "time" => json!({"type": "string", "format": "date-time"}),
        "uuid" => json!({"type": "string", "format": "uuid"}),
        "uuids" => json!({"type": "array", "items": {"type": "string", "format": "uuid"}}),
        "strings" => json!({"type": "array", "items": {"type": "string"}}),
        "types" => json!({"type": "array", "items": {"$ref": "#/components/schemas/UserTypeEnum"}}),
        kind => json!({"type": kind}),
    }
}

/// Whether only those with a second factor are wanted, or only those without one.
pub(super) fn has_factor(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    query: &Query,
) -> Result<Option<bool>, ApiError> {
    let asked = query.flag("second_factor");
    if asked.is_some() {
        // Who has none is told to who may see which there are.
        for kind in super::factor_kinds() {
            caller.require(identity, snapshot, Action::Read, kind)?;
        }
    }
    Ok(asked)
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_some(&identity, &snapshot, Action::Read, USER_KIND)?;
    let page = paging::wanted(&query)?;
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let has_factor = has_factor(&identity, &snapshot, &caller, &query)?;
    let filter = UserFilter { roles: roles_asked(&snapshot, &query)?, has_factor, ..filter(&query, page)? };
    let (store, filter) = (&identity.store, &filter);
    let now = identity.clock.now();
    let fetch = |page| async move { Ok(store.users().list(&UserFilter { page, ..filter.clone() }, now).await?) };
    let (found, total) = sight.page_of_users(page, fetch).await?;
    let include = Include {
        groups: query.flag("include_groups") != Some(false),
        roles: query.flag("include_roles") != Some(false),
    };
    let shown = views::users_for(&sight, found, include).await?;
    Listed::new(page, total, shown.iter().map(value).collect())
}

/// What a query asks for, but for roles.
///
/// # Errors
/// 400.
pub(super) fn filter(query: &Query, page: lockgate_store::Page) -> Result<UserFilter, ApiError> {
    let text = |name: &str| query.get(name).map(str::to_owned);
    let types = query.all("type").into_iter().map(|word| {
        let unknown = format!("Select a valid choice. {word} is not one of the available choices.");
        UserType::parse(word).ok_or_else(|| ApiError::field("type", "invalid_choice", unknown))
    });
    Ok(UserFilter {
        search: text("search"),
        username: text("username"),
        email: text("email"),
        name: text("name"),
        is_active: query.flag("is_active"),
        is_superuser: query.flag("is_superuser"),
        has_factor: None,
        path: text("path"),
        path_startswith: text("path_startswith"),
        types: types.collect::<Result<_, _>>()?,
        groups_by_name: query.repeated("groups_by_name").into_iter().map(str::to_owned).collect(),
        groups_by_pk: query.several("groups_by_pk", "Enter a valid UUID.")?,
        roles: None,
        uuid: query.uuid("uuid")?,
        pk_in: None,
        attributes: attributes(query)?,
        date_joined: dates(query, "date_joined")?,
        last_updated: dates(query, "last_updated")?,
        last_login: dates(query, "last_login")?,
        ordering: query.ordering(),
        page,
    })
}

/// The roles of which somebody wanted holds one: one of each parameter that is given.
///
/// # Errors
/// 400.
pub(super) fn roles_asked(snapshot: &Snapshot, query: &Query) -> Result<Option<Vec<Uuid>>, ApiError> {
    let names = query.repeated("roles_by_name");
    let keys: Vec<Uuid> = query.several("roles_by_pk", "Enter a valid UUID.")?;
    if names.is_empty() && keys.is_empty() {
        return Ok(None);
    }
    let all = snapshot.objects.all::<Role>().into_iter().map(|(object, _)| &object.document);
    let fits = |role: &&Document| {
        (names.is_empty() || names.contains(&role.name.as_str())) && (keys.is_empty() || keys.contains(&role.id))
    };
    Ok(Some(all.filter(fits).map(|role| role.id).collect()))
}

/// `attributes`: a JSON object whose parts must be there.
///
/// # Errors
/// 400 for anything else.
pub(super) fn attributes(query: &Query) -> Result<Option<Map<String, Value>>, ApiError> {
    let Some(text) = query.get("attributes") else { return Ok(None) };
    let invalid = |_| ApiError::field("attributes", "invalid", "Value must be a JSON object.");
    serde_json::from_str(text).map(Some).map_err(invalid)
}

fn dates(query: &Query, name: &str) -> Result<DateFilter, ApiError> {
    let time = |name: &str| query.parsed::<DateTime<Utc>>(name, "Enter a valid date/time.");
    Ok(DateFilter {
        exact: time(name)?,
        after: time(&format!("{name}__gt"))?,
        before: time(&format!("{name}__lt"))?,
        is_null: query.flag(&format!("{name}__isnull")),
    })
}

async fn create(
    State(identity): State<Identity>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<User>), ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_some(&identity, &snapshot, Action::Create, USER_KIND)?;
    let mut given: UserRequest = body.read(&FORM, false)?;
    check_type(given.user_type, None)?;
    let roles = given.roles.take().unwrap_or_default();
    let draft = UserDraft {
        username: given.username.unwrap_or_default(),
        name: given.name.unwrap_or_default(),
        email: given.email.unwrap_or_default(),
        is_active: given.is_active.unwrap_or(true),
        user_type: given.user_type.unwrap_or_default(),
        path: given.path.unwrap_or_else(|| "users".to_owned()),
        attributes: given.attributes.unwrap_or_default(),
        groups: given.groups.unwrap_or_default(),
        password: None,
    };
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    wished(&sight, &draft, roles.clone()).await?;
    attributes::check(&identity, &snapshot, Of::User(None), &draft.attributes).await?;
    let made = identity.people.create_user(draft, Some(caller.user())).await?;
    if !roles.is_empty() {
        identity.people.set_roles(&made, &roles, Some(caller.user())).await?;
    }
    rbac::initial::keep(&sight, USER_KIND, &made.pk.to_string()).await?;
    Ok((StatusCode::CREATED, Json(views::user_for(&sight, made).await?)))
}

/// Refuses a caller who may not make this user, or not put anybody into the user's groups or give the roles.
///
/// # Errors
/// 403, and 404 for a group or role that the caller may not see.
pub(super) async fn wished(
    sight: &Sight<'_>,
    draft: &UserDraft,
    roles: Vec<Uuid>,
) -> Result<PreparedPrincipal, ApiError> {
    sight.roles(&roles)?;
    let user = account(draft, sight.identity.clock.now());
    let directory = Directory::load(sight.identity).await?;
    let wish = directory.prepared(user, draft.groups.iter().copied(), roles)?;
    sight.require(Action::Create, &Administered::user(&wish)?)?;
    sight.groups(Action::ManageMembers, &draft.groups).await?;
    Ok(wish)
}

/// The account that a draft would be.
fn account(draft: &UserDraft, now: DateTime<Utc>) -> Account {
    let draft = draft.clone();
    Account {
        username: draft.username,
        name: draft.name,
        email: draft.email,
        is_active: draft.is_active,
        user_type: draft.user_type,
        path: draft.path,
        attributes: draft.attributes,
        ..nobody(now)
    }
}

/// What an account is that nothing is said of, before it is made.
pub(super) fn nobody(now: DateTime<Utc>) -> Account {
    Account {
        pk: 0,
        uuid: Uuid::nil(),
        username: String::new(),
        name: String::new(),
        email: String::new(),
        is_active: true,
        user_type: UserType::default(),
        path: String::new(),
        attributes: Map::new(),
        date_joined: now,
        last_login: None,
        last_updated: now,
        password_change_date: now,
    }
}

/// The user of an address, for a caller who may do this.
///
/// # Errors
/// 403 or 404.
pub(super) async fn found(sight: &Sight<'_>, verb: Action, key: &str) -> Result<Account, ApiError> {
    let missing = || ApiError::no_such("User");
    let pk = key.parse().map_err(|_| missing())?;
    sight.user(verb, pk).await?;
    sight.identity.store.users().get(pk).await?.ok_or_else(missing)
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<User>, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let account = found(&sight, Action::Read, &key).await?;
    Ok(Json(views::user_for(&sight, account).await?))
}

async fn replace(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<User>, ApiError> {
    store(&identity, &caller, &key, body, false).await
}

async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<User>, ApiError> {
    store(&identity, &caller, &key, body, true).await
}

async fn store(
    identity: &Identity,
    caller: &Caller,
    key: &str,
    body: Body,
    partial: bool,
) -> Result<Json<User>, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity, snapshot: &snapshot, caller };
    let account = found(&sight, Action::Update, key).await?;
    let given: UserRequest = body.read(&FORM, partial)?;
    check_type(given.user_type, Some(&account))?;
    if given.is_active == Some(false) && account.pk == caller.user().pk {
        return Err(ApiError::field("is_active", "invalid", "You cannot deactivate your own account."));
    }
    let patch = UserPatch {
        username: given.username,
        name: given.name,
        email: given.email,
        is_active: given.is_active,
        user_type: given.user_type,
        path: given.path,
        attributes: given.attributes,
        groups: given.groups,
    };
    let held = identity.store.roles().of_users(&[account.pk]).await?.remove(&account.pk).unwrap_or_default();
    sight.roles(&changed(given.roles.as_deref(), &held))?;
    may_become(&sight, &account, &patch, held).await?;
    if let Some(wanted) = &patch.attributes {
        attributes::check(identity, &snapshot, Of::User(Some(account.pk)), wanted).await?;
    }
    let account = identity.people.update_user(account.pk, patch, Some(caller.user())).await?;
    if let Some(roles) = &given.roles {
        identity.people.set_roles(&account, roles, Some(caller.user())).await?;
    }
    Ok(Json(views::user_for(&sight, account).await?))
}

/// Refuses a caller who may not change the user as it would be, or the groups that it would join or leave.
async fn may_become(sight: &Sight<'_>, account: &Account, patch: &UserPatch, roles: Vec<Uuid>) -> Result<(), ApiError> {
    let direct = sight.identity.store.groups().of_user(account.pk, sight.identity.clock.now()).await?;
    let direct: HashSet<Uuid> = direct.iter().map(|group| group.pk).collect();
    if let Some(wanted) = &patch.groups {
        let wanted: HashSet<Uuid> = wanted.iter().copied().collect();
        let changed: Vec<Uuid> = wanted.symmetric_difference(&direct).copied().collect();
        sight.groups(Action::ManageMembers, &changed).await?;
    }
    let mut wish = account.clone();
    let texts = [
        (&mut wish.username, &patch.username),
        (&mut wish.name, &patch.name),
        (&mut wish.email, &patch.email),
        (&mut wish.path, &patch.path),
    ];
    for (field, given) in texts {
        given.iter().for_each(|given| field.clone_from(given));
    }
    wish.is_active = patch.is_active.unwrap_or(wish.is_active);
    wish.user_type = patch.user_type.unwrap_or(wish.user_type);
    if wish == *account {
        return Ok(());
    }
    let wish = Directory::load(sight.identity).await?.prepared(wish, direct, roles)?;
    sight.require(Action::Update, &Administered::user(&wish)?)
}

/// Accounts of the server's own are made, and stay, by the server alone.
///
/// # Errors
/// 400.
pub(super) fn check_type(wanted: Option<UserType>, account: Option<&Account>) -> Result<(), ApiError> {
    let internal = |t: UserType| t == UserType::InternalServiceAccount;
    let is = account.is_some_and(|a| internal(a.user_type));
    let text = match wanted {
        Some(wanted) if internal(wanted) && !is => "Setting a user to internal service account is not allowed.",
        Some(wanted) if !internal(wanted) && is => "Can't change internal service account to other user type.",
        _ => return Ok(()),
    };
    Err(ApiError::field("type", "invalid", text))
}

async fn destroy(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let account = found(&sight, Action::Delete, &key).await?;
    if account.pk == caller.user().pk {
        return Err(ApiError::Invalid(Problems::one("", "invalid", "You cannot delete your own account.")));
    }
    identity.people.delete_user(account.pk, Some(caller.user())).await?;
    if snapshot.settings.gdpr_compliance {
        forget(&identity, account.pk).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Events deleted in one go.
const FORGOTTEN: u64 = 5_000;

/// Deletes what is recorded of a user's own acts; that the user was deleted is an act of somebody else.
async fn forget(identity: &Identity, user: i64) -> Result<(), ApiError> {
    identity.journal.flush().await;
    while identity.store.events().delete_of_user(user, FORGOTTEN).await? == FORGOTTEN {}
    Ok(())
}

async fn used_by(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Vec<UsedBy>>, ApiError> {
    let snapshot = identity.config.snapshot();
    let people = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let account = found(&people, Action::Read, &key).await?;
    let bindings = snapshot.objects.all::<PolicyBinding>();
    let sight = objects::sight::Sight::of(&identity, &snapshot, &caller);
    let theirs = bindings
        .into_iter()
        .filter(|(object, binding)| binding.user.is_some_and(|user| user.0 == account.pk) && sight.has(object));
    let bound = theirs.map(|(object, _)| UsedBy {
        app: "authentik_policies".to_owned(),
        model_name: "policybinding".to_owned(),
        pk: object.document.id.to_string(),
        name: object.document.name.clone(),
        action: UsedByActionEnum::LeftDangling,
    });
    let mut found: Vec<UsedBy> = bound.collect();
    found.extend(related::of_user(&people, &account).await?);
    Ok(Json(found))
}
