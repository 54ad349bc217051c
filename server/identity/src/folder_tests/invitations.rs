//! The invitation of a test: there is the one that its person comes with, and no other.

use super::world::World;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lockgate_engine::ports::{Invitation, Invitations, PortError};
use uuid::Uuid;

/// The key that stands in the address with which the person comes.
pub(super) const KEY: Uuid = Uuid::from_u128(1);

#[async_trait]
impl Invitations for World<'_> {
    async fn find(&self, pk: Uuid, _: DateTime<Utc>) -> Result<Option<Invitation>, PortError> {
        let Some(fixed_data) = self.invitation.clone() else {
            self.falls_short("Invitations are not looked up here: the flow goes on as without one.");
            return Ok(None);
        };
        let held = || Invitation { pk, name: "test".to_owned(), flow: None, single_use: false, fixed_data };
        Ok((pk == KEY).then(held))
    }
}
