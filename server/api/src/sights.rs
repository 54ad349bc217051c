//! `/lockgate/sights/`: how requests arrived here, so that somebody can tell what a proxy makes of them.

use crate::{
    caller::{Caller, peer},
    decisions::TAG,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths},
    },
};
use axum::{
    Json, Router,
    extract::{Request, State},
    routing::get,
};
use http::Method;
use lockgate_identity::{
    Identity,
    net::lines,
    probes::{READS, Sight},
};
use lockgate_policies::Action;
use schemars::JsonSchema;
use serde::Serialize;

/// How requests arrived.
#[derive(Debug, Serialize, JsonSchema)]
struct SeenRequests {
    /// Version of the server.
    version: String,
    /// The time here, in seconds since 1970.
    time: i64,
    /// This very request.
    own: Sight,
    /// The requests of the probe whose key is shown; empty without one.
    probe: Vec<Sight>,
}

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    Router::new().route("/lockgate/sights/", get(retrieve))
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    paths.add(
        Operation::new(Method::GET, "/lockgate/sights/", "lockgate_sights_retrieve", TAG)
            .says(
                "Tells how this request arrived: by which peer, with which headers of a proxy, and what of them was \
                 believed. `lockgate doctor` shows a key instead of a token, and is told of its own requests, too.",
            )
            .answers(200, "How it arrived.", components.reply::<SeenRequests>()),
    );
}

/// `GET /lockgate/sights/`. A key that the command makes of the secret key stands for a token.
async fn retrieve(
    State(identity): State<Identity>,
    caller: Result<Caller, ApiError>,
    request: Request,
) -> Result<Json<SeenRequests>, ApiError> {
    let now = identity.clock.now();
    let headers = request.headers();
    let shown = headers.get(READS).and_then(|value| value.to_str().ok());
    let probe = match shown.and_then(|shown| identity.probes.read(identity.store.seal_key(), shown, now)) {
        Some(seen) => seen,
        None => {
            caller?.require(&identity, &identity.config.snapshot(), Action::Read, "system")?;
            Vec::new()
        }
    };
    let (parts, _) = request.into_parts();
    let peer = peer(&parts);
    // A route below another one sees its own part of the path.
    let asked = (parts.method.as_str(), "/api/v3/lockgate/sights/");
    let own = Sight { status: 200, ..Sight::of(asked, |name| lines(&parts, name), peer, &identity.trusted) };
    Ok(Json(SeenRequests { version: env!("CARGO_PKG_VERSION").to_owned(), time: now.timestamp(), own, probe }))
}
