//! Versions of objects as entity tags (RFC 9110, section 8.8.3): who sends one back in `If-Match` changes the object
//! only if nobody else did meanwhile (section 13.1.1).
//!
//! The tag stands for what is stored. What is shown beside it may change with other objects, so that it is no reason
//! to answer 304.

use crate::error::ApiError;
use axum::{
    Json,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use lockgate_model::{Document, Object};
use serde_json::Value;
use std::convert::Infallible;

/// The tag of a document. Its primary key belongs to it: another object may come to be at the same address.
fn tag(document: &Document) -> String {
    format!("\"{}-{}\"", document.id.simple(), document.version)
}

/// An object with its tag.
pub(crate) struct Tagged {
    status: StatusCode,
    tag: Option<String>,
    shown: Value,
}

impl Tagged {
    /// An object as it is shown.
    pub(crate) fn of(object: &Object, shown: Value) -> Self {
        Self { status: StatusCode::OK, tag: Some(tag(&object.document)), shown }
    }

    /// Something that has no version.
    pub(crate) fn untagged(shown: Value) -> Self {
        Self { status: StatusCode::OK, tag: None, shown }
    }

    /// The same for one that was just made.
    pub(crate) fn made(self) -> Self {
        Self { status: StatusCode::CREATED, ..self }
    }
}

impl IntoResponse for Tagged {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.shown)).into_response();
        if let Some(tag) = self.tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// The versions of which a caller wants one to be there; without the header, any.
#[derive(Debug, Clone)]
pub(crate) struct IfMatch(Option<String>);

impl IfMatch {
    fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::IF_MATCH).iter();
        let lines: Vec<&str> = lines.map(|line| line.to_str().unwrap_or_default()).collect();
        Self((!lines.is_empty()).then(|| lines.join(",")))
    }

    /// Refuses to change another version than the caller knows.
    ///
    /// # Errors
    /// 412.
    pub(crate) fn holds(&self, document: Option<&Document>) -> Result<(), ApiError> {
        let Some(wanted) = &self.0 else { return Ok(()) };
        let Some(document) = document else { return Err(ApiError::Outdated) };
        let tag = tag(document);
        // Our tags hold no comma. A weak tag is like none (section 8.8.3.2).
        let one = |wanted: &str| wanted == "*" || wanted == tag;
        if wanted.split(',').map(str::trim).any(one) { Ok(()) } else { Err(ApiError::Outdated) }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}
