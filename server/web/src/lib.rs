//! The HTML face: login flow pages, the user portal, the admin interface and the pages that say no.
//!
//! Everything is rendered on the server from plain view structs ([`pages`]) and works without
//! JavaScript; two small scripts of our own only make it more comfortable. Handlers read a request
//! as a `Visit`, ask the services of [`lockgate_identity`] and fill a view. What may not enter:
//! SQL, policies, protocol logic, and anything that a page would load from elsewhere.

mod acting;
mod admin;
mod administers;
mod api_docs;
pub mod assets;
pub mod denied;
mod flow;
mod late;
mod looks;
pub mod page;
pub mod pages;
mod portal;
mod recovery;
mod rest;
mod visit;

pub use denied::{DeniedPages, denial};

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    routing::{MethodRouter, any, get, post},
};
use lockgate_identity::Identity;

/// What handlers work with.
#[derive(Clone)]
struct Web {
    identity: Identity,
    routes: rest::Routes,
}

impl FromRef<Web> for Identity {
    fn from_ref(web: &Web) -> Self {
        web.identity.clone()
    }
}

/// The routes of every page and of the files that pages load. `api` are the routes below `/api/v3`, which pages
/// that administer ask from inside ([`rest`]).
pub fn router(identity: Identity, api: Router) -> Router {
    let flow_page = get(flow::show).post(flow::submit).layer(DefaultBodyLimit::max(flow::form::MAX_FORM));
    let web = Web { identity, routes: rest::Routes(api) };
    let strength = post(flow::strength).layer(DefaultBodyLimit::max(flow::form::MAX_FORM));
    Router::new()
        .route("/", get(portal::front_door))
        .route("/setup", get(portal::setup))
        .route("/robots.txt", get(portal::robots))
        .merge(portal::router())
        .route(acting::END, post(acting::end).layer(DefaultBodyLimit::max(flow::form::MAX_FORM)))
        .route("/recovery/use-token/", get(recovery::by_query))
        .route("/recovery/use-token/{key}/", get(recovery::by_path))
        .route("/if/brand.css", get(looks::brand_css))
        .route("/if/flow/{slug}/", flow_page)
        .route("/if/flow/{slug}/strength/", strength)
        .route("/flows/-/default/{designation}/", get(flow::ways::default))
        .route("/flows/-/configure/{stage_uuid}/", get(flow::ways::configure))
        .route("/flows/-/cancel/", get(flow::ways::cancel))
        .route("/application/launch/{slug}/", get(portal::launch))
        .route("/api/v3/docs/", get(api_docs::page))
        .route("/api/v3/docs/{file}", get(api_docs::file))
        .merge(assets::router())
        .with_state(web.clone())
        .merge(late::routes("/if/admin/", move || admin::routes().with_state(web.clone())))
}

/// Answers every address that nobody else does with the 404 page: for `Router::fallback_service`.
pub fn not_found(identity: Identity) -> MethodRouter {
    any(|visit: visit::Visit| async move { visit.not_found() }).with_state(identity)
}
