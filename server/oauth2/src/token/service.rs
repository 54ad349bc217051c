//! Tokens for programs (RFC 6749, section 4.4), in the four forms that clients of the reference use: a
//! service account with an app password, the same folded into the client secret, the client's own
//! secret, and a token of a provider that the client trusts.

use super::{Entitled, Granted, Stop};
use crate::{
    client_auth::{ASSERTION_TYPE, Presented},
    endpoint::{Call, Refusal},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use lockgate_identity::{
    config::Client,
    oauth::{GrantFacts, OFFLINE_ACCESS, Want, subject},
    people::{PeopleError, UserDraft},
    principals::PrincipalEntry,
};
use lockgate_model::{UserType, kinds::GrantType};
use lockgate_policies::Login;
use lockgate_store::{Case, Issue, Issued, StoreError};
use serde_json::Map;
use std::sync::Arc;

/// The longest name of an account, in characters.
const MAX_NAME: usize = 150;

pub(super) async fn grant(call: &Call<'_>, grant: GrantType) -> Result<Granted, Stop> {
    let (client_id, presented) = call.presented()?;
    let known = call.snapshot.client(&client_id).cloned();
    let client = known.ok_or_else(|| call.failed("Client authentication failed."))?;
    let granted = Box::pin(for_client(call, grant, &client, presented)).await;
    granted.map_err(|refusal| Stop { refusal, client: Some(client) })
}

async fn for_client(
    call: &Call<'_>,
    grant: GrantType,
    client: &Arc<Client>,
    presented: Presented,
) -> Result<Granted, Refusal> {
    let proven = Box::pin(proven(call, grant, client, presented)).await?;
    call.allowed(client, grant)?;
    let who = match proven {
        Proven::Account(who) => who,
        Proven::Client { account } => Box::pin(account_named(call, client, &account)).await?,
    };
    let mut all = client.scopes.clone();
    all.retain(|scope| scope != OFFLINE_ACCESS);
    let mut scopes = call.scopes(client, &all);
    scopes.retain(|scope| scope != OFFLINE_ACCESS);
    let mut facts = GrantFacts::of_service(call.issuer(client), call.now);
    facts.jkt = call.bound(client, None).await?;
    call.permitted(client, &who, grant, &scopes, &Login::default()).await?;
    // No refresh token: the credential itself can be used again (RFC 6749, section 4.4.3).
    let want = Want { access: true, id: true, ..Want::default() };
    let family = call.identity.oauth.new_grant();
    let entitled = Entitled { client, who: &who, facts, scopes, grant: family, want };
    let (issued, granted) = entitled.tokens(call, Issue::Plain).await?;
    if issued == Issued::Stored { Ok(granted) } else { Err(Refusal::invalid_grant("The tokens could not be stored.")) }
}

/// Who the tokens speak for.
enum Proven {
    /// An account with its app password.
    Account(Arc<PrincipalEntry>),
    /// The client, or somebody whom it trusts; the account of this name may have to be made.
    Client { account: String },
}

/// Proves it, by one of the four forms.
async fn proven(
    call: &Call<'_>,
    grant: GrantType,
    client: &Arc<Client>,
    presented: Presented,
) -> Result<Proven, Refusal> {
    let own = || Proven::Client { account: format!("ak-{}-client_credentials", client.name) };
    match (call.get("username"), call.get("password")) {
        (Some(username), Some(password)) => {
            // The account proves itself; what the client sends to prove itself as well has to be right.
            match &presented {
                Presented::Nothing => {}
                Presented::Secret(secret) if client.secret_matches(secret) => {}
                Presented::Secret(_) => return Err(call.failed("Client authentication failed.")),
                Presented::Assertion(_) => _ = call.client().await?,
            }
            return app_password(call, username, password).await;
        }
        _ if grant == GrantType::Password => {
            return Err(Refusal::invalid_request("The parameters username and password are needed."));
        }
        (None, None) => {}
        _ => return Err(Refusal::invalid_request("The parameters username and password belong together.")),
    }
    match presented {
        Presented::Secret(secret) if client.is_confidential() && client.secret_matches(&secret) => Ok(own()),
        Presented::Secret(secret) => match folded(&secret) {
            Some((username, password)) => app_password(call, &username, &password).await,
            None => Err(call.failed("Client authentication failed.")),
        },
        Presented::Assertion(assertion) => match foreign(call, client, &assertion).await? {
            Some(subject) => Ok(Proven::Client { account: format!("{}-{subject}", client.name) }),
            // Not of a trusted provider: the client's own signature then.
            None => {
                call.client().await?;
                Ok(own())
            }
        },
        Presented::Nothing => Err(call.failed("Client authentication failed.")),
    }
}

/// Base64 of `user:app password`, in the place of the client secret.
fn folded(secret: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(secret).ok()?).ok()?;
    let (username, password) = text.split_once(':')?;
    Some((username.to_owned(), password.to_owned()))
}

/// An account and its app password; never the password of a login (RFC 9700, section 2.4).
async fn app_password(call: &Call<'_>, username: &str, password: &str) -> Result<Proven, Refusal> {
    let found = call.identity.tokens.app_password(username, password).await?;
    let (_, who) = found.ok_or_else(|| call.failed("The user name or the app password is wrong."))?;
    Ok(Proven::Account(who))
}

/// A service account of the client, made when it is needed first.
async fn account_named(call: &Call<'_>, client: &Client, name: &str) -> Result<Arc<PrincipalEntry>, Refusal> {
    // A name that is cut would be that of another subject as well.
    if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(Refusal::invalid_grant("The name of the client's service account would be too long."));
    }
    let username = name.to_owned();
    let users = call.identity.store.users();
    let path = format!("goauthentik.io/apps/{}", client.app_slug);
    let user = match users.by_username(&username, Case::Exact).await? {
        Some(user) => user,
        None => {
            let draft = UserDraft {
                username: username.clone(),
                name: format!("Application {}", client.app_name),
                email: String::new(),
                is_active: true,
                user_type: UserType::ServiceAccount,
                path: path.clone(),
                attributes: Map::new(),
                groups: Vec::new(),
                password: None,
            };
            match call.identity.people.create_user(draft, None).await {
                Ok(user) => user,
                Err(error) => {
                    // Another request was faster, or the name cannot be an account's.
                    let made = users.by_username(&username, Case::Exact).await?;
                    made.ok_or_else(|| store_error(error))?
                }
            }
        }
    };
    // An account of a person that happens to have the name is not the client's.
    if user.user_type != UserType::ServiceAccount || user.path != path {
        return Err(Refusal::invalid_grant("The client's service account belongs to something else."));
    }
    call.person(user.pk).await
}

fn store_error(error: PeopleError) -> Refusal {
    match error {
        PeopleError::Store(error) => error.into(),
        other => Refusal::Store(StoreError::Unavailable { reason: other.to_string() }),
    }
}

/// The subject of an access token that a trusted provider of ours has issued; `None` when it is none. One
/// that was revoked, or is bound to a key, is worth nothing; an ID token is no credential at all.
async fn foreign(call: &Call<'_>, client: &Client, assertion: &str) -> Result<Option<String>, Refusal> {
    if call.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Ok(None);
    }
    let found = call.identity.access_token(&call.snapshot, assertion).await?;
    let trusted = found.filter(|f| client.federated.contains(&f.client.id) && f.token.facts.jkt.is_none());
    Ok(trusted.map(|found| subject(&found.client, found.who.principal())))
}
