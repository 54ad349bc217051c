//! `/authenticators/`: the second factors of people. Everybody has their own; administrators see those of others,
//! as far as policies let them. Nothing secret of any is ever shown.

mod handing_out;
mod kinds;

use super::{
    shapes::PartialUser,
    sight::Sight,
    views::{self, value},
};
use crate::{
    body::Body,
    caller::Caller,
    error::{ApiError, NO_PERMISSION},
    openapi::{
        components::{Components, form, reference},
        operation::{Operation, Paths, parameter},
        shapes::UsedBy,
    },
    paging::{self, Listed},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::{Method, StatusCode};
use kinds::{SORTS, Sort, sort_of};
use lockgate_engine::ports::Factor;
use lockgate_identity::{Identity, journal::Action as Noted};
use lockgate_model::schema::KindSchema;
use lockgate_policies::Action;
use lockgate_store::{Authenticator, AuthenticatorFilter, NewAuthenticator, NewProof, Page};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{collections::HashMap, sync::LazyLock};

/// Authenticators that a list without pages holds at most.
const MOST: u64 = 1_000;

/// Whoever finds an open browser must not be rid of its owner's factors by that.
const SHOW_FIRST: ApiError = ApiError::Forbidden(
    "Show your second factor first: sign in again at /flows/-/default/authentication/, and do this within 15 minutes.",
);

/// A name for an authenticator.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct NameRequest {
    /// The name.
    #[schemars(required, length(min = 1, max = 200))]
    name: Option<String>,
}

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<NameRequest>);

/// Whose authenticators an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The caller's own.
    Own,
    /// Everybody's, as far as policies permit.
    All,
}

/// Names of all kinds in policies.
pub(super) fn policy_kinds() -> impl Iterator<Item = &'static str> {
    SORTS.iter().map(|sort| sort.policy)
}

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    let mut router = Router::new()
        .route("/authenticators/all/", get(all_own))
        .route("/authenticators/admin/all/", get(all_of_users))
        .merge(handing_out::routes());
    for sort in &SORTS {
        for whose in [Whose::Own, Whose::All] {
            router = router.merge(sort_routes(sort, whose));
        }
    }
    router
}

fn path(sort: &Sort, whose: Whose) -> String {
    let word = sort.kind.as_str();
    if whose == Whose::Own { format!("/authenticators/{word}/") } else { format!("/authenticators/admin/{word}/") }
}

fn sort_routes(sort: &'static Sort, whose: Whose) -> Router<Identity> {
    let all = path(sort, whose);
    let one = format!("{all}{{id}}/");
    let mut listing = get(move |State(identity), caller, query| list(sort, whose, identity, caller, query));
    if whose == Whose::All {
        listing = listing.post(move |State(identity), caller, body| create(sort, identity, caller, body));
    }
    let single = get(move |State(identity), caller, Path(key)| retrieve(sort, whose, identity, caller, key))
        .put(move |State(identity), caller, Path(key), body| update(sort, whose, identity, caller, key, body, false))
        .patch(move |State(identity), caller, Path(key), body| update(sort, whose, identity, caller, key, body, true))
        .delete(move |State(identity), caller, Path(key)| destroy(sort, whose, identity, caller, key));
    let router = Router::new().route(&all, listing).route(&one, single);
    if whose == Whose::All {
        return router;
    }
    let used = get(move |State(identity), caller, Path(key)| used_by(sort, identity, caller, key));
    router.route(&format!("{one}used_by/"), used)
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let text = || json!({"type": "string"});
    let token = json!({"type": "object", "properties": {"token": text()}, "required": ["token"]});
    components.put("StaticDeviceToken", token);
    let time = || json!({"type": "string", "format": "date-time", "readOnly": true});
    let maybe = || json!({"type": ["string", "null"], "readOnly": true});
    let fields = json!({
        "verbose_name": text(), "verbose_name_plural": text(), "meta_model_name": text(), "pk": text(), "name": text(),
        "type": text(), "confirmed": {"type": "boolean"}, "created": time(), "last_updated": time(),
        "last_used": {"type": ["string", "null"], "format": "date-time", "readOnly": true},
        "extra_description": maybe(), "external_id": maybe(),
    });
    let names: Vec<String> = fields.as_object().into_iter().flat_map(Map::keys).cloned().collect();
    components.put("Device", json!({"type": "object", "properties": fields, "required": names}));
    let devices = || json!({"type": "array", "items": reference("Device")});
    let all = |path: &str, id: &str| Operation::new(Method::GET, path, id, "authenticators");
    let own = all("/authenticators/all/", "authenticators_all_list").says("Lists one's own authenticators.");
    paths.add(own.answers(200, "The authenticators.", devices()));
    let admin = all("/authenticators/admin/all/", "authenticators_admin_all_list");
    let admin = admin.says("Lists the authenticators of a user, or of all: a thousand at most.");
    let admin = admin.query("user", json!({"type": "integer"}));
    paths.add(admin.answers(200, "The authenticators.", devices()));
    handing_out::describe(components, paths);
    for sort in &SORTS {
        sort.describe(components);
        for whose in [Whose::Own, Whose::All] {
            describe_sort(components, paths, sort, whose);
        }
    }
}

fn describe_sort(components: &mut Components, paths: &mut Paths, sort: &Sort, whose: Whose) {
    let (all, schema) = (path(sort, whose), sort.schema);
    let one = format!("{all}{{id}}/");
    let stem = all.trim_matches('/').replace('/', "_");
    let (noun, owner) = (sort.verbose_name, if whose == Whose::Own { "one's own" } else { "anybody's" });
    let operation = |method: Method, path: &str, verb: &str, says: &str| {
        let says = format!("{says} {owner} {noun}.");
        Operation::new(method, path, format!("{stem}_{verb}"), "authenticators").says(&says)
    };
    let key = || parameter("path", "id", json!({"type": "integer"}), &format!("Key of the {noun}."));
    let shown = || reference(schema);
    let (body, patch) = (reference(&format!("{schema}Request")), reference(&format!("Patched{schema}Request")));
    let page = reference(&format!("Paginated{schema}List"));
    let listing = operation(Method::GET, &all, "list", "Lists every").shared_query("QueryName").paged();
    paths.add(listing.answers(200, "One page.", page));
    if whose == Whose::All {
        let says = "Makes a device of the caller that cannot be used until it is set up:";
        let create = operation(Method::POST, &all, "create", says).body(body.clone(), true);
        paths.add(create.answers(201, "Made.", shown()));
    }
    paths.add(operation(Method::GET, &one, "retrieve", "Shows").path(key()).answers(200, "The device.", shown()));
    let update = operation(Method::PUT, &one, "update", "Renames").path(key()).body(body, true);
    paths.add(update.answers(200, "As it is now.", shown()));
    let partial = operation(Method::PATCH, &one, "partial_update", "Renames").path(key()).body(patch, false);
    paths.add(partial.answers(200, "As it is now.", shown()));
    paths.add(operation(Method::DELETE, &one, "destroy", "Takes away").path(key()).empty(204, "Taken away."));
    if whose == Whose::Own {
        let list = json!({"type": "array", "items": components.reply::<UsedBy>()});
        let used = operation(Method::GET, &format!("{one}used_by/"), "used_by_list", "Tells what refers to");
        paths.add(used.path(key()).answers(200, "What refers to it.", list));
    }
}

/// The views of authenticators; one whose owner was deleted this moment is left out.
async fn shown(identity: &Identity, sort: &Sort, found: Vec<Authenticator>) -> Result<Vec<Value>, ApiError> {
    let owners: Vec<i64> = found.iter().map(|authenticator| authenticator.user_pk).collect();
    let uids = views::Uids::load(identity).await?;
    let owners = identity.store.users().get_many(&owners).await?;
    let owners: HashMap<i64, PartialUser> =
        owners.into_iter().map(|user| (user.pk, views::partial_user(&user, &uids))).collect();
    let show =
        |authenticator: &Authenticator| Some(sort.show(authenticator, value(owners.get(&authenticator.user_pk)?)));
    Ok(found.iter().filter_map(show).collect())
}

async fn one(identity: &Identity, sort: &Sort, found: Authenticator) -> Result<Json<Value>, ApiError> {
    let shown = shown(identity, sort, vec![found]).await?.pop();
    shown.map(Json).ok_or_else(|| ApiError::no_such(sort.schema))
}

async fn list(
    sort: &'static Sort,
    whose: Whose,
    identity: Identity,
    caller: Caller,
    query: Query,
) -> Result<Listed, ApiError> {
    let page = paging::wanted(&query)?;
    let snapshot = identity.config.snapshot();
    let text = |name: &str| query.get(name).map(str::to_owned);
    let filter = AuthenticatorFilter {
        kind: Some(sort.kind),
        user_pk: None,
        name: text("name"),
        search: text("search"),
        ordering: query.ordering(),
        page,
    };
    let (store, filter) = (&identity.store, &filter);
    let fetch = |user_pk, page| async move {
        Ok(store.authenticators().list(&AuthenticatorFilter { user_pk, page, ..filter.clone() }).await?)
    };
    let (found, total) = match whose {
        Whose::Own => fetch(Some(caller.user().pk), page).await?,
        Whose::All => {
            caller.require_some(&identity, &snapshot, Action::Read, sort.policy)?;
            let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
            let tell = |found: &Authenticator| (found.user_pk, found.name.clone());
            sight.page_of_things(sort.policy, None, page, fetch, tell).await?
        }
    };
    Listed::new(page, total, shown(&identity, sort, found).await?)
}

/// A name that fits this sort; `None` where none is given.
fn named(sort: &Sort, body: Body, partial: bool) -> Result<Option<String>, ApiError> {
    let given: NameRequest = body.read(&FORM, partial)?;
    if given.name.as_ref().is_some_and(|name| name.chars().count() > sort.longest) {
        let text = format!("Ensure this field has no more than {} characters.", sort.longest);
        return Err(ApiError::field("name", "max_length", text));
    }
    Ok(given.name)
}

async fn create(
    sort: &'static Sort,
    identity: Identity,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_some(&identity, &snapshot, Action::Create, sort.policy)?;
    let name = named(sort, body, false)?.unwrap_or_default();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    if !sight.permits(Action::Create, sort.policy, caller.user().pk, &name).await? {
        return Err(NO_PERMISSION);
    }
    // It has no secret yet, so nothing can prove that it works.
    let new = NewAuthenticator {
        kind: sort.kind,
        user_pk: caller.user().pk,
        name,
        confirmed: false,
        details: Map::new(),
        proof: NewProof::None,
    };
    let made = identity.store.authenticators().create(new, identity.clock.now()).await?;
    note(&identity, &caller, Noted::ModelCreated, sort, &made);
    Ok((StatusCode::CREATED, one(&identity, sort, made).await?))
}

/// An authenticator that the caller may do this to.
async fn found(
    (sort, whose): (&'static Sort, Whose),
    identity: &Identity,
    caller: &Caller,
    verb: Action,
    key: &str,
) -> Result<Authenticator, ApiError> {
    let missing = || ApiError::no_such(sort.schema);
    let pk = key.parse().map_err(|_| missing())?;
    let found = identity.store.authenticators().get(sort.kind, pk).await?.ok_or_else(missing)?;
    if whose == Whose::Own {
        return if found.user_pk == caller.user().pk { Ok(found) } else { Err(missing()) };
    }
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity, snapshot: &snapshot, caller };
    if !sight.permits(Action::Read, sort.policy, found.user_pk, &found.name).await? {
        return Err(missing());
    }
    if sight.permits(verb, sort.policy, found.user_pk, &found.name).await? { Ok(found) } else { Err(NO_PERMISSION) }
}

async fn retrieve(
    sort: &'static Sort,
    whose: Whose,
    identity: Identity,
    caller: Caller,
    key: String,
) -> Result<Json<Value>, ApiError> {
    let found = found((sort, whose), &identity, &caller, Action::Read, &key).await?;
    one(&identity, sort, found).await
}

async fn update(
    sort: &'static Sort,
    whose: Whose,
    identity: Identity,
    caller: Caller,
    key: String,
    body: Body,
    partial: bool,
) -> Result<Json<Value>, ApiError> {
    let found = found((sort, whose), &identity, &caller, Action::Update, &key).await?;
    let Some(name) = named(sort, body, partial)? else { return one(&identity, sort, found).await };
    let renamed = identity.store.authenticators().rename(found.pk, &name, identity.clock.now()).await?;
    note(&identity, &caller, Noted::ModelUpdated, sort, &renamed);
    one(&identity, sort, renamed).await
}

async fn destroy(
    sort: &'static Sort,
    whose: Whose,
    identity: Identity,
    caller: Caller,
    key: String,
) -> Result<StatusCode, ApiError> {
    let found = found((sort, whose), &identity, &caller, Action::Delete, &key).await?;
    shown_if_own(&identity, &caller, found.user_pk).await?;
    identity.store.authenticators().delete(found.pk).await?;
    note(&identity, &caller, Noted::ModelDeleted, sort, &found);
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses to touch the caller's own factors unless one that there is was shown a short while ago: a browser that was
/// left open must not lose a factor, or gain one, by whoever finds it.
async fn shown_if_own(identity: &Identity, caller: &Caller, owner: i64) -> Result<(), ApiError> {
    if owner != caller.user().pk || caller.has_shown_factor(identity.clock.now()) {
        return Ok(());
    }
    if identity.usable_factors(owner).await?.is_empty() { Ok(()) } else { Err(SHOW_FIRST) }
}

async fn used_by(
    sort: &'static Sort,
    identity: Identity,
    caller: Caller,
    key: String,
) -> Result<Json<Value>, ApiError> {
    found((sort, Whose::Own), &identity, &caller, Action::Read, &key).await?;
    Ok(Json(json!([])))
}

fn everything_of(user_pk: Option<i64>) -> AuthenticatorFilter {
    AuthenticatorFilter { user_pk, page: Page { number: 1, size: MOST }, ..AuthenticatorFilter::default() }
}

fn in_brief(found: &Authenticator) -> Option<Value> {
    Some(sort_of(found.kind)?.in_brief(found))
}

async fn all_own(State(identity): State<Identity>, caller: Caller) -> Result<Json<Vec<Value>>, ApiError> {
    let (found, _) = identity.store.authenticators().list(&everything_of(Some(caller.user().pk))).await?;
    Ok(Json(found.iter().filter_map(in_brief).collect()))
}

async fn all_of_users(
    State(identity): State<Identity>,
    caller: Caller,
    query: Query,
) -> Result<Json<Vec<Value>>, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    if SORTS.iter().all(|sort| caller.require_some(&identity, &snapshot, Action::Read, sort.policy).is_err()) {
        return Err(NO_PERMISSION);
    }
    let (found, _) = identity.store.authenticators().list(&everything_of(query.integer("user")?)).await?;
    let mut seen = Vec::new();
    for authenticator in &found {
        let Some(sort) = sort_of(authenticator.kind) else { continue };
        if sight.permits(Action::Read, sort.policy, authenticator.user_pk, &authenticator.name).await? {
            seen.push(sort.in_brief(authenticator));
        }
    }
    Ok(Json(seen))
}

fn note_made(identity: &Identity, caller: &Caller, sort: &Sort, made: &Factor, owner: i64) {
    super::note_of(identity, caller, Noted::ModelCreated, sort.policy, (made.pk, &made.name), owner);
}

fn note(identity: &Identity, caller: &Caller, action: Noted, sort: &Sort, authenticator: &Authenticator) {
    let thing = (authenticator.pk, authenticator.name.as_str());
    super::note_of(identity, caller, action, sort.policy, thing, authenticator.user_pk);
}
