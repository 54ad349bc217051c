//! The token endpoint (RFC 6749, section 3.2), one file a grant. Each reads what entitles to tokens,
//! checks it without changing anything, makes the tokens, and stores them in the same transaction that
//! takes what entitled to them: of any number of attempts at once, one succeeds.

mod code;
mod device;
mod exchange;
mod refresh;
mod service;

use crate::{
    client_auth::Authenticated,
    endpoint::{Call, Refusal, answer},
    gatekeeper::Question,
};
use axum::response::Response;
use chrono::TimeDelta;
use lockgate_identity::{
    config::Client,
    journal::{Action, Entry},
    oauth::{Contents, GrantFacts, Minted, OFFLINE_ACCESS, Want},
    principals::PrincipalEntry,
};
use lockgate_model::kinds::GrantType;
use lockgate_policies::Login;
use lockgate_store::{Issue, Issued, NewOAuthToken};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Answers the token endpoint.
pub(crate) async fn answer_to(call: &Call<'_>) -> Response {
    let grant = call.get("grant_type").unwrap_or_default();
    let outcome = Box::pin(dispatch(call, grant)).await;
    let told = if outcome.is_ok() { "issued" } else { "refused" };
    metrics::counter!("lockgate_token_requests_total", "grant" => label(grant), "outcome" => told).increment(1);
    match outcome {
        Ok(granted) => granted.response(),
        Err(stop) => call.refuse(&stop.refusal, stop.client.as_deref()),
    }
}

/// Why there are no tokens, and whose request it was as far as that is known.
pub(crate) struct Stop {
    refusal: Refusal,
    client: Option<Arc<Client>>,
}

impl<E: Into<Refusal>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self { refusal: error.into(), client: None }
    }
}

async fn dispatch(call: &Call<'_>, grant: &str) -> Result<Granted, Stop> {
    if grant.is_empty() {
        return Err(Refusal::invalid_request("The parameter grant_type is missing.").into());
    }
    let Some(grant) = known(grant) else {
        return Err(Refusal::new("unsupported_grant_type", "This grant type is not supported.").into());
    };
    if matches!(grant, GrantType::ClientCredentials | GrantType::Password) {
        return Box::pin(service::grant(call, grant)).await;
    }
    let authenticated = call.client().await?;
    let client = Arc::clone(&authenticated.client);
    let granted = match grant {
        GrantType::AuthorizationCode => Box::pin(code::grant(call, &authenticated)).await,
        GrantType::RefreshToken => Box::pin(refresh::grant(call, &authenticated)).await,
        GrantType::DeviceCode => Box::pin(device::grant(call, &authenticated)).await,
        _ => Box::pin(exchange::grant(call, &authenticated)).await,
    };
    granted.map_err(|refusal| Stop { refusal, client: Some(client) })
}

/// The grants that a `grant_type` can name.
fn known(grant: &str) -> Option<GrantType> {
    use GrantType as G;
    let all =
        [G::AuthorizationCode, G::RefreshToken, G::ClientCredentials, G::Password, G::DeviceCode, G::TokenExchange];
    all.into_iter().find(|known| known.as_str() == grant)
}

fn label(grant: &str) -> &'static str {
    known(grant).map_or("unknown", |grant| match grant {
        GrantType::DeviceCode => "device_code",
        GrantType::TokenExchange => "token_exchange",
        other => other.as_str(),
    })
}

/// Tokens that are stored.
struct Granted {
    minted: Minted,
    scopes: Vec<String>,
    bound: bool,
    /// How long the access token is valid.
    life: TimeDelta,
    /// A refresh token that goes on being good.
    kept_refresh: Option<String>,
    /// More members of the answer.
    more: Map<String, Value>,
}

impl Granted {
    /// RFC 6749, section 5.1.
    fn response(self) -> Response {
        let mut body = Map::new();
        let kind = if self.bound { "DPoP" } else { "Bearer" };
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), Value::String(value));
            }
        };
        put("access_token", self.minted.access);
        put("token_type", Some(kind.to_owned()));
        put("scope", Some(self.scopes.join(" ")));
        put("id_token", self.minted.id);
        put("refresh_token", self.minted.refresh.or(self.kept_refresh));
        body.insert("expires_in".to_owned(), json!(self.life.num_seconds()));
        body.extend(self.more);
        answer(body)
    }
}

/// What tokens are made of, and what entitles to them.
struct Entitled<'a> {
    client: &'a Arc<Client>,
    who: &'a PrincipalEntry,
    facts: GrantFacts,
    scopes: Vec<String>,
    grant: Uuid,
    want: Want<'a>,
}

impl Entitled<'_> {
    /// Makes and stores the tokens; `issue` says what is taken for them.
    async fn tokens(
        self,
        call: &Call<'_>,
        issue: impl FnOnce(Vec<NewOAuthToken>) -> Issue,
    ) -> Result<(Issued, Granted), Refusal> {
        let contents =
            Contents { client: self.client, who: self.who.principal(), scopes: &self.scopes, facts: &self.facts };
        let want = Want { id: self.want.id && contents.is_openid(), ..self.want };
        let mut minted = call.identity.oauth.mint(&call.snapshot, contents, self.grant, want).await?;
        let issued = call.identity.oauth.issue(issue(std::mem::take(&mut minted.rows))).await?;
        let granted = Granted {
            minted,
            bound: self.facts.jkt.is_some(),
            life: self.facts.expires(call.now, self.client.access_life) - call.now,
            scopes: self.scopes,
            kept_refresh: None,
            more: Map::new(),
        };
        Ok((issued, granted))
    }
}

impl Call<'_> {
    /// Refuses a grant that the provider does not allow.
    pub(crate) fn allowed(&self, client: &Client, grant: GrantType) -> Result<(), Refusal> {
        let hybrid = grant == GrantType::AuthorizationCode && client.allows(GrantType::Hybrid);
        if client.allows(grant) || hybrid {
            return Ok(());
        }
        Err(Refusal::new("unauthorized_client", "This provider does not allow the grant type."))
    }

    /// The active person with this number.
    async fn person(&self, pk: i64) -> Result<Arc<PrincipalEntry>, Refusal> {
        let who = self.identity.principals.get(pk).await?;
        let who = who.filter(|who| who.principal().user.is_active);
        who.ok_or_else(|| Refusal::invalid_grant("The account is not active."))
    }

    /// Asks the policies of the application.
    async fn permitted(
        &self,
        client: &Client,
        who: &PrincipalEntry,
        grant: GrantType,
        scopes: &[String],
        login: &Login,
    ) -> Result<(), Refusal> {
        let mut context = Map::new();
        context.insert("oauth_scopes".to_owned(), json!(scopes));
        context.insert("oauth_grant_type".to_owned(), json!(grant.as_str()));
        let question = Question {
            identity: self.identity,
            snapshot: &self.snapshot,
            peer: &self.peer,
            client,
            who,
            login,
            context: &context,
            path: &self.path,
            method: &self.method,
        };
        if question.decide().await.allow {
            return Ok(());
        }
        Err(Refusal::invalid_grant("The policies of the application do not allow this."))
    }

    /// The key that tokens will be bound to: that of the proof, which must be the one that the grant is
    /// bound to already (RFC 9449, section 5).
    async fn bound(&self, client: &Client, grant: Option<&str>) -> Result<Option<String>, Refusal> {
        let proven = self.dpop(None).await?;
        match (grant, &proven) {
            (Some(bound), Some(proven)) if bound != proven => {
                Err(Refusal::invalid_grant("The grant is bound to another key than that of the DPoP proof."))
            }
            (Some(_), None) => {
                Err(Refusal::new("invalid_dpop_proof", "The grant is bound to a key: a proof is needed."))
            }
            (None, None) if client.require_dpop => {
                Err(Refusal::new("invalid_dpop_proof", "This client gets tokens that are bound to a key only."))
            }
            _ => Ok(proven),
        }
    }

    /// The scopes to grant of those asked for: unknown ones are dropped; none asked means `otherwise`.
    pub(crate) fn scopes(&self, client: &Client, otherwise: &[String]) -> Vec<String> {
        let Some(asked) = self.get("scope") else { return otherwise.to_vec() };
        let mut scopes: Vec<String> = Vec::new();
        for scope in asked.split_whitespace() {
            let known = client.scopes.iter().any(|s| s == scope);
            if known && !scopes.iter().any(|s| s == scope) {
                scopes.push(scope.to_owned());
            }
        }
        scopes
    }

    /// Notes that something which counts once came twice, and what it gave is revoked.
    async fn replayed(&self, client: &Client, what: &str) {
        self.identity.feed.settle().await;
        let entry = Entry::new(Action::SuspiciousRequest, "lockgate.oauth2").from_ip(self.peer.ip);
        let entry = entry.with("message", format!("{what} was used twice; the tokens of its grant are revoked"));
        self.identity.journal.record(entry.with("application", client.app_slug.clone()));
    }
}

fn has_offline(scopes: &[String]) -> bool {
    scopes.iter().any(|scope| scope == OFFLINE_ACCESS)
}

/// Re-exported for the grants: who asks.
type Asker = Authenticated;
