//! OAuth2 providers beside their objects: where their endpoints are.

use super::{find, reading::Reading, shapes::OAuth2ProviderSetupURLs};
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths, parameter},
    },
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::Method;
use lockgate_identity::{Identity, config::Snapshot};
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
    Router::new().route("/providers/oauth2/{id}/setup_urls/", get(setup_urls))
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
    let base = identity.public_base(&snapshot).unwrap_or_else(|| caller.client.base());
    let reading = Reading::new(&snapshot.objects, caller.principal());
    let apps = reading.referring(object.document.id, "application", "provider");
    Ok(Json(addresses(&base, provider, apps.first().and_then(|app| app.document.body["slug"].as_str()))))
}

fn addresses(base: &str, provider: &OAuth2Provider, slug: Option<&str>) -> OAuth2ProviderSetupURLs {
    let at = |tail: &str| format!("{base}/application/o/{tail}");
    let of_app = |tail: &str| slug.map(|slug| at(&format!("{slug}/{tail}"))).unwrap_or_default();
    OAuth2ProviderSetupURLs {
        issuer: match provider.issuer_mode {
            IssuerMode::PerProvider => of_app(""),
            IssuerMode::Global => format!("{base}/"),
        },
        authorize: at("authorize/"),
        token: at("token/"),
        user_info: at("userinfo/"),
        provider_info: of_app(".well-known/openid-configuration"),
        logout: of_app("end-session/"),
        jwks: of_app("jwks/"),
        dcr_registration: None,
    }
}
