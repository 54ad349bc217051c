//! The userinfo endpoint (OpenID Connect Core, section 5.3): what the client may know about the person.
//!
//! The answer is made once for a token and kept with it, until the token, the person, the configuration
//! or the time that a mapping reads changes: asking again costs a hash and a lookup.

use crate::{
    answers,
    bearer::Rejected,
    endpoint::{Call, Refusal},
};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use lockgate_identity::oauth::{Contents, MintError, OPENID, Purpose, ValidToken};
use std::sync::Arc;

/// Answers the endpoint.
pub(crate) async fn answer_to(call: &Call<'_>) -> Response {
    match call.bearer().await {
        Ok(valid) => told(call, &valid),
        Err(rejected) => call.reject(&rejected),
    }
}

fn told(call: &Call<'_>, valid: &ValidToken) -> Response {
    let ValidToken { token, who, client } = valid;
    if let Some(known) = token.answer(Purpose::Userinfo, &call.snapshot, who, call.now) {
        return json_text(known.to_string());
    }
    if !token.scopes.iter().any(|scope| scope == OPENID) {
        return call.reject(&Rejected::Scope("The access token was not issued for the scope openid."));
    }
    let contents = Contents { client, who: who.principal(), scopes: &token.scopes, facts: &token.facts };
    let made = match contents.made(&call.snapshot, call.now) {
        Ok(made) => made,
        Err(error) => return call.refuse(&Refusal::Mint(MintError::Mapping(error)), Some(client)),
    };
    let text: Arc<str> = serde_json::Value::Object(contents.userinfo(&made)).to_string().into();
    let until = contents.good_until(&call.snapshot, call.now, token.row.expires);
    token.remember(Purpose::Userinfo, &call.snapshot, who, until, Arc::clone(&text));
    json_text(text.to_string())
}

/// JSON that is written out already, and that nobody stores.
pub(crate) fn json_text(text: String) -> Response {
    let mut response = answers::no_store(text.into_response());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
