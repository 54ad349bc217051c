//! What becomes of the session after a step: signed in, signed out, or kept.

use super::{BROWSER_SESSION, Visit, recovery_key::settled, session_data::SessionData};
use crate::{
    Core,
    journal::{Action, Entry},
    net::Client,
    sessions::{LoginFacts, NewSession},
};
use chrono::{DateTime, Utc};
use lockgate_engine::LoginEffect;
use lockgate_model::User;
use lockgate_store::{StoreError, Topic};
use serde_json::{Map, Value, json};

/// A password was changed: what becomes of the sessions that the old one opened.
pub(super) struct Rotation {
    /// Whose.
    pub(super) user: i64,
    /// The other ones stay.
    pub(super) keep_others: bool,
}

/// The session that a step has left.
pub(super) enum Stored {
    Same,
    New(Box<NewSession>),
    Gone,
}

impl Visit<'_> {
    pub(super) async fn login(&self, login: LoginEffect, data: &SessionData) -> Result<Option<Stored>, StoreError> {
        let now = self.core.clock.now();
        let facts = login_facts(self.core, &login, self.client, now);
        let session = match &self.session {
            Some(session) => session.clone(),
            None => self.core.sessions.create_anonymous(self.client, Value::Null.into()).await?.session,
        };
        // Whoever was signed in here before leaves nothing behind.
        let old_user = session.user_pk.filter(|pk| *pk != login.user);
        if old_user.is_some() {
            self.core.leave_all(session.uuid).await?;
        }
        let rules = self.core.reputation.rules();
        let signed_in = self.core.sessions.login(&session, facts, self.client, data.write(), &rules).await?;
        let Some((new, user, change)) = signed_in else { return Ok(None) };
        let sessions = [&session.id_hash, &new.session.id_hash].map(|hash| (Topic::Session, hash.clone()));
        self.core.feed.heed(change, sessions.into_iter().chain([(Topic::User, login.user.to_string())]));
        if login.terminate_others {
            self.core.sessions.end_of_users(&[login.user], Some(&new.session)).await?;
        }
        if login.terminate_others || old_user.is_some() {
            self.core.feed.settle().await;
        }
        self.core.reputation.counted().await;
        self.note_login(&login, &user);
        Ok(Some(Stored::New(Box::new(new))))
    }

    fn note_login(&self, login: &LoginEffect, user: &User) {
        metrics::counter!("lockgate_logins_total", "outcome" => "succeeded").increment(1);
        let entry = Entry::new(Action::Login, "lockgate.flows")
            .from_ip(self.client.ip)
            .with("auth_method", login.auth_method.clone())
            .with("auth_method_args", Value::Object(login.auth_method_args.clone()))
            .with("request_id", self.facts.id.as_str())
            .with("user_agent", self.client.user_agent.as_str());
        self.core.journal.record(entry.by(user));
    }

    pub(super) async fn logout(&self, data: &SessionData) -> Result<Option<Stored>, StoreError> {
        if let Some(session) = &self.session {
            self.core.sessions.end(session).await?;
            self.core.feed.settle().await;
        }
        if let Some(who) = &self.who {
            let entry = Entry::new(Action::Logout, "lockgate.flows").from_ip(self.client.ip);
            self.core.journal.record(entry.by(&who.principal().user));
        }
        if data.plan.is_none() {
            return Ok(Some(Stored::Gone));
        }
        let new = self.core.sessions.create_anonymous(self.client, data.write()).await?;
        Ok(Some(Stored::New(Box::new(new))))
    }

    /// Stores what the flow remembers. A changed password ends the user's other sessions, unless they are to be
    /// kept, and rotates this one's identifier when it is theirs.
    pub(super) async fn keep(
        &self,
        rotate: Option<Rotation>,
        data: &SessionData,
    ) -> Result<Option<Stored>, StoreError> {
        let Some(session) = &self.session else {
            if data.is_empty() {
                return Ok(Some(Stored::Same));
            }
            let new = self.core.sessions.create_anonymous(self.client, data.write()).await?;
            return Ok(Some(Stored::New(Box::new(new))));
        };
        let Some(Rotation { user, keep_others }) = rotate else {
            let written = data.write();
            if written == session.data {
                return Ok(Some(Stored::Same));
            }
            return Ok(self.core.sessions.save(session, &written).await?.then_some(Stored::Same));
        };
        let own = session.user_pk == Some(user);
        if !(own && keep_others) {
            self.core.sessions.end_of_users(&[user], Some(session)).await?;
        }
        let stored = if own {
            let now = self.core.clock.now();
            let facts = LoginFacts {
                user_pk: user,
                auth: settled(session),
                expires: session.expires,
                max_age: Some((session.expires - now).num_seconds().max(1)),
                original_pk: session.original_pk,
            };
            self.core
                .sessions
                .renew(session, facts, self.client, data.write())
                .await?
                .map(|new| Stored::New(Box::new(new)))
        } else {
            self.core.sessions.save(session, &data.write()).await?.then_some(Stored::Same)
        };
        self.core.feed.settle().await;
        Ok(stored)
    }
}

fn login_facts(core: &Core, login: &LoginEffect, client: &Client, now: DateTime<Utc>) -> LoginFacts {
    let kept = login.duration.or(core.session_lifetime);
    let mut auth = Map::new();
    auth.insert("method".to_owned(), json!(login.auth_method));
    auth.insert("args".to_owned(), Value::Object(login.auth_method_args.clone()));
    auth.insert("mfa".to_owned(), json!(login.mfa));
    auth.insert("at".to_owned(), json!(now.timestamp()));
    auth.extend(core.binding_of(login, client.ip));
    LoginFacts {
        user_pk: login.user,
        auth: Value::Object(auth),
        expires: now + kept.unwrap_or(BROWSER_SESSION),
        max_age: kept.map(|d| d.num_seconds()),
        original_pk: None,
    }
}
