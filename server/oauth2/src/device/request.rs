//! What the device asks for (RFC 8628, section 3.1 and 3.2).

use super::{PATH, shown};
use crate::{
    client_auth::Presented,
    endpoint::{Call, Refusal, answer},
};
use axum::response::Response;
use chrono::TimeDelta;
use lockgate_identity::{config::Client, oauth::OFFLINE_ACCESS};
use lockgate_model::kinds::GrantType;
use lockgate_store::{NewDeviceCode, StoreError, hash_secret};
use serde_json::{Map, json};
use std::sync::Arc;

/// How long the codes are good for at least: somebody has to find a keyboard.
const LIFE: TimeDelta = TimeDelta::minutes(10);

/// Seconds between two questions of the device.
const INTERVAL: i32 = 5;

/// How often a user code is drawn again because it is taken.
const TRIES: usize = 4;

/// Answers the endpoint.
pub(crate) async fn answer_to(call: &Call<'_>) -> Response {
    match Box::pin(codes(call)).await {
        Ok(response) => response,
        Err(refusal) => call.refuse(&refusal, None),
    }
}

async fn codes(call: &Call<'_>) -> Result<Response, Refusal> {
    call.limits.device(call.peer.ip)?;
    let client = client(call).await?;
    call.allowed(&client, GrantType::DeviceCode)?;
    // Nothing asked for means everything, but for what outlasts the login: that has to be named.
    let mut all = client.scopes.clone();
    all.retain(|scope| scope != OFFLINE_ACCESS);
    let scopes = call.scopes(&client, &all);
    let life = client.code_life.max(LIFE);
    let (device_code, user_code) = stored(call, &client, &scopes.join(" "), life).await?;
    let user_code = shown(&user_code);
    let page = format!("{}{PATH}", call.base());
    let mut body = Map::new();
    body.insert("device_code".to_owned(), json!(device_code));
    body.insert("user_code".to_owned(), json!(user_code));
    body.insert("verification_uri".to_owned(), json!(page));
    body.insert("verification_uri_complete".to_owned(), json!(format!("{page}?code={user_code}")));
    body.insert("expires_in".to_owned(), json!(life.num_seconds()));
    body.insert("interval".to_owned(), json!(INTERVAL));
    Ok(answer(body))
}

/// The client; one that can authenticate need not do so yet: it has to when it redeems the code, and
/// clients of the reference send nothing but their name here.
async fn client(call: &Call<'_>) -> Result<Arc<Client>, Refusal> {
    match call.presented()? {
        (client_id, Presented::Nothing) => {
            let known = call.snapshot.client(&client_id).cloned();
            known.ok_or_else(|| call.failed("Client authentication failed."))
        }
        _ => Ok(call.client().await?.client),
    }
}

async fn stored(call: &Call<'_>, client: &Client, scope: &str, life: TimeDelta) -> Result<(String, String), Refusal> {
    let oauth = &call.identity.oauth;
    let mut last = StoreError::Unavailable { reason: "no user code is free".to_owned() };
    for _ in 0..TRIES {
        let (device_code, user_code) = (oauth.secret(), oauth.user_code());
        let new = NewDeviceCode {
            device_hash: hash_secret(&device_code),
            user_code_hash: hash_secret(&user_code),
            provider: client.id,
            scope: scope.to_owned(),
            data: json!({}),
            poll_seconds: INTERVAL,
            expires: call.now + life,
        };
        match call.identity.store.device_codes().create(&new).await {
            Ok(()) => return Ok((device_code, user_code)),
            Err(error @ StoreError::Unique { .. }) => last = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.into())
}
