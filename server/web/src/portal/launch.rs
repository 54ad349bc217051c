//! The front door, and the way into applications.

use crate::{
    denied::denial,
    pages::href,
    visit::{Answer, SignedIn, Visit, redirect},
};
use axum::{
    extract::Path,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use lockgate_identity::config::App;
use lockgate_policies::Facts;
use std::sync::Arc;

/// Where the first visitor makes the administrator.
const SETUP: &str = "/if/flow/initial-setup/";

/// `GET /`: to the setup, the login or the portal.
pub(crate) async fn front_door(visit: Visit) -> Response {
    let answer = entered(&visit).await;
    visit.answer(answer)
}

async fn entered(visit: &Visit) -> Answer {
    if visit.identity.setup_open().await? {
        return Ok(redirect(StatusCode::FOUND, SETUP));
    }
    Ok(match visit.signed_in().await? {
        Some(_) => redirect(StatusCode::FOUND, "/if/user/"),
        None => redirect(StatusCode::FOUND, "/flows/-/default/authentication/?next=%2F"),
    })
}

/// `/setup`: HEAD tells programs whether the installation is set up, GET leads to the setup.
pub(crate) async fn setup(visit: Visit) -> Response {
    if visit.method != Method::HEAD {
        return redirect(StatusCode::FOUND, SETUP);
    }
    match visit.identity.setup_open().await {
        Ok(false) => StatusCode::OK.into_response(),
        _ => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// `GET /robots.txt`: there is nothing to find here.
pub(crate) async fn robots() -> Response {
    let mut response = "User-agent: *\nDisallow: /\n".into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    response
}

/// Where an application opens, if it does.
fn opens_at(app: &Arc<App>, signed_in: &SignedIn) -> Option<String> {
    let url = app.launch_url(Some(signed_in.principal()));
    (href(&url) == url).then_some(url)
}

/// `GET /application/launch/{slug}/`: into an application, if its policies open it.
pub(crate) async fn launch(visit: Visit, Path(slug): Path<String>) -> Response {
    let answer = launched(&visit, &slug).await;
    visit.answer(answer)
}

async fn launched(visit: &Visit, slug: &str) -> Answer {
    let Some(signed_in) = visit.signed_in().await? else { return Ok(visit.to_login()) };
    let Some(app) = visit.snapshot.app(slug) else { return Ok(visit.not_found()) };
    let login = signed_in.login();
    let facts: Facts<'_> = visit.facts(Some(&login));
    let decision = visit.identity.access.app(&visit.snapshot, Some(&signed_in.who), slug, &facts).await;
    visit.identity.access.keep(&decision, Some(&signed_in.who), slug, &facts);
    if !decision.allow {
        visit.identity.access.retire(&visit.snapshot, &decision, Some(&signed_in.who)).await;
        visit.identity.access.record(&visit.snapshot, &decision, Some(&signed_in.who), visit.client.ip, slug);
        let denial = denial(&app.application.name, &decision, &visit.here(), visit.language(Some(&signed_in)));
        let user = &signed_in.principal().user.username;
        return Ok(visit.pages_for(&signed_in).denied(&visit.client.host, Some(user), denial));
    }
    let target = opens_at(app, &signed_in);
    Ok(target.map_or_else(|| visit.not_found(), |url| redirect(StatusCode::FOUND, &url)))
}
