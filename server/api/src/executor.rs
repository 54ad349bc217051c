//! `/flows/executor/{slug}/`: the flow engine over JSON, for pages of others and for scripts.
//!
//! Anybody may ask; the session cookie binds the plan. A response that was accepted leads back to the
//! same address with 302, as clients of the reference expect.

use crate::{
    body::Body,
    caller::Visitor,
    error::ApiError,
    openapi::{
        challenges,
        components::Components,
        operation::{Operation, Paths, parameter},
    },
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    response::{AppendHeaders, IntoResponse, Response},
    routing::get,
};
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use lockgate_engine::Response as Answer;
use lockgate_identity::{
    Identity,
    journal::with_request_id,
    net::Client,
    runner::{FlowAnswer, FlowOutcome, FlowRequest},
    sessions::{clear_cookies, set_cookies, set_device_cookie, set_mfa_cookie},
    system::time_uuid,
};
use serde_json::{Value, json};

/// Where this face is mounted: handlers see addresses without it.
const MOUNT: &str = "/api/v3";

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    Router::new().route("/flows/executor/{flow_slug}/", get(show).post(solve))
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let (challenge, response) = challenges::describe(components);
    let operation = |method: Method, id: &str| {
        let slug = parameter("path", "flow_slug", json!({"type": "string"}), "Slug of the flow.");
        Operation::new(method, "/flows/executor/{flow_slug}/", id, "flows")
            .query_required("query", json!({"type": "string"}))
            .path(slug)
    };
    paths.add(
        operation(Method::GET, "flows_executor_get")
            .says("Shows the current challenge; starts the flow when the session runs another one.")
            .answers(200, "The challenge.", challenge.clone()),
    );
    paths.add(
        operation(Method::POST, "flows_executor_solve")
            .says("Responds to the current challenge. Within a signed-in session the CSRF header is needed.")
            .body(response, true)
            .answers(200, "The same challenge with what was wrong, or the last one.", challenge)
            .empty(302, "Accepted: the next challenge is at the same address."),
    );
}

async fn show(
    State(identity): State<Identity>,
    visitor: Visitor,
    Path(slug): Path<String>,
    query: Query,
    uri: Uri,
) -> Result<Response, ApiError> {
    let id = request_id(&identity);
    let request = request(&slug, &query, &visitor, &id, &uri);
    let answer = Box::pin(identity.flows().get(request)).await?;
    respond(answer, &visitor.client, &uri)
}

async fn solve(
    State(identity): State<Identity>,
    visitor: Visitor,
    Path(slug): Path<String>,
    query: Query,
    uri: Uri,
    body: Body,
) -> Result<Response, ApiError> {
    meant(&identity, &visitor).await?;
    let invalid = || ApiError::field("", "invalid", "The response is not an object, or its component is no text.");
    let answer = Answer::from_json(Value::Object(body.0)).ok_or_else(invalid)?;
    let id = request_id(&identity);
    let request = request(&slug, &query, &visitor, &id, &uri);
    let answer = Box::pin(identity.flows().post(request, answer)).await?;
    respond(answer, &visitor.client, &uri)
}

/// Whoever is signed in must prove that a write is meant: another site could send it along with the
/// cookie, and change what a flow of the account's settings writes.
async fn meant(identity: &Identity, visitor: &Visitor) -> Result<(), ApiError> {
    let Some(token) = &visitor.session_token else { return Ok(()) };
    if visitor.is_meant || identity.signed_in(token, visitor.client.ip).await?.is_none() {
        return Ok(());
    }
    Err(ApiError::Forbidden("CSRF Failed: CSRF token missing or incorrect."))
}

/// The id of the request; of one from nowhere, as in a test of this room, one of its own.
fn request_id(identity: &Identity) -> String {
    let own = || time_uuid(&*identity.clock, &*identity.random).simple().to_string();
    with_request_id(str::to_owned).unwrap_or_else(own)
}

fn request<'a>(
    slug: &'a str,
    query: &'a Query,
    visitor: &'a Visitor,
    request_id: &'a str,
    uri: &'a Uri,
) -> FlowRequest<'a> {
    FlowRequest {
        slug,
        query: query.get("query").unwrap_or_default(),
        session_token: visitor.session_token.as_deref(),
        mfa_token: visitor.mfa_token.as_deref(),
        device_token: visitor.device_token.as_deref(),
        client: &visitor.client,
        request_id,
        path: uri.path(),
    }
}

fn respond(answer: FlowAnswer, client: &Client, uri: &Uri) -> Result<Response, ApiError> {
    let cookies = cookies(&answer, client);
    if let Some(seconds) = answer.retry_after {
        return Ok((cookies, ApiError::Throttled(seconds)).into_response());
    }
    match answer.outcome {
        FlowOutcome::NotFound => Err(ApiError::no_such("Flow")),
        FlowOutcome::TurnedAway(_) => Err(ApiError::Throttled(answer.retry_after.unwrap_or(1))),
        FlowOutcome::Challenge(challenge) => Ok((cookies, Json(challenge)).into_response()),
        FlowOutcome::Next => {
            let here = uri.path_and_query().map_or("/", |here| here.as_str());
            let location = HeaderValue::try_from(format!("{MOUNT}{here}")).map_err(|_| ApiError::Internal)?;
            Ok((StatusCode::FOUND, cookies, [(header::LOCATION, location)]).into_response())
        }
    }
}

/// Headers that set cookies.
pub(crate) type Cookies = AppendHeaders<Vec<(HeaderName, String)>>;

fn cookies(answer: &FlowAnswer, client: &Client) -> Cookies {
    let mut cookies = match &answer.set_session {
        Some(new) => session_cookies(&new.token, new.max_age, client),
        None if answer.clear_session => carried(clear_cookies(client.is_https())),
        None => AppendHeaders(Vec::new()),
    };
    if let Some(device) = &answer.set_device {
        cookies.0.push((header::SET_COOKIE, set_device_cookie(&device.token, device.max_age, client.is_https())));
    }
    if let Some(mfa) = &answer.set_mfa {
        cookies.0.push((header::SET_COOKIE, set_mfa_cookie(&mfa.token, mfa.max_age, client.is_https())));
    }
    cookies
}

/// What gives a browser its session.
pub(crate) fn session_cookies(token: &str, max_age: Option<i64>, client: &Client) -> Cookies {
    carried(set_cookies(token, max_age, client.is_https()))
}

fn carried(lines: [String; 2]) -> Cookies {
    AppendHeaders(lines.into_iter().map(|line| (header::SET_COOKIE, line)).collect())
}
