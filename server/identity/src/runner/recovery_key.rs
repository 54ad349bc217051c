//! Recovery keys: an operator makes one on the command line for somebody who is locked out, and whoever opens its
//! address is signed in as that person, once.

use super::{FlowRequest, FlowRunner, SessionData, SetSession, Stored, TRIES, Visit};
use crate::{
    journal::{Action as Noted, Entry},
    sessions::auth_of,
    tokens::NewToken,
};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_engine::LoginEffect;
use lockgate_model::{
    User, UserType,
    kinds::{GeoipBinding, NetworkBinding},
};
use lockgate_store::{Session, StoreError, TokenIntent};
use serde_json::{Map, Value};

/// How a session that a recovery key has opened says so.
pub const METHOD: &str = "recovery_key";

/// What their identifiers begin with. Links into a recovery flow are tokens of the same intent, and are to be gone
/// through with that flow.
const PREFIX: &str = "recovery-key-";

/// What a session keeps once its owner has chosen a password in it.
const SETTLED: &str = "password_chosen";

/// How long somebody who came in by a recovery key needs no other proof.
const GRACE: TimeDelta = TimeDelta::hours(1);

/// Whether a recovery key has opened this session a short while ago, and its owner has not chosen a password since.
#[must_use]
pub fn is_recovered(session: &Session, user: &User, now: DateTime<Utc>) -> bool {
    let auth = auth_of(session);
    if auth["method"] != METHOD || auth[SETTLED] == true {
        return false;
    }
    // Elsewhere than in this session, too.
    let fits = |at| user.password_change_date.timestamp() <= at && now.timestamp() < at + GRACE.num_seconds();
    auth["at"].as_i64().is_some_and(fits)
}

/// How a session was opened whose owner has chosen a password just now.
pub(super) fn settled(session: &Session) -> Value {
    let mut auth = auth_of(session);
    if auth["method"] == METHOD {
        auth[SETTLED] = Value::Bool(true);
    }
    auth
}

impl FlowRunner<'_> {
    /// Makes a recovery key: the path that signs in whoever opens it.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn create_recovery_key(&self, user: &User, life: TimeDelta) -> Result<String, StoreError> {
        let core = self.core;
        let key = core.tokens.new_key();
        let token = NewToken {
            identifier: format!("{PREFIX}{}", crate::system::random_uuid(&*core.random).simple()),
            intent: TokenIntent::Recovery,
            user_pk: user.pk,
            description: "Recovery key, made on the command line".to_owned(),
            expires: Some(core.clock.now() + life),
            expiring: true,
            managed: None,
        };
        let token = core.tokens.create(token, Some(&key)).await?;
        let made = Entry::new(Noted::ModelCreated, "lockgate.cli").about("token", "", &token.identifier);
        core.journal.record(made.with("user", user.username.as_str()));
        Ok(format!("/recovery/use-token/{key}/"))
    }

    /// Signs in whom a recovery key is for, and takes the key. `None` when there is no such key, or not any more.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn use_recovery_key(
        &self,
        request: FlowRequest<'_>,
        key: &str,
    ) -> Result<Option<SetSession>, StoreError> {
        self.core.feed.trust().await?;
        let Some((token, who)) = self.core.tokens.authenticate(key, TokenIntent::Recovery).await? else {
            return Ok(None);
        };
        let user = &who.principal().user;
        let is_key = token.identifier.starts_with(PREFIX) && user.user_type != UserType::InternalServiceAccount;
        // Who deletes it has it.
        if !is_key || !self.core.tokens.delete(token.pk).await? {
            return Ok(None);
        }
        let snapshot = self.core.config.snapshot();
        let login = LoginEffect {
            user: user.pk,
            auth_method: Some(METHOD.to_owned()),
            auth_method_args: Map::new(),
            mfa: false,
            duration: None,
            remember: false,
            terminate_others: false,
            network_binding: NetworkBinding::NoBinding,
            geoip_binding: GeoipBinding::NoBinding,
            remember_device: TimeDelta::zero(),
        };
        for _ in 0..TRIES {
            let session = self.session(request.session_token).await?;
            let visit = Visit::new(self.core, &snapshot, request, session).await?;
            if let Some(Stored::New(new)) = visit.login(login.clone(), &SessionData::default()).await? {
                return Ok(Some(SetSession { token: new.token, max_age: new.max_age }));
            }
        }
        Ok(None)
    }
}
