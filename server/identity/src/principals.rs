//! Who people are to decisions: loaded with groups and attributes once, cached until something about
//! them changes.

use crate::{
    fresh::{Fresh, FreshCache},
    memory::MemorySize,
};
use chrono::{DateTime, Utc};
use lockgate_engine::ports::Clock;
use lockgate_model::{Principal, people::TimedMembership};
use lockgate_policies::PreparedPrincipal;
use lockgate_store::{Store, StoreError};
use std::{fmt, sync::Arc};
use uuid::Uuid;

/// A principal, ready for decisions, as everybody holds it; see [`PreparedPrincipal::principal`].
pub type PrincipalEntry = Fresh<PreparedPrincipal>;

/// Whether a principal is still what it was when it was loaded: nothing about it was changed, and no
/// membership has begun or ended since.
#[must_use]
pub fn holds(who: &PrincipalEntry, now: DateTime<Utc>) -> bool {
    who.is_valid() && who.principal().holds_until.is_none_or(|until| until > now)
}

/// The cache.
pub struct Principals {
    store: Store,
    install_id: Arc<str>,
    clock: Arc<dyn Clock>,
    cache: FreshCache<i64, PreparedPrincipal>,
}

impl fmt::Debug for Principals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Principals")
    }
}

impl Principals {
    pub(crate) fn new(store: Store, install_id: Arc<str>, clock: Arc<dyn Clock>, memory: MemorySize) -> Self {
        Self { store, install_id, clock, cache: FreshCache::new(memory.principals()) }
    }

    /// The principal of a user; `None` when there is no such user.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, pk: i64) -> Result<Option<Arc<PrincipalEntry>>, StoreError> {
        let now = self.clock.now();
        if let Some(known) = self.cache.peek(&pk) {
            if holds(&known, now) {
                return Ok(Some(known));
            }
            self.cache.forget(&pk);
        }
        // Boxed, as everything that is not done for every request: a future is as large as its largest way.
        Box::pin(self.cache.get(&pk, self.at(pk, now))).await
    }

    /// The principal of a user as it is at a moment, by the memberships that there are now; past the cache.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn at(&self, pk: i64, moment: DateTime<Utc>) -> Result<Option<PreparedPrincipal>, StoreError> {
        let Some(principal) = self.store.groups().principal(pk, &self.install_id, moment).await? else {
            return Ok(None);
        };
        match PreparedPrincipal::new(Arc::new(principal)) {
            Ok(prepared) => Ok(Some(prepared)),
            Err(error) => {
                tracing::error!(%error, "a user is shut out");
                Ok(None)
            }
        }
    }

    /// As [`Self::get`], past the cache: what is in the database right now.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn load(&self, pk: i64) -> Result<Option<Principal>, StoreError> {
        self.store.groups().principal(pk, &self.install_id, self.clock.now()).await
    }

    pub(crate) fn forget(&self, pk: i64) {
        self.cache.forget(&pk);
    }

    /// Forgets whoever is in this group, itself or through groups below it, or will be or was at some time: nobody else
    /// can have changed with it.
    pub(crate) fn forget_group(&self, group: Uuid) {
        self.cache.forget_where(|who| {
            let who = who.principal();
            let timed = who.timed.iter().flat_map(TimedMembership::groups);
            who.groups.iter().chain(timed).any(|fact| fact.pk == group)
        });
    }

    pub(crate) fn forget_all(&self) {
        self.cache.forget_all();
    }
}
