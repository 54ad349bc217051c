//! `/lockgate/me/applications/`: what the caller may open, each with the reason why.

use super::{
    preferences,
    why::{Reason, Ways},
};
use crate::{
    caller::Caller,
    decisions::TAG,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths},
    },
};
use axum::{Json, Router, extract::State, routing::get};
use http::Method;
use lockgate_identity::Identity;
use lockgate_policies::{Action, Resource};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// An application that the caller may open.
#[derive(Debug, Serialize, JsonSchema)]
struct MyApplication {
    /// Its slug.
    slug: String,
    /// Name that people see.
    name: String,
    /// Heading under which it is shown; may be empty.
    group: String,
    /// Address that opens it; may be empty.
    launch_url: String,
    /// Whether it opens in a new tab.
    open_in_new_tab: bool,
    /// Address of an icon; may be empty.
    meta_icon: String,
    /// A sentence on what it is.
    meta_description: String,
    /// Who makes it.
    meta_publisher: String,
    /// Whether the caller has it among the favourites.
    favourite: bool,
    /// What opens it to the caller. All of it counts where `all` says so; else each by itself.
    why: Vec<Reason>,
    /// Whether every reason is needed.
    all: bool,
}

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new().route("/lockgate/me/applications/", get(list))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let all = json!({"type": "array", "items": components.reply::<MyApplication>()});
    let operation = Operation::new(Method::GET, "/lockgate/me/applications/", "lockgate_me_applications_list", TAG)
        .says("Lists the applications that the caller may open and that are not hidden, each with the reason why.");
    paths.add(operation.answers(200, "The applications, by name.", all));
}

/// Looking is not opening: decisions are neither counted nor noted.
async fn list(State(identity): State<Identity>, caller: Caller) -> Result<Json<Vec<MyApplication>>, ApiError> {
    let snapshot = identity.config.snapshot();
    let facts = caller.facts(identity.clock.now());
    let favourites = preferences::favourites(caller.user());
    let mut ways = Ways::new(&identity, &snapshot, caller.principal());
    let mut open = Vec::new();
    for app in snapshot.all_apps().into_iter().filter(|app| !app.application.meta_hide) {
        let application = &app.application;
        let resource = Resource::App(&application.slug);
        let decision = identity.access.decide(&snapshot, Some(&caller.entry), Action::Access, resource, &facts).await;
        if !decision.allow {
            continue;
        }
        let (why, all) = ways.reasons(&decision).await?;
        open.push(MyApplication {
            slug: application.slug.clone(),
            name: application.name.clone(),
            group: application.group.clone(),
            launch_url: app.launch_url(Some(caller.principal())),
            open_in_new_tab: application.open_in_new_tab,
            meta_icon: application.meta_icon.clone(),
            meta_description: application.meta_description.clone(),
            meta_publisher: application.meta_publisher.clone(),
            favourite: favourites.contains(&application.slug.as_str()),
            why,
            all,
        });
    }
    open.sort_by_cached_key(|app| (app.name.to_lowercase(), app.slug.clone()));
    Ok(Json(open))
}
