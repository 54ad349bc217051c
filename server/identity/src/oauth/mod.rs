//! OAuth2 grants and tokens: what a token says, how it is made and stored, and whether it still counts.
//!
//! The protocol lives in its own room; this one holds what several rooms need: the preview of claims,
//! the command line, and the API, which takes access tokens too. Tokens are found by their hash in one
//! lookup, so that no signature has to be checked for what we issued ourselves, and a revocation counts
//! at once.

mod access;
mod codes;
mod contents;
mod explain;
mod facts;
mod keyring;
mod ledger;
mod logout;
mod mint;

pub use access::{AccessEntry, AccessToken, Purpose, ValidToken};
pub use codes::CodeGrant;
pub use contents::{ACR, Contents, Made, REGISTERED, scope_of, subject};
pub use explain::{ExplainedClaim, Explanation, Ignored, Source, preview_facts};
pub use facts::{ClaimsRequest, GrantFacts, session_id};
pub use keyring::IdTokenHint;
pub use logout::Told;
pub use mint::{MintError, Minted, Want};

use crate::{fresh::FreshCache, memory::MemorySize};
use keyring::Keyring;
use ledger::Ledger;
use lockgate_engine::ports::{Clock, Random};
use lockgate_store::{Issue, Issued, Store, StoreError};
use std::sync::Arc;

/// Scope that gives a refresh token (OpenID Connect Core, section 11).
pub const OFFLINE_ACCESS: &str = "offline_access";

/// Scope that makes a request one of OpenID Connect.
pub const OPENID: &str = "openid";

/// Scope whose access tokens may call the API.
pub const API_SCOPE: &str = "goauthentik.io/api";

/// Grants and tokens.
pub struct OAuth {
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    ledger: Ledger,
    keyring: Keyring,
    cache: FreshCache<String, AccessToken>,
}

impl OAuth {
    /// Must run inside the runtime.
    pub(crate) fn start(store: Store, clock: Arc<dyn Clock>, random: Arc<dyn Random>, memory: MemorySize) -> Self {
        let ledger = Ledger::start(store.clone(), Arc::clone(&clock));
        Self { store, clock, random, ledger, keyring: Keyring::default(), cache: FreshCache::new(memory.tickets()) }
    }

    /// Stores tokens and takes what entitles to them, together with whatever other requests want stored
    /// at the same moment.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when the user or the session has ended meanwhile,
    /// [`StoreError::Unavailable`] when too many wait, or whatever the database answers.
    pub async fn issue(&self, issue: Issue) -> Result<Issued, StoreError> {
        self.ledger.issue(issue).await
    }

    pub(crate) fn forget(&self, token_hash: &str) {
        self.cache.forget(&token_hash.to_owned());
    }

    pub(crate) fn forget_all(&self) {
        self.cache.forget_all();
    }
}
