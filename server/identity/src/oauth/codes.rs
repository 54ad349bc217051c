//! Authorization codes on their way to a client (RFC 6749, section 4.1.2).

use super::OAuth;
use crate::config::Client;
use lockgate_store::{NewCode, Session, StoreError, hash_secret};
use serde_json::Value;
use uuid::Uuid;

/// What a code stands for.
#[derive(Debug)]
pub struct CodeGrant<'a> {
    /// The client.
    pub client: &'a Client,
    /// The browser session that asked, with somebody signed in.
    pub session: &'a Session,
    /// Granted scopes.
    pub scopes: &'a [String],
    /// The family of the tokens that are made from it.
    pub grant: Uuid,
    /// What the redemption needs to know: where the code goes, for which state, whose it is.
    pub data: Value,
}

impl OAuth {
    /// Stores a code, good for one redemption within the client's time.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when the session has ended, or whatever the database answers.
    pub async fn store_code(&self, code: &str, of: CodeGrant<'_>) -> Result<(), StoreError> {
        let Some(user_pk) = of.session.user_pk else { return Err(StoreError::Dangling) };
        let now = self.clock.now();
        let row = NewCode {
            code_hash: hash_secret(code),
            session: of.session.uuid,
            provider: of.client.id,
            user_pk,
            grant: of.grant,
            scope: of.scopes.join(" "),
            data: of.data,
            created: now,
            expires: now + of.client.code_life,
        };
        self.store.codes().create(&row).await
    }
}
