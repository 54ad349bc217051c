//! Codes by mail: for an address that is being set up, and for one that was.

use super::mail_ports::{Post, minutes, unable};
use crate::{
    Core,
    mail::{Content, Letter, Template},
    system::alphanumeric,
};
use chrono::TimeDelta;
use lockgate_engine::ports::{Factor, PortError, Posted, SetupCode};
use lockgate_model::{User, kinds::AuthenticatorEmailStage};
use lockgate_store::{FlowTokenContent, FlowTokenMade, NewFlowToken};
use uuid::Uuid;

/// Most codes of one account by one stage in [`WITHIN`].
const MOST: u64 = 5;

/// See [`MOST`].
const WITHIN: TimeDelta = TimeDelta::minutes(5);

/// A code, and where it goes.
struct Sending<'a> {
    user: &'a User,
    address: &'a str,
    code: &'a str,
    life: TimeDelta,
    stage: Option<Uuid>,
    subject: &'a str,
}

impl Post<'_> {
    pub(super) async fn setup_code(&self, wanted: SetupCode<'_>) -> Result<(Posted, String), PortError> {
        let code = self.core.new_code();
        let settings = wanted.settings;
        let sending = Sending {
            user: wanted.user,
            address: wanted.address,
            code: &code,
            life: settings.token_expiry.delta().min(TimeDelta::minutes(15)),
            stage: Some(wanted.stage),
            subject: &settings.subject,
        };
        let posted = self.post_code(&settings.name, sending).await?;
        Ok((posted, code))
    }

    pub(super) async fn factor_code(&self, user: i64, factor: &Factor) -> Result<Posted, PortError> {
        let authenticators = self.core.store.authenticators();
        let known = authenticators.usable(user).await.map_err(PortError::from)?;
        let Some(known) = known.into_iter().find(|one| one.pk == factor.pk) else { return Ok(Posted::Sent) };
        let Some(user) = self.core.store.users().get(user).await.map_err(PortError::from)? else {
            return Ok(Posted::Sent);
        };
        let text = |key: &str| known.details.get(key).and_then(|value| value.as_str()).unwrap_or_default();
        // Where the stage that set it up is gone, the server of the settings sends it.
        let stage = Uuid::parse_str(text("stage")).ok();
        let settings = stage.and_then(|id| self.snapshot.objects.typed::<AuthenticatorEmailStage>(id));
        let code = self.core.new_code();
        let sending = Sending {
            user: &user,
            address: text("email"),
            code: &code,
            life: Core::CODE_LIFE,
            stage: stage.filter(|_| settings.is_some()),
            subject: settings.map_or("Sign-in code", |settings| settings.subject.as_str()),
        };
        let posted = self.post_code(&factor.name, sending).await?;
        if posted == Posted::Sent {
            self.core.give_sent_code(factor.pk, &code).await.map_err(PortError::from)?;
        }
        Ok(posted)
    }

    async fn post_code(&self, name: &str, sending: Sending<'_>) -> Result<Posted, PortError> {
        let (core, now) = (self.core, self.core.clock.now());
        if let Err(error) = core.mail_server(self.snapshot, sending.stage) {
            return Ok(unable(name, &error.to_string()));
        }
        let language = self.language(Some(sending.user));
        let content = Content {
            t: language,
            brand: self.snapshot.brand_facts(&self.client.host).title,
            name: sending.user.name.clone(),
            username: sending.user.username.clone(),
            code: sending.code.to_owned(),
            life: Some(sending.life),
            ..Content::default()
        };
        let written = content.write(Template::EmailOtp).map_err(PortError::from)?;
        let letter = Letter::new(sending.address, &content.brand, &language.told(sending.subject), written);
        let task = core.mail_task(Template::EmailOtp, letter, sending.stage).map_err(PortError::from)?;
        let stage = sending.stage.unwrap_or_default();
        let about = core.store.seal_key().recognise(&format!("codes of stage {stage}"), &sending.user.pk.to_string());
        let new = NewFlowToken {
            key: &alphanumeric(&*core.random, 48),
            stage,
            about: &about,
            content: FlowTokenContent::Code(sending.user.pk),
            expires: now,
            since: now - WITHIN,
            most: MOST,
            counts_until: now + WITHIN,
        };
        let made = core.store.flow_tokens().make(&new, &task, now).await.map_err(PortError::from)?;
        core.feed.settle().await;
        Ok(match made {
            FlowTokenMade::Sent => Posted::Sent,
            FlowTokenMade::Counted | FlowTokenMade::TooMany => Posted::TooMany { minutes: minutes(WITHIN) },
        })
    }
}
