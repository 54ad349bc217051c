//! API tokens and app passwords: recognised by their hash, shown again only to those who may.

use crate::{
    fresh::FreshCache,
    principals::{PrincipalEntry, Principals},
    system::{alphanumeric, random_uuid},
    tuning::Tuning,
};
use chrono::{DateTime, Utc};
use lockgate_engine::ports::{Clock, Random};
use lockgate_store::{Store, StoreError, Task, Token, TokenFilter, TokenIntent, TokenPatch, hash_secret};
use std::sync::Arc;
use uuid::Uuid;

/// Keys outside these lengths are not looked up.
const PLAUSIBLE: std::ops::RangeInclusive<usize> = 8..=512;

const CAPACITY: usize = 10_000;

/// Tokens.
pub struct Tokens {
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    principals: Arc<Principals>,
    tuning: Tuning,
    cache: FreshCache<String, Token>,
}

/// What a new token is.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Unique name.
    pub identifier: String,
    /// What it is for.
    pub intent: TokenIntent,
    /// Whose it is.
    pub user_pk: i64,
    /// For people.
    pub description: String,
    /// When it ends; meaningful when `expiring`.
    pub expires: Option<DateTime<Utc>>,
    /// Whether it ends.
    pub expiring: bool,
    /// Stable identifier of tokens that the program makes itself.
    pub managed: Option<String>,
}

impl Tokens {
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        principals: Arc<Principals>,
        tuning: Tuning,
    ) -> Self {
        Self { store, clock, random, principals, tuning, cache: FreshCache::new(CAPACITY) }
    }

    /// Who holds this key, when it is of the wanted intent, has not expired, and its user is active.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn authenticate(
        &self,
        key: &str,
        intent: TokenIntent,
    ) -> Result<Option<(Token, Arc<PrincipalEntry>)>, StoreError> {
        if !PLAUSIBLE.contains(&key.len()) {
            return Ok(None);
        }
        let found = self.cache.get(&hash_secret(key), self.store.tokens().by_key(key)).await?;
        let Some(token) = found else { return Ok(None) };
        if token.intent != intent || token.is_expired(self.clock.now()) {
            return Ok(None);
        }
        let principal = self.principals.get(token.user_pk).await?;
        Ok(principal.filter(|p| p.principal().user.is_active).map(|p| ((**token).clone(), p)))
    }

    /// Whether this key was found to be a token's, and nothing has changed since: whoever shows it does not guess.
    #[must_use]
    pub fn knows(&self, key: &str) -> bool {
        PLAUSIBLE.contains(&key.len()) && self.cache.peek(&hash_secret(key)).is_some_and(|entry| entry.is_valid())
    }

    /// Who shows this user name with an app password of that user.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn app_password(
        &self,
        username: &str,
        password: &str,
    ) -> Result<Option<(Token, Arc<PrincipalEntry>)>, StoreError> {
        let found = self.authenticate(password, TokenIntent::AppPassword).await?;
        // As people type it: whose the password is does not depend on it.
        let named = |who: &PrincipalEntry| who.principal().user.username.to_lowercase() == username.to_lowercase();
        Ok(found.filter(|(_, who)| named(who)))
    }

    /// Makes a token; its key is `key`, or random.
    ///
    /// # Errors
    /// [`StoreError::Unique`] for a taken identifier, or whatever the database answers.
    pub async fn create(&self, new: NewToken, key: Option<&str>) -> Result<Token, StoreError> {
        self.create_and_ask(new, key, &[]).await
    }

    /// As [`Self::create`], with work that is asked for in the same transaction.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn create_and_ask(&self, new: NewToken, key: Option<&str>, asked: &[Task]) -> Result<Token, StoreError> {
        let now = self.clock.now();
        let random;
        let key = match key {
            Some(key) => key,
            None => {
                random = self.new_key();
                &random
            }
        };
        let token = Token {
            pk: random_uuid(&*self.random),
            identifier: new.identifier,
            intent: new.intent,
            user_pk: new.user_pk,
            description: new.description,
            expires: new.expires,
            expiring: new.expiring,
            managed: new.managed,
            created: now,
        };
        self.store.tokens().create_and_ask(token, key, asked, now).await
    }

    /// A key for a token.
    pub(crate) fn new_key(&self) -> String {
        alphanumeric(&*self.random, usize::from(self.tuning.now().default_token_length))
    }

    /// The token with this identifier.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_identifier(&self, identifier: &str) -> Result<Option<Token>, StoreError> {
        self.store.tokens().by_identifier(identifier).await
    }

    /// The key itself; whoever calls this has checked the right to see it, and records the event.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn view_key(&self, pk: Uuid) -> Result<String, StoreError> {
        self.store.tokens().view_key(pk).await
    }

    /// Replaces the key.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn set_key(&self, pk: Uuid, key: &str) -> Result<(), StoreError> {
        self.store.tokens().set_key(pk, key, self.clock.now()).await?;
        self.forget(pk);
        Ok(())
    }

    /// Changes a token.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn update(&self, pk: Uuid, patch: TokenPatch) -> Result<Token, StoreError> {
        let updated = self.store.tokens().update(pk, patch, self.clock.now()).await?;
        self.forget(pk);
        Ok(updated)
    }

    /// Deletes a token; answers whether it existed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn delete(&self, pk: Uuid) -> Result<bool, StoreError> {
        let existed = self.store.tokens().delete(pk, self.clock.now()).await?;
        self.forget(pk);
        Ok(existed)
    }

    /// Ends what has expired: app passwords and the like are deleted, an API token gets a new key that
    /// nobody knows, so that its identifier stays while its holder is shut out. Answers how many.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let expired = self.store.tokens().expired(now, 1_000).await?;
        let mut ended = 0;
        for token in expired {
            if token.intent == TokenIntent::Api {
                self.store.tokens().set_key(token.pk, &self.new_key(), now).await?;
                let expires = Some(Some(now + self.tuning.token_life()));
                self.store.tokens().update(token.pk, TokenPatch { expires, ..TokenPatch::default() }, now).await?;
            } else {
                self.store.tokens().delete(token.pk, now).await?;
            }
            self.forget(token.pk);
            ended += 1;
        }
        Ok(ended)
    }

    /// Tokens, page by page.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &TokenFilter) -> Result<(Vec<Token>, u64), StoreError> {
        self.store.tokens().list(filter).await
    }

    /// What a line of the log of changes names: a token, or the user whose tokens are gone. Those of others stay, since
    /// whoever shows a key that is known goes on behind an address that guesses.
    pub(crate) fn changed(&self, key: &str) {
        match (key.parse::<Uuid>(), key.parse::<i64>()) {
            (Ok(pk), _) => self.forget(pk),
            (_, Ok(user)) => self.cache.forget_where(|token| token.user_pk == user),
            _ => self.forget_all(),
        }
    }

    fn forget(&self, pk: Uuid) {
        self.cache.forget_where(|token| token.pk == pk);
    }

    pub(crate) fn forget_all(&self) {
        self.cache.forget_all();
    }
}
