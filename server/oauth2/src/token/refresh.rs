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
    facts.jkt = call.bound(client, facts.jkt.as_deref()).await?;
    // An ID token of a refresh answers no request that had a nonce (OpenID Connect Core, section 12.2).
    facts.nonce = None;
    let who = call.person(row.user_pk).await?;
    let granted: Vec<String> = row.scope.split_whitespace().map(str::to_owned).collect();
    let scopes = narrowed(call, &granted)?;
    call.permitted(client, &who, GrantType::RefreshToken, &scopes, facts.mfa)?;
    let replace = is_replaced(&row, client.refresh_threshold, call);
    let want = Want { access: true, id: true, refresh: false, code: None };
    let entitled = Entitled { client, who: &who, facts, scopes, grant: row.grant, want };
    let (issued, tokens) = entitled.renewed(call, token, token_hash, replace, &granted).await?;
    match issued {
        Issued::Stored => Ok(tokens),
        Issued::Replayed => {
            call.replayed(client, "A refresh token").await;
            Err(Refusal::invalid_grant(UNKNOWN))
        }
        Issued::Unknown => Err(Refusal::invalid_grant(UNKNOWN)),
    }
}

impl Entitled<'_> {
    /// The new tokens. A narrower scope is that of the access token alone: the refresh token keeps what
    /// was granted (RFC 6749, section 6).
    async fn renewed(
        self,
        call: &Call<'_>,
        token: &str,
        token_hash: String,
        replace: bool,
        granted: &[String],
    ) -> Result<(Issued, Granted), Refusal> {
        let next = if replace {
            let contents = lockgate_identity::oauth::Contents {
                client: self.client,
                who: self.who.principal(),
                scopes: granted,
                facts: &self.facts,
            };
            let want = Want { refresh: true, ..Want::default() };
            Some(call.identity.oauth.mint(&call.snapshot, contents, self.grant, want).await?)
        } else {
            None
        };
        let (next, rows) = next.map_or((None, Vec::new()), |minted| (minted.refresh, minted.rows));
        let issue = |mut tokens: Vec<_>| {
            tokens.extend(rows);
            Issue::Refresh { token_hash, replace, tokens }
        };
        let (issued, mut granted) = self.tokens(call, issue).await?;
        granted.kept_refresh = Some(next.unwrap_or_else(|| token.to_owned()));
        Ok((issued, granted))
    }
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
