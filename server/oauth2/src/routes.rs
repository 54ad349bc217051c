//! The addresses of this face, on axum.

use crate::{
    answers,
    authorize::Authorize,
    cors,
    device::{self, DeviceRequest},
    end_session::EndSession,
    endpoint::{self, Call},
    introspect,
    limits::Limits,
    metadata,
    pages::{Pages, Trouble},
    par,
    request::{BadParameters, MAX_REQUEST, Parameters},
    revoke, token, userinfo,
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
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
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

/// What a browser asks for.
struct Asked {
    parts: http::request::Parts,
    visitor: Visitor,
    snapshot: Arc<Snapshot>,
    parameters: Parameters,
}

/// Everything below `/application/o`.
pub fn router(identity: Identity, pages: Arc<dyn Pages>) -> Router {
    Router::new()
        .route("/application/o/authorize/", get(authorize).post(authorize))
        .route("/application/o/par/", post(par).options(preflight))
        .route("/application/o/token/", post(token).options(preflight))
        .route("/application/o/userinfo/", get(userinfo).post(userinfo).options(preflight))
        .route("/application/o/introspect/", post(introspect).options(preflight))
        .route("/application/o/revoke/", post(revoke).options(preflight))
        .route("/application/o/device/", post(device).options(preflight))
        .route(device::PATH, get(device_page).post(device_page))
        .route("/application/o/{slug}/", get(application))
        .route("/application/o/{slug}/jwks/", get(jwks))
        .route("/application/o/{slug}/.well-known/openid-configuration", get(discovery))
        .route("/application/o/{slug}/.well-known/oauth-authorization-server", get(discovery))
        .route("/.well-known/oauth-authorization-server/application/o/{slug}/", get(discovery))
        .route("/.well-known/oauth-authorization-server/application/o/{slug}", get(discovery))
        .route("/.well-known/webfinger", get(webfinger))
        .route("/application/o/{slug}/end-session/", get(end_session).post(end_session))
        .with_state(Face { identity, pages, seldom: Arc::default(), limits: Arc::default() })
}

async fn authorize(State(face): State<Face>, request: Request) -> Response {
    let Asked { parts, visitor, snapshot, parameters } = match face.read(request).await {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
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
        method: &parts.method,
        limits: &face.limits,
        now: face.identity.clock.now(),
        seldom: &face.seldom,
    };
    asked.answer().await
}

async fn end_session(State(face): State<Face>, Path(slug): Path<String>, request: Request) -> Response {
    let Asked { parts, visitor, snapshot, parameters } = match face.read(request).await {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let Some(app) = client_of(&snapshot, &slug) else { return answers::not_found() };
    let asked = EndSession {
        identity: &face.identity,
        pages: &*face.pages,
        snapshot: &snapshot,
        visitor: &visitor,
        parameters: &parameters,
        app: &app,
        method: &parts.method,
        path: parts.uri.path(),
    };
    Box::pin(asked.answer()).await.unwrap_or_else(|error| {
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
    face.call(request, async |call| token::answer_to(call).await).await
}

/// A browser asks whether a script may call one of these.
async fn preflight(State(face): State<Face>, headers: HeaderMap) -> Response {
    cors::preflight(&face.identity.config.snapshot(), &headers)
}

async fn userinfo(State(face): State<Face>, request: Request) -> Response {
    face.call(request, async |call| userinfo::answer_to(call).await).await
}

async fn introspect(State(face): State<Face>, request: Request) -> Response {
    face.call(request, async |call| introspect::answer_to(call).await).await
}

async fn revoke(State(face): State<Face>, request: Request) -> Response {
    face.call(request, async |call| revoke::answer_to(call).await).await
}

async fn device(State(face): State<Face>, request: Request) -> Response {
    face.call(request, async |call| device::answer_to(call).await).await
}

async fn device_page(State(face): State<Face>, request: Request) -> Response {
    let Asked { parts, visitor, snapshot, parameters } = match face.read(request).await {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let asked = DeviceRequest {
        identity: &face.identity,
        pages: &*face.pages,
        snapshot: &snapshot,
        visitor: &visitor,
        parameters: &parameters,
        method: &parts.method,
        limits: &face.limits,
    };
    Box::pin(asked.answer()).await.unwrap_or_else(|error| {
        tracing::error!(%error, "the page for devices could not be answered");
        answers::no_store(StatusCode::SERVICE_UNAVAILABLE.into_response())
    })
}

async fn par(State(face): State<Face>, request: Request) -> Response {
    face.call(request, async |call| par::answer_to(call).await).await
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
    public(metadata::discovery(&base, &client, &snapshot.claim_names(&client)))
}

/// Speaks for the brand's default application, as the reference does.
async fn webfinger(State(face): State<Face>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let visitor = Visitor::of(&face.identity, &parts);
    let snapshot = face.identity.config.snapshot();
    let brand = snapshot.brand(&visitor.client.host).and_then(|(_, brand)| brand.default_application);
    let Some(client) = brand.and_then(|app| snapshot.app_by_id(app.0)?.client.clone()) else {
        return answers::not_found();
    };
    // RFC 7033, section 4.2.
    let parameters = parameters(&parts, body).await.ok();
    let Some(resource) = parameters.as_ref().and_then(|given| given.get("resource")) else {
        return answers::no_store((StatusCode::BAD_REQUEST, "The parameter resource is missing.").into_response());
    };
    let base = metadata::base(&face.identity, &snapshot, &visitor.client);
    let mut response = public(metadata::webfinger(&base, &client, resource));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jrd+json"));
    response
}

impl Face {
    /// Reads a request that a client sends by itself, and answers it.
    async fn call(&self, request: Request, answer: impl AsyncFnOnce(&Call<'_>) -> Response) -> Response {
        let (parts, body) = request.into_parts();
        let request_id = self.request_id(&parts);
        match Call::read(&self.identity, &self.limits, parts, body).await {
            Ok(call) => {
                let mut response = answer(&call).await;
                cors::allow(&call, &mut response);
                response
            }
            Err(refusal) => endpoint::error(&refusal, &request_id, false),
        }
    }

    fn request_id(&self, parts: &http::request::Parts) -> String {
        parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
    }

    /// Reads what a browser asks for; a request that cannot be read gets its answer from here.
    async fn read(&self, request: Request) -> Result<Asked, Box<Response>> {
        let (parts, body) = request.into_parts();
        let visitor = Visitor::of(&self.identity, &parts);
        let snapshot = self.identity.config.snapshot();
        match parameters(&parts, body).await {
            Ok(parameters) => Ok(Asked { parts, visitor, snapshot, parameters }),
            Err(error) => Err(Box::new(self.bad_request(&snapshot, &visitor, &error))),
        }
    }

    fn bad_request(&self, snapshot: &Snapshot, visitor: &Visitor, error: &BadParameters) -> Response {
        answers::no_store(self.pages.trouble(&Trouble {
            host: &visitor.client.host,
            language: visitor.language(snapshot, None),
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
