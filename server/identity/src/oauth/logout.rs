//! The end of logins at clients: what ends with them, and how the clients hear of it (OpenID Connect
//! Back-Channel Logout, section 2.4; Front-Channel Logout, section 3).

use super::OAuth;
use crate::{
    Core,
    config::{Client, Snapshot},
    keys::KeyError,
    system::{alphanumeric, random_uuid},
};
use chrono::TimeDelta;
use lockgate_engine::challenge::LogoutUrl;
use lockgate_model::kinds::LogoutMethod;
use lockgate_store::{Consent, Login, Session, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// How long a logout token is good for (section 2.4: at most two minutes are recommended).
const LIFE: TimeDelta = TimeDelta::minutes(2);

/// What a client was told when somebody signed in, so that it recognises whose login has ended: the
/// `data` of a [`Login`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// Issuer of its tokens.
    pub iss: String,
    /// `sub` of the person.
    pub sub: String,
    /// What the client calls the browser session.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sid: String,
}

impl Told {
    /// Reads stored data; what is not readable names nobody.
    #[must_use]
    pub fn read(login: &Login) -> Self {
        serde_json::from_value(login.data.clone()).unwrap_or_default()
    }
}

impl OAuth {
    /// The token that tells a client of the end of a login. It has no nonce, so that it cannot be taken
    /// for an ID token, and says what it is.
    ///
    /// # Errors
    /// When the client's key cannot sign.
    pub fn logout_token(&self, client: &Client, login: &Login) -> Result<String, KeyError> {
        let now = self.clock.now();
        let told = Told::read(login);
        let mut claims = json!({
            "iss": told.iss,
            "sub": told.sub,
            "aud": client.client_id,
            "iat": now.timestamp(),
            "exp": (now + LIFE).timestamp(),
            "jti": alphanumeric(&*self.random, 22),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        if !told.sid.is_empty() {
            claims["sid"] = Value::String(told.sid);
        }
        client.signing.sign_typed("logout+jwt", &claims)
    }
}

impl Core {
    /// What a browser has to load so that its applications learn that a session's logins have ended: at
    /// one client, or at all.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn logout_urls(
        &self,
        snapshot: &Snapshot,
        session: Uuid,
        only: Option<Uuid>,
    ) -> Result<Vec<LogoutUrl>, StoreError> {
        let front = |client: &&std::sync::Arc<Client>| {
            client.logout_method == LogoutMethod::Frontchannel && client.logout_uri.is_some()
        };
        // Most installations have none of these: do not ask for them.
        if !snapshot.clients().any(|client| front(&client)) {
            return Ok(Vec::new());
        }
        let logins = self.store.logins().of_session(session).await?;
        let mine = logins.iter().filter(|login| only.is_none_or(|provider| login.provider == provider));
        let urls = mine.filter_map(|login| {
            let client = snapshot.client_by_provider(login.provider).filter(front)?;
            let told = Told::read(login);
            let mut url = client.logout_uri.clone()?;
            // Section 3: both or none.
            if !told.iss.is_empty() && !told.sid.is_empty() {
                url.query_pairs_mut().append_pair("iss", &told.iss).append_pair("sid", &told.sid);
            }
            Some(LogoutUrl { url: url.into(), provider_name: client.name.clone(), binding: "redirect".to_owned() })
        });
        Ok(urls.collect())
    }

    /// Ends what a browser session has at one client, and nothing else: codes on their way, its tokens, its
    /// sign-in behind a proxy, and its login, of which the client is told.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn leave(&self, session: &Session, client: &Client) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store.codes().delete_for_session(session.uuid, Some(client.id)).await?;
        self.store.device_codes().delete_for_session(session.uuid, Some(client.id)).await?;
        self.store.oauth_tokens().revoke_at(session.uuid, client.id, now).await?;
        for login in self.store.proxy_sessions().of_session(session.uuid).await? {
            if login.provider == client.id {
                self.proxy.end(&login.id_hash).await?;
            }
        }
        self.store.logins().detach(session.uuid, Some(client.id), random_uuid(&*self.random)).await?;
        self.feed.settle().await;
        self.feed.login_ended();
        Ok(())
    }

    /// Takes a consent back, with everything that the application was issued for the person; answers whether
    /// there was one.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn withdraw(&self, snapshot: &Snapshot, consent: &Consent) -> Result<bool, StoreError> {
        let there = self.store.consents().delete(consent.pk).await?;
        for client in snapshot.clients().filter(|client| client.app_id == consent.application) {
            self.store.oauth_tokens().revoke_for_user(consent.user_pk, client.id, self.clock.now()).await?;
        }
        self.feed.settle().await;
        Ok(there)
    }

    /// Ends everything that a session's user has at clients, because somebody else signs in on it.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub(crate) async fn leave_all(&self, session: Uuid) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store.codes().delete_for_session(session, None).await?;
        self.store.device_codes().delete_for_session(session, None).await?;
        self.store.proxy_sessions().delete_for_session(session, now).await?;
        self.store.oauth_tokens().revoke_for_session(session, now).await?;
        self.store.logins().detach(session, None, random_uuid(&*self.random)).await?;
        self.feed.login_ended();
        Ok(())
    }
}
