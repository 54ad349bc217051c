//! What clients ask before anything else: configuration, version, and the document itself.

use crate::{
    caller::Caller,
    error::ApiError,
    openapi::{
        self,
        components::Components,
        operation::{Operation, Paths},
    },
    query::Query,
};
use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, Method, header};
use lockgate_identity::Identity;
use lockgate_policies::Action;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// Seconds that clients may keep answers of policies and flows.
const CACHE_TIMEOUT: u32 = 300;

/// Reports of errors to somebody else; there are none.
#[derive(Debug, Serialize, JsonSchema)]
struct ErrorReportingConfig {
    /// Always false.
    enabled: bool,
    /// Empty.
    sentry_dsn: String,
    /// Name of the environment.
    environment: String,
    /// Always false.
    send_pii: bool,
    /// Zero.
    traces_sample_rate: f64,
}

/// Something that this installation can do.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum CapabilitiesEnum {
    /// Keep uploaded pictures.
    CanSaveMedia,
    /// Keep reports.
    CanSaveReports,
    /// Tell places from addresses.
    CanGeoIp,
    /// Tell networks from addresses.
    CanAsn,
    /// Let administrators act as others.
    CanImpersonate,
    /// Show details of errors.
    CanDebug,
    /// Enterprise.
    IsEnterprise,
    /// Requests of access.
    CanRequest,
    /// Self-service of agents.
    CanAgentSelfService,
}

impl CapabilitiesEnum {
    /// The words of the contract.
    const ALL: [Self; 9] = [
        Self::CanSaveMedia,
        Self::CanSaveReports,
        Self::CanGeoIp,
        Self::CanAsn,
        Self::CanImpersonate,
        Self::CanDebug,
        Self::IsEnterprise,
        Self::CanRequest,
        Self::CanAgentSelfService,
    ];

    /// Whether it can, with databases of places and of networks or without.
    fn is_there(self, (places, networks): (bool, bool)) -> bool {
        match self {
            Self::CanGeoIp => places,
            Self::CanAsn => networks,
            Self::CanSaveMedia
            | Self::CanSaveReports
            | Self::CanImpersonate
            | Self::CanDebug
            | Self::IsEnterprise
            | Self::CanRequest
            | Self::CanAgentSelfService => false,
        }
    }
}

/// What clients need to know first.
#[derive(Debug, Serialize, JsonSchema)]
struct Config {
    /// Reports of errors.
    error_reporting: ErrorReportingConfig,
    /// What this installation can do.
    capabilities: Vec<CapabilitiesEnum>,
    /// Seconds that clients may keep answers.
    cache_timeout: u32,
    /// Seconds that clients may keep flows.
    cache_timeout_flows: u32,
    /// Seconds that clients may keep results of policies.
    cache_timeout_policies: u32,
}

/// The version.
#[derive(Debug, Serialize, JsonSchema)]
struct Version {
    /// The running one.
    version_current: String,
    /// The same: this server does not ask anybody for a newer one.
    version_latest: String,
    /// Always false, since nobody was asked.
    version_latest_valid: bool,
    /// Of which sources it was built; empty when unknown.
    build_hash: String,
    /// Always false.
    outdated: bool,
    /// Always false: the embedded outpost is this server.
    outpost_outdated: bool,
}

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    Router::new()
        .route("/root/config/", get(config))
        .route("/admin/version/", get(version))
        .route("/schema/", get(schema))
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    paths.add(
        Operation::new(Method::GET, "/root/config/", "root_config_retrieve", "root")
            .says("Shows what clients need to know first.")
            .answers(200, "The configuration.", components.reply::<Config>()),
    );
    paths.add(
        Operation::new(Method::GET, "/admin/version/", "admin_version_retrieve", "admin")
            .says("Shows the version.")
            .answers(200, "The version.", components.reply::<Version>()),
    );
    let object = json!({"schema": {"type": "object", "additionalProperties": {}}});
    let media = json!({
        "application/vnd.oai.openapi": object,
        "application/yaml": object,
        "application/vnd.oai.openapi+json": object,
        "application/json": object,
    });
    paths.add(
        Operation::new(Method::GET, "/schema/", "schema_retrieve", "schema")
            .says("Shows this document, as YAML or JSON.")
            .query("format", json!({"type": "string", "enum": ["json", "yaml"]}))
            .query("lang", json!({"type": "string"}))
            .answers_as(200, "This document.", media),
    );
}

async fn config(State(identity): State<Identity>) -> Json<Config> {
    let snapshot = identity.config.snapshot();
    let databases = snapshot.world().places.as_ref().map(|places| places.databases()).unwrap_or_default();
    Json(Config {
        error_reporting: ErrorReportingConfig {
            enabled: false,
            sentry_dsn: String::new(),
            environment: "lockgate".to_owned(),
            send_pii: false,
            traces_sample_rate: 0.0,
        },
        capabilities: CapabilitiesEnum::ALL.into_iter().filter(|what| what.is_there(databases)).collect(),
        cache_timeout: CACHE_TIMEOUT,
        cache_timeout_flows: CACHE_TIMEOUT,
        cache_timeout_policies: CACHE_TIMEOUT,
    })
}

async fn version(State(identity): State<Identity>, caller: Caller) -> Result<Json<Version>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, "system")?;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Ok(Json(Version {
        version_current: version.clone(),
        version_latest: version,
        version_latest_valid: false,
        build_hash: String::new(),
        outdated: false,
        outpost_outdated: false,
    }))
}

async fn schema(headers: HeaderMap, query: Query) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let json = match query.get("format") {
        Some(format) => format == "json",
        None => accept.contains("json"),
    };
    if json {
        let media =
            if accept.contains("openapi+json") { "application/vnd.oai.openapi+json" } else { "application/json" };
        ([(header::CONTENT_TYPE, media)], openapi::json()).into_response()
    } else {
        let media =
            if accept.contains("application/yaml") { "application/yaml" } else { "application/vnd.oai.openapi" };
        ([(header::CONTENT_TYPE, media)], openapi::yaml()).into_response()
    }
}
