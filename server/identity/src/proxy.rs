//! Sign-ins at proxied applications: a single-use code carries the login from the sign-in host to the
//! application's own host, where a cookie of its own stands for a session that ends with the browser's.

use crate::{
    fresh::{Fresh, FreshCache},
    memory::MemorySize,
    sessions::{SessionEntry, Sessions, plausible},
    system::alphanumeric,
};
use chrono::TimeDelta;
use lockgate_engine::ports::{Clock, Random};
use lockgate_store::{ProxySession, Redemption, Store, StoreError, hash_secret};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// A sign-in, with the browser session that it derives from.
#[derive(Debug)]
pub struct ProxyLogin {
    /// The row.
    pub row: ProxySession,
    /// The browser session.
    pub session: Arc<SessionEntry>,
}

/// A cached sign-in.
pub type ProxyEntry = Fresh<ProxyLogin>;

/// Whether a sign-in may still be used: it was not forgotten, nor was its browser session.
#[must_use]
pub fn is_valid(entry: &ProxyEntry) -> bool {
    entry.is_valid() && entry.session.is_valid()
}

/// Sign-ins at proxied applications.
pub struct ProxyLogins {
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    cache: FreshCache<String, ProxyLogin>,
}

impl ProxyLogins {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, random: Arc<dyn Random>, memory: MemorySize) -> Self {
        Self { store, clock, random, cache: FreshCache::new(memory.sessions()) }
    }

    /// Redeems a code. A replay ends every sign-in of that browser at that provider (RFC 9700, 4.5.3.1).
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn redeem(&self, code: &str, provider: Uuid) -> Result<Redemption, StoreError> {
        if !plausible(code) {
            return Ok(Redemption::Unknown);
        }
        match self.store.codes().redeem(&hash_secret(code), self.clock.now()).await? {
            Redemption::Redeemed(row) if row.provider == provider => Ok(Redemption::Redeemed(row)),
            Redemption::Replayed(row) => {
                for login in self.store.proxy_sessions().of_session(row.session).await? {
                    if login.provider == row.provider {
                        self.end(&login.id_hash).await?;
                    }
                }
                Ok(Redemption::Replayed(row))
            }
            _ => Ok(Redemption::Unknown),
        }
    }

    /// Starts a sign-in; answers the value of the application's cookie. `None` when the browser session
    /// has ended meanwhile.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn start(
        &self,
        provider: Uuid,
        session: Uuid,
        validity: TimeDelta,
        data: Value,
    ) -> Result<Option<String>, StoreError> {
        let now = self.clock.now();
        let Some(browser) = self.store.sessions().by_uuid(session, now).await? else { return Ok(None) };
        let Some(user_pk) = browser.user_pk else { return Ok(None) };
        let token = alphanumeric(&*self.random, 43);
        let expires = browser.expires.min(now + validity);
        let row = ProxySession {
            id_hash: hash_secret(&token),
            session,
            provider,
            user_pk,
            created: now,
            expires,
            data: data.into(),
        };
        match self.store.proxy_sessions().create(&row, now).await {
            Ok(()) => Ok(Some(token)),
            Err(StoreError::Dangling) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The sign-in that an application's cookie names, unless it or its browser session has ended.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_token(&self, token: &str, sessions: &Sessions) -> Result<Option<Arc<ProxyEntry>>, StoreError> {
        if !plausible(token) {
            return Ok(None);
        }
        Box::pin(self.by_hash(&hash_secret(token), sessions)).await
    }

    /// The sign-in with this hash, unless it or its browser session has ended.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_hash(&self, id_hash: &str, sessions: &Sessions) -> Result<Option<Arc<ProxyEntry>>, StoreError> {
        let id_hash = id_hash.to_owned();
        let now = self.clock.now();
        let load = || async {
            let Some((row, browser)) = self.store.proxy_sessions().load(&id_hash, now).await? else {
                return Ok::<_, StoreError>(None);
            };
            let session = sessions.by_hash(&browser).await?;
            Ok(session.map(|session| ProxyLogin { row, session }))
        };
        let mut found = Box::pin(self.cache.get(&id_hash, load())).await?;
        if found.as_ref().is_some_and(|entry| !entry.session.is_valid()) {
            // The browser session was touched by somebody: look again, once. What ends meanwhile is heard of only while
            // the cache does the looking.
            self.cache.forget(&id_hash);
            found = Box::pin(self.cache.get(&id_hash, load())).await?;
        }
        Ok(found.filter(|e| e.row.expires > now && e.session.expires > now))
    }

    /// Ends one sign-in.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn end(&self, id_hash: &str) -> Result<(), StoreError> {
        self.store.proxy_sessions().delete(id_hash, self.clock.now()).await?;
        self.forget(id_hash);
        Ok(())
    }

    /// Ends all sign-ins that a user has at a provider, from whatever browser.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn end_of_user(&self, user_pk: i64, provider: Uuid) -> Result<u64, StoreError> {
        self.store.proxy_sessions().delete_for_user(user_pk, provider, self.clock.now()).await
    }

    pub(crate) fn forget(&self, id_hash: &str) {
        self.cache.forget(&id_hash.to_owned());
    }

    pub(crate) fn forget_all(&self) {
        self.cache.forget_all();
    }
}
