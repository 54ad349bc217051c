//! Routes that are put together when somebody first asks for one: the admin interface has many, and an installation at
//! which nobody administers keeps two thirds of a MiB less in memory without them.

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    response::IntoResponse,
    routing::any,
};
use lockgate_identity::net::RequestId;
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};
use tower::ServiceExt;

/// Everything below `prefix`, as `make` says it.
pub(crate) fn routes(prefix: &str, make: impl Fn() -> Router + Clone + Send + Sync + 'static) -> Router {
    let made: Arc<OnceLock<Router>> = Arc::default();
    let serve = move |request: Request| {
        let routes = made.get_or_init(&make).clone();
        async move { routes.oneshot(anew(request)).await.into_response() }
    };
    Router::new().route(prefix, any(serve.clone())).route(&format!("{prefix}{{*rest}}"), any(serve))
}

/// The request without what the route above has found in its address.
fn anew(request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    let mut extensions = std::mem::take(&mut parts.extensions);
    if let Some(peer) = extensions.remove::<ConnectInfo<SocketAddr>>() {
        parts.extensions.insert(peer);
    }
    if let Some(id) = extensions.remove::<RequestId>() {
        parts.extensions.insert(id);
    }
    Request::from_parts(parts, body)
}
