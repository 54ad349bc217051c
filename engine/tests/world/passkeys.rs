//! Passkeys of an installation in memory.

use super::World;
use async_trait::async_trait;
use lockgate_engine::{
    passkeys::{Ceremony, Passkeys, Registered, Shown, Terms},
    ports::{Factor, PortError},
};
use lockgate_model::{
    User,
    kinds::{AuthenticatorWebAuthnStage, DeviceClass},
};
use serde_json::{Value, json};

/// A passkey is its name; the answer of a browser names it, the ceremony and, as `owner`, whose it is.
#[async_trait]
impl Passkeys for World {
    fn are_known_here(&self) -> bool {
        self.request.host != "192.0.2.1"
    }

    async fn begin_registration(
        &self,
        user: &User,
        _: &AuthenticatorWebAuthnStage,
        issuer: &str,
    ) -> Result<Ceremony, PortError> {
        let number = self.begun();
        let options = json!({"challenge": number, "user": user.username, "rp": issuer});
        Ok(Ceremony { options, state: json!(number), begun: self.request.now })
    }

    async fn register(
        &self,
        user: i64,
        _: &AuthenticatorWebAuthnStage,
        ceremony: &Ceremony,
        answer: &Value,
    ) -> Result<Registered, PortError> {
        let Some(name) = answer["key"].as_str().filter(|_| answer["challenge"] == ceremony.state) else {
            return Ok(Registered::Refused("no"));
        };
        let mut state = self.lock();
        let theirs = state.factors.entry(user).or_default();
        let pk = 100 + i64::try_from(theirs.len()).unwrap_or_default();
        let factor = Factor { pk, class: DeviceClass::Webauthn, name: name.to_owned(), last_used: None };
        theirs.push((factor.clone(), String::new()));
        Ok(Registered::Made(factor))
    }

    async fn begin_authentication(&self, user: Option<i64>, terms: Terms<'_>) -> Result<Ceremony, PortError> {
        let number = self.begun();
        let options = json!({"challenge": number, "for": user, "verification": terms.user_verification});
        Ok(Ceremony { options, state: json!(number), begun: self.request.now })
    }

    async fn authenticate(
        &self,
        user: Option<i64>,
        _: Terms<'_>,
        ceremony: &Ceremony,
        answer: &Value,
    ) -> Result<Option<Shown>, PortError> {
        let verified = answer["verified"] == true;
        if answer["challenge"] != ceremony.state || (user.is_none() && !verified) {
            return Ok(None);
        }
        let Some(owner) = user.or(answer["owner"].as_i64()) else { return Ok(None) };
        let mut state = self.lock();
        let theirs = state.factors.get(&owner).cloned().unwrap_or_default();
        let named = |factor: &Factor| factor.class == DeviceClass::Webauthn && answer["key"] == factor.name.as_str();
        let Some((factor, _)) = theirs.into_iter().find(|(factor, _)| named(factor)) else { return Ok(None) };
        state.accepted.push(owner);
        state.codes_accepted.push(owner);
        Ok(Some(Shown { user: owner, factor, verified }))
    }
}

impl World {
    /// A number that no ceremony had before.
    fn begun(&self) -> u64 {
        let mut state = self.lock();
        state.random += 1;
        state.random
    }
}
