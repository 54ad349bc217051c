//! Responses that several endpoints give.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};

/// 302 that nobody stores, and that tells the next site nothing of this address.
pub(crate) fn redirect(to: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    lead(StatusCode::FOUND, to, cookies)
}

/// 303: the same by a link.
pub(crate) fn see_other(to: &str) -> Response {
    lead(StatusCode::SEE_OTHER, to, [])
}

fn lead(status: StatusCode, to: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    let Ok(location) = HeaderValue::try_from(to) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    cookies.into_iter().for_each(|cookie| _ = headers.append(header::SET_COOKIE, cookie));
    no_store(response)
}

pub(crate) fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// 404 of an address that does not exist.
pub(crate) fn not_found() -> Response {
    no_store((StatusCode::NOT_FOUND, "Not found").into_response())
}
