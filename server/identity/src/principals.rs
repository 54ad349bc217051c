//! Who people are to decisions: loaded with groups and attributes once, cached until something about
//! them changes.

use crate::fresh::{Fresh, FreshCache};
use lockgate_model::Principal;
use lockgate_policies::PreparedPrincipal;
use lockgate_store::{Store, StoreError};
use std::sync::Arc;

/// People whose facts are kept; a principal is a few kilobytes.
const CAPACITY: usize = 10_000;

/// A principal, ready for decisions, as everybody holds it; see [`PreparedPrincipal::principal`].
pub type PrincipalEntry = Fresh<PreparedPrincipal>;

/// The cache.
#[derive(Debug)]
pub struct Principals {
    store: Store,
    install_id: Arc<str>,
    cache: FreshCache<i64, PreparedPrincipal>,
}

impl Principals {
    pub(crate) fn new(store: Store, install_id: Arc<str>) -> Self {
        Self { store, install_id, cache: FreshCache::new(CAPACITY) }
    }

    /// The principal of a user; `None` when there is no such user.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn get(&self, pk: i64) -> Result<Option<Arc<PrincipalEntry>>, StoreError> {
        let load = async {
            let Some(principal) = self.load(pk).await? else { return Ok(None) };
            match PreparedPrincipal::new(Arc::new(principal)) {
                Ok(prepared) => Ok(Some(prepared)),
                Err(error) => {
                    tracing::error!(%error, "a user is shut out");
                    Ok(None)
                }
            }
        };
        self.cache.get(&pk, load).await
    }

    /// As [`Self::get`], past the cache: what is in the database right now.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn load(&self, pk: i64) -> Result<Option<Principal>, StoreError> {
        self.store.groups().principal(pk, &self.install_id).await
    }

    pub(crate) fn forget(&self, pk: i64) {
        self.cache.forget(&pk);
    }

    pub(crate) fn forget_all(&self) {
        self.cache.forget_all();
    }
}
