//! `/oauth2/…/`: codes and tokens that applications were given. Everybody sees their own, administrators
//! all; the secrets themselves are known to nobody here.

use super::{
    Noun,
    shapes::{ExpiringBaseGrantModel, TokenModel, User},
    sight::Sight,
    views::{self, value},
};
use crate::{
    caller::Caller,
    error::ApiError,
    objects::{families, list::mentions, reading::Reading},
    openapi::{components::Components, operation::Paths},
    paging::{self, Listed},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use chrono::{DateTime, Utc};
use http::{Method, StatusCode};
use lockgate_identity::{Identity, config::Snapshot, journal::Action as Noted};
use lockgate_model::{Family, ObjectSet};
use lockgate_policies::Action;
use lockgate_store::{AuthorizationCode, GrantFilter, OAuthToken, TokenKind};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// One of the three lists.
struct Shelf {
    noun: Noun,
    /// Name of the kind in policies.
    kind: &'static str,
    /// What lies on it; none: codes.
    tokens: Option<TokenKind>,
    /// The same in words.
    word: &'static str,
}

const fn shelf(path: &'static str, stem: &'static str, schema: &'static str) -> Noun {
    Noun { path, stem, schema, key: "id", key_schema: || json!({"type": "integer"}) }
}

static SHELVES: [Shelf; 3] = [
    Shelf {
        noun: shelf("oauth2/access_tokens", "oauth2_access_tokens", "TokenModel"),
        kind: "access_token",
        tokens: Some(TokenKind::Access),
        word: "access token",
    },
    Shelf {
        noun: shelf("oauth2/refresh_tokens", "oauth2_refresh_tokens", "TokenModel"),
        kind: "refresh_token",
        tokens: Some(TokenKind::Refresh),
        word: "refresh token",
    },
    Shelf {
        noun: shelf("oauth2/authorization_codes", "oauth2_authorization_codes", "ExpiringBaseGrantModel"),
        kind: "authorization_code",
        tokens: None,
        word: "authorization code",
    },
];

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    SHELVES.iter().map(shelf_routes).fold(Router::new(), Router::merge)
}

fn shelf_routes(shelf: &'static Shelf) -> Router<Identity> {
    let all = format!("/{}/", shelf.noun.path);
    let one = format!("{all}{{id}}/");
    let listing = get(move |State(identity), caller, query| list(shelf, identity, caller, query));
    let single = get(move |State(identity), caller, Path(key)| retrieve(shelf, identity, caller, key))
        .delete(move |State(identity), caller, Path(key)| destroy(shelf, identity, caller, key));
    let used = get(move |State(identity), caller, Path(key)| used_by(shelf, identity, caller, key));
    Router::new().route(&all, listing).route(&one, single).route(&format!("{one}used_by/"), used)
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let (token, code) = (components.reply::<TokenModel>(), components.reply::<ExpiringBaseGrantModel>());
    for shelf in &SHELVES {
        let (noun, word) = (&shelf.noun, shelf.word);
        let shown = if shelf.tokens.is_some() { token.clone() } else { code.clone() };
        let page = components.page_of(noun.schema);
        let number = || json!({"type": "integer"});
        let listing = noun
            .operation(Method::GET, "", "list")
            .says(&format!("Lists every {word} that matches: one's own, or all for administrators."))
            .query("provider", number())
            .query("user", number());
        paths.add(listing.paged().answers(200, "One page.", page));
        let retrieve = noun.one(Method::GET, "", "retrieve").says(&format!("Shows the {word}."));
        paths.add(retrieve.answers(200, "What is known of it.", shown));
        let destroy =
            noun.one(Method::DELETE, "", "destroy").says(&format!("Deletes the {word}; it opens nothing more."));
        paths.add(destroy.empty(204, "Deleted."));
        paths.add(noun.used_by(components));
    }
}

/// A code or a token, as far as both are the same.
struct Grant {
    pk: i64,
    provider: Uuid,
    user_pk: i64,
    scope: String,
    expires: DateTime<Utc>,
    /// What only tokens have: their claims, and whether they were revoked.
    token: Option<(String, bool)>,
}

impl From<AuthorizationCode> for Grant {
    fn from(code: AuthorizationCode) -> Self {
        let AuthorizationCode { pk, provider, user_pk, scope, expires, .. } = code;
        Self { pk, provider, user_pk, scope, expires, token: None }
    }
}

impl From<OAuthToken> for Grant {
    fn from(token: OAuthToken) -> Self {
        let OAuthToken { pk, provider, user_pk, scope, expires, revoked, mut data, .. } = token;
        let claims = data.get_mut("claims").map(Value::take).unwrap_or(Value::Object(Map::new()));
        Self { pk, provider, user_pk, scope, expires, token: Some((claims.to_string(), revoked)) }
    }
}

impl Shelf {
    async fn list(&self, identity: &Identity, filter: &GrantFilter) -> Result<(Vec<Grant>, u64), ApiError> {
        Ok(match self.tokens {
            Some(kind) => {
                let (tokens, total) = identity.store.oauth_tokens().list(kind, filter).await?;
                (tokens.into_iter().map(Grant::from).collect(), total)
            }
            None => {
                let (codes, total) = identity.store.codes().list(filter).await?;
                (codes.into_iter().map(Grant::from).collect(), total)
            }
        })
    }

    /// What lies here under a key and the caller may do this to: one's own always.
    async fn found(&self, identity: &Identity, caller: &Caller, verb: Action, key: &str) -> Result<Grant, ApiError> {
        let pk: i64 = key.parse().map_err(|_| ApiError::no_such(self.noun.schema))?;
        let found = match self.tokens {
            Some(kind) => {
                let token = identity.store.oauth_tokens().get(pk).await?.filter(|token| token.kind == kind);
                token.map(Grant::from)
            }
            None => identity.store.codes().get(pk).await?.map(Grant::from),
        };
        let snapshot = identity.config.snapshot();
        let sight = Sight { identity, snapshot: &snapshot, caller };
        let owned = found.map(|grant| (grant.user_pk, grant.pk.to_string(), grant));
        sight.owned(verb, self.kind, self.noun.schema, owned).await
    }
}

/// The views of grants. Those of a provider or a user that was deleted this moment are left out.
async fn shown(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    grants: Vec<Grant>,
) -> Result<Vec<Value>, ApiError> {
    let owners = views::owners(identity, grants.iter().map(|grant| grant.user_pk)).await?;
    let reading = Reading::new(snapshot, caller.principal());
    let face = families::face(Family::Provider).ok_or(ApiError::Internal)?;
    let now = identity.clock.now();
    let show = |grant: Grant| {
        let provider = snapshot.objects.get(grant.provider).filter(|o| o.kind.meta.family == Family::Provider)?;
        Some(view(&grant, face.show(provider, &reading), owners.get(&grant.user_pk)?.clone(), now))
    };
    Ok(grants.into_iter().filter_map(show).collect())
}

fn view(grant: &Grant, provider: Value, user: User, now: DateTime<Utc>) -> Value {
    let is_expired = grant.expires <= now;
    let expires = Some(grant.expires);
    let scope = grant.scope.split_whitespace().map(str::to_owned).collect();
    let pk = grant.pk;
    match grant.token.clone() {
        Some((id_token, revoked)) => {
            value(&TokenModel { pk, provider, user, is_expired, expires, scope, id_token, revoked })
        }
        None => value(&ExpiringBaseGrantModel { pk, provider, user, is_expired, expires, scope }),
    }
}

/// The providers that a query asks for by number or by words of their name; none: all.
fn providers(objects: &ObjectSet, query: &Query) -> Result<Option<Vec<Uuid>>, ApiError> {
    let number: Option<i32> = query.parsed("provider", "Enter a number.")?;
    let search = query.get("search");
    if number.is_none() && search.is_none() {
        return Ok(None);
    }
    let all = objects.iter().filter(|o| o.kind.meta.family == Family::Provider);
    let wanted = all.filter(|o| number.is_none_or(|n| o.document.number == Some(n)) && mentions(o, &["name"], search));
    Ok(Some(wanted.map(|o| o.document.id).collect()))
}

async fn list(shelf: &'static Shelf, identity: Identity, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let snapshot = identity.config.snapshot();
    let page = paging::wanted(&query)?;
    let providers = providers(&snapshot.objects, &query)?;
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let filter = GrantFilter { user_pk: None, providers, ordering: query.ordering(), page };
    let (from, filter) = (&identity, &filter);
    let fetch = |user_pk, page| async move { shelf.list(from, &GrantFilter { user_pk, page, ..filter.clone() }).await };
    let tell = |grant: &Grant| (grant.user_pk, grant.pk.to_string());
    let (grants, total) = sight.page_of_things(shelf.kind, query.integer("user")?, page, fetch, tell).await?;
    Listed::new(page, total, shown(&identity, &snapshot, &caller, grants).await?)
}

async fn retrieve(
    shelf: &'static Shelf,
    identity: Identity,
    caller: Caller,
    key: String,
) -> Result<Json<Value>, ApiError> {
    let grant = shelf.found(&identity, &caller, Action::Read, &key).await?;
    let snapshot = identity.config.snapshot();
    let shown = shown(&identity, &snapshot, &caller, vec![grant]).await?.pop();
    shown.map(Json).ok_or_else(|| ApiError::no_such(shelf.noun.schema))
}

async fn destroy(
    shelf: &'static Shelf,
    identity: Identity,
    caller: Caller,
    key: String,
) -> Result<StatusCode, ApiError> {
    let grant = shelf.found(&identity, &caller, Action::Delete, &key).await?;
    let existed = match shelf.tokens {
        Some(_) => identity.store.oauth_tokens().delete(grant.pk, identity.clock.now()).await?,
        None => identity.store.codes().delete(grant.pk).await?,
    };
    identity.feed.settle().await;
    if !existed {
        return Err(ApiError::no_such(shelf.noun.schema));
    }
    let snapshot = identity.config.snapshot();
    let provider = snapshot.objects.get(grant.provider).map(|o| o.document.name.as_str()).unwrap_or_default();
    super::note(&identity, &caller, Noted::ModelDeleted, shelf.kind, (grant.pk, provider));
    Ok(StatusCode::NO_CONTENT)
}

async fn used_by(
    shelf: &'static Shelf,
    identity: Identity,
    caller: Caller,
    key: String,
) -> Result<Json<Value>, ApiError> {
    shelf.found(&identity, &caller, Action::Read, &key).await?;
    Ok(Json(json!([])))
}
