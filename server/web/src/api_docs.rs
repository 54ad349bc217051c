//! `/api/v3/docs/`: the OpenAPI document as a page to read and try, by Swagger UI, from our own host.

use crate::{
    assets,
    page::{Csp, Page, respond},
};
use askama::Template;
use axum::{
    body::Body,
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;
use utoipa_swagger_ui::{Config, serve};

/// The files of Swagger UI that the page loads. It brings others, among them a page of its own that starts with a
/// script of its own: none of them is served.
const FILES: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

/// The page.
#[derive(Debug, Template)]
#[template(path = "api_docs.html")]
struct ApiDocs {
    /// In the addresses of Swagger UI's files, so that browsers keep them for as long as they are the same.
    version: &'static str,
}

impl Page for ApiDocs {
    fn policy(&self) -> Csp {
        Csp::new().own_requests()
    }
}

/// `GET /api/v3/docs/`: for everybody, as the document is. A browser that is signed in tries with its session.
pub(crate) async fn page() -> Response {
    respond(StatusCode::OK, &ApiDocs { version: env!("CARGO_PKG_VERSION") })
}

/// `GET /api/v3/docs/{file}`.
pub(crate) async fn file(Path(name): Path<String>) -> Response {
    if !FILES.contains(&name.as_str()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Ok(Some(file)) = serve(&name, Arc::new(Config::default())) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = Response::new(Body::from(file.bytes));
    let headers = response.headers_mut();
    let media = if name.ends_with(".js") { "text/javascript; charset=utf-8" } else { "text/css; charset=utf-8" };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    if file.gzpipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
