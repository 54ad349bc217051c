//! Mail in a test: none is sent, and who answers has opened its link.

use super::world::World;
use async_trait::async_trait;
use lockgate_engine::ports::{Mail, MailLink, PortError, Posted, RequestFacts};

#[async_trait]
impl Mail for World<'_> {
    async fn send_link(&self, link: MailLink<'_>, _: &RequestFacts) -> Result<Posted, PortError> {
        self.falls_short("No mail is sent: to answer the step is to open its link.");
        if link.to.is_none() {
            self.falls_short("At a server no mail would go out here: there is nobody who could read it.");
        }
        Ok(Posted::Sent)
    }
}
