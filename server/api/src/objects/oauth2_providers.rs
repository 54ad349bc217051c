//! OAuth2 providers beside their objects: where their endpoints are, and what their tokens would say.

use super::{
    applications::subject,
    find,
    reading::Reading,
    shapes::{OAuth2ProviderSetupURLs, PropertyMappingPreview},
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
    config::Snapshot,
    oauth::{Contents, preview_facts},
};
use lockgate_model::{
    KindDef, Object,
    kind::by_name,
    kinds::{IssuerMode, OAuth2Provider},
};
use lockgate_policies::Action;
use serde_json::json;

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
fn seen<'s>(
    identity: &Identity,
    snapshot: &'s Snapshot,
    caller: &Caller,
    key: &str,
) -> Result<(&'s Object, &'s OAuth2Provider), ApiError> {
    let kind: &'static KindDef = by_name(KIND).ok_or(ApiError::Internal)?;
    caller.require_on(identity, snapshot, Action::View, KIND, kind.meta.schema)?;
    let object = find(&snapshot.objects, kind, key)?;
    Ok((object, object.typed::<OAuth2Provider>().ok_or(ApiError::Internal)?))
}

async fn setup_urls(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<OAuth2ProviderSetupURLs>, ApiError> {
    let snapshot = identity.config.snapshot();
    let (object, provider) = seen(&identity, &snapshot, &caller, &key)?;
    let base = base(&identity, &snapshot, &caller);
    let reading = Reading::new(&snapshot.objects, caller.principal());
    let apps = reading.referring(object.document.id, "application", "provider");
    Ok(Json(addresses(&base, provider, apps.first().and_then(|app| app.document.body["slug"].as_str()))))
}

fn base(identity: &Identity, snapshot: &Snapshot, caller: &Caller) -> String {
    identity.public_base(snapshot).unwrap_or_else(|| caller.client.base())
}

/// Issuer of the tokens; empty as long as there is none.
fn issuer(base: &str, mode: IssuerMode, slug: Option<&str>) -> String {
    match mode {
        IssuerMode::PerProvider => slug.map(|slug| format!("{base}/application/o/{slug}/")).unwrap_or_default(),
        IssuerMode::Global => format!("{base}/"),
    }
}

fn addresses(base: &str, provider: &OAuth2Provider, slug: Option<&str>) -> OAuth2ProviderSetupURLs {
    let at = |tail: &str| format!("{base}/application/o/{tail}");
    let of_app = |tail: &str| slug.map(|slug| at(&format!("{slug}/{tail}"))).unwrap_or_default();
    OAuth2ProviderSetupURLs {
        issuer: issuer(base, provider.issuer_mode, slug),
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
    let (object, _) = seen(&identity, &snapshot, &caller, &key)?;
    let who = subject(&identity, &snapshot, &caller, &query).await?;
    let refused = |text: String| ApiError::field("", "invalid", text);
    let Some(client) = snapshot.client_by_provider(object.document.id) else {
        return Err(refused("This provider issues no tokens before an application has it.".to_owned()));
    };
    let now = identity.clock.now();
    let iss = issuer(&base(&identity, &snapshot, &caller), client.issuer_mode, Some(&client.app_slug));
    let facts = preview_facts(iss, now);
    let contents = Contents { client, who: who.principal(), scopes: &client.scopes, facts: &facts };
    let made = contents.made(&snapshot, now).map_err(|error| refused(error.to_string()))?;
    Ok(Json(PropertyMappingPreview { preview: contents.id_token(&made, now) }))
}
