//! Revocation (RFC 7009): a client takes back a token that it was given. A refresh token takes its whole
//! family with it, an access token goes alone (section 2.1).

use crate::{
    answers,
    endpoint::{Call, Refusal},
};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use lockgate_identity::{
    config::Client,
    journal::{Action, Entry},
};
use lockgate_store::{TokenKind, hash_secret};

/// Answers the endpoint.
pub(crate) async fn answer_to(call: &Call<'_>) -> Response {
    match Box::pin(revoke(call)).await {
        Ok(()) => answers::no_store(StatusCode::OK.into_response()),
        Err(refusal) => call.refuse(&refusal, None),
    }
}

/// A token that nobody knows is as good as revoked, and no error (section 2.2). The hint is not needed:
/// every token is found by its hash.
async fn revoke(call: &Call<'_>) -> Result<(), Refusal> {
    let client = call.client().await?.client;
    let token = hash_secret(call.required("token")?);
    let tokens = call.identity.store.oauth_tokens();
    let Some(row) = tokens.find(&token).await? else { return Ok(()) };
    if row.provider != client.id {
        // Told nothing, counted, and noted: somebody holds a token of another client.
        let refusal = call.failed("Client authentication failed.");
        if matches!(refusal, Refusal::TooMany { .. }) {
            return Err(refusal);
        }
        note_foreign(call, &client);
        return Ok(());
    }
    let taken = match row.kind {
        TokenKind::Access => u64::from(tokens.revoke(&token, call.now).await?),
        TokenKind::Refresh => tokens.revoke_grant(row.grant, call.now).await?,
    };
    if taken > 0 {
        // Whoever is answered may rely on it: from the next request on the token does not count.
        call.identity.feed.settle().await;
    }
    Ok(())
}

fn note_foreign(call: &Call<'_>, client: &Client) {
    let entry = Entry::new(Action::SuspiciousRequest, "lockgate.oauth2").from_ip(call.peer.ip);
    let entry = entry.with("message", "a client asked to revoke a token of another client");
    call.identity.journal.record(entry.with("application", client.app_slug.clone()));
}
