//! Introspection (RFC 7662): a client asks whether a token counts and what it says. Whatever does not
//! count, for whatever reason, is answered in the same words.

use crate::{
    bearer::Rejected,
    endpoint::{Call, Refusal},
    userinfo::json_text,
};
use axum::response::Response;
use http::header;
use lockgate_identity::{
    config::Client,
    oauth::{GrantFacts, Purpose, ValidToken, subject},
};
use lockgate_store::{OAuthToken, StoreError, TokenKind, hash_secret};
use serde_json::{Map, Value, json};
use std::sync::Arc;

const INACTIVE: &str = r#"{"active":false}"#;

/// Answers the endpoint.
pub(crate) async fn answer_to(call: &Call<'_>) -> Response {
    let asker = match asker(call).await {
        Ok(asker) => asker,
        Err(rejected) => return call.reject(&rejected),
    };
    match Box::pin(told(call, &asker)).await {
        Ok(text) => json_text(text.map_or_else(|| INACTIVE.to_owned(), |text| text.to_string())),
        Err(refusal) => call.refuse(&refusal, Some(&asker)),
    }
}

/// Who asks: a client that proves itself, or one that holds an access token of its own (section 2.1).
/// A public client proves nothing, and is let in by such a token only.
async fn asker(call: &Call<'_>) -> Result<Arc<Client>, Rejected> {
    let scheme = call.headers.get(header::AUTHORIZATION).and_then(|line| line.to_str().ok()?.split_once(' '));
    let by_token = |(scheme, _): (&str, &str)| ["bearer", "dpop"].iter().any(|s| scheme.eq_ignore_ascii_case(s));
    if scheme.is_some_and(by_token) {
        return Ok(call.bearer().await?.client);
    }
    let authenticated = call.client().await?;
    if !authenticated.proven {
        return Err(call.failed("A client without a secret cannot introspect tokens.").into());
    }
    Ok(authenticated.client)
}

/// The answer about the token; `None` when it does not count, or is none of the asker's business.
async fn told(call: &Call<'_>, asker: &Client) -> Result<Option<Arc<str>>, Refusal> {
    let token = call.required("token")?;
    // The hint would only say where to look first (section 2.1).
    if let Some(valid) = call.identity.access_token(&call.snapshot, token).await? {
        return Ok(may_see(asker, &valid.client).then(|| access(call, &valid)));
    }
    let found = call.identity.store.oauth_tokens().find(&hash_secret(token)).await?;
    let Some(row) = found.filter(|row| row.kind == TokenKind::Refresh) else { return Ok(None) };
    Ok(refresh(call, asker, &row).await?.map(Into::into))
}

/// Clients see their own tokens, and those of clients that trust them.
fn may_see(asker: &Client, owner: &Client) -> bool {
    asker.id == owner.id || owner.federated.contains(&asker.id)
}

fn access(call: &Call<'_>, valid: &ValidToken) -> Arc<str> {
    let ValidToken { token, who, client } = valid;
    if let Some(known) = token.answer(Purpose::Introspection, &call.snapshot, who, call.now) {
        return known;
    }
    // The claims are those of the token itself: what was true when it was issued.
    let mut body = token.row.data["claims"].as_object().cloned().unwrap_or_default();
    let kind = if token.facts.jkt.is_some() { "DPoP" } else { "Bearer" };
    body.insert("token_type".to_owned(), json!(kind));
    body.extend(common(&token.row, client, &who.principal().user.username));
    let text: Arc<str> = Value::Object(body).to_string().into();
    token.remember(Purpose::Introspection, &call.snapshot, who, token.row.expires, Arc::clone(&text));
    text
}

/// A refresh token counts as long as the person may come back with it.
async fn refresh(call: &Call<'_>, asker: &Client, row: &OAuthToken) -> Result<Option<String>, StoreError> {
    let Some(owner) = call.snapshot.client_by_provider(row.provider).filter(|owner| may_see(asker, owner)) else {
        return Ok(None);
    };
    let Some(facts) = GrantFacts::read(&row.data).filter(|_| !row.revoked && row.expires > call.now) else {
        return Ok(None);
    };
    let who = call.identity.principals.get(row.user_pk).await?.filter(|who| who.principal().user.is_active);
    let Some(who) = who else { return Ok(None) };
    let mut body = Map::new();
    body.insert("iss".to_owned(), json!(facts.iss));
    body.insert("sub".to_owned(), json!(subject(owner, who.principal())));
    body.insert("aud".to_owned(), json!(owner.client_id));
    if let Some(jkt) = &facts.jkt {
        body.insert("cnf".to_owned(), json!({"jkt": jkt}));
    }
    body.extend(common(row, owner, &who.principal().user.username));
    Ok(Some(Value::Object(body).to_string()))
}

/// What every answer says (section 2.2).
fn common(row: &OAuthToken, owner: &Client, username: &str) -> Map<String, Value> {
    let members = [
        ("active", json!(true)),
        ("scope", json!(row.scope)),
        ("client_id", json!(owner.client_id)),
        ("username", json!(username)),
        ("exp", json!(row.expires.timestamp())),
        ("iat", json!(row.created.timestamp())),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
