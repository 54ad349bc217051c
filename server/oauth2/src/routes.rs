//! The addresses of this face, on axum.

use crate::{
    answers,
    authorize::Authorize,
    end_session::EndSession,
    metadata,
    pages::{Pages, Trouble},
    request::{BadParameters, MAX_REQUEST, Parameters},
    visitor::Visitor,
};
use axum::{
    Json, Router,
    body::to_bytes,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use lockgate_identity::{
    Identity,
    config::{ProxyApp, Snapshot},
    journal::Seldom,
};
use serde_json::Value;
use std::sync::Arc;

#[derive(Clone)]
struct Face {
    identity: Identity,
    pages: Arc<dyn Pages>,
    seldom: Arc<Seldom>,
}

/// Everything below `/application/o`.
pub fn router(identity: Identity, pages: Arc<dyn Pages>) -> Router {
    Router::new()
        .route("/application/o/authorize/", get(authorize).post(authorize))
        .route("/application/o/{slug}/", get(application))
        .route("/application/o/{slug}/jwks/", get(jwks))
        .route("/application/o/{slug}/.well-known/openid-configuration", get(discovery))
        .route("/application/o/{slug}/end-session/", get(end_session).post(end_session))
        .with_state(Face { identity, pages, seldom: Arc::default() })
}

async fn authorize(State(face): State<Face>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let visitor = Visitor::of(&face.identity, &parts);
    let snapshot = face.identity.config.snapshot();
    let parameters = match parameters(&parts, body).await {
        Ok(parameters) => parameters,
        Err(error) => return face.bad_request(&snapshot, &visitor, &error),
    };
    if parameters.is_empty() {
        return answers::not_found();
    }
    let asked = Authorize {
        identity: &face.identity,
        pages: &*face.pages,
        snapshot: &snapshot,
        visitor: &visitor,
        parameters: &parameters,
        method: parts.method.as_str(),
        now: face.identity.clock.now(),
        seldom: &face.seldom,
    };
    asked.answer().await
}

async fn end_session(State(face): State<Face>, Path(slug): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let visitor = Visitor::of(&face.identity, &parts);
    let snapshot = face.identity.config.snapshot();
    let Some(app) = provider(&snapshot, &slug) else { return answers::not_found() };
    let parameters = match parameters(&parts, body).await {
        Ok(parameters) => parameters,
        Err(error) => return face.bad_request(&snapshot, &visitor, &error),
    };
    let asked = EndSession {
        identity: &face.identity,
        pages: &*face.pages,
        snapshot: &snapshot,
        visitor: &visitor,
        parameters: &parameters,
        app: &app,
    };
    asked.answer().await.unwrap_or_else(|error| {
        tracing::error!(%error, "a sign-out could not be answered");
        answers::no_store(StatusCode::SERVICE_UNAVAILABLE.into_response())
    })
}

/// The application's address leads to its discovery document.
async fn application(State(face): State<Face>, Path(slug): Path<String>) -> Response {
    match provider(&face.identity.config.snapshot(), &slug) {
        Some(app) => {
            let to = format!("/application/o/{}/.well-known/openid-configuration", app.app_slug);
            answers::redirect(&to, [])
        }
        None => answers::not_found(),
    }
}

async fn jwks(State(face): State<Face>, Path(slug): Path<String>) -> Response {
    let snapshot = face.identity.config.snapshot();
    match provider(&snapshot, &slug) {
        Some(_) => public(metadata::jwks(&snapshot)),
        None => answers::not_found(),
    }
}

async fn discovery(State(face): State<Face>, Path(slug): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let visitor = Visitor::of(&face.identity, &parts);
    let snapshot = face.identity.config.snapshot();
    let Some(app) = provider(&snapshot, &slug) else { return answers::not_found() };
    let issuer = metadata::issuer(&face.identity, &snapshot, &visitor.client, &app);
    public(metadata::discovery(&issuer, &app, snapshot.signing_key().algorithm()))
}

impl Face {
    fn bad_request(&self, snapshot: &Snapshot, visitor: &Visitor, error: &BadParameters) -> Response {
        answers::no_store(self.pages.trouble(&Trouble {
            host: &visitor.client.host,
            snapshot,
            status: StatusCode::BAD_REQUEST,
            title: "Malformed request",
            text: &format!("The request cannot be read: {error}."),
        }))
    }
}

/// The proxy provider of an application.
fn provider(snapshot: &Snapshot, slug: &str) -> Option<Arc<ProxyApp>> {
    snapshot.app(slug)?.proxy.clone()
}

/// From the query, or from the form of a POST.
async fn parameters(parts: &http::request::Parts, body: axum::body::Body) -> Result<Parameters, BadParameters> {
    let bytes = if parts.method == Method::POST {
        to_bytes(body, MAX_REQUEST).await.map_err(|_| BadParameters::TooLong)?
    } else {
        Bytes::copy_from_slice(parts.uri.query().unwrap_or_default().as_bytes())
    };
    Parameters::parse(&bytes)
}

/// A document that any site may read, and that verifiers may keep for a while.
fn public(document: Value) -> Response {
    let mut response = Json(document).into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}
