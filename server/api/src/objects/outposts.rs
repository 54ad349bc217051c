//! Outposts beside their objects: default settings, signs of life, and what outposts need to know of
//! the providers they serve.

use super::{
    find,
    list::ordered,
    shapes::{OpenIDConnectConfiguration, OutpostDefaultConfig, OutpostHealth, ProxyOutpostConfig},
    sight::Sight,
};
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths, parameter},
    },
    paging::{self, Listed},
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::Method;
use lockgate_flows::outpost_config_defaults;
use lockgate_identity::{
    Identity,
    config::{Client, ProxyApp},
};
use lockgate_model::{KindDef, Object, kind::by_name, kinds::outpost::EMBEDDED_OUTPOST};
use lockgate_policies::Action;
use serde_json::json;

/// Name of the kind.
const KIND: &str = "outpost";

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    Router::new()
        .route("/outposts/instances/default_settings/", get(default_settings))
        .route("/outposts/instances/{uuid}/health/", get(health))
        .route("/outposts/proxy/", get(providers))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    paths.add(
        Operation::new(
            Method::GET,
            "/outposts/instances/default_settings/",
            "outposts_instances_default_settings_retrieve",
            "outposts",
        )
        .says("Shows the settings that a new outpost starts with.")
        .answers(200, "The settings.", components.reply::<OutpostDefaultConfig>()),
    );
    let key = parameter("path", "uuid", json!({"type": "string", "format": "uuid"}), "Key of the outpost.");
    let list = json!({"type": "array", "items": components.reply::<OutpostHealth>()});
    let mut signs =
        Operation::new(Method::GET, "/outposts/instances/{uuid}/health/", "outposts_instances_health_list", "outposts")
            .says("Lists the processes that serve the outpost. The embedded one is served by whoever answers.");
    for filter in by_name(KIND).map(super::filters::of).unwrap_or_default() {
        signs = signs.query(filter.param, filter.schema);
    }
    let common = ["QueryPaginationOrdering", "QuerySearch"];
    signs = common.into_iter().fold(signs, Operation::shared_query);
    paths.add(signs.path(key).answers(200, "The processes.", list));
    let _ = components.reply::<ProxyOutpostConfig>();
    let page = components.page_of("ProxyOutpostConfig");
    paths.add(
        Operation::new(Method::GET, "/outposts/proxy/", "outposts_proxy_list", "outposts")
            .says("Lists the proxy providers that an application has. `client_secret` and `cookie_secret` are empty for whoever may not `view_key` on the `proxy_provider`.")
            .shared_query("QueryName")
            .paged()
            .answers(200, "One page.", page),
    );
}

fn kind() -> Result<&'static KindDef, ApiError> {
    by_name(KIND).ok_or(ApiError::Internal)
}

async fn default_settings(
    State(identity): State<Identity>,
    caller: Caller,
) -> Result<Json<OutpostDefaultConfig>, ApiError> {
    caller.require_some(&identity, &identity.config.snapshot(), Action::Read, KIND)?;
    Ok(Json(OutpostDefaultConfig { config: outpost_config_defaults() }))
}

async fn health(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Vec<OutpostHealth>>, ApiError> {
    let snapshot = identity.config.snapshot();
    let outpost = find(&snapshot.objects, kind()?, &key)?;
    Sight::of(&identity, &snapshot, &caller).require_on(Action::Read, outpost)?;
    if outpost.document.managed.as_deref() != Some(EMBEDDED_OUTPOST) {
        // Nobody else has a channel to tell us that it lives.
        return Ok(Json(Vec::new()));
    }
    let version = env!("CARGO_PKG_VERSION");
    Ok(Json(vec![OutpostHealth {
        uid: outpost.document.id.to_string(),
        last_seen: identity.clock.now(),
        version: version.to_owned(),
        golang_version: String::new(),
        openssl_enabled: false,
        openssl_version: String::new(),
        fips_enabled: None,
        version_should: version.to_owned(),
        version_outdated: false,
        build_hash: String::new(),
        build_hash_should: String::new(),
        hostname: String::new(),
    }]))
}

async fn providers(State(identity): State<Identity>, caller: Caller, query: Query) -> Result<Listed, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight::of(&identity, &snapshot, &caller);
    caller.require_some(&identity, &snapshot, Action::Read, KIND)?;
    caller.require_some(&identity, &snapshot, Action::Read, "proxy_provider")?;
    let page = paging::wanted(&query)?;
    let base = identity.public_base(&snapshot).unwrap_or_else(|| caller.client.base());
    let served = snapshot.objects.iter().filter(|o| snapshot.provider(o.document.id).is_some() && sight.has(o));
    let wanted = served.filter(|o| query.get("name").is_none_or(|name| o.document.name == name));
    let found: Vec<&Object> = wanted.filter(|o| super::list::mentions(o, &["name"], query.get("search"))).collect();
    Listed::cut(page, ordered(found, &query, "name"), |object| {
        let id = object.document.id;
        let app = snapshot.provider(id).zip(snapshot.client_by_provider(id));
        let mut shown = app.map(|(app, client)| described(&base, object, app, client));
        // Reading is no licence to act as the client, or to sign what it trusts.
        if let Some(shown) = shown.as_mut().filter(|_| !sight.may(Action::ViewKey, object)) {
            shown.client_secret.clear();
            shown.cookie_secret.clear();
        }
        json!(shown)
    })
}

fn described(base: &str, object: &Object, app: &ProxyApp, client: &Client) -> ProxyOutpostConfig {
    let provider = &app.provider;
    ProxyOutpostConfig {
        pk: object.document.number.unwrap_or_default(),
        name: provider.name.clone(),
        internal_host: provider.internal_host.clone(),
        external_host: provider.external_host.clone(),
        internal_host_ssl_validation: provider.internal_host_ssl_validation,
        client_id: provider.client_id.clone(),
        client_secret: provider.client_secret.clone(),
        oidc_configuration: endpoints(base, client),
        cookie_secret: provider.cookie_secret.clone(),
        certificate: provider.certificate.map(|c| c.0),
        skip_path_regex: provider.skip_path_regex.clone(),
        basic_auth_enabled: provider.basic_auth_enabled,
        basic_auth_password_attribute: provider.basic_auth_password_attribute.clone(),
        basic_auth_user_attribute: provider.basic_auth_user_attribute.clone(),
        mode: provider.mode,
        cookie_domain: provider.cookie_domain.clone(),
        access_token_validity: app.validity.as_seconds_f64(),
        intercept_header_auth: provider.intercept_header_auth,
        scopes_to_request: app.scopes.clone(),
        assigned_application_slug: app.app_slug.clone(),
        assigned_application_name: app.app_name.clone(),
    }
}

fn endpoints(base: &str, client: &Client) -> OpenIDConnectConfiguration {
    let slug = &client.app_slug;
    let at = |tail: &str| format!("{base}/application/o/{tail}/");
    let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
    OpenIDConnectConfiguration {
        issuer: client.issuer(base),
        authorization_endpoint: at("authorize"),
        token_endpoint: at("token"),
        userinfo_endpoint: at("userinfo"),
        end_session_endpoint: at(&format!("{slug}/end-session")),
        introspection_endpoint: at("introspect"),
        jwks_uri: at(&format!("{slug}/jwks")),
        response_types_supported: words(&["code"]),
        id_token_signing_alg_values_supported: words(&[client.signing.algorithm()]),
        subject_types_supported: words(&["public"]),
        token_endpoint_auth_methods_supported: words(&["client_secret_post", "client_secret_basic"]),
    }
}
