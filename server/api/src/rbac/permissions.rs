//! The permissions that there are.

use super::{KIND, operation, shapes::Permission};
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Paths, parameter},
    },
    paging::{self, Listed},
    people::views::value,
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::Method;
use lockgate_identity::Identity;
use lockgate_model::{
    kinds::Role,
    permission::{self, Permission as Known},
};
use lockgate_policies::Action;
use serde_json::json;

const NOUN: &str = "Permission";

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new().route("/rbac/permissions/", get(list)).route("/rbac/permissions/{id}/", get(retrieve))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let one = components.reply::<Permission>();
    let page = components.page_of(NOUN);
    let mut listing = operation(Method::GET, "/rbac/permissions/", "permissions_list")
        .says("Lists every permission that means something here and matches.");
    for name in ["codename", "content_type__app_label", "content_type__model", "role"] {
        listing = listing.query(name, json!({"type": "string"}));
    }
    paths.add(listing.paged().answers(200, "One page.", page));
    let key = parameter("path", "id", json!({"type": "integer"}), "Key of the permission.");
    let retrieve = operation(Method::GET, "/rbac/permissions/{id}/", "permissions_retrieve").path(key);
    paths.add(retrieve.says("Shows a permission.").answers(200, "The permission.", one));
}

/// Who may see any role may see what roles can permit.
fn require(identity: &Identity, caller: &Caller) -> Result<(), ApiError> {
    caller.require_some(identity, &identity.config.snapshot(), Action::Read, KIND)
}

async fn list(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    require(&identity, &caller)?;
    let page = paging::wanted(&query)?;
    let mut found: Vec<&Known> = permission::all().iter().filter(|known| matches(known, &query)).collect();
    if let Some(role) = query.uuid("role")? {
        let snapshot = identity.config.snapshot();
        let (_, role) = super::roles::found(&identity, &snapshot, &caller, Action::Read, &role.to_string())?;
        found.retain(|known| has(role, known));
    }
    order(&mut found, &query);
    Listed::cut(page, found, |known| value(&Permission::from(known)))
}

fn matches(known: &Known, query: &Query) -> bool {
    let is = |name: &str, value: &str| query.get(name).is_none_or(|wanted| wanted == value);
    let text = format!("{} {} {}", known.name, known.codename, known.noun.model).to_lowercase();
    let search = query.get("search").unwrap_or_default().to_lowercase();
    is("codename", &known.codename)
        && is("content_type__app_label", known.noun.app_label())
        && is("content_type__model", known.noun.model_name())
        && search.split_whitespace().take(16).all(|word| text.contains(word))
}

fn has(role: &Role, known: &Known) -> bool {
    role.permissions.iter().any(|codename| codename.0 == known.codename)
}

fn order(found: &mut [&Known], query: &Query) {
    let key = |known: &Known, field: &str| match field {
        "codename" => Some(known.codename.clone()),
        "name" => Some(known.name.clone()),
        "id" => Some(format!("{:010}", known.id)),
        "content_type__model" => Some(known.noun.model_name().to_owned()),
        "content_type__app_label" => Some(known.noun.app_label().to_owned()),
        _ => None,
    };
    // The last one asked for is sorted by first: sorting keeps the order of what is equal.
    for (field, descending) in query.ordering().iter().rev() {
        found.sort_by(|a, b| {
            let order = key(a, field).cmp(&key(b, field));
            if *descending { order.reverse() } else { order }
        });
    }
}

async fn retrieve(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Permission>, ApiError> {
    require(&identity, &caller).map_err(|_| ApiError::no_such(NOUN))?;
    let found = key.parse().ok().and_then(permission::by_id);
    found.map(|known| Json(Permission::from(known))).ok_or_else(|| ApiError::no_such(NOUN))
}
