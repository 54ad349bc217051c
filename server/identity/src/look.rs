//! Looking at an installation without touching it: the configuration and the people that are stored, for
//! commands that answer a question and end. Nothing here starts, follows or writes anything, and whatever
//! would need a service that does is not within reach.

use crate::{
    config::{self, ConfigError, Snapshot},
    evidence::Fetcher,
    memory::MemorySize,
    passwords::Passwords,
    places::{GeoDatabases, GeoFiles},
    principals::Principals,
    pwned::{self, Pwned},
};
use lockgate_engine::ports::Clock;
use lockgate_store::{Store, StoreError};
use std::sync::Arc;
use thiserror::Error;

/// Why there is nothing to look at.
#[derive(Debug, Error)]
pub enum LookError {
    /// The schema is another one than this program's.
    #[error("the database's schema is {missing} migrations behind this program: run `lockgate migrate` first")]
    Behind {
        /// How many.
        missing: usize,
    },
    /// Nothing has been stored yet.
    #[error("nothing is stored in this database yet: start the server once first")]
    Empty,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored does not compile.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// An installation as it is stored.
#[derive(Debug)]
pub struct Look {
    /// The database.
    pub store: Store,
    /// The configuration that is stored, which is what servers run with.
    pub snapshot: Snapshot,
    /// Who people are to decisions.
    pub principals: Principals,
    public_url: Option<String>,
}

impl Look {
    /// Reads what is stored. `public_url` and `geo` are as in [`crate::Setup`].
    ///
    /// # Errors
    /// [`LookError`].
    pub async fn open(
        store: Store,
        clock: Arc<dyn Clock>,
        public_url: Option<&str>,
        geo: &GeoFiles,
    ) -> Result<Self, LookError> {
        let missing = store.migration_status().await?.iter().filter(|migration| !migration.applied).count();
        if missing > 0 {
            return Err(LookError::Behind { missing });
        }
        let install_id: Arc<str> = store.installation().get("install_id").await?.ok_or(LookError::Empty)?.into();
        if store.documents().current_revision().await? == 0 {
            return Err(LookError::Empty);
        }
        let snapshot = config::stored(&store, &*clock, &(Arc::new(GeoDatabases::open(geo)) as _)).await?;
        let principals = Principals::new(store.clone(), install_id, clock, MemorySize::default());
        let public_url = public_url.map(|url| url.trim_end_matches('/').to_owned());
        Ok(Self { store, snapshot, principals, public_url })
    }

    /// Fetches what policies want to know. No password is typed here, so that none is ever looked up.
    #[must_use]
    pub fn fetcher(&self) -> Fetcher {
        Fetcher {
            store: self.store.clone(),
            passwords: Passwords::new(1, 1),
            pwned: Pwned::new(pwned::DEFAULT_URL, None),
            places: self.snapshot.world().places.clone(),
        }
    }

    /// As [`crate::Core::public_base`].
    #[must_use]
    pub fn public_base(&self) -> Option<String> {
        self.snapshot.public_base(self.public_url.as_deref())
    }
}
