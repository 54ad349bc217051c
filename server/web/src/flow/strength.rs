//! `POST /if/flow/{slug}/strength/`: what is to be said of a new password while it is typed. The script of the page
//! asks, with the form as it is so far; the answer is JSON, and nothing comes of it.

use super::form::Form;
use crate::visit::{Answer, Visit};
use axum::{
    body::Body,
    extract::{Path, Request},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use lockgate_identity::{
    runner::{FlowRequest, Weighing},
    sessions,
};
use serde_json::{Value, json};

/// Name of the value that names the field.
const FIELD: &str = "strength_of";

/// Judges it.
pub(crate) async fn strength(visit: Visit, Path(slug): Path<String>, request: Request) -> Response {
    match Form::read(request).await {
        Ok(form) => visit.answer(weighed(&visit, &slug, &form).await),
        Err(status) => told(status, &Value::Null),
    }
}

async fn weighed(visit: &Visit, slug: &str, form: &Form) -> Answer {
    if !visit.token.as_deref().is_some_and(|token| sessions::csrf_matches(token, form.csrf())) {
        return Ok(told(StatusCode::FORBIDDEN, &Value::Null));
    }
    let (Some(field), Some(response)) = (form.get(FIELD), form.response()) else {
        return Ok(told(StatusCode::BAD_REQUEST, &Value::Null));
    };
    // Policies are asked as they will be when it is sent.
    let page = format!("/if/flow/{slug}/");
    let request = FlowRequest { path: &page, ..visit.flow(slug) };
    Ok(match Box::pin(visit.identity.flows().weigh(request, field, &response)).await? {
        Weighing::Done(it) => {
            let answer = json!({"score": it.score, "passing": it.passing, "messages": it.messages});
            told(StatusCode::OK, &answer)
        }
        Weighing::NotAsked => told(StatusCode::NOT_FOUND, &Value::Null),
        Weighing::Failed => told(StatusCode::SERVICE_UNAVAILABLE, &Value::Null),
        Weighing::TooMany(wait) => {
            let mut response = told(StatusCode::TOO_MANY_REQUESTS, &Value::Null);
            let seconds = wait.as_secs() + 1;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
    })
}

fn told(status: StatusCode, answer: &Value) -> Response {
    let mut response = Response::new(Body::from(answer.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
