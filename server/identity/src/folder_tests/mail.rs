//! Mail in a test: none is sent, and who answers has opened its link.

use super::{factors::SHOWN, world::World};
use async_trait::async_trait;
use lockgate_engine::ports::{Factor, Mail, MailLink, PortError, Posted, RequestFacts, SetupCode};

#[async_trait]
impl Mail for World<'_> {
    async fn send_link(&self, link: MailLink<'_>, _: &RequestFacts) -> Result<Posted, PortError> {
        self.falls_short("No mail is sent: to answer the step is to open its link.");
        if link.to.is_none() {
            self.falls_short("At a server no mail would go out here: there is nobody who could read it.");
        }
        Ok(Posted::Sent)
    }

    async fn send_setup_code(&self, _: SetupCode<'_>, _: &RequestFacts) -> Result<(Posted, String), PortError> {
        self.falls_short("No mail is sent: the code that would be in it is the one that apps show here.");
        Ok((Posted::Sent, SHOWN.to_owned()))
    }

    async fn send_code(&self, _: i64, _: &Factor, _: &RequestFacts) -> Result<Posted, PortError> {
        self.falls_short("No mail is sent: the code that would be in it is the one that apps show here.");
        Ok(Posted::Sent)
    }
}
