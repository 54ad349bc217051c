//! `/recovery/use-token/`: signs in who is locked out, by a key that an operator made on the command line.

use crate::visit::{Answer, Visit, redirect};
use axum::{
    extract::Path,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

/// `GET /recovery/use-token/{key}/`.
pub(crate) async fn by_path(mut visit: Visit, Path(key): Path<String>) -> Response {
    // The log names paths of requests that fail, and the key is as good as a login.
    visit.path = "/recovery/use-token/".to_owned();
    let answer = Box::pin(used(&visit, &key)).await;
    visit.answer(answer)
}

/// `GET /recovery/use-token/?token={key}`.
pub(crate) async fn by_query(visit: Visit) -> Response {
    let found = url::form_urlencoded::parse(visit.query.as_bytes()).find(|(name, _)| name == "token");
    let key = found.map(|(_, key)| key.into_owned()).unwrap_or_default();
    let answer = Box::pin(used(&visit, &key)).await;
    visit.answer(answer)
}

/// The page of their own applications, which leads on to a new password.
async fn used(visit: &Visit, key: &str) -> Answer {
    if visit.method != Method::GET {
        // Whoever only asks whether there is such a page must not use the key up.
        let mut response = StatusCode::METHOD_NOT_ALLOWED.into_response();
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        return Ok(response);
    }
    let Some(session) = Box::pin(visit.identity.flows().use_recovery_key(visit.flow(""), key)).await? else {
        return Ok(visit.not_found());
    };
    let mut response = redirect(StatusCode::FOUND, "/if/user/");
    visit.set_session(&mut response, &session);
    Ok(response)
}
