//! What runs here: the machine, the versions that this database has seen, the kinds that there are.

use super::SYSTEM;
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
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method};
use lockgate_identity::{Identity, VERSIONS};
use lockgate_model::permission;
use lockgate_policies::Action;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// Headers that are nobody's business but the caller's.
const SECRET: [&str; 4] = ["authorization", "cookie", "proxy-authorization", "x-authentik-csrf"];

/// Models whose objects hold free-form attributes.
const WITH_ATTRIBUTES: [&str; 4] =
    ["authentik_core.user", "authentik_core.group", "authentik_core.applicationentitlement", "authentik_brands.brand"];

/// A part of the product, or a model.
#[derive(Debug, Serialize, JsonSchema)]
struct App {
    /// Its name.
    name: String,
    /// Its human name.
    label: String,
}

/// What the server runs on. There is no Python in it and no OpenSSL.
#[derive(Debug, Serialize, JsonSchema)]
struct SystemInfoRuntime {
    /// Empty.
    python_version: String,
    /// Always `custom`.
    environment: String,
    /// Architecture of the processor.
    architecture: String,
    /// Operating system.
    platform: String,
    /// Operating system and architecture.
    uname: String,
    /// Empty: cryptography is AWS-LC's.
    openssl_version: String,
    /// Unknown.
    openssl_fips_enabled: Option<bool>,
    /// The version of this server.
    authentik_version: String,
}

/// The server, and how this request came to it.
#[derive(Debug, Serialize, JsonSchema)]
struct SystemInfo {
    /// Headers of the request, without credentials.
    http_headers: BTreeMap<String, String>,
    /// Host that was asked.
    http_host: String,
    /// Whether the request came over TLS, as far as trusted proxies tell.
    http_is_secure: bool,
    /// What it runs on.
    runtime: SystemInfoRuntime,
    /// Domain of the brand of the host.
    brand: String,
    /// The time.
    server_time: DateTime<Utc>,
    /// Always false: the embedded outpost is this server.
    embedded_outpost_disabled: bool,
    /// Public address of the sign-in host as the embedded outpost has it; empty when it has none.
    embedded_outpost_host: String,
    /// Public address of the sign-in host; empty when only requests can tell.
    base_url: String,
}

/// A version that this database has seen.
#[derive(Debug, Serialize, JsonSchema)]
struct VersionHistory {
    /// Place in the history.
    id: i64,
    /// When it first ran.
    timestamp: DateTime<Utc>,
    /// The version.
    version: String,
    /// Of which sources it was built; empty when unknown.
    build: String,
}

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new()
        .route("/admin/apps/", get(apps))
        .route("/admin/models/", get(models))
        .route("/admin/system/", get(system).post(look_again))
        .route("/admin/version/history/", get(history))
        .route("/admin/version/history/{id}/", get(version))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let operation = |method, path: &str, id: &str| Operation::new(method, path, id, "admin");
    let list = json!({"type": "array", "items": components.reply::<App>()});
    paths.add(
        operation(Method::GET, "/admin/apps/", "admin_apps_list")
            .says("Lists the parts that models belong to.")
            .answers(200, "The parts.", list.clone()),
    );
    paths.add(
        operation(Method::GET, "/admin/models/", "admin_models_list")
            .says("Lists the models, of which objects can be administered.")
            .query("filter_has_attributes", json!({"type": "boolean"}))
            .answers(200, "The models.", list),
    );
    let info = components.reply::<SystemInfo>();
    paths.add(
        operation(Method::GET, "/admin/system/", "admin_system_retrieve")
            .says("Shows what the server runs on, and how this request came to it.")
            .answers(200, "The server.", info.clone()),
    );
    paths.add(operation(Method::POST, "/admin/system/", "admin_system_create").says("Shows the same again.").answers(
        200,
        "The server.",
        info,
    ));
    let entry = components.reply::<VersionHistory>();
    let text = || json!({"type": "string"});
    paths.add(
        operation(Method::GET, "/admin/version/history/", "admin_version_history_list")
            .says("Lists the versions that this database has seen.")
            .query("build", text())
            .shared_query("QueryPaginationOrdering")
            .shared_query("QuerySearch")
            .query("version", text())
            .answers(200, "The versions.", json!({"type": "array", "items": entry.clone()})),
    );
    let id = parameter("path", "id", json!({"type": "integer"}), "Place in the history.");
    paths.add(
        operation(Method::GET, "/admin/version/history/{id}/", "admin_version_history_retrieve")
            .says("Shows a version that this database has seen.")
            .path(id)
            .answers(200, "The version.", entry),
    );
}

/// What parts and models there are is no secret to anybody who is known.
async fn apps(_: Caller) -> Json<Vec<App>> {
    let labels = permission::all().iter().map(|known| known.noun.app_label());
    let names: std::collections::BTreeSet<&str> = labels.collect();
    Json(names.into_iter().map(|name| App { name: name.to_owned(), label: spelled(name) }).collect())
}

/// `authentik Policies Expression` for `authentik_policies_expression`.
fn spelled(label: &str) -> String {
    let mut words = label.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |spelled, word| {
        let mut letters = word.chars();
        let initial: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        format!("{spelled} {initial}{}", letters.as_str())
    })
}

async fn models(_: Caller, query: Query) -> Json<Vec<App>> {
    let nouns: BTreeMap<&str, &str> =
        permission::all().iter().map(|known| (known.noun.model, known.noun.verbose_name)).collect();
    let wanted = query.flag("filter_has_attributes");
    let fits = |model: &str| wanted.is_none_or(|wanted| WITH_ATTRIBUTES.contains(&model) == wanted);
    let shown = nouns.into_iter().filter(|(model, _)| fits(model));
    Json(shown.map(|(name, label)| App { name: name.to_owned(), label: label.to_owned() }).collect())
}

async fn system(
    State(identity): State<Identity>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Json<SystemInfo>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, SYSTEM)?;
    Ok(Json(info(&identity, &caller, &headers)))
}

async fn look_again(
    State(identity): State<Identity>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Json<SystemInfo>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Update, SYSTEM)?;
    Ok(Json(info(&identity, &caller, &headers)))
}

fn info(identity: &Identity, caller: &Caller, headers: &HeaderMap) -> SystemInfo {
    let snapshot = identity.config.snapshot();
    let told = headers.iter().filter(|(name, _)| !SECRET.contains(&name.as_str()));
    let told = told.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    SystemInfo {
        http_headers: told.collect(),
        http_host: caller.client.host.clone(),
        http_is_secure: caller.client.scheme == "https",
        runtime: SystemInfoRuntime {
            python_version: String::new(),
            environment: "custom".to_owned(),
            architecture: arch.to_owned(),
            platform: os.to_owned(),
            uname: format!("{os} {arch}"),
            openssl_version: String::new(),
            openssl_fips_enabled: None,
            authentik_version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        brand: snapshot.brand(&caller.client.host).map(|(_, brand)| brand.domain.clone()).unwrap_or_default(),
        server_time: identity.clock.now(),
        embedded_outpost_disabled: false,
        embedded_outpost_host: snapshot.authentik_host.clone().unwrap_or_default(),
        base_url: identity.public_base(&snapshot).unwrap_or_default(),
    }
}

/// The versions, oldest first: each notes itself when it first runs on a database.
async fn versions(identity: &Identity) -> Result<Vec<VersionHistory>, ApiError> {
    let noted = identity.store.installation().below(VERSIONS).await?;
    let mut seen: Vec<(DateTime<Utc>, String)> = noted
        .into_iter()
        .filter_map(|(key, at)| Some((at.parse().ok()?, key.strip_prefix(VERSIONS)?.to_owned())))
        .collect();
    seen.sort();
    let numbered = (1..).zip(seen);
    Ok(numbered
        .map(|(id, (timestamp, version))| VersionHistory { id, timestamp, version, build: String::new() })
        .collect())
}

async fn history(
    State(identity): State<Identity>,
    caller: Caller,
    query: Query,
) -> Result<Json<Vec<VersionHistory>>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, SYSTEM)?;
    let mut found = versions(&identity).await?;
    found.retain(|seen| {
        query.get("version").is_none_or(|version| version == seen.version)
            && query.get("build").is_none_or(|build| build == seen.build)
            && query.get("search").is_none_or(|part| seen.version.contains(part))
    });
    // Newest first, unless asked otherwise.
    if query.ordering().first().is_none_or(|(_, descending)| *descending) {
        found.reverse();
    }
    Ok(Json(found))
}

async fn version(
    State(identity): State<Identity>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<VersionHistory>, ApiError> {
    caller.require(&identity, &identity.config.snapshot(), Action::Read, SYSTEM)?;
    let found = versions(&identity).await?.into_iter().find(|seen| seen.id.to_string() == id);
    found.map(Json).ok_or_else(|| ApiError::no_such("VersionHistory"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn labels_are_spelled_as_people_read_them() {
        assert_eq!(super::spelled("authentik_policies_expression"), "authentik Policies Expression");
    }
}
