//! The addresses of this face, on axum.

use crate::{
    answers,
    authorize::Authorize,
    end_session::EndSession,
    endpoint::{self, Call},
    limits::Limits,
    metadata,
    pages::{Pages, Trouble},
    par,
    request::{BadParameters, MAX_REQUEST, Parameters},
    token,
    visitor::Visitor,
};
use axum::{
    Json, Router,
    body::to_bytes,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use lockgate_identity::{
    Identity,
    config::{Client, Snapshot},
    journal::Seldom,
    net::RequestId,
};
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Clone)]
struct Face {
    identity: Identity,
    pages: Arc<dyn Pages>,
    seldom: Arc<Seldom>,
    limits: Arc<Limits>,
}

/// Everything below `/application/o`.
pub fn router(identity: Identity, pages: Arc<dyn Pages>) -> Router {
    Router::new()
        .route("/application/o/authorize/", get(authorize).post(authorize))
        .route("/application/o/par/", post(par))
        .route("/application/o/token/", post(token))
        .route("/application/o/{slug}/", get(application))
        .route("/application/o/{slug}/jwks/", get(jwks))
        .route("/application/o/{slug}/.well-known/openid-configuration", get(discovery))
        .route("/application/o/{slug}/end-session/", get(end_session).post(end_session))
        .with_state(Face { identity, pages, seldom: Arc::default(), limits: Arc::default() })
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
    let Some(app) = client_of(&snapshot, &slug) else { return answers::not_found() };
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
    match client_of(&face.identity.config.snapshot(), &slug) {
        Some(app) => {
            let to = format!("/application/o/{}/.well-known/openid-configuration", app.app_slug);
            answers::redirect(&to, [])
        }
        None => answers::not_found(),
    }
}

async fn token(State(face): State<Face>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = face.request_id(&parts);
    match Call::read(&face.identity, &face.limits, parts, body).await {
        Ok(call) => token::answer_to(&call).await,
        Err(refusal) => endpoint::error(&refusal, &request_id, false),
    }
}

async fn par(State(face): State<Face>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = face.request_id(&parts);
    match Call::read(&face.identity, &face.limits, parts, body).await {
        Ok(call) => par::answer_to(&call).await,
        Err(refusal) => endpoint::error(&refusal, &request_id, false),
    }
}

async fn jwks(State(face): State<Face>, Path(slug): Path<String>) -> Response {
    let snapshot = face.identity.config.snapshot();
    let Some(client) = client_of(&snapshot, &slug) else { return answers::not_found() };
    match face.identity.oauth.key_set(&client).await {
        // The reference answers an empty object where nothing is published.
        Ok(keys) if keys.is_empty() => public(json!({})),
        Ok(keys) => public(json!({"keys": keys})),
        Err(error) => {
            tracing::error!(%error, "a key set could not be answered");
            answers::no_store(StatusCode::SERVICE_UNAVAILABLE.into_response())
        }
    }
}

async fn discovery(State(face): State<Face>, Path(slug): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let visitor = Visitor::of(&face.identity, &parts);
    let snapshot = face.identity.config.snapshot();
    let Some(client) = client_of(&snapshot, &slug) else { return answers::not_found() };
    let base = metadata::base(&face.identity, &snapshot, &visitor.client);
    public(metadata::discovery(&base, &client, &[]))
}

impl Face {
    fn request_id(&self, parts: &http::request::Parts) -> String {
        parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
    }

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

/// The client of an application.
fn client_of(snapshot: &Snapshot, slug: &str) -> Option<Arc<Client>> {
    snapshot.app(slug)?.client.clone()
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
