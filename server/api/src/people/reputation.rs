//! `/policies/reputation/scores/`: what sign-ins say of names and addresses, and forgetting it.

use super::{Noun, shapes::Reputation, views::value};
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{components::Components, operation::Paths},
    paging::{self, Listed},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::{Method, StatusCode};
use lockgate_identity::{Identity, journal::Action as Noted};
use lockgate_policies::Action;
use lockgate_store::{Reputation as Row, ReputationFilter};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Name of the kind in policies.
const KIND: &str = "reputation";

/// Where scores live.
const NOUN: Noun = Noun {
    path: "policies/reputation/scores",
    stem: "policies_reputation_scores",
    schema: "Reputation",
    key: "reputation_uuid",
    key_schema: || json!({"type": "string", "format": "uuid"}),
};

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/policies/reputation/scores/", get(list))
        .route("/policies/reputation/scores/{key}/", get(retrieve).delete(destroy))
        .route("/policies/reputation/scores/{key}/used_by/", get(used_by))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let score = components.reply::<Reputation>();
    let page = components.page_of("Reputation");
    let listing = NOUN
        .operation(Method::GET, "", "list")
        .says("Lists every score that matches.")
        .query("identifier", json!({"type": "string"}))
        .query("identifier_in", json!({"type": "array", "items": {"type": "string"}}))
        .query("ip", json!({"type": "string"}))
        .query("score", json!({"type": "integer"}));
    paths.add(listing.paged().answers(200, "One page.", page));
    paths.add(NOUN.one(Method::GET, "", "retrieve").says("Shows a score.").answers(200, "The score.", score));
    let destroy =
        NOUN.one(Method::DELETE, "", "destroy").says("Forgets a score: the next sign-in counts from nothing.");
    paths.add(destroy.empty(204, "Forgotten."));
    paths.add(NOUN.used_by(components));
}

fn shown(row: Row) -> Reputation {
    Reputation {
        pk: row.pk,
        identifier: row.identifier,
        ip: row.ip,
        ip_geo_data: Map::new(),
        ip_asn_data: Map::new(),
        score: row.score.into(),
        updated: row.updated,
    }
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, KIND)?;
    let page = paging::wanted(&query)?;
    let names: Vec<String> = query.several("identifier_in", "Enter a list of names.")?;
    let names: Vec<String> = query.get("identifier").map(str::to_owned).into_iter().chain(names).collect();
    let filter = ReputationFilter {
        search: query.get("search").map(str::to_owned),
        identifiers: Some(names).filter(|names| !names.is_empty()),
        ip: query.get("ip").map(str::to_owned),
        score: query.integer("score")?,
        ordering: query.ordering(),
        page,
    };
    let (rows, total) = identity.store.reputation().list(&filter, identity.clock.now()).await?;
    Listed::new(page, total, rows.into_iter().map(|row| value(&shown(row))).collect())
}

/// A score that the caller may do this to.
async fn found(identity: &Identity, caller: &Caller, verb: Action, key: &str) -> Result<Row, ApiError> {
    caller.require_one(identity, &identity.config.snapshot(), verb, KIND, NOUN.schema)?;
    let key = Uuid::parse_str(key).map_err(|_| ApiError::no_such(NOUN.schema))?;
    let row = identity.store.reputation().get(key, identity.clock.now()).await?;
    row.ok_or_else(|| ApiError::no_such(NOUN.schema))
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Reputation>, ApiError> {
    Ok(Json(shown(found(&identity, &caller, Action::Read, &key).await?)))
}

async fn destroy(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<StatusCode, ApiError> {
    let row = found(&identity, &caller, Action::Delete, &key).await?;
    if !identity.store.reputation().delete(row.pk).await? {
        return Err(ApiError::no_such(NOUN.schema));
    }
    super::note(&identity, &caller, Noted::ModelDeleted, KIND, (row.pk, &row.identifier));
    Ok(StatusCode::NO_CONTENT)
}

async fn used_by(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    found(&identity, &caller, Action::Read, &key).await?;
    Ok(Json(json!([])))
}
