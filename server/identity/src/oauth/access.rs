//! Whether an access token still counts: one lookup by its hash, remembered until somebody revokes it.

use super::{GrantFacts, OAuth};
use crate::{
    Core,
    config::{Client, Snapshot},
    fresh::Fresh,
    principals::PrincipalEntry,
    sessions::{SessionEntry, Sessions},
};
use chrono::{DateTime, Utc};
use lockgate_store::{OAuthToken, StoreError, TokenKind, hash_secret};
use std::sync::{Arc, Mutex, PoisonError};

/// Tokens outside these lengths are not looked up.
const PLAUSIBLE: std::ops::RangeInclusive<usize> = 20..=16_384;

/// A token as it is remembered.
pub type AccessEntry = Fresh<AccessToken>;

/// An access token with what is needed to judge it.
pub struct AccessToken {
    /// The row.
    pub row: OAuthToken,
    /// How it came to be.
    pub facts: GrantFacts,
    /// Granted scopes.
    pub scopes: Vec<String>,
    /// The browser session that it ends with.
    session: Option<Arc<SessionEntry>>,
    answers: [Mutex<Option<Answer>>; 2],
}

/// What an answer about a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The userinfo endpoint.
    Userinfo,
    /// The introspection endpoint.
    Introspection,
}

/// An answer that was made for the token, and what it was made from.
struct Answer {
    revision: i64,
    who: Arc<PrincipalEntry>,
    until: DateTime<Utc>,
    text: Arc<str>,
}

impl AccessToken {
    /// The answer that was made for this token, if neither the configuration nor the person has changed
    /// since.
    #[must_use]
    pub fn answer(
        &self,
        purpose: Purpose,
        snapshot: &Snapshot,
        who: &Arc<PrincipalEntry>,
        now: DateTime<Utc>,
    ) -> Option<Arc<str>> {
        let answer = self.slot(purpose).lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answer.as_ref()?;
        let same = answer.revision == snapshot.revision && Arc::ptr_eq(&answer.who, who) && who.is_valid();
        (same && now < answer.until).then(|| Arc::clone(&answer.text))
    }

    /// Remembers an answer until a moment.
    pub fn remember(
        &self,
        purpose: Purpose,
        snapshot: &Snapshot,
        who: &Arc<PrincipalEntry>,
        until: DateTime<Utc>,
        text: Arc<str>,
    ) {
        let answer = Answer { revision: snapshot.revision, who: Arc::clone(who), until, text };
        *self.slot(purpose).lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    fn slot(&self, purpose: Purpose) -> &Mutex<Option<Answer>> {
        let [userinfo, introspection] = &self.answers;
        match purpose {
            Purpose::Userinfo => userinfo,
            Purpose::Introspection => introspection,
        }
    }
}

/// A token that counts right now.
pub struct ValidToken {
    /// The token.
    pub token: Arc<AccessEntry>,
    /// Whom it speaks for.
    pub who: Arc<PrincipalEntry>,
    /// The client that it was issued to.
    pub client: Arc<Client>,
}

impl Core {
    /// The access token, if it counts: known, in time, not revoked, its browser session open, its user
    /// active, its client still there, and the right to act as that user, if somebody else does.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn access_token(&self, snapshot: &Snapshot, token: &str) -> Result<Option<ValidToken>, StoreError> {
        if !PLAUSIBLE.contains(&token.len()) {
            return Ok(None);
        }
        self.feed.trust().await?;
        let now = self.clock.now();
        let hash = hash_secret(token);
        let Some(entry) = self.oauth.entry(&hash, &self.sessions).await? else { return Ok(None) };
        if entry.row.expires <= now {
            return Ok(None);
        }
        let Some(client) = snapshot.client_by_provider(entry.row.provider) else { return Ok(None) };
        let who = self.principals.get(entry.row.user_pk).await?.filter(|who| who.principal().user.is_active);
        let Some(who) = who else { return Ok(None) };
        // Whoever comes with it is the application: where the browser is, nobody knows.
        if let Some(session) = entry.session.as_ref().filter(|session| session.original_pk.is_some())
            && !Box::pin(self.may_still_be(session, &who, None)).await?
        {
            return Ok(None);
        }
        Ok(Some(ValidToken { token: entry, who, client: Arc::clone(client) }))
    }
}

impl OAuth {
    async fn entry(&self, hash: &String, sessions: &Sessions) -> Result<Option<Arc<AccessEntry>>, StoreError> {
        // What is in memory is answered without a place for the query's state.
        let found = match self.cache.peek(hash) {
            Some(entry) => Some(entry),
            None => self.fetch(hash, sessions).await?,
        };
        let Some(entry) = found else { return Ok(None) };
        match &entry.session {
            // The browser session was touched by somebody: look again, once, past the cache.
            Some(session) if !session.is_valid() => {
                self.cache.forget(hash);
                self.fetch(hash, sessions).await
            }
            Some(session) if session.expires <= self.clock.now() => Ok(None),
            _ => Ok(Some(entry)),
        }
    }

    async fn fetch(&self, hash: &String, sessions: &Sessions) -> Result<Option<Arc<AccessEntry>>, StoreError> {
        self.cache.get(hash, Box::pin(self.load(hash, sessions))).await
    }

    async fn load(&self, hash: &str, sessions: &Sessions) -> Result<Option<AccessToken>, StoreError> {
        let row = self.store.oauth_tokens().find(hash).await?;
        let Some(row) = row.filter(|row| row.kind == TokenKind::Access && !row.revoked) else { return Ok(None) };
        let Some(facts) = GrantFacts::read(&row.data) else { return Ok(None) };
        let session = match row.session {
            None => None,
            Some(uuid) => {
                let now = self.clock.now();
                let Some(browser) = self.store.sessions().by_uuid(uuid, now).await? else { return Ok(None) };
                let same_person = browser.user_pk == Some(row.user_pk);
                let Some(session) = sessions.by_hash(&browser.id_hash).await?.filter(|_| same_person) else {
                    return Ok(None);
                };
                Some(session)
            }
        };
        let scopes = row.scope.split_whitespace().map(str::to_owned).collect();
        Ok(Some(AccessToken { row, facts, scopes, session, answers: Default::default() }))
    }
}
