//! What the gate remembers of a sign-in: the headers of its permission, and the decisions taken, each
//! under exactly the facts that its policies read. All of it is dropped when the session, the person or
//! the configuration changes.

use crate::headers::KeptHeaders;
use arc_swap::{ArcSwap, ArcSwapOption};
use chrono::{DateTime, Utc};
use lockgate_identity::{
    binding::is_bound,
    memory::MemorySize,
    principals::{PrincipalEntry, holds},
    proxy::{ProxyEntry, is_valid},
    remembered::{Kept, Remembered},
};
use lockgate_policies::{Cacheability, Decision, Facts, Login, Reads};
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use uuid::Uuid;

/// Decisions that one sign-in remembers.
const DECISIONS: usize = 16;

/// SHA-256 of what the client showed; what it showed is not kept.
pub(crate) type Digested = [u8; 32];

/// What a sign-in rests on.
#[derive(Debug)]
pub(crate) enum Proof {
    /// A session of this application.
    Session(Arc<ProxyEntry>),
    /// An app password or an access token, looked up again by whoever uses the ticket.
    Token,
}

/// A remembered sign-in.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) provider: Uuid,
    pub(crate) user: i64,
    pub(crate) proof: Proof,
    /// Not to be used from here on.
    pub(crate) until: DateTime<Utc>,
    /// Whether it is only good from some addresses.
    pub(crate) is_bound: bool,
    ready: ArcSwapOption<Ready>,
}

impl Ticket {
    pub(crate) fn of_session(entry: Arc<ProxyEntry>) -> Self {
        let until = entry.row.expires.min(entry.session.expires);
        let (provider, user) = (entry.row.provider, entry.row.user_pk);
        let is_bound = is_bound(&entry.session);
        Self { provider, user, proof: Proof::Session(entry), until, is_bound, ready: ArcSwapOption::empty() }
    }

    pub(crate) fn of_token(provider: Uuid, user: i64, until: DateTime<Utc>) -> Self {
        Self { provider, user, proof: Proof::Token, until, is_bound: false, ready: ArcSwapOption::empty() }
    }

    /// Whether it may still be used for this provider.
    pub(crate) fn is_valid(&self, provider: Uuid, now: DateTime<Utc>) -> bool {
        let proven = match &self.proof {
            Proof::Session(entry) => is_valid(entry),
            Proof::Token => true,
        };
        proven && self.provider == provider && self.until > now
    }

    /// Everything prepared, when it still holds under this revision of the configuration at this moment.
    pub(crate) fn ready(&self, revision: i64, now: DateTime<Utc>) -> Option<Arc<Ready>> {
        self.ready.load_full().filter(|ready| ready.revision == revision && ready.until > now && holds(&ready.who, now))
    }

    pub(crate) fn prepare(&self, ready: Arc<Ready>) {
        self.ready.store(Some(ready));
    }
}

/// A sign-in made ready under one revision of the configuration.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) revision: i64,
    /// Until when its headers stay as they are.
    pub(crate) until: DateTime<Utc>,
    pub(crate) who: Arc<PrincipalEntry>,
    /// Headers of the permission.
    pub(crate) headers: KeptHeaders,
    /// How the session was opened; nothing for a token.
    pub(crate) login: Login,
    /// Decisions that are remembered.
    pub(crate) known: ArcSwap<Vec<Known>>,
}

impl Ready {
    /// The decision about an application that was taken under the same facts and still holds. `facts`
    /// is only asked for when a decision depends on the request.
    pub(crate) fn known<'f>(
        &self,
        app: Uuid,
        now: DateTime<Utc>,
        remembered: &Remembered,
        facts: impl Fn() -> Facts<'f>,
    ) -> Option<Outcome> {
        let known = self.known.load();
        let mut of_app = known.iter().filter(|k| k.app == app && k.until.is_none_or(|until| until > now));
        of_app
            .find(|k| remembered.holds(&k.kept) && (k.reads.only_principal() || k.key == k.reads.key(&facts())))
            .map(|k| k.outcome.clone())
    }

    /// Remembers a decision as long as it says itself that it holds; answers whether that is any time at all.
    pub(crate) fn learn(
        &self,
        app: Uuid,
        decision: &Decision,
        outcome: &Outcome,
        facts: &Facts<'_>,
        remembered: &Remembered,
    ) -> bool {
        let until = match decision.cacheable {
            Cacheability::Never => return false,
            Cacheability::Until(until) => Some(until),
            Cacheability::Unbounded => None,
        };
        let (reads, key) = (decision.reads.clone(), decision.reads.key(facts));
        let new = Known { app, reads, key, until, outcome: outcome.clone(), kept: Arc::new(remembered.keep()) };
        self.known.rcu(|old| {
            let same = |k: &&Known| k.app != new.app || k.key != new.key;
            let mut kept: Vec<Known> = old.iter().filter(same).cloned().collect();
            if kept.len() >= DECISIONS {
                kept.remove(0);
            }
            kept.push(new.clone());
            kept
        });
        true
    }
}

/// `None`: let in. Else the decision that denies.
pub(crate) type Outcome = Option<Arc<Decision>>;

#[derive(Debug, Clone)]
pub(crate) struct Known {
    app: Uuid,
    reads: Reads,
    key: String,
    until: Option<DateTime<Utc>>,
    outcome: Outcome,
    kept: Arc<Kept>,
}

/// The remembered sign-ins, by what the client shows.
#[derive(Debug)]
pub(crate) struct Tickets(Cache<Digested, Arc<Ticket>>);

impl Tickets {
    pub(crate) fn new(memory: MemorySize) -> Self {
        Self(Cache::new(memory.tickets()))
    }

    /// The ticket for `shown`, when it may still be used.
    pub(crate) fn get(&self, shown: &Digested, provider: Uuid, now: DateTime<Utc>) -> Option<Arc<Ticket>> {
        let found = self.0.get(shown)?;
        if found.is_valid(provider, now) {
            return Some(found);
        }
        self.0.remove(shown);
        None
    }

    pub(crate) fn keep(&self, shown: Digested, ticket: Arc<Ticket>) {
        self.0.insert(shown, ticket);
    }
}

/// What is shown, at which provider, by which sort of proof: a cookie is no password.
pub(crate) fn digest(sort: &[u8], provider: Uuid, shown: &[u8]) -> Digested {
    let mut hash = Sha256::new();
    hash.update(sort);
    hash.update(provider.as_bytes());
    hash.update(shown);
    hash.finalize().into()
}
