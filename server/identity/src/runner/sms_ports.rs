//! The engine's port to text messages.

use super::mail_ports::{Post, minutes};
use crate::{
    Core,
    sms::{Order, Purpose},
};
use async_trait::async_trait;
use lockgate_engine::ports::{Factor, PortError, Posted, RequestFacts, Sms, SmsCode};
use lockgate_model::kinds::AuthenticatorSMSStage;
use lockgate_store::AuthenticatorKind;
use std::net::IpAddr;
use uuid::Uuid;

#[async_trait]
impl Sms for Post<'_> {
    async fn send_setup_code(
        &self,
        wanted: SmsCode<'_>,
        request: &RequestFacts,
    ) -> Result<(Posted, String), PortError> {
        let code = self.core.new_code();
        let about = (wanted.stage, wanted.user);
        let posted = self.post_message(Purpose::Setup, about, (wanted.number, &code), request.ip).await?;
        Ok((posted, code))
    }

    async fn send_code(&self, user: i64, factor: &Factor, request: &RequestFacts) -> Result<Posted, PortError> {
        let known = self.core.store.authenticators().get(AuthenticatorKind::Sms, factor.pk).await;
        let known = known.map_err(PortError::from)?.filter(|known| known.user_pk == user);
        let Some(known) = known else { return Ok(Posted::Sent) };
        let stage = known.details.get("stage").and_then(|stage| Uuid::parse_str(stage.as_str()?).ok());
        let stage = stage.filter(|id| self.snapshot.objects.typed::<AuthenticatorSMSStage>(*id).is_some());
        let Some(stage) = stage else {
            return Ok(unable(&factor.name, "the stage that set the number up is gone, and with it who sends"));
        };
        let (number, _) = self.core.store.authenticators().secret(factor.pk).await.map_err(PortError::from)?;
        let code = self.core.new_code();
        let posted = self.post_message(Purpose::Code, (stage, user), (&number, &code), request.ip).await?;
        if posted == Posted::Sent {
            self.core.give_sent_code(factor.pk, &code).await.map_err(PortError::from)?;
        }
        Ok(posted)
    }
}

impl Post<'_> {
    async fn post_message(
        &self,
        purpose: Purpose,
        (stage, user): (Uuid, i64),
        (number, code): (&str, &str),
        ip: IpAddr,
    ) -> Result<Posted, PortError> {
        let brand = self.snapshot.brand_facts(&self.client.host).title;
        let order = Order {
            stage,
            user,
            number: number.to_owned(),
            code: code.to_owned(),
            text: Order::text(code, &brand),
            until: self.core.clock.now() + Core::CODE_LIFE,
        };
        let task = self.core.sms_task(&order).map_err(PortError::from)?;
        let reached = self.core.count_message(purpose, (stage, user), (number, ip), &task).await;
        Ok(match reached.map_err(PortError::from)? {
            None => Posted::Sent,
            Some(within) => {
                tracing::warn!(user, %ip, ?purpose, "a message was not sent: there were too many");
                Posted::TooMany { minutes: minutes(within) }
            }
        })
    }
}

fn unable(name: &str, why: &str) -> Posted {
    tracing::warn!(factor = name, why, "no message can be sent: the flow denies");
    Posted::Unable("This server cannot send messages now. Please ask an administrator for help.".to_owned())
}
