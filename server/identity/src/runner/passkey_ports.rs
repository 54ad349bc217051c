//! The engine's port to passkeys.

use super::ports::Ports;
use crate::passkeys::has_passkeys;
use async_trait::async_trait;
use lockgate_engine::{
    passkeys::{Ceremony, Passkeys, Registered, Shown, Terms},
    ports::PortError,
};
use lockgate_model::{User, kinds::AuthenticatorWebAuthnStage};
use serde_json::Value;

#[async_trait]
impl Passkeys for Ports<'_> {
    fn are_known_here(&self) -> bool {
        has_passkeys(self.client)
    }

    async fn begin_registration(
        &self,
        user: &User,
        stage: &AuthenticatorWebAuthnStage,
        issuer: &str,
    ) -> Result<Ceremony, PortError> {
        self.core.begin_passkey(self.client, user, stage, issuer).await
    }

    async fn register(
        &self,
        user: i64,
        stage: &AuthenticatorWebAuthnStage,
        ceremony: &Ceremony,
        answer: &Value,
    ) -> Result<Registered, PortError> {
        self.not_acted_as(user)?;
        self.core.register_passkey(self.client, user, stage, ceremony, answer).await
    }

    async fn begin_authentication(&self, user: Option<i64>, terms: Terms<'_>) -> Result<Ceremony, PortError> {
        self.core.ask_for_passkey(self.client, user, terms).await
    }

    async fn authenticate(
        &self,
        user: Option<i64>,
        terms: Terms<'_>,
        ceremony: &Ceremony,
        answer: &Value,
    ) -> Result<Option<Shown>, PortError> {
        self.core.check_passkey(self.client, user, terms, ceremony, answer).await
    }
}
