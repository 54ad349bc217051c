//! Keys stay published as long as tokens live that they signed, also after the provider signs with
//! another one: whoever verifies a token finds its key.

use super::OAuth;
use crate::{
    config::Client,
    keys::{Expires, ForeignKeys},
};
use chrono::{DateTime, Utc};
use lockgate_store::{PublishedKey, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use uuid::Uuid;

/// An ID token that its client shows again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IdTokenHint {
    /// Who issued it.
    pub iss: String,
    /// Whom it is about.
    pub sub: String,
    /// The login that it was given for.
    pub sid: Option<String>,
    exp: i64,
}

impl Expires for IdTokenHint {
    fn expires(&self) -> i64 {
        self.exp
    }
}

/// Until when the keys are published that signed here.
#[derive(Default)]
pub(super) struct Keyring(Mutex<HashMap<(Uuid, String), DateTime<Utc>>>);

impl OAuth {
    /// Makes sure that the client's key is published as long as what it signs now is valid. Asks the
    /// database once for each key, and then once in the life of a token.
    pub(super) async fn publish(&self, client: &Client, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(jwk) = client.signing.jwk() else { return Ok(()) };
        let key = (client.id, client.signing.kid.clone());
        let needed = now + client.access_life;
        let known = self.keyring.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        if known.is_some_and(|until| until >= needed) {
            return Ok(());
        }
        let until = needed + client.access_life;
        let row = PublishedKey { provider: client.id, kid: key.1.clone(), jwk: jwk.clone(), until };
        self.store.published_keys().publish(&row).await?;
        self.keyring.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, until);
        Ok(())
    }

    /// What an ID token says that this client was given (OpenID Connect Core, section 3.1.2.1); `None` when
    /// we gave it none such. It may have expired, and a key have signed it that signs no longer.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn id_token_hint(&self, client: &Client, token: &str) -> Result<Option<IdTokenHint>, StoreError> {
        let (audience, ever) = (client.client_id.as_str(), DateTime::UNIX_EPOCH);
        if let Ok(hint) = client.signing.verify(token, audience, ever) {
            return Ok(Some(hint));
        }
        let before = self.store.published_keys().of(client.id, self.clock.now()).await?;
        let before: Vec<Value> = before.into_iter().map(|key| key.jwk).collect();
        let keys = ForeignKeys::parse(&json!({ "keys": before }));
        Ok(keys.and_then(|keys| keys.verify_id_token(token, audience, ever)).ok())
    }

    /// The key set of a client (RFC 7517): the key that it signs with, those that it signed with before,
    /// and the one that its ID tokens are encrypted for.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn key_set(&self, client: &Client) -> Result<Vec<Value>, StoreError> {
        let mut keys: Vec<Value> = client.signing.jwk().into_iter().cloned().collect();
        let before = self.store.published_keys().of(client.id, self.clock.now()).await?;
        keys.extend(before.into_iter().filter(|key| key.kid != client.signing.kid).map(|key| key.jwk));
        keys.extend(client.encryption.as_ref().map(|key| key.jwk().clone()));
        Ok(keys)
    }
}
