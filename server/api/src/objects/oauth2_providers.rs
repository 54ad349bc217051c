//! OAuth2 providers beside their objects: where their endpoints are, and what their tokens would say.

use super::{
    applications::subject,
    find,
    shapes::{OAuth2ProviderSetupURLs, PropertyMappingPreview},
    sight::Sight,
};
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths, parameter},
    },
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::Method;
use lockgate_identity::{
    Identity,
    config::{Client, Snapshot},
    oauth::{Contents, preview_facts},
};
use lockgate_model::{KindDef, Object, kind::by_name};
use lockgate_policies::Action;
use serde_json::json;
use std::sync::Arc;

/// Name of the kind.
const KIND: &str = "oauth2_provider";

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new()
        .route("/providers/oauth2/{id}/setup_urls/", get(setup_urls))
        .route("/providers/oauth2/{id}/preview_user/", get(preview_user))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let key = || parameter("path", "id", json!({"type": "integer"}), "Key of the provider.");
    let operation = |tail: &str| {
        let path = format!("/providers/oauth2/{{id}}/{tail}/");
        Operation::new(Method::GET, &path, format!("providers_oauth2_{tail}_retrieve"), "providers").path(key())
    };
    paths.add(operation("setup_urls").says("Shows the addresses that the application has to be told.").answers(
        200,
        "The addresses.",
        components.reply::<OAuth2ProviderSetupURLs>(),
    ));
    paths.add(
        operation("preview_user")
            .says("Shows what an ID token with all scopes would say about the caller, or another user.")
            .query("for_user", json!({"type": "integer"}))
            .answers(200, "The claims.", components.reply::<PropertyMappingPreview>()),
    );
}

/// A provider that the caller may see.
fn seen<'s>(identity: &Identity, snapshot: &'s Snapshot, caller: &Caller, key: &str) -> Result<&'s Object, ApiError> {
    let kind: &'static KindDef = by_name(KIND).ok_or(ApiError::Internal)?;
    let object = find(&snapshot.objects, kind, key)?;
    Sight::of(identity, snapshot, caller).require_on(Action::Read, object)?;
    Ok(object)
}

async fn setup_urls(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<OAuth2ProviderSetupURLs>, ApiError> {
    let snapshot = identity.config.snapshot();
    let object = seen(&identity, &snapshot, &caller, &key)?;
    let base = base(&identity, &snapshot, &caller);
    Ok(Json(addresses(&base, snapshot.client_by_provider(object.document.id))))
}

fn base(identity: &Identity, snapshot: &Snapshot, caller: &Caller) -> String {
    identity.public_base(snapshot).unwrap_or_else(|| caller.client.base())
}

/// What belongs to the application is empty as long as there is none.
fn addresses(base: &str, client: Option<&Arc<Client>>) -> OAuth2ProviderSetupURLs {
    let at = |tail: &str| format!("{base}/application/o/{tail}");
    let of_app = |tail: &str| client.map(|client| at(&format!("{}/{tail}", client.app_slug))).unwrap_or_default();
    OAuth2ProviderSetupURLs {
        issuer: client.map(|client| client.issuer(base)).unwrap_or_default(),
        authorize: at("authorize/"),
        token: at("token/"),
        user_info: at("userinfo/"),
        provider_info: of_app(".well-known/openid-configuration"),
        logout: of_app("end-session/"),
        jwks: of_app("jwks/"),
        dcr_registration: None,
    }
}

async fn preview_user(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    query: Query,
) -> Result<Json<PropertyMappingPreview>, ApiError> {
    let snapshot = identity.config.snapshot();
    let object = seen(&identity, &snapshot, &caller, &key)?;
    let who = subject(&identity, &snapshot, &caller, &query).await?;
    let refused = |text: String| ApiError::field("", "invalid", text);
    let Some(client) = snapshot.client_by_provider(object.document.id) else {
        return Err(refused("This provider issues no tokens before an application has it.".to_owned()));
    };
    let now = identity.clock.now();
    let facts = preview_facts(client.issuer(&base(&identity, &snapshot, &caller)), now);
    let contents = Contents { client, who: who.principal(), scopes: &client.scopes, facts: &facts };
    let made = contents.made(&snapshot, now).map_err(|error| refused(error.to_string()))?;
    Ok(Json(PropertyMappingPreview { preview: contents.id_token(&made, now) }))
}
