//! The authorization code (RFC 6749, section 4.1.3; RFC 7636, section 4.6; RFC 9700, section 2.1.1).

use super::{Asker, Entitled, Granted, has_offline};
use crate::{
    endpoint::{Call, Refusal},
    pkce::Challenge,
};
use lockgate_identity::oauth::{GrantFacts, Want};
use lockgate_model::kinds::GrantType;
use lockgate_store::{AuthorizationCode, Issue, Issued, hash_secret};

const UNKNOWN: &str = "The code is unknown, used, expired, or was issued to another client.";

pub(super) async fn grant(call: &Call<'_>, asker: &Asker) -> Result<Granted, Refusal> {
    let client = &asker.client;
    call.allowed(client, GrantType::AuthorizationCode)?;
    let code = call.required("code")?;
    let code_hash = hash_secret(code);
    let found = call.identity.store.codes().peek(&code_hash).await?;
    let row = found.filter(|row| row.provider == client.id).ok_or_else(|| Refusal::invalid_grant(UNKNOWN))?;
    if row.used {
        // Nothing is made: storing nothing for a used code revokes what it gave.
        let issue = Issue::Code { code_hash, tokens: Vec::new() };
        if call.identity.oauth.issue(issue).await? == Issued::Replayed {
            call.replayed(client, "An authorization code").await;
        }
        return Err(Refusal::invalid_grant(UNKNOWN));
    }
    if row.expires <= call.now {
        return Err(Refusal::invalid_grant(UNKNOWN));
    }
    same_address(call, &row)?;
    let challenge: Option<Challenge> =
        serde_json::from_value(row.data["pkce"].clone()).map_err(|_| Refusal::invalid_grant(UNKNOWN))?;
    Challenge::verify(challenge.as_ref(), call.get("code_verifier"))?;
    let mut facts = GrantFacts::read(&row.data).ok_or_else(|| Refusal::invalid_grant(UNKNOWN))?;
    facts.jkt = call.bound(client, facts.jkt.as_deref()).await?;
    let who = call.person(row.user_pk).await?;
    let scopes: Vec<String> = row.scope.split_whitespace().map(str::to_owned).collect();
    call.permitted(client, &who, GrantType::AuthorizationCode, &scopes, &facts.login()).await?;
    let refresh = has_offline(&scopes) && client.allows(GrantType::RefreshToken);
    let want = Want { access: true, id: true, refresh, ..Want::default() };
    let entitled = Entitled { client, who: &who, facts, scopes, grant: row.grant, want };
    let (issued, granted) = entitled.tokens(call, |tokens| Issue::Code { code_hash, tokens }).await?;
    match issued {
        Issued::Stored => Ok(granted),
        Issued::Replayed => {
            call.replayed(client, "An authorization code").await;
            Err(Refusal::invalid_grant(UNKNOWN))
        }
        Issued::Unknown => Err(Refusal::invalid_grant(UNKNOWN)),
    }
}

/// The address must be the one that the code was sent to (RFC 6749, section 4.1.3).
fn same_address(call: &Call<'_>, row: &AuthorizationCode) -> Result<(), Refusal> {
    let sent_to = row.data["redirect_uri"].as_str();
    let named = row.data["redirect_uri_named"].as_bool() != Some(false);
    match call.get("redirect_uri") {
        Some(given) if Some(given) == sent_to => Ok(()),
        None if !named => Ok(()),
        _ => Err(Refusal::invalid_grant("The redirect_uri is not the one that the code was sent to.")),
    }
}
