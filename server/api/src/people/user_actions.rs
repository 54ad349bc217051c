//! What is done to users beside changing them: passwords, paths, service accounts.

use super::{
    shapes::{UserPasswordSetRequest, UserPath, UserServiceAccountRequest, UserServiceAccountResponse},
    sight::Sight,
    users::{NOUN, found, wished},
    views::Uids,
};
use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    openapi::{
        components::{Components, form},
        operation::Paths,
    },
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use chrono::TimeDelta;
use http::{Method, StatusCode};
use lockgate_identity::{Identity, people::UserDraft, tokens::NewToken};
use lockgate_model::{Origin, User as Account, UserType, schema::KindSchema};
use lockgate_policies::{Action, Administered, GroupFacts, USER_KIND};
use lockgate_store::{NewGroup, Page, TokenIntent, UserFilter};
use serde_json::{Map, json};
use std::sync::LazyLock;

static PASSWORD_FORM: LazyLock<KindSchema> = LazyLock::new(form::<UserPasswordSetRequest>);
static ACCOUNT_FORM: LazyLock<KindSchema> = LazyLock::new(form::<UserServiceAccountRequest>);

/// How long the key of a service account lasts when nobody says otherwise.
const ACCOUNT_LIFE: TimeDelta = TimeDelta::days(360);

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/core/users/{id}/set_password/", post(set_password))
        .route("/core/users/paths/", get(paths))
        .route("/core/users/service_account/", post(service_account))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    paths.add(
        NOUN.one(Method::POST, "set_password/", "set_password_create")
            .says("Sets the password and ends the user's sessions.")
            .body(components.request::<UserPasswordSetRequest>(), true)
            .empty(204, "Set."),
    );
    paths.add(
        NOUN.operation(Method::GET, "paths/", "paths_retrieve")
            .says("Lists the places in the directory that have users.")
            .shared_query("QuerySearch")
            .answers(200, "The paths.", components.reply::<UserPath>()),
    );
    paths.add(
        NOUN.operation(Method::POST, "service_account/", "service_account_create")
            .says("Makes an account for a program, with an app password that is shown once.")
            .body(components.request::<UserServiceAccountRequest>(), true)
            .answers(200, "The account and its key.", components.reply::<UserServiceAccountResponse>()),
    );
}

/// Sets somebody's password: an administrator anybody's. One's own goes through the flow, which asks
/// who it is.
async fn set_password(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let account = found(&sight, Action::SetPassword, &key).await?;
    caller.require_oneself()?;
    let given: UserPasswordSetRequest = body.read(&PASSWORD_FORM, false)?;
    let own = caller.session.as_ref().filter(|_| account.pk == caller.user().pk);
    let keep = own.map(|session| &***session);
    let history = identity.config.snapshot().password_history();
    identity.people.set_password(account.pk, &given.password, history, keep, Some(caller.user())).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn paths(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Json<UserPath>, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_some(&identity, &snapshot, Action::Read, USER_KIND)?;
    let mut paths = identity.store.users().paths(query.get("search")).await?;
    if !caller.may(&identity, &snapshot, Action::Read, USER_KIND) {
        // Where somebody is whom the caller does not see is not the caller's business.
        let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
        let mut seen = Vec::new();
        for path in paths {
            let (store, there, now) = (&identity.store, &path, identity.clock.now());
            let there = |page| async move {
                let filter = UserFilter { path: Some(there.clone()), page, ..UserFilter::default() };
                Ok(store.users().list(&filter, now).await?)
            };
            if sight.page_of_users(Page { number: 1, size: 1 }, there).await?.1 > 0 {
                seen.push(path);
            }
        }
        paths = seen;
    }
    Ok(Json(UserPath { paths }))
}

async fn service_account(
    State(identity): State<Identity>,
    caller: Caller,
    body: Body,
) -> Result<Json<UserServiceAccountResponse>, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_some(&identity, &snapshot, Action::Create, USER_KIND)?;
    caller.require_some(&identity, &snapshot, Action::IssueToken, USER_KIND)?;
    let given: UserServiceAccountRequest = body.read(&ACCOUNT_FORM, false)?;
    let draft = drafted(&given.name);
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    sight.require(Action::IssueToken, &Administered::user(&wished(&sight, &draft, Vec::new()).await?)?)?;
    if given.create_group {
        let group = Administered::group(&GroupFacts { name: given.name.clone(), ..GroupFacts::default() })?;
        sight.require(Action::Create, &group)?;
        sight.require(Action::ManageMembers, &group)?;
    }
    let identifier = identifier(&given.name);
    if identity.tokens.by_identifier(&identifier).await?.is_some() {
        return Err(ApiError::field("name", "unique", "A service account with a token of this name already exists."));
    }
    let account = make(&identity, &caller, draft).await?;
    let group = if given.create_group { Some(group_of(&identity, &caller, &account).await?) } else { None };
    let expires = given.expires.unwrap_or_else(|| identity.clock.now() + ACCOUNT_LIFE);
    let token = NewToken {
        identifier,
        intent: TokenIntent::AppPassword,
        user_pk: account.pk,
        description: String::new(),
        expires: Some(expires),
        expiring: given.expiring,
        managed: None,
    };
    let token = identity.tokens.create(token, None).await?;
    Ok(Json(UserServiceAccountResponse {
        username: account.username,
        token: identity.tokens.view_key(token.pk).await?,
        user_uid: Uids::load(&identity).await?.of(account.pk),
        user_pk: account.pk,
        group_pk: group.map(|pk| pk.to_string()),
    }))
}

/// `service-account-<name>-password`, with what an identifier cannot hold replaced.
fn identifier(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let slug: String = name.chars().map(allowed).collect();
    format!("service-account-{slug}-password")
}

fn drafted(name: &str) -> UserDraft {
    UserDraft {
        username: name.to_owned(),
        name: name.to_owned(),
        email: String::new(),
        is_active: true,
        user_type: UserType::ServiceAccount,
        path: "goauthentik.io/service-accounts".to_owned(),
        attributes: Map::from_iter([("goauthentik.io/user/token-expires".to_owned(), json!(true))]),
        groups: Vec::new(),
        password: None,
    }
}

async fn make(identity: &Identity, caller: &Caller, draft: UserDraft) -> Result<Account, ApiError> {
    let made = identity.people.create_user(draft, Some(caller.user())).await;
    made.map_err(|error| match ApiError::from(error) {
        // The body calls it `name`.
        ApiError::Invalid(mut problems) => {
            problems.0.iter_mut().for_each(|p| p.pointer = p.pointer.replace("/username", "/name"));
            ApiError::Invalid(problems)
        }
        other => other,
    })
}

async fn group_of(identity: &Identity, caller: &Caller, account: &Account) -> Result<uuid::Uuid, ApiError> {
    let group = NewGroup {
        pk: identity.people.new_id(),
        name: account.username.clone(),
        is_superuser: false,
        parents: Vec::new(),
        attributes: Map::new(),
        origin: Origin::Api,
        source: None,
    };
    let group = identity.people.create_group(group, Some(caller.user())).await?;
    identity.people.add_member(group.pk, account.pk, None, Some(caller.user())).await?;
    Ok(group.pk)
}
