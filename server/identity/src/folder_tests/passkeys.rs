//! Passkeys of the people of a test: each has one who says so, and it always verifies them.

use super::world::World;
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

/// What a browser is asked, where none is there.
fn ceremony(world: &World<'_>) -> Ceremony {
    Ceremony { options: json!({}), state: Value::Null, begun: world.at() }
}

fn is_passkey(factor: &Factor) -> bool {
    factor.class == DeviceClass::Webauthn
}

#[async_trait]
impl Passkeys for World<'_> {
    fn are_known_here(&self) -> bool {
        true
    }

    async fn begin_registration(
        &self,
        _: &User,
        _: &AuthenticatorWebAuthnStage,
        _: &str,
    ) -> Result<Ceremony, PortError> {
        Ok(ceremony(self))
    }

    async fn register(
        &self,
        user: i64,
        stage: &AuthenticatorWebAuthnStage,
        _: &Ceremony,
        answer: &Value,
    ) -> Result<Registered, PortError> {
        if *answer != json!(true) {
            return Ok(Registered::Refused("no passkey was made"));
        }
        let name = if stage.friendly_name.is_empty() { "Passkey" } else { &stage.friendly_name };
        let made = self.give_factor(user, DeviceClass::Webauthn, name, None);
        Ok(made.map_or(Registered::Refused("nobody has this passkey"), Registered::Made))
    }

    async fn begin_authentication(&self, _: Option<i64>, _: Terms<'_>) -> Result<Ceremony, PortError> {
        Ok(ceremony(self))
    }

    /// `true` is the passkey of whom the flow is about; a user name, that of this user.
    async fn authenticate(
        &self,
        user: Option<i64>,
        _: Terms<'_>,
        _: &Ceremony,
        answer: &Value,
    ) -> Result<Option<Shown>, PortError> {
        let named = answer.as_str().and_then(|name| self.pk_of(name));
        let Some(owner) = (if *answer == json!(true) { user } else { named }) else { return Ok(None) };
        if user.is_some_and(|user| user != owner) {
            return Ok(None);
        }
        let factor = self.with_factors(owner, |held| held.iter().map(|one| one.factor.clone()).find(is_passkey));
        let factor = factor.flatten();
        Ok(factor.map(|factor| Shown { user: owner, factor, verified: true }))
    }
}
