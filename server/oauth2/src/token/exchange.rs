//! Token exchange (RFC 8693): an access token of ours for one of this client's, for the same person and
//! within the same scopes.

use super::{Asker, Entitled, Granted};
use crate::endpoint::{Call, Refusal};
use lockgate_identity::oauth::{ClaimsRequest, GrantFacts, OFFLINE_ACCESS, ValidToken, Want};
use lockgate_model::kinds::GrantType;
use lockgate_store::{Issue, Issued};
use serde_json::json;

/// Section 3.
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

pub(super) async fn grant(call: &Call<'_>, asker: &Asker) -> Result<Granted, Refusal> {
    let client = &asker.client;
    call.allowed(client, GrantType::TokenExchange)?;
    if !asker.proven {
        return Err(Refusal::new("unauthorized_client", "A client that exchanges tokens has to authenticate."));
    }
    only_what_is_supported(call, &client.client_id)?;
    let subject = subject(call, asker).await?;
    let row = &subject.token.row;
    // How the person signed in is told; what was agreed for the other client, claim by claim, is not.
    let facts = GrantFacts {
        iss: call.issuer(client),
        session: row.session,
        nonce: None,
        claims: ClaimsRequest::default(),
        // Nobody gets more time by exchanging.
        until: Some(row.expires.timestamp()),
        jkt: call.bound(client, None).await?,
        ..subject.token.facts.clone()
    };
    let inherited: Vec<String> =
        subject.token.scopes.iter().filter(|s| client.scopes.contains(s) && *s != OFFLINE_ACCESS).cloned().collect();
    let mut scopes = call.scopes(client, &inherited);
    scopes.retain(|scope| inherited.contains(scope));
    if scopes.is_empty() && call.get("scope").is_some() {
        return Err(Refusal::new("invalid_scope", "The scope goes beyond that of the token."));
    }
    call.permitted(client, &subject.who, GrantType::TokenExchange, &scopes, &facts.login()).await?;
    let want = Want { access: true, ..Want::default() };
    // The same family: who takes the first token back takes what it was exchanged for as well.
    let entitled = Entitled { client, who: &subject.who, facts, scopes, grant: row.grant, want };
    let token_hash = row.token_hash.clone();
    let (issued, mut granted) = entitled.tokens(call, |tokens| Issue::Exchange { token_hash, tokens }).await?;
    if issued != Issued::Stored {
        return Err(unknown());
    }
    granted.more.insert("issued_token_type".to_owned(), json!(ACCESS_TOKEN));
    Ok(granted)
}

/// Section 2.1: what we do not do is refused, not ignored.
fn only_what_is_supported(call: &Call<'_>, client_id: &str) -> Result<(), Refusal> {
    if call.required("subject_token_type")? != ACCESS_TOKEN {
        return Err(Refusal::invalid_request("Only access tokens can be exchanged (subject_token_type)."));
    }
    if call.get("requested_token_type").is_some_and(|kind| kind != ACCESS_TOKEN) {
        return Err(Refusal::invalid_request("Only access tokens are issued (requested_token_type)."));
    }
    if call.get("actor_token").is_some() || call.get("actor_token_type").is_some() {
        return Err(Refusal::invalid_request("Delegation (actor_token) is not supported."));
    }
    if call.get("resource").is_some() || call.get("audience").is_some_and(|audience| audience != client_id) {
        return Err(Refusal::new("invalid_target", "Tokens are issued for the asking client only."));
    }
    Ok(())
}

/// The token to be exchanged: of this client, or of one that it trusts.
async fn subject(call: &Call<'_>, asker: &Asker) -> Result<ValidToken, Refusal> {
    let client = &asker.client;
    let unknown =
        || Refusal::invalid_grant("The subject_token is unknown, expired or revoked, or not for this client.");
    let token = call.required("subject_token")?;
    let found = call.identity.access_token(&call.snapshot, token).await?.ok_or_else(unknown)?;
    let trusted = found.client.id == client.id || client.federated.contains(&found.client.id);
    // One that is bound to a key is worth nothing to who does not hold the key.
    if trusted && found.token.facts.jkt.is_none() { Ok(found) } else { Err(unknown()) }
}

fn unknown() -> Refusal {
    Refusal::invalid_grant("The subject_token is unknown, expired or revoked, or not for this client.")
}
