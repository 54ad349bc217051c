//! Pushed authorization requests (RFC 9126): the client hands its request in directly, proving who it
//! is, and the browser carries nothing but a reference.

use crate::{
    answers,
    client_auth::Authenticated,
    endpoint::{Call, Refusal},
    request::{AuthorizeError, AuthorizeRequest, Parameters, Redirect, Rules},
    request_object,
};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use http::StatusCode;
use lockgate_identity::config::Client;
use lockgate_store::{PushedRequest, hash_secret};
use serde_json::{Value, json};

/// How every `request_uri` of ours begins (section 2.2).
pub(crate) const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// How long a request waits for its answer. The browser comes with it at once, but the person may have
/// to sign in before it can be answered.
pub(crate) const LIFE: TimeDelta = TimeDelta::minutes(10);

/// What proves the client and is no part of its request (section 2.1).
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

impl From<AuthorizeError> for Refusal {
    fn from(error: AuthorizeError) -> Self {
        Self::new(error.code, error.description)
    }
}

/// Answers the endpoint.
pub(crate) async fn answer_to(call: &Call<'_>) -> Response {
    match Box::pin(pushed(call)).await {
        Ok(body) => answers::no_store((StatusCode::CREATED, Json(body)).into_response()),
        Err(refusal) => call.refuse(&refusal, None),
    }
}

async fn pushed(call: &Call<'_>) -> Result<Value, Refusal> {
    let Authenticated { client, proven } = call.client().await?;
    if !proven {
        call.limits.pushed(call.peer.ip)?;
    }
    let parameters = request(call, &client).await?;
    // Section 2.1: checked as it would be at the authorize endpoint.
    let Some(redirect) = Redirect::proven(&client, parameters.get("redirect_uri")) else {
        return Err(Refusal::invalid_request("The redirect_uri is missing, or not one of this client's."));
    };
    AuthorizeRequest::read(&parameters, Rules::from(&*client), &redirect.url)?;
    let request_uri = format!("{PREFIX}{}", call.identity.oauth.secret());
    let row = PushedRequest {
        request_hash: hash_secret(&request_uri),
        provider: client.id,
        parameters: json!(parameters),
        expires: call.now + LIFE,
    };
    call.identity.store.once().push(&row).await?;
    Ok(json!({"request_uri": request_uri, "expires_in": LIFE.num_seconds()}))
}

/// The request as it counts: out of its signed object where there is one (section 3), with the key that
/// the client proved to hold (RFC 9449, section 10.1).
async fn request(call: &Call<'_>, client: &Client) -> Result<Parameters, Refusal> {
    if call.get("request_uri").is_some() {
        return Err(Refusal::invalid_request("A request_uri cannot be pushed."));
    }
    let mut known = vec![("client_id".to_owned(), client.client_id.clone())];
    let parameters = match call.get("request") {
        // Section 3: everything that is asked for stands in the object, of whatever type it is.
        Some(object) => {
            let outer = Parameters::of(known.clone());
            request_object::read(object, &outer, client, &call.issuer(client), call.now)?
        }
        None => call.parameters.without(&CREDENTIALS),
    };
    if let Some(jkt) = call.dpop(None).await? {
        if parameters.get("dpop_jkt").is_some_and(|named| named != jkt) {
            return Err(Refusal::new("invalid_dpop_proof", "The dpop_jkt names another key than that of the proof."));
        }
        known.push(("dpop_jkt".to_owned(), jkt));
    }
    Ok(parameters.overlaid(&Parameters::of(known)))
}
