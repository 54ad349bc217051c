//! The engine's port to second factors.

use super::ports::Ports;
use crate::factors::{app_address, app_secret};
use async_trait::async_trait;
use chrono::TimeDelta;
use lockgate_engine::ports::{CodeOutcome, Factor, Factors, NewFactor, PortError};
use lockgate_model::kinds::Digits;
use lockgate_store::plan_place;
use uuid::Uuid;

impl Ports<'_> {
    /// Refuses whoever acts as this user: what would stay when the acting ends is not theirs to make.
    pub(super) fn not_acted_as(&self, user: i64) -> Result<(), PortError> {
        if self.acted_as != Some(user) {
            return Ok(());
        }
        Err(PortError("a second factor was to be made by somebody who acts as its owner".to_owned()))
    }
}

#[async_trait]
impl Factors for Ports<'_> {
    async fn usable(&self, user: i64) -> Result<Vec<Factor>, PortError> {
        self.core.usable_factors(user).await.map_err(PortError::from)
    }

    async fn check(&self, _: i64, factor: &Factor, code: &str, throttling: f64) -> Result<CodeOutcome, PortError> {
        self.core.check_code(factor, code, throttling).await
    }

    async fn count_proof(&self, user: i64, stage: Uuid) -> Result<Option<u64>, PortError> {
        let reached = self.core.count_proof(stage, user).await.map_err(PortError::from)?;
        Ok(reached.map(|within| u64::try_from(within.num_seconds()).unwrap_or_default()))
    }

    async fn enrol(&self, user: i64, name: &str, new: NewFactor) -> Result<Option<Factor>, PortError> {
        self.not_acted_as(user)?;
        self.core.enrol_factor(user, name, new).await
    }

    fn app_secret(&self) -> String {
        app_secret(&*self.core.random)
    }

    fn app_address(&self, secret: &str, digits: Digits, account: &str, issuer: &str) -> Result<String, PortError> {
        app_address(secret, digits, account, issuer)
    }

    fn seal(&self, user: i64, secret: &str) -> Result<String, PortError> {
        self.core.store.seal_key().seal(&plan_place(user), secret.as_bytes()).map_err(PortError::from)
    }

    fn open(&self, user: i64, sealed: &str) -> Result<String, PortError> {
        let opened = self.core.store.seal_key().open(&plan_place(user), sealed).map_err(PortError::from)?;
        String::from_utf8(opened).map_err(PortError::from)
    }

    async fn remembered(&self, user: i64, stage: Uuid, within: TimeDelta) -> Result<bool, PortError> {
        self.core.is_remembered(self.mfa_token, user, stage, within).await
    }
}
