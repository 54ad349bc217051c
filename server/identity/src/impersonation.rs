//! Acting as somebody else for a while: in the same browser session, under a new identifier, and with who it is in
//! truth remembered beside it.

use crate::{
    Core,
    journal::{Action as Noted, Entry, Person},
    net::Client,
    principals::PrincipalEntry,
    sessions::{NewSession, login_of},
};
use lockgate_model::User;
use lockgate_policies::{Action, Administered, Facts};
use lockgate_store::{Session, StoreError};
use serde_json::json;
use std::net::IpAddr;

impl Core {
    /// Makes the session that of another user. Whoever calls this has checked the right to it. `None` when another
    /// request changed the session first.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn impersonate(
        &self,
        session: &Session,
        original: &User,
        user: &User,
        reason: &str,
        client: &Client,
    ) -> Result<Option<NewSession>, StoreError> {
        // What the applications know of the login is not the other user's.
        self.leave_all(session.uuid).await?;
        let new = self.sessions.act_as(session, user.pk, Some(original.pk)).await?;
        self.feed.settle().await;
        if new.is_some() {
            let entry = Entry::new(Noted::ImpersonationStarted, "lockgate.sessions").by(original);
            let whom = json!({"pk": user.pk, "username": user.username});
            let entry = entry.from_ip(client.ip).with("impersonated", whom).with("reason", reason);
            self.journal.record(entry);
        }
        Ok(new)
    }

    /// Gives the session back to who it is in truth. `None` when nobody acts as somebody else in it, or another
    /// request changed it first.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn end_impersonation(
        &self,
        session: &Session,
        user: &User,
        client: &Client,
    ) -> Result<Option<NewSession>, StoreError> {
        let Some(original) = session.original_pk else { return Ok(None) };
        let Some(who) = self.principals.get(original).await? else { return Ok(None) };
        self.leave_all(session.uuid).await?;
        let new = self.sessions.act_as(session, original, None).await?;
        self.feed.settle().await;
        if new.is_some() {
            let entry = Entry::new(Noted::ImpersonationEnded, "lockgate.sessions").by(&who.principal().user);
            let whom = json!({"pk": user.pk, "username": user.username});
            self.journal.record(entry.from_ip(client.ip).with("impersonated", whom));
        }
        Ok(new)
    }

    /// Whether who acts as another user in a session may still do so: the right to it can end meanwhile. It is asked
    /// again for every request, in memory; in a session of one's own there is nothing to ask. `ip` is that of the
    /// browser, where the browser itself asks.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn may_still_be(
        &self,
        session: &Session,
        user: &PrincipalEntry,
        ip: Option<IpAddr>,
    ) -> Result<bool, StoreError> {
        let Some(original) = session.original_pk else { return Ok(true) };
        let snapshot = self.config.snapshot();
        let Some(who) = self.principals.get(original).await?.filter(|who| who.principal().user.is_active) else {
            return Ok(false);
        };
        let Ok(whom) = Administered::user(user) else { return Ok(false) };
        let login = login_of(session);
        let facts = Facts { ip, ..Facts::at(self.clock.now()) };
        let facts = facts.with_login(&login);
        let may = self.access.administer(&snapshot, &who, Action::Impersonate, &whom, &facts);
        if may && snapshot.settings.impersonation {
            crate::journal::on_behalf(Person::of(&who.principal().user));
            return Ok(true);
        }
        Ok(false)
    }
}
