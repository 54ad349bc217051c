//! The REST face, `/api/v3`: the objects of the registry and people's data over HTTP, in the shapes of
//! the contract, and the OpenAPI document that describes them.
//!
//! A handler reads one snapshot, asks for permission, does one thing through a service and shows the
//! result. What may not enter this room: SQL, policy languages, HTML, the flow engine's rules, and
//! knowledge of single kinds outside of the tables in `objects`.

mod access;
mod admin;
mod body;
mod caller;
pub mod compatibility;
mod decisions;
mod documents;
mod error;
mod events;
mod executor;
mod managed;
mod me;
mod objects;
pub mod openapi;
mod overview;
mod paging;
mod people;
mod query;
mod rbac;
mod replay;
mod revisions;
mod root;
mod sights;
mod simulation;
mod tasks;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use error::ApiError;
use http::{HeaderValue, Method, header};
use lockgate_identity::{Identity, journal::of_one_request};

/// The largest body, in bytes.
const MAX_BODY: usize = 2 * 1024 * 1024;

/// The routes below `/api/v3`; to be nested there.
pub fn router(identity: Identity) -> Router {
    objects::routes()
        .merge(people::routes())
        .merge(me::routes())
        .merge(rbac::routes())
        .merge(events::routes())
        .merge(tasks::routes())
        .merge(executor::routes())
        .merge(decisions::routes())
        .merge(documents::routes())
        .merge(access::routes())
        .merge(overview::routes())
        .merge(revisions::routes())
        .merge(replay::routes())
        .merge(sights::routes())
        .merge(simulation::routes())
        .merge(admin::routes())
        .merge(managed::routes())
        .merge(root::routes())
        .fallback(async || ApiError::NotFound("Not found.".to_owned()))
        .method_not_allowed_fallback(async |method: Method| ApiError::Method(method))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(guard))
        .with_state(identity)
}

/// Refuses what announces itself as too large before anything is read, and keeps answers, which are for
/// one caller only, out of caches.
async fn guard(request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_BODY) {
        return ApiError::TooLarge.into_response();
    }
    let mut response = of_one_request(None, next.run(request)).await;
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
