//! Which scripts of other sites may call the endpoints of clients (the Fetch standard, CORS protocol): those
//! of the sites that a client is registered with. None of these endpoints looks at a cookie.

use crate::endpoint::Call;
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lockgate_identity::config::Snapshot;

const METHODS: &str = "GET, POST, OPTIONS";
const HEADERS: &str = "Authorization, Content-Type, DPoP";
const EXPOSED: &str = "WWW-Authenticate";

/// Lets the script read the answer, if it comes from where the client of the request lives.
pub(crate) fn allow(call: &Call<'_>, response: &mut Response) {
    let Some(origin) = call.headers.get(header::ORIGIN) else { return };
    let known = call.named.get().filter(|client| origin.to_str().is_ok_and(|text| client.redirects.has_origin(text)));
    if known.is_some() {
        permit(response.headers_mut(), origin);
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
}

/// Answers a preflight: whose request will come is not known yet, so the sites of all clients count.
pub(crate) fn preflight(snapshot: &Snapshot, asked: &HeaderMap) -> Response {
    let mut response = (StatusCode::NO_CONTENT, Body::empty()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = asked.get(header::ORIGIN) else { return response };
    if origin.to_str().is_ok_and(|text| snapshot.clients().any(|client| client.redirects.has_origin(text))) {
        permit(headers, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    response
}

fn permit(headers: &mut HeaderMap, origin: &HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}
