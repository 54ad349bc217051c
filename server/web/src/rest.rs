//! The REST API, asked from inside of the server: pages that show and change things do it as the program of
//! whoever looks at them would.
//!
//! So a page can show and do nothing that the API would not, and there is one place where permissions are
//! asked, input is judged and events are recorded. The face itself is not known here: whoever wires the server
//! hands its routes in.

use crate::{Web, visit::Failure};
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderName, Method, Request, StatusCode, header, request::Parts},
};
use lockgate_identity::net::{Counted, RequestId};
use serde_json::Value;
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
};
use tower::ServiceExt;

/// The largest answer that is read, in bytes: a page of a list with large bodies stays well below.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// The routes below `/api/v3`.
#[derive(Clone)]
pub(crate) struct Routes(pub(crate) Router);

/// The API as the browser that sent a request may use it.
pub(crate) struct Rest {
    routes: Router,
    headers: HeaderMap,
    peer: Option<ConnectInfo<SocketAddr>>,
    request_id: Option<RequestId>,
    asked: AtomicBool,
}

impl FromRequestParts<Web> for Rest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Infallible> {
        let mut headers = parts.headers.clone();
        // They speak of the body that the browser sent.
        for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::AUTHORIZATION] {
            headers.remove(name);
        }
        if let Some(authority) = parts.uri.authority().and_then(|a| a.as_str().parse().ok()) {
            headers.entry(header::HOST).or_insert(authority);
        }
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().copied();
        let request_id = parts.extensions.get::<RequestId>().cloned();
        Ok(Self { routes: web.routes.0.clone(), headers, peer, request_id, asked: AtomicBool::new(false) })
    }
}

/// What the API answered.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    bytes: Bytes,
}

impl Reply {
    /// The body; nothing for an empty one and for what is no JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// What was wrong, in sentences.
    pub(crate) fn told(&self) -> String {
        self.problems().into_iter().map(|(_, sentence)| sentence).collect::<Vec<_>>().join(" ")
    }

    /// What was wrong, by field; the empty name stands for the whole request.
    pub(crate) fn problems(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        flatten("", &self.json(), &mut found);
        if found.is_empty() {
            found.push((String::new(), format!("The server answered {}.", self.status)));
        }
        found
    }
}

/// The contract's errors: a sentence in `detail`, or lists of sentences by field, nested like the body.
fn flatten(field: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((field.to_owned(), text.clone())),
        Value::Array(list) => list.iter().for_each(|value| flatten(field, value, found)),
        Value::Object(map) => {
            for (name, value) in map {
                match name.as_str() {
                    "code" => {}
                    "detail" | "non_field_errors" | "__all__" => flatten(field, value, found),
                    name if field.is_empty() => flatten(name, value, found),
                    // Parts of a field are told with it.
                    _ => flatten(field, value, found),
                }
            }
        }
        _ => {}
    }
}

/// Why something could not be had.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The API said no, with this status and sentence.
    Said(StatusCode, String),
    /// Something inside failed.
    Failed(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Rest {
    /// `GET path`, below `/api/v3`, with its query.
    ///
    /// # Errors
    /// What the API said instead.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Refusal> {
        let reply = self.ask(Method::GET, path, None, Body::empty(), None).await?;
        if reply.status.is_success() {
            return Ok(reply.json());
        }
        Err(Refusal::Said(reply.status, reply.told()))
    }

    /// Sends JSON, with the proof that the form came from our own page.
    pub(crate) async fn send(&self, method: Method, path: &str, csrf: &str, body: &Value) -> Result<Reply, Failure> {
        let json = ("application/json", Body::from(body.to_string()));
        self.ask(method, path, Some(csrf), json.1, Some(json.0)).await
    }

    /// Sends a body of another type.
    pub(crate) async fn upload(&self, path: &str, csrf: &str, media: &str, body: Bytes) -> Result<Reply, Failure> {
        self.ask(Method::POST, path, Some(csrf), Body::from(body), Some(media)).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        csrf: Option<&str>,
        body: Body,
        media: Option<&str>,
    ) -> Result<Reply, Failure> {
        let mut request = Request::builder().method(method).uri(path).body(body)?;
        *request.headers_mut() = self.headers.clone();
        if let Some(media) = media {
            request.headers_mut().insert(header::CONTENT_TYPE, media.parse()?);
        }
        if let Some(csrf) = csrf {
            request.headers_mut().insert(HeaderName::from_static("x-authentik-csrf"), csrf.parse()?);
        }
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(peer);
        }
        if let Some(id) = &self.request_id {
            request.extensions_mut().insert(id.clone());
        }
        if self.asked.swap(true, Ordering::Relaxed) {
            request.extensions_mut().insert(Counted);
        }
        let (parts, body) = self.routes.clone().oneshot(request).await?.into_parts();
        let bytes = to_bytes(body, MAX_ANSWER).await?;
        Ok(Reply { status: parts.status, headers: parts.headers, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_wrong_is_told_by_field() {
        let told = |body: Value| {
            Reply { status: StatusCode::BAD_REQUEST, headers: HeaderMap::new(), bytes: body.to_string().into() }
                .problems()
        };
        let pair = |field: &str, text: &str| (field.to_owned(), text.to_owned());
        assert_eq!(told(json!({"detail": "No."})), [pair("", "No.")]);
        let nested = json!({"name": ["Too long.", "Taken."], "uris": [{"url": ["Bad."]}], "code": "invalid"});
        assert_eq!(told(nested), [pair("name", "Too long."), pair("name", "Taken."), pair("uris", "Bad.")]);
        assert_eq!(told(Value::Null), [pair("", "The server answered 400 Bad Request.")]);
    }
}
