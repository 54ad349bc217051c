//! `/core/tokens/`: everybody has their own, administrators see all. The key is never part of a token.

use super::{
    Noun,
    shapes::{Intent, Token, TokenRequest, TokenSetKeyRequest, TokenView},
    sight::Sight,
    views::{self, value},
};
use crate::{
    body::Body,
    caller::Caller,
    error::{ApiError, NO_PERMISSION, not_of_folder},
    openapi::{
        components::{Components, form},
        operation::Paths,
    },
    paging::{self, Listed},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use http::{Method, StatusCode};
use lockgate_identity::{Identity, journal::Action as Noted, tokens::NewToken};
use lockgate_model::{Problems, Validity, schema::KindSchema};
use lockgate_policies::{Action, Administered, USER_KIND};
use lockgate_store::{Token as Stored, TokenFilter, TokenIntent, TokenPatch};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Name of the kind in policies.
const KIND: &str = "token";

/// Where tokens live.
const NOUN: Noun = Noun {
    path: "core/tokens",
    stem: "core_tokens",
    schema: "Token",
    key: "identifier",
    key_schema: || json!({"type": "string"}),
};

static FORM: LazyLock<KindSchema> = LazyLock::new(form::<TokenRequest>);
static KEY_FORM: LazyLock<KindSchema> = LazyLock::new(form::<TokenSetKeyRequest>);

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/core/tokens/", get(list).post(create))
        .route("/core/tokens/{identifier}/", get(retrieve).put(replace).patch(change).delete(destroy))
        .route("/core/tokens/{identifier}/view_key/", get(view_key))
        .route("/core/tokens/{identifier}/set_key/", post(set_key))
        .route("/core/tokens/{identifier}/used_by/", get(used_by))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let token = components.reply::<Token>();
    let page = components.page_of("Token");
    let request = components.request::<TokenRequest>();
    let patched = components.patched::<TokenRequest>();
    let text = || json!({"type": "string"});
    let listing = NOUN
        .operation(Method::GET, "", "list")
        .says("Lists every token that matches: one's own, or all for administrators.")
        .query("description", text())
        .query("expires", json!({"type": "string", "format": "date-time"}))
        .query("expiring", json!({"type": "boolean"}))
        .query("identifier", text())
        .query("intent", components.reply::<Intent>())
        .query("managed", text())
        .query("user__username", text());
    paths.add(listing.paged().answers(200, "One page.", page));
    let create = NOUN.operation(Method::POST, "", "create").says("Makes a token with a random key.");
    paths.add(create.body(request.clone(), true).answers(201, "Made.", token.clone()));
    paths.add(NOUN.one(Method::GET, "", "retrieve").says("Shows a token.").answers(200, "The token.", token.clone()));
    let replace = NOUN.one(Method::PUT, "", "update").says("Replaces a token.").body(request, true);
    paths.add(replace.answers(200, "As it is now.", token.clone()));
    let change = NOUN.one(Method::PATCH, "", "partial_update").says("Changes fields of a token.").body(patched, false);
    paths.add(change.answers(200, "As it is now.", token));
    let destroy = NOUN.one(Method::DELETE, "", "destroy").says("Deletes a token; its key opens nothing from now on.");
    paths.add(destroy.empty(204, "Deleted."));
    let view = NOUN.one(Method::GET, "view_key/", "view_key_retrieve").says("Shows the key. It is noted who looked.");
    paths.add(view.answers(200, "The key.", components.reply::<TokenView>()));
    let set = NOUN.one(Method::POST, "set_key/", "set_key_create").says("Replaces the key.");
    paths.add(set.body(components.request::<TokenSetKeyRequest>(), true).empty(204, "Replaced."));
    paths.add(NOUN.used_by(components));
}

impl From<TokenIntent> for Intent {
    fn from(intent: TokenIntent) -> Self {
        match intent {
            TokenIntent::Verification => Self::Verification,
            TokenIntent::Api => Self::Api,
            TokenIntent::Recovery => Self::Recovery,
            TokenIntent::AppPassword => Self::AppPassword,
        }
    }
}

/// The intents that people may give to tokens; the others are the server's.
fn intent(wanted: Intent) -> Result<TokenIntent, ApiError> {
    match wanted {
        Intent::Api => Ok(TokenIntent::Api),
        Intent::AppPassword => Ok(TokenIntent::AppPassword),
        Intent::Verification | Intent::Recovery => {
            Err(ApiError::field("intent", "invalid", "Tokens of this intent are made by the server only."))
        }
    }
}

async fn shown(identity: &Identity, tokens: Vec<Stored>) -> Result<Vec<Token>, ApiError> {
    let accounts = views::owners(identity, tokens.iter().map(|t| t.user_pk)).await?;
    let show = |token: Stored| {
        // An owner who was deleted this moment took the token along.
        let user_obj = accounts.get(&token.user_pk)?.clone();
        Some(Token {
            pk: token.pk,
            managed: token.managed,
            identifier: token.identifier,
            intent: token.intent.into(),
            user: token.user_pk,
            user_obj,
            description: token.description,
            expires: token.expires,
            expiring: token.expiring,
        })
    };
    Ok(tokens.into_iter().filter_map(show).collect())
}

async fn one(identity: &Identity, token: Stored) -> Result<Token, ApiError> {
    shown(identity, vec![token]).await?.pop().ok_or_else(|| ApiError::no_such("Token"))
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let page = paging::wanted(&query)?;
    let text = |name: &str| query.get(name).map(str::to_owned);
    let unknown = || ApiError::field("intent", "invalid_choice", "Select a valid choice.");
    let intent = query.get("intent").map(|word| TokenIntent::parse(word).ok_or_else(unknown)).transpose()?;
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let filter = TokenFilter {
        search: text("search"),
        identifier: text("identifier"),
        intent,
        user_pk: None,
        username: text("user__username"),
        description: text("description"),
        expiring: query.flag("expiring"),
        expires: query.parsed::<DateTime<Utc>>("expires", "Enter a valid date/time.")?,
        managed: text("managed"),
        ordering: query.ordering(),
        page,
    };
    let (stored, filter) = (&identity.tokens, &filter);
    let fetch = |user_pk, page| async move { Ok(stored.list(&TokenFilter { user_pk, page, ..filter.clone() }).await?) };
    let tell = |token: &Stored| (token.user_pk, token.identifier.clone());
    let (tokens, total) = sight.page_of_things(KIND, None, page, fetch, tell).await?;
    let shown = shown(&identity, tokens).await?;
    Listed::new(page, total, shown.iter().map(value).collect())
}

async fn create(
    State(identity): State<Identity>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<Token>), ApiError> {
    caller.require_oneself()?;
    caller.require_shown_factor(&identity).await?;
    let given: TokenRequest = body.read(&FORM, false)?;
    let owner = owner(&identity, &caller, given.user).await?.unwrap_or_else(|| caller.user().pk);
    let intent = given.intent.map(intent).transpose()?.unwrap_or(TokenIntent::Api);
    let life = Life::of(&identity, &caller, given.expiring.unwrap_or(true), given.expires)?;
    let token = NewToken {
        identifier: given.identifier.unwrap_or_default(),
        intent,
        user_pk: owner,
        description: given.description.unwrap_or_default(),
        expires: life.expires,
        expiring: life.expiring,
        managed: None,
    };
    let token = identity.tokens.create(token, None).await.map_err(taken)?;
    note(&identity, &caller, Noted::ModelCreated, &token);
    Ok((StatusCode::CREATED, Json(one(&identity, token).await?)))
}

/// When a token ends.
struct Life {
    expires: Option<DateTime<Utc>>,
    expiring: bool,
}

impl Life {
    /// What the caller wants, as far as the caller may: tokens of people who do not administer tokens
    /// end unless an attribute says otherwise, and no later than another one says.
    fn of(
        identity: &Identity,
        caller: &Caller,
        expiring: bool,
        expires: Option<DateTime<Utc>>,
    ) -> Result<Self, ApiError> {
        let now = identity.clock.now();
        if caller.may(identity, &identity.config.snapshot(), Action::Update, KIND) {
            return Ok(Self {
                expires: expires.or_else(|| expiring.then(|| now + identity.tuning.token_life())),
                expiring,
            });
        }
        let attribute = |name: &str| caller.principal().attributes.get(&format!("goauthentik.io/user/{name}"));
        let lasting = attribute("token-expires").and_then(Value::as_bool) == Some(false);
        let expiring = expiring || !lasting;
        let most: Option<Validity> = attribute("token-maximum-lifetime").and_then(|v| v.as_str()?.parse().ok());
        let latest = most.map(|most| now + most.delta());
        match (expires, latest) {
            (Some(end), Some(latest)) if end > latest => {
                let text = format!("Token expires exceeds maximum lifetime ({latest}).");
                Err(ApiError::field("expires", "invalid", text))
            }
            (None, latest) => {
                let usual = now + identity.tuning.token_life();
                Ok(Self { expires: Some(latest.map_or(usual, |latest| usual.min(latest))), expiring })
            }
            (expires, _) => Ok(Self { expires, expiring }),
        }
    }
}

fn taken(error: lockgate_store::StoreError) -> ApiError {
    match error {
        lockgate_store::StoreError::Unique { field } if field == "identifier" => {
            ApiError::field("identifier", "unique", "Token with this identifier already exists.")
        }
        lockgate_store::StoreError::Dangling => {
            ApiError::field("user", "does_not_exist", "Invalid pk - object does not exist.")
        }
        other => other.into(),
    }
}

/// Who is to own a token: oneself, or somebody for whom the caller may issue tokens.
async fn owner(identity: &Identity, caller: &Caller, wanted: Option<i64>) -> Result<Option<i64>, ApiError> {
    let Some(pk) = wanted else { return Ok(None) };
    if pk == caller.user().pk {
        return Ok(Some(pk));
    }
    let snapshot = identity.config.snapshot();
    caller.require_some(identity, &snapshot, Action::IssueToken, USER_KIND)?;
    let sight = Sight { identity, snapshot: &snapshot, caller };
    sight.user(Action::IssueToken, pk).await.map(|_| Some(pk)).map_err(|error| match error {
        ApiError::NotFound(_) => {
            let text = format!("Invalid pk \"{pk}\" - object does not exist.");
            ApiError::Invalid(Problems::one("/user", "does_not_exist", text))
        }
        other => other,
    })
}

/// A token that the caller may do this to: one's own always.
async fn found(identity: &Identity, caller: &Caller, verb: Action, identifier: &str) -> Result<Stored, ApiError> {
    let token = identity.tokens.by_identifier(identifier).await?;
    let snapshot = identity.config.snapshot();
    let sight = Sight { identity, snapshot: &snapshot, caller };
    let token = token.map(|token| (token.user_pk, token.identifier.clone(), token));
    sight.owned(verb, KIND, NOUN.schema, token).await
}

/// A token that the caller may see, when the caller may do this to its owner: a key is as good as the owner.
async fn found_of(identity: &Identity, caller: &Caller, verb: Action, identifier: &str) -> Result<Stored, ApiError> {
    caller.require_oneself()?;
    let token = found(identity, caller, Action::Read, identifier).await?;
    if token.user_pk != caller.user().pk {
        let snapshot = identity.config.snapshot();
        let owner = identity.principals.get(token.user_pk).await?.ok_or(NO_PERMISSION)?;
        Sight { identity, snapshot: &snapshot, caller }.require(verb, &Administered::user(&owner)?)?;
    }
    Ok(token)
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(identifier): Path<String>,
) -> Result<Json<Token>, ApiError> {
    let token = found(&identity, &caller, Action::Read, &identifier).await?;
    Ok(Json(one(&identity, token).await?))
}

async fn replace(
    State(identity): State<Identity>,
    caller: Caller,
    Path(identifier): Path<String>,
    body: Body,
) -> Result<Json<Token>, ApiError> {
    store(&identity, &caller, &identifier, body, false).await
}

async fn change(
    State(identity): State<Identity>,
    caller: Caller,
    Path(identifier): Path<String>,
    body: Body,
) -> Result<Json<Token>, ApiError> {
    store(&identity, &caller, &identifier, body, true).await
}

async fn store(
    identity: &Identity,
    caller: &Caller,
    identifier: &str,
    body: Body,
    partial: bool,
) -> Result<Json<Token>, ApiError> {
    let token = found(identity, caller, Action::Update, identifier).await?;
    let expires_given = body.0.contains_key("expires");
    let given: TokenRequest = body.read(&FORM, partial)?;
    let expires = if expires_given { given.expires } else { token.expires };
    let life = Life::of(identity, caller, given.expiring.unwrap_or(token.expiring), expires)?;
    let patch = TokenPatch {
        identifier: given.identifier,
        // What the server made with an intent of its own may keep it.
        intent: match given.intent {
            Some(wanted) if wanted != Intent::from(token.intent) => Some(intent(wanted)?),
            _ => None,
        },
        user_pk: owner(identity, caller, given.user.filter(|pk| *pk != token.user_pk)).await?,
        description: given.description,
        expires: Some(life.expires),
        expiring: Some(life.expiring),
    };
    not_declared(identity, &token)?;
    let token = identity.tokens.update(token.pk, patch).await.map_err(taken)?;
    note(identity, caller, Noted::ModelUpdated, &token);
    Ok(Json(one(identity, token).await?))
}

/// The token of a declared service account is declared with it, and has its primary key.
fn not_declared(identity: &Identity, token: &Stored) -> Result<(), ApiError> {
    let snapshot = identity.config.snapshot();
    snapshot.objects.get(token.pk).map_or(Ok(()), |object| not_of_folder(&object.document))
}

async fn destroy(
    State(identity): State<Identity>,
    caller: Caller,
    Path(identifier): Path<String>,
) -> Result<StatusCode, ApiError> {
    let token = found(&identity, &caller, Action::Delete, &identifier).await?;
    not_declared(&identity, &token)?;
    identity.tokens.delete(token.pk).await?;
    note(&identity, &caller, Noted::ModelDeleted, &token);
    Ok(StatusCode::NO_CONTENT)
}

async fn view_key(
    State(identity): State<Identity>,
    caller: Caller,
    Path(identifier): Path<String>,
) -> Result<Json<TokenView>, ApiError> {
    caller.require_oneself()?;
    caller.require_shown_factor(&identity).await?;
    let token = found_of(&identity, &caller, Action::ViewKey, &identifier).await?;
    let key = identity.tokens.view_key(token.pk).await?;
    note(&identity, &caller, Noted::SecretView, &token);
    Ok(Json(TokenView { key }))
}

async fn set_key(
    State(identity): State<Identity>,
    caller: Caller,
    Path(identifier): Path<String>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    caller.require_oneself()?;
    caller.require_shown_factor(&identity).await?;
    let token = found_of(&identity, &caller, Action::IssueToken, &identifier).await?;
    let given: TokenSetKeyRequest = body.read(&KEY_FORM, false)?;
    not_declared(&identity, &token)?;
    identity.tokens.set_key(token.pk, &given.key).await?;
    note(&identity, &caller, Noted::SecretRotate, &token);
    Ok(StatusCode::NO_CONTENT)
}

async fn used_by(
    State(identity): State<Identity>,
    caller: Caller,
    Path(identifier): Path<String>,
) -> Result<Json<Value>, ApiError> {
    found(&identity, &caller, Action::Read, &identifier).await?;
    Ok(Json(json!([])))
}

fn note(identity: &Identity, caller: &Caller, action: Noted, token: &Stored) {
    super::note_of(identity, caller, action, KIND, (token.pk, &token.identifier), token.user_pk);
}
