//! The refresh token (RFC 6749, section 6): replaced whenever it is used, and a second use of a replaced
//! one takes the whole family back (RFC 9700, section 4.14.2).

use super::{Asker, Entitled, Granted};
use crate::endpoint::{Call, Refusal};
use chrono::TimeDelta;
use lockgate_identity::oauth::{GrantFacts, Want};
use lockgate_model::kinds::GrantType;
use lockgate_store::{Issue, Issued, OAuthToken, TokenKind, hash_secret};

const UNKNOWN: &str = "The refresh token is unknown, used, expired, revoked, or was issued to another client.";

pub(super) async fn grant(call: &Call<'_>, asker: &Asker) -> Result<Granted, Refusal> {
    let client = &asker.client;
    call.allowed(client, GrantType::RefreshToken)?;
    let token = call.required("refresh_token")?;
    let token_hash = hash_secret(token);
    let found = call.identity.store.oauth_tokens().find(&token_hash).await?;
    let own = found.filter(|row| row.provider == client.id && row.kind == TokenKind::Refresh);
    let row = own.ok_or_else(|| Refusal::invalid_grant(UNKNOWN))?;
    if row.revoked {
        let issue = Issue::Refresh { token_hash, replace: true, tokens: Vec::new() };
        if call.identity.oauth.issue(issue).await? == Issued::Replayed {
            call.replayed(client, "A refresh token").await;
        }
        return Err(Refusal::invalid_grant(UNKNOWN));
    }
    if row.expires <= call.now {
        return Err(Refusal::invalid_grant(UNKNOWN));
    }
    let mut facts = GrantFacts::read(&row.data).ok_or_else(|| Refusal::invalid_grant(UNKNOWN))?;
    facts.jkt = rebound(call, asker, facts.jkt.as_deref()).await?;
    // A refresh token is one of offline access: what it gives does not end with the browser session, also
    // where fewer scopes are asked for.
    facts.session = None;
    // An ID token of a refresh answers no request that had a nonce (OpenID Connect Core, section 12.2).
    facts.nonce = None;
    let who = call.person(row.user_pk).await?;
    let granted: Vec<String> = row.scope.split_whitespace().map(str::to_owned).collect();
    let scopes = narrowed(call, &granted)?;
    call.permitted(client, &who, GrantType::RefreshToken, &scopes, &facts.login()).await?;
    let replace = is_replaced(&row, client.refresh_threshold, call);
    // A narrower scope is that of the access token alone: the refresh token keeps what was granted.
    let want = Want { access: true, id: true, refresh: replace, refresh_scopes: Some(&granted), code: None };
    let entitled = Entitled { client, who: &who, facts, scopes, grant: row.grant, want };
    let (issued, mut tokens) = entitled.tokens(call, |tokens| Issue::Refresh { token_hash, replace, tokens }).await?;
    tokens.kept_refresh = (!replace).then(|| token.to_owned());
    match issued {
        Issued::Stored => Ok(tokens),
        Issued::Replayed => {
            call.replayed(client, "A refresh token").await;
            Err(Refusal::invalid_grant(UNKNOWN))
        }
        Issued::Unknown => Err(Refusal::invalid_grant(UNKNOWN)),
    }
}

/// The key of the new tokens. The refresh token of a public client is bound to its key; a client that
/// authenticates may come with another one, but not without (RFC 9449, section 5).
async fn rebound(call: &Call<'_>, asker: &Asker, bound: Option<&str>) -> Result<Option<String>, Refusal> {
    if !asker.proven || bound.is_none() {
        return call.bound(&asker.client, bound).await;
    }
    let proven = call.bound(&asker.client, None).await?;
    proven
        .ok_or_else(|| Refusal::new("invalid_dpop_proof", "The grant is bound to a key: a proof is needed."))
        .map(Some)
}

/// The scopes asked for, which must be among those granted (RFC 6749, section 6).
fn narrowed(call: &Call<'_>, granted: &[String]) -> Result<Vec<String>, Refusal> {
    let Some(asked) = call.get("scope") else { return Ok(granted.to_vec()) };
    let asked: Vec<String> = asked.split_whitespace().map(str::to_owned).collect();
    if asked.is_empty() || asked.iter().any(|scope| !granted.contains(scope)) {
        return Err(Refusal::new("invalid_scope", "The scope goes beyond what was granted."));
    }
    Ok(asked)
}

fn is_replaced(row: &OAuthToken, threshold: TimeDelta, call: &Call<'_>) -> bool {
    threshold <= TimeDelta::zero() || row.expires - call.now <= threshold
}
