//! Second factors of the people of a test.

use super::world::World;
use crate::factors::app_address;
use async_trait::async_trait;
use chrono::TimeDelta;
use lockgate_engine::ports::{CodeOutcome, Factor, Factors, NewFactor, PortError};
use lockgate_model::kinds::{DeviceClass, Digits};
use uuid::Uuid;

/// What an app shows that is set up in a test.
pub(super) const SHOWN: &str = "123456";

/// The secret of such an app, in base32; nobody can tell what real apps would show for it.
const SECRET: &str = "ORUGS43JON2GQZLTMVRXEZLUEEQSCIJB";

#[async_trait]
impl Factors for World<'_> {
    async fn usable(&self, user: i64) -> Result<Vec<Factor>, PortError> {
        let all = self.with_factors(user, |held| held.iter().map(|one| one.factor.clone()).collect());
        Ok(all.unwrap_or_default())
    }

    async fn check(&self, user: i64, factor: &Factor, code: &str, _: f64) -> Result<CodeOutcome, PortError> {
        let proven = self.with_factors(user, |held| {
            let one = held.iter_mut().find(|one| one.factor.pk == factor.pk)?;
            let Some(codes) = &mut one.codes else { return Some(false) };
            let at = codes.iter().position(|known| known == code)?;
            if factor.class == DeviceClass::Static {
                codes.remove(at);
            }
            Some(true)
        });
        let proven = proven.flatten();
        if proven == Some(false) {
            self.falls_short("No code of a second factor was checked: any counts as the right one.");
        }
        Ok(if proven.is_some() { CodeOutcome::Accepted } else { CodeOutcome::Rejected })
    }

    async fn count_proof(&self, _: i64, _: Uuid) -> Result<Option<u64>, PortError> {
        Ok(None)
    }

    async fn enrol(&self, user: i64, name: &str, new: NewFactor) -> Result<Option<Factor>, PortError> {
        let (class, codes) = match new {
            NewFactor::App { code, .. } if code != SHOWN => return Ok(None),
            NewFactor::App { code, .. } => (DeviceClass::Totp, vec![code]),
            NewFactor::Codes(codes) => (DeviceClass::Static, codes),
            NewFactor::Mail { .. } => (DeviceClass::Email, vec![SHOWN.to_owned()]),
            NewFactor::Phone { .. } => (DeviceClass::Sms, vec![SHOWN.to_owned()]),
            NewFactor::Duo { .. } => (DeviceClass::Duo, vec![SHOWN.to_owned()]),
        };
        Ok(self.give_factor(user, class, name, Some(codes)))
    }

    fn app_secret(&self) -> String {
        SECRET.to_owned()
    }

    fn app_address(&self, secret: &str, digits: Digits, account: &str, issuer: &str) -> Result<String, PortError> {
        app_address(secret, digits, account, issuer)
    }

    fn seal(&self, _: i64, secret: &str) -> Result<String, PortError> {
        Ok(secret.to_owned())
    }

    fn open(&self, _: i64, sealed: &str) -> Result<String, PortError> {
        Ok(sealed.to_owned())
    }

    /// A test begins in a browser that was never used.
    async fn remembered(&self, _: i64, _: Uuid, _: TimeDelta) -> Result<bool, PortError> {
        Ok(false)
    }
}
